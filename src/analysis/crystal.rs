//! Where a crystal is: its framework moves against the cell while a run settles, and sites and densities are places in it.

use crate::error::{Error, Result};
use crate::io::Frame;
use crate::system::{Element, Vec3};
use std::f64::consts::TAU;

/// The framework of a frame, from which places are counted.
#[derive(Debug, Clone)]
pub struct Crystal {
    /// The atoms that are not mobile, with their fractional coordinates.
    framework: Vec<(Element, Vec3)>,
    /// What the frame is called.
    name: String,
}

/// Atoms that are offset by the same vector have their differences on one point of a circle; of those that only rattle the
/// mean is at this distance from its centre or further, of others near zero.
const TOGETHER: f64 = 0.7;

impl Crystal {
    /// Where the atoms of a frame are that are not mobile.
    pub fn of(frame: &Frame, mobile: &[Element]) -> Self {
        Self { framework: framework(frame, mobile), name: frame.origin.to_string() }
    }

    /// Is there anything that is not mobile?
    pub fn has_framework(&self) -> bool {
        !self.framework.is_empty()
    }

    /// How far the framework of a frame is from here, in fractions of its cell: the circular mean over atoms, which knows of no
    /// cell borders. None where there is no framework.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is another framework, or its atoms come in another order.
    pub fn offset(&self, frame: &Frame, mobile: &[Element]) -> Result<Vec3> {
        let own = framework(frame, mobile);
        if own.is_empty() || self.framework.is_empty() {
            return Ok(Vec3::zeros());
        }
        let other = || {
            Error::invalid(format!(
                "{}: the atoms that are not mobile are not those of {} in the same order, so places in the two cannot be compared\n   \
                 expected the framework of the trajectory, or a file with the sites alone",
                frame.origin, self.name
            ))
        };
        let same =
            own.len() == self.framework.len() && own.iter().zip(&self.framework).all(|(a, b)| a.0 == b.0);
        if !same {
            return Err(other());
        }
        let mut offset = Vec3::zeros();
        for k in 0..3 {
            let angles = own.iter().zip(&self.framework).map(|(a, b)| TAU * (a.1[k] - b.1[k]));
            let (sines, cosines) =
                angles.fold((0.0, 0.0), |(s, c), angle| (s + angle.sin(), c + angle.cos()));
            if f64::hypot(sines, cosines) < TOGETHER * own.len() as f64 {
                return Err(other());
            }
            offset[k] = sines.atan2(cosines) / TAU;
        }
        Ok(offset)
    }
}

fn framework(frame: &Frame, mobile: &[Element]) -> Vec<(Element, Vec3)> {
    let atoms = frame.species.iter().zip(&frame.positions).filter(|(element, _)| !mobile.contains(element));
    atoms.map(|(element, r)| (*element, frame.cell.fractional(r))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Cell;

    #[test]
    fn an_offset_is_found_across_the_border() {
        let [li, o, n] = ["Li", "O", "N"].map(|symbol| Element::from_symbol(symbol).unwrap());
        let cell = Cell::new([[6.0, 0.0, 0.0], [-2.0, 6.0, 0.0], [0.0, 0.0, 9.0]], [true; 3]).unwrap();
        let places = [[0.0, 0.0, 0.0], [0.5, 0.1, 0.9], [0.3, 0.6, 0.4], [0.2, 0.2, 0.2]].map(Vec3::from);
        let frame = |species: &[Element], shift: Vec3, rattle: f64| {
            let wrapped = places.iter().enumerate().map(|(i, s)| {
                let rattled = s + shift + Vec3::repeat(if i % 2 == 0 { rattle } else { -rattle });
                cell.cartesian(&rattled.map(|x| x.rem_euclid(1.0)))
            });
            Frame::new(cell.clone(), species.to_vec(), wrapped.collect())
        };
        let species = [o, n, o, n, li];
        let start = Crystal::of(&frame(&species[..4], Vec3::zeros(), 0.0), &[li]);
        let shift = Vec3::new(0.2, -0.15, 0.45);
        let found = start.offset(&frame(&species[..4], shift, 0.02), &[li]).unwrap();
        assert!((found - shift).norm() < 1e-12, "{found}");
        // Other elements, another order, and no framework at all.
        assert!(start.offset(&frame(&[o, o, o, n], shift, 0.0), &[li]).is_err());
        let mut mixed = frame(&species[..4], Vec3::zeros(), 0.0);
        mixed.positions.swap(0, 2);
        assert!(start.offset(&mixed, &[li]).is_err());
        assert_eq!(start.offset(&frame(&[li; 4], shift, 0.0), &[li]).unwrap(), Vec3::zeros());
    }
}
