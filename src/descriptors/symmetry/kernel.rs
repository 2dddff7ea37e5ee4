//! Symmetry functions, fast: the descriptor a potential calls.

use super::SymmetryFunctions;
use super::angular::AngularWork;
use super::envelope::Samples;
use super::moments::Moments;
use super::plan::Plan;
use super::scratch::Scratch;
use super::shell::Shell;
use crate::descriptors::{Descriptor, Environment, Vectors};
use crate::lanes::{Buffer, Real};

/// The symmetry functions of a potential, compiled for evaluation in precision `T`.
#[derive(Debug, Clone)]
pub struct SymmetryKernel<T> {
    cutoff: f64,
    /// Atomic numbers of the species.
    numbers: Vec<T>,
    plans: Vec<Plan<T>>,
}

impl<T: Real> SymmetryKernel<T> {
    /// Values come out as they are defined.
    pub fn new(functions: &SymmetryFunctions) -> Self {
        let factors: Vec<Vec<f64>> =
            (0..functions.elements().len()).map(|s| vec![1.0; functions.of(s).len()]).collect();
        Self::scaled(functions, &factors)
    }

    /// Values come out multiplied by `factors[species][function]`.
    ///
    /// There are potentials with functions of the order of 10⁻¹³⁰ everywhere that are scaled to the order
    /// of one before a network sees them. Single precision can hold neither these functions nor such
    /// factors, but their product: it has to be formed here.
    pub fn scaled(functions: &SymmetryFunctions, factors: &[Vec<f64>]) -> Self {
        let elements = functions.elements();
        Self {
            cutoff: functions.cutoff(),
            numbers: elements.iter().map(|e| T::of(e.number() as f64)).collect(),
            plans: factors
                .iter()
                .enumerate()
                .map(|(s, factors)| Plan::new(elements, functions.of(s), factors))
                .collect(),
        }
    }
}

/// What is kept between values and gradients of one atom, and buffers.
#[derive(Debug, Default)]
pub struct SymmetryWork<T> {
    shell: Shell<T>,
    samples: Vec<Samples<T>>,
    /// The exponentials of each radial group.
    radial: Vec<Buffer<T>>,
    moments: Vec<Moments<T>>,
    angular: Vec<AngularWork<T>>,
    scratch: Scratch<T>,
    /// r_ij as (x, y, z, 0), and p_ij = along · r_ij + forces.
    points: Vec<[T; 4]>,
    forces: Vectors<T>,
    along: Vec<T>,
}

impl<T: Real> Descriptor<T> for SymmetryKernel<T> {
    type Work = SymmetryWork<T>;

    fn len(&self, center: usize) -> usize {
        self.plans[center].len
    }

    fn cutoff(&self) -> f64 {
        self.cutoff
    }

    fn values(
        &self,
        center: usize,
        environment: &Environment<T>,
        work: &mut SymmetryWork<T>,
        values: &mut [T],
    ) {
        evaluate(&self.plans[center], &self.numbers, environment, work, values);
    }

    fn gradients(
        &self,
        center: usize,
        environment: &Environment<T>,
        work: &mut SymmetryWork<T>,
        g: &[T],
        pairs: &mut Vectors<T>,
    ) {
        contract(&self.plans[center], environment, work, g, pairs);
    }
}

fn evaluate<T: Real>(
    plan: &Plan<T>,
    numbers: &[T],
    environment: &Environment<T>,
    work: &mut SymmetryWork<T>,
    values: &mut [T],
) {
    let SymmetryWork { shell, samples, radial, moments, angular, scratch, .. } = work;
    shell.fill(environment);
    samples.resize_with(plan.envelopes.len(), Samples::default);
    for ((envelope, weighted), samples) in plan.envelopes.iter().zip(&mut *samples) {
        samples.fill(envelope, if *weighted { numbers } else { &[] }, shell);
    }
    radial.resize_with(plan.radial.len(), Buffer::default);
    for (group, exponentials) in plan.radial.iter().zip(radial) {
        group.values(shell, samples, exponentials, scratch, values);
    }
    moments.resize_with(plan.moments.len(), Moments::default);
    for (set, moments) in plan.moments.iter().zip(moments) {
        set.values(shell, samples, moments, scratch, values);
    }
    angular.resize_with(plan.angular.len(), AngularWork::default);
    for (set, work) in plan.angular.iter().zip(angular) {
        set.values(shell, samples, work, scratch, values);
    }
}

fn contract<T: Real>(
    plan: &Plan<T>,
    environment: &Environment<T>,
    work: &mut SymmetryWork<T>,
    g: &[T],
    pairs: &mut Vectors<T>,
) {
    let SymmetryWork { shell, samples, radial, moments, angular, scratch, points, forces, along } = work;
    let n = shell.len();
    points.clear();
    points.extend(shell.x.iter().zip(&*shell.y).zip(&*shell.z).map(|((x, y), z)| [*x, *y, *z, T::ZERO]));
    forces.reset(n);
    along.clear();
    along.resize(n, T::ZERO);
    for (group, exponentials) in plan.radial.iter().zip(radial) {
        group.gradients(shell, samples, exponentials, scratch, g, along);
    }
    for (set, moments) in plan.moments.iter().zip(moments) {
        set.gradients(shell, samples, moments, g, along, forces);
    }
    for (set, work) in plan.angular.iter().zip(angular) {
        set.gradients(shell, samples, work, scratch, g, points, along, forces);
    }
    let mut start = 0;
    for run in shell.runs() {
        let end = start + run.len();
        for (to, from, r) in [
            (&mut pairs.x, &forces.x, &shell.x),
            (&mut pairs.y, &forces.y, &shell.y),
            (&mut pairs.z, &forces.z, &shell.z),
        ] {
            let from = from[run.clone()].iter().zip(&r[run.clone()]).zip(&along[run.clone()]);
            for (to, ((force, r), along)) in to[start..end].iter_mut().zip(from) {
                *to += *force + *along * *r;
            }
        }
        start = end;
    }
    debug_assert_eq!(start, environment.len());
}
