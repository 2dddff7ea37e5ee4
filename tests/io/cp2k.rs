//! Outputs of CP2K (`data/io/cp2k/make.py`), checked against themselves.

use crate::labels::energy_is_work;
use crate::support::{complaint, own, reading, recognised, shared};
use mlmd::io::{self, Format, ReadOptions};
use mlmd::system::Vec3;
use mlmd::units::{BOHR, HARTREE};

#[test]
fn energies_follow_from_forces_and_stress() {
    let frames: Vec<_> = (0..3)
        .flat_map(|k| reading(&own(&format!("cp2k/strain{k}.out.gz")), &ReadOptions::default()))
        .collect();
    assert_eq!(frames.len(), 3);
    assert_eq!(frames[0].formula(), "H2He");
    assert_eq!(frames[0].cell.rows(), [[4.4, 0.3, 0.0], [0.2, 4.2, -0.1], [0.0, 0.4, 4.6]]);
    assert_eq!(frames[1].positions[2], Vec3::new(2.22, 2.38, 2.3));
    assert!((frames[0].energy.unwrap() + 3.971_639_401_336_358 * HARTREE).abs() < 1e-10);
    energy_is_work(&frames, 0.02);
}

#[test]
fn a_molecule_does_not_repeat() {
    let frames = reading(&own("cp2k/molecule.out.gz"), &ReadOptions::default());
    assert_eq!(frames.len(), 1);
    assert_eq!((frames[0].cell.periodic(), frames[0].stress), ([false; 3], None));
    let forces = frames[0].forces.as_ref().unwrap();
    // A homonuclear molecule: the forces are opposite and along the bond, 0.1 Å in y on 0.8 Å in z.
    assert!((forces[0] + forces[1]).norm() < 1e-3 * forces[0].norm());
    let bond = frames[0].positions[1] - frames[0].positions[0];
    assert!(forces[0].cross(&bond).norm() < 1e-2 * forces[0].norm() * bond.norm());
}

#[test]
fn a_dynamics_has_the_coordinates_of_its_first_step_only() {
    let path = own("cp2k/md.out.gz");
    let mut frames = io::open(&path, &ReadOptions::default()).unwrap();
    assert_eq!(frames.format(), Format::Cp2k);
    assert!(
        (frames.next().unwrap().unwrap().energy.unwrap() + 3.971_635_306_695_482 * HARTREE).abs() < 1e-10
    );
    let message = frames.next().unwrap().unwrap_err().to_string();
    assert!(message.contains("the coordinates that belong to this energy are not in this file"), "{message}");
    assert!(message.contains("-pos-1.xyz"), "{message}");
}

#[test]
fn the_wording_of_2025_is_understood() {
    let Some(path) = shared("formats/cp2k.2025.out") else { return };
    recognised(&path, Format::Cp2k);
    let frame = &reading(&path, &ReadOptions::default())[0];
    assert_eq!(
        frame.forces.as_ref().unwrap()[1],
        Vec3::new(7.92269287E-02, 3.84670665E-02, -3.41478833E-02) * (HARTREE / BOHR)
    );
    assert!((frame.stress.unwrap()[(0, 0)] + 0.12345678 / 160.217_663_4).abs() < 1e-15);
}

/// A cube of 10 bohr (CODATA 2018) with an atom in it and under a stress, in each unit that there is.
#[test]
fn lengths_and_stresses_are_in_the_unit_that_is_stated() {
    let bohr = 0.529_177_210_903_f64;
    for (cell, edge) in [("angstrom", 10.0 * bohr), ("bohr", 10.0)] {
        for (unit, height) in [("ANGSTROM", 5.0 * bohr), ("BOHR", 5.0)] {
            for (stress, pressure) in [("GPa", 1.5), ("bar", 15_000.0)] {
                let vectors = format!(
                    " CELL| Vector a [{cell}]: {edge} 0 0\n CELL| Vector b [{cell}]: 0 {edge} 0\n \
                     CELL| Vector c [{cell}]: 0 0 {edge}\n"
                );
                let text = format!(
                    " CP2K| version string: CP2K version 2023.1\n{vectors} MODULE QUICKSTEP: ATOMIC COORDINATES IN {unit}\n\n  \
                     Atom Kind Element X Y Z Z(eff) Mass\n\n 1 1 H 1 0.0 0.0 {height} 1.0 1.0079\n\n \
                     ENERGY| Total FORCE_EVAL ( QS ) energy [a.u.]: -1.1\n STRESS TENSOR [{stress}]\n\n X Y Z\n \
                     X {pressure} 0 0\n Y 0 {pressure} 0\n Z 0 0 {pressure}\n"
                );
                let frame = &crate::support::frames("cp2k.out", &text).unwrap()[0];
                let what = format!("{cell}, {unit}, {stress}");
                assert!((frame.cell.volume() / (10.0 * bohr).powi(3) - 1.0).abs() < 1e-9, "{what}");
                assert!((frame.positions[0].z / (5.0 * bohr) - 1.0).abs() < 1e-9, "{what}");
                // What CP2K prints is compression where it is positive.
                let found = frame.stress.unwrap()[(1, 1)] * 160.217_663_4;
                assert!((found + 1.5).abs() < 1e-9, "{what}: {found} GPa");
            }
        }
    }
}

#[test]
fn broken_outputs_are_refused_at_their_place() {
    let head = " CP2K| version string: CP2K version 2023.1\n CELL| Vector a [angstrom]: 5 0 0\n CELL| Vector b [angstrom]: 0 5 0\n CELL| Vector c [angstrom]: 0 0 5\n";
    let atoms = " MODULE QUICKSTEP: ATOMIC COORDINATES IN ANGSTROM\n\n  Atom Kind Element X Y Z Z(eff) Mass\n\n 1 1 H 1 0.0 0.0 0.5 1.0 1.0079\n\n";
    let energy = " ENERGY| Total FORCE_EVAL ( QS ) energy [a.u.]: -1.1\n";
    assert_eq!(reading_text(&format!("{head}{atoms}{energy}")), 1);
    for (text, expected) in [
        (head.to_string(), "cp2k.out:5:1: the file ends here"),
        (format!("{head}{energy}"), "cp2k.out:5:2: the coordinates that belong to this energy"),
        (format!("{head}{}{energy}", atoms.replace("0.5", "o.5")), "cp2k.out:9:18: `o.5` is not a number"),
        (format!("{head}{}{energy}", atoms.replace("H 1", "H 0")), "cp2k.out:9:8: `0` is no element"),
        (format!("{}{energy}", atoms.replacen(" MODULE", " CP2K| x\n MODULE", 1)), "cp2k.out:2:2: no cell"),
        (head.replace("0 5 0", "0 5"), "cp2k.out:3:32: a component of a lattice vector is missing"),
        (
            format!("{head}{atoms}{energy} ATOMIC FORCES in [a.u.]\n\n # Atom\n 1 1 H 0.1 0.2\n"),
            "cp2k.out:15:15: a component of the force is missing",
        ),
        (
            format!("{head}{atoms}{energy} STRESS TENSOR [furlong]\n"),
            "cp2k.out:12:2: expected a stress in GPa or bar",
        ),
        (
            format!("{head}{atoms}{energy} STRESS TENSOR [GPa]\n\n X Y Z\n X 1 2 3\n Z 1 2 3\n"),
            "cp2k.out:16:2: expected the row Y",
        ),
    ] {
        let message = complaint("cp2k.out", &text);
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
}

fn reading_text(text: &str) -> usize {
    crate::support::frames("cp2k.out", text).unwrap().len()
}
