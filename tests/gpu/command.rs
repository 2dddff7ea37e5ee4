//! The commands with `--device`.

use super::support::device;
use mlmd::io::{ReadOptions, read_all};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const POTENTIAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/golden/native/format-1.mlmd");

const FRAME: &str = "4\nLattice=\"4.1 0 0 0.3 4.3 0 0 -0.2 3.9\" Properties=species:S:1:pos:R:3 pbc=\"T T T\"\n\
                     Li 0.1 0 0.2\nO 2 2.1 0.1\nLi 2.2 0 1.9\nO 0 2.3 2.1\n";

const LENNARD_JONES: &str =
    "[potential.lennard-jones]\nepsilon = \"0.001 eV\"\nsigma = \"2 angstrom\"\ncutoff = \"4 angstrom\"\n";

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
    assert_eq!(result["path"], "dynamics, atoms stay on the device");
    // A part of the forces comes from the CPU here, so those of the device are fetched.
    let sum = format!("[potential]\nfile = \"{POTENTIAL}\"\n{LENNARD_JONES}");
    fs::write(path.join("sum.toml"), sum).unwrap();
    let (out, _) =
        succeed(path, &["bench", "sum.toml", "--device", "gpu", "--atoms", "16", "--steps", "2", "--json"]);
    let result: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(result["path"], "forces, fetched from the device at every step");
}

/// A system that is too large for the device is refused before anything is written, with what is needed and what there
/// is; `--dry-run` says the same.
#[test]
fn memory_that_is_short_is_said_before_the_run() {
    if device().is_none() {
        return;
    }
    let limit = mlmd::compute::gpu::adapters().first().map_or(0, |adapter| adapter.largest_binding);
    // Forces between pairs take 12 bytes each, and a row has room for 48 or more neighbours (40 are within 5.5 Å) of each
    // of the 4 atoms of the cell.
    let times = ((limit as f64 / (4.0 * 48.0 * 12.0)).cbrt().ceil() as u64).to_string();
    if limit > 1 << 28 {
        eprintln!("skipped: it takes {times}³ cells to fill this device");
        return;
    }
    let folder = folder();
    let size = format!("structure.supercell=[{times}, {times}, {times}]");
    for more in [&["--dry-run"][..], &[]] {
        let arguments = [&["run", "in.toml", "--device", "gpu", "--set", &size], more].concat();
        let ran = mlmd(folder.path(), &arguments);
        let complaint = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(2), "{complaint}");
        assert!(complaint.contains("is too small for") && complaint.contains("at once"), "{complaint}");
        assert!(!folder.path().join("out").exists(), "{complaint}");
    }
}

/// What `--dry-run` says of time is that of the path which the run takes.
#[test]
fn a_dry_run_measures_what_the_run_does() {
    if device().is_none() {
        return;
    }
    let folder = folder();
    let two = "dynamics.temperature=[\"300 K\", \"600 K\"]";
    let (plan, _) = succeed(folder.path(), &["run", "in.toml", "--device", "gpu", "--dry-run", "--set", two]);
    assert!(plan.contains("of 2 runs, atoms stay on the device"), "{plan}");
    assert!(plan.contains("for all steps, 2 runs at a time"), "{plan}");
    assert!(plan.contains("for 2 runs on "), "{plan}");
    assert!(!folder.path().join("out").exists());
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

/// Files of a run, by name, without those that hold times or names of folders.
fn results(folder: &Path, runs: &[&str]) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for run in runs {
        for name in ["thermo.csv", "trajectory.extxyz", "checkpoint"] {
            let path = folder.join("out").join(run).join(name);
            files.push((format!("{run}/{name}"), fs::read(path).unwrap()));
        }
    }
    files
}

/// The numbers of a table.
fn rows(text: &[u8]) -> Vec<Vec<f64>> {
    let text = std::str::from_utf8(text).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(|x| x.parse().unwrap()).collect()).collect()
}

/// Two temperatures move together on the device. A signal stops both with a checkpoint; the same command goes on, also with
/// another number of devices, and what is written is what the undisturbed run writes, byte for byte.
#[cfg(unix)]
#[test]
fn a_batch_that_a_signal_stopped_goes_on() {
    if device().is_none() {
        return;
    }
    let input = INPUT
        .replace("POTENTIAL", POTENTIAL)
        .replace("\"300 K\"", "[\"300 K\", \"600 K\"]")
        .replace("langevin]\nfriction = \"1/ps\"", "csvr]\ntime = \"20 fs\"")
        .replace("produce = \"10 fs\"", "produce = \"150 fs\"")
        .replace("[output]", "[output]\ncheckpoint = { every = \"10 fs\" }");
    let new = || {
        let folder = folder();
        fs::write(folder.path().join("in.toml"), &input).unwrap();
        folder
    };
    let undisturbed = new();
    let (_, notes) = succeed(undisturbed.path(), &["run", "in.toml", "--device", "gpu"]);
    assert!(notes.contains("integration: on the device"), "{notes}");
    assert!(notes.contains("2 runs, 2 at a time"), "{notes}");
    let expected = results(undisturbed.path(), &TWO);

    // The CPU writes the same rows: the same random numbers, and positions that have not yet parted.
    let other = new();
    succeed(other.path(), &["run", "in.toml", "--device", "cpu"]);
    for ((name, on_device), (_, on_cpu)) in expected.iter().zip(results(other.path(), &TWO)) {
        if name.ends_with("thermo.csv") {
            let [on_device, on_cpu] = [rows(on_device), rows(&on_cpu)];
            assert_eq!(on_device.len(), on_cpu.len());
            for (k, (a, b)) in on_device.iter().zip(&on_cpu).enumerate() {
                assert_eq!(a[..2], b[..2], "step and time of row {k} of {name}");
                assert!(k > 2 || (a[2] - b[2]).abs() < 1e-3 * b[2], "{name}, row {k}: {a:?}, {b:?}");
            }
        }
    }

    let stopped = new();
    // On two devices, a run each; it goes on with one.
    let mut child = Command::new(env!("CARGO_BIN_EXE_mlmd"))
        .current_dir(stopped.path())
        .args(["run", "in.toml", "--device", "gpu", "--adapters", "0,0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let checkpoint = stopped.path().join("out/T0300K/checkpoint");
    while !checkpoint.exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let kill = Command::new("sh").args(["-c", &format!("kill -TERM {}", child.id())]).status();
    if !kill.is_ok_and(|status| status.success()) {
        eprintln!("skipped: the run ended before the signal, or there is no `kill`");
        return;
    }
    assert_eq!(child.wait().unwrap().code(), Some(75));
    succeed(stopped.path(), &["run", "in.toml", "--device", "gpu"]);
    for (found, expected) in results(stopped.path(), &TWO).iter().zip(&expected) {
        assert!(found == expected, "{} differs", found.0);
    }
}

/// Runs that are dealt out to devices write what they write on one, byte for byte: here three runs on an adapter that is
/// opened twice, which works as two.
#[test]
fn runs_are_dealt_out_to_devices() {
    let Some(device) = device() else { return };
    let three = "dynamics.temperature=[\"300 K\", \"600 K\", \"900 K\"]";
    let mut found = Vec::new();
    for adapters in [&[][..], &["--adapters", "0"], &["--set", "device.adapters=[0, 0]"]] {
        let folder = folder();
        let arguments = [&["run", "in.toml", "--device", "gpu", "--set", three], adapters].concat();
        let (_, notes) = succeed(folder.path(), &arguments);
        let dealt = adapters.first() == Some(&"--set");
        assert_eq!(notes.contains("on 2 devices, runs are dealt out to them in turn"), dealt, "{notes}");
        assert!(notes.contains("3 runs, 3 at a time"), "{notes}");
        let record = fs::read_to_string(folder.path().join("out/run.json")).unwrap();
        let record: serde_json::Value = serde_json::from_str(&record).unwrap();
        let name = device.name();
        let names = if dealt { format!("{name} + {name}") } else { name.to_string() };
        assert_eq!(record["device"], names);
        found.push(results(folder.path(), &["T0300K", "T0600K", "T0900K"]));
    }
    for other in &found[1..] {
        for (a, b) in found[0].iter().zip(other) {
            assert!(a == b, "{} differs", a.0);
        }
    }
    let folder = folder();
    let (plan, _) = succeed(
        folder.path(),
        &["run", "in.toml", "--device", "gpu", "--dry-run", "--set", three, "--adapters", "0,0"],
    );
    assert!(plan.contains("for 2 runs on") && plan.contains("for 1 run on"), "{plan}");
    let ran = mlmd(folder.path(), &["run", "in.toml", "--device", "gpu", "--adapters", "0,1000"]);
    let complaint = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(2), "{complaint}");
    assert!(complaint.contains("there is no graphics processor 1000"), "{complaint}");
}

/// The tasks of a sweep have one of the adapters each.
#[test]
fn tasks_of_a_sweep_have_one_device() {
    let Some(device) = device() else { return };
    let folder = folder();
    let plan = INPUT
        .replace("POTENTIAL", POTENTIAL)
        .replace("[structure]\nfile", "[structures]\nfiles")
        .replace("\"300 K\"", "[\"300 K\", \"600 K\"]")
        .replace("[output]", "[device]\nkind = \"gpu\"\nadapters = [0, 0]\n[output]");
    let plan = format!("{plan}[analysis]\nmobile = \"Li\"\ncharges = {{ Li = 1.0, O = -1.0 }}\n");
    fs::write(folder.path().join("plan.toml"), plan).unwrap();
    succeed(folder.path(), &["sweep", "run", "plan.toml", "--threads", "2"]);
    let tasks = folder.path().join("out/tasks");
    let candidate = fs::read_dir(tasks).unwrap().next().unwrap().unwrap().path();
    for task in ["T0300K-1", "T0600K-1"] {
        let record = fs::read_to_string(candidate.join(task).join("out/run.json")).unwrap();
        let record: serde_json::Value = serde_json::from_str(&record).unwrap();
        assert_eq!(record["device"], device.name());
    }
}

const TWO: [&str; 2] = ["T0300K", "T0600K"];

/// What the device cannot do is said before the run, and done by the CPU.
#[test]
fn a_barostat_is_left_to_the_cpu() {
    if device().is_none() {
        return;
    }
    let folder = folder();
    let input = INPUT
        .replace("POTENTIAL", POTENTIAL)
        .replace("langevin]\nfriction = \"1/ps\"", "csvr]\ntime = \"20 fs\"")
        .replace(
            "[output]",
            "[dynamics.barostat.c-rescale]\npressure = \"0 GPa\"\ntime = \"1 ps\"\n[output]",
        );
    fs::write(folder.path().join("in.toml"), input).unwrap();
    let (plan, _) = succeed(folder.path(), &["run", "in.toml", "--device", "gpu", "--dry-run"]);
    assert!(plan.contains("on the CPU with a barostat that acts at every step"), "{plan}");
    assert!(plan.contains("fetched from the device at every step"), "{plan}");
    let (_, notes) = succeed(folder.path(), &["run", "in.toml", "--device", "gpu"]);
    assert!(notes.contains("on the CPU with a barostat that acts at every step"), "{notes}");
    // Unless the cell changes seldom.
    let seldom = ["--set", "dynamics.barostat.c-rescale.every=5", "--set", "output.directory=seldom"];
    let run = [&["run", "in.toml", "--device", "gpu"], &seldom[..]].concat();
    let (_, notes) = succeed(folder.path(), &[&run[..], &["--dry-run"]].concat());
    assert!(!notes.contains("on the CPU"), "{notes}");
    let (_, notes) = succeed(folder.path(), &run);
    assert!(notes.contains("integration: on the device"), "{notes}");
}

/// With the repulsion of nuclei atoms stay on the device, and the first row of the table is that of the CPU.
#[test]
fn repulsion_leaves_atoms_on_the_device() {
    if device().is_none() {
        return;
    }
    let zbl = "[potential.zbl]\ninner = \"1 angstrom\"\nouter = \"2.4 angstrom\"\n[dynamics]";
    let input = INPUT.replace("POTENTIAL", POTENTIAL).replace("[dynamics]", zbl);
    let first = |device: &str| {
        let folder = folder();
        fs::write(folder.path().join("in.toml"), &input).unwrap();
        let (_, notes) = succeed(folder.path(), &["run", "in.toml", "--device", device]);
        assert_eq!(notes.contains("integration: on the device"), device == "gpu", "{notes}");
        rows(&fs::read(folder.path().join("out/T0300K/thermo.csv")).unwrap()).remove(0)
    };
    let [gpu, cpu] = ["gpu", "cpu"].map(first);
    // 32 atoms, with energies of 5·10⁻⁵ each (tests/gpu/support.rs).
    for (a, b) in gpu.iter().zip(&cpu) {
        assert!((a - b).abs() < 32.0 * 5e-5 * b.abs().max(1.0), "{gpu:?} {cpu:?}");
    }
}
