//! The angular factors of many triplets.

use super::envelope::compact;
use super::{Angle, CompactCore};
use crate::lanes::Real;
use multiversion::multiversion;

/// An angular factor without its norm, as a function of cos θ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum AngleFactor {
    /// (1 + λ cos θ)^ζ with an integer ζ.
    Integer { lambda: f64, zeta: u32 },
    /// (1 + λ cos θ)^ζ with any ζ.
    Real { lambda: f64, zeta: f64 },
    /// C(θ) on (left, right), radians.
    Window { left: f64, right: f64, core: CompactCore },
}

impl AngleFactor {
    /// The factor of an angular function, and the norm taken out of it.
    pub(super) fn of(angle: &Angle) -> (Self, f64) {
        match *angle {
            Angle::Power { lambda, zeta } => {
                let integer = zeta.fract() == 0.0 && zeta <= 1e6;
                let factor = if integer {
                    Self::Integer { lambda, zeta: zeta as u32 }
                } else {
                    Self::Real { lambda, zeta }
                };
                (factor, (1.0 - zeta).exp2())
            }
            Angle::Window { left, right, core } => {
                let core = CompactCore { core, asymmetric: false };
                (Self::Window { left: left.to_radians(), right: right.to_radians(), core }, 1.0)
            }
        }
    }
}

/// A and dA/d cos θ, both times `weights`, for many cos θ.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn evaluate<T: Real>(
    factor: &AngleFactor,
    cos: &[T],
    weights: &[T],
    values: &mut [T],
    slopes: &mut [T],
) {
    match *factor {
        AngleFactor::Integer { lambda, zeta } => {
            // With the exponent known, a power is a handful of products.
            macro_rules! known {
                ($($zeta:literal),*) => {
                    match zeta {
                        $($zeta => power(lambda, $zeta, |q| q.powu($zeta - 1), cos, weights, values, slopes),)*
                        _ => power(lambda, zeta, |q| q.powu(zeta - 1), cos, weights, values, slopes),
                    }
                };
            }
            known!(1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 32, 64);
        }
        AngleFactor::Real { lambda, zeta } => {
            let rest = T::of(zeta - 1.0);
            // A vanishing base with an exponent below one: the slope has no bound, the function is zero.
            let raise = |q: T| if q > T::ZERO { q.powf(rest) } else { T::ZERO };
            power(lambda, zeta, raise, cos, weights, values, slopes);
        }
        AngleFactor::Window { left, right, core } => window(left, right, core, cos, weights, values, slopes),
    }
}

/// (1 + λ cos θ)^ζ; `raise` gives the power ζ − 1.
#[inline(always)]
fn power<T: Real>(
    lambda: f64,
    zeta: impl Into<f64>,
    raise: impl Fn(T) -> T,
    cos: &[T],
    weights: &[T],
    values: &mut [T],
    slopes: &mut [T],
) {
    let (slope, lambda) = (T::of(lambda * zeta.into()), T::of(lambda));
    for (((cos, weight), value), derivative) in cos.iter().zip(weights).zip(values).zip(slopes) {
        let q = (T::ONE + lambda * *cos).max(T::ZERO);
        let p = raise(q) * *weight;
        *value = p * q;
        *derivative = slope * p;
    }
}

/// C(θ) and its derivative by cos θ.
#[inline(always)]
fn window<T: Real>(
    left: f64,
    right: f64,
    core: CompactCore,
    cos: &[T],
    weights: &[T],
    values: &mut [T],
    slopes: &mut [T],
) {
    const CHUNK: usize = 64;
    let mut theta = [T::ZERO; CHUNK];
    // dθ/d cos θ = −1/sin θ. Where the sine vanishes C is flat: no force follows, whatever stands here.
    let least = T::of(0.1) * T::EPSILON.sqrt();
    let chunks = cos.chunks(CHUNK).zip(weights.chunks(CHUNK));
    for ((cos, weights), (values, slopes)) in
        chunks.zip(values.chunks_mut(CHUNK).zip(slopes.chunks_mut(CHUNK)))
    {
        let theta = &mut theta[..cos.len()];
        for (theta, cos) in theta.iter_mut().zip(cos) {
            *theta = cos.max(-T::ONE).min(T::ONE).acos();
        }
        compact(left, right, core, theta, values, slopes);
        for (((cos, weight), value), slope) in cos.iter().zip(weights).zip(values).zip(slopes) {
            let sin = ((T::ONE + *cos) * (T::ONE - *cos)).max(T::ZERO).sqrt().max(least);
            *value *= *weight;
            *slope = -*slope * *weight / sin;
        }
    }
}
