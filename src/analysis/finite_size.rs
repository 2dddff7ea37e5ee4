//! What a periodic box takes from the diffusivity of a liquid.

use super::estimate::Estimate;
use super::tracer::CM2_PER_S;
use crate::units::BOLTZMANN;

/// Of the sum over the images of a cubic lattice.
const CUBIC: f64 = 2.837297;

/// D∞ = D(L) + ξ k_B T/(6πηL) with ξ = 2.837297 and L = V^⅓: the ions of a liquid drag their own images along (I.-C. Yeh
/// and G. Hummer, J. Phys. Chem. B 108, 15873 (2004), doi:10.1021/jp0477147). Viscosity in eV fs/Å³, volume in Å³.
///
/// A solid has a framework that takes up the momentum, and no such correction: there only a larger cell tells.
pub fn without_images(diffusivity: &Estimate, temperature: f64, viscosity: f64, volume: f64) -> Estimate {
    let drag = CUBIC * BOLTZMANN * temperature / (6.0 * std::f64::consts::PI * viscosity * volume.cbrt());
    let shift = drag * CM2_PER_S;
    let mut found = diffusivity.clone();
    found.value += shift;
    found.ci95 = found.ci95.map(|end| end + shift);
    found.method = format!("{}; Yeh–Hummer correction of {:.3e} cm²/s", found.method, shift);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{self, Dimension};

    /// Water at 298 K as in the paper: η = 0.9 mPa s and L = 18.6 Å give 2.837297 · 4.114e-21 J/(6π · 0.9e-3 Pa s ·
    /// 18.6e-10 m) = 3.70e-10 m²/s.
    #[test]
    fn water() {
        let viscosity = units::parse("0.9e-3 Pa*s", Dimension::VISCOSITY).unwrap();
        let plain = Estimate::normal(2e-5, 1e-7, 50.0, "cm²/s", "test");
        let found = without_images(&plain, 298.0, viscosity, 18.6_f64.powi(3));
        assert!((found.value - 2e-5 - 3.70e-6).abs() < 1e-8, "{found}");
        assert!((found.ci95[1] - plain.ci95[1] - 3.70e-6).abs() < 1e-8 && found.std_error == plain.std_error);
    }
}
