//! Small potentials of mlmd's own making, written for n2p2 and aenet and evaluated by them.
//!
//! `tests/data/golden` holds the potentials and what the two programs say about a few structures;
//! `tests/data/golden/make.py` says how to make it again.

use super::{Structure, assert_potential_within, environment, evaluate, near};
use mlmd::descriptors::{
    Angle, AngularInvariants, Channels, Chebyshev, ChebyshevCenter, CompactCore, Coupling, Cutoff,
    CutoffShape, FourProduct, Moments, MomentsCenter, Radial, RadialFunctions, Resolution, Scaling,
    ScalingKind, Statistics, SymmetryFunction, SymmetryFunctions,
};
use mlmd::potential::reference::ReferencePotential;
use mlmd::potential::{
    Activation, AtomicNetwork, DescriptorSet, Layer, LoadOptions, Network, NeuralModel, NeuralPotential,
    Output, Potential, PotentialFormat, Precision, load, save,
};
use mlmd::random::{Philox, Purpose};
use mlmd::system::Vec3;
use mlmd::units::FileUnits;
use mlmd::{Cell, Element};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const ELECTRONVOLT: FileUnits = FileUnits { energy: 1.0, length: 1.0 };

pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden")
}

fn elements(symbols: &[&str]) -> Vec<Element> {
    symbols.iter().map(|symbol| symbol.parse().unwrap()).collect()
}

/// Networks of one hidden layer with random weights on any descriptor.
fn with_networks(
    descriptor: DescriptorSet,
    kind: ScalingKind,
    activation: Activation,
    normalize_nodes: bool,
    seed: u64,
) -> NeuralModel {
    let mut random = Philox::new(seed, Purpose::General, 0, 0);
    let atoms = (0..descriptor.elements().len()).map(|center| {
        let inputs = descriptor.len(center);
        let statistics = (0..inputs).map(|_| {
            let mean = random.uniform();
            let spread = if kind == ScalingKind::SecondMoment { mean * mean + 1.0 } else { 0.8 };
            Statistics { min: mean - 1.0, max: mean + 1.0, mean, spread }
        });
        let statistics = statistics.collect();
        let mut draw = |n: usize| (0..n).map(|_| random.normal() * 0.4).collect::<Vec<f64>>();
        let layers = vec![
            Layer { weights: draw(inputs * 4), biases: draw(4), activation },
            Layer { weights: draw(4), biases: draw(1), activation: Activation::Linear },
        ];
        AtomicNetwork {
            scaling: Scaling::new(kind, [0.0, 1.0], statistics).unwrap(),
            network: Network::new(inputs, layers, normalize_nodes).unwrap(),
            output: Output { scale: 0.5, shift: -0.25, reference: -1.5 * (center + 1) as f64 },
        }
    });
    let atoms = atoms.collect();
    NeuralModel::new(ELECTRONVOLT, descriptor, vec![atoms]).unwrap()
}

/// All types of symmetry functions with the `k`-th cutoff function and core, for lithium and oxygen.
fn symmetry(k: usize) -> NeuralModel {
    let elements = elements(&["Li", "O"]);
    let shape = CutoffShape::ALL[k];
    // The inner radius means nothing to these.
    let inner = if matches!(k, 0 | 2 | 3) { 0.0 } else { 0.1 * (k % 4) as f64 };
    let cutoff = Cutoff::new(shape, 4.5, inner).unwrap();
    let core = CompactCore::all().nth(k).unwrap();
    let gaussian = |eta: f64, shift: f64| Radial::Gaussian { eta, shift, cutoff };
    let compact = |left: f64| Radial::Compact { left, right: 4.4, core };
    let power = |lambda: f64, zeta: f64| Angle::Power { lambda, zeta };
    let window = |left: f64, right: f64| Angle::Window { left, right, core: core.core };
    let angular = |of, radial, angle, narrow| SymmetryFunction::Angular { of, radial, angle, narrow };
    let (li, o) = (elements[0], elements[1]);
    let mut functions = vec![
        SymmetryFunction::Radial { of: Some(li), radial: gaussian(0.4, 0.0) },
        SymmetryFunction::Radial { of: Some(o), radial: gaussian(1.5, 2.0) },
        angular(Some([li, li]), gaussian(0.02, 0.0), power(1.0, 1.0), true),
        angular(Some([li, o]), gaussian(0.05, 0.5), power(-1.0, 4.0), true),
        angular(Some([li, o]), gaussian(0.05, 0.0), power(1.0, 2.0), false),
        angular(Some([o, o]), gaussian(0.02, 0.0), power(-1.0, 1.5), false),
        SymmetryFunction::Radial { of: None, radial: gaussian(0.5, 1.0) },
        angular(None, gaussian(0.03, 0.0), power(1.0, 2.0), true),
        SymmetryFunction::Radial { of: Some(o), radial: compact(0.5) },
        angular(Some([li, o]), compact(0.0), window(0.0, 180.0), true),
        angular(Some([li, li]), compact(0.5), window(30.0, 150.0), false),
        SymmetryFunction::Radial { of: None, radial: compact(1.0) },
        angular(None, compact(0.0), window(20.0, 120.0), true),
        angular(None, compact(0.5), window(60.0, 180.0), false),
    ];
    functions.sort_by(SymmetryFunction::n2p2_order);
    let kinds = [
        ScalingKind::Range,
        ScalingKind::Center,
        ScalingKind::CenteredRange,
        ScalingKind::Sigma,
        ScalingKind::None,
    ];
    let letters: Vec<Activation> = Activation::all().filter(|a| a.letter().is_some()).collect();
    let descriptor = SymmetryFunctions::new(elements, vec![functions.clone(), functions]).unwrap();
    let (kind, letter) = (kinds[k % kinds.len()], letters[k % letters.len()]);
    with_networks(DescriptorSet::Symmetry(descriptor), kind, letter, k % 3 == 2, 40 + k as u64)
}

/// Chebyshev descriptors for one to three elements; the setups list their environment in different orders.
fn chebyshev(species: usize) -> NeuralModel {
    let elements = elements(&["Li", "O", "Zr"][..species]);
    let center = |c: usize| {
        let mut environment = elements.clone();
        environment.rotate_left(c);
        ChebyshevCenter {
            environment,
            radial_cutoff: 4.5,
            radial_order: 6 + c,
            angular_cutoff: 3.8,
            angular_order: 3,
        }
    };
    let centers = (0..species).map(center).collect();
    let descriptor = DescriptorSet::Chebyshev(Chebyshev::new(elements, centers).unwrap());
    let activation = [Activation::Tanh, Activation::ScaledTanh, Activation::TwistedTanh][species - 1];
    with_networks(descriptor, ScalingKind::SecondMoment, activation, false, 60 + species as u64)
}

/// Every potential with the folder it is kept in.
fn models() -> Vec<(String, PotentialFormat, NeuralModel)> {
    let symmetry = (0..9).map(|k| (format!("n2p2/cutoff-{k}"), PotentialFormat::N2p2, symmetry(k)));
    let chebyshev = (1..=3).map(|n| (format!("aenet/elements-{n}"), PotentialFormat::Aenet, chebyshev(n)));
    symmetry.chain(chebyshev).collect()
}

pub(super) fn vector(value: &Value) -> Vec3 {
    Vec3::from_iterator(value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()))
}

pub(super) fn structure(value: &Value) -> Structure {
    let list = |key: &str| value[key].as_array().unwrap();
    let cell = match value["cell"].as_array() {
        Some(rows) => Cell::new([0, 1, 2].map(|k| vector(&rows[k]).into()), [true; 3]).unwrap(),
        None => Cell::isolated(),
    };
    Structure {
        cell,
        species: list("species").iter().map(|symbol| symbol.as_str().unwrap().parse().unwrap()).collect(),
        positions: list("positions").iter().map(vector).collect(),
    }
}

/// The files are those of the seeds; with `MLMD_WRITE_GOLDEN` set they are written.
#[test]
fn potentials_are_those_of_their_seeds() {
    for (name, format, model) in models() {
        let path = folder().join(&name);
        if std::env::var_os("MLMD_WRITE_GOLDEN").is_some() {
            save(&model, &path, format).unwrap();
        }
        let read = load(&path, &LoadOptions { units: Some(ELECTRONVOLT) }).unwrap();
        assert_eq!(read.descriptor(), model.descriptor(), "{name}");
        assert_eq!(read.members(), model.members(), "{name}");
    }
}

/// Energies and forces to round-off; symmetry functions to the digits that n2p2 prints.
#[test]
fn potentials_agree_with_n2p2_and_aenet() {
    let text = std::fs::read_to_string(folder().join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let mut compared = 0;
    for (name, _, model) in models() {
        for result in expected["results"][&name].as_array().unwrap() {
            let which = result["structure"].as_str().unwrap();
            let what = format!("{name} {which}");
            let structure = structure(&expected["structures"][which]);
            let forces: Vec<Vec3> = result["forces"].as_array().unwrap().iter().map(vector).collect();
            let energy = result["energy"].as_f64().unwrap();
            // Random networks on unlikely structures: steeper than any trained one, which rounding feels.
            assert_potential_within(5e-5, &model, &structure, energy, &forces, &what);
            compared += 1;
            let Some(functions) = result["functions"].as_array() else { continue };
            let reference = ReferencePotential::new(model.clone());
            for (atom, functions) in functions.iter().enumerate() {
                let center = reference.species(structure.species[atom]).unwrap();
                let neighbors = environment(&structure, atom, reference.cutoff());
                let rows = reference.descriptors(center, &neighbors);
                let scaled = model.members()[0][center]
                    .scaling
                    .apply(&rows.iter().map(|row| row.0).collect::<Vec<f64>>());
                for (s, (value, expected)) in scaled.iter().zip(functions.as_array().unwrap()).enumerate() {
                    let expected = expected.as_f64().unwrap();
                    near(
                        *value,
                        expected,
                        1e-8 * expected.abs() + 1e-9,
                        &format!("{what} atom {atom} G {s}"),
                    );
                }
            }
        }
    }
    assert_eq!(compared, 9 * 2 + 2 + 2 + 2);
}

/// A little of everything that moments can be.
fn moments() -> NeuralModel {
    let cutoff = |shape, radius| Cutoff { shape, radius, inner: 0.0 };
    let coefficients = vec![vec![vec![1.0, 0.5, -0.25], vec![-0.5, 1.0, 0.125]]; 2];
    let center = |c: usize| MomentsCenter {
        radial: RadialFunctions {
            cutoff: cutoff(CutoffShape::Cosine, 4.5),
            channels: match c {
                0 => Channels::PerElement { orders: 3 },
                _ => Channels::Weighted { orders: 3, weights: vec![vec![1.0, 1.0], vec![-1.0, 1.0]] },
            },
        },
        angular: Some(AngularInvariants {
            functions: RadialFunctions {
                cutoff: cutoff(CutoffShape::Poly2, 4.0),
                channels: Channels::Mixed { coefficients: coefficients.clone() },
            },
            degree: 3,
            coupling: Coupling::All,
            resolution: Resolution::Legendre { from: 1 },
            distinct: c == 1,
            three: vec![[1, 1, 2], [2, 2, 2]],
            four: vec![FourProduct { degrees: [1; 4], through: 0 }],
        }),
    };
    let descriptor = Moments::new(elements(&["Li", "O"]), vec![center(0), center(1)]).unwrap();
    let descriptor = DescriptorSet::Moments(descriptor);
    with_networks(descriptor, ScalingKind::Sigma, Activation::Tanh, false, 70)
}

/// A file that was written once and is read for ever; it states the energy of this cell.
#[test]
fn native_files_of_format_1_stay_readable() {
    const KEY: &str = "energy-of-the-test";
    let path = folder().join("native/format-1.mlmd");
    let structure = Structure {
        cell: Cell::new([[4.1, 0.0, 0.0], [0.3, 4.3, 0.0], [0.0, -0.2, 3.9]], [true; 3]).unwrap(),
        species: elements(&["Li", "O", "Li", "O"]),
        positions: [[0.1, 0.0, 0.2], [2.0, 2.1, 0.1], [2.2, 0.0, 1.9], [0.0, 2.3, 2.1]]
            .map(Vec3::from)
            .into(),
    };
    let energy = |model: &NeuralModel| {
        let mut potential = NeuralPotential::new(Arc::new(model.clone()), Precision::Double);
        evaluate(&mut potential, &structure).energy
    };
    if std::env::var_os("MLMD_WRITE_GOLDEN").is_some() && !path.exists() {
        let mut model = moments();
        model.training.insert(KEY.into(), energy(&model).into());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        save(&model, &path, PotentialFormat::Native).unwrap();
    }
    let model = load(&path, &LoadOptions::default()).unwrap();
    assert_eq!((model.descriptor(), model.members()), (moments().descriptor(), moments().members()));
    let stated = model.training[KEY].as_float().unwrap();
    near(energy(&model), stated, 1e-12 * stated.abs(), "energy");
}
