//! The networks are trained, one member of the committee after the other.

#[cfg(feature = "train")]
use super::device::given_up;
use super::prepare::Prepared;
use super::{Job, Listener};
use crate::error::{Error, Result};
use crate::input::train::OptimizerChoice;
use crate::train::average::Averaged;
use crate::train::checkpoint::{Checkpoint, CurvePoint};
#[cfg(feature = "train")]
use crate::train::first_order::Adaptive;
use crate::train::kalman::Kalman;
#[cfg(feature = "train")]
use crate::train::loss::Target;
use crate::train::marquardt::LevenbergMarquardt;
use crate::train::quasi_newton::QuasiNewton;
use crate::train::split::Split;
#[cfg(feature = "train")]
use crate::train::tensors::knows;
use crate::train::trainer::{self, Limits, Watch};
#[cfg(feature = "train")]
use crate::train::two_passes::TwoPasses;
#[cfg(feature = "train")]
use crate::train::uploaded::Uploaded;
use crate::workflow::dynamics::Stop;
use std::path::Path;
use std::time::Duration;

impl Job<'_> {
    /// Trains every member from where it is; returns the splits of all.
    pub(super) fn members(
        &self,
        prepared: &Prepared,
        state: &mut Checkpoint,
        file: &Path,
    ) -> Result<Vec<Split>> {
        let mut splits = Vec::new();
        for member in 0..self.plan.network.members {
            let split = prepared.split(self.plan, member);
            if member >= state.members.len() {
                if state.member != member || state.theta.is_empty() {
                    state.begin(member, prepared.initial(self.plan, member));
                }
                self.one_member(prepared, &split, state, file)?;
                let curve = std::mem::take(&mut state.curve);
                state.members.push((std::mem::take(&mut state.best), curve));
                state.begin(member + 1, Vec::new());
                state.write(file)?;
            }
            splits.push(split);
        }
        Ok(splits)
    }

    fn one_member(
        &self,
        prepared: &Prepared,
        split: &Split,
        state: &mut Checkpoint,
        file: &Path,
    ) -> Result<()> {
        struct Watcher<'a> {
            member: usize,
            stop: &'a Stop,
            listener: &'a dyn Listener,
        }
        impl Watch for Watcher<'_> {
            fn epoch(&mut self, point: &CurvePoint, best: bool) {
                self.listener.epoch(self.member, point, best);
            }
            fn stop(&mut self) -> Option<&'static str> {
                self.stop.reason()
            }
        }
        let plan = self.plan;
        let targets = prepared.targets(plan, split);
        let (train, member) = (&split.train[..], state.member);
        let (epochs, patience) = plan.optimizer.limits();
        let limits = Limits { epochs, patience, checkpoint: Duration::from_secs(30) };
        let name = |frame: usize| prepared.samples[frame].frame.origin.to_string();
        let mut watch = Watcher { member, stop: self.stop, listener: self.listener };
        let seed = plan.seed.wrapping_add(member as u64);
        let validation = &split.validation[..];
        macro_rules! train {
            ($objective:expr, $optimizer:expr) => {{
                let job = trainer::Job { objective: $objective, validation, limits, file, name: &name };
                match plan.average {
                    Some(epochs) => {
                        trainer::train(&job, &mut Averaged::new($optimizer, epochs), state, &mut watch)
                    }
                    None => trainer::train(&job, &mut { $optimizer }, state, &mut watch),
                }
            }};
        }
        match &plan.optimizer {
            OptimizerChoice::LevenbergMarquardt(table) => {
                train!(prepared.stored(plan, &targets, train), LevenbergMarquardt::new(table.damping))
            }
            OptimizerChoice::Kalman(table) => {
                let optimizer = Kalman::new(table.variance, table.noise, table.share, seed);
                train!(prepared.stored(plan, &targets, train), optimizer)
            }
            OptimizerChoice::Lbfgs(table) => {
                train!(prepared.stored(plan, &targets, train), QuasiNewton::new(table.memory))
            }
            #[cfg(feature = "train")]
            OptimizerChoice::Adam(_) | OptimizerChoice::AdamW(_) => {
                let optimizer = first_order(plan, prepared, seed)?;
                if let Some(uploaded) = self.uploaded(prepared, &targets, split)? {
                    return train!(uploaded, optimizer);
                }
                let Some(frames) = &prepared.surroundings else {
                    return train!(TwoPasses(prepared.stored(plan, &targets, train)), optimizer);
                };
                let set = prepared.mixed(&state.members)?;
                let set = (&set, prepared.mixes(plan, member));
                train!(prepared.displaced(plan, set, frames, &targets, train), optimizer)
            }
            #[cfg(not(feature = "train"))]
            OptimizerChoice::Adam(_) | OptimizerChoice::AdamW(_) => Err(Error::invalid(
                "this mlmd was built without the feature `train`: Adam and AdamW are not in it; \
                 expected [optimizer.levenberg-marquardt], [optimizer.kalman] or [optimizer.lbfgs]",
            )),
        }
    }
}

#[cfg(feature = "train")]
impl Job<'_> {
    /// The frames of a split on the graphics processor that trains, if one does.
    fn uploaded<'a>(
        &'a self,
        prepared: &'a Prepared,
        targets: &'a [Target],
        split: &'a Split,
    ) -> Result<Option<Uploaded<'a>>> {
        let (Some(place), Some(table)) = (&prepared.place, self.plan.optimizer.first_order()) else {
            return Ok(None);
        };
        let problem = prepared.stored(self.plan, targets, &split.train);
        let used = [&split.train[..], &split.validation].concat();
        let bound = self.plan.data.memory as u64;
        match Uploaded::new(problem, place.clone(), &used, table.batch, bound) {
            Ok(uploaded) => {
                self.listener.note(&uploaded.describe());
                Ok(Some(uploaded))
            }
            Err(Error::Device(reason)) => {
                given_up(self.plan.device.kind, reason, self.listener).map(|()| None)
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(feature = "train")]
fn first_order(plan: &crate::input::train::TrainPlan, prepared: &Prepared, seed: u64) -> Result<Adaptive> {
    let table = plan.optimizer.first_order();
    let table = table.ok_or_else(|| Error::Internal("an optimiser of the first order".into()))?;
    let layers = prepared.layout.networks.iter().flat_map(|n| &n.layers);
    let strange = layers.map(|l| l.activation).find(|a| !knows(*a));
    if let Some(other) = strange.filter(|_| prepared.surroundings.is_none()) {
        return Err(Error::invalid(format!(
            "Adam cannot train neurons of the kind `{}` that the potential of [transfer] has; expected \
             [optimizer.levenberg-marquardt], [optimizer.kalman] or [optimizer.lbfgs]",
            other.name()
        )));
    }
    let decay = match &plan.optimizer {
        OptimizerChoice::AdamW(table) => Some(table.decay),
        _ => None,
    };
    Ok(Adaptive::new(table.schedule, table.batch, table.clip, decay, seed))
}
