//! Descriptors that say nothing new are left out: those that hardly vary over the training frames, those
//! that follow another one, and all but the most telling ones.
//!
//! The most telling ones are found by CUR decomposition as in Imbalzano et al., doi:10.1063/1.5024611: the
//! descriptor with the largest weight in the leading singular vector of the (standardised) matrix of
//! descriptors is taken, the others are made orthogonal to it, and so on. All that needs is the matrix of
//! correlations C: taking descriptor c turns it into C − C_{·c} C_{c·}/C_{cc}.

use super::features::FrameFeatures;
use crate::descriptors::{Statistics, SymmetryFunctions};
use crate::error::{Error, Result};
use crate::potential::DescriptorSet;

/// What is left out.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pruning {
    /// Descriptors whose standard deviation is below this share of the largest one of their element.
    pub variance: Option<f64>,
    /// Of descriptors whose correlation is above this, all but the one that varies most.
    pub correlation: Option<f64>,
    /// All but this many of each element, by CUR decomposition.
    pub keep: Option<usize>,
}

/// A descriptor that varies less than this, relative to its size, says nothing.
const NO_SPREAD: f64 = 1e-9;
/// Atoms of an element that correlations are taken over.
const ATOMS: usize = 5000;

impl Pruning {
    /// Is nothing left out but what does not vary at all?
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Which descriptors of each species are left, ascending; `frames` are those that train, not scaled.
    pub fn kept(&self, statistics: &[Vec<Statistics>], frames: &[&FrameFeatures]) -> Vec<Vec<usize>> {
        let one = |(species, all): (usize, &Vec<Statistics>)| {
            let varies = |s: &Statistics| s.spread > NO_SPREAD * s.mean.abs().max(1e-6);
            let mut kept: Vec<usize> = (0..all.len()).filter(|k| varies(&all[*k])).collect();
            if let Some(share) = self.variance {
                let most = kept.iter().map(|k| all[*k].spread).fold(0.0, f64::max);
                kept.retain(|k| all[*k].spread >= share * most);
            }
            let wanted = self.keep.is_some_and(|keep| keep < kept.len());
            if !kept.is_empty() && (self.correlation.is_some() || wanted) {
                let mut matrix = correlations(all, &kept, species, frames);
                if let Some(limit) = self.correlation {
                    let chosen = uncorrelated(all, &kept, &matrix, limit);
                    matrix = restricted(&matrix, kept.len(), &chosen);
                    kept = chosen.iter().map(|k| kept[*k]).collect();
                }
                if let Some(keep) = self.keep {
                    kept = telling(matrix, kept.len(), keep).into_iter().map(|k| kept[k]).collect();
                }
            }
            kept
        };
        statistics.iter().enumerate().map(one).collect()
    }
}

/// The descriptor with only these functions of each species; `None` if these are all, or if its kind of
/// descriptor has no parts to leave out.
pub fn reduced(set: &DescriptorSet, kept: &[Vec<usize>]) -> Result<Option<DescriptorSet>> {
    let DescriptorSet::Symmetry(functions) = set else { return Ok(None) };
    if kept.iter().enumerate().all(|(s, kept)| kept.len() == set.len(s)) {
        return Ok(None);
    }
    if let Some(s) = kept.iter().position(Vec::is_empty) {
        return Err(Error::invalid(format!(
            "no descriptor of {} varies in the training frames",
            set.elements()[s]
        )));
    }
    let chosen = kept.iter().enumerate().map(|(s, kept)| kept.iter().map(|k| functions.of(s)[*k]).collect());
    let fewer = SymmetryFunctions::new(functions.elements().to_vec(), chosen.collect())?;
    Ok(Some(DescriptorSet::Symmetry(fewer)))
}

/// Correlations of the chosen descriptors of a species, row after row, over at most [`ATOMS`] atoms.
fn correlations(all: &[Statistics], kept: &[usize], species: usize, frames: &[&FrameFeatures]) -> Vec<f64> {
    let atoms: Vec<_> = frames.iter().flat_map(|f| &f.atoms).filter(|a| a.species == species).collect();
    let step = atoms.len().div_ceil(ATOMS).max(1);
    let d = kept.len();
    let (mut matrix, mut x) = (vec![0.0; d * d], vec![0.0; d]);
    for atom in atoms.iter().step_by(step) {
        for (x, k) in x.iter_mut().zip(kept) {
            *x = (atom.values[*k] - all[*k].mean) / all[*k].spread;
        }
        for (i, row) in matrix.chunks_exact_mut(d).enumerate() {
            row.iter_mut().zip(&x).for_each(|(c, y)| *c += x[i] * y);
        }
    }
    // Over part of the atoms the diagonal is only nearly one.
    let sizes: Vec<f64> = (0..d).map(|k| matrix[k * d + k].sqrt().max(f64::MIN_POSITIVE)).collect();
    for i in 0..d {
        for j in 0..d {
            matrix[i * d + j] /= sizes[i] * sizes[j];
        }
    }
    matrix
}

/// From the one that varies most downwards, those that follow none taken before by more than `limit`.
fn uncorrelated(all: &[Statistics], kept: &[usize], matrix: &[f64], limit: f64) -> Vec<usize> {
    let d = kept.len();
    let mut order: Vec<usize> = (0..d).collect();
    order.sort_by(|a, b| all[kept[*b]].spread.total_cmp(&all[kept[*a]].spread));
    let mut chosen: Vec<usize> = Vec::new();
    for k in order {
        if chosen.iter().all(|c| matrix[k * d + c].abs() <= limit) {
            chosen.push(k);
        }
    }
    chosen.sort_unstable();
    chosen
}

fn restricted(matrix: &[f64], d: usize, chosen: &[usize]) -> Vec<f64> {
    chosen.iter().flat_map(|i| chosen.iter().map(move |j| matrix[i * d + j])).collect()
}

/// Steps of the power iteration; the leading vector need not be exact to tell the largest entry.
const POWER_STEPS: usize = 60;

/// The `keep` most telling of `d` descriptors.
fn telling(mut matrix: Vec<f64>, d: usize, keep: usize) -> Vec<usize> {
    let mut chosen = Vec::new();
    while chosen.len() < keep.min(d) {
        let mut v: Vec<f64> = (0..d).map(|k| matrix[k * d + k].max(0.0).sqrt()).collect();
        for _ in 0..POWER_STEPS {
            let next: Vec<f64> =
                matrix.chunks_exact(d).map(|row| row.iter().zip(&v).map(|(c, x)| c * x).sum()).collect();
            let norm = next.iter().map(|x| x * x).sum::<f64>().sqrt();
            if norm <= f64::MIN_POSITIVE {
                break;
            }
            v = next.into_iter().map(|x| x / norm).collect();
        }
        let free = (0..d).filter(|k| !chosen.contains(k));
        let Some(best) = free.max_by(|a, b| v[*a].abs().total_cmp(&v[*b].abs())) else { break };
        let pivot = matrix[best * d + best];
        // What is left is spanned by those taken already.
        if pivot < 1e-10 {
            break;
        }
        let column: Vec<f64> = (0..d).map(|k| matrix[k * d + best]).collect();
        for (row, a) in matrix.chunks_exact_mut(d).zip(&column) {
            row.iter_mut().zip(&column).for_each(|(c, b)| *c -= a * b / pivot);
        }
        chosen.push(best);
    }
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Philox, Purpose};
    use crate::train::features::AtomFeatures;

    /// 200 atoms with six descriptors: 0 and 1 independent, 2 = 0 + a little of its own, 3 constant,
    /// 4 = 0 + 1, 5 varies by a thousandth.
    fn frame() -> FrameFeatures {
        let mut random = Philox::new(1, Purpose::General, 0, 0);
        let atom = |_: i32| {
            let [a, b, c] = [0; 3].map(|_| random.normal());
            let values = vec![2.0 * a, b, a + 0.01 * c, 3.0, a + b, 1e-3 * c];
            AtomFeatures { values, ..AtomFeatures::default() }
        };
        FrameFeatures { atoms: (0..200).map(atom).collect() }
    }

    fn kept(pruning: Pruning) -> Vec<usize> {
        let frame = frame();
        let statistics = |k: usize| {
            let x: Vec<f64> = frame.atoms.iter().map(|a| a.values[k]).collect();
            let mean = x.iter().sum::<f64>() / 200.0;
            let spread = (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 200.0).sqrt();
            Statistics { min: 0.0, max: 0.0, mean, spread }
        };
        pruning.kept(&[(0..6).map(statistics).collect()], &[&frame]).remove(0)
    }

    #[test]
    fn what_says_nothing_new_is_left_out() {
        assert_eq!(kept(Pruning::default()), [0, 1, 2, 4, 5]);
        assert_eq!(kept(Pruning { variance: Some(0.01), ..Pruning::default() }), [0, 1, 2, 4]);
        // Number 2 follows number 0, which varies more.
        assert_eq!(kept(Pruning { correlation: Some(0.95), ..Pruning::default() }), [0, 1, 4, 5]);
        // Numbers 0, 1, 2 and 4 point in two directions, 5 in another of its own.
        let three = kept(Pruning { keep: Some(3), ..Pruning::default() });
        assert!(three.contains(&5) && three.len() == 3 && three != [0, 2, 5], "{three:?}");
        // Three directions are all there are.
        let all = kept(Pruning { keep: Some(4), ..Pruning::default() });
        assert_eq!(all.len(), 3, "{all:?}");
    }
}
