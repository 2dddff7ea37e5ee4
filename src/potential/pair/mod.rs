//! What pair potentials have in common: a term for every pair of elements, how it ends at its cutoff,
//! and one loop over the neighbour list.

mod table;
mod truncation;

pub(crate) use table::{Kinds, PairTable, PairTerm, rounded};
pub use truncation::Truncation;
pub(crate) use truncation::{Curve, Tail};
