//! `sweep.json`: the candidates of a sweep and their tasks, as they were written.

use crate::digest::sha256;
use crate::error::{Error, Result};
use crate::input::SweepPlan;
use crate::io;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The name of the manifest in the folder of a sweep.
pub(super) const MANIFEST: &str = "sweep.json";
/// The name and version of its schema.
pub(super) const SCHEMA: &str = "mlmd.sweep/1";

/// What a sweep consists of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// Name and version of the schema.
    pub schema: String,
    /// The version of mlmd that wrote it.
    pub version: String,
    /// What the sweep is about.
    pub title: String,
    /// SHA-256 of the plan.
    pub plan: String,
    /// By the hash of a potential those of its files.
    #[serde(default)]
    pub potential_files: BTreeMap<String, Vec<String>>,
    /// The candidates, in the order of the plan.
    pub candidates: Vec<Listed>,
}

/// A candidate as it was written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// The file that its structure comes from.
    pub source: PathBuf,
    /// The formula of all its atoms.
    pub formula: Option<String>,
    /// How many atoms.
    pub atoms: Option<usize>,
    /// SHA-256 of the structure that is run.
    pub structure_hash: Option<String>,
    /// The potential, in words.
    pub potential: Option<String>,
    /// SHA-256 of the files of the potential; `None` for tables of parameters.
    pub potential_hash: Option<String>,
    /// Why it cannot be run.
    pub broken: Option<String>,
    /// Its tasks; none if it is broken.
    pub tasks: Vec<TaskEntry>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskEntry {
    /// Its folder within that of the sweep.
    pub folder: PathBuf,
    /// K.
    pub temperature: f64,
    /// Which replica, from 1 on.
    pub replica: u64,
    /// How many replicas there are at this temperature.
    #[serde(default)]
    pub replicas: u64,
    /// Steps, equilibration included.
    pub steps: u64,
    /// Time of a step, fs.
    pub timestep: f64,
}

impl Manifest {
    /// Were its tasks written from this very plan?
    pub fn is_of(&self, plan: &SweepPlan) -> bool {
        self.plan == sha256(plan.text.as_bytes())
    }

    /// Reads the manifest of a sweep.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::invalid(format!(
                "{}: there is no sweep here yet; `mlmd sweep PLAN.toml` makes it",
                folder.display()
            )),
            _ => Error::io(&path, "read")(error),
        })?;
        let manifest: Self = serde_json::from_str(&text)
            .map_err(|error| Error::invalid(format!("{}: not a sweep: {error}", path.display())))?;
        if manifest.schema != SCHEMA {
            return Err(Error::invalid(format!(
                "{}: `{}` is not a schema this version of mlmd reads; expected `{SCHEMA}`",
                path.display(),
                manifest.schema
            )));
        }
        Ok(manifest)
    }

    /// Every task, each with its candidate.
    pub fn tasks(&self) -> impl Iterator<Item = (&Listed, &TaskEntry)> {
        self.candidates.iter().flat_map(|candidate| candidate.tasks.iter().map(move |task| (candidate, task)))
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        replace(&folder.join(MANIFEST), &io::json(self)?)
    }
}

/// Puts a file in the place of what was there, if anything changes.
pub(super) fn replace(path: &Path, text: &str) -> Result<()> {
    if fs::read(path).is_ok_and(|before| before == text.as_bytes()) {
        return Ok(());
    }
    io::replace(path, text)
}
