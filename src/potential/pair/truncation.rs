//! How a pair interaction ends at its cutoff.

use crate::error::{Error, Result};

/// How the energy u(r) of a pair is brought to zero at its cutoff r_c.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Truncation {
    /// u(r) up to r_c, then nothing: the energy jumps, so dynamics does not conserve it.
    Cut,
    /// u(r) − u(r_c): the energy is continuous, the force jumps.
    #[default]
    Shifted,
    /// u(r) − u(r_c) − (r − r_c) u′(r_c): energy and force are continuous.
    ForceShifted,
    /// u(r) + C below `from`, u(r) + C + a t³/3 + b t⁴/4 with t = r − `from` above it, where a, b and C make
    /// energy, force and curvature vanish at r_c. The form of LAMMPS' `lj/gromacs` and `zbl`.
    Smooth {
        /// Where smoothing begins, Å.
        from: f64,
    },
}

/// An energy and its first two derivatives at some distance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Curve {
    pub(crate) value: f64,
    pub(crate) slope: f64,
    pub(crate) curvature: f64,
}

/// What a truncation adds to the energy of a pair inside its cutoff.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tail {
    square_cutoff: f64,
    constant: f64,
    linear: f64,
    from: f64,
    cubic: f64,
    quartic: f64,
}

impl Tail {
    /// The tail for a pair energy that is `end` at the cutoff.
    pub(crate) fn new(truncation: Truncation, cutoff: f64, end: Curve) -> Result<Self> {
        if !cutoff.is_finite() || cutoff <= 0.0 {
            return Err(Error::invalid(format!("a cutoff of {cutoff} angstrom is not a positive length")));
        }
        let mut tail = Self {
            square_cutoff: cutoff * cutoff,
            constant: 0.0,
            linear: 0.0,
            from: cutoff,
            cubic: 0.0,
            quartic: 0.0,
        };
        match truncation {
            Truncation::Cut => {}
            Truncation::Shifted => tail.constant = -end.value,
            Truncation::ForceShifted => {
                tail.linear = -end.slope;
                tail.constant = end.slope * cutoff - end.value;
            }
            Truncation::Smooth { from } => {
                let t = cutoff - from;
                if !(0.0..cutoff).contains(&from) {
                    return Err(Error::invalid(format!(
                        "smoothing from {from} angstrom on must begin between 0 and the cutoff of {cutoff} angstrom"
                    )));
                }
                tail.from = from;
                tail.cubic = (-3.0 * end.slope + t * end.curvature) / (t * t) / 3.0;
                tail.quartic = (2.0 * end.slope - t * end.curvature) / (t * t * t) / 4.0;
                tail.constant = -end.value + 0.5 * t * end.slope - t * t * end.curvature / 12.0;
            }
        }
        Ok(tail)
    }

    /// r_c².
    #[inline]
    pub(crate) fn square_cutoff(&self) -> f64 {
        self.square_cutoff
    }

    /// r_c, where smoothing begins, and the constant, the cubic and the quartic coefficient of it.
    #[cfg(feature = "gpu")]
    pub(crate) fn smoothing(&self) -> [f64; 5] {
        [self.square_cutoff.sqrt(), self.from, self.constant, self.cubic, self.quartic]
    }

    /// What is added to the energy and to its derivative at distance `r`.
    #[inline(always)]
    pub(crate) fn at(&self, r: f64) -> (f64, f64) {
        let t = (r - self.from).max(0.0);
        let t2 = t * t;
        (
            self.constant + self.linear * r + t2 * t * (self.cubic + self.quartic * t),
            self.linear + t2 * (3.0 * self.cubic + 4.0 * self.quartic * t),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// u = r⁻³ near r = 2: what is promised to vanish at the cutoff does.
    #[test]
    fn each_truncation_keeps_its_promise() {
        let u = |r: f64| Curve { value: r.powi(-3), slope: -3.0 * r.powi(-4), curvature: 12.0 * r.powi(-5) };
        let total = |truncation, r: f64| {
            let (value, slope) = Tail::new(truncation, 2.0, u(2.0)).unwrap().at(r);
            (u(r).value + value, u(r).slope + slope)
        };
        assert_eq!(total(Truncation::Cut, 2.0), (0.125, -0.1875));
        assert_eq!(total(Truncation::Shifted, 2.0), (0.0, -0.1875));
        let (value, slope) = total(Truncation::ForceShifted, 2.0);
        assert!(value.abs() < 1e-15 && slope.abs() < 1e-15);
        let smooth = Truncation::Smooth { from: 1.5 };
        let (value, slope) = total(smooth, 2.0);
        assert!(value.abs() < 1e-15 && slope.abs() < 1e-15);
        // The curvature vanishes too: the slope is of second order in the distance from the cutoff.
        let h = 1e-4;
        assert!(total(smooth, 2.0 - h).1.abs() < 100.0 * h * h);
        // Below `from` only a constant is added; there the slope is continuous.
        assert_eq!(total(smooth, 1.2).1, u(1.2).slope);
        assert!((total(smooth, 1.5 + 1e-9).1 - u(1.5).slope).abs() < 1e-7);
    }

    #[test]
    fn impossible_cutoffs_are_refused() {
        let end = Curve { value: 0.0, slope: 0.0, curvature: 0.0 };
        assert!(Tail::new(Truncation::Cut, 0.0, end).is_err());
        assert!(Tail::new(Truncation::Cut, f64::NAN, end).is_err());
        assert!(Tail::new(Truncation::Smooth { from: 2.0 }, 2.0, end).is_err());
        assert!(Tail::new(Truncation::Smooth { from: f64::NAN }, 2.0, end).is_err());
    }
}
