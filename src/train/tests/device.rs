//! Training on a graphics processor, or on the program that plays one. Where there is neither the tests say that they
//! skip.

use super::uploaded::{apart, go, uneven, uploaded};
use super::*;
use crate::compute::{DeviceKind, gpu};
use crate::error::Error;
use crate::train::first_order::Adaptive;
use crate::train::place::Place;
use crate::train::schedule::{Course, Schedule};

fn skip() {
    eprintln!("skipped: there is no graphics processor, not even one that a program plays");
}

/// The device of all tests but those that break theirs.
fn shared() -> Option<Place> {
    if gpu::adapters().is_empty() {
        skip();
        return None;
    }
    // One that is there and does not open is a failure.
    Some(Place::find(DeviceKind::Gpu).unwrap().unwrap())
}

/// Seven digits in every operation, of which sums and differences lose one; drivers may compute tanh with one less.
#[test]
fn the_gradient_is_that_of_the_processor() {
    let Some(place) = shared() else { return };
    for huber in [None, Some(1.5)] {
        let setup = setup(uneven(), loss(huber));
        let theta = setup.layout.initial(1, 0);
        for bound in [u64::MAX, 0] {
            let uploaded = uploaded(&setup, place.clone(), 2, bound);
            for frames in [&[0, 1, 2, 3][..], &[2], &[3, 1]] {
                let exact = setup.problem().gradient(&theta, frames).unwrap();
                let found = uploaded.gradient(&theta, frames).unwrap();
                let off =
                    [(exact.loss - found.loss).abs() / exact.loss, apart(&exact.gradient, &found.gradient)];
                eprintln!(
                    "{}: the loss is off by {:.1e}, its gradient by {:.1e}",
                    place.name(),
                    off[0],
                    off[1]
                );
                assert!(off[0] < 5e-6 && off[1] < 1e-5);
            }
        }
    }
}

fn adam() -> Adaptive {
    let schedule = Schedule { first: 0.01, course: Course::Cosine { last: 1e-4 }, warm_up: 2, epochs: 20 };
    Adaptive::new(schedule, 2, Some(5.0), None, 1)
}

/// The learning curve of the processor: rounding in single precision is felt by Adam, which divides gradients by their
/// size, as noise that training forgets. A state that was saved goes on with the same bits: no operation depends
/// on which thread was first.
#[test]
fn adam_learns_as_it_does_on_the_processor_and_resumes() {
    let Some(place) = shared() else { return };
    let law = Loss { energy: Some(1e-3), forces: Some(0.01), stress: None, huber: None, decay: 1e-3 };
    let setup = setup(argon(6), law);
    let start = setup.layout.initial(4, 0);
    let tables = uploaded(&setup, place.clone(), 2, u64::MAX);
    let (mut here, mut there) = (adam(), adam());
    let (mut theta, mut reference) = (start.clone(), start.clone());
    let mut losses = Vec::new();
    for epoch in 0..20 {
        let found = go(&tables, &mut here, &mut theta, epoch..epoch + 1);
        let exact = go(&setup.problem(), &mut there, &mut reference, epoch..epoch + 1);
        assert!((found - exact).abs() < 1e-3 * exact, "epoch {epoch}: {found} instead of {exact}");
        losses.push(found);
    }
    eprintln!("{}: parameters are off by {:.1e}", place.name(), apart(&reference, &theta));
    assert!(losses[19] < 0.5 * losses[0], "{losses:?}");
    let (mut first, mut second, mut resumed) = (adam(), adam(), start);
    go(&tables, &mut first, &mut resumed, 0..7);
    second.load(&first.save().unwrap()).unwrap();
    go(&uploaded(&setup, place, 2, 0), &mut second, &mut resumed, 7..20);
    assert_eq!(theta, resumed);
}

/// A device that is lost, or that refuses what it is asked for, is an error after which θ and what Adam remembers are
/// those of the epoch before.
#[test]
fn a_device_that_fails_leaves_the_epoch_before() {
    type Break = fn(&gpu::Device);
    let breaks: [Break; 2] = [gpu::Device::lose, gpu::Device::exceed];
    for broken in breaks {
        let Some(graphics) = gpu::Device::open_for_tensors().unwrap() else { return skip() };
        let place = Place::graphics(graphics.clone()).unwrap();
        let setup = setup(argon(3), loss(None));
        let tables = uploaded(&setup, place, 2, u64::MAX);
        let (mut adam, mut theta) = (adam(), setup.layout.initial(4, 0));
        go(&tables, &mut adam, &mut theta, 0..2);
        let before = (theta.clone(), adam.save().unwrap());
        broken(&graphics);
        let failed = adam.epoch(&tables, &mut theta, 2, &|| false);
        assert!(matches!(failed, Err(Error::Device(_))), "{failed:?}");
        assert_eq!(before, (theta, adam.save().unwrap()));
    }
}
