//! VASP OUTCAR.

use crate::support::{complaint, frames, recognised, shared};
use mlmd::io::{self, Format, ReadOptions, Value};
use mlmd::system::Vec3;

/// A file of one ionic step per energy, in the words VASP uses for what matters.
pub(crate) fn outcar(energies: &[f64]) -> String {
    let mut text = " vasp.6.3.2 27Jun22 complex\n INCAR:\n   VRHFIN =Li: 1s1 2s1\n   VRHFIN =N: s2p3\n   \
                    ions per type =               2   1\n   NELM   =      3;   NELMIN=  2; NELMDL= -5\n   \
                    IBRION =      0    ionic relax: 0-MD 1-quasi-New 2-CG\n   POTIM  = 2.0000    time-step\n"
        .to_string();
    for (index, energy) in energies.iter().enumerate() {
        let number = index + 1;
        let step = format!(
            "--------------------------------------- Iteration      {number}(   1)  ------------------------\n\
             --------------------------------------- Iteration      {number}(   2)  ------------------------\n\
             ------------------------ aborting loop because EDIFF is reached -------------\n\
             \x20 in kB      10.00000    20.00000    30.00000     4.00000     5.00000     6.00000\n\
             \x20     direct lattice vectors                 reciprocal lattice vectors\n\
             \x20    4.000000000  0.000000000  0.000000000     0.250000000  0.000000000  0.000000000\n\
             \x20 -100.000000000-10.000000000  0.000000000     0.000000000  0.000000000  0.000000000\n\
             \x20    0.000000000  0.000000000  5.000000000     0.000000000  0.000000000  0.200000000\n\
             \x20POSITION                                       TOTAL-FORCE (eV/Angst)\n\
             \x20-----------------------------------------------------------------------------------\n\
             \x20     0.00000      0.00000      0.00000         1.000000      2.000000      3.000000\n\
             \x20     1.00000      1.00000      1.00000        -1.000000     -2.000000     -3.000000\n\
             \x20     2.00000      2.00000      2.00000         0.000000      0.000000      0.000000\n\
             \x20-----------------------------------------------------------------------------------\n\
             \x20   total drift:                                0.001200      0.017895     -0.013715\n\
             \x20 FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)\n\
             \x20 ---------------------------------------------------\n\
             \x20 free  energy   TOTEN  =       {:.8} eV\n\n\
             \x20 energy  without entropy=      {:.8}  energy(sigma->0) =      {energy:.8}\n",
            energy - 0.5,
            energy + 0.5
        );
        text.push_str(&step);
    }
    text
}

#[test]
fn real_files_are_read() {
    let Some(path) = shared("formats/OUTCAR.h2o.md") else { return };
    recognised(&path, Format::Outcar);
    let read = io::read_all(&path, &ReadOptions::default()).unwrap();
    assert_eq!(read.len(), 3);
    assert_eq!(
        read.iter().map(|f| f.energy.unwrap()).collect::<Vec<_>>(),
        [-28.38622624, -28.43874406, -28.46658469]
    );
    assert_eq!(read[1].forces.as_ref().unwrap()[2], Vec3::new(-0.296092, 0.174308, 0.601445));
    assert_eq!(read[2].positions[5], Vec3::new(2.29491, 5.8994, 0.23997));
    assert_eq!((read[0].formula().as_str(), read[0].species[0].symbol()), ("H4O2", "O"));
    // ASE's value for the first component, in its slightly older units.
    assert!((read[0].stress.unwrap()[(0, 0)] / 0.00134701 - 1.0).abs() < 1e-5);

    // This one has further columns (without dispersion) in the tables of forces and energies, one of
    // them not a number.
    let Some(path) = shared("formats/OUTCAR.Ge") else { return };
    let read = io::read_all(&path, &ReadOptions::default()).unwrap();
    assert_eq!((read.len(), read[0].energy), (1, Some(-33.36836054)));
    assert_eq!(read[0].info["free_energy"], Value::Real(-33.36815582));
    assert_eq!(read[0].forces.as_ref().unwrap()[5], Vec3::new(0.002113, 0.004117, -0.044511));

    // Where both files of one calculation are there they agree, to the digits of the OUTCAR.
    for (outcar, xml) in [("OUTCAR.Ge", "vasprun.Ge.xml"), ("OUTCAR.h2o.md", "vasprun.h2o.md.xml")] {
        let Some((a, b)) = shared(&format!("formats/{outcar}")).zip(shared(&format!("formats/{xml}"))) else {
            return;
        };
        let [a, b] = [a, b].map(|path| io::read_all(&path, &ReadOptions::default()).unwrap());
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(&b) {
            assert_eq!((&a.species, a.step, a.time), (&b.species, b.step, b.time));
            assert!((a.energy.unwrap() - b.energy.unwrap()).abs() < 1e-8);
            assert!((a.stress.unwrap() - b.stress.unwrap()).amax() < 1e-8);
            assert!((a.cell.matrix() - b.cell.matrix()).amax() < 1e-8);
            for (a, b) in a.forces.iter().flatten().zip(b.forces.iter().flatten()) {
                assert!((a - b).amax() < 1e-6);
            }
            for (r, s) in a.positions.iter().zip(&b.positions) {
                assert!(a.cell.shortest(&(r - s)).amax() < 1e-5);
            }
        }
    }
}

#[test]
fn ionic_steps_are_read_with_the_right_signs() {
    let read =
        frames("OUTCAR", &(outcar(&[-1.0, -2.0]) + " General timing and accounting informations\n")).unwrap();
    assert_eq!(read.len(), 2);
    let frame = &read[1];
    assert_eq!((frame.energy, frame.formula().as_str()), (Some(-2.0), "Li2N"));
    assert_eq!(frame.info["free_energy"], Value::Real(-2.5));
    assert_eq!((frame.step, frame.time, frame.origin.line), (Some(2), Some(4.0), 29));
    // 1 kbar = 0.1 GPa, and 1 eV/Å³ = 160.2176634 GPa; the order is XX YY ZZ XY YZ ZX and the sign that
    // of a pressure.
    let stress = frame.stress.unwrap() * 1602.176634;
    for (at, expected) in
        [((0, 0), -10.0), ((1, 1), -20.0), ((2, 2), -30.0), ((0, 1), -4.0), ((1, 2), -5.0), ((2, 0), -6.0)]
    {
        assert!((stress[at] - expected).abs() < 1e-12);
    }
    assert_eq!(frame.cell.rows()[1], [-100.0, -10.0, 0.0], "columns that touch");
}

#[test]
fn unconverged_and_overflowing_steps_are_marked() {
    let text = outcar(&[-1.0, -2.0]).replacen(
        "------------------------ aborting loop because EDIFF is reached -------------\n",
        "",
        1,
    );
    let text =
        text.replacen("1(   2)", "1(   3)", 1).replacen("10.00000    20.00000", "********    20.00000", 1);
    let read = frames("OUTCAR", &text).unwrap();
    assert_eq!(read[0].info.get("scf_converged"), Some(&Value::Flag(false)));
    assert_eq!(read[1].info.get("scf_converged"), None);
    assert!(read[0].stress.is_none() && read[1].stress.is_some());
}

#[test]
fn steps_of_a_learned_force_field_are_no_labels() {
    let learned = outcar(&[-7.0])
        .replace("(eV/Angst)", "(eV/Angst) (ML)")
        .replace("FREE ENERGIE", "ML FREE ENERGIE")
        .replace("   TOTEN", " ML TOTEN")
        .replace("in kB", "ML in kB");
    let tail = learned.split_once("time-step\n").unwrap().1;
    let read = frames("OUTCAR", &(outcar(&[-1.0]) + tail + " General timing and accounting\n")).unwrap();
    assert_eq!(read.iter().map(|f| f.energy).collect::<Vec<_>>(), [Some(-1.0)]);
    let none = frames("OUTCAR", &(learned + " General timing and accounting\n")).unwrap_err();
    assert!(none.contains("1 steps of VASP's own force field are no labels"), "{none}");
}

#[test]
fn a_truncated_file_gives_its_whole_steps_and_then_an_error() {
    let text = outcar(&[-1.0, -2.0]);
    let cut = |marker: &str| text[..text.rfind(marker).unwrap()].to_string();
    for marker in
        [" Iteration      2(   2)", "direct lattice", "1.00000      1.00000", "FREE ENERGIE", "energy(sigma"]
    {
        let mut read = io::open_text("OUTCAR", cut(marker), &ReadOptions::default()).unwrap();
        assert_eq!(read.next().unwrap().unwrap().energy, Some(-1.0), "{marker}");
        let message = read.next().unwrap().unwrap_err().to_string();
        let lines = cut(marker).lines().count();
        // In the line that was cut, or behind the last one.
        let places = [lines, lines + 1].map(|line| format!("OUTCAR:{line}:"));
        assert!(places.iter().any(|place| message.starts_with(place)), "{message}");
        assert!(read.next().is_none());
    }
}

#[test]
fn mistakes_are_located() {
    let good = outcar(&[-1.0]);
    for (from, to, expected) in [
        (
            "ions per type =               2   1",
            "ions per type =",
            "OUTCAR:5:19: the number of atoms of each element is missing",
        ),
        ("2   1\n", "2   x\n", "OUTCAR:5:38: `x` is not a valid integer here"),
        ("   VRHFIN =N: s2p3\n", "", "OUTCAR:27:3: the names of 2 elements were not found before this"),
        (
            "  5.000000000",
            "  0.000000000",
            "OUTCAR:16:6: lattice vector c is zero but the cell is periodic along it",
        ),
        (
            "-2.000000",
            "*********",
            "OUTCAR:20:62: stars stand where the number was too large for VASP's format",
        ),
        ("-2.000000", "      NaN", "OUTCAR:20:68: `NaN` is not a finite number"),
        (
            "energy(sigma->0) =      -1.0",
            "energy(sigma->0) =      x",
            "OUTCAR:28:70: `x0000000` is not a number",
        ),
        ("ions per type", "ions of type", "OUTCAR:17:2: no line `ions per type =` before the first step"),
        ("POSITION", "POSITIONS AND", "OUTCAR:28:3: an energy without positions and forces before it"),
        ("direct lattice", "other lattice", "OUTCAR:28:3: an energy without lattice vectors before it"),
        (
            " FREE ENERGIE",
            " ions per type = 900000000000\n FREE ENERGIE",
            "OUTCAR:29:3: the number of atoms changed within the ionic step",
        ),
        ("Iteration", "iteration", ""),
    ] {
        let text = good.replace(from, to);
        if expected.is_empty() {
            assert_eq!(frames("OUTCAR", &text).unwrap()[0].step, None, "a line that is not needed");
        } else {
            assert_eq!(complaint("OUTCAR", &text), expected, "{from} -> {to}");
        }
    }
    assert_eq!(complaint("OUTCAR", " vasp.6.3.2 27Jun22 complex\n"), "OUTCAR:2:1: the file ends here");
}
