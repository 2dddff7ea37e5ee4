//! A job from start to end, one file per job: takes a plan, moves data through the rooms below.
//!
//! | file | the job |
//! |---|---|
//! | [`convert`] | frames from one file into another |
//! | [`info`] | what is in a file |
//! | [`dynamics`] | molecular dynamics, resumable |

mod closest;
pub mod convert;
pub mod dynamics;
pub mod info;
mod selection;
mod spread;

pub use closest::{Closest, closest};
pub use selection::Selection;
pub use spread::Spread;
