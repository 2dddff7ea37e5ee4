//! One task of a sweep from start to end: the run that its input describes, on so many threads.

use super::content;
use super::prepare::first_line;
use super::state::{State, now};
use super::target::{self, Target};
use crate::error::{Error, Result};
use crate::input::Plan;
use crate::workflow::dynamics::{self, Made, Outcome, Progress, RunFolder, Stop, Timing, tasks};
use crate::workflow::relax;
use crate::workflow::run::{self, Setup};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The input of a task.
pub(super) const INPUT: &str = "input.toml";
/// Held by whoever works on a task.
pub(super) const LOCK: &str = ".lock";
/// Where a task writes.
const OUTPUT: &str = "out";

/// How a task ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// It is finished.
    Done,
    /// It cannot be finished: exit code and reason.
    Failed(u8, String),
    /// It was stopped and goes on from its checkpoint.
    Interrupted(String),
    /// Another process works on it.
    Elsewhere,
}

/// Runs a task to its end, or until `stop` has a reason. What it came to is written beside its input.
///
/// `threads` do not change the result, and neither does the `lane` among those that run side by side, by which it has one
/// of several graphics processors. A task that failed for good is not tried again unless `retry`.
pub fn run_task(
    folder: &Path,
    threads: usize,
    lane: usize,
    retry: bool,
    stop: &Stop,
    report: &mut (dyn FnMut(Progress) + Send),
) -> Result<Ended> {
    let Some(_lock) = lock(folder)? else { return Ok(Ended::Elsewhere) };
    if let State::Failed { code, reason } = State::read(folder)
        && State::is_final(&State::Failed { code, reason: String::new() })
        && !retry
    {
        return Ok(Ended::Failed(code, reason));
    }
    // What is wrong with its files now says nothing of the task: it is not written down.
    if let Err(error) = content::check(folder) {
        return Ok(Ended::Failed(code(&error), told(&error)));
    }
    let ended = match execute(folder, threads, lane, stop, report) {
        Ok(()) => Ended::Done,
        Err(error @ Error::Interrupted(_)) => Ended::Interrupted(first_line(&error)),
        Err(error) => Ended::Failed(code(&error), first_line(&error)),
    };
    note(folder, &ended)?;
    Ok(ended)
}

/// The exit code of a task. A file that is not there was there when the task was written, and may be there again.
fn code(error: &Error) -> u8 {
    match error {
        Error::Io { source, .. } if source.kind() == ErrorKind::NotFound => 4,
        _ => error.exit_code(),
    }
}

/// What is wrong and what was expected, in one line.
fn told(error: &Error) -> String {
    error.to_string().lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

/// Writes what a task came to.
pub(super) fn note(folder: &Path, ended: &Ended) -> Result<()> {
    match ended {
        Ended::Done => State::Done.write(folder),
        Ended::Failed(code, reason) => State::Failed { code: *code, reason: reason.clone() }.write(folder),
        Ended::Interrupted(_) => State::Interrupted.write(folder),
        Ended::Elsewhere => Ok(()),
    }
}

fn execute(
    folder: &Path,
    threads: usize,
    lane: usize,
    stop: &Stop,
    report: &mut (dyn FnMut(Progress) + Send),
) -> Result<()> {
    let path = folder.join(INPUT);
    let input = fs::read_to_string(&path).map_err(Error::io(&path, "read"))?;
    let mut plan = Plan::read_text(&path, &input, folder, &[])?;
    plan.device.threads = Some(threads);
    // A task is a single run.
    plan.device.adapters = plan.device.adapters.iter().copied().cycle().skip(lane).take(1).collect();
    let mut setup = Setup::new(plan)?;
    setup.rehearse()?;
    let plan = &setup.plan;
    let task =
        tasks(plan)?.pop().ok_or_else(|| Error::invalid(format!("{}: no [dynamics]", path.display())))?;
    let files = run::files(plan)?;
    let device = setup.processor.name();
    let made = Made { input: &input, sets: &[], seed: plan.seed, threads, device: &device, files: &files };
    let output = RunFolder::open(&plan.output.directory, made, std::slice::from_ref(&task), false)?;
    let begun = dynamics::saved_step(&task.folder).unwrap_or(0);
    State::Running { since: now(), begun }.write(folder)?;
    let (system, _) =
        relax::stage(&setup.plan, &setup.system, &mut setup.engine, &mut |_| match stop.reason() {
            None => Ok(()),
            Some(reason) => Err(Error::Interrupted(format!("stopped by {reason} while relaxing"))),
        })?;
    let (clock, mut last) = (Instant::now(), (begun, begun));
    let engine = &mut setup.engine;
    let forces = engine.time();
    let pool = engine.pool();
    let target = Target::read(folder)?;
    let mut from = begun;
    let done = loop {
        let part = target.as_ref().map_or(task.steps(), |target| target.next_end(from, task.steps()));
        let own = task.clone().until(part);
        let done = pool.install(|| {
            own.run(&system, engine, stop, &mut |progress| {
                last = (last.0.min(progress.begun), progress.step);
                report(progress);
            })
        });
        let (Ok(_), Some(target)) = (&done, &target) else { break done };
        if target.judge(&setup.plan, folder, part)? || part == task.steps() {
            break done;
        }
        from = part + 1;
    };
    if last.1 > last.0 {
        let timing = Timing {
            from_step: last.0,
            to_step: last.1,
            seconds: clock.elapsed().as_secs_f64(),
            forces_seconds: engine.time().saturating_sub(forces).as_secs_f64(),
            threads,
        };
        output.record(&[(task.name.as_str(), timing)])?;
    }
    match done? {
        Outcome::Done | Outcome::AlreadyDone => Ok(()),
    }
}

/// Takes a task, unless another process has it. Whoever asks for its state holds it for a moment, too.
pub(super) fn lock(folder: &Path) -> Result<Option<File>> {
    let path = folder.join(LOCK);
    let file = File::create(&path).map_err(Error::io(&path, "create"))?;
    for _ in 0..20 {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            Err(fs::TryLockError::Error(error)) => return Err(Error::io(&path, "lock")(error)),
        }
    }
    Ok(None)
}

/// Where a task at a temperature writes its trajectory.
pub(super) fn run_folder(folder: &Path, temperature: f64) -> PathBuf {
    folder.join(OUTPUT).join(format!("T{temperature:04}K"))
}

/// The step of the last checkpoint of a task.
pub(super) fn saved_step(folder: &Path, temperature: f64) -> Option<u64> {
    dynamics::saved_step(&run_folder(folder, temperature))
}

/// Where it is written what a task was run with.
pub(super) fn record(folder: &Path) -> PathBuf {
    folder.join(OUTPUT).join("run.json")
}

/// Has a task been begun?
pub(super) fn has_results(folder: &Path) -> bool {
    record(folder).exists()
}

/// Deletes what a task has written.
pub(super) fn remove_results(folder: &Path) -> Result<()> {
    forget(folder)?;
    dynamics::remove(&folder.join(OUTPUT))
}

/// What became of a task is that of another input: it may be asked for more, or what failed may be mended.
pub(super) fn forget(folder: &Path) -> Result<()> {
    State::remove(folder)?;
    target::forget(folder)
}

/// What a task took, all its processes together: seconds times threads, and steps per second.
pub(super) fn timings(folder: &Path) -> (f64, Option<f64>) {
    let text = fs::read_to_string(record(folder)).unwrap_or_default();
    let record: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let (mut core_seconds, mut seconds, mut steps) = (0.0, 0.0, 0);
    for timing in record["timings"].as_object().into_iter().flat_map(|all| all.values()) {
        for part in timing.as_array().into_iter().flatten() {
            let time = part["seconds"].as_f64().unwrap_or(0.0);
            let step = |key: &str| part[key].as_u64().unwrap_or(0);
            core_seconds += time * part["threads"].as_f64().unwrap_or(1.0);
            seconds += time;
            steps += step("to_step").saturating_sub(step("from_step"));
        }
    }
    (core_seconds, (seconds > 0.0).then(|| steps as f64 / seconds))
}

/// Steps per second of a finished task.
pub(super) fn rate(folder: &Path) -> Option<f64> {
    timings(folder).1
}
