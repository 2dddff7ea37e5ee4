//! The dynamics of `mlmd run`: every task of the plan, with what a person wants to see meanwhile.

use super::amounts::duration;
use super::analyze;
use super::progress::{Minimising, Progress};
use super::terminal::{self, Terminal};
use crate::error::{Error, Result};
use crate::workflow::analyze::Request;
use crate::workflow::dynamics::{
    Finished, Made, Outcome, RunFolder, Stop, Task, Timing, residence, run_all, tasks, together,
};
use crate::workflow::relax::{self, Stage};
use crate::workflow::run::{self, Setup};
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

/// The provenance of a run.
pub(super) fn made<'a>(
    setup: &Setup,
    input: &'a str,
    sets: &'a [String],
    device: &'a str,
    files: &'a [PathBuf],
) -> Made<'a> {
    Made { input, sets, seed: setup.plan.seed, threads: setup.threads(), device, files }
}

/// Runs every task of the plan; `input` is the text of the input file, `fresh` deletes earlier results.
pub(super) fn simulate(
    setup: &mut Setup,
    input: &str,
    sets: &[String],
    fresh: bool,
    terminal: Terminal,
) -> Result<()> {
    setup.rehearse()?;
    let tasks = tasks(&setup.plan)?;
    let plan = &setup.plan;
    let stop = Stop::listen(plan.run.wall_time)?;
    let files = run::files(plan)?;
    let device = setup.processor.name();
    let made = made(setup, input, sets, &device, &files);
    setup.processor.remarks().iter().for_each(|remark| terminal.note(remark));
    if let Some(remark) = setup.unused_velocities() {
        terminal.note(remark);
    }
    let folder = RunFolder::open(&plan.output.directory, made, &tasks, fresh)?;
    let mut summary = String::new();
    relax_first(setup, &stop, terminal, &mut summary)?;
    let atoms = setup.system.len();
    for task in &tasks {
        terminal.note(&format!("{}: {atoms} atoms, {}", task.name, task.description()?));
    }
    if let Some(remark) = residence(&setup.engine, &tasks) {
        terminal.note(&remark);
    }
    if tasks.len() > 1 {
        let together = together(&tasks, &setup.system, &setup.engine)?;
        terminal.note(&format!("{} runs, {together} at a time", tasks.len()));
    }
    let progress = Mutex::new(progress(&tasks, atoms, terminal));
    let finished = run_all(&tasks, &setup.system, &setup.engine, &stop, &|index, done| {
        // Who finds the display busy does not wait for it: the next step tells more.
        if let Ok(mut progress) = progress.try_lock() {
            progress.0[index] = done.step;
            progress.1[index] = done.begun;
            let [done, begun] = [&progress.0, &progress.1].map(|steps| steps.iter().sum());
            progress.2.set_from(begun, done);
        }
    })?;
    drop(progress);
    folder.record(&timings(&tasks, &finished, setup.threads()))?;
    summarise(&tasks, finished, atoms, &folder, summary, terminal)?;
    let Some(request) = Request::of_plan(&setup.plan) else { return Ok(()) };
    let report = analyze::run(&request, terminal)?;
    report.write(folder.path())?;
    terminal::print(&analyze::summary(&report, folder.path()))?;
    if analyze::wants_longer(&report) {
        terminal.note("to go on from here, give a longer `produce` in the input and the same command");
    }
    Ok(())
}

/// What each task that was run took.
fn timings<'a>(tasks: &'a [Task], finished: &[Finished], threads: usize) -> Vec<(&'a str, Timing)> {
    let worked = |finished: &&Finished| finished.step > finished.begun;
    let all = tasks.iter().zip(finished);
    all.filter(|(_, finished)| worked(finished))
        .map(|(task, finished)| {
            let timing = Timing {
                from_step: finished.begun,
                to_step: finished.step,
                seconds: finished.time.as_secs_f64(),
                forces_seconds: finished.forces.as_secs_f64(),
                threads,
            };
            (task.name.as_str(), timing)
        })
        .collect()
}

/// Steps done and begun at, per task, and their display.
fn progress(tasks: &[Task], atoms: usize, terminal: Terminal) -> (Vec<u64>, Vec<u64>, Progress) {
    let total = tasks.iter().map(Task::steps).sum();
    let timestep = tasks.first().map_or(0.0, Task::timestep);
    let display = Progress::new(terminal, "steps", Some(total)).telling(Box::new(move |rate, left| {
        // A clamp, for a rate that is not known yet.
        let left = duration(Duration::from_secs_f64(left.clamp(0.0, 1e9)));
        format!("{}, {left} left", speed(rate, atoms, timestep))
    }));
    (vec![0; tasks.len()], vec![0; tasks.len()], display)
}

/// Atom-steps per second, and nanoseconds per day.
fn speed(steps_per_second: f64, atoms: usize, timestep: f64) -> String {
    format!(
        "{:.3e} atom-steps/s, {:.2} ns/day",
        steps_per_second * atoms as f64,
        steps_per_second * timestep * 1e-6 * 86_400.0
    )
}

/// Prints what became of each task; the gravest failure is that of the job.
fn summarise(
    tasks: &[Task],
    finished: Vec<Finished>,
    atoms: usize,
    folder: &RunFolder,
    mut summary: String,
    terminal: Terminal,
) -> Result<()> {
    let (mut failures, mut waiting) = (Vec::new(), None);
    for (task, finished) in tasks.iter().zip(finished) {
        let steps = task.steps() - finished.begun;
        let line = match finished.result {
            Some(Ok(Outcome::Done)) => {
                let seconds = finished.time.as_secs_f64();
                let speed = speed(steps as f64 / seconds, atoms, task.timestep());
                let share = 100.0 * finished.forces.as_secs_f64() / seconds;
                format!("{steps} steps in {seconds:.1} s: {speed}, {share:.1} % of it forces")
            }
            Some(Ok(Outcome::AlreadyDone)) => "finished before".to_string(),
            Some(Err(error)) => {
                let line = if matches!(error, Error::Interrupted(_)) { "interrupted" } else { "failed" };
                failures.push(error);
                line.to_string()
            }
            None => {
                waiting = waiting.or(Some(&task.name));
                "not begun".to_string()
            }
        };
        let _ = writeln!(summary, "{:<10} {line}\n{:<10} {}", task.name, "", task.folder.display());
        for finding in task.findings() {
            let _ = writeln!(summary, "{:<10} {finding}", "");
        }
    }
    // Files that cannot be written before anything else, then what goes on by itself, then physics.
    failures.sort_by_key(|error| match error {
        Error::Interrupted(_) => 1,
        Error::Physics(_) => 2,
        _ => 0,
    });
    if let (Some(name), true) = (waiting, failures.is_empty()) {
        let what = format!("stopped before {name} was begun; the same command goes on from here");
        failures.push(Error::Interrupted(what));
    }
    let mut failures = failures.into_iter();
    let Some(gravest) = failures.next() else {
        let record = folder.path().join("run.json");
        return terminal::print(&format!("{summary}{:<10} {}\n", "record", record.display()));
    };
    if tasks.len() > 1 {
        terminal.note(summary.trim_end());
    }
    failures.for_each(|error| terminal.warn(&error.to_string()));
    Err(gravest)
}

/// The stage `[relax]`, if there is one; its result takes the place of the structure.
fn relax_first(setup: &mut Setup, stop: &Stop, terminal: Terminal, summary: &mut String) -> Result<()> {
    let target = setup.plan.relax.as_ref().map_or(0.0, |table| table.force);
    let mut shown = Minimising::new(terminal, "relaxing", target);
    let (system, stage) = relax::stage(&setup.plan, &setup.system, &mut setup.engine, &mut |state| {
        shown.set(state.step, state.enthalpy, state.force);
        match stop.reason() {
            None => Ok(()),
            Some(reason) => Err(Error::Interrupted(format!(
                "stopped by {reason} while relaxing; the same command begins anew"
            ))),
        }
    })?;
    drop(shown);
    setup.system = system;
    let path = setup.plan.output.directory.join(relax::RELAXED);
    // Writing into a string cannot fail.
    let _ = match stage {
        Stage::None => Ok(()),
        Stage::Read => writeln!(summary, "{:<10} finished before\n{:<10} {}", "relaxed", "", path.display()),
        Stage::Done(done) => writeln!(
            summary,
            "{:<10} {} steps, {:.6} eV, forces at most {:.1e} eV/Å\n{:<10} {}",
            "relaxed",
            done.steps,
            done.energy,
            done.force,
            "",
            path.display()
        ),
    };
    Ok(())
}
