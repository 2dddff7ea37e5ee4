//! Energies, forces and descriptors as n2p2, aenet and NEP_CPU themselves compute them, on potentials and
//! structures that came with them.
//!
//! The data are other people's and not part of this repository: where they are absent, the tests say so.

mod aenet;
mod n2p2;
mod nep;
mod own;
mod shipped;

use mlmd::neighbors::brute_force;
use mlmd::potential::reference::Neighbor;
use mlmd::potential::{Atoms, Evaluation, NeuralModel, Potential, Precision};
use mlmd::system::Vec3;
use mlmd::{Cell, Element, NeighborList};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder of the shared data, or `None` after saying that the test is skipped.
fn data(folder: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")).join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: {} is absent", path.display());
    None
}

/// A structure in Å.
struct Structure {
    cell: Cell,
    species: Vec<Element>,
    positions: Vec<Vec3>,
}

impl Structure {
    fn atoms(&self) -> Atoms<'_> {
        Atoms { cell: &self.cell, species: &self.species, positions: &self.positions }
    }
}

/// Energy and forces of a structure.
fn evaluate(potential: &mut dyn Potential, structure: &Structure) -> Evaluation {
    let list = brute_force::neighbors(&structure.cell, &structure.positions, potential.cutoff()).unwrap();
    let mut out = Evaluation::default();
    out.reset(structure.species.len());
    potential.evaluate(structure.atoms(), &list, &mut out).unwrap();
    out
}

/// Asserts that the compiled potential agrees with the expected energy (eV) and forces (eV/Å): to relative
/// 1e-10 and 1e-9 of the largest force in double precision, to relative 1e-5 and 1e-5 of the largest force or
/// 2e-5 eV/Å in mixed: near equilibrium the forces of some hundred triplets cancel, each of the order of 1 eV/Å with
/// six to seven digits, and round-off does not shrink with their sum.
fn assert_potential(model: &NeuralModel, structure: &Structure, energy: f64, forces: &[Vec3], what: &str) {
    assert_potential_within(1e-5, model, structure, energy, forces, what);
}

/// The same with another tolerance in mixed precision.
fn assert_potential_within(
    mixed: f64,
    model: &NeuralModel,
    structure: &Structure,
    energy: f64,
    forces: &[Vec3],
    what: &str,
) {
    assert_eq!(forces.len(), structure.species.len(), "{what}");
    let largest = forces.iter().fold(0.0_f64, |largest, f| largest.max(f.amax()));
    // Forces that vanish by symmetry are sums of terms that do not: the floor is 1e-12 eV/Å in double precision.
    let settings = [
        (Precision::Double, 1e-10, (1e-9 * largest).max(1e-12)),
        (Precision::Mixed, mixed, (mixed * largest).max(2e-5)),
    ];
    for (precision, of_energy, of_force) in settings {
        let mut potential = Arc::new(model.clone()).potential(precision).unwrap();
        let out = evaluate(&mut *potential, structure);
        near(out.energy, energy, of_energy * energy.abs(), &format!("{what} {precision:?} energy"));
        for (i, (force, expected)) in out.forces.iter().zip(forces).enumerate() {
            let what = format!("{what} {precision:?} force on atom {i}");
            near((force - expected).amax(), 0.0, of_force, &what);
        }
    }
}

/// The neighbours of an atom.
fn environment(structure: &Structure, atom: usize, cutoff: f64) -> Vec<Neighbor> {
    let Structure { cell, species, positions } = structure;
    let list: NeighborList = brute_force::neighbors(cell, positions, cutoff).unwrap();
    list.neighbors(atom)
        .iter()
        .map(|&pair| {
            let r = NeighborList::vector(cell, positions, atom, pair);
            (species[pair.atom as usize], [r.x, r.y, r.z])
        })
        .collect()
}

/// The rows of numbers of a file, words that are none left out; lines with `#` are comments.
fn rows(path: &Path) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| line.split_whitespace().filter_map(|word| word.parse().ok()).collect())
        .collect()
}

/// Asserts |a − b| ≤ tolerance, and says what was compared.
#[track_caller]
fn near(a: f64, b: f64, tolerance: f64, what: &str) {
    assert!((a - b).abs() <= tolerance, "{what}: {a} instead of {b} (tolerance {tolerance:e})");
}
