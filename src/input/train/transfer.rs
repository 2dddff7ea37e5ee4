//! `[transfer]`: the potential that a training goes on from.

use crate::error::Result;
use crate::input::keys::{Keys, Table};
use crate::input::kind::{existing_path, file_units};
use crate::input::potential::check_units;
use crate::io::FileUnits;
use std::path::PathBuf;

/// `[transfer]`.
#[derive(Debug, Clone)]
pub struct TransferTable {
    /// The potential.
    pub potential: PathBuf,
    /// Units of a file that states none.
    pub units: Option<FileUnits>,
}

impl Table for TransferTable {
    const ABOUT: &'static str = "Goes on from a potential instead of random networks: its descriptor, scaling, networks and energies of the elements are kept. An element that it does not know gets a network as [network] says.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            potential: keys
                .key("potential", existing_path(true), "The potential: native, n2p2, aenet or nep.txt.")
                .required("potential.mlmd")?,
            units: keys
                .key("units", file_units(), "Units of n2p2 and RuNNer files, which state none.")
                .optional(["hartree", "bohr"])?,
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        check_units(keys, "potential", &self.potential, self.units)
    }
}
