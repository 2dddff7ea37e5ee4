//! An exponential moving average of the parameters over the epochs.
//!
//! An optimiser that jumps about a minimum is nearer to it on average than at any time. It goes its own way
//! with its own θ; what is judged, and what the potential gets, is the average: after every epoch
//! θ̄ ← θ̄ + (1 − β)(θ − θ̄) with β = 1 − 1/n for an average over about n epochs, and in the first epochs
//! with the plain mean, so that where the training began is soon forgotten.

use super::optimizer::{Halt, Memory, Optimizer, Outcome};
use crate::error::{Error, Result};

/// Any optimiser, averaged.
pub struct Averaged<O> {
    inner: O,
    /// θ of the optimiser itself; empty before the first epoch.
    own: Vec<f64>,
    /// n.
    epochs: f64,
}

impl<O> Averaged<O> {
    /// The average over about so many epochs.
    pub fn new(inner: O, epochs: f64) -> Self {
        Self { inner, own: Vec::new(), epochs }
    }
}

impl<P, O: Optimizer<P>> Optimizer<P> for Averaged<O> {
    fn epoch(&mut self, objective: &P, theta: &mut Vec<f64>, epoch: u64, halt: Halt<'_>) -> Result<Outcome> {
        if self.own.is_empty() {
            self.own.clone_from(theta);
        }
        let outcome = self.inner.epoch(objective, &mut self.own, epoch, halt)?;
        let share = 1.0 / self.epochs.min(epoch as f64 + 1.0);
        for (mean, t) in theta.iter_mut().zip(&self.own) {
            *mean += share * (t - *mean);
        }
        // What the optimiser met on its own way is not what the average leads to.
        Ok(Outcome { met: None, ..outcome })
    }
}

impl<O: Memory> Memory for Averaged<O> {
    fn save(&self) -> Result<Vec<f64>> {
        let mut state = vec![self.own.len() as f64];
        state.extend(&self.own);
        state.extend(self.inner.save()?);
        Ok(state)
    }

    fn load(&mut self, state: &[f64]) -> Result<()> {
        let damaged = || Error::Internal("the state of an average is too short".into());
        let (count, rest) = state.split_first().ok_or_else(damaged)?;
        let (own, inner) = rest.split_at_checked(*count as usize).ok_or_else(damaged)?;
        self.own = own.to_vec();
        if inner.is_empty() { Ok(()) } else { self.inner.load(inner) }
    }
}
