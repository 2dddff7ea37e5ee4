//! The two atoms of a frame that are nearest to each other.

use crate::error::{Error, Result};
use crate::neighbors::{Fault, NeighborList};
use crate::system::{Cell, Vec3};

/// Two atoms and their distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Closest {
    /// The atoms, the lower index first; equal if an atom is nearest to its own image.
    pub atoms: [usize; 2],
    /// Their distance, Å.
    pub distance: f64,
}

/// Atoms further apart than this (Å) are not worth telling about.
const FAR: f64 = 20.0;

/// The nearest pair of atoms, periodic images included; `None` if no two are within 20 Å.
pub fn closest(cell: &Cell, positions: &[Vec3]) -> Result<Option<Closest>> {
    try_closest(cell, positions).map_err(|fault| Error::invalid(fault.to_string()))
}

/// [`closest`] with the reason why there is no answer.
pub(super) fn try_closest(cell: &Cell, positions: &[Vec3]) -> Result<Option<Closest>, Fault> {
    let wrapped: Vec<Vec3> = positions.iter().map(|r| cell.wrap(r).0).collect();
    // Most structures have a pair within the first reach; it is short so that few pairs are listed.
    let mut list = NeighborList::default();
    let mut reach = 2.5;
    while reach <= FAR {
        list.try_rebuild(cell, &wrapped, reach)?;
        if !list.pairs().is_empty() {
            let found = list.closest(cell, &wrapped);
            return Ok(found.map(|(atoms, distance)| Closest { atoms, distance }));
        }
        reach *= 2.0;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_pair_is_found_at_any_scale() {
        let cell = Cell::orthorhombic(30.0, 30.0, 30.0).unwrap();
        let far = [Vec3::new(1.0, 1.0, 1.0), Vec3::new(1.0, 1.0, 29.0), Vec3::new(12.0, 1.0, 1.0)];
        let found = closest(&cell, &far).unwrap().unwrap();
        assert_eq!(found.atoms, [0, 1]);
        assert!((found.distance - 2.0).abs() < 1e-12);
        let lone = closest(&cell, &far[..1]).unwrap();
        assert_eq!(lone, None);
        // A chain of one atom: nearest to its own image.
        let chain = Cell::new([[7.0, 0.0, 0.0], [0.0; 3], [0.0; 3]], [true, false, false]).unwrap();
        let found = closest(&chain, &far[..1]).unwrap().unwrap();
        assert_eq!((found.atoms, found.distance), ([0, 0], 7.0));
    }
}
