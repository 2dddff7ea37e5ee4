//! What a run writes, and what it watches for.
//!
//! An [`Observer`] is called every so many steps. Its files grow by appending; a checkpoint remembers how long
//! each was, so that a run that goes on cuts off what was written after it and repeats it.

mod disagreement;
mod findings;
mod guard;
mod kept;
mod table;
mod thermo;
mod trajectory;

pub use disagreement::{DISAGREED, Disagreement, Tolerance, disagreements, looks};
pub use findings::findings;
pub use guard::{CellLimits, Guard, Limits};
pub use thermo::Thermo;
pub use trajectory::Trajectory;

use crate::error::{Error, Result};
use crate::md::State;

/// What to do about something that should not be; each does what the one before does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// A row in `guards.csv`.
    Warn,
    /// The frame in `collected.extxyz`.
    Collect,
    /// The run stops, with its last good frame and the bad one in `stopped.extxyz`.
    Stop,
}

/// Something that looks at a run every so many steps.
pub trait Observer: Send {
    /// Steps between two looks.
    fn every(&self) -> u64;

    /// Looks at the state at the end of a step; `conserved` is the conserved quantity, eV.
    fn observe(&mut self, state: &State, conserved: f64) -> Result<()>;

    /// The step after this state failed: keeps what helps to see why, and says what stopped the run.
    fn lost(&mut self, state: &State, reason: &str) -> Option<Error> {
        let _ = (state, reason);
        None
    }

    /// Makes everything written so far durable, and says how long the files are: what [`Observer::rewind`] needs.
    fn mark(&mut self) -> Result<Vec<u64>> {
        Ok(Vec::new())
    }

    /// Cuts the files to the lengths they had at a mark; an empty mark begins anew.
    fn rewind(&mut self, mark: &[u64]) -> Result<()> {
        let _ = mark;
        Ok(())
    }
}
