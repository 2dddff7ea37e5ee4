//! How likely each rank is: the ranking, repeated with values that could as well have been found.

use super::join::Measured;
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
    /// Draws every value from a normal distribution as wide as its interval (of logarithms, where these count), scores
    /// and ranks. Values of a candidate are drawn independently. Returns what is found for each candidate, and how
    /// likely each of the first is better than each other of them.
    pub(super) fn sample(
        candidates: &[&[Measured]],
        score: &dyn Fn(&[f64]) -> f64,
        seed: u64,
    ) -> (Vec<Self>, Vec<Vec<f64>>) {
        let n = candidates.len();
        let compared = n.min(COMPARED);
        let mut counts = vec![vec![0_u32; n]; n];
        let mut wins = vec![vec![0_u32; compared]; compared];
        let mut moments = vec![[0.0; 2]; n];
        let (mut scores, mut order) = (vec![0.0; n], Vec::with_capacity(n));
        for repeat in 0..REPEATS {
            for (k, values) in candidates.iter().enumerate() {
                let mut noise = Philox::new(seed, Purpose::Sampling, repeat as u64, k as u32);
                let drawn: Vec<f64> = values.iter().map(|value| value.draw(&mut noise)).collect();
                scores[k] = score(&drawn);
                moments[k][0] += scores[k];
                moments[k][1] += scores[k] * scores[k];
            }
            order.clear();
            order.extend(0..n);
            order.sort_by(|a: &usize, b: &usize| scores[*b].total_cmp(&scores[*a]));
            for (rank, k) in order.iter().enumerate() {
                counts[*k][rank] += 1;
            }
            for a in 0..compared {
                for b in 0..compared {
                    wins[a][b] += u32::from(scores[a] > scores[b]);
                }
            }
        }
        let part = |count: u32| f64::from(count) / REPEATS as f64;
        let all = counts
            .iter()
            .zip(&moments)
            .map(|(own, [sum, squares])| {
                let mean = own.iter().zip(1..).map(|(count, rank)| part(*count) * f64::from(rank)).sum();
                let variance = squares / REPEATS as f64 - (sum / REPEATS as f64).powi(2);
                Self {
                    best: own.first().map_or(0.0, |count| part(*count)),
                    mean,
                    interval: [quantile(own, 0.025), quantile(own, 0.975)],
                    deviation: variance.max(0.0).sqrt(),
                }
            })
            .collect();
        let pairs = wins.iter().map(|own| own.iter().map(|count| part(*count)).collect()).collect();
        (all, pairs)
    }
}

/// The rank, from 1 on, up to which a part of all repetitions lies.
fn quantile(counts: &[u32], part: f64) -> usize {
    let mut sum = 0.0;
    let found = counts.iter().position(|count| {
        sum += f64::from(*count) / REPEATS as f64;
        sum >= part
    });
    found.unwrap_or(counts.len().saturating_sub(1)) + 1
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
}
