//! Temperature dependence: activation energy, prefactor, and what they say about temperatures that were not run.
//!
//! ln D = ln D0 − Ea/(k_B T) is fitted with the errors of the points. A diffusivity is a mean of squares with
//! ν = 2 (D/error)² degrees of freedom, so its logarithm has the mean bias ψ(ν/2) − ln(ν/2), which is taken off, and
//! the variance ψ'(ν/2). Conductivities are fitted as ln(σT), for σT ∝ D. The covariance of Ea and ln D0 is carried
//! into predictions, which are log-normal.

use super::estimate::{Digits, Estimate, Refusal};
use super::special::{chi_square_quantile, chi_square_tail, digamma, student_95, trigamma};
use crate::units::BOLTZMANN;

/// What was found at one temperature.
#[derive(Debug, Clone)]
pub struct Point {
    /// K.
    pub temperature: f64,
    /// D, or σ.
    pub estimate: Estimate,
}

/// What is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// ln D against 1/T.
    Diffusivity,
    /// ln(σT) against 1/T.
    Conductivity,
}

/// An Arrhenius law and its doubts.
#[derive(Debug, Clone)]
pub struct Arrhenius {
    /// Activation energy, eV.
    pub energy: Estimate,
    /// D0 (cm²/s) or the prefactor of σT (S K/cm).
    pub prefactor: Estimate,
    /// Temperatures that were asked for, K, and the values there.
    pub predictions: Vec<(f64, Estimate)>,
    /// χ² of the points about the line.
    pub chi2: f64,
    /// Its degrees of freedom.
    pub dof: usize,
    /// The Vogel–Tammann–Fulcher law, from four temperatures on.
    pub vtf: Option<Vtf>,
    /// What each temperature does to the activation energy.
    pub influence: Vec<Influence>,
    /// Warnings in plain words.
    pub flags: Vec<String>,
    /// ln prefactor and energy with their covariance matrix.
    line: Line,
    fit: Fit,
}

/// D = A exp(−B/(k_B (T − T0))).
#[derive(Debug, Clone)]
pub struct Vtf {
    /// K.
    pub t0: Estimate,
    /// B, eV.
    pub energy: Estimate,
    /// χ² of the points.
    pub chi2: f64,
    /// Akaike's criterion of Arrhenius minus that of this law: positive where this law is better.
    pub advantage: f64,
}

/// The fit without one temperature.
#[derive(Debug, Clone, Copy)]
pub struct Influence {
    /// The temperature that is left out, K.
    pub temperature: f64,
    /// Activation energy without it, eV.
    pub energy: f64,
    /// How far that is from the energy with it, in standard errors of their difference.
    pub shift: f64,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    intercept: f64,
    energy: f64,
    var_intercept: f64,
    var_energy: f64,
    covariance: f64,
    chi2: f64,
}

/// 1/(k_B T) (1/eV), logarithm, variance.
type Sample = [f64; 3];

/// A scatter that chance gives in fewer than one of a hundred cases is more than the errors say.
const LEAST_PROBABLE: f64 = 0.01;

impl Arrhenius {
    /// Fits points of two or more temperatures.
    pub fn fit(points: &[Point], fit: Fit, predict: &[f64]) -> Result<Self, Refusal> {
        let mut temperatures: Vec<f64> = points.iter().map(|p| p.temperature).collect();
        temperatures.sort_by(f64::total_cmp);
        temperatures.dedup();
        if temperatures.len() < 2 {
            let reason = format!(
                "an activation energy needs two temperatures with a value, and there {}",
                if temperatures.is_empty() { "is none" } else { "is one" }
            );
            return Err(Refusal { reason, more_time: None });
        }
        let samples: Vec<Sample> = points.iter().map(|point| sample(point, fit)).collect();
        let plain = straight(&samples, 0.0);
        let mut line = plain;
        // Degrees of freedom of the points' errors add up: the fit is less uncertain of its error than each point.
        let uncertain = points.iter().map(widening).sum::<f64>() / points.len() as f64;
        line.enlarge(1.0 + (uncertain - 1.0) / points.len() as f64);
        let dof = samples.len() - 2;
        let mut flags = Vec::new();
        if dof == 0 {
            flags
                .push("two temperatures: nothing can be said about whether the law is Arrhenius".to_string());
        } else if chi_square_tail(line.chi2, dof as f64) < LEAST_PROBABLE {
            let factor = line.chi2 / dof as f64;
            flags.push(format!(
                "the points scatter about the line by {} times their errors: errors of the fit are enlarged by that",
                Digits(factor.sqrt())
            ));
            line.enlarge(factor);
        }
        let vtf = (samples.len() >= 4).then(|| vogel(&samples, temperatures[0], line.chi2)).flatten();
        if let Some(vtf) = &vtf
            && line.chi2 - vtf.chi2 > 6.63
        {
            flags.push(format!(
                "not Arrhenius: a Vogel–Tammann–Fulcher law with T0 = {:.0} K fits better; an extrapolation by Arrhenius misleads",
                vtf.t0.value
            ));
        }
        let influence = influence(points, &samples, &plain);
        // Of three points each is as far from the line through the other two: none of them stands out.
        for at in influence.iter().filter(|at| dof > 1 && at.shift.abs() > 3.0) {
            flags.push(format!(
                "the point at {:.0} K moves the activation energy by {:.3} eV, {:.1} standard errors",
                at.temperature,
                line.energy - at.energy,
                at.shift.abs()
            ));
        }
        let far = predict.iter().any(|t| *t < 0.9 * temperatures[0]);
        if far && dof > 0 && dof < 2 {
            flags.push("extrapolated from three temperatures".to_string());
        }
        let (unit, value) = match fit {
            Fit::Diffusivity => ("cm²/s", "weighted fit of ln D against 1/T"),
            Fit::Conductivity => ("S K/cm", "weighted fit of ln σT against 1/T"),
        };
        let mut found = Self {
            energy: Estimate::normal(line.energy, line.var_energy.sqrt(), 1e9, "eV", value),
            prefactor: Estimate::exponential(line.intercept, line.var_intercept.sqrt(), unit, value),
            predictions: Vec::new(),
            chi2: line.chi2,
            dof,
            vtf,
            influence,
            flags,
            line,
            fit,
        };
        found.energy.n_effective = points.iter().map(|p| p.estimate.n_effective).sum();
        found.energy.flags.clone_from(&found.flags);
        found.predictions = predict.iter().map(|t| (*t, found.at(*t))).collect();
        Ok(found)
    }

    /// What the law gives at a temperature.
    pub fn at(&self, temperature: f64) -> Estimate {
        let x = 1.0 / (BOLTZMANN * temperature);
        let line = &self.line;
        let variance = line.var_intercept + x * x * line.var_energy - 2.0 * x * line.covariance;
        let (y, unit) = match self.fit {
            Fit::Diffusivity => (0.0, "cm²/s"),
            Fit::Conductivity => (-temperature.ln(), "S/cm"),
        };
        let y = y + line.intercept - line.energy * x;
        Estimate::exponential(y, variance.max(0.0).sqrt(), unit, "Arrhenius, with the covariance of the fit")
            .flagged(self.flags.iter().cloned())
    }
}

/// The logarithm of a mean of squares, and its variance.
fn sample(point: &Point, fit: Fit) -> Sample {
    let t = point.temperature;
    let factor = if fit == Fit::Conductivity { t } else { 1.0 };
    let half = 1.0 / point.estimate.relative_error().powi(2);
    let bias = digamma(half) - half.ln();
    [1.0 / (BOLTZMANN * t), (point.estimate.value * factor).ln() - bias, trigamma(half)]
}

/// By how much the square of the interval is wider than the standard error alone would have it, because that error is
/// known from few degrees of freedom.
fn widening(point: &Point) -> f64 {
    let estimate = &point.estimate;
    let nu = 2.0 / estimate.relative_error().powi(2);
    let plain = (chi_square_quantile(0.975, nu) / chi_square_quantile(0.025, nu)).ln();
    let ratio = ((estimate.ci95[1] / estimate.ci95[0]).ln() / plain).powi(2);
    if ratio.is_finite() { ratio.max(1.0) } else { 1.0 }
}

impl Line {
    /// Multiplies the variances.
    fn enlarge(&mut self, factor: f64) {
        self.var_intercept *= factor;
        self.var_energy *= factor;
        self.covariance *= factor;
    }
}

/// Weighted least squares of y = intercept − energy x(T − T0 in place of T).
fn straight(samples: &[Sample], t0: f64) -> Line {
    let x = |s: &Sample| 1.0 / (1.0 / s[0] - BOLTZMANN * t0);
    let (mut w, mut wx, mut wy, mut wxx, mut wxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    // About the weighted mean of x the two parameters are independent, and no digits are lost.
    for s in samples {
        w += 1.0 / s[2];
        wx += x(s) / s[2];
    }
    let middle = wx / w;
    for s in samples {
        let (u, weight) = (x(s) - middle, 1.0 / s[2]);
        wy += weight * s[1];
        wxx += weight * u * u;
        wxy += weight * u * s[1];
    }
    let (slope, level) = (wxy / wxx, wy / w);
    let chi2 = samples.iter().map(|s| (s[1] - level - slope * (x(s) - middle)).powi(2) / s[2]).sum();
    Line {
        intercept: level - slope * middle,
        energy: -slope,
        var_intercept: 1.0 / w + middle * middle / wxx,
        var_energy: 1.0 / wxx,
        covariance: middle / wxx,
        chi2,
    }
}

/// The best T0 on a grid up to 95 % of the lowest temperature. Intervals are where χ² is within 3.84 of the least (95 %),
/// standard errors where it is within 1, by the likelihood's profile: the law is not linear in T0.
fn vogel(samples: &[Sample], lowest: f64, arrhenius: f64) -> Option<Vtf> {
    let all: Vec<(f64, Line)> = (1..=190)
        .map(|k| 0.005 * f64::from(k) * lowest)
        .map(|t0| (t0, straight(samples, t0)))
        .filter(|(_, line)| line.chi2.is_finite())
        .collect();
    let (t0, best) = all.iter().min_by(|a, b| a.1.chi2.total_cmp(&b.1.chi2))?;
    let within = |rise: f64, ends: &dyn Fn(&(f64, Line)) -> [f64; 2]| {
        let near = all.iter().filter(|(_, line)| line.chi2 <= best.chi2 + rise).map(ends);
        near.fold([f64::INFINITY, f64::NEG_INFINITY], |[a, b], [low, high]| [a.min(low), b.max(high)])
    };
    let step = 0.005 * lowest;
    let z = student_95(f64::INFINITY);
    let estimate = |value: f64, [low, high]: [f64; 2], ci95: [f64; 2], unit| Estimate {
        value,
        std_error: 0.5 * (high - low),
        ci95,
        n_effective: samples.len() as f64 - 3.0,
        unit,
        method: "profile of the likelihood".into(),
        flags: Vec::new(),
    };
    // An end of the grid is half a step away from the point that stands for it.
    let of_t0 = |at: &(f64, Line)| [(at.0 - 0.5 * step).max(0.0), at.0 + 0.5 * step];
    let of_energy = |width: f64| {
        move |at: &(f64, Line)| {
            let half = width * at.1.var_energy.sqrt();
            [at.1.energy - half, at.1.energy + half]
        }
    };
    Some(Vtf {
        t0: estimate(*t0, within(1.0, &of_t0), within(3.84, &of_t0), "K"),
        energy: estimate(best.energy, within(1.0, &of_energy(1.0)), within(3.84, &of_energy(z)), "eV"),
        chi2: best.chi2,
        advantage: arrhenius - best.chi2 - 2.0,
    })
}

fn influence(points: &[Point], samples: &[Sample], line: &Line) -> Vec<Influence> {
    if samples.len() < 3 {
        return Vec::new();
    }
    (0..samples.len())
        .filter_map(|left_out| {
            let rest: Vec<Sample> =
                samples.iter().enumerate().filter(|(k, _)| *k != left_out).map(|(_, s)| *s).collect();
            let without = straight(&rest, 0.0);
            if !without.energy.is_finite() {
                return None;
            }
            let difference = (without.var_energy - line.var_energy).max(1e-300).sqrt();
            Some(Influence {
                temperature: points[left_out].temperature,
                energy: without.energy,
                shift: (line.energy - without.energy) / difference,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Philox, Purpose};

    fn point(temperature: f64, value: f64, relative: f64) -> Point {
        let estimate = Estimate::mean_square(value, relative * value, 1e9, 3.0, "cm²/s", "test");
        Point { temperature, estimate }
    }

    fn law(t: f64) -> f64 {
        1e-3 * (-0.3 / (BOLTZMANN * t)).exp()
    }

    #[test]
    fn an_exact_law_is_found() {
        let points = [500.0, 600.0, 800.0, 1000.0].map(|t| point(t, law(t), 0.001));
        let fit = Arrhenius::fit(&points, Fit::Diffusivity, &[300.0]).unwrap();
        assert!((fit.energy.value - 0.3).abs() < 1e-5 && (fit.prefactor.value / 1e-3 - 1.0).abs() < 1e-3);
        assert!((fit.predictions[0].1.value / law(300.0) - 1.0).abs() < 1e-3);
        assert!(fit.flags.is_empty() && fit.influence.iter().all(|i| i.shift.abs() < 0.1));
    }

    /// A line through two points hands their errors on: ln D there is a sum of theirs with weights that are known. A mean
    /// of squares with a relative error r has a logarithm that scatters by r (1 + r²/4 + …).
    #[test]
    fn two_points_hand_their_errors_on() {
        let (errors, ends) = ([0.01_f64, 0.02], [500.0, 800.0]);
        let x = |t: f64| 1.0 / (BOLTZMANN * t);
        let [first, last] = ends.map(x);
        let whole = errors[0].hypot(errors[1]) / (first - last);
        for kind in [Fit::Diffusivity, Fit::Conductivity] {
            let value = |t: f64| if kind == Fit::Diffusivity { law(t) } else { law(t) / t };
            let points: Vec<Point> = (0..2).map(|k| point(ends[k], value(ends[k]), errors[k])).collect();
            let fit = Arrhenius::fit(&points, kind, &[300.0]).unwrap();
            assert!((fit.energy.std_error / whole - 1.0).abs() < 1e-3, "{}", fit.energy);
            let (found, predicted) = (&fit.predictions[0].1, value(300.0));
            assert!((found.value / predicted - 1.0).abs() < 1e-3, "{found}, not {predicted}");
            let parts = [(x(300.0) - last) * errors[0], (first - x(300.0)) * errors[1]];
            let relative = parts[0].hypot(parts[1]) / (first - last);
            assert!((found.relative_error() / relative - 1.0).abs() < 1e-3, "{found}, not {relative}");
            let parts = [last * errors[0], first * errors[1]];
            let relative = parts[0].hypot(parts[1]) / (first - last);
            assert!((fit.prefactor.relative_error() / relative - 1.0).abs() < 1e-3, "{}", fit.prefactor);
        }
    }

    /// 2000 sets of points scattered as means of squares with 12 to 60 degrees of freedom: intervals of Ea and of
    /// the value at 300 K hold the truth in 95 % of cases within three standard errors (1.5 %).
    #[test]
    fn intervals_hold_the_truth() {
        let repeats = 2000;
        let (mut energy, mut value) = (0, 0);
        for k in 0..repeats {
            let mut random = Philox::new(5, Purpose::General, k, 0);
            let points: Vec<Point> = [(500.0, 12), (600.0, 20), (700.0, 36), (850.0, 60), (1000.0, 60)]
                .into_iter()
                .map(|(t, nu)| {
                    let mean = (0..nu).map(|_| random.normal().powi(2)).sum::<f64>() / f64::from(nu);
                    point(t, law(t) * mean, (2.0 / f64::from(nu)).sqrt())
                })
                .collect();
            let fit = Arrhenius::fit(&points, Fit::Diffusivity, &[300.0]).unwrap();
            energy += u32::from(fit.energy.holds(0.3));
            value += u32::from(fit.predictions[0].1.holds(law(300.0)));
        }
        for held in [energy, value] {
            let part = f64::from(held) / repeats as f64;
            assert!((part - 0.95).abs() < 0.015, "{part}");
        }
    }

    /// One point of four is off and named; of three nobody can say which.
    #[test]
    fn a_point_that_is_off_is_named() {
        let named = |temperatures: &[f64]| {
            let off = |t: f64| if t == 600.0 { 1.5 * law(t) } else { law(t) };
            let points: Vec<Point> = temperatures.iter().map(|t| point(*t, off(*t), 0.02)).collect();
            let fit = Arrhenius::fit(&points, Fit::Diffusivity, &[]).unwrap();
            assert!(fit.flags.iter().any(|flag| flag.contains("scatter")), "{:?}", fit.flags);
            fit.flags.iter().filter(|flag| flag.starts_with("the point at")).count()
        };
        assert!(named(&[500.0, 600.0, 800.0]) == 0 && named(&[500.0, 600.0, 700.0, 800.0, 900.0]) > 0);
    }

    #[test]
    fn a_curved_law_is_flagged() {
        let curved = |t: f64| 1e-3 * (-0.08 / (BOLTZMANN * (t - 200.0))).exp();
        let points = [300.0, 350.0, 450.0, 600.0, 900.0].map(|t| point(t, curved(t), 0.02));
        let fit = Arrhenius::fit(&points, Fit::Diffusivity, &[]).unwrap();
        assert!(fit.flags.iter().any(|flag| flag.starts_with("not Arrhenius")), "{:?}", fit.flags);
        let vtf = fit.vtf.as_ref().unwrap();
        assert!(
            (vtf.t0.value - 200.0).abs() < 25.0 && vtf.t0.holds(200.0) && vtf.energy.holds(0.08),
            "{vtf:?}"
        );
        assert!(vtf.advantage > 0.0 && vtf.t0.std_error < 25.0, "{vtf:?}");
        let one = Arrhenius::fit(&points[..1], Fit::Diffusivity, &[]).unwrap_err();
        assert!(one.reason.contains("there is one"));
    }
}
