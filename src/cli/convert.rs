//! `mlmd convert`: structures, trajectories and potentials from one format into another.

use super::amounts::counted;
use super::options::Reading;
use super::progress::Progress;
use super::terminal::Terminal;
use crate::error::{Error, Result};
use crate::io::{Precision, ReadOptions, WriteOptions};
use crate::potential::is_potential;
use crate::workflow::Selection;
use crate::workflow::convert::Conversion;
use crate::workflow::models;
use std::path::PathBuf;

/// Convert structures, trajectories and potentials between formats
#[derive(Debug, clap::Args)]
#[command(after_help = "`mlmd help formats` lists the formats. Files ending in .gz are compressed.\n\
                        Potentials: native (mlmd's own, .mlmd), n2p2, aenet; nep.txt of GPUMD is read.")]
pub(super) struct Arguments {
    /// File to read, or folder of a potential
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
    /// Format of the output; of a potential: native, n2p2 or aenet
    #[arg(long, value_name = "FORMAT")]
    to: Option<String>,
    /// Write one member of a committee, from 1 on
    #[arg(long, value_name = "N")]
    member: Option<usize>,
    /// Write 17 significant digits instead of the fewest that read back as the same number
    #[arg(long)]
    full_precision: bool,
    #[command(flatten)]
    reading: Reading,
}

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        if self.reading.from.is_none() && is_potential(&self.input) {
            let conversion = models::Conversion {
                input: self.input,
                units: self.reading.units,
                output: self.output,
                format: self.to.as_deref().map(str::parse).transpose()?,
                member: self.member,
            };
            let (written, format) = conversion.run()?;
            terminal.note(&format!("{}: {format} potential", written.display()));
            return Ok(());
        }
        if self.member.is_some() {
            return Err(Error::invalid(format!(
                "{}: this is no potential, so it has no members\n   expected no --member",
                self.input.display()
            )));
        }
        let conversion = Conversion {
            reading: ReadOptions { strict_units: true, ..self.reading.options() },
            input: self.input,
            frames: self.frames,
            output: self.output,
            format: self.to.as_deref().map(str::parse).transpose()?,
            writing: WriteOptions {
                precision: if self.full_precision { Precision::Seventeen } else { Precision::Shortest },
            },
        };
        let mut progress = Progress::new(terminal, "frames", None);
        let converted = conversion.run(&mut |done| progress.set(done))?;
        drop(progress);
        let frames = counted(converted.frames, "frame");
        terminal.note(&format!("{}: {frames}", conversion.output.display()));
        if !converted.lost.is_empty() {
            terminal.note(&format!(
                "not in it: {}, for which {} has no place",
                converted.lost.join(", "),
                converted.format.info().title
            ));
        }
        Ok(())
    }
}
