//! An exploration: runs with the potential of the round, watched by its committee.

use super::Watcher;
use super::inputs::Exploration;
use crate::error::{Error, Result};
use crate::observe;
use crate::workflow::dynamics::{Made, RunFolder, Stop, Task, run_all, tasks};
use crate::workflow::{relax, run};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What the committee was seen to know.
#[derive(Debug, Clone, Default)]
pub(super) struct Explored {
    /// How far the members were apart in the force on the atom they know least, at each look, eV/Å.
    pub(super) looks: Vec<f64>,
    /// At how many of them it was too far.
    pub(super) beyond: usize,
    /// Runs that physics has stopped: their names, and why.
    pub(super) stopped: Vec<String>,
    /// Files of frames that members disagreed about.
    pub(super) frames: Vec<PathBuf>,
}

/// Runs one, or goes on with it.
pub(super) fn explore(
    exploration: &Exploration,
    round: usize,
    potential: &Path,
    folder: &Path,
    stop: &Stop,
    watcher: &dyn Watcher,
) -> Result<Explored> {
    let (mut setup, sets) = exploration.run(round, potential, folder)?;
    setup.rehearse()?;
    let all = tasks(&setup.plan)?;
    let files = run::files(&setup.plan)?;
    let device = setup.processor.name();
    let made = Made {
        input: &exploration.text,
        sets: &sets,
        seed: setup.plan.seed,
        threads: setup.threads(),
        device: &device,
        files: &files,
    };
    let _output = RunFolder::open(folder, made, &all, false)?;
    let relaxed = relax::stage(&setup.plan, &setup.system, &mut setup.engine, &mut |_| match stop.reason() {
        None => Ok(()),
        Some(reason) => Err(stopped(reason)),
    });
    let system = match relaxed {
        Ok((system, _)) => system,
        // A potential of the first round may know no minimum.
        Err(Error::Physics(why)) => {
            return Ok(Explored {
                stopped: vec![format!("{}: {why}", exploration.name)],
                ..Explored::default()
            });
        }
        Err(error) => return Err(error),
    };
    let steps = Mutex::new(vec![0; all.len()]);
    let total = all.iter().map(Task::steps).sum();
    let finished = run_all(&all, &system, &setup.engine, stop, &|index, progress| {
        // Who finds the display busy does not wait for it.
        if let Ok(mut steps) = steps.try_lock() {
            steps[index] = progress.step;
            watcher.steps(steps.iter().sum(), total);
        }
    })?;
    watcher.steps(total, total);
    let mut explored = Explored::default();
    for (task, finished) in all.iter().zip(finished) {
        match finished.result {
            Some(Ok(_)) => {}
            Some(Err(Error::Physics(why))) => {
                explored.stopped.push(format!("{} {}: {why}", exploration.name, task.name));
            }
            Some(Err(error)) => return Err(error),
            None => return Err(stopped(stop.reason().unwrap_or("a failure"))),
        }
        explored.looks.extend(observe::looks(&task.folder));
        let frames = task.folder.join(observe::DISAGREED);
        if frames.exists() {
            explored.frames.push(frames);
        }
    }
    explored.beyond = explored.looks.iter().filter(|apart| **apart > exploration.tolerance).count();
    Ok(explored)
}

fn stopped(reason: &str) -> Error {
    Error::Interrupted(format!("stopped by {reason} while exploring; the same command goes on"))
}
