//! Several tasks in one job: small systems side by side, large ones one after another.

use super::{Outcome, Progress, Stop, Task};
use crate::compute::{Engine, Options};
use crate::error::{Error, Result};
use crate::system::System;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How a task ended.
#[derive(Debug)]
pub struct Finished {
    /// What it came to; `None`: it was not begun, for the job was to stop.
    pub result: Option<Result<Outcome>>,
    /// The step it began at.
    pub begun: u64,
    /// The step it came to.
    pub step: u64,
    /// How long it took.
    pub time: Duration,
    /// How much of that was the computation of forces, neighbour lists included.
    pub forces: Duration,
}

/// So many atoms keep one thread busy: with fewer, threads would wait for each other more than they compute.
const ATOMS_PER_THREAD: usize = 500;

/// How many tasks run at the same time: as many as leave each the threads that it can use.
pub fn lanes(tasks: usize, atoms: usize, threads: usize) -> usize {
    let useful = atoms.div_ceil(ATOMS_PER_THREAD).max(1);
    (threads / useful).clamp(1, tasks.max(1))
}

/// How many threads a lane has; what does not divide goes to the first ones.
pub fn share(lane: usize, lanes: usize, threads: usize) -> usize {
    (threads / lanes + usize::from(lane < threads % lanes)).max(1)
}

/// Runs tasks, all from the same structure, with copies of the engine's potential on as many threads as it has.
///
/// Results do not depend on threads, so it does not matter how they are shared. A task that is stopped by physics
/// leaves the others alone; after a failure to write none is begun. `report` is called after each step, from
/// several threads, with the number of the task.
pub fn run_all(
    tasks: &[Task],
    start: &System,
    engine: &Engine,
    stop: &Stop,
    report: &(dyn Fn(usize, Progress) + Sync),
) -> Result<Vec<Finished>> {
    let threads = engine.pool().current_num_threads();
    let lanes = lanes(tasks.len(), start.len(), threads);
    let engines = (0..lanes)
        .map(|lane| {
            let options = Options { threads: share(lane, lanes, threads), skin: engine.skin() };
            Engine::new(engine.potential().boxed_clone(), options)
        })
        .collect::<Result<Vec<_>>>()?;
    let begin =
        |_| Finished { result: None, begun: 0, step: 0, time: Duration::ZERO, forces: Duration::ZERO };
    let finished: Mutex<Vec<Finished>> = Mutex::new(tasks.iter().map(begin).collect());
    // Tasks are taken in their order by whichever lane is free.
    let next = Mutex::new(0..tasks.len());
    let broken = Mutex::new(false);
    let panicked = || Error::Internal("a task ended in a panic".into());
    std::thread::scope(|scope| {
        let lanes: Vec<_> = engines
            .into_iter()
            .map(|mut engine| {
                let (finished, next, broken) = (&finished, &next, &broken);
                scope.spawn(move || -> Result<()> {
                    loop {
                        if stop.reason().is_some() || *broken.lock().map_err(|_| panicked())? {
                            return Ok(());
                        }
                        let Some(index) = next.lock().map_err(|_| panicked())?.next() else { return Ok(()) };
                        let (clock, forces_before) = (Instant::now(), engine.time());
                        let (mut begun, mut step) = (0, 0);
                        // From inside the pool: each evaluation would otherwise wake a thread and wait for it.
                        let result = engine.pool().install(|| {
                            tasks[index].run(start, &mut engine, stop, &mut |progress| {
                                (begun, step) = (progress.begun, progress.step);
                                report(index, progress);
                            })
                        });
                        if matches!(
                            result,
                            Err(Error::Io { .. } | Error::Invalid(_) | Error::Internal(_) | Error::Device(_))
                        ) {
                            *broken.lock().map_err(|_| panicked())? = true;
                        }
                        finished.lock().map_err(|_| panicked())?[index] = Finished {
                            result: Some(result),
                            begun,
                            step,
                            time: clock.elapsed(),
                            forces: engine.time().saturating_sub(forces_before),
                        };
                    }
                })
            })
            .collect();
        // A panic in a lane is a bug: it goes on here.
        lanes.into_iter().try_for_each(|lane| match lane.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    finished.into_inner().map_err(|_| panicked())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_systems_share_and_large_ones_take_turns() {
        assert_eq!(lanes(4, 200, 2), 2);
        assert_eq!(lanes(4, 200, 16), 4);
        assert_eq!(lanes(4, 1000, 8), 4);
        assert_eq!(lanes(4, 4000, 8), 1);
        assert_eq!(lanes(1, 10, 8), 1);
        assert_eq!(lanes(0, 10, 8), 1);
        assert_eq!([0, 1, 2].map(|lane| share(lane, 3, 8)), [3, 3, 2]);
        assert_eq!(share(3, 4, 2), 1);
    }
}
