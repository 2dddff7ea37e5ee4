//! `[prune]`: descriptors that say nothing new are left out.

use crate::error::Result;
use crate::input::keys::{Keys, Table};
use crate::input::kind::{integer, number};
use crate::train::prune::Pruning;

/// `[prune]`.
#[derive(Debug, Clone, Default)]
pub struct PruneTable(pub Pruning);

impl Table for PruneTable {
    const ABOUT: &'static str = "Symmetry functions that say nothing new about the training frames are left out, element by element, in the order of the keys.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self(Pruning {
            variance: keys
                .key(
                    "variance",
                    number().between(0.0, 1.0),
                    "Those whose standard deviation is below this share of the largest one.",
                )
                .optional(1e-3)?,
            correlation: keys
                .key(
                    "correlation",
                    number().between(0.0, 1.0),
                    "Of those that are correlated by more than this, all but the one that varies most.",
                )
                .optional(0.99)?,
            keep: keys
                .key(
                    "keep",
                    integer().at_least(1).at_most(10_000),
                    "All but the so many most telling ones, by CUR decomposition.",
                )
                .optional(40)?
                .map(|keep| keep as usize),
        }))
    }
}
