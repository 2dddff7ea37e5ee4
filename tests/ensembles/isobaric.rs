//! Barostats: distributions of the volume at two pressures.

use crate::canonical::check_kinetic;
use crate::statistics::check_ratio;
use crate::support::{Length, Samples, crystal, fluid, neighbours, plain, sample};
use mlmd::System;
use mlmd::md::{Barostat, CellMode, Compressibility, Ensemble, Ramp, Thermostat};
use mlmd::units::{BOLTZMANN, EV_PER_ANGSTROM3_IN_GPA};

/// ln p₂(V)/p₁(V) = const − (P₂ − P₁) V/k_B T, whatever the material does. A fluid would lose its shape where the cell
/// may change its own: there it is a hot crystal under pressure.
fn check(mode: CellMode, thermostat: Thermostat, barostat: impl Fn(Ramp, Compressibility) -> Barostat) {
    let length = Length { settle: 2000, look: 20_000, every: 10 };
    let run = |start: &System, temperature: f64, pressure: f64, modulus: f64| -> Samples {
        let [pressure, modulus] = [pressure, modulus].map(|p| p / EV_PER_ANGSTROM3_IN_GPA);
        let barostat = barostat(Ramp::constant(pressure), Compressibility(1.0 / modulus));
        let ensemble =
            Ensemble { thermostat: Some(thermostat), barostat: Some(barostat), ..plain(temperature, 4.0) };
        sample(&ensemble, start, &mut neighbours(), length)
    };
    // Pressures so far apart that the volumes overlap by about a half: by 1.4 k_B T over the width of one, √(k_B T V/B).
    let (temperature, pressures) = match mode {
        CellMode::Isotropic => (150.0, [0.10, 0.16]),
        CellMode::PerAxis | CellMode::Flexible => (100.0, [0.92, 1.08]),
    };
    let what = barostat(Ramp::constant(0.0), Compressibility(1.0));
    let what = format!("{what:?}").split(' ').next().unwrap_or_default().to_string() + &format!(" {mode:?}");
    let [low, high] = pressures.map(|pressure| {
        if mode == CellMode::Isotropic {
            let samples = run(&fluid(), temperature, pressure, 0.7);
            check_kinetic(&what, &samples, temperature);
            samples
        } else {
            run(&crystal(5.25, [2; 3]), temperature, pressure, 8.0)
        }
    });
    let expected = (pressures[0] - pressures[1]) / EV_PER_ANGSTROM3_IN_GPA / (BOLTZMANN * temperature);
    check_ratio(&format!("{what}: volumes"), &low.volume, &high.volume, expected);
}

fn cell_rescaling(mode: CellMode) {
    rescaling(mode, 150.0, 1);
}

fn rescaling(mode: CellMode, time: f64, every: u64) {
    check(mode, Thermostat::Csvr { time: 40.0 }, |pressure, compressibility| Barostat::CellRescaling {
        pressure,
        time,
        every,
        mode,
        compressibility,
    });
}

fn mtk(mode: CellMode) {
    check(mode, Thermostat::NoseHoover { time: 150.0, chain: 3 }, |pressure, compressibility| {
        Barostat::Mtk { pressure, time: 400.0, chain: 3, mode, compressibility }
    });
}

#[test]
fn cell_rescaling_is_isobaric() {
    cell_rescaling(CellMode::Isotropic);
}

/// In steps of 16 fs against 300: fluctuations are larger by half of a twentieth at most.
#[test]
fn seldom_cell_rescaling_is_isobaric() {
    rescaling(CellMode::Isotropic, 300.0, 4);
}

#[test]
fn cell_rescaling_per_axis_is_isobaric() {
    cell_rescaling(CellMode::PerAxis);
}

#[test]
fn flexible_cell_rescaling_is_isobaric() {
    cell_rescaling(CellMode::Flexible);
}

#[test]
fn mtk_is_isobaric() {
    mtk(CellMode::Isotropic);
}

#[test]
fn mtk_per_axis_is_isobaric() {
    mtk(CellMode::PerAxis);
}

#[test]
fn flexible_mtk_is_isobaric() {
    mtk(CellMode::Flexible);
}
