//! Atoms and neighbours as kernels want them: fixed-point positions, rows by species, pairs with their images.

use crate::error::{Error, Result};
use crate::neighbors::NeighborList;
use crate::potential::Atoms;
use crate::system::{Cell, Mat3, Vec3};
use rayon::prelude::*;

/// The box whose fractional coordinates are stored: the cell, with directions that are not periodic stretched so
/// that no two neighbours are half a box apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lattice {
    /// Its vectors as rows, Å.
    pub(super) rows: Mat3,
    pub(super) inverse: Mat3,
}

/// Of a box that is not periodic, how many times the reach of the list it is high.
const STRETCH: f64 = 4.0;

/// 2³², the parts a box is divided into along each vector.
const PARTS: f64 = 4_294_967_296.0;

impl Lattice {
    /// The box for neighbours up to `reach`, Å.
    pub(super) fn new(cell: &Cell, reach: f64) -> Self {
        let (mut rows, heights) = (*cell.matrix(), cell.heights());
        let mut inverse = *cell.inverse();
        for k in 0..3 {
            if !cell.periodic()[k] {
                let factor = STRETCH * reach / heights[k];
                rows.row_mut(k).scale_mut(factor);
                inverse.column_mut(k).scale_mut(1.0 / factor);
            }
        }
        Self { rows, inverse }
    }

    /// Fractional coordinates.
    fn fractional(&self, r: &Vec3) -> Vec3 {
        self.inverse.tr_mul(r)
    }

    /// Four words for an atom: fixed-point coordinates and species.
    pub(super) fn words(&self, r: &Vec3, species: u16) -> [u32; 4] {
        let s = self.fractional(r);
        // The wrap from 2³² to 0 is the wrap of the box.
        let fixed = |x: f64| ((x - x.floor()) * PARTS) as u64 as u32;
        [fixed(s.x), fixed(s.y), fixed(s.z), u32::from(species)]
    }
}

/// A neighbour list in the order of slots.
#[derive(Debug, Default)]
pub(super) struct Packed {
    /// Atom, begin, end of the near neighbours, end of all: four words a slot.
    pub(super) rows: Vec<u32>,
    /// Neighbour and fractional vector in eighths: two words a pair.
    pub(super) list: Vec<u32>,
    /// Where the other half of each pair is.
    pub(super) reverse: Vec<u32>,
    /// The first slot of each species, and one entry more.
    pub(super) starts: Vec<u32>,
}

/// Eighths of a box that ten bits hold: images further away have no place in the list.
const FARTHEST: f64 = 511.0;

impl Packed {
    /// Packs a list; neighbours of an atom of species `s` nearer than `near[s]` come first.
    pub(super) fn new(
        atoms: Atoms<'_>,
        species: &[u16],
        list: &NeighborList,
        lattice: &Lattice,
        near: &[f64],
    ) -> Result<Self> {
        let n = species.len();
        let pairs = list.pairs().len();
        if u32::try_from(pairs).is_err() {
            return Err(Error::Device(format!("{pairs} pairs are more than a device can number")));
        }
        let mut slots: Vec<u32> = (0..n as u32).collect();
        slots.sort_by_key(|atom| species[*atom as usize]);
        let starts = (0..=near.len())
            .map(|s| slots.partition_point(|atom| usize::from(species[*atom as usize]) < s) as u32)
            .collect();

        // The rows of the slots, each with its own part of the arrays.
        let offsets = list.offsets();
        let length = |atom: u32| offsets[atom as usize + 1] - offsets[atom as usize];
        let mut begin = 0;
        let begins: Vec<usize> = slots
            .iter()
            .map(|atom| {
                let here = begin;
                begin += length(*atom);
                here
            })
            .collect();
        let rows: Vec<Row> = slots
            .par_iter()
            .zip(&begins)
            .map(|(atom, begin)| {
                let limit = near[usize::from(species[*atom as usize])];
                Row::new(atoms, *atom as usize, *begin, list, lattice, limit)
            })
            .collect::<Result<_>>()?;

        // Where each pair of the list has gone.
        let mut gone = vec![0_u32; pairs];
        for (row, (atom, begin)) in rows.iter().zip(slots.iter().zip(&begins)) {
            let offset = offsets[*atom as usize];
            for (place, from) in row.order.iter().enumerate() {
                gone[offset + *from as usize] = (begin + place) as u32;
            }
        }
        let other = list.reverse();
        let mut reverse = vec![0_u32; pairs];
        for (pair, place) in gone.iter().enumerate() {
            reverse[*place as usize] = gone[other[pair] as usize];
        }
        Ok(Self {
            rows: rows.iter().flat_map(|row| row.words).collect(),
            list: rows.iter().flat_map(|row| row.entries.iter().copied().flatten()).collect(),
            reverse,
            starts,
        })
    }
}

/// The neighbours of one atom.
struct Row {
    words: [u32; 4],
    entries: Vec<[u32; 2]>,
    /// Which neighbour of the list stands at each place.
    order: Vec<u32>,
}

impl Row {
    fn new(
        atoms: Atoms<'_>,
        atom: usize,
        begin: usize,
        list: &NeighborList,
        lattice: &Lattice,
        near: f64,
    ) -> Result<Self> {
        let neighbors = list.neighbors(atom);
        let vectors: Vec<Vec3> = neighbors
            .iter()
            .map(|pair| NeighborList::vector(atoms.cell, atoms.positions, atom, *pair))
            .collect();
        let (mut order, far): (Vec<u32>, Vec<u32>) =
            (0..neighbors.len() as u32).partition(|k| vectors[*k as usize].norm() < near);
        let count = order.len();
        order.extend(far);
        let mut entries = Vec::with_capacity(order.len());
        for k in &order {
            let eighths = (lattice.fractional(&vectors[*k as usize]) * 8.0).map(f64::round);
            if eighths.amax() > FARTHEST {
                return Err(Error::Device(
                    "the cutoff reaches over more than 63 cells, which a device cannot number: repeat the cell"
                        .into(),
                ));
            }
            let bits = |x: f64| x as i32 as u32 & 0x3ff;
            let packed = bits(eighths.x) | bits(eighths.y) << 10 | bits(eighths.z) << 20;
            entries.push([neighbors[*k as usize].atom, packed]);
        }
        let words = [atom, begin, begin + count, begin + order.len()].map(|word| word as u32);
        Ok(Self { words, entries, order })
    }
}

/// Where the atoms were when the list was packed, and how far they may go before it has to be packed again.
#[derive(Debug, Clone)]
pub(super) struct Anchor {
    version: u64,
    cell: Cell,
    positions: Vec<Vec3>,
    lattice: Lattice,
    /// How far the list reaches, Å.
    reach: f64,
    /// By how much two atoms may come nearer to each other, Å.
    slack: f64,
}

/// How far an atom may move along a vector of the box, as a part of it: two atoms move by twice as much, an eighth
/// is rounded to half of it, and together this is below one half.
const FREEDOM: f64 = 0.2;

impl Anchor {
    /// At the present positions; `slack` is how much further than the potential the list reaches.
    pub(super) fn new(atoms: Atoms<'_>, list: &NeighborList, lattice: Lattice, slack: f64) -> Self {
        Self {
            version: list.version(),
            cell: atoms.cell.clone(),
            positions: atoms.positions.to_vec(),
            lattice,
            reach: list.cutoff(),
            slack,
        }
    }

    /// Are near neighbours still among those that were found near, and images those that were found?
    pub(super) fn holds(&self, atoms: Atoms<'_>, list: &NeighborList) -> bool {
        if self.version != list.version() || self.positions.len() != atoms.positions.len() {
            return false;
        }
        let moved = |(now, then): (&Vec3, &Vec3)| {
            let d = now - then;
            (d.norm_squared(), self.lattice.fractional(&d).amax())
        };
        let (square, part) = atoms
            .positions
            .par_iter()
            .zip(&self.positions)
            .with_min_len(4096)
            .map(moved)
            .reduce(|| (0.0, 0.0), |a, b| (f64::max(a.0, b.0), f64::max(a.1, b.1)));
        // A deformed cell moves the images of an atom too: by the strain times how far away they are.
        let strain = (self.cell.inverse() * atoms.cell.matrix() - Mat3::identity()).norm();
        let diagonal: f64 = self.cell.lengths().iter().sum();
        let images = strain * (self.reach + 2.0 * diagonal);
        2.0 * square.sqrt() + images <= self.slack && part + strain <= FREEDOM
    }
}
