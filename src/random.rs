//! Random numbers that are the same on every machine, for ever, and for any number of threads.
//!
//! [`Philox`] is the counter-based generator Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel
//! random numbers: as easy as 1, 2, 3", SC'11 (2011), doi:10.1145/2063384.2063405. It has no hidden
//! state to hand from one number to the next: what is drawn is a function of (seed, purpose, step, atom)
//! and of how many numbers were drawn before from the same stream. A thread needs nobody's permission to
//! draw for its atoms, and a run that starts again at step n draws what the undisturbed run drew there.
//!
//! The generator stands behind the traits of `rand`, so the distributions of `rand_distr` apply. The
//! conversions that this crate relies on (uniform reals, integers below a bound, selections, normal
//! deviates) are methods here, so that their values do not depend on the version of another crate;
//! tests pin them.

use rand::{Rng, TryRng};
use sha2::{Digest, Sha256};
use std::convert::Infallible;

/// What random numbers are drawn for: the same seed gives independent streams for each purpose.
///
/// The numbers of the purposes are part of what makes a run reproducible and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Purpose {
    /// Anything without a place of its own: tests, examples.
    General = 0,
    /// Which atoms are removed, replaced, or added where.
    Defects = 1,
    /// Random displacements of the atoms.
    Rattle = 2,
    /// Initial velocities.
    Velocities = 3,
    /// Noise of thermostats, per atom.
    Thermostat = 4,
    /// Noise of barostats and of thermostats that act on the whole system.
    Global = 5,
    /// Which cases are looked at where all would be too many.
    Sampling = 6,
    /// Which sites of a disordered crystal are occupied.
    Occupancies = 7,
    /// How a training begins, and in which order it sees its data.
    Training = 8,
}

/// A seed for a part of something with a seed of its own, such as one of several runs: what begins with neighbouring seeds
/// shares no part by accident, as seeds counted on from there would. The first eight bytes of the SHA-256 of
/// `seed/part`; they never change.
pub fn derived_seed(seed: u64, part: &str) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(Sha256::digest(format!("{seed}/{part}")));
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// A stream of random numbers: Philox4x32-10 at a place in its counter space.
///
/// The 128-bit counter is divided so that streams can never overlap: 32 bits count the blocks of four
/// words within the stream (6.9·10¹⁰ bytes), 32 bits are the atom, 56 bits the step, 8 bits the purpose.
///
/// ```
/// use mlmd::random::{Philox, Purpose};
/// let mut once = Philox::new(7, Purpose::General, 1000, 42);
/// let mut again = Philox::new(7, Purpose::General, 1000, 42);
/// assert_eq!(once.uniform(), again.uniform());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Philox {
    key: [u32; 2],
    counter: [u32; 4],
    block: [u32; 4],
    used: u8,
}

impl Philox {
    /// The stream of `atom` at `step` for one purpose. Steps are taken modulo 2⁵⁶.
    pub fn new(seed: u64, purpose: Purpose, step: u64, atom: u32) -> Self {
        let place = (step & ((1 << 56) - 1)) | (u64::from(purpose as u8) << 56);
        Self {
            key: halves(seed),
            counter: [0, atom, halves(place)[0], halves(place)[1]],
            block: [0; 4],
            used: 4,
        }
    }

    /// A uniform real in [0, 1) with 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A uniform integer in 0..bound, without bias (Lemire, doi:10.1145/3230636). `bound` is positive.
    pub fn below(&mut self, bound: u64) -> u64 {
        debug_assert!(bound > 0);
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.next_u64()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }

    /// A standard normal deviate: the ziggurat of `rand_distr`.
    pub fn normal(&mut self) -> f64 {
        use rand_distr::{Distribution, StandardNormal};
        StandardNormal.sample(self)
    }

    /// `count` different integers of 0..total, in ascending order (all of them if there are fewer).
    pub fn choose(&mut self, total: usize, count: usize) -> Vec<usize> {
        let count = count.min(total);
        let mut all: Vec<usize> = (0..total).collect();
        // The beginning of a Fisher–Yates shuffle.
        for k in 0..count {
            let other = k + self.below((total - k) as u64) as usize;
            all.swap(k, other);
        }
        all.truncate(count);
        all.sort_unstable();
        all
    }
}

impl TryRng for Philox {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        if self.used == 4 {
            self.block = philox4x32(self.counter, self.key);
            self.counter[0] = self.counter[0].wrapping_add(1);
            self.used = 0;
        }
        let word = self.block[usize::from(self.used)];
        self.used += 1;
        Ok(word)
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let low = self.try_next_u32()?;
        Ok(u64::from(low) | (u64::from(self.try_next_u32()?) << 32))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(4) {
            chunk.copy_from_slice(&self.try_next_u32()?.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// Low and high half.
fn halves(x: u64) -> [u32; 2] {
    [x as u32, (x >> 32) as u32]
}

/// Philox4x32 with ten rounds: the random function of a counter and a key.
pub fn philox4x32(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
    /// Golden ratio and √3 − 1, as fractions of 2³².
    const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
    for round in 0..10 {
        if round > 0 {
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        let [low0, high0] = halves(u64::from(MULTIPLIERS[0]) * u64::from(counter[0]));
        let [low1, high1] = halves(u64::from(MULTIPLIERS[1]) * u64::from(counter[2]));
        counter = [high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known-answer vectors published with the reference implementation (Random123, `kat_vectors`).
    #[test]
    fn known_answers() {
        assert_eq!(philox4x32([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox4x32([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox4x32([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn streams_are_places_in_the_counter_space() {
        let mut stream = Philox::new(0x2222_2222_1111_1111, Purpose::Velocities, 0x00aa_bbbb_cccc_cccc, 9);
        let key = [0x1111_1111, 0x2222_2222];
        let first = philox4x32([0, 9, 0xcccc_cccc, 0x03aa_bbbb], key);
        let second = philox4x32([1, 9, 0xcccc_cccc, 0x03aa_bbbb], key);
        let words: Vec<u32> = (0..8).map(|_| stream.next_u32()).collect();
        assert_eq!(words, [first, second].concat());
        let mut bytes = [0; 6];
        Philox::new(0, Purpose::General, 0, 0).fill_bytes(&mut bytes);
        assert_eq!(bytes, [0xd5, 0xe8, 0x27, 0x66, 0x8d, 0xc5]);
    }

    /// Values that runs depend on: a change of any of them is a change of every seeded result.
    #[test]
    fn conversions_are_pinned() {
        let stream = || Philox::new(1, Purpose::General, 2, 3);
        let mut s = stream();
        assert_eq!([s.uniform(), s.uniform()], [0.4050137291002778, 0.366069078700876]);
        let mut s = stream();
        assert_eq!(
            [(); 3].map(|()| s.normal()),
            [-0.2110477243820853, -0.2975779120165348, -0.7686810555516035]
        );
        let mut s = stream();
        assert_eq!([(); 5].map(|()| s.below(100)), [40, 36, 18, 83, 80]);
        assert_eq!(stream().choose(20, 5), [5, 7, 8, 16, 17]);
        assert_eq!(stream().choose(3, 5), [0, 1, 2]);
    }

    /// Mean, variance and fourth moment of n = 10⁵ normal deviates, within four standard errors:
    /// 1/√n, √(2/n), √(96/n); neighbouring streams are uncorrelated within 4/√n.
    #[test]
    fn moments_of_the_normal_deviates() {
        let n = 100_000;
        let draw = |step| -> Vec<f64> {
            (0..n).map(|atom| Philox::new(5, Purpose::General, step, atom).normal()).collect()
        };
        let (x, y) = (draw(0), draw(1));
        let size = f64::from(n);
        let moment = |k| x.iter().map(|x| x.powi(k)).sum::<f64>() / size;
        assert!(moment(1).abs() < 4.0 / size.sqrt());
        assert!((moment(2) - 1.0).abs() < 4.0 * (2.0 / size).sqrt());
        assert!((moment(4) - 3.0).abs() < 4.0 * (96.0 / size).sqrt());
        let along_atoms: f64 = x.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / size;
        let along_steps: f64 = x.iter().zip(&y).map(|(x, y)| x * y).sum::<f64>() / size;
        assert!(along_atoms.abs() < 4.0 / size.sqrt() && along_steps.abs() < 4.0 / size.sqrt());
    }

    /// χ² of 6·10⁴ draws over six values: 5 degrees of freedom, 99.9 % below 20.5.
    #[test]
    fn integers_are_unbiased() {
        let mut counts = [0.0_f64; 6];
        let mut stream = Philox::new(11, Purpose::General, 0, 0);
        for _ in 0..60_000 {
            counts[stream.below(6) as usize] += 1.0;
        }
        let chi2: f64 = counts.iter().map(|c| (c - 1e4).powi(2) / 1e4).sum();
        assert!(chi2 < 20.5, "{counts:?}");
    }
}
