//! Levenberg–Marquardt: Gauss–Newton steps, damped so that every one goes downhill.
//!
//! (JᵀJ + λ + μ) δ = −(Jᵀr + λθ) with the damping μ after Nielsen (Damping parameter in Marquardt's
//! method, IMM-REP-1999-05): it falls by up to three where the quadratic model holds and rises fast where
//! it does not. One epoch is one accepted step.

use super::dense;
use super::objective::Objective;
use super::optimizer::{Halt, Memory, Optimizer, Outcome, go_on};
use super::problem::Problem;
use super::tangent::{Networks, Pass};
use crate::error::{Error, Result};
use rayon::prelude::*;

/// The state between steps.
#[derive(Debug, Clone)]
pub struct LevenbergMarquardt {
    /// μ.
    damping: f64,
    /// What μ is multiplied by after the next failure.
    growth: f64,
}

/// Rows of the Jacobian that are held at once, as numbers.
const HELD: usize = 24_000_000;
/// Failures after which there is no way down.
const FAILURES: usize = 12;

impl LevenbergMarquardt {
    /// Begins with this damping, relative to the largest diagonal element of JᵀJ.
    pub fn new(damping: f64) -> Self {
        // Negative: still relative.
        Self { damping: -damping, growth: 2.0 }
    }
}

/// JᵀJ (lower triangle) and Jᵀr over the frames that train.
fn normal_equations(problem: &Problem<'_>, theta: &[f64], halt: Halt<'_>) -> Result<(Vec<f64>, Vec<f64>)> {
    let n = theta.len();
    let networks = Networks::new(problem.layout, theta);
    let (mut matrix, mut right) = (vec![0.0; n * n], vec![0.0; n]);
    let mut rest = problem.train;
    while !rest.is_empty() {
        go_on(halt)?;
        let mut count = 0;
        let mut numbers = 0;
        while count < rest.len() && (count == 0 || numbers < HELD) {
            numbers += problem.targets[rest[count]].references.len() * n;
            count += 1;
        }
        let (now, later) = rest.split_at(count);
        rest = later;
        let blocks: Vec<(Vec<f64>, Vec<f64>)> = now
            .par_iter()
            .map_init(Pass::default, |pass, frame| problem.jacobian(&networks, *frame, pass, None))
            .collect();
        for (residuals, rows) in &blocks {
            for (r, row) in residuals.iter().zip(rows.chunks_exact(n)) {
                right.iter_mut().zip(row).for_each(|(b, j)| *b += r * j);
            }
        }
        let rows: Vec<&[f64]> = blocks.iter().map(|block| &block.1[..]).collect();
        dense::add_products(&mut matrix, n, &rows, 1.0);
    }
    Ok((matrix, right))
}

impl<'a> Optimizer<Problem<'a>> for LevenbergMarquardt {
    fn epoch(
        &mut self,
        problem: &Problem<'a>,
        theta: &mut Vec<f64>,
        _: u64,
        halt: Halt<'_>,
    ) -> Result<Outcome> {
        let before = self.clone();
        let done = self.step(problem, theta, halt);
        if matches!(done, Err(Error::Interrupted(_))) {
            *self = before;
        }
        done
    }
}

impl LevenbergMarquardt {
    /// One step downhill.
    fn step(&mut self, problem: &Problem<'_>, theta: &mut Vec<f64>, halt: Halt<'_>) -> Result<Outcome> {
        let n = theta.len();
        let lambda = problem.loss.decay;
        let (matrix, mut right) = normal_equations(problem, theta, halt)?;
        right.iter_mut().zip(&*theta).for_each(|(b, t)| *b += lambda * t);
        if self.damping < 0.0 {
            let largest = (0..n).map(|k| matrix[k * n + k]).fold(0.0, f64::max);
            self.damping = -self.damping * largest.max(1e-30);
        }
        let cost = |theta: &[f64]| -> Result<f64> {
            Ok(problem.summary(theta, problem.train)?.loss + problem.decay(theta))
        };
        let before = cost(theta)?;
        for _ in 0..FAILURES {
            go_on(halt)?;
            let mut factor = matrix.clone();
            for k in 0..n {
                factor[k * n + k] += lambda + self.damping;
            }
            if dense::cholesky(&mut factor, n) {
                let step = dense::solve(&factor, n, &right);
                let moved: Vec<f64> = theta.iter().zip(&step).map(|(t, d)| t - d).collect();
                let after = cost(&moved)?;
                // The decrease that the quadratic model predicts: ½ δ·(μδ + b).
                let predicted: f64 =
                    0.5 * step.iter().zip(&right).map(|(d, b)| d * (self.damping * d + b)).sum::<f64>();
                let gain = (before - after) / predicted;
                if after < before && gain.is_finite() {
                    self.damping *= (1.0 - (2.0 * gain - 1.0).powi(3)).max(1.0 / 3.0);
                    self.growth = 2.0;
                    *theta = moved;
                    return Ok(Outcome::default());
                }
            }
            self.damping *= self.growth;
            self.growth *= 2.0;
        }
        Ok(Outcome { converged: true, met: None })
    }
}

impl Memory for LevenbergMarquardt {
    fn save(&self) -> Result<Vec<f64>> {
        Ok(vec![self.damping, self.growth])
    }

    fn load(&mut self, state: &[f64]) -> Result<()> {
        let [damping, growth] = *state else {
            return Err(Error::Internal("the state of Levenberg–Marquardt has two numbers".into()));
        };
        (self.damping, self.growth) = (damping, growth);
        Ok(())
    }
}
