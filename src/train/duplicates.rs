//! Frames that are there twice.

use super::dataset::Sample;
use crate::error::{Error, Result};
use crate::io::Frame;
use crate::system::Vec3;
use std::collections::HashMap;
use std::f64::consts::TAU;

/// Coordinates (Å) that differ by less are the same number written with fewer digits.
const PLACE: f64 = 1e-5;
/// The same for energies (eV), forces (eV/Å) and stresses (eV/Å³).
const LABELS: [f64; 3] = [1e-4, 1e-4, 1e-5];

/// Finds frames of the same atoms at the same places without comparing all with all.
#[derive(Default)]
struct Index<'a> {
    frames: Vec<&'a Frame>,
    /// By the number of atoms and a sum of coordinates.
    buckets: HashMap<(usize, i64), Vec<usize>>,
}

impl<'a> Index<'a> {
    /// The number of atoms, and where a sum of all coordinates with weights between 0 and 1 falls: of lattice vectors, and of
    /// cosines of positions in the cell (as lengths, Å), to which it is the same in which image an atom is. Digits that were
    /// lost move it by a tenth of a bucket at most.
    fn bucket(frame: &Frame) -> (usize, i64) {
        let golden = 0.618_033_988_749_894_9;
        let (periodic, lengths) = (frame.cell.periodic(), frame.cell.lengths());
        let place = |r: &Vec3| {
            let s = frame.cell.fractional(r);
            [0, 1, 2].map(|k| {
                let width = lengths[k] / TAU;
                if periodic[k] { width * (TAU * s[k]).cos() } else { width * s[k] }
            })
        };
        let coordinates = frame.cell.matrix().iter().copied().chain(frame.positions.iter().flat_map(place));
        let sum: f64 = coordinates.enumerate().map(|(k, x)| (golden * k as f64).fract() * x).sum();
        let width = 10.0 * PLACE * (3 * frame.len() + 9) as f64;
        (frame.len(), (sum / width).floor() as i64)
    }

    /// The first frame that was put in with these atoms at these places.
    fn find(&self, frame: &Frame) -> Option<usize> {
        let (atoms, bucket) = Self::bucket(frame);
        let near = [bucket - 1, bucket, bucket + 1].into_iter().filter_map(|b| self.buckets.get(&(atoms, b)));
        near.flatten().copied().filter(|at| same_atoms(self.frames[*at], frame)).min()
    }

    fn insert(&mut self, frame: &'a Frame) {
        self.buckets.entry(Self::bucket(frame)).or_default().push(self.frames.len());
        self.frames.push(frame);
    }
}

/// The same elements in the same cell, each atom at the place of the other one or at one of its images.
fn same_atoms(a: &Frame, b: &Frame) -> bool {
    let near = |x: &f64, y: &f64| (x - y).abs() <= PLACE;
    a.species == b.species
        && a.cell.periodic() == b.cell.periodic()
        && a.cell.matrix().iter().zip(b.cell.matrix().iter()).all(|(x, y)| near(x, y))
        && a.positions.iter().zip(&b.positions).all(|(x, y)| {
            // Images are far away to the digits of the cell only.
            (x - y).iter().all(|d| d.abs() <= PLACE) || a.cell.shortest(&(x - y)).amax() <= 10.0 * PLACE
        })
}

/// Do labels that both frames have agree?
fn same_labels(a: &Frame, b: &Frame) -> bool {
    let [energy, force, stress] = LABELS;
    let near = |tolerance: f64| move |(x, y): (&f64, &f64)| (x - y).abs() <= tolerance;
    a.energy.iter().zip(&b.energy).all(near(energy))
        && a.forces.iter().zip(&b.forces).all(|(a, b)| {
            a.iter().flat_map(|f| f.iter()).zip(b.iter().flat_map(|f| f.iter())).all(near(force))
        })
        && a.stress.iter().zip(&b.stress).all(|(a, b)| a.iter().zip(b).all(near(stress)))
}

/// Frames of a test that are also among those that were learnt from: such a test flatters.
pub(super) fn leaks(learnt: &[Sample], test: &[Sample]) -> Vec<String> {
    let mut known = Index::default();
    for sample in learnt {
        known.insert(&sample.frame);
    }
    told(&known, test, "of the test are also learnt from: the test flatters").into_iter().collect()
}

/// How many frames are known already, if any are.
fn told(known: &Index, frames: &[Sample], what: &str) -> Option<String> {
    let twice = |s: &Sample| known.find(&s.frame).map(|at| (s.frame.origin.clone(), at));
    let found: Vec<_> = frames.iter().filter_map(twice).collect();
    let (first, at) = found.first()?;
    Some(format!(
        "{} of {} frames {what} (the first is {first}, which is {})",
        found.len(),
        frames.len(),
        known.frames[*at].origin
    ))
}

/// Frames that are there twice are told; twice with different labels is an error. The first `training` train, the others
/// only tell when to stop.
pub(super) fn within(samples: &[Sample], training: usize) -> Result<Vec<String>> {
    let mut known = Index::default();
    let (mut warnings, mut repeated) = (Vec::new(), Vec::new());
    for (index, Sample { frame, .. }) in samples.iter().enumerate() {
        if index == training {
            let what = "that validate also train: they do not tell when to stop";
            warnings.extend(told(&known, &samples[training..], what));
        }
        match known.find(frame) {
            Some(at) if !same_labels(frame, known.frames[at]) => {
                return Err(Error::invalid(format!(
                    "{}: the same atoms as in {}, but with other labels: one of them is wrong",
                    frame.origin, known.frames[at].origin
                )));
            }
            Some(at) if index < training => repeated.push((frame, known.frames[at])),
            _ => {}
        }
        known.insert(frame);
    }
    if let [(first, other), rest @ ..] = &repeated[..] {
        let (first, other) = (&first.origin, &other.origin);
        warnings.push(match rest.len() {
            0 => format!("{first} repeats {other}: it counts twice"),
            more => {
                format!("{first} repeats {other}, and {more} more frames repeat others: they count twice")
            }
        });
    }
    Ok(warnings)
}
