//! Against the published reference calculations of NIST (`tests/data/nist/README.md`).

use crate::support::{element, evaluate};
use mlmd::potential::{Ewald, LennardJones, LennardJonesPair, NetCharge, Truncation};
use mlmd::system::Vec3;
use mlmd::units::{BOLTZMANN, COULOMB};
use mlmd::{Cell, System};

/// The lines of a file of numbers.
fn read(name: &str) -> Vec<Vec<String>> {
    let path = format!("{}/tests/data/nist/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| line.split_whitespace().map(str::to_string).collect()).collect()
}

fn numbers(words: &[String]) -> Vec<f64> {
    words.iter().map(|word| word.parse().unwrap()).collect()
}

/// Atoms of one kind in a cuboid box.
fn configuration(name: &str) -> System {
    let lines = read(name);
    let edges = numbers(&lines[0]);
    let n: usize = lines[1][0].parse().unwrap();
    let positions: Vec<Vec3> =
        lines[2..2 + n].iter().map(|l| Vec3::from_iterator(numbers(&l[1..4]))).collect();
    let cell = Cell::orthorhombic(edges[0], edges[1], edges[2]).unwrap();
    System::new(cell, vec![element("Ar"); n], positions).unwrap()
}

fn reduced(cutoff: f64, truncation: Truncation) -> LennardJones {
    LennardJones::alike(LennardJonesPair { epsilon: 1.0, sigma: 1.0, cutoff }, truncation).unwrap()
}

/// Energy and pair virial Σ r·F of four fluids: truncated at 3σ and 4σ, and with a linear force shift at 3σ.
/// Five digits are published.
#[test]
fn lennard_jones_fluids_in_cuboid_cells() {
    let published = [
        [(-4.3515e3, -5.6867e2), (-4.4675e3, -1.2639e3), (-3.8709e3, 3.1754e2)],
        [(-6.9000e2, -5.6846e2), (-7.0460e2, -6.5599e2), (-6.2012e2, -4.4533e2)],
        [(-1.1467e3, -1.1649e3), (-1.1754e3, -1.3371e3), (-1.0210e3, -9.3578e2)],
        [(-1.6790e1, -4.6249e1), (-1.7060e1, -4.7869e1), (-1.5001e1, -4.3096e1)],
    ];
    let half_a_digit = |x: f64| 0.5 * 10_f64.powf(x.abs().log10().floor() - 4.0) * (1.0 + 1e-9);
    for (k, row) in published.iter().enumerate() {
        let system = configuration(&format!("lj_sample_config_periodic{}.txt", k + 1));
        let models = [(3.0, Truncation::Cut), (4.0, Truncation::Cut), (3.0, Truncation::ForceShifted)];
        for ((cutoff, truncation), (energy, virial)) in models.into_iter().zip(row) {
            let out = evaluate(&mut reduced(cutoff, truncation), &system);
            let what = format!("configuration {}, {truncation:?} at {cutoff}", k + 1);
            assert!((out.energy - energy).abs() <= half_a_digit(*energy), "{what}: {}", out.energy);
            let trace = out.virial.trace();
            assert!((trace - virial).abs() <= half_a_digit(*virial), "{what}: {trace}");
        }
    }
}

/// All digits of two energies that NIST's program FEASST asserts: to a rounding of each of the thousands of pairs.
#[test]
fn lennard_jones_to_the_last_digits() {
    let small = configuration("lj_sample_config_periodic4.txt");
    let energy = evaluate(&mut reduced(3.0, Truncation::Cut), &small).energy;
    assert!((energy / -16.790321304625856 - 1.0).abs() < 1e-14, "{energy}");

    let lines = read("lj_triclinic_sample_config_periodic3.xyz");
    let n: usize = lines[0][0].parse().unwrap();
    let [_, lx, ly, lz, xy, xz, yz] = numbers(&lines[1]).try_into().unwrap();
    let cell = Cell::new([[lx, 0.0, 0.0], [xy, ly, 0.0], [xz, yz, lz]], [true; 3]).unwrap();
    let positions = lines[2..2 + n].iter().map(|l| Vec3::from_iterator(numbers(&l[1..4]))).collect();
    let triclinic = System::new(cell, vec![element("Ar"); n], positions).unwrap();
    let energy = evaluate(&mut reduced(3.0, Truncation::Cut), &triclinic).energy;
    assert!((energy / -505.78567945268367 - 1.0).abs() < 1e-13, "{energy}");
}

/// Water molecules of point charges, with NIST's own splitting α = 5.6/L and k² < 27 in units of (2π/L)²: the
/// published electrostatic energy excludes pairs within a molecule, whose Coulomb energy is taken off here.
#[test]
fn the_ewald_sum_of_water() {
    let name = "spce_sample_config_periodic1.txt";
    let lines = read(name);
    let edge = numbers(&lines[0])[0];
    let molecules: usize = lines[1][0].parse().unwrap();
    let atoms = &lines[2..2 + 3 * molecules];
    let species = atoms.iter().map(|l| element(&l[4])).collect();
    let positions = atoms.iter().map(|l| Vec3::from_iterator(numbers(&l[1..4]))).collect();
    let cell = Cell::orthorhombic(edge, edge, edge).unwrap();
    let water = System::new(cell, species, positions).unwrap();

    let (h, o) = (0.42380, -2.0 * 0.42380);
    let charges = [(element("H"), h), (element("O"), o)];
    let largest = 2.0 * std::f64::consts::PI / edge * 26.5_f64.sqrt();
    let mut ewald = Ewald::with_splitting(&charges, 5.6 / edge, 10.0, largest, NetCharge::Refuse).unwrap();
    let total = evaluate(&mut ewald, &water).energy;
    let mut within = 0.0;
    for m in 0..molecules {
        for (i, j, product) in [(0, 1, o * h), (0, 2, o * h), (1, 2, h * h)] {
            let d = water.positions[3 * m + i] - water.positions[3 * m + j];
            within += COULOMB * product / water.cell.shortest(&d).norm();
        }
    }
    // E_real + E_fourier + E_self + E_intra; the last digit of the largest of them is 10 K.
    let published = -5.58889e5 + 6.27009e3 - 2.84469e6 + 2.80999e6;
    let found = (total - within) / BOLTZMANN;
    assert!((found - published).abs() < 10.0, "{found} {published}");
}
