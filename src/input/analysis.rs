//! `[analysis]`: what is computed from the trajectory.

use super::keys::{Keys, Table};
use super::kind::{
    OneOf, array, element, existing_path, length, list, map, number, one_of, one_or_many, quantity, table,
    temperature, time, word,
};
use crate::analysis::{DriftReference, LEAST_PEAK};
use crate::error::Result;
use crate::system::Element;
use crate::units::Dimension;
use std::path::PathBuf;

/// `[analysis]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// The elements whose motion carries the charge.
    pub mobile: Vec<Element>,
    /// Charge of each element, e.
    pub charges: Vec<(Element, f64)>,
    /// What displacements are measured against.
    pub frame: DriftReference,
    /// First and last lag of the fits, fs, instead of those that are chosen.
    pub window: Option<[f64; 2]>,
    /// How far radial distributions and Van Hove functions go, Å.
    pub within: f64,
    /// The sites between which hops are counted.
    pub sites: Option<SitesFrom>,
    /// Viscosity of a liquid, eV fs/Å³, for the finite-size correction.
    pub viscosity: Option<f64>,
    /// The temperature dependence.
    pub arrhenius: Option<Arrhenius>,
}

/// Where the sites of the mobile ions come from.
#[derive(Debug, Clone, PartialEq)]
pub enum SitesFrom {
    /// Peaks of the density of the mobile ions, at least this part of the highest.
    Density(f64),
    /// The mobile elements of a structure.
    Structure(PathBuf),
    /// Fractional coordinates.
    Given(Vec<[f64; 3]>),
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
            window: keys
                .key("window", array(time().positive()), "First and last lag of the fits, instead of those that are chosen.")
                .optional(["10 ps", "100 ps"])?,
            within: keys
                .key("within", length().at_least("0.5 angstrom").at_most("100 angstrom"), "Distance to which radial distributions and Van Hove functions go.")
                .default("8 angstrom")?,
            sites: keys
                .key("sites", SitesFrom::choices(), "The sites between which hops are counted; without them none are.")
                .optional(())?,
            viscosity: keys
                .key("viscosity", quantity(Dimension::VISCOSITY).positive(), "Viscosity of a liquid: diffusivities are given for an infinite box too (Yeh and Hummer). Not for solids.")
                .optional("1e-3 Pa*s")?,
            arrhenius: keys.key("arrhenius", table(), Arrhenius::ABOUT).optional(())?,
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        for (k, mobile) in self.mobile.iter().enumerate() {
            if self.mobile[..k].contains(mobile) {
                return Err(keys
                    .error("mobile", format!("{mobile} is there twice"))
                    .with_help("expected every mobile element once")
                    .into());
            }
            if !self.charges.iter().any(|(element, _)| element == mobile) {
                return Err(keys
                    .error("charges", format!("the charge of {mobile}, which is mobile, is missing"))
                    .with_help(format!("add `{mobile} = ...`"))
                    .into());
            }
        }
        if let Some([from, to]) = self.window
            && from >= to
        {
            return Err(keys
                .error("window", "the window ends before it begins")
                .with_help("expected the first lag and then a later one, such as [\"10 ps\", \"100 ps\"]")
                .into());
        }
        Ok(())
    }
}

impl SitesFrom {
    fn choices() -> OneOf<Self> {
        one_of()
            .choice("density", |table: OfDensity| Self::Density(table.least))
            .choice("structure", |table: OfStructure| Self::Structure(table.file))
            .choice("given", |table: Given| Self::Given(table.fractional))
    }
}

/// `[analysis.sites.density]`.
#[derive(Debug, Clone, PartialEq)]
struct OfDensity {
    least: f64,
}

impl Table for OfDensity {
    const ABOUT: &'static str = "Sites are the peaks of the density of the mobile ions.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            least: keys
                .key(
                    "least",
                    number().between(0.0, 1.0),
                    "A peak counts if it is at least this part of the highest.",
                )
                .default(LEAST_PEAK)?,
        })
    }
}

/// `[analysis.sites.structure]`.
#[derive(Debug, Clone, PartialEq)]
struct OfStructure {
    file: PathBuf,
}

impl Table for OfStructure {
    const ABOUT: &'static str =
        "Sites are the places of the mobile elements in a structure with the same cell.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            file: keys
                .key("file", existing_path(false), "The structure, in any format mlmd reads.")
                .required("sites.cif")?,
        })
    }
}

/// `[analysis.sites.given]`.
#[derive(Debug, Clone, PartialEq)]
struct Given {
    fractional: Vec<[f64; 3]>,
}

impl Table for Given {
    const ABOUT: &'static str = "Sites by their coordinates.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            fractional: keys
                .key("fractional", list(array(number())), "Fractional coordinates of the sites.")
                .required([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]])?,
        })
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
