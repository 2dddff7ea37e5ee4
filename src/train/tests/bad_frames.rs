//! What is wrong or odd about frames.

use super::{argon, frames, loss, setup};
use crate::error::Error;
use crate::io::Frame;
use crate::train::dataset::{Dataset, Labels, Sample, check_test};
use crate::train::features;
use crate::train::store::Store;
use std::sync::atomic::{AtomicUsize, Ordering};

const ALL: Labels = Labels { energy: true, forces: true, stress: true };

/// Every kind of bad data has its own answer.
#[test]
fn bad_frames_are_refused_or_told() {
    let refuse = |change: &dyn Fn(&mut Vec<Sample>), expected: &str| {
        let mut samples = frames(6);
        for (k, sample) in samples.iter_mut().enumerate() {
            sample.frame.origin.index = k;
        }
        change(&mut samples);
        let message = Dataset::new(samples, 100, ALL).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    };
    refuse(&|s| s.truncate(1), "one frame is too little");
    refuse(&|s| s[3].frame.forces = None, "(frame 3): no forces here, and in 1 of 6 frames");
    refuse(&|s| s[2].frame.energy = Some(f64::NAN), "(frame 2): the energy is not a finite number");
    refuse(&|s| s[4].frame.forces.as_mut().unwrap()[1].x = f64::INFINITY, "(frame 4): the forces");
    refuse(&|s| s[5].frame.energy = Some(-2000.0), "(frame 5): the energy is");
    refuse(
        &|s| {
            let mut copy = s[0].clone();
            copy.frame.energy = Some(0.0);
            s.push(copy);
        },
        "the same atoms as in",
    );
    refuse(
        &|s| {
            let mut copy = s[0].clone();
            copy.frame.stress = copy.frame.stress.map(|stress| -stress);
            s.push(copy);
        },
        "the same atoms as in",
    );
    let mut samples = frames(6);
    samples.push(samples[1].clone());
    // Written with fewer digits, it is the same all the same.
    samples[6].frame.positions[2].x += 1e-7;
    let data = Dataset::new(samples.clone(), 7, ALL).unwrap();
    assert_eq!(data.warnings.len(), 1);
    assert!(data.warnings[0].contains("it counts twice"));
    let data = Dataset::new(samples, 6, ALL).unwrap();
    assert_eq!(data.warnings.len(), 1);
    assert!(data.warnings[0].contains("1 of 1 frames that validate also train"), "{}", data.warnings[0]);
    // A test in another unit, and one that is known.
    let mut test = frames(8).split_off(6);
    test.push(data.samples[3].clone());
    let told = check_test(&data, ALL, &test).unwrap();
    assert!(
        told.len() == 1 && told[0].contains("1 of 3 frames of the test are also learnt from"),
        "{told:?}"
    );
    test[1].frame.energy = test[1].frame.energy.map(|e| e - 2000.0);
    assert!(check_test(&data, ALL, &test).unwrap_err().to_string().contains("the energy is"));
    // An element that the descriptor does not have.
    let setup = setup(argon(2), loss(None));
    let strange = frames(1);
    let message = features::compute(&setup.set, &[&strange[0].frame], false, &|| Ok(())).unwrap_err();
    assert!(message.to_string().contains("is not an element of the descriptor"), "{message}");
}

/// Descriptors of many frames take minutes: they end when told to.
#[test]
fn descriptors_may_be_given_up() {
    let (setup, told) = (setup(frames(3), loss(None)), AtomicUsize::new(0));
    let all: Vec<&Frame> = setup.samples.iter().map(|s| &s.frame).collect();
    let second = || match told.fetch_add(1, Ordering::Relaxed) {
        0 => Ok(()),
        _ => Err(Error::Interrupted("enough".into())),
    };
    let given_up = Store::compute(&setup.set, &all, true, (0, usize::MAX), &second);
    assert!(matches!(given_up, Err(Error::Interrupted(_))));
}
