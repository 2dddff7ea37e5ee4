//! What became of a task: a small file beside its input, and the lock of whoever works on it.

use super::manifest::{Manifest, TaskEntry, replace};
use super::target;
use super::task::{self, LOCK};
use crate::error::{Error, Result};
use crate::io;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The name of the file.
const STATE: &str = "state.json";

/// What is known of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nobody has begun it, or it can begin anew.
    Waiting,
    /// Somebody works on it.
    Running {
        /// Seconds since 1970 when this process began.
        since: u64,
        /// The step it began at.
        begun: u64,
    },
    /// It was stopped and goes on from its checkpoint.
    Interrupted,
    /// It is finished.
    Done,
    /// It cannot be finished.
    Failed {
        /// The exit code that `mlmd run` gives: 2 input, 3 physics, 4 input and output.
        code: u8,
        /// Why.
        reason: String,
    },
}

impl State {
    /// Would the same input fail again in the same way?
    pub fn is_final(&self) -> bool {
        match self {
            Self::Done => true,
            Self::Failed { code, .. } => *code != 4,
            _ => false,
        }
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string(self).map_err(|e| Error::Internal(e.to_string()))?;
        replace(&folder.join(STATE), &(text + "\n"))
    }

    /// What the file says; a running task whose process is gone was interrupted.
    pub(super) fn read(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join(STATE)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or(Self::Waiting)
    }

    pub(super) fn remove(folder: &Path) -> Result<()> {
        io::remove_if_there(&folder.join(STATE))
    }
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// A task at this moment.
#[derive(Debug, Clone)]
pub struct Status {
    /// Its state.
    pub state: State,
    /// The step of its last checkpoint.
    pub step: u64,
    /// Steps asked for.
    pub steps: u64,
    /// Steps per second: of this process where it runs, of all its processes where it is done.
    pub rate: Option<f64>,
    /// What its target cannot reach, in words.
    pub remark: Option<String>,
}

impl Status {
    /// How long it will still run, at its rate.
    pub fn left(&self) -> Option<Duration> {
        let steps = self.steps.saturating_sub(self.step) as f64;
        Some(Duration::from_secs_f64((steps / self.rate.filter(|rate| *rate > 0.0)?).min(1e12)))
    }
}

/// The tasks of a sweep at this moment, in the order of the manifest.
pub fn status(root: &Path, manifest: &Manifest) -> Vec<Status> {
    manifest.tasks().map(|(_, entry)| of_task(root, entry)).collect()
}

/// One task at this moment.
pub(super) fn of_task(root: &Path, entry: &TaskEntry) -> Status {
    let folder = root.join(&entry.folder);
    let step = task::saved_step(&folder, entry.temperature).unwrap_or(0);
    let (mut state, mut rate) = (State::read(&folder), None);
    if let State::Running { since, begun } = state {
        if is_locked(&folder) {
            let seconds = now().saturating_sub(since) as f64;
            rate = (seconds > 0.0 && step > begun).then(|| (step - begun) as f64 / seconds);
        } else {
            state = State::Interrupted;
        }
    }
    // `mlmd run` finishes a task without a word about it here.
    if step >= entry.steps && matches!(state, State::Waiting | State::Interrupted) {
        state = State::Done;
    }
    if state == State::Done {
        rate = task::rate(&folder);
    }
    Status { state, step, steps: entry.steps, rate, remark: target::remark(&folder, entry) }
}

/// Does another process work in this folder?
fn is_locked(folder: &Path) -> bool {
    let Ok(file) = File::open(folder.join(LOCK)) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}
