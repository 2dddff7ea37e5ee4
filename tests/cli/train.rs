//! `mlmd train`: frames become a potential that the other subcommands read.

use crate::binary::{command, fail, succeed};
use mlmd::compute::{Engine, Options};
use mlmd::io::{self, WriteOptions};
use mlmd::potential::{LennardJones, LennardJonesPair, Truncation};
use mlmd::random::{Philox, Purpose};
use mlmd::system::Vec3;
use mlmd::{Cell, Element, Frame};
use std::fs;
use std::path::Path;

/// Rattled argon crystals of four atoms with the energies and forces of a Lennard-Jones potential.
pub(crate) fn argon(count: u64) -> Vec<Frame> {
    let ar: Element = "Ar".parse().unwrap();
    let pair = LennardJonesPair { epsilon: 0.0104, sigma: 3.4, cutoff: 5.0 };
    let potential = LennardJones::new(&[(ar, ar, pair)], Truncation::ForceShifted).unwrap();
    let mut engine = Engine::new(Box::new(potential), Options { skin: 0.0, threads: 1 }).unwrap();
    let make = |k: u64| {
        let mut random = Philox::new(1, Purpose::General, k, 0);
        let a = 5.2 + 0.4 * random.uniform();
        let sites = [[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]];
        let shake = |site: [f64; 3], random: &mut Philox| {
            Vec3::from(site) * a + 0.4 * Vec3::from_fn(|_, _| random.uniform() - 0.5)
        };
        let positions = sites.map(|site| shake(site, &mut random)).to_vec();
        let mut frame = Frame::new(Cell::orthorhombic(a, a, a).unwrap(), vec![ar; 4], positions);
        let found = engine.evaluate(&frame.to_system().unwrap()).unwrap();
        frame.energy = Some(found.energy);
        frame.forces = Some(found.forces.clone());
        frame
    };
    (0..count).map(make).collect()
}

pub(crate) fn write(path: &Path, frames: &[Frame]) {
    let mut out = io::create(path, None, &WriteOptions::default()).unwrap();
    for frame in frames {
        out.write(frame).unwrap();
    }
    out.finish().unwrap();
}

pub(crate) const INPUT: &str = r#"
seed = 3
[[data.frames]]
file = "train.extxyz"
[[data.test]]
file = "test.extxyz"
[descriptor.symmetry]
radial_cutoff = "5.0 angstrom"
radial = 6
angular_cutoff = "4.5 angstrom"
angular = 2
zetas = [1.0]
[network]
hidden = [5]
members = 2
[loss]
energy = "0.1 meV"
forces = "1 meV/angstrom"
[optimizer.levenberg-marquardt]
epochs = 12
"#;

/// A folder with an input and frames.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let frames = argon(24);
    write(&folder.path().join("train.extxyz"), &frames[..20]);
    write(&folder.path().join("test.extxyz"), &frames[20..]);
    fs::write(folder.path().join("in.toml"), INPUT).unwrap();
    folder
}

#[test]
fn a_potential_is_trained_evaluated_and_run() {
    let folder = folder();
    let out = succeed(folder.path(), &["train", "in.toml", "--quiet"]);
    assert!(out.contains("all frames learnt from") && out.contains("test"), "{out}");
    let record = fs::read_to_string(folder.path().join("out/train.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let found = &record["errors"]["test"]["all"];
    let json = succeed(
        folder.path(),
        &["evaluate", "out/potential.mlmd", "test.extxyz", "--json", "-", "--threads", "1"],
    );
    let evaluated: serde_json::Value = serde_json::from_str(&json).unwrap();
    for (key, tolerance) in [("energy_rmse_mev_per_atom", 1e-6), ("force_rmse_ev_per_angstrom", 1e-6)] {
        // The Jacobian of the training is in single precision.
        let (a, b) = (found[key].as_f64().unwrap(), evaluated[key].as_f64().unwrap());
        assert!((a - b).abs() < tolerance, "{key}: {a} {b}");
    }
    // A tenth of the root mean square force is a loose bound for a law this simple.
    let frames = argon(24);
    let forces: Vec<f64> = frames[20..]
        .iter()
        .flat_map(|f| f.forces.iter().flatten().flat_map(|f| f.iter().copied().collect::<Vec<_>>()))
        .collect();
    let rms = (forces.iter().map(|x| x * x).sum::<f64>() / forces.len() as f64).sqrt();
    assert!(found["force_rmse_ev_per_angstrom"].as_f64().unwrap() < 0.1 * rms, "{found} {rms}");
    let curve = fs::read_to_string(folder.path().join("out/learning_curve.csv")).unwrap();
    assert!(curve.lines().count() > 10, "{curve}");
}

/// The report, the data sheet and the record of a potential tell the same.
#[test]
fn a_report_and_a_data_sheet_are_written() {
    let folder = folder();
    succeed(folder.path(), &["train", "in.toml", "--quiet", "--set", "output.licence=CC-BY-4.0"]);
    let read = |name: &str| fs::read_to_string(folder.path().join("out").join(name)).unwrap();
    let (page, sheet) = (read("report.html"), read("datasheet.md"));
    for text in [
        "Errors by kind of frame",
        "Largest errors of forces, test",
        "parity_energy",
        "learning_force",
        "test.extxyz:",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("NaN") && page.len() < 300_000, "{}", page.len());
    let hash = |path: &str| {
        use sha2::{Digest, Sha256};
        let bytes = fs::read(folder.path().join(path)).unwrap();
        Sha256::digest(bytes).iter().fold(String::new(), |text, b| text + &format!("{b:02x}"))
    };
    for text in [
        hash("out/potential.mlmd"),
        hash("train.extxyz"),
        "**Licence:** CC-BY-4.0".into(),
        "**Cutoff:** 5 Å".into(),
        "µs per atom and step".into(),
        "18 frames train, 2 validate".into(),
        "| test | all | 4 |".into(),
        "Volume per atom".into(),
    ] {
        assert!(sheet.contains(&text), "{text} is not in\n{sheet}");
    }
    let record: serde_json::Value = serde_json::from_str(&read("train.json")).unwrap();
    let worst = &record["errors"]["test"]["worst_frames_by_force"];
    assert_eq!(worst.as_array().unwrap().len(), 4);
    assert!(worst[0]["frame"].as_str().unwrap().contains("test.extxyz"), "{worst}");
    // The table of `mlmd evaluate` has the same frame at its head.
    let text = succeed(folder.path(), &["evaluate", "out/potential.mlmd", "test.extxyz"]);
    assert!(text.contains("largest errors of forces:") && text.contains("(frame "), "{text}");
    let json = succeed(folder.path(), &["evaluate", "out/potential.mlmd", "test.extxyz", "--json", "-"]);
    let found: serde_json::Value = serde_json::from_str(&json).unwrap();
    let end = |frame: &serde_json::Value| frame.as_str().unwrap().rsplit('(').next().unwrap().to_string();
    assert_eq!(end(&found["worst_frames_by_force"][0]["frame"]), end(&worst[0]["frame"]));
}

/// Stopped by a signal in the middle, the same command ends with the same potential; members side by side
/// come to what they come to one after the other.
#[cfg(unix)]
#[test]
fn a_training_that_was_stopped_ends_with_the_same_bytes() {
    let (whole, stopped) = (folder(), folder());
    succeed(whole.path(), &["train", "in.toml", "--quiet", "--set", "threads=1"]);
    let expected = fs::read(whole.path().join("out/potential.mlmd")).unwrap();
    let arguments = ["train", "in.toml", "--set", "threads=2"];
    let mut child = command(stopped.path())
        .args(arguments)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The first epoch is told as soon as it is done: signals have been listened to for long by then.
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    let begun = lines.any(|line| line.is_ok_and(|line| line.contains("epoch")));
    assert!(begun, "the training ended without an epoch");
    let sent = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    let rest = std::thread::spawn(move || lines.count());
    let code = child.wait().unwrap().code();
    let _ = rest.join();
    if !sent.is_ok_and(|status| status.success()) || code == Some(0) {
        eprintln!("skipped: the training ended before the signal, or there is no `kill`");
        return;
    }
    assert_eq!(code, Some(75));
    succeed(stopped.path(), &arguments);
    assert!(fs::read(stopped.path().join("out/potential.mlmd")).unwrap() == expected);
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let folder = folder();
    let mut frames = argon(6);
    frames[4].forces = None;
    write(&folder.path().join("train.extxyz"), &frames);
    let message = fail(folder.path(), 2, &["train", "in.toml"]);
    assert!(message.contains("(frame 4): no forces here, and in 1 of 6 frames"), "{message}");
    let message = fail(folder.path(), 2, &["train", "in.toml", "--set", "optimizer.adm.rate=1"]);
    assert!(message.contains("exclude each other") || message.contains("did you mean"), "{message}");
    let message = fail(folder.path(), 2, &["train", "in.toml", "--set", "data.memory=4"]);
    assert!(message.contains("`4` has no unit") && message.contains("4 GB"), "{message}");
}

/// Another input in the folder of a training is not mixed up with it.
#[test]
fn another_input_in_the_same_folder_is_refused() {
    let folder = folder();
    let short = ["train", "in.toml", "--quiet", "--set", "network.members=1"];
    succeed(folder.path(), &short);
    let message = fail(folder.path(), 2, &["train", "in.toml", "--quiet"]);
    assert!(message.contains("another input"), "{message}");
    // What decides no bit may change.
    let input = fs::read_to_string(folder.path().join("in.toml")).unwrap();
    fs::write(folder.path().join("in.toml"), format!("title = \"argon\"\nthreads = 1\n# cold\n{input}"))
        .unwrap();
    let text = succeed(folder.path(), &short);
    assert!(text.starts_with("12 epochs"), "{text}");
    succeed(folder.path(), &[&short[..], &["--restart", "fresh"]].concat());
}

/// Two trainings in one folder would write over each other.
#[test]
fn a_folder_has_one_training_at_a_time() {
    let folder = folder();
    fs::create_dir(folder.path().join("out")).unwrap();
    let lock = fs::File::create(folder.path().join("out/.lock")).unwrap();
    lock.try_lock().unwrap();
    let message = fail(folder.path(), 2, &["train", "in.toml"]);
    assert!(message.contains("out: another mlmd is running here"), "{message}");
}
