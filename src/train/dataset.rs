//! Frames with weights, and what is wrong with them.

use super::loss::stress_of;
use super::{duplicates, references};
use crate::error::{Error, Result};
use crate::io::Frame;
use crate::system::Element;
use std::collections::BTreeMap;

/// A frame and how much it counts.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The frame with its labels.
    pub frame: Frame,
    /// Its weight among the others.
    pub weight: f64,
}

/// The column in which a committee says how far its members are apart.
pub const FORCES_STD: &str = "forces_std";

/// What frames have that the guard of a run has kept, and those that a committee was asked about.
pub const PREDICTED: [&str; 2] = ["guard", "energy_std"];

/// Are energy and forces of a frame a potential's, as far as it tells?
pub fn is_predicted(frame: &Frame) -> bool {
    PREDICTED.iter().any(|key| frame.info.contains_key(*key)) || frame.columns.contains_key(FORCES_STD)
}

/// Which labels a training uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Labels {
    /// Total energies.
    pub energy: bool,
    /// Forces.
    pub forces: bool,
    /// Stresses.
    pub stress: bool,
}

/// Frames that were looked at and found fit for training.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The frames.
    pub samples: Vec<Sample>,
    /// The elements they have, by atomic number.
    pub elements: Vec<Element>,
    /// What is odd without being wrong.
    pub warnings: Vec<String>,
}

impl Dataset {
    /// Checks the frames: every label asked for is there and finite, no frame contradicts another one, no
    /// energy is so far from the others that it must be in another unit. The first `training` of them train.
    pub fn new(samples: Vec<Sample>, training: usize, labels: Labels) -> Result<Self> {
        if samples.len() < 2 {
            return Err(Error::invalid(format!(
                "{} is too little to train on: at least two frames are needed, one to train and one to validate",
                if samples.is_empty() { "no frame" } else { "one frame" }
            )));
        }
        let training = training.min(samples.len());
        let mut warnings = check_labels(&samples, training, labels)?;
        warnings.extend(duplicates::within(&samples, training)?);
        let mut elements: Vec<Element> =
            samples.iter().flat_map(|s| s.frame.species.iter().copied()).collect();
        elements.sort_unstable();
        elements.dedup();
        if labels.energy {
            let frames: Vec<&Sample> = samples.iter().collect();
            check_energies(&frames, &elements, &mut warnings)?;
        }
        if labels.forces {
            check_forces(&samples, &mut warnings);
        }
        warnings.extend(odd_ones(&samples[..training]));
        Ok(Self { samples, elements, warnings })
    }
}

/// Elements of which next to nothing is learnt, atoms alone, and labels that may be a potential's.
fn odd_ones(samples: &[Sample]) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut counts: BTreeMap<Element, usize> = BTreeMap::new();
    for element in samples.iter().flat_map(|s| &s.frame.species) {
        *counts.entry(*element).or_default() += 1;
    }
    for (element, count) in counts.into_iter().filter(|row| row.1 < FEW) {
        let atoms = if count == 1 { "one atom" } else { &format!("{count} atoms") };
        warnings.push(format!("{atoms} of {element} in all frames: that is too little to learn from"));
    }
    let mut tell = |what: &str, odd: &dyn Fn(&Frame) -> bool| {
        let mut odd = samples.iter().map(|s| &s.frame).filter(|frame| odd(frame));
        if let Some(first) = odd.next() {
            let (count, total) = (1 + odd.count(), samples.len());
            warnings.push(format!("{count} of {total} frames {what} (the first is {})", first.origin));
        }
    };
    tell(
        "are of one atom: if it is alone in its cell, its energy is far from all others and the fit bends towards it; leave it \
         out, or let it count less (`weight`)",
        &|frame| frame.len() == 1 && alone(frame),
    );
    tell(
        "carry `guard`, `energy_std` or `forces_std`: if their energies and forces are those of a potential, there is nothing \
         to learn from them",
        &is_predicted,
    );
    warnings
}

/// Fewer atoms of an element than this tell nothing.
const FEW: usize = 10;

/// Is an atom farther from its own images than atoms feel each other?
fn alone(frame: &Frame) -> bool {
    let periodic = frame.cell.periodic();
    let lengths = frame.cell.lengths();
    (0..3).all(|k| !periodic[k] || lengths[k] > 8.0)
}

/// Energies and forces are there, and all that is there is a number; told is how many frames have no stress.
fn check_labels(samples: &[Sample], training: usize, labels: Labels) -> Result<Vec<String>> {
    type Finite = fn(&Sample) -> Option<bool>;
    let asked: [(bool, &str, Finite); 3] = [
        (labels.energy, "energy", |s| s.frame.energy.map(f64::is_finite)),
        (labels.forces, "forces", |s| {
            s.frame.forces.as_ref().map(|v| v.iter().all(|v| v.iter().all(|x| x.is_finite())))
        }),
        (labels.stress, "stress", |s| stress_of(s).map(|s| s.iter().all(|x| x.is_finite()))),
    ];
    let mut warnings = Vec::new();
    for (_, name, finite) in asked.into_iter().filter(|row| row.0) {
        let lacking: Vec<&Frame> = samples.iter().filter(|s| finite(s).is_none()).map(|s| &s.frame).collect();
        // Surfaces and clusters have no stress, and not every calculation writes it; where it is, it is learnt.
        let optional = name == "stress" && samples[..training].iter().any(|s| finite(s).is_some());
        match lacking.first() {
            Some(first) if optional => warnings.push(format!(
                "{} of {} frames have no stress, and teach their energies and forces alone (the first is {})",
                lacking.len(),
                samples.len(),
                first.origin
            )),
            Some(first) => {
                return Err(Error::invalid(format!(
                    "{}: no {name} here, and in {} of {} frames in all; remove these frames, or take \
                     `{name}` out of [loss]",
                    first.origin,
                    lacking.len(),
                    samples.len()
                )));
            }
            None => {}
        }
        if let Some(bad) = samples.iter().find(|s| finite(s) == Some(false)) {
            return Err(not_a_number(&bad.frame, name));
        }
    }
    if let Some(empty) = samples.iter().find(|s| s.frame.is_empty()) {
        return Err(Error::invalid(format!("{}: this frame has no atoms", empty.frame.origin)));
    }
    Ok(warnings)
}

fn not_a_number(frame: &Frame, name: &str) -> Error {
    let verb = if name == "forces" { "are" } else { "is" };
    let kind = if name == "forces" { "finite numbers" } else { "a finite number" };
    Error::invalid(format!("{}: the {name} {verb} not {kind}", frame.origin))
}

/// Whatever labels frames of a test have, they are numbers, and their energies go with those that were learnt from.
pub fn check_test(learnt: &Dataset, labels: Labels, test: &[Sample]) -> Result<Vec<String>> {
    for frame in test.iter().map(|s| &s.frame) {
        let energy = frame.energy.is_none_or(f64::is_finite);
        let forces = frame.forces.iter().flatten().all(|f| f.iter().all(|x| x.is_finite()));
        let stress = frame.stress.iter().all(|s| s.iter().all(|x| x.is_finite()));
        for (good, name) in [(energy, "energy"), (forces, "forces"), (stress, "stress")] {
            if !good {
                return Err(not_a_number(frame, name));
            }
        }
        if frame.is_empty() {
            return Err(Error::invalid(format!("{}: this frame has no atoms", frame.origin)));
        }
    }
    let mut warnings = duplicates::leaks(&learnt.samples, test);
    let known = |s: &&Sample| s.frame.species.iter().all(|e| learnt.elements.contains(e));
    let judged: Vec<&Sample> = test.iter().filter(|s| s.frame.energy.is_some()).filter(known).collect();
    if labels.energy && !judged.is_empty() {
        let all: Vec<&Sample> = learnt.samples.iter().chain(judged).collect();
        // What is odd about the former has been told.
        let before = learnt.warnings.len();
        let mut told = learnt.warnings.clone();
        check_energies(&all, &learnt.elements, &mut told)?;
        warnings.extend(told.split_off(before).into_iter().filter(|w| !learnt.warnings.contains(w)));
    }
    Ok(warnings)
}

/// Energies far beyond the spread of the others, after the energies of the elements are subtracted.
fn check_energies(samples: &[&Sample], elements: &[Element], warnings: &mut Vec<String>) -> Result<()> {
    let rest = references::robust_residuals(samples, elements);
    let typical = median(rest.iter().map(|x| x.abs()).collect()).max(1e-3);
    for (sample, x) in samples.iter().zip(&rest) {
        let origin = &sample.frame.origin;
        if x.abs() > 50.0 * typical && x.abs() > 5.0 {
            return Err(Error::invalid(format!(
                "{origin}: the energy is {x:+.3} eV/atom away from what the other frames lead to expect \
                 (typically {typical:.3}): is it in another unit, or of another calculation?"
            )));
        }
        if x.abs() > 30.0 * typical && x.abs() > 0.5 {
            warnings.push(format!(
                "{origin}: the energy is {x:+.3} eV/atom from what the other frames lead to expect"
            ));
        }
    }
    Ok(())
}

/// Frames whose forces are far larger than those of the others.
fn check_forces(samples: &[Sample], warnings: &mut Vec<String>) {
    let rms = |sample: &Sample| {
        let forces = sample.frame.forces.as_deref().unwrap_or_default();
        (forces.iter().map(nalgebra::Vector3::norm_squared).sum::<f64>() / forces.len().max(1) as f64).sqrt()
    };
    let all: Vec<f64> = samples.iter().map(rms).collect();
    let typical = median(all.clone());
    for (sample, x) in samples.iter().zip(all) {
        if x > 20.0 * typical && x > 5.0 {
            warnings.push(format!(
                "{}: the root mean square force is {x:.2} eV/Å, typical is {typical:.2}: another unit, or \
                 atoms on top of each other?",
                sample.frame.origin
            ));
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
