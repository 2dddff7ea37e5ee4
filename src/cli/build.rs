//! `mlmd build`: the structures that an input describes, as files.

use super::amounts::counted;
use super::options::length;
use super::terminal::{self, Terminal};
use crate::error::Result;
use crate::input::Structure;
use crate::io::Frame;
use crate::workflow::build::{self, Request};
use std::path::PathBuf;

/// Write the structures that an input describes: supercells, defects, displaced and strained crystals
#[derive(Debug, clap::Args)]
#[command(after_help = "\
[structure] and `seed` of the input are read, and nothing else. Several structures differ in which atoms are missing or replaced, in \
their displacements and their strain: what a first training may begin with, once they are computed.

  mlmd build run.toml -o start.cif
  mlmd build explore.toml -o start.extxyz --count 20 --rattle \"0.1 angstrom\" --strain 0.02
  mlmd label label.toml start.extxyz -o train.extxyz")]
pub(super) struct Arguments {
    /// Input file (TOML) with a `[structure]` table, such as that of a run
    input: PathBuf,
    /// File for the structures, in the format of its name
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// How many structures
    #[arg(short, long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// Displace atoms along x, y and z by normal deviates of this standard deviation, such as "0.1 angstrom"
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    rattle: Option<f64>,
    /// Strain each cell by a symmetric tensor of normal deviates of this standard deviation, such as 0.02
    #[arg(long, value_name = "STRAIN", value_parser = strain)]
    strain: Option<f64>,
    /// Change a value of the input: --set `structure.supercell=[2,2,2]`
    #[arg(long, value_name = "TABLE.KEY=VALUE")]
    set: Vec<String>,
}

fn strain(text: &str) -> Result<f64, String> {
    let value = text.trim().parse().ok().filter(|strain: &f64| *strain > 0.0 && *strain < 0.2);
    value.ok_or_else(|| "expected a number above 0 and below 0.2, such as 0.02".to_string())
}

impl Arguments {
    pub(super) fn execute(self, _terminal: Terminal) -> Result<()> {
        let (structure, seed) = Structure::read_file(&self.input, &self.set)?;
        let (count, rattle, strain) = (u64::from(self.count), self.rattle, self.strain);
        let request = Request { structure, seed, count, rattle, strain, output: self.output };
        let frames = build::build(&request)?;
        let formula = frames.first().map_or_else(String::new, Frame::formula);
        let atoms = frames.first().map_or(0, Frame::len);
        terminal::print(&format!(
            "{} of {formula}, {}: {}\n",
            counted(frames.len(), "structure"),
            counted(atoms, "atom"),
            request.output.display()
        ))
    }
}
