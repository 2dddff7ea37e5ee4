//! `mlmd info`.

use crate::binary::{fail, mlmd, succeed};
use serde_json::Value;
use std::fs;

/// Rock salt, and the same with a wrong label and with two atoms at one place.
const FRAMES: &str = "\
2\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3:forces:R:3 energy=-10 \
config_type=bulk stress=\"0.01 0 0 0 0.01 0 0 0 0.01\"\n\
Li 0 0 0 0.3 0.4 0\nF 2 2 2 -0.3 -0.4 0\n\
2\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3 config_type=bulk\nLi 0 0 0\nF 0 0 1.5\n\
2\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3 config_type=broken\nLi 0 0 0\nF 0 0 4\n\
2\nProperties=species:S:1:pos:R:3 config_type=broken\nLi 0 0 0\nF 0 0 1.9\n";

#[test]
fn a_summary_for_people() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lif.extxyz"), FRAMES).unwrap();
    // Density: (6.94 + 18.998403) amu / 64 Å³ = 0.673 g/cm³. Pressure: −0.01 eV/Å³ = −1.602 GPa.
    let expected = "\
lif.extxyz: extended XYZ, 4 frames
  atoms        2 per frame
  formula      FLi
  cell         4.0000 × 4.0000 × 4.0000 Å, right angles, periodic (frame 0; it varies)
  volume       32.000 Å³/atom
  density      0.673 g/cm³
  shortest     1.500 Å, Li-F (atoms 0 and 1 of frame 1, counted from 0)
  fault        frame 2: atoms 0 and 1 are at the same place (atoms are counted from 0)
  energy       -5.0000 eV/atom (1 of 4 frames)
  forces       RMS 0.5000, largest 0.5000 eV/Å (1 of 4 frames)
  stress       pressure -1.602 GPa (1 of 4 frames)
  config_type  broken (2), bulk (2)
";
    assert_eq!(succeed(folder.path(), &["info", "lif.extxyz"]), expected);
}

#[test]
fn a_summary_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lif.extxyz"), FRAMES).unwrap();
    let value: Value =
        serde_json::from_str(&succeed(folder.path(), &["info", "--json", "lif.extxyz"])).unwrap();
    assert_eq!(value["frames"], 4);
    assert_eq!(value["atoms"]["total"], 8);
    assert_eq!(value["elements"], serde_json::json!(["Li", "F"]));
    assert_eq!(value["energy_ev_per_atom"]["mean"], -5.0);
    assert_eq!(value["shortest_distance"]["angstrom"], 1.5);
    assert_eq!(value["shortest_distance"]["frame"], 1);
    assert_eq!(value["faulty_frames"], 1);
    assert_eq!(value["groups"]["config_type"]["bulk"], 2);
    assert_eq!(value["temperature_k"], Value::Null);
}

#[test]
fn what_is_no_structure_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("empty.xyz"), "").unwrap();
    fs::write(folder.path().join("poem.txt"), "roses are red\n").unwrap();
    assert!(fail(folder.path(), 2, &["info", "empty.xyz"]).contains("the file is empty"));
    assert!(fail(folder.path(), 2, &["info", "poem.txt"]).contains("neither the content nor the name"));
    fs::write(folder.path().join("run.toml"), "seed = 1\n[structure]\nfile = \"a.xyz\"\n").unwrap();
    assert!(fail(folder.path(), 2, &["info", "run.toml"]).contains("run.toml: an input of mlmd"));
    assert!(fail(folder.path(), 2, &["info", "absent"]).contains("absent: cannot open"));
    assert!(fail(folder.path(), 2, &["info", "."]).contains("no potential in this folder"));
}

#[test]
fn devices_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let people = succeed(folder.path(), &["info", "--devices"]);
    assert!(people.starts_with("Devices\n  cpu"), "{people}");
    let text = succeed(folder.path(), &["info", "--devices", "--json"]);
    let devices: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(devices[0]["kind"], "cpu");
    assert!(devices[0]["threads"].as_u64().unwrap() >= 1);
    // The processor, every graphics processor in the same order, and a reason where there is none.
    let named =
        people.lines().filter(|line| line.starts_with("  gpu ") && line[6..].starts_with(char::is_numeric));
    assert_eq!(named.count(), devices.len() - 1, "{people}{text}");
    for device in &devices[1..] {
        assert!(device["bindings"].as_u64().unwrap() >= 4, "{device}");
        assert!(!device["name"].as_str().unwrap().is_empty(), "{device}");
    }
    assert!(fail(folder.path(), 2, &["info", "--devices", "x.extxyz"]).contains("cannot be used with"));
}

#[test]
fn more_is_said_to_those_who_ask() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lif.extxyz"), FRAMES).unwrap();
    let plain = mlmd(folder.path(), &["info", "lif.extxyz"]);
    let more = mlmd(folder.path(), &["info", "-v", "lif.extxyz"]);
    // The result is the same; what is added goes where remarks go.
    assert_eq!((plain.code, &plain.out), (0, &more.out));
    assert_eq!(plain.err, "");
    assert!(more.err.starts_with("mlmd ") && more.err.contains(" in all"), "{}", more.err);
}
