//! The straight line through mean squared displacements within a window, its errors, and what follows from it.

use super::{CM2_PER_S, Earliest, LEAST_PROBABLE, Run, Tracer, Window, weight};
use crate::analysis::estimate::{Digits, Estimate, Refusal};
use crate::analysis::line::{Design, Line};
use crate::analysis::msd::Msd;
use crate::analysis::multitau::COMPONENTS;
use crate::analysis::scatter::{
    ENOUGH_STRETCHES, concert_at_short_times, mean_and_error, per_atom, stretch_error,
};
use crate::analysis::special::chi_square_quantile;

/// Mean squared displacements that grow by a higher power of time than this are no diffusion.
const BALLISTIC: f64 = 1.5;
/// Where ions have moved by half a hop some still take hops back, and the slope is above its limit by about this part: it is
/// 1.8 % for a lattice with one vacancy in nine sites (docs/coverage.md), and falls with the displacement squared to the
/// power −3/2 in three dimensions, −1 in two.
const TAKEN_BACK: f64 = 0.02;
/// What is left of that may be this part of the error.
const LEFT: f64 = 1.0 / 3.0;

/// So many ions more than runs scatter enough to tell an error by it.
const FEWEST: usize = 7;

/// A fit with its errors.
pub(super) struct Found {
    pub(super) line: Line,
    pub(super) chosen: Vec<usize>,
    pub(super) times: Vec<f64>,
    values: Vec<f64>,
    /// Slopes of the six components and their standard errors, Å²/fs.
    slopes: [[f64; 2]; COMPONENTS],
    /// Standard error of the slope of the trace, Å²/fs, with its degrees of freedom.
    pub(super) error: f64,
    dof: f64,
    dimensions: f64,
    pub(super) p_value: f64,
    method: &'static str,
    flags: Vec<String>,
}

impl Found {
    /// A line through the given lags, unless there are too few.
    pub(super) fn fit(runs: &[Run<'_>], lags: &[f64], trace: &[f64], chosen: &[usize]) -> Option<Self> {
        let times: Vec<f64> = chosen.iter().map(|k| lags[*k]).collect();
        let values: Vec<f64> = chosen.iter().map(|k| trace[*k]).collect();
        let durations: Vec<f64> = runs.iter().map(|run| run.1 * (run.2 - 1) as f64).collect();
        let atoms = runs.iter().map(|run| run.0.atoms).sum::<usize>() as f64;
        let mut design = Design {
            times: times.clone(),
            durations,
            dimensions: 3.0,
            walkers: atoms / runs.len() as f64,
            intercept: None,
            interval: runs[0].1,
        };
        let line = design.fit(&values)?;
        let total: f64 = runs.iter().map(weight).sum();
        let mut slopes = [[0.0; 2]; COMPONENTS];
        let (mut between, mut in_time, mut stretches, mut concert) = (0.0, 0.0, 0.0, 0.0);
        for run in runs {
            let part = weight(run) / total;
            let own = per_atom(run.0, chosen, &line.weights);
            let n = own.len() as f64;
            for c in 0..COMPONENTS {
                let (mean, error) = mean_and_error(own.iter().map(|slope| slope[c]));
                slopes[c][0] += part * mean;
                slopes[c][1] += (part * error).powi(2);
            }
            if n > 1.0 {
                between += (part * mean_and_error(own.iter().map(|s| s[0] + s[1] + s[2])).1).powi(2);
            }
            let weights: Vec<_> = chosen.iter().copied().zip(line.weights.iter().copied()).collect();
            // Twice the first lag, which has most of the weight: only neighbours are correlated then.
            let parts = run.0.in_time(&weights, 2 * run.0.lags[chosen[0]]);
            if parts.len() > 1 {
                in_time += (part * stretch_error(&parts)).powi(2);
                stretches += parts.len() as f64 - 1.0;
            }
            concert += part * part * concert_at_short_times(run, chosen[0]);
        }
        for slope in &mut slopes {
            slope[1] = slope[1].sqrt();
        }
        let squares: f64 = slopes[..3].iter().map(|s| s[0] * s[0]).sum();
        let dimensions = (line.slope * line.slope / squares).clamp(1.0, 3.0);
        design.dimensions = dimensions;
        let modelled = line.variance * 3.0 / dimensions;
        let mut flags = Vec::new();
        // Scatter in time holds everything, the concert of ions too, if there are stretches enough to tell it. From few
        // stretches it is rough; scatter between ions takes its place then, with what their concert adds at shorter times,
        // unless it is smaller beyond chance (5 %).
        let independent = atoms - runs.len() as f64;
        let by_time = "generalised least squares; error from stretches of time";
        let (variance, dof, method) = if stretches >= ENOUGH_STRETCHES {
            // The ratio of two variances that are the same scatters with the degrees of freedom of both (F distribution,
            // to the accuracy of a normal logarithm): beyond 99.5 % of that it says something.
            let chance = 2.58 * (2.0 / stretches + 2.0 / independent.max(1.0)).sqrt();
            if independent > 0.0 && (in_time / between).ln() > chance {
                flags.push(format!(
                    "ions move in concert: the error is {:.1} times that of independent ions",
                    (in_time / between).sqrt()
                ));
            }
            (in_time, stretches, by_time)
        } else if independent >= FEWEST as f64 {
            let between = between + concert;
            if stretches >= 3.0 && in_time / between > chi_square_quantile(0.95, stretches) / stretches {
                (in_time, stretches, by_time)
            } else if concert > 0.0 {
                (
                    between,
                    independent,
                    "generalised least squares; error from the scatter between ions and their concert",
                )
            } else {
                (between, independent, "generalised least squares; error from the scatter between ions")
            }
        } else if stretches >= 3.0 {
            (in_time, stretches, by_time)
        } else {
            flags.push("few ions and a short run: the error is that of an ideal random walk".to_string());
            (modelled, 1e9, "generalised least squares; error of a random walk")
        };
        let p_value = line.p_value((variance / line.variance).max(1e-300));
        Some(Self {
            line,
            chosen: chosen.to_vec(),
            times,
            values,
            slopes,
            error: variance.sqrt(),
            dof,
            dimensions,
            p_value,
            method,
            flags,
        })
    }

    /// How long velocities last, if the line tells: with the memory τ it is 6D(t − τ), and the curve is above it by
    /// 6Dτ e^(−t/τ), which a test for a straight line may well miss.
    pub(super) fn memory(&self) -> Option<f64> {
        let below = -self.line.intercept;
        (below > 2.0 * self.error * self.times[0]).then(|| below / self.line.slope)
    }

    /// How many times the least displacement ions are to have moved until the hops they take back make no more than a part
    /// of the error: with d dimensions their part falls with the displacement squared to the power −d/2, and the error grows
    /// with the power ½.
    pub(super) fn farther(&self) -> f64 {
        let beyond = TAKEN_BACK / (LEFT * self.error / self.line.slope.abs());
        beyond.powf(2.0 / (self.dimensions + 1.0)).max(1.0)
    }

    /// What the fit says, or why it says nothing.
    pub(super) fn conclude(
        self,
        runs: &[Run<'_>],
        duration: f64,
        earliest: Earliest,
    ) -> Result<Tracer, Refusal> {
        let Self { line, chosen, times, values, slopes, error, dof, dimensions, p_value, method, mut flags } =
            self;
        if line.slope <= 2.0 * error {
            let more = if line.slope > 0.0 { (2.5 * error / line.slope).powi(2) } else { 10.0 };
            return Err(Refusal {
                reason: format!(
                    "not diffusive within this run: D is {} ± {} cm²/s, zero within its error",
                    Digits(line.slope / 6.0 * CM2_PER_S),
                    Digits(error / 6.0 * CM2_PER_S)
                ),
                more_time: Some(duration * more.max(1.0)),
            });
        }
        let last = times.len() - 1;
        let exponent = (values[last] / values[0]).ln() / (times[last] / times[0]).ln();
        if exponent > BALLISTIC {
            return Err(Refusal {
                reason: format!(
                    "not diffusive: the mean squared displacement grows as t^{exponent:.2}, ions fly"
                ),
                more_time: None,
            });
        }
        let all: Vec<_> = runs.iter().map(|run| (run.0, weight(run))).collect();
        let non_gaussian = Msd::pooled(&all).non_gaussian[chosen[0]];
        if (exponent - 1.0).abs() > 0.2 {
            flags.push(format!(
                "the mean squared displacement grows as t^{exponent:.2} in the window, not as t"
            ));
        }
        if non_gaussian > 1.0 {
            flags.push(format!(
                "displacements at the start of the window are far from Gaussian (parameter {non_gaussian:.1}): few ions have moved"
            ));
        }
        if p_value < LEAST_PROBABLE {
            flags.push("the mean squared displacement is no straight line in the window".to_string());
        }
        let unit = "cm²/s";
        let mut diffusivity =
            Estimate::mean_square(line.slope / 6.0, error / 6.0, dof, dimensions, unit, method)
                .scaled(CM2_PER_S, unit);
        if diffusivity.relative_error() > 0.5 {
            flags.push("the error is more than half of the value".to_string());
        }
        diffusivity.flags = flags;
        let atoms: usize = runs.iter().map(|run| run.0.atoms).sum();
        let squares: f64 = slopes[..3].iter().map(|slope| slope[0].powi(2)).sum();
        // What concert adds to the error of the trace it adds to the components.
        let (_, plain) = slopes[..3].iter().fold((0.0, 0.0), |(s, e), x| (s + x[0], e + x[1] * x[1]));
        let inflation = if plain > 0.0 { (error / plain.sqrt()).max(1.0) } else { 1.0 };
        let tensor = std::array::from_fn(|c| {
            let [slope, mut own] = slopes[c];
            own *= inflation;
            if atoms < runs.len() + FEWEST {
                // Of Gaussian displacements Σ u_a u_b over as many steps has the variance ρ/2 (s_aa s_bb + s_ab²).
                let (a, b) = [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)][c];
                let product = slopes[a][0].abs() * slopes[b][0].abs() + slope * slope;
                own = error * (0.5 * product / squares).sqrt();
            }
            Estimate::normal(0.5 * slope, 0.5 * own, dof, unit, method).scaled(CM2_PER_S, unit)
        });
        let farthest = values[last];
        let jumps = runs.iter().map(|run| run.0.atoms).sum::<usize>() as f64 * farthest / 9.0;
        Ok(Tracer {
            diffusivity,
            tensor,
            window: Window {
                start: times[0],
                end: times[last],
                slope: line.slope,
                intercept: line.intercept,
                exponent,
                non_gaussian,
                p_value,
            },
            rule_of_thumb: 3.43 / jumps.sqrt() + 0.04,
            dimensions,
            earliest,
        })
    }
}
