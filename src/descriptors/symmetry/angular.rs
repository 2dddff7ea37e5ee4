//! Angular functions as sums over triplets.
//!
//! Everything that depends on cos θ alone or on the distances alone is computed once for all functions of a
//! group.

use super::angles::{self, AngleFactor};
use super::envelope::{Envelope, Samples, sample};
use super::exponentials::Exponentials;
use super::grid::{Contraction, Slopes, Sums, Tile};
use super::scratch::Scratch;
use super::shell::{Class, Shell};
use super::triplets::{Triplets, Turns};
use crate::descriptors::Vectors;
use crate::lanes::{Buffer, Real};
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
    pub(super) entries: Vec<Entry>,
}

/// Which function an entry of a grid is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Row times the number of columns, plus column.
    pub(super) at: usize,
    pub(super) function: usize,
    pub(super) norm: f64,
}

/// The triplets of a set around one atom, and the factors of its groups at every one.
#[derive(Debug, Default)]
pub(super) struct AngularWork<T> {
    triplets: Triplets<T>,
    groups: Vec<Factors<T>>,
}

/// The factors of one group at every triplet.
#[derive(Debug, Default)]
struct Factors<T> {
    /// e^(−η s), array after array.
    exponentials: Buffer<T>,
    /// Envelopes times angular factors, and their derivatives by cos θ.
    angles: Buffer<T>,
    angle_slopes: Buffer<T>,
    /// f′/(f r) of the envelope at r_jk.
    log_slopes: Buffer<T>,
}

impl<T: Real> AngularSet<T> {
    /// The values of all functions of the set.
    pub(super) fn values<V: Real>(
        &self,
        shell: &Shell<T>,
        samples: &[Samples<T>],
        work: &mut AngularWork<T>,
        scratch: &mut Scratch<T>,
        values: &mut [V],
    ) {
        work.triplets.list(self.classes, self.radius, self.narrow, shell, &mut scratch.row);
        let n = work.triplets.padded();
        work.groups.resize_with(self.groups.len(), Factors::default);
        for (group, factors) in self.groups.iter().zip(&mut work.groups) {
            group.factors(self.narrow, shell, samples, &work.triplets, factors, scratch);
            let columns = group.angles.len();
            let (_, grid) = scratch.parts(n, group.exponentials.len() * columns);
            let (e, p) = (&factors.exponentials, &factors.angles);
            T::dispatch(Sums { tiles: &group.tiles, n, e, p, columns, grid });
            for entry in &group.entries {
                values[entry.function] = V::of(grid[entry.at].to_f64() * entry.norm);
            }
        }
    }

    /// Adds Σ g ∂G/∂r_ij = `along` r_ij + `forces`.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn gradients<V: Real>(
        &self,
        shell: &Shell<T>,
        samples: &[Samples<T>],
        work: &AngularWork<T>,
        scratch: &mut Scratch<T>,
        g: &[V],
        points: &[[T; 4]],
        along: &mut [V],
        forces: &mut Vectors<V>,
    ) {
        let n = work.triplets.padded();
        if n == 0 {
            return;
        }
        let mut records = std::mem::take(&mut scratch.records);
        let mut seats = std::mem::take(&mut scratch.seats);
        records.resize(n.max(records.len()), [T::ZERO; 4]);
        for (group, factors) in self.groups.iter().zip(&work.groups) {
            let columns = group.angles.len();
            let ([value, width, cos, across, ..], weights) =
                scratch.parts(n, group.exponentials.len() * columns);
            weights.fill(T::ZERO);
            for entry in &group.entries {
                weights[entry.at] += T::of(g[entry.function].to_f64() * entry.norm);
            }
            T::dispatch(Contraction {
                tiles: &group.tiles,
                n,
                e: &factors.exponentials,
                p: &factors.angles,
                q: &factors.angle_slopes,
                columns,
                g: weights,
                widths: &group.widths,
                slopes: Slopes { value, width, cos },
            });
            let slopes = Slopes { value, width, cos };
            let mut turns = Turns { along: &mut records[..n], across };
            let log_slopes = if self.narrow { Some(&*factors.log_slopes) } else { None };
            turn(&work.triplets, &slopes, log_slopes, group.shift, &mut turns);
            let by_radius = (&*samples[group.samples].log_slopes, group.shift);
            work.triplets.scatter(&turns, shell, points, by_radius, &mut seats, along, forces);
        }
        scratch.records = records;
        scratch.seats = seats;
    }
}

impl<T: Real> AngularGroup<T> {
    /// The factors of this group at every triplet.
    fn factors(
        &self,
        narrow: bool,
        shell: &Shell<T>,
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
        factors.exponentials.resize(rows * n);
        factors.angles.resize(columns * n);
        factors.angle_slopes.resize(columns * n);
        let ([weights, opposite, s, ..], _) = scratch.parts(n, 0);
        triplets.products(&samples[self.samples].values, weights);
        if narrow {
            factors.log_slopes.resize(n);
            sample(&self.envelope, &triplets.r_jk, opposite, &mut factors.log_slopes);
            for (weight, f) in weights.iter_mut().zip(&*opposite) {
                *weight *= *f;
            }
        }
        if self.shift == T::ZERO {
            squares(triplets, narrow, s);
        } else {
            triplets.sides(shell, self.shift, s);
            if narrow {
                for (s, r) in s.iter_mut().zip(&*triplets.r_jk) {
                    let x = *r - self.shift;
                    *s += x * x;
                }
            }
        }
        self.exponentials.evaluate(s, &mut factors.exponentials);
        let arrays = factors.angles.chunks_exact_mut(n).zip(factors.angle_slopes.chunks_exact_mut(n));
        for (angle, (values, slopes)) in self.angles.iter().zip(arrays) {
            angles::evaluate(angle, &triplets.cos, weights, values, slopes);
        }
    }
}

/// s = r_ij² + r_ik², and + r_jk² if narrow, of which r_ij² + r_ik² = r_jk² + 2 r_ij · r_ik.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn squares<T: Real>(triplets: &Triplets<T>, narrow: bool, s: &mut [T]) {
    let times = T::of(if narrow { 2.0 } else { 1.0 });
    for ((s, square), dot) in s.iter_mut().zip(&*triplets.square).zip(&*triplets.dot) {
        *s = times * *square + (*dot + *dot);
    }
}

/// [`Turns`] of a group; `log_slopes` is f′/(f r) at r_jk, if it matters.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn turn<T: Real>(
    triplets: &Triplets<T>,
    slopes: &Slopes<T>,
    log_slopes: Option<&[T]>,
    shift: T,
    turns: &mut Turns<T>,
) {
    let n = turns.across.len();
    let (value, width, by_cos) = (&slopes.value[..n], &slopes.width[..n], &slopes.cos[..n]);
    let (inverse, cos, r_jk) = (&triplets.inverse[..n], &triplets.cos[..n], &triplets.r_jk[..n]);
    let Turns { along, across } = turns;
    let (along, across) = (&mut along[..n], &mut across[..n]);
    let log_slopes = log_slopes.map(|log_slopes| &log_slopes[..n]);
    match log_slopes {
        None => across.fill(T::ZERO),
        Some(log_slopes) if shift == T::ZERO => {
            for t in 0..n {
                across[t] = value[t] * log_slopes[t] + width[t];
            }
        }
        Some(log_slopes) => {
            for t in 0..n {
                across[t] = value[t] * log_slopes[t] + width[t] * (T::ONE - shift / r_jk[t]);
            }
        }
    }
    for t in 0..n {
        let opposite = across[t];
        along[t] = [value[t], cos[t] * by_cos[t], width[t], opposite];
        across[t] = by_cos[t] * inverse[t] - opposite;
    }
}
