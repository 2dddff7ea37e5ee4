//! `mlmd convert`, `info` and `evaluate` on files of potentials.

use crate::binary::{fail, mlmd, succeed};
use mlmd::descriptors::{Chebyshev, ChebyshevCenter, Moments, MomentsSize, Scaling, ScalingKind, Statistics};
use mlmd::potential::{
    Activation, AtomicNetwork, DescriptorSet, Layer, Network, NeuralModel, Output, PotentialFormat, save,
};
use mlmd::random::{Philox, Purpose};
use mlmd::units::FileUnits;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A potential with small random weights.
fn model(descriptor: DescriptorSet, kind: ScalingKind, seed: u64) -> NeuralModel {
    let mut random = Philox::new(seed, Purpose::General, 0, 0);
    let mut draw = |n: usize| (0..n).map(|_| random.normal() * 0.3).collect::<Vec<f64>>();
    let atoms = (0..descriptor.elements().len()).map(|center| {
        let inputs = descriptor.len(center);
        let statistics = Statistics { min: -1.0, max: 1.0, mean: 0.25, spread: 2.0 };
        let layers = vec![
            Layer { weights: draw(inputs * 3), biases: draw(3), activation: Activation::Tanh },
            Layer { weights: draw(3), biases: draw(1), activation: Activation::Linear },
        ];
        AtomicNetwork {
            scaling: Scaling::new(kind, [0.0, 1.0], vec![statistics; inputs]).unwrap(),
            network: Network::new(inputs, layers, false).unwrap(),
            output: Output::default(),
        }
    });
    let atoms = atoms.collect();
    NeuralModel::new(FileUnits { energy: 1.0, length: 1.0 }, descriptor, vec![atoms]).unwrap()
}

fn aenet(seed: u64) -> NeuralModel {
    let elements: Vec<_> = ["Li", "F"].iter().map(|s| s.parse().unwrap()).collect();
    let center = ChebyshevCenter {
        environment: elements.clone(),
        radial_cutoff: 4.5,
        radial_order: 5,
        angular_cutoff: 3.5,
        angular_order: 2,
    };
    let descriptor = Chebyshev::new(elements, vec![center.clone(), center]).unwrap();
    model(DescriptorSet::Chebyshev(descriptor), ScalingKind::SecondMoment, seed)
}

fn moments(seed: u64) -> NeuralModel {
    let elements = ["Li", "F"].iter().map(|s| s.parse().unwrap()).collect();
    let descriptor = Moments::standard(elements, 4.5, 3.5, MomentsSize::Small).unwrap();
    model(DescriptorSet::Moments(descriptor), ScalingKind::Sigma, seed)
}

/// Every file of a folder.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    all.sort();
    all
}

const INPUT: &str = "number_of_elements 1\nelements Li\ncutoff_type 2\nglobal_nodes_short 2\n\
                     global_hidden_layers_short 1\nglobal_activation_short t l\n\
                     scale_symmetry_functions\nscale_min_short 0.0\nscale_max_short 1.0\n\
                     symfunction_short Li 2 Li 0.1 0.0 8.0\n";

/// A potential of n2p2 with one symmetry function.
fn write_n2p2(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("input.nn"), INPUT).unwrap();
    fs::write(folder.join("scaling.data"), "1 1 0.5 2.5 1.0 0.25\n").unwrap();
    fs::write(folder.join("weights.003.data"), "0.5\n-0.25\n0.125\n0.0625\n1.5\n-2.5\n0.75\n").unwrap();
}

#[test]
fn n2p2_and_aenet_go_to_native_and_back_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    write_n2p2(&at.join("theirs"));
    // Without units mlmd refuses, and says what to add.
    let error = fail(at, 2, &["convert", "theirs", "own.mlmd"]);
    assert!(error.contains("--units"), "{error}");
    let units = ["--units", "hartree,bohr"];
    let note = mlmd(at, &[&["convert", "theirs", "own.mlmd"], &units[..]].concat());
    assert_eq!((note.code, note.err.as_str()), (0, "own.mlmd: native potential\n"));
    succeed(at, &["convert", "own.mlmd", "back"]);
    succeed(at, &[&["convert", "back", "again.mlmd"], &units[..]].concat());
    succeed(at, &["convert", "again.mlmd", "back2", "--to", "n2p2"]);
    assert_eq!(contents(&at.join("back")), contents(&at.join("back2")));
    assert_eq!(fs::read(at.join("own.mlmd")).unwrap(), fs::read(at.join("again.mlmd")).unwrap());

    save(&aenet(1), at.join("titania"), PotentialFormat::Aenet).unwrap();
    succeed(at, &["convert", "titania", "kept"]);
    assert!(at.join("kept/potential.mlmd").is_file());
    succeed(at, &["convert", "kept", "returned"]);
    assert_eq!(contents(&at.join("titania")), contents(&at.join("returned")));
}

#[test]
fn what_a_format_cannot_express_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    save(&moments(1), at.join("own.mlmd"), PotentialFormat::Native).unwrap();
    for (arguments, expected) in [
        (&["own.mlmd", "out", "--to", "n2p2"][..], "cannot be written as n2p2 files"),
        (&["own.mlmd", "out", "--to", "aenet"], "cannot be written for aenet"),
        (&["own.mlmd", "out"], "say which format to write"),
        (&["own.mlmd", "out", "--to", "lammps"], "`lammps` is not a format of potentials"),
        (&["own.mlmd", "own.mlmd"], "input and output are the same"),
        (&[".", "out.mlmd", "--to", "aenet"], "cannot be written for aenet"),
    ] {
        let error = fail(at, 2, &[&["convert"], arguments].concat());
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    fs::create_dir(at.join("empty")).unwrap();
    assert!(fail(at, 2, &["info", "empty"]).contains("no potential in this folder"));
}

#[test]
fn potentials_are_described() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    write_n2p2(&at.join("theirs"));
    let mut own = moments(1);
    own.training = toml::from_str("frames = 120").unwrap();
    save(&own, at.join("own.mlmd"), PotentialFormat::Native).unwrap();
    let expected = "\
own.mlmd: native potential
  descriptor  moments
  elements    Li, F
  cutoff      4.5 Å
  Li          40 numbers: 10 radial to 4.5 Å, 30 products of two moments and 0 more, of 4 functions to 3.5 Å, l ≤ 3
              network 40-3-1, tanh linear, 127 parameters
  F           40 numbers: 10 radial to 4.5 Å, 30 products of two moments and 0 more, of 4 functions to 3.5 Å, l ≤ 3
              network 40-3-1, tanh linear, 127 parameters
  frames      120
";
    assert_eq!(succeed(at, &["info", "own.mlmd"]), expected);
    let text = succeed(at, &["info", "theirs"]);
    assert!(text.contains("8 (unit of its files, which do not state it)"), "{text}");
    let value: Value = serde_json::from_str(&succeed(at, &["info", "--json", "own.mlmd"])).unwrap();
    assert_eq!((&value["kind"], &value["descriptor"]), (&"potential".into(), &"moments".into()));
    assert_eq!(value["networks"]["Li"]["nodes"], serde_json::json!([40, 3, 1]));
    assert_eq!(value["cutoff_angstrom"], 4.5);
}

/// A folder of potentials with one descriptor is a committee; its spread comes with every evaluation.
#[test]
fn a_folder_of_potentials_is_a_committee() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("committee")).unwrap();
    for seed in 1..=3 {
        save(&moments(seed), at.join(format!("committee/{seed}.mlmd")), PotentialFormat::Native).unwrap();
    }
    fs::write(
        at.join("lif.extxyz"),
        "2\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3\nLi 0 0 0.1\nF 2 2 2\n",
    )
    .unwrap();
    let energy = |potential: &str| -> f64 {
        succeed(at, &["evaluate", potential, "lif.extxyz", "-o", "out.extxyz"]);
        let own = fail(at, 2, &["evaluate", potential, "lif.extxyz", "-o", "lif.extxyz"]);
        assert!(own.contains("lif.extxyz: the input and the output are the same file"), "{own}");
        let over = fail(at, 2, &["evaluate", potential, "lif.extxyz", "--json", "lif.extxyz"]);
        assert!(over.contains("--json lif.extxyz: this file is one of the frames"), "{over}");
        let text = fs::read_to_string(at.join("out.extxyz")).unwrap();
        text.split_whitespace().find_map(|word| word.strip_prefix("energy=")?.parse().ok()).unwrap()
    };
    let members: Vec<f64> = (1..=3).map(|seed| energy(&format!("committee/{seed}.mlmd"))).collect();
    let mean = members.iter().sum::<f64>() / 3.0;
    assert!((energy("committee") - mean).abs() < 1e-12 * mean.abs());
    let deviation = (members.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
    let json = succeed(at, &["evaluate", "committee", "lif.extxyz", "--json", "-"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let stated = json["energy_std_mev_per_atom"].as_f64().unwrap();
    assert!((stated - 1e3 * deviation / 2.0).abs() < 1e-9, "{stated} {deviation}");
    assert!(json["force_std_ev_per_angstrom"].as_f64().unwrap() > 0.0);
    let text = fs::read_to_string(at.join("out.extxyz")).unwrap();
    assert!(text.contains("energy_std=") && text.contains("forces_std:R:1"), "{text}");
    assert!(succeed(at, &["info", "committee"]).contains("members     3"));
    // As one file, and not with a stranger among them.
    succeed(at, &["convert", "committee", "all.mlmd"]);
    assert!((energy("all.mlmd") - mean).abs() < 1e-12 * mean.abs());
    save(&aenet(1), at.join("committee/4.mlmd"), PotentialFormat::Native).unwrap();
    let error = fail(at, 2, &["info", "committee"]);
    assert!(error.contains("member 4 of the committee has another descriptor"), "{error}");
}
