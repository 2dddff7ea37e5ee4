//! The repulsion of nuclei, which the kernels of neural potentials take along.

use super::support::{Bounds, both, device, disordered, engine};
use mlmd::compute::gpu::GpuPotential;
use mlmd::potential::{LoadOptions, NeuralPotential, Potential, Precision, Sum, Zbl, ZblReach, load};
use mlmd::system::Vec3;
use std::path::Path;
use std::sync::Arc;

/// One pair of atoms in the core, where smoothing acts, and beyond it; potentials of every kind of descriptor.
#[test]
fn repulsion_is_that_of_the_cpu() {
    let Some(device) = device() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden");
    for name in ["native/format-1.mlmd", "aenet/elements-2", "n2p2/cutoff-2"] {
        let options = LoadOptions { units: Some("ev,angstrom".parse().unwrap()) };
        let model = Arc::new(load(folder.join(name), &options).unwrap());
        let reach = ZblReach::Fixed { inner: 0.7, outer: 1.4 };
        let zbl = Zbl::new(model.elements(), reach).unwrap();
        let bare = GpuPotential::new(Arc::clone(&device), Arc::clone(&model)).unwrap();
        let cpu = NeuralPotential::new(Arc::clone(&model), Precision::Double);
        let sum = Sum::new(vec![Box::new(cpu) as Box<dyn Potential>, Box::new(zbl.clone())]).unwrap();
        let mut engines = [engine(Box::new(bare.repelling(zbl.clone()).unwrap())), engine(Box::new(sum))];
        let symbols: Vec<_> = model.elements().iter().map(|element| element.symbol()).collect();
        for distance in [0.5, 1.1, 1.3, 1.45] {
            let mut system = disordered(24, &symbols, 5);
            system.positions[1] = system.positions[0] + Vec3::new(0.6, 0.0, 0.8) * distance;
            // Networks with random weights: the bound of tests/gpu/golden.rs.
            let bounds = Bounds { force: 1e-4, floor: 5e-5 };
            both(&mut engines, &system, bounds, &format!("{name}, {distance} Å"));
            // It is there at all.
            let mut without = engine(Box::new(bare.another()));
            let apart =
                engines[0].evaluate(&system).unwrap().energy - without.evaluate(&system).unwrap().energy;
            assert!(distance > 1.3 || apart > 0.01, "{name}, {distance} Å: {apart} eV");
        }
    }
}

/// That which belongs to a potential of GPUMD, by the universal screening function and by one of its own.
#[test]
fn repulsions_of_files_are_those_of_the_cpu() {
    let Some(device) = device() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden/nep");
    for (name, distances) in [("universal-3", [0.8, 1.2, 2.2, 2.4]), ("listed-2", [0.4, 1.2, 1.6, 2.6])] {
        let model = Arc::new(load(folder.join(format!("{name}.txt")), &LoadOptions::default()).unwrap());
        let gpu = GpuPotential::new(Arc::clone(&device), Arc::clone(&model)).unwrap();
        let mut engines = [engine(Box::new(gpu)), engine(model.potential(Precision::Double).unwrap())];
        let symbols: Vec<_> = model.elements().iter().map(|element| element.symbol()).collect();
        for distance in distances {
            let mut system = disordered(24, &symbols, 5);
            system.positions[1] = system.positions[0] + Vec3::new(0.6, 0.0, 0.8) * distance;
            // Networks with random weights: the bound of tests/gpu/golden.rs.
            let bounds = Bounds { force: 1e-4, floor: 5e-5 };
            both(&mut engines, &system, bounds, &format!("{name}, {distance} Å"));
        }
    }
}
