//! What every optimiser can do.

use super::problem::Problem;
use crate::error::Result;

/// One way of going downhill; an epoch looks at every frame about once.
pub trait Optimizer {
    /// Changes θ; `epoch` counts from zero and, with the seed, decides what is random.
    fn epoch(&mut self, problem: &Problem<'_>, theta: &mut Vec<f64>, epoch: u64) -> Result<Outcome>;

    /// All that the next epoch depends on besides θ.
    fn save(&self) -> Result<Vec<f64>>;

    /// Takes up what [`Optimizer::save`] gave.
    fn load(&mut self, state: &[f64]) -> Result<()>;
}

/// What came of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There may be a way further down.
    Going,
    /// No step leads further down.
    Converged,
}
