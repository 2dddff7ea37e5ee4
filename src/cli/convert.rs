//! `mlmd convert`: structures and trajectories from one format into another.

use super::options::Reading;
use super::progress::Progress;
use super::terminal::Terminal;
use crate::error::Result;
use crate::io::{Format, Precision, WriteOptions};
use crate::workflow::Selection;
use crate::workflow::convert::Conversion;
use std::path::PathBuf;

/// Convert structures and trajectories between formats
#[derive(Debug, clap::Args)]
#[command(after_help = "`mlmd help formats` lists the formats. Files ending in .gz are compressed.")]
pub(super) struct Arguments {
    /// File to read
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// File to write; its name tells the format unless --to does
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// Frames to convert: 3, -1 (the last), 10:20, ::5
    #[arg(
        long,
        value_name = "FRAMES",
        default_value = ":",
        allow_hyphen_values = true,
        hide_default_value = true
    )]
    frames: Selection,
    /// Format of the output
    #[arg(long, value_name = "FORMAT")]
    to: Option<Format>,
    /// Write 17 significant digits instead of the fewest that read back as the same number
    #[arg(long)]
    full_precision: bool,
    #[command(flatten)]
    reading: Reading,
}

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        let conversion = Conversion {
            reading: self.reading.options(),
            input: self.input,
            frames: self.frames,
            output: self.output,
            format: self.to,
            writing: WriteOptions {
                precision: if self.full_precision { Precision::Seventeen } else { Precision::Shortest },
            },
        };
        let mut progress = Progress::new(terminal, "frames", None);
        let frames = conversion.run(&mut |done| progress.set(done))?;
        drop(progress);
        let plural = if frames == 1 { "" } else { "s" };
        terminal.note(&format!("{}: {frames} frame{plural}", conversion.output.display()));
        Ok(())
    }
}
