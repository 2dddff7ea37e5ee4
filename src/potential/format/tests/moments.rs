//! Potentials of mlmd's own descriptor.

use super::*;
use crate::descriptors::{Channels, Moments, MomentsSize};

/// A potential of random moments.
pub(super) fn moments_model(rng: &mut StdRng) -> NeuralModel {
    let mut elements: Vec<Element> = ["O", "Li", "Zr", "La"].map(|s| s.parse().unwrap()).to_vec();
    elements.truncate(rng.random_range(1..=4));
    let size = if rng.random() { MomentsSize::Small } else { MomentsSize::Medium };
    let mut moments = Moments::standard(elements, 5.0 + positive(rng), positive(rng), size).unwrap();
    let species = moments.elements.len();
    for center in &mut moments.centers {
        let orders = rng.random_range(1..5);
        match rng.random_range(0..3) {
            0 => center.radial.channels = Channels::PerElement { orders },
            1 => {
                let weights = (0..2).map(|_| (0..species).map(|_| number(rng)).collect()).collect();
                center.radial.channels = Channels::Weighted { orders, weights };
            }
            _ => {}
        }
        if rng.random_range(0..5) == 0 {
            center.angular = None;
        }
        let mixing: Vec<f64> = center.mixing().iter().map(|_| number(rng)).collect();
        center.set_mixing(&mixing).unwrap();
    }
    let atoms = (0..species).map(|center| {
        let inputs = moments.len(center);
        let statistics = (0..inputs).map(|_| {
            let min = number(rng);
            Statistics { min, max: min + positive(rng), mean: number(rng), spread: positive(rng) }
        });
        let scaling = Scaling::new(ScalingKind::Sigma, [0.0, 1.0], statistics.collect()).unwrap();
        let weights = (0..inputs).map(|_| number(rng)).collect();
        let layer = Layer { weights, biases: vec![number(rng)], activation: Activation::Linear };
        let network = Network::new(inputs, vec![layer], false).unwrap();
        AtomicNetwork { scaling, network, output: Output::default() }
    });
    let atoms = atoms.collect();
    let units = FileUnits { energy: 1.0, length: 1.0 };
    NeuralModel::new(units, DescriptorSet::Moments(moments), vec![atoms]).unwrap()
}

#[test]
fn native_round_trips_are_exact() {
    let folder = tempfile::tempdir().unwrap();
    let rng = &mut StdRng::seed_from_u64(21);
    for case in 0..12 {
        let model = moments_model(rng);
        let file = save(&model, folder.path().join(format!("{case}.mlmd")), PotentialFormat::Native).unwrap();
        assert_same(&load(&file, &LoadOptions::default()).unwrap(), &model, "native");
        for format in [PotentialFormat::N2p2, PotentialFormat::Aenet] {
            let error = save(&model, folder.path().join("other"), format).unwrap_err().to_string();
            assert!(error.contains("cannot be written"), "{error}");
        }
    }
}

/// What cannot be computed is refused at the place of the descriptor.
#[test]
fn impossible_moments_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let elements = vec!["Li".parse().unwrap()];
    let moments = Moments::standard(elements, 6.0, 5.0, MomentsSize::Medium).unwrap();
    let mut model = moments_model(&mut StdRng::seed_from_u64(22));
    let inputs = moments.len(0);
    let layer = Layer { weights: vec![0.0; inputs], biases: vec![0.0], activation: Activation::Linear };
    let atom = AtomicNetwork {
        scaling: Scaling::new(
            ScalingKind::None,
            [0.0, 1.0],
            vec![Statistics { min: 0.0, max: 1.0, mean: 0.0, spread: 1.0 }; inputs],
        )
        .unwrap(),
        network: Network::new(inputs, vec![layer], false).unwrap(),
        output: Output::default(),
    };
    model = NeuralModel::new(model.units(), DescriptorSet::Moments(moments), vec![vec![atom]]).unwrap();
    let file = save(&model, folder.path().join("a.mlmd"), PotentialFormat::Native).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    let text: String =
        text.lines().filter(|line| !line.starts_with("sha256")).flat_map(|line| [line, "\n"]).collect();
    for (from, to, expected) in [
        ("degree = 4", "degree = 400", "the degree 400 exceeds"),
        ("[2, 2, 2]", "[2, 2, 1]", "a product of three moments of degrees [2, 2, 1] vanishes"),
        ("through = 0", "through = 1", "a product of four moments"),
        ("orders = 8", "orders = 999999999999", "functions of"),
        ("radius = 5.0", "radius = -5.0", "a cutoff radius must be positive"),
        ("radius = 5.0", "radius = nan", "a cutoff radius must be positive"),
        ("coupling = \"all\"", "coupling = \"some\"", "unknown variant `some`"),
        ("degree = 4", "degree = 3", "descriptors, but its network has"),
    ] {
        assert!(text.contains(from), "{from}");
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
        let message = load(&file, &LoadOptions::default()).unwrap_err().to_string();
        assert!(message.contains(expected) && message.contains("a.mlmd:"), "{to}: {message}");
    }
}
