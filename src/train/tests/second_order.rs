//! Optimisers that know the curvature.

use super::*;
use crate::error::Error;
use crate::train::average::Averaged;
use crate::train::kalman::Kalman;
use crate::train::marquardt::LevenbergMarquardt;
use crate::train::quasi_newton::QuasiNewton;
use std::cell::Cell;

type Make<'a> = fn() -> Box<dyn Optimizer<Problem<'a>>>;

/// They go down by a factor, give the same bits on one thread and on three, and go on from a saved state, after an
/// epoch that was given up as well, as if nothing had happened.
#[test]
fn they_descend_and_repeat() {
    let loss = Loss { energy: Some(1e-3), forces: Some(0.01), stress: None, huber: None, decay: 0.0 };
    let setup = setup(argon(5), loss);
    // How many epochs, and how far one of them gets before it is given up.
    let makers: [(Make<'_>, u64, usize); 4] = [
        (|| Box::new(LevenbergMarquardt::new(1e-3)), 6, 1),
        (|| Box::new(Kalman::new(1.0, 1e-6, 0.5, 1)), 6, 3),
        (|| Box::new(QuasiNewton::new(5)), 40, 0),
        (|| Box::new(Averaged::new(Kalman::new(1.0, 1e-6, 0.5, 1), 3.0)), 6, 3),
    ];
    for (make, epochs, far) in makers {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut theta = setup.layout.initial(4, 0);
            pool.install(|| {
                let mut optimizer = make();
                descend(&setup, &mut *optimizer, &mut theta, 0..epochs);
            });
            theta
        };
        let theta = run(1);
        let before = setup.problem().summary(&setup.layout.initial(4, 0), &setup.train).unwrap().loss;
        let after = setup.problem().summary(&theta, &setup.train).unwrap().loss;
        assert!(after < 0.2 * before, "{before} {after}");
        assert_eq!(theta, run(3));
        let (mut first, mut second) = (make(), make());
        let mut resumed = setup.layout.initial(4, 0);
        descend(&setup, &mut *first, &mut resumed, 0..epochs / 2);
        let asked = Cell::new(0);
        let halt = || asked.replace(asked.get() + 1) == far;
        let given_up = first.epoch(&setup.problem(), &mut resumed, epochs / 2, &halt);
        assert!(matches!(given_up, Err(Error::Interrupted(_))) && asked.get() == far + 1);
        second.load(&first.save().unwrap()).unwrap();
        descend(&setup, &mut *second, &mut resumed, epochs / 2..epochs);
        assert_eq!(theta, resumed);
    }
}

/// A network without hidden layers is linear in its parameters, and one pass of a filter that forgets nothing is least
/// squares: n L(θ) + |θ − θ₀|²/2v is least, with n frames and the variance v to begin with. Its gradient is rounding,
/// of numbers as large as either part.
#[test]
fn the_kalman_filter_is_least_squares_where_the_network_is_linear() {
    let loss = Loss { energy: Some(0.05), forces: Some(0.3), stress: Some(0.01), huber: None, decay: 0.0 };
    let mut setup = setup(frames(4), loss);
    let inputs: Vec<_> = (0..setup.scalings.len()).map(|s| setup.set.len(s)).collect();
    setup.layout = Layout::new(&inputs, &[], Activation::Tanh);
    let start = setup.layout.initial(1, 0);
    let (mut theta, variance) = (start.clone(), 0.3);
    descend(&setup, &mut Kalman::new(variance, 0.0, 1.0, 1), &mut theta, 0..1);
    let gradient = setup.problem().gradient(&theta, &setup.train).unwrap().gradient;
    let moved: Vec<f64> = theta.iter().zip(&start).map(|(t, s)| (t - s) / variance).collect();
    let scale = moved.iter().fold(0.0_f64, |most, m| most.max(m.abs()));
    for (k, (g, m)) in gradient.iter().zip(&moved).enumerate() {
        let off = setup.train.len() as f64 * g + m;
        assert!(off.abs() < 1e-6 * scale, "parameter {k}: {off} of {m}, at most {scale}");
    }
}

/// What Levenberg and Marquardt converge to has no slope of loss and decay together; slowly, where errors are as large as
/// those of labels at random: two parts in a thousand of that of the decay are left.
#[test]
fn decay_counts_where_the_slope_ends() {
    let decay = 0.2;
    let loss = Loss { energy: Some(0.5), forces: Some(1.0), stress: None, huber: None, decay };
    let setup = setup(frames(3), loss);
    let mut theta = setup.layout.initial(2, 0);
    descend(&setup, &mut LevenbergMarquardt::new(1e-3), &mut theta, 0..200);
    let problem = setup.problem();
    let gradient = problem.gradient(&theta, &setup.train).unwrap().gradient;
    let scale = theta.iter().fold(0.0_f64, |most, t| most.max((decay * t).abs()));
    let off = gradient.iter().zip(&theta).fold(0.0_f64, |most, (g, t)| most.max((g + decay * t).abs()));
    assert!(scale > 0.1 && off < 5e-3 * scale, "{off} of {scale}");
    // The parabola of the decay is that whose slope this is.
    let mut other = theta.clone();
    other[0] += 0.1;
    let rise = problem.decay(&other) - problem.decay(&theta);
    assert!((rise - decay * 0.1 * (theta[0] + 0.05)).abs() < 1e-12, "{rise}");
}
