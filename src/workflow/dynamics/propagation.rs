//! Who moves the atoms of a task: the CPU step by step, or a device that keeps them between two looks.

use super::Task;
use crate::compute::Engine;
use crate::error::Result;
use crate::md::{Barostat, Integrator};
use crate::system::System;
use std::time::Duration;

/// Atoms that keep a device busy; tasks with fewer are moved together.
#[cfg(feature = "gpu")]
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

/// How many tasks devices move together: as many as keep them busy and have room on them; nothing where the CPU moves
/// the atoms.
///
/// # Errors
/// [`Error::Device`](crate::Error::Device) if there is no room for one.
#[cfg(feature = "gpu")]
pub(super) fn batch(engine: &Engine, tasks: &[Task], start: &System) -> Result<Option<usize>> {
    let ensembles: Vec<_> = tasks.iter().map(|task| task.ensemble).collect();
    let room = crate::md::room_for(engine, &ensembles, start)?;
    let busy = ATOMS_ON_DEVICE / start.len().max(1);
    Ok(room.map(|room| (room.devices * busy.clamp(1, room.each)).min(tasks.len())))
}

/// Without the feature `gpu` there are no devices.
#[cfg(not(feature = "gpu"))]
#[expect(clippy::unnecessary_wraps, reason = "devices may have no room")]
pub(super) fn batch(_: &Engine, _: &[Task], _: &System) -> Result<Option<usize>> {
    Ok(None)
}

/// What was found of tasks on devices, before their run.
#[derive(Debug, Clone)]
pub struct Tried {
    /// How many of them move together.
    pub together: usize,
    /// What each device has of these.
    pub shares: Vec<Share>,
    /// How long a step of all that move together takes.
    pub step: Duration,
}

/// What tasks take of a device.
#[derive(Debug, Clone)]
pub struct Share {
    /// Its name.
    pub device: String,
    /// How many tasks it has.
    pub tasks: usize,
    /// Memory that they take, bytes.
    pub bytes: u64,
    /// The memory that there is, bytes, where the driver says so.
    pub memory: Option<u64>,
}

/// Puts tasks on the devices as their run will, and moves them for about `time`; nothing where the CPU moves the atoms.
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
    let share = |own: &crate::md::Share| Share {
        device: own.device.name().to_string(),
        tasks: own.runs,
        bytes: own.bytes,
        memory: own.device.memory(),
    };
    Ok(Some(Tried { together, shares: trial.shares().iter().map(share).collect(), step }))
}

/// Without the feature `gpu` there are no devices.
#[cfg(not(feature = "gpu"))]
pub fn try_on_device(_: &Engine, _: &[Task], _: &System, _: Duration) -> Result<Option<Tried>> {
    Ok(None)
}

/// One line for a person, where a device computes forces: who moves the atoms, and why not the device.
pub fn residence(engine: &Engine, tasks: &[Task]) -> Option<String> {
    let task = tasks.first()?;
    let devices = devices(engine);
    if on_device(engine, &[task]).is_some() {
        let how = match (devices, tasks.len()) {
            (1, _) => "on the device".to_string(),
            (_, 1) => format!("on the first of {devices} devices, the others have no run"),
            (devices, runs) if runs < devices => {
                format!("on {runs} of {devices} devices, a run each; the others have none")
            }
            _ => format!("on {devices} devices, runs are dealt out to them in turn"),
        };
        return Some(format!("integration: {how}; atoms are read back where somebody looks at them"));
    }
    (devices > 0).then(|| {
        let (what, help) = match task.ensemble.barostat {
            Some(Barostat::CellRescaling { .. }) => {
                ("with a barostat that acts at every step", " (its `every` = 10 leaves atoms on the device)")
            }
            Some(Barostat::Mtk { .. }) => ("with this barostat", ""),
            None => ("with this thermostat", ""),
        };
        let one = if devices > 1 { "first " } else { "" };
        format!("integration: on the CPU {what}; positions go to the {one}device at every step{help}")
    })
}

/// How many devices compute all forces.
#[cfg(feature = "gpu")]
fn devices(engine: &Engine) -> usize {
    engine.on_device().map_or(0, |potential| potential.each().len())
}

/// None without the feature `gpu`.
#[cfg(not(feature = "gpu"))]
fn devices(_: &Engine) -> usize {
    0
}
