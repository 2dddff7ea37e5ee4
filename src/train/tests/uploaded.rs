//! The tables of a device, on the processor: in double precision they give what is written by hand, in single
//! precision what is left of it.

use super::*;
use crate::train::first_order::{Adaptive, Slope};
use crate::train::place::Place;
use crate::train::schedule::{Course, Schedule};
use crate::train::uploaded::Uploaded;

/// Frames of different sizes and orders of species, so that every padding is used.
pub(super) fn uneven() -> Vec<Sample> {
    let mut samples = frames(4);
    for (sample, atoms) in samples.iter_mut().zip([8, 5, 1, 8]) {
        let frame = &mut sample.frame;
        frame.species.truncate(atoms);
        frame.positions.truncate(atoms);
        frame.forces.as_mut().unwrap().truncate(atoms);
    }
    samples[3].frame.species.reverse();
    // Labels may be missing one by one.
    samples[1].frame.stress = None;
    samples
}

pub(super) fn uploaded(setup: &Setup, place: Place, batch: usize, bound: u64) -> Uploaded<'_> {
    Uploaded::new(setup.problem(), place, &setup.train, batch, bound).unwrap()
}

/// The largest difference of two lists as a part of the largest number.
pub(super) fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let scale = a.iter().fold(f64::MIN_POSITIVE, |m, x| m.max(x.abs()));
    a.iter().zip(b).fold(0.0_f64, |m, (x, y)| m.max((x - y).abs())) / scale
}

/// With tables that stay and tables that are sent, with Huber's penalty and without, for any frames in any order. Some
/// thousand terms are added in another order: a few hundred units in the last place at most.
#[test]
fn tables_give_the_gradient_written_by_hand() {
    let energies = Loss { forces: None, stress: None, ..loss(None) };
    for loss in [loss(None), loss(Some(1.5)), energies] {
        let setup = setup(uneven(), loss);
        let theta = setup.layout.initial(1, 0);
        let problem = setup.problem();
        for bound in [u64::MAX, 0] {
            let uploaded = uploaded(&setup, Place::processor(), 2, bound);
            assert_eq!(uploaded.describe().contains("stay"), bound > 0);
            for frames in [&[0, 1, 2, 3][..], &[2], &[3, 1], &[1, 3, 0]] {
                let exact = problem.gradient(&theta, frames).unwrap();
                let found = uploaded.gradient(&theta, frames).unwrap();
                assert!((exact.loss - found.loss).abs() < 1e-12 * exact.loss);
                assert!(apart(&exact.gradient, &found.gradient) < 1e-12);
            }
            // Rows without a label count nothing, and are not the same.
            let [exact, found] =
                [problem.summary(&theta, &setup.train), uploaded.summary(&theta, &setup.train)]
                    .map(Result::unwrap);
            assert!((exact.loss - found.loss).abs() < 1e-12 * exact.loss);
            for (a, b) in exact.errors.rms().into_iter().zip(found.errors.rms()) {
                assert_eq!(a.is_some(), b.is_some());
                assert!(a.zip(b).is_none_or(|(a, b)| (a - b).abs() < 1e-12 * a));
            }
        }
    }
}

/// What single precision leaves: numbers of seven digits, of which sums over atoms and neighbours, and residuals that
/// are differences, lose one.
#[test]
fn single_precision_keeps_six_digits_of_the_gradient() {
    let setup = setup(uneven(), loss(Some(1.5)));
    let theta = setup.layout.initial(1, 0);
    let exact = setup.problem().gradient(&theta, &setup.train).unwrap();
    let found = uploaded(&setup, Place::single(), 2, u64::MAX).gradient(&theta, &setup.train).unwrap();
    assert!((exact.loss - found.loss).abs() < 1e-6 * exact.loss);
    let off = apart(&exact.gradient, &found.gradient);
    assert!(off > 1e-9 && off < 2e-6, "{off:e}");
}

/// Some epochs; returns the loss met in the last.
pub(super) fn go<P: Slope>(
    objective: &P,
    adam: &mut Adaptive,
    theta: &mut Vec<f64>,
    epochs: std::ops::Range<u64>,
) -> f64 {
    let outcomes = epochs.map(|epoch| adam.epoch(objective, theta, epoch, &|| false).unwrap());
    outcomes.last().unwrap().met.unwrap().loss
}

/// Adam goes the same way on tables, for any number of threads, and goes on from a saved state with the same bits.
#[test]
fn adam_goes_the_same_way_on_tables() {
    let setup = setup(uneven(), loss(None));
    let start = setup.layout.initial(1, 0);
    let make = || {
        let schedule = Schedule { first: 0.01, course: Course::Constant, warm_up: 0, epochs: 4 };
        Adaptive::new(schedule, 3, Some(5.0), Some(1e-3), 1)
    };
    let run = |threads: usize, bound: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut theta = start.clone();
        let met = pool
            .install(|| go(&uploaded(&setup, Place::processor(), 3, bound), &mut make(), &mut theta, 0..4));
        (theta, met)
    };
    let whole = run(1, u64::MAX);
    assert_eq!(whole, run(3, u64::MAX));
    assert_eq!(whole, run(2, 0));
    let mut theta = start.clone();
    let met = go(&setup.problem(), &mut make(), &mut theta, 0..4);
    // Adam divides by the size of the gradient: where a component is nearly zero, rounding decides on a step of 0.01.
    assert!(apart(&theta, &whole.0) < 1e-8 && (met - whole.1).abs() < 1e-8 * met);
    let tables = uploaded(&setup, Place::processor(), 3, u64::MAX);
    let (mut first, mut second, mut resumed) = (make(), make(), start.clone());
    go(&tables, &mut first, &mut resumed, 0..2);
    // Halted before its second batch, an epoch leaves everything as it was.
    let batches = std::cell::Cell::new(0);
    let halt = || batches.replace(batches.get() + 1) == 1;
    let given_up = first.epoch(&tables, &mut resumed, 2, &halt);
    assert!(matches!(given_up, Err(crate::Error::Interrupted(_))) && batches.get() == 2);
    second.load(&first.save().unwrap()).unwrap();
    go(&tables, &mut second, &mut resumed, 2..4);
    assert_eq!(whole.0, resumed);
}
