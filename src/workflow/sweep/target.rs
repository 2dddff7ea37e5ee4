//! How long a task runs where its error decides: in parts, each as long as all before it, until the error of the
//! estimate is small enough.
//!
//! A decision is a function of the trajectory up to the end of a part, so it is the same whatever interrupted the
//! task. Errors of diffusivities fall with the square root of the length; replicas of equal length divide them
//! by the square root of their number, so each task decides alone. Where tasks have come to the end of their budget
//! and are not accurate enough, replicas are added if the plan allows as many as it takes.

use super::manifest::{TaskEntry, replace};
use super::state::State;
use crate::analysis::{Digits, Estimate, Refusal};
use crate::error::{Error, Result};
use crate::input::{Plan, StopWhen, SweepPlan};
use crate::io;
use crate::report::Section;
use crate::workflow::analyze::Request;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// The target, beside the input of a task.
const TARGET: &str = "target.json";
/// What the last decision was.
const VERDICT: &str = "verdict.json";
/// A task that would need so many times its budget, and its share of that of replicas that may be added, is not worth the
/// rest of it.
const HOPELESS: f64 = 3.0;

/// When a task is long enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Target {
    /// Of the charge diffusivity, or of the tracer diffusivity?
    charge: bool,
    /// The relative error that is wanted of all replicas together.
    relative: f64,
    /// How many replicas there are.
    replicas: u64,
    /// How many there may be.
    most: u64,
    /// Steps before recording begins.
    equilibration: u64,
    /// Steps of the first part.
    first: u64,
}

/// What was decided at the end of a part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Verdict {
    /// The step.
    step: u64,
    /// Is the task long enough?
    enough: bool,
    /// The relative error of this task, if there is an estimate.
    error: Option<f64>,
    /// How long its production would have to be, fs.
    needed: Option<f64>,
    /// How long it may be, fs.
    budget: f64,
    /// The relative error that is wanted of one task.
    wanted: f64,
    /// How many replicas there are.
    replicas: u64,
}

impl Target {
    /// The target of a plan.
    pub(super) fn of_plan(plan: &SweepPlan) -> Option<Self> {
        let StopWhen { charge, relative } = plan.sweep.stop_when?;
        let (equilibration, first) = (plan.dynamics.equilibration_steps(), plan.dynamics.production_steps());
        let (replicas, most) = (plan.sweep.replicas, plan.sweep.most_replicas);
        Some(Self { charge, relative, replicas, most, equilibration, first })
    }

    /// Writes the target of a task. Where it is another than before, a task that was done decides again.
    pub(super) fn keep(target: Option<&Self>, folder: &Path) -> Result<()> {
        let path = folder.join(TARGET);
        let before = Self::read(folder)?;
        if before.as_ref() == target {
            return Ok(());
        }
        if State::read(folder) == State::Done {
            State::remove(folder)?;
        }
        if let Some(target) = target {
            let text = serde_json::to_string(target).map_err(|e| Error::Internal(e.to_string()))?;
            replace(&path, &(text + "\n"))
        } else {
            forget(folder)?;
            fs::remove_file(&path).map_err(Error::io(&path, "delete"))
        }
    }

    /// The target of a task, if it has one.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(TARGET);
        let Some(text) = io::read_if_there(&path)? else { return Ok(None) };
        let target = serde_json::from_slice(&text);
        target.map(Some).map_err(|error| Error::invalid(format!("{}: not a target: {error}", path.display())))
    }

    /// Where the part ends in which a step lies: after `first` steps of production, twice as many, four times as many ...
    pub(super) fn next_end(&self, step: u64, steps: u64) -> u64 {
        let mut production = self.first;
        while self.equilibration + production < step {
            production = production.saturating_mul(2);
        }
        self.equilibration.saturating_add(production).min(steps)
    }

    /// Is the task long enough at the end of a part, or beyond hope? Otherwise its next part is due.
    pub(super) fn judge(&self, plan: &Plan, folder: &Path, step: u64) -> Result<bool> {
        let Some(dynamics) = &plan.dynamics else { return Ok(true) };
        let request =
            Request::of_plan(plan).ok_or_else(|| Error::Internal("a target without analyses".into()))?;
        let report = request.report(&mut |_| {})?;
        let length = (step - self.equilibration) as f64 * dynamics.timestep;
        let wanted = self.relative * (self.replicas as f64).sqrt();
        let (error, needed) = match report.sections.first().map(|section| self.estimate(section)) {
            Some(Ok(estimate)) => {
                let error = estimate.relative_error();
                (Some(error), Some(length * (error / wanted).powi(2)))
            }
            Some(Err(refusal)) => (None, refusal.more_time.map(|more| length + more)),
            None => (None, None),
        };
        let budget = dynamics.produce;
        let reached = error.is_some_and(|error| error <= wanted);
        let replicas = self.replicas;
        let all = budget * self.most as f64 / replicas as f64;
        let hopeless = needed.is_some_and(|needed| needed > HOPELESS * all);
        let verdict = Verdict { step, enough: reached, error, needed, budget, wanted, replicas };
        let text = serde_json::to_string(&verdict).map_err(|e| Error::Internal(e.to_string()))?;
        replace(&folder.join(VERDICT), &(text + "\n"))?;
        Ok(reached || hopeless)
    }

    fn estimate(&self, section: &Section) -> Result<Estimate, Refusal> {
        let transport = &section.transport;
        if self.charge {
            return transport.charge.as_ref().map(|charge| charge.diffusivity.clone()).map_err(Clone::clone);
        }
        let missing = || Refusal { reason: "there is no mobile element".into(), more_time: None };
        let (_, tracer) = transport.tracers.first().ok_or_else(missing)?;
        tracer.as_ref().map(|tracer| tracer.diffusivity.clone()).map_err(Clone::clone)
    }
}

impl Verdict {
    /// The last one of a task, if there was any.
    fn read(folder: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(folder.join(VERDICT)).ok()?).ok()
    }
}

/// How many replicas a temperature of a candidate is to have: those of the plan, and where they are all done without being
/// accurate enough, as many as the missing length takes, if `most_replicas` allows as many. Replicas share that
/// length, but none becomes diffusive by another. `folders` are those of the replicas of the plan.
pub(super) fn replicas(plan: &SweepPlan, folders: &[PathBuf]) -> u64 {
    let (own, most) = (plan.sweep.replicas, plan.sweep.most_replicas);
    if plan.sweep.stop_when.is_none() || most <= own {
        return own;
    }
    let mut needed = 0.0;
    for folder in folders {
        let verdict = Verdict::read(folder).filter(|_| State::read(folder) == State::Done);
        match verdict {
            Some(Verdict { enough: false, error: Some(_), needed: Some(length), budget, .. }) => {
                needed += length / budget;
            }
            Some(Verdict { enough: true, .. }) => needed += 1.0,
            _ => return own,
        }
    }
    let needed = needed.ceil() as u64;
    if needed > most { own } else { needed.max(own) }
}

/// Deletes what was decided.
pub(super) fn forget(folder: &Path) -> Result<()> {
    io::remove_if_there(&folder.join(VERDICT))
}

/// What a task cannot reach within its budget, in words: `at 400 K this needs about 80 ns, and the budget is 2 ns; 40
/// replicas would do`.
pub(super) fn remark(folder: &Path, entry: &TaskEntry) -> Option<String> {
    // Where replicas were added there are as many as were found to be needed.
    let verdict = Verdict::read(folder).filter(|verdict| entry.replicas <= verdict.replicas)?;
    let needed = verdict.needed.filter(|needed| !verdict.enough && *needed > verdict.budget)?;
    // Replicas share the length that is needed, but none becomes diffusive by another.
    let (more, instead) = if verdict.error.is_none() {
        (" to become diffusive", String::new())
    } else {
        let replicas = (verdict.replicas as f64 * needed / verdict.budget).ceil();
        ("", format!("; {replicas} replicas would do"))
    };
    Some(format!(
        "at {} K this needs about {}{more}, and the budget is {}{instead}",
        entry.temperature,
        time(needed),
        time(verdict.budget)
    ))
}

/// A time in the unit people would use.
fn time(fs: f64) -> String {
    if fs >= 1e6 { format!("{} ns", Digits(fs / 1e6)) } else { format!("{} ps", Digits(fs / 1e3)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_double_up_to_the_budget() {
        let target =
            Target { charge: true, relative: 0.1, replicas: 1, most: 1, equilibration: 100, first: 1000 };
        let ends = [0, 100, 1100, 1101, 2100, 2101, 4100, 4101].map(|step| target.next_end(step, 7100));
        assert_eq!(ends, [1100, 1100, 1100, 2100, 2100, 4100, 4100, 7100]);
    }
}
