//! Are structure and potential still what the tasks were written for? Names stay, contents change.

use super::manifest::{Listed, Manifest};
use super::task::{INPUT, record};
use crate::digest::{self, sha256};
use crate::error::{Error, Result};
use crate::io;
use crate::potential;
use std::fs;
use std::path::Path;

/// The hashes of the files of a potential, and one over all of them; none for tables of parameters.
#[derive(Debug, Clone, Default)]
pub(super) struct Hashes {
    /// Of each file.
    pub files: Vec<String>,
    /// Over these.
    pub whole: Option<String>,
}

impl Hashes {
    /// Reads the files.
    pub(super) fn of(file: Option<&Path>) -> Result<Self> {
        let Some(path) = file else { return Ok(Self::default()) };
        let files = potential::files(path)?.into_iter().map(|file| digest::of_file(&file));
        let files = files.collect::<Result<Vec<_>>>()?;
        Ok(Self { whole: Some(sha256(files.concat().as_bytes())), files })
    }
}

/// Refuses a task whose structure or potential is not what its input says, before anything is computed.
///
/// # Errors
/// [`Error::Invalid`] for another content; [`Error::Io`] for a file that cannot be read now, which may be there later.
pub(super) fn check(folder: &Path) -> Result<()> {
    let path = folder.join(INPUT);
    let text = fs::read_to_string(&path).map_err(Error::io(&path, "read"))?;
    let input: toml::Table = toml::from_str(&text)
        .map_err(|error| Error::invalid(format!("{}: not an input: {error}", path.display())))?;
    let of = |keys: &[&str]| {
        let first = input.get(keys[0])?;
        let value = keys[1..].iter().try_fold(first, |table, key| table.get(key))?;
        Some(folder.join(value.as_str()?))
    };
    // Of these no hash is kept.
    for file in
        [of(&["guards", "disagreement", "potential"]), of(&["analysis", "sites", "structure", "file"])]
    {
        file.map_or(Ok(()), |file| fs::metadata(&file).map(drop).map_err(Error::io(&file, "open")))?;
    }
    for what in ["structure", "potential"] {
        let Some(file) = of(&[what, "file"]) else { continue };
        fs::metadata(&file).map_err(Error::io(&file, "open"))?;
        let found =
            if what == "structure" { Some(digest::of_file(&file)?) } else { Hashes::of(Some(&file))?.whole };
        let remark = format!("# {what} sha256 ");
        let said = text.lines().find_map(|line| line.strip_prefix(&remark)).map(str::trim);
        if let Some(said) = said.filter(|said| found.as_deref() != Some(*said)) {
            return Err(Error::invalid(format!(
                "{}: this is not the {what} that the task was written for: SHA-256 {}, not {said}\n   expected the file as \
                 it was, or `mlmd sweep PLAN.toml`, which writes the tasks for what is there now",
                file.display(),
                found.as_deref().unwrap_or("none")
            )));
        }
    }
    Ok(())
}

/// What a task that is done was run with, if it is not what the sweep says: `structure` or `potential`.
pub(super) fn foreign(folder: &Path, manifest: &Manifest, candidate: &Listed) -> Option<&'static str> {
    let text = io::read_if_there(&record(folder)).ok()??;
    let known: serde_json::Value = serde_json::from_slice(&text).ok()?;
    let files = known["files"].as_object()?;
    let is_there = |hash: &String| files.values().any(|file| file["sha256"].as_str() == Some(hash));
    let structure = candidate.structure_hash.iter().all(is_there);
    let of_potential = candidate.potential_hash.as_ref().and_then(|hash| manifest.potential_files.get(hash));
    let potential = of_potential.into_iter().flatten().all(is_there);
    match (structure, potential) {
        (false, _) => Some("structure"),
        (true, false) => Some("potential"),
        (true, true) => None,
    }
}
