//! Reading the frames of a training.

use super::Listener;
use crate::error::{Error, Result};
use crate::input::train::{Data, FrameFile, TrainPlan};
use crate::io::ReadOptions;
use crate::neighbors::NeighborList;
use crate::system::Element;
use crate::train::dataset::Sample;
use crate::workflow::Selection;

/// The frames of a training by what they are for.
#[derive(Debug, Clone, Default)]
pub(super) struct Frames {
    /// They train, and validate where no others do.
    pub(super) train: Vec<Sample>,
    /// They only tell when to stop.
    pub(super) validate: Vec<Sample>,
    /// The finished potential is judged on them.
    pub(super) test: Vec<Sample>,
}

/// All frames that `[data]` names.
pub(super) fn read_all(plan: &TrainPlan, listener: &dyn Listener) -> Result<Frames> {
    let data = &plan.data;
    let frames = Frames {
        train: read(&data.frames, data, listener)?,
        validate: read(&data.validate, data, listener)?,
        test: read(&data.test, data, listener)?,
    };
    check(&frames, data)?;
    Ok(frames)
}

/// The frames of some files, with their weights.
fn read(files: &[FrameFile], data: &Data, listener: &dyn Listener) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for file in files {
        let options = ReadOptions {
            units: file.units,
            strict_units: true,
            labels: file.labels.clone(),
            ..ReadOptions::default()
        };
        let selection = file.select.as_deref().map_or(Ok(Selection::ALL), str::parse)?;
        let taken = selection.each(&file.file, &options, |frame| {
            let kind = frame.config_type().unwrap_or_default();
            let factor = data.weights.iter().find(|(name, _)| *name == kind).map_or(1.0, |row| row.1);
            samples.push(Sample { frame, weight: file.weight * factor });
            Ok(())
        })?;
        if taken == 0 {
            return Err(Error::invalid(format!("{}: no frame of this file is chosen", file.file.display())));
        }
        if files.len() > 1 {
            let name = file.file.display();
            listener.note(&format!("{name}: {taken} frames of weight {}", file.weight));
        }
    }
    Ok(samples)
}

/// Weights of a `config_type` and energies of an element that no frame has are slips.
fn check(frames: &Frames, data: &Data) -> Result<()> {
    let learnt = || frames.train.iter().chain(&frames.validate).map(|s| &s.frame);
    let known = |name: &str| learnt().any(|frame| frame.config_type().as_deref() == Some(name));
    if let Some((name, _)) = data.weights.iter().find(|(name, _)| !known(name)) {
        return Err(Error::invalid(format!("[data] weights: no frame has the config_type `{name}`")));
    }
    let there = |element: &Element| learnt().any(|frame| frame.species.contains(element));
    match data.references.iter().flatten().find(|(element, _)| !there(element)) {
        Some((stranger, _)) => Err(Error::invalid(format!("[data] references: no frame has {stranger}"))),
        None => Ok(()),
    }
}

/// The smallest distance between atoms of the frames, Å.
pub(super) fn nearest(samples: &[Sample]) -> Result<f64> {
    let mut nearest = f64::INFINITY;
    for sample in samples {
        let frame = &sample.frame;
        // Within the largest cutoff so far at first; a sparse frame has no neighbours at all.
        let list = NeighborList::build(&frame.cell, &frame.positions, nearest.min(4.0))
            .map_err(|error| Error::invalid(format!("{}: {error}", frame.origin)))?;
        if let Some((_, distance)) = list.closest(&frame.cell, &frame.positions) {
            nearest = nearest.min(distance);
        }
    }
    if nearest.is_finite() {
        return Ok(nearest);
    }
    Err(Error::invalid("no two atoms of the frames are nearer than 4 Å: are the positions in Å?"))
}
