//! mlmd's own descriptor: moments of the density of neighbours, and what rotations leave of them.
//!
//! For an atom i, functions h_q of the distance and spherical harmonics after Racah (Σ_m C_lm(a) C_lm(b) =
//! P_l(a·b)), with R_r and R_a the radial and the angular cutoff:
//!
//! - radial: G_q = Σ_j h_q(r_ij);
//! - products of two moments M_q,lm = Σ_j h_q(r_ij) C_lm(r̂_ij): Σ_m M_q,lm M_q',lm = Σ_jk h_q(r_ij)
//!   h_q'(r_ik) P_l(cos θ_jik), three-body;
//! - products of three and four moments of one function, coupled to a scalar: four- and five-body.
//!
//! Functions are f(r) times Chebyshev polynomials of 2r/R − 1, and [`Channels`] says how the elements of
//! the neighbours enter them. The descriptor of Artrith, Urban and Ceder (Phys. Rev. B 96, 014112 (2017),
//! doi:10.1103/PhysRevB.96.014112) is the special case of one function and integer weights, angles resolved
//! into Chebyshev polynomials, pairs j = k left out; what it lacks is radial resolution of the angles and a
//! way to tell more than a few elements apart. Mixed channels are those of the neuroevolution potential
//! (Z. Fan et al., Phys. Rev. B 104, 104309 (2021), doi:10.1103/PhysRevB.104.104309), products of more
//! moments those of the atomic cluster expansion (R. Drautz, Phys. Rev. B 99, 014104 (2019),
//! doi:10.1103/PhysRevB.99.014104).

mod channels;
mod definition;
mod invariants;
mod standard;
#[cfg(test)]
mod tests;

pub use channels::{Channels, RadialFunctions};
pub use invariants::{AngularInvariants, Coupling, FourProduct, Resolution};
pub use standard::MomentsSize;

use super::expansion::{Expansion, Plan};
use crate::error::{Error, Result};
use crate::lanes::Real;
use crate::system::Element;

/// The largest number of descriptors of one element.
const MOST: usize = 1 << 14;

/// The parameters for all elements of a potential.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Moments {
    /// The elements: species `s` is `elements[s]`.
    pub elements: Vec<Element>,
    /// The parameters of each of them as a central element.
    pub centers: Vec<MomentsCenter>,
}

/// The parameters for one central element.
///
/// Its numbers are those of `radial`, function after function, then those of `angular`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MomentsCenter {
    /// Functions of the distance alone.
    pub radial: RadialFunctions,
    /// Functions whose moments are multiplied, and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub angular: Option<AngularInvariants>,
}

impl MomentsCenter {
    /// How many numbers there are, where there are `species` elements.
    pub fn len(&self, species: usize) -> usize {
        let angular = self.angular.as_ref().map_or(0, |angular| angular.len(species));
        self.radial.channels.functions(species) + angular
    }

    /// How far it reaches.
    pub fn cutoff(&self) -> f64 {
        let angular = self.angular.as_ref().map_or(0.0, |angular| angular.functions.cutoff.radius);
        self.radial.cutoff.radius.max(angular)
    }

    fn check(&self, species: usize) -> Result<()> {
        self.radial.check(species)?;
        if let Some(angular) = &self.angular {
            angular.check(species)?;
        }
        if self.len(species) > MOST {
            return Err(Error::invalid(format!("{} numbers are more than {MOST}", self.len(species))));
        }
        Ok(())
    }

    fn plan(&self, species: usize) -> Plan {
        let angular = self.angular.as_ref();
        Plan {
            radial: self.radial.part(species),
            angular: angular.map(|angular| (angular.functions.part(species), angular.invariants(species))),
            order: (0..self.len(species)).collect(),
        }
    }

    fn functions_mut(&mut self) -> impl Iterator<Item = &mut RadialFunctions> {
        std::iter::once(&mut self.radial).chain(self.angular.as_mut().map(|angular| &mut angular.functions))
    }

    /// The coefficients of mixed channels: by neighbour species, function and term, radial ones first.
    pub fn mixing(&self) -> Vec<f64> {
        let angular = self.angular.as_ref().map(|angular| &angular.functions);
        let all = [Some(&self.radial), angular].into_iter().flatten();
        all.flat_map(|functions| functions.channels.coefficients().copied()).collect()
    }

    /// Sets what [`MomentsCenter::mixing`] gives.
    ///
    /// # Errors
    /// If there are more or fewer coefficients, or one is not finite.
    pub fn set_mixing(&mut self, coefficients: &[f64]) -> Result<()> {
        let expected = self.mixing().len();
        if coefficients.len() != expected || coefficients.iter().any(|c| !c.is_finite()) {
            return Err(Error::invalid(format!(
                "expected {expected} finite mixing coefficients, found {}",
                coefficients.len()
            )));
        }
        let mut values = coefficients.iter();
        for functions in self.functions_mut() {
            for (to, from) in functions.channels.coefficients_mut().zip(&mut values) {
                *to = *from;
            }
        }
        Ok(())
    }
}

impl Moments {
    /// Checks the parameters.
    pub fn new(elements: Vec<Element>, centers: Vec<MomentsCenter>) -> Result<Self> {
        let parameters = Self { elements, centers };
        parameters.check()?;
        Ok(parameters)
    }

    /// Can the descriptor be computed?
    pub fn check(&self) -> Result<()> {
        if self.elements.is_empty() || self.elements.len() != self.centers.len() {
            return Err(Error::invalid(format!(
                "moments: {} elements but parameters for {}",
                self.elements.len(),
                self.centers.len()
            )));
        }
        for (s, (element, center)) in self.elements.iter().zip(&self.centers).enumerate() {
            if self.elements[..s].contains(element) {
                return Err(Error::invalid(format!("moments: {element} is twice among the elements")));
            }
            center
                .check(self.elements.len())
                .map_err(|error| Error::invalid(format!("moments of {element}: {error}")))?;
        }
        Ok(())
    }

    /// How many numbers describe an atom of species `center`.
    pub fn len(&self, center: usize) -> usize {
        self.centers[center].len(self.elements.len())
    }

    /// Are there no elements?
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// How far the descriptor reaches.
    pub fn cutoff(&self) -> f64 {
        self.centers.iter().map(MomentsCenter::cutoff).fold(0.0, f64::max)
    }

    /// The same descriptor with every length multiplied by `factor`.
    pub fn with_lengths(&self, factor: f64) -> Self {
        let mut moments = self.clone();
        for functions in moments.centers.iter_mut().flat_map(MomentsCenter::functions_mut) {
            functions.cutoff.radius *= factor;
        }
        moments
    }

    /// Compiles it for a precision. [`Expansion::mixing_gradient`] has the derivatives with respect to
    /// [`MomentsCenter::mixing`].
    pub fn compile<T: Real>(&self) -> Result<Expansion<T>> {
        self.check()?;
        Ok(Expansion::new(self.plans()))
    }

    /// What is to be computed for each central species.
    pub(crate) fn plans(&self) -> Vec<Plan> {
        self.centers.iter().map(|center| center.plan(self.elements.len())).collect()
    }
}
