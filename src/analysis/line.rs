//! The slope of a mean squared displacement by generalised least squares.
//!
//! Means over overlapping origins are correlated between lags. For a walker of diffusivity D whose increments are
//! independent, two displacements that overlap during a time τ have the covariance 2Dτ along each direction, and
//! the covariance of the mean squares at lags n ≤ m over a run of length T is the sum of squared overlaps:
//!
//! Σ(n, m) = 2 (2D)² (n² (m − n/3) + nΔ²/3) / (T − n)
//!
//! with frames every Δ (Qian, Sheetz and Elson, Biophys. J. 60, 910 (1991), doi:10.1016/S0006-3495(91)82125-7). Rattling
//! that gives each displacement the variance b is shared by displacements that begin or end at the same frame, and adds
//! 2 (2 · 2D n b + b²) Δ/(T − n), half of b² more where n = m (X. Michalet, Phys. Rev. E 82, 041914 (2010),
//! doi:10.1103/PhysRevE.82.041914). With
//! it, weighted least squares is the best linear estimator of slope and intercept, whatever the window: long lags
//! take the little weight they deserve. McCluskey, Coles and Morgan (J. Chem. Theory Comput. 2024,
//! arXiv:2305.18244) sample the same likelihood; for a line it has this closed form.

use super::special::chi_square_tail;
use nalgebra::{DMatrix, DVector, Matrix2};

/// What the walkers were observed for.
#[derive(Debug, Clone)]
pub(super) struct Design {
    /// Lags, fs.
    pub times: Vec<f64>,
    /// Durations of the runs, fs.
    pub durations: Vec<f64>,
    /// The dimensions that count: (Σ D_c)² / Σ D_c².
    pub dimensions: f64,
    /// Independent walkers in each run.
    pub walkers: f64,
    /// What is known about the intercept.
    pub intercept: Option<Known>,
    /// Time between frames, fs.
    pub interval: f64,
}

/// An intercept that is known but for an error.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Å².
    pub value: f64,
    /// Its standard deviation, Å².
    pub error: f64,
    /// Its covariance with the mean square at each lag, where it was read off the same walk; Å⁴.
    pub shared: Vec<f64>,
}

/// A fitted line.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Å²/fs.
    pub slope: f64,
    /// Å².
    pub intercept: f64,
    /// The slope is Σ_k `weights`_k · (value_k − the known intercept).
    pub weights: Vec<f64>,
    /// Variance of the slope according to the model.
    pub variance: f64,
    /// Weighted squares of the residuals.
    pub chi2: f64,
}

impl Design {
    /// The known intercept, zero if nothing is known.
    pub(super) fn begins(&self) -> f64 {
        self.intercept.as_ref().map_or(0.0, |known| known.value)
    }

    /// Fits a line to mean squared displacements (all directions together); `None` if there are fewer than two
    /// lags or they grow nowhere.
    pub(super) fn fit(&self, values: &[f64]) -> Option<Line> {
        let k = self.times.len();
        if k < 2 {
            return None;
        }
        // The covariance needs the slope: begun with the secant from the origin, two rounds settle it.
        let mut slope = values[k - 1] / self.times[k - 1];
        let mut line = None;
        for _ in 0..3 {
            let scale = slope.max(0.05 * values[k - 1] / self.times[k - 1]);
            line = Some(self.solve(values, scale)?);
            slope = line.as_ref().map_or(slope, |line| line.slope);
        }
        line
    }

    fn solve(&self, values: &[f64], slope: f64) -> Option<Line> {
        let k = self.times.len();
        let covariance = self.covariance(slope);
        let cholesky = covariance.cholesky()?;
        let design = DMatrix::from_fn(k, 2, |row, column| if column == 0 { self.times[row] } else { 1.0 });
        let weighted = cholesky.solve(&design);
        let normal = design.transpose() * &weighted;
        let mut normal = Matrix2::new(normal[(0, 0)], normal[(0, 1)], normal[(1, 0)], normal[(1, 1)]);
        let known = self.begins();
        if let Some(Known { error, .. }) = self.intercept {
            normal[(1, 1)] += 1.0 / (error * error).max(1e-300);
        }
        let inverse = normal.try_inverse()?;
        let solution = DMatrix::from_column_slice(2, 2, inverse.as_slice()) * weighted.transpose();
        let values = DVector::from_iterator(k, values.iter().map(|value| value - known));
        let parameters = &solution * &values;
        let residual = values - design * &parameters;
        let chi2 = residual.dot(&cholesky.solve(&residual));
        let finite = parameters.iter().all(|p| p.is_finite()) && chi2.is_finite();
        let weights: Vec<f64> = solution.row(0).iter().copied().collect();
        // The slope is Σ_k w_k (value_k − known): what the two share counts with both.
        let sum: f64 = weights.iter().sum();
        let shared = self.intercept.iter().flat_map(|known| weights.iter().zip(&known.shared));
        let shared: f64 = shared.map(|(w, covariance)| w * covariance).sum();
        finite.then(|| Line {
            slope: parameters[0],
            intercept: parameters[1] + known,
            variance: (inverse[(0, 0)] - 2.0 * sum * shared).max(0.0),
            weights,
            chi2,
        })
    }

    /// Σ of the mean squares at the lags, for a slope of all directions together.
    fn covariance(&self, slope: f64) -> DMatrix<f64> {
        let k = self.times.len();
        let rattle = self.intercept.as_ref().map_or(0.0, |known| known.value.max(0.0));
        DMatrix::from_fn(k, k, |a, b| {
            let (n, m) = (self.times[a].min(self.times[b]), self.times[a].max(self.times[b]));
            let length: f64 = self.durations.iter().map(|t| (t - n).max(0.0)).sum();
            let walk = slope * slope * n * (n * (m - n / 3.0) + self.interval.powi(2) / 3.0);
            let ends = if a == b { 1.5 } else { 1.0 };
            let rattle = 2.0 * slope * n * rattle + ends * rattle * rattle;
            2.0 / self.dimensions * (walk + rattle * self.interval) / (length * self.walkers)
        })
    }
}

impl Line {
    /// The slope of a part of the values, which begins at a part of the known intercept: parts that add up to the whole have
    /// slopes that do.
    pub(super) fn slope_of(&self, values: impl Iterator<Item = f64>, begins: f64) -> f64 {
        self.weights.iter().zip(values).map(|(w, value)| w * (value - begins)).sum()
    }

    /// The probability of residuals this large, if their true covariance is `ratio` times that of the model.
    pub(super) fn p_value(&self, ratio: f64) -> f64 {
        let dof = self.weights.len() as f64 - 2.0;
        if dof < 1.0 { 1.0 } else { chi_square_tail(self.chi2 / ratio, dof) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::series::correlation;
    use crate::random::{Philox, Purpose};
    use crate::system::Vec3;

    fn design(times: &[f64], duration: f64) -> Design {
        Design {
            times: times.to_vec(),
            durations: vec![duration],
            dimensions: 3.0,
            walkers: 1.0,
            intercept: None,
            interval: 1.0,
        }
    }

    #[test]
    fn a_line_is_found_exactly() {
        let times = [10.0, 15.0, 30.0, 60.0];
        let line = design(&times, 1000.0).fit(&times.map(|t| 0.7 + 0.02 * t)).unwrap();
        assert!(
            (line.slope - 0.02).abs() < 1e-12 && (line.intercept - 0.7).abs() < 1e-9 && line.chi2 < 1e-12
        );
        let sum: f64 = line.weights.iter().zip(&times).map(|(w, t)| w * t).sum();
        assert!((sum - 1.0).abs() < 1e-9 && line.weights.iter().sum::<f64>().abs() < 1e-9);
    }

    /// A walker's mean squares at each lag, in three directions with unit variance per step.
    fn walk(seed: u32, steps: usize, lags: &[usize]) -> Vec<f64> {
        let mut random = Philox::new(9, Purpose::General, u64::from(seed), 0);
        let mut at = Vec3::zeros();
        let path: Vec<Vec3> = (0..=steps)
            .map(|_| {
                at += Vec3::new(random.normal(), random.normal(), random.normal());
                at
            })
            .collect();
        lags.iter().map(|lag| correlation(&path, &path, *lag).iter().sum()).collect()
    }

    /// Over 400 single walkers: the slope is right within four standard errors, its spread is the model's within
    /// four standard errors of a variance (√(2/399)), and χ² of the residuals is its number of degrees of freedom.
    #[test]
    fn the_covariance_is_that_of_walkers() {
        let (walks, steps) = (400, 1000);
        let lags = [20_usize, 28, 40, 56, 80, 112];
        let design = design(&lags.map(|l| l as f64), 1000.0);
        let (mut slopes, mut variance, mut chi2) = (Vec::new(), 0.0, 0.0);
        for seed in 0..walks {
            // The truth for the scale, so that scatter of the slope does not enter the comparison.
            let line = design.solve(&walk(seed, steps, &lags), 3.0).unwrap();
            slopes.push(line.slope);
            variance = line.variance;
            chi2 += line.chi2 / f64::from(walks);
        }
        let n = f64::from(walks);
        let (mean, spread) = moments(&slopes);
        assert!((mean - 3.0).abs() < 4.0 * (variance / n).sqrt(), "{mean}");
        assert!((spread / variance - 1.0).abs() < 4.0 * (2.0 / (n - 1.0)).sqrt(), "{}", spread / variance);
        assert!((chi2 / 4.0 - 1.0).abs() < 0.3, "{chi2}");
    }

    /// An intercept from the first two lags of the same walk: over 10,000 walkers the spread of slopes is the model's
    /// within four standard errors of a variance, and is not if the intercept is taken for independent.
    #[test]
    fn what_the_intercept_shares_counts() {
        let (walks, steps) = (10_000, 200);
        let lags = [1_usize, 2, 5, 7, 10, 14];
        let own = 9.0 * 4.0 / (3.0 * f64::from(steps));
        let mut slopes = Vec::new();
        let mut variances = [0.0; 2];
        for seed in 0..walks {
            let values = walk(seed, steps as usize, &lags);
            let shared: Vec<f64> = lags[2..].iter().map(|lag| -(*lag as f64 - 1.0) * own).collect();
            for (variance, shared) in variances.iter_mut().zip([shared, Vec::new()]) {
                let mut design = design(&lags.map(|l| l as f64)[2..], f64::from(steps));
                let value = 2.0 * values[0] - values[1];
                design.intercept = Some(Known { value, error: own.sqrt(), shared });
                let line = design.solve(&values[2..], 3.0).unwrap();
                *variance += line.variance / f64::from(walks);
                slopes.push(line.slope);
            }
        }
        let (_, spread) = moments(&slopes);
        let bound = 4.0 * (2.0 / f64::from(walks)).sqrt();
        let [all, independent] = variances.map(|variance| spread / variance - 1.0);
        assert!(all.abs() < bound && independent > bound, "{all} {independent}");
    }

    /// Mean and variance.
    fn moments(values: &[f64]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0))
    }
}
