//! A random forest with the spread of its trees, calibrated by the points that trees have not seen.
//!
//! L. Breiman, Machine Learning 45, 5 (2001), doi:10.1023/A:1010933404324: each tree learns from a bootstrap sample of the
//! points, and the forest predicts their mean. The trees are smartcore's; a forest of one tree for each seed shows them one by
//! one, which its forest of many does not. At every split all features are considered, as scikit-learn does for
//! regression: with few features a random part of them finds worse trees.
//!
//! The spread s of trees is no error as it stands: it has the right shape and an arbitrary size. So residuals of
//! points that a tree has not seen are taken as normal with the variance a²s² + b² + (known variance of the point), and
//! a and b are those of the largest likelihood on a grid (calibration after bootstrap: G. Palmer et al., npj Comput. Mater. 8, 115
//! (2022), doi:10.1038/s41524-022-00794-8). Student's t in the place of the normal distribution accounts for
//! how few the residuals are.

use crate::analysis::special::student_95;
use crate::random::{Philox, Purpose};
use rand::Rng;
use rayon::prelude::*;
use smartcore::ensemble::random_forest_regressor::{RandomForestRegressor, RandomForestRegressorParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;
use std::sync::Arc;

type Tree = RandomForestRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>>;

/// Enough that the spread is known to 5 % (1/√(2·200)).
const TREES: u32 = 200;
/// Streams of random numbers from here on are those of trees; the ranks and the front use smaller ones.
const STREAM: u64 = 2 << 20;

/// A function of some features, as far as points tell.
#[derive(Debug, Clone)]
pub struct Forest {
    points: Vec<Vec<f64>>,
    /// Values and the variances with which they are known.
    values: Vec<[f64; 2]>,
    trees: Arc<Vec<Tree>>,
    seed: u64,
    /// a: what the spread of trees is multiplied with.
    factor: f64,
    /// b: the deviation that no tree shows.
    noise: f64,
}

impl Forest {
    /// From points, values, and the variance with which each value is known. `None` for fewer than three points, or
    /// values that are all the same.
    pub fn fit(points: &[Vec<f64>], values: &[f64], variances: &[f64], seed: u64) -> Option<Self> {
        if points.len() < 3 || points[0].is_empty() {
            return None;
        }
        let [mean, deviation] = mean_and_deviation(values);
        if deviation.is_nan() || deviation <= 1e-12 * mean.abs().max(1e-300) {
            return None;
        }
        let values: Vec<[f64; 2]> = values.iter().zip(variances).map(|(y, v)| [*y, *v]).collect();
        let trees = grow(points, &values, seed)?;
        let (factor, noise) = calibrate(&unseen(points, &values, &trees), deviation);
        let few = student_95(values.len() as f64 - 1.0) / student_95(f64::INFINITY);
        Some(Self {
            points: points.to_vec(),
            values,
            trees: Arc::new(trees),
            seed,
            factor: few * factor,
            noise: few * noise,
        })
    }

    /// Means and standard deviations of values at some features. What features do not explain is in the deviation: a
    /// forest cannot tell it from what it does not know.
    pub fn at(&self, features: &[Vec<f64>]) -> Vec<[f64; 2]> {
        if features.is_empty() {
            return Vec::new();
        }
        let rows = matrix(features);
        let told: Vec<Vec<f64>> = self.trees.iter().filter_map(|tree| tree.predict(&rows).ok()).collect();
        (0..features.len())
            .map(|k| {
                let [mean, spread] = mean_and_deviation(&told.iter().map(|of| of[k]).collect::<Vec<_>>());
                [mean, (self.factor * spread).hypot(self.noise)]
            })
            .collect()
    }

    /// The same with one more point that turned out as expected: its neighbours become less uncertain.
    #[must_use]
    pub fn believing(&self, features: &[f64]) -> Self {
        let mean = self.at(&[features.to_vec()])[0][0];
        let (mut points, mut values) = (self.points.clone(), self.values.clone());
        points.push(features.to_vec());
        values.push([mean, 0.0]);
        // A point more cannot make growing fail where it did not.
        let trees = grow(&points, &values, self.seed).map_or_else(|| self.trees.clone(), Arc::new);
        Self { points, values, trees, ..self.clone() }
    }
}

/// The trees. A point that is known badly is drawn less often.
fn grow(points: &[Vec<f64>], values: &[[f64; 2]], seed: u64) -> Option<Vec<Tree>> {
    let (rows, known) = (matrix(points), values.iter().map(|value| value[0]).collect::<Vec<_>>());
    let scale = mean_and_deviation(&known)[1].powi(2);
    let weights: Vec<f64> = values.iter().map(|value| 1.0 / (1.0 + value[1] / scale)).collect();
    let tree = |number: u32| {
        let parameters = RandomForestRegressorParameters::default()
            .with_n_trees(1)
            .with_m(points[0].len())
            .with_keep_samples(true)
            .with_seed(Philox::new(seed, Purpose::Sampling, STREAM, number).next_u64());
        Tree::fit_with_weights(&rows, &known, &weights, parameters).ok()
    };
    (0..TREES).into_par_iter().map(tree).collect()
}

/// For each point the residual and the spread of the trees that have not seen it, and its known variance.
fn unseen(points: &[Vec<f64>], values: &[[f64; 2]], trees: &[Tree]) -> Vec<[f64; 3]> {
    let rows = matrix(points);
    let told: Vec<Vec<f64>> = trees.iter().filter_map(|tree| tree.predict_oob(&rows).ok()).collect();
    let of_point = |(k, [value, variance]): (usize, &[f64; 2])| {
        // A forest of one tree says NaN of what it has seen: the mean of no prediction.
        let others: Vec<f64> = told.iter().map(|of| of[k]).filter(|y| !y.is_nan()).collect();
        let [mean, spread] = mean_and_deviation(&others);
        (others.len() > 1).then_some([value - mean, spread, *variance])
    };
    values.iter().enumerate().filter_map(of_point).collect()
}

/// a and b of the largest likelihood.
fn calibrate(residuals: &[[f64; 3]], deviation: f64) -> (f64, f64) {
    let mean_square = residuals.iter().map(|r| r[0] * r[0]).sum::<f64>() / residuals.len().max(1) as f64;
    let rms = mean_square.sqrt();
    // From a fifth to four times the spread; from a twentieth to two times the residuals.
    let grid =
        |from: f64, ratio: f64| (0..13).map(move |k| from * ratio.powf(f64::from(k) / 12.0)).chain([0.0]);
    let mut best = (f64::NEG_INFINITY, (1.0, rms));
    for factor in grid(0.2, 20.0) {
        for noise in grid(0.05 * rms, 40.0) {
            // Rounding, so that a perfect prediction has a likelihood.
            let floor = 1e-12 * deviation * deviation;
            let likelihood: f64 = residuals
                .iter()
                .map(|[residual, spread, known]| {
                    let variance = (factor * spread).powi(2) + noise * noise + known + floor;
                    -0.5 * (variance.ln() + residual * residual / variance)
                })
                .sum();
            if likelihood > best.0 {
                best = (likelihood, (factor, noise));
            }
        }
    }
    best.1
}

fn matrix(rows: &[Vec<f64>]) -> DenseMatrix<f64> {
    let (height, width) = (rows.len(), rows[0].len());
    // Rows of one length, and as many values as they have: neither can be refused.
    DenseMatrix::new(height, width, rows.concat(), false).expect("a table is a matrix")
}

fn mean_and_deviation(values: &[f64]) -> [f64; 2] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    [mean, (values.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points, and values of a function with a step and a slope, with noise of which a part is known.
    fn points(count: usize, random: &mut Philox) -> (Vec<Vec<f64>>, Vec<f64>) {
        let points: Vec<Vec<f64>> =
            (0..count).map(|_| vec![2.0 * random.uniform() - 1.0, 2.0 * random.uniform() - 1.0]).collect();
        let truth = |x: &[f64]| if x[0] > 0.2 { 1.5 } else { -0.5 } + 0.8 * x[1];
        let values = points.iter().map(|x| truth(x) + 0.3 * random.normal()).collect();
        (points, values)
    }

    /// 40 forests, 25 new points each: 95 % of the 1000 values lie within 1.96 predicted deviations. Those of one
    /// forest share its calibration, which √(2/25) of relative error in the variance of 25 points makes worth some
    /// four independent values; with 160 of these the standard error is 1.7 %, and the tolerance is 2.5 of them.
    #[test]
    fn intervals_hold_what_they_promise() {
        let mut random = Philox::new(4, Purpose::General, 0, 0);
        let (mut inside, mut squares, mut total) = (0, 0.0, 0.0);
        for repeat in 0..40 {
            let (known, values) = points(25, &mut random);
            let forest = Forest::fit(&known, &values, &[0.04; 25], repeat).unwrap();
            let (fresh, truth) = points(25, &mut random);
            for ([mean, deviation], value) in forest.at(&fresh).into_iter().zip(truth) {
                let whole = (deviation.powi(2) + 0.04).sqrt();
                inside += u32::from((value - mean).abs() < 1.96 * whole);
                squares += (value - mean).powi(2);
                total += value * value;
            }
        }
        let coverage = f64::from(inside) / 1000.0;
        assert!((coverage - 0.95).abs() < 0.043, "{coverage}");
        // It has learnt something: half of the variance of the function, at least.
        assert!(squares < 0.5 * total, "{squares} {total}");
    }

    /// The same seed: the same bits, for any number of threads. Another seed: other trees.
    #[test]
    fn a_seed_makes_a_forest() {
        let (known, values) = points(15, &mut Philox::new(9, Purpose::General, 0, 0));
        let fit = |seed| Forest::fit(&known, &values, &[0.0; 15], seed).unwrap().at(&known);
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(|| fit(1));
        let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap().install(|| fit(1));
        assert_eq!(one, three);
        assert_ne!(one, fit(2));
    }

    #[test]
    fn what_is_believed_becomes_less_uncertain() {
        let (known, values) = points(15, &mut Philox::new(2, Purpose::General, 0, 0));
        let forest = Forest::fit(&known, &values, &[0.0; 15], 1).unwrap();
        let there = [vec![0.19, 0.9]];
        let [before, after] = [&forest, &forest.believing(&there[0])].map(|f| f.at(&there)[0]);
        assert!(after[1] < before[1], "{before:?} {after:?}");
    }

    /// A value of which little is known counts little: the mean of the forest is that of the others.
    #[test]
    fn what_is_known_badly_counts_little() {
        let known: Vec<Vec<f64>> = (0..10).map(|k| vec![f64::from(k)]).collect();
        let mut values: Vec<f64> = (0..10).map(|k| 0.1 * f64::from(k % 2)).collect();
        values[5] = 10.0;
        let at = |variance: f64| {
            let variances: Vec<f64> = (0..10).map(|k| if k == 5 { variance } else { 0.0 }).collect();
            Forest::fit(&known, &values, &variances, 1).unwrap().at(&[vec![5.0]])[0][0]
        };
        assert!(at(0.0) > 4.0 && at(1e4) < 1.0, "{} {}", at(0.0), at(1e4));
    }

    #[test]
    fn what_cannot_be_learnt_is_refused() {
        let known = [vec![0.0], vec![1.0], vec![2.0]];
        assert!(Forest::fit(&known[..2], &[1.0, 2.0], &[0.0; 2], 1).is_none());
        assert!(Forest::fit(&known, &[1.0; 3], &[0.0; 3], 1).is_none());
        assert!(Forest::fit(&known, &[1.0, 2.0, 3.0], &[0.0; 3], 1).is_some());
    }
}
