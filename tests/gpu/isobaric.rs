//! Runs at constant pressure whose atoms stay on the device, against those of the CPU in double precision.

use super::resident::{conserved, cpu, crystal, gpu, resident, run};
use mlmd::md::{
    Barostat, CellMode, Compressibility, Ensemble, Integrator, Ramp, State, Thermostat, on_device,
};
use mlmd::units::EV_PER_ANGSTROM3_IN_GPA;

/// Lithium nitride whose cell relaxes as fast as it may: a fifth of the way at each change.
fn ensemble(temperature: f64, mode: CellMode, every: u64, seed: u64) -> Ensemble {
    let barostat = Barostat::CellRescaling {
        pressure: Ramp::constant(2.0 / EV_PER_ANGSTROM3_IN_GPA),
        time: 5.0 * every as f64,
        every,
        mode,
        compressibility: Compressibility::default(),
    };
    Ensemble {
        timestep: 1.0,
        temperature: Ramp::constant(temperature),
        thermostat: Some(Thermostat::Csvr { time: 20.0 }),
        barostat: Some(barostat),
        seed,
    }
}

/// The same strains as on the CPU, for as long as the same positions: cells, temperatures and what is conserved.
#[test]
fn cells_follow_the_cpu() {
    let Some(mut device) = gpu() else { return };
    for mode in [CellMode::Isotropic, CellMode::PerAxis, CellMode::Flexible] {
        let ensemble = ensemble(600.0, mode, 4, 5);
        let mut found = Vec::new();
        for on_the_device in [false, true] {
            let mut own = cpu();
            let engine = if on_the_device { &mut device } else { &mut own };
            let mut integrator =
                if on_the_device { resident(engine, &ensemble) } else { ensemble.integrator().unwrap() };
            let mut state = State::new(crystal(600.0), vec![], engine).unwrap();
            let start = (conserved(&state, &*integrator), *state.system.cell.matrix());
            // In the middle between two changes, at a change, and after one.
            let looks = [7, 20, 33].map(|until| {
                run(&mut *integrator, &mut state, engine, until);
                let kept = conserved(&state, &*integrator) - start.0;
                (*state.system.cell.matrix(), state.temperature(), kept, state.system.positions[7])
            });
            assert!((looks[2].0 - start.1).norm() > 0.02, "the cell hardly changes: {}", looks[2].0);
            found.push(looks);
        }
        let [cpu, gpu] = &found[..] else { panic!("two runs") };
        for (k, (a, b)) in cpu.iter().zip(gpu).enumerate() {
            // Stresses are off by 1e-5 of their largest, a strain by as much of some 1e-3; for the rest see `resident.rs`.
            let what = format!("{mode:?}, look {k}: {a:?} on the CPU, {b:?} on the device");
            assert!((a.0 - b.0).norm() < 1e-6 * a.0.norm(), "{what}");
            assert!((a.1 - b.1).abs() < 1e-4 * a.1 && (a.2 - b.2).abs() < 1e-3, "{what}");
            assert!((a.3 - b.3).norm() < 2e-5, "{what}");
        }
    }
}

/// n + n steps through what a checkpoint holds are 2n steps, to the last bit: taken where the cell is to change, after
/// that, and in between; two runs beside each other do what each does alone.
#[test]
fn a_resumed_run_is_the_run_that_was_not_interrupted() {
    let Some(first) = gpu() else { return };
    let mut ensembles = [ensemble(900.0, CellMode::PerAxis, 5, 5), ensemble(500.0, CellMode::Flexible, 5, 6)];
    if let Some(Barostat::CellRescaling { pressure, .. }) = &mut ensembles[0].barostat {
        // What a ramp adds is counted where the cell changes, wherever the run was interrupted.
        *pressure = Ramp { to: 3.0 * pressure.from, begin: 3, end: 40, ..*pressure };
    }
    let follow = |mut integrator: Box<dyn Integrator>, k: usize, interrupt: Option<u64>| {
        let mut engine = gpu().unwrap();
        let mut state = State::new(crystal(900.0), vec![], &mut engine).unwrap();
        if let Some(step) = interrupt {
            run(&mut *integrator, &mut state, &mut engine, step);
            let (saved, words) = (integrator.save(), integrator.save_device().unwrap());
            engine = gpu().unwrap();
            integrator = resident(&engine, &ensembles[k]);
            assert!(integrator.restore(&saved));
            integrator.restore_device(&words);
            state = State::resume(state.system, vec![], &mut engine).unwrap();
        }
        run(&mut *integrator, &mut state, &mut engine, 28);
        let energy = integrator.reservoir(&state);
        (state, energy, integrator.save(), integrator.save_device().unwrap())
    };
    let alone = |k: usize, interrupt| follow(resident(&first, &ensembles[k]), k, interrupt);
    let whole = alone(0, None);
    for interrupt in [15, 16, 18] {
        assert!(alone(0, Some(interrupt)) == whole, "at {interrupt}");
    }
    let follow = &follow;
    let together: Vec<_> = std::thread::scope(|scope| {
        let seats = on_device(&first, &ensembles).unwrap().into_iter().enumerate();
        let runs: Vec<_> = seats.map(|(k, one)| scope.spawn(move || follow(one, k, None))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert!(together[0] == whole && together[1] == alone(1, None));
}

/// A run that the CPU has begun goes on on the device, and the other way round, with the same energy in all.
#[test]
fn checkpoints_of_the_cpu_go_on() {
    let Some(device) = gpu() else { return };
    let ensemble = ensemble(600.0, CellMode::Isotropic, 4, 5);
    let on_cpu = || (cpu(), ensemble.integrator().unwrap());
    let on_gpu = || (gpu().unwrap(), resident(&device, &ensemble));
    let follow = |(mut engine, mut integrator): (_, Box<dyn Integrator>),
                  other: Option<(_, Box<dyn Integrator>)>| {
        let mut state = State::new(crystal(600.0), vec![], &mut engine).unwrap();
        // The strain of the step from 8 to 9 is not counted yet on the CPU.
        run(&mut *integrator, &mut state, &mut engine, 9);
        if let Some((next, then)) = other {
            let saved = integrator.save();
            (engine, integrator) = (next, then);
            assert!(integrator.restore(&saved));
            state = State::resume(state.system, vec![], &mut engine).unwrap();
        }
        run(&mut *integrator, &mut state, &mut engine, 22);
        (conserved(&state, &*integrator), state.system.cell.volume())
    };
    let expected = follow(on_cpu(), None);
    for found in [follow(on_cpu(), Some(on_gpu())), follow(on_gpu(), Some(on_cpu()))] {
        assert!((found.0 - expected.0).abs() < 1e-3, "{found:?}, expected {expected:?}");
        assert!((found.1 / expected.1 - 1.0).abs() < 1e-6, "{found:?}, expected {expected:?}");
    }
}
