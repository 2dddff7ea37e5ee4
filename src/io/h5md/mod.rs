//! H5MD 1.1 trajectories (de Buyl, Colberg and Höfling, doi:10.1016/j.cpc.2014.01.018; <https://h5md.nongnu.org>).
//!
//! Written so that MDAnalysis opens the file as it is: the group `particles/trajectory`, `step` and `time` spelled
//! out for every element, box edges with every frame, units as strings of variable length, wrapped positions and
//! `image`, forces in kJ/mol/Å, and under `observables` only what has the cadence of the positions.
//!
//! # A file that survives its writer
//!
//! A trajectory is written for days by a process that may be killed at any moment, and everything up to the last
//! checkpoint must open in any HDF5 program afterwards. An HDF5 library changes its file in place, so that a file
//! whose writer died is unreadable as a rule. This writer never changes a byte that a reader can reach:
//!
//! - data, indices and object headers are only ever appended; a chunk or index node that grows is written again
//!   at the end of the file, and the old one is left behind as waste (some 20 kB per checkpoint and series);
//! - a commit confirms them on disk, and then writes the superblock, 48 bytes in one sector at the beginning of
//!   the file, which is all that leads to them: before that write the file is the old one, after it the new one;
//! - each commit ends with a record of itself and a copy of its superblock, so that a run that goes on from an
//!   older checkpoint finds the file as it was: the copy goes to the front, and what follows is cut off.
//!
//! For the same reason a trajectory can be read while the run that writes it goes on.
//!
//! Frames are written by the thread that computes them: `cargo bench --bench io` says what one costs.
//!
//! | file | what it holds |
//! |---|---|
//! | `structures` | the bytes of HDF5: superblock, object headers, datatypes, attributes, heap |
//! | `store` | the append-only file with commit and return to an older commit |
//! | `series` | one chunked, growing dataset and the index of its chunks |
//! | `write` | frames become series, laid out as H5MD asks |
//! | `read` | frames out of the H5MD files of any program |
//! | `finder` | where things are in them, and in which units |
//! | `rows` | datasets with a row for each frame, read in blocks |
//! | `units` | unit strings |

mod finder;
mod read;
mod rows;
mod series;
mod store;
mod structures;
mod units;
mod write;

pub(super) use read::open;
pub(super) use write::{append, create};
