//! The fast descriptor against its definition, over generated combinations of everything that can be chosen.

use super::*;
use crate::descriptors::{
    Chebyshev, ChebyshevCenter, Cutoff, CutoffShape, Descriptor, Environment, ExpansionWork, Vectors,
};
use crate::random::{Philox, Purpose};

const CUTOFF: f64 = 5.0;

type Around = Vec<(usize, [f64; 3])>;

fn elements(n: usize) -> Vec<Element> {
    ["Li", "O", "Zr", "La"][..n].iter().map(|s| Element::from_symbol(s).unwrap()).collect()
}

/// Random neighbours, species after species: the order in which environments have them.
fn around(n: usize, species: usize, random: &mut Philox) -> Around {
    let mut found = Vec::new();
    while found.len() < n {
        let r = [0; 3].map(|_| (2.0 * random.uniform() - 1.0) * CUTOFF);
        let distance = r.iter().map(|x| x * x).sum::<f64>().sqrt();
        if distance > 1.0 && distance < CUTOFF - 0.01 {
            found.push((random.below(species as u64) as usize, r));
        }
    }
    found.sort_by_key(|neighbor| neighbor.0);
    found
}

fn functions(species: usize, radius: f64, random: &mut Philox) -> RadialFunctions {
    let shapes = &CutoffShape::ALL[1..];
    let shape = shapes[random.below(shapes.len() as u64) as usize];
    let orders = 1 + random.below(4) as usize;
    let mut draw = |n: usize| (0..n).map(|_| 2.0 * random.uniform() - 1.0).collect::<Vec<f64>>();
    let channels = match (draw(1)[0] * 3.0 + 3.0) as usize / 2 {
        0 => Channels::Weighted { orders, weights: (0..2).map(|_| draw(species)).collect() },
        1 => Channels::PerElement { orders },
        _ => {
            let rows =
                |draw: &mut dyn FnMut(usize) -> Vec<f64>| (0..orders).map(|_| draw(orders + 2)).collect();
            Channels::Mixed { coefficients: (0..species).map(|_| rows(&mut draw)).collect() }
        }
    };
    RadialFunctions { cutoff: Cutoff { shape, radius, inner: 0.0 }, channels }
}

/// Parameters drawn at random.
fn parameters(case: u32) -> Moments {
    let random = &mut Philox::new(11, Purpose::General, 0, case);
    let species = 1 + case as usize % 4;
    let center = |random: &mut Philox| {
        let degree = random.below(6) as usize;
        let pick = |random: &mut Philox, n: u64| random.below(n) as usize;
        let resolution = match pick(random, 2) {
            0 => Resolution::Chebyshev,
            _ => Resolution::Legendre { from: pick(random, degree as u64 + 1) },
        };
        let fits = |degrees: &[usize]| degrees.iter().all(|l| *l <= degree);
        let three = [[0, 1, 1], [1, 1, 2], [2, 2, 2], [1, 2, 3], [2, 3, 3]].into_iter().filter(|d| fits(d));
        let four = [([1, 1, 1, 1], 0), ([1, 1, 2, 2], 2), ([1, 2, 1, 2], 3), ([2, 2, 2, 2], 4)];
        let four = four.map(|(degrees, through)| FourProduct { degrees, through });
        let radial = functions(species, CUTOFF, random);
        let angular = AngularInvariants {
            functions: functions(species, 4.2, random),
            degree,
            coupling: [Coupling::Itself, Coupling::WithinChannels, Coupling::All][pick(random, 3)],
            resolution,
            distinct: pick(random, 2) == 0,
            three: three.collect(),
            four: four.into_iter().filter(|four| fits(&four.degrees)).collect(),
        };
        MomentsCenter { radial, angular: (pick(random, 6) > 0).then_some(angular) }
    };
    Moments::new(elements(species), (0..species).map(|_| center(random)).collect()).unwrap()
}

/// G and p of Σ g·G, by the compiled descriptor.
fn compiled<T: Real>(
    moments: &Moments,
    center: usize,
    around: &Around,
    g: &[f64],
) -> (Vec<f64>, Vec<[f64; 3]>) {
    let kernel = moments.compile::<T>().unwrap();
    let environment = Environment::<T>::from_neighbors(moments.elements.len(), around, kernel.cutoff());
    let (mut work, mut pairs) = (ExpansionWork::default(), Vectors::default());
    let mut values = vec![T::ZERO; kernel.len(center)];
    let g: Vec<T> = g.iter().map(|&g| T::of(g)).collect();
    // Twice: what the first pass leaves in the buffers must not matter.
    for _ in 0..2 {
        kernel.values(center, &environment, &mut work, &mut values);
        pairs.reset(environment.len());
        kernel.gradients(center, &environment, &mut work, &g, &mut pairs);
    }
    let pair = |j: usize| [pairs.x[j], pairs.y[j], pairs.z[j]].map(T::to_f64);
    (values.into_iter().map(T::to_f64).collect(), (0..environment.len()).map(pair).collect())
}

fn defined(moments: &Moments, center: usize, around: &Around) -> Vec<(f64, Vec<[f64; 3]>)> {
    let named: Vec<_> = around.iter().map(|(s, r)| (moments.elements[*s], *r)).collect();
    moments.by_definition(center, &named)
}

fn weights(n: usize) -> Vec<f64> {
    (0..n).map(|s| (1.3 * s as f64 + 0.2).sin()).collect()
}

/// Values and gradients are those of the definition: to round-off of sums over pairs and of products of up to
/// four of them in double precision, and to the same in single precision.
#[test]
fn moments_equal_their_definition() {
    for case in 0..40 {
        let moments = parameters(case);
        let species = moments.elements.len();
        let count = [0, 1, 2, 5, 13][case as usize % 5];
        let around = around(count, species, &mut Philox::new(12, Purpose::General, 0, case));
        let center = case as usize % species;
        let rows = defined(&moments, center, &around);
        assert_eq!(rows.len(), moments.len(center), "{moments:?}");
        let g = weights(rows.len());
        let (double, gradients) = compiled::<f64>(&moments, center, &around, &g);
        let (single, single_gradients) = compiled::<f32>(&moments, center, &around, &g);
        let scale = rows.iter().fold(1.0_f64, |m, row| m.max(row.0.abs()));
        for (s, row) in rows.iter().enumerate() {
            assert!((double[s] - row.0).abs() < 1e-11 * scale, "case {case}, {s}: {} {}", double[s], row.0);
            assert!((single[s] - row.0).abs() < 2e-5 * scale, "case {case}, {s}: {} {}", single[s], row.0);
        }
        let expected =
            |j: usize, axis: usize| -> f64 { rows.iter().zip(&g).map(|(row, g)| g * row.1[j][axis]).sum() };
        let largest = rows.iter().flat_map(|row| row.1.iter().flatten()).fold(1.0_f64, |m, v| m.max(v.abs()));
        for j in 0..around.len() {
            for axis in 0..3 {
                let expected = expected(j, axis);
                assert!((gradients[j][axis] - expected).abs() < 1e-10 * largest, "case {case}");
                assert!((single_gradients[j][axis] - expected).abs() < 1e-4 * largest, "case {case}");
            }
        }
    }
}

/// Central differences with step h err by h²/6 of the third derivative and by ε/h of the values.
#[test]
fn gradients_are_those_of_the_values() {
    let h = 1e-4;
    for case in 0..20 {
        let moments = parameters(case);
        let species = moments.elements.len();
        let around = around(7, species, &mut Philox::new(13, Purpose::General, 0, case));
        let g = weights(moments.len(0));
        let gradients = compiled::<f64>(&moments, 0, &around, &g).1;
        let largest = gradients.iter().flatten().fold(1.0_f64, |m, v| m.max(v.abs()));
        for j in 0..around.len() {
            for axis in 0..3 {
                let at = |d: f64| -> f64 {
                    let mut moved = around.clone();
                    moved[j].1[axis] += d;
                    compiled::<f64>(&moments, 0, &moved, &g).0.iter().zip(&g).map(|(v, g)| v * g).sum()
                };
                let difference = (at(h) - at(-h)) / (2.0 * h);
                let error = (gradients[j][axis] - difference).abs();
                assert!(error < 2e-5 * largest, "case {case}: {} {difference}", gradients[j][axis]);
            }
        }
    }
}

/// A rotation, and another order of the neighbours, change nothing.
#[test]
fn rotations_and_permutations_change_nothing() {
    for case in 0..20 {
        let moments = parameters(case);
        let species = moments.elements.len();
        let around = around(9, species, &mut Philox::new(14, Purpose::General, 0, case));
        let turned: Around = around
            .iter()
            .rev()
            .map(|(s, [x, y, z])| {
                // By 0.7 about z, then by 1.1 about x.
                let ((s1, c1), (s2, c2)) = (0.7_f64.sin_cos(), 1.1_f64.sin_cos());
                let (x, y) = (c1 * x - s1 * y, s1 * x + c1 * y);
                (*s, [x, c2 * y - s2 * z, s2 * y + c2 * z])
            })
            .collect();
        let g = weights(moments.len(0));
        let (a, b) =
            (compiled::<f64>(&moments, 0, &around, &g).0, compiled::<f64>(&moments, 0, &turned, &g).0);
        let scale = a.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
        for (a, b) in a.iter().zip(&b) {
            assert!((a - b).abs() < 1e-11 * scale, "case {case}: {a} {b}");
        }
    }
}

/// A neighbour that comes in from beyond the cutoff is noticed gradually: cutoff functions fall at least with
/// the square of the distance to their radius, their slopes at least linearly.
#[test]
fn nothing_jumps_at_the_cutoff() {
    for case in 0..20 {
        let moments = parameters(case);
        let mut around = around(6, 1, &mut Philox::new(15, Purpose::General, 0, case));
        let g = weights(moments.len(0));
        let without = compiled::<f64>(&moments, 0, &around, &g).0;
        let scale = without.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
        for radius in [CUTOFF, 4.2] {
            let mut seen = [0.0_f64; 2];
            for step in [1e-3, 1e-4] {
                let mut values = Vec::new();
                for side in [-1.0, 1.0] {
                    around.push((0, [0.6 * (radius + side * step), 0.0, 0.8 * (radius + side * step)]));
                    values.push(compiled::<f64>(&moments, 0, &around, &g));
                    around.pop();
                }
                seen[usize::from(step < 5e-4)] =
                    values[0].0.iter().zip(&values[1].0).fold(0.0, |m, (a, b)| m.max((a - b).abs()));
            }
            // Ten times nearer, at least ten times less (radial functions of the other part change linearly).
            assert!(seen[1] < 0.11 * seen[0] + 1e-9 * scale, "case {case}: {seen:?}");
            assert!(seen[0] < 0.1 * scale, "case {case}: {seen:?} {scale}");
        }
    }
}

/// aenet's descriptor is a special case.
#[test]
fn the_descriptor_of_aenet_is_a_special_case() {
    let elements = elements(3);
    let center = ChebyshevCenter {
        environment: elements.clone(),
        radial_cutoff: CUTOFF,
        radial_order: 8,
        angular_cutoff: 4.2,
        angular_order: 4,
    };
    let functions = |radius: f64, orders: usize| RadialFunctions {
        cutoff: Cutoff { shape: CutoffShape::Cosine, radius, inner: 0.0 },
        channels: Channels::Weighted { orders, weights: vec![vec![1.0; 3], center.weights()] },
    };
    let own = MomentsCenter {
        radial: functions(CUTOFF, 9),
        angular: Some(AngularInvariants {
            functions: functions(4.2, 1),
            degree: 4,
            coupling: Coupling::Itself,
            resolution: Resolution::Chebyshev,
            distinct: true,
            three: Vec::new(),
            four: Vec::new(),
        }),
    };
    let moments = Moments::new(elements.clone(), vec![own; 3]).unwrap();
    let around = around(30, 3, &mut Philox::new(16, Purpose::General, 0, 0));
    let values = compiled::<f64>(&moments, 1, &around, &weights(28)).0;
    let aenet = Chebyshev::new(elements, vec![center; 3]).unwrap().compile::<f64>().unwrap();
    let environment = Environment::from_neighbors(3, &around, CUTOFF);
    let mut expected = vec![0.0; 28];
    aenet.values(1, &environment, &mut ExpansionWork::default(), &mut expected);
    // aenet has all of one weight before all of the next.
    let order = (0..9).chain(14..23).chain(9..14).chain(23..28);
    let expected: Vec<f64> = order.map(|place| expected[place]).collect();
    assert_eq!(values, expected);
}

/// The gradient with respect to mixing coefficients, by differences that are exact but for round-off: radial
/// sums are linear in them, products of two quadratic, those of four quartic.
#[test]
fn mixing_gradients_are_derivatives() {
    let (radial, angular) = (CUTOFF, 4.2);
    for (species, size, distinct) in [(2, MomentsSize::Medium, false), (3, MomentsSize::Small, true)] {
        let mut moments = Moments::standard(elements(species), radial, angular, size).unwrap();
        moments.centers[0].angular.as_mut().unwrap().distinct = distinct;
        let coefficients = vec![vec![vec![0.5, -0.25, 1.0, 0.125]; 3]; species];
        moments.centers[0].radial.channels = Channels::Mixed { coefficients };
        let around = around(12, species, &mut Philox::new(17, Purpose::General, 0, 0));
        let g = weights(moments.len(0));
        let kernel = moments.compile::<f64>().unwrap();
        let environment = Environment::from_neighbors(species, &around, CUTOFF);
        let (mut work, mut pairs) = (ExpansionWork::default(), Vectors::default());
        kernel.values(0, &environment, &mut work, &mut vec![0.0; g.len()]);
        pairs.reset(environment.len());
        kernel.gradients(0, &environment, &mut work, &g, &mut pairs);
        let gradient = kernel.mixing_gradient(0, &mut work);
        let mixing = moments.centers[0].mixing();
        assert_eq!(gradient.len(), mixing.len());
        let mut energy = |c: &[f64]| -> f64 {
            moments.centers[0].set_mixing(c).unwrap();
            compiled::<f64>(&moments, 0, &around, &g).0.iter().zip(&g).map(|(v, g)| v * g).sum()
        };
        let h = 1e-4;
        for i in (0..mixing.len()).step_by(7) {
            let mut at = |d: f64| {
                let mut c = mixing.clone();
                c[i] += d;
                energy(&c)
            };
            let difference = (at(h) - at(-h)) / (2.0 * h);
            let scale = gradient.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
            assert!((gradient[i] - difference).abs() < 1e-6 * scale, "{i}: {} {difference}", gradient[i]);
        }
        assert!(moments.centers[0].set_mixing(&mixing[1..]).is_err());
    }
}

#[test]
fn standard_sets_have_the_stated_sizes() {
    let sizes = [(MomentsSize::Small, 5, 30), (MomentsSize::Medium, 8, 102), (MomentsSize::Large, 10, 220)];
    for (size, radial, angular) in sizes {
        for species in 1..=4 {
            let moments = Moments::standard(elements(species), 6.0, 5.0, size).unwrap();
            assert_eq!(moments.len(0), radial * species + angular);
            assert_eq!(moments.cutoff(), 6.0);
            assert_eq!(moments.with_lengths(2.0).cutoff(), 12.0);
        }
    }
}

/// What is wrong, and how it is made so.
type Change<'a> = (&'a str, &'a dyn Fn(&mut MomentsCenter));

#[test]
fn impossible_parameters_are_refused() {
    let good = Moments::standard(elements(2), 6.0, 5.0, MomentsSize::Medium).unwrap();
    let angular =
        |c: &mut MomentsCenter, change: fn(&mut AngularInvariants)| change(c.angular.as_mut().unwrap());
    let changes: [Change<'_>; 10] = [
        ("no radius", &|c| c.radial.cutoff.radius = 0.0),
        ("a step", &|c| c.radial.cutoff.shape = CutoffShape::Hard),
        ("no function", &|c| c.radial.channels = Channels::PerElement { orders: 0 }),
        ("too many", &|c| c.radial.channels = Channels::PerElement { orders: usize::MAX }),
        ("a weight too few", &|c| {
            c.radial.channels = Channels::Weighted { orders: 2, weights: vec![vec![1.0]] };
        }),
        ("ragged", &|c| {
            let coefficients = vec![vec![vec![1.0]], vec![vec![1.0, 2.0]]];
            c.radial.channels = Channels::Mixed { coefficients };
        }),
        ("degree", &|c| angular(c, |a| a.degree = 1000)),
        ("no degrees", &|c| angular(c, |a| a.resolution = Resolution::Legendre { from: 9 })),
        ("odd", &|c| angular(c, |a| a.three.push([1, 1, 1]))),
        ("beyond", &|c| angular(c, |a| a.four.push(FourProduct { degrees: [1, 1, 2, 2], through: 4 }))),
    ];
    for (what, change) in changes {
        let mut centers = good.centers.clone();
        change(&mut centers[1]);
        assert!(Moments::new(good.elements.clone(), centers).is_err(), "{what}");
    }
    assert!(Moments::new(elements(3), good.centers.clone()).is_err());
    let lithium = elements(1)[0];
    assert!(Moments::new(vec![lithium; 2], good.centers).is_err());
}
