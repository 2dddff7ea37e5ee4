//! Ways to train: bounds on memory, threads, cross-validation, transfer, pruning, other optimisers, export.

use crate::binary::{fail, mlmd, succeed};
use crate::train::{INPUT, argon, folder, write};
use mlmd::Element;
use mlmd::io::Value;
use std::fs;
use std::path::Path;

const LM: &str = "[optimizer.levenberg-marquardt]\nepochs = 12\n";

/// The input with another optimiser and one member.
fn with_optimizer(folder: &Path, optimizer: &str) {
    assert!(INPUT.contains(LM));
    let text = INPUT.replace(LM, optimizer).replace("members = 2", "members = 1");
    fs::write(folder.join("in.toml"), text).unwrap();
}

fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap()
}

/// Same seed, same potential, bit for bit: for one, two and three threads, and whether derivatives of
/// descriptors are held or computed anew in every epoch.
#[test]
fn threads_and_memory_change_no_byte() {
    let folder = folder();
    let at = folder.path();
    for (optimizer, name) in [
        ("[optimizer.levenberg-marquardt]\nepochs = 3\n", "lm"),
        ("[optimizer.kalman]\nepochs = 2\n", "kalman"),
        ("[optimizer.lbfgs]\nepochs = 5\n", "lbfgs"),
        ("[optimizer.adamw]\nepochs = 3\nschedule = \"plateau\"\nwarm_up = 1\nclip = 5.0\n", "adamw"),
    ] {
        if optimizer.contains("adam") && !cfg!(feature = "train") {
            continue;
        }
        with_optimizer(at, optimizer);
        let train = |threads: u32, memory: &str| {
            let out = format!("{name}-{threads}-{}", memory.replace(' ', ""));
            let sets = [
                format!("threads={threads}"),
                format!("data.memory={memory}"),
                format!("output.directory={out}"),
            ];
            let ran =
                mlmd(at, &["train", "in.toml", "--set", &sets[0], "--set", &sets[1], "--set", &sets[2]]);
            assert_eq!(ran.code, 0, "{}", ran.err);
            let told = ran.err.contains("computed anew in every epoch");
            assert_eq!(told, memory != "1 GB", "{}", ran.err);
            bytes(at, &format!("{out}/potential.mlmd"))
        };
        let expected = train(1, "1 GB");
        for (threads, memory) in [(2, "1 GB"), (3, "1 GB"), (2, "40 kB"), (1, "0 B")] {
            assert!(train(threads, memory) == expected, "{name}, {threads} threads, {memory}");
        }
    }
}

/// More members than threads, fewer, and one after the other: the same committee.
#[test]
fn members_side_by_side_are_those_of_one_thread() {
    let folder = folder();
    let at = folder.path();
    let text = INPUT.replace("members = 2", "members = 3").replace("epochs = 12", "epochs = 3");
    fs::write(at.join("in.toml"), text).unwrap();
    let train = |threads: u32| {
        let sets = [format!("threads={threads}"), format!("output.directory=out-{threads}")];
        succeed(at, &["train", "in.toml", "--quiet", "--set", &sets[0], "--set", &sets[1]]);
        let curves = String::from_utf8(bytes(at, &format!("out-{threads}/learning_curve.csv"))).unwrap();
        let epochs: Vec<[String; 2]> = curves
            .lines()
            .skip(1)
            .map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                [cells[..2].join(","), cells[3..].join(",")]
            })
            .collect();
        (bytes(at, &format!("out-{threads}/potential.mlmd")), epochs)
    };
    let expected = train(1);
    assert_eq!(expected.1.len(), 9);
    assert!(expected.1[0][1] != expected.1[3][1], "two members are the same");
    for threads in [2, 5] {
        assert!(train(threads) == expected, "{threads} threads");
    }
}

/// Every optimiser makes the errors smaller than those of no potential at all; averages, too.
#[test]
fn other_optimisers_and_averages_lead_down() {
    let folder = folder();
    let at = folder.path();
    for (optimizer, sets) in [
        ("[optimizer.lbfgs]\nepochs = 150\n", ""),
        ("[optimizer.kalman]\nepochs = 6\n", "average=3"),
        ("[optimizer.adam]\nepochs = 60\nrate = 0.02\nschedule = \"exponential\"\n", "average=5"),
    ] {
        if optimizer.contains("adam") && !cfg!(feature = "train") {
            continue;
        }
        with_optimizer(at, optimizer);
        let mut arguments = vec!["train", "in.toml", "--quiet", "--restart", "fresh"];
        if !sets.is_empty() {
            arguments.extend(["--set", sets]);
        }
        succeed(at, &arguments);
        let record: serde_json::Value = serde_json::from_slice(&bytes(at, "out/train.json")).unwrap();
        let curve = record["members"][0]["learning_curve"].as_array().unwrap();
        let force = |point: &serde_json::Value| point["train"][1].as_f64().unwrap();
        let (first, last) = (force(&curve[0]), force(&curve[curve.len() - 1]));
        assert!(last < 0.5 * first, "{optimizer}: {first} {last}");
    }
}

/// A training that runs away stops and names a frame.
#[cfg(feature = "train")]
#[test]
fn a_descriptor_that_has_changed_is_noticed() {
    let folder = folder();
    let at = folder.path();
    let arguments = ["train", "in.toml", "--quiet", "--set", "network.members=1"];
    succeed(
        at,
        &[&arguments[..], &["--set", "output.directory=first", "--set", "output.n2p2=true"]].concat(),
    );
    let input = fs::read_to_string(at.join("in.toml")).unwrap();
    let (begin, rest) = input.split_once("[descriptor.symmetry]").unwrap();
    let (_, end) = rest.split_once("[network]").unwrap();
    let from = "[descriptor.from]\nfile = \"first/n2p2\"\nunits = [\"eV\", \"angstrom\"]\n";
    fs::write(at.join("in.toml"), format!("{begin}{from}[network]{end}")).unwrap();
    succeed(at, &arguments);
    let setup = at.join("first/n2p2/input.nn");
    let text = fs::read_to_string(&setup).unwrap();
    let line = text.lines().find(|line| line.starts_with("symfunction_short")).unwrap();
    fs::write(&setup, text.replace(&format!("{line}\n"), "")).unwrap();
    let message = fail(at, 2, &arguments);
    assert!(message.contains("another input or of other frames"), "{message}");
}

/// What n2p2's files cannot hold is refused before anything is trained.
#[test]
fn n2p2_files_hold_no_committee() {
    let folder = folder();
    let message = fail(folder.path(), 2, &["train", "in.toml", "--quiet", "--set", "output.n2p2=true"]);
    assert!(message.contains("files of n2p2 hold one network for each element"), "{message}");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn a_training_that_runs_away_names_the_frame() {
    let folder = folder();
    with_optimizer(folder.path(), "[optimizer.adam]\nrate = 1e300\n");
    for members in ["network.members=1", "network.members=3"] {
        let arguments =
            ["train", "in.toml", "--quiet", "--restart", "fresh", "--set", "threads=2", "--set", members];
        let message = fail(folder.path(), 3, &arguments);
        assert!(
            message.contains("epoch ") && message.contains("train.extxyz:") && message.contains("(frame "),
            "{message}"
        );
        assert!(message.contains("not a finite number"), "{message}");
    }
}

#[test]
fn folds_are_trained_judged_and_not_done_again() {
    let folder = folder();
    let at = folder.path();
    let mut frames = argon(12);
    for (k, frame) in frames.iter_mut().enumerate() {
        frame.info.insert("config_type".into(), Value::Text(["cold", "hot", "very hot"][k % 3].into()));
    }
    write(&at.join("train.extxyz"), &frames);
    let text = INPUT
        .replace("[[data.test]]\nfile = \"test.extxyz\"\n", "")
        .replace("epochs = 12", "epochs = 4")
        .replace("members = 2", "members = 1");
    let input = |more: &str| fs::write(at.join("in.toml"), format!("{text}{more}")).unwrap();
    input("[cross_validation]\nfolds = 3\n");
    let out = succeed(at, &["train", "in.toml", "--quiet"]);
    assert!(out.contains("fold-03") && out.contains("standard deviation"), "{out}");
    let record: serde_json::Value = serde_json::from_slice(&bytes(at, "out/cross-validation.json")).unwrap();
    let folds = record["folds"].as_array().unwrap();
    assert_eq!(folds.iter().map(|f| f["frames"].as_u64().unwrap()).sum::<u64>(), 12);
    let each: Vec<f64> = folds.iter().map(|f| f["force_rmse_ev_per_angstrom"].as_f64().unwrap()).collect();
    let mean = each.iter().sum::<f64>() / 3.0;
    assert!((record["force_rmse_ev_per_angstrom"]["mean"].as_f64().unwrap() - mean).abs() < 1e-15);
    // What was done stays; a fold whose record is gone is trained again, to the same errors.
    let expected = bytes(at, "out/cross-validation.json");
    fs::remove_file(at.join("out/fold-02/fold.json")).unwrap();
    fs::remove_file(at.join("out/fold-02/checkpoint-1")).unwrap();
    let again = mlmd(at, &["train", "in.toml"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(
        again.err.contains("fold-01: done before") && !again.err.contains("fold-02: done before"),
        "{}",
        again.err
    );
    assert!(bytes(at, "out/cross-validation.json") == expected);
    // Whole kinds of frames are left out.
    input("[cross_validation]\nleave_out = \"config_type\"\n[output]\ndirectory = \"groups\"\n");
    let out = succeed(at, &["train", "in.toml", "--quiet"]);
    assert!(out.contains("without-very_hot") && out.contains("mean"), "{out}");
    let record: serde_json::Value =
        serde_json::from_slice(&bytes(at, "groups/without-hot/train.json")).unwrap();
    let types = record["errors"]["test"]["by_config_type"].as_object().unwrap();
    assert_eq!(types.keys().collect::<Vec<_>>(), ["hot"]);
    // Kinds may be numbers; what has an element that no other frame has cannot be predicted.
    for (k, frame) in frames.iter_mut().enumerate() {
        frame.info.insert("config_type".into(), Value::Integer([300, 600][k % 2]));
    }
    for k in [5, 7] {
        frames[k].species[0] = "Kr".parse::<Element>().unwrap();
    }
    write(&at.join("train.extxyz"), &frames);
    let ran = mlmd(at, &["train", "in.toml", "--restart", "fresh", "--set", "data.weights={ 300 = 2.0 }"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("without-600: 2 of 6 frames left out have an element"), "{}", ran.err);
    // Frames without a kind belong to no group.
    frames[4].info.clear();
    write(&at.join("train.extxyz"), &frames);
    let message = fail(at, 2, &["train", "in.toml", "--quiet", "--restart", "fresh"]);
    assert!(message.contains("(frame 4): this frame has no `config_type`"), "{message}");
}

/// A training goes on from a potential: better than the same epochs from nothing; another element gets a
/// network of its own; what cannot be kept is refused.
#[test]
fn a_training_goes_on_from_a_potential() {
    let folder = folder();
    let at = folder.path();
    succeed(at, &["train", "in.toml", "--quiet", "--set", "output.directory=old"]);
    let (from, to) = (INPUT.find("[descriptor").unwrap(), INPUT.find("[network]").unwrap());
    let transfer = |potential: &str, network: &str, out: &str| {
        let text = format!(
            "{}[transfer]\npotential = \"{potential}\"\n{}[output]\ndirectory = \"{out}\"\n",
            &INPUT[..from],
            INPUT[to..].replace("epochs = 12", "epochs = 1").replace("hidden = [5]\nmembers = 2", network),
        );
        fs::write(at.join("in.toml"), text).unwrap();
    };
    let force = |path: &str| {
        let record: serde_json::Value = serde_json::from_slice(&bytes(at, path)).unwrap();
        record["errors"]["test"]["all"]["force_rmse_ev_per_angstrom"].as_f64().unwrap()
    };
    transfer("old/potential.mlmd", "members = 1", "new");
    let ran = mlmd(at, &["train", "in.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("networks of Ar are kept"), "{}", ran.err);
    assert!(ran.err.contains("has 2 members, 1 is trained"), "{}", ran.err);
    assert!(force("new/train.json") < 1.5 * force("old/train.json"));
    // Its members are kept, and its networks where energies have another zero, as those of another program.
    let mut moved = argon(24);
    for frame in &mut moved {
        frame.energy = frame.energy.map(|e| e + 40.0);
    }
    write(&at.join("train.extxyz"), &moved[..20]);
    write(&at.join("test.extxyz"), &moved[20..]);
    transfer("old/potential.mlmd", "", "moved");
    let ran = mlmd(at, &["train", "in.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("+10.00 eV/atom from what the potential says"), "{}", ran.err);
    let record: serde_json::Value = serde_json::from_slice(&bytes(at, "moved/train.json")).unwrap();
    assert_eq!(record["members"].as_array().unwrap().len(), 2);
    assert_eq!(record["networks"][0]["neurons"], serde_json::json!([10, 5, 1]));
    assert!(force("moved/train.json") < 1.5 * force("old/train.json"));
    // Shapes of networks that are kept cannot be chosen.
    transfer("old/potential.mlmd", "hidden = [7]", "shaped");
    let message = fail(at, 2, &["train", "in.toml", "--quiet"]);
    assert!(message.contains("networks keep their shapes"), "{message}");
    write(&at.join("test.extxyz"), &argon(24)[20..]);
    // Krypton among the argon: the labels need not be right to see that it is learnt from.
    let mut frames = argon(20);
    for frame in frames.iter_mut().skip(10) {
        frame.species[0] = "Kr".parse::<Element>().unwrap();
        frame.energy = frame.energy.map(|e| e - 0.01);
    }
    write(&at.join("train.extxyz"), &frames);
    transfer("new/potential.mlmd", "hidden = [5]", "two");
    let ran = mlmd(at, &["train", "in.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("Kr is new"), "{}", ran.err);
    let info = succeed(at, &["info", "two/potential.mlmd"]);
    assert!(info.contains("Kr") && info.contains("Ar"), "{info}");
    // Frames of argon alone are predicted about as well as before.
    assert!(force("two/train.json") < 5.0 * force("new/train.json"));
    // Descriptors of Chebyshev polynomials change for all elements.
    let chebyshev = INPUT.replace(
        &INPUT[from..to],
        "[descriptor.chebyshev]\nradial_cutoff = \"5.0 angstrom\"\nradial_order = 4\nangular_cutoff = \"4.0 angstrom\"\nangular_order = 1\n",
    );
    write(&at.join("train.extxyz"), &argon(20));
    fs::write(at.join("in.toml"), chebyshev).unwrap();
    succeed(
        at,
        &[
            "train",
            "in.toml",
            "--quiet",
            "--set",
            "output.directory=auc",
            "--set",
            "network.members=1",
            "--set",
            "optimizer.levenberg-marquardt.epochs=1",
        ],
    );
    write(&at.join("train.extxyz"), &frames);
    transfer("auc/potential.mlmd", "", "no");
    let message = fail(at, 2, &["train", "in.toml", "--quiet"]);
    assert!(message.contains("Kr cannot be added"), "{message}");
}

/// What is left of a pruned descriptor is in the potential, which computes what the training saw.
#[test]
fn descriptors_are_pruned() {
    let folder = folder();
    let at = folder.path();
    fs::write(
        at.join("in.toml"),
        format!("{}[prune]\ncorrelation = 0.999\nkeep = 5\n", INPUT.replace("epochs = 12", "epochs = 3")),
    )
    .unwrap();
    let ran = mlmd(at, &["train", "in.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("5 of 10 descriptors are left after pruning"), "{}", ran.err);
    let record: serde_json::Value = serde_json::from_slice(&bytes(at, "out/train.json")).unwrap();
    assert_eq!(record["descriptors"][0], 5);
    let json = succeed(at, &["evaluate", "out/potential.mlmd", "test.extxyz", "--json", "-"]);
    let found: serde_json::Value = serde_json::from_str(&json).unwrap();
    let key = "force_rmse_ev_per_angstrom";
    let (a, b) = (record["errors"]["test"]["all"][key].as_f64().unwrap(), found[key].as_f64().unwrap());
    // The Jacobian of the training is in single precision.
    assert!((a - b).abs() < 1e-6, "{a} {b}");
    let message =
        fail(at, 2, &["train", "in.toml", "--quiet", "--restart", "fresh", "--set", "prune.keep=0"]);
    assert!(message.contains("out of range") || message.contains("at least 1"), "{message}");
}

/// A potential trained here goes to n2p2's files and back, with the same energies and forces to the last
/// digits; what n2p2 cannot express is refused.
#[test]
fn a_trained_potential_goes_to_n2p2_and_back() {
    let folder = folder();
    let at = folder.path();
    with_optimizer(at, "[optimizer.levenberg-marquardt]\nepochs = 3\n[output]\nn2p2 = true\n");
    succeed(at, &["train", "in.toml", "--quiet"]);
    succeed(at, &["convert", "out/potential.mlmd", "runner", "--to", "n2p2"]);
    for name in ["input.nn", "scaling.data", "weights.018.data"] {
        assert!(bytes(at, &format!("out/n2p2/{name}")) == bytes(at, &format!("runner/{name}")), "{name}");
    }
    succeed(at, &["convert", "runner", "back.mlmd", "--units", "ev,angstrom"]);
    let evaluate = |potential: &str, out: &str| {
        succeed(at, &["evaluate", potential, "test.extxyz", "-o", out]);
        mlmd::io::read_all(&at.join(out), &mlmd::io::ReadOptions::default()).unwrap()
    };
    let (before, after) = (evaluate("out/potential.mlmd", "a.extxyz"), evaluate("back.mlmd", "b.extxyz"));
    for (a, b) in before.iter().zip(&after) {
        assert!((a.energy.unwrap() - b.energy.unwrap()).abs() < 1e-12);
        for (a, b) in a.forces.iter().flatten().zip(b.forces.iter().flatten()) {
            assert!((a - b).norm() < 1e-12);
        }
    }
}

/// Single precision on the processor ends where double precision does, to the same bytes for any number of threads.
#[cfg(feature = "train")]
#[test]
fn single_precision_trains_to_the_same_errors() {
    let folder = folder();
    let at = folder.path();
    with_optimizer(at, "[optimizer.adam]\nepochs = 30\nrate = 0.02\n");
    let errors = [("double", 1), ("single", 1), ("single", 2)].map(|(precision, threads)| {
        let out = format!("{precision}-{threads}");
        let sets = [
            format!("device.precision={precision}"),
            format!("output.directory={out}"),
            format!("threads={threads}"),
        ];
        let ran = mlmd(at, &["train", "in.toml", "--set", &sets[0], "--set", &sets[1], "--set", &sets[2]]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(ran.err.contains("device: cpu, single precision"), precision == "single", "{}", ran.err);
        let record: serde_json::Value =
            serde_json::from_slice(&bytes(at, &format!("{out}/train.json"))).unwrap();
        assert_eq!((record["device"].as_str(), record["precision"].as_str()), (Some("cpu"), Some(precision)));
        record["errors"]["test"]["all"]["force_rmse_ev_per_angstrom"].as_f64().unwrap()
    });
    assert!((errors[0] - errors[1]).abs() < 0.02 * errors[0], "{errors:?}");
    assert!(bytes(at, "single-1/potential.mlmd") == bytes(at, "single-2/potential.mlmd"));
    assert!(bytes(at, "single-1/potential.mlmd") != bytes(at, "double-1/potential.mlmd"));
}

/// A graphics processor, or a program that plays one, ends where the processor does, and says that it was it.
#[cfg(feature = "train-gpu")]
#[test]
fn a_graphics_processor_trains_to_the_same_errors() {
    if ::mlmd::compute::gpu::adapters().is_empty() {
        eprintln!("skipped: there is no graphics processor, not even one that a program plays");
        return;
    }
    let folder = folder();
    let at = folder.path();
    with_optimizer(at, "[optimizer.adam]\nepochs = 30\nrate = 0.02\n");
    let errors = ["cpu", "gpu"].map(|kind| {
        let sets = [format!("device.kind={kind}"), format!("output.directory={kind}")];
        let ran = mlmd(at, &["train", "in.toml", "--set", &sets[0], "--set", &sets[1]]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(ran.err.contains("single precision"), kind == "gpu", "{}", ran.err);
        let record: serde_json::Value =
            serde_json::from_slice(&bytes(at, &format!("{kind}/train.json"))).unwrap();
        assert_eq!(record["device"].as_str().unwrap() == "cpu", kind == "cpu");
        record["errors"]["test"]["all"]["force_rmse_ev_per_angstrom"].as_f64().unwrap()
    });
    assert!((errors[0] - errors[1]).abs() < 0.02 * errors[0], "{errors:?}");
}
