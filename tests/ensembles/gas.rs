//! An ideal gas, whose volumes are known.

use crate::statistics::check_distribution;
use crate::support::{Length, crystal, engine, plain, sample};
use mlmd::analysis::special::gamma_p;
use mlmd::md::{Barostat, CellMode, Compressibility, Ensemble, Ramp, Thermostat};
use mlmd::potential::Truncation;
use mlmd::units::BOLTZMANN;

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
