//! Mean squared displacements at all lags, with what tells their errors: atom by atom, and in stretches of time.

use super::multitau::{COMPONENTS, place_of};

/// A stretch of time: pairs of frames and Σ|u|² over atoms, per lag.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    pub(super) counts: Vec<u64>,
    pub(super) squares: Vec<f64>,
}

/// The mean squared displacements of one element in one run.
#[derive(Debug, Clone)]
pub struct Msd {
    /// Number of atoms.
    pub atoms: usize,
    /// Lags, frames, ascending.
    pub lags: Vec<usize>,
    /// Pairs of frames at each lag.
    pub origins: Vec<u64>,
    /// Per lag: ⟨u_a u_b⟩ over atoms and origins (xx yy zz yz xz xy), Å².
    pub mean: Vec<[f64; COMPONENTS]>,
    /// Per lag: the non-Gaussian parameter 3⟨u⁴⟩/(5⟨u²⟩²) − 1.
    pub non_gaussian: Vec<f64>,
    /// Per lag, per atom: its own mean over origins, Å².
    pub per_atom: Vec<Vec<[f64; COMPONENTS]>>,
    /// Per level: frames of a stretch, and the stretches.
    pub(super) levels: Vec<(usize, Vec<Batch>)>,
}

impl Batch {
    pub(super) fn add(&mut self, other: &Self) {
        for l in 0..self.counts.len() {
            self.counts[l] += other.counts[l];
            self.squares[l] += other.squares[l];
        }
    }
}

impl Msd {
    /// Replicas taken together, each with its weight: means, and the non-Gaussian parameter of all displacements. Neither atoms
    /// nor stretches of time are told apart any more.
    pub fn pooled(runs: &[(&Self, f64)]) -> Self {
        let lags =
            runs.iter().map(|run| &run.0.lags).max_by_key(|lags| lags.len()).cloned().unwrap_or_default();
        let mut all = Self {
            atoms: runs.iter().map(|run| run.0.atoms).sum(),
            lags,
            origins: Vec::new(),
            mean: Vec::new(),
            non_gaussian: Vec::new(),
            per_atom: Vec::new(),
            levels: Vec::new(),
        };
        for k in 0..all.lags.len() {
            // Short runs have no long lags.
            let long = || runs.iter().filter(|run| run.0.lags.len() > k);
            let whole: f64 = long().map(|run| run.1).sum();
            let sum =
                |of: &dyn Fn(&Self) -> f64| long().map(|(msd, weight)| weight / whole * of(msd)).sum::<f64>();
            all.origins.push(long().map(|run| run.0.origins[k]).sum());
            all.mean.push(std::array::from_fn(|c| sum(&|msd| msd.mean[k][c])));
            // 3⟨u⁴⟩/5 of each.
            let quartic = sum(&|msd| (msd.non_gaussian[k] + 1.0) * msd.trace(k).powi(2));
            let square = all.trace(k).powi(2);
            all.non_gaussian.push(if square > 0.0 { quartic / square - 1.0 } else { 0.0 });
        }
        all
    }

    /// The trace ⟨|u|²⟩ at a lag given by its place in the list, Å².
    pub fn trace(&self, k: usize) -> f64 {
        let m = &self.mean[k];
        m[0] + m[1] + m[2]
    }

    /// Σ_k w_k ⟨|u|²⟩(lag k), stretch of time after stretch of time: `weights` are places in the list of lags
    /// with their weight. Stretches follow each other and are equally long, `least` frames or more.
    pub fn in_time(&self, weights: &[(usize, f64)], least: usize) -> Vec<f64> {
        let used: Vec<(usize, usize, f64)> = weights
            .iter()
            .map(|(k, w)| {
                let (level, l) = place_of(self.lags[*k]);
                (level, l, *w)
            })
            .collect();
        let Some(mut span) = used.iter().map(|(level, ..)| self.levels[*level].0).max() else {
            return Vec::new();
        };
        while span < least {
            span *= 2;
        }
        let frames = self.lags.iter().zip(&self.origins).map(|(l, o)| l + *o as usize).next().unwrap_or(0);
        (0..frames / span)
            .map(|b| {
                used.iter()
                    .map(|(level, l, w)| {
                        let (own, batches) = &self.levels[*level];
                        let each = span / own;
                        let part =
                            &batches[(b * each).min(batches.len())..((b + 1) * each).min(batches.len())];
                        let count: u64 = part.iter().map(|batch| batch.counts[*l]).sum();
                        let square: f64 = part.iter().map(|batch| batch.squares[*l]).sum();
                        if count == 0 { f64::NAN } else { w * square / (count as f64 * self.atoms as f64) }
                    })
                    .sum()
            })
            .filter(|value: &f64| value.is_finite())
            .collect()
    }
}
