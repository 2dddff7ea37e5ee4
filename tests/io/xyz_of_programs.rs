//! XYZ files of programs that mean other things by it than ASE.

use crate::support::{complaint, frames, through_file};
use mlmd::Frame;
use mlmd::io::{self, ReadOptions, Value};
use mlmd::system::{Cell, Element, Mat3, Vec3};

/// 1 kcal/mol in eV.
const KCAL: f64 = 0.043_364_104;
const BOHR: f64 = 0.529_177_210_903;

fn with_types(text: &str, symbols: &[&str]) -> Result<Vec<Frame>, String> {
    let elements = symbols.iter().map(|symbol| Element::from_symbol(symbol).unwrap()).collect();
    let options = ReadOptions { elements: Some(elements), ..ReadOptions::default() };
    io::open_text("x.xyz", text, &options).and_then(Iterator::collect).map_err(|error| error.to_string())
}

/// A frame of `dump extxyz`: ions of 1040 K if the velocity is 10 Å/ps.
fn extended(step: u32, temperature: &str, velocity: f64) -> String {
    format!(
        "2\nTimestep={step} Time=0.5 pbc=\"T T T\" Lattice=\"9 0 0 0 9 0 0 0 9\" Potential_energy=-2 {temperature} \
         Stress=\"1 0 0 0 1 0 0 0 1\" Properties=species:S:1:pos:R:3:vel:R:3:forces:R:3\n\
         Li 0 0 0 {velocity} 0 0 1 0 0\nF 1 2 3 0 {velocity} 0 -1 0 0\n"
    )
}

#[test]
fn extxyz_of_lammps_is_in_its_unit_style() {
    let told = "Temperature=1040";
    for (temperature, velocity, units, time, energy) in [
        (told, 10.0, "metal", 1e3, 1.0),
        (told, 0.01, "real", 1.0, KCAL),
        ("", 10.0, "metal (assumed)", 1e3, 1.0),
        ("Temperature=0", 0.0, "metal (assumed)", 1e3, 1.0),
    ] {
        let read = frames("x.xyz", &extended(50, temperature, velocity)).unwrap().remove(0);
        let close = |a: Option<f64>, b: f64| (a.unwrap() - b).abs() < 1e-7;
        assert_eq!(
            (read.text("lammps_units"), read.step),
            (Some(units), Some(50)),
            "{temperature} {velocity}"
        );
        assert!(close(read.time, 0.5 * time) && close(read.energy, -2.0 * energy), "{units}");
        let (v, f) = (read.velocities.as_ref().unwrap()[0].x, read.forces.as_ref().unwrap()[0].x);
        assert!(close(Some(v), velocity / time) && close(Some(f), energy), "{units}");
        assert_eq!(read.stress, None, "that of dynamics is no label");
    }
    let say = |text: String| {
        let options = ReadOptions {
            units: Some("real".parse().unwrap()),
            strict_units: true,
            ..ReadOptions::default()
        };
        io::open_text("x.xyz", text, &options).unwrap().next().unwrap().map_err(|error| error.to_string())
    };
    assert_eq!(say(extended(50, "", 0.01)).unwrap().text("lammps_units"), Some("real"));
    let other = say(extended(50, "", 0.01).replace("Timestep", "timestep")).unwrap_err();
    assert!(other.contains("units were given, but those of extended XYZ are known"), "{other}");
    let message = complaint("x.xyz", &extended(0, told, 4.0));
    assert!(message.contains("have 1040 K in none of the unit styles"), "{message}");
    let changed = extended(0, "Temperature=0", 0.0) + &extended(50, told, 0.01);
    let message = complaint("x.xyz", &changed);
    assert!(
        message.contains("are in units `real`, but frames before were taken to be in `metal`"),
        "{message}"
    );
    let numbered = extended(0, told, 10.0).replace("Li ", "1 ").replace("F ", "2 ");
    assert!(complaint("x.xyz", &numbered).contains("element of atom type 1 is not known"));
    assert_eq!(with_types(&numbered, &["Li", "F"]).unwrap()[0].formula(), "FLi");
}

#[test]
fn xyz_of_lammps_has_types_and_no_cell() {
    let text = "2\n Atoms. Timestep: 25 Time: 0.05\n1 0 0 0\n2 1 2 3\n";
    assert!(complaint("x.xyz", text).starts_with("x.xyz:3:1: the element of atom type 1 is not known"));
    let read = with_types(text, &["Li", "F"]).unwrap().remove(0);
    assert_eq!((read.formula().as_str(), read.step, read.time), ("FLi", Some(25), Some(50.0)));
    assert_eq!(read.text("lammps_units"), Some("metal (assumed)"));
    // What cannot be unwrapped says so in other files too.
    for frame in [&read, &through_file("again.extxyz", std::slice::from_ref(&read))[0]] {
        assert!(frame.text("lammps_positions").unwrap().starts_with("wrapped"));
    }
    let symbols = text.replace("\n1 ", "\nLi ").replace("\n2 1", "\nF 1");
    assert_eq!(frames("x.xyz", &symbols).unwrap()[0].formula(), "FLi");
    let options = ReadOptions { stand_in_elements: true, ..ReadOptions::default() };
    let seen = io::open_text("x.xyz", text, &options).unwrap().next().unwrap().unwrap();
    assert_eq!(seen.formula(), "HHe");
    assert!(seen.text("lammps_types").unwrap().starts_with("not known"));
}

#[test]
fn ipi_states_its_cell_and_units() {
    let frame = |comment: &str| format!("2\n# CELL{comment}\nLi 0 0 0\nF 1 2 3\n");
    let read = |comment: &str| frames("x.xyz", &frame(comment)).unwrap().remove(0);
    for (comment, cell, length) in [
        (
            "(abcABC): 20 20 30 90 90 90 Traj: positions{atomic_unit} Step: 10 Bead: 0 cell{atomic_unit}",
            BOHR,
            BOHR,
        ),
        ("(abcABC): 20 20 30 90 90 90 Step: 10", BOHR, BOHR),
        ("(abcABC): 20 20 30 90 90 90 Step: 10 positions{angstrom}  cell{atomic_unit}", BOHR, 1.0),
        ("{H}: 20 0 0 0 20 0 0 0 30 Step: 10 positions{angstrom} cell{angstrom}", 1.0, 1.0),
    ] {
        let read = read(comment);
        assert_eq!(read.step, Some(10), "{comment}");
        let expected = Cell::orthorhombic(20.0 * cell, 20.0 * cell, 30.0 * cell).unwrap();
        assert!(
            (read.cell.volume() / expected.volume() - 1.0).abs() < 1e-12 && read.cell.is_bulk(),
            "{comment}"
        );
        assert!((read.positions[1] - Vec3::new(1.0, 2.0, 3.0) * length).norm() < 1e-12, "{comment}");
    }
    // The columns of the matrix are the lattice vectors.
    let tilted = read("(GENH): 4 1 2 0 5 3 0 0 6 cell{angstrom}").cell;
    assert_eq!(tilted.rows(), [[4.0, 0.0, 0.0], [1.0, 5.0, 0.0], [2.0, 3.0, 6.0]]);
    for (comment, expected) in [
        ("(abcABC): 20 20 30 90 90", "a number of the cell is missing"),
        ("(abcABC): 20 20 30 90 90 90 velocities{atomic_unit}", "the rows hold `velocities`"),
        ("(abcABC): 20 20 30 90 90 90 positions{furlong}", "`furlong` is no unit of length"),
    ] {
        let message = complaint("x.xyz", &frame(comment));
        assert!(message.contains(expected), "{message}");
    }
}

/// GPUMD prints the pressure of the dynamics as `stress`, the motion of the atoms included.
#[test]
fn the_virial_of_gpumd_is_the_stress() {
    let text = "1\nTime=10 pbc=\"T T T\" Lattice=\"2 0 0 0 2 0 0 0 2\" energy=-1 virial=\"-8 0 0 0 -8 0 0 0 -8\" \
                stress=\"-0.9 0 0 0 -0.9 0 0 0 -0.9\" Properties=species:S:1:pos:R:3\nLi 0 0 0\n";
    let frame = frames("x.xyz", text).unwrap().remove(0);
    assert_eq!((frame.stress, frame.time), (Some(Mat3::identity()), Some(10.0)));
    assert!(matches!(frame.info["gpumd_stress"], Value::Reals(_)), "{:?}", frame.info);
    let message = complaint("x.xyz", &text.replace("Time=10 ", ""));
    assert!(message.contains("`virial` and `stress` disagree about the stress"), "{message}");
}

/// dpdata states units; others than those that are read are not passed over.
#[test]
fn stated_units_have_to_be_ours() {
    let with = |units: &str| {
        format!(
            "1\n{units} energy=-1 Lattice=\"2 0 0 0 2 0 0 0 2\" Properties=species:S:1:pos:R:3\nLi 0 0 0\n"
        )
    };
    let ours = "energy-unit=eV force-unit=eV/Angstrom stress-unit=eV/angstrom^3 virial-unit=ev";
    assert_eq!(frames("x.xyz", &with(ours)).unwrap()[0].energy, Some(-1.0));
    for units in ["energy-unit=hartree", "force-unit=hartree/bohr", "stress-unit=GPa", "energy_unit=nonsense"]
    {
        let message = complaint("x.xyz", &with(units));
        let (key, value) = units.split_once('=').unwrap();
        assert!(
            message.starts_with(&format!("x.xyz:2:{}: ", key.len() + 2)) && message.contains(value),
            "{message}"
        );
    }
}
