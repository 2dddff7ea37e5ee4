//! All tasks on this machine: as many at once as leave each the threads that it can use.

use super::manifest::Manifest;
use super::state::{State, of_task};
use super::task::{Ended, note, run_task};
use crate::error::{Error, Result};
use crate::workflow::dynamics::{Progress, Stop, lanes, share};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How tasks are run here.
#[derive(Debug, Clone, Copy)]
pub struct Local {
    /// Threads for all tasks together.
    pub threads: usize,
    /// Are tasks that failed for good tried again?
    pub retry: bool,
}

impl Local {
    /// How many tasks run at once.
    pub fn lanes(&self, root: &Path, manifest: &Manifest) -> usize {
        let open = self.open(root, manifest);
        let largest = manifest.tasks().zip(0..).filter(|(_, k)| open.contains(k));
        let atoms = largest.filter_map(|((candidate, _), _)| candidate.atoms).max().unwrap_or(0);
        lanes(open.len(), atoms, self.threads)
    }

    /// The tasks that are to be run.
    fn open(&self, root: &Path, manifest: &Manifest) -> Vec<usize> {
        let open = |state: &State| match state {
            State::Done => false,
            State::Failed { .. } => self.retry || !state.is_final(),
            _ => true,
        };
        let tasks = manifest.tasks().enumerate();
        tasks.filter(|(_, (_, entry))| open(&of_task(root, entry).state)).map(|(k, _)| k).collect()
    }
}

/// Runs what is not done, in the order of the manifest. `report` is called after each step and `told` when a task
/// ends, both from several threads and with the number of the task.
///
/// A task that fails leaves the others alone; after a failure of the disk none is begun. Returns how each task that
/// was begun ended.
pub fn run_local(
    root: &Path,
    manifest: &Manifest,
    local: Local,
    stop: &Stop,
    report: &(dyn Fn(usize, Progress) + Sync),
    told: &(dyn Fn(usize, &Ended) + Sync),
) -> Result<Vec<(usize, Ended)>> {
    let open = local.open(root, manifest);
    let lanes = local.lanes(root, manifest);
    let entries: Vec<_> = manifest.tasks().map(|(_, entry)| entry).collect();
    let (next, broken) = (AtomicUsize::new(0), AtomicBool::new(false));
    let ended: Mutex<Vec<(usize, Ended)>> = Mutex::new(Vec::new());
    let work = |lane: usize, threads: usize| -> Result<()> {
        while stop.reason().is_none() && !broken.load(Ordering::Relaxed) {
            let Some(&index) = open.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            let folder = root.join(&entries[index].folder);
            let mut report = |progress| report(index, progress);
            let run = || run_task(&folder, threads, lane, local.retry, stop, &mut report);
            // A bug that one task runs into must not end the others.
            let how = if let Ok(how) = catch_unwind(AssertUnwindSafe(run)) {
                how?
            } else {
                let how = Ended::Failed(70, "internal error: the task ended in a panic".to_string());
                note(&folder, &how)?;
                how
            };
            broken.fetch_or(matches!(how, Ended::Failed(4, _)), Ordering::Relaxed);
            told(index, &how);
            ended.lock().map_err(|_| poisoned())?.push((index, how));
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..lanes)
            .map(|lane| {
                let (work, threads) = (&work, share(lane, lanes, local.threads));
                scope.spawn(move || work(lane, threads))
            })
            .collect();
        all.into_iter().try_for_each(|lane| lane.join().map_err(|_| poisoned())?)
    })?;
    let mut ended = ended.into_inner().map_err(|_| poisoned())?;
    ended.sort_by_key(|(index, _)| *index);
    Ok(ended)
}

fn poisoned() -> Error {
    Error::Internal("a lane of tasks ended in a panic".into())
}
