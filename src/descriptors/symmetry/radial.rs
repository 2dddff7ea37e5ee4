//! Radial functions: sums over one neighbour.

use super::angular::Entry;
use super::envelope::Samples;
use super::exponentials::Exponentials;
use super::grid::{Contraction, Slopes, Sums, Tile};
use super::scratch::Scratch;
use super::shell::{Class, Shell};
use crate::lanes::{Buffer, Real};

/// Functions that share neighbours, envelope and shift, and differ in the width of the Gaussian.
#[derive(Debug, Clone)]
pub(super) struct RadialGroup<T> {
    pub(super) class: Class,
    /// Which of the envelopes sampled at the neighbours it is.
    pub(super) samples: usize,
    /// r_s, Å.
    pub(super) shift: T,
    pub(super) exponentials: Exponentials<T>,
    /// −2η of each exponential.
    pub(super) widths: Vec<T>,
    pub(super) tiles: Vec<Tile>,
    /// `at` is the number of the exponential.
    pub(super) entries: Vec<Entry>,
}

impl<T: Real> RadialGroup<T> {
    /// The values of the group; leaves its exponentials in `exponentials`.
    pub(super) fn values(
        &self,
        shell: &Shell<T>,
        samples: &[Samples<T>],
        exponentials: &mut Buffer<T>,
        scratch: &mut Scratch<T>,
        values: &mut [T],
    ) {
        let places = shell.places(self.class);
        let n = places.len();
        exponentials.resize(self.exponentials.len() * n);
        let ([s, ..], sums) = scratch.parts(n, self.exponentials.len());
        shell.squares(self.shift, places.clone(), s);
        self.exponentials.evaluate(s, exponentials);
        let p = &samples[self.samples].values[places];
        T::dispatch(Sums { tiles: &self.tiles, n, e: exponentials, p, columns: 1, grid: sums });
        for entry in &self.entries {
            values[entry.function] = sums[entry.at] * T::of(entry.norm);
        }
    }

    /// Adds α_j of Σ g ∂G/∂r_ij = α_j r_ij to `along`.
    pub(super) fn gradients(
        &self,
        shell: &Shell<T>,
        samples: &[Samples<T>],
        exponentials: &[T],
        scratch: &mut Scratch<T>,
        g: &[T],
        along: &mut [T],
    ) {
        let places = shell.places(self.class);
        let n = places.len();
        let ([value, width, cos, ..], weights) = scratch.parts(n, self.exponentials.len());
        weights.fill(T::ZERO);
        for entry in &self.entries {
            weights[entry.at] += g[entry.function] * T::of(entry.norm);
        }
        let samples = &samples[self.samples];
        let f = &samples.values[places.clone()];
        T::dispatch(Contraction {
            tiles: &self.tiles,
            n,
            e: exponentials,
            p: f,
            q: f,
            columns: 1,
            g: weights,
            widths: &self.widths,
            slopes: Slopes { value, width, cos },
        });
        let (log_slopes, inverse) = (&samples.log_slopes[places.clone()], &shell.inverse[places.clone()]);
        for (k, along) in along[places].iter_mut().enumerate() {
            *along += value[k] * log_slopes[k] + width[k] * (T::ONE - self.shift * inverse[k]);
        }
    }
}
