//! Every ensemble is swept by the same tests: what is conserved, what a checkpoint has to hold. Which distribution
//! each samples is tested in `tests/ensembles`.

use super::*;
use crate::compute::{Engine, Options};
use crate::potential::{LennardJones, LennardJonesPair, Truncation};
use crate::system::{Cell, Element, System, Vec3};
use crate::units::{BOLTZMANN, EV_PER_ANGSTROM3_IN_GPA};

/// Å: not far from where this argon is at rest, so that a cell that may move does not begin with a leap.
const LATTICE: f64 = 5.5;

/// Argon at a few tens of kelvin: anharmonic, cheap, with a pressure.
pub(super) fn argon(cells: usize, temperature: f64, seed: u64) -> System {
    let a = LATTICE;
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

pub(super) fn engine(threads: usize) -> Engine {
    let pair = LennardJonesPair { epsilon: 0.0104, sigma: 3.4, cutoff: 5.2 };
    let potential = LennardJones::alike(pair, Truncation::Smooth { from: 4.2 }).unwrap();
    Engine::new(Box::new(potential), Options { skin: 0.5, threads }).unwrap()
}

/// A name for every thermostat and barostat in every mode; one that is added has to be named here, and swept.
fn kinds(ensemble: &Ensemble) -> [&'static str; 2] {
    let thermostat = match ensemble.thermostat {
        None => "none",
        Some(Thermostat::Langevin { .. }) => "langevin",
        Some(Thermostat::NoseHoover { .. }) => "nose-hoover",
        Some(Thermostat::Csvr { .. }) => "csvr",
    };
    let barostat = match ensemble.barostat {
        None => "none",
        Some(Barostat::CellRescaling { mode, .. }) => match mode {
            CellMode::Isotropic => "c-rescale, isotropic",
            CellMode::PerAxis => "c-rescale, per axis",
            CellMode::Flexible => "c-rescale, flexible",
        },
        Some(Barostat::Mtk { mode, .. }) => match mode {
            CellMode::Isotropic => "mtk, isotropic",
            CellMode::PerAxis => "mtk, per axis",
            CellMode::Flexible => "mtk, flexible",
        },
    };
    [thermostat, barostat]
}

#[test]
fn the_sweeps_leave_nothing_out() {
    let seen: Vec<_> = ensembles(1.0, false).iter().map(kinds).collect();
    let names = |k: usize| {
        let mut names: Vec<_> = seen.iter().map(|kinds| kinds[k]).collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    };
    assert_eq!([names(0), names(1)], [4, 7]);
}

/// How long targets of ramps change, fs.
const RAMP: f64 = 1600.0;

/// Every ensemble there is, at 40 K and 0.02 GPa; with `ramps` on the way to 60 K and 0.05 GPa.
fn ensembles(timestep: f64, ramps: bool) -> Vec<Ensemble> {
    let end = (RAMP / timestep) as u64;
    let target = |from: f64, to: f64| Ramp { from, to: if ramps { to } else { from }, begin: 0, end };
    let temperature = target(40.0, 60.0);
    let plain = Ensemble { timestep, temperature, thermostat: None, barostat: None, seed: 11 };
    let csvr = Some(Thermostat::Csvr { time: 100.0 });
    let (pressure, compressibility) = (
        target(0.02 / EV_PER_ANGSTROM3_IN_GPA, 0.05 / EV_PER_ANGSTROM3_IN_GPA),
        Compressibility(EV_PER_ANGSTROM3_IN_GPA / 2.0),
    );
    let barostat =
        |mode| Some(Barostat::CellRescaling { pressure, time: 500.0, every: 1, mode, compressibility });
    let mtk = |mode| Some(Barostat::Mtk { pressure, time: 800.0, chain: 3, mode, compressibility });
    let chain = Some(Thermostat::NoseHoover { time: 200.0, chain: 3 });
    vec![
        plain,
        Ensemble { barostat: mtk(CellMode::Flexible), ..plain },
        Ensemble { thermostat: chain, barostat: mtk(CellMode::Isotropic), ..plain },
        Ensemble { thermostat: chain, barostat: mtk(CellMode::PerAxis), ..plain },
        Ensemble { thermostat: chain, barostat: mtk(CellMode::Flexible), ..plain },
        Ensemble { thermostat: Some(Thermostat::Langevin { friction: 0.01 }), ..plain },
        Ensemble { thermostat: Some(Thermostat::NoseHoover { time: 200.0, chain: 3 }), ..plain },
        Ensemble { thermostat: csvr, ..plain },
        Ensemble { thermostat: csvr, barostat: barostat(CellMode::Isotropic), ..plain },
        Ensemble { thermostat: csvr, barostat: barostat(CellMode::PerAxis), ..plain },
        Ensemble { thermostat: csvr, barostat: barostat(CellMode::Flexible), ..plain },
        Ensemble { thermostat: csvr, barostat: seldom(barostat(CellMode::PerAxis)), ..plain },
    ]
}

/// The cell changes at every third step only.
fn seldom(barostat: Option<Barostat>) -> Option<Barostat> {
    let Some(Barostat::CellRescaling { pressure, time, mode, compressibility, .. }) = barostat else {
        return None;
    };
    Some(Barostat::CellRescaling { pressure, time, every: 3, mode, compressibility })
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

/// Symmetric splittings conserve a shadow of what they should conserve, which differs from it by terms in Δt²; what
/// thermostats add to them is counted exactly. So the deviation falls by 16 from 8 to 2 fs, where a wrong term in a
/// conserved quantity would stay. The largest deviations of two trajectories that part are compared, which is good to a
/// third; where noise is drawn, trajectories have nothing in common, and half is asked for.
///
/// Stochastic cell rescaling draws a strain of order √Δt at each step, and the trapezoidal rule for its work is wrong by
/// terms of random sign of order Δt^(3/2): t/Δt of them add up to an error of first order, a part in a thousand at 2 fs.
/// A bias of each step, of order Δt, would add up to an error that does not fall (weighing the work with the volume
/// after the strain did, and gave three parts).
///
/// All of it with ramps as well: 1300 Å³ under a pressure that rises by 0.03 GPa are 0.25 eV, and what chains hold
/// changes by as much as their temperature, half; neither is in what is conserved.
#[test]
fn conserved_quantities_are_conserved_to_second_order() {
    let all = |timestep: f64| [ensembles(timestep, false), ensembles(timestep, true)].concat();
    for (long, short) in all(8.0).iter().zip(&all(2.0)) {
        let (coarse, fine) = (violation(long, RAMP), violation(short, RAMP));
        let name = format!("{}, to {} K", long.integrator().unwrap().description(), long.temperature.to);
        let scale = 3.0 / 2.0 * 32.0 * BOLTZMANN * long.temperature.to;
        assert!(coarse < 0.01 * scale, "{name}: {coarse} of {scale} eV");
        let ratio = coarse / fine;
        let falls = match (long.thermostat, long.barostat) {
            (_, Some(Barostat::CellRescaling { .. })) => fine < 0.001 * scale,
            (None | Some(Thermostat::NoseHoover { .. }), _) => (11.0..22.0).contains(&ratio),
            _ => ratio > 8.0,
        };
        assert!(falls, "{name}: {coarse} eV at 8 fs, {fine} eV at 2 fs, of {scale} eV");
    }
}

/// n + n steps through what a checkpoint holds are 2n steps, to the last bit.
#[test]
fn a_resumed_run_is_the_run_that_was_not_interrupted() {
    for ensemble in [ensembles(4.0, false), ensembles(4.0, true)].concat() {
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

#[test]
fn fixed_atoms_stay() {
    for ensemble in ensembles(4.0, false).into_iter().filter(|e| e.barostat.is_none()) {
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
