//! Adam and AdamW of burn, on batches of frames.
//!
//! Parameters, moments and what is met on the way stay where the objective computes for a whole epoch; what
//! is remembered between epochs is on the host. So an epoch is done or it is not: a device that fails in the
//! middle of one leaves the state after the one before.

use super::displaced::Displaced;
use super::objective::{Descent, Objective, Summary};
use super::optimizer::{Halt, Memory, Optimizer, Outcome, go_on};
use super::place::Place;
use super::problem::Problem;
use super::schedule::{Plateaus, Schedule};
use crate::error::Result;
use crate::random::{Philox, Purpose};
use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer as _};
use burn::tensor::Tensor;

/// An objective whose gradient comes as a tensor, where its frames are.
pub trait Slope: Objective {
    /// Where that is.
    fn place(&self) -> Place {
        Place::processor()
    }

    /// ∂L/∂θ for the loss of the frames chosen, without the part of the decay, and what [`Slope::rows`] makes
    /// the differences of.
    fn slope(&self, theta: &Tensor<1>, frames: &[usize]) -> Result<[Tensor<1>; 2]> {
        let place = self.place();
        let Descent { gradient, differences, .. } = self.gradient(&place.numbers(theta.clone())?, frames)?;
        let tensor = |numbers: Vec<f64>| {
            let shape = [numbers.len()];
            place.tensor(numbers, shape)
        };
        Ok([tensor(gradient), tensor(differences.concat())])
    }

    /// Predicted minus reference rows of each of the frames.
    fn rows(&self, frames: &[usize], mut met: &[f64]) -> Vec<Vec<f64>> {
        let length = |frame: &usize| self.targets()[*frame].references.len();
        frames.iter().map(|frame| met.split_off(..length(frame)).unwrap_or_default().to_vec()).collect()
    }
}

impl Slope for Problem<'_> {}
impl Slope for Displaced<'_> {}

/// Adam, or with a decay AdamW. The errors on the frames that train are those met on the way.
pub struct Adaptive {
    rule: AdamW,
    schedule: Schedule,
    batch: usize,
    clip: Option<f64>,
    seed: u64,
    moments: Option<Moments>,
    plateaus: Plateaus,
}

/// What Adam remembers from step to step.
struct Moments {
    /// Steps done.
    time: usize,
    /// The moving average of the gradient.
    first: Vec<f64>,
    /// The moving average of its squares.
    second: Vec<f64>,
}

/// Where an epoch leads.
struct Walked {
    theta: Vec<f64>,
    moments: Option<Moments>,
    /// What [`Slope::rows`] makes the differences of that were met in each batch.
    met: Vec<Vec<f64>>,
}

impl Adaptive {
    /// Steps over `batch` frames each; gradients are shortened to the norm `clip`.
    pub fn new(schedule: Schedule, batch: usize, clip: Option<f64>, decay: Option<f64>, seed: u64) -> Self {
        let config = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(decay.unwrap_or(0.0) as f32);
        Self {
            rule: config.build(),
            schedule,
            batch,
            clip,
            seed,
            moments: None,
            plateaus: Plateaus::default(),
        }
    }

    /// The gradient, or one of the same direction and the norm `clip`.
    fn clipped(&self, gradient: Tensor<1>) -> Tensor<1> {
        let Some(clip) = self.clip else { return gradient };
        let norm = gradient.clone().square().sum().sqrt().clamp_min(clip);
        gradient * (norm.full_like(clip) / norm)
    }

    /// Steps over all batches of an epoch.
    fn steps<P: Slope>(
        &self,
        objective: &P,
        theta: &[f64],
        order: &[usize],
        epoch: u64,
        halt: Halt<'_>,
    ) -> Result<Walked> {
        let place = objective.place();
        let n = theta.len();
        let rate = self.schedule.at(epoch, self.plateaus.count);
        let mut at = place.tensor(theta.to_vec(), [n]);
        let mut state = self.moments.as_ref().map(|moments| {
            let [first, second] = [&moments.first, &moments.second].map(|m| place.tensor(m.clone(), [n]));
            AdamWState::new(AdaptiveMomentumState::new(moments.time, first, second))
        });
        let mut met = Vec::new();
        for frames in order.chunks(self.batch) {
            go_on(halt)?;
            let [gradient, rows] = objective.slope(&at, frames)?;
            met.push(rows);
            // Shares are parts of the whole: a batch stands for all frames.
            let scale = order.len() as f64 / frames.len() as f64;
            let gradient = gradient.mul_scalar(scale) + at.clone().mul_scalar(objective.loss().decay);
            (at, state) = self.rule.step(rate, at, self.clipped(gradient), state);
        }
        let lengths: Vec<usize> = met.iter().map(|rows| rows.dims()[0]).collect();
        let read = if met.is_empty() { Vec::new() } else { place.numbers(Tensor::cat(met, 0))? };
        let mut rest = &read[..];
        let met = lengths.iter().map(|n| rest.split_off(..*n).unwrap_or_default().to_vec()).collect();
        let moments = match state {
            Some(AdamWState { momentum }) => Some(Moments {
                time: momentum.time,
                first: place.numbers(momentum.moment_1)?,
                second: place.numbers(momentum.moment_2)?,
            }),
            None => None,
        };
        Ok(Walked { theta: place.numbers(at)?, moments, met })
    }
}

impl<P: Slope> Optimizer<P> for Adaptive {
    fn epoch(&mut self, objective: &P, theta: &mut Vec<f64>, epoch: u64, halt: Halt<'_>) -> Result<Outcome> {
        let mut random = Philox::new(self.seed, Purpose::Training, 2 + epoch, u32::MAX);
        let mut order = objective.train().to_vec();
        for k in (1..order.len()).rev() {
            order.swap(k, random.below(k as u64 + 1) as usize);
        }
        let walked = objective.place().guarded(|| self.steps(objective, theta, &order, epoch, halt))?;
        (*theta, self.moments) = (walked.theta, walked.moments);
        let mut summary = Summary::default();
        for (frames, met) in order.chunks(self.batch).zip(&walked.met) {
            for (frame, differences) in frames.iter().zip(objective.rows(frames, met)) {
                objective.add(&mut summary, *frame, &differences);
            }
        }
        self.plateaus.push(summary.loss, self.schedule);
        Ok(Outcome { converged: false, met: Some(summary) })
    }
}

impl Memory for Adaptive {
    fn save(&self) -> Result<Vec<f64>> {
        let Some(Moments { time, first, second }) = &self.moments else { return Ok(Vec::new()) };
        let mut all = vec![*time as f64];
        all.extend(self.plateaus.save());
        all.extend(first);
        all.extend(second);
        Ok(all)
    }

    fn load(&mut self, state: &[f64]) -> Result<()> {
        let Some(([time, plateaus @ ..], moments)) = state.split_first_chunk::<4>() else { return Ok(()) };
        self.plateaus = Plateaus::load(*plateaus);
        let (first, second) = moments.split_at(moments.len() / 2);
        let (first, second) = (first.to_vec(), second.to_vec());
        self.moments = Some(Moments { time: *time as usize, first, second });
        Ok(())
    }
}
