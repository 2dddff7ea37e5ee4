//! Real harmonics on the unit sphere and their gradients, for many vectors at once.
//!
//! Y_lm = P_l^(m)(z) · {Re, Im} (x + iy)^m with P_l^(m) the m-th derivative of the Legendre polynomial: not
//! normalised, which makes derivatives simple. The addition theorem reads
//! P_l(r̂·r̂′) = Σ_m w_lm Y_lm(r̂) Y_lm(r̂′) with w_lm = (2 − δ_m0) (l − m)!/(l + m)!, over real and
//! imaginary parts.

use super::shell::Shell;
use crate::descriptors::Vectors;
use crate::lanes::{Buffer, Kernel, Lanes, Real, Vector};
use multiversion::multiversion;
use std::ops::Range;

/// The largest degree.
pub(super) const MOST: usize = 8;

/// All harmonics up to a degree, in the order l, m, real before imaginary.
#[derive(Debug, Clone)]
pub(super) struct Basis<T> {
    degree: usize,
    terms: Vec<Term>,
    /// w_lm of each.
    weights: Vec<T>,
}

/// One harmonic.
#[derive(Debug, Clone, Copy)]
struct Term {
    l: usize,
    m: usize,
    imaginary: bool,
}

/// The number of a harmonic in a basis; its imaginary part is the next one.
fn index(l: usize, m: usize) -> usize {
    if m == 0 { l * l } else { l * l + 2 * m - 1 }
}

impl<T: Real> Basis<T> {
    /// The harmonics up to `degree`.
    pub(super) fn new(degree: usize) -> Self {
        let (mut terms, mut weights) = (Vec::new(), Vec::new());
        for l in 0..=degree {
            for m in 0..=l {
                let factorials: f64 = (l - m + 1..=l + m).map(|k| k as f64).product();
                for imaginary in [false, true] {
                    if !imaginary || m > 0 {
                        terms.push(Term { l, m, imaginary });
                        weights.push(T::of(if m == 0 { 1.0 } else { 2.0 / factorials }));
                    }
                }
            }
        }
        Self { degree, terms, weights }
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
        for (l, power) in power[..=self.degree].iter_mut().enumerate() {
            for term in index(l, 0)..index(l + 1, 0) {
                *power += self.weights[term] * (a[term] * b[term]);
            }
        }
        power
    }

    /// Adds the slopes of [`Basis::power`] by the first moments, given those by its result.
    pub(super) fn power_slopes(&self, by_power: &[T; MOST + 1], b: &[T], slopes: &mut [T]) {
        for (l, by_power) in by_power[..=self.degree].iter().enumerate() {
            for term in index(l, 0)..index(l + 1, 0) {
                slopes[term] += *by_power * (self.weights[term] * b[term]);
            }
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
#[derive(Debug, Default)]
pub(super) struct Harmonics<T> {
    /// P_l^(m)(z).
    legendre: Buffer<T>,
    /// Re (x + iy)^m and Im (x + iy)^m, m = 0..=degree.
    real: Buffer<T>,
    imaginary: Buffer<T>,
}

/// Evaluates the factors of the harmonics of the neighbours at `places`.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn fill<T: Real>(harmonics: &mut Harmonics<T>, degree: usize, shell: &Shell<T>, places: Range<usize>) {
    let n = places.len();
    let Harmonics { legendre, real, imaginary } = harmonics;
    legendre.resize((degree + 1) * (degree + 2) / 2 * n);
    real.resize((degree + 1) * n);
    imaginary.resize((degree + 1) * n);
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
fn products<T: Real>(terms: &[Term], degree: usize, harmonics: &Harmonics<T>, n: usize, basis: &mut [T]) {
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

/// The energy as a function of one neighbour's place, Σ_a u_a(r) Σ_lm (∂E/∂M_lm) Y_lm(r̂) for channels a: adds
/// its gradient, `along` r_ij + `forces`, for the neighbours at `places`.
pub(super) struct Field<'a, T> {
    pub(super) degree: usize,
    pub(super) harmonics: &'a Harmonics<T>,
    /// ∂E/∂M_lm of each channel.
    pub(super) slopes: &'a [T],
    /// ∂E/∂u_j = `diagonal_slopes` · u_j besides, of each channel.
    pub(super) diagonal_slopes: &'a [T],
    /// u of each channel.
    pub(super) weights: &'a [T],
    /// −2η of each channel.
    pub(super) widths: &'a [T],
    /// r_s.
    pub(super) shift: T,
    /// f′/(f r).
    pub(super) log_slopes: &'a [T],
    pub(super) shell: &'a Shell<T>,
    pub(super) places: Range<usize>,
    pub(super) along: &'a mut [T],
    pub(super) forces: &'a mut Vectors<T>,
}

impl<T: Real> Kernel<T> for Field<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self, lanes: L) {
        let (n, terms) = (self.places.len(), (self.degree + 1) * (self.degree + 1));
        let zero = lanes.splat(T::ZERO);
        let one = lanes.splat(T::ONE);
        let shift = lanes.splat(self.shift);
        for at in (0..n).step_by(L::WIDTH) {
            let place = self.places.start + at;
            let mut radial = zero;
            let (mut gx, mut gy, mut gz) = (zero, zero, zero);
            let inverse = lanes.load(&self.shell.inverse[place..]);
            let log_slope = lanes.load(&self.log_slopes[at..]);
            for (channel, width) in self.widths.iter().enumerate() {
                let u = lanes.load(&self.weights[channel * n + at..]);
                let slopes = &self.slopes[channel * terms..][..terms];
                let [value, x, y, z] = self.gradient(lanes, slopes, n, at);
                let field = lanes.splat(self.diagonal_slopes[channel]).mul_add(u, value);
                let by_r = lanes.splat(*width).mul_add(one - shift * inverse, log_slope);
                radial = (field * u).mul_add(by_r, radial);
                gx = u.mul_add(x, gx);
                gy = u.mul_add(y, gy);
                gz = u.mul_add(z, gz);
            }
            let (x, y, z) = (
                lanes.load(&self.shell.x[place..]),
                lanes.load(&self.shell.y[place..]),
                lanes.load(&self.shell.z[place..]),
            );
            // The harmonics are polynomials; what they change along r̂ is not a change on the sphere.
            let dot = gx.mul_add(x, gy.mul_add(y, gz * z)) * inverse;
            lanes.add_to(radial - dot * (inverse * inverse), &mut self.along[place..]);
            lanes.add_to(gx * inverse, &mut self.forces.x[place..]);
            lanes.add_to(gy * inverse, &mut self.forces.y[place..]);
            lanes.add_to(gz * inverse, &mut self.forces.z[place..]);
        }
    }
}

impl<T: Real> Field<'_, T> {
    /// Σ slopes·Y and its gradient as a polynomial in x, y, z.
    #[inline(always)]
    fn gradient<L: Lanes<T>>(&self, lanes: L, slopes: &[T], n: usize, at: usize) -> [L::Vector; 4] {
        let Harmonics { legendre, real, imaginary } = self.harmonics;
        let zero = lanes.splat(T::ZERO);
        let (mut value, mut x, mut y, mut z) = (zero, zero, zero, zero);
        for m in 0..=self.degree {
            // Σ_l over P_l^(m), and over its derivative P_l^(m+1).
            let (mut a, mut b, mut a_z, mut b_z) = (zero, zero, zero, zero);
            let p = &legendre[place(self.degree, m, m) * n + at..];
            a = lanes.splat(slopes[index(m, m)]).mul_add(lanes.load(p), a);
            if m > 0 {
                b = lanes.splat(slopes[index(m, m) + 1]).mul_add(lanes.load(p), b);
            }
            for l in m + 1..=self.degree {
                let p = lanes.load(&legendre[place(self.degree, l, m) * n + at..]);
                let p_z = lanes.load(&legendre[place(self.degree, l, m + 1) * n + at..]);
                let slope = lanes.splat(slopes[index(l, m)]);
                a = slope.mul_add(p, a);
                a_z = slope.mul_add(p_z, a_z);
                if m > 0 {
                    let slope = lanes.splat(slopes[index(l, m) + 1]);
                    b = slope.mul_add(p, b);
                    b_z = slope.mul_add(p_z, b_z);
                }
            }
            if m == 0 {
                (value, z) = (a, a_z);
                continue;
            }
            let (re, im) = (lanes.load(&real[m * n + at..]), lanes.load(&imaginary[m * n + at..]));
            value = re.mul_add(a, im.mul_add(b, value));
            z = re.mul_add(a_z, im.mul_add(b_z, z));
            let order = lanes.of(m as f64);
            let re = order * lanes.load(&real[(m - 1) * n + at..]);
            let im = order * lanes.load(&imaginary[(m - 1) * n + at..]);
            x = re.mul_add(a, im.mul_add(b, x));
            y = re.mul_add(b, y - im * a);
        }
        [value, x, y, z]
    }
}
