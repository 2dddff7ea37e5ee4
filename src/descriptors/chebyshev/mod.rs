//! The descriptor of Artrith, Urban and Ceder, exactly as aenet 2.0 computes it.
//!
//! N. Artrith, A. Urban, G. Ceder, Phys. Rev. B 96, 014112 (2017), doi:10.1103/PhysRevB.96.014112. With
//! f(r; R) = ½ [cos(πr/R) + 1] and Chebyshev polynomials T_n,
//!
//! - radial: c_n = Σ_j f(r_ij; R_r) T_n(2 r_ij/R_r − 1), n = 0..=N_r,
//! - angular: a_n = Σ_{j<k} f(r_ij; R_a) f(r_ik; R_a) T_n(cos θ_jik), n = 0..=N_a,
//!
//! and, where there is more than one species, the same sums with each term multiplied by the weights s_j
//! (radial) or s_j s_k (angular) of the neighbours' species. G = (c, a, c^s, a^s): its length does not
//! depend on the number of species.

mod oracle;
#[cfg(test)]
mod tests;

pub use oracle::chebyshev_by_pairs;

use super::expansion::{Angles, Expansion, Invariants, Local, MAX_DEGREE, MAX_TERMS, Part, Plan};
use super::{Cutoff, CutoffShape};
use crate::error::{Error, Result};
use crate::lanes::Real;
use crate::system::Element;

/// The parameters for one central element: a `BASIS type=Chebyshev` setup of aenet.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChebyshevCenter {
    /// The elements of the environment in the order of the setup's `ENV` list, which decides their weights.
    pub environment: Vec<Element>,
    /// R_r, Å.
    pub radial_cutoff: f64,
    /// N_r.
    pub radial_order: usize,
    /// R_a, Å.
    pub angular_cutoff: f64,
    /// N_a.
    pub angular_order: usize,
}

impl ChebyshevCenter {
    /// Weights of the elements of the environment: integers symmetric about zero, which itself is left out
    /// if their number is even (−1, 1; −1, 0, 1; −2, −1, 1, 2; ...).
    pub fn weights(&self) -> Vec<f64> {
        let n = self.environment.len() as i64;
        let half = n / 2;
        let all = -half..=half;
        all.filter(|weight| n % 2 == 1 || *weight != 0).map(|weight| weight as f64).collect()
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        let blocks = if self.environment.len() > 1 { 2 } else { 1 };
        blocks * (self.radial_order + self.angular_order + 2)
    }

    /// Is there an environment at all?
    pub fn is_empty(&self) -> bool {
        self.environment.is_empty()
    }

    fn check(&self, center: Element, elements: &[Element]) -> Result<()> {
        let complain =
            |what: String| Err(Error::invalid(format!("Chebyshev descriptor of {center}: {what}")));
        for (name, radius) in [("radial", self.radial_cutoff), ("angular", self.angular_cutoff)] {
            if !(radius > 0.0 && radius.is_finite()) {
                return complain(format!("the {name} cutoff must be positive, not {radius}"));
            }
        }
        if let Some(missing) = elements.iter().find(|element| !self.environment.contains(element)) {
            return complain(format!("{missing} is not in the list of its environment"));
        }
        let twice = |i: &usize| self.environment[..*i].contains(&self.environment[*i]);
        if let Some(i) = (0..self.environment.len()).find(twice) {
            return complain(format!("{} is twice in the list of its environment", self.environment[i]));
        }
        if self.angular_cutoff > self.radial_cutoff && self.environment.len() > 1 {
            // aenet takes the weight of such a neighbour from whichever neighbour came before it.
            return complain(format!(
                "the angular cutoff {} exceeds the radial cutoff {}: what aenet computes then depends on the \
                 order of the neighbours",
                self.angular_cutoff, self.radial_cutoff
            ));
        }
        if self.angular_order > MAX_DEGREE {
            return complain(format!("the angular order {} exceeds {MAX_DEGREE}", self.angular_order));
        }
        if self.radial_order >= MAX_TERMS {
            return complain(format!("the radial order {} exceeds {}", self.radial_order, MAX_TERMS - 1));
        }
        Ok(())
    }

    /// The same as an expansion: one angular function, products of it with itself.
    fn plan(&self, elements: &[Element]) -> Plan {
        let weights = self.weights();
        let blocks = if weights.len() > 1 { 2 } else { 1 };
        let part = |radius: f64, rows: usize| Part {
            cutoff: Cutoff { shape: CutoffShape::Cosine, radius, inner: 0.0 },
            terms: rows,
            functions: blocks * rows,
            species: elements
                .iter()
                .map(|element| {
                    let place = self.environment.iter().position(|e| e == element);
                    let weight = weights[place.expect("checked to be in the environment")];
                    let targets = [(0, 1.0), (rows, weight)][..blocks].to_vec();
                    Local { rows, mixing: None, targets }
                })
                .collect(),
        };
        let (radial, angular) = (self.radial_order + 1, self.angular_order + 1);
        let invariants = Invariants {
            functions: blocks,
            degree: self.angular_order,
            pairs: (0..blocks).map(|block| (block, block)).collect(),
            angles: Angles::chebyshev(self.angular_order),
            distinct: true,
            products: Vec::new(),
        };
        // aenet has both radial and angular functions of a block before the next block.
        let place = |block: usize, at: usize| block * (radial + angular) + at;
        let order = (0..blocks)
            .flat_map(|block| (0..radial).map(move |n| place(block, n)))
            .chain((0..blocks).flat_map(|block| (0..angular).map(move |n| place(block, radial + n))))
            .collect();
        Plan {
            radial: part(self.radial_cutoff, radial),
            angular: Some((part(self.angular_cutoff, 1), invariants)),
            order,
        }
    }
}

/// The parameters for all elements of a potential.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chebyshev {
    /// The elements: species `s` is `elements[s]`.
    pub elements: Vec<Element>,
    /// The setup of each of them as a central element.
    pub centers: Vec<ChebyshevCenter>,
}

impl Chebyshev {
    /// Checks the parameters.
    pub fn new(elements: Vec<Element>, centers: Vec<ChebyshevCenter>) -> Result<Self> {
        let parameters = Self { elements, centers };
        parameters.check()?;
        Ok(parameters)
    }

    /// Can the descriptor be computed?
    pub fn check(&self) -> Result<()> {
        if self.elements.len() != self.centers.len() {
            return Err(Error::invalid(format!(
                "Chebyshev descriptor: {} elements but {} setups",
                self.elements.len(),
                self.centers.len()
            )));
        }
        for (element, center) in self.elements.iter().zip(&self.centers) {
            center.check(*element, &self.elements)?;
        }
        Ok(())
    }

    /// Compiles it for a precision.
    pub fn compile<T: Real>(&self) -> Result<Expansion<T>> {
        self.check()?;
        Ok(Expansion::new(self.plans()))
    }

    /// What is to be computed for each central species.
    pub(crate) fn plans(&self) -> Vec<Plan> {
        self.centers.iter().map(|center| center.plan(&self.elements)).collect()
    }
}
