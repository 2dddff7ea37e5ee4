//! Frames with weights, and what is wrong with them.

use super::{duplicates, references};
use crate::error::{Error, Result};
use crate::io::Frame;
use crate::system::Element;

/// A frame and how much it counts.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The frame with its labels.
    pub frame: Frame,
    /// Its weight among the others.
    pub weight: f64,
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
        check_labels(&samples, labels)?;
        let mut warnings = duplicates::within(&samples, training)?;
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
        Ok(Self { samples, elements, warnings })
    }
}

/// Every label is there, and is a number.
fn check_labels(samples: &[Sample], labels: Labels) -> Result<()> {
    type Finite = fn(&Frame) -> Option<bool>;
    let asked: [(bool, &str, Finite); 3] = [
        (labels.energy, "energy", |f| f.energy.map(f64::is_finite)),
        (labels.forces, "forces", |f| {
            f.forces.as_ref().map(|v| v.iter().all(|v| v.iter().all(|x| x.is_finite())))
        }),
        (labels.stress, "stress", |f| f.stress.map(|s| s.iter().all(|x| x.is_finite()))),
    ];
    for (_, name, finite) in asked.into_iter().filter(|row| row.0) {
        let lacking: Vec<&Frame> = samples.iter().map(|s| &s.frame).filter(|f| finite(f).is_none()).collect();
        if let Some(first) = lacking.first() {
            return Err(Error::invalid(format!(
                "{}: no {name} here, and in {} of {} frames in all; remove these frames, or take \
                 `{name}` out of [loss]",
                first.origin,
                lacking.len(),
                samples.len()
            )));
        }
        if let Some(bad) = samples.iter().find(|s| finite(&s.frame) == Some(false)) {
            return Err(not_a_number(&bad.frame, name));
        }
    }
    if let Some(empty) = samples.iter().find(|s| s.frame.is_empty()) {
        return Err(Error::invalid(format!("{}: this frame has no atoms", empty.frame.origin)));
    }
    if labels.stress
        && let Some(open) = samples.iter().find(|s| !s.frame.cell.is_bulk())
    {
        let origin = &open.frame.origin;
        return Err(Error::invalid(format!("{origin}: the stress of a cell that is not periodic")));
    }
    Ok(())
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
