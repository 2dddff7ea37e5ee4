//! Angular functions as sums over triplets.
//!
//! Everything that depends on cos θ alone or on the distances alone is computed once for all functions of a
//! group.

use super::angles::{self, AngleFactor};
use super::envelope::{Envelope, Samples, sample};
use super::exponentials::Exponentials;
use super::grid::{self, Slopes, Tile};
use super::scratch::Scratch;
use super::shell::{Class, Shell};
use super::triplets::{Triplets, Turns};
use crate::lanes::Real;
use multiversion::multiversion;

/// Triplets of one choice of elements and range, and the functions that sum over them.
#[derive(Debug, Clone)]
pub(super) struct AngularSet<T> {
    /// The classes of j and k; if they are one, j < k.
    pub(super) classes: (Class, Class),
    /// r_ij and r_ik (and r_jk if `narrow`) are less than this, Å.
    pub(super) radius: f64,
    /// Do the functions depend on r_jk?
    pub(super) narrow: bool,
    pub(super) groups: Vec<AngularGroup<T>>,
}

/// Functions that share envelope and shift: a grid of exponentials × angular factors.
#[derive(Debug, Clone)]
pub(super) struct AngularGroup<T> {
    pub(super) envelope: Envelope,
    /// Which of the envelopes sampled at the neighbours it is.
    pub(super) samples: usize,
    /// r_s, Å.
    pub(super) shift: T,
    pub(super) exponentials: Exponentials<T>,
    /// −2η of each exponential.
    pub(super) widths: Vec<T>,
    pub(super) angles: Vec<AngleFactor>,
    pub(super) tiles: Vec<Tile>,
    pub(super) entries: Vec<Entry<T>>,
}

/// Which function an entry of a grid is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<T> {
    /// Row times the number of columns, plus column.
    pub(super) at: usize,
    pub(super) function: usize,
    pub(super) norm: T,
}

/// The triplets of a set around one atom, and the factors of its groups at every one.
#[derive(Debug, Clone, Default)]
pub(super) struct AngularWork<T> {
    triplets: Triplets<T>,
    groups: Vec<Factors<T>>,
}

/// The factors of one group at every triplet.
#[derive(Debug, Clone, Default)]
struct Factors<T> {
    /// e^(−η s), array after array.
    exponentials: Vec<T>,
    /// Envelopes times angular factors, and their derivatives by cos θ.
    angles: Vec<T>,
    angle_slopes: Vec<T>,
    /// f′/(f r) of the envelope at r_jk.
    log_slopes: Vec<T>,
}

impl<T: Real> AngularSet<T> {
    /// The values of all functions of the set.
    pub(super) fn values(
        &self,
        shell: &Shell<T>,
        samples: &[Samples<T>],
        work: &mut AngularWork<T>,
        scratch: &mut Scratch<T>,
        values: &mut [T],
    ) {
        work.triplets.list(self.classes, self.radius, self.narrow, shell, &mut scratch.squares);
        let n = work.triplets.padded();
        work.groups.resize_with(self.groups.len(), Factors::default);
        for (group, factors) in self.groups.iter().zip(&mut work.groups) {
            group.factors(self.narrow, samples, &work.triplets, factors, scratch);
            let columns = group.angles.len();
            let (_, sums) = scratch.parts(n, group.exponentials.len() * columns);
            grid::sums(&group.tiles, n, &factors.exponentials, &factors.angles, columns, sums);
            for entry in &group.entries {
                values[entry.function] = sums[entry.at] * entry.norm;
            }
        }
    }

    /// Adds Σ g ∂G/∂r_ij to `forces`.
    pub(super) fn gradients(
        &self,
        samples: &[Samples<T>],
        work: &AngularWork<T>,
        scratch: &mut Scratch<T>,
        g: &[T],
        points: &[[T; 4]],
        forces: &mut [[T; 4]],
    ) {
        let n = work.triplets.padded();
        if n == 0 {
            return;
        }
        let most = self.groups.iter().map(|group| group.exponentials.len() * group.angles.len()).max();
        let (arrays, weights) = scratch.parts(n, most.unwrap_or(0));
        let [along_j, along_k, across, value, width, cos, slopes_j, slopes_k] = arrays;
        let mut turns = Turns { along_j, along_k, across };
        turns.clear();
        for (group, factors) in self.groups.iter().zip(&work.groups) {
            let columns = group.angles.len();
            weights.fill(T::ZERO);
            for entry in &group.entries {
                weights[entry.at] += g[entry.function] * entry.norm;
            }
            let mut slopes = Slopes { value, width, cos };
            slopes.clear();
            grid::contract(
                &group.tiles,
                n,
                &factors.exponentials,
                &factors.angles,
                &factors.angle_slopes,
                columns,
                weights,
                &group.widths,
                &mut slopes,
            );
            work.triplets.pairs(&samples[group.samples].log_slopes, slopes_j, slopes_k);
            if self.narrow {
                turn_opposite(&work.triplets, &slopes, &factors.log_slopes, group.shift, &mut turns);
            }
            turn_sides(&work.triplets, &slopes, slopes_j, slopes_k, group.shift, &mut turns);
        }
        work.triplets.scatter(&turns, points, forces);
    }
}

impl<T: Real> AngularGroup<T> {
    /// The factors of this group at every triplet.
    fn factors(
        &self,
        narrow: bool,
        samples: &[Samples<T>],
        triplets: &Triplets<T>,
        factors: &mut Factors<T>,
        scratch: &mut Scratch<T>,
    ) {
        let n = triplets.padded();
        if n == 0 {
            return;
        }
        let (rows, columns) = (self.exponentials.len(), self.angles.len());
        factors.exponentials.resize(rows * n, T::ZERO);
        factors.angles.resize(columns * n, T::ZERO);
        factors.angle_slopes.resize(columns * n, T::ZERO);
        let ([weights, opposite, s, ..], _) = scratch.parts(n, 0);
        triplets.products(&samples[self.samples].values, weights);
        if narrow {
            factors.log_slopes.resize(n, T::ZERO);
            sample(&self.envelope, &triplets.r_jk, opposite, &mut factors.log_slopes);
            for (weight, f) in weights.iter_mut().zip(&*opposite) {
                *weight *= *f;
            }
        }
        squares(triplets, self.shift, narrow, s);
        self.exponentials.evaluate(s, &mut factors.exponentials);
        let arrays = factors.angles.chunks_exact_mut(n).zip(factors.angle_slopes.chunks_exact_mut(n));
        for (angle, (values, slopes)) in self.angles.iter().zip(arrays) {
            angles::evaluate(angle, &triplets.cos, weights, values, slopes);
        }
    }
}

/// s = (r_ij − r_s)² + (r_ik − r_s)², and + (r_jk − r_s)² if narrow.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn squares<T: Real>(triplets: &Triplets<T>, shift: T, narrow: bool, s: &mut [T]) {
    let n = s.len();
    let (r_j, r_k, r_jk) = (&triplets.r_j[..n], &triplets.r_k[..n], &triplets.r_jk[..n]);
    let third = if narrow { T::ONE } else { T::ZERO };
    for t in 0..n {
        let (a, b, c) = (r_j[t] - shift, r_k[t] - shift, r_jk[t] - shift);
        s[t] = a * a + b * b + third * (c * c);
    }
}

/// The part of [`Turns`] that comes from r_jk.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn turn_opposite<T: Real>(
    triplets: &Triplets<T>,
    slopes: &Slopes<T>,
    log_slopes: &[T],
    shift: T,
    turns: &mut Turns<T>,
) {
    let n = turns.across.len();
    let (value, width) = (&slopes.value[..n], &slopes.width[..n]);
    let (log_slopes, r_jk) = (&log_slopes[..n], &triplets.r_jk[..n]);
    let Turns { along_j, along_k, across } = turns;
    let (along_j, along_k, across) = (&mut along_j[..n], &mut along_k[..n], &mut across[..n]);
    for t in 0..n {
        let along = value[t] * log_slopes[t] + width[t] * (T::ONE - shift / r_jk[t]);
        along_j[t] += along;
        along_k[t] += along;
        across[t] += -along;
    }
}

/// The part of [`Turns`] that comes from r_ij, r_ik and cos θ.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn turn_sides<T: Real>(
    triplets: &Triplets<T>,
    slopes: &Slopes<T>,
    slopes_j: &[T],
    slopes_k: &[T],
    shift: T,
    turns: &mut Turns<T>,
) {
    let n = turns.across.len();
    let (value, width, by_cos) = (&slopes.value[..n], &slopes.width[..n], &slopes.cos[..n]);
    let (slopes_j, slopes_k) = (&slopes_j[..n], &slopes_k[..n]);
    let (r_j, r_k) = (&triplets.r_j[..n], &triplets.r_k[..n]);
    let (inverse, cos) = (&triplets.inverse[..n], &triplets.cos[..n]);
    let Turns { along_j, along_k, across } = turns;
    let (along_j, along_k, across) = (&mut along_j[..n], &mut along_k[..n], &mut across[..n]);
    for t in 0..n {
        let (inverse_j, inverse_k) = (inverse[t] * r_k[t], inverse[t] * r_j[t]);
        let turn = cos[t] * by_cos[t];
        let (wide_j, wide_k) = (T::ONE - shift * inverse_j, T::ONE - shift * inverse_k);
        along_j[t] += value[t] * slopes_j[t] + width[t] * wide_j - turn * (inverse_j * inverse_j);
        along_k[t] += value[t] * slopes_k[t] + width[t] * wide_k - turn * (inverse_k * inverse_k);
        across[t] += by_cos[t] * inverse[t];
    }
}
