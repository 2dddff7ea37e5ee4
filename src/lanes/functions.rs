//! Elementary functions of whole vectors, with fused operations.

use super::real::{COS_PI, SIN_PI};
use super::{Lanes, Real, Vector};

/// (cos πx, sin πx) for x in [0, 1], to 2 units in the last place of 1: [`Real::cos_sin_pi`] in half as many
/// instructions.
#[inline(always)]
pub fn cos_sin_pi<T: Real, L: Lanes<T>>(lanes: L, x: L::Vector) -> [L::Vector; 2] {
    // With y = x − 1/2: cos πx = −sin πy, sin πx = cos πy.
    let y = x - lanes.of(0.5);
    let u = y * y;
    let (mut c, mut s) = (lanes.of(COS_PI[T::TRIGONOMETRIC]), lanes.of(SIN_PI[T::TRIGONOMETRIC]));
    for k in (0..T::TRIGONOMETRIC).rev() {
        c = c.mul_add(u, lanes.of(COS_PI[k]));
        s = s.mul_add(u, lanes.of(SIN_PI[k]));
    }
    [-(s * y), c]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::Kernel;

    struct Angles<'a, T>(&'a [T]);

    impl<T: Real> Kernel<T> for Angles<'_, T> {
        type Output = Vec<[f64; 2]>;

        #[inline(always)]
        fn run<L: Lanes<T>>(self, lanes: L) -> Vec<[f64; 2]> {
            let mut out = Vec::new();
            let (mut cos, mut sin) = ([T::ZERO; 16], [T::ZERO; 16]);
            for x in self.0.chunks_exact(L::WIDTH) {
                let [c, s] = cos_sin_pi(lanes, lanes.load(x));
                lanes.store(c, &mut cos);
                lanes.store(s, &mut sin);
                out.extend((0..L::WIDTH).map(|k| [cos[k].to_f64(), sin[k].to_f64()]));
            }
            out
        }
    }

    #[test]
    fn they_are_those_of_the_library() {
        let x: Vec<f64> = (0..=4095).map(|i| f64::from(i) / 4095.0).collect();
        let y: Vec<f32> = x.iter().map(|x| *x as f32).collect();
        for (x, [c, s]) in x.iter().zip(f64::dispatch(Angles(&x))) {
            let (sin, cos) = (std::f64::consts::PI * x).sin_cos();
            assert!((c - cos).abs() < 4.0 * f64::EPSILON && (s - sin).abs() < 4.0 * f64::EPSILON, "{x}");
        }
        for (y, [c, s]) in y.iter().zip(f32::dispatch(Angles(&y))) {
            let (sin, cos) = (std::f64::consts::PI * f64::from(*y)).sin_cos();
            assert!((c - cos).abs() < 4e-7 && (s - sin).abs() < 4e-7, "{y}");
        }
    }
}
