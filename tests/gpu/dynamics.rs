//! Atoms that move: the list is kept and renewed, and forces stay those of the CPU.

use super::support::{TIGHT, compare, device, disordered, elements, engines, random_model};
use mlmd::descriptors::{Moments, MomentsSize};
use mlmd::md::{Ensemble, Ramp, State, Thermostat};
use mlmd::potential::DescriptorSet;

const SYMBOLS: [&str; 2] = ["Li", "N"];

/// Langevin dynamics at a high temperature, so that atoms cross faces and the list is built several times; at every
/// fifth step the CPU computes the same configuration.
#[test]
fn langevin_dynamics_on_the_device() {
    let Some(device) = device() else { return };
    let mut system = disordered(30, &SYMBOLS, 4);
    let descriptor = Moments::standard(elements(&SYMBOLS), 4.5, 4.0, MomentsSize::Small).unwrap();
    let model = random_model(DescriptorSet::Moments(descriptor), 1, &system);
    let [mut gpu, mut cpu] = engines(&device, model);
    system.set_temperature(2000.0, 3).unwrap();
    let ensemble = Ensemble {
        timestep: 1.0,
        temperature: Ramp::constant(2000.0),
        thermostat: Some(Thermostat::Langevin { friction: 0.05 }),
        barostat: None,
        seed: 5,
    };
    let mut integrator = ensemble.integrator().unwrap();
    let mut state = State::new(system, vec![], &mut gpu).unwrap();
    for step in 1..=60 {
        integrator.step(&mut state, &mut gpu).unwrap();
        if step % 5 == 0 {
            let (found, expected) =
                (gpu.evaluate(&state.system).unwrap().clone(), cpu.evaluate(&state.system).unwrap());
            compare(&found, expected, TIGHT, &format!("step {step}"));
        }
    }
    assert!(gpu.builds() > 1, "the list was never renewed");
}
