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
