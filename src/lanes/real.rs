//! The trait over `f32` and `f64`, with branch-free elementary functions.

use super::simd::{self, Kernel};
use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

/// A real number of single or double precision.
pub trait Real:
    Copy
    + Debug
    + Default
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + Sum
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The distance from 1 to the next larger number.
    const EPSILON: Self;
    /// How many powers of y² the series of cos πy and sin πy need for this precision.
    const TRIGONOMETRIC: usize;

    /// Rounds from double precision.
    fn of(value: f64) -> Self;

    /// Widens to double precision.
    fn to_f64(self) -> f64;

    /// The square root, correctly rounded.
    fn sqrt(self) -> Self;

    /// |x|.
    fn abs(self) -> Self;

    /// The larger of two numbers (no promise about NaN).
    fn max(self, other: Self) -> Self;

    /// The smaller of two numbers (no promise about NaN).
    fn min(self, other: Self) -> Self;

    /// eˣ to 2 units in the last place; arguments beyond the range of normal numbers are clamped.
    fn exp(self) -> Self;

    /// (cos πx, sin πx) for x in [0, 1], to 2 units in the last place of 1.
    fn cos_sin_pi(self) -> (Self, Self);

    /// The nearest integer, halves to even; for |x| below 2²² (2⁵¹ in double precision).
    fn round(self) -> Self;

    /// (cos x, sin x), to 2 units in the last place of max(1, |x|).
    #[inline(always)]
    fn cos_sin(self) -> (Self, Self) {
        // x/π is brought to (−1, 1] by a multiple of 2; the sign of the sine is that of the remainder.
        let turns = self * Self::of(std::f64::consts::FRAC_1_PI);
        let remainder = turns - Self::of(2.0) * (turns * Self::of(0.5)).round();
        let (c, s) = remainder.abs().cos_sin_pi();
        (c, if remainder < Self::ZERO { -s } else { s })
    }

    /// tanh x to 2 units in the last place of 1.
    #[inline(always)]
    fn tanh(self) -> Self {
        // Beyond ±20 (±10 in single precision) the exponential would be lost in rounding anyway.
        let x = self.max(Self::of(-20.0)).min(Self::of(20.0));
        let e = (x + x).exp();
        (e - Self::ONE) / (e + Self::ONE)
    }

    /// arccos x for x in [−1, 1], to 2 units in the last place of π, and near x = 1 of the result.
    #[inline(always)]
    fn acos(self) -> Self {
        // asin s = s·p(s²) for s ≤ 1/2; beyond, acos a = 2 asin √((1 − a)/2).
        let a = self.abs();
        let (half, beyond) = (Self::of(0.5), a > Self::of(0.5));
        let z = if beyond { half * (Self::ONE - a) } else { a * a };
        let s = if beyond { z.sqrt() } else { a };
        let mut p = Self::of(ASIN[0]);
        for c in &ASIN[1..] {
            p = p * z + Self::of(*c);
        }
        let asin = s * p;
        let acos = if beyond { asin + asin } else { Self::of(std::f64::consts::FRAC_PI_2) - asin };
        if self < Self::ZERO { Self::of(std::f64::consts::PI) - acos } else { acos }
    }

    /// 1/(1 + e⁻ˣ).
    #[inline(always)]
    fn logistic(self) -> Self {
        Self::ONE / (Self::ONE + (-self).exp())
    }

    /// ln(1 + eˣ), accurate for arguments of any size, and its derivative 1/(1 + e⁻ˣ).
    #[inline(always)]
    fn softplus(self) -> (Self, Self) {
        // ln(1 + z) = 2 artanh s with s = z/(2 + z) and z = e^−|x| in (0, 1], so that s ≤ 1/3.
        let z = (-self.abs()).exp();
        let s = z / (Self::of(2.0) + z);
        let s2 = s * s;
        let mut p = Self::of(ARTANH[0]);
        for c in &ARTANH[1..] {
            p = p * s2 + Self::of(*c);
        }
        let part = Self::ONE / (Self::ONE + z);
        let slope = if self < Self::ZERO { z * part } else { part };
        (self.max(Self::ZERO) + (s + s) * p, slope)
    }

    /// xⁿ for a non-negative integer n, by repeated squaring.
    #[inline(always)]
    fn powu(self, n: u32) -> Self {
        let (mut base, mut n, mut result) = (self, n, Self::ONE);
        while n > 0 {
            if n & 1 == 1 {
                result *= base;
            }
            base *= base;
            n >>= 1;
        }
        result
    }

    /// xʸ for any real exponent, by the library (not vectorised).
    fn powf(self, exponent: Self) -> Self;

    /// Is it neither infinite nor NaN?
    fn is_finite(self) -> bool;

    /// Runs a kernel with the best vector instructions of this machine.
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output;
}

/// arcsin(√z)/√z for z in [0, 1/4] in falling powers of z: the Chebyshev interpolant, off by 1e-18.
const ASIN: [f64; 14] = [
    0.03257934796692842,
    -0.02093065831518245,
    0.02166805886905636,
    0.0037180577483250537,
    0.010778675120995992,
    0.011398850408440755,
    0.01398088299217101,
    0.017351600625343435,
    0.022372216106072148,
    0.030381942642327187,
    0.04464285717686322,
    0.07499999999966611,
    0.16666666666666796,
    1.0,
];

/// artanh(√z)/√z for z in [0, 1/9] in falling powers of z: the Chebyshev interpolant, off by 2e-18.
const ARTANH: [f64; 11] = [
    0.08522081781390699,
    0.0416225325593041,
    0.06055084364034609,
    0.06650187016337313,
    0.07693307021152004,
    0.09090870416252403,
    0.11111112040373837,
    0.14285714272727057,
    0.20000000000092874,
    0.33333333333333076,
    1.0,
];

/// Coefficients of cos πy and sin πy in powers of y² (Taylor series about 0, enough terms for |y| ≤ 1/2).
pub(super) const COS_PI: [f64; 11] = [
    1.0,
    -4.934802200544679,
    4.0587121264167685,
    -1.3352627688545895,
    0.2353306303588932,
    -0.02580689139001406,
    0.0019295743094039231,
    -0.0001046381049248457,
    4.303069587032947e-6,
    -1.3878952462213771e-7,
    3.604730797462501e-9,
];
pub(super) const SIN_PI: [f64; 11] = [
    std::f64::consts::PI,
    -5.16771278004997,
    2.5501640398773455,
    -0.5992645293207921,
    0.08214588661112823,
    -0.0073704309457143504,
    0.00046630280576761255,
    -2.1915353447830217e-5,
    7.952054001475513e-7,
    -2.2948428997269873e-8,
    5.392664662608129e-10,
];

/// Implements [`Real`]; `$magic` is 1.5·2^(mantissa bits): adding it rounds to an integer that then
/// stands in the low bits of the representation.
macro_rules! implement {
    ($real:ident, $dispatch:ident, $mantissa:literal, $magic:expr, $least:expr, $most:expr, $ln2_high:expr, $ln2_low:expr, $tail:ident, $terms:expr) => {
        impl Real for $real {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const EPSILON: Self = $real::EPSILON;
            const TRIGONOMETRIC: usize = $terms;

            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $real
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn sqrt(self) -> Self {
                $real::sqrt(self)
            }

            #[inline(always)]
            fn abs(self) -> Self {
                $real::abs(self)
            }

            #[inline(always)]
            fn max(self, other: Self) -> Self {
                if self > other { self } else { other }
            }

            #[inline(always)]
            fn min(self, other: Self) -> Self {
                if self < other { self } else { other }
            }

            #[inline(always)]
            fn exp(self) -> Self {
                // eˣ = 2ᵏ e^r with k = round(x/ln 2), |r| ≤ ln 2/2; ln 2 in two parts keeps r exact.
                let x = Real::min(Real::max(self, $least), $most);
                let shifted = x * std::$real::consts::LOG2_E + $magic;
                let k = shifted - $magic;
                let r = x - k * $ln2_high - k * $ln2_low;
                // e^r = 1 + (r + r²·(1/2! + r/3! + …)), the tail in pairs (Estrin): one long chain of
                // operations, each waiting for the last, would leave the processor waiting.
                let u = r * r;
                let p = 1.0 + (r + u * $tail(r, u));
                $real::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << $mantissa))
            }

            #[inline(always)]
            fn cos_sin_pi(self) -> (Self, Self) {
                // With y = x − 1/2: cos πx = −sin πy, sin πx = cos πy.
                let y = self - 0.5;
                let u = y * y;
                let (mut c, mut s) = (COS_PI[$terms] as $real, SIN_PI[$terms] as $real);
                for k in (0..$terms).rev() {
                    c = c * u + COS_PI[k] as $real;
                    s = s * u + SIN_PI[k] as $real;
                }
                (-(s * y), c)
            }

            #[inline(always)]
            fn round(self) -> Self {
                (self + $magic) - $magic
            }

            #[inline(always)]
            fn powf(self, exponent: Self) -> Self {
                $real::powf(self, exponent)
            }

            #[inline(always)]
            fn is_finite(self) -> bool {
                $real::is_finite(self)
            }

            fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
                simd::$dispatch(kernel)
            }
        }
    };
}

/// (e^r − 1 − r)/r² for |r| ≤ ln 2/2, given u = r²; terms up to r¹³/13!.
#[inline(always)]
fn exp_tail_double(r: f64, u: f64) -> f64 {
    let a = 0.5 + r * (1.0 / 6.0);
    let b = 1.0 / 24.0 + r * (1.0 / 120.0);
    let c = 1.0 / 720.0 + r * (1.0 / 5_040.0);
    let d = 1.0 / 40_320.0 + r * (1.0 / 362_880.0);
    let e = 1.0 / 3_628_800.0 + r * (1.0 / 39_916_800.0);
    let f = 1.0 / 479_001_600.0 + r * (1.0 / 6_227_020_800.0);
    let v = u * u;
    (a + u * b) + v * ((c + u * d) + v * (e + u * f))
}

/// The same for single precision; terms up to r⁷/7!.
#[inline(always)]
fn exp_tail_single(r: f32, u: f32) -> f32 {
    let a = 0.5 + r * (1.0 / 6.0);
    let b = 1.0 / 24.0 + r * (1.0 / 120.0);
    let c = 1.0 / 720.0 + r * (1.0 / 5_040.0);
    a + u * (b + u * c)
}

implement!(
    f64,
    dispatch_double,
    52,
    6_755_399_441_055_744.0,
    -708.0,
    709.0,
    0.693_147_180_369_123_8,
    1.908_214_929_270_587_7e-10,
    exp_tail_double,
    10
);
implement!(
    f32,
    dispatch_single,
    23,
    12_582_912.0,
    -87.0,
    88.0,
    0.693_359_4,
    -2.121_944_4e-4,
    exp_tail_single,
    6
);

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(from: f64, to: f64) -> impl Iterator<Item = f64> {
        (0..=20_000).map(move |i| from + (to - from) * f64::from(i) / 20_000.0)
    }

    #[test]
    fn exp_is_accurate_over_its_whole_range() {
        for x in grid(-700.0, 700.0).chain(grid(-2.0, 2.0)) {
            assert!((Real::exp(x) / x.exp() - 1.0).abs() < 4.0 * f64::EPSILON, "{x}");
        }
        for x in grid(-85.0, 85.0).chain(grid(-2.0, 2.0)) {
            let x = x as f32;
            assert!((Real::exp(x) / x.exp() - 1.0).abs() < 4.0 * f32::EPSILON, "{x}");
        }
        assert_eq!(Real::exp(0.0_f64), 1.0);
        assert!(Real::exp(-1e30_f64) < 1e-300 && Real::exp(1e30_f64).is_finite());
    }

    #[test]
    fn trigonometric_functions_are_accurate_on_the_unit_interval() {
        for x in grid(0.0, 1.0) {
            let (c, s) = x.cos_sin_pi();
            let (sin, cos) = (std::f64::consts::PI * x).sin_cos();
            assert!((c - cos).abs() < 4.0 * f64::EPSILON && (s - sin).abs() < 4.0 * f64::EPSILON, "{x}");
            let (c, s) = (x as f32).cos_sin_pi();
            assert!((f64::from(c) - cos).abs() < 4e-7 && (f64::from(s) - sin).abs() < 4e-7, "{x}");
        }
        assert_eq!(0.5_f64.cos_sin_pi(), (-0.0, 1.0));
    }

    #[test]
    fn trigonometric_functions_of_any_angle() {
        for x in grid(-50.0, 50.0) {
            let ((c, s), bound) = (x.cos_sin(), 4.0 * f64::EPSILON * x.abs().max(1.0));
            assert!((c - x.cos()).abs() < bound && (s - x.sin()).abs() < bound, "{x}");
            let x = x as f32;
            let ((c, s), bound) = (x.cos_sin(), 4.0 * f32::EPSILON * x.abs().max(1.0));
            assert!((c - x.cos()).abs() < bound && (s - x.sin()).abs() < bound, "{x}");
        }
    }

    #[test]
    fn arccosine_is_accurate() {
        for x in grid(-1.0, 1.0).chain(grid(0.999, 1.0)) {
            // That of the system and ours are off by two units in the last place of π at most.
            assert!((Real::acos(x) - f64::acos(x)).abs() < 8.0 * f64::EPSILON, "{x}");
            let y = x as f32;
            assert!((f64::from(Real::acos(y)) - f64::from(y).acos()).abs() < 5e-7, "{x}");
        }
        let near = 1.0 - 1e-12_f64;
        assert!((Real::acos(near) / near.acos() - 1.0).abs() < 4.0 * f64::EPSILON);
    }

    #[test]
    fn sigmoids_are_accurate() {
        for x in grid(-40.0, 40.0).chain(grid(-1.0, 1.0)) {
            assert!((Real::tanh(x) - x.tanh()).abs() < 4.0 * f64::EPSILON, "{x}");
            let softplus = x.max(0.0) + (-x.abs()).exp().ln_1p();
            let (value, slope) = x.softplus();
            assert!((value - softplus).abs() < 4.0 * f64::EPSILON * softplus.max(1e-15), "{x}");
            assert!((slope - x.logistic()).abs() < 4.0 * f64::EPSILON);
            assert!((x.logistic() - 1.0 / (1.0 + (-x).exp())).abs() < 4.0 * f64::EPSILON);
            let y = x as f32;
            assert!((f64::from(Real::tanh(y)) - f64::from(y).tanh()).abs() < 3e-7, "{x}");
        }
    }

    #[test]
    fn integer_powers() {
        assert_eq!(2.0_f64.powu(10), 1024.0);
        assert_eq!(3.0_f32.powu(0), 1.0);
        assert_eq!((-1.5_f64).powu(3), -3.375);
    }
}
