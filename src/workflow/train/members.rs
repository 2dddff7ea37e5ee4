//! The networks are trained, members of a committee side by side.

#[cfg(feature = "train")]
use super::device::given_up;
use super::prepared::Prepared;
use super::{Job, Listener};
use crate::error::{Error, Result};
use crate::input::train::OptimizerChoice;
use crate::potential::DescriptorSet;
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
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A member of a committee; a potential without one has one member.
pub(super) struct Member {
    /// Which frames train it, and which validate it.
    pub(super) split: Split,
    state: Checkpoint,
    file: PathBuf,
}

impl Member {
    /// The parameters of its best epoch.
    pub(super) fn best(&self) -> &[f64] {
        &self.state.best
    }

    /// Its learning curve.
    pub(super) fn curve(&self) -> &[CurvePoint] {
        &self.state.curve
    }
}

/// Where the state of a member is kept.
fn file(folder: &Path, member: usize) -> PathBuf {
    folder.join(format!("checkpoint-{}", member + 1))
}

/// What a folder holds of the members of a training, each in a file of its own.
///
/// # Errors
/// [`Error::Invalid`] if it is of another training.
pub(super) fn kept(folder: &Path, members: usize, request: &str) -> Result<Vec<Option<Checkpoint>>> {
    let kept: Vec<_> = (0..members).map(|k| Checkpoint::read(&file(folder, k))).collect::<Result<_>>()?;
    if kept.iter().flatten().any(|state| state.request != request) {
        return Err(Error::invalid(format!(
            "{}: this folder holds a training of another input or of other frames\n   expected the same, another \
             [output] directory, or `--restart fresh`, which begins anew",
            folder.display()
        )));
    }
    Ok(kept)
}

/// What a member tells and asks while it is trained beside others.
struct Beside<'a> {
    member: usize,
    stop: &'a Stop,
    failed: &'a AtomicBool,
    listener: &'a dyn Listener,
}

impl Watch for Beside<'_> {
    fn epoch(&mut self, point: &CurvePoint, best: bool) {
        self.listener.epoch(self.member, point, best);
    }

    fn stop(&self) -> Option<&'static str> {
        let failed = self.failed.load(Ordering::Relaxed);
        self.stop.reason().or(failed.then_some("an error in another member"))
    }
}

impl Job<'_> {
    /// Trains every member from where it was left, or from the beginning.
    pub(super) fn members(
        &self,
        prepared: &Prepared,
        folder: &Path,
        request: &str,
        kept: Vec<Option<Checkpoint>>,
    ) -> Result<Vec<Member>> {
        let begin = |(k, kept): (usize, Option<Checkpoint>)| -> Result<Member> {
            let ((split, moved), file) = (prepared.split(self.plan, k), file(folder, k));
            for frame in moved {
                self.listener.note(&format!(
                    "{} trains, since it has an element that no other frame has that trains",
                    prepared.samples[frame].frame.origin
                ));
            }
            if let Some(state) = kept {
                return Ok(Member { split, state, file });
            }
            let state = Checkpoint::begin(request, k, prepared.initial(self.plan, k));
            // At once: nothing may be left of another training that was in this folder.
            state.write(&file)?;
            Ok(Member { split, state, file })
        };
        let mut members: Vec<Member> = kept.into_iter().enumerate().map(begin).collect::<Result<_>>()?;
        // The others take the mixing coefficients of the first as they are when it has come to its end.
        let alone = usize::from(prepared.mixes(self.plan, 0));
        self.side_by_side(prepared, &prepared.set, &mut members[..alone])?;
        let set = prepared.mixed(&members)?;
        self.side_by_side(prepared, &set, &mut members[alone..])?;
        Ok(members)
    }

    /// Trains members that do not need each other, as many at a time as there are threads; what each comes
    /// to does not depend on that. A graphics processor takes one at a time.
    fn side_by_side(&self, prepared: &Prepared, set: &DescriptorSet, members: &mut [Member]) -> Result<()> {
        let threads = rayon::current_num_threads();
        let side = if prepared.on_device() { 1 } else { threads.min(members.len()) };
        let failed = AtomicBool::new(false);
        let train = |member: &mut Member| {
            let done = self.one_member(prepared, set, member, &failed);
            failed.fetch_or(done.is_err(), Ordering::Relaxed);
            done
        };
        if side < 2 {
            return members.iter_mut().try_for_each(train);
        }
        let queue = Mutex::new(members.iter_mut());
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = |k: usize| {
            let share = threads / side + usize::from(k < threads % side);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(share).build();
            let pool = pool.map_err(|error| Error::Internal(format!("cannot start threads: {error}")))?;
            pool.install(|| {
                while let Some(member) = next() {
                    train(member)?;
                }
                Ok(())
            })
        };
        let work = &work;
        let ends: Vec<Result<()>> = thread::scope(|scope| {
            let workers: Vec<_> = (0..side).map(|k| scope.spawn(move || work(k))).collect();
            let panicked = || Err(Error::Internal("a training thread panicked".into()));
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| panicked())).collect()
        });
        // Those that stopped because another failed say less than the one that did.
        let (told, failures): (Vec<_>, Vec<_>) =
            ends.into_iter().filter_map(Result::err).partition(|e| matches!(e, Error::Interrupted(_)));
        failures.into_iter().chain(told).next().map_or(Ok(()), Err)
    }

    fn one_member(
        &self,
        prepared: &Prepared,
        set: &DescriptorSet,
        member: &mut Member,
        failed: &AtomicBool,
    ) -> Result<()> {
        let Member { split, state, file } = member;
        if state.finished {
            return Ok(());
        }
        let plan = self.plan;
        let targets = prepared.targets(plan, split);
        let (train, member) = (&split.train[..], state.member);
        let (epochs, patience) = plan.optimizer.limits();
        let limits = Limits { epochs, patience, checkpoint: Duration::from_secs(30) };
        let name = |frame: usize| prepared.samples[frame].frame.origin.to_string();
        let mut watch = Beside { member, stop: self.stop, failed, listener: self.listener };
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
                let set = (set, prepared.mixes(plan, member));
                train!(prepared.displaced(plan, set, frames, &targets, train), optimizer)
            }
            #[cfg(not(feature = "train"))]
            OptimizerChoice::Adam(_) | OptimizerChoice::AdamW(_) => {
                let _ = set;
                Err(Error::invalid(
                    "this mlmd was built without the feature `train`: Adam and AdamW are not in it; \
                     expected [optimizer.levenberg-marquardt], [optimizer.kalman] or [optimizer.lbfgs]",
                ))
            }
        }
    }
}

#[cfg(feature = "train")]
impl Job<'_> {
    /// The frames of a split where tensors do all of the training, if they do.
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
