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
    /// Neighbour lists built during the measurement.
    pub builds: u64,
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

/// Amplitude of the motion of the atoms, Å, and its period in steps: those of atoms of a warm crystal at
/// steps of 1 fs.
const AMPLITUDE: f64 = 0.15;
const PERIOD: f64 = 100.0;

/// Evaluates `steps` configurations (at least one) that follow each other as in a simulation: every atom
/// swings about its place in a direction of its own. Two evaluations go before that are not counted.
pub fn run(
    engine: &mut Engine,
    system: &System,
    steps: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<Timing> {
    let cutoff = engine.potential().cutoff();
    let list = NeighborList::build(&system.cell, &system.positions, cutoff)?;
    let neighbors = list.pairs().len() as f64 / system.len().max(1) as f64;
    drop(list);
    let mut moving = system.clone();
    for _ in 0..2 {
        engine.evaluate(&moving)?;
    }
    let builds = engine.builds();
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
    Ok(Timing { atoms: system.len(), neighbors, builds: engine.builds() - builds, steps: times })
}

/// A unit vector for each atom, evenly spread over the sphere (a Fibonacci lattice of 1000 points).
fn direction(atom: usize) -> Vec3 {
    let k = (atom % 1000) as f64 + 0.5;
    let z = 1.0 - k / 500.0;
    let angle = k * TAU * 0.618_033_988_749_895;
    let radius = (1.0 - z * z).sqrt();
    Vec3::new(radius * angle.cos(), radius * angle.sin(), z)
}
