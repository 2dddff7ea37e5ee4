//! What is to be known of runs on a device before they begin: whether there is room, and how long a step takes.

use super::batch::{Batch, Begin};
use super::records::drive;
use super::{dealt, hands};
use crate::compute::Engine;
use crate::compute::gpu::dynamics::{Dynamics, Settings};
use crate::compute::gpu::{Device, GpuPotential};
use crate::error::{Error, Result};
use crate::md::{Ensemble, State};
use crate::system::System;
use std::sync::Arc;
use std::time::Duration;

/// Room for runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// How many devices runs are dealt out to.
    pub devices: usize,
    /// How many runs each of them has room for, as far as its limits tell, at most as many as there are.
    pub each: usize,
}

/// How many of these runs have room on the devices at once; nothing where [`super::on_device`] gives nothing.
///
/// # Errors
/// [`Error::Device`] with what is needed and what there is, if there is not even room for one on each.
pub fn room_for(engine: &Engine, ensembles: &[Ensemble], system: &System) -> Result<Option<Room>> {
    let (Some(batches), Some(all), Some(ensemble)) =
        (dealt(engine, ensembles), engine.on_device(), ensembles.first())
    else {
        return Ok(None);
    };
    let drive = drive(ensemble).ok_or_else(|| Error::Internal("no such thermostat".into()))?;
    let settings = Settings { timestep: ensemble.timestep, skin: engine.skin(), drive, fixed: Vec::new() };
    let mut each = ensembles.len();
    for potential in all.each().iter().take(batches.len()) {
        each = each.min(fitting(potential, system, &settings, ensembles.len())?);
    }
    Ok(Some(Room { devices: all.each().len().min(batches.len()), each }))
}

/// How many replicas, at most `most`, have room on one device; at least one, or an error.
fn fitting(potential: &GpuPotential, system: &System, settings: &Settings, most: usize) -> Result<usize> {
    let admit = |runs| potential.device().admit(&Dynamics::demand(potential, system, runs, settings)?);
    admit(1)?;
    // There is room for `fits`, and none for `not`.
    let (mut fits, mut not) = (1, most + 1);
    while not - fits > 1 {
        let middle = usize::midpoint(fits, not);
        match admit(middle) {
            Ok(()) => fits = middle,
            Err(Error::Device(_)) => not = middle,
            Err(other) => return Err(other),
        }
    }
    Ok(fits)
}

/// What runs take of a device.
#[derive(Debug, Clone)]
pub struct Share {
    /// The device.
    pub device: Arc<Device>,
    /// How many runs it has.
    pub runs: usize,
    /// Memory that they take, bytes.
    pub bytes: u64,
}

/// Runs that are put on the devices as [`super::on_device`] would put them there, moved for a while, and forgotten.
#[derive(Debug)]
pub struct Trial {
    batches: Vec<Batch>,
    shares: Vec<Share>,
}

impl Trial {
    /// Takes the memory of these runs, which all have the same `fixed` atoms, and computes their forces; nothing where
    /// the CPU moves the atoms.
    ///
    /// # Errors
    /// [`Error::Device`] if a device has not as much memory, or not as much that is free.
    pub fn new(engine: &Engine, runs: Vec<(Ensemble, System)>, fixed: &[usize]) -> Result<Option<Self>> {
        let (ensembles, systems): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
        let (Some(batches), Some(all)) = (dealt(engine, &ensembles), engine.on_device()) else {
            return Ok(None);
        };
        let begin = |system: System| Begin {
            freedom: State::freedom(system.len(), fixed.len()),
            system,
            fixed: fixed.to_vec(),
            saved: Vec::new(),
            taken: 0.0,
            chain: Vec::new(),
        };
        let hands = hands(systems.into_iter().map(begin), batches.len());
        let devices = all.each();
        let mut shares: Vec<Share> = Vec::new();
        for (k, (batch, hand)) in batches.iter().zip(hands).enumerate() {
            let (runs, bytes) = (hand.len(), batch.begin(hand)?);
            // A device may have several batches.
            match shares.get_mut(k % devices.len()) {
                Some(share) => (share.runs, share.bytes) = (share.runs + runs, share.bytes + bytes),
                None => shares.push(Share { device: Arc::clone(devices[k].device()), runs, bytes }),
            }
        }
        Ok(Some(Self { batches, shares }))
    }

    /// What each device has of them.
    pub fn shares(&self) -> &[Share] {
        &self.shares
    }

    /// How long a step of all of them takes, found in about so much time.
    ///
    /// # Errors
    /// [`Error::Device`] if a device fails.
    pub fn step(&self, time: Duration) -> Result<Duration> {
        // The first stretch compiles kernels and touches memory, which may take longer than many steps do.
        self.advance(1)?;
        let second = self.advance(1)?;
        if second >= time {
            return Ok(second);
        }
        let (mut steps, mut spent, mut next) = (0, Duration::ZERO, 4);
        while spent < time {
            spent += self.advance(next)?;
            steps += next;
            next *= 2;
        }
        Ok(spent.div_f64(steps as f64))
    }

    /// Moves all of them by so many steps, in stretches as long as those of a run; returns how long the slowest device
    /// took.
    ///
    /// # Errors
    /// [`Error::Device`] if a device fails.
    pub fn advance(&self, steps: u64) -> Result<Duration> {
        std::thread::scope(|scope| {
            let passes: Vec<_> =
                self.batches.iter().map(|batch| scope.spawn(move || batch.pass(steps))).collect();
            passes.into_iter().try_fold(Duration::ZERO, |slowest, pass| match pass.join() {
                Ok(time) => Ok(slowest.max(time?)),
                Err(panic) => std::panic::resume_unwind(panic),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::Options;
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
        assert_eq!(room(&wide).unwrap(), Some(Room { devices: 1, each: 8 }));
        // The largest buffer has three numbers for each pair, of as many for each atom in every run.
        let on = wide.on_device().unwrap();
        let settings = Settings { timestep: 1.0, skin: 0.4, drive: drive(&nve).unwrap(), fixed: Vec::new() };
        let one = Dynamics::demand(on, &system, 1, &settings).unwrap().largest().1;
        assert_eq!(room(&engine(3 * one + one / 2).unwrap()).unwrap(), Some(Room { devices: 1, each: 3 }));
        let complaint = room(&engine(one / 2).unwrap()).unwrap_err().to_string();
        assert!(complaint.contains("is too small for 400 atoms"), "{complaint}");
    }
}
