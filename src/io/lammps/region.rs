//! The simulation box of LAMMPS: where its corner is, and how it must lie in space.

use crate::error::{Error, Result};
use crate::io::Frame;
use crate::system::{Cell, Mat3, Vec3};

/// A box read from a file: lattice vectors and the corner from which scaled coordinates count.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Region {
    /// The cell.
    pub(super) cell: Cell,
    /// The corner (xlo, ylo, zlo), Å.
    pub(super) corner: Vec3,
}

impl Region {
    /// From limits along x, y, z and tilts xy, xz, yz: a = (lx, 0, 0), b = (xy, ly, 0),
    /// c = (xz, yz, lz).
    pub(super) fn from_limits(limits: [[f64; 2]; 3], tilts: [f64; 3], periodic: [bool; 3]) -> Result<Self> {
        let [lx, ly, lz] = limits.map(|[low, high]| high - low);
        if let Some(axis) = [lx, ly, lz].iter().position(|length| *length <= 0.0) {
            return Err(Error::invalid(format!("the box has no extent along {}", ["x", "y", "z"][axis])));
        }
        let [xy, xz, yz] = tilts;
        let cell = Cell::new([[lx, 0.0, 0.0], [xy, ly, 0.0], [xz, yz, lz]], periodic)?;
        Ok(Self { cell, corner: Vec3::from(limits.map(|[low, _]| low)) })
    }

    /// From the bounds of a dump, which enclose the tilted box
    /// (<https://docs.lammps.org/Howto_triclinic.html>).
    pub(super) fn from_bounds(bounds: [[f64; 2]; 3], tilts: [f64; 3], periodic: [bool; 3]) -> Result<Self> {
        let [xy, xz, yz] = tilts;
        let ([x_low, x_high], [y_low, y_high]) = (reach_x(xy, xz), reach_y(yz));
        let [[x0, x1], [y0, y1], z] = bounds;
        Self::from_limits([[x0 - x_low, x1 - x_high], [y0 - y_low, y1 - y_high], z], tilts, periodic)
    }

    /// The position of coordinates scaled by the box.
    pub(super) fn unscale(&self, scaled: &Vec3) -> Vec3 {
        self.corner + self.cell.cartesian(scaled)
    }
}

/// How far the tilts carry the box beyond xlo and xhi.
fn reach_x(xy: f64, xz: f64) -> [f64; 2] {
    let ends = [0.0, xy, xz, xy + xz];
    [ends.iter().copied().fold(0.0, f64::min), ends.iter().copied().fold(0.0, f64::max)]
}

/// How far the tilt carries the box beyond ylo and yhi.
fn reach_y(yz: f64) -> [f64; 2] {
    [yz.min(0.0), yz.max(0.0)]
}

/// A frame turned as LAMMPS wants it: a along x, b in the xy plane, right-handed.
///
/// A frame that already lies so is not touched. Others are rotated as a whole, which changes no
/// distance, angle or energy.
pub(super) struct Oriented {
    /// The lattice vectors, zeros above the diagonal.
    pub(super) matrix: Mat3,
    /// The corner of the box.
    pub(super) corner: Vec3,
    rotation: Option<Mat3>,
    flipped: bool,
}

/// Free space on either side of atoms along a direction without a lattice vector, Å.
const MARGIN: f64 = 5.0;

impl Oriented {
    /// The box of a frame. Along directions without a lattice vector the box is made to enclose the
    /// atoms, since LAMMPS knows no box without edges.
    pub(super) fn new(frame: &Frame) -> Self {
        let mut matrix = *frame.cell.matrix();
        let mut corner = Vec3::zeros();
        for k in 0..3 {
            if frame.cell.present()[k] {
                continue;
            }
            let along = |r: &Vec3| frame.cell.fractional(r)[k];
            let low = frame.positions.iter().map(along).fold(f64::INFINITY, f64::min).min(f64::MAX) - MARGIN;
            let high =
                frame.positions.iter().map(along).fold(f64::NEG_INFINITY, f64::max).max(f64::MIN) + MARGIN;
            let (low, high) = if frame.is_empty() { (-MARGIN, MARGIN) } else { (low, high) };
            let unit: Vec3 = matrix.row(k).transpose();
            corner += unit * low;
            matrix.set_row(k, &(unit * (high - low)).transpose());
        }
        let flipped = matrix.determinant() < 0.0;
        if flipped {
            // The box spanned by a, b, c from its corner is spanned by a, b, -c from the corner above.
            let c: Vec3 = matrix.row(2).transpose();
            corner += c;
            matrix.set_row(2, &(-c).transpose());
        }
        let lies_so = [(0, 1), (0, 2), (1, 2)].iter().all(|at| matrix[*at] == 0.0)
            && matrix[(0, 0)] > 0.0
            && matrix[(1, 1)] > 0.0;
        if lies_so {
            return Self { matrix, corner, rotation: None, flipped };
        }
        let [a, b, c]: [Vec3; 3] = [0, 1, 2].map(|k| matrix.row(k).transpose());
        let x = a.normalize();
        let y = (b - x * b.dot(&x)).normalize();
        let z = x.cross(&y);
        // Columns are the new axes: a row vector times this is the vector in the new frame.
        let rotation = Mat3::from_columns(&[x, y, z]);
        let turned = Mat3::new(
            a.norm(),
            0.0,
            0.0, //
            b.dot(&x),
            b.dot(&y),
            0.0, //
            c.dot(&x),
            c.dot(&y),
            c.dot(&z),
        );
        Self { matrix: turned, corner: rotation.tr_mul(&corner), rotation: Some(rotation), flipped }
    }

    /// A position, velocity or force in the new frame.
    pub(super) fn turn(&self, vector: &Vec3) -> Vec3 {
        self.rotation.map_or(*vector, |rotation| rotation.tr_mul(vector))
    }

    /// The image counts along the new lattice vectors.
    pub(super) fn image(&self, image: [i32; 3]) -> [i32; 3] {
        [image[0], image[1], if self.flipped { -image[2] } else { image[2] }]
    }

    /// Lower and upper limits along x, y, z.
    pub(super) fn limits(&self) -> [[f64; 2]; 3] {
        [0, 1, 2].map(|k| [self.corner[k], self.corner[k] + self.matrix[(k, k)]])
    }

    /// The tilts xy, xz, yz.
    pub(super) fn tilts(&self) -> [f64; 3] {
        [self.matrix[(1, 0)], self.matrix[(2, 0)], self.matrix[(2, 1)]]
    }

    /// The bounds that a dump gives: limits that enclose the tilted box.
    pub(super) fn bounds(&self) -> [[f64; 2]; 3] {
        let [xy, xz, yz] = self.tilts();
        let ([x_low, x_high], [y_low, y_high]) = (reach_x(xy, xz), reach_y(yz));
        let [[x0, x1], [y0, y1], z] = self.limits();
        [[x0 + x_low, x1 + x_high], [y0 + y_low, y1 + y_high], z]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Element;

    fn frame(cell: Cell, position: [f64; 3]) -> Frame {
        Frame::new(cell, vec![Element::from_number(3).unwrap()], vec![Vec3::from(position)])
    }

    #[test]
    fn bounds_enclose_the_tilted_box() {
        // The example of the LAMMPS manual: tilts move the limits outwards, and reading undoes it.
        let cell = Cell::new([[10.0, 0.0, 0.0], [-3.0, 9.0, 0.0], [2.0, -1.0, 8.0]], [true; 3]).unwrap();
        let oriented = Oriented::new(&frame(cell.clone(), [1.0, 2.0, 3.0]));
        assert!(oriented.rotation.is_none());
        assert_eq!(oriented.bounds(), [[-3.0, 12.0], [-1.0, 9.0], [0.0, 8.0]]);
        let region = Region::from_bounds(oriented.bounds(), oriented.tilts(), [true; 3]).unwrap();
        assert_eq!((region.cell, region.corner), (cell, Vec3::zeros()));
    }

    #[test]
    fn any_cell_is_turned_without_changing_distances() {
        let left_handed = Cell::new([[0.3, 4.0, 0.2], [5.0, 0.1, -1.0], [0.4, 1.0, 6.0]], [true; 3]).unwrap();
        let oriented = Oriented::new(&frame(left_handed.clone(), [1.0, 2.0, 3.0]));
        let turned = Cell::from_matrix(oriented.matrix, [true; 3]).unwrap();
        assert!((turned.volume() - left_handed.volume()).abs() < 1e-12);
        assert_eq!(
            (oriented.matrix[(0, 1)], oriented.matrix[(0, 2)], oriented.matrix[(1, 2)]),
            (0.0, 0.0, 0.0)
        );
        // A lattice translation stays one, and the same one through the image counts.
        let shift = [2, -1, 3];
        let moved = oriented.turn(&left_handed.translation(shift));
        assert!((moved - turned.translation(oriented.image(shift))).norm() < 1e-12);
        let (u, v) = (Vec3::new(1.0, 2.0, 3.0), Vec3::new(-0.5, 0.2, 0.9));
        assert!((oriented.turn(&u).dot(&oriented.turn(&v)) - u.dot(&v)).abs() < 1e-13);
        assert!((oriented.turn(&u.cross(&v)) - oriented.turn(&u).cross(&oriented.turn(&v))).norm() < 1e-13);
    }

    #[test]
    fn a_molecule_gets_a_box_around_it() {
        let oriented = Oriented::new(&frame(Cell::isolated(), [1.0, 2.0, -3.0]));
        assert_eq!(oriented.limits(), [[-4.0, 6.0], [-3.0, 7.0], [-8.0, 2.0]]);
    }
}
