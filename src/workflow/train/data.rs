//! Reading the frames of a training.

use crate::error::{Error, Result};
use crate::input::train::{Data, FrameFile};
use crate::io::ReadOptions;
use crate::neighbors::NeighborList;
use crate::train::dataset::Sample;
use crate::workflow::Selection;

/// The frames of some files, with their weights.
pub(super) fn read(files: &[FrameFile], data: &Data) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for file in files {
        let options = ReadOptions { units: file.units, ..ReadOptions::default() };
        let selection = file.select.as_deref().map_or(Ok(Selection::ALL), str::parse)?;
        selection.each(&file.file, &options, |frame| {
            let kind = frame.text("config_type").unwrap_or_default();
            let factor = data.weights.iter().find(|(name, _)| name == kind).map_or(1.0, |row| row.1);
            samples.push(Sample { frame, weight: file.weight * factor });
            Ok(())
        })?;
    }
    Ok(samples)
}

/// Weights of a `config_type` that no frame has are a slip.
pub(super) fn check_weights(samples: &[Sample], data: &Data) -> Result<()> {
    let known = |name: &str| samples.iter().any(|s| s.frame.text("config_type") == Some(name));
    match data.weights.iter().find(|(name, _)| !known(name)) {
        Some((name, _)) => {
            Err(Error::invalid(format!("[data] weights: no frame has the config_type `{name}`")))
        }
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
        for i in 0..frame.len() {
            for pair in list.neighbors(i) {
                let r = NeighborList::vector(&frame.cell, &frame.positions, i, *pair).norm();
                nearest = nearest.min(r);
            }
        }
    }
    if nearest.is_finite() {
        return Ok(nearest);
    }
    Err(Error::invalid("no two atoms of the frames are nearer than 4 Å: are the positions in Å?"))
}
