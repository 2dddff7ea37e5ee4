//! Reasons to stop before the end: signals and the time limit of the job.

use crate::error::{Error, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
#[cfg(unix)]
use signal_hook::consts::{SIGUSR1, SIGXFSZ};
use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What asks a run to stop: a person, a queue, and a queue that gives warning (Windows has only the first two).
const REQUESTS: &[c_int] = &[
    SIGINT,
    SIGTERM,
    #[cfg(unix)]
    SIGUSR1,
];

/// Told to a run between two steps.
#[derive(Debug, Clone)]
pub struct Stop {
    signalled: Arc<AtomicBool>,
    deadline: Option<Instant>,
}

impl Stop {
    /// From now on SIGINT, SIGTERM and SIGUSR1 are remembered instead of ending the process; a second one ends
    /// it at once. `limit` counts from now.
    pub fn listen(limit: Option<Duration>) -> Result<Self> {
        let signalled = Arc::new(AtomicBool::new(false));
        let register = || -> std::io::Result<()> {
            for &signal in REQUESTS {
                // In this order: the first signal finds the flag down, the second finds it up.
                signal_hook::flag::register_conditional_shutdown(
                    signal,
                    128 + signal,
                    Arc::clone(&signalled),
                )?;
                signal_hook::flag::register(signal, Arc::clone(&signalled))?;
            }
            // A file that grows beyond the limit of the system is an error of the write, not the end of the process.
            #[cfg(unix)]
            signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
            Ok(())
        };
        register().map_err(|error| Error::Internal(format!("cannot listen for signals: {error}")))?;
        Ok(Self { signalled, deadline: limit.map(|limit| Instant::now() + limit) })
    }

    /// Never.
    pub fn never() -> Self {
        Self::when(Arc::new(AtomicBool::new(false)))
    }

    /// When a flag is raised; signals are left to others.
    pub fn when(flag: Arc<AtomicBool>) -> Self {
        Self { signalled: flag, deadline: None }
    }

    /// An end here, where there is a reason to stop.
    ///
    /// # Errors
    /// [`Error::Interrupted`] with the reason.
    pub fn here(&self) -> Result<()> {
        self.reason().map_or(Ok(()), |reason| Err(Error::Interrupted(format!("stopped by {reason}"))))
    }

    /// Why to stop now, if so.
    pub fn reason(&self) -> Option<&'static str> {
        if self.signalled.load(Ordering::Relaxed) {
            Some("a signal")
        } else if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            Some("the time limit [run] wall_time")
        } else {
            None
        }
    }
}
