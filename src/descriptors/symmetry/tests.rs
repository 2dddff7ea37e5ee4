//! The fast kernel against the definitions, for every kind of function there is.

use super::*;
use crate::descriptors::{Core, Cutoff, CutoffShape, Descriptor, Environment, Vectors};
use crate::lanes::Real;
use crate::random::{Philox, Purpose};
use crate::system::Element;

const RADIUS: f64 = 5.0;

fn elements() -> Vec<Element> {
    ["Li", "O", "La"].map(|s| Element::from_symbol(s).unwrap()).to_vec()
}

/// `n` neighbours at random places, no closer than 1.2 Å to the centre and to each other.
fn neighbors(n: usize, seed: u64) -> Vec<(usize, [f64; 3])> {
    let mut random = Philox::new(seed, Purpose::General, 0, 0);
    let mut found: Vec<(usize, [f64; 3])> = Vec::new();
    while found.len() < n {
        let r = [0; 3].map(|_| (2.0 * random.uniform() - 1.0) * RADIUS);
        let apart = |a: &[f64; 3], b: &[f64; 3]| (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>() > 1.44;
        if apart(&r, &[0.0; 3]) && found.iter().all(|(_, other)| apart(&r, other)) {
            found.push((random.below(3) as usize, r));
        }
    }
    found
}

/// Every radial factor: all cutoff shapes with and without an inner cutoff, all compact cores.
fn radials() -> Vec<Radial> {
    let mut all = Vec::new();
    for shape in CutoffShape::ALL {
        for inner in [0.0, 0.3] {
            let cutoff = Cutoff::new(shape, RADIUS, inner).unwrap();
            all.push(Radial::Gaussian { eta: 0.15, shift: 0.0, cutoff });
            all.push(Radial::Gaussian { eta: 1.1, shift: 2.0, cutoff });
        }
    }
    for core in CompactCore::all() {
        all.push(Radial::Compact { left: 1.0, right: 4.5, core });
        all.push(Radial::Compact { left: -RADIUS, right: RADIUS, core });
    }
    all
}

fn angles(radial: &Radial) -> Vec<Angle> {
    if matches!(radial, Radial::Compact { .. }) {
        let window = |left, right, core| Angle::Window { left, right, core };
        return vec![window(40.0, 150.0, Core::Poly2), window(-90.0, 90.0, Core::Exponential)];
    }
    let power = |lambda, zeta| Angle::Power { lambda, zeta };
    vec![power(1.0, 1.0), power(-1.0, 4.0), power(1.0, 6.0), power(-1.0, 16.0), power(1.0, 2.5)]
}

/// The functions that share a radial factor, for all choices of neighbours.
fn set(radial: Radial) -> SymmetryFunctions {
    let elements = elements();
    let mut functions: Vec<SymmetryFunction> = std::iter::once(None)
        .chain(elements.iter().copied().map(Some))
        .map(|of| SymmetryFunction::Radial { of, radial })
        .collect();
    let pairs = [(0, 0), (0, 1), (2, 1)].map(|(a, b)| Some([elements[a], elements[b]]));
    for angle in angles(&radial) {
        for narrow in [true, false] {
            for of in pairs.into_iter().chain([None]) {
                functions.push(SymmetryFunction::Angular { of, radial, angle, narrow });
            }
        }
    }
    SymmetryFunctions::new(elements, vec![functions.clone(), functions, vec![]]).unwrap()
}

/// Values, and the contraction of some g with the gradients.
fn fast<T: Real, U: Real>(
    functions: &SymmetryFunctions,
    neighbors: &[(usize, [f64; 3])],
    g: &[f64],
) -> (Vec<f64>, Vec<[f64; 3]>) {
    let kernel = SymmetryKernel::<T, U>::new(functions);
    let environment = Environment::<T>::from_neighbors(3, neighbors, functions.cutoff());
    let (mut work, mut pairs) = (SymmetryWork::default(), Vectors::default());
    let mut values = vec![T::ZERO; functions.of(0).len()];
    // Twice, so that what a first atom leaves in the buffers would show.
    for _ in 0..2 {
        kernel.values(0, &environment, &mut work, &mut values);
        pairs.reset(environment.len());
        let g: Vec<T> = g.iter().map(|&g| T::of(g)).collect();
        kernel.gradients(0, &environment, &mut work, &g, &mut pairs);
    }
    let vectors = (0..environment.len())
        .map(|j| [pairs.x[j].to_f64(), pairs.y[j].to_f64(), pairs.z[j].to_f64()])
        .collect();
    (values.into_iter().map(T::to_f64).collect(), vectors)
}

/// The same by the definitions, with the sums of magnitudes that bound what rounding can do.
fn slow(
    functions: &SymmetryFunctions,
    neighbors: &[(usize, [f64; 3])],
    g: &[f64],
) -> (Vec<f64>, Vec<[f64; 3]>, f64) {
    // In the order of the environment: by species, those within the cutoff.
    let elements = elements();
    let inside = |r: &[f64; 3]| r.iter().map(|x| x * x).sum::<f64>().sqrt() < functions.cutoff();
    let ordered: Vec<(Element, [f64; 3])> = (0..3)
        .flat_map(|s| neighbors.iter().filter(move |n| n.0 == s && inside(&n.1)))
        .map(|(s, r)| (elements[*s], *r))
        .collect();
    let (mut values, mut vectors) = (Vec::new(), vec![[0.0; 3]; ordered.len()]);
    let mut scale = 0.0_f64;
    for (function, g) in functions.of(0).iter().zip(g) {
        let (value, gradients) = function.reference(&ordered);
        values.push(value);
        for (sum, d) in vectors.iter_mut().zip(&gradients) {
            for k in 0..3 {
                sum[k] += g * d[k];
                scale = scale.max((g * d[k]).abs());
            }
        }
    }
    (values, vectors, scale)
}

fn compare<T: Real, U: Real>(radial: Radial, count: usize, seed: u64, tolerance: f64) {
    let functions = set(radial);
    let neighbors = neighbors(count, seed);
    let g: Vec<f64> = (0..functions.of(0).len()).map(|s| (s as f64 * 1.7).cos()).collect();
    let (values, vectors) = fast::<T, U>(&functions, &neighbors, &g);
    let (expected, pairs, scale) = slow(&functions, &neighbors, &g);
    let largest = expected.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    for (s, (a, b)) in values.iter().zip(&expected).enumerate() {
        // Sums over up to a few hundred triplets that do not cancel; the largest function sets the scale of
        // those that factor into moments.
        let error = (a - b).abs();
        assert!(error <= tolerance * largest.max(b.abs()), "{:?}: {a} {b}", functions.of(0)[s]);
    }
    for (a, b) in vectors.iter().zip(&pairs) {
        for k in 0..3 {
            assert!((a[k] - b[k]).abs() <= tolerance * scale.max(b[k].abs()), "{radial:?}: {a:?} {b:?}");
        }
    }
}

#[test]
fn double_precision_equals_the_definitions() {
    for (seed, radial) in radials().into_iter().enumerate() {
        compare::<f64, f64>(radial, 18, seed as u64, 1e-12);
    }
}

/// Seven digits, less one for sums of some hundred terms, less one for high powers of 1 ± cos θ.
#[test]
fn single_precision_loses_two_digits_at_most() {
    for (seed, radial) in radials().into_iter().enumerate() {
        compare::<f32, f32>(radial, 18, seed as u64, 1e-5);
        compare::<f64, f32>(radial, 18, seed as u64, 1e-5);
    }
}

#[test]
fn few_neighbors_are_no_special_case() {
    let cutoff = Cutoff::new(CutoffShape::Poly2, RADIUS, 0.0).unwrap();
    for count in 0..5 {
        compare::<f64, f64>(Radial::Gaussian { eta: 0.3, shift: 0.0, cutoff }, count, 7, 1e-12);
    }
}

/// Neighbours on a line through the centre: cos θ is ±1, where powers vanish and arccos has no slope.
#[test]
fn collinear_neighbors_have_finite_gradients() {
    let line = [(0, [0.0, 0.0, 2.0]), (0, [0.0, 0.0, -2.0]), (1, [0.0, 0.0, 3.5]), (0, [0.0, 0.0, 4.0])];
    for radial in radials() {
        let functions = set(radial);
        let g = vec![1.0; functions.of(0).len()];
        let (values, vectors) = fast::<f64, f64>(&functions, &line, &g);
        let (expected, _, _) = slow(&functions, &line, &g);
        for (a, b) in values.iter().zip(&expected) {
            assert!((a - b).abs() < 1e-12 * b.abs().max(1.0), "{radial:?}: {a} {b}");
        }
        assert!(vectors.iter().flatten().all(|x| x.is_finite()), "{radial:?}");
    }
}

/// What a neighbour a little inside the range adds, to the values and to the vectors, against none beyond it, each with
/// what rounding may add: some units in the last place of the largest number.
fn step_at_the_cutoff(radial: Radial, seed: u64, depth: f64) -> [(f64, f64); 2] {
    let functions = set(radial);
    let mut neighbors = neighbors(12, seed);
    let g: Vec<f64> = (0..functions.of(0).len()).map(|s| (s as f64 * 1.7).cos()).collect();
    let direction = [0.36, -0.48, 0.8];
    let beyond = functions.cutoff() + depth;
    neighbors.push((2, direction.map(|x| x * beyond)));
    let (without, others) = fast::<f64, f64>(&functions, &neighbors, &g);
    neighbors[12] = (2, direction.map(|x| x * (functions.cutoff() - depth)));
    let (with, mut vectors) = fast::<f64, f64>(&functions, &neighbors, &g);
    let own = vectors.pop().unwrap().into_iter();
    let change = |a: &[f64], b: &[f64]| a.iter().zip(b).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
    let rounding = |a: &[f64]| 8.0 * f64::EPSILON * a.iter().fold(0.0_f64, |m, a| m.max(a.abs()));
    let (vectors, others) = (vectors.as_flattened(), others.as_flattened());
    let force = own.fold(change(vectors, others), |m, x| m.max(x.abs()));
    [(change(&with, &without), rounding(&with)), (force, rounding(vectors))]
}

/// f_c vanishes at the cutoff at least as (r_c − r)² and its slope as r_c − r: at half the distance from it a
/// crossing neighbour changes energies by at most a quarter and forces by at most half as much. A tenth of
/// that is left to higher orders in the distance, some hundredths of the range.
#[test]
fn energies_and_forces_are_continuous_as_a_neighbor_crosses_the_cutoff() {
    for (seed, radial) in radials().into_iter().enumerate() {
        if matches!(radial, Radial::Gaussian { cutoff, .. } if cutoff.shape == CutoffShape::Hard) {
            continue;
        }
        let whole = step_at_the_cutoff(radial, seed as u64, 0.02);
        let half = step_at_the_cutoff(radial, seed as u64, 0.01);
        for ((whole, half), share) in whole.into_iter().zip(half).zip([0.275, 0.55]) {
            assert!(half.0 <= share * whole.0 + half.1, "{radial:?}: {whole:?} {half:?}");
        }
    }
}
