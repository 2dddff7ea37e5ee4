//! Every file of the reference data against ASE, which nobody here wrote.

use crate::support::shared;
use mlmd::Frame;
use mlmd::io::{self, ReadOptions};
use mlmd::units::FileUnits;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The exit code by which the script says that ASE is not installed.
const NO_ASE: i32 = 77;

/// Frames of a file that are compared one by one: the first, the last, and some between.
const SAMPLES: usize = 6;

/// What a file does not say itself.
fn options(name: &str) -> ReadOptions {
    let elements = |symbols: &[&str]| Some(symbols.iter().map(|symbol| symbol.parse().unwrap()).collect());
    let mut options = ReadOptions::default();
    match name {
        "conf.waterion.lmp" => options.elements = elements(&["O", "H"]),
        "traj.dump" => options.elements = elements(&["Fe", "C"]),
        "cu2s_nve.dump" => options.elements = elements(&["S", "Cu"]),
        "li3n_esnap.dump" => options.elements = elements(&["Li", "N"]),
        _ => {}
    }
    options
}

/// The units of the n2p2 cases, as their README states them.
fn units(path: &Path) -> FileUnits {
    if path.to_string_lossy().contains("mlearn") || path.ends_with("li_4320.data") {
        "hartree,bohr".parse().unwrap()
    } else {
        FileUnits::EV_ANGSTROM
    }
}

fn vectors<'a>(vectors: impl IntoIterator<Item = &'a mlmd::system::Vec3>) -> Value {
    vectors.into_iter().map(|v| json!([v.x, v.y, v.z])).collect()
}

fn frame_as_json(index: usize, frame: &Frame) -> Value {
    let rows = |m: &mlmd::system::Mat3| json!([0, 1, 2].map(|i| [m[(i, 0)], m[(i, 1)], m[(i, 2)]]));
    json!({
        "index": index,
        "symbols": frame.species.iter().map(|element| element.symbol()).collect::<Vec<_>>(),
        "cell": frame.cell.rows(),
        "pbc": frame.cell.periodic(),
        "positions": vectors(&frame.positions),
        "energy": frame.energy,
        "forces": frame.forces.as_ref().map(vectors),
        "velocities": frame.velocities.as_ref().map(vectors),
        "stress": frame.stress.as_ref().map(rows),
    })
}

/// Reads a file as a user would and samples it.
fn entry(path: &Path) -> Value {
    let name = path.file_name().unwrap().to_string_lossy();
    let units = units(path);
    let options = ReadOptions { units: Some(units), ..options(&name) };
    let opened = io::open(path, &options).unwrap_or_else(|error| panic!("{error}"));
    let format = opened.format();
    let frames: Vec<Frame> = opened.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{error}"));
    let picked = (0..SAMPLES).map(|k| k * (frames.len() - 1) / (SAMPLES - 1));
    let mut picked: Vec<usize> = picked.collect();
    picked.dedup();
    json!({
        "path": path,
        "format": format.to_string(),
        "elements": options.elements.map(|e| e.iter().map(|e| e.symbol()).collect::<Vec<_>>()),
        "units": [units.energy, units.length],
        "count": frames.len(),
        "frames": picked.into_iter().map(|i| frame_as_json(i, &frames[i])).collect::<Vec<_>>(),
    })
}

/// Every file of a folder that passes a filter, in the order of their names.
fn files(folder: &Path, keep: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && keep(&path.file_name().unwrap().to_string_lossy()))
        .collect();
    files.sort();
    files
}

/// Counts, cells, positions, velocities, energies, forces and stress of all files agree with ASE's; where
/// ASE means something else, `cross_check.py` says why.
#[test]
fn every_reference_file_agrees_with_ase() {
    let Some(data) = shared("formats").and_then(|path| path.parent().map(Path::to_path_buf)) else { return };
    let mut paths = files(&data.join("formats"), |_| true);
    paths.extend(files(&data, |name| name.ends_with(".extxyz")));
    for (folder, ending) in [
        ("golden/lammps", ".dump"),
        ("golden/lammps", ".li3n"),
        ("golden/aenet/structures", ".xsf"),
        ("golden/n2p2/mlearn_Li", "input.data"),
        ("golden/n2p2/Cu2S_sets", "input.data"),
        ("li3n-pbe", ".extxyz"),
    ] {
        if data.join(folder).exists() {
            paths.extend(files(&data.join(folder), |name| name.ends_with(ending)));
        }
    }
    assert!(paths.len() > 30, "{} files", paths.len());
    let entries: Vec<Value> = paths.iter().map(|path| entry(path)).collect();
    let directory = tempfile::tempdir().unwrap();
    let read = directory.path().join("read.json");
    std::fs::write(&read, serde_json::to_vec(&entries).unwrap()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/io/cross_check.py");
    let Ok(output) = Command::new("python3").arg(script).arg(&read).output() else {
        eprintln!("skipped: there is no python3");
        return;
    };
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    eprint!("{said}");
    if output.status.code() == Some(NO_ASE) {
        return;
    }
    assert!(output.status.success(), "{said}");
}
