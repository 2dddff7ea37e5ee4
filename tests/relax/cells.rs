//! Positions and cell together.

use crate::support::{CUTOFF, EPSILON, LATTICE, SIGMA, fcc, relaxed, shifted, without};
use mlmd::relax::{CellFreedom, Freedom, Method, Settings, relax};
use mlmd::system::Mat3;
use mlmd::units::EV_PER_ANGSTROM3_IN_GPA;
use mlmd::{Cell, System};

fn settings(cell: CellFreedom, pressure: f64) -> Settings {
    let freedom = Freedom { cell, pressure: pressure / EV_PER_ANGSTROM3_IN_GPA, held: Vec::new() };
    Settings { freedom, force: 1e-5, stress: 1e-5 / EV_PER_ANGSTROM3_IN_GPA, ..Settings::default() }
}

/// Energy per atom of the perfect lattice with nearest neighbours at `d`, summed over its shells.
fn shells(d: f64) -> f64 {
    let u = |r: f64| 4.0 * EPSILON * ((SIGMA / r).powi(12) - (SIGMA / r).powi(6));
    let mut sum = 0.0;
    for i in -6..=6_i32 {
        for j in -6..=6_i32 {
            for k in -6..=6_i32 {
                let r = d * f64::from(i * i + j * j + k * k).sqrt() / 2.0_f64.sqrt();
                if (i + j + k) % 2 == 0 && r > 0.0 && r < CUTOFF {
                    sum += 0.5 * (u(r) - u(CUTOFF));
                }
            }
        }
    }
    sum
}

/// The derivative of `shells` vanishes where the crystal ends up, from any start and with any coordinates of the cell.
#[test]
fn the_lattice_constant_is_that_of_the_lattice_sum() {
    // Bisection of the central difference, far from any shell that crosses the cutoff.
    let slope = |d: f64| (shells(d + 1e-5) - shells(d - 1e-5)) / 2e-5;
    let (mut low, mut high) = (2.42, 2.56);
    assert!(slope(low) < 0.0 && slope(high) > 0.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if slope(middle) < 0.0 { low = middle } else { high = middle }
    }
    let expected = low * 2.0_f64.sqrt();
    let strain = Mat3::new(0.02, 0.03, 0.0, -0.01, -0.02, 0.02, 0.0, 0.01, 0.015);
    let sheared = fcc(LATTICE, 2).strained(&strain).unwrap();
    let stretched = fcc(1.02 * LATTICE, 2);
    for (start, cell) in
        [(&stretched, CellFreedom::Isotropic), (&stretched, CellFreedom::AXES), (&sheared, CellFreedom::FREE)]
    {
        for method in [Method::Lbfgs, Method::Fire] {
            let done = relaxed(start, &mut shifted(), &Settings { method, ..settings(cell, 0.0) });
            let (lengths, angles) = (done.system.cell.lengths(), done.system.cell.angles());
            for k in 0..3 {
                // A stress of 1e-5 GPa over moduli of some 50 GPa is a strain of 2e-7.
                assert!((lengths[k] / (2.0 * expected) - 1.0).abs() < 2e-6, "{cell} {method:?} {lengths:?}");
                assert!((angles[k] - 90.0).abs() < 1e-4, "{cell} {method:?} {angles:?}");
            }
        }
    }
}

/// At the minimum of E + pV the slope of the relaxed energy over the volume is −p.
#[test]
fn under_pressure_the_energy_falls_with_volume_as_the_pressure_says() {
    let mut start = without(&fcc(0.99 * LATTICE, 2), 3);
    start.rattle(0.03, 2).unwrap();
    for pressure in [5.0, -2.0] {
        let done = relaxed(&start, &mut shifted(), &settings(CellFreedom::FREE, pressure));
        let energy = |factor: f64| {
            let strain = Mat3::identity() * (factor - 1.0);
            let scaled = done.system.strained(&strain).unwrap();
            // The other coordinates follow.
            let there = relaxed(&scaled, &mut shifted(), &Settings { force: 1e-6, ..Settings::default() });
            (there.system.cell.volume(), there.energy)
        };
        let ((v1, e1), (v2, e2)) = (energy(1.0 - 5e-5), energy(1.0 + 5e-5));
        let found = -(e2 - e1) / (v2 - v1) * EV_PER_ANGSTROM3_IN_GPA;
        // Round-off of energies (1e-12 eV) over 0.1 Å³ and forces that are not quite zero.
        assert!((found - pressure).abs() < 1e-3, "{found} GPa, expected {pressure}");
        assert!(
            (done.enthalpy - done.energy) * EV_PER_ANGSTROM3_IN_GPA / done.system.cell.volume() - pressure
                < 1e-9
        );
    }
}

#[test]
fn strains_that_are_not_free_stay_zero() {
    let start = fcc(1.01 * LATTICE, 2);
    let only_z = CellFreedom::Components([false, false, true, false, false, false]);
    let done = relaxed(&start, &mut shifted(), &settings(only_z, 0.0));
    let (before, after) = (start.cell.lengths(), done.system.cell.lengths());
    assert!((after[0] - before[0]).abs() < 1e-12 && (after[1] - before[1]).abs() < 1e-12);
    assert!(after[2] < before[2] - 0.01);
}

#[test]
fn what_has_no_lattice_is_refused_and_what_evaporates_is_stopped() {
    let bulk = fcc(LATTICE, 2);
    let slab = bulk.cell.with_periodic([true, true, false]).unwrap();
    let slab = System::new(slab, bulk.species.clone(), bulk.positions.clone()).unwrap();
    let error = relax(&slab, &mut shifted(), &settings(CellFreedom::FREE, 0.0), &mut |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains("not periodic along all three"), "{error}");
    let tension = settings(CellFreedom::Isotropic, -500.0);
    let error = relax(&bulk, &mut shifted(), &tension, &mut |_| Ok(())).unwrap_err();
    assert_eq!(error.exit_code(), 3);
    assert!(error.to_string().contains("no minimum near this structure"), "{error}");
    // A cell too thin to exist is an error of the cell, not a panic.
    assert!(Cell::orthorhombic(1.0, 1.0, 0.0).is_err());
}
