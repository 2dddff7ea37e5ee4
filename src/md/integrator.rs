//! What every way of moving atoms has in common.

use super::State;
use crate::compute::Engine;
use crate::error::Result;
use std::fmt::Debug;

/// Takes a state one step further.
///
/// What an integrator draws at random is a function of the seed, the step and the atom alone, and
/// [`Integrator::save`] holds all else it remembers: a run that goes on from a checkpoint has the bits of
/// one that was not interrupted.
pub trait Integrator: Debug + Send {
    /// One line for a person.
    fn description(&self) -> String;

    /// Moves the atoms by one step. On entry and on return the state's energy, forces and virial are those of its
    /// positions; `system.step` and `system.time` are counted up.
    fn step(&mut self, state: &mut State, engine: &mut Engine) -> Result<()>;

    /// Moves the atoms by at least one step and at most to step `until`. Whoever keeps them elsewhere may leave all but
    /// `system.step` and `system.time` as it was until [`Integrator::settle`].
    fn advance(&mut self, state: &mut State, engine: &mut Engine, until: u64) -> Result<()> {
        let _ = until;
        self.step(state, engine)
    }

    /// Brings the state up to date, for somebody who looks at it.
    fn settle(&mut self, state: &mut State) -> Result<()> {
        let _ = state;
        Ok(())
    }

    /// Are the atoms kept elsewhere between two looks, so that looking costs time?
    fn is_resident(&self) -> bool {
        false
    }

    /// What thermostats and barostats hold, eV, so that kinetic + potential + this is conserved, exactly in the
    /// limit of short steps, also while targets change: what the change of a target adds is taken off.
    fn reservoir(&self, state: &State) -> f64;

    /// What is to be stored in a checkpoint.
    fn save(&self) -> Vec<f64>;

    /// Takes up what [`Integrator::save`] gave; `false` if these are not numbers of this integrator.
    fn restore(&mut self, saved: &[f64]) -> bool;

    /// The atoms to the last bit, in the words of whoever keeps them elsewhere; empty if nobody does.
    fn save_device(&self) -> Result<Vec<u32>> {
        Ok(Vec::new())
    }

    /// Takes up what [`Integrator::save_device`] gave; whoever keeps nothing elsewhere begins from the state.
    fn restore_device(&mut self, saved: &[u32]) {
        let _ = saved;
    }
}
