//! `mlmd check`: is a potential what it claims to be?

use super::amounts::counted;
use super::options::{PotentialChoice, Reading};
use super::terminal::{self, Terminal};
use crate::error::{Error, Result};
use crate::potential::Potential;
use crate::potential::check::{Settings, check};
use crate::system::System;
use crate::workflow::{Selection, sample};
use std::path::PathBuf;

/// Check that forces and stress are derivatives of the energy, and that nothing depends on the frame of reference
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without FRAMES, a crystal of the elements of the potential is made up. Exit code 3 if a check fails."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    potential: PotentialChoice,
    /// Frames to check on; the first of each file unless --frames says otherwise
    #[arg(value_name = "FRAMES")]
    files: Vec<PathBuf>,
    /// Frames of each file: 3, -1 (the last), 10:20, ::5
    #[arg(long, value_name = "FRAMES", default_value = "0", allow_hyphen_values = true)]
    frames: Selection,
    /// Atoms whose forces are compared with finite differences
    #[arg(long, value_name = "N", default_value_t = Settings::default().atoms)]
    atoms: usize,
    /// Displacement of the finite differences, Å
    #[arg(long, value_name = "ANGSTROM", default_value_t = Settings::default().step, value_parser = step)]
    step: f64,
    #[command(flatten)]
    reading: Reading,
}

/// A displacement that is neither lost in rounding nor a leap to another place.
fn step(text: &str) -> Result<f64, String> {
    let step = text.parse::<f64>().map_err(|_| format!("`{text}` is not a number"))?;
    if (1e-6..=0.1).contains(&step) {
        Ok(step)
    } else {
        Err("expected a displacement from 1e-6 to 0.1 Å".into())
    }
}

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        let files: Vec<_> = self.files.iter().map(PathBuf::as_path).collect();
        let (mut potential, _) = self.potential.load(&files, &self.reading, terminal)?;
        let settings = Settings { atoms: self.atoms, step: self.step, ..Settings::default() };
        let (mut checked, mut failed) = (0, 0);
        let mut check_one = |potential: &mut dyn Potential, name: &str, system: &System| -> Result<()> {
            let report = check(potential, system, settings)?;
            let verdict = if report.passed() { "passed" } else { "FAILED" };
            checked += 1;
            failed += usize::from(!report.passed());
            terminal::print(&format!(
                "{name}: {}, {}: {verdict}\n{report}",
                system.formula(),
                counted(system.len(), "atom")
            ))
        };
        if self.files.is_empty() {
            let system = sample::crystal(&*potential, 16)?;
            terminal.note("no frames were given: checking on a crystal that is made up");
            check_one(&mut *potential, "made-up crystal", &system)?;
        }
        for file in &self.files {
            self.frames.each(file, &self.reading.options(), |frame| {
                check_one(&mut *potential, &frame.origin.to_string(), &frame.to_system()?)
            })?;
        }
        match failed {
            0 => Ok(()),
            _ => Err(Error::Physics(format!(
                "the potential failed the check on {failed} of {checked} structures"
            ))),
        }
    }
}
