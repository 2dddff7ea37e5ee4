//! mlmd: machine-learned interatomic potentials and molecular dynamics for solid electrolytes.
//!
//! The map of the crate. Two wings stand on one foundation, and imports run one way only, from the
//! bottom of this list to its top:
//!
//! | module | what it holds |
//! |---|---|
//! | [`units`], [`error`], [`text`], [`lanes`], [`random`], [`curvature`], [`digest`] | quantities with units; errors with places; lines and tokens; lanes of reals; counter-based random numbers; directions of L-BFGS; hashes |
//! | [`system`] | what the atoms are |
//! | [`io`] | file formats, one file each |
//! | [`neighbors`] | who is near whom |
//! | [`descriptors`] | an environment becomes numbers |
//! | [`potential`] | numbers become energy and forces |
//! | [`compute`] | how it is computed: threads and devices |
//! | [`md`] | how atoms move |
//! | [`relax`] | minimisation of positions and cell; paths between minima |
//! | [`observe`] | what a run writes and watches for |
//! | [`bridge`] | other programs move the atoms |
//! | [`train`] | reference frames become a potential |
//! | [`analysis`] | trajectories become numbers with errors |
//! | [`report`] | numbers become pictures |
//! | [`input`] | the TOML language of `mlmd run` and `mlmd train` |
//! | [`workflow`] | a job from start to end |
//! | [`cli`] | one file per subcommand |

pub mod analysis;
pub mod bridge;
pub mod cli;
pub mod compute;
pub mod curvature;
pub mod descriptors;
pub mod digest;
pub mod error;
pub mod input;
pub mod io;
pub mod lanes;
pub mod md;
pub mod neighbors;
pub mod observe;
pub mod potential;
pub mod random;
pub mod relax;
pub mod report;
pub mod system;
pub mod text;
pub mod train;
pub mod units;
pub mod workflow;

pub use compute::Engine;
pub use error::{Error, Result};
pub use io::Frame;
pub use neighbors::NeighborList;
pub use potential::{Evaluation, Potential};
pub use system::{Cell, Element, System};

/// The version of mlmd, as files that it writes state it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
