//! Charge transport: conductivity, Onsager matrix, Haven ratio.
//!
//! With P(t) = Σ_i z_i u_i(t) over all charged ions (Å, in units of e), the Einstein–Helfand relation is
//!
//! σ = e² / (2 d V k_B T) · lim d⟨|ΔP|²⟩/dt = e² Σ_ab z_a z_b L_ab, L_ab = lim d⟨ΔX_a·ΔX_b⟩/dt / (2 d V k_B T)
//!
//! where X_a is the sum of the displacements of element a. The charge diffusivity is D_σ = lim ⟨|ΔP|²⟩/(2 d t Σ z²),
//! the sum over mobile ions; Nernst–Einstein puts the tracer diffusivity in its place, σ_NE = e² Σ_a N_a z_a² D*_a
//! /(V k_B T). Haven ratio: H_R = D*/D_σ, so concerted motion gives H_R < 1; its inverse σ/σ_NE is given besides.
//!
//! P is one walker whatever the number of ions, and as a sum over many ions it is nearly Gaussian: its error is that of
//! the model of [`super::line`], known without a sample. A run of length T with a window from t on holds about T/t
//! independent displacements. Where few ions hop rarely, or several at once, what P is not Gaussian adds to that: the
//! fourth cumulant of its displacements grows with their lag as their mean square does, so what it is at a short lag says how
//! much the number of events in the run matters ([`Ions::events`]).

use super::estimate::{Estimate, Refusal};
use super::line::{Design, Known, Line};
use super::motion::Moved;
use super::series::correlation;
use super::tracer::{CM2_PER_S, Tracer, Window};
use crate::system::{Element, Vec3};
use crate::units::{BOLTZMANN, ELEMENTARY_CHARGE};
use nalgebra::Matrix3;

/// e²/(eV·Å·fs) in S/cm.
const S_PER_CM: f64 = ELEMENTARY_CHARGE * 1e23;
const CONDUCTIVITY: &str = "S/cm";

/// One run or replicas at one temperature.
#[derive(Debug, Clone)]
pub struct Charge {
    /// D_σ, cm²/s.
    pub diffusivity: Estimate,
    /// σ by Einstein–Helfand, S/cm.
    pub conductivity: Estimate,
    /// σ_xx, σ_yy, σ_zz, S/cm.
    pub directions: [Estimate; 3],
    /// H_R = D*/D_σ.
    pub haven: Estimate,
    /// 1/H_R = σ/σ_NE.
    pub inverse_haven: Estimate,
    /// e² z_a z_b L_ab of every pair of charged elements, S/cm; those of a ≠ b count twice in σ.
    pub cross: Vec<Cross>,
    /// What was fitted: ⟨|ΔP|²⟩/Σz² as Å².
    pub window: Window,
    /// Lags (fs) and ⟨|ΔP|²⟩/Σz² (Å²), for the curve, with its standard error.
    pub curve: Vec<[f64; 3]>,
}

/// A contribution to the conductivity.
#[derive(Debug, Clone)]
pub struct Cross {
    /// One element.
    pub a: Element,
    /// The other, or the same.
    pub b: Element,
    /// e² z_a z_b L_ab, S/cm.
    pub conductivity: Estimate,
}

/// The flag of what lacks a part of the ions.
pub(super) const LEFT_OUT: &str = "mobile elements without a diffusivity are left out of Nernst–Einstein";

/// σ_NE from the tracer diffusivities of mobile elements: charge, count, D*; S/cm.
pub fn nernst_einstein(ions: &[(f64, usize, &Estimate)], volume: f64, temperature: f64) -> Estimate {
    let factor = S_PER_CM / (volume * BOLTZMANN * temperature) / CM2_PER_S;
    let method = "Nernst–Einstein from D*";
    if let [(z, n, tracer)] = ions {
        let mut sigma = (*tracer).clone().scaled(z * z * *n as f64 * factor, CONDUCTIVITY);
        sigma.method = format!("{method}: {}", sigma.method);
        return sigma;
    }
    let (mut value, mut variance, mut flags) = (0.0, 0.0, Vec::new());
    for (z, n, tracer) in ions {
        let f = z * z * *n as f64 * factor;
        value += f * tracer.value;
        variance += (f * tracer.std_error).powi(2);
        flags.extend(tracer.flags.iter().cloned());
    }
    Estimate::mean_square(value, variance.sqrt(), 1e9, 3.0, CONDUCTIVITY, method).flagged(flags)
}

/// What charge transport is computed from.
pub(super) struct Ions<'a> {
    /// One run, or replicas.
    pub runs: &'a [&'a Moved],
    /// Charge of each element of the runs, e.
    pub charges: &'a [f64],
    /// The tracer diffusivities of the mobile elements: place of the element, what was found.
    pub tracers: &'a [(usize, &'a Tracer)],
    /// Å³.
    pub volume: f64,
    /// K.
    pub temperature: f64,
}

impl Ions<'_> {
    /// Fits the charge displacement over the latest of the tracers' earliest windows.
    pub(super) fn charge(&self) -> Result<Charge, Refusal> {
        let refuse = |reason: &str| Refusal { reason: reason.into(), more_time: None };
        let Some((element, tracer)) =
            self.tracers.iter().max_by(|a, b| a.1.earliest.start.total_cmp(&b.1.earliest.start))
        else {
            return Err(refuse("no mobile element has a diffusivity"));
        };
        let species = &self.runs[0].species;
        let norm: f64 = species
            .iter()
            .zip(self.charges)
            .filter(|(s, _)| s.mobile)
            .map(|(s, z)| s.count as f64 * z * z)
            .sum();
        if norm == 0.0 {
            return Err(refuse("the mobile ions have no charge"));
        }
        let frames: Vec<usize> = tracer.earliest.lags.iter().map(|k| self.runs[0].msd[0].lags[*k]).collect();
        let dipoles: Vec<Vec<Vec3>> = self.runs.iter().map(|run| run.series.combined(self.charges)).collect();
        let all: Vec<&[Vec3]> = dipoles.iter().map(Vec::as_slice).collect();
        let short = curve(&all, &all, &[1, 2]);
        let [first, second] = [0, 1].map(|k| short[k].iter().sum::<f64>() / norm);
        // A replica of two frames has no second lag.
        let of_runs = |lag: usize| -> f64 {
            let long = || self.runs.iter().filter(|run| run.msd[*element].lags.len() > 1);
            let sum = long().map(|run| run.frames as f64 * run.msd[*element].trace(lag)).sum::<f64>();
            sum / long().map(|run| run.frames as f64).sum::<f64>()
        };
        let begins = 2.0 * of_runs(0) - of_runs(1);
        let design = self.design(&frames, tracer, [first, second], begins);
        let values = curve(&all, &all, &frames);
        let traces: Vec<f64> = values.iter().map(|v| v.iter().sum::<f64>() / norm).collect();
        let line = design.fit(&traces).ok_or_else(|| refuse("the charge displacement does not grow"))?;
        // The variance relative to the square of the slope is a matter of lags and length alone.
        let gaussian = line.variance / line.slope.powi(2).max(1e-300);
        let events = self.events(&dipoles, (frames[0] / 4).max(1), line.slope * norm);
        let relative = (gaussian + events).sqrt();
        if line.slope <= 0.0 || relative > 1.0 {
            let duration: f64 = self.runs.iter().map(|run| run.duration()).sum();
            return Err(Refusal {
                reason: "the collective displacement of the charges is too short of independent samples"
                    .into(),
                more_time: Some(duration * (relative.powi(2).clamp(1.0, 10.0) * 2.0 - 1.0)),
            });
        }
        let mut flags = Vec::new();
        if relative > 0.5 {
            flags.push("the error is more than half of the value".to_string());
        }
        let method = "Einstein–Helfand; generalised least squares; error of a walker";
        let diffusivity = Estimate::mean_square(
            line.slope / 6.0,
            relative * line.slope / 6.0,
            1e9,
            tracer.dimensions,
            "cm²/s",
            method,
        )
        .scaled(CM2_PER_S, "cm²/s")
        .flagged(flags);
        let unit = S_PER_CM / (self.volume * BOLTZMANN * self.temperature);
        let conductivity = diffusivity.clone().scaled(norm * unit / CM2_PER_S, CONDUCTIVITY);
        let inverse_haven = self.inverse_haven(&diffusivity, norm, [gaussian, events]);
        let mut haven = inverse_haven.clone();
        haven.value = 1.0 / inverse_haven.value;
        haven.std_error = inverse_haven.relative_error() * haven.value;
        haven.ci95 = [1.0 / inverse_haven.ci95[1], 1.0 / inverse_haven.ci95[0]];
        haven.method = "D*/D_σ with the covariance of both".into();
        // Parts of the slope begin at parts of the intercept: at the lines through their own first two lags, and what these
        // miss of the whole is the same for all.
        let own = [0, 1, 2].map(|c| 2.0 * short[0][c] - short[1][c]);
        let missed = design.begins() * norm - own.iter().sum::<f64>();
        let directions = [0, 1, 2].map(|c| {
            let slope = line.slope_of(values.iter().map(|v| v[c]), own[c] + missed / 3.0);
            let share = tracer.tensor[c].value / (3.0 * tracer.diffusivity.value);
            // One direction has the relative error of one dimension.
            let error =
                relative * tracer.dimensions.sqrt() * slope.abs().max(share.max(0.0) * line.slope * norm);
            Estimate::normal(0.5 * slope, 0.5 * error, dof(relative), CONDUCTIVITY, method)
                .scaled(unit, CONDUCTIVITY)
        });
        Ok(Charge {
            directions,
            haven,
            inverse_haven,
            cross: self.cross(&frames, &line, relative, unit, missed / norm),
            window: window(&design.times, &traces, &line),
            curve: self.whole_curve(&all, norm, tracer.dimensions),
            diffusivity,
            conductivity,
        })
    }

    /// What rattles within a frame, ions in their cages or the drift reference, gives the charge displacement an
    /// intercept: that of the line through its first two lags, `short`. What rattles longer adds to that, and the tracers'
    /// intercept knows of it; but that also holds hops that ions take back, which is how vacancies move them, and of which
    /// the charge displacement has nothing (in a simple exclusion process each of its steps is independent of the past). So
    /// where the tracers' is the larger one the middle is expected, give or take what is between them.
    ///
    /// Where velocities last longer than the first lags, intercepts are lower by 6Dτ than the lines through these say: that of
    /// the tracers, which `begins` is by theirs, tells by how much.
    fn design(&self, frames: &[usize], tracer: &Tracer, short: [f64; 2], begins: f64) -> Design {
        let interval = self.runs[0].interval;
        let frames_seen: usize = self.runs.iter().map(|run| run.frames).sum();
        let earliest = &tracer.earliest;
        let of_tracers = earliest.relative_error * earliest.slope * earliest.start;
        // By the covariance of a walker of slope s per frame, 2⟨|ΔP|²⟩(1) − ⟨|ΔP|²⟩(2) over N frames has the variance
        // 4s²/(dN), and −(n − 1) times that is its covariance with ⟨|ΔP|²⟩(n).
        let of_walk = (short[1] - short[0]).powi(2) * 4.0 / (tracer.dimensions * frames_seen as f64);
        let beyond = earliest.intercept - begins;
        let inertia = if beyond < -2.0 * of_tracers { beyond } else { 0.0 };
        let own = 2.0 * short[0] - short[1] + inertia;
        let (value, error, shared) = if own > earliest.intercept {
            let shared = frames.iter().map(|lag| -(*lag as f64 - 1.0) * of_walk).collect();
            (own, if inertia < 0.0 { of_tracers.hypot(of_walk.sqrt()) } else { of_walk.sqrt() }, shared)
        } else {
            let (middle, apart) = (0.5 * (own + earliest.intercept), earliest.intercept - own);
            let shared = frames.iter().map(|lag| -0.5 * (*lag as f64 - 1.0) * of_walk).collect();
            (middle, (0.5 * of_tracers).hypot(0.5 * of_walk.sqrt()).hypot(apart), shared)
        };
        Design {
            times: frames.iter().map(|lag| *lag as f64 * interval).collect(),
            durations: self.runs.iter().map(|run| run.duration()).collect(),
            dimensions: tracer.dimensions,
            walkers: 1.0,
            intercept: Some(Known { value, error: error.hypot(value / 10.0), shared }),
            interval,
        }
    }

    /// What the number of events adds to the variance of D_σ, relative to its square: the fourth cumulant of the
    /// displacements at a lag, over their mean square without what rattles, times lag over duration. `slope` is that of
    /// ⟨|ΔP|²⟩.
    fn events(&self, dipoles: &[Vec<Vec3>], lag: usize, slope: f64) -> f64 {
        let (mut squares, mut covariance, mut count) = ([0.0; 2], Matrix3::zeros(), 0.0);
        for dipole in dipoles {
            for (from, to) in dipole.iter().zip(dipole.iter().skip(lag)) {
                let moved = to - from;
                let square = moved.norm_squared();
                squares[0] += square;
                squares[1] += square * square;
                covariance += moved * moved.transpose();
                count += 1.0;
            }
        }
        if count < 2.0 {
            return 0.0;
        }
        let [mean, square] = squares.map(|sum| sum / count);
        let cumulant = square - mean * mean - 2.0 * (covariance / count).norm_squared();
        let duration: f64 = self.runs.iter().map(|run| run.duration()).sum();
        (cumulant / (slope * slope * lag as f64 * self.runs[0].interval * duration)).max(0.0)
    }

    /// σ/σ_NE with the covariance of both: |ΔP|² contains Σ|u|², and for Gaussian displacements
    /// cov(D*, D_σ)/(D* D_σ) = var(D_σ)/D_σ² · 1/(N H_R). The number of events is the same for both. Of events of m ions
    /// each, Σm²/(Σm)² is in the variance of D*, Σm⁴/(Σm²)² in that of D_σ, and Σm³/(Σm Σm²), which is no less than the
    /// first, in their covariance.
    fn inverse_haven(&self, diffusivity: &Estimate, norm: f64, [gaussian, events]: [f64; 2]) -> Estimate {
        let (mut tracer, mut variance, mut ions) = (0.0, 0.0, 0.0);
        for (s, found) in self.tracers {
            let n = self.runs[0].species[*s].count as f64;
            let part = n * self.charges[*s].powi(2) / norm;
            tracer += part * found.diffusivity.value;
            variance += (part * found.diffusivity.std_error).powi(2);
            ions += n;
        }
        let inverse = diffusivity.value / tracer;
        let (own, other) = (diffusivity.relative_error().powi(2), variance / (tracer * tracer));
        let walk = gaussian * inverse / ions;
        let joint = (walk + (other - walk).clamp(0.0, events)).min((own * other).sqrt());
        let relative = (own + other - 2.0 * joint).max(1e-12).sqrt();
        let mut flags = diffusivity.flags.clone();
        let species = self.runs[0].species.iter().zip(self.charges);
        if self.tracers.len() < species.filter(|(s, z)| s.mobile && **z != 0.0).count() {
            flags.push(LEFT_OUT.into());
        }
        Estimate::mean_square(
            inverse,
            inverse * relative,
            1e9,
            3.0,
            "1",
            "D_σ/D* with the covariance of both",
        )
        .flagged(flags)
    }

    /// The matrix of contributions. For Gaussian displacements the variance of L_ab is ρ/2 (L_aa L_bb + L_ab²)
    /// where that of L_aa is ρ L_aa². `missed` is what the lines through first lags miss of the intercept of each mobile ion,
    /// Å².
    fn cross(&self, frames: &[usize], line: &Line, relative: f64, unit: f64, missed: f64) -> Vec<Cross> {
        let species = &self.runs[0].species;
        let charged: Vec<usize> = (0..species.len()).filter(|s| self.charges[*s] != 0.0).collect();
        let sums = |s: usize| -> Vec<&[Vec3]> {
            self.runs.iter().map(|run| run.series.sums[s].as_slice()).collect()
        };
        let slope = |a: usize, b: usize| -> f64 {
            let lags: Vec<usize> = [1, 2].iter().chain(frames).copied().collect();
            let values = curve(&sums(a), &sums(b), &lags);
            let mut traces = values.iter().map(|v| v.iter().sum::<f64>());
            let short = [0; 2].map(|_| traces.next().unwrap_or(0.0));
            let rest = if a == b && species[a].mobile { missed * species[a].count as f64 } else { 0.0 };
            line.slope_of(traces, 2.0 * short[0] - short[1] + rest)
        };
        let own: Vec<f64> = charged.iter().map(|a| slope(*a, *a)).collect();
        let mut cross = Vec::new();
        for (i, a) in charged.iter().enumerate() {
            for (j, b) in charged.iter().enumerate().skip(i) {
                let value = if i == j { own[i] } else { slope(*a, *b) };
                let variance = 0.5 * relative * relative * ((own[i] * own[j]).max(0.0) + value * value);
                let factor = self.charges[*a] * self.charges[*b] * unit / 6.0;
                let method = "slope of ⟨ΔX_a·ΔX_b⟩ with the weights of the charge displacement";
                cross.push(Cross {
                    a: species[*a].element,
                    b: species[*b].element,
                    conductivity: Estimate::normal(
                        value,
                        variance.sqrt(),
                        dof(relative),
                        CONDUCTIVITY,
                        method,
                    )
                    .scaled(factor, CONDUCTIVITY),
                });
            }
        }
        cross
    }

    /// ⟨|ΔP|²⟩/Σz² at logarithmic lags up to half the run, with its standard error as a Gaussian walker.
    fn whole_curve(&self, dipoles: &[&[Vec3]], norm: f64, dimensions: f64) -> Vec<[f64; 3]> {
        let run = self.runs.iter().min_by_key(|run| run.frames).unwrap_or(&self.runs[0]);
        let all: Vec<usize> = run.msd[0].lags.iter().copied().filter(|lag| *lag <= run.frames / 2).collect();
        let mut last = 0.0;
        let mut lags = Vec::new();
        for lag in all {
            if lag as f64 >= 1.12 * last {
                last = lag as f64;
                lags.push(lag);
            }
        }
        let values = curve(dipoles, dipoles, &lags);
        lags.iter()
            .zip(values)
            .map(|(lag, value)| {
                let (t, square) = (*lag as f64 * run.interval, value.iter().sum::<f64>() / norm);
                let length: f64 = self.runs.iter().map(|run| (run.duration() - t).max(0.0)).sum();
                [t, square, square * (4.0 / 3.0 / dimensions * t / length).sqrt()]
            })
            .collect()
    }
}

fn dof(relative: f64) -> f64 {
    (2.0 / (relative * relative)).max(1.0)
}

/// ⟨Δa·Δb⟩ by direction at each lag, over all runs, each origin counting the same.
fn curve(a: &[&[Vec3]], b: &[&[Vec3]], lags: &[usize]) -> Vec<[f64; 3]> {
    lags.iter()
        .map(|lag| {
            let mut sum = [0.0; 3];
            let mut count = 0.0;
            for (a, b) in a.iter().zip(b) {
                let n = a.len().saturating_sub(*lag) as f64;
                let mean = correlation(a, b, *lag);
                for c in 0..3 {
                    sum[c] += n * mean[c];
                }
                count += n;
            }
            sum.map(|s| s / count.max(1.0))
        })
        .collect()
}

fn window(times: &[f64], values: &[f64], line: &Line) -> Window {
    let last = times.len() - 1;
    Window {
        start: times[0],
        end: times[last],
        slope: line.slope,
        intercept: line.intercept,
        exponent: (values[last] / values[0]).ln() / (times[last] / times[0]).ln(),
        non_gaussian: 0.0,
        p_value: line.p_value(1.0),
    }
}
