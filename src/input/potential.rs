//! `[potential]`: how the atoms interact.

use super::keys::{Keys, Table};
use super::kind::{existing_path, file_units};
use crate::error::Result;
use crate::io::FileUnits;
use std::path::PathBuf;

/// `[potential]`: a file, or tables of parameters, or several of them added up.
#[derive(Debug, Clone, PartialEq)]
pub struct PotentialChoice {
    /// A potential in a file or folder.
    pub file: Option<PathBuf>,
    /// Units of a file that does not state its own.
    pub units: Option<FileUnits>,
}

impl Table for PotentialChoice {
    const ABOUT: &'static str =
        "How the atoms interact: a file, or a table of parameters. Several are added up.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            file: keys
                .key(
                    "file",
                    existing_path(true),
                    "A native potential, or the folder of one made by n2p2, RuNNer or aenet.",
                )
                .optional("potentials/li3n")?,
            units: keys
                .key(
                    "units",
                    file_units(),
                    "Units of energy and length of n2p2 and RuNNer files, which do not state theirs.",
                )
                .optional(["hartree", "bohr"])?,
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        if self.units.is_some() && self.file.is_none() {
            return Err(keys
                .error("units", "`units` belongs to a potential file, and there is none")
                .with_help("remove it: tables of parameters carry their units")
                .into());
        }
        if self.file.is_none() {
            return Err(keys
                .error("", "this says nothing about how atoms interact")
                .with_help("expected `file = \"...\"`")
                .into());
        }
        Ok(())
    }
}
