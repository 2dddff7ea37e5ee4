//! `mlmd relax`, `mlmd neb` and the stage `[relax]` of `mlmd run`.

use crate::binary::{fail, mlmd, succeed};
use std::fmt::Write;
use std::fs;
use std::path::Path;

const POTENTIAL: &str =
    "[potential.lennard-jones]\nepsilon = \"0.4 eV\"\nsigma = \"2.3 angstrom\"\ncutoff = \"5 angstrom\"\n";

/// Two cubes of a face-centred crystal a little too wide, one atom of it out of place.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from(
        "32\nLattice=\"7.2 0 0 0 7.2 0 0 0 7.2\" Properties=species:S:1:pos:R:3 pbc=\"T T T\"\n",
    );
    for (i, j, k) in sites() {
        let off = if (i, j, k) == (1, 1, 0) { 0.2 } else { 0.0 };
        let [x, y, z] = [i, j, k].map(|n| 1.8 * f64::from(n));
        writeln!(text, "Ar {} {y} {z}", x + off).unwrap();
    }
    fs::write(folder.path().join("start.xyz"), text).unwrap();
    fs::write(folder.path().join("lj.toml"), POTENTIAL).unwrap();
    folder
}

fn sites() -> Vec<(i32, i32, i32)> {
    let range = 0..4;
    let all = range.clone().flat_map(|i| range.clone().flat_map(move |j| (0..4).map(move |k| (i, j, k))));
    all.filter(|(i, j, k)| (i + j + k) % 2 == 0).collect()
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_crystal_is_relaxed_with_its_cell() {
    let folder = folder();
    let text = succeed(
        folder.path(),
        &[
            "relax",
            "lj.toml",
            "start.xyz",
            "-o",
            "out.extxyz",
            "--cell",
            "free",
            "--fmax",
            "1 meV/angstrom",
            "--trajectory",
            "steps.extxyz",
            "--json",
            "--quiet",
        ],
    );
    let result = json(&text);
    assert_eq!(result["converged"], true);
    let lengths: Vec<f64> =
        result["cell_lengths_angstrom"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    // The perfect crystal of this potential: its lattice constant is tested against the lattice sum elsewhere.
    assert!(lengths.iter().all(|a| (a / 7.09 - 1.0).abs() < 0.01), "{lengths:?}");
    let frames = succeed(folder.path(), &["info", "steps.extxyz", "--quiet"]);
    assert!(frames.contains("32"), "{frames}");
    // What was written is at a minimum: nothing is left to do.
    let again = json(&succeed(
        folder.path(),
        &["relax", "lj.toml", "out.extxyz", "--fmax", "1.1 meV/angstrom", "--json", "-q"],
    ));
    assert_eq!(again["steps"], 0);
    let people = succeed(
        folder.path(),
        &["relax", "lj.toml", "start.xyz", "--cell", "isotropic", "--method", "fire", "-q"],
    );
    assert!(people.contains("converged after") && people.contains("volume"), "{people}");
    // Under pressure the enthalpy is what becomes less.
    let pressed = ["relax", "lj.toml", "out.extxyz", "--cell", "isotropic", "--pressure", "1 GPa", "-q"];
    let people = succeed(folder.path(), &pressed);
    let first =
        |line: &str| line.split_whitespace().nth(1).unwrap().trim_start_matches('(').parse::<f64>().unwrap();
    let value = |name: &str| first(people.lines().find(|line| line.trim_start().starts_with(name)).unwrap());
    let volume = value("volume");
    let pressure = 1.0 / 160.217_663_4;
    assert!(
        (value("enthalpy") - value("energy") - pressure * volume).abs() < 1e-4 * pressure * volume,
        "{people}"
    );
    assert!(
        people
            .lines()
            .any(|line| line.contains("enthalpy") && line.contains("below") && !line.contains("(-")),
        "{people}"
    );
}

#[test]
fn what_does_not_converge_ends_with_3_and_what_is_wrong_with_2() {
    let folder = folder();
    // A structure is not lost to what became of it.
    let told = fail(folder.path(), 2, &["relax", "lj.toml", "start.xyz", "-o", "./start.xyz"]);
    assert!(told.contains("the input and the output are the same file"), "{told}");
    let message = fail(folder.path(), 3, &["relax", "lj.toml", "start.xyz", "--steps", "1", "-q"]);
    assert!(message.contains("has not converged: 1 steps were not enough"), "{message}");
    assert!(folder.path().join("relaxed.extxyz").exists());
    for (arguments, expected) in [
        (&["--fmax", "0.01"][..], "has no unit"),
        (&["--cell", "cubic"], "expected fixed, isotropic, axes, free"),
        (&["--pressure", "1 eV"], "unit of another quantity"),
        (&["--fix", "3-x"], "does not name atoms"),
        (&["--fix", "3-1"], "--fix 3-1: the range ends before it begins"),
        (&["-o", "out.foo"], "the name does not say which format to write"),
        (&["-o", "no/out.xyz"], "there is no folder no"),
        (&["--trajectory", "start.xyz"], "this file is that of the structure"),
    ] {
        let ran = mlmd(folder.path(), &[&["relax", "lj.toml", "start.xyz"], arguments].concat());
        assert!(ran.code == 2 && ran.err.contains(expected), "{arguments:?}: {}", ran.err);
    }
    let message = fail(folder.path(), 2, &["relax", "lj.toml", "start.xyz", "--fix", "5-40"]);
    assert!(message.contains("has 32 atoms, counted from 0"), "{message}");
}

/// Flags of VASP are about lattice vectors; a minimisation holds x, y and z.
#[test]
fn atoms_held_along_a_slanted_vector_are_refused() {
    let folder = folder();
    let write = |flags: &str| {
        let text = format!(
            "Ar\n1\n7 0 0\n-3.5 6.062 0\n0 0 7\nAr\n2\nSelective\nDirect\n0 0 0 T T T\n.3 .3 .3 {flags}\n"
        );
        fs::write(folder.path().join("POSCAR"), text).unwrap();
    };
    write("F T F");
    succeed(folder.path(), &["convert", "POSCAR", "same.extxyz", "-q"]);
    for file in ["POSCAR", "same.extxyz"] {
        let message = fail(folder.path(), 2, &["relax", "lj.toml", file, "-q"]);
        assert!(
            message.contains("holds some atoms along lattice vectors that are not x, y or z"),
            "{message}"
        );
    }
    write("F F T");
    succeed(folder.path(), &["relax", "lj.toml", "POSCAR", "-q"]);
    // Its atoms are still marked.
    let text = fs::read_to_string(folder.path().join("relaxed.extxyz")).unwrap();
    assert!(text.contains("move_mask:L:3"), "{text}");
}

/// Writes the crystal without its first atom as `a.xyz`, and as `b.xyz` after a neighbour has hopped there.
fn write_hop(folder: &Path) {
    for (name, empty) in [("a.xyz", (9, 9, 9)), ("b.xyz", (1, 1, 0))] {
        let mut text = String::from(
            "31\nLattice=\"7.1 0 0 0 7.1 0 0 0 7.1\" Properties=species:S:1:pos:R:3 pbc=\"T T T\"\n",
        );
        for mut site in sites().into_iter().filter(|site| *site != (0, 0, 0)) {
            if site == empty {
                site = (0, 0, 0);
            }
            let [x, y, z] = [site.0, site.1, site.2].map(|i| 1.775 * f64::from(i));
            writeln!(text, "Ar {x} {y} {z}").unwrap();
        }
        fs::write(folder.join(name), text).unwrap();
    }
}

#[test]
fn a_vacancy_hop_has_a_barrier_and_files() {
    let folder = folder();
    write_hop(folder.path());
    let text = succeed(
        folder.path(),
        &["neb", "lj.toml", "a.xyz", "b.xyz", "--images", "3", "--fmax", "0.01 eV/angstrom", "--json", "-q"],
    );
    let result = json(&text);
    let number = |key: &str| result[key].as_f64().unwrap();
    assert!(number("forward_barrier_ev") > 0.5, "{text}");
    // Both ends are the same crystal.
    assert!((number("forward_barrier_ev") - number("backward_barrier_ev")).abs() < 1e-4, "{text}");
    assert_eq!((&result["saddle_image"], &result["climbing"]), (&2.into(), &true.into()));
    let read = |name: &str| fs::read_to_string(folder.path().join("neb").join(name)).unwrap();
    assert_eq!(read("path.csv").lines().count(), 6);
    assert_eq!(read("path.extxyz").matches("Lattice=").count(), 5);
    let svg = read("path.svg");
    assert!(svg.starts_with("<svg") && svg.matches("<circle").count() == 5 && !svg.contains("NaN"), "{svg}");
    let people = succeed(folder.path(), &["neb", "lj.toml", "a.xyz", "b.xyz", "--images", "1", "-q"]);
    assert!(people.contains("forward") && people.contains("image 1"), "{people}");
    // The first atom of the list is one of those that do not hop.
    let hopping =
        sites().iter().filter(|site| **site != (0, 0, 0)).position(|site| *site == (1, 1, 0)).unwrap();
    let message =
        fail(folder.path(), 2, &["neb", "lj.toml", "a.xyz", "b.xyz", "--fix", &hopping.to_string()]);
    assert!(message.contains("is held, but is at another place"), "{message}");
    let message = fail(folder.path(), 2, &["neb", "lj.toml", "a.xyz", "start.xyz"]);
    assert!(message.contains("31 atoms and ends with 32"), "{message}");
}

/// Starts what would never end, interrupts it once it has begun, and returns what it said.
#[cfg(unix)]
fn interrupted(folder: &Path, arguments: &[&str]) -> String {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let mut child = crate::binary::command(folder)
        .args(arguments)
        .args(["--fmax", "1e-30 eV/angstrom", "--steps", "1000000000"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let begun = lines.find(|line| line.contains("step 0"));
    assert!(begun.is_some(), "it ended before it began");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let said: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(75), "{said:?}");
    said.join("\n")
}

#[cfg(unix)]
#[test]
fn an_interrupted_minimisation_leaves_its_structure() {
    let folder = folder();
    let said = interrupted(folder.path(), &["relax", "lj.toml", "start.xyz", "--method", "fire"]);
    assert!(said.contains("relaxed.extxyz is the structure of the last step"), "{said}");
    let text = fs::read_to_string(folder.path().join("relaxed.extxyz")).unwrap();
    assert!(text.contains("relax_converged=F"), "{text}");
    succeed(folder.path(), &["relax", "lj.toml", "relaxed.extxyz", "-o", "out.extxyz", "-q"]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_path_goes_on_from_its_images() {
    let folder = folder();
    write_hop(folder.path());
    let ends = ["neb", "lj.toml", "a.xyz", "b.xyz"];
    let said = interrupted(folder.path(), &[&ends[..], &["--keep-ends", "--images", "3"]].concat());
    assert!(said.contains("--path neb/path.extxyz goes on"), "{said}");
    let path = fs::read_to_string(folder.path().join("neb/path.extxyz")).unwrap();
    assert_eq!(path.matches("Lattice=").count(), 5);

    let settings = ["--fmax", "0.01 eV/angstrom", "--json", "-q"];
    let barrier = |first: &[&str]| {
        let result = json(&succeed(folder.path(), &[&ends[..], first, &settings].concat()));
        (result["forward_barrier_ev"].as_f64().unwrap(), result["steps"].as_u64().unwrap())
    };
    let (anew, _) = barrier(&["--images", "3", "-o", "anew"]);
    let (on, _) = barrier(&["--path", "neb/path.extxyz"]);
    // Of the order of force²/stiffness is left of an energy, (0.01 eV/Å)²·31/(5 eV/Å²).
    assert!((on - anew).abs() < 1e-3, "{on} {anew}");
    // What has arrived has no way to go.
    let (still, steps) = barrier(&["--path", "neb/path.extxyz"]);
    assert!((still - on).abs() < 1e-3 && steps <= 20, "{still} {on}, {steps} steps");
    let complaint = fail(folder.path(), 2, &[&ends[..], &["--path", "a.xyz"]].concat());
    assert!(complaint.contains("a.xyz: 1 frame cannot be a path"), "{complaint}");
}

const RUN: &str = "[structure]\nfile = \"start.xyz\"\n[relax]\ncell = \"isotropic\"\npressure = \"1 GPa\"\n\
                   [dynamics]\ntemperature = \"50 K\"\ntimestep = \"2 fs\"\nproduce = \"100 fs\"\n";

fn results(folder: &Path) -> [Vec<u8>; 2] {
    ["relaxed.extxyz", "T0050K/thermo.csv"].map(|name| fs::read(folder.join("out").join(name)).unwrap())
}

/// The stage is done once; a run that begins anew, or goes on from its result, has the same bytes.
#[test]
fn a_run_can_begin_with_a_relaxation() {
    let folder = folder();
    fs::write(folder.path().join("in.toml"), format!("{RUN}{POTENTIAL}")).unwrap();
    let first = succeed(folder.path(), &["run", "in.toml", "-q"]);
    assert!(first.contains("relaxed"), "{first}");
    let expected = results(folder.path());
    assert!(succeed(folder.path(), &["run", "in.toml", "-q"]).contains("relaxed    finished before"));
    assert!(results(folder.path()) == expected);
    fs::remove_dir_all(folder.path().join("out/T0050K")).unwrap();
    succeed(folder.path(), &["run", "in.toml", "-q"]);
    assert!(results(folder.path()) == expected);
    let anew = succeed(folder.path(), &["run", "in.toml", "-q", "--restart", "fresh"]);
    assert!(anew.contains("steps, "), "{anew}");
    assert!(results(folder.path()) == expected);
}
