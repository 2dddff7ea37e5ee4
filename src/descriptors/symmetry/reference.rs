//! Symmetry functions as they are written down: the oracle of the tests.
//!
//! Loops over pairs and triplets in double precision, one function at a time, with the library's
//! elementary functions. Slow and plain on purpose.

use super::{Angle, Radial, SymmetryFunction};
use crate::descriptors::Core;
use crate::system::Element;

/// A vector, Å.
type Vector = [f64; 3];

/// A core at any |x|: zero from 1 on.
fn core(core: Core, x: f64) -> (f64, f64) {
    if x < 1.0 { core.at(x) } else { (0.0, 0.0) }
}

impl Radial {
    /// ρ and dρ/dr.
    fn reference(&self, r: f64) -> (f64, f64) {
        match self {
            Self::Gaussian { eta, shift, cutoff } => {
                let (f, slope) = cutoff.at(r);
                let gaussian = (-eta * (r - shift).powi(2)).exp();
                (gaussian * f, gaussian * (slope - 2.0 * eta * (r - shift) * f))
            }
            Self::Compact { left, right, core: compact } => {
                let (center, width) = (f64::midpoint(*left, *right), (right - left) / 2.0);
                let x = (r - center).abs() / width;
                let side = (r - center).signum() / width;
                if compact.asymmetric {
                    let (value, slope) = core(compact.core, if x < 1.0 { (2.0 - x) * x } else { 1.0 });
                    (value, slope * (2.0 - 2.0 * x) * side)
                } else {
                    let (value, slope) = core(compact.core, x);
                    (value, slope * side)
                }
            }
        }
    }
}

impl Angle {
    /// A and dA/d cos θ, as a function of cos θ.
    fn reference(&self, cos: f64) -> (f64, f64) {
        match self {
            Self::Power { lambda, zeta } => {
                let base = 1.0 + lambda * cos;
                if base <= 0.0 {
                    return (0.0, 0.0);
                }
                let norm = (1.0 - zeta).exp2();
                (norm * base.powf(*zeta), norm * zeta * lambda * base.powf(zeta - 1.0))
            }
            Self::Window { left, right, core: shape } => {
                let theta = cos.clamp(-1.0, 1.0).acos();
                let (center, width) =
                    (f64::midpoint(*left, *right).to_radians(), ((right - left) / 2.0).to_radians());
                let (value, slope) = core(*shape, (theta - center).abs() / width);
                // At 0 and 180 degrees A is flat, and no force follows from a change of the angle.
                let sin = theta.sin().max(1e-12);
                (value, -slope * (theta - center).signum() / width / sin)
            }
        }
    }
}

impl SymmetryFunction {
    /// G of an atom with these neighbours (element, r_ij), and ∂G/∂r_ij of each: the definition, slowly.
    pub fn reference(&self, neighbors: &[(Element, Vector)]) -> (f64, Vec<Vector>) {
        let mut gradients = vec![[0.0; 3]; neighbors.len()];
        let mut value = 0.0;
        let rho = |r: f64| self.radial().reference(r);
        for (j, (element_j, r_j)) in neighbors.iter().enumerate() {
            let distance_j = norm(r_j);
            let (rho_j, slope_j) = rho(distance_j);
            match self {
                Self::Radial { of, .. } => {
                    let weight = match of {
                        Some(element) => f64::from(u8::from(element == element_j)),
                        None => element_j.number() as f64,
                    };
                    value += weight * rho_j;
                    add(&mut gradients[j], weight * slope_j / distance_j, r_j);
                }
                Self::Angular { of, angle, narrow, .. } => {
                    for (k, (element_k, r_k)) in neighbors.iter().enumerate().skip(j + 1) {
                        let weight = match of {
                            Some([a, b]) => f64::from(u8::from(
                                (a, b) == (element_j, element_k) || (b, a) == (element_j, element_k),
                            )),
                            None => (element_j.number() * element_k.number()) as f64,
                        };
                        let distance_k = norm(r_k);
                        let (rho_k, slope_k) = rho(distance_k);
                        let r_jk = difference(r_k, r_j);
                        let distance_jk = norm(&r_jk);
                        let (rho_jk, slope_jk) = if *narrow { rho(distance_jk) } else { (1.0, 0.0) };
                        let cos = dot(r_j, r_k) / (distance_j * distance_k);
                        let (a, slope) = angle.reference(cos);
                        value += weight * rho_j * rho_k * rho_jk * a;

                        let by_cos = weight * rho_j * rho_k * rho_jk * slope;
                        let by_j = weight * slope_j * rho_k * rho_jk * a;
                        let by_k = weight * rho_j * slope_k * rho_jk * a;
                        let by_jk = weight * rho_j * rho_k * slope_jk * a;
                        let inverse = 1.0 / (distance_j * distance_k);
                        add(&mut gradients[j], by_j / distance_j - by_cos * cos / distance_j.powi(2), r_j);
                        add(&mut gradients[j], by_cos * inverse, r_k);
                        add(&mut gradients[j], -by_jk / distance_jk, &r_jk);
                        add(&mut gradients[k], by_k / distance_k - by_cos * cos / distance_k.powi(2), r_k);
                        add(&mut gradients[k], by_cos * inverse, r_j);
                        add(&mut gradients[k], by_jk / distance_jk, &r_jk);
                    }
                }
            }
        }
        (value, gradients)
    }
}

fn dot(a: &Vector, b: &Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn norm(a: &Vector) -> f64 {
    dot(a, a).sqrt()
}

fn difference(a: &Vector, b: &Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// a += factor · b.
fn add(a: &mut Vector, factor: f64, b: &Vector) {
    for axis in 0..3 {
        a[axis] += factor * b[axis];
    }
}
