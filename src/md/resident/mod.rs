//! Integrators whose atoms stay on a graphics processor between two looks.
//!
//! | file | what it holds |
//! |---|---|
//! | `batch` | runs of one system that are moved together, on one device |
//! | `isobaric` | a run whose cell changes at every so many steps |
//! | `records` | thermostats as a device is told of them |
//! | `trial` | [`Trial`]: is there room for runs, and how long does a step take? |

mod batch;
mod isobaric;
mod records;
mod trial;

use super::chain::{Bath, Chain};
use super::{Ensemble, Integrator, State, Thermostat};
use crate::compute::Engine;
use crate::error::Result;
use batch::{Batch, Begin};
use isobaric::{Isobaric, is_seldom};
use records::drive;
pub use trial::{Room, Share, Trial, room_for};

/// Integrators for runs of one system whose potential is on devices, which move together; nothing if the potential is
/// not all there or the devices do not know one of the ensembles.
///
/// Runs are dealt out to the devices in turn; those on one device wait for each other, and do there what they do on any
/// other. Each belongs to a run in a thread of its own: a run that has to wait for the others waits. Runs whose cells change
/// have a cell of their own each and wait for nobody.
pub fn on_device(engine: &Engine, ensembles: &[Ensemble]) -> Option<Vec<Box<dyn Integrator>>> {
    let batches = dealt(engine, ensembles)?;
    let seats = ensembles.iter().enumerate().map(|(run, ensemble)| {
        let resident = Resident {
            batch: batches[run % batches.len()].clone(),
            seat: run / batches.len(),
            ensemble: *ensemble,
            arrived: false,
            taken: 0.0,
            saved: Vec::new(),
            chain: Vec::new(),
            settled: (0, 0.0),
        };
        Some(if ensemble.barostat.is_some() {
            Box::new(Isobaric::new(resident, ensemble)?) as Box<dyn Integrator>
        } else {
            Box::new(resident)
        })
    });
    seats.collect()
}

/// What each device has of things that are dealt out to so many of them in turn.
fn hands<T>(all: impl IntoIterator<Item = T>, devices: usize) -> Vec<Vec<T>> {
    let mut hands: Vec<Vec<T>> = (0..devices).map(|_| Vec::new()).collect();
    for (k, one) in all.into_iter().enumerate() {
        hands[k % devices].push(one);
    }
    hands
}

/// A batch for each device that has a run, or for each run whose cell changes, in the order in which devices are dealt out;
/// nothing as in [`on_device`].
fn dealt(engine: &Engine, ensembles: &[Ensemble]) -> Option<Vec<Batch>> {
    let (first, kind) = ensembles.first().and_then(|first| Some((first, drive(first)?)))?;
    if ensembles.iter().any(|other| drive(other) != Some(kind) || other.timestep != first.timestep) {
        return None;
    }
    let potentials = engine.on_device()?.each();
    let count = if is_seldom(first) { ensembles.len() } else { potentials.len().min(ensembles.len()) };
    let batches = hands(ensembles.iter().copied(), count).into_iter().enumerate().map(|(k, hand)| {
        let own = potentials[k % potentials.len()].another();
        Batch::new(own, engine.skin(), &hand)
    });
    Some(batches.collect())
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
    /// Energy that the thermostat has taken, eV; of a chain, what a target that changes has added to it, with the other
    /// sign.
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
        self.arrive(state, engine);
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
        self.chain(state).unwrap_or(0.0) + self.taken
    }

    fn save(&self) -> Vec<f64> {
        // As the same ensemble on the CPU: either goes on from what the other has saved.
        match self.ensemble.thermostat {
            None => Vec::new(),
            Some(Thermostat::NoseHoover { chain, .. }) if self.chain.is_empty() => {
                vec![0.0; 2 * chain.max(1) + 1]
            }
            Some(Thermostat::NoseHoover { .. }) => [&self.chain[..], &[self.taken]].concat(),
            Some(_) => vec![self.taken],
        }
    }

    fn restore(&mut self, saved: &[f64]) -> bool {
        match (saved, self.ensemble.thermostat) {
            ([], None) => true,
            ([links @ .., taken], Some(Thermostat::NoseHoover { chain, .. }))
                if links.len() == 2 * chain.max(1) =>
            {
                (self.chain, self.taken) = (links.to_vec(), *taken);
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
    /// Takes the seat, if that was not done.
    fn arrive(&mut self, state: &State, engine: &mut Engine) {
        if self.arrived {
            return;
        }
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

    /// What a Nosé–Hoover chain holds, eV, if there is one.
    fn chain(&self, state: &State) -> Option<f64> {
        let Some(Thermostat::NoseHoover { time, chain: links }) = self.ensemble.thermostat else {
            return None;
        };
        let mut chain = Chain::new(links);
        chain.restore(&self.chain);
        let thermal = State::thermal_energy(self.ensemble.temperature.at(state.system.step));
        let freedom = state.degrees_of_freedom() as f64;
        Some(chain.energy(Bath { freedom, thermal, period: time }))
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        self.batch.leave(self.seat);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::Options;
    use crate::compute::gpu::dynamics::tests::model;
    use crate::compute::gpu::{Device, GpuPotential};
    use crate::error::Error;
    use crate::md::Ramp;
    use crate::system::{Cell, Element, System, Vec3};
    use std::sync::{Arc, Barrier};

    #[test]
    fn hands_are_dealt_in_turn() {
        assert_eq!(hands(0..5, 2), [vec![0, 2, 4], vec![1, 3]]);
        assert_eq!(hands(0..2, 2), [[0], [1]]);
    }

    /// A device that is lost ends the runs that it has with an error; those on another go on.
    #[test]
    fn a_lost_device_leaves_the_other_alone() {
        let devices = [Device::open().unwrap(), Device::open().unwrap()];
        let [Some(first), Some(second)] = devices else {
            eprintln!("skipped: there is no graphics processor, not even one that a program plays");
            return;
        };
        let potential = GpuPotential::across(vec![first, Arc::clone(&second)], model()).unwrap();
        let engine =
            || Engine::new(Box::new(potential.another()), Options { skin: 0.4, threads: 1 }).unwrap();
        let nve = Ensemble {
            timestep: 1.0,
            temperature: Ramp::constant(300.0),
            thermostat: None,
            barostat: None,
            seed: 1,
        };
        let elements = ["Li", "N"].map(|symbol| symbol.parse::<Element>().unwrap());
        let sites =
            (0..27).map(|k: usize| 3.0 * Vec3::new((k % 3) as f64, (k / 3 % 3) as f64, (k / 9) as f64));
        let species = (0..27).map(|k| elements[k % 2]).collect();
        let cell = Cell::orthorhombic(9.0, 9.0, 9.0).unwrap();
        let system = System::new(cell, species, sites.collect()).unwrap();
        let runs = on_device(&engine(), &[nve; 4]).unwrap();
        let (before, after) = (Barrier::new(4), Barrier::new(4));
        let follow = |run: usize, mut integrator: Box<dyn Integrator>| {
            let mut engine = engine();
            let mut state = State::new(system.clone(), vec![], &mut engine).unwrap();
            let mut until = |step: u64| -> Result<u64> {
                while state.system.step < step {
                    integrator.advance(&mut state, &mut engine, step)?;
                }
                Ok(state.system.step)
            };
            assert_eq!(until(3).unwrap(), 3);
            before.wait();
            if run == 0 {
                second.lose();
            }
            after.wait();
            until(6)
        };
        let ends: Vec<Result<u64>> = std::thread::scope(|scope| {
            let follow = &follow;
            let runs: Vec<_> = runs
                .into_iter()
                .enumerate()
                .map(|(run, integrator)| scope.spawn(move || follow(run, integrator)))
                .collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        for (run, end) in ends.iter().enumerate() {
            match end {
                Ok(step) => assert_eq!((run % 2, *step), (0, 6)),
                Err(error) => assert!(run % 2 == 1 && matches!(error, Error::Device(_)), "{run}: {error}"),
            }
        }
    }
}
