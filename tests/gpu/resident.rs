//! Runs whose atoms stay on the device, against those of the CPU in double precision.

use super::support::{device, disordered, elements, random_model};
use mlmd::compute::gpu::GpuPotential;
use mlmd::compute::{Engine, Options};
use mlmd::descriptors::{Moments, MomentsSize};
use mlmd::io::{ReadOptions, open};
use mlmd::md::{Ensemble, Integrator, Ramp, State, Thermostat, on_device};
use mlmd::potential::{DescriptorSet, LoadOptions, NeuralModel, NeuralPotential, Potential, Precision, load};
use mlmd::system::Vec3;
use mlmd::{Cell, System};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// The shipped potential for lithium nitride.
fn model() -> Arc<NeuralModel> {
    static MODEL: OnceLock<Arc<NeuralModel>> = OnceLock::new();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("potentials/li3n/potential.mlmd");
    Arc::clone(MODEL.get_or_init(|| Arc::new(load(path, &LoadOptions::default()).unwrap())))
}

/// A potential of no meaning that takes a tenth of the time, and atoms for it.
fn cheap() -> (Arc<NeuralModel>, System) {
    let symbols = ["Li", "N"];
    let system = disordered(14, &symbols, 4);
    let descriptor = Moments::standard(elements(&symbols), 3.5, 3.0, MomentsSize::Small).unwrap();
    (Arc::new(random_model(DescriptorSet::Moments(descriptor), 1, &system)), system)
}

/// Its atoms at a temperature, and an engine on the device, or `None` where there is none.
fn cheap_gpu(temperature: f64) -> Option<(Engine, System)> {
    let (model, mut system) = cheap();
    system.set_temperature(temperature, 11).unwrap();
    Some((engine(Box::new(GpuPotential::new(device()?, model).unwrap())), system))
}

/// 32 atoms of it, in a cell smaller than twice the cutoff, at rest at its own temperature.
pub(crate) fn crystal(temperature: f64) -> System {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("potentials/li3n/golden.extxyz");
    let frame = open(&path, &ReadOptions::default()).unwrap().nth(1).unwrap().unwrap();
    let mut system = frame.to_system().unwrap();
    system.set_temperature(temperature, 11).unwrap();
    system
}

fn engine(potential: Box<dyn Potential>) -> Engine {
    Engine::new(potential, Options { skin: 0.5, threads: 1 }).unwrap()
}

/// An engine on the device, or `None` where there is none.
pub(crate) fn gpu() -> Option<Engine> {
    Some(engine(Box::new(GpuPotential::new(device()?, model()).unwrap())))
}

pub(crate) fn cpu() -> Engine {
    engine(Box::new(NeuralPotential::new(model(), Precision::Double)))
}

fn ensemble(temperature: f64, thermostat: Option<Thermostat>) -> Ensemble {
    Ensemble { timestep: 1.0, temperature: Ramp::constant(temperature), thermostat, barostat: None, seed: 5 }
}

pub(crate) fn resident(engine: &Engine, ensemble: &Ensemble) -> Box<dyn Integrator> {
    on_device(engine, std::slice::from_ref(ensemble)).expect("the device knows it").pop().unwrap()
}

/// Moves a state up to a step and looks at it there.
pub(crate) fn run(integrator: &mut dyn Integrator, state: &mut State, engine: &mut Engine, until: u64) {
    while state.system.step < until {
        integrator.advance(state, engine, until).unwrap();
    }
    integrator.settle(state).unwrap();
}

pub(crate) fn conserved(state: &State, integrator: &dyn Integrator) -> f64 {
    state.energy + state.kinetic_energy() + integrator.reservoir(state)
}

/// Slope (per step) and spread about it of a series of values `every` steps apart.
fn line(values: &[f64], every: f64) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let middle = (n - 1.0) / 2.0;
    let [mut xy, mut xx] = [0.0; 2];
    for (k, y) in values.iter().enumerate() {
        xy += (k as f64 - middle) * (y - mean);
        xx += (k as f64 - middle).powi(2);
    }
    let slope = xy / xx;
    let rest = values.iter().enumerate().map(|(k, y)| (y - mean - slope * (k as f64 - middle)).powi(2));
    (slope / every, (rest.sum::<f64>() / n).sqrt())
}

/// The same atoms at constant energy on both: for a while the same positions, and an energy that is kept as well.
#[test]
fn constant_energy_is_kept_as_on_the_cpu() {
    let Some(mut device) = gpu() else { return };
    let mut found = Vec::new();
    let nve = ensemble(600.0, None);
    for on_the_device in [false, true] {
        let mut own = cpu();
        let engine = if on_the_device { &mut device } else { &mut own };
        let mut integrator = if on_the_device { resident(engine, &nve) } else { nve.integrator().unwrap() };
        let mut state = State::new(crystal(600.0), vec![], engine).unwrap();
        let (mut energies, mut early) = (vec![conserved(&state, &*integrator)], Vec::new());
        for look in 1..=60 {
            run(&mut *integrator, &mut state, engine, 4 * look);
            energies.push(conserved(&state, &*integrator));
            if look == 10 {
                early = (0..state.system.len()).map(|i| state.system.unwrapped(i)).collect();
            }
        }
        found.push((energies, early));
    }
    let [(cpu, positions), (gpu, others)] = &found[..] else { panic!("two runs") };
    for (a, b) in positions.iter().zip(others) {
        // Forces are off by 1e-5 eV/Å: ½ (F/m) t² is 1e-6 Å after 40 fs, a few times more where motion is unstable.
        assert!((a - b).norm() < 2e-5, "{a} {b}");
    }
    let ([cpu_slope, gpu_slope], [cpu_spread, gpu_spread]) = {
        let (a, b) = (line(cpu, 4.0), line(gpu, 4.0));
        ([a.0, b.0], [a.1, b.1])
    };
    eprintln!("slopes {cpu_slope:e} {gpu_slope:e} eV/step, spreads {cpu_spread:e} {gpu_spread:e} eV");
    // Beside the fluctuation of the energy of a finite timestep, which both have, the energies of 32 atoms are rounded
    // to some 1e-6 eV each; the slope of 61 values of spread s over 240 steps is known to √12 s/(240 √61).
    let known = |spread: f64| 12.0_f64.sqrt() * spread / (240.0 * 61.0_f64.sqrt());
    assert!(gpu_spread < 2.0 * cpu_spread + 1e-4, "{gpu_spread} eV, on the CPU {cpu_spread} eV");
    assert!(gpu_slope.abs() < 2.0 * cpu_slope.abs() + 4.0 * known(gpu_spread), "{gpu_slope} eV/step");
}

/// Stochastic rescaling draws what the CPU draws, and a chain has nothing to draw: the same temperatures for as long as
/// the same positions, and an effective energy that is kept as on the CPU. The target is a ramp.
#[test]
fn thermostats_on_all_atoms_follow_the_cpu() {
    let Some(mut device) = gpu() else { return };
    let ramp = Ramp { from: 300.0, to: 900.0, begin: 10, end: 60 };
    // The second chain is moved in eight parts for each half of a step at least.
    let chain = |time| Thermostat::NoseHoover { time, chain: 3 };
    for thermostat in [Thermostat::Csvr { time: 20.0 }, chain(30.0), chain(5.0)] {
        let ensemble = Ensemble { temperature: ramp, ..ensemble(300.0, Some(thermostat)) };
        let mut rows: Vec<Vec<[f64; 2]>> = Vec::new();
        for on_the_device in [false, true] {
            let mut own = cpu();
            let engine = if on_the_device { &mut device } else { &mut own };
            let mut integrator =
                if on_the_device { resident(engine, &ensemble) } else { ensemble.integrator().unwrap() };
            let mut state = State::new(crystal(300.0), vec![], engine).unwrap();
            let look = |look: u64| {
                run(&mut *integrator, &mut state, engine, 5 * look);
                [state.temperature(), conserved(&state, &*integrator)]
            };
            rows.push((1..=12).map(look).collect());
        }
        for (k, (cpu, gpu)) in rows[0].iter().zip(&rows[1]).enumerate() {
            // Random numbers and kinetic energies have seven digits; what they do to positions grows for 60 fs.
            let what = format!("{thermostat:?}, look {k}: {cpu:?} on the CPU, {gpu:?} on the device");
            assert!((cpu[0] - gpu[0]).abs() < 1e-4 * cpu[0], "{what}");
            assert!((cpu[1] - gpu[1]).abs() < 1e-3, "{what}");
        }
    }
}

/// The kinetic energy of friction and noise has mean and variance of the canonical ensemble, and the effective energy is
/// kept. One atom is fixed in one of two runs, so momentum is free there.
#[test]
fn friction_and_noise_keep_the_temperature() {
    let Some((mut engine, system)) = cheap_gpu(500.0) else { return };
    for fixed in [vec![], vec![3]] {
        let langevin = ensemble(500.0, Some(Thermostat::Langevin { friction: 0.1 }));
        let mut integrator = resident(&engine, &langevin);
        let mut state = State::new(system.clone(), fixed.clone(), &mut engine).unwrap();
        let start = conserved(&state, &*integrator);
        let mut temperatures = Vec::new();
        for look in 1..=110 {
            run(&mut *integrator, &mut state, &mut engine, 8 * look);
            if look > 10 {
                temperatures.push(state.temperature());
            }
            let momentum = state.system.momentum().norm();
            // Velocities are whole units of 1e-9 Å/fs and their sum is taken off in single precision.
            assert!(!fixed.is_empty() || momentum < 1e-5, "{momentum} amu Å/fs");
        }
        for atom in &fixed {
            assert_eq!(state.system.unwrapped(*atom), system.unwrapped(*atom));
        }
        let n = temperatures.len() as f64;
        let mean = temperatures.iter().sum::<f64>() / n;
        // Velocities forget in 10 fs, the temperature in 5 fs: looks are nearly independent; potential energy, which
        // does not forget as fast, at most doubles the variance of the mean.
        let freedom = state.degrees_of_freedom() as f64;
        let error = 500.0 * (2.0 / freedom).sqrt() * (2.0 / n).sqrt();
        eprintln!("{mean:.1} ± {error:.1} K");
        assert!((mean - 500.0).abs() < 4.0 * error, "{mean} K, expected 500 ± {error} K");
        let variance = temperatures.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / n;
        let ratio = variance / (500.0_f64.powi(2) * 2.0 / freedom);
        // The variance of a variance of n nearly Gaussian numbers is 2/n.
        assert!((ratio - 1.0).abs() < 4.0 * (4.0 / n).sqrt(), "variance is {ratio} of what it should be");
        let kept = conserved(&state, &*integrator) - start;
        // Energies of some eV with six digits, and what is exchanged in 880 steps with seven; the error of the timestep
        // itself fluctuates by some 1e-3 eV per atom.
        assert!(kept.abs() < 14.0 * 5e-3, "the effective energy has changed by {kept} eV");
    }
}

/// Three runs that move together, at temperatures of their own, do what each does alone, bit for bit; one that leaves
/// early leaves the others alone.
#[test]
fn a_batch_does_what_single_runs_do() {
    if device().is_none() {
        return;
    }
    for thermostat in [
        None,
        Some(Thermostat::Csvr { time: 30.0 }),
        Some(Thermostat::Langevin { friction: 0.02 }),
        Some(Thermostat::NoseHoover { time: 40.0, chain: 3 }),
    ] {
        let ensembles: Vec<Ensemble> = [300.0, 700.0, 1100.0]
            .iter()
            .zip(1..)
            .map(|(t, seed)| Ensemble { seed, ..ensemble(*t, thermostat) })
            .collect();
        let ends = [24, 60, 60];
        let follow = |mut integrator: Box<dyn Integrator>, k: usize| {
            let (mut engine, start) = cheap_gpu(ensembles[k].temperature.from).unwrap();
            let mut state = State::new(start, vec![], &mut engine).unwrap();
            for until in [7, 24, 41, 60] {
                run(&mut *integrator, &mut state, &mut engine, until.min(ends[k]));
            }
            let energy = integrator.reservoir(&state);
            (state, energy)
        };
        let ((engine, _), follow) = (cheap_gpu(1.0).unwrap(), &follow);
        let together = on_device(&engine, &ensembles).unwrap();
        let batch: Vec<_> = std::thread::scope(|scope| {
            let runs: Vec<_> = together
                .into_iter()
                .enumerate()
                .map(|(k, integrator)| scope.spawn(move || follow(integrator, k)))
                .collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        for (k, found) in batch.iter().enumerate() {
            let alone = follow(resident(&engine, &ensembles[k]), k);
            assert!(*found == alone, "{thermostat:?}, run {k}");
        }
    }
}

/// n + n steps through what a checkpoint holds are 2n steps, to the last bit, wherever it is taken.
#[test]
fn a_resumed_run_is_the_run_that_was_not_interrupted() {
    if device().is_none() {
        return;
    }
    for thermostat in [
        None,
        Some(Thermostat::Csvr { time: 30.0 }),
        Some(Thermostat::Langevin { friction: 0.02 }),
        Some(Thermostat::NoseHoover { time: 40.0, chain: 3 }),
    ] {
        // Hot, so that lists are renewed before and after.
        let ensemble = ensemble(2500.0, thermostat);
        let follow = |interrupt: Option<u64>| {
            let (mut engine, start) = cheap_gpu(2500.0).unwrap();
            let mut integrator = resident(&engine, &ensemble);
            let mut state = State::new(start, vec![], &mut engine).unwrap();
            if let Some(step) = interrupt {
                run(&mut *integrator, &mut state, &mut engine, step);
                let (saved, words) = (integrator.save(), integrator.save_device().unwrap());
                engine = cheap_gpu(1.0).unwrap().0;
                integrator = resident(&engine, &ensemble);
                assert!(integrator.restore(&saved));
                integrator.restore_device(&words);
                state = State::resume(state.system, vec![], &mut engine).unwrap();
            }
            run(&mut *integrator, &mut state, &mut engine, 60);
            let energy = integrator.reservoir(&state);
            (state, energy, integrator.save_device().unwrap())
        };
        let whole = follow(None);
        for interrupt in [17, 38] {
            assert!(follow(Some(interrupt)) == whole, "{thermostat:?} at {interrupt}");
        }
    }
}

/// A chain of atoms that flies apart into the vacuum around it: the box grows with it, and positions stay those of the
/// CPU.
#[test]
fn atoms_may_leave_into_a_vacuum() {
    let Some(mut device) = gpu() else { return };
    let mut found = Vec::new();
    for on_the_device in [false, true] {
        let mut own = cpu();
        let engine = if on_the_device { &mut device } else { &mut own };
        let cell = Cell::new([[7.0, 0.0, 0.0], [0.0, 7.5, 0.0], [0.0; 3]], [true, true, false]).unwrap();
        let positions = [[0.0, 0.0, 0.0], [1.9, 0.3, 0.2], [3.8, 0.0, 0.1], [1.0, 2.1, 0.4]].map(Vec3::from);
        let elements = ["N", "Li", "N", "Li"].map(|symbol| symbol.parse().unwrap()).to_vec();
        let mut system = System::new(cell, elements, positions.to_vec()).unwrap();
        system.velocities[1] = Vec3::new(0.1, 0.0, 0.9);
        system.velocities[3] = Vec3::new(0.0, 0.1, -0.9);
        let nve = ensemble(0.0, None);
        let mut integrator = if on_the_device { resident(engine, &nve) } else { nve.integrator().unwrap() };
        let mut state = State::new(system, vec![], engine).unwrap();
        run(&mut *integrator, &mut state, engine, 40);
        found.push(state);
    }
    assert!(found[0].system.positions[1].z > 20.0);
    for atom in 0..4 {
        let [a, b] = [&found[0], &found[1]].map(|state| state.system.unwrapped(atom));
        assert!((a - b).norm() < 1e-4, "{a} {b}");
    }
}
