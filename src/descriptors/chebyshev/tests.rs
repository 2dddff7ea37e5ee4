//! The expansion against sums over pairs and triplets.

use super::*;
use crate::descriptors::{Descriptor, Environment, ExpansionWork, Vectors};
use crate::random::{Philox, Purpose};

fn elements(n: usize) -> Vec<Element> {
    ["Li", "O", "Zr", "La"][..n].iter().map(|s| Element::from_symbol(s).unwrap()).collect()
}

fn basis(species: usize, radial_order: usize, angular_order: usize) -> Chebyshev {
    let elements = elements(species);
    let center = |c: usize| {
        let mut environment = elements.clone();
        environment.rotate_left(c);
        ChebyshevCenter { environment, radial_cutoff: 5.5, radial_order, angular_cutoff: 4.0, angular_order }
    };
    Chebyshev::new(elements.clone(), (0..species).map(center).collect()).unwrap()
}

fn neighbors(n: usize, species: usize, seed: u64) -> Vec<(usize, [f64; 3])> {
    let mut random = Philox::new(seed, Purpose::General, 0, 0);
    let mut found = Vec::new();
    while found.len() < n {
        let r = [0; 3].map(|_| (2.0 * random.uniform() - 1.0) * 5.5);
        if r.iter().map(|x| x * x).sum::<f64>() > 1.0 {
            found.push((random.below(species as u64) as usize, r));
        }
    }
    found
}

fn values<T: Real>(basis: &Chebyshev, center: usize, neighbors: &[(usize, [f64; 3])]) -> Vec<f64> {
    let kernel = basis.compile::<T>().unwrap();
    let environment = Environment::<T>::from_neighbors(basis.elements.len(), neighbors, kernel.cutoff());
    let mut values = vec![T::ZERO; kernel.len(center)];
    kernel.values(center, &environment, &mut ExpansionWork::default(), &mut values);
    values.into_iter().map(T::to_f64).collect()
}

fn gradients<T: Real>(
    basis: &Chebyshev,
    center: usize,
    neighbors: &[(usize, [f64; 3])],
    g: &[f64],
) -> Vec<[f64; 3]> {
    let kernel = basis.compile::<T>().unwrap();
    let environment = Environment::<T>::from_neighbors(basis.elements.len(), neighbors, kernel.cutoff());
    let (mut work, mut pairs) = (ExpansionWork::default(), Vectors::default());
    let mut values = vec![T::ZERO; kernel.len(center)];
    let g: Vec<T> = g.iter().map(|&g| T::of(g)).collect();
    // Twice: what the first pass leaves in the buffers must not matter.
    for _ in 0..2 {
        kernel.values(center, &environment, &mut work, &mut values);
        pairs.reset(environment.len());
        kernel.gradients(center, &environment, &mut work, &g, &mut pairs);
    }
    (0..environment.len()).map(|j| [pairs.x[j].to_f64(), pairs.y[j].to_f64(), pairs.z[j].to_f64()]).collect()
}

/// Moments and pairs are the same numbers: to round-off in double precision, and in single precision to what the
/// subtraction of the terms j = k costs.
#[test]
fn the_expansion_equals_sums_over_pairs() {
    for species in 1..=4 {
        for (radial, angular) in [(0, 0), (3, 1), (8, 4), (16, 6)] {
            let basis = basis(species, radial, angular);
            for count in [0, 1, 2, 3, 40] {
                let neighbors = neighbors(count, species, (10 * species + count) as u64);
                for center in 0..species {
                    let named: Vec<(Element, [f64; 3])> =
                        neighbors.iter().map(|(s, r)| (basis.elements[*s], *r)).collect();
                    let expected = chebyshev_by_pairs(&basis.centers[center], &named);
                    let scale = expected.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
                    let double = values::<f64>(&basis, center, &neighbors);
                    let single = values::<f32>(&basis, center, &neighbors);
                    assert_eq!(double.len(), expected.len());
                    for (s, e) in expected.iter().enumerate() {
                        assert!((double[s] - e).abs() < 1e-12 * scale, "{species} {radial} {angular}: {s}");
                        assert!((single[s] - e).abs() < 2e-5 * scale, "{species} {radial} {angular}: {s}");
                    }
                }
            }
        }
    }
}

/// Central differences with step h err by h²/6 of the third derivative and by ε/h of the values.
#[test]
fn gradients_are_those_of_the_values() {
    let h = 1e-4;
    for species in 1..=3 {
        let basis = basis(species, 8, 5);
        let neighbors = neighbors(25, species, 5);
        let inside: Vec<(usize, [f64; 3])> = (0..species)
            .flat_map(|s| neighbors.iter().copied().filter(move |n| n.0 == s))
            .filter(|(_, r)| r.iter().map(|x| x * x).sum::<f64>().sqrt() < 5.5 - h)
            .collect();
        let g: Vec<f64> = (0..basis.centers[0].len()).map(|s| (1.3 * s as f64).sin()).collect();
        let energy = |moved: &[(usize, [f64; 3])]| -> f64 {
            values::<f64>(&basis, 0, moved).iter().zip(&g).map(|(v, g)| v * g).sum()
        };
        let double = gradients::<f64>(&basis, 0, &inside, &g);
        let single = gradients::<f32>(&basis, 0, &inside, &g);
        let scale = double.iter().flatten().fold(0.0_f64, |m, v| m.max(v.abs()));
        for j in 0..inside.len() {
            for k in 0..3 {
                let at = |d: f64| {
                    let mut moved = inside.clone();
                    moved[j].1[k] += d;
                    energy(&moved)
                };
                let difference = (at(h) - at(-h)) / (2.0 * h);
                assert!((double[j][k] - difference).abs() < 1e-5 * scale, "{} {difference}", double[j][k]);
                assert!((single[j][k] - double[j][k]).abs() < 2e-5 * scale);
            }
        }
    }
}

#[test]
fn impossible_parameters_are_refused() {
    let good = basis(2, 4, 2);
    for change in [
        (|c: &mut ChebyshevCenter| c.radial_cutoff = 0.0) as fn(&mut ChebyshevCenter),
        |c| c.angular_cutoff = f64::NAN,
        |c| c.angular_cutoff = 6.0,
        |c| c.environment.truncate(1),
        |c| c.angular_order = 10_000,
        |c| c.radial_order = 10_000,
    ] {
        let mut centers = good.centers.clone();
        change(&mut centers[0]);
        assert!(Chebyshev::new(good.elements.clone(), centers).is_err());
    }
}
