//! What else a potential is asked for: committees, extrapolation, reproducibility, and refusals.

use super::support::{TIGHT, both, device, disordered, elements, engine, engines, random_model};
use mlmd::compute::gpu::GpuPotential;
use mlmd::descriptors::{Moments, MomentsSize};
use mlmd::potential::check::{Settings, check};
use mlmd::potential::{DescriptorSet, NeuralModel};
use std::sync::Arc;

const SYMBOLS: [&str; 2] = ["Li", "N"];

fn model(members: u64) -> NeuralModel {
    let descriptor = Moments::standard(elements(&SYMBOLS), 5.0, 4.0, MomentsSize::Small).unwrap();
    random_model(DescriptorSet::Moments(descriptor), members, &disordered(40, &SYMBOLS, 3))
}

#[test]
fn committees_give_the_mean_and_the_spread() {
    let Some(device) = device() else { return };
    let system = disordered(30, &SYMBOLS, 4);
    let mut engines = engines(&device, model(3));
    both(&mut engines, &system, TIGHT, "a committee of three");
    let [gpu, cpu] = engines.each_mut().map(|engine| engine.uncertainty(&system).unwrap().unwrap());
    assert!((gpu.energy - cpu.energy).abs() < 1e-5 * cpu.energy.max(1.0), "{} {}", gpu.energy, cpu.energy);
    let largest = cpu.forces.iter().copied().fold(0.0, f64::max);
    for (a, b) in gpu.forces.iter().zip(&cpu.forces) {
        assert!((a - b).abs() < 1e-4 * largest, "{a} {b}");
    }
}

#[test]
fn extrapolation_is_found_where_the_cpu_finds_it() {
    let Some(device) = device() else { return };
    // Two atoms that have come near to each other: far outside what the other systems have.
    let mut system = disordered(30, &SYMBOLS, 4);
    let near = system.positions[0] + mlmd::system::Vec3::new(0.7, 0.2, 0.0);
    system.positions[1] = near;
    let [mut gpu, mut cpu] = engines(&device, model(1));
    let (gpu, cpu) = (gpu.evaluate(&system).unwrap(), cpu.evaluate(&system).unwrap());
    assert!(!cpu.extrapolation.is_empty());
    let key = |one: &mlmd::potential::Extrapolation| (one.atom, one.descriptor);
    // Values within rounding of the end of their range may be called either way; there are none here.
    assert_eq!(
        gpu.extrapolation.iter().map(key).collect::<Vec<_>>(),
        cpu.extrapolation.iter().map(key).collect::<Vec<_>>()
    );
    for (a, b) in gpu.extrapolation.iter().zip(&cpu.extrapolation) {
        assert!((a.value - b.value).abs() < 1e-4 * b.value.abs() && a.range == b.range, "{a:?} {b:?}");
    }
}

/// The same checks as on the CPU: they measure round-off themselves.
#[test]
fn forces_and_virial_are_derivatives_and_nothing_depends_on_the_frame() {
    let Some(device) = device() else { return };
    let mut potential = GpuPotential::new(device, Arc::new(model(1))).unwrap();
    let settings = Settings { atoms: 2, ..Settings::default() };
    let report = check(&mut potential, &disordered(10, &SYMBOLS, 4), settings).unwrap();
    assert!(report.passed(), "{report}");
}

#[test]
fn the_same_input_gives_the_same_bits() {
    let Some(device) = device() else { return };
    let (system, model) = (disordered(60, &SYMBOLS, 4), Arc::new(model(1)));
    let evaluate = || {
        let potential = GpuPotential::new(Arc::clone(&device), Arc::clone(&model)).unwrap();
        engine(Box::new(potential)).evaluate(&system).unwrap().clone()
    };
    assert_eq!(evaluate(), evaluate());
}
