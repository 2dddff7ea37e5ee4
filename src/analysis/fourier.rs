//! A Fourier transform of powers of two, and the correlation functions that it makes cheap.

use std::f64::consts::PI;

/// A complex number: real part, imaginary part.
pub(super) type Complex = [f64; 2];

/// A transform of one length, with its table of roots of unity.
#[derive(Debug, Clone)]
pub(super) struct Fourier {
    roots: Vec<Complex>,
}

impl Fourier {
    /// For 2^k values, at least as many as asked for.
    pub(super) fn of_at_least(length: usize) -> Self {
        let n = length.max(2).next_power_of_two();
        let root = |k: usize| {
            let (sin, cos) = (-2.0 * PI * k as f64 / n as f64).sin_cos();
            [cos, sin]
        };
        Self { roots: (0..n / 2).map(root).collect() }
    }

    /// Number of values.
    pub(super) fn length(&self) -> usize {
        2 * self.roots.len()
    }

    /// X_k = Σ_j x_j exp(−2πi jk/n), in place: decimation in time (Cooley and Tukey, Math. Comput. 19, 297 (1965),
    /// doi:10.1090/S0025-5718-1965-0178586-1).
    pub(super) fn transform(&self, values: &mut [Complex]) {
        let n = self.length();
        debug_assert_eq!(values.len(), n, "the table of roots is for one length");
        let mut j = 0;
        for i in 1..n {
            let mut bit = n >> 1;
            while j & bit != 0 {
                j ^= bit;
                bit >>= 1;
            }
            j |= bit;
            if i < j {
                values.swap(i, j);
            }
        }
        let mut half = 1;
        while half < n {
            let stride = n / (2 * half);
            for chunk in values.chunks_exact_mut(2 * half) {
                let (low, high) = chunk.split_at_mut(half);
                for (k, (a, b)) in low.iter_mut().zip(high).enumerate() {
                    let [c, s] = self.roots[k * stride];
                    let turned = [b[0] * c - b[1] * s, b[0] * s + b[1] * c];
                    *b = [a[0] - turned[0], a[1] - turned[1]];
                    *a = [a[0] + turned[0], a[1] + turned[1]];
                }
            }
            half *= 2;
        }
    }

    /// Σ_t x(t) x(t+τ) + y(t) y(t+τ) for τ below the length of the two series, which is at most half of that of the
    /// transform, so that nothing wraps around. The sum over both is what one complex transform gives.
    pub(super) fn correlate(&self, x: &[f64], y: &[f64], work: &mut Vec<Complex>, out: &mut [f64]) {
        let n = self.length();
        work.clear();
        work.extend(x.iter().zip(y).map(|(x, y)| [*x, *y]));
        work.resize(n, [0.0; 2]);
        self.transform(work);
        for value in work.iter_mut() {
            *value = [value[0] * value[0] + value[1] * value[1], 0.0];
        }
        // The power is real and the correlation even up to its imaginary part: the transform is its own inverse.
        self.transform(work);
        for (out, value) in out.iter_mut().zip(work.iter()) {
            *out += value[0] / n as f64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Philox, Purpose};

    fn noise(n: usize, seed: u64) -> Vec<f64> {
        let mut random = Philox::new(seed, Purpose::General, 0, 0);
        (0..n).map(|_| random.normal()).collect()
    }

    /// Against the sum of the definition; round-off grows as log n.
    #[test]
    fn the_transform_is_its_definition() {
        for n in [2, 4, 32, 128] {
            let (x, y) = (noise(n, 1), noise(n, 2));
            let mut fast: Vec<Complex> = x.iter().zip(&y).map(|(x, y)| [*x, *y]).collect();
            Fourier::of_at_least(n).transform(&mut fast);
            for (k, value) in fast.iter().enumerate() {
                let mut slow = [0.0; 2];
                for j in 0..n {
                    let (s, c) = (-2.0 * PI * (j * k % n) as f64 / n as f64).sin_cos();
                    slow = [slow[0] + x[j] * c - y[j] * s, slow[1] + x[j] * s + y[j] * c];
                }
                assert!((0..2).all(|i| (slow[i] - value[i]).abs() < 1e-12 * n as f64), "{n} {k}");
            }
        }
    }

    #[test]
    fn correlations_are_sums_over_origins() {
        let (x, y) = (noise(100, 3), noise(100, 4));
        let mut fast = vec![0.0; 100];
        Fourier::of_at_least(200).correlate(&x, &y, &mut Vec::new(), &mut fast);
        for (lag, value) in fast.iter().enumerate() {
            let slow: f64 = (lag..100).map(|t| x[t] * x[t - lag] + y[t] * y[t - lag]).sum();
            assert!((slow - value).abs() < 1e-11, "{lag}: {slow} {value}");
        }
    }
}
