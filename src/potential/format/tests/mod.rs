//! Round trips and damage, for every format, on random potentials.

mod aenet;
mod damage;
mod moments;
mod n2p2;
mod native;
mod nep;
mod round_trips;

use super::*;
use crate::descriptors::{
    Angle, CompactCore, Cutoff, CutoffShape, Radial, Scaling, ScalingKind, Statistics, SymmetryFunction,
    SymmetryFunctions,
};
use crate::potential::model::{AtomicNetwork, DescriptorSet, Origin, Output};
use crate::potential::network::{Activation, Layer, Network};
use crate::system::Element;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Numbers of all sizes and signs, with as many digits as there are.
fn number(rng: &mut StdRng) -> f64 {
    let exponent = rng.random_range(-12..12);
    rng.random_range(-1.0..1.0) * 10.0_f64.powi(exponent)
}

fn positive(rng: &mut StdRng) -> f64 {
    rng.random_range(0.1..7.0)
}

/// A potential as n2p2 can have it: any symmetry functions, scaling, widths and activation functions.
fn random_model(rng: &mut StdRng) -> NeuralModel {
    let mut elements: Vec<Element> = ["O", "Li", "Zr", "La"].map(|s| s.parse().unwrap()).to_vec();
    elements.truncate(rng.random_range(1..=4));
    let shape = *CutoffShape::ALL.choose(rng).unwrap();
    let inner = if rng.random() { 0.0 } else { rng.random_range(0.0..1.0) };
    let functions: Vec<_> = elements
        .iter()
        .map(|_| {
            let count = rng.random_range(1..9);
            (0..count).map(|_| random_function(rng, &elements, shape, inner)).collect()
        })
        .collect();
    let letters: Vec<Activation> = Activation::all().filter(|a| a.letter().is_some()).collect();
    model_of(rng, elements, functions, &letters)
}

/// A potential with these functions and random numbers for all the rest.
fn model_of(
    rng: &mut StdRng,
    elements: Vec<Element>,
    functions: Vec<Vec<SymmetryFunction>>,
    activations: &[Activation],
) -> NeuralModel {
    let descriptor = SymmetryFunctions::new(elements, functions).unwrap();
    let kinds = [
        ScalingKind::None,
        ScalingKind::Range,
        ScalingKind::Center,
        ScalingKind::CenteredRange,
        ScalingKind::Sigma,
    ];
    let kind = *kinds.choose(rng).unwrap();
    let target = if kind.has_target() && rng.random() { [number(rng), positive(rng)] } else { [0.0, 1.0] };
    let output = Output { scale: positive(rng), shift: number(rng), reference: 0.0 };
    let last = *activations.choose(rng).unwrap();
    let (hidden, normalize_nodes) = (rng.random_range(1..4), rng.random());
    let atoms = (0..descriptor.elements().len()).map(|center| {
        let inputs = descriptor.of(center).len();
        let statistics = (0..inputs).map(|_| {
            let min = number(rng);
            Statistics { min, max: min + positive(rng), mean: number(rng), spread: positive(rng) }
        });
        let statistics = statistics.collect();
        let mut widths: Vec<usize> = (0..hidden).map(|_| rng.random_range(1..6)).collect();
        widths.push(1);
        let mut below = inputs;
        let layers = widths.iter().enumerate().map(|(l, &width)| {
            let activation = if l == hidden { last } else { *activations.choose(rng).unwrap() };
            let weights = (0..below * width).map(|_| number(rng)).collect();
            below = width;
            Layer { weights, biases: (0..width).map(|_| number(rng)).collect(), activation }
        });
        let network = Network::new(inputs, layers.collect(), normalize_nodes).unwrap();
        let scaling = Scaling::new(kind, target, statistics).unwrap();
        AtomicNetwork { scaling, network, output: Output { reference: number(rng), ..output } }
    });
    let atoms = atoms.collect();
    let units = FileUnits { energy: positive(rng), length: positive(rng) };
    let mut model = NeuralModel::new(units, DescriptorSet::Symmetry(descriptor), vec![atoms]).unwrap();
    model.origin = Some(Origin::N2p2 { length_scale: positive(rng) });
    model
}

fn random_function(
    rng: &mut StdRng,
    elements: &[Element],
    shape: CutoffShape,
    inner: f64,
) -> SymmetryFunction {
    let gaussian = Radial::Gaussian {
        eta: positive(rng),
        shift: positive(rng),
        cutoff: Cutoff { shape, radius: positive(rng), inner },
    };
    let cores: Vec<CompactCore> = CompactCore::all().collect();
    let core = *cores.choose(rng).unwrap();
    let left = positive(rng);
    let compact = Radial::Compact { left, right: left + positive(rng), core };
    let power = Angle::Power { lambda: if rng.random() { 1.0 } else { -1.0 }, zeta: positive(rng) };
    let from = rng.random_range(0.0..90.0);
    let window = Angle::Window { left: from, right: from + 10.0 * positive(rng), core: core.core };
    let one = *elements.choose(rng).unwrap();
    let pair = Some([one, *elements.choose(rng).unwrap()]);
    let angular = |of, radial, angle, narrow| SymmetryFunction::Angular { of, radial, angle, narrow };
    match rng.random_range(0..11) {
        0 => SymmetryFunction::Radial { of: Some(one), radial: gaussian },
        1 => SymmetryFunction::Radial { of: None, radial: gaussian },
        2 => SymmetryFunction::Radial { of: Some(one), radial: compact },
        3 => SymmetryFunction::Radial { of: None, radial: compact },
        4 => angular(pair, gaussian, power, true),
        5 => angular(pair, gaussian, power, false),
        6 => angular(None, gaussian, power, true),
        7 => angular(pair, compact, window, true),
        8 => angular(pair, compact, window, false),
        9 => angular(None, compact, window, true),
        _ => angular(None, compact, window, false),
    }
}

/// Equal to the last bit: the shortest decimals of all numbers are the same.
#[track_caller]
fn assert_same(a: &NeuralModel, b: &NeuralModel, what: &str) {
    let (a, b) = (format!("{a:#?}"), format!("{b:#?}"));
    let different = a.lines().zip(b.lines()).find(|(a, b)| a != b);
    assert!(a == b, "{what}: first difference {different:?}");
}
