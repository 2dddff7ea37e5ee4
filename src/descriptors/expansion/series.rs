//! Chebyshev series of distances: Σ_k c_k T_k(x) with x = 2r/R − 1, and sums of their terms over neighbours.
//!
//! The three-term recursion is a chain of dependent operations. Even and odd terms are two chains of half
//! the length, T_{k+2} = 2 T_2 T_k − T_{k−2}, and several vectors of neighbours are worked on at once, so
//! that the machine always has independent work.

use crate::lanes::{Lanes, Real, Vector};

/// Adds Σ_j w_j T_k(x_j) to lane-wise `sums`, one vector for each term k. `distances` and `weights` are
/// whole vectors long.
#[inline(always)]
pub(super) fn accumulate<T: Real, L: Lanes<T>>(
    lanes: L,
    radius: T,
    distances: &[T],
    weights: &[T],
    sums: &mut [T],
) {
    let width = L::WIDTH;
    let (mut r, mut w) = (distances.chunks_exact(3 * width), weights.chunks_exact(3 * width));
    for (r, w) in (&mut r).zip(&mut w) {
        accumulate_vectors::<T, L, 3>(lanes, radius, r, w, sums);
    }
    let (r, w) = (r.remainder(), w.remainder());
    if r.len() > width {
        accumulate_vectors::<T, L, 2>(lanes, radius, r, w, sums);
    } else if !r.is_empty() {
        accumulate_vectors::<T, L, 1>(lanes, radius, r, w, sums);
    }
}

/// Adds the sum of `K` vectors to a lane-wise sum.
#[inline(always)]
pub(super) fn add_sum<T: Real, L: Lanes<T>, const K: usize>(
    lanes: L,
    vectors: &[L::Vector; K],
    to: &mut [T],
) {
    let mut sum = vectors[0];
    for v in &vectors[1..] {
        sum += *v;
    }
    lanes.add_to(sum, to);
}

#[inline(always)]
fn accumulate_vectors<T: Real, L: Lanes<T>, const K: usize>(
    lanes: L,
    radius: T,
    distances: &[T],
    weights: &[T],
    sums: &mut [T],
) {
    let width = L::WIDTH;
    let (distances, weights) = (&distances[..K * width], &weights[..K * width]);
    let (two, half) = (lanes.of(2.0), lanes.of(0.5));
    let scale = lanes.splat(T::of(4.0) / radius);
    let zero = [lanes.splat(T::ZERO); K];
    // Terms of even order, this and the previous one; of odd order; 2 T_2.
    let (mut e, mut e1, mut o, mut o1, mut t) = (zero, zero, zero, zero, zero);
    for k in 0..K {
        let x2 = lanes.load(&distances[k * width..]).mul_add(scale, -two);
        t[k] = x2.mul_add(x2, -two);
        e[k] = lanes.load(&weights[k * width..]);
        o[k] = e[k] * x2 * half;
        // T_{−2} = T_2, T_{−1} = T_1.
        e1[k] = t[k] * half * e[k];
        o1[k] = o[k];
    }
    let mut fours = sums.chunks_exact_mut(4 * width);
    for four in &mut fours {
        add_sum(lanes, &e, &mut four[..width]);
        add_sum(lanes, &o, &mut four[width..]);
        for k in 0..K {
            e1[k] = t[k].mul_add(e[k], -e1[k]);
            o1[k] = t[k].mul_add(o[k], -o1[k]);
        }
        add_sum(lanes, &e1, &mut four[2 * width..]);
        add_sum(lanes, &o1, &mut four[3 * width..]);
        for k in 0..K {
            e[k] = t[k].mul_add(e1[k], -e[k]);
            o[k] = t[k].mul_add(o1[k], -o[k]);
        }
    }
    let rest = fours.into_remainder();
    if !rest.is_empty() {
        add_sum(lanes, &e, rest);
    }
    if rest.len() > width {
        add_sum(lanes, &o, &mut rest[width..]);
    }
    if rest.len() > 2 * width {
        for k in 0..K {
            e1[k] = t[k].mul_add(e[k], -e1[k]);
        }
        add_sum(lanes, &e1, &mut rest[2 * width..]);
    }
}

/// A cutoff function and its derivative at distances.
#[derive(Clone, Copy)]
pub(super) struct Cut<'a, T> {
    /// The distances r.
    pub distances: &'a [T],
    /// f(r).
    pub values: &'a [T],
    /// df/dr.
    pub slopes: &'a [T],
}

/// d/dr [f(r) Σ_k a_k T_k(x)] at each distance, given `b`, the series of dx/dr Σ_k a_k T'_k
/// ([`differentiate`]), which is as long as `a`. All slices but these are whole vectors long.
#[inline(always)]
pub(super) fn slopes<T: Real, L: Lanes<T>>(
    lanes: L,
    radius: T,
    a: &[T],
    b: &[T],
    cut: Cut<'_, T>,
    out: &mut [T],
) {
    let width = L::WIDTH;
    let pairs = out.len() / (2 * width) * (2 * width);
    for at in (0..pairs).step_by(2 * width) {
        slope_vectors::<T, L, 2>(lanes, radius, a, b, cut, at, out);
    }
    if pairs < out.len() {
        slope_vectors::<T, L, 1>(lanes, radius, a, b, cut, pairs, out);
    }
}

#[inline(always)]
fn slope_vectors<T: Real, L: Lanes<T>, const K: usize>(
    lanes: L,
    radius: T,
    a: &[T],
    b: &[T],
    cut: Cut<'_, T>,
    at: usize,
    out: &mut [T],
) {
    let width = L::WIDTH;
    let here = at..at + K * width;
    let (distances, values) = (&cut.distances[here.clone()], &cut.values[here.clone()]);
    let (slopes, out) = (&cut.slopes[here.clone()], &mut out[here]);
    let (two, half, one) = (lanes.of(2.0), lanes.of(0.5), lanes.of(1.0));
    let scale = lanes.splat(T::of(4.0) / radius);
    let zero = [lanes.splat(T::ZERO); K];
    let (mut e, mut e1, mut o, mut o1, mut t) = (zero, zero, zero, zero, zero);
    let (mut series, mut derivative) = (zero, zero);
    for k in 0..K {
        let x2 = lanes.load(&distances[k * width..]).mul_add(scale, -two);
        t[k] = x2.mul_add(x2, -two);
        e[k] = one;
        o[k] = x2 * half;
        e1[k] = t[k] * half;
        o1[k] = o[k];
    }
    let (a4, b4) = (a.chunks_exact(4), b[..a.len()].chunks_exact(4));
    let (a_rest, b_rest) = (a4.remainder(), b4.remainder());
    for (a, b) in a4.zip(b4) {
        let (a0, a1, b0, b1) = (lanes.splat(a[0]), lanes.splat(a[1]), lanes.splat(b[0]), lanes.splat(b[1]));
        for k in 0..K {
            series[k] = e[k].mul_add(a0, series[k]);
            derivative[k] = e[k].mul_add(b0, derivative[k]);
            series[k] = o[k].mul_add(a1, series[k]);
            derivative[k] = o[k].mul_add(b1, derivative[k]);
            e1[k] = t[k].mul_add(e[k], -e1[k]);
            o1[k] = t[k].mul_add(o[k], -o1[k]);
        }
        let (a2, a3, b2, b3) = (lanes.splat(a[2]), lanes.splat(a[3]), lanes.splat(b[2]), lanes.splat(b[3]));
        for k in 0..K {
            series[k] = e1[k].mul_add(a2, series[k]);
            derivative[k] = e1[k].mul_add(b2, derivative[k]);
            series[k] = o1[k].mul_add(a3, series[k]);
            derivative[k] = o1[k].mul_add(b3, derivative[k]);
            e[k] = t[k].mul_add(e1[k], -e[k]);
            o[k] = t[k].mul_add(o1[k], -o[k]);
        }
    }
    for k in 0..K {
        let last = [e[k], o[k], t[k].mul_add(e[k], -e1[k])];
        for ((a, b), term) in a_rest.iter().zip(b_rest).zip(last) {
            series[k] = term.mul_add(lanes.splat(*a), series[k]);
            derivative[k] = term.mul_add(lanes.splat(*b), derivative[k]);
        }
        let (value, slope) = (lanes.load(&values[k * width..]), lanes.load(&slopes[k * width..]));
        lanes.store(slope.mul_add(series[k], value * derivative[k]), &mut out[k * width..]);
    }
}

/// h_n(r) = f(r) Σ_k c_nk T_k(x) and dh_n/dr of one vector of neighbours for several series at once.
///
/// `c` and `b` hold the coefficients and those of the derivatives ([`differentiate`]), `terms` to a
/// series; `scratch` has room for a vector for each term. Results of one series stand `stride` behind
/// those of the one before.
#[inline(always)]
pub(super) fn functions<T: Real, L: Lanes<T>>(
    lanes: L,
    radius: T,
    (terms, c, b): (usize, &[T], &[T]),
    [r, value, slope]: [L::Vector; 3],
    scratch: &mut [T],
    stride: usize,
    [h, dh]: [&mut [T]; 2],
) {
    let width = L::WIDTH;
    let (one, two) = (lanes.of(1.0), lanes.of(2.0));
    let x2 = r.mul_add(lanes.splat(T::of(4.0) / radius), -two);
    let (mut previous, mut current) = (x2 * lanes.of(0.5), one);
    for to in scratch[..terms * width].chunks_exact_mut(width) {
        lanes.store(current, to);
        (previous, current) = (current, x2.mul_add(current, -previous));
    }
    for (n, (c, b)) in c.chunks_exact(terms).zip(b.chunks_exact(terms)).enumerate() {
        let (mut series, mut derivative) = (lanes.splat(c[0]), lanes.splat(b[0]));
        for k in 1..terms {
            let term = lanes.load(&scratch[k * width..]);
            series = term.mul_add(lanes.splat(c[k]), series);
            derivative = term.mul_add(lanes.splat(b[k]), derivative);
        }
        lanes.store(value * series, &mut h[n * stride..]);
        lanes.store(slope.mul_add(series, value * derivative), &mut dh[n * stride..]);
    }
}

/// The series of d/dr Σ_k a_k T_k(2r/R − 1), as long as `a`, its last coefficient zero.
pub(super) fn differentiate(radius: f64, a: &[f64], b: &mut [f64]) {
    let n = a.len();
    b.fill(0.0);
    for k in (1..n).rev() {
        let next = if k + 1 < n { b[k + 1] } else { 0.0 };
        b[k - 1] = next + 2.0 * k as f64 * a[k];
    }
    b[0] *= 0.5;
    for b in b {
        *b *= 2.0 / radius;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::Kernel;

    const RADIUS: f64 = 6.5;

    /// T_k(2r/R − 1) for k = 0, 1, ....
    fn terms(radius: f64, r: f64) -> impl Iterator<Item = f64> {
        let x = 2.0 * r / radius - 1.0;
        std::iter::successors(Some((1.0, x)), move |(now, next)| Some((*next, 2.0 * x * next - now)))
            .map(|t| t.0)
    }

    fn distances() -> Vec<f64> {
        (0..7 * 16).map(|i| 0.05 + f64::from(i) * 0.057).collect()
    }

    fn value(a: &[f64], r: f64) -> f64 {
        a.iter().zip(terms(RADIUS, r)).map(|(a, t)| a * t).sum()
    }

    struct Sums<'a>(&'a [f64], usize);

    impl Kernel<f64> for Sums<'_> {
        type Output = Vec<f64>;

        #[inline(always)]
        fn run<L: Lanes<f64>>(self, lanes: L) -> Vec<f64> {
            let mut sums = vec![0.0; self.1 * L::WIDTH];
            accumulate(lanes, RADIUS, self.0, self.0, &mut sums);
            sums.chunks(L::WIDTH).map(|lanes| lanes.iter().sum()).collect()
        }
    }

    struct Slopes<'a>(&'a [f64], &'a [f64], bool);

    impl Kernel<f64> for Slopes<'_> {
        type Output = Vec<f64>;

        #[inline(always)]
        fn run<L: Lanes<f64>>(self, lanes: L) -> Vec<f64> {
            let (distances, a) = (self.0, self.1);
            let mut b = vec![0.0; a.len()];
            differentiate(RADIUS, a, &mut b);
            let (values, mut out) = (distances.to_vec(), vec![0.0; distances.len()]);
            let slopes = vec![1.0; distances.len()];
            if self.2 {
                let mut scratch = vec![0.0; a.len() * L::WIDTH];
                for at in (0..out.len()).step_by(L::WIDTH) {
                    let r = lanes.load(&distances[at..]);
                    let cut = [r, r, lanes.of(1.0)];
                    let mut h = [0.0; 16];
                    functions(
                        lanes,
                        RADIUS,
                        (a.len(), a, &b),
                        cut,
                        &mut scratch,
                        0,
                        [&mut h, &mut out[at..]],
                    );
                }
            } else {
                let cut = Cut { distances, values: &values, slopes: &slopes };
                super::slopes(lanes, RADIUS, a, &b, cut, &mut out);
            }
            out
        }
    }

    #[test]
    fn sums_of_terms() {
        // Every number of terms modulo four, every number of vectors modulo three.
        for count in [16, 32, 48, 112] {
            let r = &distances()[..count];
            for n in 1..=18 {
                let sums = f64::dispatch(Sums(r, n));
                for (k, sum) in sums.iter().enumerate() {
                    let expected: f64 =
                        r.iter().map(|r| r * terms(RADIUS, *r).nth(k).expect("endless")).sum();
                    // Rounding of a recursion grows with k²: some 10² units in the last place of Σ w.
                    assert!((sum - expected).abs() < 1e-14 * 100.0 * r.iter().sum::<f64>(), "{n} {k}");
                }
            }
        }
    }

    #[test]
    fn slopes_are_derivatives() {
        let h = 1e-5;
        for n in 1..=17 {
            let a: Vec<f64> = (0..n).map(|k| (1.0 + f64::from(k)).sin()).collect();
            let r = distances();
            for direct in [false, true] {
                let slopes = f64::dispatch(Slopes(&r, &a, direct));
                for (r, slope) in r.iter().zip(slopes) {
                    // f(r) = r.
                    let at = |r: f64| r * value(&a, r);
                    // Third derivatives of T_16 reach 16⁶/15 (2/R)³ ≈ 3·10⁴.
                    let difference = (at(r + h) - at(r - h)) / (2.0 * h);
                    assert!((slope - difference).abs() < 1e-5, "{n} terms at {r}: {slope} {difference}");
                }
            }
        }
    }
}
