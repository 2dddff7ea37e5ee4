//! Argon, and what is looked at while it moves.

use mlmd::compute::{Engine, Options};
use mlmd::md::{Ensemble, Ramp, State};
use mlmd::potential::{LennardJones, LennardJonesPair, Truncation};
use mlmd::system::Vec3;
use mlmd::{Cell, System};

/// ε of argon, eV.
pub(crate) const EPSILON: f64 = 0.0104;
/// σ of argon, Å.
pub(crate) const SIGMA: f64 = 3.4;

/// A face-centred crystal with lattice constant `a` (Å). Every other atom is half as heavy, so that thermostats have
/// modes of different speed to serve alike.
pub(crate) fn crystal(a: f64, times: [u32; 3]) -> System {
    let cell = Cell::orthorhombic(a, a, a).unwrap();
    let sites = [[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]];
    let positions = sites.iter().map(|s| a * Vec3::from(*s)).collect();
    let cube = System::new(cell, vec!["Ar".parse().unwrap(); 4], positions).unwrap();
    let mut system = cube.repeated(times).unwrap();
    for mass in system.masses.iter_mut().step_by(2) {
        *mass *= 0.5;
    }
    system
}

/// An engine on one thread for Lennard-Jones atoms.
pub(crate) fn engine(epsilon: f64, cutoff: f64, truncation: Truncation) -> Engine {
    let pair = LennardJonesPair { epsilon, sigma: SIGMA, cutoff };
    let potential = LennardJones::alike(pair, truncation).unwrap();
    Engine::new(Box::new(potential), Options { skin: 0.4, threads: 1 }).unwrap()
}

/// A dense hot fluid of sixteen atoms soon forgets where it was, so that few steps are many independent samples; the
/// harmonic modes of a cold crystal would keep their energies.
pub(crate) fn fluid() -> System {
    crystal(5.8, [2, 2, 1])
}

/// Argon that sees its nearest neighbours, smooth up to the second derivative.
pub(crate) fn neighbours() -> Engine {
    engine(EPSILON, 5.0, Truncation::Smooth { from: 4.2 })
}

/// Constant energy at a temperature to begin with (K), with a timestep in fs.
pub(crate) fn plain(temperature: f64, timestep: f64) -> Ensemble {
    let temperature = Ramp::constant(temperature);
    Ensemble { timestep, temperature, thermostat: None, barostat: None, seed: 11 }
}

/// What was seen every few steps.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    /// Potential energy, eV.
    pub(crate) potential: Vec<f64>,
    /// Kinetic energy, eV.
    pub(crate) kinetic: Vec<f64>,
    /// Kinetic energy along each axis, eV.
    pub(crate) along: [Vec<f64>; 3],
    /// Kinetic energy of the lighter half of the atoms, eV.
    pub(crate) light: Vec<f64>,
    /// Pressure, eV/Å³.
    pub(crate) pressure: Vec<f64>,
    /// Volume, Å³.
    pub(crate) volume: Vec<f64>,
    /// Degrees of freedom.
    pub(crate) freedom: f64,
}

/// How long a run is, in steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Length {
    /// Steps before anything is looked at.
    pub(crate) settle: u64,
    /// Steps after that.
    pub(crate) look: u64,
    /// Steps between two looks.
    pub(crate) every: u64,
}

/// Runs an ensemble, from velocities of twice the temperature: half of it goes into the positions.
pub(crate) fn sample(ensemble: &Ensemble, start: &System, engine: &mut Engine, length: Length) -> Samples {
    // Inside the pool, where an evaluation need not wake another thread: steps are short here.
    engine.pool().install(|| sample_here(ensemble, start, engine, length))
}

fn sample_here(ensemble: &Ensemble, start: &System, engine: &mut Engine, length: Length) -> Samples {
    let mut system = start.clone();
    system.set_temperature(2.0 * ensemble.temperature.from, 5).unwrap();
    let mut state = State::new(system, vec![], engine).unwrap();
    let mut integrator = ensemble.integrator().unwrap();
    let mut samples = Samples { freedom: state.degrees_of_freedom() as f64, ..Samples::default() };
    for step in 1..=length.settle + length.look {
        integrator.step(&mut state, engine).unwrap();
        if step > length.settle && step % length.every == 0 {
            look(&mut samples, &state);
        }
    }
    samples
}

fn look(samples: &mut Samples, state: &State) {
    let system = &state.system;
    let tensor = system.kinetic_tensor();
    samples.potential.push(state.energy);
    samples.kinetic.push(state.kinetic_energy());
    for k in 0..3 {
        samples.along[k].push(0.5 * tensor[(k, k)]);
    }
    // The lighter atoms are every other one: the kinetic energy of a system in which they are alone.
    let mut light = system.clone();
    light.velocities.iter_mut().skip(1).step_by(2).for_each(|v| *v = Vec3::zeros());
    samples.light.push(light.kinetic_energy());
    samples.pressure.push(state.pressure());
    samples.volume.push(system.cell.volume());
}
