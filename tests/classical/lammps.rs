//! Against LAMMPS: `tests/data/lammps/classical.py` made the numbers.

use crate::support::{element, evaluate};
use mlmd::potential::{
    Buckingham, BuckinghamPair, DampedShifted, Ewald, LennardJones, LennardJonesPair, NetCharge, Sum,
    Truncation, Zbl, ZblReach,
};
use mlmd::system::{Mat3, Vec3};
use mlmd::units::COULOMB;
use mlmd::{Cell, Element, Potential, System};
use serde_json::Value;

fn golden() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/lammps/classical.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn reals(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn rows(value: &Value) -> Vec<Vec3> {
    value.as_array().unwrap().iter().map(|row| Vec3::from_iterator(reals(row))).collect()
}

fn system(golden: &Value) -> System {
    let cell: Vec<[f64; 3]> = rows(&golden["cell"]).into_iter().map(Into::into).collect();
    let cell = Cell::new([cell[0], cell[1], cell[2]], [true; 3]).unwrap();
    let species = golden["species"].as_array().unwrap();
    let species = species.iter().map(|s| element(s.as_str().unwrap())).collect();
    System::new(cell, species, rows(&golden["positions"])).unwrap()
}

/// Compares everything LAMMPS says with `scale` times what the potential says. Its own numbers carry the rounding
/// of sums over up to 10⁴ terms of a few eV; `accuracy` (relative to the energy) adds what the Ewald sums leave out.
fn compare(case: &str, potential: &mut dyn Potential, scale: f64, accuracy: f64) {
    let golden = golden();
    let system = system(&golden);
    let expected = &golden["cases"][case];
    let out = evaluate(potential, &system);
    let size: f64 = reals(&expected["atomic_energies"]).iter().map(|e| e.abs()).sum();
    let tolerance = (1e-13 + accuracy) * size;
    let energy = expected["energy"].as_f64().unwrap();
    assert!((scale * out.energy - energy).abs() < tolerance, "{case}: {} {energy}", scale * out.energy);
    for (i, e) in reals(&expected["atomic_energies"]).iter().enumerate() {
        let found = scale * out.atomic_energies[i];
        assert!((found - e).abs() < tolerance, "{case}, energy of atom {i}: {found} {e}");
    }
    for (i, force) in rows(&expected["forces"]).iter().enumerate() {
        let found = scale * out.forces[i];
        assert!((found - force).amax() < tolerance, "{case}, force on atom {i}: {found} {force}");
    }
    let virial = Mat3::from_columns(&rows(&expected["virial"]));
    let found = scale * out.virial;
    // A virial is a force times a distance of some Å.
    assert!((found - virial).amax() < 10.0 * tolerance, "{case}: {found} {virial}");
}

/// LAMMPS' Coulomb constant over that of CODATA 2018.
fn coulomb_ratio() -> f64 {
    golden()["coulomb"].as_f64().unwrap() / COULOMB
}

fn li_o() -> (Element, Element) {
    (element("Li"), element("O"))
}

#[test]
fn zbl() {
    let (li, o) = li_o();
    let reach = ZblReach::Fixed { inner: 1.1, outer: 2.3 };
    compare("zbl", &mut Zbl::new(&[li, o], reach).unwrap(), coulomb_ratio(), 0.0);
}

#[test]
fn lennard_jones_smoothed() {
    let (li, o) = li_o();
    let pair = |epsilon, sigma| LennardJonesPair { epsilon, sigma, cutoff: 6.5 };
    let pairs = [(li, li, pair(0.010, 2.0)), (o, o, pair(0.020, 2.8)), (li, o, pair(0.015, 1.9))];
    let mut potential = LennardJones::new(&pairs, Truncation::Smooth { from: 4.0 }).unwrap();
    compare("lj_gromacs", &mut potential, 1.0, 0.0);
}

#[test]
fn lennard_jones_shifted_and_mixed() {
    let (li, o) = li_o();
    let pair = |epsilon, sigma| LennardJonesPair { epsilon, sigma, cutoff: 6.5 };
    let pairs = [(li, li, pair(0.010, 2.0)), (o, o, pair(0.020, 2.8))];
    let mut potential = LennardJones::new(&pairs, Truncation::Shifted).unwrap();
    compare("lj_shifted", &mut potential, 1.0, 0.0);
}

/// Bush et al., J. Mater. Chem. 4, 831 (1994).
fn buckingham(truncation: Truncation) -> Buckingham {
    let (li, o) = li_o();
    let pair = |a, rho, c| BuckinghamPair { a, rho, c, d: 0.0, cutoff: 7.0 };
    let pairs = [(li, o, pair(426.480, 0.3000, 0.0)), (o, o, pair(22764.3, 0.1490, 27.89))];
    Buckingham::new(&[li, o], &pairs, truncation).unwrap()
}

#[test]
fn buckingham_shifted() {
    compare("buckingham", &mut buckingham(Truncation::Shifted), 1.0, 0.0);
}

/// Charges are scaled such that both programs have the same Coulomb constant. LAMMPS was asked for forces accurate
/// to 10⁻¹³ of that between two unit charges 1 Å apart.
#[test]
fn buckingham_with_ewald_sum() {
    let (li, o) = li_o();
    let unit = coulomb_ratio().sqrt();
    let charges = [(li, unit), (o, -2.0 * unit)];
    let ewald = Ewald::new(&charges, 9.0, 1e-13, NetCharge::Refuse).unwrap();
    let parts: Vec<Box<dyn Potential>> = vec![Box::new(buckingham(Truncation::Cut)), Box::new(ewald)];
    compare("buckingham_coulomb", &mut Sum::new(parts).unwrap(), 1.0, 1e-12);
}

#[test]
fn damped_shifted_coulomb() {
    let (li, o) = li_o();
    let mut potential = DampedShifted::new(&[(li, 1.0), (o, -2.0)], 0.2, 9.0).unwrap();
    // LAMMPS' erfc is right to 1.5e-7.
    compare("damped_shifted", &mut potential, coulomb_ratio(), 1e-6);
}
