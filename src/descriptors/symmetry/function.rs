//! One symmetry function as data, and its place in n2p2's order.

use super::factors::{Angle, Radial};
use crate::error::Result;
use crate::system::Element;
use std::cmp::Ordering;

/// One symmetry function of a central atom i.
///
/// With ρ the radial factor, A the angular factor and θ the angle j–i–k:
///
/// - radial: G = Σ_j ρ(r_ij);
/// - angular, wide: G = Σ_{j<k} ρ(r_ij) ρ(r_ik) A(θ);
/// - angular, narrow: G = Σ_{j<k} ρ(r_ij) ρ(r_ik) ρ(r_jk) A(θ).
///
/// The sums run over neighbours of the given elements, or over all of them with every term weighted by
/// the atomic numbers Z_j (Z_j Z_k).
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SymmetryFunction {
    /// A sum over neighbours.
    Radial {
        /// Their element; `None`: all, weighted by the atomic number.
        of: Option<Element>,
        /// ρ.
        radial: Radial,
    },
    /// A sum over pairs of neighbours, each pair once.
    Angular {
        /// Their elements, in either order; `None`: all, weighted by the product of atomic numbers.
        of: Option<[Element; 2]>,
        /// ρ, the same function for all sides of the triangle.
        radial: Radial,
        /// A.
        angle: Angle,
        /// Does the factor ρ(r_jk) of the side opposite the central atom belong to it?
        narrow: bool,
    },
}

impl SymmetryFunction {
    /// Its radial factor.
    pub fn radial(&self) -> &Radial {
        match self {
            Self::Radial { radial, .. } | Self::Angular { radial, .. } => radial,
        }
    }

    /// The elements of the neighbours it sums over; none if it sums over all.
    pub fn elements(&self) -> impl Iterator<Item = Element> {
        let (first, second) = match self {
            Self::Radial { of, .. } => (*of, None),
            Self::Angular { of, .. } => (of.map(|e| e[0]), of.map(|e| e[1])),
        };
        first.into_iter().chain(second)
    }

    /// The number of its kind in n2p2 and RuNNer, if it is one of theirs.
    pub fn n2p2_type(&self) -> Option<u32> {
        match self {
            Self::Radial { of, radial: Radial::Gaussian { .. } } => Some(if of.is_some() { 2 } else { 12 }),
            Self::Radial { of, radial: Radial::Compact { core, .. } } => {
                core.name().map(|_| if of.is_some() { 20 } else { 23 })
            }
            Self::Angular { of, radial: Radial::Gaussian { .. }, angle: Angle::Power { .. }, narrow } => {
                match (of.is_some(), narrow) {
                    (true, true) => Some(3),
                    (true, false) => Some(9),
                    (false, true) => Some(13),
                    (false, false) => None,
                }
            }
            Self::Angular {
                of,
                radial: Radial::Compact { core, .. },
                angle: Angle::Window { core: window, .. },
                narrow,
            } => (core.name().is_some() && core.core == *window).then_some(match (of.is_some(), narrow) {
                (true, true) => 21,
                (true, false) => 22,
                (false, true) => 24,
                (false, false) => 25,
            }),
            Self::Angular { .. } => None,
        }
    }

    /// Are the parameters such that there is such a function?
    pub fn check(&self) -> Result<()> {
        self.radial().check()?;
        match self {
            Self::Radial { .. } => Ok(()),
            Self::Angular { angle, .. } => angle.check(),
        }
    }

    /// The same function with the elements of a pair in the order of their atomic numbers.
    pub(super) fn normalized(mut self) -> Self {
        if let Self::Angular { of: Some(pair), .. } = &mut self {
            pair.sort();
        }
        self
    }

    /// The order in which n2p2 numbers the functions of one central element: by type, then by the
    /// parameters in an order of their own for Gaussian and for compact functions.
    pub fn n2p2_order(&self, other: &Self) -> Ordering {
        let (a, b) = (self.key(), other.key());
        a.iter().zip(&b).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne()).unwrap_or(a.len().cmp(&b.len()))
    }

    fn key(&self) -> Vec<f64> {
        // What n2p2 does not have comes after what it has.
        let kind = self.n2p2_type().map_or(1000.0, f64::from);
        let elements: Vec<f64> = self.elements().map(|e| e.number() as f64).collect();
        let mut key = vec![kind];
        match self.radial() {
            Radial::Gaussian { eta, shift, cutoff } => {
                key.extend([cutoff.shape.number() as f64, cutoff.inner, cutoff.radius, *eta, *shift]);
                key.extend(self.angle_key());
                key.extend(elements);
            }
            Radial::Compact { left, right, core } => {
                key.push(f64::from(core.core as u8) * 2.0 + f64::from(u8::from(core.asymmetric)));
                key.extend(elements);
                key.extend([*right, *left]);
                key.extend(self.angle_key());
            }
        }
        key
    }

    fn angle_key(&self) -> Vec<f64> {
        match self {
            Self::Radial { .. } => Vec::new(),
            Self::Angular { angle: Angle::Power { lambda, zeta }, .. } => vec![*zeta, *lambda],
            Self::Angular { angle: Angle::Window { left, right, .. }, .. } => vec![*left, *right],
        }
    }
}
