//! Deformed crystals: homogeneous strain and random displacements.

use super::{Mat3, System, Vec3};
use crate::error::{Error, Result};
use crate::random::{Philox, Purpose};

impl System {
    /// The homogeneous deformation r → r (1 + ε) of cell and atoms; ε need not be symmetric.
    ///
    /// Positions are rows, as lattice vectors are, so that fractional coordinates stay what they are.
    /// Velocities are left alone.
    pub fn strained(&self, strain: &Mat3) -> Result<Self> {
        let mut system = self.clone();
        system.cell = self.cell.strained(strain)?;
        let deformation = Mat3::identity() + strain;
        for r in &mut system.positions {
            *r = deformation.tr_mul(r);
        }
        // A position just inside a face can be rounded to just outside of it.
        system.wrap();
        Ok(system)
    }

    /// Displaces every atom by a normal deviate of standard deviation `sigma` (Å) along x, y and z.
    ///
    /// The displacement of an atom depends on the seed and on its index alone.
    pub fn rattle(&mut self, sigma: f64, seed: u64) -> Result<()> {
        if !sigma.is_finite() || sigma < 0.0 {
            return Err(Error::invalid(format!(
                "atoms cannot be displaced by {sigma} angstrom: the standard deviation must be zero or positive"
            )));
        }
        for (i, r) in self.positions.iter_mut().enumerate() {
            let mut noise = Philox::new(seed, Purpose::Rattle, 0, i as u32);
            *r += sigma * Vec3::from_fn(|_, _| noise.normal());
        }
        self.wrap();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Cell, Element};

    fn crystal() -> System {
        let cell = Cell::new([[3.0, 0.1, 0.0], [-0.4, 4.0, 0.2], [0.3, 0.5, 5.0]], [true; 3]).unwrap();
        let li = Element::from_symbol("Li").unwrap();
        System::new(cell, vec![li; 2], vec![Vec3::new(0.1, 0.2, 0.3), Vec3::new(1.0, 2.0, 3.0)])
            .unwrap()
            .repeated([6, 6, 6])
            .unwrap()
    }

    #[test]
    fn strain_keeps_fractional_coordinates() {
        let before = crystal();
        let strain = Mat3::new(0.02, 0.01, -0.03, 0.04, -0.05, 0.0, 0.01, 0.02, 0.03);
        let after = before.strained(&strain).unwrap();
        let ratio = after.cell.volume() / before.cell.volume();
        assert!((ratio - (Mat3::identity() + strain).determinant()).abs() < 1e-13);
        for (r, q) in before.positions.iter().zip(&after.positions) {
            assert!((before.cell.fractional(r) - after.cell.fractional(q)).norm() < 1e-13);
        }
        assert!(before.strained(&(-Mat3::identity())).is_err());
    }

    /// Mean square displacement of n components: σ² within four standard errors, √(2/n) each.
    #[test]
    fn rattling_has_the_width_asked_for() {
        let before = crystal();
        let mut after = before.clone();
        after.rattle(0.1, 3).unwrap();
        let n = 3.0 * before.len() as f64;
        let squares: f64 =
            (0..before.len()).map(|i| (after.unwrapped(i) - before.positions[i]).norm_squared()).sum();
        assert!((squares / (0.01 * n) - 1.0).abs() < 4.0 * (2.0 / n).sqrt());
        let mut again = before.clone();
        again.rattle(0.1, 3).unwrap();
        assert_eq!(after, again);
        again.rattle(0.0, 4).unwrap();
        assert_eq!(after, again);
        assert!(again.rattle(f64::NAN, 0).is_err());
    }
}
