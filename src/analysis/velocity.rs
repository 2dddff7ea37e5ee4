//! Velocities: their autocorrelation, the vibrational density of states, and the current.
//!
//! C(t) = ⟨v(0)·v(t)⟩/⟨v²⟩ over the atoms of an element. Its cosine transform D(ν) = 4 ∫₀^∞ C(t) cos(2πνt) dt is the
//! vibrational density of states (J. M. Dickey and A. Paskin, Phys. Rev. 188, 1407 (1969), doi:10.1103/PhysRev.188.1407),
//! of integral one over ν ≥ 0; what is left at ν = 0 is diffusion. Correlations are made by Fourier transform, block
//! after block of frames, so memory does not grow with the run.

use super::fourier::Fourier;
use super::motion::Moment;
use crate::system::{Element, Vec3};
use rayon::prelude::*;

/// Frames of a block, at most, and at least.
const BLOCK: usize = 1024;
const LEAST_BLOCK: usize = 128;
/// Velocities that are kept, at most.
const KEPT: usize = 1 << 23;

/// Velocities, watched.
#[derive(Debug, Clone)]
pub struct VelocityCounter {
    block: usize,
    fourier: Fourier,
    elements: Vec<Element>,
    members: Vec<Vec<usize>>,
    /// Per component of each atom, in the order of `members`: the frames of the block.
    kept: Vec<Vec<f64>>,
    filled: usize,
    /// Per element, per lag: Σ v·v, and the number of pairs.
    sums: Vec<Vec<f64>>,
    pairs: Vec<u64>,
    /// Per element, per frame: Σ v, Å/fs.
    currents: Vec<Vec<Vec3>>,
}

/// What velocities tell about one run or replicas.
#[derive(Debug, Clone)]
pub struct Velocities {
    /// Time between frames, fs.
    pub interval: f64,
    /// The elements.
    pub elements: Vec<Element>,
    atoms: Vec<usize>,
    sums: Vec<Vec<f64>>,
    pairs: Vec<u64>,
    /// Per run, per element, per frame: Σ v, Å/fs.
    pub(super) currents: Vec<Vec<Vec<Vec3>>>,
}

impl VelocityCounter {
    /// For the atoms of a first frame; `None` if it has no velocities.
    pub fn new(moment: &Moment<'_>) -> Option<Self> {
        moment.frame.velocities.as_ref()?;
        let components = 3 * moment.frame.len();
        let mut block = BLOCK;
        while block > LEAST_BLOCK && block * components > KEPT {
            block /= 2;
        }
        let elements: Vec<Element> = moment.species.iter().map(|s| s.element).collect();
        Some(Self {
            block,
            fourier: Fourier::of_at_least(2 * block),
            members: moment.members.to_vec(),
            kept: vec![Vec::with_capacity(block); components],
            filled: 0,
            sums: vec![vec![0.0; block]; elements.len()],
            pairs: vec![0; block],
            currents: vec![Vec::new(); elements.len()],
            elements,
        })
    }

    /// Takes the next frame; false if it has no velocities, which ends the matter.
    pub fn push(&mut self, moment: &Moment<'_>) -> bool {
        let Some(velocities) = &moment.frame.velocities else { return false };
        let drift: Vec3 = velocities.iter().zip(moment.weights).map(|(v, w)| v * *w).sum();
        let mut at = 0;
        for (current, members) in self.currents.iter_mut().zip(&self.members) {
            let mut sum = Vec3::zeros();
            for i in members {
                let v = velocities[*i] - drift;
                sum += v;
                for k in 0..3 {
                    self.kept[at + k].push(v[k]);
                }
                at += 3;
            }
            current.push(sum);
        }
        self.filled += 1;
        if self.filled == self.block {
            self.digest();
        }
        true
    }

    fn digest(&mut self) {
        let (n, fourier) = (self.filled, &self.fourier);
        let mut from = 0;
        for (sums, members) in self.sums.iter_mut().zip(&self.members) {
            let own = &self.kept[from..from + 3 * members.len()];
            from += own.len();
            // Parts of a fixed size, summed in order: the same bits for any number of threads.
            let parts: Vec<Vec<f64>> = own
                .par_chunks(48)
                .map(|chunk| {
                    let (mut sums, mut work, zeros) = (vec![0.0; n], Vec::new(), vec![0.0; n]);
                    for pair in chunk.chunks(2) {
                        fourier.correlate(&pair[0], pair.get(1).unwrap_or(&zeros), &mut work, &mut sums);
                    }
                    sums
                })
                .collect();
            for part in parts {
                sums.iter_mut().zip(part).for_each(|(a, b)| *a += b);
            }
        }
        for (lag, pairs) in self.pairs.iter_mut().enumerate().take(n) {
            *pairs += (n - lag) as u64;
        }
        self.kept.iter_mut().for_each(Vec::clear);
        self.filled = 0;
    }

    /// What was seen; `interval` is the time between frames, fs.
    pub fn finish(mut self, interval: f64) -> Velocities {
        // The rest of a block counts if it is the first, or long enough to know the longest lags.
        if self.pairs[0] == 0 || self.filled > self.block / 2 {
            self.digest();
        }
        Velocities {
            interval,
            atoms: self.members.iter().map(Vec::len).collect(),
            elements: self.elements,
            sums: self.sums,
            pairs: self.pairs,
            currents: vec![self.currents],
        }
    }
}

impl Velocities {
    /// Adds a replica with the same atoms and the same time between frames.
    pub fn merge(&mut self, other: Self) {
        let n = self.pairs.len().min(other.pairs.len());
        self.pairs.truncate(n);
        self.pairs.iter_mut().zip(&other.pairs).for_each(|(a, b)| *a += b);
        for (sums, more) in self.sums.iter_mut().zip(&other.sums) {
            sums.truncate(n);
            sums.iter_mut().zip(more).for_each(|(a, b)| *a += b);
        }
        self.currents.extend(other.currents);
    }

    /// Rows of time (fs) and C(t) of an element, given by its place; longer lags than half a block are noise.
    pub fn correlation(&self, element: usize) -> Vec<[f64; 2]> {
        let seen = self.pairs.iter().take_while(|n| **n > 0).count();
        let value = |lag: usize| self.sums[element][lag] / self.pairs[lag].max(1) as f64;
        let first = value(0);
        let last = seen.div_ceil(2);
        (0..last)
            .map(|lag| [lag as f64 * self.interval, if first > 0.0 { value(lag) / first } else { 0.0 }])
            .collect()
    }

    /// Rows of frequency (THz) and density of states (1/THz) of an element. Lags are weighed with Parzen's window, whose
    /// transform is nowhere negative.
    pub fn density_of_states(&self, element: usize) -> Vec<[f64; 2]> {
        let correlation = self.correlation(element);
        let lags = correlation.len();
        if lags < 2 {
            return Vec::new();
        }
        let fourier = Fourier::of_at_least(4 * lags);
        let n = fourier.length();
        let mut values = vec![[0.0; 2]; n];
        for (lag, [_, c]) in correlation.iter().enumerate() {
            let weighed = c * parzen(lag as f64 / lags as f64);
            values[lag] = [weighed, 0.0];
            values[(n - lag) % n] = [weighed, 0.0];
        }
        fourier.transform(&mut values);
        // 1/fs are 1000 THz.
        (0..=n / 2)
            .map(|k| [1e3 * k as f64 / (n as f64 * self.interval), 2.0 * values[k][0] * self.interval / 1e3])
            .collect()
    }

    /// The frequency above which vibrations are folded back, THz.
    pub fn highest_frequency(&self) -> f64 {
        500.0 / self.interval
    }

    /// How many atoms each element has.
    pub fn atoms(&self) -> &[usize] {
        &self.atoms
    }
}

/// E. Parzen, Ann. Math. Stat. 32, 167 (1961), doi:10.1214/aoms/1177705149.
fn parzen(x: f64) -> f64 {
    if x < 0.5 { 1.0 - 6.0 * x * x * (1.0 - x) } else { 2.0 * (1.0 - x).powi(3) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::analysis::{DriftReference, Motion, Settings};
    use crate::io::Frame;
    use crate::random::{Philox, Purpose};
    use crate::system::Cell;

    pub(in crate::analysis) const INTERVAL: f64 = 2.0;

    /// Watches 20 atoms whose velocities a rule makes from those before.
    pub(in crate::analysis) fn watch(frames: usize, next: &mut dyn FnMut(usize, &mut [Vec3])) -> Velocities {
        let li = Element::from_symbol("Li").unwrap();
        let cell = Cell::orthorhombic(20.0, 20.0, 20.0).unwrap();
        let settings =
            Settings { mobile: vec![li], reference: DriftReference::None, interval: Some(INTERVAL) };
        let (mut motion, mut counter) = (Motion::new(settings), None);
        let mut velocities = vec![Vec3::zeros(); 20];
        for n in 0..frames {
            next(n, &mut velocities);
            let mut frame = Frame::new(cell.clone(), vec![li; 20], vec![Vec3::zeros(); 20]);
            frame.velocities = Some(velocities.clone());
            let moment = motion.push(&frame).unwrap().unwrap();
            let counter = counter.get_or_insert_with(|| VelocityCounter::new(&moment).unwrap());
            assert!(counter.push(&moment));
        }
        counter.unwrap().finish(INTERVAL)
    }

    /// Langevin's free particle forgets its velocity with the rate γ: C(t) = exp(−γt), within four standard errors.
    #[test]
    fn langevin_particles() {
        let (rate, thermal) = (0.02, 0.005);
        let found = langevin(20_000, rate, thermal, 4);
        // An autocorrelation over M correlation times of 60 components scatters by about √(2/(60 M)).
        let error = (2.0 / (60.0 * 20_000.0 * INTERVAL * rate)).sqrt();
        for [t, c] in found.correlation(0) {
            assert!((c - (-rate * t).exp()).abs() < 4.0 * error, "{t}: {c}");
        }
    }

    /// Particles whose velocities decay with a rate, and that a thermostat hits.
    pub(in crate::analysis) fn langevin(frames: usize, rate: f64, thermal: f64, seed: u64) -> Velocities {
        let keep = (-rate * INTERVAL).exp();
        let mut random = Philox::new(seed, Purpose::General, 0, 0);
        watch(frames, &mut |n, velocities| {
            for v in velocities {
                let noise = Vec3::from_fn(|_, _| thermal * random.normal());
                *v = if n == 0 { noise } else { *v * keep + noise * (1.0 - keep * keep).sqrt() };
            }
        })
    }

    /// An oscillator of 10 THz: the density of states has its peak there, and the integral one.
    #[test]
    fn an_oscillator_has_one_frequency() {
        let found = watch(3000, &mut |n, velocities| {
            for (i, v) in velocities.iter_mut().enumerate() {
                let phase = 2.0 * std::f64::consts::PI * 0.01 * INTERVAL * n as f64;
                v.x = (phase + i as f64).cos();
            }
        });
        let density = found.density_of_states(0);
        let width = density[1][0];
        let peak = density.iter().max_by(|a, b| a[1].total_cmp(&b[1])).unwrap();
        assert!((peak[0] - 10.0).abs() <= width, "{peak:?}");
        // Trapezoids over the whole period of a trigonometric polynomial are exact.
        let ends = 0.5 * (density[0][1] + density.last().unwrap()[1]);
        let whole = (density.iter().map(|d| d[1]).sum::<f64>() - ends) * width;
        assert!((whole - 1.0).abs() < 1e-9, "{whole}");
        // Dividing each lag by its own number of pairs costs the guarantee of a positive spectrum a little.
        assert!(density.iter().all(|d| d[1] > -1e-2 * peak[1]) && found.highest_frequency() == 250.0);
    }

    #[test]
    fn replicas_are_added() {
        let mut still = |_: usize, velocities: &mut [Vec3]| velocities.fill(Vec3::x());
        let (mut a, b) = (watch(300, &mut still), watch(50, &mut still));
        let (pairs, sum) = (a.pairs[0] + b.pairs[0], a.sums[0][0] + b.sums[0][0]);
        a.merge(b);
        assert!(a.pairs[0] == pairs && (a.sums[0][0] / sum - 1.0).abs() < 1e-12);
        assert!(a.correlation(0).iter().all(|c| (c[1] - 1.0).abs() < 1e-12));
        assert_eq!((a.currents.len(), a.atoms()), (2, &[20][..]));
    }
}
