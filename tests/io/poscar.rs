//! VASP POSCAR and CONTCAR.

use crate::support::{complaint, frames, placeless, recognised, shared, through_file};
use mlmd::io::{self, Format, ReadOptions, WriteOptions};
use mlmd::system::{Element, Vec3};

/// A POSCAR with this scale and what follows the lattice 4 × 5 × 6.
fn poscar(scale: &str, rest: &str) -> String {
    format!("a comment\n{scale}\n4 0 0\n0 5 0\n0 0 6\n{rest}")
}

#[test]
fn a_real_file_is_read() {
    let Some(path) = shared("formats/POSCAR.neb0") else { return };
    recognised(&path, Format::Poscar);
    let frame = &io::read_all(&path, &ReadOptions::default()).unwrap()[0];
    assert_eq!((frame.len(), frame.formula().as_str()), (35, "NaO24P6Zr4"));
    assert!((frame.cell.volume() - 7.582 * 2.0 * 4.4075 * 7.634014).abs() < 1e-9);
    let symbols: Vec<&str> = frame.species.iter().map(|e| e.symbol()).collect();
    assert_eq!((symbols[0], symbols[1], symbols[5], symbols[34]), ("Na", "Zr", "P", "O"));
}

#[test]
fn the_scale_is_a_factor_three_factors_or_a_volume() {
    let rest = "Li N\n1 1\nCartesian\n1 1 1\n2 2 2\n";
    for (scale, lengths, second) in [
        ("2.0", [8.0, 10.0, 12.0], [4.0, 4.0, 4.0]),
        ("1.0 2.0 0.5", [4.0, 10.0, 3.0], [2.0, 4.0, 1.0]),
        ("-960", [8.0, 10.0, 12.0], [4.0, 4.0, 4.0]),
        ("2.0 angstrom", [8.0, 10.0, 12.0], [4.0, 4.0, 4.0]),
    ] {
        let frame = &frames("POSCAR", &poscar(scale, rest)).unwrap()[0];
        for k in 0..3 {
            assert!((frame.cell.lengths()[k] - lengths[k]).abs() < 1e-13, "{scale}");
            assert!((frame.positions[1][k] - second[k]).abs() < 1e-14, "{scale}");
        }
    }
}

#[test]
fn elements_are_named_in_many_ways() {
    for (comment, rest) in
        [("x", "Li N\n1 1\n"), ("x", "Li_sv N_s/6a2f546d\n1 1 ! one each\n"), ("Li N in a box", "1 1\n")]
    {
        let text = poscar("1.0", &format!("{rest}Direct\n0 0 0 Li1\n.5 .5 .5 N1\n")).replacen(
            "a comment",
            comment,
            1,
        );
        let frame = &frames("POSCAR", &text).unwrap()[0];
        assert_eq!(frame.formula(), "LiN", "{comment} {rest}");
        assert_eq!(frame.positions[1], Vec3::new(2.0, 2.5, 3.0));
        assert_eq!(frame.text("comment"), Some(comment));
    }
    let text = poscar("1.0", "1 1\nDirect\n0 0 0\n.5 .5 .5\n");
    assert_eq!(complaint("POSCAR", &text), "POSCAR:6:1: the elements are not named (a file of VASP 4)");
    let elements = ["Cu", "S"].map(|symbol| Element::from_symbol(symbol).unwrap()).to_vec();
    let options = ReadOptions { elements: Some(elements), ..ReadOptions::default() };
    let frame = io::open_text("POSCAR", text, &options).unwrap().next().unwrap().unwrap();
    assert_eq!(frame.formula(), "CuS");
}

#[test]
fn what_follows_the_positions_is_understood() {
    let head = "Li N\n1 1\nDirect\n0 0 0\n.5 .5 .5\n";
    let lattice = "Lattice velocities and vectors\n1\n0 0 0\n0 0 0\n0 0 0\n4 0 0\n0 5 0\n0 0 6\n";
    for (rest, moving) in [
        ("", false),
        ("\n", false),
        ("\n0 0 0\n0 0 0\n", false),
        ("\n1\n0.5\n0 0 0 0\n", false),
        ("\n0.5 0 0\n0 0 -0.25\n", true),
        ("Cartesian\n0.5 0 0\n0 0 -0.25\n\n1\n2.0\n", true),
    ] {
        for lattice in ["", lattice] {
            let frame = &frames("CONTCAR", &poscar("1.0", &format!("{head}{lattice}{rest}"))).unwrap()[0];
            let expected = vec![Vec3::new(0.5, 0.0, 0.0), Vec3::new(0.0, 0.0, -0.25)];
            assert_eq!(frame.velocities, moving.then_some(expected), "{lattice}{rest}");
        }
    }
    let text = poscar("1.0", &format!("{head}Direct\n0.5 0 0\n0 0 -0.25\n"));
    assert!(
        complaint("CONTCAR", &text).starts_with("CONTCAR:11:1: velocities in lattice vectors per time step")
    );
}

#[test]
fn velocities_that_nobody_knows_are_none() {
    let text = poscar("1.0", "Li N\n1 1\nDirect\n0 0 0\n.5 .5 .5\n\n NaN NaN NaN\n NaN NaN NaN\n");
    assert_eq!(frames("CONTCAR", &text).unwrap()[0].velocities, None);
    let message = complaint("CONTCAR", &text.replacen(" NaN NaN NaN\n", " 0 0 1\n", 1));
    assert_eq!(message, "CONTCAR:13:2: `NaN` is not a finite number");
}

#[test]
fn a_position_too_many_is_not_lost() {
    for row in ["0.2 0.2 0.2", "0.2 0.2 0.2 T T T", "0.2 0.2 0.2 N"] {
        let text = poscar("1.0", &format!("Li N\n1 1\nDirect\n0 0 0\n.5 .5 .5\n{row}\n"));
        let message = complaint("POSCAR", &text);
        assert!(message.starts_with("POSCAR:11:1: a position more than the 2 atoms"), "{message}");
    }
}

#[test]
fn a_second_structure_is_refused() {
    let kinds = ["Li N\n1 1\n", "1 1\n"];
    for ((comment, blank), kinds) in
        [("Li N", ""), ("Cl Li", ""), ("x y", "\n"), ("", "")].into_iter().zip(kinds.into_iter().cycle())
    {
        let one =
            poscar("1.0", &format!("{kinds}Direct\n0 0 0\n.5 .5 .5\n")).replacen("a comment", "Li N", 1);
        let two = format!("{one}{blank}{}", one.replacen("Li N", comment, 1));
        let message = complaint("POSCAR", &two);
        assert!(message.ends_with("another structure begins here"), "{message}\n{two}");
    }
}

/// Flags of VASP are about lattice vectors: where these do not lie along the axes, a frame says so.
#[test]
fn flags_say_what_they_are_about() {
    let axes = |lattice: &str, flags: &str| {
        let rest = format!("Li\n1\nSelective\nDirect\n0 0 0 {flags}\n");
        let text = poscar("1.0", &rest).replacen("4 0 0\n0 5 0\n0 0 6\n", lattice, 1);
        frames("POSCAR", &text).unwrap()[0].text("move_mask_axes").map(str::to_string)
    };
    let hexagonal = "3 0 0\n-1.5 2.6 0\n0 0 5\n";
    for (flags, same) in [
        ("F T F", false),
        ("T F T", true),
        ("F T T", false),
        ("T F F", true),
        ("F F T", true),
        ("F F F", true),
    ] {
        assert_eq!(axes(hexagonal, flags).is_none(), same, "{flags}");
        assert_eq!(axes("4 0 0\n0 5 0\n0 0 6\n", flags), None, "{flags}");
    }
    assert_eq!(axes("0 4 0\n5 0 0\n0 0 6\n", "T F T").as_deref(), Some("lattice vectors"));
}

#[test]
fn a_structure_survives_writing() {
    let text = poscar(
        "1.1",
        "Li N Li\n1 1 1\nSelective\nK\n0.1 0.2 0.3 T F T\n2 2 2 F F F\n3 3 -3 T T T\n\n1 2 3\n4 5 6\n7 8 9\n",
    );
    let read = frames("POSCAR", &text).unwrap();
    let again = through_file("CONTCAR.gz", &read);
    for (a, b) in read[0].positions.iter().zip(&again[0].positions) {
        assert!((a - b).amax() < 1e-14, "fractional coordinates round");
    }
    let bare = |frame: &mlmd::Frame| mlmd::Frame { positions: Vec::new(), ..placeless(frame) };
    assert_eq!(bare(&read[0]), bare(&again[0]));
}

#[test]
fn what_a_poscar_cannot_hold_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let read = frames("POSCAR", &poscar("1.0", "Li\n1\nD\n0 0 0\n")).unwrap();
    let create = || io::create(&directory.path().join("POSCAR"), None, &WriteOptions::default()).unwrap();
    let mut out = create();
    out.write(&read[0]).unwrap();
    assert!(out.write(&read[0]).unwrap_err().to_string().contains("holds one structure"));
    let molecule = &frames("x.xyz", "1\n\nLi 0 0 0\n").unwrap()[0];
    assert!(create().write(molecule).unwrap_err().to_string().contains("three lattice vectors"));
}

#[test]
fn mistakes_are_located() {
    for (text, expected) in [
        ("a\n".to_string(), "POSCAR:2:1: the file ends here"),
        (poscar("x", ""), "POSCAR:2:1: `x` is not a number"),
        (poscar("0", ""), "POSCAR:2:1: the scale of the lattice is zero"),
        (poscar("1 2", ""), "POSCAR:2:1: the lattice has one scale or three, not two"),
        (poscar("1 -2 1", ""), "POSCAR:2:1: three scales of the lattice have to be positive"),
        (
            poscar("1", "").replace("0 5 0", "0 5"),
            "POSCAR:4:4: three components of a lattice vector is missing",
        ),
        (poscar("1", "").replace("0 5 0", "4 0 0"), "POSCAR:5:1: the lattice vectors lie in one plane"),
        (poscar("1", "Li Xx\n1 1\n"), "POSCAR:6:4: `Xx` is not the symbol of an element; did you mean `Xe`?"),
        (poscar("1", "Li N\n1\n"), "POSCAR:7:1: 1 counts for 2 elements"),
        (poscar("1", "Li N\n1 -1\n"), "POSCAR:7:3: `-1` is not a valid integer here"),
        (poscar("1", "Li N\n0 0\n"), "POSCAR:7:1: there are no atoms"),
        (
            poscar("1", "Li N\n9999999999999999999 9999999999999999999\n"),
            "POSCAR:7:21: more atoms than can be counted",
        ),
        (poscar("1", "Li\n1\nFractional\n"), "POSCAR:8:1: `Fractional` is not a mode of coordinates"),
        (poscar("1", "Li\n1\nD\n0 0 zero\n"), "POSCAR:9:5: `zero` is not a number"),
        (poscar("1", "Li\n2\nD\n0 0 0\n"), "POSCAR:10:1: the file ends here"),
        (poscar("1", "Li\n1000000000000\nD\n0 0 0\n"), "POSCAR:10:1: the file ends here"),
        (
            poscar("1", "Li\n1\nS\nD\n0 0 0 T T\n"),
            "POSCAR:10:10: a flag (T or F) of selective dynamics is missing",
        ),
        (poscar("1", "Li\n1\nS\nD\n0 0 0 T T 1\n"), "POSCAR:10:11: `1` is neither T nor F"),
        (
            poscar("1", "Li\n2\nD\n0 0 0\n0 0 1\n\n0 0 0\n0 0\n"),
            "POSCAR:13:4: three components of a velocity in angstrom/fs is missing",
        ),
    ] {
        assert_eq!(complaint("POSCAR", &text), expected, "{text}");
    }
}
