//! The pairs, bin by bin.
//!
//! All atoms of a bin share their candidates: the atoms of the bins around it, less those further than the
//! cutoff from the box around the bin's own atoms. They are gathered once, sorted once, and held in
//! single precision relative to the middle of that box, in separate arrays of x, y and z, so that a vector unit
//! compares eight or sixteen at a time. The rows come out sorted because the candidates are.
//!
//! Single precision decides only what it can: a candidate whose distance is within its rounding of the
//! cutoff sends the atom to the exact test, done in double precision on |(r_j − r_i) + S·H|², which has
//! the same bits when seen from j. So every pair is found from both of its ends.
//!
//! The search runs twice: it counts, then it fills rows whose places are known by then. Nothing but the list
//! itself is stored, and threads write to rows of their own.

use super::Pair;
use super::fault::{COINCIDENT, Fault};
use super::grid::Grid;
use crate::system::Vec3;
use multiversion::multiversion;
use rayon::prelude::*;
use std::ops::Range;

/// Atoms in one parallel task, roughly.
const TASK: usize = 512;

/// Fills `offsets` and `pairs` with all pairs of the grid's atoms.
pub(super) fn fill(grid: &Grid<'_>, offsets: &mut Vec<usize>, pairs: &mut Vec<Pair>) -> Result<(), Fault> {
    if grid.cutoff <= COINCIDENT {
        // Nothing can be that near.
        pairs.clear();
        offsets.clear();
        offsets.resize(grid.atoms.len() + 1, 0);
        return Ok(());
    }
    let tasks = tasks(grid);
    let counted: Vec<Result<Vec<u32>, Fault>> = tasks
        .par_iter()
        .map_init(Block::default, |block, bins| {
            let mut counts = Vec::with_capacity(2 * TASK);
            for bin in bins.clone() {
                block.gather(grid, bin);
                for slot in grid.slots(bin) {
                    counts.push(block.count(grid, slot)?);
                }
            }
            Ok(counts)
        })
        .collect();

    offsets.clear();
    offsets.resize(grid.atoms.len() + 1, 0);
    let mut atoms = grid.atoms.iter();
    for counts in counted {
        // The first fault in the order of the bins, whichever thread met one first.
        for (count, atom) in counts?.into_iter().zip(&mut atoms) {
            offsets[*atom as usize + 1] = count as usize;
        }
    }
    for atom in 0..grid.atoms.len() {
        offsets[atom + 1] += offsets[atom];
    }
    let total = offsets[grid.atoms.len()];
    if total > u32::MAX as usize {
        return Err(Fault::TooMany { what: "pairs" });
    }
    pairs.try_reserve_exact(total.saturating_sub(pairs.len())).map_err(|_| Fault::Memory { pairs: total })?;
    pairs.resize(total, Pair::default());

    let filled: Vec<Result<(), Fault>> = rows(grid, offsets, pairs, &tasks)
        .into_par_iter()
        .map_init(Block::default, |block, (bins, rows)| {
            let mut rows = rows.into_iter();
            for bin in bins {
                block.gather(grid, bin);
                for (slot, row) in grid.slots(bin).zip(&mut rows) {
                    block.fill(grid, slot, row)?;
                }
            }
            Ok(())
        })
        .collect();
    filled.into_iter().collect()
}

/// Occupied bins in groups of about [`TASK`] atoms: the same groups for any number of threads.
fn tasks(grid: &Grid<'_>) -> Vec<Range<usize>> {
    let mut tasks = Vec::with_capacity(grid.atoms.len() / TASK + 1);
    let (mut first, mut atoms) = (0, 0);
    for bin in 0..grid.occupied() {
        atoms += grid.slots(bin).len();
        if atoms >= TASK || bin + 1 == grid.occupied() {
            tasks.push(first..bin + 1);
            (first, atoms) = (bin + 1, 0);
        }
    }
    tasks
}

/// A task and the rows of its atoms, slot after slot.
type Rows<'a> = (Range<usize>, Vec<&'a mut [Pair]>);

/// Hands each task the rows of its atoms, slot after slot.
fn rows<'p>(
    grid: &Grid<'_>,
    offsets: &[usize],
    pairs: &'p mut [Pair],
    tasks: &[Range<usize>],
) -> Vec<Rows<'p>> {
    let mut rest = pairs;
    let mut by_atom: Vec<&mut [Pair]> = offsets
        .windows(2)
        .map(|ends| {
            let (row, tail) = std::mem::take(&mut rest).split_at_mut(ends[1] - ends[0]);
            rest = tail;
            row
        })
        .collect();
    let mut take = |slot: usize| std::mem::take(&mut by_atom[grid.atoms[slot] as usize]);
    tasks
        .iter()
        .map(|bins| {
            let slots = grid.slots(bins.start).start..grid.slots(bins.end - 1).end;
            (bins.clone(), slots.map(&mut take).collect())
        })
        .collect()
}

/// An atom that may be a neighbour of some atom of a bin.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    /// What the list will say of it, for wrapped atoms.
    pair: Pair,
    /// Its place in the grid.
    slot: u32,
    /// Position relative to the middle of the block, Å.
    at: [f32; 3],
}

/// The candidates of one bin, in buffers that are used again for the next.
#[derive(Debug, Default)]
struct Block {
    candidates: Vec<Candidate>,
    pairs: Vec<Pair>,
    x: Vec<f32>,
    y: Vec<f32>,
    z: Vec<f32>,
    squares: Vec<f32>,
    row: Vec<Pair>,
    limits: Limits,
}

/// What single precision can tell of a squared distance, Å².
#[derive(Debug, Clone, Copy, Default)]
struct Limits {
    /// Below this it is within the cutoff for certain.
    inside: f32,
    /// From here on it is outside for certain.
    outside: f32,
    /// From here on the two atoms are not at the same place.
    apart: f32,
}

impl Limits {
    /// For coordinates of magnitude up to `size` that were rounded to single precision.
    ///
    /// Each coordinate is off by size·2⁻²⁴ at most, a difference of two by twice that, so |r|² near the cutoff R by
    /// 2·R·√3·(2 size·2⁻²⁴) and a few roundings of R² itself, altogether less than 16·R·size·2⁻²⁴ as
    /// size > R.
    fn new(cutoff: f64, size: f64) -> Self {
        const ROUNDING: f64 = 1.0 / (1 << 24) as f64;
        let doubt = 16.0 * cutoff * size * ROUNDING;
        let apart = 1e-3 + 16.0 * size * ROUNDING;
        Self {
            inside: (cutoff * cutoff - doubt) as f32,
            outside: (cutoff * cutoff + doubt) as f32,
            apart: (apart * apart) as f32,
        }
    }
}

impl Block {
    /// Collects the candidates of a bin.
    fn gather(&mut self, grid: &Grid<'_>, bin: usize) {
        let own = &grid.positions[grid.slots(bin)];
        let (mut low, mut high) = (own[0], own[0]);
        for r in own {
            low = low.inf(r);
            high = high.sup(r);
        }
        let (middle, half) = ((low + high) / 2.0, (high - low) / 2.0);
        // Wide enough that no rounding excludes a neighbour.
        let reach = grid.cutoff * (1.0 + 1e-6) + 1e-14 * (low.amax() + high.amax());
        self.limits = Limits::new(grid.cutoff, grid.cutoff + half.amax());

        self.candidates.clear();
        grid.for_each_run(bin, |image, slots| {
            let offset = grid.cell.translation(image) - middle;
            let shift = image.map(|s| s as i8);
            for slot in slots {
                let at = grid.positions[slot] + offset;
                let gap = (at.abs() - half).sup(&Vec3::zeros());
                if gap.norm_squared() < reach * reach {
                    self.candidates.push(Candidate {
                        pair: Pair { atom: grid.atoms[slot], shift },
                        slot: slot as u32,
                        at: [at.x as f32, at.y as f32, at.z as f32],
                    });
                }
            }
        });
        if !self.candidates.is_sorted_by_key(|c| c.pair.key()) {
            self.candidates.sort_unstable_by_key(|c| c.pair.key());
        }
        self.pairs.clear();
        self.pairs.extend(self.candidates.iter().map(|c| c.pair));
        for (k, array) in [&mut self.x, &mut self.y, &mut self.z].into_iter().enumerate() {
            array.clear();
            array.extend(self.candidates.iter().map(|c| c.at[k]));
        }
        self.squares.resize(self.pairs.len(), 0.0);
        self.row.resize(self.pairs.len(), Pair::default());
    }

    /// The place of the atom in `slot` among its own candidates.
    fn find(&self, grid: &Grid<'_>, slot: usize) -> usize {
        let me = Pair { atom: grid.atoms[slot], shift: [0; 3] }.key();
        self.pairs.partition_point(|pair| pair.key() < me)
    }

    /// The number of neighbours of the atom in `slot`.
    fn count(&self, grid: &Grid<'_>, slot: usize) -> Result<u32, Fault> {
        let me = self.find(grid, slot);
        let at = [self.x[me], self.y[me], self.z[me]];
        let [inside, possible, same] = tally(&self.x, &self.y, &self.z, at, self.limits);
        if inside == possible && same == 1 {
            // All but the atom itself.
            return Ok(inside - 1);
        }
        let mut neighbors = 0;
        for (pair, square) in self.exact(grid, slot, me) {
            if square < COINCIDENT * COINCIDENT {
                let (own, other) = (grid.atoms[slot] as usize, pair.atom as usize);
                return Err(Fault::SamePlace { atoms: [own.min(other), own.max(other)] });
            }
            neighbors += 1;
        }
        Ok(neighbors)
    }

    /// Writes the neighbours of the atom in `slot`, which were counted before.
    fn fill(&mut self, grid: &Grid<'_>, slot: usize, row: &mut [Pair]) -> Result<(), Fault> {
        let me = self.find(grid, slot);
        let at = [self.x[me], self.y[me], self.z[me]];
        squares(&self.x, &self.y, &self.z, at, &mut self.squares);
        self.squares[me] = f32::INFINITY;
        let mut found = 0;
        for (pair, square) in self.pairs.iter().zip(&self.squares) {
            self.row[found] = *pair;
            found += usize::from(*square < self.limits.outside);
        }
        if found == row.len() {
            row.copy_from_slice(&self.row[..found]);
        } else {
            // Some candidates that single precision could not exclude are outside.
            for (place, (pair, _)) in row.iter_mut().zip(self.exact(grid, slot, me)) {
                *place = pair;
            }
        }
        if !grid.homes.is_empty() {
            // Shifts between the atoms as they were given, not as they were wrapped.
            let own = grid.homes[grid.atoms[slot] as usize];
            for pair in row {
                let other = grid.homes[pair.atom as usize];
                for k in 0..3 {
                    let shift = i32::from(pair.shift[k]) + own[k] - other[k];
                    if shift.abs() > 127 {
                        return Err(Fault::TooFar { cells: f64::from(shift.abs()) });
                    }
                    pair.shift[k] = shift as i8;
                }
            }
        }
        Ok(())
    }

    /// The neighbours of the atom in `slot` (candidate number `me`) by the exact test, and their squared distances.
    fn exact<'b>(
        &'b self,
        grid: &'b Grid<'_>,
        slot: usize,
        me: usize,
    ) -> impl Iterator<Item = (Pair, f64)> + 'b {
        let own = grid.positions[slot];
        self.candidates.iter().enumerate().filter_map(move |(other, candidate)| {
            let direct = grid.positions[candidate.slot as usize] - own;
            let r = direct + grid.cell.translation(candidate.pair.shift.map(i32::from));
            let square = r.norm_squared();
            (other != me && square < grid.cutoff * grid.cutoff).then_some((candidate.pair, square))
        })
    }
}

/// How many of the points are certainly inside, possibly inside, and possibly at the place `at` itself.
#[multiversion(targets = "simd")]
fn tally(x: &[f32], y: &[f32], z: &[f32], at: [f32; 3], limits: Limits) -> [u32; 3] {
    let (mut inside, mut possible, mut same) = (0, 0, 0);
    for ((x, y), z) in x.iter().zip(y).zip(z) {
        let (x, y, z) = (x - at[0], y - at[1], z - at[2]);
        let square = x * x + y * y + z * z;
        inside += u32::from(square < limits.inside);
        possible += u32::from(square < limits.outside);
        same += u32::from(square < limits.apart);
    }
    [inside, possible, same]
}

/// Squared distances of the points from the place `at`.
#[multiversion(targets = "simd")]
fn squares(x: &[f32], y: &[f32], z: &[f32], at: [f32; 3], squares: &mut [f32]) {
    for (((x, y), z), square) in x.iter().zip(y).zip(z).zip(squares) {
        let (x, y, z) = (x - at[0], y - at[1], z - at[2]);
        *square = x * x + y * y + z * z;
    }
}
