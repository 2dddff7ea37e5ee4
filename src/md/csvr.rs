//! Stochastic rescaling of all velocities together.

use super::verlet::velocity_verlet;
use super::{Integrator, Ramp, State};
use crate::compute::Engine;
use crate::error::Result;
use crate::random::{Philox, Purpose};
use rand_distr::{ChiSquared, Distribution};

/// Canonical sampling through velocity rescaling (Bussi, Donadio and Parrinello, doi:10.1063/1.2408420).
///
/// The kinetic energy follows its own exact stochastic equation,
/// K ← c K + (1 − c)(K̄/N_f)(ξ₁² + Σ_{k=2}^{N_f} ξ_k²) + 2 ξ₁ √(c(1 − c) K K̄/N_f), c = e^(−Δt/τ),
/// K̄ = N_f k_B T/2, and all velocities are scaled alike: directions, and with them diffusion, are hardly
/// disturbed.
#[derive(Debug, Clone, PartialEq)]
pub struct Csvr {
    timestep: f64,
    time: f64,
    temperature: Ramp,
    seed: u64,
    /// Energy taken from the atoms so far, eV.
    taken: f64,
}

impl Csvr {
    /// With a timestep and a relaxation time in fs, a temperature in K.
    pub fn new(timestep: f64, time: f64, temperature: Ramp, seed: u64) -> Self {
        Self { timestep, time, temperature, seed, taken: 0.0 }
    }

    /// The thermostat alone, for the step the state has reached.
    pub(super) fn rescale(&mut self, state: &mut State) {
        let freedom = state.degrees_of_freedom();
        let kinetic = state.kinetic_energy();
        if freedom == 0 || kinetic == 0.0 {
            return;
        }
        let step = state.system.step;
        let per_freedom = 0.5 * State::thermal_energy(self.temperature.at(step));
        let Draw { xi, others } = Draw::new(self.seed, step, freedom);
        let c = (-self.timestep / self.time).exp();
        let fresh = c * kinetic
            + (1.0 - c) * per_freedom * (xi * xi + others)
            + 2.0 * xi * (c * (1.0 - c) * kinetic * per_freedom).sqrt();
        // The sign of the root: velocities turn round where the noise was that strong (few degrees of freedom).
        let sign = (xi + (c * kinetic / ((1.0 - c) * per_freedom)).sqrt()).signum();
        state.scale_velocities(sign * (fresh / kinetic).sqrt());
        self.taken += kinetic - fresh;
    }
}

/// The noise of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Draw {
    /// ξ₁.
    pub(super) xi: f64,
    /// Σ ξ_k² of the others.
    pub(super) others: f64,
}

impl Draw {
    /// What is drawn for so many degrees of freedom, at least one: a function of seed and step.
    pub(super) fn new(seed: u64, step: u64, freedom: usize) -> Self {
        let mut random = Philox::new(seed, Purpose::Global, step, 0);
        let xi = random.normal();
        let others = match ChiSquared::new((freedom - 1) as f64) {
            Ok(distribution) => distribution.sample(&mut random),
            // One degree of freedom: there are no others.
            Err(_) => 0.0,
        };
        Self { xi, others }
    }
}

impl Integrator for Csvr {
    fn description(&self) -> String {
        format!("stochastic velocity rescaling, relaxation time {} fs", self.time)
    }

    fn step(&mut self, state: &mut State, engine: &mut Engine) -> Result<()> {
        velocity_verlet(state, self.timestep, engine)?;
        self.rescale(state);
        Ok(())
    }

    fn reservoir(&self, _: &State) -> f64 {
        self.taken
    }

    fn save(&self) -> Vec<f64> {
        vec![self.taken]
    }

    fn restore(&mut self, saved: &[f64]) -> bool {
        let [taken] = saved else { return false };
        self.taken = *taken;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{argon, engine};
    use super::*;

    /// Velocities of N_f oscillators with one k_B T/2 each that a friction of 1/2τ damps, v → √c v + √(1 − c) noise with
    /// c = e^(−Δt/τ), have a kinetic energy of mean c K₀ + (1 − c) K̄ and variance
    /// (1 − c)² K̄ k_B T + 2 c (1 − c) K₀ k_B T; that along the old velocities turns round where the noise is below
    /// −√(c K₀/(1 − c) k). To five standard errors, which are one part in a hundred of each or less.
    #[test]
    fn kinetic_energies_after_a_step_are_those_of_damped_velocities() {
        const DRAWS: u64 = 400_000;
        let (temperature, timestep, time) = (300.0, 2.0, 4.0);
        let mut engine = engine(1);
        let mut state = State::new(argon(1, temperature, 5), vec![], &mut engine).unwrap();
        let thermal = State::thermal_energy(temperature);
        let mean = 0.5 * thermal * state.degrees_of_freedom() as f64;
        let c = f64::exp(-timestep / time);
        // Where the limit is one standard deviation a normal deviate is below it so often.
        for (start, turns) in [(0.5 * thermal * (1.0 - c) / c, 0.158_655_253_931_457), (4.0 * mean, 0.0)] {
            let mut csvr = Csvr::new(timestep, time, Ramp::constant(temperature), 7);
            let (mut sum, mut squares, mut fourth, mut turned) = (0.0, 0.0, 0.0, 0.0);
            let expected = c * start + (1.0 - c) * mean;
            for step in 0..DRAWS {
                state.system.step = step;
                state.scale_velocities((start / state.kinetic_energy()).sqrt());
                let before = state.system.velocities[0];
                csvr.rescale(&mut state);
                let off = state.kinetic_energy() - expected;
                (sum, squares, fourth) = (sum + off, squares + off * off, fourth + off.powi(4));
                turned += f64::from(before.dot(&state.system.velocities[0]) < 0.0);
            }
            let n = DRAWS as f64;
            let [off, square, fourth, turned] = [sum, squares, fourth, turned].map(|sum| sum / n);
            let error = (square / n).sqrt();
            assert!(error < 0.002 * expected && off.abs() < 5.0 * error, "{start} eV: {off} ± {error}");
            let variance = (1.0 - c).powi(2) * mean * thermal + 2.0 * c * (1.0 - c) * start * thermal;
            let error = ((fourth - square * square) / n).sqrt();
            assert!(
                (square - variance).abs() < 5.0 * error,
                "{start} eV: {square} ± {error}, not {variance}"
            );
            let error: f64 = turns * (1.0 - turns) / n;
            assert!((turned - turns).abs() <= 5.0 * error.sqrt(), "{turned} turn round, not {turns}");
        }
    }
}
