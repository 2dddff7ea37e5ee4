//! CIF: symmetry, syntax, and crystals that are not one arrangement of atoms (`data/io/cif/make.py`).

use crate::support::{complaint, frames, own, reading, recognised, shared, through_file};
use mlmd::Frame;
use mlmd::io::{self, Format, ReadOptions, Value};
use mlmd::system::{Cell, Vec3};
use std::collections::BTreeMap;

/// Asserts that two frames have the same atoms, in any order and any image.
fn same_crystal(frame: &Frame, symbols: &[String], positions: &[[f64; 3]], tolerance: f64) {
    assert_eq!(frame.len(), symbols.len());
    let mut used = vec![false; frame.len()];
    for (symbol, s) in symbols.iter().zip(positions) {
        let place = frame.cell.cartesian(&Vec3::from(*s));
        let found = (0..frame.len()).find(|&i| {
            !used[i]
                && frame.species[i].symbol() == symbol
                && frame.cell.shortest(&(frame.positions[i] - place)).norm() < tolerance
        });
        used[found.unwrap_or_else(|| panic!("no {symbol} at {s:?}"))] = true;
    }
}

#[test]
fn symmetry_gives_the_crystals_the_files_were_made_from() {
    let truth: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&std::fs::read(own("cif/truth.json")).unwrap()).unwrap();
    for (name, truth) in &truth {
        let (file, index) = name.split_once('/').unwrap_or((name, "0"));
        let path = own(&format!("cif/{file}.cif"));
        recognised(&path, Format::Cif);
        let frames = reading(&path, &ReadOptions::default());
        let frame = &frames[index.parse::<usize>().unwrap()];
        let cell: [f64; 6] = serde_json::from_value(truth["cell"].clone()).unwrap();
        let (lengths, angles) = (frame.cell.lengths(), frame.cell.angles());
        for k in 0..3 {
            assert!((lengths[k] - cell[k]).abs() < 1e-8 && (angles[k] - cell[k + 3]).abs() < 1e-7, "{name}");
        }
        let symbols: Vec<String> = serde_json::from_value(truth["symbols"].clone()).unwrap();
        let positions: Vec<[f64; 3]> = serde_json::from_value(truth["positions"].clone()).unwrap();
        let tolerance = if name == "rounded" { 0.01 } else { 1e-6 };
        same_crystal(frame, &symbols, &positions, tolerance);
    }
    let spinel = &reading(&own("cif/spinel.cif"), &ReadOptions::default())[0];
    assert_eq!(spinel.formula(), "Li16Mn8O32", "oxidation states are no part of the element");
}

#[test]
fn databases_write_what_is_read() {
    // Space groups 216, 167 (hexagonal axes), 62 and 217 with every operation listed; uncertainties.
    for (name, formula, volume) in [
        ("argyrodite", "Li48", 977.37),
        ("latp", "Li24", 1335.8),
        ("li3ps4", "Li16", 645.2),
        ("na3ps4", "Na6", 353.4),
    ] {
        let Some(path) = shared(&format!("formats/{name}.cif")) else { return };
        let frame = &reading(&path, &ReadOptions::default())[0];
        assert_eq!(frame.formula(), formula);
        assert!((frame.cell.volume() - volume).abs() < 0.1, "{name} {}", frame.cell.volume());
    }
}

const CELL: &str = "data_x\n_cell_length_a 4\n_cell_length_b 4\n_cell_length_c 4\n_cell_angle_alpha 90\n\
                    _cell_angle_beta 90\n_cell_angle_gamma 90\n";
const ATOMS: &str = "loop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n\
                     _atom_site_occupancy\n";

#[test]
fn the_syntax_allows_much() {
    let text = "#\\#CIF_1.1\ndata_global\n_journal 'none'\n_text\n;loop_\n_not_a_tag 1\n;\n\
                DATA_one\n_Cell.Length_A 4.0(1)\n_cell_length_b 4\n_cell_length_c 4.\n_cell_angle_alpha 90\n\
                _cell_angle_beta 90.0\n_cell_angle_gamma 9.0E+01\n_symmetry_space_group_name_H-M 'P 1'\n\
                loop_ _atom_site_label _atom_site_type_symbol\n_atom_site_fract_x _atom_site_fract_y _atom_site_fract_z\n\
                'Li 1' Li1+ 0 -0.1 1.25(3) X1\n\"O'a\" 0.5 .5 5.0e-1\n";
    // Values flow over lines: here the second row begins at the end of the first.
    let text = text.replace("X1\n\"O'a\"", "\"O'a\" O2-");
    let read = frames("x.cif", &text).unwrap();
    assert_eq!((read.len(), read[0].formula().as_str(), read[0].text("name")), (1, "LiO", Some("one")));
    assert_eq!(read[0].origin.line, 8);
    let expected = Vec3::new(0.0, 3.6, 1.0);
    assert!((read[0].positions[0] - expected).norm() < 1e-12, "{}", read[0].positions[0]);
    let single = format!(
        "{CELL}_atom_site_label D1\n_atom_site_fract_x 0\n_atom_site_fract_y 0\n_atom_site_fract_z 0\n"
    );
    assert_eq!(frames("x.cif", &single).unwrap()[0].formula(), "H");
    let dummies =
        format!("{CELL}{ATOMS}_atom_site_calc_flag\nLi 0 0 0 . d\nLi1 .5 0 0 1 dum\nO1 .5 .5 0 0.0 d\n");
    assert_eq!(frames("x.cif", &dummies).unwrap()[0].formula(), "Li");
}

/// Magnetic groups have lists of their own, one of operations and one of centring; time does not move atoms.
#[test]
fn magnetic_operations_move_atoms() {
    let group = "_space_group_magn.number_BNS 71.536\nloop_\n_space_group_symop_magn_operation.id\n\
                 _space_group_symop_magn_operation.xyz\n1 x,y,z,+1\n2 -x,-y,-z,-1\n";
    let centering = "loop_\n_space_group_symop_magn_centering.xyz\nx,y,z,+1\nx+1/2,y+1/2,z+1/2,+1\n";
    let atoms = format!("{ATOMS}U 0 0 0 1\nSi .1 .2 .3 1\n");
    for (centering, formula) in [("", "Si2U"), (centering, "Si4U2")] {
        let read = frames("x.mcif", &format!("{CELL}{group}{centering}{atoms}")).unwrap();
        assert_eq!(read[0].formula(), formula);
    }
    let named = format!("{CELL}_space_group_magn.name_BNS \"P4_2'/mnm'\"\n{atoms}");
    assert!(complaint("x.mcif", &named).contains("space group `P4_2'/mnm'` without its symmetry"));
}

#[test]
fn broken_files_are_refused_at_their_place() {
    let lithium = format!("{CELL}{ATOMS}Li 0 0 0 1\n");
    assert_eq!(frames("x.cif", &lithium).unwrap()[0].len(), 1);
    for (text, expected) in [
        (CELL.to_string(), "x.cif:8:1: the file ends here"),
        (format!("{CELL}{ATOMS}Li 0 0 0\n"), "x.cif:14:8: the table ends inside a row"),
        (format!("{CELL}{ATOMS}Li 0 zero 0 1\n"), "x.cif:14:6: `zero` is not a number"),
        (format!("{CELL}{ATOMS}Qq 0 0 0 1\n"), "x.cif:14:1: `Qq` does not begin with the symbol"),
        (format!("{CELL}{ATOMS}Li ? 0 0 1\n"), "x.cif:14:4: the position of this atom is not known"),
        (format!("{CELL}{ATOMS}Li 0 0 0 1.5\n"), "x.cif:14:10: an occupancy lies between 0 and 1"),
        (format!("{CELL}{ATOMS}Li 0 0 0 0.5\n"), "x.cif:14:10: partly occupied site (Li 0.5)"),
        (
            format!("{CELL}{ATOMS}Li 0 0 0 1\nNa 0 0 0.001 1\n"),
            "x.cif:15:14: the site is occupied 2.0000 times",
        ),
        (lithium.replace("gamma 90", "gamma 181"), "x.cif:2:16: no cell has the edges"),
        (lithium.replace("_cell_length_b 4\n", ""), "x.cif:1:1: `_cell_length_b` is missing"),
        (
            lithium.replace("_atom_site_fract_y", "_atom_site_fract_q"),
            "x.cif:1:1: `_atom_site_fract_y` is missing",
        ),
        (
            format!("{lithium}_symmetry_Int_Tables_number 225\n"),
            "x.cif:15:29: space group `225` without its symmetry",
        ),
        (format!("{lithium}_space_group_symop_operation_xyz 'x,y,w'\n"), "x.cif:15:35: `w` is not a part"),
        (
            format!("{lithium}_space_group_symop_operation_xyz 'x,x,z'\n"),
            "x.cif:15:35: `x,x,z` is not a symmetry",
        ),
        (lithium.replace("fract", "Cartn"), "x.cif:14:4: Cartesian coordinates in a CIF"),
        ("hello world\n".to_string(), "x.cif:1:1: `hello` stands outside of any data block"),
    ] {
        let message = complaint("x.cif", &text);
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
}

/// The cubic garnet Li7La3Zr2O12: lithium on 24d (0.542) and on pairs of 96h (0.448) that are 0.7 Å apart.
fn garnet() -> String {
    let file = std::fs::read_to_string(own("cif/garnet.cif")).unwrap();
    // On the axes of the file, which has La on 24c at (1/8, 0, 1/4).
    file.trim_end().to_string()
        + "\n  Li  Li1  24  0.375  0  0.25  0.542\n  Li  Li2  96  0.0963  0.6853  0.5792  0.448\n"
}

fn resolved(text: &str, seed: u64, supercell: Option<[i32; 3]>) -> Frame {
    let diagonal = |[a, b, c]: [i32; 3]| [[a, 0, 0], [0, b, 0], [0, 0, c]];
    let options = ReadOptions {
        occupancy_seed: Some(seed),
        occupancy_supercell: supercell.map(diagonal),
        ..ReadOptions::default()
    };
    io::open_text("d.cif", text, &options).unwrap().next().unwrap().unwrap_or_else(|error| panic!("{error}"))
}

fn counts(frame: &Frame) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for element in &frame.species {
        *counts.entry(element.symbol()).or_insert(0) += 1;
    }
    counts
}

#[test]
fn a_disordered_garnet_becomes_one_arrangement_by_its_seed() {
    let text = garnet();
    let message = complaint("d.cif", &text);
    assert!(message.contains("partly occupied site (Li 0.542): not one arrangement of atoms"), "{message}");
    let frame = resolved(&text, 7, None);
    // 24·0.542 = 13.0 and 96·0.448 = 43.0.
    let expected = BTreeMap::from([("La", 24), ("Li", 56), ("O", 96), ("Zr", 16)]);
    assert_eq!(counts(&frame), expected);
    for i in 0..frame.len() {
        for j in 0..i {
            let distance = frame.cell.shortest(&(frame.positions[i] - frame.positions[j])).norm();
            assert!(distance > 1.2, "{} {} {distance}", frame.species[i], frame.species[j]);
        }
    }
    assert!(!frame.info.contains_key("supercell"));
    assert_eq!(resolved(&text, 7, None), frame, "the seed decides");
    assert_ne!(resolved(&text, 8, None).positions, frame.positions);
}

#[test]
fn occupations_are_drawn_over_the_supercell() {
    // Half a lithium on one site of the cell: none is nearest to it in one cell (one of ½ and ½ is not),
    // four in eight cells; a mixed site is shared to the nearest counts.
    let text = format!("{CELL}{ATOMS}Li 0 0 0 0.5\nNa 0.5 0.5 0.5 0.3\nK 0.5 0.5 0.5 0.7\n");
    let frame = resolved(&text, 3, Some([2, 2, 2]));
    assert_eq!(counts(&frame), BTreeMap::from([("K", 6), ("Li", 4), ("Na", 2)]));
    assert_eq!(frame.cell, Cell::orthorhombic(8.0, 8.0, 8.0).unwrap());
    assert_eq!(frame.info["supercell"], Value::Integers(vec![2, 0, 0, 0, 2, 0, 0, 0, 2]));
    // Every site is equally likely: over seeds, each of the eight holds lithium half of the time.
    let mut hits = BTreeMap::new();
    for seed in 0..200 {
        let frame = resolved(&text, seed, Some([2, 2, 2]));
        for (element, r) in frame.species.iter().zip(&frame.positions) {
            if element.symbol() == "Li" {
                *hits.entry([r.x as i32, r.y as i32, r.z as i32]).or_insert(0) += 1;
            }
        }
    }
    assert_eq!(hits.len(), 8);
    // Standard deviation √(200·¼) = 7.1: within four of them.
    assert!(hits.values().all(|n| (100_i32 - n).abs() < 29), "{hits:?}");
    // Nothing is drawn where nothing is disordered, and the supercell is that of `System::supercell`.
    let ordered = format!("{CELL}{ATOMS}Li 0 0 0 1\nNa 0.5 0.5 0.5 1\n");
    let whole = resolved(&ordered, 3, None).to_system().unwrap().repeated([2, 2, 1]).unwrap();
    let frame = resolved(&ordered, 3, Some([2, 2, 1]));
    assert_eq!((&frame.species, &frame.positions), (&whole.species, &whole.positions));
}

/// Sites that symmetry does not make equivalent, and each of which is rather empty than full, hold together what
/// they come to: a structure that is listed atom by atom has the composition of the one that lists its symmetry.
#[test]
fn atoms_listed_one_by_one_keep_the_composition() {
    let rows: Vec<String> = (0..100)
        .map(|k| format!("Li {} {} 0 0.448\n", f64::from(k % 10) / 10.0, f64::from(k / 10) / 10.0))
        .collect();
    let large = CELL.replace("length_a 4", "length_a 30").replace("length_b 4", "length_b 30");
    let frame = resolved(&format!("{large}{ATOMS}{}", rows.concat()), 1, None);
    assert_eq!(counts(&frame), BTreeMap::from([("Li", 45)]));
    // Two elements on full sites: every site has its atom.
    let rows: Vec<String> =
        (0..20).map(|k| format!("La {x} 0 0 0.7\nSr {x} 0 0 0.3\n", x = f64::from(k) / 20.0)).collect();
    let long = CELL.replace("length_a 4", "length_a 60");
    let frame = resolved(&format!("{long}{ATOMS}{}", rows.concat()), 1, None);
    assert_eq!(counts(&frame), BTreeMap::from([("La", 14), ("Sr", 6)]));
    // Occupancies that differ: 0.2 + 0.3 + 0.4 + 0.45 + 0.35 + 0.31 come to two atoms, on the fullest sites.
    let rows: Vec<String> = [0.2, 0.3, 0.4, 0.45, 0.35, 0.31]
        .iter()
        .enumerate()
        .map(|(k, f)| format!("Li {} 0 0 {f}\n", k as f64 / 20.0))
        .collect();
    let frame = resolved(&format!("{long}{ATOMS}{}", rows.concat()), 1, None);
    let x: Vec<f64> = frame.positions.iter().map(|r| r.x).collect();
    assert_eq!(x, [6.0, 9.0]);
}

#[test]
fn an_impossible_arrangement_is_refused() {
    // Two sites 0.4 Å apart, each three quarters full: at least half of the pairs would be doubly occupied.
    let text = format!("{CELL}{ATOMS}Li 0 0 0 0.75\nLi 0.1 0 0 0.75\n");
    let options = ReadOptions {
        occupancy_seed: Some(1),
        occupancy_supercell: Some([[2, 0, 0], [0, 2, 0], [0, 0, 1]]),
        ..ReadOptions::default()
    };
    let error = io::open_text("d.cif", text, &options).unwrap().next().unwrap().unwrap_err().to_string();
    assert!(error.starts_with("d.cif:1:1: no arrangement was found in which all atoms are"), "{error}");
}

#[test]
fn what_is_written_reads_back() {
    let read = reading(&own("cif/triclinic.cif"), &ReadOptions::default());
    let two = [read[0].clone(), reading(&own("cif/monoclinic.cif"), &ReadOptions::default())[0].clone()];
    let again = through_file("copy.cif", &two);
    for (a, b) in two.iter().zip(&again) {
        assert_eq!((&a.species, a.text("name")), (&b.species, b.text("name")));
        // Lengths, angles and fractions are each rounded once.
        assert!((a.cell.matrix() - b.cell.matrix()).norm() < 1e-13);
        for (r, s) in a.positions.iter().zip(&b.positions) {
            assert!(a.cell.shortest(&(r - s)).norm() < 1e-13);
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let mut out = io::create(&directory.path().join("m.cif"), None, &io::WriteOptions::default()).unwrap();
    let molecule = Frame::new(Cell::isolated(), read[0].species.clone(), read[0].positions.clone());
    assert!(out.write(&molecule).unwrap_err().to_string().contains("CIF holds crystals"));
}
