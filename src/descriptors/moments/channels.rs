//! Functions of the distance, and how the elements of the neighbours enter them.

use crate::descriptors::expansion::{Local, MAX_TERMS, Part};
use crate::descriptors::{Cutoff, CutoffShape};
use crate::error::{Error, Result};

/// Functions h_q(r) = f(r) times series of Chebyshev polynomials T_k(2r/R − 1), where R is the radius of f.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RadialFunctions {
    /// f.
    pub cutoff: Cutoff,
    /// Which series, for neighbours of which element.
    pub channels: Channels,
}

/// How neighbours of different elements enter the functions.
///
/// Functions are counted channel after channel.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Channels {
    /// In channel c a neighbour of species s counts w_cs times: h_cn(r) = w_cs f(r) T_n.
    Weighted {
        /// How many polynomials each channel has.
        orders: usize,
        /// w, a row for each channel.
        weights: Vec<Vec<f64>>,
    },
    /// A channel for each element: the neighbours of species s alone are in channel s.
    PerElement {
        /// How many polynomials each channel has.
        orders: usize,
    },
    /// One channel, in which neighbours of species s have h_n(r) = f(r) Σ_k c_snk T_k; training may choose c.
    Mixed {
        /// c: by species of the neighbour, function and polynomial.
        coefficients: Vec<Vec<Vec<f64>>>,
    },
}

/// The largest number of functions.
const MOST: usize = 512;

impl Channels {
    /// How many channels there are for this many species.
    pub fn count(&self, species: usize) -> usize {
        match self {
            Self::Weighted { weights, .. } => weights.len(),
            Self::PerElement { .. } => species,
            Self::Mixed { .. } => 1,
        }
    }

    /// How many functions a channel has.
    pub fn orders(&self) -> usize {
        match self {
            Self::Weighted { orders, .. } | Self::PerElement { orders } => *orders,
            Self::Mixed { coefficients } => coefficients.first().map_or(0, Vec::len),
        }
    }

    /// How many functions there are for this many species.
    pub fn functions(&self, species: usize) -> usize {
        self.count(species).saturating_mul(self.orders())
    }

    /// How many polynomials the functions are made of.
    pub fn terms(&self) -> usize {
        match self {
            Self::Weighted { orders, .. } | Self::PerElement { orders } => *orders,
            Self::Mixed { coefficients } => coefficients.iter().flatten().next().map_or(0, Vec::len),
        }
    }

    /// The coefficients of mixed channels.
    pub(super) fn coefficients(&self) -> impl Iterator<Item = &f64> {
        let coefficients = match self {
            Self::Mixed { coefficients } => &coefficients[..],
            _ => &[],
        };
        coefficients.iter().flatten().flatten()
    }

    /// The same, to be changed.
    pub(super) fn coefficients_mut(&mut self) -> impl Iterator<Item = &mut f64> {
        let coefficients = match self {
            Self::Mixed { coefficients } => &mut coefficients[..],
            _ => &mut [],
        };
        coefficients.iter_mut().flatten().flatten()
    }

    /// The series of function `q` for a neighbour of species `s`, with the weight it has.
    pub(super) fn series(&self, q: usize, s: usize) -> Vec<f64> {
        let orders = self.orders();
        let single = |weight: f64| {
            let mut series = vec![0.0; orders];
            series[q % orders] = weight;
            series
        };
        match self {
            Self::Weighted { weights, .. } => single(weights[q / orders][s]),
            Self::PerElement { .. } => single(if q / orders == s { 1.0 } else { 0.0 }),
            Self::Mixed { coefficients } => coefficients[s][q].clone(),
        }
    }

    fn check(&self, species: usize) -> Result<()> {
        let (orders, terms) = (self.orders(), self.terms());
        if orders == 0 || terms == 0 || self.count(species) == 0 {
            return Err(Error::invalid("there is no function of the distance"));
        }
        if orders > MAX_TERMS || terms > MAX_TERMS || self.functions(species) > MOST {
            return Err(Error::invalid(format!(
                "{} functions of {terms} polynomials are more than {MOST} of {MAX_TERMS}",
                self.functions(species)
            )));
        }
        let finite = |row: &Vec<f64>| row.iter().all(|number| number.is_finite());
        let good = match self {
            Self::Weighted { weights, .. } => weights.iter().all(|row| row.len() == species && finite(row)),
            Self::PerElement { .. } => true,
            Self::Mixed { coefficients } => {
                let whole = |rows: &Vec<Vec<f64>>| {
                    rows.len() == orders && rows.iter().all(|row| row.len() == terms && finite(row))
                };
                coefficients.len() == species && coefficients.iter().all(whole)
            }
        };
        if !good {
            return Err(Error::invalid(
                "weights must be finite, one for each element in every channel, and mixing coefficients a \
                 matrix of one shape for each element",
            ));
        }
        Ok(())
    }
}

impl RadialFunctions {
    pub(super) fn check(&self, species: usize) -> Result<()> {
        self.cutoff.check()?;
        if self.cutoff.shape == CutoffShape::Hard {
            return Err(Error::invalid("a hard cutoff is a step in the energy"));
        }
        self.channels.check(species)
    }

    /// The same for the engine.
    pub(super) fn part(&self, species: usize) -> Part {
        let (rows, terms) = (self.channels.orders(), self.channels.terms());
        let local = |s: usize| match &self.channels {
            Channels::Weighted { weights, .. } => {
                let targets = weights.iter().enumerate().map(|(c, row)| (c * rows, row[s])).collect();
                Local { rows, mixing: None, targets }
            }
            Channels::PerElement { .. } => Local { rows, mixing: None, targets: vec![(s * rows, 1.0)] },
            Channels::Mixed { coefficients } => {
                let mixing = coefficients[s].iter().flatten().copied().collect();
                Local { rows, mixing: Some(mixing), targets: vec![(0, 1.0)] }
            }
        };
        Part {
            cutoff: self.cutoff,
            terms,
            functions: self.channels.functions(species),
            species: (0..species).map(local).collect(),
        }
    }
}
