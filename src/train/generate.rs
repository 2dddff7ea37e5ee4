//! Descriptors made for the elements and cutoffs at hand.
//!
//! Symmetry functions on grids as in Imbalzano et al., doi:10.1063/1.5024611: Gaussians whose centres are
//! evenly spaced between the nearest neighbours and the cutoff and whose widths are the spacing, for each
//! neighbour element; angular functions without the r_jk factor (they factor into sums over one
//! neighbour index and cost little) for each pair of elements.

use crate::descriptors::{
    Angle, Chebyshev, ChebyshevCenter, Cutoff, CutoffShape, Radial, SymmetryFunction, SymmetryFunctions,
};
use crate::error::{Error, Result};
use crate::potential::DescriptorSet;
use crate::system::Element;

/// A grid of symmetry functions.
#[derive(Debug, Clone, PartialEq)]
pub struct SymmetryGrid {
    /// Cutoff of the radial functions, Å.
    pub radial_cutoff: f64,
    /// Number of radial functions for each neighbour element.
    pub radial: usize,
    /// Cutoff of the angular functions, Å.
    pub angular_cutoff: f64,
    /// Number of radial factors of angular functions for each pair of elements.
    pub angular: usize,
    /// The exponents ζ; each with λ = 1 and λ = −1.
    pub zetas: Vec<f64>,
    /// Where the first centre is, Å: about the nearest neighbour distance.
    pub nearest: f64,
    /// The cutoff function.
    pub shape: CutoffShape,
}

impl SymmetryGrid {
    /// The symmetry functions of the grid for these elements.
    pub fn build(&self, elements: &[Element]) -> Result<DescriptorSet> {
        if self.nearest >= self.angular_cutoff.min(self.radial_cutoff) {
            return Err(Error::invalid(format!(
                "the nearest neighbours at {:.2} Å are beyond the cutoff of the descriptor",
                self.nearest
            )));
        }
        let mut functions = Vec::new();
        for radial in gaussians(self.nearest, self.radial_cutoff, self.radial, self.shape)? {
            functions.extend(elements.iter().map(|e| SymmetryFunction::Radial { of: Some(*e), radial }));
        }
        for radial in gaussians(self.nearest, self.angular_cutoff, self.angular, self.shape)? {
            for (k, first) in elements.iter().enumerate() {
                for second in &elements[k..] {
                    for zeta in &self.zetas {
                        functions.extend([-1.0, 1.0].map(|lambda| SymmetryFunction::Angular {
                            of: Some([*first, *second]),
                            radial,
                            angle: Angle::Power { lambda, zeta: *zeta },
                            narrow: false,
                        }));
                    }
                }
            }
        }
        let all = vec![functions; elements.len()];
        Ok(DescriptorSet::Symmetry(SymmetryFunctions::new(elements.to_vec(), all)?))
    }
}

/// `count` Gaussians with centres from `nearest` to the cutoff, spaced by what is also their width.
fn gaussians(nearest: f64, cutoff: f64, count: usize, shape: CutoffShape) -> Result<Vec<Radial>> {
    let spacing = (cutoff - nearest) / count.max(1) as f64;
    let eta = 0.5 / (spacing * spacing);
    let cutoff = Cutoff::new(shape, cutoff, 0.0)?;
    Ok((0..count).map(|k| Radial::Gaussian { eta, shift: nearest + spacing * k as f64, cutoff }).collect())
}

/// The Chebyshev descriptor of Artrith, Urban and Ceder with the same orders for every element.
pub fn chebyshev(elements: &[Element], radial: (f64, usize), angular: (f64, usize)) -> Result<DescriptorSet> {
    let center = ChebyshevCenter {
        environment: elements.to_vec(),
        radial_cutoff: radial.0,
        radial_order: radial.1,
        angular_cutoff: angular.0,
        angular_order: angular.1,
    };
    let centers = vec![center; elements.len()];
    Ok(DescriptorSet::Chebyshev(Chebyshev::new(elements.to_vec(), centers)?))
}
