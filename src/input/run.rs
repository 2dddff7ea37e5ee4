//! `[run]`: limits of the job as a whole.

use super::keys::{Keys, Table};
use super::kind::time;
use crate::error::Result;
use std::time::Duration;

/// `[run]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The job stops after this time, with a checkpoint.
    pub wall_time: Option<Duration>,
}

impl Table for Run {
    const ABOUT: &'static str = "Limits of the job as a whole.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        let wall_time = keys
            .key(
                "wall_time",
                time().at_least("1 s").at_most("100000 h"),
                "Stop after this time with a checkpoint and exit code 75; the same command goes on.",
            )
            .optional("24 h")?;
        Ok(Self { wall_time: wall_time.map(|fs| Duration::from_secs_f64(fs * 1e-15)) })
    }
}
