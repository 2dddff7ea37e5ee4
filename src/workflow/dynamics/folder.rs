//! The folder of a run: one run at a time, and one input but for what decides no bit of its results.

use super::{Task, remove};
use crate::digest::{self, sha256};
use crate::error::{Error, Result};
use crate::input::changes::{self, Written};
use crate::io;
use crate::workflow::relax::RELAXED;
use serde::Serialize;
use serde_json::{Value, json};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// An output folder that belongs to this process, with `run.json` in it: what was run, from what, by what.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Held as long as this exists.
    _lock: File,
}

/// What a run is made from, for its provenance.
#[derive(Debug, Clone, Copy)]
pub struct Made<'a> {
    /// The text of the input file.
    pub input: &'a str,
    /// `--set` arguments.
    pub sets: &'a [String],
    /// The random seed.
    pub seed: u64,
    /// Threads that compute.
    pub threads: usize,
    /// What computes neural potentials: `cpu`, or the name of a device.
    pub device: &'a str,
    /// Files whose content decides the result.
    pub files: &'a [PathBuf],
}

/// What a run of one task took, in one process.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Timing {
    /// The step it began at.
    pub from_step: u64,
    /// The step it came to.
    pub to_step: u64,
    /// Time from beginning to end, s.
    pub seconds: f64,
    /// Of that, the computation of forces, s.
    pub forces_seconds: f64,
    /// Threads of the whole job.
    pub threads: usize,
}

impl RunFolder {
    /// Takes possession of a folder: creates it, or finds that it holds results of the same input. With
    /// `fresh`, results of `tasks` that are there are deleted.
    pub fn open(path: &Path, made: Made<'_>, tasks: &[Task], fresh: bool) -> Result<Self> {
        let folder = Self { path: path.to_path_buf(), _lock: lock(path)? };
        let record = path.join("run.json");
        let mut names: Vec<String> = tasks.iter().map(|task| task.name.clone()).collect();
        let timings = if fresh {
            tasks.iter().try_for_each(|task| remove(&task.folder))?;
            // Those of an earlier list as well: they would pass for results of this input once it names them.
            let before = read(&record)?.unwrap_or_default();
            listed(&before).iter().try_for_each(|name| remove(&path.join(name)))?;
            io::remove_if_there(&path.join(RELAXED))?;
            json!({})
        } else if let Some(before) = Self::results(path, made)? {
            // What a shorter list leaves out stays known: the seed of a task follows from its place.
            let known = listed(&before);
            if known.starts_with(&names) {
                names = known;
            } else if !names.starts_with(&known) {
                return Err(other(
                    path,
                    &[format!("- {}", known.join(", ")), format!("+ {}", names.join(", "))],
                ));
            }
            before["timings"].clone()
        } else if path.join(RELAXED).exists() {
            return Err(Error::invalid(format!(
                "{}: this structure is of no run of this folder\n   expected another [output] directory, or \
                 `--restart fresh`, which deletes it",
                path.join(RELAXED).display()
            )));
        } else {
            json!({})
        };
        Self::write(&record, made, &names, &timings)?;
        Ok(folder)
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds what tasks took to `run.json`.
    pub fn record(&self, timings: &[(&str, Timing)]) -> Result<()> {
        let record = self.path.join("run.json");
        let Some(mut value) = read(&record)? else { return Ok(()) };
        for (task, timing) in timings {
            let timing = serde_json::to_value(timing).map_err(|e| Error::Internal(e.to_string()))?;
            if let Some(of_task) = value["timings"][*task].as_array_mut() {
                of_task.push(timing);
            } else {
                value["timings"][*task] = json!([timing]);
            }
        }
        io::replace(&record, io::json(&value)?)
    }

    /// Are there results in this folder that such a run would go on from? Nothing is written.
    ///
    /// # Errors
    /// [`Error::Invalid`] if they are of another input.
    pub fn goes_on(path: &Path, made: Made<'_>) -> Result<bool> {
        Ok(Self::results(path, made)?.is_some())
    }

    /// The record of earlier processes, if this input goes on with theirs.
    fn results(path: &Path, made: Made<'_>) -> Result<Option<Value>> {
        let Some(mut before) = read(&path.join("run.json"))? else { return Ok(None) };
        let differences = [other_input(&before, made)?, other_files(&before, made)?].concat();
        if differences.is_empty() {
            if !before["timings"].is_object() {
                before["timings"] = json!({});
            }
            return Ok(Some(before));
        }
        Err(other(path, &differences))
    }

    fn write(record: &Path, made: Made<'_>, tasks: &[String], timings: &Value) -> Result<()> {
        let mut files = serde_json::Map::new();
        for path in made.files {
            let content = fs::read(path).map_err(Error::io(path, "read"))?;
            let known = json!({ "sha256": sha256(&content), "bytes": content.len() });
            files.insert(path.display().to_string(), known);
        }
        let sets = made.sets.iter().map(|set| format!("{SET}{set}"));
        let input: Vec<String> = made.input.lines().map(str::to_string).chain(sets).collect();
        let value = json!({
            "schema": "mlmd.run/1",
            "version": crate::VERSION,
            "command": std::env::args().collect::<Vec<_>>(),
            "seed": made.seed,
            "threads": made.threads,
            "device": made.device,
            "files": files,
            "tasks": tasks,
            "input": input,
            "timings": timings,
        });
        io::replace(record, io::json(&value)?)
    }
}

/// Takes possession of a folder, creating it if it is not there, for as long as the file is open.
///
/// # Errors
/// [`Error::Invalid`] if another process has it.
pub(crate) fn lock(folder: &Path) -> Result<File> {
    lock_unless_taken(folder)?
        .ok_or_else(|| Error::invalid(format!("{}: another mlmd is running here", folder.display())))
}

/// The same, or nothing if another process has it.
pub(crate) fn lock_unless_taken(folder: &Path) -> Result<Option<File>> {
    fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
    let path = folder.join(".lock");
    // To be read as well: it may stand for the empty input of a program that is to hold it, too.
    let mut options = File::options();
    let lock = options.read(true).write(true).create(true).truncate(false).open(&path);
    let lock = lock.map_err(Error::io(&path, "create"))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(Error::io(&path, "lock")(error)),
    }
}

fn other(path: &Path, differences: &[String]) -> Error {
    Error::invalid(format!(
        "{}: this folder holds results of another input\n   expected the same input, a longer `produce`, more \
         temperatures at the end of the list, another [output] directory, or `--restart fresh`, which deletes \
         them\n   {}",
        path.display(),
        differences.join("\n   ")
    ))
}

/// The tasks of a record.
fn listed(record: &Value) -> Vec<String> {
    let names = record["tasks"].as_array().into_iter().flatten().filter_map(Value::as_str);
    names.filter(|name| is_plain(name)).map(str::to_string).collect()
}

/// Is this the name of a folder here, and of nothing elsewhere?
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\\']) && name != "." && name != ".."
}

/// What goes before a `--set` argument among the lines of the input in the record.
const SET: &str = "--set ";

/// Values that the input of a record and this one do not share, and that decide results.
fn other_input(before: &Value, made: Made<'_>) -> Result<Vec<String>> {
    let lines = before["input"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let (sets, text): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.starts_with(SET));
    let text = text.join("\n");
    let sets: Vec<String> = sets.iter().map(|set| set[SET.len()..].to_string()).collect();
    changes::decisive(Written { text: &text, sets: &sets }, Written { text: made.input, sets: made.sets })
}

/// Files whose content is not what it was when the results were made, whatever they are called.
fn other_files(before: &Value, made: Made<'_>) -> Result<Vec<String>> {
    let Some(known) = before["files"].as_object() else { return Ok(Vec::new()) };
    let mut differences = Vec::new();
    for path in made.files {
        let hash = digest::of_file(path)?;
        if !known.values().any(|file| file["sha256"] == json!(hash)) {
            differences.push(format!("+ {}: another content, SHA-256 {hash}", path.display()));
        }
    }
    Ok(differences)
}

/// The record of a run, if there is one.
fn read(record: &Path) -> Result<Option<Value>> {
    let Some(text) = io::read_if_there(record)? else { return Ok(None) };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| Error::invalid(format!("{}: not a record of a run: {error}", record.display())))
}
