//! The repulsion of nuclei that belongs to a neural potential: what the network learnt comes on top of it.

use super::pair::{Kinds, PairTable, PairTerm};
use super::zbl::SCREENING;
use super::{Atoms, Evaluation, Potential};
use crate::descriptors::Core;
use crate::error::{Error, Result};
use crate::lanes::Real;
use crate::neighbors::NeighborList;
use crate::system::Element;
use serde::{Deserialize, Serialize};

/// Screened Coulomb repulsion between nuclei that a cosine switches off, as potentials of GPUMD have it:
/// u(r) = K Z₁Z₂/r Σ_k c_k e^(−d_k r/a) s(r), 1/a = 2.134563 Å⁻¹ (Z₁^0.23 + Z₂^0.23), where s falls from one at `inner` to
/// zero at `outer` as ½ (1 + cos πx).
///
/// Its constants are those that the networks were trained beside, not the best known ones (K is 3·10⁻⁸ off, 1/a
/// 4·10⁻⁵): see [`Zbl`](super::Zbl) for a repulsion to add to any potential.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Repulsion {
    /// One for every pair of elements that repel each other.
    pub pairs: Vec<RepulsionPair>,
}

/// The repulsion between two elements.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RepulsionPair {
    /// The elements, in any order.
    pub elements: [Element; 2],
    /// Where it begins to be switched off, Å.
    pub inner: f64,
    /// Where it ends, Å.
    pub outer: f64,
    /// c and d of each term of the screening function.
    pub screening: [[f64; 2]; 4],
}

/// Charge of the electron squared over 4πε₀, eV·Å, as it is there.
const COULOMB: f64 = 14.399_645;
/// Å⁻¹.
const INVERSE_LENGTH: f64 = 2.134_563;

impl Repulsion {
    /// The universal repulsion of Ziegler, Biersack and Littmark between all of the elements.
    pub fn universal(elements: &[Element], inner: f64, outer: f64) -> Self {
        let screening = SCREENING.map(|(c, d)| [c, d]);
        let pairs = elements.iter().enumerate().flat_map(|(k, a)| {
            elements[k..].iter().map(move |b| RepulsionPair { elements: [*a, *b], inner, outer, screening })
        });
        Self { pairs: pairs.collect() }
    }

    /// Can it be computed, between these elements?
    pub(super) fn check(&self, known: &[Element]) -> Result<()> {
        for (at, RepulsionPair { elements: [a, b], inner, outer, screening }) in self.pairs.iter().enumerate()
        {
            let refuse = |why: &str| Err(Error::invalid(format!("the repulsion between {a} and {b} {why}")));
            if !known.contains(a) || !known.contains(b) {
                return refuse("is of an element that the potential does not have");
            }
            if self.pairs[..at].iter().any(|other| other.elements == [*a, *b] || other.elements == [*b, *a]) {
                return refuse("is there twice");
            }
            if !(0.0 <= *inner && inner < outer && outer.is_finite()) {
                return refuse(
                    "has to end farther out than it begins to be switched off, which is not below zero",
                );
            }
            if screening.iter().flatten().any(|number| !number.is_finite()) {
                return refuse("has parameters that are no finite numbers");
            }
        }
        Ok(())
    }

    /// Compiles it, for a potential that knows these elements.
    pub(crate) fn compile(&self, known: &[Element]) -> Repelling {
        let mut table = PairTable::new(Kinds::Elements(known.to_vec()));
        for pair in &self.pairs {
            let [a, b] = pair.elements;
            if let (Some(k), Some(l)) = (table.kinds().find(a), table.kinds().find(b)) {
                table.set(k, l, Term::new(pair));
            }
        }
        Repelling { table }
    }
}

/// A repulsion of nuclei that devices compute along with a network.
#[cfg(feature = "gpu")]
pub(crate) trait Repels: Potential {
    /// The numbers of a pair of elements as `kernels/repulsion.wgsl` wants them; zeros, which are no repulsion, where
    /// there is none.
    fn numbers(&self, a: Element, b: Element) -> [f64; 14];
}

#[cfg(feature = "gpu")]
impl Repels for Repelling {
    fn numbers(&self, a: Element, b: Element) -> [f64; 14] {
        self.table.between(a, b).map_or([0.0; 14], |term| {
            let [[c0, d0], [c1, d1], [c2, d2], [c3, d3]] = term.terms;
            let radius = term.square_cutoff.sqrt();
            [radius, term.inner, term.steepness, 0.0, 0.0, 0.0, c0, c1, c2, c3, d0, d1, d2, d3]
        })
    }
}

/// A [`Repulsion`] at work.
#[derive(Debug, Clone)]
pub(crate) struct Repelling {
    table: PairTable<Term>,
}

impl Potential for Repelling {
    fn description(&self) -> String {
        format!("repulsion of nuclei up to {} angstrom", self.table.cutoff())
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
    square_cutoff: f64,
    inner: f64,
    /// 1/(outer − inner), Å⁻¹.
    steepness: f64,
    /// K Z₁Z₂ c, eV·Å, and d/a, Å⁻¹, of each term of the screening.
    terms: [[f64; 2]; 4],
}

impl Term {
    fn new(pair: &RepulsionPair) -> Self {
        let [za, zb] = pair.elements.map(|element| element.number() as f64);
        let inverse = INVERSE_LENGTH * (za.powf(0.23) + zb.powf(0.23));
        Self {
            square_cutoff: pair.outer * pair.outer,
            inner: pair.inner,
            steepness: 1.0 / (pair.outer - pair.inner),
            terms: pair.screening.map(|[c, d]| [COULOMB * za * zb * c, d * inverse]),
        }
    }
}

impl PairTerm for Term {
    #[inline]
    fn square_cutoff(&self) -> f64 {
        self.square_cutoff
    }

    #[inline(always)]
    fn at(&self, r2: f64) -> (f64, f64) {
        let r = r2.sqrt();
        let (mut screened, mut decay) = (0.0, 0.0);
        for [strength, rate] in self.terms {
            let part = strength * Real::exp(-rate * r);
            screened += part;
            decay += rate * part;
        }
        let x = ((r - self.inner) * self.steepness).clamp(0.0, 1.0);
        let (switch, slope) = Core::Cosine.at(x);
        let bare = screened / r;
        (bare * switch, (bare * slope * self.steepness - (decay + bare) / r * switch) / r)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> RepulsionPair {
        let elements = ["Li", "O"].map(|symbol| symbol.parse().unwrap());
        Repulsion::universal(&elements, 0.7, 1.4).pairs[1]
    }

    /// u′/r against central differences, before the switch and over it, not where it begins and the curvature jumps: a sixth
    /// of the square of a step times the third derivative, which is below 10⁶ eV/Å³ from 0.3 Å on.
    #[test]
    fn slopes_are_derivatives() {
        let term = Term::new(&pair());
        let h = 1e-5;
        for k in 0..110 {
            let r = 0.305 + 0.01 * f64::from(k);
            let at = |r: f64| term.at(r * r).0;
            let difference = (at(r + h) - at(r - h)) / (2.0 * h);
            let found = term.at(r * r).1 * r;
            assert!((found - difference).abs() < h * h / 6.0 * 1e6, "{r}: {found} {difference}");
        }
        assert_eq!(term.at(1.4 * 1.4).0, 0.0);
        // Below the switch it is that of Ziegler, Biersack and Littmark, to what its constants are off.
        let (z, r) = (3.0 * 8.0, 0.5);
        let a = 0.4685 / (3.0_f64.powf(0.23) + 8.0_f64.powf(0.23));
        let phi: f64 = SCREENING.iter().map(|(c, d)| c * (-d * r / a).exp()).sum();
        let expected = crate::units::COULOMB * z / r * phi;
        assert!((term.at(r * r).0 / expected - 1.0).abs() < 2e-4);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let good = Repulsion { pairs: vec![pair()] };
        let known = pair().elements;
        good.check(&known).unwrap();
        let bad = |change: fn(&mut Repulsion)| {
            let mut bad = good.clone();
            change(&mut bad);
            bad.check(&known).unwrap_err().to_string()
        };
        assert!(good.check(&known[..1]).unwrap_err().to_string().contains("does not have"));
        assert!(bad(|it| it.pairs.push(it.pairs[0])).contains("twice"));
        assert!(bad(|it| it.pairs[0].outer = 0.5).contains("farther out"));
        assert!(bad(|it| it.pairs[0].inner = -0.1).contains("farther out"));
        assert!(bad(|it| it.pairs[0].inner = f64::NAN).contains("farther out"));
        assert!(bad(|it| it.pairs[0].screening[1][0] = f64::INFINITY).contains("finite"));
    }
}
