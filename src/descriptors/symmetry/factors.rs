//! The factors of a symmetry function: of a distance, and of an angle.

use crate::descriptors::{Core, Cutoff};
use crate::error::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// The radial factor ρ(r) of a symmetry function.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Radial {
    /// exp(−η (r − r_s)²) f_c(r).
    Gaussian {
        /// η, Å⁻².
        eta: f64,
        /// r_s, Å.
        shift: f64,
        /// f_c.
        cutoff: Cutoff,
    },
    /// C(x) with x = |r − c|/w, zero outside (r_l, r_c), of which c is the middle and w half the width.
    Compact {
        /// r_l, Å; may be negative (−r_c centres the function at the atom).
        left: f64,
        /// r_c, Å.
        right: f64,
        /// C.
        core: CompactCore,
    },
}

/// The angular factor A(θ) of a symmetry function.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Angle {
    /// 2^(1−ζ) (1 + λ cos θ)^ζ, zero where 1 + λ cos θ ≤ 0.
    Power {
        /// λ, usually 1 or −1.
        lambda: f64,
        /// ζ > 0.
        zeta: f64,
    },
    /// C(x) with x = |θ − c|/w, zero outside (θ_l, θ_r), of which c is the middle and w half the width.
    Window {
        /// θ_l, degrees.
        left: f64,
        /// θ_r, degrees.
        right: f64,
        /// C.
        core: Core,
    },
}

/// The core of a compact radial factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct CompactCore {
    /// Its shape.
    pub core: Core,
    /// With (2 − x) x in the place of x: narrower, still flat at both ends.
    pub asymmetric: bool,
}

impl CompactCore {
    /// The names n2p2 gives to compact cores (`subtype`).
    const NAMES: [(&str, Core, bool); 9] = [
        ("e", Core::Exponential, false),
        ("p1", Core::Poly1, false),
        ("p1a", Core::Poly1, true),
        ("p2", Core::Poly2, false),
        ("p2a", Core::Poly2, true),
        ("p3", Core::Poly3, false),
        ("p3a", Core::Poly3, true),
        ("p4", Core::Poly4, false),
        ("p4a", Core::Poly4, true),
    ];

    /// All that n2p2 knows.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::NAMES.iter().map(|(_, core, asymmetric)| Self { core: *core, asymmetric: *asymmetric })
    }

    /// n2p2's name of it.
    pub fn name(self) -> Option<&'static str> {
        Self::NAMES
            .iter()
            .find(|entry| (entry.1, entry.2) == (self.core, self.asymmetric))
            .map(|entry| entry.0)
    }
}

impl FromStr for CompactCore {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::NAMES
            .iter()
            .find(|entry| entry.0 == name)
            .map(|(_, core, asymmetric)| Self { core: *core, asymmetric: *asymmetric })
            .ok_or_else(|| {
                let names = Self::NAMES.map(|entry| entry.0).join(", ");
                Error::invalid(format!("`{name}` is not a compact function; there are {names}"))
            })
    }
}

impl fmt::Display for CompactCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "{:?}{}", self.core, if self.asymmetric { "a" } else { "" }),
        }
    }
}

impl Radial {
    /// Where it becomes zero for good, Å.
    pub fn cutoff(&self) -> f64 {
        match self {
            Self::Gaussian { cutoff, .. } => cutoff.radius,
            Self::Compact { right, .. } => *right,
        }
    }

    /// The same function of a distance in another unit: every length is multiplied by `factor`.
    pub(super) fn with_lengths(self, factor: f64) -> Self {
        match self {
            Self::Gaussian { eta, shift, cutoff } => Self::Gaussian {
                eta: eta / (factor * factor),
                shift: shift * factor,
                cutoff: Cutoff { radius: cutoff.radius * factor, ..cutoff },
            },
            Self::Compact { left, right, core } => {
                Self::Compact { left: left * factor, right: right * factor, core }
            }
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Gaussian { eta, shift, cutoff } => {
                if !(*eta >= 0.0 && eta.is_finite()) {
                    return Err(Error::invalid(format!("eta must not be negative, but is {eta}")));
                }
                if !shift.is_finite() {
                    return Err(Error::invalid(format!(
                        "the shift of a Gaussian must be finite, not {shift}"
                    )));
                }
                cutoff.check()
            }
            Self::Compact { left, right, .. } => {
                if left.is_finite() && right.is_finite() && left < right && *right > 0.0 {
                    Ok(())
                } else {
                    Err(Error::invalid(format!("({left}, {right}) is not an interval of distances")))
                }
            }
        }
    }
}

impl Angle {
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Power { lambda, zeta } => {
                if !lambda.is_finite() {
                    return Err(Error::invalid(format!("lambda must be finite, not {lambda}")));
                }
                if !(*zeta > 0.0 && zeta.is_finite()) {
                    return Err(Error::invalid(format!("zeta must be positive, not {zeta}")));
                }
            }
            Self::Window { left, right, .. } => {
                if !(left.is_finite() && right.is_finite() && left < right) {
                    return Err(Error::invalid(format!("({left}, {right}) is not an interval of angles")));
                }
                let center = f64::midpoint(*left, *right);
                if (*left < 0.0 && center != 0.0) || (*right > 180.0 && center != 180.0) {
                    return Err(Error::invalid(format!(
                        "the angles ({left}, {right}) leave [0, 180] degrees and are not centred at 0 or 180"
                    )));
                }
                if right - left > 360.0 {
                    return Err(Error::invalid(format!(
                        "the angles ({left}, {right}) span more than 360 degrees"
                    )));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_cores_go_there_and_back() {
        for core in CompactCore::all() {
            assert_eq!(core.to_string().parse::<CompactCore>().unwrap(), core);
        }
        assert!("p5".parse::<CompactCore>().unwrap_err().to_string().contains("p4a"));
    }
}
