//! `mlmd label`: energies and forces of frames by another program.

use super::amounts::counted;
use super::options::Reading;
use super::progress::Progress;
use super::terminal::{self, Terminal};
use crate::error::{Error, Result};
use crate::input::LabelPlan;
use crate::io::{self, Format};
use crate::workflow::dynamics::Stop;
use crate::workflow::label::{self, Labelled};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Compute energies and forces of frames with another program, such as a DFT code
#[derive(Debug, clap::Args)]
#[command(after_help = "\
`mlmd help input label` explains the input. Each frame is computed in a folder of its own, and what is done is not done again: \
the same command goes on after an interruption, several may work side by side, and frames may be added.

  mlmd label dft.toml selected.extxyz -o labelled.extxyz")]
pub(super) struct Arguments {
    /// What a calculation is (TOML)
    input: PathBuf,
    /// Files of frames to compute, in any format mlmd reads
    #[arg(required = true, value_name = "FRAMES")]
    files: Vec<PathBuf>,
    /// File for the frames with their labels, in their order
    #[arg(short, long, value_name = "FILE", default_value = "labelled.extxyz")]
    output: PathBuf,
    /// Change a value of the input: --set parallel=4
    #[arg(long, value_name = "TABLE.KEY=VALUE")]
    set: Vec<String>,
    /// Try those again that failed
    #[arg(long)]
    retry: bool,
    #[command(flatten)]
    reading: Reading,
}

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        let plan = LabelPlan::read_file(&self.input, &self.set)?;
        let format = io::check_output(&self.output)?;
        if format != Format::ExtendedXyz {
            return Err(Error::invalid(format!(
                "{}: labels go into extended XYZ, not into {}\n   expected a name that ends in .extxyz",
                self.output.display(),
                format.info().title
            )));
        }
        let mut frames = Vec::new();
        for file in &self.files {
            if io::same_file(file, &self.output) {
                let file = file.display();
                return Err(Error::invalid(format!("{file}: the input and the output are the same file")));
            }
            for frame in io::open(file, &self.reading.options())? {
                frames.push(frame?);
            }
        }
        let origins: Vec<_> = frames.iter().map(|frame| frame.origin.clone()).collect();
        let stop = Stop::listen(plan.run.wall_time)?;
        let here = self.input.parent().unwrap_or(Path::new(""));
        let progress = Mutex::new(Progress::new(terminal, "calculations", Some(frames.len() as u64)));
        let labelled = label::label(&plan, here, frames, self.retry, &stop, &|count| {
            if let Ok(mut progress) = progress.lock() {
                progress.set(count.done as u64);
            }
        })?;
        drop(progress);
        for (k, folder, why) in &labelled.failed {
            terminal.warn(&format!("{}: {why}\n   {}", origins[*k], folder.display()));
        }
        if labelled.frames.is_empty() {
            return Err(Error::Physics(format!(
                "none of {} came to labels; `--retry` tries again",
                counted(origins.len(), "calculation")
            )));
        }
        label::write(&labelled.frames, &self.output)?;
        terminal::print(&summary(&labelled, origins.len(), &self.output))
    }
}

fn summary(labelled: &Labelled, total: usize, output: &Path) -> String {
    let mut text = format!("{} of {total} frames labelled", labelled.frames.len());
    if labelled.before > 0 {
        let _ = write!(text, ", {} of them before", labelled.before);
    }
    let _ = write!(text, ": {}", output.display());
    if !labelled.failed.is_empty() {
        let _ =
            write!(text, "\n{} failed; `--retry` tries again", counted(labelled.failed.len(), "calculation"));
    }
    text + "\n"
}
