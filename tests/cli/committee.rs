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
        .map(widest_of)
        .collect()
}

/// The largest spread of a force in a frame.
fn widest_of(frame: &mlmd::Frame) -> f64 {
    match &frame.columns["forces_std"].values {
        mlmd::io::ColumnValues::Reals(values) => values.iter().copied().fold(0.0, f64::max),
        other => panic!("{other:?}"),
    }
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
    // Frames in which they are too far apart are looked at all the same, and not kept.
    let limit = expected.iter().copied().fold(0.0, f64::max) * 0.99;
    let most = format!("guards.disagreement.most={limit} eV/angstrom");
    succeed(at, &["run", "run.toml", "--quiet", "--restart", "fresh", "--set", &most]);
    assert_eq!(read(at, "disagreement.csv"), table);
    let text = read(at, "disagreed.extxyz");
    let fewer = mlmd::io::open_text("d.extxyz", text, &mlmd::io::ReadOptions::default()).unwrap();
    let spreads: Vec<f64> = fewer.map(|frame| widest_of(&frame.unwrap())).collect();
    assert!(!spreads.is_empty() && spreads.iter().all(|most| *most <= limit), "{spreads:?} {limit}");
}

/// Frames of a run go back to the training as those that are most unlike the ones it had.
#[test]
fn kept_frames_are_chosen_from() {
    let folder = folder();
    let at = folder.path();
    succeed(at, &["run", "run.toml", "--quiet"]);
    let kept = "run/T0060K/disagreed.extxyz";
    let select = |more: &[&str]| {
        let mut arguments = vec!["select", "one.mlmd", kept, "--known", "train.extxyz"];
        if !more.contains(&"--number") {
            arguments.extend(["--number", "3"]);
        }
        arguments.extend(more);
        succeed(at, &arguments)
    };
    let said = select(&["-o", "new.extxyz"]);
    assert!(said.contains("3 of 7 frames, the most novel of the others "), "{said}");
    let frames = mlmd::io::read_all(&at.join("new.extxyz"), &mlmd::io::ReadOptions::default()).unwrap();
    let novelty: Vec<f64> = frames
        .iter()
        .map(|frame| match frame.info["novelty"] {
            mlmd::io::Value::Real(novelty) => novelty,
            ref other => panic!("{other:?}"),
        })
        .collect();
    assert!(novelty.len() == 3 && novelty.is_sorted_by(|a, b| a >= b) && novelty[2] > 0.0, "{novelty:?}");
    // The labels were those of the potential of the run; what the committee said stays.
    assert!(frames.iter().all(|f| f.energy.is_none() && f.forces.is_none() && widest_of(f) > 0.0));
    // The next one is as novel as was said, and comes first where the chosen ones are known.
    let row = |text: &str, row: usize| -> Vec<String> {
        text.lines().nth(row).unwrap().split_whitespace().map(str::to_string).collect()
    };
    let told = said.split("others ").nth(1).unwrap().split(':').next().unwrap();
    let four = row(&select(&["--number", "4", "-o", "four.extxyz"]), 4);
    assert_eq!(four[0], told);
    let rest = row(&select(&["--known", "new.extxyz", "-o", "more.extxyz"]), 1);
    assert_eq!(four[3..], rest[3..]);
    // Two atoms at the same place are nearer than any limit.
    let mut clash = frames.clone();
    clash[1].positions[1] = clash[1].positions[0];
    let mut writer =
        mlmd::io::create(&at.join("clash.extxyz"), None, &mlmd::io::WriteOptions::default()).unwrap();
    for frame in &clash {
        writer.write(frame).unwrap();
    }
    writer.finish().unwrap();
    let near =
        ["select", "one.mlmd", "clash.extxyz", "-n", "3", "--closest", "0.1 angstrom", "-o", "far.extxyz"];
    let left = succeed(at, &near);
    assert!(left.contains("left out: 1 with two atoms too near") && left.contains("2 of 3 frames"), "{left}");
    // Nothing is new twice, what was chosen before is not taken for it, and what is no good is left out.
    fs::copy(at.join("new.extxyz"), at.join("selected.extxyz")).unwrap();
    let nothing = succeed(at, &["select", "one.mlmd", "train.extxyz", "--known", "train.extxyz", "-n", "3"]);
    assert!(
        nothing.contains("frames is novel: 0.0000 at most") && !at.join("selected.extxyz").exists(),
        "{nothing}"
    );
    for inputs in [["train.extxyz", kept], [kept, "train.extxyz"]] {
        let known = ["-n", "3", "-o", "train.extxyz"];
        let lost =
            fail(at, 2, &[&["select", "one.mlmd", inputs[0], "--known", inputs[1]], &known[..]].concat());
        assert!(lost.contains("train.extxyz: the input and the output are the same file"), "{lost}");
    }
    let several = fail(at, 2, &["select", "one.mlmd", kept, "-n", "3", "-o", "POSCAR"]);
    assert!(several.contains("POSCAR: VASP POSCAR/CONTCAR holds one structure, not the 3"), "{several}");
    let none = fail(at, 2, &["select", "one.mlmd", kept, "-n", "3", "--closest", "9 angstrom"]);
    assert!(none.contains("none of the 7 frames can be chosen"), "{none}");
    let bare = fail(at, 2, &["select", "one.mlmd", "train.extxyz", "-n", "3", "--spread", "1 eV/angstrom"]);
    assert!(bare.contains("train.extxyz:1 (frame 0): there is no column forces_std"), "{bare}");
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
