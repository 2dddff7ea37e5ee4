//! What all candidates say of each: whoever has the highest of many measured values has it partly by luck.
//!
//! Values xᵢ are known with standard deviations σᵢ, and what they would be without these errors is taken as normal with
//! a mean μ and a spread τ that all candidates share. With flat priors of μ and τ (A. Gelman et al., Bayesian Data Analysis,
//! third edition, CRC Press (2013), section 5.4), vᵢ = σᵢ² + τ², 1/V = Σ 1/vᵢ and m = V Σ xᵢ/vᵢ
//!
//! p(τ|x) ∝ √V Π vᵢ^(−½) exp(−(xᵢ − m)²/(2vᵢ)),  μ|τ ~ N(m, V),  θᵢ|μ,τ ~ N(μ + B(xᵢ − μ), Bσᵢ²),  B = τ²/vᵢ.
//!
//! Where errors are small against the spread, B is 1 and θᵢ is xᵢ with its error. Where they are as large as the spread, the
//! differences between candidates are as likely errors, and θᵢ lies nearer to the mean. Drawing τ and μ, too, rather than
//! taking the likeliest, matters: of ten values the spread is hardly known.

use super::join::Measured;
use crate::random::Philox;

/// Mean and spread of what is measured of all candidates, as far as the values tell.
#[derive(Debug, Clone)]
pub(super) struct Population {
    grid: Vec<Step>,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    /// The probability of spreads up to this one.
    up_to: f64,
    /// τ.
    spread: f64,
    /// m and √V.
    mean: [f64; 2],
}

/// Spreads that are compared, up to three times that of the values.
const STEPS: usize = 120;

impl Population {
    /// `None` where fewer than three values have intervals, or all are the same: they say nothing of each other. Those
    /// without an interval are taken as they are.
    pub(super) fn of(values: impl Iterator<Item = Measured>) -> Option<Self> {
        let values: Vec<Measured> = values.filter(|value| value.deviation > 0.0).collect();
        let n = values.len() as f64;
        if values.len() < 3 {
            return None;
        }
        let mean = values.iter().map(|own| own.value).sum::<f64>() / n;
        let square = values.iter().map(|own| (own.value - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let widest = 3.0 * square.sqrt();
        if !widest.is_normal() {
            return None;
        }
        let step = |k: usize| {
            let spread = widest * (k as f64 + 0.5) / STEPS as f64;
            let variance = |own: &Measured| own.deviation.powi(2) + spread * spread;
            let of_mean = 1.0 / values.iter().map(|own| 1.0 / variance(own)).sum::<f64>();
            let mean = of_mean * values.iter().map(|own| own.value / variance(own)).sum::<f64>();
            let parts = values.iter().map(|own| {
                let variance = variance(own);
                -0.5 * (variance.ln() + (own.value - mean).powi(2) / variance)
            });
            (0.5 * of_mean.ln() + parts.sum::<f64>(), spread, [mean, of_mean.sqrt()])
        };
        let steps: Vec<_> = (0..STEPS).map(step).collect();
        let highest = steps.iter().map(|step| step.0).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = steps.iter().map(|step| (step.0 - highest).exp()).sum();
        let mut up_to = 0.0;
        let grid = steps.into_iter().map(|(likelihood, spread, mean)| {
            up_to += (likelihood - highest).exp() / total;
            Step { up_to, spread, mean }
        });
        Some(Self { grid: grid.collect() })
    }

    /// A mean and a spread that all could as well have.
    pub(super) fn draw(&self, noise: &mut Philox) -> [f64; 2] {
        let part = noise.uniform();
        let place = self.grid.partition_point(|step| step.up_to < part).min(self.grid.len() - 1);
        let Step { spread, mean: [mean, error], .. } = self.grid[place];
        [mean + error * noise.normal(), spread]
    }
}

impl Measured {
    /// A value that could as well have been found, and one that this candidate could as well have among the `others`, of
    /// whom mean and spread are given: both by the same luck.
    pub(super) fn draw(&self, others: Option<[f64; 2]>, noise: &mut Philox) -> [f64; 2] {
        // The number is drawn in any case, so that a value with an interval does not shift the noise of others.
        let luck = self.deviation * noise.normal();
        let found = self.value + luck;
        match others {
            Some([mean, spread]) if self.deviation > 0.0 => {
                let kept = spread * spread / (spread * spread + self.deviation * self.deviation);
                [found, mean + kept * (self.value - mean) + kept.sqrt() * luck]
            }
            _ => [found, found],
        }
    }
}

/// One for each column of some candidates.
pub(super) fn of_columns(candidates: &[&[Measured]]) -> Vec<Option<Population>> {
    let columns = candidates.first().map_or(0, |first| first.len());
    (0..columns).map(|k| Population::of(candidates.iter().map(|values| values[k]))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    fn noise(step: u64) -> Philox {
        Philox::new(1, Purpose::General, step, 0)
    }

    /// Small errors: every value is its own; errors as large as the spread: half of the way to the mean, for many
    /// candidates (B = ½), to the standard error of the spread of 400 values, 1/√800, which moves B by 0.04.
    #[test]
    fn errors_decide_how_much_others_count() {
        let mut random = noise(0);
        for (error, kept) in [(0.01, 1.0), (1.0, 0.5)] {
            let values: Vec<Measured> = (0..400)
                .map(|_| Measured { value: random.normal() + error * random.normal(), deviation: error })
                .collect();
            let population = Population::of(values.iter().copied()).unwrap();
            let far = Measured { value: 10.0, deviation: error };
            let drawn =
                (0..2000).map(|k| far.draw(Some(population.draw(&mut noise(k))), &mut noise(k + 5000))[1]);
            let mean = drawn.sum::<f64>() / 2000.0;
            assert!((mean / 10.0 - kept).abs() < 0.06, "{error} {mean}");
        }
    }

    #[test]
    fn few_or_certain_values_stand_for_themselves() {
        let value = |value: f64, deviation: f64| Measured { value, deviation };
        assert!(Population::of([value(1.0, 0.1), value(2.0, 0.1)].into_iter()).is_none());
        assert!(Population::of([1.0, 2.0, 3.0].map(|x| value(x, 0.0)).into_iter()).is_none());
        assert!(Population::of([value(1.0, 0.1); 4].into_iter()).is_none());
        assert_eq!(value(3.0, 0.0).draw(Some([0.0, 1.0]), &mut noise(1)), [3.0, 3.0]);
    }
}
