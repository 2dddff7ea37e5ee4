//! Initial velocities.

use super::{System, Vec3};
use crate::error::{Error, Result};
use crate::random::{Philox, Purpose};
use crate::units::{AMU_ANGSTROM2_PER_FS2, BOLTZMANN};

impl System {
    /// Velocities from the Maxwell–Boltzmann distribution at `temperature` (K), with zero total momentum
    /// and, after scaling, exactly this temperature over 3N − 3 degrees of freedom.
    ///
    /// Each component is a normal deviate of variance k_B T/m. The velocity that an atom draws depends on
    /// the seed and on its index alone.
    pub fn set_temperature(&mut self, temperature: f64, seed: u64) -> Result<()> {
        if !temperature.is_finite() || temperature < 0.0 {
            return Err(Error::invalid(format!("{temperature} K is not a temperature")));
        }
        if temperature == 0.0 {
            self.velocities.fill(Vec3::zeros());
            return Ok(());
        }
        if self.len() < 2 {
            return Err(Error::invalid(
                "a system without total momentum needs at least two atoms to have a temperature",
            ));
        }
        if let Some(i) = self.masses.iter().position(|m| !m.is_finite() || *m <= 0.0) {
            return Err(Error::invalid(format!("the mass of atom {i} is {} amu", self.masses[i])));
        }
        let scale = BOLTZMANN * temperature / AMU_ANGSTROM2_PER_FS2;
        for (i, v) in self.velocities.iter_mut().enumerate() {
            let mut noise = Philox::new(seed, Purpose::Velocities, 0, i as u32);
            *v = (scale / self.masses[i]).sqrt() * Vec3::from_fn(|_, _| noise.normal());
        }
        self.remove_drift();
        let factor = (temperature / self.temperature(3 * self.len() - 3)).sqrt();
        for v in &mut self.velocities {
            *v *= factor;
        }
        Ok(())
    }

    /// Subtracts the velocity of the centre of mass, so that the total momentum vanishes.
    pub fn remove_drift(&mut self) {
        let mass: f64 = self.masses.iter().sum();
        if mass > 0.0 {
            let drift = self.momentum() / mass;
            for v in &mut self.velocities {
                *v -= drift;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Cell, Element};

    fn gas(n: usize) -> System {
        let element = |s| Element::from_symbol(s).unwrap();
        let species = (0..n).map(|i| element(["Li", "La", "O"][i % 3])).collect();
        let positions = (0..n).map(|i| Vec3::new(i as f64, 0.0, 0.0)).collect();
        System::new(Cell::isolated(), species, positions).unwrap()
    }

    #[test]
    fn momentum_is_zero_and_temperature_exact() {
        for n in [2, 3, 1000] {
            let mut system = gas(n);
            system.set_temperature(600.0, 9).unwrap();
            // One rounding per atom in the temperature, one per atom and momentum in the drift.
            let round_off = n as f64 * f64::EPSILON;
            assert!((system.temperature(3 * n - 3) / 600.0 - 1.0).abs() < round_off);
            let scale: f64 = system.masses.iter().zip(&system.velocities).map(|(m, v)| m * v.norm()).sum();
            assert!(system.momentum().norm() < round_off * scale);
        }
    }

    /// Kinetic energy per degree of freedom of each element: k_B T/2 within four standard errors of √(2/f),
    /// and ⟨v⁴⟩/⟨v²⟩² = 3 of a normal distribution within 4·√(24/f).
    #[test]
    fn every_element_is_equally_hot_and_normal() {
        let mut system = gas(30_000);
        system.set_temperature(300.0, 1).unwrap();
        for element in ["Li", "La", "O"] {
            let x: Vec<f64> = (0..system.len())
                .filter(|i| system.species[*i].symbol() == element)
                .flat_map(|i| {
                    let thermal = BOLTZMANN * 300.0 / (system.masses[i] * AMU_ANGSTROM2_PER_FS2);
                    (system.velocities[i] / thermal.sqrt()).iter().copied().collect::<Vec<_>>()
                })
                .collect();
            let f = x.len() as f64;
            let second: f64 = x.iter().map(|x| x * x).sum::<f64>() / f;
            let fourth: f64 = x.iter().map(|x| x.powi(4)).sum::<f64>() / f;
            assert!((second - 1.0).abs() < 4.0 * (2.0 / f).sqrt(), "{element} {second}");
            assert!((fourth / second.powi(2) - 3.0).abs() < 4.0 * (24.0 / f).sqrt(), "{element} {fourth}");
        }
    }

    #[test]
    fn what_cannot_have_a_temperature_is_refused() {
        assert!(gas(1).set_temperature(300.0, 0).unwrap_err().to_string().contains("two atoms"));
        assert!(gas(2).set_temperature(-1.0, 0).is_err());
        let mut system = gas(2);
        system.set_temperature(300.0, 0).unwrap();
        system.set_temperature(0.0, 0).unwrap();
        assert_eq!(system.kinetic_energy(), 0.0);
        system.masses[1] = 0.0;
        assert!(system.set_temperature(300.0, 0).unwrap_err().to_string().contains("atom 1"));
    }
}
