//! Every golden potential, on structures of its elements.

use super::support::{Bounds, TIGHT, both, device, disordered, engines};
use mlmd::System;
use mlmd::io::{self, ReadOptions};
use mlmd::potential::{LoadOptions, NeuralModel, load};
use std::path::{Path, PathBuf};

/// Folders of potentials below a folder, in order.
fn folders(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn read(path: &Path, units: &str) -> NeuralModel {
    load(path, &LoadOptions { units: Some(units.parse().unwrap()) }).unwrap()
}

/// Atoms of the potential's elements without a lattice; a cell smaller than twice the cutoff.
fn sample(model: &NeuralModel) -> System {
    let symbols: Vec<_> = model.elements().iter().map(|element| element.symbol()).collect();
    disordered(24, &symbols, 5)
}

/// Potentials with random networks that n2p2, aenet and NEP_CPU have evaluated: all types of symmetry functions with every
/// cutoff function, the Artrith–Urban–Ceder descriptor for one to three elements, moments, those of GPUMD.
#[test]
fn own_potentials() {
    let Some(device) = device() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden");
    let mut paths = folders(&folder.join("n2p2"));
    paths.extend(folders(&folder.join("aenet")));
    paths.push(folder.join("native/format-1.mlmd"));
    paths.extend(
        ["shared-3", "products-1", "degrees-2", "radial-2"]
            .map(|name| folder.join(format!("nep/{name}.txt"))),
    );
    assert_eq!(paths.len(), 9 + 3 + 1 + 4);
    for path in paths {
        let model = read(&path, "ev,angstrom");
        let system = sample(&model);
        // Far steeper than any trained potential, up to 700 eV/Å: random weights on functions that are not scaled, with
        // some tens of atoms at unlikely distances. On the CPU, single precision is given 5e-5.
        both(
            &mut engines(&device, model),
            &system,
            Bounds { force: 1e-4, floor: 5e-5 },
            &path.display().to_string(),
        );
    }
}

/// Potentials that came with n2p2 and aenet.
#[test]
fn potentials_of_others() {
    let Some(device) = device() else { return };
    let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/golden"));
    if !data.is_dir() {
        eprintln!("skipped: {} is absent", data.display());
        return;
    }
    for path in folders(&data.join("n2p2")) {
        let units =
            if path.display().to_string().contains("mlearn") { "hartree,bohr" } else { "ev,angstrom" };
        let model = read(&path, units);
        let options = ReadOptions { units: Some(units.parse().unwrap()), ..ReadOptions::default() };
        let mut engines = engines(&device, model);
        for frame in io::open(&path.join("input.data"), &options).unwrap().take(2) {
            let system = frame.unwrap().to_system().unwrap();
            both(&mut engines, &system, TIGHT, &path.display().to_string());
        }
    }
    let model = read(&data.join("aenet/pot_15t-15t"), "ev,angstrom");
    let mut engines = engines(&device, model);
    for name in ["rutile_72", "rutile_48_triclinic", "cluster_48_nonperiodic", "anatase_108"] {
        let path = data.join(format!("aenet/structures/{name}.xsf"));
        let frame = io::open(&path, &ReadOptions::default()).unwrap().next().unwrap().unwrap();
        both(&mut engines, &frame.to_system().unwrap(), TIGHT, name);
    }
}
