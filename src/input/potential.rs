//! `[potential]`: how the atoms interact.

use super::keys::{Keys, Table};
use super::kind::existing_path;
use crate::error::Result;
use std::path::PathBuf;

/// `[potential]`: a file, or tables of parameters, or several of them added up.
#[derive(Debug, Clone, PartialEq)]
pub struct PotentialChoice {
    /// A potential in a file or folder.
    pub file: Option<PathBuf>,
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
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        if self.file.is_none() {
            return Err(keys
                .error("", "this says nothing about how atoms interact")
                .with_help("expected `file = \"...\"`")
                .into());
        }
        Ok(())
    }
}
