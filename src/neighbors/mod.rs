//! Who is near whom.
//!
//! The contract in one line: `r_ij = r_j − r_i + S·H`, lattice vectors are the rows of H, and every
//! pair within the cutoff is listed from both of its ends.

mod blocks;
mod drift;
mod list;

pub use blocks::{Block, Blocks, Image};
pub use drift::Drift;
pub use list::{NeighborList, Pair};
