//! Thermostats: canonical distributions of kinetic and potential energy.

use crate::statistics::{check_distribution, check_mean, check_ratio};
use crate::support::{Length, Samples, fluid, neighbours, plain, sample};
use mlmd::analysis::special::gamma_p;
use mlmd::md::{Ensemble, Ramp, Thermostat};
use mlmd::units::BOLTZMANN;

/// K. The potential energies of the two overlap by about a half.
const TEMPERATURES: [f64; 2] = [140.0, 190.0];

/// Kinetic energies are χ²-distributed, K/(k_B T) as Γ(N_f/2), and every part of the system has its share of them: half
/// k_B T in each direction, and for the lighter half of the atoms as many halves as they have degrees of freedom.
/// The total momentum is zero, which takes m/M of the energy that an atom of mass m would have.
pub(crate) fn check_kinetic(what: &str, samples: &Samples, temperature: f64) {
    let thermal = BOLTZMANN * temperature;
    let shape = 0.5 * samples.freedom;
    check_distribution(&format!("{what}: kinetic energies"), &samples.kinetic, |k| {
        gamma_p(shape, k / thermal)
    });
    for (axis, along) in ["x", "y", "z"].iter().zip(&samples.along) {
        check_mean(&format!("{what}: kinetic energy along {axis}"), along, shape * thermal / 3.0, 0.05);
    }
    let atoms = samples.freedom / 3.0 + 1.0;
    // Half of the atoms hold a third of the mass.
    let light = 1.5 * thermal * (0.5 * atoms - 1.0 / 3.0);
    check_mean(&format!("{what}: kinetic energy of the lighter atoms"), &samples.light, light, 0.05);
}

fn check(thermostat: Thermostat) {
    let length = Length { settle: 2000, look: 20_000, every: 10 };
    let what = format!("{thermostat:?}");
    let [cold, hot] = TEMPERATURES.map(|t| {
        let ensemble =
            Ensemble { temperature: Ramp::constant(t), thermostat: Some(thermostat), ..plain(t, 4.0) };
        let samples = sample(&ensemble, &fluid(), &mut neighbours(), length);
        check_kinetic(&format!("{what} at {t} K"), &samples, t);
        samples
    });
    // ln p₂(U)/p₁(U) = const − (1/k_B T₂ − 1/k_B T₁) U, whatever the density of states.
    let [cold_beta, hot_beta] = TEMPERATURES.map(|t| 1.0 / (BOLTZMANN * t));
    check_ratio(
        &format!("{what}: potential energies"),
        &cold.potential,
        &hot.potential,
        cold_beta - hot_beta,
    );
}

#[test]
fn langevin_dynamics_is_canonical() {
    check(Thermostat::Langevin { friction: 0.02 });
}

#[test]
fn nose_hoover_chains_are_canonical() {
    check(Thermostat::NoseHoover { time: 150.0, chain: 3 });
}

#[test]
fn stochastic_velocity_rescaling_is_canonical() {
    check(Thermostat::Csvr { time: 40.0 });
}
