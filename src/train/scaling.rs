//! The statistics of descriptors over the training frames, and the scaling they lead to.

use super::features::FrameFeatures;
use crate::descriptors::{Scaling, ScalingKind, Statistics};
use crate::error::{Error, Result};
use crate::potential::DescriptorSet;

/// Range, mean and standard deviation of every descriptor of every species.
pub fn statistics(set: &DescriptorSet, frames: &[&FrameFeatures]) -> Result<Vec<Vec<Statistics>>> {
    set.elements()
        .iter()
        .enumerate()
        .map(|(species, element)| {
            of_species(species, set.len(species), frames)
                .ok_or_else(|| Error::invalid(format!("no frame that trains has an atom of {element}")))
        })
        .collect()
}

/// Range, mean and standard deviation of the `width` descriptors of a species; `None` without atoms.
pub fn of_species(species: usize, width: usize, frames: &[&FrameFeatures]) -> Option<Vec<Statistics>> {
    let atoms = || frames.iter().flat_map(|f| &f.atoms).filter(|a| a.species == species);
    let count = atoms().count() as f64;
    if count == 0.0 {
        return None;
    }
    let mut found =
        vec![Statistics { min: f64::INFINITY, max: f64::NEG_INFINITY, mean: 0.0, spread: 0.0 }; width];
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
    Some(found)
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
