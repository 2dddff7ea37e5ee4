//! `learn.json`: what each round came to.

use crate::error::{Error, Result};
use crate::io;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The name of the file.
pub(super) const RECORD: &str = "learn.json";
const SCHEMA: &str = "mlmd.learn/1";

/// All rounds that are over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    schema: String,
    version: String,
    /// The rounds, in their order.
    pub rounds: Vec<Round>,
    /// Why no more are needed, if so.
    pub enough: Option<String>,
}

/// What a round came to. Errors are root mean squares.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// Its number, from 1.
    pub round: usize,
    /// Frames the potential learnt from.
    pub frames: u64,
    /// Error of the forces on frames held back, eV/Å.
    pub validation_force: Option<f64>,
    /// Error of the energies on them, meV per atom.
    pub validation_energy: Option<f64>,
    /// Error of the forces on the frames of the test, eV/Å.
    pub test_force: Option<f64>,
    /// Error of the energies on them, meV per atom.
    pub test_energy: Option<f64>,
    /// How often the committee was asked.
    pub looks: usize,
    /// How often its members were too far apart.
    pub beyond: usize,
    /// How far they were apart in the median of looks, eV/Å.
    pub median: f64,
    /// How far at most, eV/Å.
    pub widest: f64,
    /// Runs that physics stopped, and why.
    pub stopped: Vec<String>,
    /// Frames that were chosen, if it came to that.
    pub chosen: Option<usize>,
    /// Frames that were computed, and are learnt from.
    pub labelled: usize,
    /// Frames that were computed, and whose forces are too large to learn from.
    pub steep: usize,
    /// Calculations that failed.
    pub failed: usize,
    /// How far the committee was off, before it learnt them, in the forces of the frames that were computed, eV/Å.
    pub new_force: Option<f64>,
    /// Why nothing could be learnt from it, if so.
    #[serde(default)]
    pub failure: Option<String>,
    /// How far its members were apart in these forces, eV/Å: what the committee knew of its error.
    pub new_spread: Option<f64>,
}

impl Round {
    /// The share of looks at which members were too far apart; all of them where there were none.
    pub fn disagreed(&self) -> f64 {
        if self.looks == 0 { 1.0 } else { self.beyond as f64 / self.looks as f64 }
    }
}

impl Record {
    /// What is recorded in a folder.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(RECORD);
        let Some(text) = io::read_if_there(&path)? else {
            let version = crate::VERSION.to_string();
            return Ok(Self { schema: SCHEMA.into(), version, rounds: Vec::new(), enough: None });
        };
        serde_json::from_slice(&text).map_err(|error| {
            Error::invalid(format!("{}: not a record of a learning: {error}", path.display()))
        })
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        io::replace(&folder.join(RECORD), io::json(self)?)
    }
}
