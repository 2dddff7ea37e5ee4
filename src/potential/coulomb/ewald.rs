//! The Ewald sum: the exact electrostatics of a periodic crystal.

use super::charges::Charges;
use super::direct;
use super::erfc::erfc_and_gaussian;
use super::reciprocal::Reciprocal;
use crate::error::{Error, Result};
use crate::neighbors::NeighborList;
use crate::potential::pair::{PairTable, PairTerm, rounded};
use crate::potential::{Atoms, Evaluation, Potential};
use crate::system::{Element, Mat3};
use crate::units::COULOMB;
use std::f64::consts::PI;

/// What to do where the charges of the atoms do not add up to zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NetCharge {
    /// Refuse to compute: mostly it is a mistake.
    #[default]
    Refuse,
    /// Neutralise it by a uniform background. Energies of cells of different sizes are then not comparable
    /// without corrections.
    Background,
}

/// Coulomb interactions of point charges by the method of P. P. Ewald, Ann. Phys. 369, 253 (1921),
/// doi:10.1002/andp.19213690304, under tin-foil (conducting) boundary conditions.
///
/// With S(k) = Σ q_j e^(ik·r_j),
///
/// E = 1/(4πε₀) [½ Σ q_i q_j erfc(α r)/r + (2π/V) Σ_{k≠0} e^(−k²/4α²) |S(k)|²/k² − (α/√π) Σ q_i² − π Q²/(2Vα²)],
///
/// where the first sum runs over all pairs with their images within the cutoff and the last term is that of the
/// neutralising background. α and the largest k follow from the cutoff and the accuracy: terms whose Gaussian is
/// below the accuracy are left out in both sums. The energy is differentiated exactly; that the set of k
/// changes with the cell makes steps of the order of the accuracy.
///
/// The cost of the second sum is proportional to N² at a given cutoff: for thousands of atoms take a longer
/// cutoff or the approximate [`DampedShifted`](super::DampedShifted).
///
/// An isolated molecule (no periodic direction) is summed directly over all pairs. Slabs and wires are refused.
#[derive(Debug, Clone)]
pub struct Ewald {
    charges: Charges,
    table: PairTable<Screened>,
    alpha: f64,
    largest_k: f64,
    net_charge: NetCharge,
    atomic_charges: Vec<f64>,
    reciprocal: Reciprocal,
}

impl Ewald {
    /// Charges (e) of the elements, cutoff in real space (Å), relative accuracy (1e-8 is a good choice).
    pub fn new(
        charges: &[(Element, f64)],
        cutoff: f64,
        accuracy: f64,
        net_charge: NetCharge,
    ) -> Result<Self> {
        if !(1e-15..=1e-2).contains(&accuracy) {
            return Err(Error::invalid(format!(
                "the accuracy {accuracy} of an Ewald sum must lie between 1e-15 and 1e-2"
            )));
        }
        // The Gaussian factors of both sums are e^(−s²) where the sums end.
        let s = (-accuracy.ln()).sqrt();
        Self::with_splitting(charges, s / cutoff, cutoff, 2.0 * s * s / cutoff, net_charge)
    }

    /// The same with the splitting α (Å⁻¹), the cutoff (Å) and the largest |k| (Å⁻¹) given. The result is right
    /// where e^(−(α·cutoff)²) and e^(−(k/2α)²) are negligible.
    pub fn with_splitting(
        charges: &[(Element, f64)],
        alpha: f64,
        cutoff: f64,
        largest_k: f64,
        net_charge: NetCharge,
    ) -> Result<Self> {
        for (name, value) in [("cutoff", cutoff), ("splitting", alpha), ("largest wave vector", largest_k)] {
            if !value.is_finite() || value <= 0.0 {
                return Err(Error::invalid(format!("the {name} {value} of an Ewald sum must be positive")));
            }
        }
        let charges = Charges::new(charges)?;
        let table = charges.table(|product| Screened {
            charges: COULOMB * product,
            alpha,
            square_cutoff: cutoff * cutoff,
        });
        Ok(Self {
            charges,
            table,
            alpha,
            largest_k,
            net_charge,
            atomic_charges: Vec::new(),
            reciprocal: Reciprocal::default(),
        })
    }

    /// Self-energy of the screening charges, and the background of a charged cell.
    fn add_constants(&self, volume: f64, out: &mut Evaluation) {
        let net: f64 = self.atomic_charges.iter().sum();
        let own = -COULOMB * self.alpha / PI.sqrt();
        let background = match self.net_charge {
            NetCharge::Refuse => 0.0,
            NetCharge::Background => -COULOMB * PI * net / (2.0 * volume * self.alpha * self.alpha),
        };
        for (q, energy) in self.atomic_charges.iter().zip(&mut out.atomic_energies) {
            let e = q * (own * q + background);
            *energy += e;
            out.energy += e;
        }
        // The background's energy is proportional to 1/V, so −∂E/∂ε = E·1.
        out.virial += Mat3::from_diagonal_element(background * net);
    }

    fn check_neutral(&self) -> Result<()> {
        let net: f64 = self.atomic_charges.iter().sum();
        let gross: f64 = self.atomic_charges.iter().map(|q| q.abs()).sum();
        if self.net_charge == NetCharge::Refuse && net.abs() > 1e-8 * gross {
            return Err(Error::invalid(format!(
                "the cell has a net charge of {net:+.6} e ({}): an infinite crystal of it has no finite energy; \
                 correct the charges or the composition, or ask for a neutralising background",
                self.charges.describe()
            )));
        }
        Ok(())
    }
}

impl Potential for Ewald {
    fn description(&self) -> String {
        format!(
            "Coulomb by Ewald summation ({}), cutoff {} angstrom, alpha {:.4} per angstrom, k up to {:.3} per angstrom",
            self.charges.describe(),
            rounded(self.cutoff()),
            self.alpha,
            self.largest_k
        )
    }

    fn cutoff(&self) -> f64 {
        self.table.cutoff()
    }

    fn elements(&self) -> Option<Vec<Element>> {
        self.table.kinds().elements()
    }

    fn evaluate(&mut self, atoms: Atoms<'_>, list: &NeighborList, out: &mut Evaluation) -> Result<()> {
        self.charges.assign(atoms.species, &mut self.atomic_charges)?;
        match atoms.cell.periodic() {
            [false, false, false] => {
                direct::accumulate(atoms.positions, &self.atomic_charges, out);
                return Ok(());
            }
            [true, true, true] => {}
            _ => {
                return Err(Error::invalid(
                    "Ewald summation needs a cell that is periodic along all three vectors, or along none: \
                     for a slab or a wire, add vacuum and make the cell periodic",
                ));
            }
        }
        self.check_neutral()?;
        self.table.accumulate(atoms, list, out)?;
        self.reciprocal.accumulate(
            atoms.cell,
            atoms.positions,
            &self.atomic_charges,
            self.alpha,
            self.largest_k,
            out,
        );
        self.add_constants(atoms.cell.volume(), out);
        Ok(())
    }

    fn boxed_clone(&self) -> Box<dyn Potential> {
        Box::new(self.clone())
    }
}

/// q_i q_j erfc(αr)/(4πε₀ r).
#[derive(Debug, Clone, Copy)]
struct Screened {
    charges: f64,
    alpha: f64,
    square_cutoff: f64,
}

impl PairTerm for Screened {
    #[inline]
    fn square_cutoff(&self) -> f64 {
        self.square_cutoff
    }

    #[inline(always)]
    fn at(&self, r2: f64) -> (f64, f64) {
        let r = r2.sqrt();
        let (erfc, gaussian) = erfc_and_gaussian(self.alpha * r);
        let value = self.charges * erfc / r;
        (value, -(value + self.charges * 2.0 * self.alpha / PI.sqrt() * gaussian) / r2)
    }
}
