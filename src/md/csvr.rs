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
