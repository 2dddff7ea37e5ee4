//! H5MD trajectories, against h5py, MDAnalysis and ASE where Python has them.

use crate::support::{placeless, reading};
use mlmd::io::{self, Format, Precision, ReadOptions, WriteOptions};
use mlmd::system::{Cell, Vec3};
use mlmd::{Element, Frame};
use std::path::Path;
use std::process::Command;

/// A triclinic, breathing cell of lithium and nitrogen whose atoms wander through it.
fn trajectory(frames: usize) -> Vec<Frame> {
    let species = ["Li", "N", "Li", "Li"].map(|s| Element::from_symbol(s).unwrap()).to_vec();
    (0..frames)
        .map(|k| {
            let x = k as f64;
            let rows = [[4.0 + 0.01 * x, 0.0, 0.0], [0.5, 5.0, 0.0], [-0.2, 0.3, 6.0 + 0.02 * x]];
            let cell = Cell::new(rows, [true; 3]).unwrap();
            let positions =
                (0..4).map(|i| cell.cartesian(&Vec3::new(0.1, 0.2 + 0.2 * f64::from(i), 0.7))).collect();
            let mut frame = Frame::new(cell, species.clone(), positions);
            frame.images = Some((0..4).map(|i| [k as i32 - i, 0, -7 * i]).collect());
            frame.velocities =
                Some((0..4).map(|i| Vec3::new(0.01 * x, -0.02, 0.1 / f64::from(i + 1))).collect());
            frame.energy = Some(-12.5 + 0.1 * x);
            frame.step = Some(10 * k as u64 + 100);
            frame.time = Some(5.0 * x + 50.0);
            frame
        })
        .collect()
}

fn write(path: &Path, frames: &[Frame], precision: Precision) {
    let mut out = io::create(path, None, &WriteOptions { precision }).unwrap();
    for frame in frames {
        out.write(frame).unwrap();
    }
    out.finish().unwrap();
}

fn read(path: &Path) -> Vec<Frame> {
    reading(path, &ReadOptions::default()).iter().map(placeless).collect()
}

#[test]
fn frames_come_back_as_they_went() {
    let mut frames = trajectory(5);
    assert_eq!(through(&frames), frames);
    // Forces pass through kJ/mol: two roundings.
    for frame in &mut frames {
        frame.forces = Some((0..4).map(|i| Vec3::new(1.0 / 3.0, -0.7, f64::from(i))).collect());
        frame.masses = Some(vec![6.015, 14.003, 6.015, 7.016]);
        frame.charges = Some(vec![1.0, -3.0, 1.0, 1.0]);
        frame.cell = frame.cell.with_periodic([true, true, false]).unwrap();
    }
    for (back, frame) in through(&frames).iter_mut().zip(&frames) {
        for (f, g) in back.forces.iter_mut().flatten().zip(frame.forces.iter().flatten()) {
            assert!((*f - g).norm() <= 4.0 * f64::EPSILON * g.norm());
            *f = *g;
        }
        assert_eq!(back, frame);
    }
    // No cell, no step, no time: frames are numbered, and no time is made of that.
    let mut molecule = Frame::new(Cell::isolated(), frames[0].species.clone(), frames[0].positions.clone());
    let read = through(std::slice::from_ref(&molecule)).remove(0);
    molecule.step = Some(0);
    assert_eq!(read, molecule);
}

fn through(frames: &[Frame]) -> Vec<Frame> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.h5");
    write(&path, frames, Precision::Shortest);
    recognised_file(&path);
    read(&path)
}

fn recognised_file(path: &Path) {
    assert_eq!(io::open(path, &ReadOptions::default()).unwrap().format(), Format::H5md);
}

#[test]
fn single_precision_keeps_seven_digits() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.h5");
    let frames = trajectory(300);
    write(&path, &frames, Precision::Single);
    let read = read(&path);
    assert_eq!(read.len(), frames.len());
    for (a, b) in read.iter().zip(&frames) {
        assert_eq!(
            (a.step, a.time, a.energy, &a.cell, &a.images),
            (b.step, b.time, b.energy, &b.cell, &b.images)
        );
        for (r, s) in a.positions.iter().zip(&b.positions) {
            // Half a unit in the last of 24 binary digits.
            assert!((r - s).amax() <= s.amax() * f64::from(f32::EPSILON) / 2.0);
        }
    }
}

/// Positions outside the cell are wrapped, and the images that are counted say where they were. Where nobody counts,
/// none are written: zeros would say that no atom ever left the cell.
#[test]
fn positions_are_wrapped_where_images_are_counted() {
    let mut frame = trajectory(1).remove(0);
    frame.positions[2] += frame.cell.translation([3, 0, -2]);
    frame.images = Some(vec![[0; 3]; 4]);
    let back = through(std::slice::from_ref(&frame)).remove(0);
    assert_eq!(back.images.as_ref().unwrap()[2], [3, 0, -2]);
    let (a, b) = (back.to_system().unwrap(), frame.to_system().unwrap());
    for i in 0..4 {
        assert!((a.unwrapped(i) - b.unwrapped(i)).norm() < 1e-13);
    }
    frame.images = None;
    let back = through(std::slice::from_ref(&frame)).remove(0);
    assert_eq!((back.images, back.positions), (None, frame.positions));
}

#[test]
fn what_an_h5md_file_cannot_hold_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.h5");
    let mut frames = trajectory(2);
    frames[1].species.swap(0, 1);
    let mut out = io::create(&path, None, &WriteOptions::default()).unwrap();
    out.write(&frames[0]).unwrap();
    let message = out.write(&frames[1]).unwrap_err().to_string();
    assert!(message.contains("frame 1 differs from the first in its elements"), "{message}");
    frames = trajectory(2);
    frames[1].velocities = None;
    let message = out.write(&frames[1]).unwrap_err().to_string();
    assert!(message.contains("differs from the first in its properties"), "{message}");

    let gzip = directory.path().join("x.h5.gz");
    let mut out = io::create(&gzip, None, &WriteOptions::default()).unwrap();
    let message = out.write(&frames[0]).unwrap_err().to_string();
    assert!(message.contains("cannot be written through gzip"), "{message}");
    for (name, bytes) in [("empty.h5", &b""[..]), ("none.h5", b"\x89HDF\r\n\x1a\n"), ("zero.h5", &[0; 500])] {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert!(io::read_all(&path, &ReadOptions::default()).is_err(), "{name}");
    }
}

/// A file may be cut off or damaged anywhere: an error, or frames, but no panic and no endless loop.
#[test]
fn damaged_files_are_survived() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.h5");
    write(&path, &trajectory(3), Precision::Single);
    let whole = std::fs::read(&path).unwrap();
    for k in 0..400 {
        let mut bytes = whole.clone();
        let at = 7919 * k % bytes.len();
        if k % 4 == 0 {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1 << (k % 8);
        }
        std::fs::write(&path, &bytes).unwrap();
        if let Ok(frames) = io::open(&path, &ReadOptions::default()) {
            assert!(frames.take(100).filter_map(Result::ok).count() <= 100);
        }
    }
}

/// Runs a Python script on files; `None`, with a remark, where Python or a package is missing.
fn python(packages: &[&str], script: &str, arguments: &[&Path]) -> Option<String> {
    for package in packages {
        let found = Command::new("python3").args(["-c", &format!("import {package}")]).output();
        if !found.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: there is no Python with {package}");
            return None;
        }
    }
    let output = Command::new("python3").arg("-c").arg(script).args(arguments).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Opened by the HDF5 library itself, chunk by chunk, with every rule of H5MD that other programs rely on.
#[test]
fn h5py_and_mdanalysis_open_what_mlmd_writes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trajectory.h5");
    let frames = trajectory(600);
    write(&path, &frames, Precision::Single);
    let checked = python(
        &["h5py", "MDAnalysis"],
        r#"
import sys, warnings, h5py, numpy as np
warnings.simplefilter("ignore")
with h5py.File(sys.argv[1], "r") as f:
    assert list(f["h5md"].attrs["version"]) == [1, 1]
    assert f["h5md/creator"].attrs["name"] == "mlmd" and f["h5md/author"].attrs["name"]
    p = f["particles/trajectory"]
    v = p["position/value"]
    assert v.shape == (600, 4, 3) and v.dtype == "f4" and v.compression == "gzip" and v.shuffle
    assert v.maxshape[0] is None and v.attrs["unit"] == "Angstrom"
    assert h5py.check_string_dtype(v.attrs.get_id("unit").dtype).length is None
    assert p["box"].attrs["dimension"] == 3 and list(p["box"].attrs["boundary"]) == ["periodic"] * 3
    assert p["box/edges/step"] == p["position/step"] and p["velocity/time"] == p["position/time"]
    k = np.arange(600)
    assert (p["position/step"][:] == 10 * k + 100).all() and (p["position/time"][:] == 5.0 * k + 50).all()
    assert (p["image/value"][:, 1, 0] == k - 1).all() and (p["image/value"][:, 3, 2] == -21).all()
    assert np.allclose(p["box/edges/value"][:, 0, 0], 4 + 0.01 * k, rtol=1e-15)
    assert np.allclose(p["velocity/value"][:, 2, 0], 0.01 * k, rtol=1e-6)
    names = {n: s for s, n in h5py.check_enum_dtype(p["species"].dtype).items()}
    assert [names[x] for x in p["species"][:]] == ["Li", "N", "Li", "Li"]
    assert np.allclose(f["observables/potential_energy/value"][:], -12.5 + 0.1 * k)
import MDAnalysis
u = MDAnalysis.Universe.empty(4, trajectory=True)
u.load_new(sys.argv[1], format="H5MD")
assert len(u.trajectory) == 600
for ts in u.trajectory[::50]:
    # MDAnalysis has ps and angstrom.
    assert abs(ts.time - (0.005 * ts.frame + 0.05)) < 1e-9 and ts.data["step"] == 10 * ts.frame + 100
    assert abs(ts.dimensions[0] - (4 + 0.01 * ts.frame)) < 1e-5
    assert np.allclose(ts.velocities[:, 1], -20.0) and abs(ts.data["potential_energy"] + 12.5 - 0.1 * ts.frame) < 1e-9
    assert abs(ts.positions[0, 2] - 0.7 * (6 + 0.02 * ts.frame)) < 1e-5
print("checked")
"#,
        &[&path],
    );
    assert!(checked.is_none_or(|text| text == "checked\n"));
}

/// What MDAnalysis and h5py write is read: other units, a fixed box, steps as an increment, elements by number.
#[test]
fn files_of_other_programs_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.h5");
    let Some(_) = python(
        &["h5py"],
        r#"
import sys, h5py, numpy as np
with h5py.File(sys.argv[1], "w") as f:
    p = f.create_group("particles/all")
    v = p.create_dataset("position/value", data=np.arange(12).reshape(2, 2, 3) * 0.01)
    v.attrs["unit"] = "nm"
    p["position/step"] = 5
    p["position/step"].attrs["offset"] = 100
    p["position/time"] = [1.0, 2.0]
    p["position/time"].attrs["unit"] = np.bytes_("ps")
    w = p.create_dataset("velocity/value", data=np.ones((2, 2, 3)), chunks=(1, 2, 3), compression="gzip")
    w.attrs["unit"] = "nm ps-1"
    p["species"] = np.array([2, 1], dtype="i1")
    b = p.create_group("box")
    b.attrs["dimension"] = 3
    b.attrs["boundary"] = ["periodic"] * 3
    b["edges"] = [1.0, 2.0, 3.0]
    b["edges"].attrs["unit"] = "nm"
"#,
        &[&path],
    ) else {
        return;
    };
    let message = io::read_all(&path, &ReadOptions::default()).unwrap_err().to_string();
    assert!(message.contains("does not say which elements"), "{message}");
    let elements = ["Li", "N"].map(|s| Element::from_symbol(s).unwrap()).to_vec();
    let options = ReadOptions { elements: Some(elements), ..ReadOptions::default() };
    let frames = reading(&path, &options);
    assert_eq!(frames.len(), 2);
    let last = &frames[1];
    assert_eq!(last.species.iter().map(|e| e.symbol()).collect::<Vec<_>>(), ["N", "Li"]);
    assert_eq!((last.step, last.time), (Some(105), Some(2000.0)));
    assert_eq!(last.cell.lengths(), [10.0, 20.0, 30.0]);
    assert!((last.positions[1] - Vec3::new(0.9, 1.0, 1.1)).norm() < 1e-15);
    assert_eq!(last.velocities.as_ref().unwrap()[0], Vec3::new(0.01, 0.01, 0.01));
}

/// What programs leave out or write in their own way is understood or refused in words that help.
#[test]
fn habits_of_other_programs_are_known() {
    let directory = tempfile::tempdir().unwrap();
    let script = r#"
import sys, os, h5py, numpy as np
def write(name, creator, species, unit, boundary):
    with h5py.File(os.path.join(sys.argv[1], name), "w") as f:
        f.create_group("h5md/creator").attrs["name"] = creator
        p = f.create_group("particles/all")
        for k, values in (("position", np.zeros((2, 2, 3))), ("velocity", np.ones((2, 2, 3)))):
            values[:, 1] += 1
            v = p.create_dataset(k + "/value", data=values)
            if unit and k == "position":
                v.attrs["unit"] = unit
        if species is not None:
            p["species/value"] = np.array([species, species])
        p.create_group("box").attrs["boundary"] = boundary
        p["box/edges"] = [9.0, 9.0, 9.0]
        if creator == "slab":
            p["box/boundary"] = np.array(boundary, dtype="S8")
periodic = ["periodic"] * 3
write("lammps.h5", "LAMMPS", [1, 2], None, periodic)
write("zn.h5", "ZnH5MD", [3.0, 9.0], "Angstrom", periodic)
write("none.h5", "x", None, "Angstrom", periodic)
write("half.h5", "ZnH5MD", [3.5, 9.0], "Angstrom", periodic)
write("open.h5", "LAMMPS", [1, 2], None, ["none", "none", "periodic"])
write("slab.h5", "slab", [1, 2], None, ["periodic", "periodic", "none"])
for name in ("zn.h5", "half.h5"):
    with h5py.File(os.path.join(sys.argv[1], name), "r+") as f:
        f["particles/all/velocity/value"].attrs["unit"] = "Angstrom fs-1"
with h5py.File(os.path.join(sys.argv[1], "slab.h5"), "r+") as f:
    f["particles/all/velocity/value"].attrs["unit"] = "Angstrom fs-1"
"#;
    let Some(_) = python(&["h5py"], script, &[directory.path()]) else { return };
    let elements = Some(["Li", "F"].map(|s| Element::from_symbol(s).unwrap()).to_vec());
    let read = |name: &str, units: Option<&str>, elements| {
        let units = units.map(|units| units.parse().unwrap());
        let options = ReadOptions { elements, units, ..ReadOptions::default() };
        let frames = io::read_all(&directory.path().join(name), &options);
        frames.map(|mut frames| frames.remove(0)).map_err(|error| error.to_string())
    };
    for (units, factor) in [("metal", 1e-3), ("ev,angstrom", 1e-3), ("real", 1.0)] {
        let frame = read("lammps.h5", Some(units), elements.clone()).unwrap();
        assert_eq!((frame.formula().as_str(), frame.velocities.unwrap()[0].x), ("FLi", factor));
    }
    assert_eq!(read("zn.h5", None, None).unwrap().formula(), "FLi");
    let slab = read("slab.h5", Some("ev,angstrom"), elements.clone()).unwrap();
    assert_eq!(slab.cell.periodic(), [true, true, false]);
    for (name, units, expected) in [
        ("none.h5", None, "the file stores no species"),
        ("lammps.h5", None, "`position` carries no unit; say which"),
        ("lammps.h5", Some("hartree,bohr"), "`velocity` carries no unit; of a file of LAMMPS"),
        ("half.h5", None, "no element is known for type 3.5"),
        ("open.h5", Some("metal"), "does not repeat along its first edge"),
    ] {
        let types = elements.clone().filter(|_| name != "half.h5");
        let message = read(name, units, types).unwrap_err();
        assert!(message.contains(expected), "{name}: {message}");
    }
}

/// Through another format and back, by way of ASE.
#[test]
fn ase_reads_what_a_trajectory_is_converted_to() {
    let directory = tempfile::tempdir().unwrap();
    let (h5, xyz) = (directory.path().join("a.h5"), directory.path().join("a.extxyz"));
    write(&h5, &trajectory(3), Precision::Single);
    write(&xyz, &read(&h5), Precision::Shortest);
    let checked = python(
        &["ase"],
        r#"
import sys, ase.io
frames = ase.io.read(sys.argv[1], ":")
assert len(frames) == 3 and frames[2].get_chemical_formula() == "Li3N"
assert abs(frames[2].cell.lengths()[0] - 4.02) < 1e-12
assert abs(frames[2].get_potential_energy() + 12.3) < 1e-12
print("checked")
"#,
        &[&xyz],
    );
    assert!(checked.is_none_or(|text| text == "checked\n"));
}
