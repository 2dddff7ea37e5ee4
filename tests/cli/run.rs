//! `mlmd run`: dynamics that survives whatever happens to the process.

use mlmd::Frame;
use mlmd::io::{self, ReadOptions};
use mlmd::random::{Philox, Purpose};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_mlmd");

/// Argon at two temperatures, a few hundred steps each, with checkpoints every twenty.
pub(crate) const INPUT: &str = r#"
seed = 3
[structure]
file = "argon.xyz"
supercell = [3, 3, 3]
[potential.lennard-jones]
epsilon = "0.0103 eV"
sigma = "3.4 angstrom"
cutoff = "6 angstrom"
[dynamics]
temperature = ["40 K", "80 K"]
timestep = "4 fs"
equilibrate = "400 fs"
produce = "1200 fs"
[dynamics.thermostat.csvr]
time = "100 fs"
[output]
trajectory = { every = "40 fs", format = ["extxyz", "h5md"] }
thermo = { every = "20 fs" }
checkpoint = { every = "80 fs" }
"#;

pub(crate) const ARGON: &str = "4\nLattice=\"5.4 0 0 0 5.4 0 0 0 5.4\" Properties=species:S:1:pos:R:3 pbc=\"T T T\"\n\
                     Ar 0 0 0\nAr 0 2.7 2.7\nAr 2.7 0 2.7\nAr 2.7 2.7 0\n";

/// A folder with the input in it.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("in.toml"), INPUT).expect("a writable folder");
    fs::write(folder.path().join("argon.xyz"), ARGON).expect("a writable folder");
    folder
}

pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.current_dir(folder).args(["run", "in.toml", "--quiet"]).args(arguments).stdin(Stdio::null());
    command
}

pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

pub(crate) fn start(folder: &Path) -> Child {
    command(folder, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts")
}

/// The results that must not depend on what happened on the way: the bytes of text files, and the content of
/// H5MD files, whose bytes tell how often they were committed.
pub(crate) fn results(folder: &Path) -> Vec<(PathBuf, Vec<u8>, Vec<Frame>)> {
    ["T0040K", "T0080K"]
        .iter()
        .flat_map(|task| {
            let files = ["thermo.csv", "trajectory.extxyz", "trajectory.h5"];
            files.map(|file| Path::new("out").join(task).join(file))
        })
        .map(|path| {
            let name = folder.join(&path);
            if path.extension().is_some_and(|e| e == "h5") {
                return (path, Vec::new(), frames(&name));
            }
            let bytes = fs::read(name).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            (path, bytes, Vec::new())
        })
        .collect()
}

/// The frames of a trajectory, without the place they came from.
pub(crate) fn frames(path: &Path) -> Vec<Frame> {
    let mut frames = io::read_all(path, &ReadOptions::default()).unwrap_or_else(|error| panic!("{error}"));
    for frame in &mut frames {
        frame.origin = io::Origin::default();
    }
    frames
}

/// The step of the checkpoint of a task, if there is one.
pub(crate) fn checkpointed(folder: &Path) -> Option<u64> {
    let bytes = fs::read(folder.join("checkpoint")).ok()?;
    let line = bytes.split(|byte| *byte == b'\n').next()?;
    serde_json::from_slice::<serde_json::Value>(line).ok()?["step"].as_u64()
}

#[test]
fn a_run_that_is_killed_again_and_again_ends_with_the_same_bytes() {
    let undisturbed = folder();
    let start_of_run = Instant::now();
    let output = run(undisturbed.path(), &[]);
    // Moments within a fifth of the time that the whole takes on this machine: every phase is hit, and it goes on.
    let latest = start_of_run.elapsed().as_millis() as u64 / 5 + 10;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected = results(undisturbed.path());
    let rows = String::from_utf8_lossy(&expected[0].1).lines().count();
    assert_eq!(rows, 1 + 61, "a header, and a row every 20 fs of 1200 fs");

    // Fifty moments at random. After each, everything up to the checkpoint can be read without resuming.
    let mut moments = Philox::new(1, Purpose::General, 0, 0);
    let copies = tempfile::tempdir().expect("a temporary folder");
    let (mut kills, mut list) = (0, String::new());
    while kills < 50 {
        let killed = folder();
        let finished = loop {
            let mut child = start(killed.path());
            std::thread::sleep(Duration::from_millis(5 + moments.below(latest)));
            if let Some(status) = child.try_wait().expect("the process can be asked") {
                assert!(status.success());
                break true;
            }
            child.kill().expect("the process can be killed");
            child.wait().expect("the process ends");
            kills += 1;
            for task in ["T0040K", "T0080K"] {
                let task = killed.path().join("out").join(task);
                // Recording begins at step 100, a frame every ten steps.
                let recorded = checkpointed(&task).and_then(|step| Some(step.checked_sub(100)? / 10 + 1));
                if let Some(recorded) = recorded {
                    let trajectory = task.join("trajectory.h5");
                    assert!(frames(&trajectory).len() as u64 >= recorded);
                    let copy = format!("{kills}-{}.h5", list.len());
                    fs::copy(&trajectory, copies.path().join(&copy)).expect("a file can be copied");
                    let _ = writeln!(list, "{copy} {recorded}");
                }
            }
            if kills >= 50 {
                break false;
            }
        };
        if !finished {
            assert!(run(killed.path(), &[]).status.success());
        }
        assert!(results(killed.path()) == expected, "after {kills} kills the results differ");
    }
    h5py_opens(copies.path(), &list);
}

/// The HDF5 library opens every file of a list and finds at least so many frames in it.
fn h5py_opens(folder: &Path, list: &str) {
    assert!(list.lines().count() >= 5, "too few runs were killed after a checkpoint");
    fs::write(folder.join("list"), list).expect("a writable folder");
    let script = "import h5py\nfor line in open('list'):\n    name, frames = line.split()\n    \
                  with h5py.File(name) as f:\n        p = f['particles/trajectory/position/value'][:]\n        \
                  assert len(p) >= int(frames) and abs(p).max() < 20, line\n";
    let found = Command::new("python3").args(["-c", "import h5py"]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: there is no Python with h5py");
        return;
    }
    let output = Command::new("python3").args(["-c", script]).current_dir(folder).output().expect("Python");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn threads_do_not_change_a_byte() {
    let (one, two) = (folder(), folder());
    assert!(run(one.path(), &["--set", "device.threads=1"]).status.success());
    assert!(run(two.path(), &["--set", "device.threads=2"]).status.success());
    assert!(results(one.path()) == results(two.path()));
}

#[test]
fn another_input_in_the_same_folder_is_refused_with_the_difference() {
    let folder = folder();
    assert!(run(folder.path(), &[]).status.success());
    let changed = INPUT.replace("timestep = \"4 fs\"", "timestep = \"2 fs\"");
    fs::write(folder.path().join("in.toml"), changed).unwrap();
    let output = run(folder.path(), &[]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.contains("- dynamics.timestep = \"4 fs\"")
            && message.contains("+ dynamics.timestep = \"2 fs\""),
        "{message}"
    );
    // A dry run tells the same, without a touch.
    let dry = run(folder.path(), &["--dry-run"]);
    assert_eq!((dry.status.code(), String::from_utf8_lossy(&dry.stderr)), (Some(2), message.as_str().into()));
    let said = |arguments: &[&str]| {
        let output = run(folder.path(), arguments);
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let back = "dynamics.timestep=4 fs";
    assert!(said(&["--dry-run", "--set", back]).contains("the run goes on from what is there"));
    assert!(said(&["--dry-run", "--restart", "fresh"]).contains("what is there is deleted"));
    assert!(run(folder.path(), &["--restart", "fresh"]).status.success());
    let thermo = fs::read_to_string(folder.path().join("out/T0040K/thermo.csv")).unwrap();
    assert!(thermo.lines().nth(1).is_some_and(|row| row.starts_with("200,400,")), "{thermo}");
}

/// A run that turns out too short goes on, with another temperature beside: what is written is what the longer run
/// writes from the beginning. Remarks, threads and analyses may change; a shorter run, or another structure, may not.
#[test]
fn a_longer_production_goes_on_from_a_shorter_one() {
    let (whole, grown) = (folder(), folder());
    assert!(run(whole.path(), &[]).status.success());
    let short = INPUT
        .replace("temperature = [\"40 K\", \"80 K\"]", "temperature = \"40 K\"")
        .replace("produce = \"1200 fs\"", "produce = \"500 fs\"");
    fs::write(grown.path().join("in.toml"), format!("# too short\n{short}")).unwrap();
    assert!(run(grown.path(), &[]).status.success());
    fs::write(grown.path().join("in.toml"), INPUT).unwrap();
    let output = run(grown.path(), &["--set", "device.threads=1", "--set", "title=\"longer\""]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(results(whole.path()) == results(grown.path()));
    let record: serde_json::Value =
        serde_json::from_slice(&fs::read(grown.path().join("out/run.json")).unwrap()).unwrap();
    let parts = record["timings"]["T0040K"].as_array().unwrap();
    assert_eq!((&parts[0]["to_step"], &parts[1]["to_step"]), (&225.into(), &400.into()));

    let refused = |arguments: &[&str]| {
        let output = run(grown.path(), arguments);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let message = refused(&["--set", "dynamics.produce=800 fs"]);
    assert!(message.contains("+ dynamics.produce = \"800 fs\""), "{message}");
    fs::write(grown.path().join("argon.xyz"), ARGON.replace("Ar 2.7 2.7 0", "Ar 2.7 2.6 0")).unwrap();
    let message = refused(&[]);
    assert!(message.contains("argon.xyz: another content"), "{message}");
}

#[test]
fn a_finished_run_is_not_repeated() {
    let folder = folder();
    assert!(run(folder.path(), &[]).status.success());
    let before = results(folder.path());
    let again = run(folder.path(), &[]);
    assert!(again.status.success());
    assert!(String::from_utf8_lossy(&again.stdout).contains("finished before"));
    assert!(results(folder.path()) == before);
}

/// Atoms on top of each other explode: the run says so, keeps the frames, and exits with 3.
#[test]
fn an_explosion_stops_the_run_and_keeps_the_frames() {
    let folder = folder();
    fs::write(folder.path().join("argon.xyz"), ARGON.replace("Ar 0 2.7 2.7", "Ar 0 0.9 0")).unwrap();
    let output = run(folder.path(), &[]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{message}");
    assert!(
        ["above the limit", "not finite", "atoms were lost"].iter().any(|what| message.contains(what)),
        "{message}"
    );
    assert!(folder.path().join("out/T0040K/stopped.extxyz").exists(), "{message}");
}

/// A guard that only collects: the run ends as ever, and the frames are there, also after a stop on the way.
#[test]
fn guards_collect_frames_and_the_run_goes_on() {
    let folder = folder();
    let input = format!(
        "{INPUT}[guards]\nspacing = \"200 fs\"\n[guards.distance]\nclosest = \"4 angstrom\"\npolicy = \"collect\"\n"
    );
    fs::write(folder.path().join("in.toml"), input).unwrap();
    let output = run(folder.path(), &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let task = folder.path().join("out/T0040K");
    let collected = frames(&task.join("collected.extxyz"));
    // Nearest neighbours are at 3.8 Å: every look finds some, and one frame is kept each 200 fs of 1600 fs.
    let steps: Vec<_> = collected.iter().filter_map(|frame| frame.step).collect();
    assert_eq!(steps, [0, 50, 100, 150, 200, 250, 300, 350, 400]);
    assert!(collected[0].forces.is_some() && collected[0].text("guard").unwrap().contains("closer than 4 Å"));
    let table = fs::read_to_string(task.join("guards.csv")).unwrap();
    assert_eq!(table.lines().count(), 1 + 41);
    assert!(table.lines().nth(1).unwrap().starts_with("0,0,distance_A,"), "{table}");
}

/// Without a thermostat half of the kinetic energy that a perfect crystal starts with goes into its springs: it is at half the
/// temperature it is called by, which is what its transport is divided by.
#[test]
fn without_a_thermostat_the_temperature_is_the_measured_one() {
    let folder = folder();
    let thermostat = "[dynamics.thermostat.csvr]\ntime = \"100 fs\"\n";
    let input = INPUT.replace(thermostat, "").replace("[\"40 K\", \"80 K\"]", "\"80 K\"");
    let analysis = "[analysis]\nmobile = \"Ar\"\ncharges = { Ar = 1.0 }\nframe = \"center-of-mass\"\n";
    fs::write(folder.path().join("in.toml"), input + analysis).unwrap();
    let output = run(folder.path(), &["--set", "output.trajectory.every=\"4 fs\""]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(folder.path().join("out/result.json")).unwrap();
    let result: serde_json::Value = serde_json::from_str(&text).unwrap();
    let section = &result["temperatures"][0];
    let measured = section["temperature_K"].as_f64().unwrap();
    assert!((30.0..50.0).contains(&measured) && section["name"] == "T0080K", "{measured}");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("80 K was said"), "{told}");
}

/// Atoms that are fixed are where they were, in every frame.
#[test]
fn fixed_atoms_stay_where_they_are() {
    let folder = folder();
    assert!(run(folder.path(), &["--set", "dynamics.fixed=[0, 5]"]).status.success());
    let frames = frames(&folder.path().join("out/T0080K/trajectory.extxyz"));
    let (first, last) = (&frames[0], &frames[frames.len() - 1]);
    assert_eq!(first.positions[5], last.positions[5]);
    assert_ne!(first.positions[6], last.positions[6]);
    let output = run(folder.path(), &["--set", "dynamics.fixed=[108]", "--restart", "fresh"]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("there is no atom 108; the last of the structure is 107"), "{message}");
}

/// A molecule has no volume that a barostat could change.
#[test]
fn a_barostat_needs_a_cell() {
    let folder = folder();
    let molecule = "2\nProperties=species:S:1:pos:R:3\nAr 0 0 0\nAr 0 0 3.8\n";
    fs::write(folder.path().join("argon.xyz"), molecule).unwrap();
    let input = INPUT.replace("supercell = [3, 3, 3]\n", "") + "[dynamics.barostat.c-rescale]\n";
    fs::write(folder.path().join("in.toml"), input).unwrap();
    let output = run(folder.path(), &[]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("argon.xyz is not periodic in three directions"), "{message}");
}
