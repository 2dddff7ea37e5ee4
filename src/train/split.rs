//! Which frames train and which validate.

use super::dataset::Sample;
use crate::random::{Philox, Purpose};
use crate::system::Element;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Indices of frames.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Split {
    /// Those that train.
    pub train: Vec<usize>,
    /// Those that only tell when to stop.
    pub validation: Vec<usize>,
}

/// A share of the frames validates, the others train. With a share of 1/n there are n parts without common frames, by the number
/// `part`.
///
/// Frames are shuffled by the seed within each `config_type`, then dealt out in turn, so that every part
/// has its share of every type.
pub fn split(samples: &[Sample], seed: u64, share: f64, part: usize) -> Split {
    let mut types: BTreeMap<Cow<'_, str>, Vec<usize>> = BTreeMap::new();
    for (index, sample) in samples.iter().enumerate() {
        types.entry(sample.frame.config_type().unwrap_or_default()).or_default().push(index);
    }
    let mut random = Philox::new(seed, Purpose::Training, 1, 0);
    let mut dealt = Vec::with_capacity(samples.len());
    for mut indices in types.into_values() {
        for k in (1..indices.len()).rev() {
            indices.swap(k, random.below(k as u64 + 1) as usize);
        }
        dealt.extend(indices);
    }
    let mut split = Split { train: Vec::new(), validation: Vec::new() };
    // Where a line of slope `share` passes a whole number; products that are whole but for rounding count as whole.
    let passed = |place: usize| (place as f64 * share - 1e-9).ceil();
    let shift = (1.0 / share).ceil() as usize - part % (1.0 / share).ceil() as usize;
    for (place, index) in dealt.into_iter().enumerate() {
        let validates = passed(place + shift + 1) > passed(place + shift);
        if validates { &mut split.validation } else { &mut split.train }.push(index);
    }
    split.train.sort_unstable();
    split.validation.sort_unstable();
    split
}

impl Split {
    /// The same where every element of the frames trains: of an element that only frames to validate have, the first of these
    /// trains. What a network has never seen is no measure of when to stop, nor a potential. Moved are the frames that are told.
    pub fn with_all_elements(mut self, samples: &[Sample]) -> (Self, Vec<usize>) {
        let of = |frames: &[usize]| -> BTreeSet<Element> {
            frames.iter().flat_map(|k| samples[*k].frame.species.iter().copied()).collect()
        };
        let mut known = of(&self.train);
        let mut moved = Vec::new();
        for k in self.validation.clone() {
            if !of(&[k]).is_subset(&known) {
                known.extend(of(&[k]));
                moved.push(k);
            }
        }
        self.validation.retain(|k| !moved.contains(k));
        self.train.extend(&moved);
        self.train.sort_unstable();
        (self, moved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{Frame, Value};
    use crate::system::Cell;

    #[test]
    fn parts_are_disjoint_and_have_their_share_of_every_type() {
        let sample = |k: usize| {
            let mut frame = Frame::new(Cell::isolated(), Vec::new(), Vec::new());
            let name = if k < 10 { "rare" } else { "common" };
            frame.info.insert("config_type".into(), Value::Text(name.into()));
            Sample { frame, weight: 1.0 }
        };
        let samples: Vec<_> = (0..100).map(sample).collect();
        let mut seen = vec![0; 100];
        for fold in 0..5 {
            let Split { train, validation } = split(&samples, 7, 0.2, fold);
            assert_eq!((train.len(), validation.len()), (80, 20));
            assert_eq!(validation.iter().filter(|k| **k < 10).count(), 2);
            for k in &validation {
                seen[*k] += 1;
            }
            assert!(validation.iter().all(|k| !train.contains(k)));
        }
        assert!(seen.iter().all(|n| *n == 1));
        assert_eq!(split(&samples, 7, 0.2, 0), split(&samples, 7, 0.2, 0));
        assert_ne!(split(&samples, 7, 0.2, 0), split(&samples, 8, 0.2, 0));
        // Any share is met to a frame, that of every type as well.
        for (share, count) in [(0.3, 30), (0.07, 7), (0.45, 45), (0.1, 10), (1.0 / 3.0, 33)] {
            for part in 0..4 {
                let found = split(&samples, 7, share, part).validation;
                assert!(found.len().abs_diff(count) <= 1, "{share}: {}", found.len());
                let rare = found.iter().filter(|k| **k < 10).count();
                assert!((rare as f64 - 10.0 * share).abs() <= 1.0, "{share}: {rare}");
            }
        }
    }

    #[test]
    fn what_no_other_frame_has_trains() {
        let sample = |k: usize| {
            let species = if k == 7 || k == 8 { vec!["Si", "Ge"] } else { vec!["Si"] };
            let species: Vec<_> = species.into_iter().map(|s| Element::from_symbol(s).unwrap()).collect();
            let positions = vec![crate::system::Vec3::zeros(); species.len()];
            Sample { frame: Frame::new(Cell::isolated(), species, positions), weight: 1.0 }
        };
        let samples: Vec<_> = (0..10).map(sample).collect();
        let split = |validation: &[usize]| {
            let train = (0..10).filter(|k| !validation.contains(k)).collect();
            Split { train, validation: validation.to_vec() }.with_all_elements(&samples)
        };
        let (found, moved) = split(&[1, 7, 8]);
        assert_eq!((found.train.len(), &found.validation[..], &moved[..]), (8, &[1, 8][..], &[7][..]));
        assert!(found.train.is_sorted() && found.train.contains(&7));
        assert!(split(&[1, 7]).1.is_empty());
    }
}
