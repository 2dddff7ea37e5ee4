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
    /// 6 radial and 4 angular functions, l ≤ 3, no more than three bodies: 36 numbers.
    Small,
    /// 10 radial and 6 angular functions, l ≤ 4, some of four and five bodies: 112 numbers.
    #[default]
    Medium,
    /// 12 radial and 8 angular functions, l ≤ 5, more of four and five bodies: 232 numbers.
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

/// How many functions of how many polynomials.
type Shape = (usize, usize);

impl Moments {
    /// A set for these elements with cutoffs in Å, the same for every central element: mixed channels, all
    /// products of two functions, Legendre polynomials from l = 1 on.
    ///
    /// With one element the functions are the polynomials themselves; with several the coefficients are
    /// random numbers (always the same ones): few mixtures of many functions keep most of what can be told
    /// apart, and training may improve them.
    pub fn standard(
        elements: Vec<Element>,
        radial_cutoff: f64,
        angular_cutoff: f64,
        size: MomentsSize,
    ) -> Result<Self> {
        let (radial, angular, degree): (Shape, Shape, usize) = match size {
            MomentsSize::Small => ((6, 8), (4, 6), 3),
            MomentsSize::Medium => ((10, 12), (6, 8), 4),
            MomentsSize::Large => ((12, 14), (8, 10), 5),
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
        let functions = |radius: f64, shape: Shape, center: usize, part: u64| RadialFunctions {
            cutoff: Cutoff { shape: CutoffShape::Poly2, radius, inner: 0.0 },
            channels: if species == 1 {
                Channels::PerElement { orders: shape.0 }
            } else {
                Channels::Mixed { coefficients: mixtures(species, shape, center, part) }
            },
        };
        let centers = (0..species).map(|center| MomentsCenter {
            radial: functions(radial_cutoff, radial, center, 0),
            angular: Some(AngularInvariants {
                functions: functions(angular_cutoff, angular, center, 1),
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

/// Random coefficients in [−1, 1] for every species of neighbours.
fn mixtures(species: usize, (functions, terms): Shape, center: usize, part: u64) -> Vec<Vec<Vec<f64>>> {
    let mut random = Philox::new(part, Purpose::General, 0, center as u32);
    let mut draw = |n: usize| (0..n).map(|_| 2.0 * random.uniform() - 1.0).collect::<Vec<f64>>();
    (0..species).map(|_| (0..functions).map(|_| draw(terms)).collect()).collect()
}
