//! Radial distribution functions and coordination numbers.

use crate::error::{Error, Result};
use crate::io::Frame;
use crate::neighbors::NeighborList;
use crate::system::Element;

/// Width of a bin, Å.
const BIN: f64 = 0.05;
/// Frames that are looked at before the distance between them doubles: neighbouring frames tell little new.
const LOOKS: usize = 64;

/// Counts pairs of all elements, on frames that lie ever farther apart.
#[derive(Debug, Clone)]
pub struct PairCounter {
    cutoff: f64,
    elements: Vec<Element>,
    counts: Vec<Vec<u64>>,
    /// Per element, and the sum of 1/V over frames.
    atoms: Vec<usize>,
    inverse_volume: f64,
    looks: usize,
    seen: usize,
    stride: usize,
}

/// g(r) of a pair of elements: the density of b around a over its mean density.
#[derive(Debug, Clone)]
pub struct Radial {
    /// The element in the middle.
    pub a: Element,
    /// The element around it.
    pub b: Element,
    /// Frames that were looked at.
    pub frames: usize,
    counts: Vec<u64>,
    /// Number of a times frames.
    centres: f64,
    /// Σ over frames of the density of b, 1/Å³, other than the centre itself.
    density: f64,
}

impl PairCounter {
    /// Counts pairs up to a distance, Å, and to the end of the bin it is in.
    pub fn new(cutoff: f64) -> Self {
        // A last bin that ends within the distance would be half empty.
        let cutoff = (cutoff / BIN - 1e-9).ceil() * BIN;
        Self {
            cutoff,
            elements: Vec::new(),
            counts: Vec::new(),
            atoms: Vec::new(),
            inverse_volume: 0.0,
            looks: 0,
            seen: 0,
            stride: 1,
        }
    }

    /// Takes the next frame. Frames without a volume are passed over.
    pub fn push(&mut self, frame: &Frame) -> Result<()> {
        let turn = self.seen.is_multiple_of(self.stride);
        self.seen += 1;
        if !turn || !frame.cell.is_bulk() {
            return Ok(());
        }
        if self.looks == 0 {
            self.elements.clone_from(&frame.species);
            self.elements.sort_by_key(|element| element.symbol());
            self.elements.dedup();
            let count = |element: &Element| frame.species.iter().filter(|e| *e == element).count();
            self.atoms = self.elements.iter().map(count).collect();
            let kinds = self.elements.len();
            self.counts = vec![vec![0; (self.cutoff / BIN).round() as usize]; kinds * kinds];
        }
        let kinds = self.elements.len();
        let kind_of = |element: &Element| self.elements.iter().position(|e| e == element);
        let kinds_of: Option<Vec<usize>> = frame.species.iter().map(kind_of).collect();
        let Some(kinds_of) = kinds_of.filter(|k| k.len() == self.atoms.iter().sum::<usize>()) else {
            return Err(Error::invalid(format!("{}: other atoms than in the first frame", frame.origin)));
        };
        let positions: Vec<_> = frame.positions.iter().map(|r| frame.cell.wrap(r).0).collect();
        let list = NeighborList::build(&frame.cell, &positions, self.cutoff)?;
        for i in 0..frame.len() {
            // Its own images are none of the others; an atom that is alone with them has nobody else.
            let alone = self.atoms[kinds_of[i]] == 1;
            for pair in list.neighbors(i).iter().filter(|pair| alone || pair.atom as usize != i) {
                let distance = NeighborList::vector(&frame.cell, &positions, i, *pair).norm();
                let bin = (distance / BIN) as usize;
                let other = kinds_of[pair.atom as usize];
                if let Some(count) = self.counts[kinds_of[i] * kinds + other].get_mut(bin) {
                    *count += 1;
                }
            }
        }
        self.inverse_volume += 1.0 / frame.cell.volume();
        self.looks += 1;
        if self.looks.is_multiple_of(LOOKS) {
            self.stride *= 2;
        }
        Ok(())
    }

    /// The distribution of every pair of elements, each pair once.
    pub fn finish(self) -> Vec<Radial> {
        let kinds = self.elements.len();
        let mut all = Vec::new();
        for a in 0..kinds {
            for b in a..kinds {
                // The centre itself is none of those around it, unless it is alone with its images.
                let alone = a == b && self.atoms[b] > 1;
                let around = self.atoms[b] as f64 - if alone { 1.0 } else { 0.0 };
                all.push(Radial {
                    a: self.elements[a],
                    b: self.elements[b],
                    frames: self.looks,
                    counts: self.counts[a * kinds + b].clone(),
                    centres: (self.atoms[a] * self.looks) as f64,
                    density: around * self.inverse_volume,
                });
            }
        }
        all
    }
}

impl Radial {
    /// Adds a replica.
    pub fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
        self.centres += other.centres;
        self.density += other.density;
        self.frames += other.frames;
    }

    /// Rows of r (middle of the bin, Å), g(r), and the mean number of b within the end of the bin.
    pub fn curve(&self) -> Vec<[f64; 3]> {
        let mut within = 0.0;
        self.counts
            .iter()
            .enumerate()
            .map(|(k, count)| {
                let (inner, outer) = (k as f64 * BIN, (k + 1) as f64 * BIN);
                let shell = 4.0 / 3.0 * std::f64::consts::PI * (outer.powi(3) - inner.powi(3));
                let mean = *count as f64 / self.centres;
                within += mean;
                let density = self.density / self.frames.max(1) as f64;
                let g = if density > 0.0 { mean / (shell * density) } else { 0.0 };
                [0.5 * (inner + outer), g, within]
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Philox, Purpose};
    use crate::system::{Cell, Vec3};

    /// Simple cubic: 6, 12, 8 neighbours at a, √2 a, √3 a.
    #[test]
    fn shells_of_a_crystal() {
        let li = Element::from_symbol("Li").unwrap();
        let cell = Cell::orthorhombic(3.03, 3.03, 3.03).unwrap();
        let mut pairs = PairCounter::new(6.0);
        pairs.push(&Frame::new(cell, vec![li], vec![Vec3::zeros()])).unwrap();
        let curve = pairs.finish()[0].curve();
        let within = |r: f64| curve.iter().take_while(|row| row[0] < r).last().unwrap()[2];
        assert_eq!([within(3.0), within(4.0), within(5.0), within(5.5)], [0.0, 6.0, 18.0, 26.0]);
        // The integral of the density of one neighbour per cell times g(r) over shells of 0.05 Å.
        let shell = |r: f64| 4.0 * std::f64::consts::PI * (r * r * 0.05 + 0.05_f64.powi(3) / 12.0);
        let sum: f64 = curve.iter().map(|row| row[1] * shell(row[0]) / 3.03_f64.powi(3)).sum();
        assert!((sum / curve.last().unwrap()[2] - 1.0).abs() < 1e-12, "{sum}");
    }

    /// Ideal gas in a slanted cell: g = 1 within four standard errors of a Poisson count in every bin beyond 1 Å.
    #[test]
    fn an_ideal_gas_has_no_structure() {
        let symbols = ["Li", "O"].map(|s| Element::from_symbol(s).unwrap());
        let cell = Cell::new([[12.0, 0.0, 0.0], [4.0, 11.0, 0.0], [-3.0, 2.0, 13.0]], [true; 3]).unwrap();
        let mut random = Philox::new(1, Purpose::General, 0, 0);
        let mut pairs = PairCounter::new(7.98);
        let species: Vec<_> = (0..60).map(|i| symbols[i % 2]).collect();
        for _ in 0..40 {
            let positions =
                (0..60).map(|_| cell.cartesian(&Vec3::from_fn(|_, _| random.uniform()))).collect();
            pairs.push(&Frame::new(cell.clone(), species.clone(), positions)).unwrap();
        }
        // Whole bins: the last one ends at 8 Å.
        for radial in pairs.finish() {
            assert_eq!(radial.counts.len(), 160);
            // Pairs of the same element are counted from both ends: half of them are independent.
            let both = if radial.a == radial.b { 2.0 } else { 1.0 };
            for (row, count) in radial.curve().iter().zip(&radial.counts).filter(|(row, _)| row[0] > 1.0) {
                let expected = *count as f64 / row[1].max(1e-9);
                assert!(*count == 0 || (row[1] - 1.0).abs() < 4.5 * (both / expected).sqrt(), "{row:?}");
            }
        }
    }
}
