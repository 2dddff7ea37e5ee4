//! Where the mobile ions are: their density on a grid over the cell.

use super::motion::Moment;
use crate::system::{Cell, Element, Mat3, Vec3};
use crate::units::BOHR;
use std::fmt::Write;

/// Wanted distance of grid points, Å.
const SPACING: f64 = 0.25;
/// Grid points, about as many at most: a long cell has them where a large one has none to spare.
const MOST: f64 = 2_097_152.0;

/// Counts mobile ions on a grid of fractional coordinates, with the drift of the reference taken off.
#[derive(Debug, Clone)]
pub struct DensityMap {
    points: [usize; 3],
    /// Ions in the cell of each point, over all frames: x slowest, z fastest, as in cube files.
    counts: Vec<u32>,
    frames: usize,
    cell: Mat3,
    periodic: [bool; 3],
    /// The framework: element, fractional coordinates at the beginning, mean displacement (sum over frames, Å).
    framework: Vec<(Element, Vec3, Vec3)>,
}

impl DensityMap {
    /// A grid over the cell of the first frame; `None` if that is not periodic in three dimensions. It has the points that `like`
    /// would have, if that is a cell of about the same edges: maps of replicas whose boxes breathe add up point by point.
    pub fn new(moment: &Moment<'_>, like: Option<&Cell>) -> Option<Self> {
        let cell = &moment.frame.cell;
        if !cell.is_bulk() {
            return None;
        }
        let like = like.filter(|like| alike(like, cell)).unwrap_or(cell);
        let lengths = like.lengths();
        let spacing = (lengths.iter().product::<f64>() / MOST).cbrt().max(SPACING);
        let points = lengths.map(|length| ((length / spacing - 1e-9).ceil() as usize).max(1));
        let rest = moment.species.iter().zip(moment.members).filter(|(species, _)| !species.mobile);
        let framework = rest
            .flat_map(|(species, members)| members.iter().map(move |i| (species.element, *i)))
            .map(|(element, i)| (element, moment.place(i), Vec3::zeros()))
            .collect();
        Some(Self {
            points,
            counts: vec![0; points.iter().product()],
            frames: 0,
            cell: Mat3::zeros(),
            periodic: cell.periodic(),
            framework,
        })
    }

    /// Takes the next frame.
    pub fn push(&mut self, moment: &Moment<'_>) {
        let cell = &moment.frame.cell;
        let mut at = 0;
        for (species, members) in moment.species.iter().zip(moment.members) {
            for i in members {
                if species.mobile {
                    let s = moment.place(*i);
                    let point = self.point(&s);
                    self.counts[point] += 1;
                } else {
                    self.framework[at].2 += moment.displacements[*i];
                    at += 1;
                }
            }
        }
        self.cell += cell.matrix();
        self.frames += 1;
    }

    /// Adds a replica of the same cell; false if its grid is another.
    pub fn merge(&mut self, other: &Self) -> bool {
        if self.points != other.points || self.framework.len() != other.framework.len() {
            return false;
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
        for (own, more) in self.framework.iter_mut().zip(&other.framework) {
            own.2 += more.2;
        }
        self.cell += other.cell;
        self.frames += other.frames;
        true
    }

    fn point(&self, s: &Vec3) -> usize {
        let mut index = 0;
        for k in 0..3 {
            let n = self.points[k];
            // A grid point stands for the half spacing on either side of it.
            index = index * n + ((s[k] - s[k].floor()) * n as f64 + 0.5) as usize % n;
        }
        index
    }

    /// Grid points along each edge.
    pub fn points(&self) -> [usize; 3] {
        self.points
    }

    /// The largest distance of neighbouring grid points along an edge, Å.
    pub(super) fn spacing(&self) -> crate::Result<f64> {
        let lengths = self.cell()?.lengths();
        Ok((0..3).map(|k| lengths[k] / self.points[k] as f64).fold(0.0, f64::max))
    }

    /// The mean cell.
    pub fn cell(&self) -> crate::Result<Cell> {
        Cell::from_matrix(self.cell / self.frames.max(1) as f64, self.periodic)
    }

    /// Ions per Å³ at every point, x slowest.
    pub fn density(&self) -> Vec<f64> {
        let frames = self.frames.max(1) as f64;
        let volume = (self.cell / frames).determinant().abs() / self.counts.len() as f64;
        self.counts.iter().map(|n| f64::from(*n) / (frames * volume)).collect()
    }

    /// The map seen along an edge of the cell: density integrated along it (1/Å²), rows of the next edge by columns of
    /// the one after, and the two edges as vectors of the plane (Å).
    pub fn projection(&self, along: usize) -> Projection {
        let (x, y) = ((along + 1) % 3, (along + 2) % 3);
        let (columns, rows) = (self.points[x], self.points[y]);
        let frames = self.frames.max(1) as f64;
        let cell = self.cell / frames;
        let (a, b): (Vec3, Vec3) = (cell.row(x).transpose(), cell.row(y).transpose());
        let mut values = vec![0.0; columns * rows];
        let area = a.cross(&b).norm() / values.len() as f64;
        for (index, count) in self.counts.iter().enumerate() {
            let at = [
                index / (self.points[1] * self.points[2]),
                index / self.points[2] % self.points[1],
                index % self.points[2],
            ];
            values[at[y] * columns + at[x]] += f64::from(*count) / (frames * area);
        }
        let first = a.norm();
        let across = a.dot(&b) / first;
        let up = (b.norm_squared() - across * across).max(0.0).sqrt();
        Projection { columns, rows, values, edges: [[first, 0.0], [across, up]] }
    }

    /// The map as a Gaussian cube file, which VESTA, VMD and Ovito read: bohr for lengths, values in 1/Å³, the framework
    /// at its mean positions.
    pub fn cube(&self) -> String {
        let frames = self.frames.max(1) as f64;
        let cell = self.cell / frames;
        let mut out = format!(
            "density of the mobile ions, 1/angstrom^3, mean of {} frames\nlengths in bohr; framework at mean positions\n{:5}    0.000000    0.000000    0.000000\n",
            self.frames,
            self.framework.len()
        );
        for k in 0..3 {
            let step = cell.row(k) / (self.points[k] as f64 * BOHR);
            let _ = writeln!(out, "{:5} {:11.6} {:11.6} {:11.6}", self.points[k], step[0], step[1], step[2]);
        }
        for (element, s, moved) in &self.framework {
            let r = (cell.transpose() * s + moved / frames) / BOHR;
            let _ = writeln!(
                out,
                "{:5} {:11.6} {:11.6} {:11.6} {:11.6}",
                element.number(),
                element.number() as f64,
                r.x,
                r.y,
                r.z
            );
        }
        let density = self.density();
        for row in density.chunks(self.points[2]) {
            for six in row.chunks(6) {
                for value in six {
                    let _ = write!(out, " {value:12.5e}");
                }
                out.push('\n');
            }
        }
        out
    }
}

/// Are the edges of two cells the same within a tenth?
pub(crate) fn alike(a: &Cell, b: &Cell) -> bool {
    let (a, b) = (a.lengths(), b.lengths());
    (0..3).all(|k| (a[k] / b[k] - 1.0).abs() <= 0.1)
}

/// A density map seen along an edge of its cell.
#[derive(Debug, Clone)]
pub struct Projection {
    /// Points along the first edge.
    pub columns: usize,
    /// Points along the second edge.
    pub rows: usize,
    /// 1/Å², row by row.
    pub values: Vec<f64>,
    /// The edges in the plane, Å; the first lies along x.
    pub edges: [[f64; 2]; 2],
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{DriftReference, Motion, Settings};
    use crate::io::Frame;

    /// Replicas whose boxes differ by less than a tenth have one map between them, of as many ions as each; others do not.
    #[test]
    fn maps_of_replicas_add_up() {
        let [li, o] = ["Li", "O"].map(|s| Element::from_symbol(s).unwrap());
        let map = |edge: f64, like: Option<&Cell>| {
            let cell = Cell::orthorhombic(edge, 8.0, 8.0).unwrap();
            let places = vec![cell.cartesian(&Vec3::new(0.3, 0.3, 0.3)), Vec3::zeros()];
            let frame = Frame::new(cell, vec![li, o], places);
            let settings =
                Settings { mobile: vec![li], reference: DriftReference::Framework, interval: Some(1.0) };
            let mut motion = Motion::new(settings);
            let moment = motion.push(&frame).unwrap().unwrap();
            let mut map = DensityMap::new(&moment, like).unwrap();
            map.push(&moment);
            map
        };
        let first = Cell::orthorhombic(8.0, 8.0, 8.0).unwrap();
        let mut both = map(8.0, Some(&first));
        assert!(!both.merge(&map(8.3, None)) && both.merge(&map(8.3, Some(&first))));
        let voxel = both.cell().unwrap().volume() / 32.0_f64.powi(3);
        assert!((both.density().iter().sum::<f64>() * voxel - 1.0).abs() < 1e-12);
        assert_eq!(map(10.0, Some(&first)).points(), [40, 32, 32]);
        // A long cell has points as near to each other as a short one.
        assert_eq!(map(132.0, None).points(), [528, 32, 32]);
    }

    /// One ion that rests at a grid point of a slanted cell and an oxygen that drifts away with it: all density is at
    /// that point, its integral is one ion, and the cube file says so.
    #[test]
    fn one_ion() {
        let [li, o] = ["Li", "O"].map(|s| Element::from_symbol(s).unwrap());
        let cell = Cell::new([[4.0, 0.0, 0.0], [1.0, 3.9, 0.0], [0.0, 0.5, 2.5]], [true; 3]).unwrap();
        let settings =
            Settings { mobile: vec![li], reference: DriftReference::Framework, interval: Some(1.0) };
        let (mut motion, mut map) = (Motion::new(settings), None);
        for n in 0..10 {
            let drift = Vec3::new(0.3, 0.1, -0.2) * f64::from(n);
            let at = [cell.cartesian(&Vec3::new(0.25, 0.55, 0.9)) + drift, drift];
            let frame = Frame::new(cell.clone(), vec![li, o], at.map(|r| cell.wrap(&r).0).to_vec());
            let moment = motion.push(&frame).unwrap().unwrap();
            map.get_or_insert_with(|| DensityMap::new(&moment, None).unwrap()).push(&moment);
        }
        let map = map.unwrap();
        assert_eq!(map.points(), [16, 17, 11]);
        let density = map.density();
        let voxel = cell.volume() / (16.0 * 17.0 * 11.0);
        let full: Vec<usize> = (0..density.len()).filter(|k| density[*k] > 0.0).collect();
        assert!(full.len() == 1 && (density[full[0]] * voxel - 1.0).abs() < 1e-9, "{full:?}");
        assert!(full[0] / (17 * 11) == 4 && full[0] % 11 == 10, "{full:?}");

        let seen = map.projection(2);
        assert_eq!((seen.columns, seen.rows), (16, 17));
        let area = 4.0 * 3.9 / (16.0 * 17.0);
        assert!((seen.values.iter().sum::<f64>() * area - 1.0).abs() < 1e-9);
        assert!((seen.edges[1][0] - 1.0).abs() < 1e-9 && (seen.edges[1][1] - 3.9).abs() < 1e-9);

        let cube = map.cube();
        let lines: Vec<&str> = cube.lines().collect();
        assert!(lines[2].starts_with("    1 ") && lines[3].starts_with("   16 "), "{}", lines[3]);
        let numbers: Vec<f64> =
            lines[7..].iter().flat_map(|l| l.split_whitespace()).map(|w| w.parse().unwrap()).collect();
        assert_eq!(numbers.len(), density.len());
        // The oxygen has not moved against the framework, which is itself: it is at the origin.
        let oxygen: Vec<f64> = lines[6].split_whitespace().map(|w| w.parse().unwrap()).collect();
        assert!(oxygen[0] == 8.0 && oxygen[2..].iter().all(|x| x.abs() < 1e-5), "{oxygen:?}");
    }
}
