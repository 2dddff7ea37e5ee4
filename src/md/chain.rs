//! Chains of fictitious masses: a thermostat on anything with a kinetic energy.

use std::f64::consts::TAU;

/// What a chain is to keep warm, and how fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bath {
    /// Degrees of freedom N_f.
    pub(super) freedom: f64,
    /// k_B T, eV.
    pub(super) thermal: f64,
    /// Period τ of the coupling, fs.
    pub(super) period: f64,
}

impl Bath {
    /// How many degrees of freedom a link keeps warm: the first those of the atoms, each other the link before.
    fn weight(&self, k: usize) -> f64 {
        if k == 0 { self.freedom } else { 1.0 }
    }

    /// Q₁ = N_f k_B T (τ/2π)², Q_k = k_B T (τ/2π)², eV·fs².
    fn mass(&self, k: usize) -> f64 {
        self.weight(k) * self.thermal * (self.period / TAU).powi(2)
    }
}

/// A chain of thermostats (Martyna, Klein and Tuckerman, doi:10.1063/1.463940): η̈_k = G_k/Q_k − η̇_k η̇_{k+1} with
/// G₁ = 2K − N_f k_B T and G_k = Q_{k−1} η̇_{k−1}² − k_B T.
///
/// It is moved by the symmetric splitting of Martyna et al. (doi:10.1080/00268979600100761) with three Suzuki–Yoshida
/// weights, in parts as short as its fastest motion asks for. One part for each half of a step does for a chain in
/// equilibrium, whose rates are about 2π/τ. It does not for a large system far from its temperature, such as one that
/// begins on its lattice: Q₁ η̇₁² is then a share of N_f k_B T and not of k_B T, and drives η̇₂ to some √N_f 2π/τ, which
/// are several radians in a femtosecond for ten thousand atoms.
///
/// A part h is short enough if h ω ≤ 1/10 where it begins and where it ends, with ω the largest of 2π/τ, |η̇_k| and
/// √(|G_k|/Q_k); one that is not is halved. All of this is a function of the state, so that a run that was interrupted
/// has the same parts. It is also the same function at both ends of a part: going back, a chain finds its parts again, in
/// reverse, unless h ω of a trial is as close to 1/10 as the trial is wrong, some (1/10)⁵. So dynamics is as reversible as
/// with parts of fixed length, up to round-off.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chain {
    /// η_k, dimensionless.
    places: Vec<f64>,
    /// dη_k/dt, 1/fs.
    rates: Vec<f64>,
}

/// Suzuki–Yoshida weights of fourth order: 1/(2 − 2^⅓), 1 − 2w, and the first again.
const WEIGHTS: [f64; 3] = [1.351_207_191_959_657_6, -1.702_414_383_919_315_3, 1.351_207_191_959_657_6];

/// The longest part is this by its fastest rate.
const TURN: f64 = 0.1;

/// Parts are halved so many times at most: enough for 10⁸ degrees of freedom with half a step of τ/40, and no more than
/// milliseconds where numbers have ceased to make sense.
const FINEST: u32 = 14;

impl Chain {
    pub(super) fn new(length: usize) -> Self {
        Self { places: vec![0.0; length.max(1)], rates: vec![0.0; length.max(1)] }
    }

    /// Links.
    pub(super) fn len(&self) -> usize {
        self.rates.len()
    }

    /// Advances the chain by `time` on something with twice the kinetic energy `twice_kinetic`; returns the factor on
    /// its velocities.
    pub(super) fn advance(&mut self, time: f64, twice_kinetic: f64, bath: Bath) -> f64 {
        let whole = 1_u64 << FINEST;
        // Parts are time/2^level, and begin where parts of this length do.
        let (mut done, mut level) = (0, 0);
        let mut factor = 1.0;
        let mut fastest = self.fastest(twice_kinetic, bath);
        while done < whole {
            let part = time / (1_u64 << level) as f64;
            // What is no number is not too fast: somebody else looks for that.
            let too_fast = |rate: f64| level < FINEST && rate * part > TURN;
            if too_fast(fastest) {
                level += 1;
                continue;
            }
            let mut tried = self.clone();
            let scaled = factor * tried.pass(part, twice_kinetic * factor * factor, bath);
            let at_end = tried.fastest(twice_kinetic * scaled * scaled, bath);
            if too_fast(at_end) {
                level += 1;
                continue;
            }
            (*self, factor, fastest) = (tried, scaled, at_end);
            done += whole >> level;
            level = FINEST.saturating_sub(done.trailing_zeros());
        }
        factor
    }

    /// Advances by a part; returns the factor on the velocities.
    fn pass(&mut self, time: f64, twice_kinetic: f64, bath: Bath) -> f64 {
        let last = self.rates.len() - 1;
        let mut factor = 1.0;
        for weight in WEIGHTS {
            let time = weight * time;
            // From the end of the chain to the atoms, scaling, and back.
            for k in (0..=last).rev() {
                self.push(k, 0.5 * time, twice_kinetic * factor * factor, bath);
            }
            factor *= (-time * self.rates[0]).exp();
            for (place, rate) in self.places.iter_mut().zip(&self.rates) {
                *place += time * rate;
            }
            for k in 0..=last {
                self.push(k, 0.5 * time, twice_kinetic * factor * factor, bath);
            }
        }
        factor
    }

    /// Advances η̇_k by `time` under the force on it, damped by the next link.
    fn push(&mut self, k: usize, time: f64, twice_kinetic: f64, bath: Bath) {
        let damping = self.rates.get(k + 1).map_or(1.0, |next| (-0.5 * time * next).exp());
        self.rates[k] = (self.rates[k] * damping + time * self.driven(k, twice_kinetic, bath)) * damping;
    }

    /// G_k/Q_k, 1/fs².
    fn driven(&self, k: usize, twice_kinetic: f64, bath: Bath) -> f64 {
        let twice = if k == 0 { twice_kinetic } else { bath.mass(k - 1) * self.rates[k - 1].powi(2) };
        (twice - bath.weight(k) * bath.thermal) / bath.mass(k)
    }

    /// The rate of the fastest motion, 1/fs.
    fn fastest(&self, twice_kinetic: f64, bath: Bath) -> f64 {
        (0..self.rates.len()).fold(TAU / bath.period, |fastest, k| {
            fastest.max(self.rates[k].abs()).max(self.driven(k, twice_kinetic, bath).abs().sqrt())
        })
    }

    /// Σ Q_k η̇_k²/2 + N_f k_B T η₁ + k_B T Σ_{k>1} η_k.
    pub(super) fn energy(&self, bath: Bath) -> f64 {
        (0..self.rates.len())
            .map(|k| {
                0.5 * bath.mass(k) * self.rates[k].powi(2) + bath.weight(k) * bath.thermal * self.places[k]
            })
            .sum()
    }

    pub(super) fn save(&self) -> Vec<f64> {
        [&self.places[..], &self.rates[..]].concat()
    }

    pub(super) fn restore(&mut self, saved: &[f64]) -> bool {
        let n = self.rates.len();
        if saved.len() != 2 * n {
            return false;
        }
        self.places.copy_from_slice(&saved[..n]);
        self.rates.copy_from_slice(&saved[n..]);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// k_B T = 1, unit masses: oscillators that begin on their lattice, as many of each frequency, of which only
    /// Σ v², Σ ω² x² and Σ ω x v count; their motion by themselves is exact.
    struct Crystal {
        freedom: f64,
        /// ω, 1/fs.
        frequencies: Vec<f64>,
        /// Σ v², Σ ω² x², Σ ω x v for each.
        sums: Vec<[f64; 3]>,
    }

    impl Crystal {
        fn new(freedom: f64) -> Self {
            let frequencies: Vec<f64> = (0..64).map(|k| 0.006 * (1.0 + f64::from(k) / 32.0)).collect();
            let sums = vec![[freedom / 64.0, 0.0, 0.0]; 64];
            Self { freedom, frequencies, sums }
        }

        fn bath(&self, period: f64) -> Bath {
            Bath { freedom: self.freedom, thermal: 1.0, period }
        }

        fn twice_kinetic(&self) -> f64 {
            self.sums.iter().map(|sum| sum[0]).sum()
        }

        fn energy(&self) -> f64 {
            0.5 * self.sums.iter().map(|sum| sum[0] + sum[1]).sum::<f64>()
        }

        fn scale(&mut self, factor: f64) {
            for [kinetic, _, mixed] in &mut self.sums {
                (*kinetic, *mixed) = (*kinetic * factor * factor, *mixed * factor);
            }
        }

        /// ωx → ωx cos ωt + v sin ωt, v → v cos ωt − ωx sin ωt.
        fn drift(&mut self, time: f64) {
            for ([v, x, xv], omega) in self.sums.iter_mut().zip(&self.frequencies) {
                let (sin, cos) = (omega * time).sin_cos();
                let (ss, sc, cc) = (sin * sin, sin * cos, cos * cos);
                (*v, *x, *xv) = (
                    cc * *v + ss * *x - 2.0 * sc * *xv,
                    ss * *v + cc * *x + 2.0 * sc * *xv,
                    (cc - ss) * *xv + sc * (*v - *x),
                );
            }
        }

        fn step(&mut self, chain: &mut Chain, time: f64, period: f64) {
            for half in 0..2 {
                let factor = chain.advance(0.5 * time, self.twice_kinetic(), self.bath(period));
                self.scale(factor);
                if half == 0 {
                    self.drift(time);
                }
            }
        }

        /// The largest deviation of the conserved energy in so many steps, as a part of N_f k_B T.
        fn violation(&mut self, chain: &mut Chain, steps: usize, time: f64, period: f64) -> f64 {
            let bath = self.bath(period);
            let start = self.energy() + chain.energy(bath);
            let mut worst = 0.0_f64;
            for _ in 0..steps {
                self.step(chain, time, period);
                let off = self.energy() + chain.energy(bath) - start;
                // What is no number is at most nothing.
                worst = if off.abs() <= worst { worst } else { off.abs() };
            }
            worst / self.freedom
        }
    }

    /// From a lattice the temperature falls to a half within tens of femtoseconds, and the second link is driven to
    /// rates of several per femtosecond. A radian of the fastest motion has ten parts or more, each wrong by less than
    /// (1/10)⁵ of the energy that moves in it, and never is more than a part of N_f k_B T in the links: 10⁻⁵ N_f k_B T
    /// leaves room for a tenth of the bound of each part over the few radians for which links hold that much. One part
    /// for each half of a step ends in 0.06 N_f k_B T or in no number.
    #[test]
    fn large_systems_may_begin_far_from_their_temperature() {
        for freedom in [300.0, 3.0e4, 3.0e6] {
            for (step, period) in [(2.0, 100.0), (4.0, 200.0), (1.0, 20.0)] {
                let worst = Crystal::new(freedom).violation(&mut Chain::new(3), 200, step, period);
                assert!(worst < 1e-5, "{freedom} degrees of freedom, {step} fs, {period} fs: {worst} N_f kT");
            }
        }
    }

    /// Where halves of steps are cut into parts as well: back to the start but for round-off, which the chain of a
    /// large system lets grow a hundredfold within a few steps. Parts chosen by where they begin alone miss
    /// the start by 3e-6.
    #[test]
    fn parts_are_found_again_on_the_way_back() {
        for (freedom, steps) in [(30.0, 160), (300.0, 40), (3.0e4, 20)] {
            let (mut chain, mut crystal) = (Chain::new(3), Crystal::new(freedom));
            for _ in 0..2 {
                for _ in 0..steps {
                    crystal.step(&mut chain, 2.0, 100.0);
                }
                chain.rates.iter_mut().for_each(|rate| *rate = -*rate);
                crystal.sums.iter_mut().for_each(|sum| sum[2] = -sum[2]);
            }
            let each = freedom / 64.0;
            let off = |sum: &[f64; 3]| ((sum[0] - each).abs() + sum[1].abs()) / each;
            let worst = crystal.sums.iter().map(off).fold(0.0, f64::max);
            assert!(worst < 1e-11, "{freedom} degrees of freedom: {worst} after {steps} steps and back");
        }
    }

    /// A chain as it is in equilibrium is moved in one part, and one whose rates are no numbers at all ends.
    #[test]
    fn parts_are_as_many_as_are_needed() {
        let bath = Bath { freedom: 300.0, thermal: 1.0, period: 200.0 };
        let mut chain = Chain::new(3);
        chain.rates = vec![0.002, 0.03, -0.03];
        let mut whole = chain.clone();
        let factor = whole.pass(1.0, 310.0, bath);
        assert_eq!(chain.advance(1.0, 310.0, bath), factor);
        assert_eq!(chain, whole);
        for rate in [f64::NAN, f64::INFINITY, 1e300] {
            chain.rates[1] = rate;
            chain.advance(1.0, 310.0, bath);
        }
    }
}
