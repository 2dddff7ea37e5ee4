//! The fast inertial relaxation engine, version 2.0.
//!
//! J. Guénolé et al., Comput. Mater. Sci. 175, 109584 (2020), doi:10.1016/j.commatsci.2020.109584: steepest descent
//! with inertia, semi-implicit Euler integration, and half a step back when the motion turns uphill. Its original
//! is E. Bitzek et al., Phys. Rev. Lett. 97, 170201 (2006), doi:10.1103/PhysRevLett.97.170201.

use crate::curvature::{add, dot};

const DELAY: u32 = 20;
const GROW: f64 = 1.1;
const SHRINK: f64 = 0.5;
const MIXING: f64 = 0.25;
const MIXING_SHRINK: f64 = 0.99;
/// Times are in √(unit of mass·Å²/eV) with masses of 1: only products of time squared and force matter.
const TIME: f64 = 0.1;
const LONGEST_TIME: f64 = 10.0 * TIME;
const SHORTEST_TIME: f64 = 0.02 * TIME;

/// Velocities and the state of the adaptive time step.
#[derive(Debug)]
pub(super) struct Fire {
    velocity: Vec<f64>,
    time: f64,
    mixing: f64,
    downhill: u32,
    steps: u32,
}

impl Fire {
    /// At rest, for so many coordinates.
    pub(super) fn new(coordinates: usize) -> Self {
        Self { velocity: vec![0.0; coordinates], time: TIME, mixing: MIXING, downhill: 0, steps: 0 }
    }

    /// The step to take where the force is this; `longest` gives the largest fraction of a step that may be taken.
    pub(super) fn step(&mut self, force: &[f64], longest: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        let mut step = vec![0.0; force.len()];
        if dot(force, &self.velocity) > 0.0 {
            self.downhill += 1;
            if self.downhill > DELAY {
                self.time = (self.time * GROW).min(LONGEST_TIME);
                self.mixing *= MIXING_SHRINK;
            }
        } else {
            self.downhill = 0;
            if self.steps >= DELAY {
                self.time = (self.time * SHRINK).max(SHORTEST_TIME);
                self.mixing = MIXING;
            }
            // Half a step back to where the motion turned uphill.
            add(&mut step, -0.5 * self.time, &self.velocity);
            self.velocity.fill(0.0);
        }
        self.steps += 1;
        add(&mut self.velocity, self.time, force);
        let (speed, strength) = (dot(&self.velocity, &self.velocity).sqrt(), dot(force, force).sqrt());
        if strength > 0.0 {
            let turn = self.mixing * speed / strength;
            for (v, f) in self.velocity.iter_mut().zip(force) {
                *v = (1.0 - self.mixing) * *v + turn * f;
            }
        }
        add(&mut step, self.time, &self.velocity);
        let fraction = longest(&step);
        if fraction < 1.0 {
            for number in step.iter_mut().chain(&mut self.velocity) {
                *number *= fraction;
            }
        }
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rosenbrock's valley, (1 − x)² + 100 (y − x²)², from its classic start to its minimum at (1, 1).
    #[test]
    fn a_bent_valley_is_followed_to_its_end() {
        let force = |x: &[f64]| {
            let w = x[1] - x[0] * x[0];
            vec![2.0 * (1.0 - x[0]) + 400.0 * x[0] * w, -200.0 * w]
        };
        let (mut x, mut fire) = (vec![-1.2, 1.0], Fire::new(2));
        let mut steps = 0;
        while dot(&force(&x), &force(&x)) > 1e-16 {
            let step = fire.step(&force(&x), |d| (0.1 / dot(d, d).sqrt()).min(1.0));
            add(&mut x, 1.0, &step);
            steps += 1;
            assert!(steps < 20_000, "{x:?}");
        }
        assert!((x[0] - 1.0).abs() < 1e-6 && (x[1] - 1.0).abs() < 1e-6, "{x:?}");
    }
}
