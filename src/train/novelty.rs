//! Which frames say the most that is new: farthest-point sampling in the space of descriptors (Imbalzano et al.,
//! J. Chem. Phys. 148, 241730 (2018), doi:10.1063/1.5024611).
//!
//! An atom is the point x of its descriptors, each in units of its standard deviation over all atoms of the element, and two
//! atoms are as far apart as their coordinates differ in the root mean square, d. A frame is as novel as its least known
//! atom: max_i min_j d(x_i, x_j) over its atoms i and all atoms j that are known. The most novel frame is taken, its atoms are
//! known from then on, and so on.

use super::features::FrameFeatures;
use super::scaling;
use crate::potential::DescriptorSet;
use multiversion::multiversion;
use rayon::prelude::*;

/// A frame that was taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pick {
    /// Which candidate.
    pub frame: usize,
    /// How novel it was, in standard deviations of the descriptors; infinite where nothing was known.
    pub novelty: f64,
    /// The atom that was least known.
    pub atom: usize,
}

/// What is to be taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// The most frames.
    pub most: usize,
    /// Frames that are not more novel than this are left.
    pub least: f64,
}

/// Coordinates are padded to a multiple of this; sums run over so many lanes on every machine, for the same bits.
const LANES: usize = 16;
/// Candidates that a known atom is compared with while it is at hand.
const BLOCK: usize = 16;
/// A descriptor that varies less than this, relative to its size, says nothing.
const NO_SPREAD: f64 = 1e-9;

/// The candidates that are most unlike what is known and each other, the most novel first, and how novel the most novel
/// of the others is (zero if there are none). `done` is told after every frame that has become known.
pub fn farthest(
    set: &DescriptorSet,
    known: &[FrameFeatures],
    candidates: &[FrameFeatures],
    wanted: Wanted,
    done: &mut dyn FnMut(),
) -> (Vec<Pick>, f64) {
    let measures = Measure::of(set, known, candidates);
    let mut atoms: Vec<Candidates> =
        measures.iter().enumerate().map(|(s, measure)| Candidates::of(s, measure, candidates)).collect();
    let mut learn = |atoms: &mut [Candidates], frame: &FrameFeatures| {
        for (s, (candidates, measure)) in atoms.iter_mut().zip(&measures).enumerate() {
            let fresh =
                measure.points(frame.atoms.iter().filter(|atom| atom.species == s).map(|a| &a.values[..]));
            candidates.learn(&fresh);
        }
        done();
    };
    for frame in known {
        learn(&mut atoms, frame);
    }
    let mut picks: Vec<Pick> = Vec::new();
    loop {
        let next = most_novel(&atoms, candidates.len(), &picks);
        match next {
            Some(pick) if picks.len() < wanted.most && pick.novelty > wanted.least => {
                learn(&mut atoms, &candidates[pick.frame]);
                picks.push(pick);
            }
            next => return (picks, next.map_or(0.0, |pick| pick.novelty)),
        }
    }
}

/// The first of the most novel frames that were not taken.
fn most_novel(atoms: &[Candidates], frames: usize, taken: &[Pick]) -> Option<Pick> {
    let mut best: Vec<Option<Pick>> = vec![None; frames];
    for candidates in atoms {
        for (squared, (frame, atom)) in candidates.nearest.iter().zip(&candidates.owners) {
            let novelty = f64::from(*squared).sqrt();
            let best = &mut best[*frame];
            if best.is_none_or(|best| novelty > best.novelty) {
                *best = Some(Pick { frame: *frame, novelty, atom: *atom });
            }
        }
    }
    for pick in taken {
        best[pick.frame] = None;
    }
    best.into_iter().flatten().reduce(|a, b| if b.novelty > a.novelty { b } else { a })
}

/// Makes a point of the descriptors of an atom of one element.
struct Measure {
    shift: Vec<f64>,
    /// 1/(σ√n), zero for a descriptor that hardly varies: squared distances are then sums of squares.
    factor: Vec<f64>,
}

impl Measure {
    fn of(set: &DescriptorSet, known: &[FrameFeatures], candidates: &[FrameFeatures]) -> Vec<Self> {
        let frames: Vec<&FrameFeatures> = known.iter().chain(candidates).collect();
        let one = |species: usize| {
            let statistics = scaling::of_species(species, set.len(species), &frames).unwrap_or_default();
            let varies = |spread: f64, mean: f64| spread > NO_SPREAD * mean.abs().max(1e-6);
            let n = statistics.iter().filter(|s| varies(s.spread, s.mean)).count() as f64;
            let factor =
                |spread: f64, mean: f64| if varies(spread, mean) { 1.0 / (spread * n.sqrt()) } else { 0.0 };
            Self {
                shift: statistics.iter().map(|s| s.mean).collect(),
                factor: statistics.iter().map(|s| factor(s.spread, s.mean)).collect(),
            }
        };
        (0..set.elements().len()).map(one).collect()
    }

    fn width(&self) -> usize {
        self.shift.len().next_multiple_of(LANES)
    }

    /// The points of atoms, one behind the other.
    fn points<'a>(&self, atoms: impl Iterator<Item = &'a [f64]>) -> Vec<f32> {
        let mut points = Vec::new();
        for values in atoms {
            let scaled = values.iter().zip(&self.shift).zip(&self.factor);
            points.extend(scaled.map(|((g, shift), factor)| ((g - shift) * factor) as f32));
            points.resize(points.len().next_multiple_of(LANES), 0.0);
        }
        points
    }
}

/// The atoms of one element in the frames to choose from.
struct Candidates {
    width: usize,
    points: Vec<f32>,
    /// Frame and atom of each.
    owners: Vec<(usize, usize)>,
    /// The squared distance from the nearest atom that is known.
    nearest: Vec<f32>,
}

impl Candidates {
    fn of(species: usize, measure: &Measure, frames: &[FrameFeatures]) -> Self {
        let all = || {
            frames.iter().enumerate().flat_map(move |(f, frame)| {
                let atoms = frame.atoms.iter().enumerate().filter(move |(_, atom)| atom.species == species);
                atoms.map(move |(a, atom)| ((f, a), &atom.values[..]))
            })
        };
        let owners: Vec<(usize, usize)> = all().map(|(owner, _)| owner).collect();
        let points = measure.points(all().map(|(_, values)| values));
        Self { width: measure.width(), points, nearest: vec![f32::INFINITY; owners.len()], owners }
    }

    fn learn(&mut self, fresh: &[f32]) {
        if self.owners.is_empty() || fresh.is_empty() {
            return;
        }
        let width = self.width;
        let blocks = self.nearest.par_chunks_mut(BLOCK).zip(self.points.par_chunks(BLOCK * width));
        blocks.for_each(|(nearest, points)| approach(nearest, points, fresh, width));
    }
}

/// Brings the squared distances of some points down to that from the nearest of some others.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn approach(nearest: &mut [f32], points: &[f32], others: &[f32], width: usize) {
    for other in others.chunks_exact(width) {
        for (nearest, point) in nearest.iter_mut().zip(points.chunks_exact(width)) {
            let mut sums = [0.0_f32; LANES];
            for (a, b) in point.chunks_exact(LANES).zip(other.chunks_exact(LANES)) {
                for k in 0..LANES {
                    let apart = a[k] - b[k];
                    sums[k] += apart * apart;
                }
            }
            let squared: f32 = sums.iter().sum();
            *nearest = nearest.min(squared);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::features::AtomFeatures;

    /// A frame of atoms of one element with two descriptors, of which the second never varies.
    fn frame(values: &[f64]) -> FrameFeatures {
        let atom = |x: &f64| AtomFeatures { values: vec![*x, 7.0], ..AtomFeatures::default() };
        FrameFeatures { atoms: values.iter().map(atom).collect() }
    }

    fn set() -> DescriptorSet {
        crate::train::generate::chebyshev(&["Li".parse().unwrap()], (4.0, 0), (3.0, 0)).unwrap()
    }

    #[test]
    fn the_farthest_comes_first_and_what_is_known_is_left() {
        let known = [frame(&[0.0, 1.0])];
        // Far in one atom; between; known already; far, but near the first; further out on the other side.
        let candidates =
            [frame(&[0.0, 9.0]), frame(&[5.0]), frame(&[1.0, 0.0]), frame(&[8.5]), frame(&[-3.9])];
        let mut learnt = 0;
        let wanted = Wanted { most: 10, least: 0.0 };
        let (picks, rest) = farthest(&set(), &known, &candidates, wanted, &mut || learnt += 1);
        let order: Vec<usize> = picks.iter().map(|pick| pick.frame).collect();
        assert_eq!(order, [0, 1, 4, 3], "{picks:?}");
        assert_eq!((picks[0].atom, rest, learnt), (1, 0.0, 5));
        // Distances are in standard deviations of all atoms.
        let all: Vec<f64> =
            known.iter().chain(&candidates).flat_map(|f| &f.atoms).map(|a| a.values[0]).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let sigma = (all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / all.len() as f64).sqrt();
        for (pick, distance) in picks.iter().zip([8.0, 4.0, 3.9, 0.5]) {
            assert!((pick.novelty - distance / sigma).abs() < 1e-6, "{pick:?}");
        }
        let few = Wanted { most: 2, least: 0.0 };
        let (picks, rest) = farthest(&set(), &known, &candidates, few, &mut || ());
        assert!(picks.len() == 2 && (rest - 3.9 / sigma).abs() < 1e-6);
        let novel = Wanted { most: 10, least: 1.0 / sigma };
        assert_eq!(farthest(&set(), &known, &candidates, novel, &mut || ()).0.len(), 3);
        // Where nothing is known, the first frame is.
        let (picks, _) = farthest(&set(), &[], &candidates[1..3], few, &mut || ());
        assert!(picks[0].frame == 0 && picks[0].novelty.is_infinite() && picks[1].frame == 1, "{picks:?}");
    }
}
