//! What confines a symmetry function in space: the cutoff function, or the compact function itself.

use super::shell::{Shell, round};
use super::{CompactCore, Radial};
use crate::descriptors::{Core, Cutoff};
use crate::lanes::{Buffer, Real};
use multiversion::multiversion;

/// Below this a value is taken for zero where it is divided by.
const NOTHING: f64 = 1e-30;

/// A factor f(r) of finite range that every distance of a symmetry function carries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Envelope {
    /// f_c of a Gaussian function.
    Cutoff(Cutoff),
    /// The whole radial factor of a compact function, between `left` and `right`.
    Compact { left: f64, right: f64, core: CompactCore },
}

impl Envelope {
    /// The envelope of a radial factor.
    pub(super) fn of(radial: &Radial) -> Self {
        match *radial {
            Radial::Gaussian { cutoff, .. } => Self::Cutoff(cutoff),
            Radial::Compact { left, right, core } => Self::Compact { left, right, core },
        }
    }

    /// Where it ends, Å.
    pub(super) fn radius(&self) -> f64 {
        match self {
            Self::Cutoff(cutoff) => cutoff.radius,
            Self::Compact { right, .. } => *right,
        }
    }
}

/// f and f′/(f r) of many distances; the latter is 0 where f is.
///
/// Forces need f′ times whatever f is multiplied by: as f′/f it is one factor more for a product that is
/// there already.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn sample<T: Real>(envelope: &Envelope, r: &[T], values: &mut [T], log_slopes: &mut [T]) {
    match envelope {
        Envelope::Cutoff(cutoff) => cutoff.map(r, values, log_slopes),
        Envelope::Compact { left, right, core } => compact(*left, *right, *core, r, values, log_slopes),
    }
    for ((slope, value), r) in log_slopes.iter_mut().zip(values).zip(r) {
        let quotient = *slope / (*value * *r);
        *slope = if *value > T::of(NOTHING) { quotient } else { T::ZERO };
    }
}

/// Value and slope of a compact function with support (left, right).
#[inline(always)]
pub(super) fn compact<T: Real>(
    left: f64,
    right: f64,
    core: CompactCore,
    r: &[T],
    values: &mut [T],
    slopes: &mut [T],
) {
    let center = T::of(f64::midpoint(left, right));
    let scale = T::of(2.0 / (right - left));
    // The shape is a constant inside each arm, so that each loop is straight code.
    macro_rules! each {
        ($($core:ident),*) => {
            match (core.core, core.asymmetric) {
                $(
                    (Core::$core, false) => each!(Core::$core, |x| (x, T::ONE)),
                    (Core::$core, true) => {
                        each!(Core::$core, |x: T| ((T::of(2.0) - x) * x, T::of(2.0) - (x + x)))
                    }
                )*
            }
        };
        ($core:expr, $argument:expr) => {
            for ((r, value), slope) in r.iter().zip(values).zip(slopes) {
                let x = (*r - center) * scale;
                let (argument, stretch) = $argument(x.abs().min(T::ONE));
                let (v, s) = $core.at(argument);
                let s = s * stretch * scale;
                let inside = x.abs() < T::ONE;
                *value = if inside { v } else { T::ZERO };
                *slope = if !inside { T::ZERO } else if x > T::ZERO { s } else { -s };
            }
        };
    }
    each!(Cosine, Exponential, Poly1, Poly2, Poly3, Poly4);
}

/// An envelope at all neighbours of an atom.
#[derive(Debug, Default)]
pub(super) struct Samples<T> {
    /// f(r_ij), times Z_j if weighted.
    pub(super) values: Buffer<T>,
    /// f′/(f r).
    pub(super) log_slopes: Buffer<T>,
}

impl<T: Real> Samples<T> {
    /// Takes over samples of another precision.
    pub(super) fn round<V: Real>(&mut self, samples: &Samples<V>) {
        round(&samples.values, &mut self.values);
        round(&samples.log_slopes, &mut self.log_slopes);
    }

    /// Evaluates `envelope`; `weights` has the factor of each species, or is empty.
    pub(super) fn fill(&mut self, envelope: &Envelope, weights: &[T], shell: &Shell<T>) {
        self.values.resize(shell.len());
        self.log_slopes.resize(shell.len());
        sample(envelope, &shell.r, &mut self.values, &mut self.log_slopes);
        for (s, weight) in weights.iter().enumerate() {
            for value in &mut self.values[shell.run(s)] {
                *value *= *weight;
            }
        }
    }
}
