//! Sums over neighbours of functions of the distance times functions of the direction.

use super::harmonics::{self, Harmonics, count};
use super::invariants::{Invariants, InvariantsWork};
use super::pairs::{Mixing, Pairs};
use super::plan::Part;
use super::radial::RadialWork;
use super::series;
use super::shell::{Directions, Shell, count_near, load_vectors};
use crate::descriptors::{Environment, Vectors};
use crate::lanes::{Buffer, Kernel, Lanes, Real, Vector};

/// The angular part of one central species, compiled for one precision.
#[derive(Debug, Clone)]
pub(super) struct Angular<T> {
    pub(super) part: Part,
    pub(super) invariants: Invariants,
    /// How many functions the neighbours of each species have.
    pub(super) rows: usize,
    /// For each neighbour species the series of these functions and of their derivatives.
    pub(super) series: Vec<[Vec<T>; 2]>,
    /// The only function is the cutoff function itself.
    pub(super) plain: bool,
    /// Each species enters functions as it is, so that sums need not be taken species by species.
    pub(super) direct: bool,
    /// The first of the species that are added to the same functions: what the sums over these have to do with the
    /// functions of a neighbour is the same for them.
    pub(super) kinds: Vec<usize>,
    /// Which of these each species is like.
    pub(super) kind: Vec<usize>,
    /// Up to the degree of the kernel.
    pub(super) harmonics: Harmonics,
}

/// What is known of the atom in hand.
#[derive(Debug, Default)]
pub(super) struct AngularWork<T> {
    pub(super) shell: Shell<T>,
    pub(super) directions: Directions<T>,
    pub(super) near: Vec<usize>,
    /// h_n of every neighbour in the shell and its derivative: species after species, in each function
    /// after function.
    pub(super) functions: [Buffer<T>; 2],
    /// Lane-wise sums over the basis.
    pub(super) lanes: Buffer<T>,
    /// One vector for each term of a series.
    pub(super) terms: Buffer<T>,
    pub(super) invariants: InvariantsWork,
    /// Derivatives with respect to sums and overlaps, for the functions of each kind of species.
    pub(super) species_slopes: Vec<T>,
    pub(super) species_touch: Vec<T>,
}

impl<T> AngularWork<T> {
    /// h_n and its derivative of the neighbours of species `s`, function after function.
    #[inline(always)]
    pub(super) fn functions<'a>(&'a self, angular: &Angular<T>, s: usize) -> [&'a [T]; 2]
    where
        T: Real,
    {
        let here = self.shell.of_species(s);
        if angular.plain {
            return [&self.shell.values[here.clone()], &self.shell.slopes[here]];
        }
        let here = angular.rows * here.start..angular.rows * here.end;
        [&self.functions[0][here.clone()], &self.functions[1][here]]
    }
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
            5 | 6 => {
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
        let rows = part.species.first().map_or(0, |local| local.rows);
        let whole = |targets: &[(usize, f64)]| matches!(targets, [(_, weight)] if *weight == 1.0);
        let mut kinds = Vec::new();
        let mut kind_of = |s: usize| {
            let like = |other: &usize| part.species[*other].targets == part.species[s].targets;
            kinds.iter().position(like).unwrap_or_else(|| {
                kinds.push(s);
                kinds.len() - 1
            })
        };
        let kind = (0..part.species.len()).map(&mut kind_of).collect();
        Self {
            rows,
            kinds,
            kind,
            series: part.species.iter().map(|local| convert(part.series(local))).collect(),
            plain: rows == 1 && part.terms == 1 && part.species.iter().all(|local| local.mixing.is_none()),
            direct: part.species.iter().all(|local| whole(&local.targets)),
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
        self.invariants.values(&self.harmonics, &mut work.invariants, out);
    }

    /// Derivatives of Σ g·(invariants) with respect to the sums over the basis and the overlaps.
    pub(super) fn slopes(&self, g: &[f64], work: &mut AngularWork<T>) {
        self.invariants.slopes(&self.harmonics, g, &mut work.invariants);
        // What species have to do with the functions they are added to.
        let (rows, count, row) = (self.rows, count(self.harmonics.degree()), self.invariants.row());
        let InvariantsWork { basis_slopes, touch, .. } = &work.invariants;
        work.species_slopes.clear();
        work.species_touch.clear();
        for local in self.kinds.iter().map(|s| &self.part.species[*s]) {
            for n in 0..rows {
                let at = |i: usize, q: usize| basis_slopes[i * row.stride + q + n];
                match local.targets[..] {
                    [(q, a)] => work.species_slopes.extend((0..count).map(|i| T::of(a * at(i, q)))),
                    [(q, a), (p, b)] => {
                        work.species_slopes.extend((0..count).map(|i| T::of(a * at(i, q) + b * at(i, p))));
                    }
                    ref targets => work
                        .species_slopes
                        .extend((0..count).map(|i| T::of(targets.iter().map(|(q, a)| a * at(i, *q)).sum()))),
                }
            }
            if self.invariants.distinct {
                for n in 0..rows {
                    for m in 0..rows {
                        let mut sum = 0.0;
                        for (q, a) in &local.targets {
                            for (p, b) in &local.targets {
                                sum += a * b * touch[(q + n) * row.functions + p + m];
                            }
                        }
                        work.species_touch.push(T::of(sum));
                    }
                }
            }
        }
    }

    /// Adds p_ij of both parts to `pairs`; [`Angular::slopes`] and those of the radial part are known.
    pub(super) fn add_pairs(
        &self,
        environment: &Environment<T>,
        radial: &RadialWork<T>,
        work: &AngularWork<T>,
        pairs: &mut Vectors<T>,
    ) {
        with_degree!(self.invariants.degree, D => {
            T::dispatch(Pairs::<T, D> { angular: Some((self, work)), environment, radial, pairs });
        });
    }

    /// Derivatives with respect to the coefficients of the series, by neighbour species, function and term.
    pub(super) fn mixing_gradient(&self, work: &mut AngularWork<T>, out: &mut Vec<f64>) {
        with_degree!(self.invariants.degree, D => {
            T::dispatch(Mixing::<T, D> { angular: self, work, out });
        });
    }
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
        let Self { angular, environment, work } = self;
        let Angular { part, invariants, rows, plain, direct, .. } = angular;
        let (width, rows, size, row) = (L::WIDTH, *rows, count(D) * L::WIDTH, invariants.row());
        let radius = T::of(part.cutoff.radius);
        work.near.clear();
        for s in 0..environment.species() {
            work.near.push(count_near(&environment.distances[environment.of_species(s)], radius));
        }
        work.shell.fill(lanes, environment, &work.near, &part.cutoff);
        work.directions.fill(environment, &work.shell);
        if !plain {
            fill_functions(lanes, angular, work);
        }
        work.lanes.resize(size * if *direct { row.functions } else { rows });
        if *direct {
            work.lanes.fill(T::ZERO);
        }
        let basis = &mut work.invariants.basis;
        basis.resize(count(D) * row.stride, 0.0);
        basis.fill(0.0);

        for s in 0..environment.species() {
            let here = work.shell.of_species(s);
            if here.is_empty() {
                continue;
            }
            let targets = &part.species[s].targets;
            let sums = if *direct {
                &mut work.lanes[targets[0].0 * size..][..rows * size]
            } else {
                work.lanes.fill(T::ZERO);
                &mut work.lanes[..]
            };
            let [x, y, z] = &work.directions.components;
            let [x, y, z] = [&x[here.clone()], &y[here.clone()], &z[here.clone()]];
            let h = if *plain {
                &work.shell.values[here.clone()]
            } else {
                &work.functions[0][rows * here.start..rows * here.end]
            };
            let all = here.len();
            let pairs = all / (2 * width) * (2 * width);
            for at in (0..pairs).step_by(2 * width) {
                let r = [
                    load_vectors::<T, L, 2>(lanes, &x[at..]),
                    load_vectors::<T, L, 2>(lanes, &y[at..]),
                    load_vectors::<T, L, 2>(lanes, &z[at..]),
                ];
                for n in 0..rows {
                    let h = load_vectors::<T, L, 2>(lanes, &h[n * all + at..]);
                    harmonics::accumulate::<T, L, D, 2>(lanes, &r, h, &mut sums[n * size..]);
                }
            }
            if pairs < all {
                let r = [[lanes.load(&x[pairs..])], [lanes.load(&y[pairs..])], [lanes.load(&z[pairs..])]];
                for n in 0..rows {
                    let h = [lanes.load(&h[n * all + pairs..])];
                    harmonics::accumulate::<T, L, D, 1>(lanes, &r, h, &mut sums[n * size..]);
                }
            }
            if !direct {
                for n in 0..rows {
                    for i in 0..count(D) {
                        let sum = lanes.load(&sums[n * size + i * width..]).sum().to_f64();
                        for (q, weight) in targets {
                            basis[i * row.stride + q + n] += weight * sum;
                        }
                    }
                }
            }
        }
        if *direct {
            for q in 0..row.functions {
                for i in 0..count(D) {
                    let sum = lanes.load(&work.lanes[q * size + i * width..]).sum();
                    basis[i * row.stride + q] = sum.to_f64();
                }
            }
        }
        if invariants.distinct {
            fill_overlaps(lanes, angular, work);
        }
    }
}

/// h_n of every neighbour and its derivative.
#[inline(always)]
fn fill_functions<T: Real, L: Lanes<T>>(lanes: L, angular: &Angular<T>, work: &mut AngularWork<T>) {
    let Angular { part, rows, series, .. } = angular;
    let AngularWork { shell, functions: [functions, derivatives], terms, .. } = work;
    let radius = T::of(part.cutoff.radius);
    functions.resize(rows * shell.distances.len());
    derivatives.resize(rows * shell.distances.len());
    terms.resize(part.terms * L::WIDTH);
    for (s, [c, b]) in series.iter().enumerate() {
        let here = shell.of_species(s);
        let all = here.len();
        let functions = &mut functions[rows * here.start..rows * here.end];
        let derivatives = &mut derivatives[rows * here.start..rows * here.end];
        let (r, f) = (&shell.distances[here.clone()], &shell.values[here.clone()]);
        let slopes = &shell.slopes[here];
        for at in (0..all).step_by(L::WIDTH) {
            let cut = [lanes.load(&r[at..]), lanes.load(&f[at..]), lanes.load(&slopes[at..])];
            let out = [&mut functions[at..], &mut derivatives[at..]];
            series::functions(lanes, radius, (part.terms, c, b), cut, terms, all, out);
        }
    }
}

/// Σ_j h_q h_q' of every two functions.
#[inline(always)]
fn fill_overlaps<T: Real, L: Lanes<T>>(lanes: L, angular: &Angular<T>, work: &mut AngularWork<T>) {
    let functions = angular.invariants.functions;
    let mut overlaps = std::mem::take(&mut work.invariants.overlaps);
    overlaps.clear();
    overlaps.resize(functions * functions, 0.0);
    for (s, local) in angular.part.species.iter().enumerate() {
        let all = work.shell.of_species(s).len();
        let [h, _] = work.functions(angular, s);
        for n in 0..local.rows {
            for m in 0..local.rows {
                let (a, b) = (&h[n * all..(n + 1) * all], &h[m * all..(m + 1) * all]);
                let mut sum = lanes.splat(T::ZERO);
                for at in (0..all).step_by(L::WIDTH) {
                    sum = lanes.load(&a[at..]).mul_add(lanes.load(&b[at..]), sum);
                }
                let sum = sum.sum().to_f64();
                for (q, weight) in &local.targets {
                    for (p, other) in &local.targets {
                        overlaps[(q + n) * functions + p + m] += weight * other * sum;
                    }
                }
            }
        }
    }
    work.invariants.overlaps = overlaps;
}
