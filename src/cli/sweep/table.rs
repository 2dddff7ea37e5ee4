//! What became of the tasks of a sweep, in lines for people.

use crate::cli::amounts::{counted, duration};
use crate::workflow::sweep::{Listed, Manifest, State, Status};
use std::fmt::Write;
use std::time::Duration;

/// What became of the tasks: a line for each candidate, or for each task; then the sum.
pub(super) fn table(manifest: &Manifest, all: &[Status], each: bool) -> String {
    let mut rows: Vec<[String; 4]> = Vec::new();
    let (mut at, mut left) = (0, Some(Duration::ZERO));
    let pace = pace(manifest, all);
    for candidate in &manifest.candidates {
        let own = &all[at..at + candidate.tasks.len()];
        at += own.len();
        if let Some(reason) = &candidate.broken {
            rows.push([candidate.name.clone(), "broken".into(), String::new(), reason.clone()]);
            continue;
        }
        let atoms = candidate.atoms.unwrap_or(0).max(1) as f64;
        let rest = remaining(own, pace.map(|pace| pace / atoms));
        left = left.zip(rest).map(|(a, b)| a + b);
        if each {
            rows.extend(candidate.tasks.iter().zip(own).map(|(task, status)| {
                let name = format!("{} {} K {}", candidate.name, task.temperature, task.replica);
                let percent = 100 * status.step.min(status.steps) / status.steps.max(1);
                let (state, mut reason) = words(&status.state);
                if reason.is_empty() {
                    reason = status.remark.clone().unwrap_or_default();
                }
                let rest = (!status.state.is_final()).then(|| status.left().map(duration)).flatten();
                [name, format!("{state} {percent} %"), rest.unwrap_or_default(), reason]
            }));
        } else {
            rows.push(line(candidate, own, rest));
        }
    }
    let mut text = format!("{}\n", manifest.title);
    rows.insert(0, ["candidate", "tasks", "left", ""].map(String::from));
    let width = |k: usize| rows.iter().map(|row| row[k].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    for [name, tasks, rest, reason] in &rows {
        let line = format!(
            "  {name:a$}  {tasks:b$}  {rest:c$}  {reason}",
            a = widths[0],
            b = widths[1],
            c = widths[2]
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let left =
        left.filter(|left| !left.is_zero()).map(|left| format!("; about {} of tasks left", duration(left)));
    let _ = writeln!(text, "{}: {}{}", counted(all.len(), "task"), counts(all), left.unwrap_or_default());
    text
}

/// One line for a candidate.
fn line(candidate: &Listed, own: &[Status], left: Option<Duration>) -> [String; 4] {
    let failure = own.iter().zip(&candidate.tasks).find_map(|(status, task)| match &status.state {
        State::Failed { reason, .. } => {
            Some(format!("{} K, replica {}: {reason}", task.temperature, task.replica))
        }
        _ => None,
    });
    let left = left.filter(|left| !left.is_zero()).map(duration).unwrap_or_default();
    // A task that cannot reach its target is not failed, and worth a word.
    let remark = || own.iter().find_map(|status| status.remark.clone());
    [candidate.name.clone(), counts(own), left, failure.or_else(remark).unwrap_or_default()]
}

pub(super) fn words(state: &State) -> (&'static str, String) {
    match state {
        State::Waiting => ("waiting", String::new()),
        State::Running { .. } => ("running", String::new()),
        State::Interrupted => ("interrupted", String::new()),
        State::Done => ("done", String::new()),
        State::Failed { reason, .. } => ("failed", reason.clone()),
    }
}

/// `3 done, 1 running`.
pub(super) fn counts(all: &[Status]) -> String {
    let count = |name: &str| all.iter().filter(|status| words(&status.state).0 == name).count();
    ["done", "running", "interrupted", "waiting", "failed"]
        .iter()
        .filter(|name| count(name) > 0)
        .map(|name| format!("{} {name}", count(name)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// How long the tasks of a candidate will still take one after another, at the rate of those that have run, else at that of
/// other candidates.
fn remaining(own: &[Status], others: Option<f64>) -> Option<Duration> {
    let open = || own.iter().filter(|status| !status.state.is_final());
    if open().next().is_none() {
        return Some(Duration::ZERO);
    }
    let mean = mean(own.iter().filter_map(|status| status.rate)).or(others);
    open().map(|status| Status { rate: status.rate.or(mean), ..status.clone() }.left()).sum()
}

/// Atoms × steps per second of all tasks whose rate is known: what others may be expected to do.
fn pace(manifest: &Manifest, all: &[Status]) -> Option<f64> {
    let paces = manifest.tasks().zip(all).filter_map(|((candidate, _), status)| {
        let atoms = candidate.atoms? as f64;
        status.rate.map(|rate| rate * atoms)
    });
    mean(paces)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}
