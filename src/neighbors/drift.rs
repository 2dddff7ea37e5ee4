//! How long a list of neighbours stays complete while atoms and cell move.

use crate::system::{Cell, Mat3, Vec3};
use rayon::prelude::*;

/// Positions and cell at the moment something was listed.
///
/// A list made with reach R serves a cutoff r_c < R as long as no pair that was beyond R can have come
/// within r_c. With the affine map A = H₀⁻¹H that carries the old cell into the present one, and d_i the
/// displacement of atom i beyond that map, a listed-out pair now has the length
/// |r_ij A + d_j − d_i| ≥ σ_min(A) R − 2 max|d|; the list is complete while this is at least r_c.
/// With a fixed cell A is the identity and this is the familiar "half the skin".
#[derive(Debug, Clone)]
pub struct Drift {
    cell: Cell,
    positions: Vec<Vec3>,
}

impl Drift {
    /// Remembers the present state.
    pub fn since(cell: &Cell, positions: &[Vec3]) -> Self {
        Self { cell: cell.clone(), positions: positions.to_vec() }
    }

    /// The cell then.
    pub fn cell(&self) -> &Cell {
        &self.cell
    }

    /// The positions then, Å.
    pub fn positions(&self) -> &[Vec3] {
        &self.positions
    }

    /// Is everything within `cutoff` now among what was within `reach` then?
    pub fn covers(&self, cutoff: f64, reach: f64, cell: &Cell, positions: &[Vec3]) -> bool {
        if positions.len() != self.positions.len() || cell.periodic() != self.cell.periodic() {
            return false;
        }
        let (limit, map) = if *cell == self.cell {
            (0.5 * (reach - cutoff), None)
        } else {
            let map: Mat3 = self.cell.inverse() * cell.matrix();
            let smallest = map.singular_values().min();
            (0.5 * (smallest * reach - cutoff), Some(map))
        };
        if limit < 0.0 {
            return false;
        }
        match map {
            None => all_within(limit, positions, &self.positions, |r, r0| r - r0),
            Some(map) => all_within(limit, positions, &self.positions, |r, r0| r - map.tr_mul(r0)),
        }
    }
}

/// Is every displacement at most `limit` long? Not if any is not a number.
fn all_within(
    limit: f64,
    now: &[Vec3],
    then: &[Vec3],
    displacement: impl Fn(&Vec3, &Vec3) -> Vec3 + Sync,
) -> bool {
    const STRETCH: usize = 8192;
    now.par_chunks(STRETCH).zip(then.par_chunks(STRETCH)).all(|(now, then)| {
        let within = |(r, r0)| displacement(r, r0).norm_squared() <= limit * limit;
        now.iter().zip(then).map(within).fold(true, |all, one| all & one)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_skin_in_a_fixed_cell() {
        let cell = Cell::orthorhombic(10.0, 10.0, 10.0).unwrap();
        let start = vec![Vec3::new(1.0, 2.0, 3.0), Vec3::new(5.0, 5.0, 5.0)];
        let drift = Drift::since(&cell, &start);
        let mut moved = start.clone();
        moved[1].x += 0.49;
        assert!(drift.covers(4.0, 5.0, &cell, &moved));
        moved[1].x += 0.02;
        assert!(!drift.covers(4.0, 5.0, &cell, &moved));
        moved[1].x = f64::NAN;
        assert!(!drift.covers(4.0, 5.0, &cell, &moved));
    }

    #[test]
    fn a_uniform_compression_uses_up_the_skin_by_its_factor_alone() {
        let cell = Cell::orthorhombic(10.0, 10.0, 10.0).unwrap();
        let start: Vec<Vec3> = (0..9).map(|i| Vec3::repeat(f64::from(i))).collect();
        let drift = Drift::since(&cell, &start);
        for (factor, complete) in [(0.81, true), (0.79, false), (1.3, true)] {
            let scaled = Cell::orthorhombic(10.0 * factor, 10.0 * factor, 10.0 * factor).unwrap();
            let positions: Vec<Vec3> = start.iter().map(|r| r * factor).collect();
            assert_eq!(drift.covers(4.0, 5.0, &scaled, &positions), complete, "{factor}");
        }
    }
}
