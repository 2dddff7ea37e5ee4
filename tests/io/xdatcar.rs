//! VASP XDATCAR.

use crate::support::{complaint, frames, placeless, recognised, shared, through_file};
use mlmd::Frame;
use mlmd::io::{self, Format, ReadOptions};
use mlmd::system::{Cell, Vec3};

const HEADER: &str = "LiN in a box\n1.0\n4 0 0\n0 5 0\n0 0 6\nLi N\n1 1\n";

#[test]
fn a_real_trajectory_is_read() {
    let Some(path) = shared("formats/Li.XDATCAR.gz") else { return };
    recognised(&path, Format::Xdatcar);
    let frames = io::read_all(&path, &ReadOptions::default()).unwrap();
    for (index, frame) in frames.iter().enumerate() {
        assert_eq!((frame.len(), frame.step), (416, Some(index as u64 + 1)));
        assert_eq!(frame.origin.index, index);
        assert_eq!(frame.origin.line, if index == 0 { 1 } else { 8 + 417 * index });
    }
    assert_eq!(frames[0].formula(), "Cl32Li192P32S160");
    assert_eq!(frames[0].species[192].symbol(), "Cl", "the order of the file");
    // Between two frames nothing moves by more than a fraction of the cell.
    let cell = &frames[0].cell;
    for (a, b) in frames[0].positions.iter().zip(&frames[1].positions) {
        assert!(cell.shortest(&(b - a)).norm() < 3.0);
    }
}

#[test]
fn the_cell_may_change_or_not() {
    let one = "Direct configuration=     1\n.5 .5 .5\n0 0 0\n";
    let two = "Direct configuration=     5\n.25 .5 .5\n0 0 .5\n";
    let fixed = frames("XDATCAR", &format!("{HEADER}{one}{two}")).unwrap();
    assert_eq!(fixed.len(), 2);
    assert_eq!(fixed[1].positions, [Vec3::new(1.0, 2.5, 3.0), Vec3::new(0.0, 0.0, 3.0)]);
    assert_eq!((fixed[0].step, fixed[1].step), (Some(1), Some(5)));
    let other = HEADER.replace("4 0 0", "8 0 0");
    let changing = frames("XDATCAR", &format!("{HEADER}{one}{other}{two}\n")).unwrap();
    assert_eq!(changing[1].positions[0], Vec3::new(2.0, 2.5, 3.0));
    assert_eq!(changing[1].cell, Cell::orthorhombic(8.0, 5.0, 6.0).unwrap());
    for read in [fixed, changing] {
        let again = through_file("XDATCAR", &read);
        // Powers of two: the fractional coordinates are exact.
        let placeless = |frames: &[Frame]| frames.iter().map(placeless).collect::<Vec<_>>();
        assert_eq!(placeless(&read), placeless(&again));
    }
}

#[test]
fn mistakes_are_located() {
    let one = "Direct configuration=     1\n.5 .5 .5\n0 0 0\n";
    for (text, expected) in [
        (format!("{HEADER}{one}Direct configuration=     2\n0 0 0\n"), "XDATCAR:13:1: the file ends here"),
        (
            format!("{HEADER}{one}Direct configuration=     2\n0 0 0\n0 0 x\n"),
            "XDATCAR:13:5: `x` is not a number",
        ),
        (
            format!("{HEADER}{one}Direct configuration=     2\n0 0 0\nDirect configuration=     3\n"),
            "XDATCAR:13:1: `Direct` is not a number",
        ),
        (
            format!("{HEADER}{one}{HEADER}0 0 0\n"),
            "XDATCAR:18:1: expected `Direct configuration=` and its number",
        ),
        (format!("{HEADER}{one}a comment\n"), "XDATCAR:12:1: the file ends here"),
    ] {
        assert_eq!(complaint("XDATCAR", &text), expected, "{text}");
    }
    let mut read = io::open_text("XDATCAR", format!("{HEADER}{one}oops"), &ReadOptions::default()).unwrap();
    assert!(read.next().unwrap().is_ok());
    assert!(read.next().unwrap().is_err());
}
