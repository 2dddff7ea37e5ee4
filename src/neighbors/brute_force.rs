//! The neighbour list by its definition: every image of every atom is looked at.
//!
//! Cost grows with the square of the number of atoms. This is what the fast search is tested against, so it shares
//! nothing with it but the type of the result.

use super::{NeighborList, Pair};
use crate::error::{Error, Result};
use crate::system::{Cell, Vec3};

/// Every pair with |r_j − r_i + S·H| < cutoff, S any integers along periodic vectors and (i, 0) not its own
/// neighbour.
/// Refuses shifts of more than 127 cells, which a [`Pair`] cannot say.
pub fn neighbors(cell: &Cell, positions: &[Vec3], cutoff: f64) -> Result<NeighborList> {
    let row = |i| {
        let mut row = Vec::new();
        for j in 0..positions.len() {
            append_images(cell, positions, cutoff, i, j, &mut row)?;
        }
        Ok(row)
    };
    let rows = (0..positions.len()).map(row).collect::<Result<_>>()?;
    Ok(NeighborList::from_rows(cutoff, rows))
}

/// Appends the images of `j` near `i` in the order of their shifts.
fn append_images(
    cell: &Cell,
    positions: &[Vec3],
    cutoff: f64,
    i: usize,
    j: usize,
    row: &mut Vec<Pair>,
) -> Result<()> {
    // A plane of images S_k = const is |s_k + S_k| heights away, whatever the shape of the cell.
    let s = cell.fractional(&(positions[j] - positions[i]));
    let heights = cell.heights();
    let range = [0, 1, 2].map(|k| {
        if cell.periodic()[k] {
            let reach = cutoff / heights[k] + 1e-6;
            (-s[k] - reach).ceil() as i32..=(-s[k] + reach).floor() as i32
        } else {
            0..=0
        }
    });
    for a in range[0].clone() {
        for b in range[1].clone() {
            for c in range[2].clone() {
                let shift = [a, b, c];
                let r = positions[j] - positions[i] + cell.translation(shift);
                if r.norm_squared() < cutoff * cutoff && (i != j || shift != [0; 3]) {
                    if shift.iter().any(|s| s.abs() > 127) {
                        return Err(Error::invalid(format!(
                            "atoms {i} and {j} are neighbours over {shift:?} cells"
                        )));
                    }
                    row.push(Pair { atom: j as u32, shift: shift.map(|s| s as i8) });
                }
            }
        }
    }
    Ok(())
}
