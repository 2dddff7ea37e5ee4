//! What n2p2 2.3.0 computes.

use super::{Structure, assert_potential, data, environment, near, rows};
use mlmd::Cell;
use mlmd::neighbors::brute_force;
use mlmd::potential::reference::ReferencePotential;
use mlmd::potential::{LoadOptions, NeuralModel, load};
use mlmd::system::Vec3;
use mlmd::units::FileUnits;
use std::path::{Path, PathBuf};

/// One folder of golden values.
struct Case {
    name: String,
    folder: PathBuf,
    units: FileUnits,
    model: NeuralModel,
    structures: Vec<Structure>,
}

fn cases() -> Vec<Case> {
    let Some(folder) = data("golden/n2p2") else { return Vec::new() };
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders.into_iter().map(case).collect()
}

fn case(folder: PathBuf) -> Case {
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    // As stated by the data sheet of the collection.
    let units = if name.starts_with("mlearn") { "hartree,bohr" } else { "ev,angstrom" };
    let units: FileUnits = units.parse().unwrap();
    let model = load(&folder, &LoadOptions { units: Some(units) }).unwrap();
    let structures = structures(&folder.join("input.data"), units.length);
    Case { name, folder, units, model, structures }
}

fn structures(path: &Path, length: f64) -> Vec<Structure> {
    let mut structures = Vec::new();
    let (mut vectors, mut species, mut positions) = (Vec::new(), Vec::new(), Vec::new());
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let vector = || length * Vec3::from_iterator(words[1..4].iter().map(|word| word.parse().unwrap()));
        match words.first().copied() {
            Some("lattice") => vectors.push(vector()),
            Some("atom") => {
                positions.push(vector());
                species.push(words[4].parse().unwrap());
            }
            Some("end") => {
                let cell = match vectors[..] {
                    [a, b, c] => Cell::new([a.into(), b.into(), c.into()], [true; 3]).unwrap(),
                    _ => Cell::isolated(),
                };
                let (species, positions) = (std::mem::take(&mut species), std::mem::take(&mut positions));
                structures.push(Structure { cell, species, positions });
                vectors.clear();
            }
            _ => {}
        }
    }
    structures
}

/// Symmetry functions and energies of a few atoms, by the definition: reading the files, the order of the
/// functions, scaling and networks are right.
#[test]
fn definitions_agree_with_n2p2() {
    for case in cases() {
        let reference = ReferencePotential::new(case.model.clone());
        let functions = rows(&case.folder.join("symfunc.ref"));
        let energies = rows(&case.folder.join("atoms.ref"));
        for (index, structure) in case.structures.iter().enumerate().take(2) {
            for atom in [0, structure.species.len() - 1] {
                let what = format!("{} structure {index} atom {atom}", case.name);
                let of_atom = |row: &&Vec<f64>| row[..2] == [index as f64, atom as f64];
                let center = reference.species(structure.species[atom]).unwrap();
                let neighbors = environment(structure, atom, case.model.cutoff());
                let table = reference.descriptors(center, &neighbors);
                let values: Vec<f64> = table.iter().map(|row| row.0).collect();
                let Some(row) = functions.iter().find(of_atom) else { continue };
                let expected = &row[3..];
                assert_eq!(expected.len(), 2 * values.len(), "{what}");
                let network = &case.model.members()[0][center];
                let scaled = network.scaling.apply(&values);
                for (s, (value, scaled)) in values.iter().zip(&scaled).enumerate() {
                    // Values span many orders of magnitude: each to its own size, with a floor where n2p2
                    // itself cancels.
                    near(*value, expected[s], 1e-11 * expected[s].abs() + 1e-16, &format!("{what} G {s}"));
                    let expected = expected[values.len() + s];
                    let bound = 1e-11 * expected.abs().max(network.scaling.factor()[s] * value.abs());
                    near(*scaled, expected, bound + 1e-14, &format!("{what} scaled G {s}"));
                }
                // The reference has the output of the network only, in its units.
                let row = energies.iter().find(of_atom).unwrap();
                let output = network.network.value_and_gradient(&scaled).0 / network.output.scale;
                near(output, row[2], 1e-10 * row[2].abs(), &format!("{what} energy"));
            }
        }
    }
}

/// Σ_S p_ii(S), eV/Å: what the images of an atom that are its own neighbours would pull it by.
///
/// Such an image moves with the atom, so its energy does not change and the term belongs to the force twice, with
/// either sign. n2p2 2.3 leaves the second out (`Mode::calculateForces` passes over the atom itself): in cells
/// smaller than the cutoff its forces are not the derivative of its energy and do not add up to zero.
fn own_images(case: &Case, structure: &Structure, atom: usize) -> Vec3 {
    let reference = ReferencePotential::new(case.model.clone());
    let list = brute_force::neighbors(&structure.cell, &structure.positions, case.model.cutoff()).unwrap();
    let own: Vec<usize> =
        (0..list.neighbors(atom).len()).filter(|k| list.neighbors(atom)[*k].atom as usize == atom).collect();
    if own.is_empty() {
        return Vec3::zeros();
    }
    let center = reference.species(structure.species[atom]).unwrap();
    let table = reference.descriptors(center, &environment(structure, atom, case.model.cutoff()));
    let values: Vec<f64> = table.iter().map(|row| row.0).collect();
    let (_, gradient) = reference.energy(&case.model.members()[0][center], &values);
    let mut sum = Vec3::zeros();
    for (g, (_, slopes)) in gradient.iter().zip(&table) {
        for &k in &own {
            sum += *g * Vec3::from(slopes[k]);
        }
    }
    sum
}

/// Energies and forces of all structures, by the compiled potential.
#[test]
fn potentials_agree_with_n2p2() {
    for case in cases() {
        let energies = rows(&case.folder.join("energy.ref"));
        let forces = rows(&case.folder.join("forces.ref"));
        assert_eq!(energies.len(), case.structures.len(), "{}", case.name);
        for (index, structure) in case.structures.iter().enumerate() {
            let energy = energies[index][2] * case.units.energy;
            let forces: Vec<Vec3> = forces
                .iter()
                .filter(|row| row[0] == index as f64)
                .map(|row| Vec3::new(row[5], row[6], row[7]) * case.units.force())
                .enumerate()
                .map(|(atom, force)| force - own_images(&case, structure, atom))
                .collect();
            assert_potential(&case.model, structure, energy, &forces, &format!("{} {index}", case.name));
        }
    }
}
