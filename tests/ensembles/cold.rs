//! Constant pressure as the temperature goes to zero.

use crate::statistics::mean_and_error;
use crate::support::{Length, crystal, neighbours, plain, sample};
use mlmd::md::{Barostat, CellMode, Compressibility, Ensemble, Ramp, Thermostat};
use mlmd::relax::{CellFreedom, Freedom, Settings, relax};
use mlmd::units::EV_PER_ANGSTROM3_IN_GPA;

/// K.
const TEMPERATURE: f64 = 0.2;

/// Thermal expansion of this crystal, Å/K: what runs at 1 and 2 K give.
const EXPANSION: f64 = 0.003;

/// The mean volume of a crystal approaches that of the minimum of energy as its temperature falls; what is left are the
/// standard error and thermal expansion, together below one part in two thousand.
fn check(mode: CellMode, thermostat: Thermostat, barostat: Barostat) {
    let start = crystal(5.4, [2; 3]);
    let cell = if mode == CellMode::Isotropic { CellFreedom::Isotropic } else { CellFreedom::FREE };
    let settings = Settings {
        freedom: Freedom { cell, pressure: 0.0, held: Vec::new() },
        force: 1e-6,
        stress: 1e-8,
        ..Settings::default()
    };
    let mut engine = neighbours();
    let minimum = relax(&start, &mut engine, &settings, &mut |_| Ok(())).unwrap();
    assert_eq!(minimum.stopped, None);
    let constant = |volume: f64| (volume / 8.0).cbrt();
    let least = constant(minimum.system.cell.volume());
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
