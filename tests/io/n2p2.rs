//! `input.data` of n2p2 and RuNNer.

use crate::support::{placeless, shared};
use mlmd::Frame;
use mlmd::io::{self, Format, ReadOptions, Value, WriteOptions};
use mlmd::system::{Cell, Vec3};
use mlmd::units::{BOHR, HARTREE};

const BLOCK: &str = "begin\ncomment one\nlattice 8 0 0\nlattice 0 8 0\nlattice 0 0 8\n\
                     atom 0 0 0 S 0.5 0.0 0.1 0.2 0.3\natom 1 1 1 Cu -0.5 0.0 -0.1 -0.2 -0.3\n\
                     energy -2.0\ncharge 1.0\nend\n";

fn stated(units: &str) -> ReadOptions {
    ReadOptions { units: Some(units.parse().unwrap()), format: Some(Format::N2p2), ..ReadOptions::default() }
}

fn frames(text: &str, options: &ReadOptions) -> Result<Vec<Frame>, String> {
    io::open_text("input.data", text, options).and_then(Iterator::collect).map_err(|error| error.to_string())
}

#[test]
fn without_units_it_is_refused() {
    let message = frames(BLOCK, &ReadOptions::default()).unwrap_err();
    assert!(
        message.starts_with("input.data:1:1: n2p2 and RuNNer files do not say in which units"),
        "{message}"
    );
    assert!(message.contains("--units hartree,bohr"), "{message}");
}

#[test]
fn stated_units_are_applied_to_everything() {
    let atomic = &frames(BLOCK, &stated("hartree,bohr")).unwrap()[0];
    assert_eq!(atomic.cell, Cell::orthorhombic(8.0 * BOHR, 8.0 * BOHR, 8.0 * BOHR).unwrap());
    assert_eq!(atomic.positions[1], Vec3::repeat(BOHR));
    assert_eq!(atomic.energy, Some(-2.0 * HARTREE));
    assert!((atomic.forces.as_ref().unwrap()[0].z - 0.3 * HARTREE / BOHR).abs() < 1e-14);
    assert_eq!(atomic.charges, Some(vec![0.5, -0.5]));
    assert_eq!((atomic.info["charge"].clone(), atomic.text("comment")), (Value::Real(1.0), Some("one")));
    let metric = &frames(BLOCK, &stated("angstrom,eV")).unwrap()[0];
    assert_eq!((metric.energy, metric.cell.volume()), (Some(-2.0), 512.0));
}

#[test]
fn the_golden_structures_have_the_energies_of_the_training_data() {
    let Some(path) = shared("golden/n2p2/mlearn_Li/input.data") else { return };
    let blocks = io::read_all(&path, &stated("hartree,bohr")).unwrap();
    // The same structures in eV and Å, as extended XYZ.
    let Some(path) = shared("mlearn_Li-test.extxyz") else { return };
    let reference = io::read_all(&path, &ReadOptions::default()).unwrap();
    let mut matched = 0;
    for block in &blocks {
        let twin = reference.iter().find(|frame| {
            frame.len() == block.len()
                && frame.energy.zip(block.energy).is_some_and(|(a, b)| (a - b).abs() < 1e-6)
        });
        let Some(twin) = twin else { continue };
        matched += 1;
        assert!((twin.cell.matrix() - block.cell.matrix()).norm() < 1e-6);
        for (a, b) in twin.forces.as_ref().unwrap().iter().zip(block.forces.as_ref().unwrap()) {
            assert!((a - b).norm() < 1e-8, "{a} {b}");
        }
    }
    assert!(matched > 0, "none of the {} structures was found", blocks.len());
}

#[test]
fn what_is_written_reads_back() {
    let mut read = frames(&format!("{BLOCK}\n# between\n{BLOCK}"), &stated("ev,angstrom")).unwrap();
    read[1].cell = Cell::isolated();
    read[1].energy = None;
    read[1].forces = None;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("input.data");
    let mut out = io::create(&path, None, &WriteOptions::default()).unwrap();
    for frame in &read {
        out.write(frame).unwrap();
    }
    out.finish().unwrap();
    let again = io::read_all(&path, &stated("ev,angstrom")).unwrap();
    assert_eq!(again.len(), 2);
    for (a, b) in read.iter().zip(&again) {
        assert_eq!(placeless(a), placeless(b), "exact to the last bit");
    }
    let mut out = io::create(&path, None, &WriteOptions::default()).unwrap();
    let half = Frame { forces: None, ..read[0].clone() };
    assert!(out.write(&half).unwrap_err().to_string().contains("only one of them"));
    let slab = Frame { cell: read[0].cell.with_periodic([true, true, false]).unwrap(), ..read[0].clone() };
    assert!(out.write(&slab).unwrap_err().to_string().contains("crystals and molecules"));
}

#[test]
fn broken_files_are_refused_at_their_place() {
    for (text, expected) in [
        (BLOCK.replace("begin\n", ""), "input.data:1:1: expected `begin`"),
        (BLOCK.replace("end\n", ""), "input.data:10:1: the file ends here"),
        (BLOCK.replace("end\n", BLOCK), "input.data:10:1: the block that begins on line 1 has no `end`"),
        (BLOCK.replace("lattice 0 0 8\n", ""), "input.data:9:1: 2 lattice vectors in the block"),
        (
            BLOCK.replace("lattice 0 0 8", "lattice 0 8 0"),
            "input.data:10:1: the block that begins on line 1: the lattice",
        ),
        (BLOCK.replace("lattice 8", "lattice 1 2 3\nlattice 8"), "input.data:6:1: a fourth lattice vector"),
        (BLOCK.replace("1 1 1 Cu", "1 1 1 Cq"), "input.data:7:12: `Cq` is not the symbol"),
        (BLOCK.replace("1 1 1 Cu", "1 one 1 Cu"), "input.data:7:8: `one` is not a number"),
        (BLOCK.replace(" -0.3\n", "\n"), "input.data:7:33: a component of the force is missing"),
        (BLOCK.replace(" -0.3\n", " -0.3 9\n"), "input.data:7:39: an atom has nine values"),
        (BLOCK.replace("energy -2.0", "energie -2.0"), "input.data:8:1: `energie` is not a keyword"),
        (BLOCK.replace("-2.0", "inf"), "input.data:8:8: `inf` is not a finite number"),
    ] {
        let message = frames(&text, &stated("ev,angstrom")).unwrap_err();
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
}
