//! A device for all tests, and how results are compared.

use mlmd::compute::gpu::{Device, GpuPotential};
use mlmd::compute::{Engine, Options};
use mlmd::descriptors::{Scaling, ScalingKind, Statistics};
use mlmd::potential::reference::ReferencePotential;
use mlmd::potential::{
    Activation, AtomicNetwork, DescriptorSet, Evaluation, Layer, Network, NeuralModel, NeuralPotential,
    Output, Potential, Precision,
};
use mlmd::random::{Philox, Purpose};
use mlmd::system::Vec3;
use mlmd::units::FileUnits;
use mlmd::{Cell, Element, System};
use std::sync::{Arc, OnceLock};

/// The device of this machine, or `None` after saying that the test is skipped.
pub(crate) fn device() -> Option<Arc<Device>> {
    static DEVICE: OnceLock<Option<Arc<Device>>> = OnceLock::new();
    // One that is there and does not open is a failure.
    let device = DEVICE.get_or_init(|| Device::open().unwrap());
    if device.is_none() {
        eprintln!("skipped: there is no graphics processor, not even one that a program plays");
    }
    device.clone()
}

pub(crate) fn elements(symbols: &[&str]) -> Vec<Element> {
    symbols.iter().map(|symbol| symbol.parse().unwrap()).collect()
}

/// An engine of one thread around a potential.
pub(crate) fn engine(potential: Box<dyn Potential>) -> Engine {
    Engine::new(potential, Options { skin: 0.5, threads: 1 }).unwrap()
}

/// Engines of the device and of the CPU in double precision.
pub(crate) fn engines(device: &Arc<Device>, model: NeuralModel) -> [Engine; 2] {
    let model = Arc::new(model);
    let gpu = GpuPotential::new(Arc::clone(device), Arc::clone(&model)).unwrap();
    let cpu = NeuralPotential::new(model, Precision::Double);
    [engine(Box::new(gpu)), engine(Box::new(cpu))]
}

/// How far results may be apart: forces as a part of the largest force, or of the forces between pairs that
/// cancel where the largest force is next to nothing.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) force: f64,
    /// eV/Å: what single precision leaves of forces that vanish.
    pub(crate) floor: f64,
}

/// 1e-5 of the largest force; forces below 1 eV/Å are small differences of pair forces of that order.
pub(crate) const TIGHT: Bounds = Bounds { force: 1e-5, floor: 1e-5 };

/// Asserts that two evaluations agree. Returns how far the forces are apart as a part of what they may.
#[track_caller]
pub(crate) fn compare(gpu: &Evaluation, cpu: &Evaluation, bounds: Bounds, what: &str) -> f64 {
    assert_eq!(gpu.forces.len(), cpu.forces.len(), "{what}");
    let largest = cpu.forces.iter().fold(0.0_f64, |largest, force| largest.max(force.amax()));
    let allowed = (bounds.force * largest).max(bounds.floor);
    let mut worst = 0.0_f64;
    for (atom, (a, b)) in gpu.forces.iter().zip(&cpu.forces).enumerate() {
        let off = (a - b).amax();
        assert!(off <= allowed, "{what}: force on atom {atom} is off by {off:e} of at most {allowed:e}");
        worst = worst.max(off / allowed);
    }
    eprintln!("{what}: forces are off by {:.1e} where the largest is {largest:.2} eV/Å", worst * allowed);
    // A network is fed differences of descriptors and their mean over a spread ten and more times smaller: energies have
    // lost a digit to that, which forces, whose descriptors enter as derivatives, have not.
    for (atom, (a, b)) in gpu.atomic_energies.iter().zip(&cpu.atomic_energies).enumerate() {
        let permitted = 5.0 * bounds.force * b.abs().max(1.0);
        assert!((a - b).abs() <= permitted, "{what}: energy of atom {atom} is {a} instead of {b}");
    }
    let atoms = cpu.forces.len() as f64;
    assert!(
        (gpu.energy - cpu.energy).abs() <= 5.0 * bounds.force * cpu.energy.abs().max(atoms.sqrt()),
        "{what}: energy"
    );
    // Sums over some tens of neighbours of forces of some eV/Å times distances of some Å, each with seven digits,
    // which nearly cancel at equilibrium: per atom 5e-5 eV, which is 5e-4 GPa in a crystal.
    let allowed = 5.0 * bounds.force * cpu.virial.amax().max(atoms);
    let off = (gpu.virial - cpu.virial).amax();
    assert!(off <= allowed, "{what}: virial is off by {off:e} of at most {allowed:e}");
    worst
}

/// A system evaluated on both.
#[track_caller]
pub(crate) fn both(engines: &mut [Engine; 2], system: &System, bounds: Bounds, what: &str) -> f64 {
    let [gpu, cpu] = engines;
    let (gpu, cpu) = (gpu.evaluate(system).unwrap().clone(), cpu.evaluate(system).unwrap());
    compare(&gpu, cpu, bounds, what)
}

/// Atoms without a lattice, not too near to each other, in a slanted cell.
pub(crate) fn disordered(atoms: usize, symbols: &[&str], seed: u64) -> System {
    let edge = (atoms as f64 * 14.0).cbrt();
    let rows = [[edge, 0.0, 0.0], [0.3 * edge, 0.95 * edge, 0.0], [-0.1 * edge, 0.2 * edge, 1.05 * edge]];
    let cell = Cell::new(rows, [true; 3]).unwrap();
    let mut random = Philox::new(seed, Purpose::General, 0, 0);
    let mut positions: Vec<Vec3> = Vec::new();
    while positions.len() < atoms {
        let r = cell.cartesian(&Vec3::from_fn(|_, _| random.uniform()));
        if positions.iter().all(|other| cell.shortest(&(r - other)).norm() > 1.5) {
            positions.push(r);
        }
    }
    let known = elements(symbols);
    let species = (0..atoms).map(|i| known[i % known.len()]).collect();
    System::new(cell, species, positions).unwrap()
}

/// Networks of two hidden layers with random weights on any descriptor, as a committee of `members`, scaled by
/// what the descriptors are in `system`: what a trained potential sees.
pub(crate) fn random_model(descriptor: DescriptorSet, members: u64, system: &System) -> NeuralModel {
    random_networks(descriptor, members, system, &[(10, Activation::Tanh), (7, Activation::Tanh)])
}

/// The same with these hidden layers.
pub(crate) fn random_networks(
    descriptor: DescriptorSet,
    members: u64,
    system: &System,
    hidden: &[(usize, Activation)],
) -> NeuralModel {
    let scalings = scalings(&descriptor, system);
    let member = |seed: u64| {
        let mut random = Philox::new(seed, Purpose::General, 0, 1);
        scalings
            .iter()
            .map(|scaling| {
                let inputs = scaling.len();
                let mut layer = |inputs: usize, outputs: usize, activation: Activation| Layer {
                    weights: (0..inputs * outputs)
                        .map(|_| random.normal() / (inputs as f64).sqrt())
                        .collect(),
                    biases: (0..outputs).map(|_| random.normal() * 0.3).collect(),
                    activation,
                };
                let mut layers = Vec::new();
                let mut below = inputs;
                for (width, activation) in hidden.iter().chain([&(1, Activation::Linear)]) {
                    layers.push(layer(below, *width, *activation));
                    below = *width;
                }
                AtomicNetwork {
                    scaling: scaling.clone(),
                    network: Network::new(inputs, layers, false).unwrap(),
                    output: Output { scale: 1.0, shift: -0.3, reference: -200.0 },
                }
            })
            .collect()
    };
    let units = FileUnits { energy: 1.0, length: 1.0 };
    NeuralModel::new(units, descriptor, (0..members).map(member).collect()).unwrap()
}

/// Mean, spread and range of every descriptor over the atoms of a system.
fn scalings(descriptor: &DescriptorSet, system: &System) -> Vec<Scaling> {
    let neutral = |center: usize| {
        let one = Statistics { min: -1.0, max: 1.0, mean: 0.0, spread: 1.0 };
        let inputs = descriptor.len(center);
        let layers =
            vec![Layer { weights: vec![0.0; inputs], biases: vec![0.0], activation: Activation::Linear }];
        AtomicNetwork {
            scaling: Scaling::new(ScalingKind::None, [0.0, 1.0], vec![one; inputs]).unwrap(),
            network: Network::new(inputs, layers, false).unwrap(),
            output: Output::default(),
        }
    };
    let units = FileUnits { energy: 1.0, length: 1.0 };
    let centers = descriptor.elements().len();
    let model =
        NeuralModel::new(units, descriptor.clone(), vec![(0..centers).map(neutral).collect()]).unwrap();
    let reference = ReferencePotential::new(model);
    let list =
        mlmd::neighbors::brute_force::neighbors(&system.cell, &system.positions, reference.cutoff()).unwrap();
    let mut values: Vec<Vec<Vec<f64>>> = vec![Vec::new(); centers];
    for atom in 0..system.len() {
        let center = reference.species(system.species[atom]).unwrap();
        if values[center].len() == 8 {
            continue;
        }
        let neighbors: Vec<_> = list
            .neighbors(atom)
            .iter()
            .map(|pair| {
                let r = mlmd::NeighborList::vector(&system.cell, &system.positions, atom, *pair);
                (system.species[pair.atom as usize], [r.x, r.y, r.z])
            })
            .collect();
        values[center].push(reference.descriptors(center, &neighbors).into_iter().map(|row| row.0).collect());
    }
    values
        .iter()
        .enumerate()
        .map(|(center, rows)| {
            let statistics = (0..descriptor.len(center)).map(|d| {
                let column: Vec<f64> = rows.iter().map(|row| row[d]).collect();
                let n = column.len().max(1) as f64;
                let mean = column.iter().sum::<f64>() / n;
                let spread = (column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
                let spread = spread.max(1e-2 * mean.abs()).max(1e-6);
                Statistics { min: mean - 10.0 * spread, max: mean + 10.0 * spread, mean, spread }
            });
            Scaling::new(ScalingKind::Sigma, [0.0, 1.0], statistics.collect()).unwrap()
        })
        .collect()
}
