//! Gaussians of several widths at the same distances.

use crate::lanes::Real;
use multiversion::multiversion;

/// e^(−η s + c) for several η at the same s: one exponential each, or a power of another one.
#[derive(Debug, Clone)]
pub(super) struct Exponentials<T> {
    steps: Vec<Step<T>>,
}

/// How one of them is obtained.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step<T> {
    /// η = 0.
    One,
    /// By the exponential function.
    Direct { eta: T },
    /// Likewise, times e^c: a function that is minute everywhere, of which single precision would see
    /// nothing, comes out in the units in which it matters.
    Scaled { eta: T, offset: T },
    /// The m-th power of an earlier one.
    Power { of: usize, m: u32 },
}

/// The largest e^(−η s + c): nearer than every distance the scale was made for.
const MOST: f64 = 40.0;

impl<T: Real> Exponentials<T> {
    /// For each width η (Å⁻², ascending) and logarithm c of its scale.
    pub(super) fn new(widths: &[(f64, f64)]) -> Self {
        // Powers multiply the relative error.
        let limit = if T::EPSILON > T::of(1e-10) { 5 } else { 100 };
        let mut steps: Vec<Step<T>> = Vec::new();
        let mut errors: Vec<u32> = Vec::new();
        for (eta, offset) in widths {
            let (step, error) = if *eta == 0.0 {
                (Step::One, 0)
            } else if *offset != 0.0 {
                (Step::Scaled { eta: T::of(*eta), offset: T::of(*offset) }, limit)
            } else {
                steps
                    .iter()
                    .enumerate()
                    .filter(|(_, step)| !matches!(step, Step::One | Step::Scaled { .. }))
                    .flat_map(|(of, _)| (2..=5).map(move |m| (of, m)))
                    .filter(|(of, m)| (f64::from(*m) * widths[*of].0 / eta - 1.0).abs() < 1e-14)
                    .map(|(of, m)| (Step::Power { of, m }, errors[of] * m))
                    .filter(|(_, error)| *error <= limit)
                    .min_by_key(|(_, error)| *error)
                    .unwrap_or((Step::Direct { eta: T::of(*eta) }, 1))
            };
            steps.push(step);
            errors.push(error);
        }
        Self { steps }
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// All of them at every s, one array after the other: `out` has [`Exponentials::len`] times as many
    /// entries as `s`.
    pub(super) fn evaluate(&self, s: &[T], out: &mut [T]) {
        evaluate(&self.steps, s, out);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn evaluate<T: Real>(steps: &[Step<T>], s: &[T], out: &mut [T]) {
    let n = s.len();
    for (index, step) in steps.iter().enumerate() {
        let (done, rest) = out.split_at_mut(index * n);
        let out = &mut rest[..n];
        match *step {
            Step::One => out.fill(T::ONE),
            Step::Direct { eta } => map(s, out, |s| (-eta * s).exp()),
            Step::Scaled { eta, offset } => map(s, out, |s| (offset - eta * s).min(T::of(MOST)).exp()),
            Step::Power { of, m } => {
                let base = &done[of * n..(of + 1) * n];
                match m {
                    2 => map(base, out, |e| e * e),
                    3 => map(base, out, |e| e * e * e),
                    4 => map(base, out, |e| (e * e) * (e * e)),
                    _ => map(base, out, |e| (e * e) * (e * e) * e),
                }
            }
        }
    }
}

#[inline(always)]
fn map<T: Real>(input: &[T], out: &mut [T], f: impl Fn(T) -> T) {
    for (out, x) in out.iter_mut().zip(input) {
        *out = f(*x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_taken_where_they_are_exact_enough() {
        let widths = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0].map(|eta| (eta, 0.0));
        let single = Exponentials::<f32>::new(&widths);
        let direct = |steps: &[Step<f32>]| steps.iter().filter(|s| matches!(s, Step::Direct { .. })).count();
        assert_eq!(direct(&single.steps), 3);

        let s: Vec<f64> = (0..64).map(|i| f64::from(i) * 0.7).collect();
        let double = Exponentials::<f64>::new(&widths);
        let mut out = vec![0.0; 9 * 64];
        double.evaluate(&s, &mut out);
        for (i, (eta, _)) in widths.iter().enumerate() {
            for (k, s) in s.iter().enumerate() {
                let exact = (-eta * s).exp();
                // 100 times 2 ulp, and the rounding of the argument.
                let bound = (200.0 + eta * s) * f64::EPSILON;
                assert!((out[i * 64 + k] / exact - 1.0).abs() < bound, "{eta} {s}");
            }
        }
    }

    #[test]
    fn minute_functions_keep_their_digits_in_single_precision() {
        // e^(−5·60) is far below single precision; in units of e^(−290) it is e^(−10).
        let scaled = Exponentials::<f32>::new(&[(5.0, 290.0)]);
        let mut out = [0.0];
        scaled.evaluate(&[60.0], &mut out);
        assert!((f64::from(out[0]) / (-10.0_f64).exp() - 1.0).abs() < 1e-4);
        scaled.evaluate(&[0.0], &mut out);
        assert!(out[0].is_finite());
    }
}
