//! What aenet 2.0.4 computes.

use super::{Structure, assert_potential, data, environment, near, rows};
use mlmd::Cell;
use mlmd::neighbors::brute_force;
use mlmd::potential::reference::ReferencePotential;
use mlmd::potential::{Evaluation, LoadOptions, NeuralModel, Potential, load, load_descriptor};
use mlmd::system::Vec3;
use std::path::{Path, PathBuf};

/// A potential and what aenet says about a structure.
struct Case {
    name: String,
    model: NeuralModel,
    structure: Structure,
    /// Path of the reference files without `.energy.ref` and its like.
    reference: PathBuf,
}

impl Case {
    fn rows(&self, what: &str) -> Vec<Vec<f64>> {
        rows(&self.reference.with_file_name(format!("{}.{what}.ref", self.name)))
    }
}

/// Every `pot_X` with its `ref_X`.
fn cases() -> Vec<Case> {
    let Some(folder) = data("golden/aenet") else { return Vec::new() };
    let mut cases = Vec::new();
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for potential in entries {
        let name = potential.file_name().unwrap().to_string_lossy().into_owned();
        let Some(kind) = name.strip_prefix("pot_") else { continue };
        let model = load(&potential, &LoadOptions::default()).unwrap();
        let mut energies: Vec<PathBuf> = std::fs::read_dir(folder.join(format!("ref_{kind}")))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().ends_with(".energy.ref"))
            .collect();
        energies.sort();
        for reference in energies {
            let name = reference.file_name().unwrap().to_string_lossy().replace(".energy.ref", "");
            let structure = xsf(&folder.join("structures").join(format!("{name}.xsf")));
            cases.push(Case { name, model: model.clone(), structure, reference });
        }
    }
    cases
}

fn xsf(path: &Path) -> Structure {
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let find = |word: &str| lines.iter().position(|line| line.trim() == word);
    let numbers = |line: &str, skip: usize| -> Vec3 {
        Vec3::from_iterator(line.split_whitespace().skip(skip).take(3).map(|word| word.parse().unwrap()))
    };
    let (cell, first) = match find("PRIMVEC") {
        Some(at) => {
            let vectors = [1, 2, 3].map(|k| numbers(lines[at + k], 0).into());
            (Cell::new(vectors, [true; 3]).unwrap(), find("PRIMCOORD").unwrap() + 2)
        }
        None => (Cell::isolated(), find("ATOMS").unwrap() + 1),
    };
    let atoms: Vec<&str> = lines[first..].iter().copied().filter(|line| !line.trim().is_empty()).collect();
    Structure {
        cell,
        species: atoms.iter().map(|line| line.split_whitespace().next().unwrap().parse().unwrap()).collect(),
        positions: atoms.iter().map(|line| numbers(line, 1)).collect(),
    }
}

/// Descriptors and energies of a few atoms, by the definition.
#[test]
fn definitions_agree_with_aenet() {
    for case in cases() {
        let reference = ReferencePotential::new(case.model.clone());
        let (fingerprints, atoms) = (case.rows("fingerprint"), case.rows("atoms"));
        for atom in [0, case.structure.species.len() - 1] {
            let what = format!("{} atom {atom}", case.name);
            let center = reference.species(case.structure.species[atom]).unwrap();
            let neighbors = environment(&case.structure, atom, case.model.cutoff());
            let table = reference.descriptors(center, &neighbors);
            let values: Vec<f64> = table.iter().map(|row| row.0).collect();
            let expected = &fingerprints[atom][1..];
            assert_eq!(expected.len(), values.len());
            for (s, (value, expected)) in values.iter().zip(expected).enumerate() {
                // Sums of a few hundred terms of either sign: to the round-off of the sum.
                near(*value, *expected, 1e-12 * expected.abs() + 1e-11, &format!("{what} G {s}"));
            }
            let (energy, _) = reference.energy(&case.model.members()[0][center], &values);
            near(energy, atoms[atom][4], 1e-10 * energy.abs(), &format!("{what} energy"));
        }
    }
}

/// The total energy and the forces of the smallest structure, by the definition.
#[test]
fn definitions_of_forces_agree_with_aenet() {
    let Some(case) = cases().into_iter().min_by_key(|case| case.structure.species.len()) else { return };
    let mut reference = ReferencePotential::new(case.model.clone());
    let Structure { cell, positions, species } = &case.structure;
    let list = brute_force::neighbors(cell, positions, reference.cutoff()).unwrap();
    let mut out = Evaluation::default();
    out.reset(species.len());
    reference.evaluate(case.structure.atoms(), &list, &mut out).unwrap();
    let energy = case.rows("energy")[0][0];
    near(out.energy, energy, 1e-10 * energy.abs(), &case.name);
    let atoms = case.rows("atoms");
    let largest = atoms.iter().flat_map(|row| &row[5..8]).fold(0.0_f64, |m, f| m.max(f.abs()));
    for (i, row) in atoms.iter().enumerate() {
        for axis in 0..3 {
            let what = format!("{} force {axis} on atom {i}", case.name);
            near(out.forces[i][axis], row[5 + axis], 1e-9 * largest, &what);
        }
    }
}

/// Energies and forces of all structures, by the compiled potential.
#[test]
fn potentials_agree_with_aenet() {
    for case in cases() {
        let energy = case.rows("energy")[0][0];
        let forces: Vec<Vec3> =
            case.rows("atoms").iter().map(|row| Vec3::new(row[5], row[6], row[7])).collect();
        assert_potential(&case.model, &case.structure, energy, &forces, &case.name);
    }
}

/// The setups from which aenet made a potential describe what the potential describes.
#[test]
fn setups_are_read_as_aenet_reads_them() {
    let Some(potential) = data("golden/aenet/pot_15t-15t") else { return };
    let model = load(&potential, &LoadOptions::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["O.fingerprint.stp", "Ti.fingerprint.stp"] {
        std::fs::copy(potential.join(name), folder.path().join(name)).unwrap();
    }
    let descriptor = load_descriptor(folder.path(), &LoadOptions::default()).unwrap();
    assert_eq!(&descriptor, model.descriptor());
    std::fs::remove_file(folder.path().join("O.fingerprint.stp")).unwrap();
    let error = load_descriptor(folder.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("O is in the environment of Ti, but there is no file for it"), "{error}");
}
