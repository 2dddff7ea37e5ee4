//! What a neuron does with the weighted sum of its inputs.

use crate::lanes::Real;

/// Activation functions of n2p2/RuNNer (letters) and aenet (numbers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activation {
    /// x. n2p2 `l`, aenet 0.
    Linear,
    /// tanh x. n2p2 `t`, aenet 1.
    Tanh,
    /// 1/(1 + e⁻ˣ). n2p2 `s`, aenet 2.
    Logistic,
    /// 1.7159 tanh(2x/3), LeCun's scaled tanh. aenet 3.
    ScaledTanh,
    /// 1.7159 tanh(2x/3) + 0.1 x. aenet 4.
    TwistedTanh,
    /// ln(1 + eˣ). n2p2 `p`.
    Softplus,
    /// max(x, 0), with derivative 0 at 0. n2p2 `r`.
    Relu,
    /// exp(−x²/2). n2p2 `g`.
    Gaussian,
    /// cos x. n2p2 `c`.
    Cosine,
    /// 1 − 1/(1 + e⁻ˣ). n2p2 `S`.
    ReverseLogistic,
    /// e⁻ˣ. n2p2 `e`.
    Exponential,
    /// x². n2p2 `h`.
    Harmonic,
}

/// Amplitude and slope of the scaled tanh, and the slope added by the twist, as aenet has them.
const SCALED: f64 = 1.7159;
const SLOPE: f64 = 2.0 / 3.0;
const TWIST: f64 = 0.1;

/// Name in native files, letter of n2p2, number of aenet.
const TABLE: [(Activation, &str, Option<char>, Option<u8>); 12] = [
    (Activation::Linear, "linear", Some('l'), Some(0)),
    (Activation::Tanh, "tanh", Some('t'), Some(1)),
    (Activation::Logistic, "logistic", Some('s'), Some(2)),
    (Activation::ScaledTanh, "scaled-tanh", None, Some(3)),
    (Activation::TwistedTanh, "twisted-tanh", None, Some(4)),
    (Activation::Softplus, "softplus", Some('p'), None),
    (Activation::Relu, "relu", Some('r'), None),
    (Activation::Gaussian, "gaussian", Some('g'), None),
    (Activation::Cosine, "cosine", Some('c'), None),
    (Activation::ReverseLogistic, "reverse-logistic", Some('S'), None),
    (Activation::Exponential, "exponential", Some('e'), None),
    (Activation::Harmonic, "harmonic", Some('h'), None),
];

impl Activation {
    /// Every activation function.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    /// The function with this name, as native files and input files have it.
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The function with this letter of n2p2.
    pub fn from_letter(letter: char) -> Option<Self> {
        TABLE.iter().find(|row| row.2 == Some(letter)).map(|row| row.0)
    }

    /// The function with this number of aenet.
    pub fn from_number(number: u8) -> Option<Self> {
        TABLE.iter().find(|row| row.3 == Some(number)).map(|row| row.0)
    }

    /// Its name in native files.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Its letter in n2p2, which does not know all of them.
    pub fn letter(self) -> Option<char> {
        self.row().2
    }

    /// Its number in aenet, which does not know all of them.
    pub fn number(self) -> Option<u8> {
        self.row().3
    }

    fn row(self) -> &'static (Self, &'static str, Option<char>, Option<u8>) {
        TABLE.iter().find(|row| row.0 == self).unwrap_or(&TABLE[0])
    }

    /// Value and derivative at `x`, by the functions of the standard library: the plain form that the
    /// fast one is tested against.
    pub fn at(self, x: f64) -> (f64, f64) {
        match self {
            Self::Linear => (x, 1.0),
            Self::Tanh => (x.tanh(), 1.0 - x.tanh().powi(2)),
            Self::Logistic => (logistic(x), logistic(x) * logistic(-x)),
            Self::ScaledTanh | Self::TwistedTanh => {
                let t = (SLOPE * x).tanh();
                let twist = if self == Self::TwistedTanh { TWIST } else { 0.0 };
                (SCALED * t + twist * x, SCALED * SLOPE * (1.0 - t * t) + twist)
            }
            Self::Softplus => (x.max(0.0) + (-x.abs()).exp().ln_1p(), logistic(x)),
            Self::Relu => (x.max(0.0), if x > 0.0 { 1.0 } else { 0.0 }),
            Self::Gaussian => {
                let y = (-0.5 * x * x).exp();
                (y, -x * y)
            }
            Self::Cosine => (x.cos(), -x.sin()),
            Self::ReverseLogistic => (logistic(-x), -logistic(x) * logistic(-x)),
            Self::Exponential => ((-x).exp(), -(-x).exp()),
            Self::Harmonic => (x * x, 2.0 * x),
        }
    }

    /// Replaces every x of `values` by the function's value and puts the derivatives into `slopes`; plain
    /// loops without branches, which become vector code where this is inlined.
    #[inline(always)]
    pub(crate) fn apply<T: Real>(self, values: &mut [T], slopes: &mut [T]) {
        let one = T::ONE;
        match self {
            Self::Linear => slopes.fill(one),
            Self::Tanh => each(values, slopes, |x| {
                let y = x.tanh();
                (y, one - y * y)
            }),
            Self::Logistic => each(values, slopes, |x| {
                let y = x.logistic();
                (y, y * (one - y))
            }),
            Self::ScaledTanh => each(values, slopes, |x| scaled_tanh(x, T::ZERO)),
            Self::TwistedTanh => each(values, slopes, |x| scaled_tanh(x, T::of(TWIST))),
            Self::Softplus => each(values, slopes, T::softplus),
            Self::Relu => {
                each(values, slopes, |x| (x.max(T::ZERO), if x > T::ZERO { one } else { T::ZERO }));
            }
            Self::Gaussian => each(values, slopes, |x| {
                let y = (T::of(-0.5) * x * x).exp();
                (y, -x * y)
            }),
            Self::Cosine => each(values, slopes, |x| {
                let (c, s) = x.cos_sin();
                (c, -s)
            }),
            Self::ReverseLogistic => each(values, slopes, |x| {
                let y = (-x).logistic();
                (y, y * (y - one))
            }),
            Self::Exponential => each(values, slopes, |x| {
                let y = (-x).exp();
                (y, -y)
            }),
            Self::Harmonic => each(values, slopes, |x| (x * x, x + x)),
        }
    }
}

#[inline(always)]
fn each<T: Real>(values: &mut [T], slopes: &mut [T], f: impl Fn(T) -> (T, T)) {
    for (value, slope) in values.iter_mut().zip(slopes) {
        (*value, *slope) = f(*value);
    }
}

#[inline(always)]
fn scaled_tanh<T: Real>(x: T, twist: T) -> (T, T) {
    let t = (T::of(SLOPE) * x).tanh();
    (T::of(SCALED) * t + twist * x, T::of(SCALED * SLOPE) * (T::ONE - t * t) + twist)
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_back() {
        for a in Activation::all() {
            assert_eq!(Activation::from_name(a.name()), Some(a));
            assert!(a.letter().is_none_or(|letter| Activation::from_letter(letter) == Some(a)));
            assert!(a.number().is_none_or(|number| Activation::from_number(number) == Some(a)));
        }
        assert_eq!(Activation::all().filter_map(Activation::letter).collect::<String>(), "ltsprgcSeh");
        assert_eq!(Activation::from_number(5), None);
    }

    /// The fast form is the plain form to a few units of the last place of what it is made of.
    #[test]
    fn vector_form_equals_plain_form() {
        let xs: Vec<f64> = (-3000..=3000).map(|i| f64::from(i) * 0.01).collect();
        for a in Activation::all() {
            let (mut values, mut slopes) = (xs.clone(), vec![0.0; xs.len()]);
            a.apply(&mut values, &mut slopes);
            let mut single: Vec<f32> = xs.iter().map(|&x| x as f32).collect();
            let mut single_slopes = vec![0.0; xs.len()];
            a.apply(&mut single, &mut single_slopes);
            for (i, &x) in xs.iter().enumerate() {
                let (value, slope) = a.at(x);
                let scale = 1.0_f64.max(value.abs()).max(slope.abs());
                assert!((values[i] - value).abs() <= 8.0 * f64::EPSILON * scale.max(x.abs()), "{a:?}({x})");
                assert!((slopes[i] - slope).abs() <= 8.0 * f64::EPSILON * scale.max(x.abs()), "{a:?}'({x})");
                let x = f64::from(x as f32);
                let (value, slope) = a.at(x);
                let bound = 8.0 * f64::from(f32::EPSILON) * scale * x.abs().max(1.0);
                assert!((f64::from(single[i]) - value).abs() <= bound, "{a:?}({x}) in f32");
                assert!((f64::from(single_slopes[i]) - slope).abs() <= bound, "{a:?}'({x}) in f32");
            }
        }
    }

    /// The derivative is that of the value: central differences with step h err by h²/6 f''' + ε/h.
    #[test]
    fn slopes_are_derivatives() {
        let h = 1e-5;
        for a in Activation::all() {
            for x in (-40..40).map(|i| f64::from(i) * 0.1 + 0.05) {
                let difference = (a.at(x + h).0 - a.at(x - h).0) / (2.0 * h);
                assert!((a.at(x).1 - difference).abs() < 1e-8 * difference.abs().max(1.0), "{a:?}'({x})");
            }
        }
    }
}
