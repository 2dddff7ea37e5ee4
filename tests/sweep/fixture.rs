//! A sweep that takes seconds: a hot dense gas of Lennard-Jones argon and neon, in which argon is charged for the
//! analyses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_mlmd");

pub(crate) const PLAN: &str = r#"title = "Argon, vacancies"
seed = 5
[structures]
files = "argon.xyz"
supercell = [2, 2, 2]
[[structures.vacancies]]
element = "Ar"
count = [0, 4]
[potential.lennard-jones]
cutoff = "6 angstrom"
pairs = [
    { elements = "Ar-Ar", epsilon = "0.0103 eV", sigma = "3.4 angstrom" },
    { elements = "Ne-Ne", epsilon = "0.0031 eV", sigma = "2.8 angstrom" },
]
[dynamics]
temperature = ["200 K", "300 K"]
timestep = "4 fs"
equilibrate = "400 fs"
produce = "8 ps"
[dynamics.thermostat.csvr]
time = "100 fs"
[output]
trajectory = { every = "20 fs" }
checkpoint = { every = "200 fs" }
[analysis]
mobile = "Ar"
charges = { Ar = 1.0, Ne = 0.0 }
frame = "center-of-mass"
"#;

pub(crate) const ARGON: &str = "4\nLattice=\"6.2 0 0 0 6.2 0 0 0 6.2\" Properties=species:S:1:pos:R:3 pbc=\"T T T\"\n\
                                Ar 0 0 0\nAr 0 3.1 3.1\nAr 3.1 0 3.1\nNe 3.1 3.1 0\n";

/// A folder with the plan and its structure.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("plan.toml"), PLAN).expect("a writable folder");
    fs::write(folder.path().join("argon.xyz"), ARGON).expect("a writable folder");
    folder
}

/// Changes the plan of a folder.
pub(crate) fn change(folder: &Path, from: &str, to: &str) {
    let path = folder.join("plan.toml");
    let text = fs::read_to_string(&path).expect("a plan");
    assert!(text.contains(from), "{from} is not in\n{text}");
    fs::write(path, text.replace(from, to)).expect("a writable folder");
}

pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.current_dir(folder).args(arguments).arg("--quiet").stdin(Stdio::null());
    command
}

pub(crate) fn mlmd(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

/// Runs the program, which must succeed, and returns what it printed.
pub(crate) fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let output = mlmd(folder, arguments);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "mlmd {}:\n{complaint}", arguments.join(" "));
    String::from_utf8(output.stdout).expect("text")
}

/// Runs the sweep of a folder and gathers it.
pub(crate) fn sweep(folder: &Path) {
    succeed(folder, &["sweep", "run", "plan.toml"]);
    succeed(folder, &["sweep", "gather", "plan.toml"]);
}

/// What a sweep came to: the bytes of every `result.json` and of every curve, and the table without what it cost.
pub(crate) fn results(folder: &Path) -> Vec<(PathBuf, String)> {
    let out = folder.join("out");
    let mut found: Vec<(PathBuf, String)> = Vec::new();
    let mut open = vec![out.join("candidates")];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            let wanted = path.extension().is_some_and(|e| e == "json" || e == "csv");
            if path.is_dir() {
                open.push(path);
            } else if wanted {
                let inside = path.strip_prefix(&out).expect("within").to_path_buf();
                found.push((inside, fs::read_to_string(&path).expect("text")));
            }
        }
    }
    found.sort();
    for mut row in rows(folder) {
        let object = row.as_object_mut().expect("an object");
        object.remove("core_hours");
        // Where the file of the structure lies is a matter of the machine.
        object.remove("source");
        found.push((PathBuf::from("candidates.jsonl"), row.to_string()));
    }
    found
}

/// The rows of `candidates.jsonl`.
pub(crate) fn rows(folder: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(folder.join("out/candidates.jsonl")).expect("a table");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}
