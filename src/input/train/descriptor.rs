//! `[descriptor.*]`: what turns environments into numbers.

use crate::descriptors::{CutoffShape, MomentsSize};
use crate::error::Result;
use crate::input::keys::{Keys, Table};
use crate::input::kind::{OneOf, existing_path, file_units, integer, length, list, number, one_of, word};
use crate::input::potential::check_units;
use crate::io::FileUnits;
use std::path::PathBuf;

/// `[descriptor]`.
#[derive(Debug, Clone)]
pub enum DescriptorChoice {
    /// A grid of symmetry functions.
    Symmetry(SymmetryTable),
    /// Invariants of moments.
    Moments(MomentsTable),
    /// The Chebyshev descriptor.
    Chebyshev(ChebyshevTable),
    /// That of another potential or of a setup.
    File(DescriptorFile),
}

impl DescriptorChoice {
    /// The choices there are.
    pub(super) fn kind() -> OneOf<Self> {
        one_of()
            .choice("moments", Self::Moments)
            .choice("symmetry", Self::Symmetry)
            .choice("chebyshev", Self::Chebyshev)
            .choice("from", Self::File)
    }
}

/// `[descriptor.symmetry]`.
#[derive(Debug, Clone)]
pub struct SymmetryTable {
    /// Cutoff of radial functions, Å.
    pub radial_cutoff: f64,
    /// How many for each element.
    pub radial: usize,
    /// Cutoff of angular functions, Å.
    pub angular_cutoff: f64,
    /// How many radial factors for each pair of elements.
    pub angular: usize,
    /// ζ.
    pub zetas: Vec<f64>,
    /// The centre of the first Gaussian, Å; from the frames if absent.
    pub nearest: Option<f64>,
    /// The cutoff function.
    pub shape: CutoffShape,
}

impl Table for SymmetryTable {
    const ABOUT: &'static str = "Symmetry functions on a grid made for the elements: shifted Gaussians, and angular functions without the r_jk factor.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        const SHAPES: &[(&str, CutoffShape)] = &[
            ("cosine", CutoffShape::Cosine),
            ("poly2", CutoffShape::Poly2),
            ("poly3", CutoffShape::Poly3),
            ("exponential", CutoffShape::Exponential),
        ];
        let count = || integer().at_least(1).at_most(60);
        Ok(Self {
            radial_cutoff: keys
                .key("radial_cutoff", length().positive(), "Cutoff of the radial functions.")
                .default("6.0 angstrom")?,
            radial: keys.key("radial", count(), "Radial functions for each element.").default(10)? as usize,
            angular_cutoff: keys
                .key("angular_cutoff", length().positive(), "Cutoff of the angular functions.")
                .default("5.0 angstrom")?,
            angular: keys
                .key(
                    "angular",
                    count(),
                    "Radial factors of the angular functions, for each pair of elements.",
                )
                .default(5)? as usize,
            zetas: keys
                .key(
                    "zetas",
                    list(number().positive()),
                    "Exponents of the angular functions; each with lambda -1 and 1.",
                )
                .default([1.0, 2.0, 4.0])?,
            nearest: keys
                .key(
                    "nearest",
                    length().positive(),
                    "The centre of the first Gaussian; the smallest distance in the frames if absent.",
                )
                .optional("2.0 angstrom")?,
            shape: keys.key("shape", word(SHAPES), "The cutoff function.").default("poly2")?,
        })
    }
}

/// `[descriptor.moments]`.
#[derive(Debug, Clone)]
pub struct MomentsTable {
    /// Radial cutoff, Å.
    pub radial_cutoff: f64,
    /// Angular cutoff, Å.
    pub angular_cutoff: f64,
    /// How much is resolved.
    pub size: MomentsSize,
}

impl Table for MomentsTable {
    const ABOUT: &'static str = "mlmd's own: moments of the density of neighbours and their invariants.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        const SIZES: &[(&str, MomentsSize)] =
            &[("small", MomentsSize::Small), ("medium", MomentsSize::Medium), ("large", MomentsSize::Large)];
        Ok(Self {
            radial_cutoff: keys
                .key("radial_cutoff", length().positive(), "Cutoff of functions of the distance.")
                .default("6.0 angstrom")?,
            angular_cutoff: keys
                .key("angular_cutoff", length().positive(), "Cutoff of functions of distances and angles.")
                .default("5.0 angstrom")?,
            size: keys.key("size", word(SIZES), "How much is resolved.").default("medium")?,
        })
    }
}

/// `[descriptor.chebyshev]`.
#[derive(Debug, Clone)]
pub struct ChebyshevTable {
    /// R_r, Å, and N_r.
    pub radial: (f64, usize),
    /// R_a, Å, and N_a.
    pub angular: (f64, usize),
}

impl Table for ChebyshevTable {
    const ABOUT: &'static str =
        "The descriptor of Artrith, Urban and Ceder: its size does not depend on the number of elements.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        let order = |most| integer().at_least(0).at_most(most);
        Ok(Self {
            radial: (
                keys.key("radial_cutoff", length().positive(), "Radial cutoff.").default("8.0 angstrom")?,
                keys.key("radial_order", order(40), "Highest radial order.").default(16)? as usize,
            ),
            angular: (
                keys.key("angular_cutoff", length().positive(), "Angular cutoff.").default("6.5 angstrom")?,
                keys.key("angular_order", order(12), "Highest angular order.").default(4)? as usize,
            ),
        })
    }
}

/// `[descriptor.from]`.
#[derive(Debug, Clone)]
pub struct DescriptorFile {
    /// A potential, or a setup for one.
    pub file: PathBuf,
    /// Units of a file that states none.
    pub units: Option<FileUnits>,
}

impl Table for DescriptorFile {
    const ABOUT: &'static str = "The descriptor of another potential (native, n2p2, aenet or nep.txt) or of a setup for one: n2p2's input.nn, a folder of aenet's *.stp.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            file: keys.key("file", existing_path(true), "The potential or setup.").required("potential")?,
            units: keys
                .key("units", file_units(), "Units of n2p2 and RuNNer files, which state none.")
                .optional(["hartree", "bohr"])?,
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        check_units(keys, "file", &self.file, self.units)
    }
}
