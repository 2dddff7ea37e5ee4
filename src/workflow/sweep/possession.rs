//! Who may write: one process the folder of a sweep, and nobody a task that another works on.

use super::task;
use crate::error::{Error, Result};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Held by whoever writes the folder of a sweep.
const LOCK: &str = ".lock";
/// How long a process waits for another one to have written it.
const PATIENCE: Duration = Duration::from_mins(2);
/// Locks that are held at once: systems allow a process some 1000 open files.
const HELD: usize = 500;

/// Takes the folder of a sweep for writing, creating it if it is not there, for as long as the file is open. Another
/// process that writes is waited for.
pub(super) fn alone(root: &Path) -> Result<File> {
    fs::create_dir_all(root).map_err(Error::io(root, "create the folder"))?;
    let path = root.join(LOCK);
    let file = File::create(&path).map_err(Error::io(&path, "create"))?;
    let begin = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if begin.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(Error::invalid(format!(
                    "{}: another mlmd is writing this sweep; try again when it has done so",
                    root.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(Error::io(&path, "lock")(error)),
        }
    }
}

/// Tasks whose inputs are to change.
#[derive(Default)]
pub(super) struct Tasks {
    held: Vec<(PathBuf, File)>,
    /// The first that another process works on.
    busy: Option<PathBuf>,
}

impl Tasks {
    /// Takes a task. Of very many only the first are held; the others were free when they were asked for.
    pub(super) fn take(&mut self, folder: &Path) -> Result<()> {
        if self.busy.is_some() {
            return Ok(());
        }
        match task::lock(folder)? {
            Some(lock) if self.held.len() < HELD => self.held.push((folder.to_path_buf(), lock)),
            Some(_) => {}
            None => self.busy = Some(folder.to_path_buf()),
        }
        Ok(())
    }

    /// Refuses to change anything if somebody works on one of them.
    pub(super) fn all_taken(&self) -> Result<()> {
        self.busy.as_deref().map_or(Ok(()), |folder| Err(running(folder)))
    }

    /// Changes a task that nobody else works on.
    pub(super) fn hold(&self, folder: &Path, change: fn(&Path) -> Result<()>) -> Result<()> {
        let is_held = self.held.iter().any(|(own, _)| own == folder);
        let lock = if is_held { None } else { Some(task::lock(folder)?.ok_or_else(|| running(folder))?) };
        let done = change(folder);
        drop(lock);
        done
    }
}

fn running(folder: &Path) -> Error {
    Error::invalid(format!(
        "{}: this task is running: what the plan says of it can change when it has ended",
        folder.display()
    ))
}
