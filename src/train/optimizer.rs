//! What every optimiser can do.

use super::objective::Summary;
use crate::error::{Error, Result};

/// Is the epoch to be given up? One of many frames may take longer than a queue waits after its signal.
pub type Halt<'a> = &'a dyn Fn() -> bool;

/// [`Error::Interrupted`] where the epoch is to be given up.
pub(super) fn go_on(halt: Halt<'_>) -> Result<()> {
    if halt() { Err(Error::Interrupted("an epoch was given up".into())) } else { Ok(()) }
}

/// One way of going downhill in an objective of kind `P`; an epoch looks at every frame about once.
pub trait Optimizer<P>: Memory {
    /// Changes θ; `epoch` counts from zero and, with the seed, decides what is random. It ends with
    /// [`Error::Interrupted`] when it is to `halt`. After that, and after an [`Error::Device`], neither θ nor what is remembered has changed.
    fn epoch(&mut self, objective: &P, theta: &mut Vec<f64>, epoch: u64, halt: Halt<'_>) -> Result<Outcome>;
}

/// What an optimiser remembers from epoch to epoch.
pub trait Memory {
    /// All that the next epoch depends on besides θ.
    fn save(&self) -> Result<Vec<f64>>;

    /// Takes up what [`Memory::save`] gave.
    fn load(&mut self, state: &[f64]) -> Result<()>;
}

/// What came of an epoch.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// No step leads further down.
    pub converged: bool,
    /// What was met of the frames that train while θ changed, where looking at all of them again would cost
    /// as much as learning from them.
    pub met: Option<Summary>,
}
