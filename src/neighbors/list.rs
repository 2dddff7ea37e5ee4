//! The neighbour list: a full list in compressed sparse rows.

use crate::system::{Cell, Vec3};

/// One neighbour of an atom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// The neighbour j.
    pub atom: u32,
    /// The lattice translation S of its image: `r_ij = r_j − r_i + S·H`.
    pub shift: [i16; 3],
}

/// Every neighbour of every atom within a cutoff, at the time the list was built.
///
/// Neighbours of an atom are sorted by (atom, shift), so the list does not depend on how many threads
/// built it. An atom is its own neighbour only through a periodic image (S ≠ 0).
#[derive(Debug, Clone, Default)]
pub struct NeighborList {
    cutoff: f64,
    offsets: Vec<usize>,
    pairs: Vec<Pair>,
    version: u64,
}

impl NeighborList {
    /// How far the list reaches, Å.
    pub fn cutoff(&self) -> f64 {
        self.cutoff
    }

    /// Number of atoms.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Are there no atoms?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The neighbours of atom `i`.
    pub fn neighbors(&self, i: usize) -> &[Pair] {
        &self.pairs[self.offsets[i]..self.offsets[i + 1]]
    }

    /// All pairs, atom after atom.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Where the neighbours of each atom begin in [`NeighborList::pairs`]; one more entry than atoms.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// A number that no other list of this process has: what was derived from this list (local indices,
    /// spatial blocks) is valid as long as it stays the same.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// r_ij of a pair at the present positions.
    pub fn vector(cell: &Cell, positions: &[Vec3], i: usize, pair: Pair) -> Vec3 {
        positions[pair.atom as usize] - positions[i] + cell.translation(pair.shift.map(i32::from))
    }
}
