//! `mlmd select`: the frames of many that are worth their DFT.

use super::options::{Reading, force, length};
use super::progress::Progress;
use super::terminal::{self, Terminal};
use crate::error::Result;
use crate::train::novelty::Wanted;
use crate::workflow::select::{self, Limits, Request, Selected};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Choose frames for DFT: those most unlike what is known, and each other
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Atoms are as far apart as their descriptors differ, in standard deviations over all atoms of the element; a frame is as novel \
as its least known atom. The most novel frame is taken first, and is known from then on. Frames that a guard kept lose the energy \
and forces of the potential that drove the run.

  mlmd select potential.mlmd out/*/disagreed.extxyz --known train.extxyz --number 25 -o new.extxyz")]
pub(super) struct Arguments {
    /// Potential whose descriptor tells how unlike atoms are, or a setup of one (n2p2's input.nn, aenet's *.stp)
    #[arg(value_name = "POTENTIAL")]
    potential: PathBuf,
    /// Files of frames to choose from, in any format mlmd reads
    #[arg(required = true, value_name = "FRAMES")]
    files: Vec<PathBuf>,
    /// Files of frames that are known already, such as those the potential has learnt from
    #[arg(long, value_name = "FILES", num_args = 1..)]
    known: Vec<PathBuf>,
    /// The most frames to choose
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    number: u32,
    /// Choose none that is less novel than this
    #[arg(long, value_name = "NOVELTY", default_value = "0.001", value_parser = not_negative)]
    least: f64,
    /// Leave out frames with two atoms nearer than this, such as "0.8 angstrom"
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    closest: Option<f64>,
    /// Leave out frames in which the members of the committee that kept them are further apart in a force than this, such as
    /// "1 eV/angstrom"
    #[arg(long, value_name = "FORCE", value_parser = force)]
    spread: Option<f64>,
    /// File for the chosen frames, the most novel first
    #[arg(short, long, value_name = "FILE", default_value = "selected.extxyz")]
    output: PathBuf,
    #[command(flatten)]
    reading: Reading,
}

fn not_negative(text: &str) -> Result<f64, String> {
    text.trim()
        .parse()
        .ok()
        .filter(|x: &f64| x.is_finite() && *x >= 0.0)
        .ok_or_else(|| "expected a number that is not negative".into())
}

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        let request = Request {
            potential: self.potential,
            files: self.files,
            known: self.known,
            reading: self.reading.options(),
            wanted: Wanted { most: self.number as usize, least: self.least },
            limits: Limits { closest: self.closest, spread: self.spread },
            output: self.output,
        };
        let mut progress = None;
        let selected = select::run(&request, &mut |done, total| {
            progress.get_or_insert_with(|| Progress::new(terminal, "frames compared", Some(total))).set(done);
        })?;
        drop(progress);
        terminal::print(&table(&selected, &request.output))
    }
}

fn table(selected: &Selected, output: &Path) -> String {
    let mut text = format!("{:>8}  {:<10}frame\n", "novelty", "atom");
    for one in &selected.chosen {
        let novelty = if one.novelty.is_finite() { format!("{:.3}", one.novelty) } else { "–".into() };
        let atom = format!("{} {}", one.atom.1, one.atom.0);
        let _ = writeln!(text, "{novelty:>8}  {atom:<10}{}", one.origin);
    }
    let [near, apart] = selected.left_out;
    for (count, why) in
        [(near, "with two atoms too near"), (apart, "in which the committee is too far apart")]
    {
        if count > 0 {
            let _ = writeln!(text, "left out: {count} {why}");
        }
    }
    let (chosen, frames) = (selected.chosen.len(), selected.frames);
    if chosen == 0 {
        let _ = writeln!(text, "none of {frames} frames is novel: {:.4} at most", selected.rest);
        return text;
    }
    let _ = write!(text, "{chosen} of {frames} frames");
    if chosen + near + apart < frames {
        let _ = write!(text, ", the most novel of the others {:.3}", selected.rest);
    }
    let _ = writeln!(text, ": {}", output.display());
    text
}
