//! Real harmonics on the unit sphere and their gradients, for many vectors at once.
//!
//! Y_lm = P_l^(m)(z) · {Re, Im} (x + iy)^m with P_l^(m) the m-th derivative of the Legendre polynomial: not
//! normalised, which makes derivatives simple. The addition theorem reads
//! P_l(r̂·r̂′) = Σ_m w_lm Y_lm(r̂) Y_lm(r̂′) with w_lm = (2 − δ_m0) (l − m)!/(l + m)!, over real and
//! imaginary parts.

use super::grid::rows;
use super::shell::Shell;
use crate::lanes::Real;
use multiversion::multiversion;
use std::ops::Range;

/// The largest degree.
pub(super) const MOST: usize = 8;

/// All harmonics up to a degree, in the order m, l, real before imaginary.
#[derive(Debug, Clone)]
pub(super) struct Basis<T> {
    degree: usize,
    terms: Vec<Term<T>>,
}

/// One harmonic.
#[derive(Debug, Clone, Copy)]
struct Term<T> {
    l: usize,
    m: usize,
    imaginary: bool,
    /// w_lm.
    weight: T,
}

impl<T: Real> Basis<T> {
    /// The harmonics up to `degree`.
    pub(super) fn new(degree: usize) -> Self {
        let mut terms = Vec::new();
        for m in 0..=degree {
            for l in m..=degree {
                let factorials: f64 = (l - m + 1..=l + m).map(|k| k as f64).product();
                let weight = T::of(if m == 0 { 1.0 } else { 2.0 / factorials });
                terms.push(Term { l, m, imaginary: false, weight });
                if m > 0 {
                    terms.push(Term { l, m, imaginary: true, weight });
                }
            }
        }
        Self { degree, terms }
    }

    /// The largest l.
    pub(super) fn degree(&self) -> usize {
        self.degree
    }

    /// Number of harmonics.
    pub(super) fn len(&self) -> usize {
        self.terms.len()
    }

    /// Σ_m w_lm M_lm M′_lm for each l.
    pub(super) fn power(&self, a: &[T], b: &[T]) -> [T; MOST + 1] {
        let mut power = [T::ZERO; MOST + 1];
        for ((term, a), b) in self.terms.iter().zip(a).zip(b) {
            power[term.l] += term.weight * (*a * *b);
        }
        power
    }

    /// Adds the slopes of [`Basis::power`] by the first moments, given those by its result.
    pub(super) fn power_slopes(&self, by_power: &[T; MOST + 1], b: &[T], slopes: &mut [T]) {
        for ((term, b), slope) in self.terms.iter().zip(b).zip(slopes) {
            *slope += by_power[term.l] * (term.weight * *b);
        }
    }

    /// All harmonics of the neighbours at `places`, array after array; keeps what gradients need.
    pub(super) fn evaluate(
        &self,
        shell: &Shell<T>,
        places: Range<usize>,
        harmonics: &mut Harmonics<T>,
        basis: &mut [T],
    ) {
        fill(harmonics, self.degree, shell, places.clone());
        products(&self.terms, self.degree, harmonics, places.len(), basis);
    }
}

/// Where P_l^(m) stands among the derivatives up to a degree: m, then l.
fn place(degree: usize, l: usize, m: usize) -> usize {
    m * (2 * degree + 3 - m) / 2 + l - m
}

/// The factors of the harmonics of many unit vectors, array after array.
#[derive(Debug, Clone, Default)]
pub(super) struct Harmonics<T> {
    /// P_l^(m)(z).
    legendre: Vec<T>,
    /// Re (x + iy)^m and Im (x + iy)^m, m = 0..=degree.
    real: Vec<T>,
    imaginary: Vec<T>,
}

/// Evaluates the factors of the harmonics of the neighbours at `places`.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn fill<T: Real>(harmonics: &mut Harmonics<T>, degree: usize, shell: &Shell<T>, places: Range<usize>) {
    let n = places.len();
    let Harmonics { legendre, real, imaginary } = harmonics;
    legendre.resize((degree + 1) * (degree + 2) / 2 * n, T::ZERO);
    real.resize((degree + 1) * n, T::ZERO);
    imaginary.resize((degree + 1) * n, T::ZERO);
    let (x, y, z) = (&shell.x[places.clone()], &shell.y[places.clone()], &shell.z[places.clone()]);
    let inverse = &shell.inverse[places];
    real[..n].fill(T::ONE);
    imaginary[..n].fill(T::ZERO);
    for m in 1..=degree {
        let (done, real) = real.split_at_mut(m * n);
        let (before, imaginary) = imaginary.split_at_mut(m * n);
        let (a, b) = (&done[(m - 1) * n..], &before[(m - 1) * n..]);
        turn(a, b, x, y, inverse, &mut real[..n], &mut imaginary[..n]);
    }
    let mut diagonal = 1.0;
    for m in 0..=degree {
        let start = place(degree, m, m) * n;
        legendre[start..start + n].fill(T::of(diagonal));
        for l in m + 1..=degree {
            let (done, out) = legendre.split_at_mut(place(degree, l, m) * n);
            // (l − m) P_l = (2l − 1) z P_(l−1) − (l + m − 1) P_(l−2), of the m-th derivatives.
            let a = T::of((2 * l - 1) as f64 / (l - m) as f64);
            let b = if l == m + 1 { T::ZERO } else { T::of((l + m - 1) as f64 / (l - m) as f64) };
            let one = &done[done.len() - n..];
            let two = if l == m + 1 { one } else { &done[done.len() - 2 * n..][..n] };
            recur((a, b), one, two, z, inverse, &mut out[..n]);
        }
        diagonal *= (2 * m + 1) as f64;
    }
}

#[inline(always)]
fn recur<T: Real>((a, b): (T, T), one: &[T], two: &[T], z: &[T], inverse: &[T], out: &mut [T]) {
    let n = out.len();
    let (one, two, z, inverse) = (&one[..n], &two[..n], &z[..n], &inverse[..n]);
    for k in 0..n {
        out[k] = a * (z[k] * inverse[k]) * one[k] - b * two[k];
    }
}

/// The harmonics as products of their factors.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn products<T: Real>(terms: &[Term<T>], degree: usize, harmonics: &Harmonics<T>, n: usize, basis: &mut [T]) {
    for (term, out) in terms.iter().zip(basis.chunks_exact_mut(n.max(1))) {
        let at = place(degree, term.l, term.m) * n;
        let part = if term.imaginary { &harmonics.imaginary } else { &harmonics.real };
        let factors = harmonics.legendre[at..at + n].iter().zip(&part[term.m * n..][..n]);
        for (out, (p, c)) in out.iter_mut().zip(factors) {
            *out = *p * *c;
        }
    }
}

/// (a + ib)(x + iy)/r.
#[inline(always)]
fn turn<T: Real>(a: &[T], b: &[T], x: &[T], y: &[T], inverse: &[T], real: &mut [T], imaginary: &mut [T]) {
    let n = real.len();
    let (a, b, x, y, inverse) = (&a[..n], &b[..n], &x[..n], &y[..n], &inverse[..n]);
    let imaginary = &mut imaginary[..n];
    for k in 0..n {
        let (x, y) = (x[k] * inverse[k], y[k] * inverse[k]);
        real[k] = a[k] * x - b[k] * y;
        imaginary[k] = a[k] * y + b[k] * x;
    }
}

/// The energy as a function of one neighbour's place: Σ_a u_a(r) Σ_lm (∂E/∂M_lm) Y_lm(r̂) for channels a.
pub(super) struct Field<'a, T> {
    pub(super) degree: usize,
    pub(super) harmonics: &'a Harmonics<T>,
    /// ∂E/∂M_lm of each channel.
    pub(super) slopes: &'a [T],
    /// ∂E/∂(½ Σ u²) of each channel.
    pub(super) diagonal_slopes: &'a [T],
    /// u of each channel.
    pub(super) weights: &'a [T],
    /// −2η of each channel.
    pub(super) widths: &'a [T],
    /// r_s.
    pub(super) shift: T,
    /// f′/(f r).
    pub(super) log_slopes: &'a [T],
}

/// Adds the gradient of `field`, `along` r_ij + `forces`, for the neighbours at `places`.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn add_gradient<T: Real>(
    field: &Field<T>,
    shell: &Shell<T>,
    places: Range<usize>,
    along: &mut [T],
    forces: &mut [[T; 4]],
) {
    // As many neighbours side by side as two 256-bit registers hold.
    if T::EPSILON > T::of(1e-10) {
        field.add::<16>(shell, places, along, forces);
    } else {
        field.add::<8>(shell, places, along, forces);
    }
}

impl<T: Real> Field<'_, T> {
    #[inline(always)]
    fn add<const W: usize>(
        &self,
        shell: &Shell<T>,
        places: Range<usize>,
        along: &mut [T],
        forces: &mut [[T; 4]],
    ) {
        let (n, terms) = (places.len(), (self.degree + 1) * (self.degree + 1));
        let (x, y, z) =
            (rows(&shell.x[places.clone()]), rows(&shell.y[places.clone()]), rows(&shell.z[places.clone()]));
        let inverses = rows::<T, W>(&shell.inverse[places.clone()]);
        for row in 0..n / W {
            let mut radial = [T::ZERO; W];
            let mut gradient = [[T::ZERO; W]; 3];
            let (inverse, log_slopes) = (&inverses[row], &rows::<T, W>(self.log_slopes)[row]);
            for (channel, width) in self.widths.iter().enumerate() {
                let u: &[T; W] = &rows(&self.weights[channel * n..])[row];
                let slopes = &self.slopes[channel * terms..][..terms];
                let (value, direction) = self.gradient::<W>(slopes, n, row);
                let diagonal = self.diagonal_slopes[channel];
                for l in 0..W {
                    let by_r = log_slopes[l] + *width * (T::ONE - self.shift * inverse[l]);
                    radial[l] += (value[l] + diagonal * u[l]) * u[l] * by_r;
                }
                for axis in 0..3 {
                    add_product(&mut gradient[axis], u, &direction[axis]);
                }
            }
            let (x, y, z): (&[T; W], &[T; W], &[T; W]) = (&x[row], &y[row], &z[row]);
            let first = places.start + row * W;
            let (along, forces) = (&mut along[first..][..W], &mut forces[first..][..W]);
            for l in 0..W {
                // The harmonics are polynomials; what they change along r̂ is not a change on the sphere.
                let dot = gradient[0][l] * x[l] + gradient[1][l] * y[l] + gradient[2][l] * z[l];
                along[l] += radial[l] - dot * (inverse[l] * inverse[l] * inverse[l]);
                for axis in 0..3 {
                    forces[l][axis] += gradient[axis][l] * inverse[l];
                }
            }
        }
    }

    /// Σ slopes·Y and its gradient as a polynomial in x, y, z, of `W` unit vectors.
    #[inline(always)]
    fn gradient<const W: usize>(&self, slopes: &[T], n: usize, row: usize) -> ([T; W], [[T; W]; 3]) {
        let Harmonics { legendre, real, imaginary } = self.harmonics;
        let mut value = [T::ZERO; W];
        let mut direction = [[T::ZERO; W]; 3];
        let mut term = 0;
        for m in 0..=self.degree {
            // Σ_l over P_l^(m), and over its derivative P_l^(m+1).
            let (mut a, mut b) = ([T::ZERO; W], [T::ZERO; W]);
            let (mut a_z, mut b_z) = ([T::ZERO; W], [T::ZERO; W]);
            for l in m..=self.degree {
                let p: &[T; W] = &rows(&legendre[place(self.degree, l, m) * n..])[row];
                let (re, im) = (slopes[term], if m == 0 { T::ZERO } else { slopes[term + 1] });
                term += if m == 0 { 1 } else { 2 };
                add_multiple(&mut a, re, p);
                add_multiple(&mut b, im, p);
                if l > m {
                    let p: &[T; W] = &rows(&legendre[place(self.degree, l, m + 1) * n..])[row];
                    add_multiple(&mut a_z, re, p);
                    add_multiple(&mut b_z, im, p);
                }
            }
            let (re, im): (&[T; W], &[T; W]) = (&rows(&real[m * n..])[row], &rows(&imaginary[m * n..])[row]);
            add_product(&mut value, re, &a);
            add_product(&mut value, im, &b);
            add_product(&mut direction[2], re, &a_z);
            add_product(&mut direction[2], im, &b_z);
            if m > 0 {
                let (re, im): (&[T; W], &[T; W]) =
                    (&rows(&real[(m - 1) * n..])[row], &rows(&imaginary[(m - 1) * n..])[row]);
                let order = T::of(m as f64);
                for l in 0..W {
                    direction[0][l] += order * (re[l] * a[l] + im[l] * b[l]);
                    direction[1][l] += order * (re[l] * b[l] - im[l] * a[l]);
                }
            }
        }
        (value, direction)
    }
}

#[inline(always)]
fn add_multiple<T: Real, const W: usize>(sum: &mut [T; W], factor: T, x: &[T; W]) {
    for l in 0..W {
        sum[l] += factor * x[l];
    }
}

#[inline(always)]
fn add_product<T: Real, const W: usize>(sum: &mut [T; W], x: &[T; W], y: &[T; W]) {
    for l in 0..W {
        sum[l] += x[l] * y[l];
    }
}
