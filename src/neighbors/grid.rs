//! Atoms sorted into bins of about the cutoff.
//!
//! Bins divide the cell (along open directions: the stretch that holds atoms) into slabs parallel to its
//! faces. Memory is bounded by the atoms, not by the volume: where most of the bins
//! would be empty, only those that hold atoms are kept, and found by bisection.

use super::fault::Fault;
use crate::system::{Cell, Vec3};
use rayon::prelude::*;
use std::ops::Range;

/// Wrapped atoms in the order of their bins. An atom's place in that order is called its slot.
#[derive(Debug)]
pub(super) struct Grid<'a> {
    pub(super) cell: &'a Cell,
    pub(super) cutoff: f64,
    /// Wrapped position of each slot, Å.
    pub(super) x: Vec<f64>,
    pub(super) y: Vec<f64>,
    pub(super) z: Vec<f64>,
    /// The atom in each slot; ascending within a bin.
    pub(super) atoms: Vec<u32>,
    /// Whole cells that were taken off each atom to wrap it; empty if none was from any.
    pub(super) homes: Vec<[i32; 3]>,
    /// The keys of the bins that hold atoms, ascending.
    bins: Vec<u64>,
    /// The first slot of each of `bins`, and the number of slots.
    starts: Vec<u32>,
    /// The first slot of every bin, empty ones too, if they are not many more than atoms.
    table: Option<Vec<u32>>,
    axes: [Axis; 3],
}

/// How one lattice direction is divided.
#[derive(Debug, Clone, Copy)]
struct Axis {
    bins: u64,
    /// Fractional coordinate at which the first bin begins, and bins per unit of it.
    origin: f64,
    scale: f64,
    periodic: bool,
    /// Bins this many apart or fewer can hold neighbours.
    reach: i64,
}

/// Bins along one direction: keys stay below 2⁶³.
const MOST_BINS: f64 = (1 << 20) as f64;

/// Positions more cells away than this have lost the digits that would place them in the cell.
const FURTHEST: u32 = 1 << 28;

/// Relative widening of bins and reaches that covers the rounding of coordinates.
const SLACK: f64 = 1e-6;

impl Axis {
    fn new(extent: Range<f64>, height: f64, periodic: bool, cutoff: f64) -> Self {
        let stretch = extent.end - extent.start;
        let bins = (stretch * height / (cutoff * (1.0 + 2.0 * SLACK))).floor().clamp(1.0, MOST_BINS);
        // NaN (0/0: one plane of atoms and no cutoff) becomes one bin as well.
        let bins = if bins.is_nan() { 1.0 } else { bins };
        let thickness = stretch * height / bins;
        let reach = if periodic || bins > 1.0 { (cutoff / thickness * (1.0 + SLACK)).ceil() } else { 0.0 };
        Self {
            bins: bins as u64,
            origin: extent.start,
            scale: if stretch > 0.0 { bins / stretch } else { 0.0 },
            periodic,
            reach: reach as i64,
        }
    }

    fn bin(&self, s: f64) -> u64 {
        // A coordinate below the origin by rounding saturates to the first bin.
        (((s - self.origin) * self.scale) as u64).min(self.bins - 1)
    }

    /// The stretches of bins within reach of bin `b`, each with the image S of the cell it lies in.
    fn neighborhood(&self, b: u64) -> impl Iterator<Item = (i32, Range<u64>)> + use<> {
        let (bins, low, high) = (self.bins as i64, b as i64 - self.reach, b as i64 + self.reach);
        let images = if self.periodic { low.div_euclid(bins)..=high.div_euclid(bins) } else { 0..=0 };
        images.map(move |image| {
            let first = (low - image * bins).max(0);
            let last = (high - image * bins).min(bins - 1);
            (image as i32, first as u64..last as u64 + 1)
        })
    }
}

impl<'a> Grid<'a> {
    pub(super) fn new(cell: &'a Cell, positions: &[Vec3], cutoff: f64) -> Result<Self, Fault> {
        if !(cutoff >= 0.0 && cutoff.is_finite()) {
            return Err(Fault::Cutoff { cutoff });
        }
        if positions.len() >= u32::MAX as usize {
            return Err(Fault::TooMany { what: "atoms" });
        }
        if let Some(atom) = positions.iter().position(|r| !r.iter().all(|x| x.is_finite())) {
            return Err(Fault::NotFinite { atom });
        }
        let (mut wrapped, mut homes) = (Vec::new(), Vec::new());
        positions
            .par_iter()
            .with_min_len(1024)
            .map(|r| cell.wrap(r))
            .unzip_into_vecs(&mut wrapped, &mut homes);
        let furthest = homes.par_iter().with_min_len(1024).flatten_iter().map(|s| s.unsigned_abs()).max();
        match furthest {
            None | Some(0) => homes = Vec::new(),
            Some(cells) if cells > FURTHEST => return Err(Fault::TooFar { cells: f64::from(cells) }),
            Some(_) => {}
        }

        let extents = extents(cell, &wrapped);
        let heights = cell.heights();
        let axes = [0, 1, 2].map(|k| Axis::new(extents[k].clone(), heights[k], cell.periodic()[k], cutoff));
        for axis in axes.iter().filter(|axis| axis.periodic) {
            // The image of the furthest bin in reach: what a shift has to say, at most.
            let cells = (axis.reach as f64 / axis.bins as f64).ceil();
            if cells > 127.0 {
                return Err(Fault::TooFar { cells });
            }
        }
        let mut grid = Self {
            cell,
            cutoff,
            x: Vec::new(),
            y: Vec::new(),
            z: Vec::new(),
            atoms: Vec::new(),
            homes,
            bins: Vec::new(),
            starts: Vec::new(),
            table: None,
            axes,
        };
        let keys: Vec<u64> = wrapped.par_iter().with_min_len(1024).map(|r| grid.key_at(r)).collect();
        grid.sort(&keys);
        for (k, column) in [&mut grid.x, &mut grid.y, &mut grid.z].into_iter().enumerate() {
            let coordinates = grid.atoms.par_iter().with_min_len(1024).map(|atom| wrapped[*atom as usize][k]);
            coordinates.collect_into_vec(column);
        }
        Ok(grid)
    }

    /// The key of the bin that holds the wrapped position `r`.
    fn key_at(&self, r: &Vec3) -> u64 {
        let s = self.cell.fractional(r);
        self.key([0, 1, 2].map(|k| self.axes[k].bin(s[k])))
    }

    /// The key of the bin with these numbers along the three axes.
    fn key(&self, [a, b, c]: [u64; 3]) -> u64 {
        (a * self.axes[1].bins + b) * self.axes[2].bins + c
    }

    /// The numbers along the three axes of the bin with this key.
    fn unkey(&self, key: u64) -> [u64; 3] {
        let (rest, c) = (key / self.axes[2].bins, key % self.axes[2].bins);
        [rest / self.axes[1].bins, rest % self.axes[1].bins, c]
    }

    /// Puts atoms into slots: by counting, or by comparison where bins are many more than atoms.
    fn sort(&mut self, keys: &[u64]) {
        let bins: f64 = self.axes.iter().map(|axis| axis.bins as f64).product();
        if bins <= 4.0 * keys.len() as f64 + 1000.0 {
            let bins = bins as usize;
            let mut table = vec![0_u32; bins + 1];
            for key in keys {
                table[*key as usize + 1] += 1;
            }
            for bin in 0..bins {
                if table[bin + 1] > 0 {
                    self.bins.push(bin as u64);
                    self.starts.push(table[bin]);
                }
                table[bin + 1] += table[bin];
            }
            let mut next = table.clone();
            self.atoms = vec![0; keys.len()];
            for (atom, key) in keys.iter().enumerate() {
                let slot = &mut next[*key as usize];
                self.atoms[*slot as usize] = atom as u32;
                *slot += 1;
            }
            self.table = Some(table);
        } else {
            self.atoms = (0..keys.len() as u32).collect();
            self.atoms.par_sort_unstable_by_key(|atom| (keys[*atom as usize], *atom));
            for (slot, atom) in self.atoms.iter().enumerate() {
                let key = keys[*atom as usize];
                if self.bins.last() != Some(&key) {
                    self.bins.push(key);
                    self.starts.push(slot as u32);
                }
            }
        }
        self.starts.push(keys.len() as u32);
    }

    /// Wrapped position of a slot, Å.
    pub(super) fn position(&self, slot: usize) -> Vec3 {
        Vec3::new(self.x[slot], self.y[slot], self.z[slot])
    }

    /// Number of bins that hold atoms.
    pub(super) fn occupied(&self) -> usize {
        self.bins.len()
    }

    /// The slots of the occupied bin number `bin`.
    pub(super) fn slots(&self, bin: usize) -> Range<usize> {
        self.starts[bin] as usize..self.starts[bin + 1] as usize
    }

    /// Calls `visit` with every run of slots that may hold neighbours of the atoms in occupied bin number `bin`,
    /// and with the image S of the cell in which they are to be seen. Images of the same atom come in the order
    /// of their shifts.
    pub(super) fn for_each_run(&self, bin: usize, mut visit: impl FnMut([i32; 3], Range<usize>)) {
        let center = self.unkey(self.bins[bin]);
        for (s0, range) in self.axes[0].neighborhood(center[0]) {
            for a in range {
                for (s1, range) in self.axes[1].neighborhood(center[1]) {
                    for b in range {
                        for (s2, range) in self.axes[2].neighborhood(center[2]) {
                            let first = self.key([a, b, range.start]);
                            let end = first + (range.end - range.start);
                            let slots = self.first_slot(first)..self.first_slot(end);
                            if !slots.is_empty() {
                                visit([s0, s1, s2], slots);
                            }
                        }
                    }
                }
            }
        }
    }

    /// The first slot of the first atom in the bin `key` or a later one.
    fn first_slot(&self, key: u64) -> usize {
        match &self.table {
            Some(table) => table[key as usize] as usize,
            None => self.starts[self.bins.partition_point(|bin| *bin < key)] as usize,
        }
    }
}

/// The fractional coordinates between which atoms can be: the whole cell where it is periodic.
fn extents(cell: &Cell, wrapped: &[Vec3]) -> [Range<f64>; 3] {
    [0, 1, 2].map(|k| {
        if cell.periodic()[k] {
            return 0.0..1.0;
        }
        let column = cell.inverse().column(k);
        let (low, high) = wrapped
            .par_iter()
            .with_min_len(1024)
            .map(|r| r.dot(&column))
            .fold(|| (f64::MAX, f64::MIN), |(low, high), s| (low.min(s), high.max(s)))
            .reduce(|| (f64::MAX, f64::MIN), |a, b| (a.0.min(b.0), a.1.max(b.1)));
        if low <= high { low..high } else { 0.0..0.0 }
    })
}
