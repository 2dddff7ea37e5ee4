//! Integrators whose atoms stay on a graphics processor between two looks.
//!
//! | file | what it holds |
//! |---|---|
//! | `batch` | runs of one system that are moved together |
//! | `records` | thermostats as a device is told of them |
//! | `trial` | [`Trial`]: is there room for runs, and how long does a step take? |

mod batch;
mod records;
mod trial;

use super::nose_hoover::Chain;
use super::{Ensemble, Integrator, State, Thermostat};
use crate::compute::Engine;
use crate::error::Result;
use batch::{Batch, Begin};
pub use trial::{Trial, room_for};

/// Integrators for runs of one system whose potential is on a device, which move together; nothing if the potential is
/// not all there or the device does not know one of the ensembles.
///
/// Each belongs to a run in a thread of its own: a run that has to wait for the others waits.
pub fn on_device(engine: &Engine, ensembles: &[Ensemble]) -> Option<Vec<Box<dyn Integrator>>> {
    let batch = Batch::new(engine, ensembles)?;
    let seats = ensembles.iter().enumerate().map(|(seat, ensemble)| {
        let resident = Resident {
            batch: batch.clone(),
            seat,
            ensemble: *ensemble,
            arrived: false,
            taken: 0.0,
            saved: Vec::new(),
            chain: Vec::new(),
            settled: (0, 0.0),
        };
        Box::new(resident) as Box<dyn Integrator>
    });
    Some(seats.collect())
}

/// One run of a batch.
///
/// What it does is what the integrator of the same ensemble does on the CPU, with forces in single precision, positions
/// and velocities in integers, and for Langevin dynamics normal deviates made in another way from the same random
/// integers.
#[derive(Debug)]
struct Resident {
    batch: Batch,
    seat: usize,
    ensemble: Ensemble,
    arrived: bool,
    /// Energy that the thermostat has taken, eV.
    taken: f64,
    /// The state to go on from, if it was saved.
    saved: Vec<u32>,
    /// Places and rates of a Nosé–Hoover chain at the last look; empty for one that has not moved.
    chain: Vec<f64>,
    /// Step and time of the last look.
    settled: (u64, f64),
}

impl Integrator for Resident {
    fn description(&self) -> String {
        let kind = self.ensemble.integrator().map_or_else(|_| String::new(), |same| same.description());
        format!("{kind}; the atoms stay on the device")
    }

    fn step(&mut self, state: &mut State, engine: &mut Engine) -> Result<()> {
        let until = state.system.step + 1;
        self.advance(state, engine, until)?;
        self.settle(state)
    }

    fn advance(&mut self, state: &mut State, engine: &mut Engine, until: u64) -> Result<()> {
        if !self.arrived {
            let begin = Begin {
                system: state.system.clone(),
                fixed: state.fixed().to_vec(),
                saved: std::mem::take(&mut self.saved),
                taken: self.taken,
                chain: self.chain.clone(),
                freedom: state.degrees_of_freedom(),
            };
            self.batch.arrive(self.seat, begin);
            self.arrived = true;
            self.settled = (state.system.step, state.system.time);
            engine.rest();
        }
        let reached = self.batch.advance(self.seat, until).inspect_err(|_| {
            // The positions that there are belong to the last look.
            (state.system.step, state.system.time) = self.settled;
        })?;
        engine.spend(reached.time);
        self.taken = reached.taken;
        state.system.step = reached.step;
        state.system.time = reached.step as f64 * self.ensemble.timestep;
        Ok(())
    }

    fn settle(&mut self, state: &mut State) -> Result<()> {
        if !self.arrived {
            return Ok(());
        }
        let found = self.batch.read(self.seat, &mut state.system)?;
        self.settled = (state.system.step, state.system.time);
        (state.energy, state.virial, state.extrapolation) = (found.energy, found.virial, found.extrapolation);
        (state.forces, self.chain) = (found.forces, found.chain);
        for k in 0..state.fixed().len() {
            let atom = state.fixed()[k];
            state.forces[atom] = crate::system::Vec3::zeros();
        }
        Ok(())
    }

    fn is_resident(&self) -> bool {
        true
    }

    fn reservoir(&self, state: &State) -> f64 {
        self.chain(state).unwrap_or(self.taken)
    }

    fn save(&self) -> Vec<f64> {
        // As the same ensemble on the CPU: either goes on from what the other has saved.
        match self.ensemble.thermostat {
            None => Vec::new(),
            Some(Thermostat::NoseHoover { chain, .. }) if self.chain.is_empty() => {
                vec![0.0; 2 * chain.max(1)]
            }
            Some(Thermostat::NoseHoover { .. }) => self.chain.clone(),
            Some(_) => vec![self.taken],
        }
    }

    fn restore(&mut self, saved: &[f64]) -> bool {
        match (saved, self.ensemble.thermostat) {
            ([], None) => true,
            (_, Some(Thermostat::NoseHoover { chain, .. })) if saved.len() == 2 * chain.max(1) => {
                self.chain = saved.to_vec();
                true
            }
            ([taken], Some(Thermostat::Csvr { .. } | Thermostat::Langevin { .. })) => {
                self.taken = *taken;
                true
            }
            _ => false,
        }
    }

    fn save_device(&self) -> Result<Vec<u32>> {
        if self.arrived { self.batch.save(self.seat) } else { Ok(self.saved.clone()) }
    }

    fn restore_device(&mut self, saved: &[u32]) {
        self.saved = saved.to_vec();
    }
}

impl Resident {
    /// What a Nosé–Hoover chain holds, eV, if there is one.
    fn chain(&self, state: &State) -> Option<f64> {
        let Some(Thermostat::NoseHoover { time, chain: links }) = self.ensemble.thermostat else {
            return None;
        };
        let mut chain = Chain::new(links);
        chain.restore(&self.chain);
        let thermal = State::thermal_energy(self.ensemble.temperature.at(state.system.step));
        Some(chain.energy(state.degrees_of_freedom() as f64, thermal, time))
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        self.batch.leave(self.seat);
    }
}
