//! Chains of fictitious masses on all atoms: constant temperature without noise.

use super::chain::{Bath, Chain};
use super::verlet::velocity_verlet;
use super::{Integrator, Ramp, State};
use crate::compute::Engine;
use crate::error::Result;

/// Nosé–Hoover chains (Martyna, Klein and Tuckerman, doi:10.1063/1.463940): a chain on the velocities of all atoms,
/// half a step of it before and after a step of velocity Verlet.
///
/// Masses follow from the period τ of the coupling: Q₁ = N_f k_B T (τ/2π)², Q_k = k_B T (τ/2π)².
#[derive(Debug, Clone, PartialEq)]
pub struct NoseHoover {
    timestep: f64,
    time: f64,
    temperature: Ramp,
    chain: Chain,
    /// What the chain has held more, and was given by nobody, because its target has changed, with the other sign, eV.
    taken: f64,
}

impl NoseHoover {
    /// With a timestep and a period in fs, a temperature in K.
    pub fn new(timestep: f64, time: f64, length: usize, temperature: Ramp) -> Self {
        Self { timestep, time, temperature, chain: Chain::new(length), taken: 0.0 }
    }

    /// What the chain keeps warm, with the target of the present step.
    fn bath(&self, state: &State) -> Bath {
        let thermal = State::thermal_energy(self.temperature.at(state.system.step));
        Bath { freedom: state.degrees_of_freedom() as f64, thermal, period: self.time }
    }

    fn half_step(&mut self, state: &mut State) {
        let bath = self.bath(state);
        let factor = self.chain.advance(0.5 * self.timestep, 2.0 * state.kinetic_energy(), bath);
        state.scale_velocities(factor);
    }
}

impl Integrator for NoseHoover {
    fn description(&self) -> String {
        format!("Nosé–Hoover chain of {}, period {} fs", self.chain.len(), self.time)
    }

    fn step(&mut self, state: &mut State, engine: &mut Engine) -> Result<()> {
        self.half_step(state);
        let before = self.bath(state);
        velocity_verlet(state, self.timestep, engine)?;
        // Between the two halves the chain rests: what another target makes of it is known exactly.
        self.taken += self.chain.energy(before) - self.chain.energy(self.bath(state));
        self.half_step(state);
        Ok(())
    }

    fn reservoir(&self, state: &State) -> f64 {
        self.chain.energy(self.bath(state)) + self.taken
    }

    fn save(&self) -> Vec<f64> {
        [self.chain.save(), vec![self.taken]].concat()
    }

    fn restore(&mut self, saved: &[f64]) -> bool {
        let Some((taken, chain)) = saved.split_last() else { return false };
        self.taken = *taken;
        self.chain.restore(chain)
    }
}
