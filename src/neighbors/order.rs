//! Atoms in the order of a curve that fills space, so that atoms near in memory are near in space.
//!
//! The curve is Hilbert's, on a lattice so fine that a node holds an atom at most, mostly: any run of consecutive atoms is a compact
//! cluster, whose neighbours are few and in the cache. The transformation between coordinates and place on
//! the curve is J. Skilling's, AIP Conf. Proc. 707, 381 (2004), DOI 10.1063/1.1751381.

use crate::system::{Cell, Vec3};
use rayon::prelude::*;

/// A permutation of the atoms and its inverse.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    atoms: Vec<u32>,
    places: Vec<u32>,
}

/// Distance between nodes of the curve, Å.
const SPACING: f64 = 1.5;

/// Nodes along one direction, as a power of two, at most; in larger systems they are further apart.
const MOST_BITS: u32 = 20;

impl Order {
    /// The order of the wrapped images of `positions` along the curve; it depends on them alone.
    pub fn along_curve(cell: &Cell, positions: &[Vec3]) -> Self {
        let mut order = Self::default();
        order.sort(cell, positions);
        order
    }

    /// [`Order::along_curve`] in the memory of this order, and faster when little has changed since.
    pub fn sort(&mut self, cell: &Cell, positions: &[Vec3]) {
        if self.atoms.len() != positions.len() {
            self.atoms = (0..positions.len() as u32).collect();
            self.places = vec![0; positions.len()];
        }
        let lattice = Lattice::new(cell, positions);
        // Sorting what is almost sorted is quick, and ties are broken by the atom: no trace of the past is left.
        let mut keyed: Vec<(u64, u32)> = self
            .atoms
            .par_iter()
            .with_min_len(1024)
            .map(|atom| (lattice.place(&positions[*atom as usize]), *atom))
            .collect();
        if !keyed.is_sorted() {
            keyed.par_sort();
        }
        for (place, (_, atom)) in keyed.into_iter().enumerate() {
            self.atoms[place] = atom;
            self.places[atom as usize] = place as u32;
        }
    }

    /// The atom at each place.
    pub fn atoms(&self) -> &[u32] {
        &self.atoms
    }

    /// The place of each atom.
    pub fn places(&self) -> &[u32] {
        &self.places
    }

    /// Arranges what belongs to atoms by places.
    pub fn arrange<T: Copy + Send + Sync>(&self, by_atom: &[T], by_place: &mut Vec<T>) {
        permute(&self.atoms, by_atom, by_place);
    }

    /// Puts what was arranged by places back in the order of the atoms.
    pub fn restore<T: Copy + Send + Sync>(&self, by_place: &[T], by_atom: &mut Vec<T>) {
        permute(&self.places, by_place, by_atom);
    }
}

/// `to[k] = from[indices[k]]`
fn permute<T: Copy + Send + Sync>(indices: &[u32], from: &[T], to: &mut Vec<T>) {
    /// Below this a single thread is quicker than waking others.
    const SERIAL: usize = 8192;
    if indices.len() <= SERIAL {
        to.clear();
        to.extend(indices.iter().map(|k| from[*k as usize]));
    } else {
        indices.par_iter().with_min_len(SERIAL / 2).map(|k| from[*k as usize]).collect_into_vec(to);
    }
}

/// The lattice the curve runs through: nodes equally far apart along the three cell vectors.
struct Lattice<'a> {
    cell: &'a Cell,
    origin: Vec3,
    /// Nodes per unit of each fractional coordinate.
    scale: Vec3,
    /// Nodes along the longest direction, as a power of two.
    bits: u32,
}

impl<'a> Lattice<'a> {
    fn new(cell: &'a Cell, positions: &[Vec3]) -> Self {
        let (mut low, mut high) = (Vec3::zeros(), Vec3::repeat(1.0));
        for k in (0..3).filter(|k| !cell.periodic()[*k]) {
            let column = cell.inverse().column(k);
            let s = positions.iter().map(|r| r.dot(&column));
            (low[k], high[k]) = s.fold((f64::MAX, f64::MIN), |(low, high), s| (low.min(s), high.max(s)));
        }
        let lengths = Vec3::from(cell.lengths());
        let longest = (high - low).component_mul(&lengths).max().max(0.0);
        let spacing = SPACING.max(longest / f64::from((1 << MOST_BITS) - 1));
        let bits = ((longest / spacing) as u32 + 1).next_power_of_two().trailing_zeros().min(MOST_BITS);
        Self { cell, origin: low, scale: lengths / spacing, bits }
    }

    /// The place of a position along the curve.
    fn place(&self, r: &Vec3) -> u64 {
        let (wrapped, _) = self.cell.wrap(r);
        let node = (self.cell.fractional(&wrapped) - self.origin).component_mul(&self.scale);
        // Rounding may leave a coordinate just outside: the conversion makes what is below zero zero.
        let node = [node.x, node.y, node.z].map(|x| (x as u32).min((1 << self.bits) - 1));
        hilbert(node, self.bits)
    }
}

/// The place on Hilbert's curve of a node with coordinates below 2^bits.
fn hilbert(mut x: [u32; 3], bits: u32) -> u64 {
    // Undo the rotations and reflections of the sub-cubes, from the largest to the smallest.
    for bit in (1..bits).rev() {
        let (this, below) = (1 << bit, (1 << bit) - 1);
        for k in 0..3 {
            if x[k] & this != 0 {
                x[0] ^= below;
            } else {
                let exchange = (x[0] ^ x[k]) & below;
                x[0] ^= exchange;
                x[k] ^= exchange;
            }
        }
    }
    // Gray code.
    x[1] ^= x[0];
    x[2] ^= x[1];
    let mut flips = 0;
    for bit in (1..bits).rev() {
        if x[2] & (1 << bit) != 0 {
            flips ^= (1 << bit) - 1;
        }
    }
    // The place holds the bits of the three, interleaved from the highest.
    let mut place = 0;
    for bit in (0..bits).rev() {
        for coordinate in x {
            place = place << 1 | u64::from((coordinate ^ flips) >> bit & 1);
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_visits_every_node_of_a_cube_in_unit_steps() {
        let mut nodes: Vec<[u32; 3]> = (0..512).map(|n: u32| [n & 7, n >> 3 & 7, n >> 6]).collect();
        nodes.sort_by_key(|node| hilbert(*node, 3));
        for (place, node) in nodes.iter().enumerate() {
            assert_eq!(hilbert(*node, 3), place as u64);
        }
        for pair in nodes.windows(2) {
            let step: u32 = (0..3).map(|k| pair[0][k].abs_diff(pair[1][k])).sum();
            assert_eq!(step, 1, "{pair:?}");
        }
    }

    #[test]
    fn arranging_and_restoring_are_inverse_and_the_past_leaves_no_trace() {
        let cell =
            Cell::new([[9.0, 0.0, 0.0], [3.0, 8.0, 0.0], [0.0, 1.0, 7.0]], [true, true, false]).unwrap();
        let positions: Vec<Vec3> = (0..200)
            .map(|n| Vec3::new(f64::from(n * 37 % 101), f64::from(n * 53 % 89), f64::from(n % 7)) * 0.3)
            .collect();
        let fresh = Order::along_curve(&cell, &positions);
        let (mut arranged, mut restored) = (Vec::new(), Vec::new());
        fresh.arrange(&positions, &mut arranged);
        fresh.restore(&arranged, &mut restored);
        assert_eq!(restored, positions);

        let moved: Vec<Vec3> = positions.iter().map(Vec3::yzx).collect();
        let mut used = Order::along_curve(&cell, &moved);
        used.sort(&cell, &positions);
        assert_eq!(used, fresh);
    }

    #[test]
    fn consecutive_atoms_form_compact_clusters() {
        // 4096 atoms of a simple cubic lattice in the order x, y, z: runs of 64 are four rods of 16.
        let cell = Cell::orthorhombic(48.0, 48.0, 48.0).unwrap();
        let positions: Vec<Vec3> = (0..4096)
            .map(|n| Vec3::new(f64::from(n % 16), f64::from(n / 16 % 16), f64::from(n / 256)) * 3.0)
            .collect();
        let order = Order::along_curve(&cell, &positions);
        for run in order.atoms().chunks(64) {
            let at = |atom: &u32| positions[*atom as usize];
            let low = run.iter().map(at).fold(Vec3::repeat(f64::MAX), |a, b| a.inf(&b));
            let high = run.iter().map(at).fold(Vec3::zeros(), |a, b| a.sup(&b));
            assert!((high - low).amax() <= 9.0, "{low} {high}");
        }
    }

    #[test]
    fn planes_lines_and_single_atoms_have_an_order_too() {
        for positions in [vec![], vec![Vec3::zeros()], (0..9).map(|n| Vec3::x() * f64::from(9 - n)).collect()]
        {
            let order = Order::along_curve(&Cell::isolated(), &positions);
            let mut atoms = order.atoms().to_vec();
            atoms.sort_unstable();
            assert!(atoms.into_iter().eq(0..positions.len() as u32));
        }
    }
}
