//! A job from start to end, one file per job: takes a plan, moves data through the rooms below.
//!
//! | file | the job |
//! |---|---|
//! | [`analyze`] | trajectories to transport, with a report |
//! | [`mod@build`] | the structures of an input, as files |
//! | [`convert`] | frames from one file into another |
//! | [`info`] | what is in a file |
//! | [`models`] | potentials from one format into another; what is in them |
//! | [`dynamics`] | molecular dynamics, resumable |
//! | [`evaluate`] | a potential on frames, against references |
//! | [`select`] | the frames of many that are worth their DFT |
//! | [`mod@bench`] | how fast a potential is |
//! | [`label`] | frames to energies and forces of another program |
//! | [`mod@learn`] | training, exploration and calculation in rounds |
//! | [`run`] | the main job |
//! | [`train`] | reference frames become a potential |
//! | [`sweep`] | many runs from one plan, one table from many runs |
//! | [`mod@screen`] | which candidates are good, and which to simulate next |
//! | [`mod@relax`] | minimisation, as a job or as the first stage of a run |
//! | [`neb`] | the barrier between two structures |
//! | [`structure`] | the atoms of a run |
//! | [`potential`] | the potential of a job |
//! | `traces` | what a run wrote beside its trajectory |
//! | `selection` | which frames of a file are meant |
//! | `closest` | the two atoms nearest to each other |
//! | `deviation`, `errors` | differences from references; by kind of frame and by element |
//! | `spread` | smallest, largest and mean of many numbers |
//! | [`sample`] | a crystal for a potential that comes without one |

pub mod analyze;
pub mod bench;
pub mod build;
mod closest;
pub mod convert;
mod deviation;
pub mod dynamics;
mod errors;
pub mod evaluate;
pub mod info;
pub mod label;
pub mod learn;
pub mod models;
pub mod neb;
pub mod potential;
pub mod relax;
pub mod run;
pub mod sample;
pub mod screen;
pub mod select;
mod selection;
mod spread;
pub mod structure;
pub mod sweep;
mod traces;
pub mod train;

pub use closest::{Closest, closest};
pub use deviation::Deviation;
pub use errors::{Differences, ErrorRow, ErrorTable, Worst};
pub use selection::Selection;
pub use spread::Spread;
