//! What is in the folder of a run, and whose it is.

use crate::run::{INPUT, folder, frames, results, run};
use std::fs;
use std::path::Path;

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    message
}

#[track_caller]
fn succeed(folder: &Path, arguments: &[&str]) {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A task that an earlier list had is no result of an input that names it later: `fresh` deletes it, and its place in the list,
/// from which its seed follows, is remembered while shorter lists are run.
#[test]
fn tasks_of_earlier_lists_do_not_pass_for_others() {
    let folder = folder();
    let path = folder.path();
    succeed(path, &[]);
    let first = results(path);
    // The beginning of the list goes on alone.
    succeed(path, &["--set", "dynamics.temperature=[\"40 K\"]"]);
    let message = refused(path, &["--set", "dynamics.temperature=[\"40 K\", \"60 K\", \"80 K\"]"]);
    assert!(
        message.contains("- T0040K, T0080K") && message.contains("+ T0040K, T0060K, T0080K"),
        "{message}"
    );
    succeed(path, &[]);
    assert!(results(path) == first);
    let other = ["--set", "seed=77"];
    let one = [&other[..], &["--restart", "fresh", "--set", "dynamics.temperature=[\"40 K\"]"]].concat();
    succeed(path, &one);
    assert!(!path.join("out/T0080K").exists());
    succeed(path, &other);
    let second = results(path);
    assert!(first.iter().zip(&second).all(|(a, b)| a != b));
}

/// `[relax]` leaves fixed atoms where they are, as the dynamics does, which gives those that move the temperature; a structure
/// of somebody else is no result of it.
#[test]
fn fixed_atoms_stay_from_the_beginning() {
    let folder = folder();
    let path = folder.path();
    let input = INPUT
        .replace("supercell = [3, 3, 3]", "supercell = [3, 3, 3]\nrattle = \"0.1 angstrom\"")
        .replace("equilibrate = \"400 fs\"\n", "")
        .replace("timestep", "fixed = [0, 1, 2, 3, 4, 5, 6, 7]\ntimestep")
        + "[relax]\n";
    fs::write(path.join("in.toml"), &input).unwrap();
    succeed(path, &[]);
    let unrelaxed = input.replace("[relax]\n", "");
    fs::write(path.join("in.toml"), unrelaxed).unwrap();
    succeed(path, &["--set", "output.directory=plain"]);
    let first = |of: &str| frames(&path.join(of).join("T0080K/trajectory.extxyz")).remove(0);
    let (start, relaxed) = (first("plain"), frames(&path.join("out/relaxed.extxyz")).remove(0));
    let moved = |atom: usize| (start.positions[atom] - relaxed.positions[atom]).norm();
    assert!((0..8).all(|atom| moved(atom) < 1e-12) && (8..20).any(|atom| moved(atom) > 0.05));
    let thermo = fs::read_to_string(path.join("plain/T0080K/thermo.csv")).unwrap();
    let temperature: f64 = thermo.lines().nth(1).unwrap().split(',').nth(2).unwrap().parse().unwrap();
    assert!((temperature - 80.0).abs() < 1e-9, "{temperature}");

    fs::create_dir(path.join("foreign")).unwrap();
    fs::copy(path.join("out/relaxed.extxyz"), path.join("foreign/relaxed.extxyz")).unwrap();
    fs::write(path.join("in.toml"), &input).unwrap();
    let message = refused(path, &["--set", "output.directory=foreign"]);
    assert!(message.contains("this structure is of no run of this folder"), "{message}");
}

/// A cell under tension that nothing holds together stops the run, and so does one that would leap.
#[test]
fn a_cell_that_explodes_stops_the_run() {
    let folder = folder();
    let barostat = |more: &str| format!("{INPUT}[dynamics.barostat.c-rescale]\ntime = \"40 fs\"\n{more}\n");
    for (pressure, what) in
        [("-20 GPa", "more than 8 times"), ("-100000 GPa", "change by more than its size in a step")]
    {
        fs::write(folder.path().join("in.toml"), barostat(&format!("pressure = \"{pressure}\""))).unwrap();
        let output = run(folder.path(), &["--restart", "fresh"]);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(3) && message.contains(what), "{pressure}: {message}");
    }
}
