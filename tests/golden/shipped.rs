//! The potentials that ship with mlmd: each has a data sheet that knows its hash, and a golden case.

use super::{Structure, assert_potential, environment, evaluate, near};
use mlmd::System;
use mlmd::compute::{Engine, Options};
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

/// A data sheet states the hash of every potential beside it.
#[test]
fn data_sheets_belong_to_their_potentials() {
    for folder in shipped() {
        let sheet = std::fs::read_to_string(folder.join("README.md")).unwrap();
        let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let models: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "mlmd")).collect();
        assert!(models.contains(&folder.join("potential.mlmd")));
        for path in models {
            let model = std::fs::read(&path).unwrap();
            let hash =
                Sha256::digest(&model).iter().fold(String::new(), |hash, byte| hash + &format!("{byte:02x}"));
            assert!(sheet.contains(&hash), "{}: the data sheet is of another potential", path.display());
        }
    }
}

/// The committee for the garnet: where its members agree it says what the potential says, to the error of both; where an atom
/// is somewhere it never was, they do not agree.
#[test]
fn the_committee_of_the_garnet_knows_what_it_does_not_know() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("potentials/llzo");
    let committee = load(folder.join("committee.mlmd"), &LoadOptions::default()).unwrap();
    assert_eq!(committee.members().len(), 4);
    let committee = NeuralPotential::new(Arc::new(committee), Precision::Double);
    let mut engine = Engine::new(Box::new(committee), Options::default()).unwrap();
    let frame =
        open(&folder.join("golden.extxyz"), &ReadOptions::default()).unwrap().next().unwrap().unwrap();
    let mut system = frame.to_system().unwrap();
    let forces = frame.forces.as_ref().unwrap();
    let found = engine.evaluate(&system).unwrap().forces.clone();
    let squares: f64 = found.iter().zip(forces).map(|(a, b)| (a - b).norm_squared()).sum();
    let rms = (squares / (3 * forces.len()) as f64).sqrt();
    // Each is off from DFT by 0.02 eV/Å in a component, at 1200 K by up to twice that.
    assert!(rms < 0.06, "{rms}");
    let spread = |engine: &mut Engine, system: &System| {
        engine.uncertainty(system).unwrap().unwrap().forces.into_iter().fold(0.0, f64::max)
    };
    let usual = spread(&mut engine, &system);
    // Two atoms nearer than any in the frames, 1.47 Å.
    let cell = system.cell.clone();
    let nearest = (1..system.len())
        .min_by(|a, b| {
            let away = |k: usize| cell.shortest(&(system.positions[k] - system.positions[0])).norm();
            away(*a).total_cmp(&away(*b))
        })
        .unwrap();
    let toward = cell.shortest(&(system.positions[nearest] - system.positions[0]));
    system.positions[0] += toward * (1.0 - 1.1 / toward.norm());
    let strange = spread(&mut engine, &system);
    assert!(strange > 5.0 * usual, "{usual} {strange}");
}
