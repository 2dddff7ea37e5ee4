//! The simulation cell: three lattice vectors and a periodicity for each.

use super::{Mat3, Vec3};
use crate::error::{Error, Result};

/// A parallelepiped spanned by three lattice vectors (the rows of H), periodic along some of them.
///
/// Any shape and either handedness is accepted. Along a direction that is not periodic the vector
/// may be absent (zero, as ASE writes it for molecules); a unit vector perpendicular to the others
/// stands in for it, so that fractional coordinates exist for every cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    matrix: Mat3,
    inverse: Mat3,
    periodic: [bool; 3],
    present: [bool; 3],
}

impl Cell {
    /// A cell from lattice vectors as rows.
    ///
    /// Refuses vectors that are linearly dependent, not finite, or absent along a periodic direction.
    pub fn new(rows: [[f64; 3]; 3], periodic: [bool; 3]) -> Result<Self> {
        let matrix = Mat3::from_row_iterator(rows.into_iter().flatten());
        Self::from_matrix(matrix, periodic)
    }

    /// A cell from the matrix H whose rows are the lattice vectors.
    pub fn from_matrix(matrix: Mat3, periodic: [bool; 3]) -> Result<Self> {
        if !matrix.iter().all(|x| x.is_finite()) {
            return Err(Error::invalid("the lattice vectors are not finite numbers"));
        }
        let present = [0, 1, 2].map(|k| matrix.row(k).norm() > 1e-10);
        for k in 0..3 {
            if periodic[k] && !present[k] {
                return Err(Error::invalid(format!(
                    "lattice vector {} is zero but the cell is periodic along it",
                    ["a", "b", "c"][k]
                )));
            }
        }
        let matrix = complete(matrix, present);
        let scale: f64 = (0..3).map(|k| matrix.row(k).norm()).product();
        let inverse = matrix
            .try_inverse()
            .filter(|_| matrix.determinant().abs() > 1e-9 * scale)
            .ok_or_else(|| Error::invalid("the lattice vectors lie in one plane"))?;
        Ok(Self { matrix, inverse, periodic, present })
    }

    /// A periodic box with edges along x, y, z.
    pub fn orthorhombic(a: f64, b: f64, c: f64) -> Result<Self> {
        Self::new([[a, 0.0, 0.0], [0.0, b, 0.0], [0.0, 0.0, c]], [true; 3])
    }

    /// No lattice at all: an isolated molecule.
    pub fn isolated() -> Self {
        Self {
            matrix: Mat3::identity(),
            inverse: Mat3::identity(),
            periodic: [false; 3],
            present: [false; 3],
        }
    }

    /// A periodic cell from edge lengths (Å) and angles (degrees), a along x and b in the xy plane.
    pub fn from_lengths_angles(lengths: [f64; 3], angles: [f64; 3]) -> Result<Self> {
        // A right angle has the cosine 0 exactly, whatever π/2 rounds to.
        let cosine = |degrees: f64| if degrees == 90.0 { 0.0 } else { degrees.to_radians().cos() };
        let [ca, cb, cg] = angles.map(cosine);
        let sg = (1.0 - cg * cg).sqrt();
        let cy = (ca - cb * cg) / sg;
        let cz2 = 1.0 - cb * cb - cy * cy;
        let valid = angles.iter().all(|a| *a > 0.0 && *a < 180.0) && lengths.iter().all(|l| *l > 0.0);
        if !valid || cz2.is_nan() || cz2 <= 0.0 {
            return Err(Error::invalid(format!(
                "no cell has the edges {lengths:?} and the angles {angles:?} degrees"
            )));
        }
        let [a, b, c] = lengths;
        Self::new([[a, 0.0, 0.0], [b * cg, b * sg, 0.0], [c * cb, c * cy, c * cz2.sqrt()]], [true; 3])
    }

    /// H, the lattice vectors as rows (with unit vectors standing in for absent ones).
    pub fn matrix(&self) -> &Mat3 {
        &self.matrix
    }

    /// H⁻¹: a row of Cartesian coordinates times it gives fractional ones.
    pub fn inverse(&self) -> &Mat3 {
        &self.inverse
    }

    /// Lattice vector `k`; zero where there is none.
    pub fn vector(&self, k: usize) -> Vec3 {
        if self.present[k] { self.matrix.row(k).transpose() } else { Vec3::zeros() }
    }

    /// The lattice vectors as rows, zero where there is none: what files store.
    pub fn rows(&self) -> [[f64; 3]; 3] {
        [0, 1, 2].map(|k| self.vector(k).into())
    }

    /// Along which lattice vectors the system repeats.
    pub fn periodic(&self) -> [bool; 3] {
        self.periodic
    }

    /// Does the system repeat along all three vectors?
    pub fn is_bulk(&self) -> bool {
        self.periodic == [true; 3]
    }

    /// Which lattice vectors were given (an isolated molecule has none).
    pub fn present(&self) -> [bool; 3] {
        self.present
    }

    /// The same vectors with another periodicity.
    pub fn with_periodic(&self, periodic: [bool; 3]) -> Result<Self> {
        Self::new(self.rows(), periodic)
    }

    /// |det H| in Å³; meaningful as the volume of the system only where [`Cell::is_bulk`].
    pub fn volume(&self) -> f64 {
        self.matrix.determinant().abs()
    }

    /// Distances between opposite faces, Å: the height along k is V/|a_i × a_j|.
    pub fn heights(&self) -> [f64; 3] {
        [0, 1, 2].map(|k| 1.0 / self.inverse.column(k).norm())
    }

    /// Edge lengths in Å.
    pub fn lengths(&self) -> [f64; 3] {
        [0, 1, 2].map(|k| self.matrix.row(k).norm())
    }

    /// Angles α (b, c), β (a, c), γ (a, b) in degrees.
    pub fn angles(&self) -> [f64; 3] {
        [(1, 2), (0, 2), (0, 1)].map(|(i, j)| {
            let (u, v) = (self.matrix.row(i), self.matrix.row(j));
            (u.dot(&v) / (u.norm() * v.norm())).clamp(-1.0, 1.0).acos().to_degrees()
        })
    }

    /// Fractional coordinates s with r = s H.
    pub fn fractional(&self, r: &Vec3) -> Vec3 {
        self.inverse.tr_mul(r)
    }

    /// Cartesian coordinates of fractional ones.
    pub fn cartesian(&self, s: &Vec3) -> Vec3 {
        self.matrix.tr_mul(s)
    }

    /// The lattice translation S·H.
    pub fn translation(&self, shift: [i32; 3]) -> Vec3 {
        self.cartesian(&Vec3::new(f64::from(shift[0]), f64::from(shift[1]), f64::from(shift[2])))
    }

    /// The image of `r` with fractional coordinates in [0, 1) along periodic vectors, and the integers S
    /// for which r = wrapped + S·H.
    ///
    /// A position so far away that S has no room for it has long lost the digits that would place it in the cell;
    /// S is then as large as it can be.
    pub fn wrap(&self, r: &Vec3) -> (Vec3, [i32; 3]) {
        let s = self.fractional(r);
        let mut image = [0; 3];
        for k in 0..3 {
            if self.periodic[k] {
                image[k] = s[k].floor() as i32;
            }
        }
        if image == [0; 3] {
            return (*r, image);
        }
        let mut wrapped = r - self.translation(image);
        // Rounding can leave a coordinate at exactly 1 or just below 0: one more turn puts it inside.
        let s = self.fractional(&wrapped);
        let mut again = [0; 3];
        for k in 0..3 {
            if self.periodic[k] && s[k] >= 1.0 {
                again[k] = 1;
            }
        }
        if again != [0; 3] {
            wrapped -= self.translation(again);
            for k in 0..3 {
                image[k] = image[k].saturating_add(again[k]);
            }
        }
        (wrapped, image)
    }

    /// The shortest vector among the periodic images of `d`, exact for every cell shape.
    pub fn shortest(&self, d: &Vec3) -> Vec3 {
        let s = self.fractional(d);
        let mut base = *d;
        for k in 0..3 {
            if self.periodic[k] {
                base -= s[k].round() * self.vector(k);
            }
        }
        // The true minimum lies within |base| of the origin: search every image that can reach it.
        let heights = self.heights();
        let reach = [0, 1, 2]
            .map(|k| if self.periodic[k] { (base.norm() / heights[k] + 0.5).floor() as i32 } else { 0 });
        let mut best = base;
        for i in -reach[0]..=reach[0] {
            for j in -reach[1]..=reach[1] {
                for k in -reach[2]..=reach[2] {
                    let candidate = base + self.translation([i, j, k]);
                    if candidate.norm_squared() < best.norm_squared() {
                        best = candidate;
                    }
                }
            }
        }
        best
    }

    /// The cell after the homogeneous deformation r → r (1 + ε), ε symmetric or not.
    pub fn strained(&self, strain: &Mat3) -> Result<Self> {
        Self::from_matrix(
            Mat3::from_row_iterator(self.rows().into_iter().flatten()) * (Mat3::identity() + strain),
            self.periodic,
        )
    }
}

/// Replaces absent lattice vectors by unit vectors perpendicular to the rest.
fn complete(mut matrix: Mat3, present: [bool; 3]) -> Mat3 {
    for k in 0..3 {
        if present[k] {
            continue;
        }
        let (u, v) = (matrix.row((k + 1) % 3).transpose(), matrix.row((k + 2) % 3).transpose());
        let normal = u.cross(&v);
        let filler = if normal.norm() > 1e-12 {
            normal.normalize()
        } else {
            // At most one other vector exists so far: take the axis least aligned with it, made perpendicular.
            let known = if u.norm() > v.norm() { u } else { v };
            if known.norm() < 1e-10 {
                Vec3::ith(k, 1.0)
            } else {
                let axis = Vec3::ith(known.iamin(), 1.0);
                let direction = known.normalize();
                (axis - direction * direction.dot(&axis)).normalize()
            }
        };
        matrix.set_row(k, &filler.transpose());
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Cells of every shape and handedness that are not flat.
    fn any_cell() -> impl Strategy<Value = Cell> {
        (prop::array::uniform3(prop::array::uniform3(-10.0..10.0)), prop::array::uniform3(any::<bool>()))
            .prop_filter_map("flat cell", |(rows, periodic)| {
                let cell = Cell::new(rows, periodic).ok()?;
                (cell.heights().iter().all(|h| *h > 0.3)).then_some(cell)
            })
    }

    fn any_position() -> impl Strategy<Value = Vec3> {
        prop::array::uniform3(-100.0..100.0).prop_map(Vec3::from)
    }

    proptest! {
        #[test]
        fn wrapping_moves_by_whole_lattice_vectors_into_the_cell(cell in any_cell(), r in any_position()) {
            let (wrapped, image) = cell.wrap(&r);
            prop_assert!((wrapped + cell.translation(image) - r).norm() < 1e-10);
            let s = cell.fractional(&wrapped);
            for k in 0..3 {
                if cell.periodic()[k] {
                    prop_assert!(s[k] > -1e-10 && s[k] < 1.0 + 1e-10, "{s}");
                } else {
                    prop_assert_eq!(image[k], 0);
                }
            }
        }

        #[test]
        fn fractional_and_cartesian_are_inverse(cell in any_cell(), r in any_position()) {
            prop_assert!((cell.cartesian(&cell.fractional(&r)) - r).norm() < 1e-9);
        }

        #[test]
        fn shortest_beats_every_nearby_image(cell in any_cell(), r in any_position()) {
            let d = cell.shortest(&r);
            for i in -3..=3 { for j in -3..=3 { for k in -3..=3 {
                let mut shift = [i, j, k];
                for axis in 0..3 { if !cell.periodic()[axis] { shift[axis] = 0; } }
                prop_assert!(d.norm() <= (d + cell.translation(shift)).norm() + 1e-10);
            }}}
        }

        #[test]
        fn volume_is_height_times_base(cell in any_cell()) {
            let h = cell.heights();
            for k in 0..3 {
                let (u, v) = (cell.vector((k + 1) % 3), cell.vector((k + 2) % 3));
                prop_assert!((h[k] * u.cross(&v).norm() / cell.volume() - 1.0).abs() < 1e-8);
            }
        }
    }

    #[test]
    fn lengths_and_angles_round_trip() {
        let cell = Cell::from_lengths_angles([3.0, 4.0, 5.0], [80.0, 95.0, 120.0]).unwrap();
        for (got, expected) in cell.lengths().iter().zip([3.0, 4.0, 5.0]) {
            assert!((got - expected).abs() < 1e-12);
        }
        for (got, expected) in cell.angles().iter().zip([80.0, 95.0, 120.0]) {
            assert!((got - expected).abs() < 1e-10);
        }
        assert!(Cell::from_lengths_angles([1.0; 3], [10.0, 10.0, 90.0]).is_err());
    }

    #[test]
    fn impossible_cells_are_refused() {
        assert!(Cell::new([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 1.0]], [true; 3]).is_err());
        assert!(Cell::new([[0.0; 3]; 3], [true, false, false]).is_err());
        assert!(Cell::new([[f64::NAN; 3]; 3], [true; 3]).is_err());
    }

    #[test]
    fn absent_vectors_are_completed() {
        let wire = Cell::new([[0.0, 0.0, 5.0], [0.0; 3], [0.0; 3]], [true, false, false]).unwrap();
        assert_eq!(wire.rows()[1], [0.0; 3]);
        assert!((wire.volume() - 5.0).abs() < 1e-12);
        let (r, image) = wire.wrap(&Vec3::new(7.0, -9.0, 12.5));
        assert_eq!((r, image), (Vec3::new(7.0, -9.0, 2.5), [2, 0, 0]));
    }

    #[test]
    fn a_point_on_the_face_stays_inside() {
        let cell = Cell::orthorhombic(1.0, 1.0, 1.0).unwrap();
        let (r, image) = cell.wrap(&Vec3::new(-1e-17, 1.0, 0.5));
        assert!(r.iter().all(|x| (0.0..1.0).contains(x)), "{r} {image:?}");
    }
}
