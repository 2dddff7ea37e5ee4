//! What came out of a check.

use std::fmt;

/// Everything that was compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// One claim after the other.
    pub claims: Vec<Claim>,
}

impl Report {
    /// Did every claim hold?
    pub fn passed(&self) -> bool {
        self.claims.iter().all(Claim::holds)
    }
}

/// One thing a potential must obey.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// What is claimed.
    pub name: &'static str,
    /// Unit of the numbers that were compared.
    pub unit: &'static str,
    /// How many numbers were compared.
    pub comparisons: usize,
    /// How many of them say little, since the energy is not smooth there: a pair crosses an unsmoothed cutoff.
    pub rough: usize,
    /// The comparison that is worst in units of its tolerance.
    pub worst: Option<Deviation>,
}

/// A comparison of two numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Deviation {
    /// Where: an atom and an axis, a component.
    pub place: String,
    /// What the potential says.
    pub found: f64,
    /// What it should say.
    pub expected: f64,
    /// How far they may be apart for reasons of arithmetic.
    pub tolerance: f64,
}

impl Deviation {
    /// The difference in units of the tolerance; zero where there is none.
    pub fn ratio(&self) -> f64 {
        if self.found == self.expected {
            return 0.0;
        }
        (self.found - self.expected).abs() / self.tolerance
    }
}

impl Claim {
    pub(super) fn new(name: &'static str, unit: &'static str) -> Self {
        Self { name, unit, comparisons: 0, rough: 0, worst: None }
    }

    pub(super) fn compare(
        &mut self,
        place: impl FnOnce() -> String,
        found: f64,
        expected: f64,
        tolerance: f64,
    ) {
        self.comparisons += 1;
        let deviation = Deviation { place: String::new(), found, expected, tolerance };
        // What is not a number is worst of all.
        let worse = |worst: &Deviation| !(deviation.ratio() <= worst.ratio() || worst.ratio().is_nan());
        if self.worst.as_ref().is_none_or(worse) {
            self.worst = Some(Deviation { place: place(), ..deviation });
        }
    }

    /// Is every difference within its tolerance?
    pub fn holds(&self) -> bool {
        self.worst.as_ref().is_none_or(|worst| worst.ratio() <= 1.0)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for claim in &self.claims {
            writeln!(f, "{claim}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds() { "ok  " } else { "FAIL" };
        write!(f, "{verdict} {:<52}", self.name)?;
        match &self.worst {
            None => write!(f, " nothing to compare"),
            Some(worst) => {
                let difference = (worst.found - worst.expected).abs();
                let unit = self.unit;
                write!(f, " {:5} compared, off by {difference:.1e} {unit}", self.comparisons)?;
                write!(f, " where {:.1e} is arithmetic", worst.tolerance)?;
                if self.rough > 0 {
                    write!(f, "; the energy is not smooth at {} of them", self.rough)?;
                }
                if !self.holds() {
                    write!(
                        f,
                        "\n     {}: {:.12} instead of {:.12} {unit}",
                        worst.place, worst.found, worst.expected
                    )?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_comparison_decides() {
        let mut claim = Claim::new("x is y", "eV");
        assert!(claim.holds());
        claim.compare(|| "first".into(), 1.0, 1.1, 1.0);
        claim.compare(|| "second".into(), 1.0, 1.5, 1.0);
        claim.compare(|| "third".into(), 1.0, 1.2, 1.0);
        assert!(claim.holds());
        assert_eq!(claim.worst.as_ref().map(|w| w.place.as_str()), Some("second"));
        claim.compare(|| "no number".into(), f64::NAN, 1.0, 1.0);
        claim.compare(|| "far off".into(), 9.0, 1.0, 1.0);
        assert!(!claim.holds());
        assert_eq!(claim.worst.as_ref().map(|w| w.place.as_str()), Some("no number"));
        assert!(claim.to_string().contains("FAIL"));
    }
}
