//! Who moves the atoms of a task: the CPU step by step, or a device that keeps them between two looks.

use super::Task;
use crate::compute::Engine;
use crate::error::Result;
use crate::md::Integrator;

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

/// How many tasks of so many atoms a device moves together; nothing where the CPU moves the atoms.
pub(super) fn batch(engine: &Engine, tasks: &[Task], atoms: usize) -> Option<usize> {
    on_device(engine, &tasks.iter().collect::<Vec<_>>())?;
    Some((ATOMS_ON_DEVICE / atoms.max(1)).clamp(1, tasks.len().max(1)))
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
