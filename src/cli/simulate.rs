//! The dynamics of `mlmd run`: tasks one after another, with what a person wants to see meanwhile.

use super::analyze;
use super::progress::{Minimising, Progress};
use super::terminal::{self, Terminal};
use crate::error::{Error, Result};
use crate::workflow::analyze::Request;
use crate::workflow::dynamics::{Made, Outcome, RunFolder, Stop, tasks};
use crate::workflow::relax::{self, Stage};
use crate::workflow::run::Setup;
use std::fmt::Write;
use std::time::Instant;

/// Runs every task of the plan; `input` is the text of the input file, `fresh` deletes earlier results.
pub(super) fn simulate(
    setup: &mut Setup,
    input: &str,
    sets: &[String],
    fresh: bool,
    terminal: Terminal,
) -> Result<()> {
    let tasks = tasks(&setup.plan)?;
    let plan = &setup.plan;
    let stop = Stop::listen(plan.run.wall_time)?;
    let files: Vec<_> = std::iter::once(plan.structure.file.clone())
        .chain(plan.potential.file.iter().filter(|path| path.is_file()).cloned())
        .collect();
    let made = Made { input, sets, seed: plan.seed, threads: setup.threads(), files: &files };
    let folder = RunFolder::open(&plan.output.directory, made, &tasks, fresh)?;
    let mut summary = String::new();
    relax_first(setup, &stop, terminal, &mut summary)?;
    for task in &tasks {
        terminal.note(&format!("{}: {} atoms, {}", task.name, setup.system.len(), task.description()?));
        let (start, mut first) = (Instant::now(), None);
        let mut progress = Progress::new(terminal, "steps", Some(task.steps()));
        let outcome = task.run(&setup.system, &mut setup.engine, &stop, &mut |done| {
            first.get_or_insert(done.begun);
            progress.set(done.step);
        })?;
        drop(progress);
        let line = match (outcome, first) {
            (Outcome::Done, Some(first)) => {
                let (steps, seconds) = ((task.steps() - first) as f64, start.elapsed().as_secs_f64());
                let simulated = steps * task.timestep() * 1e-6;
                format!(
                    "{} steps in {seconds:.1} s: {:.3e} atom-steps/s, {:.2} ns/day",
                    task.steps() - first,
                    steps * setup.system.len() as f64 / seconds,
                    simulated * 86_400.0 / seconds,
                )
            }
            _ => "finished before".to_string(),
        };
        let _ = writeln!(summary, "{:<10} {line}\n{:<10} {}", task.name, "", task.folder.display());
    }
    terminal::print(&format!("{summary}{:<10} {}\n", "record", folder.path().join("run.json").display()))?;
    let Some(request) = Request::of_plan(&setup.plan) else { return Ok(()) };
    let report = analyze::run(&request, terminal)?;
    report.write(folder.path())?;
    terminal::print(&analyze::summary(&report, folder.path()))
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
