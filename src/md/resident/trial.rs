//! What is to be known of runs on a device before they begin: whether there is room, and how long a step takes.

use super::batch::{Batch, Begin};
use super::records::drive;
use crate::compute::Engine;
use crate::compute::gpu::dynamics::{Dynamics, Settings};
use crate::error::{Error, Result};
use crate::md::{Ensemble, State};
use crate::system::System;
use std::time::Duration;

/// How many of these runs have room on the device at once, as far as its limits tell; nothing where
/// [`super::on_device`] gives nothing.
///
/// # Errors
/// [`Error::Device`] with what is needed and what there is, if there is not even room for one.
pub fn room_for(engine: &Engine, ensembles: &[Ensemble], system: &System) -> Result<Option<usize>> {
    let (Some(_), Some(potential), Some(ensemble)) =
        (Batch::new(engine, ensembles), engine.on_device(), ensembles.first())
    else {
        return Ok(None);
    };
    let drive = drive(ensemble).ok_or_else(|| Error::Internal("no such thermostat".into()))?;
    let settings = Settings { timestep: ensemble.timestep, skin: engine.skin(), drive, fixed: Vec::new() };
    let admit = |runs| potential.device().admit(&Dynamics::demand(potential, system, runs, &settings)?);
    admit(1)?;
    // There is room for `fits`, and none for `not`.
    let (mut fits, mut not) = (1, ensembles.len() + 1);
    while not - fits > 1 {
        let middle = usize::midpoint(fits, not);
        match admit(middle) {
            Ok(()) => fits = middle,
            Err(Error::Device(_)) => not = middle,
            Err(other) => return Err(other),
        }
    }
    Ok(Some(fits))
}

/// Runs that are put on the device as [`super::on_device`] would put them there, moved for a while, and forgotten.
#[derive(Debug)]
pub struct Trial {
    batch: Batch,
    bytes: u64,
}

impl Trial {
    /// Takes the memory of these runs, which all have the same `fixed` atoms, and computes their forces; nothing where
    /// the CPU moves the atoms.
    ///
    /// # Errors
    /// [`Error::Device`] if the device has not as much memory, or not as much that is free.
    pub fn new(engine: &Engine, runs: Vec<(Ensemble, System)>, fixed: &[usize]) -> Result<Option<Self>> {
        let (ensembles, systems): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
        let Some(batch) = Batch::new(engine, &ensembles) else { return Ok(None) };
        let begin = |system: System| Begin {
            freedom: State::freedom(system.len(), fixed.len()),
            system,
            fixed: fixed.to_vec(),
            saved: Vec::new(),
            taken: 0.0,
            chain: Vec::new(),
        };
        let bytes = batch.begin(systems.into_iter().map(begin).collect())?;
        Ok(Some(Self { batch, bytes }))
    }

    /// Memory that they take on the device, bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How long a step of all of them takes, found in about so much time.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn step(&self, time: Duration) -> Result<Duration> {
        // The first stretch compiles kernels and touches memory, which counts only where a step is longer than that.
        let first = self.advance(1)?;
        if first >= time {
            return Ok(first);
        }
        let (mut steps, mut spent, mut next) = (0, Duration::ZERO, 4);
        while spent < time {
            spent += self.advance(next)?;
            steps += next;
            next *= 2;
        }
        Ok(spent.div_f64(steps as f64))
    }

    /// Moves all of them by so many steps, in stretches as long as those of a run; returns how long it took.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn advance(&self, steps: u64) -> Result<Duration> {
        self.batch.pass(steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::Options;
    use crate::compute::gpu::Device;
    use crate::compute::gpu::dynamics::tests::{anywhere, potential};
    use crate::md::Ramp;
    use crate::system::Cell;

    /// As many runs move together as have room; where there is none for one it is said how much is missing.
    #[test]
    fn as_many_runs_as_have_room() {
        let temperature = Ramp::constant(300.0);
        let nve = Ensemble { timestep: 1.0, temperature, thermostat: None, barostat: None, seed: 1 };
        let system = anywhere(&Cell::orthorhombic(20.0, 21.0, 22.0).unwrap(), 400, 1);
        let engine = |binding: u64| -> Option<Engine> {
            let device = Device::open_narrow(binding).unwrap()?;
            Some(Engine::new(Box::new(potential(&device)), Options { skin: 0.4, threads: 1 }).unwrap())
        };
        let Some(wide) = engine(1 << 24) else {
            eprintln!("skipped: there is no graphics processor, not even one that a program plays");
            return;
        };
        let room = |engine: &Engine| room_for(engine, &[nve; 8], &system);
        assert_eq!(room(&wide).unwrap(), Some(8));
        // The largest buffer has four numbers for each pair, of as many for each atom in every run.
        let on = wide.on_device().unwrap();
        let settings = Settings { timestep: 1.0, skin: 0.4, drive: drive(&nve).unwrap(), fixed: Vec::new() };
        let one = Dynamics::demand(on, &system, 1, &settings).unwrap().largest().1;
        assert_eq!(room(&engine(3 * one + one / 2).unwrap()).unwrap(), Some(3));
        let complaint = room(&engine(one / 2).unwrap()).unwrap_err().to_string();
        assert!(complaint.contains("is too small for 400 atoms"), "{complaint}");
    }
}
