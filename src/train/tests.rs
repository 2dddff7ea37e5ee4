//! Training as a whole, on small made-up crystals.

use super::dataset::Sample;
use super::displaced::Displaced;
use super::features;
use super::generate::{SymmetryGrid, chebyshev};
use super::layout::Layout;
use super::loss::{Loss, Target, totals};
use super::objective::{Descent, Objective as _};
use super::optimizer::{Memory as _, Optimizer};
use super::problem::Problem;
use super::scaling;
use super::store::Store;
use super::surroundings::Surroundings;
use super::tangent::{Networks, Pass};
use crate::compute::{Engine, Options};
use crate::descriptors::{CutoffShape, Moments, MomentsSize};
use crate::io::Frame;
use crate::potential::{
    Activation, AtomicNetwork, DescriptorSet, LennardJones, LennardJonesPair, NeuralModel, NeuralPotential,
    Output, Precision, Truncation,
};
use crate::random::{Philox, Purpose};
use crate::system::{Cell, Element, Vec3};
use crate::units::FileUnits;
use std::sync::Arc;

mod bad_frames;
#[cfg(feature = "train-gpu")]
mod device;
#[cfg(feature = "train")]
mod first_order;
mod second_order;
#[cfg(feature = "train")]
mod uploaded;

/// Two elements on a rattled, strained cube of eight atoms, labelled at random: any labels will do for
/// derivatives.
fn frames(count: usize) -> Vec<Sample> {
    let [li, n] = ["Li", "N"].map(|s| Element::from_symbol(s).unwrap());
    (0..count)
        .map(|k| {
            let mut random = Philox::new(5, Purpose::General, k as u64, 0);
            let a = 4.6 + 0.1 * random.uniform();
            let cell = Cell::orthorhombic(a, a, 1.1 * a).unwrap();
            let species: Vec<_> = (0..8).map(|i| if i % 3 == 0 { n } else { li }).collect();
            let positions: Vec<Vec3> = (0..8)
                .map(|i| {
                    let corner = [i & 1, (i >> 1) & 1, (i >> 2) & 1].map(|b| f64::from(b as u8) * 0.5 * a);
                    Vec3::from(corner) + 0.3 * Vec3::from_fn(|_, _| random.uniform() - 0.5)
                })
                .collect();
            let mut frame = Frame::new(cell, species, positions);
            frame.energy = Some(-20.0 + random.normal());
            frame.forces = Some((0..8).map(|_| Vec3::from_fn(|_, _| random.normal())).collect());
            let s = crate::system::Mat3::from_fn(|_, _| 0.01 * random.normal());
            frame.stress = Some(s + s.transpose());
            Sample { frame, weight: 1.0 + k as f64 }
        })
        .collect()
}

struct Setup {
    samples: Vec<Sample>,
    set: DescriptorSet,
    scalings: Vec<crate::descriptors::Scaling>,
    features: Store,
    targets: Vec<Target>,
    layout: Layout,
    loss: Loss,
    train: Vec<usize>,
}

const UNIT: f64 = 0.7;
const OFFSET: f64 = -1.5;

fn elements(samples: &[Sample]) -> Vec<Element> {
    let mut elements: Vec<_> = samples[0].frame.species.clone();
    elements.sort_unstable();
    elements.dedup();
    elements
}

fn setup(samples: Vec<Sample>, loss: Loss) -> Setup {
    let grid = SymmetryGrid {
        radial_cutoff: 4.5,
        radial: 4,
        angular_cutoff: 4.0,
        angular: 2,
        zetas: vec![1.0, 2.0],
        nearest: 1.5,
        shape: CutoffShape::Poly2,
    };
    let set = grid.build(&elements(&samples)).unwrap();
    setup_with(set, samples, loss)
}

/// Scaled features of which no more than `most` bytes of Jacobians are held.
fn setup_features(
    set: &DescriptorSet,
    frames: &[&Frame],
    most: usize,
) -> (Store, Vec<crate::descriptors::Scaling>) {
    let estimated = features::estimate(set, frames).unwrap();
    let mut store = Store::compute(set, frames, true, (estimated, most), &|| Ok(())).unwrap();
    let values: Vec<_> = (0..store.len()).map(|k| store.values(k)).collect();
    let statistics = scaling::statistics(set, &values).unwrap();
    let scalings: Vec<_> = statistics.into_iter().map(|s| scaling::scaling(set, s).unwrap()).collect();
    store.scale(&scalings);
    (store, scalings)
}

fn setup_with(set: DescriptorSet, samples: Vec<Sample>, loss: Loss) -> Setup {
    let all: Vec<&Frame> = samples.iter().map(|s| &s.frame).collect();
    let (features, scalings) = setup_features(&set, &all, usize::MAX);
    let totals = totals(samples.iter());
    let target = |s: &Sample| Target::new(s, &loss, totals, UNIT, OFFSET * s.frame.len() as f64);
    let targets = samples.iter().map(target).collect();
    let inputs: Vec<_> = (0..set.elements().len()).map(|s| set.len(s)).collect();
    let layout = Layout::new(&inputs, &[4, 3], Activation::Tanh);
    let train = (0..samples.len()).collect();
    Setup { samples, set, scalings, features, targets, layout, loss, train }
}

impl Setup {
    fn problem(&self) -> Problem<'_> {
        Problem {
            features: &self.features,
            targets: &self.targets,
            train: &self.train,
            loss: &self.loss,
            layout: &self.layout,
        }
    }

    fn model(&self, theta: &[f64]) -> NeuralModel {
        let atom = |s: usize| AtomicNetwork {
            scaling: self.scalings[s].clone(),
            network: self.layout.network(s, theta).unwrap(),
            output: Output { scale: 1.0 / UNIT, shift: 0.0, reference: OFFSET },
        };
        let networks = (0..self.scalings.len()).map(atom).collect();
        let units = FileUnits { energy: 1.0, length: 1.0 };
        NeuralModel::new(units, self.set.clone(), vec![networks]).unwrap()
    }
}

fn loss(huber: Option<f64>) -> Loss {
    Loss { energy: Some(0.2), forces: Some(0.5), stress: Some(0.03), huber, decay: 0.01 }
}

/// The two-pass gradient in every parameter against central differences of the loss, with and without
/// Huber's penalty.
#[test]
fn the_gradient_of_the_loss_is_its_derivative() {
    for huber in [None, Some(1.5)] {
        let setup = setup(frames(3), loss(huber));
        let problem = setup.problem();
        let theta = setup.layout.initial(1, 0);
        let Descent { loss: value, gradient, .. } = problem.gradient(&theta, &setup.train).unwrap();
        let known = problem.summary(&theta, &setup.train).unwrap().loss;
        assert!((value - known).abs() < 1e-12 * value);
        let h = 1e-5;
        let scale = gradient.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
        for k in 0..theta.len() {
            let at = |h: f64| {
                let mut theta = theta.clone();
                theta[k] += h;
                problem.summary(&theta, &setup.train).unwrap().loss
            };
            let difference = (at(h) - at(-h)) / (2.0 * h);
            assert!((gradient[k] - difference).abs() < 1e-7 * scale, "{k}: {} {difference}", gradient[k]);
        }
    }
}

/// Without stored derivatives the differences are those with them, which are kept in single precision, and
/// the gradient, that of mixing coefficients included, is the derivative of the loss: central differences of
/// step h err by h² relative to the square of the scale of the parameters, here one; those of the
/// displacements by 1e-8 more.
#[test]
fn displaced_frames_give_the_gradient() {
    let samples = frames(2);
    let elements = elements(&samples);
    for size in [MomentsSize::Small, MomentsSize::Medium] {
        let moments = Moments::standard(elements.clone(), 4.5, 4.0, size).unwrap();
        let setup = setup_with(DescriptorSet::Moments(moments), samples.clone(), loss(Some(1.5)));
        let of = |s: &Sample| Surroundings::new(&s.frame, &elements, setup.set.cutoff()).unwrap();
        let surroundings: Vec<_> = samples.iter().map(of).collect();
        let displaced = Displaced {
            set: &setup.set,
            free: true,
            scalings: &setup.scalings,
            frames: &surroundings,
            targets: &setup.targets,
            train: &setup.train,
            loss: &setup.loss,
            layout: &setup.layout,
        };
        let networks = setup.layout.initial(1, 0);
        let mut theta = networks.clone();
        theta.extend(super::displaced::mixing(&setup.set));
        assert!(theta.len() > networks.len());
        let stored = setup.problem().differences(&networks, &setup.train).unwrap();
        let anew = displaced.differences(&theta, &setup.train).unwrap();
        for (a, b) in stored.iter().flatten().zip(anew.iter().flatten()) {
            assert!((a - b).abs() < 1e-6 * b.abs().max(1.0), "{a} {b}");
        }
        let found = displaced.gradient(&theta, &setup.train).unwrap();
        let exact = setup.problem().gradient(&networks, &setup.train).unwrap();
        let scale = exact.gradient.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
        for (a, b) in exact.gradient.iter().zip(&found.gradient) {
            assert!((a - b).abs() < 1e-6 * scale, "{a} {b}");
        }
        let h = 1e-5;
        for k in (networks.len()..theta.len()).step_by(7) {
            let at = |h: f64| {
                let mut theta = theta.clone();
                theta[k] += h;
                displaced.summary(&theta, &setup.train).unwrap().loss
            };
            let difference = (at(h) - at(-h)) / (2.0 * h);
            let gradient = found.gradient[k];
            assert!((gradient - difference).abs() < 1e-6 * scale, "{k}: {gradient} {difference}");
        }
    }
}

/// Jᵀr of the rows that Levenberg–Marquardt sees is the gradient.
#[test]
fn rows_of_the_jacobian_add_up_to_the_gradient() {
    let setup = setup(frames(2), loss(Some(1.5)));
    let problem = setup.problem();
    let theta = setup.layout.initial(2, 0);
    let networks = Networks::new(&setup.layout, &theta);
    let mut sum = vec![0.0; theta.len()];
    for frame in 0..2 {
        let (residuals, rows) = problem.jacobian(&networks, frame, &mut Pass::default(), None);
        for (r, row) in residuals.iter().zip(rows.chunks_exact(theta.len())) {
            sum.iter_mut().zip(row).for_each(|(s, j)| *s += r * j);
        }
    }
    let Descent { gradient, .. } = problem.gradient(&theta, &setup.train).unwrap();
    let scale = gradient.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
    for (s, g) in sum.iter().zip(&gradient) {
        assert!((s - g).abs() < 1e-12 * scale, "{s} {g}");
    }
}

/// What training predicts is what the finished potential computes, up to the single precision in which
/// the Jacobian is kept: sums of some hundred terms of order one, each off by 6·10⁻⁸.
#[test]
fn the_potential_computes_what_training_saw() {
    let elements = elements(&frames(1));
    let moments = Moments::standard(elements.clone(), 4.5, 4.0, MomentsSize::Medium).unwrap();
    for setup in [
        setup(frames(2), loss(None)),
        setup_with(chebyshev(&elements, (4.5, 5), (4.0, 3)).unwrap(), frames(2), loss(None)),
        setup_with(DescriptorSet::Moments(moments), frames(2), loss(None)),
    ] {
        compare(&setup);
    }
}

fn compare(setup: &Setup) {
    let theta = setup.layout.initial(3, 0);
    let potential = NeuralPotential::new(Arc::new(setup.model(&theta)), Precision::Double);
    let mut engine = Engine::new(Box::new(potential), Options { skin: 0.0, threads: 1 }).unwrap();
    let rows = setup.problem().differences(&theta, &[0, 1]).unwrap();
    for (sample, rows) in setup.samples.iter().zip(rows) {
        let frame = &sample.frame;
        let found = engine.evaluate(&frame.to_system().unwrap()).unwrap();
        assert!((rows[0] - (found.energy - frame.energy.unwrap())).abs() < 1e-9, "{}", rows[0]);
        let forces = frame.forces.as_ref().unwrap();
        for (k, (f, reference)) in found.forces.iter().zip(forces).enumerate() {
            for a in 0..3 {
                assert!((rows[1 + 3 * k + a] - (f[a] - reference[a])).abs() < 2e-5);
            }
        }
        let stress = found.stress(frame.cell.volume()) - frame.stress.unwrap();
        for (s, at) in crate::system::VOIGT.into_iter().enumerate() {
            assert!((rows[1 + 3 * frame.len() + s] - stress[at]).abs() < 2e-5);
        }
    }
}

/// Argon labelled by Lennard-Jones: a law that networks can learn.
fn argon(count: usize) -> Vec<Sample> {
    let ar = Element::from_symbol("Ar").unwrap();
    let pair = LennardJonesPair { epsilon: 0.0104, sigma: 3.4, cutoff: 4.4 };
    let potential = LennardJones::new(&[(ar, ar, pair)], Truncation::ForceShifted).unwrap();
    let mut engine = Engine::new(Box::new(potential), Options { skin: 0.0, threads: 1 }).unwrap();
    let mut samples = frames(count);
    for sample in &mut samples {
        let frame = &mut sample.frame;
        frame.species = vec![ar; 8];
        sample.weight = 1.0;
        let stretch = 3.6 / 2.3;
        frame.cell = Cell::from_matrix(frame.cell.matrix() * stretch, [true; 3]).unwrap();
        frame.positions.iter_mut().for_each(|r| *r *= stretch);
        let found = engine.evaluate(&frame.to_system().unwrap()).unwrap();
        (frame.energy, frame.forces) = (Some(found.energy), Some(found.forces.clone()));
    }
    samples
}

fn descend<'a>(
    setup: &'a Setup,
    optimizer: &mut dyn Optimizer<Problem<'a>>,
    theta: &mut Vec<f64>,
    epochs: std::ops::Range<u64>,
) {
    for epoch in epochs {
        optimizer.epoch(&setup.problem(), theta, epoch, &|| false).unwrap();
    }
}

/// burn's gradient is the hand-written one; Adam repeats for any number of threads and resumes.
#[cfg(feature = "train")]
#[test]
fn burn_sees_the_same_gradient() {
    use super::first_order::Adaptive;
    use super::schedule::{Course, Schedule};
    use super::two_passes::TwoPasses;
    let setup = setup(frames(3), loss(None));
    let theta = setup.layout.initial(1, 0);
    let exact = setup.problem().gradient(&theta, &setup.train).unwrap();
    let found = TwoPasses(setup.problem()).gradient(&theta, &setup.train).unwrap();
    let scale = exact.gradient.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
    assert!((exact.loss - found.loss).abs() < 1e-10 * exact.loss);
    for (a, b) in exact.gradient.iter().zip(&found.gradient) {
        assert!((a - b).abs() < 1e-10 * scale, "{a} {b}");
    }
    let make = || {
        let course = Course::Plateau { factor: 0.5, patience: 0 };
        let schedule = Schedule { first: 0.01, course, warm_up: 1, epochs: 4 };
        Adaptive::new(schedule, 2, Some(100.0), Some(1e-3), 1)
    };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut at = theta.clone();
        pool.install(|| descend(&setup, &mut make(), &mut at, 0..4));
        at
    };
    let whole = run(1);
    assert_eq!(whole, run(3));
    let (mut first, mut second, mut resumed) = (make(), make(), theta.clone());
    descend(&setup, &mut first, &mut resumed, 0..2);
    second.load(&first.save().unwrap()).unwrap();
    descend(&setup, &mut second, &mut resumed, 2..4);
    assert_eq!(whole, resumed);
    let problem = setup.problem();
    let loss = |theta: &[f64]| problem.summary(theta, &setup.train).unwrap().loss;
    assert!(loss(&whole) < loss(&theta));
}

/// Jacobians that do not fit into memory are made anew: the same bits, whatever the bound, and no more
/// than it is held.
#[test]
fn a_bound_on_memory_changes_no_bit() {
    let setup = setup(frames(4), loss(None));
    let frames: Vec<_> = setup.samples.iter().map(|s| &s.frame).collect();
    let held = |store: &Store| (0..store.len()).map(|k| store.values(k).memory()).sum::<usize>();
    let (whole, theta) = (held(&setup.features), setup.layout.initial(1, 0));
    let expected = setup.problem().gradient(&theta, &setup.train).unwrap();
    for (share, in_memory) in [(0.0, 0), (0.6, 2), (1.0, 4)] {
        let most = (share * whole as f64) as usize;
        let (features, _) = setup_features(&setup.set, &frames, most);
        assert_eq!(features.in_memory(), in_memory);
        let values: usize =
            (0..4).map(|k| 8 * features.frame(k).atoms.iter().map(|a| a.values.len()).sum::<usize>()).sum();
        assert!(held(&features) <= most + values);
        let problem = Problem { features: &features, ..setup.problem() };
        let found = problem.gradient(&theta, &setup.train).unwrap();
        assert_eq!((found.loss, &found.gradient), (expected.loss, &expected.gradient));
        for k in 0..4 {
            assert_eq!(features.frame(k).atoms[3].jacobian, setup.features.frame(k).atoms[3].jacobian);
        }
    }
}
