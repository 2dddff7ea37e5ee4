//! Constant pressure as the temperature goes to zero.

use crate::statistics::mean_and_error;
use crate::support::{Length, crystal, neighbours, plain, sample};
use mlmd::System;
use mlmd::md::{Barostat, CellMode, Compressibility, Ensemble, Ramp, State, Thermostat};
use mlmd::relax::{CellFreedom, Freedom, Settings, relax};
use mlmd::system::Mat3;
use mlmd::units::EV_PER_ANGSTROM3_IN_GPA;

/// K.
const TEMPERATURE: f64 = 0.2;

/// Thermal expansion of this crystal, Å/K: what runs at 1 and 2 K give.
const EXPANSION: f64 = 0.003;

/// The crystal where its energy is least.
fn minimum(cell: CellFreedom) -> System {
    let settings = Settings {
        freedom: Freedom { cell, pressure: 0.0, held: Vec::new() },
        force: 1e-6,
        stress: 1e-8,
        ..Settings::default()
    };
    let found = relax(&crystal(5.4, [2; 3]), &mut neighbours(), &settings, &mut |_| Ok(())).unwrap();
    assert_eq!(found.stopped, None);
    found.system
}

/// The mean volume of a crystal approaches that of the minimum of energy as its temperature falls; what is left are the
/// standard error and thermal expansion, together below one part in two thousand.
fn check(mode: CellMode, thermostat: Thermostat, barostat: Barostat) {
    let start = crystal(5.4, [2; 3]);
    let cell = if mode == CellMode::Isotropic { CellFreedom::Isotropic } else { CellFreedom::FREE };
    let mut engine = neighbours();
    let minimum = minimum(cell);
    let constant = |volume: f64| (volume / 8.0).cbrt();
    let least = constant(minimum.cell.volume());
    let ensemble =
        Ensemble { thermostat: Some(thermostat), barostat: Some(barostat), ..plain(TEMPERATURE, 5.0) };
    // From another volume: the barostat has to find the one of the minimum.
    let length = Length { settle: 2000, look: 3000, every: 10 };
    let samples = sample(&ensemble, &start, &mut engine, length);
    let constants: Vec<f64> = samples.volume.iter().map(|v| constant(*v)).collect();
    let (found, error) = mean_and_error(&constants);
    eprintln!("{ensemble:?}: {found} ± {error} Å, the minimum is at {least} Å");
    assert!(error < 6e-4, "{ensemble:?}: {found} ± {error} Å tells too little");
    let tolerance = 4.0 * error + EXPANSION * TEMPERATURE;
    assert!(
        (found - least).abs() < tolerance,
        "{ensemble:?}: {found} ± {error} Å, the minimum is at {least} Å"
    );
}

fn compressibility() -> Compressibility {
    Compressibility(EV_PER_ANGSTROM3_IN_GPA / 3.0)
}

#[test]
fn cell_rescaling_has_the_lattice_constant_of_the_minimum() {
    for mode in [CellMode::Isotropic, CellMode::Flexible] {
        let (pressure, compressibility) = (Ramp::constant(0.0), compressibility());
        let barostat = Barostat::CellRescaling { pressure, time: 100.0, every: 1, mode, compressibility };
        check(mode, Thermostat::Csvr { time: 50.0 }, barostat);
    }
}

#[test]
fn mtk_has_the_lattice_constant_of_the_minimum() {
    for mode in [CellMode::Isotropic, CellMode::Flexible] {
        let (pressure, compressibility) = (Ramp::constant(0.0), compressibility());
        let barostat = Barostat::Mtk { pressure, time: 300.0, chain: 3, mode, compressibility };
        check(mode, Thermostat::NoseHoover { time: 200.0, chain: 3 }, barostat);
    }
}

/// The crystal at rest, with edges longer by a part `strain`.
fn stretched(crystal: &System, strain: f64) -> State {
    let system = crystal.strained(&(Mat3::identity() * strain)).unwrap();
    State::new(system, vec![], &mut neighbours()).unwrap()
}

/// −d ln V/dP of the crystal, by central differences, wrong by a part of strain² times a few tens.
fn softness(crystal: &System) -> Compressibility {
    let [less, more] = [-1e-4, 1e-4].map(|strain| stretched(crystal, strain).pressure());
    Compressibility(6e-4 / (less - more))
}

/// What is left of a small excess of the volume after `steps` steps of 1 fs without any heat, at the pressure of the
/// crystal without it. Atoms of this crystal stay where they are in the cell, by symmetry.
fn left(
    steps: u64,
    thermostat: Option<Thermostat>,
    barostat: impl Fn(Ramp, Compressibility) -> Barostat,
) -> f64 {
    let crystal = minimum(CellFreedom::Isotropic);
    let mut engine = neighbours();
    let pressure = Ramp::constant(stretched(&crystal, 0.0).pressure());
    let barostat = Some(barostat(pressure, softness(&crystal)));
    let ensemble = Ensemble { thermostat, barostat, ..plain(0.0, 1.0) };
    let mut state = stretched(&crystal, 1e-5);
    let excess = |state: &State| (state.system.cell.volume() / crystal.cell.volume()).ln();
    let start = excess(&state);
    let mut integrator = ensemble.integrator().unwrap();
    for _ in 0..steps {
        integrator.step(&mut state, &mut engine).unwrap();
    }
    excess(&state) / start
}

const MODES: [CellMode; 3] = [CellMode::Isotropic, CellMode::PerAxis, CellMode::Flexible];

/// Of a material as soft as it is taken to be 1/e is left after the relaxation time. Steps of a thousandth of it leave
/// (1 − 1/1000)¹⁰⁰⁰; an excess of 3e-5 is anharmonic by about as much.
#[test]
fn the_volume_relaxes_in_the_time_asked_for() {
    for mode in MODES {
        for every in [1, 4] {
            let left = left(1000, Some(Thermostat::Csvr { time: 50.0 }), |pressure, compressibility| {
                Barostat::CellRescaling { pressure, time: 1000.0, every, mode, compressibility }
            });
            let expected = (1.0 - every as f64 / 1000.0).powi(1000 / every as i32);
            assert!((left / expected - 1.0).abs() < 5e-4, "{mode:?}: {left} is left, expected {expected}");
        }
    }
}

/// Of a material as soft as it is taken to be the volume swings with the period: it passes the minimum after a quarter.
/// The splitting changes the period by (2π/1000)²/24 of it, and an excess of 3e-5 is anharmonic by about as much.
#[test]
fn the_volume_swings_with_the_period_asked_for() {
    for mode in MODES {
        for (steps, expected) in [(250, 0.0), (500, -1.0)] {
            let left = left(steps, None, |pressure, compressibility| Barostat::Mtk {
                pressure,
                time: 1000.0,
                chain: 3,
                mode,
                compressibility,
            });
            assert!((left - expected).abs() < 5e-4, "{mode:?}: {left} is left, expected {expected}");
        }
    }
}
