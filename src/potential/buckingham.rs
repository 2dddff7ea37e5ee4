//! The Buckingham potential, the short-range part of most ionic models.

use super::pair::{Curve, Kinds, PairTable, PairTerm, Tail, Truncation, rounded};
use super::{Atoms, Evaluation, Potential};
use crate::error::{Error, Result};
use crate::lanes::Real;
use crate::neighbors::NeighborList;
use crate::system::Element;

/// Parameters of u(r) = A e^(−r/ρ) − C/r⁶ + D/r¹² and where it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BuckinghamPair {
    /// Strength A of the repulsion, eV.
    pub a: f64,
    /// Range ρ of the repulsion, Å.
    pub rho: f64,
    /// Dispersion coefficient C, eV·Å⁶.
    pub c: f64,
    /// Core coefficient D, eV·Å¹²; zero in the potential of Buckingham.
    pub d: f64,
    /// Cutoff, Å.
    pub cutoff: f64,
}

impl BuckinghamPair {
    fn check(self) -> Result<()> {
        for (name, value) in [("A", self.a), ("C", self.c), ("D", self.d)] {
            if !value.is_finite() {
                return Err(Error::invalid(format!(
                    "{name} = {value} of a Buckingham potential is not finite"
                )));
            }
        }
        if !self.rho.is_finite() || self.rho <= 0.0 {
            return Err(Error::invalid(format!(
                "rho = {} angstrom of a Buckingham potential must be positive",
                self.rho
            )));
        }
        Ok(())
    }
}

/// Buckingham interactions, u(r) = A e^(−r/ρ) − C/r⁶ + D/r¹², truncated as asked.
///
/// R. A. Buckingham, Proc. R. Soc. A 168, 264 (1938), doi:10.1098/rspa.1938.0173. Pairs of elements
/// without parameters do not interact, as is usual for cations among themselves.
///
/// Where C > 0 and D = 0 the energy has a maximum at a short distance and falls to −∞ below it: two
/// atoms that come across (in a hot run, or from a bad start) fuse. This is a property of the model and
/// nothing here hides it. Whoever needs short distances gives D, which puts a wall there; at distances
/// that matter D/r¹² should be negligible.
#[derive(Debug, Clone)]
pub struct Buckingham {
    table: PairTable<Term>,
}

impl Buckingham {
    /// Interactions of the given pairs between atoms of the given elements.
    pub fn new(
        elements: &[Element],
        pairs: &[(Element, Element, BuckinghamPair)],
        truncation: Truncation,
    ) -> Result<Self> {
        let mut elements = elements.to_vec();
        elements.sort_unstable();
        elements.dedup();
        let mut table = PairTable::new(Kinds::Elements(elements));
        for (a, b, pair) in pairs {
            pair.check()?;
            let kind = |e| {
                table.kinds().find(e).ok_or_else(|| {
                    Error::invalid(format!("the Buckingham pair {a}-{b} has an element that the model lacks"))
                })
            };
            let (k, l) = (kind(*a)?, kind(*b)?);
            if table.get(k, l).is_some() {
                return Err(Error::invalid(format!(
                    "the pair {a}-{b} has two sets of Buckingham parameters"
                )));
            }
            table.set(k, l, Term::new(*pair, truncation)?);
        }
        Ok(Self { table })
    }
}

impl Potential for Buckingham {
    fn description(&self) -> String {
        let elements: Vec<String> = self.elements().iter().flatten().map(ToString::to_string).collect();
        format!("Buckingham for {}, cutoff {} angstrom", elements.join(", "), rounded(self.cutoff()))
    }

    fn cutoff(&self) -> f64 {
        self.table.cutoff()
    }

    fn elements(&self) -> Option<Vec<Element>> {
        self.table.kinds().elements()
    }

    fn evaluate(&mut self, atoms: Atoms<'_>, list: &NeighborList, out: &mut Evaluation) -> Result<()> {
        self.table.accumulate(atoms, list, out)
    }

    fn boxed_clone(&self) -> Box<dyn Potential> {
        Box::new(self.clone())
    }
}

#[derive(Debug, Clone, Copy)]
struct Term {
    pair: BuckinghamPair,
    tail: Tail,
}

impl Term {
    fn new(pair: BuckinghamPair, truncation: Truncation) -> Result<Self> {
        let r = pair.cutoff;
        let repulsion = pair.a * (-r / pair.rho).exp();
        let end = Curve {
            value: repulsion - pair.c * r.powi(-6) + pair.d * r.powi(-12),
            slope: -repulsion / pair.rho + 6.0 * pair.c * r.powi(-7) - 12.0 * pair.d * r.powi(-13),
            curvature: repulsion / (pair.rho * pair.rho) - 42.0 * pair.c * r.powi(-8)
                + 156.0 * pair.d * r.powi(-14),
        };
        Ok(Self { pair, tail: Tail::new(truncation, r, end)? })
    }
}

impl PairTerm for Term {
    #[inline]
    fn square_cutoff(&self) -> f64 {
        self.tail.square_cutoff()
    }

    #[inline(always)]
    fn at(&self, r2: f64) -> (f64, f64) {
        let BuckinghamPair { a, rho, c, d, .. } = self.pair;
        let r = r2.sqrt();
        let inverse2 = 1.0 / r2;
        let inverse6 = inverse2 * inverse2 * inverse2;
        let repulsion = a * Real::exp(-r / rho);
        let (value, slope) = self.tail.at(r);
        (
            repulsion + inverse6 * (d * inverse6 - c) + value,
            inverse2 * inverse6 * (6.0 * c - 12.0 * d * inverse6) + (slope - repulsion / rho) / r,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_parameters_are_explained() {
        let element = |s| Element::from_symbol(s).unwrap();
        let (li, o) = (element("Li"), element("O"));
        let good = BuckinghamPair { a: 426.48, rho: 0.3, c: 0.0, d: 0.0, cutoff: 8.0 };
        let build = |pairs: &[_]| Buckingham::new(&[li, o], pairs, Truncation::Shifted);
        assert!(build(&[(li, o, good)]).is_ok());
        let message = |pairs: &[_]| build(pairs).unwrap_err().to_string();
        assert!(message(&[(li, o, BuckinghamPair { rho: 0.0, ..good })]).contains("rho = 0 angstrom"));
        assert!(message(&[(li, o, BuckinghamPair { c: f64::NAN, ..good })]).contains("C = NaN"));
        assert!(message(&[(li, o, good), (o, li, good)]).contains("two sets"));
        assert!(message(&[(li, element("F"), good)]).contains("Li-F"));
    }
}
