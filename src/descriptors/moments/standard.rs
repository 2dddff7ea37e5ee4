//! Sensible sets, for whoever does not want to choose every number.

use super::{
    AngularInvariants, Channels, Coupling, FourProduct, Moments, MomentsCenter, RadialFunctions, Resolution,
};
use crate::descriptors::{Cutoff, CutoffShape};
use crate::error::{Error, Result};
use crate::random::{Philox, Purpose};
use crate::system::Element;
use std::str::FromStr;

/// How much a standard set resolves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MomentsSize {
    /// 5 radial functions for each element and 4 angular ones, l ≤ 3, no more than three bodies: 35 numbers
    /// for one element, 50 for four.
    Small,
    /// 8 radial functions for each element and 6 angular ones, l ≤ 4, some of four and five bodies: 110
    /// numbers for one element, 134 for four.
    #[default]
    Medium,
    /// 10 radial functions for each element and 8 angular ones, l ≤ 5, more of four and five bodies: 230
    /// numbers for one element, 260 for four.
    Large,
}

impl FromStr for MomentsSize {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "small" => Ok(Self::Small),
            "medium" => Ok(Self::Medium),
            "large" => Ok(Self::Large),
            _ => Err(Error::invalid(format!("`{name}` is not a size: expected small, medium or large"))),
        }
    }
}

impl Moments {
    /// A set for these elements with cutoffs in Å, the same for every central element: radial functions for
    /// each element of the neighbours; mixed channels for the angles, all products of two functions,
    /// Legendre polynomials from l = 1 on.
    ///
    /// With one element the functions begin as the polynomials themselves. With several the coefficients of
    /// the mixtures are random numbers (always the same ones): few mixtures of many functions keep most of
    /// what can be told apart, at a cost that does not grow with the number of elements. Training improves
    /// them.
    pub fn standard(
        elements: Vec<Element>,
        radial_cutoff: f64,
        angular_cutoff: f64,
        size: MomentsSize,
    ) -> Result<Self> {
        // Radial functions; angular functions and the polynomials they are made of; the largest l.
        let (radial, angular, degree) = match size {
            MomentsSize::Small => (5, (4, 6), 3),
            MomentsSize::Medium => (8, (6, 8), 4),
            MomentsSize::Large => (10, (8, 10), 5),
        };
        let three = match size {
            MomentsSize::Small => vec![],
            MomentsSize::Medium => vec![[2, 2, 2], [1, 1, 2]],
            MomentsSize::Large => vec![[2, 2, 2], [1, 1, 2], [2, 2, 4]],
        };
        let vectors = FourProduct { degrees: [1; 4], through: 0 };
        let four = match size {
            MomentsSize::Small => vec![],
            MomentsSize::Medium => vec![vectors],
            MomentsSize::Large => vec![vectors, FourProduct { degrees: [1, 1, 2, 2], through: 2 }],
        };
        let species = elements.len();
        let functions = |radius: f64, channels: Channels| RadialFunctions {
            cutoff: Cutoff { shape: CutoffShape::Poly2, radius, inner: 0.0 },
            channels,
        };
        let channels = |center: usize| Channels::Mixed {
            coefficients: if species == 1 {
                polynomials(angular)
            } else {
                mixtures(species, angular, center)
            },
        };
        let centers = (0..species).map(|center| MomentsCenter {
            radial: functions(radial_cutoff, Channels::PerElement { orders: radial }),
            angular: Some(AngularInvariants {
                functions: functions(angular_cutoff, channels(center)),
                degree,
                coupling: Coupling::All,
                resolution: Resolution::Legendre { from: 1 },
                distinct: false,
                three: three.clone(),
                four: four.clone(),
            }),
        });
        let centers = centers.collect();
        Self::new(elements, centers)
    }
}

/// Functions that are the first polynomials.
fn polynomials((functions, terms): (usize, usize)) -> Vec<Vec<Vec<f64>>> {
    let row = |n: usize| (0..terms).map(|k| f64::from(u8::from(k == n))).collect();
    vec![(0..functions).map(row).collect()]
}

/// Random coefficients in [−1, 1] for every species of neighbours.
fn mixtures(species: usize, (functions, terms): (usize, usize), center: usize) -> Vec<Vec<Vec<f64>>> {
    let mut random = Philox::new(1, Purpose::General, 0, center as u32);
    let mut draw = |n: usize| (0..n).map(|_| 2.0 * random.uniform() - 1.0).collect::<Vec<f64>>();
    (0..species).map(|_| (0..functions).map(|_| draw(terms)).collect()).collect()
}
