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

/// A number of an expansion that varies less than this, beside the one of its element that varies most, has in all frames the
/// value that symmetry gives it, but for the rounding of positions: divided by its standard deviation that rounding would be all
/// that a network sees, and the first atom that leaves its place would be far beyond. Numbers that mean something vary by some
/// 10⁻³ at least (10⁻²·⁵ in warm crystals), positions with five digits leave 10⁻⁴.
const ROUNDING: f64 = 1e-4;

/// The scaling to zero mean and unit variance, in the form that the format of the descriptor's program
/// has: n2p2's by σ, aenet's by the second moment, where what does not vary is fed as zero.
pub fn scaling(set: &DescriptorSet, statistics: Vec<Statistics>) -> Result<Scaling> {
    if matches!(set, DescriptorSet::Symmetry(_)) {
        return Scaling::new(ScalingKind::Sigma, [0.0, 1.0], statistics);
    }
    Scaling::new(ScalingKind::SecondMoment, [0.0, 1.0], second_moments(statistics))
}

/// Standard deviations as second moments; of what varies by rounding alone it is zero.
pub fn second_moments(statistics: Vec<Statistics>) -> Vec<Statistics> {
    let most = statistics.iter().map(|s| s.spread).fold(0.0, f64::max);
    let second = |s: Statistics| {
        let variance = if s.spread < ROUNDING * most { 0.0 } else { s.spread * s.spread };
        Statistics { spread: variance + s.mean * s.mean, ..s }
    };
    statistics.into_iter().map(second).collect()
}

/// How many numbers are fed as zero, since no frame that trains tells what they do.
pub fn silent(scaling: &Scaling) -> usize {
    scaling.factor().iter().filter(|factor| **factor == 0.0).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptors::{Moments, MomentsSize};
    use crate::system::Element;

    /// What symmetry makes zero in all frames stays zero, whatever rounding left of it.
    #[test]
    fn rounding_is_not_scaled_up() {
        let lithium = Element::from_symbol("Li").unwrap();
        let set =
            DescriptorSet::Moments(Moments::standard(vec![lithium], 5.0, 4.0, MomentsSize::Small).unwrap());
        let spread = |spread: f64| Statistics { min: 0.0, max: 1.0, mean: 0.3, spread };
        let found = scaling(&set, vec![spread(0.9), spread(9e-4), spread(3e-7), spread(0.0)]).unwrap();
        assert_eq!(silent(&found), 2);
        assert!(found.factor()[..2].iter().all(|f| *f > 0.0), "{:?}", found.factor());
    }
}
