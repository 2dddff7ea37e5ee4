//! Files of aenet.

use super::*;
use crate::descriptors::{Chebyshev, ChebyshevCenter};
use crate::potential::format::aenet;
use crate::potential::{AenetRecord, TrainingSet};

fn elements(symbols: &[&str]) -> Vec<Element> {
    symbols.iter().map(|symbol| symbol.parse().unwrap()).collect()
}

fn record(rng: &mut StdRng, environment: &[Element], functions: usize, output: Output) -> AenetRecord {
    AenetRecord {
        description: "  two lines$$of text$$".into(),
        environment: environment.to_vec(),
        range: [0.55, 8.0],
        evaluations: 108_527,
        order: (0..functions).collect(),
        training_set: TrainingSet {
            file: "train.scaled".into(),
            normalized: true,
            scale: output.scale,
            shift: output.shift,
            elements: environment.to_vec(),
            references: vec![output.reference; environment.len()],
            atoms: 145_693,
            structures: 6697,
            energies: [-1.0, number(rng), number(rng)],
        },
    }
}

/// A network with aenet's activation functions and scaling.
fn atom(rng: &mut StdRng, inputs: usize, output: Output) -> AtomicNetwork {
    let known: Vec<Activation> = Activation::all().filter(|a| a.number().is_some()).collect();
    let widths = [rng.random_range(1..6), rng.random_range(1..6), 1];
    let mut below = inputs;
    let layers = widths.map(|width| {
        let weights = (0..below * width).map(|_| number(rng)).collect();
        below = width;
        let biases = (0..width).map(|_| number(rng)).collect();
        Layer { weights, biases, activation: *known.choose(rng).unwrap() }
    });
    let statistics = (0..inputs).map(|_| {
        let mean = number(rng);
        Statistics { min: mean - 1.0, max: mean + 1.0, mean, spread: mean * mean + positive(rng) }
    });
    AtomicNetwork {
        scaling: Scaling::new(ScalingKind::SecondMoment, [0.0, 1.0], statistics.collect()).unwrap(),
        network: Network::new(inputs, layers.to_vec(), false).unwrap(),
        output,
    }
}

/// A Chebyshev potential whose setups list their elements in different orders.
pub(super) fn chebyshev_model(rng: &mut StdRng) -> NeuralModel {
    let mut elements = elements(&["Li", "O", "Ti", "La"]);
    elements.truncate(rng.random_range(1..=4));
    let output = Output { scale: positive(rng), shift: number(rng), reference: number(rng) };
    let centers: Vec<ChebyshevCenter> = (0..elements.len())
        .map(|center| {
            let mut environment = elements.clone();
            environment.rotate_left(center);
            let angular_cutoff = positive(rng);
            ChebyshevCenter {
                environment,
                radial_cutoff: angular_cutoff + positive(rng),
                radial_order: rng.random_range(0..9),
                angular_cutoff,
                angular_order: rng.random_range(0..5),
            }
        })
        .collect();
    let atoms = centers.iter().map(|center| atom(rng, center.len(), output)).collect();
    let records = centers.iter().map(|center| record(rng, &center.environment, 0, output)).collect();
    let descriptor = DescriptorSet::Chebyshev(Chebyshev::new(elements, centers).unwrap());
    let mut model = NeuralModel::new(FileUnits::EV_ANGSTROM, descriptor, vec![atoms]).unwrap();
    model.origin = Some(Origin::Aenet(records));
    model
}

#[test]
fn round_trips_are_exact() {
    let folder = tempfile::tempdir().unwrap();
    let rng = &mut StdRng::seed_from_u64(5);
    for case in 0..20 {
        let model = chebyshev_model(rng);
        let paths = ["aenet", "native", "again"].map(|name| folder.path().join(format!("{case}{name}")));
        save(&model, &paths[0], PotentialFormat::Aenet).unwrap();
        let first = load(&paths[0], &LoadOptions::default()).unwrap();
        assert_same(&first, &model, "aenet");
        save(&first, &paths[1], PotentialFormat::Native).unwrap();
        let native = load(&paths[1], &LoadOptions::default()).unwrap();
        assert_same(&native, &model, "aenet to native");
        save(&native, &paths[2], PotentialFormat::Aenet).unwrap();
        assert_eq!(super::damage::files(&paths[0]), super::damage::files(&paths[2]));
        // The binary files say the same.
        for entry in fs::read_dir(&paths[0]).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.extension().is_some_and(|extension| extension == "ascii") {
                fs::remove_file(entry).unwrap();
            }
        }
        assert_same(&load(&paths[0], &LoadOptions::default()).unwrap(), &model, "binary");
    }
}

/// Functions stand in the file in any order, in the network in aenet's, in the descriptor in a third.
#[test]
fn symmetry_functions_keep_their_weights() {
    let folder = tempfile::tempdir().unwrap();
    let rng = &mut StdRng::seed_from_u64(6);
    // For the environment (Ti, O): G2 of O, G4 of Ti–O, G1 of Ti, G5 of O–O, G2 of Ti, G5 of Ti–Ti.
    let rows: [(i64, [f64; 4], [i64; 2]); 6] = [
        (2, [6.0, 1.0, 0.5, 0.0], [2, 0]),
        (4, [5.0, 1.0, 4.0, 0.01], [1, 2]),
        (1, [6.5, 0.0, 0.0, 0.0], [1, 0]),
        (5, [5.0, -1.0, 1.0, 0.02], [2, 2]),
        (2, [6.0, 0.5, 0.25, 0.0], [1, 0]),
        (5, [5.0, -1.0, 1.0, 0.03], [1, 1]),
    ];
    // What aenet feeds its network: Ti (G1, G2), Ti–Ti, Ti–O, O, O–O.
    let order = [2, 4, 5, 1, 0, 3];
    let one = atom(rng, 6, Output::default());
    let environment = elements(&["Ti", "O"]);
    for element in &environment {
        let setup = aenet::Setup {
            description: "x".into(),
            element: *element,
            environment: environment.clone(),
            range: [0.5, 6.5],
            basis: "Behler2011".into(),
            functions: rows.to_vec(),
            evaluations: 1,
            statistics: one.scaling.statistics().iter().map(|s| [s.min, s.max, s.mean, s.spread]).collect(),
        };
        let training = record(rng, &environment, 6, one.output).training_set;
        let file = aenet::NetworkFile { network: one.network.clone(), setup, training };
        fs::write(folder.path().join(format!("{element}.nn.ascii")), aenet::ascii(&file).unwrap()).unwrap();
    }
    let model = load(folder.path(), &LoadOptions::default()).unwrap();
    let DescriptorSet::Symmetry(functions) = model.descriptor() else { panic!("not symmetry functions") };
    for center in 0..2 {
        let read = &model.members()[0][center];
        for (k, function) in functions.of(center).iter().enumerate() {
            // η and the radius tell which of the listed functions this is.
            let Radial::Gaussian { eta, shift, cutoff } = function.radial() else { panic!("not Gaussian") };
            let listed = rows.iter().position(|(kind, p, _)| match kind {
                1 => (*eta, cutoff.radius) == (0.0, p[0]),
                2 => (*eta, *shift) == (p[2], p[1]),
                _ => (*eta, *shift) == (p[3], 0.0),
            });
            let input = order.iter().position(|row| Some(*row) == listed).unwrap();
            assert_eq!(read.scaling.statistics()[k], one.scaling.statistics()[input]);
            let column = |atom: &AtomicNetwork, k: usize| -> Vec<f64> {
                atom.network.layers()[0].weights.iter().skip(k).step_by(6).copied().collect()
            };
            assert_eq!(column(read, k), column(&one, input));
        }
    }
    let again = folder.path().join("again");
    save(&model, &again, PotentialFormat::Aenet).unwrap();
    for name in ["Ti.nn.ascii", "O.nn.ascii"] {
        let text = |folder: &Path| fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(text(folder.path()), text(&again));
    }
}

/// Potentials of other programs, where aenet can have them: the same energies to rounding.
#[test]
fn other_potentials_are_translated() {
    let folder = tempfile::tempdir().unwrap();
    let rng = &mut StdRng::seed_from_u64(7);
    let known: Vec<Activation> =
        Activation::all().filter(|a| a.number().is_some() && a.letter().is_some()).collect();
    for case in 0..20 {
        let elements = elements(&["O", "Ti"]);
        let cutoff = Cutoff::new(CutoffShape::Cosine, positive(rng), 0.0).unwrap();
        let mut radial = |shift: f64| Radial::Gaussian { eta: positive(rng), shift, cutoff };
        let pair = Some([elements[0], elements[1]]);
        let angle = Angle::Power { lambda: -1.0, zeta: 3.0 };
        let functions = vec![
            SymmetryFunction::Radial { of: Some(elements[0]), radial: radial(0.7) },
            SymmetryFunction::Angular { of: pair, radial: radial(0.0), angle, narrow: true },
            SymmetryFunction::Angular { of: pair, radial: radial(0.0), angle, narrow: false },
        ];
        let mut model = model_of(rng, elements, vec![functions.clone(), functions], &known);
        // Numbers of order one, so that rounding is what is compared.
        for atom in &mut model.members_mut()[0] {
            let tame = |s: &Statistics| Statistics {
                min: s.min.sin(),
                max: s.min.sin() + 1.5,
                mean: s.mean.sin(),
                spread: s.spread,
            };
            let statistics = atom.scaling.statistics().iter().map(tame).collect();
            atom.scaling = Scaling::new(atom.scaling.kind(), [0.1, 1.2], statistics).unwrap();
            for layer in atom.network.layers_mut() {
                layer.weights.iter_mut().chain(&mut layer.biases).for_each(|w| *w = w.sin());
            }
            atom.output = Output {
                shift: atom.output.shift.sin(),
                reference: atom.output.reference.sin(),
                ..atom.output
            };
        }
        let path = folder.path().join(case.to_string());
        save(&model, &path, PotentialFormat::Aenet).unwrap();
        let back = load(&path, &LoadOptions::default()).unwrap();
        let (DescriptorSet::Symmetry(a), DescriptorSet::Symmetry(b)) =
            (model.descriptor(), back.descriptor())
        else {
            panic!("symmetry functions became something else")
        };
        for center in 0..model.elements().len() {
            let (one, two) = (&model.members()[0][center], &back.members()[0][center]);
            assert_eq!(a.of(center).len(), b.of(center).len());
            let g: Vec<f64> = one.scaling.statistics().iter().map(|s| s.mean + 0.1).collect();
            let energy = |model: &NeuralModel, atom: &AtomicNetwork| {
                let (factor, shift) = model.output_in_ev(atom);
                factor * atom.network.value_and_gradient(&atom.scaling.apply(&g)).0 + shift
            };
            let (first, second) = (energy(&model, one), energy(&back, two));
            assert!((first - second).abs() <= 1e-9 * first.abs().max(1.0), "{first} {second}");
        }
    }
}

/// Mistakes are found where they are.
#[test]
fn mistakes_are_located() {
    let folder = tempfile::tempdir().unwrap();
    let models = (0..100).map(|seed| chebyshev_model(&mut StdRng::seed_from_u64(seed)));
    let model = models.into_iter().find(|model| model.elements().len() == 1).unwrap();
    save(&model, folder.path(), PotentialFormat::Aenet).unwrap();
    let path = folder.path().join("Li.nn.ascii");
    let text = fs::read_to_string(&path).unwrap();
    let attempt = |text: &str| {
        fs::write(&path, text).unwrap();
        load(folder.path(), &LoadOptions::default()).unwrap_err().to_string()
    };
    let line = |number: usize, replacement: &str| {
        let lines: Vec<&str> = text.lines().collect();
        let mut changed: Vec<&str> = lines.clone();
        changed[number - 1] = replacement;
        changed.join("\n")
    };
    for (number, replacement, expected) in [
        (1, "four", "Li.nn.ascii:1:1: `four` is not a valid integer"),
        (1, "999999999999", "expected the numbers of nodes"),
        (1, "1", "Li.nn.ascii:1:1: a network of 1 layers"),
        (3, "7", "does not have 7 weights"),
        (3, "99999999999999", "does not have 99999999999999 weights"),
        (6, " 1 7 0", "no activation function 7"),
        (6, " 1 1 0 1", "more than the 3 numbers"),
        (9, "0.5 nan", "Li.nn.ascii:9:5: `nan` is not a finite number"),
    ] {
        let message = attempt(&line(number, replacement));
        assert!(message.contains(expected), "{replacement}: {message}");
    }
    let message = attempt(&text.replace("Chebyshev", "Legendre"));
    assert!(message.contains("the basis of Li is `Legendre`"), "{message}");
    let message = attempt(&text.replacen("\nLi\n", "\nXx\n", 1));
    assert!(message.contains("`Xx` is no element"), "{message}");
    let message = attempt(&text.replacen("\nLi\n           1\nLi", "\nLi\n           1\nNa", 1));
    assert!(message.contains("Na is in the environment of Li, but there is no file"), "{message}");
    fs::write(&path, &text).unwrap();
    fs::copy(&path, folder.path().join("other.nn.ascii")).unwrap();
    let message = load(folder.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(message.contains("a second network for Li"), "{message}");
}
