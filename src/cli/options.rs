//! Options that several subcommands share.

use crate::io::{FileUnits, Format, LabelKeys, ReadOptions};
use crate::system::Element;

/// What a file of structures does not say itself.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Reading {
    /// Format of the input, if content and name do not tell (mlmd help formats)
    #[arg(long, value_name = "FORMAT", help_heading = "Reading")]
    pub from: Option<Format>,
    /// Units of files that state none, such as hartree,bohr or ev,angstrom
    #[arg(long, value_name = "ENERGY,LENGTH", help_heading = "Reading")]
    pub units: Option<FileUnits>,
    /// Elements of types 1, 2, ... of LAMMPS files without symbols, such as Li,N
    #[arg(long, value_name = "ELEMENTS", value_delimiter = ',', help_heading = "Reading")]
    pub types: Option<Vec<Element>>,
    /// Decides which sites of partial occupancy are filled (CIF)
    #[arg(long, value_name = "SEED", help_heading = "Reading")]
    pub occupancy_seed: Option<u64>,
    /// Name of the energy, where a file has several (REF_energy)
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    pub energy_key: Option<String>,
    /// Name of the forces, where a file has several (REF_forces)
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    pub forces_key: Option<String>,
    /// Name of the stress or virial, where a file has several (REF_stress)
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    pub stress_key: Option<String>,
}

impl Reading {
    /// The same for the readers.
    pub(super) fn options(&self) -> ReadOptions {
        ReadOptions {
            format: self.from,
            units: self.units,
            elements: self.types.clone(),
            occupancy_seed: self.occupancy_seed,
            labels: LabelKeys {
                energy: self.energy_key.clone(),
                forces: self.forces_key.clone(),
                stress: self.stress_key.clone(),
            },
        }
    }
}
