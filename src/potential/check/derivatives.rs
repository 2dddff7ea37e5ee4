//! Forces and virial against finite differences of the energy.

use super::report::Claim;
use super::trial::Trial;
use crate::error::Result;
use crate::system::{Mat3, Vec3};

/// Forces of some atoms: F = −∂E/∂r.
pub(super) fn forces(trial: &mut Trial<'_>, atoms: usize, step: f64) -> Result<Claim> {
    let mut claim = Claim::new("forces are the negative gradient of the energy", "eV/angstrom");
    let cell = trial.cell.clone();
    let chosen = trial.random.choose(trial.positions.len(), atoms);
    let mut positions = trial.positions.clone();
    for i in chosen {
        for axis in 0..3 {
            let derivative = Derivative::of(step, trial.reference.energy, trial.energy_noise, |h| {
                positions[i][axis] = trial.positions[i][axis] + h;
                let energy = trial.energy(&cell, &positions)?;
                // What the coordinate really moved by is a difference of two rounded numbers, exact.
                Ok((positions[i][axis] - trial.positions[i][axis], energy))
            })?;
            positions[i] = trial.positions[i];
            let found = trial.reference.forces[i][axis];
            claim.rough += usize::from(!derivative.smooth);
            claim.compare(
                || format!("atom {i}, {}", AXES[axis]),
                found,
                -derivative.value,
                derivative.error + trial.force_noise,
            );
        }
    }
    Ok(claim)
}

/// All nine components of the virial, W = −∂E/∂ε under r → r(1 + ε), H → H(1 + ε).
pub(super) fn virial(trial: &mut Trial<'_>, step: f64) -> Result<Claim> {
    let mut claim = Claim::new("the virial is the negative derivative by strain", "eV");
    // A rounded coordinate of size r times a force: the noise of forces, over all atoms and lengths.
    let lengths: f64 = trial.positions.iter().map(|r| r.norm().max(1.0)).sum();
    let noise = trial.force_noise * lengths;
    for a in 0..3 {
        for b in 0..3 {
            let derivative = Derivative::of(step, trial.reference.energy, trial.energy_noise, |h| {
                let mut strain = Mat3::zeros();
                strain[(a, b)] = h;
                let cell = trial.cell.strained(&strain)?;
                let deformation = Mat3::identity() + strain;
                let positions: Vec<Vec3> = trial.positions.iter().map(|r| deformation.tr_mul(r)).collect();
                Ok((h, trial.energy(&cell, &positions)?))
            })?;
            claim.rough += usize::from(!derivative.smooth);
            claim.compare(
                || format!("component {}{}", AXES[a], AXES[b]),
                trial.reference.virial[(a, b)],
                -derivative.value,
                derivative.error + noise,
            );
        }
    }
    Ok(claim)
}

const AXES: [&str; 3] = ["x", "y", "z"];

/// A derivative with an estimate of its error.
#[derive(Debug, Clone, Copy)]
struct Derivative {
    value: f64,
    error: f64,
    /// Does the energy look differentiable within the step?
    smooth: bool,
}

impl Derivative {
    /// Central differences with the steps h, h/2 and h/4, extrapolated twice (Richardson), so that the error
    /// is of order h⁶. The difference between the last two extrapolations, of order h⁴, bounds it. Rounding of
    /// the energies counts with the largest weight that extrapolation gives to one of them over its step.
    ///
    /// A cutoff that is not smoothed makes energy or slope jump where a pair crosses it. How much the slopes
    /// to either side differ in the limit h → 0 (of order h⁵ for a smooth function) is added to the error: for a
    /// single jump or kink at any place within the step the sum exceeds the true error by a factor of 1.4 at
    /// least.
    ///
    /// `energy(h)` returns where it really went and the energy there; `centre` is the energy in the middle.
    fn of(
        step: f64,
        centre: f64,
        noise: f64,
        mut energy: impl FnMut(f64) -> Result<(f64, f64)>,
    ) -> Result<Self> {
        let (mut d, mut g) = ([0.0; 3], [0.0; 3]);
        for k in 0..3 {
            let h = step / f64::from(1 << k);
            let (up, above) = energy(h)?;
            let (down, below) = energy(-h)?;
            d[k] = (above - below) / (up - down);
            g[k] = (above - centre) / up - (below - centre) / down;
        }
        let (r1, r2) = ((4.0 * d[1] - d[0]) / 3.0, (4.0 * d[2] - d[1]) / 3.0);
        let (c1, c2) = (2.0 * g[1] - g[0], 2.0 * g[2] - g[1]);
        let kink = ((8.0 * c2 - c1) / 7.0).abs();
        let rounding = 16.0 / 15.0 * 4.0 / 3.0 * noise / (step / 4.0);
        let value = (16.0 * r2 - r1) / 15.0;
        // For a smooth function g is h times the curvature, and next to nothing is left of it as h → 0.
        let negligible = 1e-4 * value.abs() + 1e-3 * g[2].abs() + 10.0 * rounding;
        Ok(Self { value, error: (r2 - r1).abs() + kink + rounding, smooth: kink <= negligible })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_derivative_is_honest_and_small() {
        let exact = 3.0 * (0.7_f64 * 3.0).cos();
        let f = |h: f64| ((0.7 + h) * 3.0).sin();
        let d = Derivative::of(8e-3, f(0.0), 1e-15, |h| Ok((h, f(h)))).unwrap();
        assert!((d.value - exact).abs() <= d.error, "{d:?} {exact}");
        assert!(d.smooth && d.error < 1e-7);
    }

    #[test]
    fn jumps_and_kinks_are_noticed_wherever_they_are() {
        let step = 1.0;
        for place in (-120..=120).map(|k| 0.01 * f64::from(k) + 0.003) {
            let kink = |h: f64| (h - place).max(0.0);
            let jump = |h: f64| f64::from(u8::from(h > place));
            for (f, slope) in [(&kink as &dyn Fn(f64) -> f64, kink(1e9) / 1e9), (&jump, 0.0)] {
                let slope = if place < 0.0 { slope.round() } else { 0.0 };
                let d = Derivative::of(step, f(0.0), 1e-16, |h| Ok((h, f(h)))).unwrap();
                assert!((d.value - slope).abs() <= d.error, "{place} {d:?}");
                assert!(d.smooth == (place.abs() > step), "{place} {d:?}");
            }
        }
    }
}
