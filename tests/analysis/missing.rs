//! What replicas have in common, and what an analysis says where something is not there.

use crate::command::{analyze, check_schema, lattice, result, write};
use mlmd::analysis::synthetic::{Kind, Synthetic};
use mlmd::io::{self, ReadOptions, WriteOptions};
use mlmd::{Cell, Frame};
use serde_json::Value;
use std::path::Path;

/// Copies a trajectory with other frames.
fn copy(from: &Path, to: &Path, change: impl Fn(&mut Frame)) {
    let mut out = io::create(to, None, &WriteOptions::default()).unwrap();
    for frame in io::open(from, &ReadOptions::default()).unwrap() {
        let mut frame = frame.unwrap();
        change(&mut frame);
        out.write(&frame).unwrap();
    }
    out.finish().unwrap();
}

/// The warnings of the report, and its first temperature.
fn found(folder: &Path, arguments: &[&str]) -> (String, Value) {
    let output = analyze(folder, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let result = result(&folder.join("analysis"));
    check_schema(&result);
    (result["warnings"].to_string(), result["temperatures"][0].clone())
}

/// The box of a replica is three per cent longer, as a barostat may leave it: 37 grid points along an edge of its own and not 36.
/// Both have one density, and sites in it. Replicas of quite other cells have none, and the report says why.
#[test]
fn replicas_in_boxes_of_several_sizes_have_one_density() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    lattice(300, 1, &path("a.extxyz"));
    for (name, part) in [("b.extxyz", 1.03), ("c.extxyz", 1.15)] {
        copy(&path("a.extxyz"), &path(name), |frame| {
            frame.cell = Cell::orthorhombic(9.0 * part, 9.0 * part, 9.0 * part).unwrap();
            frame.positions.iter_mut().for_each(|r| *r *= part);
        });
    }
    let more = ["--mobile=Li", "--temperature=600 K", "--within=4 angstrom", "--sites=density"];
    let cube = path("analysis/T0600K/density.cube");
    let (_, section) = found(folder.path(), &[&["a.extxyz", "b.extxyz"][..], &more].concat());
    assert!(cube.exists() && section["hops"]["sites"] == 27, "{}", section["hops"]);
    let (warnings, section) = found(folder.path(), &[&["a.extxyz", "c.extxyz"][..], &more].concat());
    assert!(!cube.exists() && section["hops"].is_null());
    assert!(warnings.contains("differ by more than a tenth") && warnings.contains("no hops are counted"));
}

/// Ions that stay where they are have no rate of hops, a slab has no density: neither is left out without a word.
#[test]
fn what_is_not_there_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let still = Synthetic { frames: 60, step: 0.0, ..Synthetic::of(Kind::Cages) };
    write(still, 1, &path("still.extxyz"));
    let sites = ["--mobile=Li", "--temperature=600 K", "--sites=density"];
    let (warnings, section) = found(folder.path(), &[&["still.extxyz"][..], &sites].concat());
    assert!(section["hops"].is_null() && warnings.contains("ions hopped never between"), "{warnings}");
    copy(&path("still.extxyz"), &path("slab.extxyz"), |frame| {
        frame.cell = frame.cell.with_periodic([true, true, false]).unwrap();
    });
    let (warnings, _) = found(folder.path(), &[&["slab.extxyz"][..], &sites].concat());
    assert!(warnings.contains("not periodic in three dimensions: there are no radial"), "{warnings}");
    assert!(warnings.contains("no hops are counted"), "{warnings}");
}

/// Replicas whose temperatures were measured have their mean, not that of the first, and velocities of zero have none.
#[test]
fn measured_temperatures_are_those_of_all_replicas() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    lattice(100, 1, &path("a.extxyz"));
    let scaled = |name: &str, factor: f64| {
        copy(&path("a.extxyz"), &path(name), |frame| {
            frame.velocities.iter_mut().flatten().for_each(|v| *v *= factor);
        });
    };
    scaled("b.extxyz", 1.002);
    scaled("zero.extxyz", 0.0);
    let temperature = |files: &[&str]| {
        let more = ["--mobile=Li", "--charges=Li=1,O=-1", "--within=2 angstrom"];
        found(folder.path(), &[files, &more].concat()).1["temperature_K"].as_f64()
    };
    let [one, both] = [&["a.extxyz"][..], &["a.extxyz", "b.extxyz"]].map(|files| temperature(files).unwrap());
    // The mean of 1 and 1.002²; velocities have eight digits or more.
    assert!((both / one - 0.5 * (1.0 + 1.002 * 1.002)).abs() < 1e-6, "{one} {both}");
    assert_eq!(temperature(&["zero.extxyz"]), None);
}

/// Curves go as far as the longest run, whichever comes first: pictures of two replicas are the same in either order.
#[test]
fn a_short_replica_cuts_no_curve() {
    let folder = tempfile::tempdir().unwrap();
    for (name, frames) in [("short.extxyz", 40), ("long.extxyz", 400)] {
        let system = Synthetic { frames, ..Synthetic::of(Kind::Walks) };
        write(system, frames as u64, &folder.path().join(name));
    }
    let picture = |files: &[&str], name: &str| {
        found(
            folder.path(),
            &[files, &["--mobile=Li", "--temperature=600 K", "--within=2 angstrom"]].concat(),
        );
        std::fs::read_to_string(folder.path().join(format!("analysis/figures/T0600K_{name}.svg"))).unwrap()
    };
    for name in ["msd", "non_gaussian"] {
        let [one, other] = [["short.extxyz", "long.extxyz"], ["long.extxyz", "short.extxyz"]]
            .map(|files| picture(&files, name));
        assert!(one == other, "{name}");
    }
}
