//! The atoms that may be neighbours of the atoms of one bin.
//!
//! They are the atoms of the bins around it, less those further than the cutoff from the box around the bin's
//! own atoms. All atoms of the bin share them, so they are gathered once and sorted once: rows come out sorted
//! because the candidates are. Positions are held in single precision relative to the middle of that box, in
//! separate arrays of x, y and z, so that a vector unit compares eight or sixteen at a time.
//!
//! Single precision decides only what it can: where a candidate's distance is within its rounding of the
//! cutoff, the exact test is asked, done in double precision on |(r_j − r_i) + S·H|², which has the same
//! bits when seen from j. So every pair is found from both of its ends.

use super::Pair;
use super::fault::{COINCIDENT, Fault};
use super::grid::Grid;
use multiversion::multiversion;
use std::ops::Range;

/// The candidates of one bin, in buffers that are used again for the next.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// All atoms of the bins around, run by run.
    around: Points,
    runs: Vec<Run>,
    /// The number in `around` of the first atom of the bin itself; the others follow.
    own: usize,
    /// Of each atom that is near, in the order of the list: its index, and below it its number in `around`.
    keys: Vec<u64>,
    /// The image of each of `around`.
    shifts: Vec<[i8; 3]>,
    near: Points,
    /// What the list will say of each of `near`, for wrapped atoms.
    pairs: Vec<Pair>,
    /// Sixty-four of `near` to a word: which are neighbours of the atom in hand.
    hits: Vec<u64>,
    /// Half the edges of the box around the bin's atoms, Å.
    half: [f32; 3],
    limits: Limits,
}

/// Points relative to the middle of the box, Å.
#[derive(Debug, Default)]
struct Points {
    x: Vec<f32>,
    y: Vec<f32>,
    z: Vec<f32>,
}

impl Points {
    fn at(&self, k: usize) -> [f32; 3] {
        [self.x[k], self.y[k], self.z[k]]
    }
}

/// Consecutive slots of the grid seen in one image of the cell.
#[derive(Debug)]
struct Run {
    /// The number in `around` of its first atom.
    first: usize,
    slots: Range<usize>,
    image: [i32; 3],
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

impl Candidates {
    /// Collects the atoms around a bin.
    pub(super) fn gather(&mut self, grid: &Grid<'_>, bin: usize) {
        let own = grid.slots(bin);
        let (mut low, mut high) = (grid.position(own.start), grid.position(own.start));
        for slot in own.clone() {
            let r = grid.position(slot);
            (low, high) = (low.inf(&r), high.sup(&r));
        }
        let (middle, half) = ((low + high) / 2.0, (high - low) / 2.0);
        self.half = [half.x as f32, half.y as f32, half.z as f32];
        self.limits = Limits::new(grid.cutoff, grid.cutoff + half.amax());

        self.runs.clear();
        for array in [&mut self.around.x, &mut self.around.y, &mut self.around.z] {
            array.clear();
        }
        grid.for_each_run(bin, |image, slots| {
            let offset = grid.cell.translation(image) - middle;
            let first = self.around.x.len();
            for (array, (coordinates, offset)) in [&mut self.around.x, &mut self.around.y, &mut self.around.z]
                .into_iter()
                .zip([(&grid.x, offset.x), (&grid.y, offset.y), (&grid.z, offset.z)])
            {
                array.extend(coordinates[slots.clone()].iter().map(|r| (r + offset) as f32));
            }
            if image == [0; 3] && slots.contains(&own.start) {
                self.own = first + own.start - slots.start;
            }
            self.runs.push(Run { first, slots, image });
        });
    }

    /// The number of neighbours of the `own`-th atom of the bin, which is in `slot`.
    pub(super) fn count(&self, grid: &Grid<'_>, own: usize, slot: usize) -> Result<u32, Fault> {
        let Points { x, y, z } = &self.around;
        let [inside, possible, same] = tally(x, y, z, self.around.at(self.own + own), self.limits);
        if inside == possible && same == 1 {
            // All but the atom itself.
            return Ok(inside - 1);
        }
        let mut neighbors = 0;
        for k in (0..x.len()).filter(|k| *k != self.own + own) {
            let (pair, square) = self.exact(grid, slot, k);
            if square < COINCIDENT * COINCIDENT {
                let (own, other) = (grid.atoms[slot] as usize, pair.atom as usize);
                return Err(Fault::SamePlace { atoms: [own.min(other), own.max(other)] });
            }
            neighbors += u32::from(square < grid.cutoff * grid.cutoff);
        }
        Ok(neighbors)
    }

    /// Picks the atoms that are near the bin, in the order of the list.
    pub(super) fn sort(&mut self, grid: &Grid<'_>) {
        let Points { x, y, z } = &self.around;
        // Images of one atom were met in the order of their shifts, so their number decides as the shift does.
        self.keys.resize(x.len(), 0);
        self.shifts.clear();
        let mut found = 0;
        for run in &self.runs {
            self.shifts.resize(run.first + run.slots.len(), run.image.map(|s| s as i8));
            for (k, atom) in (run.first..).zip(&grid.atoms[run.slots.clone()]) {
                // Each is written down, and overwritten by the next if it is too far away: a branch
                // would be guessed wrong as often as not.
                self.keys[found] = u64::from(*atom) << 32 | k as u64;
                let [a, b, c] =
                    [(x[k], 0), (y[k], 1), (z[k], 2)].map(|(r, k)| (r.abs() - self.half[k]).max(0.0));
                found += usize::from(a * a + b * b + c * c < self.limits.outside);
            }
        }
        self.keys.truncate(found);
        if !self.keys.is_sorted() {
            self.keys.sort_unstable();
        }
        let numbers = || self.keys.iter().map(|key| *key as u32 as usize);
        for (near, around) in [(&mut self.near.x, x), (&mut self.near.y, y), (&mut self.near.z, z)] {
            near.clear();
            near.extend(numbers().map(|k| around[k]));
            near.resize(found.next_multiple_of(64), f32::INFINITY);
        }
        self.pairs.clear();
        self.pairs.extend(
            self.keys
                .iter()
                .map(|key| Pair { atom: (key >> 32) as u32, shift: self.shifts[*key as u32 as usize] }),
        );
        self.hits.resize(found.div_ceil(64), 0);
    }

    /// Writes the neighbours of the atom in `slot`, which were counted before, to its row.
    pub(super) fn fill(&mut self, grid: &Grid<'_>, slot: usize, row: &mut [Pair]) -> Result<(), Fault> {
        let own = Pair { atom: grid.atoms[slot], shift: [0; 3] };
        let own = self.pairs.partition_point(|pair| pair.key() < own.key());
        let Points { x, y, z } = &self.near;
        mark(x, y, z, self.near.at(own), self.limits.outside, &mut self.hits);
        self.hits[own / 64] &= !(1 << (own % 64));
        let found: u32 = self.hits.iter().map(|word| word.count_ones()).sum();
        if found as usize == row.len() {
            let mut places = row.iter_mut();
            for (pairs, word) in self.pairs.chunks(64).zip(&self.hits) {
                let mut rest = *word;
                while rest != 0 {
                    if let Some(place) = places.next() {
                        *place = pairs[rest.trailing_zeros() as usize];
                    }
                    rest &= rest - 1;
                }
            }
        } else {
            // Some candidates that single precision could not exclude are outside.
            let others = self.keys.iter().enumerate().filter(|(k, _)| *k != own);
            let exact = others.map(|(_, key)| self.exact(grid, slot, *key as u32 as usize));
            let neighbors = exact.filter(|(_, square)| *square < grid.cutoff * grid.cutoff);
            for (place, (pair, _)) in row.iter_mut().zip(neighbors) {
                *place = pair;
            }
        }
        relate_to_homes(grid, slot, row)
    }

    /// The run that atom number `k` of those around belongs to.
    fn run(&self, k: usize) -> &Run {
        &self.runs[self.runs.partition_point(|run| run.first <= k) - 1]
    }

    /// What the list would say of atom number `k` of those around.
    fn pair(&self, grid: &Grid<'_>, k: usize) -> Pair {
        let run = self.run(k);
        Pair { atom: grid.atoms[run.slots.start + k - run.first], shift: run.image.map(|s| s as i8) }
    }

    /// The same, and its exact squared distance from the atom in `slot`.
    fn exact(&self, grid: &Grid<'_>, slot: usize, k: usize) -> (Pair, f64) {
        let run = self.run(k);
        let direct = grid.position(run.slots.start + k - run.first) - grid.position(slot);
        (self.pair(grid, k), (direct + grid.cell.translation(run.image)).norm_squared())
    }
}

/// Turns shifts between wrapped atoms into shifts between the atoms as they were given.
fn relate_to_homes(grid: &Grid<'_>, slot: usize, row: &mut [Pair]) -> Result<(), Fault> {
    if grid.homes.is_empty() {
        return Ok(());
    }
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
    Ok(())
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

/// Sets the bit of each point nearer to the place `at` than the root of `limit`, sixty-four points to a word.
#[multiversion(targets = "simd")]
fn mark(x: &[f32], y: &[f32], z: &[f32], at: [f32; 3], limit: f32, hits: &mut [u64]) {
    let blocks = x.chunks_exact(64).zip(y.chunks_exact(64)).zip(z.chunks_exact(64));
    for (((x, y), z), word) in blocks.zip(hits) {
        let mut halves = [0_u32; 2];
        for (half, bits) in halves.iter_mut().enumerate() {
            for k in 0..32 {
                let n = 32 * half + k;
                let (x, y, z) = (x[n] - at[0], y[n] - at[1], z[n] - at[2]);
                *bits |= u32::from(x * x + y * y + z * z < limit) << k;
            }
        }
        *word = u64::from(halves[1]) << 32 | u64::from(halves[0]);
    }
}
