//! Continuous paths from positions in a periodic box.
//!
//! In a box of changing size, putting images back with the box of the moment multiplies every fluctuation of the
//! box by the number of boxes crossed. The toroidal-view-preserving scheme (von Bülow, Bullerjahn and Hummer,
//! J. Chem. Phys. 153, 021101 (2020), doi:10.1063/5.0008316; Bullerjahn et al., J. Chem. Theory Comput. 19, 3406
//! (2023), doi:10.1021/acs.jctc.3c00308) adds up nearest-image displacements from frame to frame instead, and so does
//! this one. Differences are taken between fractional coordinates and turned into lengths with the cell of the
//! later frame: the homogeneous strain of the box, which moves every atom and carries no charge anywhere, is no
//! displacement then, and an atom that keeps its site in a breathing crystal stays at rest. In a constant cell both
//! schemes are the same.

use crate::error::{Error, Result};
use crate::io::Frame;
use crate::system::{Cell, Element, Vec3};
use multiversion::multiversion;

/// The largest step between frames that is certain to be no step to another image, in parts of the cell.
const LONGEST: f64 = 0.45;

/// Follows the atoms from frame to frame.
#[derive(Debug, Clone, Default)]
pub struct Unwrapper {
    species: Vec<Element>,
    periodic: [bool; 3],
    /// Fractional coordinates in the frame before.
    parts: Vec<Vec3>,
    images: Vec<[i32; 3]>,
    counted: bool,
    travelled: Vec<Vec3>,
}

impl Unwrapper {
    /// Takes the next frame and returns how far each atom is from where it was in the first, Å.
    pub fn push(&mut self, frame: &Frame) -> Result<&[Vec3]> {
        if self.species.is_empty() {
            self.species.clone_from(&frame.species);
            self.periodic = frame.cell.periodic();
            self.travelled = vec![Vec3::zeros(); frame.len()];
            self.counted = frame.images.is_some();
        } else if self.species != frame.species {
            return Err(self.other_atoms(frame));
        } else if self.periodic != frame.cell.periodic() {
            return Err(Error::invalid(format!(
                "{}: the frame is periodic in other directions than the first one",
                frame.origin
            )));
        }
        let first = self.parts.is_empty();
        let cell = &frame.cell;
        let periodic = cell.periodic();
        // Images count only if every frame has them.
        self.counted &= frame.images.is_some();
        if !first && !self.counted && frame.images.is_none() {
            let far = follow(cell, periodic, &frame.positions, &mut self.parts, &mut self.travelled);
            return match far {
                None => Ok(&self.travelled),
                Some((i, step)) if step.is_finite() => Err(too_sparse(frame, i, step)),
                Some((i, _)) => Err(not_finite(frame, i)),
            };
        }
        for (i, position) in frame.positions.iter().enumerate() {
            if !position.iter().all(|x| x.is_finite()) {
                return Err(not_finite(frame, i));
            }
            let parts = cell.fractional(position);
            let image = frame.images.as_ref().map_or([0; 3], |images| images[i]);
            if first {
                self.parts.push(parts);
                self.images.push(image);
                continue;
            }
            let mut moved = parts - self.parts[i];
            for k in (0..3).filter(|k| periodic[*k]) {
                if self.counted {
                    moved[k] += f64::from(image[k] - self.images[i][k]);
                } else {
                    moved[k] -= moved[k].round();
                    if moved[k].abs() > LONGEST {
                        return Err(too_sparse(frame, i, moved[k]));
                    }
                }
            }
            self.travelled[i] += cell.cartesian(&moved);
            self.parts[i] = parts;
            self.images[i] = image;
        }
        Ok(&self.travelled)
    }

    fn other_atoms(&self, frame: &Frame) -> Error {
        let (before, now) = (crate::system::formula(&self.species), frame.formula());
        let what = if before == now {
            "the atoms are in another order than in the first frame".to_string()
        } else {
            format!("the atoms are {now}, those of the first frame were {before}")
        };
        Error::invalid(format!(
            "{}: {what}\n   expected the same atoms in the same order in every frame",
            frame.origin
        ))
    }
}

/// Adds the nearest-image step of every atom; an atom that went too far is named, with its step in parts of the cell.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn follow(
    cell: &Cell,
    periodic: [bool; 3],
    positions: &[Vec3],
    parts: &mut [Vec3],
    travelled: &mut [Vec3],
) -> Option<(usize, f64)> {
    let (matrix, inverse) = (*cell.matrix(), *cell.inverse());
    let wrap = periodic.map(|periodic| if periodic { 1.0 } else { 0.0 });
    let longest = periodic.map(|periodic| if periodic { LONGEST } else { f64::INFINITY });
    let mut far = None;
    for (i, r) in positions.iter().enumerate() {
        let mut moved = [0.0; 3];
        let before = &mut parts[i];
        let mut near = true;
        for k in 0..3 {
            let part = r.x * inverse[(0, k)] + r.y * inverse[(1, k)] + r.z * inverse[(2, k)];
            let step = part - before[k];
            moved[k] = step - wrap[k] * step.round_ties_even();
            // False for what is no number too.
            near &= moved[k].abs() <= longest[k];
            before[k] = part;
        }
        if !near && far.is_none() {
            let step =
                moved.into_iter().fold(0.0, |a: f64, b| if b.abs() > a.abs() || b.is_nan() { b } else { a });
            far = Some((i, step));
        }
        let u = &mut travelled[i];
        for k in 0..3 {
            u[k] += moved[0] * matrix[(0, k)] + moved[1] * matrix[(1, k)] + moved[2] * matrix[(2, k)];
        }
    }
    far
}

fn not_finite(frame: &Frame, atom: usize) -> Error {
    Error::invalid(format!("{}: the position of atom {atom} is not finite", frame.origin))
}

fn too_sparse(frame: &Frame, atom: usize, step: f64) -> Error {
    Error::invalid(format!(
        "{}: atom {atom} ({}) moved by {:.2} of the cell since the frame before: near half a cell the way it took is not known\n   \
         the trajectory is stored too sparsely; store frames more often, or with image counters",
        frame.origin,
        frame.species[atom],
        step.abs()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: f64, x: f64) -> Frame {
        let li = Element::from_symbol("Li").unwrap();
        let cell = Cell::orthorhombic(length, 8.0, 8.0).unwrap();
        Frame::new(cell, vec![li], vec![Vec3::new(x, 0.0, 0.0)])
    }

    #[test]
    fn crossing_the_boundary() {
        let mut paths = Unwrapper::default();
        let mut x = 0.0;
        for k in 0..40 {
            x = f64::from(k) * 1.5;
            paths.push(&frame(8.0, x.rem_euclid(8.0))).unwrap();
        }
        assert!((paths.travelled[0].x - x).abs() < 1e-12);
    }

    /// A box that breathes with a period of four frames, 8, 9, 10, 9 Å, and an atom that moves by a quarter of it per
    /// frame: in a round it travels (8 + 9 + 10 + 9)/4 = 9 Å, however long the run is, and one that keeps its site
    /// does not travel. Images times the box of the moment would oscillate with an amplitude that grows for ever.
    #[test]
    fn an_exactly_solvable_breathing_box() {
        let lengths = [8.0, 9.0, 10.0, 9.0];
        let (mut moving, mut resting, mut exact) = (Unwrapper::default(), Unwrapper::default(), 0.0);
        for n in 0..=4000_u32 {
            let length = lengths[(n % 4) as usize];
            let travelled = moving.push(&frame(length, f64::from(n % 4) / 4.0 * length)).unwrap()[0].x;
            exact += if n == 0 { 0.0 } else { length / 4.0 };
            assert!((travelled - exact).abs() < 1e-9, "frame {n}: {travelled} {exact}");
            assert!(resting.push(&frame(length, 0.7 * length)).unwrap()[0].x.abs() < 1e-9);
        }
        assert!((exact - 9000.0).abs() < 1e-9);
    }

    #[test]
    fn a_jump_over_half_the_box_is_refused_unless_images_are_counted() {
        let mut paths = Unwrapper::default();
        paths.push(&frame(8.0, 0.0)).unwrap();
        let message = paths.push(&frame(8.0, 3.9)).unwrap_err().to_string();
        assert!(message.contains("stored too sparsely"), "{message}");

        let mut paths = Unwrapper::default();
        let counted = |x: f64, image| Frame { images: Some(vec![[image, 0, 0]]), ..frame(8.0, x) };
        paths.push(&counted(0.0, 0)).unwrap();
        assert!((paths.push(&counted(3.9, 2)).unwrap()[0].x - 19.9).abs() < 1e-12);
    }

    #[test]
    fn other_atoms_are_refused() {
        let mut paths = Unwrapper::default();
        paths.push(&frame(8.0, 0.0)).unwrap();
        let mut other = frame(8.0, 0.0);
        other.species.push(Element::from_symbol("O").unwrap());
        other.positions.push(Vec3::zeros());
        let message = paths.push(&other).unwrap_err().to_string();
        assert!(message.contains("the atoms are LiO, those of the first frame were Li"), "{message}");
    }
}
