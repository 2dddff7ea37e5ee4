//! Friction and noise on every atom.

use super::verlet::{drift, finish, kick};
use super::{Integrator, Ramp, State};
use crate::compute::Engine;
use crate::error::Result;
use crate::random::{Philox, Purpose};
use crate::system::Vec3;
use crate::units::AMU_ANGSTROM2_PER_FS2;
use rayon::prelude::*;

/// Fewer atoms are not worth another thread.
const ATOMS_PER_TASK: usize = 1000;

/// Langevin dynamics m a = F − γ m v + √(2γ m k_B T) η in the splitting B A O A B, whose configurations
/// are accurate to high order in the timestep (Leimkuhler and Matthews, doi:10.1093/amrx/abs010).
///
/// O is the exact Ornstein–Uhlenbeck step v ← c v + √((1 − c²) k_B T/m) ξ with c = e^(−γΔt). Where no atom
/// is fixed, the total momentum is projected out after it: friction is the same for all atoms, so what is left
/// is the exact process on the 3N − 3 remaining degrees of freedom.
///
/// Friction slows diffusion down: for transport use [`super::Csvr`], [`super::NoseHoover`] or constant energy.
#[derive(Debug, Clone, PartialEq)]
pub struct Langevin {
    timestep: f64,
    friction: f64,
    temperature: Ramp,
    seed: u64,
    /// Energy taken from the atoms so far, eV.
    taken: f64,
}

impl Langevin {
    /// With a timestep in fs, a friction in 1/fs, a temperature in K.
    pub fn new(timestep: f64, friction: f64, temperature: Ramp, seed: u64) -> Self {
        Self { timestep, friction, temperature, seed, taken: 0.0 }
    }

    fn ornstein_uhlenbeck(&mut self, state: &mut State) {
        let before = state.kinetic_energy();
        let thermal = State::thermal_energy(self.temperature.at(state.system.step)) / AMU_ANGSTROM2_PER_FS2;
        let damping = (-self.friction * self.timestep).exp();
        let noise = (1.0 - damping * damping) * thermal;
        let (step, seed) = (state.system.step, self.seed);
        let system = &mut state.system;
        // Every atom has random numbers of its own: on several threads they are the same.
        let each = system.velocities.par_iter_mut().zip(&system.masses).enumerate();
        each.with_min_len(ATOMS_PER_TASK).for_each(|(i, (v, m))| {
            let mut random = Philox::new(seed, Purpose::Thermostat, step, i as u32);
            let xi = Vec3::from_fn(|_, _| random.normal());
            *v = *v * damping + xi * (noise / m).sqrt();
        });
        if state.fixed().is_empty() {
            state.system.remove_drift();
        } else {
            for k in 0..state.fixed().len() {
                let i = state.fixed()[k];
                state.system.velocities[i] = Vec3::zeros();
            }
        }
        self.taken += before - state.kinetic_energy();
    }
}

impl Integrator for Langevin {
    fn description(&self) -> String {
        format!("Langevin dynamics (BAOAB), friction {} /fs", self.friction)
    }

    fn step(&mut self, state: &mut State, engine: &mut Engine) -> Result<()> {
        let half = 0.5 * self.timestep;
        kick(state, half);
        drift(state, half);
        engine.pool().install(|| self.ornstein_uhlenbeck(state));
        drift(state, half);
        finish(state, self.timestep, engine)?;
        kick(state, half);
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
