//! A Lennard-Jones solid about as stiff as a metal, and its lattice.

use mlmd::compute::{Engine, Options};
use mlmd::potential::{LennardJones, LennardJonesPair, Truncation};
use mlmd::relax::{Relaxation, Settings, relax};
use mlmd::system::Vec3;
use mlmd::{Cell, System};

/// eV.
pub(crate) const EPSILON: f64 = 0.4;
/// Å.
pub(crate) const SIGMA: f64 = 2.3;
/// Å; between the shells of the lattices of the tests.
pub(crate) const CUTOFF: f64 = 5.0;
/// Å, near the minimum of this potential.
pub(crate) const LATTICE: f64 = 3.55;

/// An engine on one thread.
pub(crate) fn engine(cutoff: f64, truncation: Truncation) -> Engine {
    let pair = LennardJonesPair { epsilon: EPSILON, sigma: SIGMA, cutoff };
    let potential = LennardJones::alike(pair, truncation).unwrap();
    Engine::new(Box::new(potential), Options { threads: 1, ..Options::default() }).unwrap()
}

/// The engine of most tests.
pub(crate) fn shifted() -> Engine {
    engine(CUTOFF, Truncation::Shifted)
}

/// Cubes of a face-centred lattice.
pub(crate) fn fcc(a: f64, times: u32) -> System {
    let cell = Cell::orthorhombic(a, a, a).unwrap();
    let sites = [[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]];
    let positions = sites.iter().map(|s| a * Vec3::from(*s)).collect();
    let argon = "Ar".parse().unwrap();
    System::new(cell, vec![argon; 4], positions).unwrap().repeated([times; 3]).unwrap()
}

/// The crystal without one of its atoms.
pub(crate) fn without(system: &System, atom: usize) -> System {
    let keep = |i: &usize| *i != atom;
    let positions = (0..system.len()).filter(keep).map(|i| system.positions[i]).collect();
    let species = (0..system.len()).filter(keep).map(|i| system.species[i]).collect();
    System::new(system.cell.clone(), species, positions).unwrap()
}

/// A minimisation that must converge.
pub(crate) fn relaxed(system: &System, engine: &mut Engine, settings: &Settings) -> Relaxation {
    let done = relax(system, engine, settings, &mut |_| Ok(())).unwrap();
    assert_eq!(done.stopped, None, "force {}, stress {}, {} steps", done.force, done.stress, done.steps);
    done
}
