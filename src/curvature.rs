//! What steps and gradients say of the curvature of a function of many variables: directions of the
//! limited-memory BFGS method, for minimisers of any kind.
//!
//! J. Nocedal, Math. Comput. 35, 773 (1980), doi:10.1090/S0025-5718-1980-0572855-7.

use std::collections::VecDeque;

/// What is known of the curvature.
#[derive(Debug, Clone)]
pub struct Curvature {
    /// Steps s, changes of the gradient y, and s·y.
    pairs: VecDeque<(Vec<f64>, Vec<f64>, f64)>,
    /// How many of them are kept.
    memory: usize,
    /// Length of a step of steepest descent per slope, while nothing is known.
    pace: f64,
    /// The same at the very beginning.
    first_pace: f64,
}

impl Curvature {
    /// Keeps `memory` pairs of steps and changes; before anything is known, a step is `pace` times the slope.
    pub fn new(memory: usize, pace: f64) -> Self {
        Self { pairs: VecDeque::new(), memory: memory.max(1), pace, first_pace: pace }
    }

    /// A direction that goes down: −H g, H being the estimate of the inverse Hessian.
    pub fn direction(&self, gradient: &[f64]) -> Vec<f64> {
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
    pub fn learn(&mut self, step: Vec<f64>, change: Vec<f64>) {
        let sy = dot(&step, &change);
        if sy <= 1e-10 * (dot(&step, &step) * dot(&change, &change)).sqrt() {
            self.pairs.clear();
            self.pace *= 2.0;
            return;
        }
        self.pace = self.first_pace;
        if self.pairs.len() >= self.memory {
            self.pairs.pop_front();
        }
        self.pairs.push_back((step, change, sy));
    }

    /// Is nothing known?
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// All that is known as numbers: the pace, then s and y of every pair.
    pub fn save(&self) -> Vec<f64> {
        let pairs = self.pairs.iter().flat_map(|(s, y, _)| s.iter().chain(y).copied());
        std::iter::once(self.pace).chain(pairs).collect()
    }

    /// Takes up what [`Curvature::save`] gave, for `n` variables.
    pub fn load(&mut self, state: &[f64], n: usize) {
        self.pairs.clear();
        let Some((pace, pairs)) = state.split_first() else { return };
        self.pace = *pace;
        for pair in pairs.chunks_exact(2 * n.max(1)) {
            let (s, y) = pair.split_at(n);
            self.pairs.push_back((s.to_vec(), y.to_vec(), dot(s, y)));
        }
    }

    /// Forgets everything; true if there was something to forget.
    pub fn forget(&mut self) -> bool {
        let knew = !self.pairs.is_empty();
        self.pairs.clear();
        self.pace = self.first_pace;
        knew
    }
}

/// Σ a_i b_i.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// a += t b.
pub fn add(a: &mut [f64], t: f64, b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += t * b);
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: f64 = 1.0 / 64.0;

    /// On a quadratic form with exact line searches the method ends after as many steps as there are variables.
    #[test]
    fn a_quadratic_form_takes_as_many_steps_as_variables() {
        let stiffness = [1.0, 3.0, 10.0, 40.0, 200.0];
        let gradient = |x: &[f64]| -> Vec<f64> { x.iter().zip(stiffness).map(|(x, k)| k * x).collect() };
        let (mut x, mut history) = (vec![1.0, -2.0, 0.5, 1.5, -0.3], Curvature::new(30, PACE));
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
        assert_eq!(history.direction(&[64.0; 5]), [-2.0; 5]);
        assert!(!history.forget());
        assert_eq!(history.direction(&[64.0; 5]), [-1.0; 5]);
    }

    /// What was saved gives the same directions.
    #[test]
    fn what_is_known_can_be_saved() {
        let mut known = Curvature::new(2, PACE);
        for k in 1..4 {
            let k = f64::from(k);
            known.learn(vec![k, 0.5, -0.1 * k], vec![3.0 * k, 0.1, 0.2]);
        }
        let mut loaded = Curvature::new(2, 1.0);
        loaded.load(&known.save(), 3);
        let g = [0.3, -2.0, 1.0];
        assert_eq!(known.direction(&g), loaded.direction(&g));
    }
}
