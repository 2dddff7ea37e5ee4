//! `mlmd run`: how a run begins, and what it says it will write.

use crate::run::{ARGON, INPUT, folder, frames, run};
use mlmd::system::Vec3;
use std::fs;
use std::path::Path;

/// Argon with velocities, whose centre of mass moves.
const MOVING: &str = "4\nLattice=\"5.4 0 0 0 5.4 0 0 0 5.4\" Properties=species:S:1:pos:R:3:velo:R:3 pbc=\"T T T\"\n\
                      Ar 0 0 0 0.003 0 0\nAr 0 2.7 2.7 0 0.002 0\nAr 2.7 0 2.7 0 0 0.001\nAr 2.7 2.7 0 0.001 0.002 0.003\n";

const NOTE: &str = "new ones are drawn";

/// One run at constant energy, recorded from its first step.
fn moving() -> tempfile::TempDir {
    let folder = folder();
    let input = INPUT
        .replace("[dynamics.thermostat.csvr]\ntime = \"100 fs\"\n", "")
        .replace("[\"40 K\", \"80 K\"]", "\"40 K\"")
        .replace("equilibrate = \"400 fs\"\n", "");
    fs::write(folder.path().join("in.toml"), input).unwrap();
    fs::write(folder.path().join("argon.xyz"), MOVING).unwrap();
    folder
}

/// Velocities at the first step.
fn first(folder: &Path) -> Vec<Vec3> {
    let start = frames(&folder.join("out/T0040K/trajectory.extxyz")).remove(0);
    start.velocities.expect("a run writes velocities")
}

fn told(folder: &Path, arguments: &[&str]) -> [String; 2] {
    let output = run(folder, arguments);
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "{err}");
    [out, err]
}

/// A run takes up velocities where it is told to, in every cell of a supercell and less the drift; else it says that it
/// draws new ones, where there are others.
#[test]
fn velocities_of_a_file_are_taken_up_or_it_is_said() {
    let folder = moving();
    let path = folder.path();
    assert!(told(path, &["--dry-run"])[0].contains(NOTE));
    told(path, &["--set", "output.directory=drawn"]);
    let taken = "dynamics.velocities=file";
    assert!(!told(path, &["--dry-run", "--set", taken])[0].contains(NOTE));
    told(path, &["--set", taken]);
    let given =
        [[3.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 1.0], [1.0, 2.0, 3.0]].map(|v| Vec3::from(v) * 1e-3);
    let drift: Vec3 = given.iter().sum::<Vec3>() / 4.0;
    let found = first(path);
    assert_eq!(found.len(), 4 * 27);
    for (atom, v) in found.iter().enumerate() {
        // Files have eight decimals or more of Å/fs.
        assert!((v - (given[atom % 4] - drift)).norm() < 1e-8, "atom {atom}: {v:?}");
    }
    let held = path.join("out");
    fs::remove_dir_all(held).unwrap();
    told(path, &["--set", taken, "--set", "dynamics.fixed=[0, 5]"]);
    for (atom, v) in first(path).iter().enumerate() {
        let expected = if [0, 5].contains(&atom) { Vec3::zeros() } else { given[atom % 4] };
        assert!((v - expected).norm() < 1e-8, "atom {atom}: {v:?}");
    }
    // Nothing to say where there are none.
    fs::write(path.join("argon.xyz"), ARGON).unwrap();
    assert!(!told(path, &["--dry-run", "--set", "output.directory=other"])[0].contains(NOTE));
}

/// What the dry run counts is what is there after the run.
#[test]
fn the_dry_run_counts_what_is_written() {
    let folder = folder();
    let path = folder.path();
    let uneven = ["--set", "output.checkpoint.every=300 fs", "--set", "output.trajectory.every=64 fs"];
    let [said, _] = told(path, &[&["--dry-run"], &uneven[..]].concat());
    told(path, &uneven);
    let frames = frames(&path.join("out/T0040K/trajectory.extxyz")).len();
    let rows = fs::read_to_string(path.join("out/T0040K/thermo.csv")).unwrap().lines().count() - 1;
    // 1600 fs: five checkpoints, and one at the end.
    assert!(said.contains(&format!("{frames} frames, {rows} thermo rows, 6 checkpoints")), "{said}");
}

/// A cell may grow further, or be only told of, where the input says so; angles are in the table.
#[test]
fn the_cell_is_watched_as_the_input_says() {
    let folder = folder();
    let path = folder.path();
    let input = INPUT.replace("[\"40 K\", \"80 K\"]", "\"40 K\"");
    let barostat =
        "[dynamics.barostat.c-rescale]\ntime = \"40 fs\"\nmode = \"flexible\"\npressure = \"-0.2 GPa\"\n";
    let guard = "[guards.cell]\nvolume = 1.001\nheight = 0.9999\npolicy = \"warn\"\n";
    fs::write(path.join("in.toml"), format!("{input}{barostat}{guard}")).unwrap();
    let [out, _] = told(path, &[]);
    assert!(out.contains("the volume of the cell out of bounds at"), "{out}");
    let table = fs::read_to_string(path.join("out/T0040K/guards.csv")).unwrap();
    assert!(table.contains(",volume_A3,,,,"), "{table}");
    let thermo = fs::read_to_string(path.join("out/T0040K/thermo.csv")).unwrap();
    let rows: Vec<Vec<&str>> = thermo.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0][11..], ["alpha_deg", "beta_deg", "gamma_deg"]);
    let angles: Vec<f64> = rows.last().unwrap()[11..].iter().map(|angle| angle.parse().unwrap()).collect();
    assert!(angles.iter().all(|angle| (60.0..120.0).contains(angle) && *angle != 90.0), "{angles:?}");
    let output = run(path, &["--restart", "fresh", "--set", "guards.cell.policy=stop"]);
    assert_eq!(output.status.code(), Some(3));
}

/// A run that goes on in a table from before there were angles adds rows like those that are there.
#[test]
fn a_table_without_angles_goes_on_without() {
    let folder = folder();
    let path = folder.path();
    let input = INPUT.replace("[\"40 K\", \"80 K\"]", "\"40 K\"").replace("1200 fs", "600 fs");
    fs::write(path.join("in.toml"), &input).unwrap();
    told(path, &[]);
    let table = path.join("out/T0040K/thermo.csv");
    let cut = |text: &str| -> String {
        text.lines().map(|line| line.split(',').take(11).collect::<Vec<_>>().join(",") + "\n").collect()
    };
    let short = cut(&fs::read_to_string(&table).unwrap());
    // As long as the checkpoint says it was.
    let long = fs::read_to_string(&table).unwrap().len();
    let mut before = short.clone();
    before.push_str(&"0\n".repeat((long - short.len()) / 2));
    before.push_str(if (long - short.len()) % 2 == 1 { "\n" } else { "" });
    fs::write(&table, &before).unwrap();
    fs::write(path.join("in.toml"), INPUT.replace("[\"40 K\", \"80 K\"]", "\"40 K\"")).unwrap();
    told(path, &[]);
    let text = fs::read_to_string(&table).unwrap();
    let added: Vec<_> = text[before.len()..].lines().collect();
    assert_eq!(added.len(), 30);
    assert!(added.iter().all(|line| line.split(',').count() == 11), "{added:?}");
}
