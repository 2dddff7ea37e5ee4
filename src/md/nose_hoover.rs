//! Chains of fictitious masses.

use super::verlet::velocity_verlet;
use super::{Integrator, Ramp, State};
use crate::compute::Engine;
use crate::error::Result;
use std::f64::consts::TAU;

/// Nosé–Hoover chains (Martyna, Klein and Tuckerman, doi:10.1063/1.463940), integrated by the symmetric
/// splitting of Martyna et al. (doi:10.1080/00268979600100761) with three Suzuki–Yoshida weights.
///
/// Masses follow from the period τ of the coupling: Q₁ = N_f k_B T (τ/2π)², Q_k = k_B T (τ/2π)².
#[derive(Debug, Clone, PartialEq)]
pub struct NoseHoover {
    timestep: f64,
    time: f64,
    temperature: Ramp,
    chain: Chain,
}

impl NoseHoover {
    /// With a timestep and a period in fs, a temperature in K.
    pub fn new(timestep: f64, time: f64, length: usize, temperature: Ramp) -> Self {
        Self { timestep, time, temperature, chain: Chain::new(length) }
    }

    fn half_step(&mut self, state: &mut State) {
        let thermal = State::thermal_energy(self.temperature.at(state.system.step));
        let freedom = state.degrees_of_freedom() as f64;
        let kinetic = state.kinetic_energy();
        let factor = self.chain.advance(0.5 * self.timestep, 2.0 * kinetic, freedom, thermal, self.time);
        state.scale_velocities(factor);
    }
}

impl Integrator for NoseHoover {
    fn description(&self) -> String {
        format!("Nosé–Hoover chain of {}, period {} fs", self.chain.rates.len(), self.time)
    }

    fn step(&mut self, state: &mut State, engine: &mut Engine) -> Result<()> {
        self.half_step(state);
        velocity_verlet(state, self.timestep, engine)?;
        self.half_step(state);
        Ok(())
    }

    fn reservoir(&self, state: &State) -> f64 {
        let thermal = State::thermal_energy(self.temperature.at(state.system.step));
        self.chain.energy(state.degrees_of_freedom() as f64, thermal, self.time)
    }

    fn save(&self) -> Vec<f64> {
        self.chain.save()
    }

    fn restore(&mut self, saved: &[f64]) -> bool {
        self.chain.restore(saved)
    }
}

/// A chain of thermostats on anything with a kinetic energy.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chain {
    /// η_k, dimensionless.
    places: Vec<f64>,
    /// dη_k/dt, 1/fs.
    rates: Vec<f64>,
}

/// Suzuki–Yoshida weights of fourth order: 1/(2 − 2^⅓), 1 − 2w, and the first again.
const WEIGHTS: [f64; 3] = [1.351_207_191_959_657_6, -1.702_414_383_919_315_3, 1.351_207_191_959_657_6];

impl Chain {
    pub(super) fn new(length: usize) -> Self {
        Self { places: vec![0.0; length.max(1)], rates: vec![0.0; length.max(1)] }
    }

    /// Advances the chain by `time` on something with twice the kinetic energy `twice_kinetic` and `freedom`
    /// degrees of freedom; returns the factor on its velocities.
    pub(super) fn advance(
        &mut self,
        time: f64,
        mut twice_kinetic: f64,
        freedom: f64,
        thermal: f64,
        period: f64,
    ) -> f64 {
        let mass = |k: usize| (if k == 0 { freedom } else { 1.0 }) * thermal * (period / TAU).powi(2);
        let last = self.rates.len() - 1;
        let mut factor = 1.0;
        for weight in WEIGHTS {
            let time = weight * time;
            // From the end of the chain to the atoms, scaling, and back.
            for k in (0..=last).rev() {
                self.push(k, 0.5 * time, twice_kinetic, freedom, thermal, &mass);
            }
            let scale = (-time * self.rates[0]).exp();
            factor *= scale;
            twice_kinetic *= scale * scale;
            for (place, rate) in self.places.iter_mut().zip(&self.rates) {
                *place += time * rate;
            }
            for k in 0..=last {
                self.push(k, 0.5 * time, twice_kinetic, freedom, thermal, &mass);
            }
        }
        factor
    }

    /// Advances η̇_k by `time` under the force on it, damped by the next link.
    fn push(
        &mut self,
        k: usize,
        time: f64,
        twice_kinetic: f64,
        freedom: f64,
        thermal: f64,
        mass: &impl Fn(usize) -> f64,
    ) {
        let excess = if k == 0 {
            twice_kinetic - freedom * thermal
        } else {
            mass(k - 1) * self.rates[k - 1].powi(2) - thermal
        };
        let damping = self.rates.get(k + 1).map_or(1.0, |next| (-0.5 * time * next).exp());
        self.rates[k] = (self.rates[k] * damping + time * excess / mass(k)) * damping;
    }

    /// Σ Q_k η̇_k²/2 + N_f k_B T η₁ + k_B T Σ_{k>1} η_k.
    pub(super) fn energy(&self, freedom: f64, thermal: f64, period: f64) -> f64 {
        let mass = |k: usize| (if k == 0 { freedom } else { 1.0 }) * thermal * (period / TAU).powi(2);
        (0..self.rates.len())
            .map(|k| {
                let weight = if k == 0 { freedom } else { 1.0 };
                0.5 * mass(k) * self.rates[k].powi(2) + weight * thermal * self.places[k]
            })
            .sum()
    }

    pub(super) fn save(&self) -> Vec<f64> {
        [&self.places[..], &self.rates[..]].concat()
    }

    pub(super) fn restore(&mut self, saved: &[f64]) -> bool {
        let n = self.rates.len();
        if saved.len() != 2 * n {
            return false;
        }
        self.places.copy_from_slice(&saved[..n]);
        self.rates.copy_from_slice(&saved[n..]);
        true
    }
}
