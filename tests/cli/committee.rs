//! A committee judges a run: where its members disagree, frames are kept for DFT.

use crate::binary::{fail, mlmd, succeed};
use crate::train;
use std::fs;
use std::path::Path;

const RUN: &str = r#"
seed = 5
[structure]
file = "train.extxyz"
frame = 0
supercell = [2, 2, 2]
[potential]
file = "one.mlmd"
[dynamics]
temperature = "60 K"
timestep = "4 fs"
equilibrate = "80 fs"
produce = "800 fs"
[guards.disagreement]
potential = "out/potential.mlmd"
force = "1e-9 eV/angstrom"
every = "40 fs"
[output]
directory = "run"
trajectory = { every = "40 fs", format = "extxyz" }
checkpoint = { every = "100 fs" }
"#;

/// A folder with a committee of two in `out/potential.mlmd`, its first member in `one.mlmd`, and a run.
fn folder() -> tempfile::TempDir {
    let folder = train::folder();
    succeed(folder.path(), &["train", "in.toml", "--quiet"]);
    succeed(folder.path(), &["convert", "out/potential.mlmd", "one.mlmd", "--member", "1"]);
    fs::write(folder.path().join("run.toml"), RUN).unwrap();
    folder
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join("run/T0060K").join(name)).unwrap()
}

/// What `mlmd evaluate` says of the frames of the run, a row each: the largest spread of a force.
fn evaluated(folder: &Path) -> Vec<f64> {
    let trajectory = "run/T0060K/trajectory.extxyz";
    succeed(folder, &["evaluate", "out/potential.mlmd", trajectory, "-o", "judged.extxyz"]);
    mlmd::io::read_all(&folder.join("judged.extxyz"), &mlmd::io::ReadOptions::default())
        .unwrap()
        .iter()
        .map(|frame| match &frame.columns["forces_std"].values {
            mlmd::io::ColumnValues::Reals(values) => values.iter().copied().fold(0.0, f64::max),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn the_spread_of_a_committee_is_recorded_and_frames_are_kept() {
    let folder = folder();
    let at = folder.path();
    let said = mlmd(at, &["run", "run.toml"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let told = format!("{}{}", said.out, said.err);
    assert!(told.contains("the committee is apart in a force by") && told.contains("of 21 looks"), "{told}");
    assert!(told.contains("(disagreement.csv)"), "{told}");
    let table = read(at, "disagreement.csv");
    let widest: Vec<f64> =
        table.lines().skip(1).map(|row| row.split(',').nth(4).unwrap().parse().unwrap()).collect();
    let expected = evaluated(at);
    assert_eq!(widest.len(), 21);
    assert_eq!(widest.len(), expected.len());
    for (found, expected) in widest.iter().zip(&expected) {
        // The committee of a run works in mixed precision, 2e-5 of the largest force, here some tenths of eV/Å.
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }
    assert!(expected.iter().any(|most| *most > 1e-5), "the members are the same");
    // Every frame is beyond so small a limit: each 100 fs one is kept, with the forces' spread.
    let kept = read(at, "disagreed.extxyz");
    assert_eq!(kept.matches("forces_std:R:1").count(), 7, "{table}");
    assert!(kept.contains("the members of the committee are"), "{kept}");
}

/// A run that was shorter and goes on writes what the longer run writes.
#[test]
fn a_judged_run_goes_on_with_the_same_bytes() {
    let (whole, grown) = (folder(), folder());
    succeed(whole.path(), &["run", "run.toml", "--quiet"]);
    succeed(grown.path(), &["run", "run.toml", "--quiet", "--set", "dynamics.produce=300 fs"]);
    succeed(grown.path(), &["run", "run.toml", "--quiet"]);
    for name in ["disagreement.csv", "disagreed.extxyz", "trajectory.extxyz"] {
        assert!(read(whole.path(), name) == read(grown.path(), name), "{name}");
    }
}

#[test]
fn a_committee_can_stop_a_run_and_one_potential_cannot_judge() {
    let folder = folder();
    let at = folder.path();
    let alone = fail(at, 2, &["run", "run.toml", "--set", "guards.disagreement.potential=one.mlmd"]);
    assert!(alone.contains("one.mlmd is one potential") && alone.contains("expected"), "{alone}");
    assert!(!at.join("run").exists(), "something was written");
    let stopped = fail(at, 3, &["run", "run.toml", "--quiet", "--set", "guards.disagreement.policy=stop"]);
    assert!(stopped.contains("eV/Å apart") && stopped.contains("stopped.extxyz"), "{stopped}");
    let nobody = fail(at, 2, &["convert", "out/potential.mlmd", "x.mlmd", "--member", "3"]);
    assert!(nobody.contains("there is no member 3; expected 1 to 2"), "{nobody}");
}
