//! A number with everything needed to trust it.

use super::special::{chi_square_quantile, student_95};
use serde::Serialize;
use std::fmt;

/// What every analysis returns instead of a bare number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// The best value.
    pub value: f64,
    /// Its standard error.
    pub std_error: f64,
    /// The interval that holds the truth in 95 of 100 repetitions of the simulation.
    pub ci95: [f64; 2],
    /// How many independent observations would determine the value as well.
    pub n_effective: f64,
    /// The unit of all of the above, as a person writes it.
    pub unit: &'static str,
    /// How it was obtained.
    pub method: String,
    /// What a reader has to know: warnings in plain words.
    pub flags: Vec<String>,
}

impl Estimate {
    /// A value whose errors are normal; the interval is Student's with `dof` degrees of freedom of the error.
    pub fn normal(
        value: f64,
        std_error: f64,
        dof: f64,
        unit: &'static str,
        method: impl Into<String>,
    ) -> Self {
        let half = student_95(dof) * std_error;
        Self {
            value,
            std_error,
            ci95: [value - half, value + half],
            n_effective: dof + 1.0,
            unit,
            method: method.into(),
            flags: Vec::new(),
        }
    }

    /// A positive value that is a mean of squares, distributed as χ² with ν = 2 (value/error)² degrees of
    /// freedom (Satterthwaite): the interval is [νx/χ²(0.975), νx/χ²(0.025)], so never negative.
    ///
    /// `dof`: degrees of freedom of the standard error itself; the interval is widened by Student's factor.
    /// `dimensions`: how many components each observation had.
    pub fn mean_square(
        value: f64,
        std_error: f64,
        dof: f64,
        dimensions: f64,
        unit: &'static str,
        method: impl Into<String>,
    ) -> Self {
        let nu = 2.0 * (value / std_error).powi(2);
        let widen = student_95(dof) / student_95(f64::INFINITY);
        // On a logarithmic scale a widened interval stays positive.
        let ends = [0.975, 0.025].map(|p| value * ((nu / chi_square_quantile(p, nu)).ln() * widen).exp());
        Self {
            value,
            std_error,
            ci95: ends,
            n_effective: nu / dimensions,
            unit,
            method: method.into(),
            flags: Vec::new(),
        }
    }

    /// A rate of events, from a count: of n = (value/error)² events that know nothing of each other the exact interval is
    /// that of F. Garwood (Biometrika 28, 437 (1936), doi:10.1093/biomet/28.3-4.437), [χ²(0.025; 2n), χ²(0.975; 2n + 2)]/2n
    /// times the value; events that come together are as good as fewer of them. Never negative, and further above than below.
    ///
    /// `dof`: degrees of freedom of the standard error itself, as in [`Estimate::mean_square`].
    pub fn counted(
        value: f64,
        std_error: f64,
        dof: f64,
        unit: &'static str,
        method: impl Into<String>,
    ) -> Self {
        let twice = 2.0 * (value / std_error).powi(2);
        let widen = student_95(dof) / student_95(f64::INFINITY);
        let end = |p: f64, nu: f64| value * ((chi_square_quantile(p, nu) / twice).ln() * widen).exp();
        // Of no event at all only the error is known.
        let none = [0.0, student_95(dof) * std_error];
        Self {
            value,
            std_error,
            ci95: if value > 0.0 { [end(0.025, twice), end(0.975, twice + 2.0)] } else { none },
            n_effective: dof + 1.0,
            unit,
            method: method.into(),
            flags: Vec::new(),
        }
    }

    /// exp(y) of a normally distributed y: value is the median, the interval is log-normal.
    pub fn exponential(y: f64, error: f64, unit: &'static str, method: impl Into<String>) -> Self {
        let z = student_95(f64::INFINITY);
        Self {
            value: y.exp(),
            std_error: y.exp() * error,
            ci95: [(y - z * error).exp(), (y + z * error).exp()],
            n_effective: 1.0 / (error * error),
            unit,
            method: method.into(),
            flags: Vec::new(),
        }
    }

    /// The same in another unit.
    #[must_use]
    pub fn scaled(mut self, factor: f64, unit: &'static str) -> Self {
        self.value *= factor;
        self.std_error *= factor.abs();
        self.ci95 = self.ci95.map(|x| x * factor);
        if factor < 0.0 {
            self.ci95.reverse();
        }
        self.unit = unit;
        self
    }

    /// Adds a warning.
    #[must_use]
    pub fn flagged(mut self, flags: impl IntoIterator<Item = String>) -> Self {
        self.flags.extend(flags);
        self
    }

    /// Does the interval hold a value?
    pub fn holds(&self, truth: f64) -> bool {
        self.ci95[0] <= truth && truth <= self.ci95[1]
    }

    /// Standard error over value.
    pub fn relative_error(&self) -> f64 {
        (self.std_error / self.value).abs()
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [low, high] = self.ci95;
        // A ratio has no unit to print.
        let (space, unit) = if self.unit == "1" { ("", "") } else { (" ", self.unit) };
        write!(
            f,
            "{} ± {}{space}{unit} (95 %: {} to {})",
            Digits(self.value),
            Digits(self.std_error),
            Digits(low),
            Digits(high)
        )
    }
}

/// A number with three significant digits, as people write it.
pub struct Digits(pub f64);

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let x = self.0;
        if x == 0.0 || !x.is_finite() {
            return write!(f, "{x}");
        }
        let exponent = x.abs().log10().floor() as i32;
        if (-3..4).contains(&exponent) {
            write!(f, "{x:.*}", usize::try_from(2 - exponent).unwrap_or(0))
        } else {
            write!(f, "{x:.2e}")
        }
    }
}

/// Why there is no number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refusal {
    /// The reason, in plain words.
    pub reason: String,
    /// How much longer the run would have to be at least, fs, where that can be said.
    pub more_time: Option<f64>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason)?;
        match self.more_time {
            Some(t) if t >= 1e6 => write!(f, "; at least {} ns more", Digits(t / 1e6)),
            Some(t) => write!(f, "; at least {} ps more", Digits(t / 1e3)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals() {
        let e = Estimate::normal(10.0, 1.0, 1e9, "Å", "test");
        assert!((e.ci95[0] - 8.04004).abs() < 1e-4 && e.holds(11.9) && !e.holds(12.0));
        // The mean of 10 squares of standard normal deviates: ν = 10.
        let e = Estimate::mean_square(1.0, (0.2_f64).sqrt(), 1e9, 1.0, "", "test");
        assert!((e.ci95[0] - 10.0 / 20.4832).abs() < 1e-4 && (e.ci95[1] - 10.0 / 3.24697).abs() < 1e-3);
        // Three counts in a time of ten, from Garwood's table: 0.619 to 8.77.
        let counts = Estimate::counted(0.3, 0.3 / 3.0_f64.sqrt(), 1e9, "", "test");
        assert!((counts.ci95[0] - 0.0619).abs() < 1e-4 && (counts.ci95[1] - 0.877).abs() < 1e-3);
        let turned = e.scaled(-2.0, "x");
        assert!(turned.ci95[0] < turned.ci95[1] && turned.value == -2.0);
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(Digits(0.001234).to_string(), "0.00123");
        assert_eq!(Digits(1234.5).to_string(), "1234");
        assert_eq!(Digits(60555.0).to_string(), "6.06e4");
        assert_eq!(Digits(1.234e-9).to_string(), "1.23e-9");
        let refusal = Refusal { reason: "not diffusive".into(), more_time: Some(2.5e6) };
        assert_eq!(refusal.to_string(), "not diffusive; at least 2.50 ns more");
    }
}
