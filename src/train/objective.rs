//! What is made small: the loss over all frames as a function of the parameters θ.

use super::loss::{Errors, Loss, Target};
use crate::error::Result;

/// A loss that can be evaluated and has a gradient, however its frames are kept.
pub trait Objective: Sync {
    /// What all frames should lead to.
    fn targets(&self) -> &[Target];

    /// Which frames train.
    fn train(&self) -> &[usize];

    /// What counts.
    fn loss(&self) -> &Loss;

    /// Predicted minus reference rows of the frames chosen.
    fn differences(&self, theta: &[f64], frames: &[usize]) -> Result<Vec<Vec<f64>>>;

    /// The loss of the frames chosen and its gradient, both without the part of the decay.
    fn gradient(&self, theta: &[f64], frames: &[usize]) -> Result<Descent>;

    /// Loss and errors of the frames chosen.
    fn summary(&self, theta: &[f64], frames: &[usize]) -> Result<Summary> {
        let mut summary = Summary::default();
        for (frame, rows) in frames.iter().zip(self.differences(theta, frames)?) {
            self.add(&mut summary, *frame, &rows);
        }
        Ok(summary)
    }

    /// Adds a frame with its differences to a summary.
    fn add(&self, summary: &mut Summary, frame: usize, differences: &[f64]) {
        let target = &self.targets()[frame];
        summary.loss += target.penalty(self.loss(), differences);
        summary.errors.push(target, differences);
        if summary.broken.is_none() && differences.iter().any(|x| !x.is_finite()) {
            summary.broken = Some(frame);
        }
    }

    /// ½ λ |θ|².
    fn decay(&self, theta: &[f64]) -> f64 {
        0.5 * self.loss().decay * theta.iter().map(|t| t * t).sum::<f64>()
    }
}

/// What a set of frames says about θ.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// The loss without the part of the decay.
    pub loss: f64,
    /// Root mean squares.
    pub errors: Errors,
    /// The first frame with a prediction that is not a finite number.
    pub broken: Option<usize>,
}

/// The loss of some frames and where it falls.
#[derive(Debug, Clone)]
pub struct Descent {
    /// Without the part of the decay.
    pub loss: f64,
    /// ∂L/∂θ.
    pub gradient: Vec<f64>,
    /// Predicted minus reference rows of each frame.
    pub differences: Vec<Vec<f64>>,
}

impl Descent {
    /// Of no frames yet, for so many parameters.
    pub fn zero(parameters: usize) -> Self {
        Self { loss: 0.0, gradient: vec![0.0; parameters], differences: Vec::new() }
    }
}

impl Target {
    /// From sums over networks to differences in physical units.
    pub fn finish(&self, rows: &mut [f64]) {
        for ((row, multiple), reference) in rows.iter_mut().zip(&self.multiples).zip(&self.references) {
            *row = *row * multiple - reference;
        }
        rows[0] += self.offset;
    }

    /// The part of the frame in the loss, from its differences.
    pub fn penalty(&self, loss: &Loss, differences: &[f64]) -> f64 {
        let each = differences.iter().zip(&self.inverse_sigma).zip(&self.shares);
        0.5 * each.map(|((d, inverse), share)| share * loss.penalty(d * inverse)).sum::<f64>()
    }

    /// ∂L/∂y for the rows y of the frame before [`Target::finish`], L being its part of the loss.
    pub fn adjoints(&self, loss: &Loss, differences: &[f64]) -> Vec<f64> {
        (0..differences.len())
            .map(|r| {
                let x = differences[r] * self.inverse_sigma[r];
                self.shares[r] * loss.factor(x) * x * self.inverse_sigma[r] * self.multiples[r]
            })
            .collect()
    }
}
