//! `[analysis]`: what is computed from the trajectory.

use super::keys::{Keys, Table};
use super::kind::{element, list, map, number, one_or_many, table, temperature, word};
use crate::analysis::DriftReference;
use crate::error::Result;
use crate::system::Element;

/// `[analysis]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// The elements whose motion carries the charge.
    pub mobile: Vec<Element>,
    /// Charge of each element, e.
    pub charges: Vec<(Element, f64)>,
    /// What displacements are measured against.
    pub frame: DriftReference,
    /// The temperature dependence.
    pub arrhenius: Option<Arrhenius>,
}

impl Table for Analysis {
    const ABOUT: &'static str = "What is computed from the trajectory.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        const FRAMES: &[(&str, DriftReference)] = &[
            ("none", DriftReference::None),
            ("center-of-mass", DriftReference::CenterOfMass),
            ("framework", DriftReference::Framework),
        ];
        Ok(Self {
            mobile: keys
                .key("mobile", one_or_many(element()), "The elements whose motion carries the charge.")
                .required("Li")?,
            charges: keys
                .key("charges", map(element(), number()), "Charges of the ions, in elementary charges.")
                .required([("Li", 1.0), ("N", -3.0)])?,
            frame: keys
                .key("frame", word(FRAMES), "Displacements are relative to the cell, to the centre of mass, or to that of the atoms that are not mobile.")
                .default("framework")?,
            arrhenius: keys.key("arrhenius", table(), Arrhenius::ABOUT).optional(())?,
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        for mobile in &self.mobile {
            if !self.charges.iter().any(|(element, _)| element == mobile) {
                return Err(keys
                    .error("charges", format!("the charge of {mobile}, which is mobile, is missing"))
                    .with_help(format!("add `{mobile} = ...`"))
                    .into());
            }
        }
        Ok(())
    }
}

/// `[analysis.arrhenius]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrhenius {
    /// Temperatures to extrapolate to, K.
    pub predict: Vec<f64>,
}

impl Table for Arrhenius {
    const ABOUT: &'static str = "Activation energy and prefactor from several temperatures.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            predict: keys
                .key(
                    "predict",
                    list(temperature().positive()),
                    "Temperatures to extrapolate the conductivity to.",
                )
                .default(["300 K"])?,
        })
    }
}
