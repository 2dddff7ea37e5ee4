//! An ideal gas, of which everything is known: volumes, and how fast what is too hot cools.

use crate::statistics::check_distribution;
use crate::support::{Length, crystal, engine, plain, sample};
use mlmd::System;
use mlmd::analysis::special::gamma_p;
use mlmd::md::{Barostat, CellMode, Compressibility, Ensemble, Ramp, State, Thermostat};
use mlmd::potential::Truncation;
use mlmd::system::Vec3;
use mlmd::units::{AMU_ANGSTROM2_PER_FS2, BOLTZMANN};

/// Without a potential, and with a total momentum of zero, volumes have the density V^(N−1) e^(−PV/k_B T), so that
/// PV/k_B T is distributed as Γ(N): a wrong power of V (a forgotten Itô term, a wrong measure of the cell) would show
/// as another mean, here by a quarter.
#[test]
fn the_volume_of_an_ideal_gas_has_a_gamma_distribution() {
    let (temperature, atoms) = (300.0, 4.0);
    let thermal = BOLTZMANN * temperature;
    let start = crystal(15.0, [1; 3]);
    let pressure = atoms * thermal / start.cell.volume();
    // The relaxation is a hundred times slower than a step: its discretisation is off by about as much.
    let barostat = Barostat::CellRescaling {
        pressure: Ramp::constant(pressure),
        time: 200.0,
        every: 1,
        mode: CellMode::Isotropic,
        compressibility: Compressibility(1.0 / pressure),
    };
    let ensemble = Ensemble {
        thermostat: Some(Thermostat::Csvr { time: 20.0 }),
        barostat: Some(barostat),
        ..plain(temperature, 2.0)
    };
    let mut empty = engine(0.0, 1.0, Truncation::Cut);
    let length = Length { settle: 1000, look: 80_000, every: 20 };
    let samples = sample(&ensemble, &start, &mut empty, length);
    let scaled: Vec<f64> = samples.volume.iter().map(|v| pressure * v / thermal).collect();
    check_distribution("volumes", &scaled, |x| gamma_p(atoms, x));
}

/// Velocities that add up to no momentum, whatever masses alternate, as fast along x in thermal units as `speed`.
fn beams(system: &mut System, thermal: f64, speed: f64) {
    for (i, (v, m)) in system.velocities.iter_mut().zip(&system.masses).enumerate() {
        let sign = if i % 4 < 2 { 1.0 } else { -1.0 };
        // The same momentum for all: pairs of one mass cancel.
        *v = Vec3::new(sign * speed * (thermal / (m * AMU_ANGSTROM2_PER_FS2)).sqrt(), 0.0, 0.0);
    }
}

/// A step of Langevin dynamics without forces leaves e^(−γΔt) of a velocity and adds k_B T/m (1 − e^(−2γΔt)) to its
/// variance: exactly, so that either is known here to five standard errors, 1e-4 and half of one per cent.
#[test]
fn langevin_friction_and_noise_are_those_asked_for() {
    let (temperature, friction, timestep) = (300.0, 0.05, 4.0);
    let thermal = BOLTZMANN * temperature;
    let mut empty = engine(0.0, 1.0, Truncation::Cut);
    let thermostat = Some(Thermostat::Langevin { friction });
    let mut integrator = Ensemble { thermostat, ..plain(temperature, timestep) }.integrator().unwrap();
    let mut state = State::new(crystal(15.0, [6; 3]), vec![], &mut empty).unwrap();
    let left = (-friction * timestep).exp();
    let (mut along, mut before, mut noise, mut freedom) = (0.0, 0.0, 0.0, 0.0);
    for _ in 0..700 {
        beams(&mut state.system, thermal, 100.0);
        let start = state.system.velocities.clone();
        integrator.step(&mut state, &mut empty).unwrap();
        for ((v, u), m) in state.system.velocities.iter().zip(&start).zip(&state.system.masses) {
            along += m * u.dot(v);
            before += m * u.norm_squared();
            noise += m * AMU_ANGSTROM2_PER_FS2 * (v - left * u).norm_squared();
        }
        freedom += state.degrees_of_freedom() as f64;
    }
    // Of a third of the freedoms, against 10⁴ times their thermal energy.
    let variance = 1.0 - left * left;
    let error = (variance / (freedom / 3.0)).sqrt() / 100.0;
    assert!((along / before - left).abs() < 5.0 * error, "{} is left, expected {left}", along / before);
    let (ratio, error) = (noise / (freedom * thermal * variance), (2.0 / freedom).sqrt());
    assert!(5.0 * error < 0.01, "{error} tells too little");
    assert!((ratio - 1.0).abs() < 5.0 * error, "noise of {ratio} ± {error} times what was expected");
}

/// The kinetic energy K = K̄ (1 + x) of a gas under a Nosé–Hoover thermostat of one link with the period τ obeys
/// ẍ = −2 (2π/τ)² x where x is small: it passes the mean after τ/4√2, with a barostat as without, if the cell is heavy.
#[test]
fn the_temperature_swings_with_the_period_asked_for() {
    let (temperature, period) = (300.0, 200.0);
    // 100 steps to a quarter: the splitting is wrong by (π/200)²/24 or so.
    let timestep = period / (4.0 * 2.0_f64.sqrt()) / 100.0;
    let thermostat = Some(Thermostat::NoseHoover { time: period, chain: 1 });
    let (pressure, mode) = (Ramp::constant(0.0), CellMode::Isotropic);
    let heavy = Barostat::Mtk { pressure, time: 1e9, chain: 1, mode, compressibility: Compressibility(1.0) };
    for barostat in [None, Some(heavy)] {
        let ensemble = Ensemble { thermostat, barostat, ..plain(temperature, timestep) };
        let mut empty = engine(0.0, 1.0, Truncation::Cut);
        let mut system = crystal(15.0, [2; 3]);
        system.set_temperature(temperature * 1.0001, 3).unwrap();
        let mut state = State::new(system, vec![], &mut empty).unwrap();
        let mut integrator = ensemble.integrator().unwrap();
        for (steps, expected) in [(100, 0.0), (100, -1.0)] {
            for _ in 0..steps {
                integrator.step(&mut state, &mut empty).unwrap();
            }
            let left = (state.temperature() / temperature - 1.0) / 1e-4;
            assert!((left - expected).abs() < 1e-3, "{barostat:?}: {left}, expected {expected}");
        }
    }
}
