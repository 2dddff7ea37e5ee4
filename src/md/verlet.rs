//! Velocity Verlet: the pieces every integrator is made of, and constant energy.
//!
//! With L = A (drift) + B (kick), exp(ΔtL) ≈ exp(ΔtB/2) exp(ΔtA) exp(ΔtB/2)
//! (Swope et al., doi:10.1063/1.442716; Tuckerman et al., doi:10.1063/1.463137).

use super::{Integrator, State};
use crate::compute::Engine;
use crate::error::Result;
use crate::units::AMU_ANGSTROM2_PER_FS2;

/// v += F Δt/m.
pub(super) fn kick(state: &mut State, time: f64) {
    let system = &mut state.system;
    let factor = time / AMU_ANGSTROM2_PER_FS2;
    for ((v, f), m) in system.velocities.iter_mut().zip(&state.forces).zip(&system.masses) {
        *v += f * (factor / m);
    }
}

/// r += v Δt. Positions leave the cell; see [`finish`].
pub(super) fn drift(state: &mut State, time: f64) {
    let system = &mut state.system;
    for (r, v) in system.positions.iter_mut().zip(&system.velocities) {
        *r += v * time;
    }
}

/// Wraps positions, counts the step, and evaluates the new configuration.
pub(super) fn finish(state: &mut State, timestep: f64, engine: &mut Engine) -> Result<()> {
    state.system.wrap();
    state.system.step += 1;
    // Not a running sum: the time of a step is the same however the run was divided.
    state.system.time = state.system.step as f64 * timestep;
    state.evaluate(engine)
}

/// One step of velocity Verlet, with the forces of its end.
pub(super) fn velocity_verlet(state: &mut State, timestep: f64, engine: &mut Engine) -> Result<()> {
    kick(state, 0.5 * timestep);
    drift(state, timestep);
    finish(state, timestep, engine)?;
    kick(state, 0.5 * timestep);
    Ok(())
}

/// Constant energy and volume.
#[derive(Debug, Clone, PartialEq)]
pub struct Verlet {
    timestep: f64,
}

impl Verlet {
    /// With a timestep in fs.
    pub fn new(timestep: f64) -> Self {
        Self { timestep }
    }
}

impl Integrator for Verlet {
    fn description(&self) -> String {
        "velocity Verlet, constant energy".into()
    }

    fn step(&mut self, state: &mut State, engine: &mut Engine) -> Result<()> {
        velocity_verlet(state, self.timestep, engine)
    }

    fn reservoir(&self, _: &State) -> f64 {
        0.0
    }

    fn save(&self) -> Vec<f64> {
        Vec::new()
    }

    fn restore(&mut self, saved: &[f64]) -> bool {
        saved.is_empty()
    }
}
