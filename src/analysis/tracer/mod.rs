//! The tracer diffusivity D* = lim ⟨|u(t)|²⟩ / (2 d t).

mod fit;

use super::estimate::{Digits, Estimate, Refusal};
use super::msd::Msd;
use super::multitau::COMPONENTS;
use fit::Found;
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

/// The window begins after so many times the memory of velocities.
const MEMORIES: f64 = 5.0;
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
            return match Found::fit(runs, &lags, &trace, &chosen) {
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
                None if chosen.len() > 1 => Err(Refusal {
                    reason: "the mean squared displacement does not grow in the window: ions do not move"
                        .into(),
                    more_time: None,
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
            let straight =
                Found::fit(runs, &lags, &trace, &chosen).filter(|found| found.p_value >= LEAST_PROBABLE);
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
