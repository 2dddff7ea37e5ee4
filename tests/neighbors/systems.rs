//! Cells and atoms to try neighbour lists on.

use mlmd::Cell;
use mlmd::system::Vec3;
use proptest::prelude::*;

/// A cell, atoms in and around it, and a cutoff.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) cell: Cell,
    pub(crate) positions: Vec<Vec3>,
    pub(crate) cutoff: f64,
}

/// Cells of every shape, handedness and periodicity, from a tenth of the cutoff to ten times it; up to forty atoms
/// that need not be inside.
pub(crate) fn any_case() -> impl Strategy<Value = Case> {
    let rows = prop::array::uniform3(prop::array::uniform3(-6.0..6.0));
    let atoms = prop::collection::vec(prop::array::uniform3(-1.5..2.5), 1..40);
    (rows, prop::array::uniform3(any::<bool>()), atoms, 0.5..12.0).prop_filter_map(
        "flat cell or too many images",
        |(rows, periodic, atoms, cutoff)| {
            let cell = Cell::new(rows, periodic).ok()?;
            let heights = cell.heights();
            // What the definition has to look at, so that the test stays quick.
            let images: f64 =
                (0..3).map(|k| if periodic[k] { 2.0 * cutoff / heights[k] + 1.0 } else { 1.0 }).product();
            let positions: Vec<Vec3> = atoms.into_iter().map(|s| cell.cartesian(&Vec3::from(s))).collect();
            let work = images * (positions.len() * positions.len()) as f64;
            (heights.iter().all(|h| *h > 0.1) && work < 3e4).then_some(Case { cell, positions, cutoff })
        },
    )
}

/// `n` atoms at random in the cell, none nearer to another than `distance`, from a linear congruential generator.
pub(crate) fn scattered(cell: &Cell, n: usize, distance: f64, seed: u64) -> Vec<Vec3> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut random = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut positions: Vec<Vec3> = Vec::with_capacity(n);
    while positions.len() < n {
        let r = cell.cartesian(&Vec3::new(random(), random(), random()));
        if positions.iter().all(|other| cell.shortest(&(r - other)).norm() > distance) {
            positions.push(r);
        }
    }
    positions
}
