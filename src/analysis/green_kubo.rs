//! The conductivity by Green and Kubo.
//!
//! σ = 1/(3 V k_B T) ∫₀^∞ ⟨J(0)·J(t)⟩ dt with the current J = Σ_i z_i e v_i (R. Kubo, J. Phys. Soc. Jpn. 12, 570 (1957),
//! doi:10.1143/JPSJ.12.570) is the conductivity of [`super::charge`] in another form: a cross-check of it.

use super::estimate::{Estimate, Refusal};
use super::fourier::Fourier;
use super::velocity::Velocities;
use crate::system::Vec3;
use crate::units::{BOLTZMANN, ELEMENTARY_CHARGE};
use rayon::prelude::*;

/// Blocks of time for the error of the integral, at most, and at least.
const STRETCHES: usize = 16;
const LEAST_STRETCHES: usize = 4;

/// The conductivity from the current.
#[derive(Debug, Clone)]
pub struct GreenKubo {
    /// S/cm.
    pub conductivity: Estimate,
    /// Where the integral ends, fs.
    pub until: f64,
    /// Time (fs), integral up to it, and its standard error, S/cm.
    pub curve: Vec<[f64; 3]>,
}

impl Velocities {
    /// σ from the current, integrated up to a time: where the charge displacement has become diffusive.
    pub fn green_kubo(
        &self,
        charges: &[f64],
        volume: f64,
        temperature: f64,
        until: f64,
    ) -> Result<GreenKubo, Refusal> {
        let lags = (until / self.interval).round() as usize;
        let currents: Vec<Vec<Vec3>> = self.currents.iter().map(|run| combined(run, charges)).collect();
        let first = currents.iter().map(|current| short_correlation(current));
        let [own, next] = first.fold([0.0; 2], |sum, c| [sum[0] + c[0], sum[1] + c[1]]);
        if next < 0.5 * own {
            return Err(Refusal {
                reason: format!(
                    "velocities are stored too sparsely, every {} fs: the current changes by more than half in between",
                    self.interval
                ),
                more_time: None,
            });
        }
        let frames: usize = currents.iter().map(Vec::len).sum();
        let length = stretch(currents.iter().map(Vec::len), 2 * lags);
        let parts: Vec<&[Vec3]> = currents.iter().flat_map(|run| run.chunks_exact(length.max(1))).collect();
        if parts.len() < LEAST_STRETCHES || lags == 0 {
            return Err(Refusal {
                reason: format!(
                    "the current was seen for {:.3} ps, and {LEAST_STRETCHES} stretches of twice {:.3} ps are needed",
                    frames as f64 * self.interval / 1e3,
                    until / 1e3
                ),
                more_time: Some(
                    ((2 * LEAST_STRETCHES * lags.max(1)) as f64 - frames as f64).max(1.0) * self.interval,
                ),
            });
        }
        // e²Å²/fs² over eV Å³, times fs.
        let factor = ELEMENTARY_CHARGE * 1e23 / (3.0 * volume * BOLTZMANN * temperature) * self.interval;
        let integrals: Vec<Vec<f64>> = parts.par_iter().map(|part| integral(part, lags, factor)).collect();
        let n = integrals.len() as f64;
        let curve: Vec<[f64; 3]> = (0..=lags)
            .map(|lag| {
                let mean = integrals.iter().map(|i| i[lag]).sum::<f64>() / n;
                let square: f64 = integrals.iter().map(|i| (i[lag] - mean).powi(2)).sum();
                [lag as f64 * self.interval, mean, (square / (n - 1.0) / n).sqrt()]
            })
            .collect();
        let [_, value, error] = curve[lags];
        let method = format!(
            "Green–Kubo, integrated to {:.3} ps; error from {} stretches of time",
            until / 1e3,
            integrals.len()
        );
        let conductivity = Estimate::normal(value, error, n - 1.0, "S/cm", method);
        Ok(GreenKubo { conductivity, until, curve })
    }
}

/// Σ_s z_s Σ_i∈s v_i, frame by frame.
fn combined(run: &[Vec<Vec3>], charges: &[f64]) -> Vec<Vec3> {
    let frames = run.first().map_or(0, Vec::len);
    (0..frames).map(|t| run.iter().zip(charges).map(|(sum, z)| sum[t] * *z).sum()).collect()
}

/// ∫⟨J(0)·J(t)⟩dt up to every lag, by trapezoids.
fn integral(current: &[Vec3], lags: usize, factor: f64) -> Vec<f64> {
    let n = current.len();
    let fourier = Fourier::of_at_least(2 * n);
    let series = |k: usize| current.iter().map(|j| j[k]).collect::<Vec<f64>>();
    let (mut sums, mut work) = (vec![0.0; lags + 1], Vec::new());
    fourier.correlate(&series(0), &series(1), &mut work, &mut sums);
    fourier.correlate(&series(2), &vec![0.0; n], &mut work, &mut sums);
    let value = |lag: usize| sums[lag] / (n - lag) as f64;
    let mut whole = vec![0.0];
    for lag in 1..=lags {
        whole.push(whole[lag - 1] + 0.5 * factor * (value(lag - 1) + value(lag)));
    }
    whole
}

/// Σ J·J at the same and at the next frame.
fn short_correlation(current: &[Vec3]) -> [f64; 2] {
    let own = current.iter().map(Vec3::norm_squared).sum();
    [own, current.windows(2).map(|pair| pair[0].dot(&pair[1])).sum()]
}

/// How long stretches are, frames, `least` or more: equal parts of the shortest run that holds one, so that replicas, whose number
/// may be larger than that of stretches, waste little.
fn stretch(runs: impl ExactSizeIterator<Item = usize> + Clone, least: usize) -> usize {
    let long = runs.filter(|frames| *frames >= least.max(1));
    let parts = STRETCHES.div_ceil(long.clone().count().max(1));
    long.min().map_or(0, |shortest| shortest / parts).max(least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::velocity::tests::{INTERVAL, langevin, watch};
    use crate::units::{self, Dimension};

    const VOLUME: f64 = 8000.0;
    const TEMPERATURE: f64 = 600.0;

    /// Particles that do not interact have σ = N e² ⟨v_x²⟩/(γ V k_B T); trapezoids of an exponential give its integral times
    /// x coth x, x = γΔ/2. Within four standard errors, for one run and for as many frames in 40 short ones, whose error is as
    /// large within the scatter of an error from 16 stretches (4/√30).
    #[test]
    fn langevin_particles() {
        let (rate, thermal) = (0.02, 0.005);
        let found = langevin(20_000, rate, thermal, 4);
        let x = 0.5 * rate * INTERVAL;
        let whole = x / x.tanh() * (1.0 - (-rate * 400.0_f64).exp());
        let exact =
            ELEMENTARY_CHARGE * 1e23 * 20.0 * thermal * thermal / rate / (VOLUME * BOLTZMANN * TEMPERATURE)
                * whole;
        let sigma = found.green_kubo(&[1.0], VOLUME, TEMPERATURE, 400.0).unwrap().conductivity;
        assert!((sigma.value - exact).abs() < 4.0 * sigma.std_error, "{sigma} {exact}");
        assert!(sigma.relative_error() < 0.2 && sigma.flags.is_empty(), "{sigma}");
        assert!(found.green_kubo(&[1.0], VOLUME, TEMPERATURE, 1e5).is_err());

        let mut replicas = langevin(500, rate, thermal, 5);
        for seed in 6..45 {
            replicas.merge(langevin(500, rate, thermal, seed));
        }
        let short = replicas.green_kubo(&[1.0], VOLUME, TEMPERATURE, 400.0).unwrap().conductivity;
        assert!((short.value - exact).abs() < 4.0 * short.std_error, "{short} {exact}");
        assert!((short.std_error / sigma.std_error).ln().abs() < 4.0 / 30.0_f64.sqrt(), "{short} {sigma}");
    }

    #[test]
    fn stretches_fit_into_replicas() {
        assert_eq!(stretch([1600].into_iter(), 20), 100);
        assert_eq!(stretch([500; 40].into_iter(), 20), 500);
        assert_eq!(stretch([1000, 990].into_iter(), 20), 123);
        // A run that holds no stretch does not make the others shorter.
        assert_eq!(stretch([1600, 10].into_iter(), 20), 100);
        assert_eq!(stretch([30, 30].into_iter(), 40), 40);
    }

    /// A current that turns with ω has ⟨j(0)·j(t)⟩ = J² cos ωt from every origin; trapezoids give its integral times
    /// x/tan x, x = ωΔ/2. Stretches that all say the same have no error.
    #[test]
    fn a_turning_current_has_its_integral() {
        let (omega, speed, ions) = (2e-3, 0.003, 20.0);
        let found = watch(4000, &mut |n, velocities| {
            let (sin, cos) = (omega * INTERVAL * n as f64).sin_cos();
            velocities.fill(Vec3::new(cos, sin, 0.0) * speed);
        });
        let (volume, temperature, until) = (VOLUME, TEMPERATURE, 400.0);
        let sigma = found.green_kubo(&[1.0], volume, temperature, until).unwrap().conductivity;
        let x = 0.5 * omega * INTERVAL;
        let integral = (ions * speed).powi(2) * (omega * until).sin() / omega * x / x.tan();
        let unit = units::parse("1 S/cm", Dimension::new([-1, -1, -1, 0, 2])).unwrap();
        let exact = integral / (3.0 * volume * BOLTZMANN * temperature) / unit;
        assert!(
            (sigma.value / exact - 1.0).abs() < 1e-9 && sigma.std_error < 1e-9 * exact,
            "{sigma}, not {exact}"
        );
    }
}
