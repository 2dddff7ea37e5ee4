//! `mlmd sweep`: many runs from one plan, and one table from many runs.
//!
//! | file | what it holds |
//! |---|---|
//! | `candidates` | what is compared: structures × defects × seeds × potentials |
//! | `manifest` | `sweep.json`: the candidates and their tasks, as they were written |
//! | `frames` | the frames of a file, one after another |
//! | `prepare` | a plan becomes folders with an input each |
//! | `possession` | who may write |
//! | `content` | whether structure and potential are what a task was written for |
//! | `input` | the input of one task |
//! | `task` | one task from start to end |
//! | `target` | how long a task runs where its error decides |
//! | `state` | what became of a task |
//! | `local` | all tasks on this machine |
//! | `submit` | a job array for what is not done |
//! | `gather` | replicas and temperatures become one result for each candidate, and a table |
//!
//! Tasks run inside the process that was asked to run them, each in a lane of threads of its own: whoever ends
//! that process ends its tasks with it, so nothing is left behind that holds a folder, and the same command goes
//! on. A task is a function of its input alone, whether it runs here, by `mlmd run`, or in a job array.

mod candidates;
mod content;
mod frames;
mod gather;
mod input;
mod local;
mod manifest;
mod possession;
mod prepare;
mod state;
mod submit;
mod target;
mod task;

pub use candidates::{Candidate, candidates};
pub use gather::{Gathered, gather};
pub use local::{Local, run_local};
pub use manifest::{Listed, Manifest, TaskEntry};
pub use prepare::{Prepared, prepare, preview};
pub use state::{State, Status, status};
pub use submit::{Array, Scheduler, Submission, WARNING, quoted, submission};
pub use task::{Ended, run_task};
