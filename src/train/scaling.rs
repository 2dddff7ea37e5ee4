//! The statistics of descriptors over the training frames, and the scaling they lead to.

use super::features::FrameFeatures;
use crate::descriptors::{Scaling, ScalingKind, Statistics, SymmetryFunctions};
use crate::error::{Error, Result};
use crate::potential::DescriptorSet;

/// A descriptor that varies less than this, relative to its size, says nothing.
const NO_SPREAD: f64 = 1e-9;

/// Range, mean and standard deviation of every descriptor of every species.
pub fn statistics(set: &DescriptorSet, frames: &[&FrameFeatures]) -> Result<Vec<Vec<Statistics>>> {
    set.elements()
        .iter()
        .enumerate()
        .map(|(species, element)| {
            let width = set.len(species);
            let atoms = || frames.iter().flat_map(|f| &f.atoms).filter(|a| a.species == species);
            let count = atoms().count() as f64;
            if count == 0.0 {
                return Err(Error::invalid(format!("no frame that trains has an atom of {element}")));
            }
            let mut found =
                vec![
                    Statistics { min: f64::INFINITY, max: f64::NEG_INFINITY, mean: 0.0, spread: 0.0 };
                    width
                ];
            for atom in atoms() {
                for (s, x) in found.iter_mut().zip(&atom.values) {
                    s.min = s.min.min(*x);
                    s.max = s.max.max(*x);
                    s.mean += x / count;
                }
            }
            for atom in atoms() {
                for (s, x) in found.iter_mut().zip(&atom.values) {
                    s.spread += (x - s.mean).powi(2) / count;
                }
            }
            for s in &mut found {
                s.spread = s.spread.sqrt();
            }
            Ok(found)
        })
        .collect()
}

/// The descriptor without what does not vary in the training frames, and which of the old numbers are
/// left, by species; `None` if everything varies or its kind of descriptor has no parts to leave out.
pub fn without_constants(
    set: &DescriptorSet,
    statistics: &[Vec<Statistics>],
) -> Result<Option<(DescriptorSet, Vec<Vec<usize>>)>> {
    let DescriptorSet::Symmetry(functions) = set else { return Ok(None) };
    let varies = |s: &Statistics| s.spread > NO_SPREAD * s.mean.abs().max(1e-6);
    let kept: Vec<Vec<usize>> =
        statistics.iter().map(|all| (0..all.len()).filter(|k| varies(&all[*k])).collect()).collect();
    if kept.iter().zip(statistics).all(|(kept, all)| kept.len() == all.len()) {
        return Ok(None);
    }
    let chosen = kept.iter().enumerate().map(|(s, kept)| kept.iter().map(|k| functions.of(s)[*k]).collect());
    let fewer = SymmetryFunctions::new(functions.elements().to_vec(), chosen.collect())?;
    if let Some((_, element)) = kept.iter().zip(fewer.elements()).find(|(kept, _)| kept.is_empty()) {
        return Err(Error::invalid(format!("no descriptor of {element} varies in the training frames")));
    }
    Ok(Some((DescriptorSet::Symmetry(fewer), kept)))
}

/// The scaling to zero mean and unit variance, in the form that the format of the descriptor's program
/// has: n2p2's by σ, aenet's by the second moment.
pub fn scaling(set: &DescriptorSet, statistics: Vec<Statistics>) -> Result<Scaling> {
    if matches!(set, DescriptorSet::Symmetry(_)) {
        return Scaling::new(ScalingKind::Sigma, [0.0, 1.0], statistics);
    }
    let second = |s: Statistics| Statistics { spread: s.spread * s.spread + s.mean * s.mean, ..s };
    Scaling::new(ScalingKind::SecondMoment, [0.0, 1.0], statistics.into_iter().map(second).collect())
}
