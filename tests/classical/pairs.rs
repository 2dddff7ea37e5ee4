//! Few atoms, whose energies are a line of arithmetic.

use crate::support::{element, evaluate};
use mlmd::potential::{
    Buckingham, BuckinghamPair, Ewald, LennardJones, LennardJonesPair, NetCharge, Truncation, Zbl, ZblReach,
};
use mlmd::system::Vec3;
use mlmd::{Cell, System};

/// A molecule of two atoms at a distance.
fn pair(symbols: [&str; 2], distance: f64) -> System {
    let positions = vec![Vec3::zeros(), Vec3::new(0.0, 0.6, 0.8) * distance];
    System::new(Cell::isolated(), symbols.map(element).to_vec(), positions).unwrap()
}

/// Charges of a molecule have the energy q₁q₂e²/(4πε₀r), with ε₀ of CODATA 2018, and attract each other by E/r.
#[test]
fn ions_of_a_molecule_attract_as_coulomb_says() {
    let charges = [(element("Mg"), 2.0), (element("Cl"), -1.0)];
    let mut ewald = Ewald::new(&charges, 6.0, 1e-8, NetCharge::Refuse).unwrap();
    let e = 1.602_176_634e-19;
    for distance in [1.7, 2.4, 30.0] {
        let out = evaluate(&mut ewald, &pair(["Mg", "Cl"], distance));
        let expected = -2.0 * e / (4.0 * std::f64::consts::PI * 8.854_187_812_8e-12 * distance * 1e-10);
        assert!((out.energy / expected - 1.0).abs() < 1e-9, "{distance} Å: {}", out.energy);
        assert!((out.forces[0].norm() * distance / -expected - 1.0).abs() < 1e-9, "{distance} Å");
        // W = Σ r·F of an energy ∝ 1/r is the energy.
        assert!((out.virial.trace() / expected - 1.0).abs() < 1e-9, "{distance} Å: {}", out.virial);
    }
}

/// With A = 0, C = 4εσ⁶ and D = 4εσ¹² Buckingham is Lennard-Jones, however it ends.
#[test]
fn buckingham_without_an_exponential_is_lennard_jones() {
    let (epsilon, sigma, cutoff, ar) = (0.0104_f64, 3.4_f64, 8.0, element("Ar"));
    let (c, d) = (4.0 * epsilon * sigma.powi(6), 4.0 * epsilon * sigma.powi(12));
    let smooth = Truncation::Smooth { from: 4.0 };
    for truncation in [Truncation::Cut, Truncation::Shifted, Truncation::ForceShifted, smooth] {
        let own = BuckinghamPair { a: 0.0, rho: 0.3, c, d, cutoff };
        let mut buckingham = Buckingham::new(&[ar], &[(ar, ar, own)], truncation).unwrap();
        let mut lennard_jones =
            LennardJones::alike(LennardJonesPair { epsilon, sigma, cutoff }, truncation).unwrap();
        for distance in [2.9, 3.6, 4.5, 7.9] {
            let system = pair(["Ar", "Ar"], distance);
            let (a, b) = (evaluate(&mut buckingham, &system), evaluate(&mut lennard_jones, &system));
            assert!((a.energy - b.energy).abs() < 1e-12, "{truncation:?} at {distance} Å: {}", a.energy);
            assert!((a.forces[0] - b.forces[0]).amax() < 1e-12, "{truncation:?} at {distance} Å");
        }
    }
}

/// By covalent radii (Cordero's: Li 1.28, N 0.71 Å) the repulsion ends at a part of their sum, and is smoothed from half
/// of that on.
#[test]
fn covalent_radii_say_how_far_the_repulsion_reaches() {
    let elements = ["Li", "N"].map(element);
    let outer = 0.8 * (1.28 + 0.71);
    let mut radii = Zbl::new(&elements, ZblReach::CovalentRadii(0.8)).unwrap();
    let mut fixed = Zbl::new(&elements, ZblReach::Fixed { inner: 0.5 * outer, outer }).unwrap();
    for distance in [0.5, 0.9, 1.2, 1.5] {
        let [a, b] = [&mut radii, &mut fixed].map(|zbl| evaluate(zbl, &pair(["Li", "N"], distance)).energy);
        assert!(b > 0.0 && (a / b - 1.0).abs() < 1e-12, "{distance} Å: {a} {b}");
    }
}
