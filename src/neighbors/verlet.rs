//! A neighbour list that is kept as long as it stays complete.

use super::fault::Fault;
use super::{Drift, NeighborList};
use crate::error::{Error, Result};
use crate::system::{Cell, Vec3};

/// A list that reaches further than is asked for, by a skin, and is built anew only when an atom that was
/// beyond it may have come within the cutoff (Verlet, Phys. Rev. 159, 98 (1967), DOI 10.1103/PhysRev.159.98;
/// the criterion is [`Drift`]'s, valid for cells that deform).
///
/// Positions must be followed without jumps: an atom that is wrapped into the cell counts as having moved.
#[derive(Debug, Clone)]
pub struct VerletList {
    cutoff: f64,
    skin: f64,
    list: NeighborList,
    /// Where the atoms were when the list was built; none before the first time.
    drift: Option<Drift>,
}

impl VerletList {
    /// An empty list for pairs up to `cutoff`, Å, with a `skin`, Å: a larger one means more pairs in the list and
    /// fewer builds.
    pub fn new(cutoff: f64, skin: f64) -> Self {
        Self { cutoff, skin, list: NeighborList::default(), drift: None }
    }

    /// Does the list hold every pair within the cutoff at these positions?
    pub fn is_complete(&self, cell: &Cell, positions: &[Vec3]) -> bool {
        let reach = self.cutoff + self.skin;
        self.drift.as_ref().is_some_and(|drift| drift.covers(self.cutoff, reach, cell, positions))
    }

    /// Builds the list anew if it may be incomplete; says whether it did.
    pub fn update(&mut self, cell: &Cell, positions: &[Vec3]) -> Result<bool> {
        if self.is_complete(cell, positions) {
            return Ok(false);
        }
        self.rebuild(cell, positions)?;
        Ok(true)
    }

    /// Builds the list anew.
    pub fn rebuild(&mut self, cell: &Cell, positions: &[Vec3]) -> Result<()> {
        self.try_rebuild(cell, positions).map_err(|fault| Error::invalid(fault.to_string()))
    }

    pub(crate) fn try_rebuild(&mut self, cell: &Cell, positions: &[Vec3]) -> Result<(), Fault> {
        self.drift = None;
        self.list.try_rebuild(cell, positions, self.cutoff + self.skin)?;
        self.drift = Some(Drift::since(cell, positions));
        Ok(())
    }

    /// Where atoms and cell were when the list was built; nothing if there is none.
    pub fn since(&self) -> Option<&Drift> {
        self.drift.as_ref()
    }

    /// The list as it was last built; it holds pairs up to cutoff + skin.
    pub fn list(&self) -> &NeighborList {
        &self.list
    }
}
