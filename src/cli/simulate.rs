//! The dynamics of `mlmd run`: tasks one after another, with what a person wants to see meanwhile.

use super::progress::Progress;
use super::terminal::{self, Terminal};
use crate::error::Result;
use crate::workflow::dynamics::{Made, Outcome, RunFolder, Stop, tasks};
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
    terminal::print(&format!("{summary}{:<10} {}\n", "record", folder.path().join("run.json").display()))
}
