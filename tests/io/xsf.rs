//! XSF and aenet's training structures.

use crate::support::{complaint, frames, placeless, reading, recognised, shared, through_file};
use mlmd::Frame;
use mlmd::io::{self, Format, ReadOptions, WriteOptions};
use mlmd::system::{Cell, Element, Vec3};
use mlmd::units::HARTREE;

const CRYSTAL: &str = "# total energy = -12.5 eV\n\nCRYSTAL\nPRIMVEC\n 4 0 0\n 0 4 0\n 0 0 4\nPRIMCOORD\n2 1\n\
                       Ti 0 0 0 0.1 0.2 0.3\nO 1 1 1 -0.1 -0.2 -0.3\n";

#[test]
fn aenets_structures_are_read() {
    let Some(path) = shared("golden/aenet/structures/cluster_48_nonperiodic.xsf") else { return };
    recognised(&path, Format::Xsf);
    let cluster = &reading(&path, &ReadOptions::default())[0];
    assert_eq!((cluster.formula().as_str(), &cluster.cell), ("O32Ti16", &Cell::isolated()));
    assert_eq!((cluster.energy, &cluster.forces), (None, &None), "forces of zero are place holders");
    let Some(path) = shared("golden/aenet/structures/rutile_48_triclinic.xsf") else { return };
    let rutile = &reading(&path, &ReadOptions::default())[0];
    assert!(rutile.cell.is_bulk() && rutile.len() == 48);
}

#[test]
fn the_comment_of_aenet_sets_energy_and_units() {
    let frame = &frames("t.xsf", CRYSTAL).unwrap()[0];
    assert_eq!(frame.energy, Some(-12.5));
    assert_eq!(frame.forces.as_ref().unwrap()[0], Vec3::new(0.1, 0.2, 0.3), "eV/Å");
    assert_eq!(frame.origin.line, 1);
    // Without the comment it is a file of XCrySDen: Hartree/Å.
    let plain = CRYSTAL.replace("# total energy = -12.5 eV", "#");
    let frame = &frames("t.xsf", &plain).unwrap()[0];
    assert_eq!((frame.energy, frame.forces.as_ref().unwrap()[0].x), (None, 0.1 * HARTREE));
    let stated = ReadOptions { units: Some("eV,angstrom".parse().unwrap()), ..ReadOptions::default() };
    let frame = io::open_text("t.xsf", plain, &stated).unwrap().next().unwrap().unwrap();
    assert_eq!(frame.forces.unwrap()[0].x, 0.1);
}

#[test]
fn slabs_polymers_molecules_and_animations() {
    let slab = CRYSTAL.replace("CRYSTAL", "SLAB");
    assert_eq!(frames("t.xsf", &slab).unwrap()[0].cell.periodic(), [true, true, false]);
    let group = CRYSTAL.replace("CRYSTAL", "DIM-GROUP\n1 1");
    assert_eq!(frames("t.xsf", &group).unwrap()[0].cell.periodic(), [true, false, false]);
    let molecule = "ATOMS\n22 0 0 0\n8 0 0 1.6\n\nBEGIN_BLOCK_DATAGRID_3D\n x\nEND_BLOCK_DATAGRID_3D\n";
    assert_eq!(frames("t.xsf", molecule).unwrap()[0].formula(), "OTi");
    let animation = "ANIMSTEPS 2\nCRYSTAL\nPRIMVEC\n4 0 0\n0 4 0\n0 0 4\nCONVVEC\n4 0 0\n0 4 0\n0 0 4\n\
                     PRIMCOORD 1\n1 1\nLi 0 0 0\nPRIMCOORD 2\n1 1\nLi 0 0 0.5\n";
    let read = frames("t.axsf", animation).unwrap();
    assert_eq!((read.len(), read[1].positions[0].z, read[1].cell.volume()), (2, 0.5, 64.0));
}

#[test]
fn what_is_written_reads_back() {
    let frame = frames("t.xsf", CRYSTAL).unwrap().remove(0);
    let mut second = frame.clone();
    second.cell = Cell::new([[4.1, 0.1, 0.0], [0.0, 4.0, 1.0 / 3.0], [0.0, 0.0, 4.0]], [true; 3]).unwrap();
    second.energy = Some(-1.0 / 3.0);
    for frames in [vec![frame.clone()], vec![frame.clone(), second]] {
        for name in ["copy.xsf", "copy.axsf.gz"] {
            let again = through_file(name, &frames);
            assert_eq!(again.len(), frames.len());
            for (a, b) in frames.iter().zip(&again) {
                assert_eq!(placeless(a), placeless(b), "exact to the last bit");
            }
        }
    }
    let molecule = Frame { cell: Cell::isolated(), energy: None, ..frame.clone() };
    let again = &through_file("m.xsf", &[molecule.clone(), molecule.clone()])[1];
    assert_eq!((&again.cell, &again.positions), (&molecule.cell, &molecule.positions));
    for (a, b) in again.forces.as_ref().unwrap().iter().zip(molecule.forces.as_ref().unwrap()) {
        assert!((a - b).norm() < 1e-16, "through Hartree/Å and back");
    }
    let refused = |frames: &[Frame]| {
        let directory = tempfile::tempdir().unwrap();
        let mut out = io::create(&directory.path().join("x.xsf"), None, &WriteOptions::default()).unwrap();
        frames.iter().find_map(|frame| out.write(frame).err()).unwrap().to_string()
    };
    assert!(refused(&[molecule, frame.clone()]).contains("repeat along the same directions"));
    let odd = frame.cell.with_periodic([false, true, true]).unwrap();
    assert!(refused(&[Frame { cell: odd, ..frame }]).contains("XSF slabs repeat along a and b"));
}

#[test]
fn broken_files_are_refused_at_their_place() {
    let li = Element::from_symbol("Li").unwrap();
    assert_eq!(frames("t.xsf", "ATOMS\nLi 0 0 0\n").unwrap()[0].species, [li]);
    for (text, expected) in [
        (CRYSTAL.replace("-12.5", "minus"), "t.xsf:1:18: `minus` is not a number"),
        (CRYSTAL.replace("eV", "Ry"), "t.xsf:1:24: the total energy is expected in eV"),
        (CRYSTAL.replace("2 1\n", "3 1\n"), "t.xsf:12:1: the file ends here"),
        (CRYSTAL.replace("2 1\n", "1 1\n"), "t.xsf:11:1: `O` is not a keyword of XSF"),
        (CRYSTAL.replace("2 1\n", "two 1\n"), "t.xsf:9:1: `two` is not a valid integer"),
        (CRYSTAL.replace("1 1 1 -0.1", "1 1 1 1 -0.1"), "t.xsf:11:21: expected an element, three"),
        (
            CRYSTAL.replace("1 1 1 -0.1 -0.2 -0.3", "1 1 1"),
            "t.xsf:11:8: the force that other atoms have is missing",
        ),
        (
            CRYSTAL.replace("0 0 0 0.1 0.2 0.3", "0 0 0"),
            "t.xsf:11:1: this atom has a force and others have none",
        ),
        (CRYSTAL.replace("O 1", "119 1"), "t.xsf:11:1: `119` is no element"),
        (CRYSTAL.replace(" 0 4 0\n", " 4 0 0\n"), "t.xsf:8:1: the lattice vectors lie in one plane"),
        (
            CRYSTAL.replace("PRIMVEC\n 4 0 0\n 0 4 0\n 0 0 4\n", ""),
            "t.xsf:4:1: `PRIMCOORD` without `PRIMVEC`",
        ),
        ("DIM-GROUP\n4 1\n".into(), "t.xsf:2:1: a dimension is at most 3"),
        ("ATOMS\n\n".into(), "t.xsf:3:1: the file ends here"),
        ("CRYSTAL\nBEGIN_INFO\n".into(), "t.xsf:2:1: `BEGIN_INFO` has no `END_INFO`"),
    ] {
        let message = complaint("t.xsf", &text);
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
}
