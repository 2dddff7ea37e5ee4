//! Which products of moments are formed.

use super::channels::RadialFunctions;
use crate::descriptors::expansion::{Angles, Invariants, MAX_DEGREE, Product};
use crate::error::{Error, Result};

/// The angular part of one central element: functions of the distance and the invariants of their moments.
///
/// Its numbers are the products of two moments, pair of functions after pair with the angle running
/// fastest, then every product of three and of four for each function.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AngularInvariants {
    /// h_q.
    pub functions: RadialFunctions,
    /// L, the largest l of the products of two.
    pub degree: usize,
    /// Which functions are multiplied with each other.
    pub coupling: Coupling,
    /// The functions of the angle.
    pub resolution: Resolution,
    /// Are the pairs j = k left out, and every pair of neighbours counted once? Without, sums run over all
    /// j and k, which is as much information for less work.
    #[serde(default)]
    pub distinct: bool,
    /// Degrees l of products of three moments; they must obey the triangle inequality and have an even sum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub three: Vec<[usize; 3]>,
    /// Products of four moments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub four: Vec<FourProduct>,
}

/// Which pairs of functions have their moments multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coupling {
    /// Each with itself.
    Itself,
    /// Every two of the same channel.
    WithinChannels,
    /// Every two.
    All,
}

/// What products of two moments are resolved into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Resolution {
    /// Legendre polynomials P_l(cos θ).
    Legendre {
        /// The smallest l; 1 leaves out what are products of radial sums.
        from: usize,
    },
    /// Chebyshev polynomials T_l(cos θ) from l = 0 on.
    Chebyshev,
}

/// A product of four moments: the first two and the last two are each coupled to degree `through`, then
/// with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FourProduct {
    /// Their degrees l.
    pub degrees: [usize; 4],
    /// The degree in between.
    pub through: usize,
}

/// The largest degree in products of three and four, and how many of these there may be: their cost
/// grows with its fourth power and more.
const MAX_PRODUCT_DEGREE: usize = 6;
const MOST_PRODUCTS: usize = 64;

impl AngularInvariants {
    /// How many numbers there are, where there are `species` elements.
    pub fn len(&self, species: usize) -> usize {
        let angles = match self.resolution {
            Resolution::Legendre { from } => (self.degree + 1).saturating_sub(from),
            Resolution::Chebyshev => self.degree + 1,
        };
        let functions = self.functions.channels.functions(species);
        let (orders, channels) = (self.functions.channels.orders(), self.functions.channels.count(species));
        let pairs = match self.coupling {
            Coupling::Itself => functions,
            Coupling::WithinChannels => channels * (orders * (orders + 1) / 2),
            Coupling::All => functions * (functions + 1) / 2,
        };
        pairs * angles + (self.three.len() + self.four.len()) * functions
    }

    /// Are there none?
    pub fn is_empty(&self, species: usize) -> bool {
        self.len(species) == 0
    }

    /// Pairs of functions q ≤ q' whose moments are multiplied.
    pub fn pairs(&self, species: usize) -> Vec<(usize, usize)> {
        let (orders, functions) =
            (self.functions.channels.orders(), self.functions.channels.functions(species));
        let coupled = |q: usize, p: usize| match self.coupling {
            Coupling::Itself => q == p,
            Coupling::WithinChannels => q / orders == p / orders,
            Coupling::All => true,
        };
        (0..functions)
            .flat_map(|q| (q..functions).filter(move |p| coupled(q, *p)).map(move |p| (q, p)))
            .collect()
    }

    pub(super) fn check(&self, species: usize) -> Result<()> {
        self.functions.check(species)?;
        if self.degree > MAX_DEGREE {
            return Err(Error::invalid(format!("the degree {} exceeds {MAX_DEGREE}", self.degree)));
        }
        if let Resolution::Legendre { from } = self.resolution
            && from > self.degree
        {
            return Err(Error::invalid(format!("degrees from {from} to {} are none", self.degree)));
        }
        if self.three.len() + self.four.len() > MOST_PRODUCTS {
            return Err(Error::invalid(format!(
                "more than {MOST_PRODUCTS} products of three and four moments"
            )));
        }
        let limit = self.degree.min(MAX_PRODUCT_DEGREE);
        let within = |degrees: &[usize]| degrees.iter().all(|l| *l <= limit);
        for degrees in &self.three {
            if !within(degrees) || !couples(*degrees) {
                return Err(Error::invalid(format!(
                    "a product of three moments of degrees {degrees:?} vanishes or exceeds degree {limit}: \
                     each degree is at most the sum of the other two, and their sum is even"
                )));
            }
        }
        for FourProduct { degrees: [a, b, c, d], through } in &self.four {
            let known = within(&[*a, *b, *c, *d]) && *through <= 2 * limit;
            if !known || !couples([*a, *b, *through]) || !couples([*c, *d, *through]) {
                return Err(Error::invalid(format!(
                    "a product of four moments of degrees {:?} through {through} vanishes or exceeds degree \
                     {limit}",
                    [a, b, c, d]
                )));
            }
        }
        Ok(())
    }

    /// The same for the engine.
    pub(super) fn invariants(&self, species: usize) -> Invariants {
        let three = self.three.iter().filter_map(|degrees| Product::of_three(*degrees));
        let four = self.four.iter().filter_map(|four| Product::of_four(four.degrees, four.through));
        Invariants {
            functions: self.functions.channels.functions(species),
            degree: self.degree,
            pairs: self.pairs(species),
            angles: match self.resolution {
                Resolution::Legendre { from } => Angles::Legendre(from),
                Resolution::Chebyshev => Angles::chebyshev(self.degree),
            },
            distinct: self.distinct,
            products: three.chain(four).collect(),
        }
    }
}

/// Is there a scalar in the product of harmonics of these degrees?
fn couples([a, b, c]: [usize; 3]) -> bool {
    (a + b + c).is_multiple_of(2) && a <= b + c && b <= a + c && c <= a + b
}
