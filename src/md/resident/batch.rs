//! Runs of one system on one device: each asks for steps by itself, and all are moved together.

use super::records::{drive, record, taken};
use crate::compute::gpu::GpuPotential;
use crate::compute::gpu::dynamics::{Dynamics, LONGEST, Moment, Record, Settings, Start};
use crate::error::{Error, Result};
use crate::md::Ensemble;
use crate::system::{Cell, System, Vec3};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a device works before anyone looks at signals and the clock.
const STRETCH: f64 = 0.2;

/// Seats for runs that go side by side. A stretch of steps begins when everybody who has not left has asked for one.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    shared: Arc<(Mutex<Table>, Condvar)>,
}

/// What the runs share.
#[derive(Debug)]
struct Table {
    potential: GpuPotential,
    skin: f64,
    dynamics: Option<Dynamics>,
    seats: Vec<Seat>,
    /// Steps of the last stretch and how long they took.
    pace: Option<(usize, Duration)>,
    /// Counts stretches.
    round: u64,
    failure: Option<String>,
}

/// A run as the others see it.
#[derive(Debug)]
struct Seat {
    ensemble: Ensemble,
    status: Status,
    /// Its place among those that are on the device.
    replica: Option<usize>,
    /// How it begins.
    begin: Option<Begin>,
    step: u64,
    freedom: usize,
    /// Energy that the thermostat has taken, eV.
    taken: f64,
}

/// What a run brings along.
#[derive(Debug, Clone)]
pub(super) struct Begin {
    pub(super) system: System,
    pub(super) fixed: Vec<usize>,
    pub(super) saved: Vec<u32>,
    pub(super) taken: f64,
    pub(super) chain: Vec<f64>,
    pub(super) freedom: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// It does something else.
    Away,
    /// It wants to be moved up to this step.
    Waiting(u64),
    /// It will not come again.
    Gone,
}

/// Where a stretch of steps has led.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached {
    pub(super) step: u64,
    pub(super) taken: f64,
    /// How long the device took.
    pub(super) time: Duration,
}

impl Batch {
    /// Seats for these ensembles, which a device knows and which have the same timestep.
    pub(super) fn new(potential: GpuPotential, skin: f64, ensembles: &[Ensemble]) -> Self {
        let seat = |ensemble: &Ensemble| Seat {
            ensemble: *ensemble,
            status: Status::Away,
            replica: None,
            begin: None,
            step: 0,
            freedom: 0,
            taken: 0.0,
        };
        let table = Table {
            potential,
            skin,
            dynamics: None,
            seats: ensembles.iter().map(seat).collect(),
            pace: None,
            round: 0,
            failure: None,
        };
        Self { shared: Arc::new((Mutex::new(table), Condvar::new())) }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a seat.
    pub(super) fn arrive(&self, seat: usize, begin: Begin) {
        let mut table = self.table();
        let own = &mut table.seats[seat];
        (own.step, own.taken, own.freedom) = (begin.system.step, begin.taken, begin.freedom);
        own.begin = Some(begin);
    }

    /// Moves a run by at least a step, at most up to `until`, together with the others.
    pub(super) fn advance(&self, seat: usize, until: u64) -> Result<Reached> {
        let mut table = self.table();
        let round = table.round;
        table.seats[seat].status = Status::Waiting(until);
        loop {
            if let Some(reason) = &table.failure {
                return Err(Error::Device(reason.clone()));
            }
            if table.round != round {
                break;
            }
            if table.seats.iter().all(|seat| seat.status != Status::Away) {
                if let Err(error) = table.stretch() {
                    table.failure = Some(error.to_string());
                    self.shared.1.notify_all();
                    return Err(error);
                }
                self.shared.1.notify_all();
            } else {
                table = self.shared.1.wait(table).unwrap_or_else(PoisonError::into_inner);
            }
        }
        let Seat { step, taken, replica, .. } = table.seats[seat];
        let dynamics = table.dynamics.as_ref().zip(replica);
        if let Some(reason) = dynamics.and_then(|(all, replica)| all.crowded(replica)) {
            return Err(Error::Physics(format!(
                "atoms have come so close to each other that the list of their neighbours has no room: {reason}"
            )));
        }
        if dynamics.is_none_or(|(all, replica)| !all.moves(replica)) {
            return Err(Error::Physics(
                "an atom is faster than 2 Å/fs, or the force on it is not a number".into(),
            ));
        }
        Ok(Reached { step, taken, time: table.pace.map_or(Duration::ZERO, |(_, time)| time) })
    }

    /// Reads back where a run is.
    pub(super) fn read(&self, seat: usize, system: &mut System) -> Result<Moment> {
        self.table().on_device(seat, |dynamics, replica| dynamics.read(replica, system))
    }

    /// Gives the only run another cell and other velocities: [`Dynamics::reshape`].
    pub(super) fn reshape(&self, cell: &Cell, velocities: &[Vec3]) -> Result<()> {
        self.table().on_device(0, |dynamics, _| dynamics.reshape(cell, velocities))
    }

    /// The state of a run to the last bit.
    pub(super) fn save(&self, seat: usize) -> Result<Vec<u32>> {
        self.table().on_device(seat, Dynamics::save)
    }

    /// Seats everybody and computes their forces, which takes all the memory that they begin with: so many bytes.
    pub(super) fn begin(&self, begins: Vec<Begin>) -> Result<u64> {
        for (seat, begin) in begins.into_iter().enumerate() {
            self.arrive(seat, begin);
        }
        let mut table = self.table();
        let dynamics = table.begin()?;
        let bytes = dynamics.bytes();
        table.dynamics = Some(dynamics);
        Ok(bytes)
    }

    /// Moves everybody by so many steps, with nobody looking; returns how long it took.
    pub(super) fn pass(&self, steps: u64) -> Result<Duration> {
        let mut table = self.table();
        let clock = Instant::now();
        let end = table.seats.iter().map(|seat| seat.step).max().unwrap_or(0) + steps;
        while table.seats.iter().any(|seat| seat.step < end) {
            table.seats.iter_mut().for_each(|seat| seat.status = Status::Waiting(end));
            table.stretch()?;
        }
        Ok(clock.elapsed())
    }

    /// Gives a seat up: the others do not wait for it any more.
    pub(super) fn leave(&self, seat: usize) {
        let mut table = self.table();
        table.seats[seat].status = Status::Gone;
        table.seats[seat].begin = None;
        if let (Some(replica), Some(dynamics)) = (table.seats[seat].replica, &mut table.dynamics) {
            dynamics.leave(replica);
        }
        self.shared.1.notify_all();
    }
}

impl Table {
    fn on_device<T>(
        &mut self,
        seat: usize,
        what: impl FnOnce(&mut Dynamics, usize) -> Result<T>,
    ) -> Result<T> {
        // Somebody who is alone may look before the first stretch.
        if self.dynamics.is_none() && self.seats.len() == 1 && self.seats[seat].begin.is_some() {
            self.dynamics = Some(self.begin()?);
        }
        match (self.seats[seat].replica, &mut self.dynamics) {
            (Some(replica), Some(dynamics)) => what(dynamics, replica),
            _ => Err(Error::Internal("a run that is not on the device".into())),
        }
    }

    /// Moves everybody who waits as far as all want to go, or as far as the time allows.
    fn stretch(&mut self) -> Result<()> {
        let mut dynamics = match self.dynamics.take() {
            Some(dynamics) => dynamics,
            None => self.begin()?,
        };
        let wanted = self.seats.iter().filter_map(|seat| match seat.status {
            Status::Waiting(until) => Some(until.saturating_sub(seat.step)),
            _ => None,
        });
        let asked = wanted.min().unwrap_or(0).max(1);
        let fits = self.pace.map_or(1.0, |(steps, time)| {
            let each = time.as_secs_f64().max(1e-6) / steps as f64;
            (STRETCH / each).clamp(1.0, 8.0 * steps as f64)
        });
        let steps = (asked as usize).min(fits as usize).clamp(1, LONGEST);
        let by_replica: Vec<usize> = self.by_replica();
        let records: Vec<Record> = (0..steps as u64)
            .flat_map(|k| by_replica.iter().map(move |seat| (k, *seat)))
            .map(|(k, seat)| {
                let seat = &self.seats[seat];
                record(&seat.ensemble, seat.step + k, seat.freedom)
            })
            .collect();
        let clock = Instant::now();
        let log = dynamics.advance(steps, &records)?;
        self.pace = Some((steps, clock.elapsed()));
        let replicas = by_replica.len();
        for (replica, seat) in by_replica.into_iter().enumerate() {
            let seat = &mut self.seats[seat];
            if let Status::Waiting(_) = seat.status {
                // One after the other: the sum is the same however the steps were divided.
                for (step, entry) in (seat.step..).zip(log.iter().skip(replica).step_by(replicas)) {
                    seat.taken += taken(&seat.ensemble, step, *entry);
                }
                seat.step += steps as u64;
                seat.status = Status::Away;
            }
        }
        self.dynamics = Some(dynamics);
        self.round += 1;
        Ok(())
    }

    /// The seat of each replica.
    fn by_replica(&self) -> Vec<usize> {
        let mut seats: Vec<usize> =
            (0..self.seats.len()).filter(|s| self.seats[*s].replica.is_some()).collect();
        seats.sort_unstable_by_key(|seat| self.seats[*seat].replica);
        seats
    }

    /// Puts everybody who waits on the device.
    fn begin(&mut self) -> Result<Dynamics> {
        let mut begins = Vec::new();
        for seat in &mut self.seats {
            if let Some(begin) = seat.begin.take() {
                seat.replica = Some(begins.len());
                begins.push((begin, seat.ensemble));
            }
        }
        let (first, ensemble) =
            begins.first().ok_or_else(|| Error::Internal("nobody is to be moved".into()))?;
        let drive = drive(ensemble).ok_or_else(|| Error::Internal("no such thermostat".into()))?;
        let settings =
            Settings { timestep: ensemble.timestep, skin: self.skin, drive, fixed: first.fixed.clone() };
        let starts: Vec<Start<'_>> = begins
            .iter()
            .map(|(Begin { system, saved, chain, .. }, _)| Start { system, saved, chain })
            .collect();
        Dynamics::new(&self.potential, &starts, settings)
    }
}
