//! Sums over neighbours of functions of the distance times functions of the direction.

use super::harmonics::{self, Harmonics, count};
use super::invariants::Invariants;
use super::plan::Part;
use super::radial::RadialWork;
use super::series;
use super::shell::{Directions, Shell, count_near, load_vectors};
use crate::descriptors::{Environment, Vectors};
use crate::lanes::{Buffer, Kernel, Lanes, Real, Vector};

/// The angular part of one central species, compiled for one precision.
#[derive(Debug, Clone)]
pub(super) struct Angular<T> {
    part: Part,
    pub invariants: Invariants,
    /// How many functions the neighbours of each species have.
    rows: usize,
    /// For each neighbour species the series of these functions and of their derivatives.
    series: Vec<[Vec<T>; 2]>,
    /// Up to the degree of the kernel.
    harmonics: Harmonics,
}

/// What is known of the atom in hand.
#[derive(Debug, Default)]
pub(super) struct AngularWork<T> {
    shell: Shell<T>,
    directions: Directions<T>,
    near: Vec<usize>,
    /// h_n of every neighbour in the shell and its derivative, function after function.
    functions: [Buffer<T>; 2],
    /// Lane-wise sums over the basis, and of the species in hand; of overlaps likewise.
    lanes: Buffer<T>,
    species_lanes: Buffer<T>,
    /// One vector for each term of a series.
    terms: Buffer<T>,
    /// Sums over the basis and over harmonics for each function, and overlaps of every two.
    basis: Vec<f64>,
    sums: Vec<f64>,
    overlaps: Vec<f64>,
    /// Derivatives of Σ g·G with respect to them.
    basis_slopes: Vec<f64>,
    sum_slopes: Vec<f64>,
    touch: Vec<f64>,
    /// The same for the functions of each species.
    species_slopes: Vec<T>,
    species_touch: Vec<T>,
}

/// Runs a kernel with the smallest degree there is one for, not below the one asked for.
macro_rules! with_degree {
    ($degree:expr, $D:ident => $run:expr) => {
        match $degree {
            0 => {
                const $D: usize = 0;
                $run
            }
            1 => {
                const $D: usize = 1;
                $run
            }
            2 => {
                const $D: usize = 2;
                $run
            }
            3 => {
                const $D: usize = 3;
                $run
            }
            4 => {
                const $D: usize = 4;
                $run
            }
            5 => {
                const $D: usize = 5;
                $run
            }
            6 => {
                const $D: usize = 6;
                $run
            }
            7 | 8 => {
                const $D: usize = 8;
                $run
            }
            _ => {
                const $D: usize = 12;
                $run
            }
        }
    };
}

impl<T: Real> Angular<T> {
    pub(super) fn new(part: Part, invariants: Invariants) -> Self {
        let convert = |series: [Vec<f64>; 2]| series.map(|c| c.into_iter().map(T::of).collect());
        Self {
            rows: part.species.first().map_or(0, |local| local.rows),
            series: part.species.iter().map(|local| convert(part.series(local))).collect(),
            harmonics: Harmonics::new(with_degree!(invariants.degree, D => D)),
            part,
            invariants,
        }
    }

    /// The invariants.
    pub(super) fn values(&self, environment: &Environment<T>, work: &mut AngularWork<T>, out: &mut [f64]) {
        with_degree!(self.invariants.degree, D => {
            T::dispatch(Sums::<T, D> { angular: self, environment, work: &mut *work });
        });
        let stride = count(self.harmonics.degree());
        work.sums.resize(work.basis.len(), 0.0);
        for (basis, sums) in work.basis.chunks_exact(stride).zip(work.sums.chunks_exact_mut(stride)) {
            self.harmonics.forward(basis, sums);
        }
        self.invariants.values(&work.sums, &work.overlaps, out);
    }

    /// Derivatives of Σ g·(invariants) with respect to the sums over the basis and the overlaps.
    pub(super) fn slopes(&self, g: &[f64], work: &mut AngularWork<T>) {
        let stride = count(self.harmonics.degree());
        let functions = self.part.functions;
        work.sum_slopes.resize(work.sums.len(), 0.0);
        work.basis_slopes.resize(work.sums.len(), 0.0);
        work.touch.resize(functions * functions, 0.0);
        self.invariants.slopes(g, &work.sums, &mut work.sum_slopes, &mut work.touch);
        let each = work.sum_slopes.chunks_exact(stride).zip(work.basis_slopes.chunks_exact_mut(stride));
        for (sums, basis) in each {
            self.harmonics.backward(sums, basis);
        }
        // What a species has to do with the functions it is added to.
        let rows = self.rows;
        work.species_slopes.clear();
        work.species_touch.clear();
        for local in &self.part.species {
            for at in 0..rows * stride {
                let sum: f64 =
                    local.targets.iter().map(|(q, weight)| weight * work.basis_slopes[q * stride + at]).sum();
                work.species_slopes.push(T::of(sum));
            }
            for n in 0..if self.invariants.distinct { rows * rows } else { 0 } {
                let mut sum = 0.0;
                for (q, weight) in &local.targets {
                    for (p, other) in &local.targets {
                        sum += weight * other * work.touch[(q + n / rows) * functions + p + n % rows];
                    }
                }
                work.species_touch.push(T::of(sum));
            }
        }
    }

    /// Adds p_ij of both parts to `pairs`; [`Angular::slopes`] and those of the radial part are known.
    pub(super) fn add_pairs(
        &self,
        environment: &Environment<T>,
        radial: &RadialWork<T>,
        work: &mut AngularWork<T>,
        pairs: &mut Vectors<T>,
    ) {
        with_degree!(self.invariants.degree, D => {
            T::dispatch(Pairs::<T, D> { angular: Some((self, work)), environment, radial, pairs });
        });
    }

    /// Derivatives with respect to the coefficients of the series, by neighbour species, function and term.
    pub(super) fn mixing_gradient(&self, work: &AngularWork<T>, out: &mut Vec<f64>) {
        let degree = self.harmonics.degree();
        let (rows, terms, stride) = (self.rows, self.part.terms, count(degree));
        for s in 0..self.part.species.len() {
            let mut sums = vec![0.0; rows * terms];
            let slopes = &work.species_slopes[s * rows * stride..][..rows * stride];
            for j in work.shell.of_species(s) {
                let direction = [0, 1, 2].map(|axis| work.directions.components[axis][j].to_f64());
                let basis = harmonics::basis(degree, direction);
                let f = work.shell.values[j].to_f64();
                for n in 0..rows {
                    let mut slope: f64 =
                        basis.iter().zip(&slopes[n * stride..]).map(|(b, d)| b * d.to_f64()).sum();
                    if self.invariants.distinct {
                        let total = work.shell.distances.len();
                        for m in 0..rows {
                            slope += work.species_touch[(s * rows + n) * rows + m].to_f64()
                                * work.functions[0][m * total + j].to_f64();
                        }
                    }
                    let r = work.shell.distances[j].to_f64();
                    let series = series::terms(self.part.cutoff.radius, r);
                    for (sum, term) in sums[n * terms..][..terms].iter_mut().zip(series) {
                        *sum += slope * f * term;
                    }
                }
            }
            out.extend(sums);
        }
    }
}

/// p_ij where there is no angular part.
pub(super) fn add_radial_pairs<T: Real>(
    environment: &Environment<T>,
    radial: &RadialWork<T>,
    pairs: &mut Vectors<T>,
) {
    T::dispatch(Pairs::<T, 0> { angular: None, environment, radial, pairs });
}

/// Sums over the basis, and overlaps.
struct Sums<'a, T, const D: usize> {
    angular: &'a Angular<T>,
    environment: &'a Environment<T>,
    work: &'a mut AngularWork<T>,
}

impl<T: Real, const D: usize> Kernel<T> for Sums<'_, T, D> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self, lanes: L) {
        let Self { angular: Angular { part, invariants, rows, series, .. }, environment, work } = self;
        let (width, rows, stride) = (L::WIDTH, *rows, count(D) * L::WIDTH);
        let radius = T::of(part.cutoff.radius);
        let AngularWork { shell, directions, near, functions: [functions, derivatives], terms, .. } = work;
        near.clear();
        for s in 0..environment.species() {
            near.push(count_near(&environment.distances[environment.of_species(s)], radius));
        }
        shell.fill(lanes, environment, near, &part.cutoff);
        directions.fill(environment, shell);
        let total = shell.distances.len();
        functions.resize(rows * total);
        derivatives.resize(rows * total);
        terms.resize(part.terms * width);
        let overlaps = if invariants.distinct { rows * rows } else { 0 };
        work.lanes.resize((part.functions * count(D)) * width);
        work.lanes.fill(T::ZERO);
        work.species_lanes.resize((rows * count(D) + overlaps) * width);
        work.overlaps.clear();
        work.overlaps.resize(part.functions * part.functions, 0.0);

        for s in 0..environment.species() {
            let here = shell.of_species(s);
            if here.is_empty() {
                continue;
            }
            let [c, b] = &series[s];
            for at in here.clone().step_by(width) {
                let cut = [
                    lanes.load(&shell.distances[at..]),
                    lanes.load(&shell.values[at..]),
                    lanes.load(&shell.slopes[at..]),
                ];
                let out = [&mut functions[at..], &mut derivatives[at..]];
                series::functions(lanes, radius, (part.terms, c, b), cut, terms, total, out);
            }

            // A species that enters each function as it is needs no sums of its own.
            let targets = &part.species[s].targets;
            let direct = matches!(targets[..], [(_, weight)] if weight == 1.0);
            let (species_sums, species_overlaps) = work.species_lanes.split_at_mut(rows * stride);
            let sums = if direct {
                &mut work.lanes[targets[0].0 * stride..][..rows * stride]
            } else {
                species_sums.fill(T::ZERO);
                &mut *species_sums
            };
            let pairs = here.len() / (2 * width) * (2 * width);
            for at in (here.start..here.start + pairs).step_by(2 * width) {
                let r = directions.load::<L, 2>(lanes, at);
                for (n, sums) in sums.chunks_exact_mut(stride).enumerate() {
                    let h = load_vectors::<T, L, 2>(lanes, &functions[n * total + at..]);
                    harmonics::accumulate::<T, L, D, 2>(lanes, &r, h, sums);
                }
            }
            if pairs < here.len() {
                let at = here.start + pairs;
                let r = directions.load::<L, 1>(lanes, at);
                for (n, sums) in sums.chunks_exact_mut(stride).enumerate() {
                    let h = load_vectors::<T, L, 1>(lanes, &functions[n * total + at..]);
                    harmonics::accumulate::<T, L, D, 1>(lanes, &r, h, sums);
                }
            }
            if !direct {
                for (q, weight) in targets {
                    let weight = lanes.of(*weight);
                    let to = work.lanes[q * stride..][..rows * stride].chunks_exact_mut(width);
                    for (to, from) in to.zip(species_sums.chunks_exact(width)) {
                        lanes.store(weight.mul_add(lanes.load(from), lanes.load(to)), to);
                    }
                }
            }

            if invariants.distinct {
                species_overlaps.fill(T::ZERO);
                for at in here.step_by(width) {
                    for n in 0..rows {
                        let h = lanes.load(&functions[n * total + at..]);
                        for m in 0..=n {
                            let product = h * lanes.load(&functions[m * total + at..]);
                            lanes.add_to(product, &mut species_overlaps[(n * rows + m) * width..]);
                        }
                    }
                }
                for n in 0..rows {
                    for m in 0..=n {
                        let sum = lanes.load(&species_overlaps[(n * rows + m) * width..]).sum().to_f64();
                        for (q, weight) in targets {
                            for (p, other) in targets {
                                let sum = weight * other * sum;
                                work.overlaps[(q + n) * part.functions + p + m] += sum;
                                if m < n {
                                    work.overlaps[(q + m) * part.functions + p + n] += sum;
                                }
                            }
                        }
                    }
                }
            }
        }
        work.basis.clear();
        for sum in work.lanes.chunks_exact(width) {
            work.basis.push(lanes.load(sum).sum().to_f64());
        }
    }
}

/// From derivatives with respect to sums to p_ij.
#[allow(clippy::struct_field_names)]
struct Pairs<'a, T, const D: usize> {
    angular: Option<(&'a Angular<T>, &'a AngularWork<T>)>,
    environment: &'a Environment<T>,
    radial: &'a RadialWork<T>,
    pairs: &'a mut Vectors<T>,
}

impl<T: Real, const D: usize> Kernel<T> for Pairs<'_, T, D> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self, lanes: L) {
        let Self { angular, environment, radial, pairs } = self;
        let width = L::WIDTH;
        let vectors = &environment.vectors;
        for s in 0..environment.species() {
            let all = environment.of_species(s);
            let slopes = &radial.slopes[radial.shell.of_species(s)];
            let mut done = 0;
            if let Some((angular, work)) = angular {
                let here = work.shell.of_species(s);
                done = here.len();
                let (rows, total, stride) = (angular.rows, work.shell.distances.len(), count(D));
                let touch = angular.invariants.distinct;
                for at in here.clone().step_by(width) {
                    let [[x], [y], [z]] = work.directions.load::<L, 1>(lanes, at);
                    // Σ_n dh_n/dr Q_n and Σ_n h_n ∇Q_n.
                    let zero = lanes.splat(T::ZERO);
                    let (mut along, mut across) = (zero, [zero; 3]);
                    for n in 0..rows {
                        let slopes = &work.species_slopes[(s * rows + n) * stride..];
                        let (mut q, gradient) = harmonics::polynomial::<T, L, D>(lanes, [x, y, z], slopes);
                        if touch {
                            let touch = &work.species_touch[(s * rows + n) * rows..][..rows];
                            for (m, touch) in touch.iter().enumerate() {
                                let h = lanes.load(&work.functions[0][m * total + at..]);
                                q = h.mul_add(lanes.splat(*touch), q);
                            }
                        }
                        let h = lanes.load(&work.functions[0][n * total + at..]);
                        along = lanes.load(&work.functions[1][n * total + at..]).mul_add(q, along);
                        for axis in 0..3 {
                            across[axis] = h.mul_add(gradient[axis], across[axis]);
                        }
                    }
                    // Only what is perpendicular to r turns the direction, by 1/r.
                    let inverse = lanes.load(&work.directions.inverse[at..]);
                    let projection = x.mul_add(across[0], y.mul_add(across[1], z * across[2]));
                    let offset = at - here.start;
                    let slope = lanes.load(&slopes[offset..]) + along - projection * inverse;
                    let j = all.start + offset..all.end;
                    lanes.add_to_some(x.mul_add(slope, across[0] * inverse), &mut pairs.x[j.clone()]);
                    lanes.add_to_some(y.mul_add(slope, across[1] * inverse), &mut pairs.y[j.clone()]);
                    lanes.add_to_some(z.mul_add(slope, across[2] * inverse), &mut pairs.z[j]);
                }
            }
            for offset in (done..all.len()).step_by(width) {
                let j = all.start + offset..all.end;
                let r = lanes.load_some(&environment.distances[j.clone()], T::ONE);
                let slope = lanes.load(&slopes[offset..]) / r;
                let x = lanes.load_some(&vectors.x[j.clone()], T::ZERO);
                let y = lanes.load_some(&vectors.y[j.clone()], T::ZERO);
                let z = lanes.load_some(&vectors.z[j.clone()], T::ZERO);
                lanes.add_to_some(x * slope, &mut pairs.x[j.clone()]);
                lanes.add_to_some(y * slope, &mut pairs.y[j.clone()]);
                lanes.add_to_some(z * slope, &mut pairs.z[j]);
            }
        }
    }
}
