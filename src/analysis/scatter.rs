//! How much a slope of mean squared displacements scatters: between ions, and from one stretch of time to the next.

use super::msd::Msd;
use super::multitau::COMPONENTS;
use super::tracer::Run;

/// From so many stretches of time on, their scatter alone gives the error.
pub(super) const ENOUGH_STRETCHES: f64 = 12.0;
/// What stretches of time scatter beyond the scatter between ions, as a variance of the slope ((Å²/fs)²): at the longest lag, up to
/// `longest`, that leaves stretches enough to tell. Hops of several ions at once and times of more and less mobility show
/// at any lag, and as much of them in every slope.
pub(super) fn concert_at_short_times((msd, interval, frames): &Run<'_>, longest: usize) -> f64 {
    let enough = |lag: usize| *frames as f64 >= 2.0 * ENOUGH_STRETCHES * 2.0 * lag as f64;
    let Some(k) = (0..=longest).rev().find(|k| enough(msd.lags[*k])) else { return 0.0 };
    let own = per_atom(msd, &[k], &[1.0]);
    let between = mean_and_error(own.iter().map(|square| square[0] + square[1] + square[2])).1;
    let parts = msd.in_time(&[(k, 1.0)], 2 * msd.lags[k]);
    if parts.len() < 2 {
        return 0.0;
    }
    let excess = stretch_error(&parts).powi(2) - between.powi(2);
    excess.max(0.0) / (msd.lags[k] as f64 * interval).powi(2)
}

/// Σ_k w_k u²(lag k) of each atom, component by component: with the weights of a fitted line its own slope, Å²/fs.
pub(super) fn per_atom(msd: &Msd, chosen: &[usize], weights: &[f64]) -> Vec<[f64; COMPONENTS]> {
    let mut slopes = vec![[0.0; COMPONENTS]; msd.atoms];
    for (k, w) in chosen.iter().zip(weights) {
        for (slope, own) in slopes.iter_mut().zip(&msd.per_atom[*k]) {
            for c in 0..COMPONENTS {
                slope[c] += w * own[c];
            }
        }
    }
    slopes
}

/// Mean, and its standard error if the values are independent.
pub(super) fn mean_and_error(values: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let squares: f64 = values.map(|x| (x - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0).max(1.0) / n).sqrt())
}

/// The standard error of the mean of successive stretches. Displacements that reach from one into the next make neighbours
/// alike, by 1/14 at a single lag half as long as a stretch, and the longer lags, whose weights have the other sign, unlike
/// by as much; what neighbours have in common counts where it is beyond chance, two standard errors.
pub(super) fn stretch_error(parts: &[f64]) -> f64 {
    let n = parts.len() as f64;
    let mean = parts.iter().sum::<f64>() / n;
    let own: f64 = parts.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let next: f64 = parts.windows(2).map(|p| (p[0] - mean) * (p[1] - mean)).sum::<f64>() / (n - 1.0);
    let shared = if next > own * 2.0 / n.sqrt() { next } else { 0.0 };
    ((own + 2.0 * shared) / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::synthetic::{INTERVAL, Kind, Synthetic};
    use crate::random::{Philox, Purpose};

    /// Stretches that know nothing of each other have the standard error of a mean; those that come in pairs of the same
    /// have √2 times that of as many independent ones. The bound is three errors of a covariance of 2000 pairs.
    #[test]
    fn what_neighbours_share_counts() {
        let mut random = Philox::new(5, Purpose::General, 0, 0);
        let single: Vec<f64> = (0..2000).map(|_| random.normal()).collect();
        let mean = mean_and_error(single.iter().copied());
        assert!((stretch_error(&single) - mean.1).abs() < 1e-12 * mean.1);
        let pairs: Vec<f64> = single.iter().flat_map(|x| [*x, *x]).collect();
        let ratio = stretch_error(&pairs) / mean.1;
        assert!((ratio - 1.0).abs() < 0.02, "{ratio}");
    }

    /// Chains of four hop as one: Σm²/(Σm)² of their events less that of as many hops of single ions is left over. Of
    /// 32 ions, half of whose hops are shared, that is 1.5 over the number of hops (and 0.03 more, for displacements over a
    /// lag that overlap).
    #[test]
    fn chains_leave_what_their_events_scatter() {
        let excess = |kind: Kind| {
            let found: Vec<f64> = (0..40)
                .map(|seed| {
                    let system = Synthetic { frames: 1600, ..Synthetic::of(kind) };
                    let moved = system.watch(seed).unwrap();
                    let slope = 6.0 * system.diffusivity() * 10.0;
                    let run = (&moved.msd[0], INTERVAL, system.frames);
                    let longest = moved.msd[0].lags.partition_point(|lag| *lag <= 2) - 1;
                    let hops = system.ions as f64 * system.frames as f64 * system.step;
                    concert_at_short_times(&run, longest) / slope.powi(2) * hops
                })
                .collect();
            mean_and_error(found.into_iter())
        };
        let (chains, error) = excess(Kind::Chains);
        assert!((chains - 1.5).abs() < 4.0 * error, "{chains} ± {error}");
        // Negative ones count as none, so that chance leaves something; it is small.
        let (alone, _) = excess(Kind::Cages);
        assert!(alone < 0.5, "{alone}");
    }
}
