//! The universal repulsion of nuclei at short distances, for what no fit has seen.

use super::pair::{Curve, Kinds, PairTable, PairTerm, Tail, Truncation, rounded};
#[cfg(feature = "gpu")]
use super::repulsion::Repels;
use super::{Atoms, Evaluation, Potential};
use crate::error::{Error, Result};
use crate::lanes::Real;
use crate::neighbors::NeighborList;
use crate::system::Element;
use crate::units::COULOMB;

/// Strengths and decay constants of the universal screening function φ(x) = Σ c e^(−d x).
pub(crate) const SCREENING: [(f64, f64); 4] =
    [(0.18175, 3.19980), (0.50986, 0.94229), (0.28022, 0.40290), (0.02817, 0.20162)];

/// Where the repulsion ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ZblReach {
    /// Smoothed from `inner` on, zero at `outer`, Å, for all pairs.
    Fixed {
        /// Where smoothing begins, Å.
        inner: f64,
        /// Where the repulsion ends, Å.
        outer: f64,
    },
    /// Zero at this factor times the sum of the covalent radii of the two elements, smoothed from half of
    /// that on. With 0.7 (the usual choice) atoms at bonding distances do not feel it.
    CovalentRadii(f64),
}

/// The potential of Ziegler, Biersack and Littmark, u(r) = Z₁Z₂e²/(4πε₀r) φ(r/a) with the screening
/// length a = 0.46850 Å/(Z₁^0.23 + Z₂^0.23), brought to zero by [`Truncation::Smooth`].
///
/// J. F. Ziegler, J. P. Biersack, U. Littmark, The Stopping and Range of Ions in Matter, Pergamon (1985).
/// It is meant as a term of a [`Sum`](super::Sum).
#[derive(Debug, Clone)]
pub struct Zbl {
    table: PairTable<Term>,
}

impl Zbl {
    /// The repulsion between atoms of the given elements.
    pub fn new(elements: &[Element], reach: ZblReach) -> Result<Self> {
        let mut elements = elements.to_vec();
        elements.sort_unstable();
        elements.dedup();
        let mut table = PairTable::new(Kinds::Elements(elements.clone()));
        for (k, &a) in elements.iter().enumerate() {
            for (l, &b) in elements.iter().enumerate().skip(k) {
                let (inner, outer) = match reach {
                    ZblReach::Fixed { inner, outer } => (inner, outer),
                    ZblReach::CovalentRadii(factor) => {
                        let outer = factor * (radius(a)? + radius(b)?);
                        (0.5 * outer, outer)
                    }
                };
                table.set(k, l, Term::new(a, b, inner, outer)?);
            }
        }
        Ok(Self { table })
    }
}

#[cfg(feature = "gpu")]
impl Repels for Zbl {
    fn numbers(&self, a: Element, b: Element) -> [f64; 14] {
        self.table.between(a, b).map_or([0.0; 14], |term| {
            let [radius, from, constant, cubic, quartic] = term.tail.smoothing();
            let [c, d] = [SCREENING.map(|term| term.0), SCREENING.map(|term| term.1)];
            let [c0, c1, c2, c3] = c.map(|c| term.charges * c);
            let [d0, d1, d2, d3] = d.map(|d| term.screening * d);
            [radius, from, 0.0, constant, cubic, quartic, c0, c1, c2, c3, d0, d1, d2, d3]
        })
    }
}

fn radius(element: Element) -> Result<f64> {
    element.covalent_radius().ok_or_else(|| {
        Error::invalid(format!("no covalent radius of {element} is known: give the ZBL cutoffs in angstrom"))
    })
}

impl Potential for Zbl {
    fn description(&self) -> String {
        format!("ZBL repulsion, at most up to {} angstrom", rounded(self.cutoff()))
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

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self)
    }

    fn boxed_clone(&self) -> Box<dyn Potential> {
        Box::new(self.clone())
    }
}

#[derive(Debug, Clone, Copy)]
struct Term {
    /// Z₁Z₂e²/(4πε₀), eV·Å.
    charges: f64,
    /// 1/a, Å⁻¹.
    screening: f64,
    tail: Tail,
}

impl Term {
    fn new(a: Element, b: Element, inner: f64, outer: f64) -> Result<Self> {
        let (za, zb) = (a.number() as f64, b.number() as f64);
        let charges = COULOMB * za * zb;
        let screening = (za.powf(0.23) + zb.powf(0.23)) / 0.46850;
        let (mut phi, mut slope, mut curvature) = (0.0, 0.0, 0.0);
        for (c, d) in SCREENING {
            let rate = d * screening;
            let part = c * (-rate * outer).exp();
            phi += part;
            slope -= rate * part;
            curvature += rate * rate * part;
        }
        let r = outer;
        let end = Curve {
            value: charges * phi / r,
            slope: charges * (slope - phi / r) / r,
            curvature: charges * (curvature - 2.0 * slope / r + 2.0 * phi / (r * r)) / r,
        };
        Ok(Self { charges, screening, tail: Tail::new(Truncation::Smooth { from: inner }, outer, end)? })
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
        let (mut phi, mut decay) = (0.0, 0.0);
        for (c, d) in SCREENING {
            let rate = d * self.screening;
            let part = c * Real::exp(-rate * r);
            phi += part;
            decay += rate * part;
        }
        let (value, slope) = self.tail.at(r);
        let bare = self.charges / r;
        (bare * phi + value, (slope - bare * (decay + phi / r)) / r)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_cutoffs_are_refused() {
        let li = Element::from_symbol("Li").unwrap();
        let og = Element::from_symbol("Og").unwrap();
        assert!(Zbl::new(&[li], ZblReach::Fixed { inner: 2.0, outer: 1.0 }).is_err());
        assert!(Zbl::new(&[li], ZblReach::CovalentRadii(-0.7)).is_err());
        let e = Zbl::new(&[li, og], ZblReach::CovalentRadii(0.7)).unwrap_err().to_string();
        assert!(e.contains("no covalent radius of Og"), "{e}");
        // Cordero's radius of Li is 1.28 Å.
        let zbl = Zbl::new(&[li], ZblReach::CovalentRadii(0.7)).unwrap();
        assert!((zbl.cutoff() - 0.7 * 2.56).abs() < 1e-12);
    }
}
