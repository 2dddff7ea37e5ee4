//! The neighbour list: a full list in compressed sparse rows.

use super::fault::Fault;
use super::grid::Grid;
use super::{reverse, search};
use crate::error::{Error, Result};
use crate::system::{Cell, Vec3};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// One neighbour of an atom; eight bytes, since lists are as fast as the memory they fill.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// The neighbour j.
    pub atom: u32,
    /// The lattice translation S of its image: `r_ij = r_j − r_i + S·H`.
    pub shift: [i8; 3],
}

impl Pair {
    /// The pair and its order as one number: `a.key() < b.key()` exactly if `a < b`.
    pub(super) fn key(self) -> u64 {
        let [a, b, c] = self.shift.map(|s| u64::from(s as u8 ^ 0x80));
        u64::from(self.atom) << 24 | a << 16 | b << 8 | c
    }

    /// The same pair seen from the other end, of which `atom` is the neighbour.
    pub(super) fn reversed(self, atom: u32) -> Self {
        Self { atom, shift: self.shift.map(|s| -s) }
    }
}

/// Every neighbour of every atom nearer than a cutoff, at the time the list was built.
///
/// Neighbours of an atom are sorted by (atom, shift), so the list does not depend on how many threads
/// built it. An atom is its own neighbour only through a periodic image (S ≠ 0). For every pair
/// (i → j, S) the pair (j → i, −S) is in the list too, bit for bit: the decision whether a pair is within the
/// cutoff is taken on a number that is the same from both ends.
#[derive(Debug, Clone, Default)]
pub struct NeighborList {
    cutoff: f64,
    offsets: Vec<usize>,
    pairs: Vec<Pair>,
    version: u64,
    reverse: OnceLock<Vec<u32>>,
}

/// The last version given to a list of this process.
static VERSION: AtomicU64 = AtomicU64::new(0);

impl NeighborList {
    /// Lists every pair nearer than `cutoff` (Å), in time and memory proportional to atoms and pairs.
    ///
    /// Positions need not be wrapped into the cell, and the cell may have any shape, size and periodicity.
    /// Refused: positions that are not finite, two atoms at the same place, a cutoff that reaches
    /// over more than 127 cells.
    ///
    /// ```
    /// use mlmd::{Cell, NeighborList, system::Vec3};
    /// // Simple cubic, one atom: six images at one lattice constant, twelve at √2.
    /// let cell = Cell::orthorhombic(3.0, 3.0, 3.0)?;
    /// let list = NeighborList::build(&cell, &[Vec3::zeros()], 4.5)?;
    /// assert_eq!(list.neighbors(0).len(), 18);
    /// # Ok::<(), mlmd::Error>(())
    /// ```
    pub fn build(cell: &Cell, positions: &[Vec3], cutoff: f64) -> Result<Self> {
        let mut list = Self::default();
        list.rebuild(cell, positions, cutoff)?;
        Ok(list)
    }

    /// [`NeighborList::build`] in the memory of this list. After an error the list is empty.
    pub fn rebuild(&mut self, cell: &Cell, positions: &[Vec3], cutoff: f64) -> Result<()> {
        self.try_rebuild(cell, positions, cutoff).map_err(|fault| Error::invalid(fault.to_string()))
    }

    /// [`NeighborList::rebuild`] with a reason that whoever reordered the atoms can put in the user's terms.
    pub(crate) fn try_rebuild(&mut self, cell: &Cell, positions: &[Vec3], cutoff: f64) -> Result<(), Fault> {
        self.cutoff = cutoff;
        self.version = VERSION.fetch_add(1, Ordering::Relaxed) + 1;
        self.reverse.take();
        let filled = Grid::new(cell, positions, cutoff)
            .and_then(|grid| search::fill(&grid, &mut self.offsets, &mut self.pairs));
        filled.inspect_err(|_| {
            self.offsets.clear();
            self.pairs.clear();
        })
    }

    /// A list from its rows: `pairs` sorted within each atom.
    pub(super) fn from_rows(cutoff: f64, rows: Vec<Vec<Pair>>) -> Self {
        let mut offsets = vec![0];
        let mut pairs = Vec::new();
        for row in rows {
            pairs.extend(row);
            offsets.push(pairs.len());
        }
        let version = VERSION.fetch_add(1, Ordering::Relaxed) + 1;
        Self { cutoff, offsets, pairs, version, reverse: OnceLock::new() }
    }

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

    /// The two atoms nearest to each other, the lower index first, and their distance (Å), for the cell and the positions the list
    /// was made of; `None` if there is no pair. An atom may be nearest to its own image.
    pub fn closest(&self, cell: &Cell, positions: &[Vec3]) -> Option<([usize; 2], f64)> {
        let mut nearest: Option<([usize; 2], f64)> = None;
        for i in 0..self.len() {
            for pair in self.neighbors(i).iter().filter(|pair| pair.atom as usize >= i) {
                let distance = Self::vector(cell, positions, i, *pair).norm();
                if nearest.is_none_or(|(_, least)| distance < least) {
                    nearest = Some(([i, pair.atom as usize], distance));
                }
            }
        }
        nearest
    }

    /// All pairs, atom after atom.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Where the neighbours of each atom begin in [`NeighborList::pairs`]; one more entry than atoms.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// For each of [`NeighborList::pairs`], (i → j, S), the place of (j → i, −S) in it.
    ///
    /// What pair (j → i) contributes to atom i can so be gathered by i in a fixed order, without two
    /// threads ever writing to the same place. Computed when first asked for, then kept.
    pub fn reverse(&self) -> &[u32] {
        self.reverse.get_or_init(|| reverse::index(&self.offsets, &self.pairs))
    }

    /// A number that no other list of this process has: what was derived from this list (local indices,
    /// spatial blocks) is valid as long as it stays the same.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Memory held by the list, bytes.
    pub fn memory(&self) -> usize {
        self.offsets.capacity() * size_of::<usize>()
            + self.pairs.capacity() * size_of::<Pair>()
            + self.reverse.get().map_or(0, |reverse| reverse.capacity() * size_of::<u32>())
    }

    /// r_ij of a pair at the present positions.
    pub fn vector(cell: &Cell, positions: &[Vec3], i: usize, pair: Pair) -> Vec3 {
        positions[pair.atom as usize] - positions[i] + cell.translation(pair.shift.map(i32::from))
    }
}
