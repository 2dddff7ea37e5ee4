//! Who moves the atoms of a task: the CPU step by step, or a device that keeps them between two looks.

use super::Task;
use crate::compute::Engine;
use crate::error::Result;
use crate::md::Integrator;
use crate::system::System;
use std::time::Duration;

/// Atoms that keep a device busy; tasks with fewer are moved together.
const ATOMS_ON_DEVICE: usize = 100_000;

/// The integrator of a task that runs by itself.
pub(super) fn integrator(task: &Task, engine: &Engine) -> Result<Box<dyn Integrator>> {
    match on_device(engine, &[task]).and_then(|mut one| one.pop()) {
        Some(resident) => Ok(resident),
        None => task.ensemble.integrator(),
    }
}

/// Integrators for tasks that are moved together; nothing where the CPU moves the atoms.
#[cfg(feature = "gpu")]
pub(super) fn on_device(engine: &Engine, tasks: &[&Task]) -> Option<Vec<Box<dyn Integrator>>> {
    let ensembles: Vec<_> = tasks.iter().map(|task| task.ensemble).collect();
    crate::md::on_device(engine, &ensembles)
}

/// Without the feature `gpu` there are no devices.
#[cfg(not(feature = "gpu"))]
pub(super) fn on_device(_: &Engine, _: &[&Task]) -> Option<Vec<Box<dyn Integrator>>> {
    None
}

/// How many of these runs have room on the device at once; nothing where the CPU moves the atoms.
#[cfg(feature = "gpu")]
fn room_for(engine: &Engine, tasks: &[Task], start: &System) -> Result<Option<usize>> {
    let ensembles: Vec<_> = tasks.iter().map(|task| task.ensemble).collect();
    crate::md::room_for(engine, &ensembles, start)
}

/// Without the feature `gpu` there are no devices.
#[cfg(not(feature = "gpu"))]
fn room_for(_: &Engine, _: &[Task], _: &System) -> Result<Option<usize>> {
    Ok(None)
}

/// How many tasks a device moves together: as many as keep it busy and have room on it; nothing where the CPU moves the
/// atoms.
pub(super) fn batch(engine: &Engine, tasks: &[Task], start: &System) -> Result<Option<usize>> {
    let room = room_for(engine, tasks, start)?;
    Ok(room.map(|room| (ATOMS_ON_DEVICE / start.len().max(1)).clamp(1, room)))
}

/// What was found of tasks on a device, before their run.
#[derive(Debug, Clone, Copy)]
pub struct Tried {
    /// How many of them move together.
    pub together: usize,
    /// Memory that these take, bytes.
    pub bytes: u64,
    /// The memory that there is, bytes, where the driver says so.
    pub memory: Option<u64>,
    /// How long a step of all that move together takes.
    pub step: Duration,
}

/// Puts tasks on the device as their run will, and moves them for about `time`; nothing where the CPU moves the atoms.
///
/// # Errors
/// [`Error::Device`](crate::Error::Device) if there is no room for them.
#[cfg(feature = "gpu")]
pub fn try_on_device(
    engine: &Engine,
    tasks: &[Task],
    start: &System,
    time: Duration,
) -> Result<Option<Tried>> {
    let (Some(together), Some(first)) = (batch(engine, tasks, start)?, tasks.first()) else {
        return Ok(None);
    };
    let runs = tasks[..together].iter().map(|task| Ok((task.ensemble, task.prepare(start)?)));
    let trial = crate::md::Trial::new(engine, runs.collect::<Result<_>>()?, &first.fixed)?;
    let Some(trial) = trial else { return Ok(None) };
    let step = if time.is_zero() { time } else { trial.step(time)? };
    let memory = engine.on_device().and_then(|potential| potential.device().memory());
    Ok(Some(Tried { together, bytes: trial.bytes(), memory, step }))
}

/// Without the feature `gpu` there are no devices.
#[cfg(not(feature = "gpu"))]
pub fn try_on_device(_: &Engine, _: &[Task], _: &System, _: Duration) -> Result<Option<Tried>> {
    Ok(None)
}

/// One line for a person, where a device computes forces: who moves the atoms, and why not the device.
pub fn residence(engine: &Engine, tasks: &[Task]) -> Option<String> {
    let task = tasks.first()?;
    if on_device(engine, &[task]).is_some() {
        return Some("integration: on the device; atoms are read back where somebody looks at them".into());
    }
    computes_on_device(engine).then(|| {
        let what = if task.ensemble.barostat.is_some() { "with a barostat" } else { "with this thermostat" };
        format!("integration: on the CPU {what}; positions go to the device at every step")
    })
}

/// Are all forces computed on a device?
#[cfg(feature = "gpu")]
fn computes_on_device(engine: &Engine) -> bool {
    engine.on_device().is_some()
}

/// Not without the feature `gpu`.
#[cfg(not(feature = "gpu"))]
fn computes_on_device(_: &Engine) -> bool {
    false
}
