//! How likely each rank is: the ranking, repeated with values that could as well have been found.

use super::join::Measured;
use super::population::{Population, of_columns};
use crate::random::{Philox, Purpose};

/// What repeated rankings say of a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranks {
    /// The probability that it is the best.
    pub best: f64,
    /// The mean of its ranks, from 1 on.
    pub mean: f64,
    /// The ranks that hold 95 % of them.
    pub interval: [usize; 2],
    /// Standard deviation of its score.
    pub deviation: f64,
}

/// Repetitions: a probability of one half is good to 0.005.
const REPEATS: usize = 10_000;
/// Of more candidates than these only the best are compared one by one.
const COMPARED: usize = 40;

impl Ranks {
    /// Draws every value from what it could as well be among the others (normal, of logarithms, where these count;
    /// [`Population`]), scores and ranks. Values of a candidate are drawn independently. Returns
    /// what is found for each candidate, and how likely each of the first is better than each other of them.
    pub(super) fn sample(
        candidates: &[&[Measured]],
        score: &dyn Fn(&[f64]) -> f64,
        seed: u64,
    ) -> (Vec<Self>, Vec<Vec<f64>>) {
        Self::repeated(candidates, score, seed, REPEATS)
    }

    fn repeated(
        candidates: &[&[Measured]],
        score: &dyn Fn(&[f64]) -> f64,
        seed: u64,
        repeats: usize,
    ) -> (Vec<Self>, Vec<Vec<f64>>) {
        let n = candidates.len();
        let compared = n.min(COMPARED);
        let populations = of_columns(candidates);
        let mut counts = vec![vec![0.0; n]; n];
        let mut wins = vec![vec![0.0; compared]; compared];
        let mut moments = vec![[0.0; 2]; n];
        let (mut scores, mut order) = (vec![0.0; n], Vec::with_capacity(n));
        for repeat in 0..repeats as u64 {
            let others = common(&populations, seed, repeat);
            for (k, values) in candidates.iter().enumerate() {
                let mut noise = Philox::new(seed, Purpose::Sampling, repeat, k as u32);
                let drawn: Vec<[f64; 2]> = values
                    .iter()
                    .zip(&others)
                    .map(|(value, others)| value.draw(*others, &mut noise))
                    .collect();
                let [found, own] = [0, 1].map(|which| {
                    let values: Vec<f64> = drawn.iter().map(|both| both[which]).collect();
                    score(&values)
                });
                scores[k] = own;
                moments[k][0] += found;
                moments[k][1] += found * found;
            }
            order.clear();
            order.extend(0..n);
            order.sort_by(|a: &usize, b: &usize| scores[*b].total_cmp(&scores[*a]));
            share(&order, &scores, &mut counts);
            for a in 0..compared {
                for b in (0..compared).filter(|b| *b != a) {
                    wins[a][b] += if scores[a] == scores[b] { 0.5 } else { f64::from(scores[a] > scores[b]) };
                }
            }
        }
        let part = |count: f64| count / repeats as f64;
        let all = counts
            .iter_mut()
            .zip(&moments)
            .map(|(own, [sum, squares])| {
                for count in own.iter_mut() {
                    *count = part(*count);
                }
                let mean = own.iter().zip(1..).map(|(part, rank)| part * f64::from(rank)).sum();
                let variance = part(*squares) - part(*sum).powi(2);
                Self {
                    best: own.first().copied().unwrap_or(0.0),
                    mean,
                    interval: [quantile(own, 0.025), quantile(own, 0.975)],
                    deviation: variance.max(0.0).sqrt(),
                }
            })
            .collect();
        for count in wins.iter_mut().flatten() {
            *count = part(*count);
        }
        (all, wins)
    }
}

/// For each column a mean and a spread that all candidates could as well have in this repetition.
pub(super) fn common(populations: &[Option<Population>], seed: u64, repeat: u64) -> Vec<Option<[f64; 2]>> {
    let of = |(column, population): (usize, &Option<Population>)| {
        // Behind the streams of all candidates.
        let mut noise = Philox::new(seed, Purpose::Sampling, repeat, u32::MAX - column as u32);
        population.as_ref().map(|population| population.draw(&mut noise))
    };
    populations.iter().enumerate().map(of).collect()
}

/// Counts the ranks of one repetition. Who has the same score has the same part in all ranks that they take.
fn share(order: &[usize], scores: &[f64], counts: &mut [Vec<f64>]) {
    let mut first = 0;
    for tied in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
        let ranks = first..first + tied.len();
        for k in tied {
            for count in &mut counts[*k][ranks.clone()] {
                *count += 1.0 / tied.len() as f64;
            }
        }
        first = ranks.end;
    }
}

/// The rank, from 1 on, up to which a part of all repetitions lies.
fn quantile(parts: &[f64], part: f64) -> usize {
    let mut sum = 0.0;
    let found = parts.iter().position(|own| {
        sum += own;
        // Rounding of the sum of up to 10⁴ shares.
        sum >= part - 1e-9
    });
    found.unwrap_or(parts.len().saturating_sub(1)) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two values a standard deviation of their difference apart: the better one is it with Φ(1) = 0.8413, to
    /// three standard errors of 10⁴ repetitions (0.011).
    #[test]
    fn probabilities_are_those_of_normal_deviates() {
        let measured = |value: f64| [Measured { value, deviation: 0.5_f64.sqrt() }];
        let (a, b) = (measured(1.0), measured(0.0));
        let (ranks, pairs) = Ranks::sample(&[&a, &b], &|values| values[0], 3);
        assert!((pairs[0][1] - 0.8413).abs() < 0.011, "{pairs:?}");
        assert_eq!(ranks[0].best, pairs[0][1]);
        assert!((ranks[0].mean + ranks[1].mean - 3.0).abs() < 1e-9);
        assert_eq!(ranks[0].interval, [1, 2]);
        assert!((ranks[0].deviation - 0.5_f64.sqrt()).abs() < 0.015);
        let sure = [Measured { value: 1.0, deviation: 0.0 }];
        let (ranks, _) = Ranks::sample(&[&sure, &[Measured { value: 0.0, deviation: 0.0 }]], &|v| v[0], 3);
        assert_eq!((ranks[0].best, ranks[0].interval), (1.0, [1, 1]));
    }

    /// Candidates that nothing tells apart have the same chances, in whatever order they come.
    #[test]
    fn ties_are_shared() {
        let [high, low] = [1.0, 0.0].map(|value| [Measured { value, deviation: 0.0 }]);
        let (ranks, pairs) = Ranks::sample(&[&low, &high, &high, &high], &|v| v[0], 3);
        for (k, best, mean, interval) in [(0, 0.0, 4.0, [4, 4]), (1, 1.0 / 3.0, 2.0, [1, 3])] {
            assert!((ranks[k].best - best).abs() < 1e-9 && (ranks[k].mean - mean).abs() < 1e-9, "{ranks:?}");
            assert_eq!(ranks[k].interval, interval);
        }
        assert_eq!([&ranks[2], &ranks[3]], [&ranks[1]; 2]);
        assert_eq!([pairs[1][2], pairs[2][1], pairs[1][0], pairs[0][1]], [0.5, 0.5, 1.0, 0.0]);
    }

    /// 300 made-up screenings of 20 candidates whose errors differ and are as large as their spread: how likely the first
    /// is said to be the best is how often it is, to three standard errors of 300 (0.085), and 95 % of the ranks lie within
    /// their intervals, at least. Values taken as they are, each with its own error, say 0.25 more than is true.
    #[test]
    fn chances_are_what_they_say() {
        let sets = 300;
        let (mut said, mut hits, mut inside) = (0.0, 0.0, 0);
        for set in 0..sets {
            let mut random = Philox::new(11, Purpose::General, set, 0);
            let truth: Vec<f64> = (0..20).map(|_| 0.3 * random.normal()).collect();
            let found: Vec<[Measured; 1]> = truth
                .iter()
                .map(|truth| {
                    let deviation = 0.3 * (0.7 * random.normal()).exp();
                    [Measured { value: truth + deviation * random.normal(), deviation }]
                })
                .collect();
            let rows: Vec<&[Measured]> = found.iter().map(<[_; 1]>::as_slice).collect();
            let (ranks, _) = Ranks::repeated(&rows, &|values| values[0], set, 500);
            let rank = |k: usize| 1 + truth.iter().filter(|other| **other > truth[k]).count();
            let first = (0..20).max_by(|a, b| ranks[*a].best.total_cmp(&ranks[*b].best)).unwrap();
            said += ranks[first].best / sets as f64;
            hits += f64::from(u8::from(rank(first) == 1)) / sets as f64;
            inside += (0..20)
                .filter(|k| (ranks[*k].interval[0]..=ranks[*k].interval[1]).contains(&rank(*k)))
                .count();
        }
        assert!((said - hits).abs() < 0.085, "{said} {hits}");
        assert!(inside as f64 / (20.0 * sets as f64) > 0.94, "{inside}");
    }
}
