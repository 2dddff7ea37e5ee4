//! `[loss]`: what counts as an error, and how much.

use crate::error::Result;
use crate::input::keys::{Keys, Table};
use crate::input::kind::{energy, force, number, pressure};
use crate::train::loss::Loss;

/// `[loss]`.
#[derive(Debug, Clone)]
pub struct LossTable(pub Loss);

impl Table for LossTable {
    const ABOUT: &'static str = "Errors of these sizes count alike; a label without a size here is not used.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self(Loss {
            energy: keys
                .key("energy", energy().positive(), "Error of the energy per atom.")
                .optional("1 meV")?,
            forces: keys
                .key("forces", force().positive(), "Error of a component of a force.")
                .optional("0.03 eV/angstrom")?,
            stress: keys
                .key("stress", pressure().positive(), "Error of a component of the stress.")
                .optional("0.1 GPa")?,
            huber: keys
                .key("huber", number().positive(), "Errors beyond so many sizes count linearly (Huber).")
                .optional(5.0)?,
            decay: keys
                .key("decay", number().between(0.0, 1e6), "What the squares of the weights cost: keeps rare surroundings from being overfitted. Less for frames that were chosen for being unlike, 0 where fitting them is all. The Kalman filter has its `variance` instead.")
                .default(0.03)?,
        }))
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        if self.0.energy.is_none() && self.0.forces.is_none() && self.0.stress.is_none() {
            let message = "there is nothing to fit";
            return Err(keys
                .error("energy", message)
                .with_help("expected [loss] with energy = \"1 meV\", forces = \"0.03 eV/angstrom\" or stress = \"0.1 GPa\"")
                .into());
        }
        Ok(())
    }
}
