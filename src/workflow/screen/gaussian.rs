//! A Gaussian process with a radial kernel, k(x, x') = s² exp(−|x − x'|²/(2 l²)), for a few hundred points.
//!
//! C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine Learning, MIT Press (2006), chapters 2 and
//! 5: mean k*ᵀ(K + N)⁻¹y and variance k** − k*ᵀ(K + N)⁻¹k*, where N holds the known variance of each point and a common one.
//! Length l, signal s² and common noise are those of the largest marginal likelihood on a grid.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

/// What is assumed before anything is seen, in units of the standardised values.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Prior {
    /// l, in standard deviations of the features.
    length: f64,
    /// s².
    signal: f64,
    /// The variance that no feature explains.
    noise: f64,
}

/// A function of some features, as far as points tell.
#[derive(Debug, Clone)]
pub struct Gaussian {
    points: Vec<Vec<f64>>,
    /// Values, standardised, and their known variances.
    values: Vec<[f64; 2]>,
    prior: Prior,
    /// Mean and deviation of the values as they were given.
    scale: [f64; 2],
    factor: Cholesky<f64, Dyn>,
    weights: DVector<f64>,
    /// The logarithm of the marginal likelihood.
    pub evidence: f64,
}

impl Gaussian {
    /// From points (features of similar size), values, and the variance with which each value is known. `None` for
    /// fewer than three points, or values that are all the same.
    pub fn fit(points: &[Vec<f64>], values: &[f64], variances: &[f64]) -> Option<Self> {
        let n = points.len() as f64;
        if points.len() < 3 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n;
        let deviation = (values.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        if deviation.is_nan() || deviation <= 1e-12 * mean.abs().max(1e-300) {
            return None;
        }
        let standard: Vec<[f64; 2]> = values
            .iter()
            .zip(variances)
            .map(|(y, v)| [(y - mean) / deviation, v / (deviation * deviation)])
            .collect();
        let dimension = points[0].len().max(1) as f64;
        let mut best: Option<Self> = None;
        for k in 0..16 {
            // From a fifth of the spread of the data to twenty times that; distances grow with √dimension.
            let length = 0.2 * 100_f64.powf(f64::from(k) / 15.0) * dimension.sqrt();
            for signal in [0.25, 0.5, 1.0, 2.0, 4.0] {
                // A factor of two in the variance, where it matters: intervals are as wide as this.
                for noise in [1e-4, 1e-3, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0] {
                    let prior = Prior { length, signal, noise };
                    let found = Self::given(points.to_vec(), standard.clone(), prior, [mean, deviation]);
                    if let Some(found) = found
                        && best.as_ref().is_none_or(|best| found.evidence > best.evidence)
                    {
                        best = Some(found);
                    }
                }
            }
        }
        best
    }

    fn given(points: Vec<Vec<f64>>, values: Vec<[f64; 2]>, prior: Prior, scale: [f64; 2]) -> Option<Self> {
        let n = points.len();
        let covariance = DMatrix::from_fn(n, n, |i, j| {
            let known = if i == j { prior.noise + values[i][1] } else { 0.0 };
            prior.covariance(&points[i], &points[j]) + known
        });
        let factor = Cholesky::new(covariance)?;
        let y = DVector::from_iterator(n, values.iter().map(|value| value[0]));
        let weights = factor.solve(&y);
        let half_determinant: f64 = factor.l_dirty().diagonal().iter().map(|x| x.ln()).sum();
        let evidence =
            -0.5 * y.dot(&weights) - half_determinant - 0.5 * n as f64 * std::f64::consts::TAU.ln();
        Some(Self { points, values, prior, scale, factor, weights, evidence })
    }

    /// Mean and standard deviation of the function at some features.
    pub fn at(&self, features: &[f64]) -> [f64; 2] {
        let row = self.points.iter().map(|point| self.prior.covariance(point, features));
        let row = DVector::from_iterator(self.points.len(), row);
        let mean = row.dot(&self.weights);
        let variance = self.prior.signal - row.dot(&self.factor.solve(&row));
        [self.scale[0] + self.scale[1] * mean, self.scale[1] * variance.max(0.0).sqrt()]
    }

    /// The standard deviation of what no feature explains.
    pub fn noise(&self) -> f64 {
        self.scale[1] * self.prior.noise.sqrt()
    }

    /// l in standard deviations of the features.
    pub fn length(&self) -> f64 {
        self.prior.length
    }

    /// The same with one more point that turned out as expected: its neighbours become less uncertain.
    #[must_use]
    pub fn believing(&self, features: &[f64]) -> Self {
        let [mean, _] = self.at(features);
        let (mut points, mut values) = (self.points.clone(), self.values.clone());
        points.push(features.to_vec());
        values.push([(mean - self.scale[0]) / self.scale[1], 0.0]);
        // A point more on the diagonal of what was positive definite: rounding alone can fail.
        Self::given(points, values, self.prior, self.scale).unwrap_or_else(|| self.clone())
    }
}

impl Prior {
    fn covariance(&self, a: &[f64], b: &[f64]) -> f64 {
        let square: f64 = a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum();
        self.signal * (-0.5 * square / (self.length * self.length)).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Philox, Purpose};

    /// A smooth function with known noise, ten times: the mean square of residual/error is one within three of its
    /// standard errors, √(2/50) for some five independent errors in each, but for the noise that is fitted besides the
    /// known one and makes errors too large; it may be as small as 0.4.
    #[test]
    fn a_smooth_function_is_found_with_its_error() {
        let truth = |x: f64| 2.0 + (2.0 * x).sin();
        let points: Vec<Vec<f64>> = (0..12).map(|k| vec![-1.5 + 0.25 * f64::from(k)]).collect();
        let mut mean_square = 0.0;
        for repeat in 0..10 {
            let mut random = Philox::new(2, Purpose::General, repeat, 0);
            let values: Vec<f64> = points.iter().map(|p| truth(p[0]) + 0.1 * random.normal()).collect();
            let found = Gaussian::fit(&points, &values, &[0.01; 12]).unwrap();
            for k in 0..50 {
                let x = -1.5 + 0.055 * f64::from(k);
                let [mean, deviation] = found.at(&[x]);
                mean_square += ((mean - truth(x)) / deviation).powi(2) / 500.0;
            }
            // Far away nothing is known but the prior.
            let far = found.at(&[50.0]);
            assert!((far[0] - found.scale[0]).abs() < 1e-6 && far[1] > 0.3, "{far:?}");
            let near = found.at(&[2.5])[1];
            assert!(found.believing(&[2.5]).at(&[2.5])[1] < 0.5 * near);
        }
        assert!((0.4..1.6).contains(&mean_square), "{mean_square}");
    }

    #[test]
    fn what_cannot_be_learnt_is_refused() {
        let points = [vec![0.0], vec![1.0], vec![2.0]];
        assert!(Gaussian::fit(&points[..2], &[1.0, 2.0], &[0.0; 2]).is_none());
        assert!(Gaussian::fit(&points, &[1.0; 3], &[0.0; 3]).is_none());
        // Points on top of each other are no obstacle: noise keeps the matrix regular.
        assert!(Gaussian::fit(&[vec![0.0], vec![0.0], vec![1.0]], &[1.0, 1.1, 2.0], &[0.0; 3]).is_some());
    }
}
