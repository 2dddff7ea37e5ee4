//! Epoch after epoch: learning curve, early stopping, checkpoints, and the same bits after a resume.

use super::checkpoint::{Checkpoint, CurvePoint};
use super::objective::{Objective, Summary};
use super::optimizer::Optimizer;
use crate::error::{Error, Result};
use std::path::Path;
use std::time::{Duration, Instant};

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The most epochs.
    pub epochs: u64,
    /// Stop after so many epochs without a better validation loss.
    pub patience: u64,
    /// At least this long between checkpoints.
    pub checkpoint: Duration,
}

/// The surroundings of a training.
pub struct Job<'a, P> {
    /// The frames, and what counts.
    pub objective: P,
    /// Frames that only tell when to stop.
    pub validation: &'a [usize],
    /// When to stop.
    pub limits: Limits,
    /// Where checkpoints are written.
    pub file: &'a Path,
    /// The name of a frame, for messages.
    pub name: &'a dyn Fn(usize) -> String,
}

/// What a trainer tells and asks after every epoch.
pub trait Watch {
    /// An epoch is done.
    fn epoch(&mut self, point: &CurvePoint, best: bool);
    /// Why to stop now, if so; a reason stays.
    fn stop(&self) -> Option<&'static str>;
}

/// Trains a member from where it is; on return `state.best` is what was reached.
///
/// # Errors
/// [`Error::Interrupted`] when told to stop, after a checkpoint; [`Error::Physics`] when a prediction is
/// not a finite number, naming the frame by `name`.
pub fn train<P: Objective>(
    job: &Job<'_, P>,
    optimizer: &mut dyn Optimizer<P>,
    state: &mut Checkpoint,
    watch: &mut dyn Watch,
) -> Result<()> {
    let Job { objective, validation, limits, file, name } = job;
    if !state.optimizer.is_empty() {
        optimizer.load(&state.optimizer)?;
    }
    let spent = state.curve.last().map_or(0.0, |point| point.seconds);
    let (start, mut written) = (Instant::now(), Instant::now());
    let mut epoch = state.curve.last().map_or(0, |point| point.epoch);
    // The epoch of the last checkpoint.
    let mut kept = epoch;
    while !state.finished {
        if let Some(reason) = watch.stop() {
            state.optimizer = optimizer.save()?;
            state.write(file)?;
            return Err(Error::Interrupted(format!(
                "stopped by {reason} after {epoch} epochs of member {}; the same command goes on",
                state.member + 1
            )));
        }
        let done = optimizer.epoch(objective, &mut state.theta, epoch, &|| watch.stop().is_some());
        if matches!(done, Err(Error::Interrupted(_))) {
            continue;
        }
        if matches!(done, Err(Error::Device(_))) {
            // Nothing has moved: this is the state after the last epoch that was done.
            state.optimizer = optimizer.save()?;
            state.write(file)?;
            kept = epoch;
        }
        let outcome = done.map_err(|error| behind(error, kept))?;
        epoch += 1;
        let look = |frames: &[usize]| objective.summary(&state.theta, frames).map_err(|e| behind(e, kept));
        let train = match outcome.met {
            Some(met) => met,
            None => look(objective.train())?,
        };
        let held = look(validation)?;
        check_finite(&[&train, &held], epoch, name)?;
        let loss = train.loss + objective.decay(&state.theta);
        // Without frames to validate on, the loss itself decides.
        let judged = if validation.is_empty() { loss } else { held.loss };
        let better = judged < state.best_loss;
        if better {
            state.best_loss = judged;
            state.best_epoch = epoch;
            state.best.clone_from(&state.theta);
        }
        let point = CurvePoint {
            epoch,
            loss,
            train: train.errors,
            validation_loss: held.loss,
            validation: held.errors,
            seconds: spent + start.elapsed().as_secs_f64(),
        };
        state.curve.push(point);
        watch.epoch(&point, better);
        state.finished =
            outcome.converged || epoch >= limits.epochs || epoch >= state.best_epoch + limits.patience;
        if written.elapsed() >= limits.checkpoint || state.finished {
            state.optimizer = optimizer.save()?;
            state.write(file)?;
            (written, kept) = (Instant::now(), epoch);
        }
    }
    Ok(())
}

/// What a device had to say, and what there is to go on from.
fn behind(error: Error, epochs: u64) -> Error {
    match error {
        Error::Device(reason) => Error::Device(format!(
            "{reason}\n   the training is kept as it was after {epochs} epochs; the same command goes on"
        )),
        other => other,
    }
}

fn check_finite(summaries: &[&Summary], epoch: u64, name: &dyn Fn(usize) -> String) -> Result<()> {
    match summaries.iter().find_map(|s| s.broken) {
        Some(frame) => Err(Error::Physics(format!(
            "epoch {epoch}: the prediction for {} is not a finite number; a smaller learning rate, or a \
             look at this frame, may help",
            name(frame)
        ))),
        None => Ok(()),
    }
}
