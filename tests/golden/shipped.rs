//! The potentials that ship with mlmd: each has a data sheet that knows its hash, and a golden case.

use super::{Structure, assert_potential, environment, evaluate, near};
use mlmd::io::{ReadOptions, open};
use mlmd::potential::reference::ReferencePotential;
use mlmd::potential::{LoadOptions, NeuralPotential, Potential as _, Precision, load};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("potentials");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// What is shipped computes what it computed when its data sheet was written, in either precision, and what
/// the definition of its descriptor and networks says.
#[test]
fn shipped_potentials_repeat_their_golden_case() {
    let folders = shipped();
    assert!(!folders.is_empty(), "no potential is shipped");
    for folder in folders {
        let model = load(&folder, &LoadOptions::default()).unwrap();
        let reference = ReferencePotential::new(model.clone());
        let frames = open(&folder.join("golden.extxyz"), &ReadOptions::default()).unwrap();
        let mut count = 0;
        for frame in frames {
            let frame = frame.unwrap();
            let what = format!("{} {}", folder.display(), frame.origin);
            let (energy, forces) = (frame.energy.unwrap(), frame.forces.clone().unwrap());
            let structure =
                Structure { cell: frame.cell, species: frame.species, positions: frame.positions };
            assert_potential(&model, &structure, energy, &forces, &what);
            let mut compiled = NeuralPotential::new(Arc::new(model.clone()), Precision::Double);
            let energies = evaluate(&mut compiled, &structure).atomic_energies;
            for atom in [0, energies.len() - 1] {
                let center = reference.species(structure.species[atom]).unwrap();
                let neighbors = environment(&structure, atom, compiled.cutoff());
                let values: Vec<f64> =
                    reference.descriptors(center, &neighbors).into_iter().map(|row| row.0).collect();
                let each = model.members().iter().map(|m| reference.energy(&m[center], &values).0);
                let mean = each.sum::<f64>() / model.members().len() as f64;
                near(energies[atom], mean, 1e-10 * mean.abs().max(1.0), &what);
            }
            count += 1;
        }
        assert!(count > 0, "{}: no golden frame", folder.display());
    }
}

/// A data sheet states the hash of the file beside it.
#[test]
fn data_sheets_belong_to_their_potentials() {
    for folder in shipped() {
        let sheet = std::fs::read_to_string(folder.join("README.md")).unwrap();
        let model = std::fs::read(folder.join("potential.mlmd")).unwrap();
        let hash =
            Sha256::digest(&model).iter().fold(String::new(), |hash, byte| hash + &format!("{byte:02x}"));
        assert!(sheet.contains(&hash), "{}: the data sheet is of another potential", folder.display());
    }
}
