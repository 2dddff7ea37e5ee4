//! `mlmd build`: the structures that an input describes.

use crate::binary::{fail, succeed};
use mlmd::io::{self, ReadOptions};
use mlmd::system::{Mat3, Vec3};
use mlmd::{Cell, Frame};
use std::fs;

const INPUT: &str = r#"
seed = 4
[structure]
file = "a.xyz"
supercell = [3, 3, 3]
[[structure.vacancies]]
element = "Li"
count = 2
[potential]
file = "not there"
"#;

fn folder(input: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let crystal = "2\nLattice=\"4 0 0 0 4 0 0 0 5\" Properties=species:S:1:pos:R:3\nLi 0 0 0\nN 2 2 2.5\n";
    fs::write(folder.path().join("a.xyz"), crystal).unwrap();
    fs::write(folder.path().join("in.toml"), input).unwrap();
    folder
}

fn read(folder: &tempfile::TempDir, name: &str) -> Vec<Frame> {
    io::read_all(&folder.path().join(name), &ReadOptions::default()).unwrap()
}

#[test]
fn structures_are_those_of_the_input() {
    let folder = folder(INPUT);
    let said = succeed(folder.path(), &["build", "in.toml", "-o", "b.extxyz"]);
    assert_eq!(said, "1 structure of Li25N27, 52 atoms: b.extxyz\n");
    let one = read(&folder, "b.extxyz");
    assert_eq!(one[0].formula(), "Li25N27");
    // Several have other vacancies each; the first has those of the one.
    succeed(folder.path(), &["build", "in.toml", "-o", "c.extxyz", "--count", "5"]);
    let five = read(&folder, "c.extxyz");
    assert_eq!((five.len(), &five[0].positions), (5, &one[0].positions));
    for (k, frame) in five.iter().enumerate() {
        assert!(five[..k].iter().all(|other| other.positions != frame.positions));
    }
    succeed(folder.path(), &["build", "in.toml", "-o", "POSCAR", "--set", "structure.supercell=[1,1,2]"]);
    assert_eq!(read(&folder, "POSCAR")[0].formula(), "N2");
    // VASP has one count for each element of its POTCAR.
    succeed(folder.path(), &["build", "in.toml", "-o", "POSCAR"]);
    let text = fs::read_to_string(folder.path().join("POSCAR")).unwrap();
    assert_eq!(text.lines().skip(5).take(2).map(str::trim).collect::<Vec<_>>(), ["Li N", "25 27"]);
}

/// An isotope of the file is one in what is built.
#[test]
fn masses_of_the_file_stay() {
    let folder = folder(INPUT);
    let crystal = "2\nLattice=\"4 0 0 0 4 0 0 0 5\" Properties=species:S:1:pos:R:3:masses:R:1\nLi 0 0 0 6.015\nN 2 2 2.5 14.007\n";
    fs::write(folder.path().join("a.xyz"), crystal).unwrap();
    succeed(folder.path(), &["build", "in.toml", "-o", "b.extxyz"]);
    let frame = &read(&folder, "b.extxyz")[0];
    let masses = frame.masses.as_ref().expect("masses that are not the standard ones");
    let lithium = frame.species.iter().zip(masses).filter(|(element, _)| element.to_string() == "Li");
    assert!(lithium.map(|(_, mass)| *mass).eq([6.015; 25]), "{masses:?}");
}

/// Several structures of a disordered crystal differ in which sites are filled.
#[test]
fn occupancies_are_drawn_for_each_structure() {
    let folder = folder("[structure]\nfile = \"a.cif\"\noccupancy_seed = 3\nsupercell = [2, 2, 2]\n");
    let cif = "data_x\n_cell_length_a 4\n_cell_length_b 4\n_cell_length_c 4\n_cell_angle_alpha 90\n_cell_angle_beta 90\n\
               _cell_angle_gamma 90\nloop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n\
               _atom_site_occupancy\nLi 0 0 0 0.5\n";
    fs::write(folder.path().join("a.cif"), cif).unwrap();
    succeed(folder.path(), &["build", "in.toml", "-o", "b.extxyz", "--count", "4"]);
    let frames = read(&folder, "b.extxyz");
    assert!(frames.iter().all(|frame| frame.formula() == "Li4"));
    assert!(frames.iter().any(|frame| frame.positions != frames[0].positions));
}

/// Displacements and strains have the spread that was asked for.
#[test]
fn displacements_and_strains_are_as_large_as_was_asked() {
    let folder = folder(&INPUT[..INPUT.find("[[").unwrap()]);
    let arguments = [
        "build",
        "in.toml",
        "-o",
        "b.extxyz",
        "--count",
        "300",
        "--rattle",
        "0.1 angstrom",
        "--strain",
        "0.02",
    ];
    succeed(folder.path(), &arguments);
    let (mut moved, mut strained) = (0.0, [0.0; 2]);
    let crystal = Cell::orthorhombic(12.0, 12.0, 15.0).unwrap();
    let frames = read(&folder, "b.extxyz");
    for frame in &frames {
        let strain: Mat3 = crystal.inverse() * frame.cell.matrix() - Mat3::identity();
        let [diagonal, other] = &mut strained;
        *diagonal += strain.diagonal().norm_squared() / 3.0;
        *other += (strain - strain.transpose()).norm();
        assert_eq!(frame.config_type().as_deref(), Some("rattled-strained"));
        for (r, element) in frame.positions.iter().zip(&frame.species) {
            // Off the nearest place of its kind, in fractions of a primitive cell.
            let site = if element.symbol() == "Li" { 0.0 } else { 0.5 };
            let off = frame.cell.fractional(r).map(|s| 3.0 * s - site - (3.0 * s - site).round());
            moved += Vec3::new(4.0 * off.x, 4.0 * off.y, 5.0 * off.z).norm_squared() / 3.0;
        }
    }
    let atoms: usize = frames.iter().map(Frame::len).sum();
    // Standard errors: 0.1/√(2·3·300·54), 0.02/√(2·3·300); strain of displacements by 2 % of them beside that.
    assert!(((moved / atoms as f64).sqrt() - 0.1).abs() < 4.0 * 0.1 / (6.0 * atoms as f64).sqrt() + 5e-4);
    assert!(((strained[0] / 300.0).sqrt() - 0.02).abs() < 4.0 * 0.02 / 1800_f64.sqrt());
    assert!(strained[1] < 1e-6);
}

#[test]
fn slips_are_told() {
    let folder = folder(INPUT);
    let told = |arguments: &[&str]| fail(folder.path(), 2, arguments);
    let several = told(&["build", "in.toml", "-o", "POSCAR", "--count", "2"]);
    assert!(several.contains("holds one structure, not 2"), "{several}");
    assert!(
        told(&["build", "in.toml", "-o", "a.xyz"]).contains("the input and the output are the same file")
    );
    fs::write(folder.path().join("in.toml"), "[structure]\nfile = \"a.xyz\"\nsupercel = 3\n").unwrap();
    assert!(told(&["build", "in.toml", "-o", "b.extxyz"]).contains("did you mean `supercell`?"));
    fs::write(folder.path().join("in.toml"), "[structure]\nfile = \"a.xyz\"\n").unwrap();
    let alike = told(&["build", "in.toml", "-o", "b.extxyz", "--count", "2"]);
    assert!(alike.contains("would be alike"), "{alike}");
    fs::write(folder.path().join("in.toml"), "seed = 1\n").unwrap();
    assert!(told(&["build", "in.toml", "-o", "b.extxyz"]).contains("`[structure]` is missing"));
}
