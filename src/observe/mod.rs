//! What a run writes, and what it watches for.
//!
//! An [`Observer`] is called every so many steps. Its files grow by appending; a checkpoint remembers how long
//! each was, so that a run that goes on cuts off what was written after it and repeats it.

mod guard;
mod thermo;
mod trajectory;

pub use guard::Guard;
pub use thermo::Thermo;
pub use trajectory::Trajectory;

use crate::error::Result;
use crate::md::State;

/// Something that looks at a run every so many steps.
pub trait Observer: Send {
    /// Steps between two looks.
    fn every(&self) -> u64;

    /// Looks at the state at the end of a step; `conserved` is the conserved quantity, eV.
    fn observe(&mut self, state: &State, conserved: f64) -> Result<()>;

    /// Makes everything written so far durable, and says how long the file is: what [`Observer::rewind`] needs.
    fn mark(&mut self) -> Result<u64> {
        Ok(0)
    }

    /// Cuts the file to the length it had at a mark; zero begins anew.
    fn rewind(&mut self, mark: u64) -> Result<()> {
        let _ = mark;
        Ok(())
    }
}
