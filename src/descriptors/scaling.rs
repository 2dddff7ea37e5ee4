//! The affine map from descriptors to what a network is fed, and the range it was made from.

use crate::error::{Error, Result};

/// What is known of one descriptor over the training set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statistics {
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation; the mean square ⟨G²⟩ for [`ScalingKind::SecondMoment`].
    pub spread: f64,
}

/// How the statistics become a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScalingKind {
    /// x = G.
    None,
    /// x = S_min + (S_max − S_min)(G − G_min)/(G_max − G_min). n2p2 `scale_symmetry_functions`.
    Range,
    /// x = G − ⟨G⟩. n2p2 `center_symmetry_functions`.
    Center,
    /// x = S_min + (S_max − S_min)(G − ⟨G⟩)/(G_max − G_min). Both keywords together.
    CenteredRange,
    /// x = S_min + (S_max − S_min)(G − ⟨G⟩)/σ. n2p2 `scale_symmetry_functions_sigma`.
    Sigma,
    /// x = (G − ⟨G⟩)/√(⟨G²⟩ − ⟨G⟩²), and 0 for a descriptor that hardly varies (root ≤ 10⁻¹⁰). aenet.
    SecondMoment,
}

const NAMES: [(ScalingKind, &str); 6] = [
    (ScalingKind::None, "none"),
    (ScalingKind::Range, "range"),
    (ScalingKind::Center, "center"),
    (ScalingKind::CenteredRange, "centered-range"),
    (ScalingKind::Sigma, "sigma"),
    (ScalingKind::SecondMoment, "second-moment"),
];

impl ScalingKind {
    /// The kind with this name, as native files have it.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// Its name in native files.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// Does the map read S_min and S_max?
    pub fn has_target(self) -> bool {
        matches!(self, Self::Range | Self::CenteredRange | Self::Sigma)
    }
}

/// The scaling of the descriptors of one element: x = (G − shift)·factor + offset.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    kind: ScalingKind,
    target: [f64; 2],
    statistics: Vec<Statistics>,
    shift: Vec<f64>,
    factor: Vec<f64>,
}

/// Below this standard deviation aenet feeds a network zero.
const NO_SPREAD: f64 = 1e-10;

impl Scaling {
    /// The scaling of `kind` onto `target` = [S_min, S_max] by what is known of each descriptor.
    ///
    /// A descriptor that does not vary where the map divides by its variation is an error.
    pub fn new(kind: ScalingKind, target: [f64; 2], statistics: Vec<Statistics>) -> Result<Self> {
        let width = target[1] - target[0];
        let mut shift = Vec::with_capacity(statistics.len());
        let mut factor = Vec::with_capacity(statistics.len());
        for (index, s) in statistics.iter().enumerate() {
            let (c, f) = match kind {
                ScalingKind::None => (0.0, 1.0),
                ScalingKind::Range => (s.min, width / (s.max - s.min)),
                ScalingKind::Center => (s.mean, 1.0),
                ScalingKind::CenteredRange => (s.mean, width / (s.max - s.min)),
                ScalingKind::Sigma => (s.mean, width / s.spread),
                ScalingKind::SecondMoment => {
                    let sigma = (s.spread - s.mean * s.mean).max(0.0).sqrt();
                    (s.mean, if sigma <= NO_SPREAD { 0.0 } else { 1.0 / sigma })
                }
            };
            if !f.is_finite() || !c.is_finite() {
                return Err(Error::invalid(format!(
                    "descriptor {} cannot be scaled: minimum {}, maximum {}, mean {}, spread {}",
                    index + 1,
                    s.min,
                    s.max,
                    s.mean,
                    s.spread
                )));
            }
            shift.push(c);
            factor.push(f);
        }
        Ok(Self { kind, target, statistics, shift, factor })
    }

    /// How the statistics become the map.
    pub fn kind(&self) -> ScalingKind {
        self.kind
    }

    /// [S_min, S_max].
    pub fn target(&self) -> [f64; 2] {
        self.target
    }

    /// What is known of each descriptor: the trained range is `min..=max`.
    pub fn statistics(&self) -> &[Statistics] {
        &self.statistics
    }

    /// Number of descriptors.
    pub fn len(&self) -> usize {
        self.statistics.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.statistics.is_empty()
    }

    /// What is subtracted from each descriptor.
    pub fn shift(&self) -> &[f64] {
        &self.shift
    }

    /// What the difference is multiplied by: also the factor on derivatives.
    pub fn factor(&self) -> &[f64] {
        &self.factor
    }

    /// What is added at last, the same for all descriptors.
    pub fn offset(&self) -> f64 {
        if self.kind.has_target() { self.target[0] } else { 0.0 }
    }

    /// x of G.
    pub fn apply(&self, g: &[f64]) -> Vec<f64> {
        let offset = self.offset();
        g.iter().zip(&self.shift).zip(&self.factor).map(|((g, s), f)| (g - s) * f + offset).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(kind: ScalingKind, g: f64) -> f64 {
        let statistics = Statistics { min: 1.0, max: 5.0, mean: 2.0, spread: 5.0 };
        Scaling::new(kind, [-1.0, 1.0], vec![statistics]).unwrap().apply(&[g])[0]
    }

    #[test]
    fn each_kind_maps_as_its_formula_says() {
        assert_eq!(scaled(ScalingKind::None, 3.0), 3.0);
        assert_eq!(scaled(ScalingKind::Range, 1.0), -1.0);
        assert_eq!(scaled(ScalingKind::Range, 5.0), 1.0);
        assert_eq!(scaled(ScalingKind::Center, 2.0), 0.0);
        assert_eq!(scaled(ScalingKind::CenteredRange, 4.0), 0.0);
        assert_eq!(scaled(ScalingKind::Sigma, 7.0), 1.0);
        // ⟨G²⟩ − ⟨G⟩² = 1.
        assert_eq!(scaled(ScalingKind::SecondMoment, 3.5), 1.5);
    }

    #[test]
    fn descriptors_without_spread() {
        let constant = Statistics { min: 2.0, max: 2.0, mean: 2.0, spread: 0.0 };
        for kind in [ScalingKind::Range, ScalingKind::CenteredRange, ScalingKind::Sigma] {
            assert!(Scaling::new(kind, [0.0, 1.0], vec![constant]).is_err());
        }
        let square = Statistics { spread: 4.0, ..constant };
        let aenet = Scaling::new(ScalingKind::SecondMoment, [0.0, 1.0], vec![square]).unwrap();
        assert_eq!(aenet.apply(&[17.0]), [0.0]);
        for (kind, name) in NAMES {
            assert_eq!(ScalingKind::from_name(name), Some(kind));
            assert_eq!(kind.name(), name);
        }
    }
}
