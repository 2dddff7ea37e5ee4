//! How fast a potential is.

use crate::compute::Engine;
use crate::error::Result;
use crate::neighbors::NeighborList;
use crate::system::{System, Vec3};
use std::f64::consts::TAU;
use std::time::{Duration, Instant};

/// What was measured.
#[derive(Debug, Clone)]
pub struct Timing {
    /// Number of atoms.
    pub atoms: usize,
    /// Neighbours of an atom within the cutoff, on average.
    pub neighbors: f64,
    /// Time of each step, in ascending order.
    pub steps: Vec<Duration>,
}

impl Timing {
    /// Median time per atom and step, µs.
    pub fn us_per_atom_step(&self) -> f64 {
        self.median().as_secs_f64() * 1e6 / self.atoms as f64
    }

    /// Median time of a step.
    pub fn median(&self) -> Duration {
        self.steps[self.steps.len() / 2]
    }
}

/// How long the atoms are followed that a device moves, at least.
#[cfg(feature = "gpu")]
const FOLLOWED: Duration = Duration::from_millis(500);

/// Their common speed, Å/fs: that of the fastest atoms in a warm crystal, so that lists are made anew as often (every 25
/// steps of 1 fs with a skin of 1 Å).
#[cfg(feature = "gpu")]
const SPEED: f64 = 0.02;

/// How much heavier than in nature they are: forces change nothing, whatever the structure.
#[cfg(feature = "gpu")]
const HEAVIER: f64 = 1e6;

/// Steps of dynamics that stay on the device, at least `steps` of them; nothing if that is not where the potential is
/// computed.
///
/// The atoms drift together, so they keep their surroundings while lists are made anew. In a stretch of steps nobody
/// looks at them; each step counts as its part of the stretch.
#[cfg(feature = "gpu")]
pub fn on_device(
    engine: &Engine,
    system: &System,
    steps: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<Option<Timing>> {
    use crate::md::{Ensemble, Ramp, Trial};
    let mut moving = system.clone();
    moving.masses.iter_mut().for_each(|mass| *mass *= HEAVIER);
    let periodic = system.cell.periodic();
    let along = (0..3).find(|k| periodic[*k]).map(|k| system.cell.matrix().row(k).transpose().normalize());
    moving.velocities.fill(along.map_or(Vec3::zeros(), |along| SPEED * along));
    let temperature = Ramp::constant(0.0);
    let nve = Ensemble { timestep: 1.0, temperature, thermostat: None, barostat: None, seed: 0 };
    let Some(trial) = Trial::new(engine, vec![(nve, moving)], &[])? else { return Ok(None) };
    let neighbors = neighbors_of(engine, system)?;
    trial.advance(2)?;
    let (mut times, mut spent, mut next) = (Vec::new(), Duration::ZERO, 4);
    while (times.len() as u64) < steps || spent < FOLLOWED {
        let time = trial.advance(next)?;
        spent += time;
        times.extend(std::iter::repeat_n(time.div_f64(next as f64), next as usize));
        progress(times.len() as u64);
        next *= 2;
    }
    times.sort_unstable();
    Ok(Some(Timing { atoms: system.len(), neighbors, steps: times }))
}

/// Without the feature `gpu` there are no devices.
#[cfg(not(feature = "gpu"))]
pub fn on_device(_: &Engine, _: &System, _: u64, _: &mut dyn FnMut(u64)) -> Result<Option<Timing>> {
    Ok(None)
}

/// Neighbours of an atom within the cutoff, on average.
fn neighbors_of(engine: &Engine, system: &System) -> Result<f64> {
    let list = NeighborList::build(&system.cell, &system.positions, engine.potential().cutoff())?;
    Ok(list.pairs().len() as f64 / system.len().max(1) as f64)
}

/// Amplitude of the motion of the atoms, Å, and its period in steps: those of atoms of a warm crystal at
/// steps of 1 fs.
const AMPLITUDE: f64 = 0.15;
const PERIOD: f64 = 100.0;

/// Evaluates `steps` configurations (at least one) that follow each other as in a simulation: every atom
/// swings about its place in a direction of its own. Two evaluations go before that are not counted. A device sends the
/// forces of each back.
pub fn run(
    engine: &mut Engine,
    system: &System,
    steps: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<Timing> {
    let neighbors = neighbors_of(engine, system)?;
    let mut moving = system.clone();
    for _ in 0..2 {
        engine.evaluate(&moving)?;
    }
    let mut times = Vec::new();
    for step in 1..=steps.max(1) {
        let swing = AMPLITUDE * (TAU * step as f64 / PERIOD).sin();
        for (atom, (r, home)) in moving.positions.iter_mut().zip(&system.positions).enumerate() {
            *r = home + swing * direction(atom);
        }
        let start = Instant::now();
        engine.evaluate(&moving)?;
        times.push(start.elapsed());
        progress(step);
    }
    times.sort_unstable();
    Ok(Timing { atoms: system.len(), neighbors, steps: times })
}

/// A unit vector for each atom, evenly spread over the sphere (a Fibonacci lattice of 1000 points).
fn direction(atom: usize) -> Vec3 {
    let k = (atom % 1000) as f64 + 0.5;
    let z = 1.0 - k / 500.0;
    let angle = k * TAU * 0.618_033_988_749_895;
    let radius = (1.0 - z * z).sqrt();
    Vec3::new(radius * angle.cos(), radius * angle.sin(), z)
}
