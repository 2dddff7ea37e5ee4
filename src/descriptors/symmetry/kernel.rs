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

/// The symmetry functions of a potential, compiled for evaluation in precision `T`, sums over triplets in
/// precision `U`.
///
/// Most of the time goes into triplets, of which there are so many that rounding averages out. Radial
/// functions and moments are sums of few terms that cancel: near equilibrium they carry most of the error of
/// single precision, and little of its gain.
#[derive(Debug, Clone)]
pub struct SymmetryKernel<T, U = T> {
    cutoff: f64,
    /// Atomic numbers of the species.
    numbers: Vec<T>,
    plans: Vec<Plan<T, U>>,
}

impl<T: Real, U: Real> SymmetryKernel<T, U> {
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
pub struct SymmetryWork<T, U = T> {
    shell: Shell<T>,
    samples: Vec<Samples<T>>,
    /// The exponentials of each radial group.
    radial: Vec<Buffer<T>>,
    moments: Vec<Moments<T>>,
    scratch: Scratch<T>,
    /// p_ij = along · r_ij + forces.
    forces: Vectors<T>,
    along: Vec<T>,
    triplets: TripletWork<U>,
}

/// The same for the sums over triplets.
#[derive(Debug, Default)]
struct TripletWork<U> {
    shell: Shell<U>,
    samples: Vec<Samples<U>>,
    angular: Vec<AngularWork<U>>,
    scratch: Scratch<U>,
    /// r_ij as (x, y, z, 0).
    points: Vec<[U; 4]>,
}

impl<T: Real, U: Real> Descriptor<T> for SymmetryKernel<T, U> {
    type Work = SymmetryWork<T, U>;

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
        work: &mut SymmetryWork<T, U>,
        values: &mut [T],
    ) {
        let plan = &self.plans[center];
        let SymmetryWork { shell, samples, radial, moments, scratch, triplets, .. } = work;
        shell.fill(environment);
        samples.resize_with(plan.envelopes.len(), Samples::default);
        for ((envelope, weighted), samples) in plan.envelopes.iter().zip(&mut *samples) {
            samples.fill(envelope, if *weighted { &self.numbers } else { &[] }, shell);
        }
        radial.resize_with(plan.radial.len(), Buffer::default);
        for (group, exponentials) in plan.radial.iter().zip(radial) {
            group.values(shell, samples, exponentials, scratch, values);
        }
        moments.resize_with(plan.moments.len(), Moments::default);
        for (set, moments) in plan.moments.iter().zip(moments) {
            set.values(shell, samples, moments, scratch, values);
        }
        if !plan.angular.is_empty() {
            triplets.values(plan, shell, samples, values);
        }
    }

    fn gradients(
        &self,
        center: usize,
        environment: &Environment<T>,
        work: &mut SymmetryWork<T, U>,
        g: &[T],
        pairs: &mut Vectors<T>,
    ) {
        let plan = &self.plans[center];
        let SymmetryWork { shell, samples, radial, moments, scratch, forces, along, triplets } = work;
        let n = shell.len();
        forces.reset(n);
        along.clear();
        along.resize(n, T::ZERO);
        for (group, exponentials) in plan.radial.iter().zip(radial) {
            group.gradients(shell, samples, exponentials, scratch, g, along);
        }
        for (set, moments) in plan.moments.iter().zip(moments) {
            set.gradients(shell, samples, moments, g, along, forces);
        }
        if !plan.angular.is_empty() {
            triplets.gradients(plan, g, along, forces);
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
}

impl<U: Real> TripletWork<U> {
    fn values<T: Real>(
        &mut self,
        plan: &Plan<T, U>,
        shell: &Shell<T>,
        samples: &[Samples<T>],
        values: &mut [T],
    ) {
        self.shell.round(shell);
        self.samples.resize_with(samples.len(), Samples::default);
        for (to, from) in self.samples.iter_mut().zip(samples) {
            to.round(from);
        }
        self.angular.resize_with(plan.angular.len(), AngularWork::default);
        for (set, work) in plan.angular.iter().zip(&mut self.angular) {
            set.values(&self.shell, &self.samples, work, &mut self.scratch, values);
        }
    }

    fn gradients<T: Real>(&mut self, plan: &Plan<T, U>, g: &[T], along: &mut [T], forces: &mut Vectors<T>) {
        let Self { shell, samples, angular, scratch, points } = self;
        points.clear();
        points.extend(shell.x.iter().zip(&*shell.y).zip(&*shell.z).map(|((x, y), z)| [*x, *y, *z, U::ZERO]));
        for (set, work) in plan.angular.iter().zip(angular) {
            set.gradients(shell, samples, work, scratch, g, points, along, forces);
        }
    }
}
