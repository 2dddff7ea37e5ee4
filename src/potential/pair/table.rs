//! A term for every pair of elements, and the sum over all pairs of atoms.

use crate::error::{Error, Result};
use crate::neighbors::NeighborList;
use crate::potential::{Atoms, Evaluation};
use crate::system::{Element, Mat3, Vec3};
use rayon::prelude::*;

/// Atoms that one task of the thread pool takes: partial sums are formed over these and added in
/// order, so that the number of threads does not show in the bits.
const CHUNK: usize = 64;

/// The energy of a pair of atoms as a function of their distance.
pub(crate) trait PairTerm: Clone + std::fmt::Debug + Send + Sync {
    /// The square of the distance from which on it is zero, Å².
    fn square_cutoff(&self) -> f64;

    /// Energy u (eV) and u′/r (eV/Å²) at the square `r2` of a distance within the cutoff.
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
        let (terms, kinds, n) = (&self.terms, &self.assigned, self.kinds.count());
        let sums: Vec<(f64, Mat3)> = out
            .forces
            .par_chunks_mut(CHUNK)
            .zip(out.atomic_energies.par_chunks_mut(CHUNK))
            .enumerate()
            .map(|(chunk, (forces, energies))| {
                let (mut total, mut virial) = (0.0, Mat3::zeros());
                for (k, (force, energy)) in forces.iter_mut().zip(energies).enumerate() {
                    let i = chunk * CHUNK + k;
                    let row = usize::from(kinds[i]) * n;
                    let (mut f, mut e) = (Vec3::zeros(), 0.0);
                    for pair in list.neighbors(i) {
                        let Some(term) = &terms[row + usize::from(kinds[pair.atom as usize])] else {
                            continue;
                        };
                        let r = NeighborList::vector(atoms.cell, atoms.positions, i, *pair);
                        let r2 = r.norm_squared();
                        if r2 < term.square_cutoff() {
                            let (u, slope) = term.at(r2);
                            let pull = slope * r;
                            e += 0.5 * u;
                            f += pull;
                            virial -= 0.5 * pull * r.transpose();
                        }
                    }
                    *force += f;
                    *energy += e;
                    total += e;
                }
                (total, virial)
            })
            .collect();
        for (energy, virial) in sums {
            out.energy += energy;
            out.virial += virial;
        }
        Ok(())
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
