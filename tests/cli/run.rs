//! `mlmd run`: dynamics that survives whatever happens to the process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

const BINARY: &str = env!("CARGO_BIN_EXE_mlmd");

/// Argon at two temperatures, a few hundred steps each, with checkpoints every twenty.
const INPUT: &str = r#"
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
trajectory = { every = "40 fs" }
thermo = { every = "20 fs" }
checkpoint = { every = "80 fs" }
"#;

const ARGON: &str = "4\nLattice=\"5.4 0 0 0 5.4 0 0 0 5.4\" Properties=species:S:1:pos:R:3 pbc=\"T T T\"\n\
                     Ar 0 0 0\nAr 0 2.7 2.7\nAr 2.7 0 2.7\nAr 2.7 2.7 0\n";

/// A folder with the input in it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("in.toml"), INPUT).expect("a writable folder");
    fs::write(folder.path().join("argon.xyz"), ARGON).expect("a writable folder");
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.current_dir(folder).args(["run", "in.toml", "--quiet"]).args(arguments).stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

fn start(folder: &Path) -> Child {
    command(folder, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts")
}

/// The results that must not depend on what happened on the way.
fn results(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    ["T0040K", "T0080K"]
        .iter()
        .flat_map(|task| {
            ["thermo.csv", "trajectory.extxyz"].map(|file| Path::new("out").join(task).join(file))
        })
        .map(|path| {
            let bytes = fs::read(folder.join(&path)).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            (path, bytes)
        })
        .collect()
}

#[test]
fn a_run_that_is_killed_again_and_again_ends_with_the_same_bytes() {
    let undisturbed = folder();
    let output = run(undisturbed.path(), &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected = results(undisturbed.path());
    let rows = String::from_utf8_lossy(&expected[0].1).lines().count();
    assert_eq!(rows, 1 + 61, "a header, and a row every 20 fs of 1200 fs");

    let killed = folder();
    let mut kills = 0;
    // Delays that grow, so that every phase is hit and the run still ends.
    for attempt in 1..200_u64 {
        let mut child = start(killed.path());
        std::thread::sleep(Duration::from_millis(7 + 11 * attempt % 97 + attempt));
        if let Some(status) = child.try_wait().expect("the process can be asked") {
            assert!(status.success());
            break;
        }
        child.kill().expect("the process can be killed");
        child.wait().expect("the process ends");
        kills += 1;
    }
    assert!(kills > 0, "the run was too short to be killed");
    assert!(run(killed.path(), &[]).status.success());
    assert!(results(killed.path()) == expected, "after {kills} kills the results differ");
}

#[test]
fn threads_do_not_change_a_byte() {
    let (one, two) = (folder(), folder());
    assert!(run(one.path(), &["--set", "device.threads=1"]).status.success());
    assert!(run(two.path(), &["--set", "device.threads=2"]).status.success());
    assert!(results(one.path()) == results(two.path()));
}

#[cfg(unix)]
#[test]
fn a_signal_stops_with_a_checkpoint_and_exit_code_75() {
    let folder = folder();
    let mut child = start(folder.path());
    // Once the first checkpoint is there, signals have been listened to for long.
    let checkpoint = folder.path().join("out/T0040K/checkpoint");
    while !checkpoint.exists() && child.try_wait().expect("can be asked").is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status();
    if !sent.is_ok_and(|status| status.success()) {
        eprintln!("skipped: the run ended before the signal, or there is no `kill`");
        return;
    }
    assert_eq!(child.wait().expect("ends").code(), Some(75));
    let again = run(folder.path(), &[]);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
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
        message.contains("- timestep = \"4 fs\"") && message.contains("+ timestep = \"2 fs\""),
        "{message}"
    );
    assert!(run(folder.path(), &["--restart", "fresh"]).status.success());
    let thermo = fs::read_to_string(folder.path().join("out/T0040K/thermo.csv")).unwrap();
    assert!(thermo.lines().nth(1).is_some_and(|row| row.starts_with("200,400,")), "{thermo}");
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
    assert!(message.contains("above the limit") || message.contains("not finite"), "{message}");
    assert!(folder.path().join("out/T0040K/stopped.extxyz").exists(), "{message}");
}
