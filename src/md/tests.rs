//! Every ensemble is swept by the same tests.

use super::*;
use crate::compute::{Engine, Options};
use crate::potential::{LennardJones, LennardJonesPair, Truncation};
use crate::system::{Cell, Element, System, Vec3};
use crate::units::{BOLTZMANN, EV_PER_ANGSTROM3_IN_GPA};

/// Argon at a few tens of kelvin: anharmonic, cheap, with a pressure.
fn argon(cells: usize, temperature: f64, seed: u64) -> System {
    let a = 5.3;
    let n = cells as f64;
    let cell = Cell::orthorhombic(n * a, n * a, n * a).unwrap();
    let sites = [[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]];
    let mut positions = Vec::new();
    for x in 0..cells {
        for y in 0..cells {
            for z in 0..cells {
                for s in sites {
                    let corner = Vec3::new(x as f64, y as f64, z as f64);
                    positions.push((corner + Vec3::from(s)) * a);
                }
            }
        }
    }
    let ar = Element::from_symbol("Ar").unwrap();
    let mut system = System::new(cell, vec![ar; positions.len()], positions).unwrap();
    system.set_temperature(temperature, seed).unwrap();
    system
}

fn engine(threads: usize) -> Engine {
    let pair = LennardJonesPair { epsilon: 0.0104, sigma: 3.4, cutoff: 5.2 };
    let potential = LennardJones::alike(pair, Truncation::Smooth { from: 4.2 }).unwrap();
    Engine::new(Box::new(potential), Options { skin: 0.5, threads }).unwrap()
}

/// Every ensemble there is, at 40 K and 0.02 GPa.
fn ensembles(timestep: f64) -> Vec<Ensemble> {
    let temperature = Ramp::constant(40.0);
    let plain = Ensemble { timestep, temperature, thermostat: None, barostat: None, seed: 11 };
    let csvr = Some(Thermostat::Csvr { time: 100.0 });
    let barostat = |mode| {
        Some(Barostat::CellRescaling {
            pressure: Ramp::constant(0.02 / EV_PER_ANGSTROM3_IN_GPA),
            time: 500.0,
            mode,
            compressibility: Compressibility(EV_PER_ANGSTROM3_IN_GPA / 2.0),
        })
    };
    vec![
        plain,
        Ensemble { thermostat: Some(Thermostat::Langevin { friction: 0.01 }), ..plain },
        Ensemble { thermostat: Some(Thermostat::NoseHoover { time: 200.0, chain: 3 }), ..plain },
        Ensemble { thermostat: csvr, ..plain },
        Ensemble { thermostat: csvr, barostat: barostat(CellMode::Isotropic), ..plain },
        Ensemble { thermostat: csvr, barostat: barostat(CellMode::PerAxis), ..plain },
        Ensemble { thermostat: csvr, barostat: barostat(CellMode::Flexible), ..plain },
    ]
}

fn total(state: &State, integrator: &dyn Integrator) -> f64 {
    state.kinetic_energy() + state.energy + integrator.reservoir(state)
}

/// The largest deviation of the conserved quantity over `time`.
fn violation(ensemble: &Ensemble, time: f64) -> f64 {
    let mut engine = engine(1);
    let mut state = State::new(argon(2, 40.0, 5), vec![], &mut engine).unwrap();
    let mut integrator = ensemble.integrator().unwrap();
    let start = total(&state, &*integrator);
    let mut worst = 0.0_f64;
    for _ in 0..(time / ensemble.timestep) as usize {
        integrator.step(&mut state, &mut engine).unwrap();
        worst = worst.max((total(&state, &*integrator) - start).abs());
    }
    worst
}

/// Velocity Verlet conserves a shadow of the energy to second order in the timestep; so do the thermostats, whose
/// own part is exact. A wrong term in a conserved quantity would not vanish with the timestep.
#[test]
fn conserved_quantities_are_conserved_to_second_order() {
    for (long, short) in ensembles(8.0).iter().zip(&ensembles(2.0)) {
        let (coarse, fine) = (violation(long, 1600.0), violation(short, 1600.0));
        let name = long.integrator().unwrap().description();
        let scale = 3.0 / 2.0 * 32.0 * BOLTZMANN * 40.0;
        assert!(coarse < 0.03 * scale, "{name}: {coarse} of {scale} eV");
        if long.barostat.is_some() {
            // The noise of the two runs is not the same, so their deviations have no fixed ratio.
            assert!(fine < 0.005 * scale, "{name}: {fine} of {scale} eV");
        } else {
            // Exactly second order gives 16.
            assert!(coarse > 8.0 * fine, "{name}: {coarse} eV at 8 fs, {fine} eV at 2 fs");
        }
    }
}

/// n + n steps through what a checkpoint holds are 2n steps, to the last bit.
#[test]
fn a_resumed_run_is_the_run_that_was_not_interrupted() {
    for ensemble in ensembles(4.0) {
        let run = |interrupt: Option<usize>, threads: usize| {
            let mut engine = engine(threads);
            let mut state = State::new(argon(2, 80.0, 5), vec![], &mut engine).unwrap();
            let mut integrator = ensemble.integrator().unwrap();
            for step in 0..60 {
                if interrupt == Some(step) {
                    let (saved, anchor) = (integrator.save(), engine.anchor().unwrap());
                    integrator = ensemble.integrator().unwrap();
                    assert!(integrator.restore(&saved));
                    let system = state.system.clone();
                    engine = self::engine(threads);
                    engine.restore(&anchor, &system).unwrap();
                    state = State::resume(system, vec![], &mut engine).unwrap();
                }
                integrator.step(&mut state, &mut engine).unwrap();
            }
            (state, integrator.save())
        };
        let whole = run(None, 1);
        for (interrupt, threads) in [(Some(7), 1), (Some(31), 2), (None, 2)] {
            assert!(run(interrupt, threads) == whole, "{ensemble:?} at {interrupt:?}, {threads} threads");
        }
    }
}

/// Forwards, turned round, and back: to the start within what round-off grows to.
#[test]
fn constant_energy_is_reversible() {
    let mut engine = engine(1);
    let mut state = State::new(argon(2, 40.0, 5), vec![], &mut engine).unwrap();
    let start = state.clone();
    let mut integrator = Verlet::new(4.0);
    for _ in 0..2 {
        for _ in 0..250 {
            integrator.step(&mut state, &mut engine).unwrap();
        }
        state.scale_velocities(-1.0);
    }
    for i in 0..state.system.len() {
        let back = state.system.unwrapped(i) - start.system.unwrapped(i);
        // 500 steps of round-off 1e-15 Å, grown by a Lyapunov exponent of about 1/ps over 1 ps each way.
        assert!(back.norm() < 1e-9, "{}", back.norm());
    }
}

/// The kinetic energy of the canonical ensemble is χ²-distributed with N_f degrees of freedom:
/// mean and variance are N_f k_B T/2 and N_f (k_B T)²/2, within four standard errors of correlated samples.
#[test]
fn thermostats_give_the_canonical_distribution_of_kinetic_energies() {
    let (steps, every, temperature) = (24_000, 20, 40.0);
    for ensemble in ensembles(4.0).into_iter().filter(|e| e.thermostat.is_some()) {
        let mut engine = engine(1);
        let mut state = State::new(argon(2, 60.0, 5), vec![], &mut engine).unwrap();
        let mut integrator = ensemble.integrator().unwrap();
        let name = integrator.description();
        let mut samples = Vec::new();
        for step in 0..steps {
            integrator.step(&mut state, &mut engine).unwrap();
            if step > steps / 8 && step % every == 0 {
                samples.push(state.kinetic_energy() / (BOLTZMANN * temperature));
            }
        }
        let freedom = state.degrees_of_freedom() as f64;
        let check = |what: &str, values: &[f64], expected: f64| {
            let (mean, error) = mean_and_error(values);
            assert!(
                (mean - expected).abs() < 4.0 * error,
                "{name}: {what} {mean} ± {error}, expected {expected}"
            );
            // The test must be able to fail: the error is small compared with what it tests.
            assert!(error < 0.15 * expected, "{name}: {what} is known to {error} of {expected} only");
        };
        check("mean", &samples, 0.5 * freedom);
        let squares: Vec<f64> = samples.iter().map(|k| (k - 0.5 * freedom).powi(2)).collect();
        check("variance", &squares, 0.5 * freedom);
    }
}

/// Mean and standard error from ten blocks.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let size = values.len() / 10;
    let blocks: Vec<f64> = values.chunks_exact(size).map(|b| b.iter().sum::<f64>() / size as f64).collect();
    let n = blocks.len() as f64;
    let mean = blocks.iter().sum::<f64>() / n;
    let variance = blocks.iter().map(|b| (b - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

#[test]
fn fixed_atoms_stay() {
    for ensemble in ensembles(4.0).into_iter().filter(|e| e.barostat.is_none()) {
        let mut engine = engine(1);
        let mut state = State::new(argon(2, 40.0, 5), vec![0, 9], &mut engine).unwrap();
        let before = state.system.clone();
        let mut integrator = ensemble.integrator().unwrap();
        for _ in 0..20 {
            integrator.step(&mut state, &mut engine).unwrap();
        }
        for i in [0, 9] {
            assert_eq!(state.system.unwrapped(i), before.unwrapped(i), "{ensemble:?}");
        }
        assert_ne!(state.system.unwrapped(1), before.unwrapped(1));
    }
    let mut engine = engine(1);
    assert!(State::new(argon(2, 40.0, 5), vec![9, 0], &mut engine).is_err());
    assert!(State::new(argon(2, 40.0, 5), vec![99], &mut engine).is_err());
}
