//! L-BFGS over all frames, with a line search for the weak Wolfe conditions by bisection
//! (Lewis and Overton, Math. Program. 141, 135 (2013), doi:10.1007/s10107-012-0514-2).

use super::objective::Objective;
use super::optimizer::{Halt, Memory, Optimizer, Outcome, go_on};
use crate::curvature::{Curvature, dot};
use crate::error::{Error, Result};

/// Sufficient decrease and curvature of the Wolfe conditions.
const DECREASE: f64 = 1e-4;
const FLATTER: f64 = 0.9;
/// Trials of a line search.
const TRIALS: usize = 25;
/// How far every parameter goes in the first step, on average.
const FIRST: f64 = 0.02;

/// What is known between steps.
pub struct QuasiNewton {
    known: Curvature,
    /// θ, loss and gradient where the last step ended.
    here: Option<Place>,
    /// Number of parameters.
    parameters: usize,
}

impl QuasiNewton {
    /// Directions from the last `memory` steps.
    pub fn new(memory: usize) -> Self {
        Self { known: Curvature::new(memory, 1.0), here: None, parameters: 0 }
    }
}

/// θ, loss and gradient.
type Place = (Vec<f64>, f64, Vec<f64>);

/// The loss with the decay, and its gradient.
fn slope<P: Objective>(objective: &P, theta: &[f64]) -> Result<(f64, Vec<f64>)> {
    let mut found = objective.gradient(theta, objective.train())?;
    let decay = objective.loss().decay;
    found.gradient.iter_mut().zip(theta).for_each(|(g, t)| *g += decay * t);
    Ok((found.loss + objective.decay(theta), found.gradient))
}

impl<P: Objective> Optimizer<P> for QuasiNewton {
    fn epoch(&mut self, objective: &P, theta: &mut Vec<f64>, _: u64, halt: Halt<'_>) -> Result<Outcome> {
        let before = self.known.clone();
        let done = self.step(objective, theta, halt);
        if matches!(done, Err(Error::Interrupted(_))) {
            self.known = before;
        }
        done
    }
}

impl QuasiNewton {
    /// One step downhill.
    fn step<P: Objective>(&mut self, objective: &P, theta: &mut Vec<f64>, halt: Halt<'_>) -> Result<Outcome> {
        self.parameters = theta.len();
        let (value, gradient) = match self.here.take().filter(|here| here.0 == *theta) {
            Some((_, value, gradient)) => (value, gradient),
            None => slope(objective, theta)?,
        };
        loop {
            let mut d = self.known.direction(&gradient);
            if self.known.is_empty() {
                let length = dot(&d, &d).sqrt();
                let wanted = FIRST * (d.len() as f64).sqrt();
                let factor = wanted / length.max(f64::MIN_POSITIVE);
                d = d.into_iter().map(|d| d * factor).collect();
            }
            let down = dot(&gradient, &d);
            if down < 0.0
                && let Some((at, after, rise)) = search(objective, theta, (value, &d, down), halt)?
            {
                let step = at.iter().zip(&*theta).map(|(a, b)| a - b).collect();
                let change = rise.iter().zip(&gradient).map(|(a, b)| a - b).collect();
                self.known.learn(step, change);
                theta.clone_from(&at);
                self.here = Some((at, after, rise));
                return Ok(Outcome::default());
            }
            if !self.known.forget() {
                return Ok(Outcome { converged: true, met: None });
            }
        }
    }
}

impl Memory for QuasiNewton {
    fn save(&self) -> Result<Vec<f64>> {
        let mut state = vec![self.parameters as f64];
        state.extend(self.known.save());
        Ok(state)
    }

    fn load(&mut self, state: &[f64]) -> Result<()> {
        if let Some((n, known)) = state.split_first() {
            self.parameters = *n as usize;
            self.known.load(known, self.parameters);
        }
        Ok(())
    }
}

/// A point along `d`, where the loss falls by `down` from `value`, with enough decrease and a flatter slope, or the lowest seen; `None` if none is lower.
fn search<P: Objective>(
    objective: &P,
    theta: &[f64],
    (value, d, down): (f64, &[f64], f64),
    halt: Halt<'_>,
) -> Result<Option<Place>> {
    let (mut low, mut high, mut t) = (0.0, f64::INFINITY, 1.0);
    let mut best: Option<Place> = None;
    for _ in 0..TRIALS {
        go_on(halt)?;
        let at: Vec<f64> = theta.iter().zip(d).map(|(x, d)| x + t * d).collect();
        let (after, gradient) = slope(objective, &at)?;
        let enough = after <= value + DECREASE * t * down;
        let flat = dot(&gradient, d) >= FLATTER * down;
        if after < best.as_ref().map_or(value, |best| best.1) {
            best = Some((at, after, gradient));
        }
        // A loss that is not a number is too far, like one that is too large.
        if !enough {
            high = t;
        } else if flat {
            break;
        } else {
            low = t;
        }
        t = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * low };
    }
    Ok(best)
}
