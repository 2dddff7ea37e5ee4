//! The tracer diffusivity D* = lim ⟨|u(t)|²⟩ / (2 d t).

use super::estimate::{Digits, Estimate, Refusal};
use super::line::{Design, Line};
use super::msd::Msd;
use super::multitau::COMPONENTS;
use super::scatter::{ENOUGH_STRETCHES, concert_at_short_times, mean_and_error, per_atom, stretch_error};
use super::special::chi_square_quantile;
use serde::Serialize;

/// Å²/fs in cm²/s.
pub(super) const CM2_PER_S: f64 = 0.1;

/// How the lags of the fit are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// The window begins where ions have moved this far on average, Å²: half a hop of 3 Å squared, as He et al.
    /// (npj Comput. Mater. 4, 18 (2018), doi:10.1038/s41524-018-0074-y) ask. Rattling in a cage is shorter.
    pub least_displacement: f64,
    /// First and last lag, fs, where a person insists.
    pub window: Option<[f64; 2]>,
}

impl Default for Choice {
    fn default() -> Self {
        Self { least_displacement: 4.5, window: None }
    }
}

/// The lags that were fitted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Window {
    /// First lag, fs.
    pub start: f64,
    /// Last lag, fs.
    pub end: f64,
    /// The line: slope, Å²/fs.
    pub slope: f64,
    /// The line: intercept, Å².
    pub intercept: f64,
    /// d ln MSD / d ln t over the window.
    pub exponent: f64,
    /// Non-Gaussian parameter at the first lag.
    pub non_gaussian: f64,
    /// The probability of residuals from the line as large as these.
    pub p_value: f64,
}

/// A diffusivity and what it rests on.
#[derive(Debug, Clone)]
pub struct Tracer {
    /// D*, cm²/s.
    pub diffusivity: Estimate,
    /// D_ab: xx yy zz yz xz xy, cm²/s.
    pub tensor: [Estimate; COMPONENTS],
    /// What was fitted.
    pub window: Window,
    /// The relative error by the rule of He et al. 2018, 3.43/√N_jump + 0.04, for comparison.
    pub rule_of_thumb: f64,
    /// Dimensions that count: (Σ D_c)²/Σ D_c².
    pub dimensions: f64,
    /// The earliest straight line.
    pub(super) earliest: Earliest,
}

/// The earliest window in which the mean squared displacement is a straight line: that of D* may begin later, where fewer
/// hops are taken back; the charge displacement has nothing of these, and is fitted here.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Earliest {
    /// Places of the lags in the list of [`Msd`].
    pub lags: Vec<usize>,
    /// First lag, fs.
    pub start: f64,
    /// Å²/fs.
    pub slope: f64,
    /// Å².
    pub intercept: f64,
    /// Of the slope.
    pub relative_error: f64,
}

impl Earliest {
    fn of(found: &Found) -> Self {
        Self {
            lags: found.chosen.clone(),
            start: found.times[0],
            slope: found.line.slope,
            intercept: found.line.intercept,
            relative_error: found.error / found.line.slope,
        }
    }
}

/// A run: displacements, time between frames, number of frames.
pub(super) type Run<'a> = (&'a Msd, f64, usize);

/// Mean squared displacements that grow by a higher power of time than this are no diffusion.
const BALLISTIC: f64 = 1.5;
/// The window begins after so many times the memory of velocities.
const MEMORIES: f64 = 5.0;
/// Where ions have moved by half a hop some still take hops back, and the slope is above its limit by about this part: it is
/// 1.8 % for a lattice with one vacancy in nine sites (docs/coverage.md), and falls with the displacement squared to the
/// power −3/2 in three dimensions, −1 in two.
const TAKEN_BACK: f64 = 0.02;
/// What is left of that may be this part of the error.
const LEFT: f64 = 1.0 / 3.0;
/// The window begins within this part of the run.
const LATEST_START: f64 = 0.2;
/// The window ends within this part of the run.
const LATEST_END: f64 = 0.5;
/// Lags that are fitted.
const MOST_LAGS: usize = 12;
/// The window spans at most this factor: later lags have no weight.
const SPAN: f64 = 10.0;
/// A line is refused when its residuals are less probable than this.
const LEAST_PROBABLE: f64 = 0.05;

impl Tracer {
    /// From one run or from replicas with the same interval.
    pub(super) fn estimate(runs: &[Run<'_>], choice: &Choice) -> Result<Self, Refusal> {
        let shortest = runs.iter().map(|run| run.2).min().unwrap_or(0);
        let Some((first, interval, _)) = runs.iter().find(|run| run.2 == shortest) else {
            return Err(Refusal { reason: "there is no run".into(), more_time: None });
        };
        let duration = interval * (shortest - 1) as f64;
        let lags: Vec<f64> = first.lags.iter().map(|lag| *lag as f64 * interval).collect();
        let trace: Vec<f64> = (0..lags.len()).map(|k| mean_trace(runs, k)).collect();
        if let Some([start, end]) = choice.window {
            let chosen = spread(&lags, start, end.min(duration));
            return match fit(runs, &lags, &trace, &chosen) {
                Some(found) => {
                    let earliest = Earliest::of(&found);
                    found.conclude(runs, duration, earliest)
                }
                .map(|mut found| {
                    if end > duration {
                        let (end, duration) = (Digits(end / 1e3), Digits(duration / 1e3));
                        let flag = format!("the window ends at {end} ps, the trajectory at {duration} ps");
                        found.diffusivity.flags.push(flag);
                    }
                    found
                }),
                None => Err(Refusal {
                    reason: format!(
                        "the window from {} to {} ps holds fewer than two lags of the trajectory",
                        Digits(start / 1e3),
                        Digits(end / 1e3)
                    ),
                    more_time: None,
                }),
            };
        }
        let mut last = None;
        // Windows begin after velocities are forgotten, once a line has told how long they last. It is asked once: to go on
        // until a line does not tell would choose by chance. So is the earliest line asked for its error, which says how far
        // ions are to move until few enough take hops back.
        let (mut forgotten, mut earliest) = (None, None::<Found>);
        let mut least = choice.least_displacement;
        for (k, start) in lags.iter().enumerate() {
            if *start > LATEST_START * duration {
                break;
            }
            if forgotten.is_some_and(|least| *start < least) {
                continue;
            }
            // Every candidate a quarter later than the one before.
            if trace[k] < least || last.is_some_and(|last| *start < 1.25 * last) {
                continue;
            }
            last = Some(*start);
            let chosen = spread(&lags, *start, (SPAN * start).min(LATEST_END * duration));
            let straight = fit(runs, &lags, &trace, &chosen).filter(|found| found.p_value >= LEAST_PROBABLE);
            let Some(found) = straight else { continue };
            if forgotten.is_none()
                && let Some(memory) = found.memory().filter(|memory| MEMORIES * memory > *start)
            {
                forgotten = Some(MEMORIES * memory);
                continue;
            }
            if let Some(first) = earliest {
                return found.conclude(runs, duration, Earliest::of(&first));
            }
            least *= found.farther();
            earliest = Some(found);
            if trace[k] >= least {
                break;
            }
        }
        // Where the run ends before ions have moved so far, its earliest line is what there is.
        if let Some(found) = earliest {
            let earliest = Earliest::of(&found);
            return found.conclude(runs, duration, earliest);
        }
        Err(not_diffusive(&lags, &trace, choice, duration, last.is_some()))
    }
}

/// Why no window was found, and how much longer a run would have to be.
fn not_diffusive(lags: &[f64], trace: &[f64], choice: &Choice, duration: f64, moved: bool) -> Refusal {
    if moved {
        return Refusal {
            reason: "not diffusive within this run: the mean squared displacement is nowhere a straight line"
                .into(),
            more_time: Some(duration),
        };
    }
    let end = lags.partition_point(|t| *t <= LATEST_END * duration).max(1) - 1;
    let middle = lags.partition_point(|t| *t <= 0.5 * LATEST_END * duration).max(1) - 1;
    let farthest = trace.get(end).copied().unwrap_or(0.0);
    let slope = if end > middle { (trace[end] - trace[middle]) / (lags[end] - lags[middle]) } else { 0.0 };
    let needed = if slope > 0.0 {
        (lags[end] + (choice.least_displacement - farthest) / slope) / LATEST_START
    } else {
        10.0 * duration
    };
    Refusal {
        reason: format!(
            "not diffusive within this run: ions moved by {} Å² within half of it, and {} Å² within a fifth are needed",
            Digits(farthest),
            Digits(choice.least_displacement)
        ),
        more_time: Some((needed - duration).max(0.1 * duration)),
    }
}

/// ⟨|u|²⟩ at a lag, over all atoms of all runs.
fn mean_trace(runs: &[Run<'_>], k: usize) -> f64 {
    let total: f64 = runs.iter().map(weight).sum();
    runs.iter().map(|run| weight(run) / total * run.0.trace(k)).sum()
}

/// What a run counts: its atoms times its length.
fn weight(run: &Run<'_>) -> f64 {
    run.0.atoms as f64 * (run.2 - 1) as f64
}

/// Up to [`MOST_LAGS`] lags between two times, evenly on a logarithmic scale.
pub(super) fn spread(lags: &[f64], start: f64, end: f64) -> Vec<usize> {
    let tolerance = 1e-9 * end.abs();
    let ratio = (end / start).powf(1.0 / (MOST_LAGS - 1) as f64);
    let mut chosen: Vec<usize> = Vec::new();
    for (k, lag) in lags.iter().enumerate() {
        let late_enough = chosen.last().is_none_or(|last| *lag >= lags[*last] * ratio - tolerance);
        if *lag >= start - tolerance && *lag <= end + tolerance && late_enough {
            chosen.push(k);
        }
    }
    chosen
}

/// A fit with its errors.
struct Found {
    line: Line,
    chosen: Vec<usize>,
    times: Vec<f64>,
    values: Vec<f64>,
    /// Slopes of the six components and their standard errors, Å²/fs.
    slopes: [[f64; 2]; COMPONENTS],
    /// Standard error of the slope of the trace, Å²/fs, with its degrees of freedom.
    error: f64,
    dof: f64,
    dimensions: f64,
    p_value: f64,
    method: &'static str,
    flags: Vec<String>,
}

fn fit(runs: &[Run<'_>], lags: &[f64], trace: &[f64], chosen: &[usize]) -> Option<Found> {
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
    } else if independent >= 7.0 {
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
    Some(Found {
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

impl Found {
    /// How long velocities last, if the line tells: with the memory τ it is 6D(t − τ), and the curve is above it by
    /// 6Dτ e^(−t/τ), which a test for a straight line may well miss.
    fn memory(&self) -> Option<f64> {
        let below = -self.line.intercept;
        (below > 2.0 * self.error * self.times[0]).then(|| below / self.line.slope)
    }

    /// How many times the least displacement ions are to have moved until the hops they take back make no more than a part
    /// of the error: with d dimensions their part falls with the displacement squared to the power −d/2, and the error grows
    /// with the power ½.
    fn farther(&self) -> f64 {
        let beyond = TAKEN_BACK / (LEFT * self.error / self.line.slope.abs());
        beyond.powf(2.0 / (self.dimensions + 1.0)).max(1.0)
    }

    fn conclude(self, runs: &[Run<'_>], duration: f64, earliest: Earliest) -> Result<Tracer, Refusal> {
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
        // What concert adds to the error of the trace it adds to the components.
        let (_, plain) = slopes[..3].iter().fold((0.0, 0.0), |(s, e), x| (s + x[0], e + x[1] * x[1]));
        let inflation = if plain > 0.0 { (error / plain.sqrt()).max(1.0) } else { 1.0 };
        let tensor = slopes.map(|[slope, own]| {
            Estimate::normal(0.5 * slope, 0.5 * own * inflation, dof, unit, method).scaled(CM2_PER_S, unit)
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
