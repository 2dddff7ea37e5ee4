//! `mlmd convert`.

use crate::binary::{fail, mlmd, succeed};
use std::fs;
use std::path::Path;

/// Five frames of a growing cell.
fn write_frames(folder: &Path) {
    let frame = |k: usize| {
        format!(
            "2\nLattice=\"{a} 0 0 0 {a} 0 0 0 {a}\" Properties=species:S:1:pos:R:3:forces:R:3 energy=-{k}.125\n\
             Li 0 0 0.1 0.25 0 -1e-3\nF 2 2 2 -0.25 0 1e-3\n",
            a = 4.0 + 0.1 * k as f64
        )
    };
    fs::write(folder.join("in.extxyz"), (0..5).map(frame).collect::<String>()).unwrap();
}

#[test]
fn frames_are_chosen_and_compressed() {
    let folder = tempfile::tempdir().unwrap();
    write_frames(folder.path());
    let ran = mlmd(folder.path(), &["convert", "in.extxyz", "out.extxyz.gz", "--frames", "1:4:2"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, "out.extxyz.gz: 2 frames\n"));
    let info = succeed(folder.path(), &["info", "out.extxyz.gz"]);
    assert!(info.starts_with("out.extxyz.gz: extended XYZ, 2 frames\n"), "{info}");
    assert!(info.contains("-1.5625 to -0.5625 eV/atom"), "{info}");
    // What was written reads back as the same numbers, so a second conversion changes nothing.
    succeed(folder.path(), &["convert", "out.extxyz.gz", "a.xyz", "--quiet"]);
    succeed(folder.path(), &["convert", "a.xyz", "b.xyz", "--quiet"]);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("a.xyz"), read("b.xyz"));
}

#[test]
fn what_a_format_has_no_place_for_is_told() {
    let folder = tempfile::tempdir().unwrap();
    write_frames(folder.path());
    for (to, rest) in [
        ("out.xyz", ""),
        ("out.lammpstrj", "not in it: energy, for which LAMMPS dump has no place\n"),
        ("out.h5", ""),
        ("out.axsf", ""),
        ("input.data", ""),
        ("XDATCAR", "not in it: energy, forces, for which VASP XDATCAR has no place\n"),
    ] {
        let ran = mlmd(folder.path(), &["convert", "in.extxyz", to]);
        assert_eq!((ran.code, ran.err), (0, format!("{to}: 5 frames\n{rest}")));
    }
}

#[test]
fn a_failure_leaves_the_older_output_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    write_frames(folder.path());
    let whole = fs::read_to_string(folder.path().join("in.extxyz")).unwrap();
    fs::write(folder.path().join("cut.xyz"), &whole[..whole.len() - 40]).unwrap();
    fs::write(folder.path().join("old.xyz"), "precious").unwrap();
    let error = fail(folder.path(), 2, &["convert", "cut.xyz", "old.xyz"]);
    assert!(error.contains("cut.xyz:19:5"), "{error}");
    assert_eq!(fs::read_to_string(folder.path().join("old.xyz")).unwrap(), "precious");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn impossible_conversions_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    write_frames(folder.path());
    for (arguments, expected) in [
        (&["in.extxyz", "in.extxyz"][..], "the input and the output are the same file"),
        (&["in.extxyz", "no/out.xyz"], "no/out.xyz: there is no folder no"),
        (&["in.extxyz", "out.nonsense"], "the name does not say which format to write"),
        (&["in.extxyz", "out.xyz", "--units", "hartree,bohr"], "in.extxyz: units were given, but those of"),
        (&["in.extxyz", "out.outcar", "--to", "outcar"], "error: out.outcar: mlmd does not write"),
        (&["in.extxyz", "out.xyz", "--frames", "7"], "there is no frame 7: the file has 5 frames"),
        (&["in.extxyz", "out.xyz", "--frames", "3:3"], "no frame was chosen"),
        (&["absent.xyz", "out.xyz"], "absent.xyz: cannot open: "),
    ] {
        let arguments: Vec<_> = ["convert"].iter().chain(arguments).copied().collect();
        let error = fail(folder.path(), 2, &arguments);
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    for (arguments, expected) in [
        (["--to", "extxzy"], "did you mean `extxyz`?"),
        (["--frames", "1;2"], "expected 3, -1, 10:20, ::5"),
        (["--units", "furlong,eV"], "furlong"),
        (["--types", "Li,Xx"], "`Xx` is not the symbol of an element"),
    ] {
        let arguments: Vec<_> = ["convert", "in.extxyz", "out.xyz"].into_iter().chain(arguments).collect();
        let ran = mlmd(folder.path(), &arguments);
        assert!(ran.code == 2 && ran.err.contains(expected), "{arguments:?}: {}", ran.err);
    }
}
