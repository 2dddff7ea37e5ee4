//! A term for every pair of elements, and the sum over all pairs of atoms.

use crate::error::{Error, Result};
use crate::neighbors::NeighborList;
use crate::potential::{Atoms, Evaluation};
use crate::system::{Element, Mat3, Vec3};
use multiversion::multiversion;
use rayon::prelude::*;

/// Atoms that one task of the thread pool takes: partial sums are formed over these and added in
/// order, so that the number of threads does not show in the bits.
const CHUNK: usize = 64;

/// The energy of a pair of atoms as a function of their distance.
pub(crate) trait PairTerm: Clone + std::fmt::Debug + Send + Sync {
    /// The square of the distance from which on it is zero, Å².
    fn square_cutoff(&self) -> f64;

    /// Energy u (eV) and u′/r (eV/Å²) at the square `r2` of a distance within the cutoff. Without branches and
    /// inlined, so that a loop over distances becomes vector code.
    fn at(&self, r2: f64) -> (f64, f64);
}

/// The elements a potential has parameters for, or that it treats all atoms alike.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kinds {
    /// Every atom is of the same kind, number 0.
    Alike,
    /// The kind of an atom is the place of its element in this list.
    Elements(Vec<Element>),
}

impl Kinds {
    /// How many kinds there are.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Alike => 1,
            Self::Elements(elements) => elements.len(),
        }
    }

    /// The elements, where there is a choice of them.
    pub(crate) fn elements(&self) -> Option<Vec<Element>> {
        match self {
            Self::Alike => None,
            Self::Elements(elements) => Some(elements.clone()),
        }
    }

    /// The kind of an element.
    pub(crate) fn find(&self, element: Element) -> Option<usize> {
        match self {
            Self::Alike => Some(0),
            Self::Elements(elements) => elements.iter().position(|e| *e == element),
        }
    }

    /// The kind of every atom, into `out`.
    pub(crate) fn assign(&self, species: &[Element], out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        let mut lookup = [None; 119];
        for element in species {
            let known = &mut lookup[element.number()];
            if known.is_none() {
                let kind = self.find(*element).ok_or_else(|| self.unknown(*element))?;
                *known = Some(kind as u8);
            }
            out.extend(*known);
        }
        Ok(())
    }

    fn unknown(&self, element: Element) -> Error {
        let known: Vec<String> = self.elements().iter().flatten().map(ToString::to_string).collect();
        Error::invalid(format!(
            "the potential has no parameters for {element}; it knows {}",
            known.join(", ")
        ))
    }
}

/// Pair terms by the kinds of the two atoms; symmetric.
#[derive(Debug, Clone)]
pub(crate) struct PairTable<T> {
    kinds: Kinds,
    terms: Vec<Option<T>>,
    cutoff: f64,
    assigned: Vec<u8>,
}

impl<T: PairTerm> PairTable<T> {
    /// A table without any term.
    pub(crate) fn new(kinds: Kinds) -> Self {
        let n = kinds.count();
        Self { kinds, terms: vec![None; n * n], cutoff: 0.0, assigned: Vec::new() }
    }

    /// Sets the term of kinds `a` and `b`.
    pub(crate) fn set(&mut self, a: usize, b: usize, term: T) {
        let n = self.kinds.count();
        self.cutoff = self.cutoff.max(term.square_cutoff().sqrt());
        self.terms[a * n + b] = Some(term.clone());
        self.terms[b * n + a] = Some(term);
    }

    /// The term of kinds `a` and `b`.
    pub(crate) fn get(&self, a: usize, b: usize) -> Option<&T> {
        self.terms[a * self.kinds.count() + b].as_ref()
    }

    /// The term of two elements.
    #[cfg(feature = "gpu")]
    pub(crate) fn between(&self, a: Element, b: Element) -> Option<&T> {
        self.terms[self.kinds.find(a)? * self.kinds.count() + self.kinds.find(b)?].as_ref()
    }

    pub(crate) fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// The longest cutoff of all terms, Å.
    pub(crate) fn cutoff(&self) -> f64 {
        self.cutoff
    }

    /// Adds the sum over all pairs to `out`. Each atom gathers the force on itself and half of the energy
    /// and virial of its pairs.
    pub(crate) fn accumulate(
        &mut self,
        atoms: Atoms<'_>,
        list: &NeighborList,
        out: &mut Evaluation,
    ) -> Result<()> {
        // The cutoff is the root of a square: it may be off by its last bit.
        if list.cutoff() < self.cutoff * (1.0 - 1e-12) {
            return Err(Error::Internal(format!(
                "the neighbour list reaches {} angstrom, the potential {} angstrom",
                list.cutoff(),
                self.cutoff
            )));
        }
        self.kinds.assign(atoms.species, &mut self.assigned)?;
        let this = &*self;
        let sums: Vec<(f64, Mat3)> = out
            .forces
            .par_chunks_mut(CHUNK)
            .zip(out.atomic_energies.par_chunks_mut(CHUNK))
            .enumerate()
            .map_init(
                || vec![Neighbors::default(); this.kinds.count()],
                |buckets, (chunk, (forces, energies))| {
                    let (mut total, mut virial) = (0.0, Mat3::zeros());
                    for (k, (force, energy)) in forces.iter_mut().zip(energies).enumerate() {
                        let (e, f, w) = this.atom(chunk * CHUNK + k, atoms, list, buckets);
                        *force += f;
                        *energy += e;
                        total += e;
                        virial += w;
                    }
                    (total, virial)
                },
            )
            .collect();
        for (energy, virial) in sums {
            out.energy += energy;
            out.virial += virial;
        }
        Ok(())
    }

    /// Half the energy of the pairs of atom `i`, the force on it, half the virial.
    fn atom(
        &self,
        i: usize,
        atoms: Atoms<'_>,
        list: &NeighborList,
        buckets: &mut [Neighbors],
    ) -> (f64, Vec3, Mat3) {
        let n = self.kinds.count();
        let terms = &self.terms[usize::from(self.assigned[i]) * n..][..n];
        buckets.iter_mut().for_each(Neighbors::clear);
        let here = atoms.positions[i];
        for pair in list.neighbors(i) {
            let kind = usize::from(self.assigned[pair.atom as usize]);
            let Some(term) = &terms[kind] else { continue };
            let mut r = atoms.positions[pair.atom as usize] - here;
            if pair.shift != [0; 3] {
                r += atoms.cell.translation(pair.shift.map(i32::from));
            }
            let r2 = r.norm_squared();
            if r2 < term.square_cutoff() {
                buckets[kind].push(r, r2);
            }
        }
        let mut sums = [0.0; SUMS];
        for (term, neighbors) in terms.iter().zip(buckets) {
            if let (Some(term), false) = (term, neighbors.square.is_empty()) {
                add(term, neighbors, &mut sums);
            }
        }
        let [u, fx, fy, fz, xx, yy, zz, xy, xz, yz] = sums;
        let tensor = Mat3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz);
        (0.5 * u, Vec3::new(fx, fy, fz), -0.5 * tensor)
    }
}

/// Pairs that go through the inner loop together.
const LANES: usize = 8;
/// Energy, force and the six components of Σ u′/r r ⊗ r.
const SUMS: usize = 10;

/// The neighbours of one kind of an atom, one array for each component.
#[derive(Debug, Clone, Default)]
struct Neighbors {
    x: Vec<f64>,
    y: Vec<f64>,
    z: Vec<f64>,
    square: Vec<f64>,
    energy: Vec<f64>,
    slope: Vec<f64>,
}

impl Neighbors {
    fn clear(&mut self) {
        for values in [&mut self.x, &mut self.y, &mut self.z, &mut self.square] {
            values.clear();
        }
    }

    fn push(&mut self, r: Vec3, r2: f64) {
        self.x.push(r.x);
        self.y.push(r.y);
        self.z.push(r.z);
        self.square.push(r2);
    }

    /// Fills the last group of lanes with copies of the last pair; returns how many pairs are true.
    fn pad(&mut self) -> usize {
        let count = self.square.len();
        let padded = count.next_multiple_of(LANES);
        for values in [&mut self.x, &mut self.y, &mut self.z, &mut self.square] {
            let last = values.last().copied().unwrap_or(0.0);
            values.resize(padded, last);
        }
        self.energy.resize(padded, 0.0);
        self.slope.resize(padded, 0.0);
        count
    }
}

/// Adds the pairs of an atom with its neighbours of one kind, lane by lane, then the lanes in order: which sums are
/// formed depends on the pairs alone, not on the instruction set.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn add<T: PairTerm>(term: &T, neighbors: &mut Neighbors, sums: &mut [f64; SUMS]) {
    let count = neighbors.pad();
    let Neighbors { x, y, z, square, energy, slope } = neighbors;
    for ((r2, energy), slope) in square.iter().zip(&mut *energy).zip(&mut *slope) {
        (*energy, *slope) = term.at(*r2);
    }
    energy[count..].fill(0.0);
    slope[count..].fill(0.0);
    let mut lanes = [[0.0; LANES]; SUMS];
    let groups = x.as_chunks::<LANES>().0.iter().zip(y.as_chunks::<LANES>().0).zip(z.as_chunks::<LANES>().0);
    let results = energy.as_chunks::<LANES>().0.iter().zip(slope.as_chunks::<LANES>().0);
    for (((x, y), z), (energy, slope)) in groups.zip(results) {
        for l in 0..LANES {
            let (fx, fy, fz) = (slope[l] * x[l], slope[l] * y[l], slope[l] * z[l]);
            lanes[0][l] += energy[l];
            lanes[1][l] += fx;
            lanes[2][l] += fy;
            lanes[3][l] += fz;
            lanes[4][l] += fx * x[l];
            lanes[5][l] += fy * y[l];
            lanes[6][l] += fz * z[l];
            lanes[7][l] += fx * y[l];
            lanes[8][l] += fx * z[l];
            lanes[9][l] += fy * z[l];
        }
    }
    for (sum, lanes) in sums.iter_mut().zip(lanes) {
        *sum += lanes.iter().sum::<f64>();
    }
}

/// A length as people write it: to a tenth of a milliångström, without the dust of arithmetic.
pub(crate) fn rounded(length: f64) -> f64 {
    (length * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_elements_are_named() {
        let element = |s| Element::from_symbol(s).unwrap();
        let kinds = Kinds::Elements(vec![element("Li"), element("O")]);
        let mut assigned = Vec::new();
        kinds.assign(&[element("O"), element("Li"), element("O")], &mut assigned).unwrap();
        assert_eq!(assigned, [1, 0, 1]);
        let error = kinds.assign(&[element("Li"), element("F")], &mut assigned).unwrap_err();
        assert_eq!(error.to_string(), "the potential has no parameters for F; it knows Li, O");
        Kinds::Alike.assign(&[element("F")], &mut assigned).unwrap();
        assert_eq!(assigned, [0]);
    }
}
