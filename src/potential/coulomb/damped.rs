//! The damped shifted-force sum: short-ranged, fast, approximate.

use super::charges::Charges;
use super::erfc::erfc_and_gaussian;
use crate::error::{Error, Result};
use crate::neighbors::NeighborList;
use crate::potential::pair::{PairTable, PairTerm, rounded};
use crate::potential::{Atoms, Evaluation, Potential};
use crate::system::Element;
use crate::units::COULOMB;
use std::f64::consts::PI;

/// Coulomb interactions after Wolf with the shifted force of Fennell and Gezelter,
/// J. Chem. Phys. 124, 234104 (2006), doi:10.1063/1.2206581:
///
/// u(r) = q_i q_j/(4πε₀) [v(r) − v(R) − (r − R) v′(R)] with v(r) = erfc(αr)/r for r < R,
///
/// and a constant −q_i²/(4πε₀) [(v(R) − R v′(R))/2 + α/√π] for every atom. Energy and forces are continuous and
/// cost as much as those of any pair potential. It is an approximation: forces in a dense ionic system
/// with α = 0.2 Å⁻¹ and R = 12 Å are off by some per cent, Madelung energies by less than one. [`Ewald`] is
/// exact.
///
/// [`Ewald`]: super::Ewald
#[derive(Debug, Clone)]
pub struct DampedShifted {
    charges: Charges,
    table: PairTable<Term>,
    self_energy: f64,
    alpha: f64,
    atomic_charges: Vec<f64>,
}

impl DampedShifted {
    /// Charges (e) of the elements, damping α (Å⁻¹; zero for none) and cutoff R (Å).
    pub fn new(charges: &[(Element, f64)], alpha: f64, cutoff: f64) -> Result<Self> {
        if !alpha.is_finite() || alpha < 0.0 {
            return Err(Error::invalid(format!(
                "a damping of {alpha} per angstrom is negative or not finite"
            )));
        }
        if !cutoff.is_finite() || cutoff <= 0.0 {
            return Err(Error::invalid(format!("a cutoff of {cutoff} angstrom is not a positive length")));
        }
        let charges = Charges::new(charges)?;
        let (erfc, gaussian) = erfc_and_gaussian(alpha * cutoff);
        let slope = -(erfc / cutoff + 2.0 * alpha / PI.sqrt() * gaussian) / cutoff;
        let shift = erfc / cutoff - cutoff * slope;
        let table = charges.table(|product| Term {
            charges: COULOMB * product,
            alpha,
            square_cutoff: cutoff * cutoff,
            shift,
            slope,
        });
        let self_energy = -COULOMB * (0.5 * shift + alpha / PI.sqrt());
        Ok(Self { charges, table, self_energy, alpha, atomic_charges: Vec::new() })
    }
}

impl Potential for DampedShifted {
    fn description(&self) -> String {
        format!(
            "Coulomb by damped shifted forces ({}), alpha {} per angstrom, cutoff {} angstrom",
            self.charges.describe(),
            self.alpha,
            rounded(self.cutoff())
        )
    }

    fn cutoff(&self) -> f64 {
        self.table.cutoff()
    }

    fn elements(&self) -> Option<Vec<Element>> {
        self.table.kinds().elements()
    }

    fn evaluate(&mut self, atoms: Atoms<'_>, list: &NeighborList, out: &mut Evaluation) -> Result<()> {
        self.table.accumulate(atoms, list, out)?;
        self.charges.assign(atoms.species, &mut self.atomic_charges)?;
        for (q, energy) in self.atomic_charges.iter().zip(&mut out.atomic_energies) {
            let own = self.self_energy * q * q;
            *energy += own;
            out.energy += own;
        }
        Ok(())
    }

    fn boxed_clone(&self) -> Box<dyn Potential> {
        Box::new(self.clone())
    }
}

#[derive(Debug, Clone, Copy)]
struct Term {
    charges: f64,
    alpha: f64,
    square_cutoff: f64,
    shift: f64,
    slope: f64,
}

impl PairTerm for Term {
    #[inline]
    fn square_cutoff(&self) -> f64 {
        self.square_cutoff
    }

    #[inline(always)]
    fn at(&self, r2: f64) -> (f64, f64) {
        let r = r2.sqrt();
        let (erfc, gaussian) = erfc_and_gaussian(self.alpha * r);
        let slope = -(erfc / r + 2.0 * self.alpha / PI.sqrt() * gaussian) / r;
        (self.charges * (erfc / r - self.shift - self.slope * r), self.charges * (slope - self.slope) / r)
    }
}
