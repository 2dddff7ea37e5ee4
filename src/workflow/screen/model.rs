//! What predicts candidates that were not simulated: one of two kinds, by the same questions.

use super::forest::Forest;
use super::gaussian::Gaussian;
use rayon::prelude::*;

/// The kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A Gaussian process.
    Gaussian,
    /// A random forest.
    Forest,
}

/// Points that are known.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Standardised features.
    pub features: Vec<Vec<f64>>,
    /// Values.
    pub values: Vec<f64>,
    /// The variances with which they are known.
    pub variances: Vec<f64>,
}

/// A function of features, with its error.
#[derive(Debug, Clone)]
pub(super) enum Model {
    /// A Gaussian process.
    Gaussian(Box<Gaussian>),
    /// A random forest.
    Forest(Forest),
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Gaussian, Self::Forest];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gaussian => "Gaussian process",
            Self::Forest => "random forest",
        }
    }
}

impl Known {
    /// Some of the points.
    pub(super) fn only(&self, which: &[usize]) -> Self {
        Self {
            features: which.iter().map(|k| self.features[*k].clone()).collect(),
            values: which.iter().map(|k| self.values[*k]).collect(),
            variances: which.iter().map(|k| self.variances[*k]).collect(),
        }
    }
}

impl Model {
    /// `None` where the points are too few or all the same.
    pub(super) fn learn(kind: Kind, known: &Known, seed: u64) -> Option<Self> {
        let Known { features, values, variances } = known;
        match kind {
            Kind::Gaussian => Gaussian::fit(features, values, variances).map(Box::new).map(Self::Gaussian),
            Kind::Forest => Forest::fit(features, values, variances, seed).map(Self::Forest),
        }
    }

    /// Means and standard deviations of the function at some features.
    pub(super) fn at(&self, features: &[Vec<f64>]) -> Vec<[f64; 2]> {
        match self {
            Self::Gaussian(model) => features.par_iter().map(|f| model.at(f)).collect(),
            Self::Forest(model) => model.at(features),
        }
    }

    /// The standard deviation by which values differ from the function, as far as that is told apart.
    pub(super) fn noise(&self) -> f64 {
        match self {
            Self::Gaussian(model) => model.noise(),
            Self::Forest(_) => 0.0,
        }
    }

    /// The same with one more point that turned out as expected.
    pub(super) fn believing(&self, features: &[f64]) -> Self {
        match self {
            Self::Gaussian(model) => Self::Gaussian(Box::new(model.believing(features))),
            Self::Forest(model) => Self::Forest(model.believing(features)),
        }
    }
}
