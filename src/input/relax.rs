//! `[relax]`: a minimisation before the dynamics.

use super::keys::{Keys, Table};
use super::kind::{Kind, force, integer, pressure, text, word};
use crate::error::Result;
use crate::relax::{CellFreedom, Freedom, Method, Settings};

/// `[relax]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Relax {
    /// What may change of the cell.
    pub cell: CellFreedom,
    /// Pressure around the cell, eV/Å³.
    pub pressure: f64,
    /// Converged when no force is larger, eV/Å.
    pub force: f64,
    /// Converged when no free component of the stress differs more from the pressure, eV/Å³.
    pub stress: f64,
    /// How.
    pub method: Method,
    /// The most steps.
    pub steps: u64,
}

impl Relax {
    /// The same for the minimiser.
    pub fn settings(&self) -> Settings {
        Settings {
            freedom: Freedom { cell: self.cell, pressure: self.pressure, held: Vec::new() },
            method: self.method,
            force: self.force,
            stress: self.stress,
            steps: self.steps,
            ..Settings::default()
        }
    }
}

impl Table for Relax {
    const ABOUT: &'static str = "A minimisation of positions, and of the cell if wanted, before the dynamics. Its result \
        is kept as relaxed.extxyz in the output directory.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        const METHODS: &[(&str, Method)] = &[("lbfgs", Method::Lbfgs), ("fire", Method::Fire)];
        let table = Self {
            cell: keys
                .key(
                    "cell",
                    text().try_map(|text: String| text.parse::<CellFreedom>()),
                    "What may change of the cell: fixed, isotropic (its volume), axes (lengths along x, y, z), free, or \
                     a list of strains such as xx,yy,xy.",
                )
                .default("fixed")?,
            pressure: keys.key("pressure", pressure(), "Pressure around the cell.").default("0 GPa")?,
            force: keys
                .key("force", force().positive(), "Converged when no force is larger.")
                .default("0.01 eV/angstrom")?,
            stress: keys
                .key(
                    "stress",
                    pressure().positive(),
                    "Converged when no free component of the stress differs more from the pressure.",
                )
                .default("0.1 GPa")?,
            method: keys
                .key("method", word(METHODS), "L-BFGS with a line search, or FIRE 2.0.")
                .default("lbfgs")?,
            steps: keys
                .key("steps", integer().at_least(1), "Give up after so many steps.")
                .default(2000)?
                .unsigned_abs(),
        };
        if table.pressure != 0.0 && table.cell == CellFreedom::Fixed {
            return Err(keys
                .error("pressure", "a pressure does nothing to a cell that does not change")
                .with_help("expected a `cell` as well: isotropic, axes or free")
                .into());
        }
        Ok(table)
    }
}
