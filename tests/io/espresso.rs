//! Outputs of pw.x (`data/io/espresso/make.py`), against ASE's reading and against themselves.

use crate::labels::energy_is_work;
use crate::support::{complaint, frames, own, reading, recognised, shared};
use mlmd::io::{Format, ReadOptions, Value};
use mlmd::system::Vec3;

/// ASE converts with CODATA 2006: Ry and bohr differ by 8.7e-8 and 4.8e-9 from those of 2018.
const ENERGY: f64 = 13.605_693_122_994 / 13.605_691_932_782_346;
const LENGTH: f64 = 0.529_177_210_903 / 0.529_177_208_353_541_3;

#[test]
fn relaxations_and_dynamics_agree_with_ase() {
    let expected: serde_json::Value =
        serde_json::from_slice(&std::fs::read(own("espresso/ase.json")).unwrap()).unwrap();
    for (name, count) in [("relax", 4), ("vc-relax", 4), ("md", 4), ("vc-md", 3)] {
        let read = reading(&own(&format!("espresso/{name}.out.gz")), &ReadOptions::default());
        let expected = expected[name].as_array().unwrap();
        assert_eq!((read.len(), expected.len()), (count, count), "{name}");
        for (frame, ase) in read.iter().zip(expected) {
            let rows = |key: &str| -> Vec<Vec3> {
                let rows: Vec<[f64; 3]> = serde_json::from_value(ase[key].clone()).unwrap();
                rows.into_iter().map(Vec3::from).collect()
            };
            // Only what pw.x converts itself is free of ASE's constants: angstrom.
            let close = |mine: &Vec3, theirs: Vec3, scale: f64| {
                (mine - theirs * scale).norm() < 1e-7 || (mine - theirs).norm() < 1e-9
            };
            assert_eq!(frame.formula(), "Li3");
            for (k, row) in rows("cell").into_iter().enumerate() {
                assert!(close(&frame.cell.vector(k), row, LENGTH), "{name}");
            }
            for (mine, theirs) in frame.positions.iter().zip(rows("positions")) {
                assert!(close(mine, theirs, LENGTH), "{name} {mine} {theirs}");
            }
            let energy = ase["energy"].as_f64().unwrap() * ENERGY;
            assert!((frame.energy.unwrap() - energy).abs() < 1e-8, "{name}");
            for (mine, theirs) in frame.forces.as_ref().unwrap().iter().zip(rows("forces")) {
                assert!((mine - theirs * (ENERGY / LENGTH)).norm() < 1e-9, "{name}");
            }
            for (k, row) in rows("stress").into_iter().enumerate() {
                let mine = frame.stress.unwrap().row(k).transpose();
                assert!((mine - row * (ENERGY / LENGTH.powi(3))).norm() < 1e-11, "{name}");
            }
        }
    }
}

#[test]
fn energies_follow_from_forces_and_stress() {
    // Third-order error of the trapezoid rule: a few per cent of the steps of a relaxation, less in the
    // short steps of a dynamics.
    for (name, fraction) in [("relax", 0.03), ("vc-relax", 0.05), ("md", 0.01)] {
        energy_is_work(&reading(&own(&format!("espresso/{name}.out.gz")), &ReadOptions::default()), fraction);
    }
}

#[test]
fn a_dynamics_knows_its_steps_and_times() {
    for (name, last) in [("md", 3), ("vc-md", 2)] {
        let read = reading(&own(&format!("espresso/{name}.out.gz")), &ReadOptions::default());
        let end = read.last().unwrap();
        assert_eq!((read[0].step, read[0].time, end.step), (Some(0), Some(0.0), Some(last)), "{name}");
        // 20 atomic units (ħ/Ry) a step; the vc-md output rounds to 0.01 fs.
        assert!((end.time.unwrap() - last as f64 * 20.0 * 0.048_377_686_5).abs() < 0.01, "{name}");
    }
}

#[test]
fn what_did_not_converge_has_no_labels() {
    // The one says so; the other, whose self-consistency need not be reached, says that it was, and prints all.
    for name in ["unconverged", "gave-up"] {
        let read = reading(&own(&format!("espresso/{name}.out.gz")), &ReadOptions::default());
        assert_eq!(read.len(), 1, "{name}");
        assert_eq!((read[0].energy, &read[0].forces, read[0].stress), (None, &None, None), "{name}");
        assert_eq!(read[0].info["converged"], Value::Flag(false), "{name}");
    }
}

#[test]
fn the_last_energy_of_a_structure_counts() {
    let Some(path) = shared("formats/pw.Al.out") else { return };
    recognised(&path, Format::QuantumEspresso);
    let read = reading(&path, &ReadOptions::default());
    assert_eq!(read.len(), 1);
    // Every iteration of this run prints `!`; the converged one is -21.76175741 Ry.
    assert!((read[0].energy.unwrap() + 21.761_757_41 * 13.605_693_122_994).abs() < 1e-9);
    // -37.45 kbar of pressure, tensile stress: printed in kbar with two decimals.
    let kbar = read[0].stress.unwrap().trace() / 3.0 * 1_602.176_634;
    assert!((kbar - 37.45).abs() < 0.005, "{kbar}");
}

/// Version 5.1 prints what it thinks of the density between the title and the first row.
#[test]
fn forces_begin_with_their_first_row() {
    let site = "         1           Li  tau(   1) = (   0.0000000   0.0000000   0.0000000  )\n";
    let energy = "!    total energy              =     -14.0 Ry\n     convergence has been achieved\n";
    let forces = "     Forces acting on atoms (Ry/au):\n\n\n     negative rho (up, down):  1.719E-03 1.314E-03\n     \
                  atom    1 type  1   force =     0.50000000    0.00000000   -1.00000000\n";
    let read = frames("pw.out", &format!("{HEAD}{site}{energy}{forces}")).unwrap();
    let force = read[0].forces.as_ref().unwrap()[0];
    assert!((force - Vec3::new(0.5, 0.0, -1.0) * 25.711_033_738).norm() < 1e-6, "{force}");
}

const HEAD: &str = "     Program PWSCF v.6.7\n     number of atoms/cell      =            1\n     \
    celldm(1)=   8.000000  celldm(2)=   0.000000\n     crystal axes: (cart. coord. in units of alat)\n               \
    a(1) = (   1.000000   0.000000   0.000000 )\n               a(2) = (   0.000000   1.000000   0.000000 )\n               \
    a(3) = (   0.000000   0.000000   1.000000 )\n     site n.     atom                  positions (alat units)\n";

/// A cube of 8 bohr (CODATA 2018) with an atom in its middle, in each unit that pw.x knows for either.
#[test]
fn lengths_are_in_the_unit_that_is_stated() {
    let site = "         1           Li  tau(   1) = (   0.5000000   0.5000000   0.5000000  )\n";
    let energy = "!    total energy              =     -14.0 Ry\n     convergence has been achieved\n";
    let edge = 8.0 * 0.529_177_210_903;
    let check = |what: &str, text: &str| {
        let read = frames("pw.out", text).unwrap();
        let last = read.last().unwrap();
        for k in 0..3 {
            assert!((last.cell.vector(k)[k] - edge).abs() < 1e-9, "{what}: {:?}", last.cell);
            assert!((last.positions[0][k] - 0.5 * edge).abs() < 1e-9, "{what}: {}", last.positions[0]);
        }
    };
    check("celldm", &format!("{HEAD}{site}{energy}"));
    let celldm = HEAD.lines().find(|line| line.contains("celldm")).unwrap();
    let head = HEAD.replace(celldm, "     lattice parameter (alat)  =       8.0000  a.u.");
    check("alat", &format!("{head}{site}{energy}"));
    let head = HEAD.replace("celldm(1)=   8.0", "celldm(1)=   9.0");
    for (cell, side) in [("bohr", 8.0), ("angstrom", edge), ("alat= 8.00000000", 1.0), ("alat", 8.0 / 9.0)] {
        for (atoms, middle) in
            [("bohr", 4.0), ("angstrom", 0.5 * edge), ("crystal", 0.5), ("alat", 4.0 / 9.0)]
        {
            let rows = format!("{side} 0 0\n0 {side} 0\n0 0 {side}\n");
            let atom = format!("Li {middle} {middle} {middle}\n");
            let moved = format!("CELL_PARAMETERS ({cell})\n{rows}\nATOMIC_POSITIONS ({atoms})\n{atom}");
            check(&format!("{cell}, {atoms}"), &format!("{head}{site}{energy}{moved}{energy}"));
        }
    }
}

#[test]
fn broken_outputs_are_refused_at_their_place() {
    let site = "         1           Li  tau(   1) = (   0.0000000   0.0000000   0.0000000  )\n";
    let energy = "!    total energy              =     -14.0 Ry\n     convergence has been achieved\n";
    assert_eq!(frames("pw.out", &format!("{HEAD}{site}{energy}")).unwrap()[0].len(), 1);
    for (text, expected) in [
        (format!("{HEAD}{}", site.replace("0.0000000  )", "x )")), "pw.out:9:66: `x` is not a number"),
        (format!("{HEAD}{}", site.replace("Li", "Q1")), "pw.out:9:10: `Q1` does not begin with the symbol"),
        (format!("{HEAD}{site}"), "pw.out:10:1: the file ends here"),
        (format!("{HEAD}{site}!    total energy  =  \n"), "pw.out:10:21: the total energy is missing"),
        (
            format!("{HEAD}{site}{energy}     Forces acting on atoms\n\n  oops\n"),
            "pw.out:15:1: the file ends here",
        ),
        (
            HEAD.replace("a(3) = (   0.000000   0.000000   1", "a(3) = (   0.000000   0.000000   0")
                + site
                + energy,
            "pw.out:8:6: lattice vector c is zero",
        ),
        (
            HEAD.replace("     number of atoms/cell      =            1\n", "") + site,
            "pw.out:7:6: positions before `number of atoms/cell`",
        ),
        (format!("{HEAD}{site}{energy}ATOMIC_POSITIONS (furlong)\n"), "pw.out:12:1: `furlong` is no unit"),
        (
            format!("{HEAD}{site}{energy}CELL_PARAMETERS (bohr)\n1 2\n"),
            "pw.out:13:4: a lattice vector is missing",
        ),
    ] {
        let message = complaint("pw.out", &text);
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
}
