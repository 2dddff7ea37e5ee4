//! Functions that fall smoothly from one to zero: cutoffs, and the cores they are made of.

use crate::error::{Error, Result};
use crate::lanes::{Lanes, Real, Vector, cos_sin_pi};
use std::f64::consts::PI;

/// A smooth descent on [0, 1]: one with zero slope at 0, zero with zero slope at 1.
///
/// `Poly1` to `Poly4` are the polynomials whose first one to four derivatives vanish at both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Core {
    /// ½ (1 + cos πx).
    Cosine,
    /// exp(1 − 1/(1 − x²)), all derivatives vanish at 1.
    Exponential,
    /// 1 + x² (2x − 3) = (1 − x)² (1 + 2x).
    Poly1,
    /// 1 + x³ (x (15 − 6x) − 10) = (1 − x)³ (1 + 3x + 6x²).
    Poly2,
    /// 1 + x⁴ (x (x (20x − 70) + 84) − 35) = (1 − x)⁴ (1 + 4x + 10x² + 20x³).
    Poly3,
    /// 1 + x⁵ (x (x (x (315 − 70x) − 540) + 420) − 126) = (1 − x)⁵ (1 + 5x + 15x² + 35x³ + 70x⁴).
    Poly4,
}

impl Core {
    /// Value and derivative at `x` in [0, 1]; what lies outside is not looked after.
    ///
    /// Every form is a product that has the zero at 1 as a factor, so that the value keeps its relative
    /// accuracy where it becomes small: a force divides by it.
    #[inline(always)]
    pub fn at<T: Real>(self, x: T) -> (T, T) {
        let c = T::of;
        let y = T::ONE - x;
        match self {
            Self::Cosine => {
                // ½ (1 + cos πx) = cos² πx/2.
                let (cos, sin) = (c(0.5) * x).cos_sin_pi();
                (cos * cos, c(-PI) * cos * sin)
            }
            Self::Exponential => {
                // Near 1 the value is below every number by then; the bound keeps 1/z² finite.
                let z = T::ONE / ((T::ONE + x) * y).max(c(1e-3));
                let value = (T::ONE - z).exp();
                (value, c(-2.0) * x * z * z * value)
            }
            Self::Poly1 => {
                let y2 = y * y;
                (y2 * (T::ONE + c(2.0) * x), c(-6.0) * x * y)
            }
            Self::Poly2 => {
                let y2 = y * y;
                (y2 * y * (T::ONE + x * (c(3.0) + c(6.0) * x)), c(-30.0) * (x * x) * y2)
            }
            Self::Poly3 => {
                let y2 = y * y;
                let value = y2 * y2 * (T::ONE + x * (c(4.0) + x * (c(10.0) + c(20.0) * x)));
                (value, c(-140.0) * (x * x * x) * (y2 * y))
            }
            Self::Poly4 => {
                let (x2, y2) = (x * x, y * y);
                let rest = T::ONE + x * (c(5.0) + x * (c(15.0) + x * (c(35.0) + c(70.0) * x)));
                (y2 * y2 * y * rest, c(-630.0) * (x2 * x2) * (y2 * y2))
            }
        }
    }
}

/// The shape of a cutoff function, in the numbering of n2p2 and RuNNer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CutoffShape {
    /// 0: one everywhere inside, a step at the cutoff.
    Hard,
    /// 1: ½ (1 + cos πx).
    Cosine,
    /// 2: tanh³(1 − r/r_c).
    Tanh,
    /// 3: tanh³(1 − r/r_c)/tanh³(1).
    TanhNormalized,
    /// 4: exp(1 − 1/(1 − x²)).
    Exponential,
    /// 5: polynomial with one vanishing derivative at both ends.
    Poly1,
    /// 6: polynomial with two vanishing derivatives.
    Poly2,
    /// 7: polynomial with three vanishing derivatives.
    Poly3,
    /// 8: polynomial with four vanishing derivatives.
    Poly4,
}

impl CutoffShape {
    /// All shapes, each at its number.
    pub const ALL: [Self; 9] = [
        Self::Hard,
        Self::Cosine,
        Self::Tanh,
        Self::TanhNormalized,
        Self::Exponential,
        Self::Poly1,
        Self::Poly2,
        Self::Poly3,
        Self::Poly4,
    ];

    /// The number n2p2 gives to this shape (`cutoff_type`).
    pub fn number(self) -> usize {
        self as usize
    }

    /// The core between the inner and the outer radius, where the shape is made of one.
    fn core(self) -> Option<Core> {
        match self {
            Self::Hard | Self::Tanh | Self::TanhNormalized => None,
            Self::Cosine => Some(Core::Cosine),
            Self::Exponential => Some(Core::Exponential),
            Self::Poly1 => Some(Core::Poly1),
            Self::Poly2 => Some(Core::Poly2),
            Self::Poly3 => Some(Core::Poly3),
            Self::Poly4 => Some(Core::Poly4),
        }
    }
}

/// A cutoff function f_c(r): 1 up to the inner radius α r_c, then its shape in
/// x = (r − α r_c)/(r_c − α r_c), and 0 from r_c on.
///
/// The inner radius is ignored by the shapes 0, 2 and 3, as in n2p2.
///
/// ```
/// use mlmd::descriptors::{Cutoff, CutoffShape};
/// let cosine = Cutoff::new(CutoffShape::Cosine, 6.0, 0.0).unwrap();
/// assert!((cosine.at(0.0_f64).0 - 1.0).abs() < 1e-15);
/// assert!((cosine.at(3.0_f64).0 - 0.5).abs() < 1e-15);
/// assert_eq!(cosine.at(6.0), (0.0, 0.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, serde::Serialize, serde::Deserialize)]
pub struct Cutoff {
    /// Its shape.
    pub shape: CutoffShape,
    /// r_c, Å.
    pub radius: f64,
    /// α, the inner radius as a part of r_c, in [0, 1).
    pub inner: f64,
}

impl Cutoff {
    /// A cutoff of this shape, radius (Å) and relative inner radius.
    pub fn new(shape: CutoffShape, radius: f64, inner: f64) -> Result<Self> {
        let cutoff = Self { shape, radius, inner };
        cutoff.check()?;
        Ok(cutoff)
    }

    /// Are the numbers such that there is such a function?
    pub fn check(&self) -> Result<()> {
        if !(self.radius > 0.0 && self.radius.is_finite()) {
            return Err(Error::invalid(format!("a cutoff radius must be positive, not {}", self.radius)));
        }
        if !(0.0..1.0).contains(&self.inner) {
            return Err(Error::invalid(format!(
                "the inner cutoff is a part of the cutoff in [0, 1), not {}",
                self.inner
            )));
        }
        Ok(())
    }

    /// f_c(r) and df_c/dr for r ≥ 0.
    #[inline(always)]
    pub fn at<T: Real>(&self, r: T) -> (T, T) {
        let radius = T::of(self.radius);
        let (value, slope) = if let Some(core) = self.shape.core() {
            let start = self.inner * self.radius;
            let scale = T::of(1.0 / (self.radius - start));
            let x = ((r - T::of(start)) * scale).max(T::ZERO).min(T::ONE);
            let (value, slope) = core.at(x);
            (value, slope * scale)
        } else if self.shape == CutoffShape::Hard {
            (T::ONE, T::ZERO)
        } else {
            let norm = if self.shape == CutoffShape::Tanh { 1.0 } else { 1.0_f64.tanh().powi(-3) };
            let scale = 1.0 / self.radius;
            let t = (T::ONE - r * T::of(scale)).max(T::ZERO).tanh();
            let t2 = t * t;
            (T::of(norm) * t2 * t, T::of(-3.0 * norm * scale) * t2 * (T::ONE - t2))
        };
        if r < radius { (value, slope) } else { (T::ZERO, T::ZERO) }
    }

    /// As [`Cutoff::map`], for slices of whole vectors within a kernel.
    #[inline(always)]
    pub fn map_vectors<T: Real, L: Lanes<T>>(
        &self,
        lanes: L,
        distances: &[T],
        values: &mut [T],
        slopes: &mut [T],
    ) {
        if self.shape != CutoffShape::Cosine {
            // The others are a few products, which the compiler makes as good vector code of.
            return self.map(distances, values, slopes);
        }
        let start = self.inner * self.radius;
        let scale = 1.0 / (self.radius - start);
        let (zero, half) = (lanes.splat(T::ZERO), lanes.of(0.5));
        let (shift, half_scale, steep) = (lanes.of(start), lanes.of(0.5 * scale), lanes.of(-PI * scale));
        let (values, slopes) = (lanes.view_mut(values), lanes.view_mut(slopes));
        for ((r, value), slope) in lanes.view(distances).iter().zip(values).zip(slopes) {
            // ½ (1 + cos πx) = cos² πx/2. At the radius and beyond the cosine is that of π/2: zero.
            let x = ((lanes.read(*r) - shift) * half_scale).max(zero).min(half);
            let [cos, sin] = cos_sin_pi(lanes, x);
            *value = lanes.stored(cos * cos);
            *slope = lanes.stored(steep * cos * sin);
        }
    }

    /// f_c and df_c/dr of many distances; the three slices have one length. Vector code.
    #[inline(always)]
    pub fn map<T: Real>(&self, distances: &[T], values: &mut [T], slopes: &mut [T]) {
        // The shape is a constant inside each arm, so that each loop is straight code.
        macro_rules! each {
            ($($shape:ident),*) => {
                match self.shape {
                    $(CutoffShape::$shape => {
                        let cutoff = Self { shape: CutoffShape::$shape, ..*self };
                        for ((r, value), slope) in distances.iter().zip(values).zip(slopes) {
                            (*value, *slope) = cutoff.at(*r);
                        }
                    })*
                }
            };
        }
        each!(Hard, Cosine, Tanh, TanhNormalized, Exponential, Poly1, Poly2, Poly3, Poly4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = Cutoff> {
        CutoffShape::ALL.into_iter().flat_map(|shape| {
            [0.0, 0.3, 0.9].map(|inner| Cutoff::new(shape, 5.2, inner).expect("a valid cutoff"))
        })
    }

    /// The definitions as they are written down, in double precision with the library's functions.
    fn definition(cutoff: &Cutoff, r: f64) -> f64 {
        let start = cutoff.inner * cutoff.radius;
        let x = (r - start) / (cutoff.radius - start);
        let t = (1.0 - r / cutoff.radius).tanh().powi(3);
        match cutoff.shape {
            _ if r >= cutoff.radius => 0.0,
            CutoffShape::Hard => 1.0,
            CutoffShape::Tanh => t,
            CutoffShape::TanhNormalized => t / 1.0_f64.tanh().powi(3),
            _ if r < start => 1.0,
            CutoffShape::Cosine => 0.5 * ((std::f64::consts::PI * x).cos() + 1.0),
            CutoffShape::Exponential => (1.0 - 1.0 / (1.0 - x * x)).exp(),
            CutoffShape::Poly1 => ((2.0 * x - 3.0) * x).mul_add(x, 1.0),
            CutoffShape::Poly2 => ((15.0 - 6.0 * x) * x - 10.0) * x.powi(3) + 1.0,
            CutoffShape::Poly3 => (x * (x * (20.0 * x - 70.0) + 84.0) - 35.0) * x.powi(4) + 1.0,
            CutoffShape::Poly4 => {
                (x * (x * ((315.0 - 70.0 * x) * x - 540.0) + 420.0) - 126.0) * x.powi(5) + 1.0
            }
        }
    }

    #[test]
    fn every_shape_is_its_definition() {
        for cutoff in all() {
            for i in 0..=600 {
                let r = f64::from(i) * 0.01;
                let exact = definition(&cutoff, r);
                // Sums of terms up to 540 of either sign make up the polynomials as they are defined.
                assert!((cutoff.at(r).0 - exact).abs() < 3e-13, "{cutoff:?} at {r}");
                // Steepest is the exponential with inner radius 0.9: 4 per Å, and r is off by 3e-7.
                let single = f64::from(cutoff.at(r as f32).0);
                assert!((single - exact).abs() < 3e-6, "{cutoff:?} at {r} in f32");
            }
        }
    }

    #[test]
    fn slopes_are_derivatives() {
        // Central differences: h² f‴/6 + ε f/h, with f‴ up to 10⁵ for the steepest inner radius 0.9.
        let h = 1e-6;
        for cutoff in all() {
            for i in 1..=599 {
                let r = f64::from(i) * 0.01 + 0.003;
                if cutoff.shape == CutoffShape::Hard && (r - cutoff.radius).abs() < 2.0 * h {
                    continue;
                }
                let difference = (cutoff.at(r + h).0 - cutoff.at(r - h).0) / (2.0 * h);
                assert!((cutoff.at(r).1 - difference).abs() < 1e-6, "{cutoff:?} at {r}");
            }
        }
    }

    #[test]
    fn all_but_the_hard_one_end_continuously() {
        for cutoff in all().filter(|c| c.shape != CutoffShape::Hard) {
            let edge = cutoff.radius;
            let below = edge * (1.0 - 1e-9);
            let (value, slope) = cutoff.at(below);
            assert!(value.abs() < 1e-13 && slope.abs() < 1e-4, "{cutoff:?}: {value} {slope}");
            assert_eq!(cutoff.at(edge), (0.0, 0.0));
            assert_eq!(cutoff.at(2.0 * edge), (0.0, 0.0));
            assert_eq!(cutoff.at(edge as f32 * 1.001), (0.0, 0.0));
        }
    }

    #[test]
    fn small_values_keep_their_digits() {
        // Near the cutoff f′/f of a core with the zero (1 − x)ⁿ is −n/(r_c − r) to first order.
        let orders = [(CutoffShape::Cosine, 2.0), (CutoffShape::Poly1, 2.0), (CutoffShape::Poly2, 3.0)];
        for (shape, order) in orders {
            let cutoff = Cutoff::new(shape, 4.0, 0.0).unwrap();
            let gap = 0.25_f32.powi(6);
            let (value, slope) = cutoff.at(4.0 - gap);
            let expected = -order / f64::from(gap);
            assert!((f64::from(slope / value) / expected - 1.0).abs() < 1e-3, "{shape:?}");
        }
    }

    #[test]
    fn many_distances_are_as_one() {
        let distances: Vec<f64> = (0..97).map(|i| f64::from(i) * 0.06).collect();
        for cutoff in all() {
            let (mut values, mut slopes) = (vec![0.0; 97], vec![0.0; 97]);
            cutoff.map(&distances, &mut values, &mut slopes);
            for (i, r) in distances.iter().enumerate() {
                assert_eq!((values[i], slopes[i]), cutoff.at(*r));
            }
        }
    }

    #[test]
    fn impossible_cutoffs_are_refused() {
        for (radius, inner) in
            [(0.0, 0.0), (-1.0, 0.0), (f64::NAN, 0.0), (5.0, 1.0), (5.0, -0.1), (5.0, f64::NAN)]
        {
            assert!(Cutoff::new(CutoffShape::Cosine, radius, inner).is_err(), "{radius} {inner}");
        }
    }
}
