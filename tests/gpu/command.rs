//! The commands with `--device`.

use super::support::device;
use mlmd::io::{ReadOptions, read_all};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const POTENTIAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/golden/native/format-1.mlmd");

const FRAME: &str = "4\nLattice=\"4.1 0 0 0.3 4.3 0 0 -0.2 3.9\" Properties=species:S:1:pos:R:3 pbc=\"T T T\"\n\
                     Li 0.1 0 0.2\nO 2 2.1 0.1\nLi 2.2 0 1.9\nO 0 2.3 2.1\n";

const INPUT: &str = r#"
[structure]
file = "frame.xyz"
supercell = [2, 2, 2]
[potential]
file = "POTENTIAL"
[dynamics]
temperature = "300 K"
timestep = "0.5 fs"
produce = "10 fs"
[dynamics.thermostat.langevin]
friction = "1/ps"
[output]
trajectory = { every = "5 fs", format = ["extxyz"] }
thermo = { every = "5 fs" }
"#;

fn mlmd(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mlmd"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn succeed(folder: &Path, arguments: &[&str]) -> (String, String) {
    let ran = mlmd(folder, arguments);
    let [out, err] = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(ran.status.success(), "{arguments:?}: {err}");
    (out, err)
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("frame.xyz"), FRAME).unwrap();
    fs::write(folder.path().join("in.toml"), INPUT.replace("POTENTIAL", POTENTIAL)).unwrap();
    folder
}

#[test]
fn evaluate_and_bench_say_what_computes() {
    let Some(device) = device() else { return };
    let folder = folder();
    let path = folder.path();
    let mut frames = Vec::new();
    for name in ["cpu", "gpu"] {
        let out = format!("{name}.extxyz");
        let (_, err) = succeed(path, &["evaluate", POTENTIAL, "frame.xyz", "--device", name, "-o", &out]);
        assert_eq!(err.contains(device.name()), name == "gpu", "{err}");
        frames.extend(read_all(&path.join(out), &ReadOptions::default()).unwrap());
    }
    let energies: Vec<f64> = frames.iter().map(|frame| frame.energy.unwrap()).collect();
    assert!((energies[0] - energies[1]).abs() < 5e-5 * energies[0].abs().max(1.0), "{energies:?}");
    // Not the same bits: something else did compute.
    assert_ne!(frames[0].forces, frames[1].forces);

    let (out, _) =
        succeed(path, &["bench", POTENTIAL, "--device", "gpu", "--atoms", "16", "--steps", "2", "--json"]);
    let result: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(result["device"], device.name());
    assert_eq!(result["precision"], "single");
}

/// Without a card `auto` is the CPU, in whatever precision, and never a program that plays a card.
#[test]
fn auto_is_no_program_that_plays_a_card() {
    let folder = folder();
    let arguments = [
        "bench",
        POTENTIAL,
        "--device",
        "auto",
        "--precision",
        "mixed",
        "--atoms",
        "16",
        "--steps",
        "2",
        "--json",
    ];
    let (out, _) = succeed(folder.path(), &arguments);
    let result: serde_json::Value = serde_json::from_str(&out).unwrap();
    let played = device().is_none_or(|device| device.kind() == mlmd::compute::gpu::Kind::Software);
    assert_eq!(result["device"] == "cpu", played, "{result}");
}

#[test]
fn a_run_on_the_device_records_it() {
    let Some(device) = device() else { return };
    let folder = folder();
    succeed(folder.path(), &["run", "in.toml", "--device", "gpu"]);
    let record = fs::read_to_string(folder.path().join("out/run.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    assert_eq!(record["device"], device.name());
    assert!(folder.path().join("out/T0300K/trajectory.extxyz").is_file());
}
