//! LAMMPS data files and dumps, against what LAMMPS has in memory (`data/io/lammps/make.py`).

use crate::support::{complaint, frames, own, placeless, reading, through_file};
use mlmd::Frame;
use mlmd::io::{self, Format, ReadOptions, Value};
use mlmd::system::{Cell, Element, Vec3};
use mlmd::units::{AVOGADRO, ELEMENTARY_CHARGE};

fn elements(symbols: &[&str]) -> Vec<Element> {
    symbols.iter().map(|symbol| symbol.parse().unwrap()).collect()
}

fn lithium_fluoride() -> ReadOptions {
    ReadOptions { elements: Some(elements(&["Li", "F"])), ..ReadOptions::default() }
}

fn truth() -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(own("lammps/truth.json")).unwrap()).unwrap()
}

fn vectors(value: &serde_json::Value) -> Vec<Vec3> {
    serde_json::from_value::<Vec<[f64; 3]>>(value.clone()).unwrap().into_iter().map(Vec3::from).collect()
}

/// The largest distance between corresponding vectors.
fn apart(a: &[Vec3], b: &[Vec3]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max)
}

/// Positions followed through the cells that were crossed.
fn unwrapped(frame: &Frame) -> Vec<Vec3> {
    let Some(images) = &frame.images else { return frame.positions.clone() };
    frame.positions.iter().zip(images).map(|(r, image)| r + frame.cell.translation(*image)).collect()
}

/// Asserts what LAMMPS says of its own state. Files carry 16 digits, of which LAMMPS itself loses two in
/// `xsu ysu zsu` (it prints 0.07552083333337123 for 0.0755208333…): 4e-13 Å.
fn agrees(frame: &Frame, truth: &serde_json::Value, per_fs: f64) {
    let cell: [[f64; 3]; 3] = serde_json::from_value(truth["cell"].clone()).unwrap();
    let periodic = serde_json::from_value(truth["periodic"].clone()).unwrap();
    let cell = Cell::new(cell, periodic).unwrap();
    assert!((frame.cell.matrix() - cell.matrix()).norm() < 1e-13, "{:?}", frame.cell);
    let types: Vec<usize> = serde_json::from_value(truth["types"].clone()).unwrap();
    let symbols: Vec<&str> = types.iter().map(|kind| ["Li", "F"][kind - 1]).collect();
    assert_eq!(frame.species.iter().map(|e| e.symbol()).collect::<Vec<_>>(), symbols);
    assert_eq!(frame.step, truth["step"].as_u64());
    let velocities = vectors(&truth["velocities"]).into_iter().map(|v| v * per_fs).collect::<Vec<_>>();
    if let Some(read) = &frame.velocities {
        assert!(apart(read, &velocities) < 1e-15);
    }
    let distance = apart(&unwrapped(frame), &vectors(&truth["unwrapped"]));
    assert!(distance < 1e-12, "{distance}");
}

#[test]
fn dumps_of_every_kind_of_coordinate_agree_with_lammps() {
    let truth = truth();
    let run = truth["run"].as_array().unwrap();
    for (name, options) in [
        ("x.dump", lithium_fluoride()),
        ("xs.dump", ReadOptions::default()),
        ("xu.dump", ReadOptions::default()),
        ("xsu.dump", lithium_fluoride()),
    ] {
        let frames = reading(&own(&format!("lammps/{name}")), &options);
        assert_eq!(frames.len(), 4, "{name}");
        for (frame, truth) in frames.iter().zip(run) {
            if name == "xs.dump" {
                // Wrapped coordinates without counts: the same place in another image.
                for (r, expected) in frame.positions.iter().zip(vectors(&truth["unwrapped"])) {
                    assert!(frame.cell.shortest(&(r - expected)).norm() < 1e-13);
                }
                continue;
            }
            agrees(frame, truth, 1e-3);
            if let Some(forces) = &frame.forces {
                assert!(apart(forces, &vectors(&truth["forces"])) < 1e-15);
            }
        }
    }
    let x = reading(&own("lammps/x.dump"), &lithium_fluoride());
    assert_eq!(x[1].time, Some(80.0), "0.08 ps");
    assert_eq!(x[0].text("lammps_units"), Some("metal"));
    let xu = reading(&own("lammps/xu.dump"), &ReadOptions::default());
    // Continuous paths cross no faces that are to be guessed.
    assert!(xu.iter().all(|f| f.images.as_ref().is_some_and(|images| images.iter().all(|i| *i == [0; 3]))));
    assert_eq!(xu[0].charges.as_ref().unwrap()[..2], [1.0, -1.0]);
    assert_eq!((&xu[0].masses, xu[0].text("lammps_units")), (&None, Some("metal (assumed)")));
    let xsu = reading(&own("lammps/xsu.dump"), &lithium_fluoride());
    assert_eq!(xsu[0].columns["c_pe"].width, 1);
}

#[test]
fn data_files_of_every_style_agree_with_lammps() {
    let truth = truth();
    for (style, key) in [("charge", "run"), ("atomic", ""), ("molecular", ""), ("full", "")] {
        let path = own(&format!("lammps/{style}.data"));
        let truth = if key.is_empty() { &truth[style] } else { &truth[key][3] };
        let frames = reading(&path, &ReadOptions::default());
        agrees(&frames[0], truth, 1e-3);
        assert!(frames[0].velocities.is_some() && frames[0].images.is_some());
        assert_eq!(frames[0].charges.is_some(), ["charge", "full"].contains(&style));
        // The style is in the comment behind `Atoms`; without it, it is told by what the rows hold.
        let text = std::fs::read_to_string(&path).unwrap().replace(&format!("Atoms # {style}"), "Atoms");
        let again = mlmd::io::open_text("x.data", text, &ReadOptions::default()).unwrap();
        assert_eq!(placeless(&again.map(Result::unwrap).next().unwrap()), placeless(&frames[0]), "{style}");
    }
}

#[test]
fn units_real_become_ev_and_fs() {
    let truth = &truth()["real"];
    let data = &reading(&own("lammps/real.data"), &ReadOptions::default())[0];
    let dump = reading(&own("lammps/real.dump"), &ReadOptions::default()).pop().unwrap();
    assert_eq!(dump.cell.periodic(), [true, true, false]);
    agrees(&dump, truth, 1.0);
    assert!(apart(data.velocities.as_ref().unwrap(), dump.velocities.as_ref().unwrap()) < 1e-15);
    assert_eq!(dump.time, Some(20.0));
    let kcal_per_mol = 4184.0 / AVOGADRO / ELEMENTARY_CHARGE;
    let forces: Vec<Vec3> = vectors(&truth["forces"]).into_iter().map(|f| f * kcal_per_mol).collect();
    assert!(apart(dump.forces.as_ref().unwrap(), &forces) < 1e-15);
}

/// Files that do not name their units are in those that the caller says; others are not overruled.
#[test]
fn units_that_a_file_does_not_name_can_be_said() {
    let unnamed = format!("ITEM: TIME\n2\n{DUMP}").replace("element x y z", "element x y z vx vy vz");
    let unnamed = unnamed.replace("0 0 0\n", "0 0 0 1 0 0\n").replace("1 1 1\n", "1 1 1 0 0 1\n");
    let read = |text: &str, units: &str, strict_units| {
        let units = Some(units.parse().unwrap());
        let options = ReadOptions { units, strict_units, ..ReadOptions::default() };
        mlmd::io::open_text("t.dump", text, &options)
            .and_then(Iterator::collect)
            .map(|mut frames: Vec<Frame>| frames.remove(0))
    };
    for (units, name, velocity, time) in [
        ("real", "real", 1.0, 2.0),
        ("kcal/mol,angstrom", "real", 1.0, 2.0),
        ("metal", "metal", 1e-3, 2e3),
        ("hartree,bohr", "metal (assumed)", 1e-3, 2e3),
    ] {
        let frame = read(&unnamed, units, false).unwrap();
        assert_eq!((frame.text("lammps_units"), frame.time), (Some(name), Some(time)));
        assert_eq!(frame.velocities.unwrap()[0].x, velocity);
    }
    assert!(
        read(&unnamed, "hartree,bohr", true).unwrap_err().to_string().contains("expected `metal` or `real`")
    );
    let named = format!("ITEM: UNITS\nmetal\n{unnamed}");
    assert_eq!(read(&named, "real", false).unwrap().text("lammps_units"), Some("metal"));
    let message = read(&named, "real", true).unwrap_err().to_string();
    assert!(message.contains("units `metal`, but `real` was stated for this file"), "{message}");
    let options = ReadOptions { units: Some("real".parse().unwrap()), ..ReadOptions::default() };
    let data = mlmd::io::open_text("t.data", DATA, &options).unwrap().next().unwrap().unwrap();
    assert_eq!(
        (data.velocities.unwrap()[1].z, data.info["lammps_units"].clone()),
        (1.0, Value::Text("real".into()))
    );
}

#[test]
fn a_box_that_lies_askew_is_read_as_it_lies() {
    let data = &reading(&own("lammps/turned.data"), &ReadOptions::default())[0];
    let dump = reading(&own("lammps/turned.dump"), &lithium_fluoride()).pop().unwrap();
    let expected = Cell::new([[0.3, 4.1, 0.2], [-4.0, 0.4, 0.1], [0.5, 0.2, 4.4]], [true; 3]).unwrap();
    for frame in [data, &dump] {
        assert!((frame.cell.matrix() - expected.matrix()).norm() < 1e-14);
    }
    assert!(apart(&unwrapped(data), &unwrapped(&dump)) < 1e-13 || dump.images.is_none());
    assert_eq!(dump.species, data.species);
}

#[test]
fn what_is_written_reads_back() {
    let read = reading(&own("lammps/x.dump"), &lithium_fluoride());
    let frames = through_file("copy.dump", &read);
    assert_eq!(frames.len(), 4);
    for (a, b) in read.iter().zip(&frames) {
        assert!((a.cell.matrix() - b.cell.matrix()).norm() < 1e-15);
        assert!(apart(&a.positions, &b.positions) == 0.0, "positions are exact");
        assert_eq!((&a.images, &a.species, a.step), (&b.images, &b.species, b.step));
        assert_eq!(a.forces, b.forces);
        // Å/fs and Å/ps: one rounding each way.
        assert!(apart(a.velocities.as_ref().unwrap(), b.velocities.as_ref().unwrap()) < 1e-17);
        assert!((a.time.unwrap() - b.time.unwrap()).abs() < 1e-12);
    }
    let full = reading(&own("lammps/full.data"), &ReadOptions::default());
    let again = &through_file("copy.data", &full)[0];
    assert_eq!((&full[0].positions, &full[0].images), (&again.positions, &again.images));
    assert_eq!((&full[0].charges, &full[0].species), (&again.charges, &again.species));
    assert!(apart(full[0].velocities.as_ref().unwrap(), again.velocities.as_ref().unwrap()) < 1e-17);
    let li = Element::from_symbol("Li").unwrap();
    let mut isotopes =
        Frame::new(Cell::orthorhombic(3.0, 4.0, 5.0).unwrap(), vec![li; 2], vec![Vec3::zeros(); 2]);
    isotopes.masses = Some(vec![6.015, 7.016]);
    for name in ["isotopes.data", "isotopes.dump"] {
        assert_eq!(through_file(name, std::slice::from_ref(&isotopes))[0].masses, isotopes.masses, "{name}");
    }
}

#[test]
fn a_cell_that_lies_anywhere_keeps_its_distances() {
    let cell = Cell::new([[0.0, 4.0, 0.3], [5.0, 0.0, -1.0], [0.4, 1.0, 6.0]], [true; 3]).unwrap();
    let species = elements(&["Li", "N", "Li"]);
    let mut frame = Frame::new(
        cell,
        species,
        vec![Vec3::new(0.1, 0.2, 0.3), Vec3::new(1.0, 2.0, 3.0), Vec3::new(4.0, 0.5, 2.0)],
    );
    frame.forces = Some(vec![Vec3::new(1.0, 0.0, 0.0), Vec3::new(0.0, 1.0, 0.0), Vec3::new(0.0, 0.0, 1.0)]);
    frame.images = Some(vec![[1, 2, -3], [0, 0, 0], [0, -1, 4]]);
    let again = &through_file("x.dump", std::slice::from_ref(&frame))[0];
    for i in 0..3 {
        for j in 0..3 {
            let distance = |f: &Frame| f.cell.shortest(&(f.positions[j] - f.positions[i])).norm();
            assert!((distance(&frame) - distance(again)).abs() < 1e-12);
            let path = |f: &Frame| (unwrapped(f)[j] - unwrapped(f)[i]).norm();
            assert!((path(&frame) - path(again)).abs() < 1e-12);
            let work = |f: &Frame| (unwrapped(f)[j] - unwrapped(f)[i]).dot(&f.forces.as_ref().unwrap()[i]);
            assert!((work(&frame) - work(again)).abs() < 1e-12);
        }
    }
}

/// A data file and a dump of two atoms, to be broken.
const DATA: &str = "title\n\n2 atoms\n2 atom types\n0 4 xlo xhi\n0 4 ylo yhi\n0 4 zlo zhi\n\nMasses\n\n1 6.94\n\
                    2 14.007\n\nAtoms # atomic\n\n1 1 0 0 0\n2 2 1 1 1\n\nVelocities\n\n1 0 0 0\n2 0 0 1\n";
const DUMP: &str = "ITEM: TIMESTEP\n5\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS pp pp pp\n0 4\n0 4\n0 4\n\
                    ITEM: ATOMS id element x y z\n1 Li 0 0 0\n2 N 1 1 1\n";

#[test]
fn broken_data_files_are_refused_at_their_place() {
    assert_eq!(frames("t.data", DATA).unwrap()[0].formula(), "LiN");
    for (from, to, expected) in [
        ("2 atoms", "two atoms", "t.data:3:1: `two atoms` is neither a line of the header"),
        ("2 atoms", "3 atoms", "t.data:19:1: section `Atoms` ends too early"),
        ("2 atoms", "1 atoms", "t.data:17:1: `Atoms` has more rows than the header announces"),
        ("2 atoms\n", "", "t.data:13:1: the header does not say how many atoms there are"),
        ("0 4 ylo", "4 0 ylo", "t.data:1:1: the box has no extent along y"),
        ("0 4 ylo", "0 y ylo", "t.data:6:3: `y` is not a number"),
        ("1 6.94", "1 6.9x", "t.data:11:3: `6.9x` is not a number"),
        ("1 6.94", "1 77", "t.data:16:3: the element of atom type 1 is not known"),
        ("# atomic", "# dipole", "t.data:14:1: atom style `dipole`"),
        ("2 2 1 1 1", "2 2 1 1", "t.data:17:1: 4 values for an atom"),
        ("2 2 1 1 1", "2 2 1 1 l", "t.data:17:9: `l` is not a number"),
        ("2 2 1 1 1", "2 2 1 1 1 0 0 0.5", "t.data:17:15: `0.5` is not a valid integer"),
        ("2 2 1 1 1", "2 0 1 1 1", "t.data:17:3: `0` is not an atom type"),
        ("2 2 1 1 1", "1 2 1 1 1", "t.data:1:1: two atoms have the id 1"),
        ("2 0 0 1\n", "3 0 0 1\n", "t.data:1:1: atom 2 has no row in `Velocities`"),
        ("2 0 0 1\n", "", "t.data:22:1: the file ends here"),
        ("title", "by write_data, units = lj", "t.data:1:1: units `lj`: mlmd converts `metal` and `real`"),
    ] {
        assert!(DATA.contains(from), "{from}");
        let message = complaint("t.data", &DATA.replacen(from, to, 1));
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
    let swapped = ReadOptions { elements: Some(elements(&["N", "Li"])), ..ReadOptions::default() };
    let error =
        mlmd::io::open_text("t.data", DATA, &swapped).unwrap().next().unwrap().unwrap_err().to_string();
    assert!(
        error.starts_with("t.data:11:3: type 1 was stated to be N, but its mass 6.94 is that of Li"),
        "{error}"
    );
}

/// People and programs align the header with blanks and tabs.
#[test]
fn words_of_the_header_may_stand_apart() {
    let tilted = DATA.replace("0 4 zlo zhi", "0 4 zlo zhi\n1 0.5 -0.5 xy xz yz");
    let expected = frames("t.data", &tilted).unwrap().remove(0);
    let words = [("atom types", "atom\ttypes"), ("lo ", "lo   "), ("xy xz yz", "xy\txz  yz  # tilts")];
    let apart = words.iter().fold(tilted, |text, (from, to)| text.replace(from, to));
    let found = mlmd::io::open_text("nameless", apart, &ReadOptions::default()).unwrap();
    assert_eq!(found.format(), Format::LammpsData);
    let frame = found.map(Result::unwrap).next().unwrap();
    assert_eq!((frame.cell.rows(), frame.formula()), (expected.cell.rows(), "LiN".into()));
    assert_eq!(frame.cell.rows(), [[4.0, 0.0, 0.0], [1.0, 4.0, 0.0], [0.5, -0.5, 4.0]]);
    for axis in ["xlo xhi", "ylo yhi"] {
        let options = ReadOptions { format: Some(Format::LammpsData), ..ReadOptions::default() };
        let text = DATA.replace(&format!("0 4 {axis}\n"), "");
        let message = mlmd::io::open_text("t.data", text, &options).unwrap().find_map(Result::err);
        assert!(message.unwrap().to_string().contains("has no limits `xlo xhi`"), "{axis}");
    }
}

/// A run that was killed leaves half a frame; those before it are of use.
#[test]
fn a_file_that_ends_inside_a_frame_tells_of_the_whole_ones() {
    for cut in [1, 4, 12] {
        let text = DUMP.repeat(2);
        let message = frames("t.dump", &text[..text.len() - cut]);
        let Err(message) = message else {
            assert_eq!(cut, 1, "only the line break is missing");
            continue;
        };
        assert!(message.contains("`mlmd convert t.dump OUT --frames :1`"), "{message}");
    }
    let first = frames("t.dump", &DUMP[..DUMP.len() - 12]).unwrap_err();
    let inside = frames("t.dump", &format!("{DUMP}{}{DUMP}", DUMP.replace("1 1 1", "1 1 x"))).unwrap_err();
    assert!(!first.contains("--frames") && !inside.contains("--frames"), "{first}\n{inside}");
}

#[test]
fn broken_dumps_are_refused_at_their_place() {
    assert_eq!(frames("t.dump", DUMP).unwrap()[0].formula(), "LiN");
    for (from, to, expected) in [
        ("OF ATOMS\n2", "OF ATOMS\n3", "t.dump:12:1: the file ends here"),
        ("OF ATOMS\n2", "OF ATOMS\n1", "t.dump:11:1: this line does not begin with `ITEM:`"),
        ("OF ATOMS\n2", "OF ATOMS\n-2", "t.dump:4:1: `-2` is not a valid integer"),
        ("ITEM: NUMBER OF ATOMS\n2\n", "", "t.dump:7:1: `ITEM: NUMBER OF ATOMS` is missing"),
        ("ITEM: BOX BOUNDS pp pp pp\n0 4\n0 4\n0 4\n", "", "t.dump:5:1: `ITEM: BOX BOUNDS` is missing"),
        ("BOUNDS pp", "BOUNDS xy xz yz pp", "t.dump:6:4: a bound of the box is missing"),
        ("0 4\n0 4\n0 4", "0 4\n4 0\n0 4", "t.dump:5:1: the box has no extent along y"),
        ("element x y z", "element x y", "t.dump:9:1: these columns hold no positions"),
        ("id element", "id mol", "t.dump:9:1: these columns do not say which element"),
        ("2 N 1 1 1", "2 Nn 1 1 1", "t.dump:11:3: `Nn` is not the symbol of an element"),
        ("2 N 1 1 1", "2 N 1 1", "t.dump:11:8: a value for every column is missing"),
        ("2 N 1 1 1", "2 N 1 1 1 1", "t.dump:11:11: more values than columns"),
        ("2 N 1 1 1", "1 N 1 1 1", "t.dump:9:1: two atoms have the id 1"),
        ("ITEM: TIMESTEP\n5", "ITEM: COLOUR\n5", "t.dump:1:1: `COLOUR` is not an item"),
        ("ITEM: TIMESTEP\n5", "ITEM: UNITS\nsi", "t.dump:2:1: units `si`"),
    ] {
        assert!(DUMP.contains(from), "{from}");
        let options = ReadOptions { format: Some(Format::LammpsDump), ..ReadOptions::default() };
        let text = DUMP.replacen(from, to, 1);
        let message = mlmd::io::open_text("t.dump", text, &options).unwrap().find_map(Result::err);
        let message = message.unwrap_or_else(|| panic!("{to} was accepted")).to_string();
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
}

#[test]
fn types_without_elements_are_refused_or_stand_in() {
    let dump = "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n0 3\n0 3\n0 3\n\
                ITEM: ATOMS id type x y z\n1 2 0 0 0\n";
    let open = |options: &ReadOptions| {
        let mut frames = mlmd::io::open_text("t.dump", dump, options).unwrap();
        assert_eq!(frames.format(), Format::LammpsDump);
        frames.next().unwrap().map_err(|error| error.to_string())
    };
    let refused = open(&ReadOptions::default()).unwrap_err();
    assert!(refused.starts_with("t.dump:10:3: the element of atom type 2 is not known"), "{refused}");
    assert!(refused.contains("--types"), "{refused}");
    let short = ReadOptions { elements: Some(elements(&["Li"])), ..ReadOptions::default() };
    assert!(open(&short).unwrap_err().contains("elements were stated for 1 types"));
    assert_eq!(open(&lithium_fluoride()).unwrap().formula(), "F");
    let stand_in = open(&ReadOptions { stand_in_elements: true, ..ReadOptions::default() }).unwrap();
    assert_eq!(stand_in.formula(), "He");
    assert_eq!(
        stand_in.info["lammps_types"],
        Value::Text("not known: types 2 shown as the elements of these numbers".into())
    );
}

/// A file that goes on after a checkpoint is the file that was never closed.
#[test]
fn a_dump_that_goes_on_is_the_whole_dump() {
    let first = reading(&own("lammps/xs.dump"), &ReadOptions::default()).remove(0);
    let options = io::WriteOptions::default();
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole.dump"), folder.path().join("parts.dump"));
    let mut out = io::create(&whole, None, &options).unwrap();
    for step in 0..3 {
        let frame = Frame { step: Some(step), ..first.clone() };
        out.write(&frame).unwrap();
        let length = std::fs::metadata(&parts).map_or(0, |file| file.len());
        let mut part = io::append(&parts, Format::LammpsDump, &options, length).unwrap();
        part.write(&frame).unwrap();
        part.finish().unwrap();
    }
    out.finish().unwrap();
    let text = std::fs::read_to_string(&parts).unwrap();
    assert_eq!(text, std::fs::read_to_string(&whole).unwrap());
    assert_eq!(text.matches("ITEM: UNITS").count(), 1);
}
