//! Mean squared displacements of every atom at logarithmically spaced lags, as the frames come in.
//!
//! Level ℓ looks at every 2^ℓ-th frame and keeps the last 16 of them. The lowest level measures lags of 1 to 16
//! frames with every frame as an origin; each level above measures 9 to 16 of its strides, with an origin every
//! stride. Overlapping origins closer than a ninth of the lag tell hardly anything new: by the covariance in `line` the
//! variance of a mean over origins a part x of the lag apart is 1 + x²/2 times the least, 0.6 % more at most. Memory is
//! 48 positions per atom and level: constant but for the logarithm of the run's length.
//! Work is 24 squared displacements per atom and frame, far less than the Fourier transforms of the usual method
//! (Calandrini et al., doi:10.1051/sfn/201112010) need, which hold the whole trajectory besides.

use super::msd::{Batch, Msd};
use crate::system::Vec3;
use multiversion::multiversion;
use rayon::prelude::*;

/// Frames that a level keeps, and the longest lag in its strides.
const KEPT: usize = 16;
/// Frames that are worked on together.
const BLOCK: usize = 32;
const WIDTH: usize = KEPT + BLOCK;
/// Frames of the shortest stretch of time that is told apart.
const STRETCH: usize = 8;
const STRETCHES: usize = BLOCK / STRETCH;
/// Components: xx yy zz yz xz xy.
pub(super) const COMPONENTS: usize = 6;
/// Stretches of time are joined in pairs beyond this number.
const MOST_BATCHES: usize = 512;
/// Atoms per unit of parallel work; part of the order of summation, so fixed.
const CHUNK: usize = 64;

/// The level that measures a lag, and the place of the lag in it.
pub(super) fn place_of(lag: usize) -> (usize, usize) {
    let level = if lag <= KEPT { 0 } else { (lag - 1).ilog2() as usize - (KEPT.ilog2() as usize - 1) };
    let shortest = if level == 0 { 1 } else { KEPT / 2 + 1 };
    (level, (lag >> level) - shortest)
}

/// One element's atoms, watched.
#[derive(Debug, Clone)]
pub struct MultiTau {
    atoms: usize,
    levels: Vec<Level>,
}

#[derive(Debug, Clone)]
struct Level {
    /// Per atom: x, y, z of the kept frames and of the block being filled.
    buffer: Vec<f64>,
    kept: usize,
    filled: usize,
    shortest: usize,
    /// Pairs of frames per lag.
    counts: Vec<u64>,
    /// Per atom and lag: sums of the six products.
    sums: Vec<[f64; COMPONENTS]>,
    /// Per lag: Σ |u|⁴ over atoms and origins.
    quartic: Vec<f64>,
    batches: Vec<Batch>,
    /// Stretches in each batch.
    span: usize,
    /// Stretches in the last batch.
    in_last: usize,
}

/// Sums over atoms and origins at one lag.
#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    /// Σ|u|² of each stretch of the block.
    squares: [f64; STRETCHES],
    /// Σ|u|⁴.
    quartic: f64,
}

impl Level {
    fn new(atoms: usize, shortest: usize) -> Self {
        let lags = KEPT + 1 - shortest;
        Self {
            buffer: vec![0.0; atoms * 3 * WIDTH],
            kept: 0,
            filled: 0,
            shortest,
            counts: vec![0; lags],
            sums: vec![[0.0; COMPONENTS]; atoms * lags],
            quartic: vec![0.0; lags],
            batches: Vec::new(),
            span: 1,
            in_last: 0,
        }
    }

    /// Accounts for the frames of the block that is filled.
    fn digest(&mut self, atoms: usize) {
        let (lags, shortest) = (self.counts.len(), self.shortest);
        let (kept, filled) = (self.kept, self.filled);
        let mut batches = vec![Batch { counts: vec![0; lags], squares: vec![0.0; lags] }; STRETCHES];
        for l in 0..lags {
            let missing = (shortest + l).saturating_sub(kept);
            for frame in missing..filled {
                batches[frame / STRETCH].counts[l] += 1;
                self.counts[l] += 1;
            }
        }
        let parts: Vec<Vec<Totals>> = self
            .buffer
            .par_chunks(3 * WIDTH * CHUNK)
            .zip(self.sums.par_chunks_mut(lags * CHUNK))
            .map(|(paths, sums)| {
                let mut totals = vec![Totals::default(); lags];
                for (path, sums) in paths.chunks_exact(3 * WIDTH).zip(sums.chunks_exact_mut(lags)) {
                    digest_atom(path, kept, filled, shortest, sums, &mut totals);
                }
                totals
            })
            .collect();
        for part in parts {
            for (l, totals) in part.into_iter().enumerate() {
                for (batch, square) in batches.iter_mut().zip(totals.squares) {
                    batch.squares[l] += square;
                }
                self.quartic[l] += totals.quartic;
            }
        }
        for batch in batches.into_iter().take(filled.div_ceil(STRETCH)) {
            self.add_batch(batch);
        }
        // The frames of the block become those that are kept.
        let n = filled;
        for path in self.buffer.chunks_exact_mut(WIDTH).take(3 * atoms) {
            path.copy_within(n..KEPT + n, 0);
        }
        self.kept = (self.kept + n).min(KEPT);
        self.filled = 0;
    }

    fn add_batch(&mut self, batch: Batch) {
        if self.in_last < self.span
            && let Some(last) = self.batches.last_mut()
        {
            last.add(&batch);
            self.in_last += 1;
            return;
        }
        if self.batches.len() == MOST_BATCHES {
            let joined = self.batches.chunks_exact(2).map(|pair| {
                let mut first = pair[0].clone();
                first.add(&pair[1]);
                first
            });
            self.batches = joined.collect();
            self.span *= 2;
        }
        self.batches.push(batch);
        self.in_last = 1;
    }
}

/// Adds the squared displacements of one atom that end in the block.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn digest_atom(
    path: &[f64],
    kept: usize,
    filled: usize,
    shortest: usize,
    sums: &mut [[f64; COMPONENTS]],
    totals: &mut [Totals],
) {
    let (x, rest) = path.split_at(WIDTH);
    let (y, z) = rest.split_at(WIDTH);
    for (l, (sum, total)) in sums.iter_mut().zip(totals).enumerate() {
        let lag = shortest + l;
        // The first frame of the block whose partner is known.
        let first = KEPT + lag.saturating_sub(kept);
        let end = KEPT + filled;
        if first >= end {
            continue;
        }
        let now = first..end;
        let then = first - lag..end - lag;
        products(
            [&x[now.clone()], &y[now.clone()], &z[now]],
            [&x[then.clone()], &y[then.clone()], &z[then]],
            first - KEPT,
            sum,
            total,
        );
    }
}

/// Adds the six products of the displacements, |u|² by stretches, and |u|⁴, in eight lanes; `offset` is the place of
/// the first frame in its block.
#[inline(always)]
fn products(
    now: [&[f64]; 3],
    then: [&[f64]; 3],
    offset: usize,
    sum: &mut [f64; COMPONENTS],
    total: &mut Totals,
) {
    const LANES: usize = STRETCH;
    let mut lanes = [[0.0; LANES]; COMPONENTS];
    let mut squares = [[0.0; LANES]; STRETCHES];
    let mut quartic = [0.0; LANES];
    let n = now[0].len();
    // Lanes and stretches go together only from the beginning of a stretch.
    let whole = if offset.is_multiple_of(STRETCH) { n - n % LANES } else { 0 };
    let mut at = 0;
    while at < whole {
        let get = |a: &[f64]| -> [f64; LANES] {
            let mut out = [0.0; LANES];
            out.copy_from_slice(&a[at..at + LANES]);
            out
        };
        let (x1, y1, z1) = (get(now[0]), get(now[1]), get(now[2]));
        let (x0, y0, z0) = (get(then[0]), get(then[1]), get(then[2]));
        let stretch = &mut squares[(offset + at) / STRETCH];
        for k in 0..LANES {
            let (x, y, z) = (x1[k] - x0[k], y1[k] - y0[k], z1[k] - z0[k]);
            let (xx, yy, zz) = (x * x, y * y, z * z);
            let square = xx + yy + zz;
            lanes[0][k] += xx;
            lanes[1][k] += yy;
            lanes[2][k] += zz;
            lanes[3][k] += y * z;
            lanes[4][k] += x * z;
            lanes[5][k] += x * y;
            stretch[k] += square;
            quartic[k] += square * square;
        }
        at += LANES;
    }
    for t in whole..n {
        let [x, y, z] = [0, 1, 2].map(|k| now[k][t] - then[k][t]);
        let square = x * x + y * y + z * z;
        for (lane, term) in lanes.iter_mut().zip([x * x, y * y, z * z, y * z, x * z, x * y]) {
            lane[0] += term;
        }
        squares[(offset + t) / STRETCH][0] += square;
        quartic[0] += square * square;
    }
    for (sum, lane) in sum.iter_mut().zip(&lanes) {
        *sum += lane.iter().sum::<f64>();
    }
    for (square, lane) in total.squares.iter_mut().zip(&squares) {
        *square += lane.iter().sum::<f64>();
    }
    total.quartic += quartic.iter().sum::<f64>();
}

impl MultiTau {
    /// For so many atoms.
    pub fn new(atoms: usize) -> Self {
        Self { atoms, levels: vec![Level::new(atoms, 1)] }
    }

    /// Takes the displacements of the next frame, one per atom.
    pub fn push(&mut self, displacements: impl Iterator<Item = Vec3>) {
        let level = &mut self.levels[0];
        let at = KEPT + level.filled;
        for (path, u) in level.buffer.chunks_exact_mut(3 * WIDTH).zip(displacements) {
            path[at] = u.x;
            path[WIDTH + at] = u.y;
            path[2 * WIDTH + at] = u.z;
        }
        level.filled += 1;
        let mut l = 0;
        while self.levels[l].filled == BLOCK {
            self.digest(l);
            l += 1;
        }
    }

    /// Accounts for what a level has and hands every second frame to the next.
    fn digest(&mut self, l: usize) {
        if self.levels.len() == l + 1 {
            self.levels.push(Level::new(self.atoms, KEPT / 2 + 1));
        }
        let (lower, upper) = self.levels.split_at_mut(l + 1);
        let (level, next) = (&mut lower[l], &mut upper[0]);
        // Blocks begin at even frames, so the even frames of the block are those of the run.
        let handed = level.filled.div_ceil(2);
        let pairs = level.buffer.chunks_exact(WIDTH).zip(next.buffer.chunks_exact_mut(WIDTH));
        for (path, above) in pairs {
            for k in 0..handed {
                above[KEPT + next.filled + k] = path[KEPT + 2 * k];
            }
        }
        next.filled += handed;
        level.digest(self.atoms);
    }

    /// The means over everything that was seen.
    pub fn finish(mut self) -> Msd {
        let mut l = 0;
        while l < self.levels.len() {
            let level = &self.levels[l];
            // A level that has not seen its shortest lag has nothing to say, and those above it even less.
            if level.kept + level.filled <= level.shortest {
                break;
            }
            if level.filled > 0 {
                self.digest(l);
            }
            l += 1;
        }
        let mut msd = Msd {
            atoms: self.atoms,
            lags: Vec::new(),
            origins: Vec::new(),
            mean: Vec::new(),
            non_gaussian: Vec::new(),
            per_atom: Vec::new(),
            levels: Vec::new(),
        };
        for (l, level) in self.levels.into_iter().enumerate() {
            let lags = level.counts.len();
            for k in (0..lags).filter(|k| level.counts[*k] > 0) {
                let count = level.counts[k] as f64;
                let own: Vec<[f64; COMPONENTS]> =
                    level.sums.iter().skip(k).step_by(lags).map(|sum| sum.map(|s| s / count)).collect();
                let mut mean = [0.0; COMPONENTS];
                for atom in &own {
                    for c in 0..COMPONENTS {
                        mean[c] += atom[c];
                    }
                }
                let mean = mean.map(|m| m / self.atoms.max(1) as f64);
                let square = mean[0] + mean[1] + mean[2];
                let quartic = level.quartic[k] / (count * self.atoms.max(1) as f64);
                msd.lags.push((level.shortest + k) << l);
                msd.origins.push(level.counts[k]);
                msd.mean.push(mean);
                msd.non_gaussian.push(if square > 0.0 {
                    0.6 * quartic / (square * square) - 1.0
                } else {
                    0.0
                });
                msd.per_atom.push(own);
            }
            msd.levels.push(((STRETCH * level.span) << l, level.batches));
        }
        msd
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Philox, Purpose};

    /// Against the definition: every pair of frames whose first is a multiple of the stride.
    #[test]
    fn the_definition() {
        for frames in [1_usize, 2, 31, 32, 33, 64, 333] {
            let atoms = 3;
            let mut random = Philox::new(3, Purpose::General, 0, 0);
            let mut at = vec![Vec3::zeros(); atoms];
            let (mut watched, mut path) = (MultiTau::new(atoms), Vec::new());
            for _ in 0..frames {
                for r in &mut at {
                    *r += Vec3::new(random.normal(), random.normal(), random.normal());
                }
                watched.push(at.iter().copied());
                path.push(at.clone());
            }
            let msd = watched.finish();
            assert!(
                frames < 31 || msd.lags.last().is_some_and(|lag| *lag * 10 > frames * 7),
                "{:?}",
                msd.lags
            );
            assert!(msd.lags.windows(2).all(|pair| pair[0] < pair[1]));
            for (k, lag) in msd.lags.iter().enumerate() {
                let stride = if *lag <= 16 { 1 } else { 1 << ((*lag - 1).ilog2() - 3) };
                let mut sum = [0.0; COMPONENTS];
                let (mut count, mut quartic) = (0, 0.0);
                for t in (0..frames.saturating_sub(*lag)).step_by(stride) {
                    count += 1;
                    for i in 0..atoms {
                        let u = path[t + lag][i] - path[t][i];
                        for (s, p) in sum.iter_mut().zip([
                            u.x * u.x,
                            u.y * u.y,
                            u.z * u.z,
                            u.y * u.z,
                            u.x * u.z,
                            u.x * u.y,
                        ]) {
                            *s += p;
                        }
                        quartic += u.norm_squared().powi(2);
                    }
                }
                assert_eq!(msd.origins[k], count as u64, "{frames} frames, lag {lag}");
                let n = (count * atoms) as f64;
                for c in 0..COMPONENTS {
                    assert!((msd.mean[k][c] - sum[c] / n).abs() < 1e-9 * *lag as f64);
                }
                let square = (sum[0] + sum[1] + sum[2]) / n;
                assert!((msd.non_gaussian[k] - (0.6 * quartic / n / square.powi(2) - 1.0)).abs() < 1e-9);
            }
        }
    }

    /// The mean over stretches of time is the mean over all, up to the pairs at the ends.
    #[test]
    fn stretches_of_time() {
        let mut random = Philox::new(4, Purpose::General, 0, 0);
        let mut watched = MultiTau::new(1);
        let mut x = 0.0;
        for _ in 0..20_000 {
            x += random.normal();
            watched.push(std::iter::once(Vec3::new(x, 0.0, 0.0)));
        }
        let msd = watched.finish();
        for k in [3, 15, 24, 40] {
            let parts = msd.in_time(&[(k, 1.0)], 2 * msd.lags[k]);
            assert!(parts.len() >= 32, "{}", parts.len());
            let mean = parts.iter().sum::<f64>() / parts.len() as f64;
            let spread = parts.iter().map(|p| (p - mean).powi(2)).sum::<f64>().sqrt() / parts.len() as f64;
            assert!((mean - msd.trace(k)).abs() < spread, "{k}: {mean} {}", msd.trace(k));
        }
    }
}
