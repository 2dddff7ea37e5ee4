//! Several tasks in one job: small systems side by side, large ones one after another.

use super::propagation::{batch, on_device};
use super::{Outcome, Progress, Stop, Task};
use crate::compute::{Engine, Options};
use crate::error::{Error, Result};
use crate::md::Integrator;
use crate::system::System;
use std::ops::Range;
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

/// How many of these tasks run at the same time: side by side on the threads of the engine, or on its device.
pub fn together(tasks: &[Task], start: &System, engine: &Engine) -> Result<usize> {
    let threads = engine.pool().current_num_threads();
    Ok(batch(engine, tasks, start)?.unwrap_or_else(|| lanes(tasks.len(), start.len(), threads)))
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
    let begin =
        |_| Finished { result: None, begun: 0, step: 0, time: Duration::ZERO, forces: Duration::ZERO };
    let job = Job {
        tasks,
        start,
        stop,
        report,
        finished: Mutex::new(tasks.iter().map(begin).collect()),
        broken: Mutex::new(false),
    };
    match batch(engine, tasks, start)? {
        None => {
            let threads = engine.pool().current_num_threads();
            let lanes = lanes(tasks.len(), start.len(), threads);
            job.wave(engine, 0..tasks.len(), lanes, None)?;
        }
        // Those that move together begin together.
        Some(size) => {
            for first in (0..tasks.len()).step_by(size) {
                let wave = first..(first + size).min(tasks.len());
                let seats = on_device(engine, &tasks[wave.clone()].iter().collect::<Vec<_>>());
                job.wave(engine, wave.clone(), wave.len(), seats)?;
            }
        }
    }
    job.finished.into_inner().map_err(|_| panicked())
}

/// Tasks that are being run.
struct Job<'a> {
    tasks: &'a [Task],
    start: &'a System,
    stop: &'a Stop,
    report: &'a (dyn Fn(usize, Progress) + Sync),
    finished: Mutex<Vec<Finished>>,
    /// Has there been a failure after which none is begun?
    broken: Mutex<bool>,
}

fn panicked() -> Error {
    Error::Internal("a task ended in a panic".into())
}

impl Job<'_> {
    /// Runs some of the tasks in so many lanes; `seats` are integrators for them, one each.
    fn wave(
        &self,
        engine: &Engine,
        tasks: Range<usize>,
        lanes: usize,
        seats: Option<Vec<Box<dyn Integrator>>>,
    ) -> Result<()> {
        let threads = engine.pool().current_num_threads();
        let engines = (0..lanes)
            .map(|lane| {
                let options = Options { threads: share(lane, lanes, threads), skin: engine.skin() };
                Engine::new(engine.potential().boxed_clone(), options)
            })
            .collect::<Result<Vec<_>>>()?;
        // Tasks are taken in their order by whichever lane is free.
        let seats = seats.into_iter().flatten().map(Some).chain(std::iter::repeat_with(|| None));
        let next = Mutex::new(tasks.zip(seats).collect::<Vec<_>>().into_iter());
        std::thread::scope(|scope| {
            let lanes: Vec<_> = engines
                .into_iter()
                .map(|mut engine| {
                    let next = &next;
                    scope.spawn(move || -> Result<()> {
                        loop {
                            if self.stop.reason().is_some() || *self.broken.lock().map_err(|_| panicked())? {
                                // Nobody is to wait for those that are not begun any more.
                                next.lock().map_err(|_| panicked())?.by_ref().for_each(drop);
                                return Ok(());
                            }
                            let taken = next.lock().map_err(|_| panicked())?.next();
                            let Some((index, seat)) = taken else { return Ok(()) };
                            self.run(index, seat, &mut engine)?;
                        }
                    })
                })
                .collect();
            // A panic in a lane is a bug: it goes on here.
            lanes.into_iter().try_for_each(|lane| match lane.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            })
        })
    }

    /// Runs one task and keeps what became of it.
    fn run(&self, index: usize, seat: Option<Box<dyn Integrator>>, engine: &mut Engine) -> Result<()> {
        let (clock, forces_before) = (Instant::now(), engine.time());
        let (mut begun, mut step) = (0, 0);
        let mut report = |progress: Progress| {
            (begun, step) = (progress.begun, progress.step);
            (self.report)(index, progress);
        };
        let (task, start, stop) = (&self.tasks[index], self.start, self.stop);
        let result = match seat {
            // It waits for others: not in a thread that computes for them.
            Some(mut integrator) => task.run_with(&mut *integrator, start, engine, stop, &mut report),
            // From inside the pool: each evaluation would otherwise wake a thread and wait for it.
            None => engine.pool().install(|| task.run(start, engine, stop, &mut report)),
        };
        if matches!(result, Err(Error::Io { .. } | Error::Invalid(_) | Error::Internal(_) | Error::Device(_)))
        {
            *self.broken.lock().map_err(|_| panicked())? = true;
        }
        self.finished.lock().map_err(|_| panicked())?[index] = Finished {
            result: Some(result),
            begun,
            step,
            time: clock.elapsed(),
            forces: engine.time().saturating_sub(forces_before),
        };
        Ok(())
    }
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
