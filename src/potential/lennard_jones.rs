//! The Lennard-Jones potential.

use super::pair::{Curve, Kinds, PairTable, PairTerm, Tail, Truncation, rounded};
use super::{Atoms, Evaluation, Potential};
use crate::error::{Error, Result};
use crate::neighbors::NeighborList;
use crate::system::Element;

/// Parameters of u(r) = 4ε[(σ/r)¹² − (σ/r)⁶] and where it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LennardJonesPair {
    /// Depth of the well ε, eV.
    pub epsilon: f64,
    /// Distance σ at which u is zero, Å.
    pub sigma: f64,
    /// Cutoff, Å.
    pub cutoff: f64,
}

impl LennardJonesPair {
    /// The Lorentz–Berthelot rules: arithmetic mean of σ, geometric mean of ε; the longer cutoff.
    #[must_use]
    pub fn mixed(self, other: Self) -> Self {
        Self {
            epsilon: (self.epsilon * other.epsilon).sqrt(),
            sigma: 0.5 * (self.sigma + other.sigma),
            cutoff: self.cutoff.max(other.cutoff),
        }
    }

    fn check(self) -> Result<()> {
        if !self.epsilon.is_finite() || self.epsilon < 0.0 {
            return Err(Error::invalid(format!(
                "epsilon = {} eV of a Lennard-Jones potential must be zero or positive",
                self.epsilon
            )));
        }
        if !self.sigma.is_finite() || self.sigma <= 0.0 {
            return Err(Error::invalid(format!(
                "sigma = {} angstrom of a Lennard-Jones potential must be positive",
                self.sigma
            )));
        }
        Ok(())
    }
}

/// Lennard-Jones interactions, u(r) = 4ε[(σ/r)¹² − (σ/r)⁶] for every pair of elements, truncated as asked.
///
/// J. E. Lennard-Jones, Proc. Phys. Soc. 43, 461 (1931), doi:10.1088/0959-5309/43/5/301. There are no
/// long-range corrections.
#[derive(Debug, Clone)]
pub struct LennardJones {
    table: PairTable<Term>,
}

impl LennardJones {
    /// The same interaction between all atoms, whatever their elements.
    pub fn alike(pair: LennardJonesPair, truncation: Truncation) -> Result<Self> {
        let mut table = PairTable::new(Kinds::Alike);
        table.set(0, 0, Term::new(pair, truncation)?);
        Ok(Self { table })
    }

    /// Interactions for each pair of several elements. Parameters of pairs of different elements that are
    /// not given follow from those of the elements by [`LennardJonesPair::mixed`]; every element needs its
    /// own.
    pub fn new(pairs: &[(Element, Element, LennardJonesPair)], truncation: Truncation) -> Result<Self> {
        let mut elements: Vec<Element> = pairs.iter().flat_map(|(a, b, _)| [*a, *b]).collect();
        elements.sort_unstable();
        elements.dedup();
        let given = |a: Element, b: Element| {
            let mut found =
                pairs.iter().filter(|(x, y, _)| (*x, *y) == (a, b) || (*x, *y) == (b, a)).map(|p| p.2);
            match (found.next(), found.next()) {
                (_, Some(_)) => {
                    Err(Error::invalid(format!("the pair {a}-{b} has two sets of Lennard-Jones parameters")))
                }
                (first, None) => Ok(first),
            }
        };
        let mut table = PairTable::new(Kinds::Elements(elements.clone()));
        for (k, &a) in elements.iter().enumerate() {
            for (l, &b) in elements.iter().enumerate().skip(k) {
                let own = |e| {
                    given(e, e)?.ok_or_else(|| {
                        Error::invalid(format!("Lennard-Jones parameters for {e}-{e} are missing"))
                    })
                };
                let pair = match given(a, b)? {
                    Some(pair) => pair,
                    None => own(a)?.mixed(own(b)?),
                };
                table.set(k, l, Term::new(pair, truncation)?);
            }
        }
        Ok(Self { table })
    }
}

impl Potential for LennardJones {
    fn description(&self) -> String {
        match self.elements() {
            None => format!("Lennard-Jones, cutoff {} angstrom", rounded(self.cutoff())),
            Some(elements) => format!(
                "Lennard-Jones for {}, cutoff {} angstrom",
                elements.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
                rounded(self.cutoff())
            ),
        }
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

/// c₁₂ r⁻¹² − c₆ r⁻⁶ with its tail.
#[derive(Debug, Clone, Copy)]
struct Term {
    c12: f64,
    c6: f64,
    tail: Tail,
}

impl Term {
    fn new(pair: LennardJonesPair, truncation: Truncation) -> Result<Self> {
        pair.check()?;
        let s6 = pair.sigma.powi(6);
        let (c6, c12) = (4.0 * pair.epsilon * s6, 4.0 * pair.epsilon * s6 * s6);
        let r = pair.cutoff;
        let end = Curve {
            value: c12 * r.powi(-12) - c6 * r.powi(-6),
            slope: -12.0 * c12 * r.powi(-13) + 6.0 * c6 * r.powi(-7),
            curvature: 156.0 * c12 * r.powi(-14) - 42.0 * c6 * r.powi(-8),
        };
        Ok(Self { c12, c6, tail: Tail::new(truncation, r, end)? })
    }
}

impl PairTerm for Term {
    #[inline]
    fn square_cutoff(&self) -> f64 {
        self.tail.square_cutoff()
    }

    #[inline(always)]
    fn at(&self, r2: f64) -> (f64, f64) {
        let r = r2.sqrt();
        let inverse2 = 1.0 / r2;
        let inverse6 = inverse2 * inverse2 * inverse2;
        let (value, slope) = self.tail.at(r);
        (
            inverse6 * (self.c12 * inverse6 - self.c6) + value,
            inverse2 * inverse6 * (6.0 * self.c6 - 12.0 * self.c12 * inverse6) + slope / r,
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
        let good = LennardJonesPair { epsilon: 0.01, sigma: 3.0, cutoff: 8.0 };
        let message = |pairs: &[_]| LennardJones::new(pairs, Truncation::Shifted).unwrap_err().to_string();
        assert_eq!(message(&[(li, li, good), (li, o, good)]), "Lennard-Jones parameters for O-O are missing");
        assert!(message(&[(li, li, good), (li, li, good)]).contains("Li-Li has two sets"));
        let flat = LennardJonesPair { sigma: 0.0, ..good };
        assert!(message(&[(li, li, flat)]).contains("sigma = 0 angstrom"));
        let deep = LennardJonesPair { epsilon: f64::INFINITY, ..good };
        assert!(LennardJones::alike(deep, Truncation::Cut).is_err());
    }
}
