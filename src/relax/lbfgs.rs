//! Directions of the limited-memory BFGS method.
//!
//! J. Nocedal, Math. Comput. 35, 773 (1980), doi:10.1090/S0025-5718-1980-0572855-7.

use std::collections::VecDeque;

/// Pairs of steps and changes of the gradient that are kept.
const MEMORY: usize = 30;

/// Curvature assumed before anything is known, eV/Å²: soft enough to move, stiff enough not to leap.
const STIFFNESS: f64 = 70.0;

/// What is known of the curvature.
#[derive(Debug)]
pub(super) struct History {
    pairs: VecDeque<(Vec<f64>, Vec<f64>, f64)>,
    /// Length of a step of steepest descent per slope, while nothing is known, Å²/eV.
    pace: f64,
}

impl Default for History {
    fn default() -> Self {
        Self { pairs: VecDeque::new(), pace: 1.0 / STIFFNESS }
    }
}

impl History {
    /// A direction that goes down: −H g, H being the estimate of the inverse Hessian.
    pub(super) fn direction(&self, gradient: &[f64]) -> Vec<f64> {
        let mut d: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut weights = Vec::with_capacity(self.pairs.len());
        for (s, y, sy) in self.pairs.iter().rev() {
            let a = dot(s, &d) / sy;
            add(&mut d, -a, y);
            weights.push(a);
        }
        let scale = self.pairs.back().map_or(self.pace, |(_, y, sy)| sy / dot(y, y));
        for d in &mut d {
            *d *= scale;
        }
        for ((s, y, sy), a) in self.pairs.iter().zip(weights.iter().rev()) {
            let b = dot(y, &d) / sy;
            add(&mut d, a - b, s);
        }
        d
    }

    /// Learns from a step and the change of the gradient over it.
    ///
    /// Where the slope has not risen, a ridge was crossed: what was learnt belongs to another valley and is
    /// forgotten, and steepest descent goes on with longer steps.
    pub(super) fn learn(&mut self, step: Vec<f64>, change: Vec<f64>) {
        let sy = dot(&step, &change);
        if sy <= 1e-10 * (dot(&step, &step) * dot(&change, &change)).sqrt() {
            self.pairs.clear();
            self.pace *= 2.0;
            return;
        }
        self.pace = 1.0 / STIFFNESS;
        if self.pairs.len() == MEMORY {
            self.pairs.pop_front();
        }
        self.pairs.push_back((step, change, sy));
    }

    /// Forgets everything; true if there was something to forget.
    pub(super) fn forget(&mut self) -> bool {
        let knew = !self.pairs.is_empty();
        self.pairs.clear();
        self.pace = 1.0 / STIFFNESS;
        knew
    }
}

/// Σ a_i b_i.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// a += t b.
pub(super) fn add(a: &mut [f64], t: f64, b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += t * b);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a quadratic form with exact line searches the method ends after as many steps as there are variables.
    #[test]
    fn a_quadratic_form_takes_as_many_steps_as_variables() {
        let stiffness = [1.0, 3.0, 10.0, 40.0, 200.0];
        let gradient = |x: &[f64]| -> Vec<f64> { x.iter().zip(stiffness).map(|(x, k)| k * x).collect() };
        let (mut x, mut history) = (vec![1.0, -2.0, 0.5, 1.5, -0.3], History::default());
        for _ in 0..5 {
            let g = gradient(&x);
            let d = history.direction(&g);
            assert!(dot(&d, &g) < 0.0);
            let t = -dot(&g, &d) / dot(&d, &gradient(&d));
            let step: Vec<f64> = d.iter().map(|d| t * d).collect();
            add(&mut x, 1.0, &step);
            let change = gradient(&step);
            history.learn(step, change);
        }
        assert!(gradient(&x).iter().all(|g| g.abs() < 1e-9), "{x:?}");
        // A step over a ridge leaves steepest descent, twice as bold, and nothing to forget but that.
        history.learn(vec![1.0; 5], vec![-1.0; 5]);
        assert_eq!(history.direction(&[STIFFNESS; 5]), [-2.0; 5]);
        assert!(!history.forget());
        assert_eq!(history.direction(&[STIFFNESS; 5]), [-1.0; 5]);
    }
}
