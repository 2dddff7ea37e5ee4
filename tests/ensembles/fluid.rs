//! The Lennard-Jones fluid at a state point of the literature.

use crate::statistics::{inefficiency, mean_and_error};
use crate::support::{EPSILON, Length, SIGMA, engine, plain, sample};
use mlmd::md::{Ensemble, Thermostat};
use mlmd::potential::Truncation;
use mlmd::system::Vec3;
use mlmd::units::BOLTZMANN;
use mlmd::{Cell, System};
use std::f64::consts::PI;

/// T* = 0.9, ρ* = 0.82: U*/N = −5.7456, P* = 0.82386, from Monte Carlo of 500 atoms with a cutoff of 3σ and the usual
/// corrections for what is beyond it (NIST Standard Reference Simulation Website, Lennard-Jones fluid,
/// <https://mmlapps.nist.gov/srs/LJ_PURE/mc.htm>). Within four standard errors of ours; NIST's are a tenth of them.
#[test]
fn energy_and_pressure_of_the_lennard_jones_fluid_are_those_of_nist() {
    let (temperature, density, cutoff) = (0.9, 0.82_f64, 3.0_f64);
    // A simple cubic lattice, which melts at once.
    let a = SIGMA / density.cbrt();
    let cell = Cell::orthorhombic(a, a, a).unwrap();
    let atom = System::new(cell, vec!["Ar".parse().unwrap()], vec![Vec3::zeros()]).unwrap();
    let start = atom.repeated([5; 3]).unwrap();
    let mut engine = engine(EPSILON, cutoff * SIGMA, Truncation::Cut);
    let kelvin = temperature * EPSILON / BOLTZMANN;
    let ensemble = Ensemble { thermostat: Some(Thermostat::Csvr { time: 50.0 }), ..plain(kelvin, 10.0) };
    // 0.0046 of the natural unit of time is 10 fs: an ordinary step.
    let length = Length { settle: 600, look: 1800, every: 3 };
    let samples = sample(&ensemble, &start, &mut engine, length);
    let n = 125.0;
    let (cubed, ninth) = (cutoff.powi(-3), cutoff.powi(-9));
    let energy_beyond = 8.0 / 3.0 * PI * density * (ninth / 3.0 - cubed);
    let pressure_beyond = 16.0 / 3.0 * PI * density.powi(2) * (2.0 / 3.0 * ninth - cubed);
    // The kinetic part of n − 1 atoms is that of n atoms with the momentum that NIST's have.
    let ideal = density * temperature / n;
    let energies: Vec<f64> = samples.potential.iter().map(|u| u / n / EPSILON + energy_beyond).collect();
    let pressures: Vec<f64> =
        samples.pressure.iter().map(|p| p * SIGMA.powi(3) / EPSILON + pressure_beyond + ideal).collect();
    for (what, values, expected, known) in
        [("energy", &energies, -5.7456, 0.02), ("pressure", &pressures, 0.82386, 0.06)]
    {
        let (mean, error) = mean_and_error(values);
        let samples = values.len() as f64 / inefficiency(values);
        eprintln!("{what}: {mean} ± {error}, expected {expected} ({samples:.0} samples)");
        assert!((mean - expected).abs() < 4.0 * error, "{what}: {mean} ± {error}, expected {expected}");
        assert!(error < known, "{what}: {mean} ± {error} tells too little");
    }
}
