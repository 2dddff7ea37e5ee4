//! The box, the bins and the room that a loop on a device works with.

use crate::compute::gpu::packing::Lattice;
use crate::error::{Error, Result};
use crate::system::{Cell, Vec3};

/// What stays the same until atoms leave the box or the lists need more room.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    /// The box: the cell, with directions that are not periodic as long as the atoms need.
    pub(super) lattice: Lattice,
    /// The fractional coordinates of its corner.
    pub(super) origin: Vec3,
    pub(super) periodic: [bool; 3],
    /// Bins along each direction, and how many of them to look at to each side.
    pub(super) bins: [u32; 3],
    pub(super) look: [u32; 3],
    /// How many atoms a bin, and how many neighbours a row has room for.
    pub(super) bin_room: u32,
    pub(super) row_room: u32,
}

/// How far an atom may move along a vector of the box before its list is made anew: see `geometry.wgsl`.
pub(super) const FREEDOM: f64 = 0.2;

/// Images further away than this have no place in the list: eighths of a cell stand in ten bits.
const FARTHEST: f64 = 60.0;

impl Layout {
    /// For the atoms of one replica, any of them, and lists up to `reach`, Å.
    pub(super) fn new(cell: &Cell, positions: &[Vec3], reach: f64) -> Result<Self> {
        let periodic = cell.periodic();
        let (mut rows, mut inverse) = (*cell.matrix(), *cell.inverse());
        let mut origin = Vec3::zeros();
        for k in (0..3).filter(|k| !periodic[*k]) {
            let column = cell.inverse().column(k);
            let s = positions.iter().map(|r| r.dot(&column));
            let (low, high) = s.fold((f64::MAX, f64::MIN), |(low, high), s| (low.min(s), high.max(s)));
            // Room to move by the reach and by half the extent to each side.
            let length = 2.0 * (high - low).max(0.0) + 4.0 * reach / cell.heights()[k];
            let middle = if positions.is_empty() { 0.0 } else { f64::midpoint(low, high) };
            rows.row_mut(k).scale_mut(length);
            inverse.column_mut(k).scale_mut(1.0 / length);
            origin[k] = middle / length - 0.5;
        }
        let lattice = Lattice { rows, inverse };
        let heights = [0, 1, 2].map(|k| 1.0 / inverse.column(k).norm());
        if heights.iter().any(|height| reach / height > FARTHEST) {
            return Err(Error::Device(
                "the cutoff reaches over more than 60 cells, which a device cannot number: repeat the cell"
                    .into(),
            ));
        }
        // A little higher than the reach, for rounding.
        let mut bins = heights.map(|height| ((height / (1.001 * reach)) as u32).clamp(1, 1024));
        // No more bins than are worth clearing.
        let most = 2 * positions.len() as u64 + 64;
        while bins.iter().map(|bins| u64::from(*bins)).product::<u64>() > most {
            let largest = (0..3).max_by_key(|k| bins[*k]).unwrap_or(0);
            bins[largest] = bins[largest].div_ceil(2);
        }
        let look = [0, 1, 2].map(|k| match (bins[k], periodic[k]) {
            (1, true) => (reach / heights[k]) as u32 + 1,
            (1, false) => 0,
            _ => 1,
        });
        let volume = rows.determinant().abs().max(1e-3);
        let density = positions.len() as f64 / volume;
        let in_bin = positions.len() as f64 / bins.iter().map(|b| f64::from(*b)).product::<f64>();
        let in_row = density * 4.0 / 3.0 * std::f64::consts::PI * reach.powi(3);
        Ok(Self {
            lattice,
            origin,
            periodic,
            bins,
            look,
            bin_room: (2.0 * in_bin) as u32 + 8,
            row_room: rounded((1.3 * in_row) as u32 + 8),
        })
    }

    /// Makes room for as many as were found.
    pub(super) fn grow(&mut self, in_bin: u32, in_row: u32) {
        if in_bin > 0 {
            self.bin_room = self.bin_room.max(in_bin + in_bin / 4 + 1);
        }
        if in_row > 0 {
            self.row_room = self.row_room.max(rounded(in_row + in_row / 8));
        }
    }

    /// Bins of one replica.
    pub(super) fn bin_count(&self) -> usize {
        self.bins.iter().map(|bins| *bins as usize).product()
    }

    /// A position in units of 2⁻⁶⁴ of the box.
    pub(super) fn fixed(&self, r: &Vec3) -> [u64; 3] {
        let s = self.lattice.inverse.tr_mul(r) - self.origin;
        [s.x, s.y, s.z].map(|s| ((s - s.floor()) * 2.0_f64.powi(64)) as u64)
    }

    /// The position, Å, that is so far along the box, in an image of it along directions that are not periodic.
    pub(super) fn position(&self, fixed: [u64; 3], image: [i32; 3]) -> Vec3 {
        let s = Vec3::from_fn(|k, _| {
            let turns = if self.periodic[k] { 0.0 } else { f64::from(image[k]) };
            fixed[k] as f64 * 2.0_f64.powi(-64) + turns
        });
        self.lattice.rows.tr_mul(&(s + self.origin))
    }

    /// The numbers of the box that a restart has to repeat.
    pub(super) fn save(&self) -> Vec<u32> {
        let numbers = self.lattice.rows.iter().chain(self.origin.iter());
        numbers.flat_map(|x| [x.to_bits() as u32, (x.to_bits() >> 32) as u32]).collect()
    }

    /// Is this what [`Layout::save`] gave for a box like this?
    pub(super) fn takes(&mut self, words: &[u32]) -> bool {
        let numbers: Vec<f64> = words
            .chunks_exact(2)
            .map(|pair| f64::from_bits(u64::from(pair[0]) | u64::from(pair[1]) << 32))
            .collect();
        let ([rows @ .., x, y, z], 12) = (&numbers[..], numbers.len()) else { return false };
        let rows = crate::system::Mat3::from_column_slice(rows);
        let Some(inverse) = rows.try_inverse() else { return false };
        // Periodic directions are those of the cell.
        if (0..3).any(|k| self.periodic[k] && rows.row(k) != self.lattice.rows.row(k)) {
            return false;
        }
        if self.periodic != [true; 3] {
            self.lattice = Lattice { rows, inverse };
            self.origin = Vec3::new(*x, *y, *z);
        }
        true
    }
}

/// The words that a layout takes in a checkpoint.
pub(super) const SAVED: usize = 24;

/// A row begins where a cache line may.
fn rounded(room: u32) -> u32 {
    room.next_multiple_of(16)
}
