//! Who is near whom.
//!
//! The contract in one line: `r_ij = r_j − r_i + S·H`, lattice vectors are the rows of H, and every
//! pair within the cutoff is listed from both of its ends.
//!
//! | file | what it holds |
//! |---|---|
//! | `list` | [`NeighborList`]: every pair within a cutoff, in compressed sparse rows |
//! | `fault` | why a list cannot be built |
//! | `grid` | atoms sorted into bins of about the cutoff |
//! | `candidates` | the atoms that may be neighbours of the atoms of one bin |
//! | `search` | the pairs, bin by bin, in two passes |
//! | `reverse` | where the other half of each pair is |
//! | `verlet` | [`VerletList`]: a list with a skin, kept while it stays complete |
//! | `drift` | [`Drift`]: how long a list stays complete |
//! | `order` | [`Order`]: atoms along a curve that fills space |
//! | `blocks` | [`Blocks`]: the list cut into self-contained blocks of nearby atoms |
//! | [`brute_force`] | the list by its definition: the oracle of the tests |

mod blocks;
pub mod brute_force;
mod candidates;
mod drift;
mod fault;
mod grid;
mod list;
mod order;
mod reverse;
mod search;
mod verlet;

pub use blocks::{Block, Blocks, Image};
pub use drift::Drift;
pub(crate) use fault::Fault;
pub use list::{NeighborList, Pair};
pub use order::Order;
pub use verlet::VerletList;
