//! What ASE finds with the same potential from the same start: `tests/data/relax/make.py` made the numbers.

use crate::support::{relaxed, shifted};
use mlmd::relax::{BandSettings, CellFreedom, Freedom, Settings, band};
use mlmd::system::Vec3;
use mlmd::units::EV_PER_ANGSTROM3_IN_GPA;
use mlmd::{Cell, System};
use serde_json::Value;

fn golden() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/relax/ase.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn rows(value: &Value) -> Vec<[f64; 3]> {
    let row = |row: &Value| [0, 1, 2].map(|k| row[k].as_f64().unwrap());
    value.as_array().unwrap().iter().map(row).collect()
}

fn system(record: &Value) -> System {
    let cell: [[f64; 3]; 3] = rows(&record["cell"]).try_into().unwrap();
    let positions: Vec<Vec3> = rows(&record["positions"]).into_iter().map(Vec3::from).collect();
    let argon = "Ar".parse().unwrap();
    System::new(Cell::new(cell, [true; 3]).unwrap(), vec![argon; positions.len()], positions).unwrap()
}

#[test]
fn cells_relax_to_where_ase_relaxes_them() {
    let golden = golden();
    let start = system(&golden["start"]);
    let energy = shifted().evaluate(&start).unwrap().energy;
    let expected = golden["start"]["energy"].as_f64().unwrap();
    // Sums of a thousand pairs in another order.
    assert!((energy - expected).abs() < 1e-10, "{energy} {expected}");
    for (name, pressure) in [("free", 0.0), ("pressed", 5.0)] {
        let pressure = pressure / EV_PER_ANGSTROM3_IN_GPA;
        let freedom = Freedom { cell: CellFreedom::FREE, pressure, held: Vec::new() };
        let settings = Settings { freedom, force: 1e-5, stress: 1e-7, ..Settings::default() };
        let done = relaxed(&start, &mut shifted(), &settings);
        let number = |key: &str| golden[name][key].as_f64().unwrap();
        // Forces of 1e-5 eV/Å on coordinates of stiffness 1 eV/Å² and more.
        assert!(
            (done.energy - number("energy")).abs() < 1e-6,
            "{name}: {} {}",
            done.energy,
            number("energy")
        );
        assert!((done.system.cell.volume() / number("volume") - 1.0).abs() < 1e-5, "{name}");
    }
}

#[test]
fn bands_find_the_barrier_that_ase_finds() {
    let hop = &golden()["hop"];
    let energies: Vec<f64> =
        hop["energies"].as_array().unwrap().iter().map(|e| e.as_f64().unwrap()).collect();
    let settings = BandSettings { images: energies.len() - 2, force: 0.005, ..BandSettings::default() };
    let done =
        band(&system(&hop["start"]), &system(&hop["end"]), &shifted(), &settings, &mut |_| Ok(())).unwrap();
    assert_eq!(done.stopped, None);
    let expected = energies.iter().copied().fold(f64::NEG_INFINITY, f64::max) - energies[0];
    // Both saddles are converged to 0.005 eV/Å: see the test of the half-way saddle.
    assert!((done.forward() - expected).abs() < 4e-4, "{} {expected}", done.forward());
}
