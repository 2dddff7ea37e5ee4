//! Perfect crystals, whose energies are known as lattice sums.

use crate::support::{crystal, element, evaluate, fcc};
use mlmd::System;
use mlmd::potential::{DampedShifted, Ewald, LennardJones, LennardJonesPair, NetCharge, Truncation};
use mlmd::system::Mat3;
use mlmd::units::COULOMB;

/// Rock salt, caesium chloride and zinc blende with lattice constant 5 Å, the distance of nearest
/// neighbours, and the Madelung constant for it (Crandall and Buhler, J. Phys. A 20, 5497 (1987),
/// doi:10.1088/0305-4470/20/16/024, and OEIS A085469, A181152, A182566).
fn crystals() -> [(&'static str, System, f64, f64); 3] {
    let a = 5.0;
    let cubic = [[a, 0.0, 0.0], [0.0, a, 0.0], [0.0, 0.0, a]];
    [
        ("NaCl", fcc(a, &[("Na", [0.0; 3]), ("Cl", [0.5; 3])]), a / 2.0, 1.747_564_594_633_182_2),
        (
            "CsCl",
            crystal(cubic, &[("Na", [0.0; 3]), ("Cl", [0.5; 3])]),
            a * 0.75_f64.sqrt(),
            1.762_674_773_070_988_2,
        ),
        (
            "ZnS",
            fcc(a, &[("Na", [0.0; 3]), ("Cl", [0.25; 3])]),
            a * 0.1875_f64.sqrt(),
            1.638_055_053_388_789_7,
        ),
    ]
}

/// The energy of an ion pair is −M e²/(4πε₀ d): Madelung constants to the accuracy asked for, and the virial of
/// energies proportional to 1/d, which is E/3 on each axis.
#[test]
fn madelung_constants() {
    let charges = [(element("Na"), 1.0), (element("Cl"), -1.0)];
    for (name, system, distance, constant) in crystals() {
        for (accuracy, cutoff) in [(1e-8, 8.0), (1e-12, 10.0)] {
            let mut ewald = Ewald::new(&charges, cutoff, accuracy, NetCharge::Refuse).unwrap();
            let out = evaluate(&mut ewald, &system);
            let pairs = system.len() as f64 / 2.0;
            let found = -out.energy * distance / COULOMB / pairs;
            assert!((found / constant - 1.0).abs() < accuracy, "{name}: {found}, accuracy {accuracy}");
            let isotropic = Mat3::from_diagonal_element(out.energy / 3.0);
            assert!((out.virial - isotropic).amax() < 10.0 * accuracy * out.energy.abs(), "{name}");
        }
        // Damped shifted forces are an approximation: the claim is one per cent.
        let mut damped = DampedShifted::new(&charges, 0.2, 12.0).unwrap();
        let found = -evaluate(&mut damped, &system).energy * distance / COULOMB;
        assert!((found / constant - 1.0).abs() < 0.01, "{name}: {found}");
    }
}

/// Where the sum is split between the two spaces makes no difference, for a crystal without any symmetry.
#[test]
fn the_splitting_does_not_matter() {
    let system = crate::support::triclinic_oxide();
    let charges = [(element("Li"), 1.0), (element("O"), -2.0)];
    let mut results = [0.5, 0.7, 1.0].into_iter().map(|alpha| {
        // e^(−s²) is below the rounding of doubles with s = 6.2.
        let s = 6.2;
        let ewald = Ewald::with_splitting(&charges, alpha, s / alpha, 2.0 * s * alpha, NetCharge::Refuse);
        evaluate(&mut ewald.unwrap(), &system)
    });
    let first = results.next().unwrap();
    for other in results {
        assert!((other.energy / first.energy - 1.0).abs() < 1e-13);
        assert!((other.virial - first.virial).amax() < 1e-12 * first.energy.abs());
        for i in 0..system.len() {
            assert!((other.forces[i] - first.forces[i]).amax() < 1e-12);
            let energies = (other.atomic_energies[i], first.atomic_energies[i]);
            assert!((energies.0 / energies.1 - 1.0).abs() < 1e-12);
        }
    }
}

/// A lattice of single charges in a neutralising background: the Wigner energy of the cubic lattices per charge and
/// e²/(4πε₀ a), Coldwell-Horsfall and Maradudin, J. Math. Phys. 1, 395 (1960), doi:10.1063/1.1703670.
#[test]
fn charges_in_a_background() {
    let a = 4.0;
    let h = a / 2.0;
    let simple = crystal([[a, 0.0, 0.0], [0.0, a, 0.0], [0.0, 0.0, a]], &[("Na", [0.0; 3])]);
    let bcc = crystal([[-h, h, h], [h, -h, h], [h, h, -h]], &[("Na", [0.0; 3])]);
    // −1.760119, −1.791859, −1.791747 in units of e²/2r_s with r_s = (3/4πn)^(1/3).
    for (system, per_cell, wigner) in
        [(simple, 1.0, -1.760_119), (bcc, 2.0, -1.791_859), (fcc(a, &[("Na", [0.0; 3])]), 4.0, -1.791_747)]
    {
        let charges = [(element("Na"), 1.0)];
        let refused = {
            let mut ewald = Ewald::new(&charges, 8.0, 1e-10, NetCharge::Refuse).unwrap();
            let list = mlmd::NeighborList::build(&system.cell, &system.positions, 8.0).unwrap();
            let mut out = mlmd::Evaluation::default();
            out.reset(1);
            let atoms = mlmd::potential::Atoms {
                cell: &system.cell,
                species: &system.species,
                positions: &system.positions,
            };
            mlmd::Potential::evaluate(&mut ewald, atoms, &list, &mut out).unwrap_err().to_string()
        };
        assert!(refused.contains("net charge of +1.000000 e"), "{refused}");
        let mut ewald = Ewald::new(&charges, 8.0, 1e-10, NetCharge::Background).unwrap();
        let radius = a * (3.0 / (4.0 * std::f64::consts::PI * per_cell)).cbrt();
        let found = evaluate(&mut ewald, &system).energy * 2.0 * radius / COULOMB;
        assert!((found - wigner).abs() < 1e-6, "{found} {wigner}");
    }
}

/// Static energy of the face-centred cubic Lennard-Jones crystal from the lattice sums A₁₂ = 12.13188 and
/// A₆ = 14.45392 (Kittel): E/N = 2ε[A₁₂(σ/d)¹² − A₆(σ/d)⁶].
#[test]
fn lennard_jones_in_a_face_centred_crystal() {
    let (sigma, epsilon, d) = (1.0, 1.0, 1.09_f64);
    let system = fcc(d * 2.0_f64.sqrt(), &[("Ar", [0.0; 3])]);
    // What is beyond the cutoff is an integral, to corrections that fall as the surface of the sphere.
    let cutoff = 14.0;
    let pair = LennardJonesPair { epsilon, sigma, cutoff };
    let found = evaluate(&mut LennardJones::alike(pair, Truncation::Cut).unwrap(), &system).energy;
    let density = 1.0 / system.cell.volume();
    let tail = -8.0 / 3.0 * std::f64::consts::PI * density * cutoff.powi(-3);
    let s6 = d.powi(-6);
    let expected = 2.0 * (12.131_880_196_54 * s6 * s6 - 14.453_921_043_7 * s6);
    // The number of atoms in a sphere fluctuates around its mean by about the square root of the surface in
    // units of d²: that many pairs of energy 4/r⁶ at the cutoff.
    let surface = 4.0 * std::f64::consts::PI * (cutoff / d).powi(2);
    let tolerance = 0.5 * surface.sqrt() * 4.0 * cutoff.powi(-6);
    assert!((found + tail - expected).abs() < tolerance, "{found} + {tail}, {expected} ± {tolerance}");
}
