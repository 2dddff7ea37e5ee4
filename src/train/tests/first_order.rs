//! Adam against its textbook.

use super::*;
use crate::train::first_order::Adaptive;
use crate::train::schedule::{Course, Schedule};

/// What Adam remembers, and where it is.
#[derive(Clone)]
struct Textbook {
    theta: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    steps: i32,
}

impl Textbook {
    /// Loshchilov and Hutter, arXiv:1711.05101, Algorithm 2, with the gradient as it is after clipping.
    fn step(&mut self, gradient: &[f64], rate: f64, decay: f64) {
        self.steps += 1;
        for (k, g) in gradient.iter().enumerate() {
            self.first[k] = 0.9 * self.first[k] + 0.1 * g;
            self.second[k] = 0.999 * self.second[k] + 0.001 * g * g;
            let first = self.first[k] / (1.0 - 0.9_f64.powi(self.steps));
            let second = self.second[k] / (1.0 - 0.999_f64.powi(self.steps));
            self.theta[k] -= rate * (first / (second.sqrt() + 1e-8) + decay * self.theta[k]);
        }
    }
}

/// Six epochs of two batches, in whichever order: their losses count as often as there are batches, the price of large
/// parameters is part of each, and gradients longer than the limit are shortened to it. burn's factors are in single precision, of
/// which 1 − 0.999 has five digits.
#[test]
fn steps_are_those_of_the_textbook() {
    const RATE: f64 = 0.01;
    let setup = setup(frames(2), loss(None));
    let start = setup.layout.initial(1, 0);
    let gradient = |theta: &[f64], frame: usize, clip: Option<f64>| {
        let slope = setup.problem().gradient(theta, &[frame]).unwrap().gradient;
        let mut all: Vec<f64> =
            slope.iter().zip(theta).map(|(g, t)| 2.0 * g + loss(None).decay * t).collect();
        let norm = all.iter().map(|g| g * g).sum::<f64>().sqrt();
        if let Some(clip) = clip.filter(|clip| norm > *clip) {
            for g in &mut all {
                *g *= clip / norm;
            }
        }
        (all, norm)
    };
    let usual = gradient(&start, 0, None).1;
    for (clip, decay) in [(None, None), (Some(0.5 * usual), Some(0.25))] {
        let schedule = Schedule { first: RATE, course: Course::Constant, warm_up: 0, epochs: 6 };
        let mut adam = Adaptive::new(schedule, 1, clip, decay, 1);
        let mut theta = start.clone();
        let nothing = vec![0.0; start.len()];
        let mut book = Textbook { theta: start.clone(), first: nothing.clone(), second: nothing, steps: 0 };
        for epoch in 0..6 {
            descend(&setup, &mut adam, &mut theta, epoch..epoch + 1);
            let of = |order: [usize; 2]| {
                let mut next = book.clone();
                for frame in order {
                    let (slope, _) = gradient(&next.theta, frame, clip);
                    next.step(&slope, RATE, decay.unwrap_or(0.0));
                }
                let off = next.theta.iter().zip(&theta).fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
                (off, next)
            };
            let (one, other) = (of([0, 1]), of([1, 0]));
            let (off, next) = if one.0 < other.0 { one } else { other };
            // Of two steps of at most about RATE each.
            assert!(off < 1e-4 * 2.0 * RATE, "epoch {epoch}, clip {clip:?}, decay {decay:?}: off by {off}");
            book = next;
            book.theta.clone_from(&theta);
        }
    }
}
