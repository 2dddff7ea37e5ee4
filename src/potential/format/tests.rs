//! Round trips and damage, for every format.

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
    let letters: Vec<Activation> = Activation::all().filter(|a| a.letter().is_some()).collect();
    let last = *letters.choose(rng).unwrap();
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
            let activation = if l == hidden { last } else { *letters.choose(rng).unwrap() };
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

#[test]
fn round_trips_are_exact() {
    let folder = tempfile::tempdir().unwrap();
    let rng = &mut StdRng::seed_from_u64(1);
    for case in 0..40 {
        let model = random_model(rng);
        let options = LoadOptions { units: Some(model.units()) };
        let paths = ["n2p2", "native", "again"].map(|name| folder.path().join(format!("{case}{name}")));
        save(&model, &paths[0], PotentialFormat::N2p2).unwrap();
        let first = load(&paths[0], &options).unwrap();
        assert_same(&first, &model, "n2p2");
        save(&first, &paths[1], PotentialFormat::Native).unwrap();
        let native = load(&paths[1], &LoadOptions::default()).unwrap();
        assert_same(&native, &model, "n2p2 to native");
        save(&native, &paths[2], PotentialFormat::N2p2).unwrap();
        for entry in fs::read_dir(&paths[0]).unwrap() {
            let name = entry.unwrap().file_name();
            let text = |folder: &Path| fs::read_to_string(folder.join(&name)).unwrap();
            assert_eq!(text(&paths[0]), text(&paths[2]), "{}", name.display());
        }
    }
}

/// A committee and its training summary survive; a member can be taken out and written for n2p2.
#[test]
fn committees_are_kept() {
    let rng = &mut StdRng::seed_from_u64(2);
    let first = random_model(rng);
    let mut second = first.clone();
    for atom in &mut second.members_mut()[0] {
        atom.network.layers_mut()[0].weights[0] += 0.5;
    }
    let mut committee = NeuralModel::committee(vec![first.clone(), second.clone()]).unwrap();
    committee.training = toml::from_str("frames = 120\n[errors]\nenergy = \"1.2 meV/atom\"").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = save(&committee, folder.path(), PotentialFormat::Native).unwrap();
    assert_eq!(file, folder.path().join("potential.mlmd"));
    let read = load(folder.path(), &LoadOptions::default()).unwrap();
    assert_same(&read, &committee, "committee");
    let error = save(&committee, folder.path().join("n2p2"), PotentialFormat::N2p2).unwrap_err();
    assert!(error.to_string().contains("committee"), "{error}");
    let mut member = read.member(1).unwrap();
    member.training = toml::Table::new();
    assert_same(&member, &second, "member");
    assert!(read.member(2).is_none());
    assert!(NeuralModel::committee(vec![first, random_model(rng)]).is_err());
}

/// Files of a potential, in memory.
type Files = Vec<(String, Vec<u8>)>;

fn files(folder: &Path) -> Files {
    let mut files: Files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

/// Damages some bytes, lines or words.
fn damage(bytes: &mut Vec<u8>, rng: &mut StdRng) {
    if bytes.is_empty() {
        return;
    }
    let at = rng.random_range(0..bytes.len());
    let words: [&[u8]; 8] = [
        b"nan",
        b"1e999",
        b"-1",
        b"999999999999999999",
        b"\xff\xfe",
        b"\"",
        b"[[",
        b"symfunction_short Li 2",
    ];
    match rng.random_range(0..7) {
        0 => bytes[at] = rng.random(),
        1 => bytes.truncate(at),
        2 => drop(bytes.splice(at..at, words.choose(rng).unwrap().iter().copied())),
        3 => drop(bytes.drain(at..(at + rng.random_range(1..200)).min(bytes.len()))),
        4 => {
            let piece = bytes[at..(at + 200).min(bytes.len())].to_vec();
            let to = rng.random_range(0..bytes.len());
            drop(bytes.splice(to..to, piece));
        }
        5 => bytes[at] = b'\n',
        _ => bytes[at] = bytes[at].wrapping_add(1),
    }
}

/// Damaged files are read or refused; a refusal names the file.
#[test]
fn damaged_files_are_refused_politely() {
    let folder = tempfile::tempdir().unwrap();
    let rng = &mut StdRng::seed_from_u64(3);
    let model = random_model(rng);
    let options = LoadOptions { units: Some(model.units()) };
    for format in [PotentialFormat::N2p2, PotentialFormat::Native] {
        let place = folder.path().join(format.to_string());
        fs::create_dir_all(&place).unwrap();
        save(&model, &place, format).unwrap();
        let whole = files(&place);
        for round in 0..150 {
            let mut damaged = whole.clone();
            let victim = rng.random_range(0..damaged.len());
            for _ in 0..rng.random_range(1..4) {
                damage(&mut damaged[victim].1, rng);
            }
            // Every other time the hash does not protect what comes after it.
            if format == PotentialFormat::Native && round % 2 == 0 {
                let text = String::from_utf8_lossy(&damaged[0].1).into_owned();
                let kept = text.lines().filter(|line| !line.starts_with("sha256"));
                damaged[0].1 = kept.flat_map(|line| format!("{line}\n").into_bytes()).collect();
            }
            for (name, bytes) in &damaged {
                fs::write(place.join(name), bytes).unwrap();
            }
            if let Err(error) = load(&place, &options) {
                let message = error.to_string();
                assert!(message.contains(&*place.to_string_lossy()), "{message}");
                assert!(!matches!(error, Error::Internal(_)), "{message}");
            }
        }
    }
}

/// The hash notices any change behind it.
#[test]
fn a_changed_digit_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let model = random_model(&mut StdRng::seed_from_u64(4));
    let file = save(&model, folder.path(), PotentialFormat::Native).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("biases = [", "biases = [0", 1)).unwrap();
    let message = load(&file, &LoadOptions::default()).unwrap_err().to_string();
    assert!(message.contains(":3:1: the file is not what was written"), "{message}");
    // By hand it may be edited, without the hash.
    let edited: String = text
        .lines()
        .filter(|line| !line.starts_with("sha256"))
        .fold(String::new(), |text, line| text + line + "\n");
    fs::write(&file, &edited).unwrap();
    assert_same(&load(&file, &LoadOptions::default()).unwrap(), &model, "without hash");
    for (from, to, expected) in [
        ("format = 1", "format = 2", ":2:1: format 2 is unknown"),
        ("[descriptor.symmetry]", "[descriptor.symetry]", "unknown variant `symetry`"),
        ("normalize-nodes", "normalise-nodes", "unknown field `normalise-nodes`"),
        ("member = 1", "member = 2", "in member 2, expected"),
        ("angstrom\"", "eV\"", "cutoff = "),
    ] {
        fs::write(&file, edited.replacen(from, to, 1)).unwrap();
        let message = load(&file, &LoadOptions::default()).unwrap_err().to_string();
        assert!(message.contains(expected), "{from}: {message}");
    }
}

/// Mistakes in n2p2 files are found where they are.
#[test]
fn mistakes_in_n2p2_files_are_located() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let input = "\
number_of_elements 1
elements Li
cutoff_type 1 0.0
scale_symmetry_functions
global_hidden_layers_short 1
global_nodes_short 2
global_activation_short t l
symfunction_short Li 2 Li 0.5 0.0 6.0
";
    let scaling = "# min max mean\n 1 1 0.0 1.0 0.5 0.1\n -1.0 0.5\n";
    let weights = "0.1\n0.2\n0.3\n0.4\n0.5\n0.6\n0.7\n";
    let options = LoadOptions { units: Some("ev,angstrom".parse().unwrap()) };
    let attempt = |input: &str, scaling: &str, weights: &str| {
        fs::write(place.join("input.nn"), input).unwrap();
        fs::write(place.join("scaling.data"), scaling).unwrap();
        fs::write(place.join("weights.003.data"), weights).unwrap();
        load(place, &options).map_err(|error| error.to_string())
    };
    let model = attempt(input, scaling, weights).unwrap();
    assert_eq!(model.cutoff(), 6.0);
    let layers = model.members()[0][0].network.layers();
    assert_eq!((&layers[0].weights[..], &layers[0].biases[..]), (&[0.1, 0.2][..], &[0.3, 0.4][..]));
    assert_eq!((&layers[1].weights[..], layers[1].biases[0]), (&[0.5, 0.6][..], 0.7));
    for (from, to, expected) in [
        ("elements Li", "elements Xx", "input.nn:2:10: `Xx` is not the symbol"),
        ("number_of_elements 1", "number_of_elements 2", "input.nn:1:20: but there are 1"),
        ("cutoff_type 1", "cutoff_type 9", "input.nn:3:13: there is no cutoff type 9"),
        ("1 0.0", "1 1.0", "input.nn:3:15: the relative inner radius"),
        ("cutoff_type", "cutof_type", "did you mean `cutoff_type`?"),
        ("t l", "t x", "input.nn:7:27: `x` is not an activation function"),
        ("t l", "t", "input.nn:7:1: 1 values, but 2 are expected"),
        ("Li 2 Li", "Li 4 Li", "input.nn:8:22: there is no symmetry function of type 4"),
        ("2 Li 0.5", "2 Na 0.5", "input.nn:8:24: Na is not among the `elements`"),
        (" 6.0", "", "the cutoff radius is missing"),
        (" 6.0", " -6.0", "input.nn:8:1:"),
        ("elements Li", "elements Li\nuse_electrostatics", "input.nn:3:1: `use_electrostatics` adds"),
        ("elements Li", "elements Li\nnnp_type 4G-HDNNP", "input.nn:3:10: potentials of type 4G-HDNNP"),
        ("elements Li", "elements Li\nelements Li", "input.nn:3:1: `elements` is there twice"),
        ("elements Li", "elements Li\nmean_energy 1", "belong together"),
    ] {
        let message = attempt(&input.replacen(from, to, 1), scaling, weights).unwrap_err();
        assert!(message.contains(expected), "{to}: {message}");
    }
    let ignored = input.to_string() + "epochs 10\nsome_keyword_of_training 1\n# use_vdw\n! use_vdw\n";
    attempt(&ignored, scaling, weights).unwrap();
    let message = attempt(input, "1 2 0 1 0.5", weights).unwrap_err();
    assert!(message.contains("scaling.data:1:3: symmetry function 2, but element 1 has 1"), "{message}");
    let message = attempt(input, "", weights).unwrap_err();
    assert!(message.contains("expected a row for symmetry function 1 of element 1"), "{message}");
    let message = attempt(input, "1 1 1.0 1.0 1.0", weights).unwrap_err();
    assert!(message.contains("scaling.data: Li: descriptor 1 cannot be scaled"), "{message}");
    let message = attempt(input, scaling, "1\n2\n").unwrap_err();
    assert!(message.contains("expected 7 numbers, those of a network 1-2-1, but there are 2"), "{message}");
    let message = attempt(input, scaling, &(weights.to_string() + "8\n")).unwrap_err();
    assert!(message.contains("weights.003.data:8:1: more than the 7 numbers"), "{message}");
    fs::remove_file(place.join("weights.003.data")).unwrap();
    let error = load(place, &options).unwrap_err();
    assert!(error.to_string().contains("weights.003.data: cannot open"), "{error}");
    let error = load(place, &LoadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("--units hartree,bohr"), "{error}");
}

/// Keywords of an element, as the versions of n2p2 have them: the number of weights decides.
#[test]
fn networks_of_single_elements() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let options = LoadOptions { units: Some("ev,angstrom".parse().unwrap()) };
    let widths = |keywords: &str, weights: usize| -> Result<Vec<usize>> {
        let input = format!(
            "number_of_elements 1\nelements Li\ncutoff_type 1\nglobal_hidden_layers_short 2\n\
             global_nodes_short 2 3\nglobal_activation_short t s l\n{keywords}\n\
             symfunction_short Li 2 Li 0.5 0.0 6.0\n"
        );
        fs::write(place.join("input.nn"), input).unwrap();
        fs::write(place.join("weights.003.data"), "0.5\n".repeat(weights)).unwrap();
        let model = load(place, &options)?;
        Ok(model.members()[0][0].network.layers().iter().map(Layer::outputs).collect())
    };
    let parameters = |a: usize, b: usize| 2 * a + (a + 1) * b + b + 1;
    assert_eq!(widths("", parameters(2, 3)).unwrap(), [2, 3, 1]);
    assert_eq!(widths("element_nodes_short Li 4 5", parameters(4, 5)).unwrap(), [4, 5, 1]);
    // n2p2 2.3 leaves the last hidden layer as it is.
    assert_eq!(widths("element_nodes_short Li 4 5", parameters(4, 3)).unwrap(), [4, 3, 1]);
    // Earlier versions: layer and width.
    assert_eq!(widths("element_nodes_short Li 2 5", parameters(2, 5)).unwrap(), [2, 5, 1]);
    assert_eq!(
        widths("element_nodes_short Li 1 4\nelement_nodes_short Li 2 5", parameters(4, 5)).unwrap(),
        [4, 5, 1]
    );
    assert!(widths("element_nodes_short Li 4 5", parameters(4, 6)).is_err());
    assert!(widths("element_hidden_layers_short Li 1", 4).is_err());
    let own = "element_hidden_layers_short Li 1\nelement_nodes_short Li 4\nelement_activation_short Li g l";
    assert_eq!(widths(own, 13).unwrap(), [4, 1]);
}
