//! Extended XYZ.

use crate::support::{complaint, frames, placeless, recognised, shared, through_file};
use mlmd::io::{self, Column, ColumnValues, Format, LabelKeys, Precision, ReadOptions, Value, WriteOptions};
use mlmd::system::{Cell, Element, Mat3, Vec3};

const PAIR: &str = "Li 0 0 0\nN 1 2 3\n";

#[test]
fn reference_data_is_read_and_survives_a_round_trip() {
    let Some(path) = shared("mlearn_Li-test.extxyz") else { return };
    recognised(&path, Format::ExtendedXyz);
    let read = io::read_all(&path, &ReadOptions::default()).unwrap();
    assert_eq!(read.len(), 29);
    let first = &read[0];
    assert_eq!((first.len(), first.formula().as_str()), (53, "Li53"));
    assert_eq!(first.energy, Some(-98.37064693));
    assert_eq!(first.stress.unwrap()[(0, 1)], 0.001200389);
    assert_eq!(first.forces.as_ref().unwrap()[0], Vec3::new(0.21718103, 0.16389488, 0.0995387));
    assert_eq!(first.text("config_type"), Some("Vacancy"));
    assert_eq!(read[1].origin.line, 56);
    for name in ["copy.extxyz", "copy.xyz.gz"] {
        let again = through_file(name, &read);
        assert_eq!(again.len(), read.len());
        for (a, b) in read.iter().zip(&again) {
            assert_eq!(placeless(a), placeless(b), "exact to the last bit");
        }
    }
}

#[test]
fn plain_xyz_is_a_molecule() {
    let read =
        frames("water", "3\nwater, it's wet\nO 0 0 0.1\nh 0 0.7 -0.4\n1 0 -0.7 -0.4 0.41\n\n").unwrap();
    assert_eq!(read[0].formula(), "H2O");
    assert_eq!(read[0].cell, Cell::isolated());
    assert_eq!(read[0].text("comment"), Some("water, it's wet"));
    assert_eq!(read[0].origin.line, 1);
}

#[test]
fn columns_come_in_any_order_and_none_is_lost() {
    let text = "2\nProperties=tags:I:1:force:R:3:Z:I:1:note:S:2:pos:R:3:fixed:L:3:charge:R:1 Lattice=\"4 0 0 0 4 0 0 0 4\"\n\
                7 1 2 3 3 a b 0 0 0 T F T 1\n8 -1 -2 -3 7 c d 1 1 1 F F F -3\n";
    let read = frames("x", text).unwrap();
    let frame = &read[0];
    assert_eq!(frame.formula(), "LiN");
    assert_eq!(frame.forces.as_ref().unwrap()[1], Vec3::new(-1.0, -2.0, -3.0));
    assert_eq!(frame.charges, Some(vec![1.0, -3.0]));
    assert_eq!(frame.columns["tags"], Column { width: 1, values: ColumnValues::Integers(vec![7, 8]) });
    assert_eq!(
        frame.columns["fixed"],
        Column { width: 3, values: ColumnValues::Flags(vec![true, false, true, false, false, false]) }
    );
    assert_eq!(placeless(&through_file("x.xyz", &read)[0]), placeless(frame));
}

#[test]
fn everything_a_frame_can_hold_survives() {
    let li = Element::from_symbol("Li").unwrap();
    let cell = Cell::new([[5.0, 0.1, 0.0], [0.0, 6.0, 1.0 / 3.0], [0.0; 3]], [true, true, false]).unwrap();
    let mut frame = mlmd::Frame::new(cell, vec![li; 2], vec![Vec3::new(0.1, 1e-20, 1e20), Vec3::zeros()]);
    frame.images = Some(vec![[1, -2, 0], [0, 0, 3]]);
    frame.velocities = Some(vec![Vec3::new(0.01, -0.02, 1.0 / 7.0), Vec3::zeros()]);
    frame.masses = Some(vec![6.015, 7.016]);
    frame.charges = Some(vec![0.9, -0.9]);
    frame.atomic_energies = Some(vec![-1.1, -1.2]);
    frame.energy = Some(-2.3);
    frame.stress = Some(Mat3::new(1.0, 0.1, 0.2, 0.1, 2.0, 0.3, 0.2, 0.3, 3.0));
    frame.step = Some(12);
    frame.time = Some(24.5);
    for (key, value) in [
        ("flag", Value::Flag(false)),
        ("count", Value::Integer(-3)),
        ("real", Value::Real(-2.5e-7)),
        ("name", Value::Text("a \"b\" \\ {c} = 'd'".into())),
        ("two words", Value::Text("plain".into())),
        ("whole", Value::Integers(vec![1, 2, 3])),
        ("reals", Value::Reals(vec![1.0, 2.5])),
    ] {
        frame.info.insert(key.into(), value);
    }
    let read = &through_file("all.extxyz", &[frame.clone()])[0];
    // Momenta are written: the velocities come back to the rounding of a product and a quotient.
    for (a, b) in frame.velocities.take().unwrap().iter().zip(read.velocities.as_ref().unwrap()) {
        assert!((a - b).amax() <= 1e-16, "{a} {b}");
    }
    assert_eq!(mlmd::Frame { velocities: None, ..placeless(read) }, frame);
}

#[test]
fn seventeen_digits_are_written_when_asked_for() {
    let read = frames("x", "1\nenergy=-0.1 Properties=species:S:1:pos:R:3\nLi 1 0.3 1e-20\n").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.xyz");
    let mut out = io::create(&path, None, &WriteOptions { precision: Precision::Seventeen }).unwrap();
    out.write(&read[0]).unwrap();
    out.finish().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        text,
        "1\nProperties=species:S:1:pos:R:3 energy=-1.0000000000000001e-1 pbc=\"F F F\"\n\
         Li 1.0000000000000000e0 2.9999999999999999e-1 9.9999999999999995e-21\n"
    );
    assert_eq!(placeless(&frames("x", &text).unwrap()[0]), placeless(&read[0]));
}

#[test]
fn stress_has_three_spellings() {
    let lattice = "Lattice=\"2 0 0 0 2 0 0 0 2\" Properties=species:S:1:pos:R:3";
    let expected = Mat3::new(1.0, 6.0, 5.0, 6.0, 2.0, 4.0, 5.0, 4.0, 3.0) / 8.0;
    for stress in [
        "stress=\"0.125 0.25 0.375 0.5 0.625 0.75\"",
        "stress=[[0.125, 0.75, 0.625], [0.75, 0.25, 0.5], [0.625, 0.5, 0.375]]",
        "stress=\"_JSON [[0.125, 0.75, 0.625], [0.75, 0.25, 0.5], [0.625, 0.5, 0.375]]\"",
        "virial=\"-1 -6 -5 -6 -2 -4 -5 -4 -3\"",
        "REF_virial={-1 -6 -5 -6 -2 -4 -5 -4 -3} stress=\"0.125 0.25 0.375 0.5 0.625 0.75\"",
    ] {
        let read = frames("x", &format!("2\n{lattice} {stress}\n{PAIR}")).unwrap();
        assert_eq!(read[0].stress, Some(expected), "{stress}");
    }
}

#[test]
fn labels_are_taken_when_unambiguous_or_asked_for() {
    let text = |energy: &str| {
        format!(
            "2\n{energy} Properties=species:S:1:pos:R:3:forces:R:3:REF_forces:R:3\nLi 0 0 0 1 0 0 2 0 0\nN 1 1 1 -1 0 0 -2 0 0\n"
        )
    };
    let single =
        "2\nREF_energy=-3.5 Properties=species:S:1:pos:R:3:REF_force:R:3\nLi 0 0 0 1 0 0\nN 1 1 1 -1 0 0\n";
    let read = frames("x", single).unwrap();
    assert_eq!(read[0].energy, Some(-3.5));
    assert_eq!(read[0].forces.as_ref().unwrap()[1].x, -1.0);

    let message = complaint("x", &text("energy=-3"));
    assert!(message.starts_with("x:2:1: `forces` and `REF_forces` disagree about the forces"), "{message}");
    let message = complaint("x", &text("energy=-3 dft_energy=-3.001"));
    assert!(message.starts_with("x:2:1: `energy` and `dft_energy` disagree about the energy"), "{message}");

    let ask = |energy: &str, forces: &str| {
        let labels = LabelKeys { energy: Some(energy.into()), forces: Some(forces.into()), stress: None };
        let options = ReadOptions { labels, ..ReadOptions::default() };
        io::open_text("x", text("energy=-3 mine=-4"), &options).unwrap().next().unwrap()
    };
    let frame = ask("mine", "REF_forces").unwrap();
    assert_eq!((frame.energy, frame.forces.unwrap()[0].x), (Some(-4.0), 2.0));
    assert_eq!(frame.info["energy"], Value::Integer(-3));
    assert_eq!(frame.columns["forces"].width, 3);
    let message = ask("mien", "forces").unwrap_err().to_string();
    assert!(message.contains("no key `mien` for the energy") && message.contains("`mine`"), "{message}");
    let message = ask("mine", "REF_force").unwrap_err().to_string();
    assert!(message.contains("no column `REF_force`") && message.contains("`REF_forces`"), "{message}");
}

#[test]
fn mistakes_are_located() {
    let with = |comment: &str, atoms: &str| format!("2\n{comment}\n{atoms}");
    let columns = "Properties=species:S:1:pos:R:3";
    for (text, expected) in [
        ("2 3\n".to_string(), "x.xyz:1:3: unexpected text after the number of atoms"),
        ("two\n".to_string(), "x.xyz:1:1: `two` is not a valid integer here"),
        ("-2\n".to_string(), "x.xyz:1:1: `-2` is not a valid integer here"),
        ("2\n".to_string(), "x.xyz:2:1: the file ends here"),
        (with("", "Li 0 0 0\n"), "x.xyz:4:1: the file ends here"),
        (
            with("", "Li 0 0 0\nXx 1 1 1\n"),
            "x.xyz:4:1: `Xx` is not the symbol of an element; did you mean `Xe`?",
        ),
        (with("", "Li 0 0 0\nN 1 1 1,5\n"), "x.xyz:4:7: `1,5` is not a number"),
        (with("", "Li 0 0 0\nN 1 1 inf\n"), "x.xyz:4:7: `inf` is not a finite number"),
        (with("", "Li 0 0 0\nN 1 1\n"), "x.xyz:4:6: column `pos` (3 values) of atom 2 is missing"),
        (with(columns, "Li 0 0 0\nN 1 1 1 5\n"), "x.xyz:4:9: more columns than `Properties` describes"),
        (with("Properties=species:S:1", PAIR), "x.xyz:2:12: `Properties` has no positions (pos:R:3)"),
        (with("Properties=species:S", PAIR), "x.xyz:2:12: `Properties` has 2 parts, not a multiple of three"),
        (with("Properties=pos:X:3", PAIR), "x.xyz:2:12: column `pos` has the type `X`, not S, R, I or L"),
        (with("Properties=pos:R:-3", PAIR), "x.xyz:2:12: column `pos` has `-3` for the number of its values"),
        (with("Lattice=\"1 0 0 0 1 0 0 0\"", PAIR), "x.xyz:2:9: `Lattice` has 8 numbers"),
        (with("Lattice=\"1 0 0 0 1 0 0 0 x\"", PAIR), "x.xyz:2:9: `x` is not a finite number"),
        (with("Lattice=\"1 0 0 2 0 0 0 0 1\"", PAIR), "x.xyz:2:9: the lattice vectors lie in one plane"),
        (with("Lattice=\"1 0 0", PAIR), "x.xyz:2:9: `\"` is never closed"),
        (with("pbc=\"T T T\" a=1", PAIR), "x.xyz:2:1: `pbc` says periodic but there is no `Lattice`"),
        (with("Lattice=\"1 0 0 0 1 0 0 0 1\" pbc=\"T T\"", PAIR), "x.xyz:2:33: `T T` is not a periodicity"),
        (with(&format!("{columns} energy=low"), PAIR), "x.xyz:2:39: `low` is not a finite number"),
        (with(&format!("{columns} energy=\"1 2\""), PAIR), "x.xyz:2:39: this is not one number"),
        (with(&format!("{columns} stress=\"1 2 3\""), PAIR), "x.xyz:2:39: a tensor has 3 components"),
        (
            with(&format!("{columns} stress=\"1 2 0 0 1 0 0 0 1\""), PAIR),
            "x.xyz:2:39: the nine components are not those of a symmetric tensor",
        ),
        (
            with("Lattice=\"1 0 0 0 1 0 0 0 1\" virial=\"1 2 3 4 5 6\"", PAIR),
            "x.xyz:2:36: a virial of six components has no agreed order",
        ),
        (
            with("Lattice=\"1 0 0 0 1 0 0 0 1\" virial=\"1 0 0 0 1 0 0 0 1\" stress=\"1 1 1 0 0 0\"", PAIR),
            "x.xyz:2:1: `virial` and `stress` disagree about the stress (by 2.000e0)",
        ),
        (
            with("Properties=species:S:1:Z:I:1:pos:R:3", "Li 3 0 0 0\nN 8 1 1 1\n"),
            "x.xyz:4:1: the atom is N by symbol and O by number",
        ),
        ("1000000000000\nhuge\nLi 0 0 0\n".to_string(), "x.xyz:4:1: the file ends here"),
    ] {
        assert_eq!(complaint("x.xyz", &text), expected, "{text}");
    }
}

#[test]
fn frames_before_a_mistake_are_delivered() {
    let text = format!("2\n\n{PAIR}2\n\nLi 0 0 0\nN 0 0\n");
    let mut read = io::open_text("x.xyz", text, &ReadOptions::default()).unwrap();
    assert_eq!(read.next().unwrap().unwrap().len(), 2);
    assert!(read.next().unwrap().is_err());
    assert!(read.next().is_none());
}
