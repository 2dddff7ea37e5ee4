//! `mlmd bench`: how fast is a potential here?

use super::amounts::{counted, duration};
use super::options::{PotentialChoice, Reading};
use super::progress::Progress;
use super::rows::Rows;
use super::terminal::{self, Terminal};
use crate::compute::{Engine, Options};
use crate::error::{Error, Result};
use crate::io;
use crate::workflow::{bench, sample};
use serde_json::json;
use std::path::PathBuf;

/// Measure how long a potential takes per atom and step
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A step is energy, forces and virial of atoms that move as in a warm crystal, with the upkeep of\n\
                        the neighbour list. The median over the steps is reported. On a device it is a whole step of\n\
                        dynamics as `mlmd run` does it, the atoms staying there, if all of the potential is computed there."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    potential: PotentialChoice,
    /// Structure to measure on (first frame); made up from the elements of the potential if absent
    #[arg(long, value_name = "FILE")]
    structure: Option<PathBuf>,
    /// Repeat the structure until it has at least this many atoms
    #[arg(long, value_name = "N")]
    atoms: Option<usize>,
    /// Steps to measure
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

/// Atoms of a structure that is made up.
const ATOMS: usize = 4000;

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        let files: Vec<_> = self.structure.iter().map(PathBuf::as_path).collect();
        let (potential, processor) = self.potential.load(&files, &self.reading, terminal)?;
        let description = potential.description();
        let mut system = match &self.structure {
            Some(file) => {
                let frame = io::open(file, &self.reading.options())?.next().transpose()?;
                let none = || Error::invalid(format!("{}: the file holds no structure", file.display()));
                frame.ok_or_else(none)?.to_system()?
            }
            None => sample::crystal(&*potential, self.atoms.unwrap_or(ATOMS))?,
        };
        if let Some(atoms) = self.atoms {
            system = sample::enlarged(&system, atoms)?;
        }
        let options = Options { threads: self.potential.threads(), ..Options::default() };
        let mut engine = Engine::new(potential, options)?;
        let mut progress = Progress::new(terminal, "steps", Some(self.steps));
        let mut count = |done: u64| progress.set(done.min(self.steps));
        let resident = bench::on_device(&engine, &system, self.steps, &mut count)?;
        let path = match (&resident, processor.uses_device()) {
            (Some(_), _) => "dynamics, atoms stay on the device",
            (None, true) => "forces, fetched from the device at every step",
            (None, false) => "forces",
        };
        let timing = match resident {
            Some(timing) => timing,
            None => bench::run(&mut engine, &system, self.steps, &mut count)?,
        };
        drop(progress);
        let (threads, us) = (engine.pool().current_num_threads(), timing.us_per_atom_step());
        if self.json {
            let result = json!({
                "atoms": timing.atoms,
                "steps": timing.steps.len(),
                "path": path,
                "device": processor.name(),
                "threads": threads,
                "precision": processor.precision_name(),
                "us_per_atom_step": us,
                "atom_steps_per_s": 1e6 / us,
                "neighbors_per_atom": timing.neighbors,
            });
            return terminal::print(&format!("{result}\n"));
        }
        let mut rows = Rows::new(description);
        let origin = self.structure.map_or("made up".to_string(), |file| file.display().to_string());
        rows.push("structure", format!("{origin}: {}, {} atoms", system.formula(), timing.atoms));
        rows.push(
            "neighbours",
            format!("{:.1} per atom within {} Å", timing.neighbors, engine.potential().cutoff()),
        );
        rows.push(
            "device",
            format!(
                "{}, {}, {} precision",
                processor.name(),
                counted(threads, "thread"),
                processor.precision_name()
            ),
        );
        let (fastest, slowest) = (timing.steps[0], timing.steps[timing.steps.len() - 1]);
        rows.push(
            "step",
            format!("{} ({} to {}), {path}", duration(timing.median()), duration(fastest), duration(slowest)),
        );
        rows.push("speed", format!("{us:.3} µs per atom and step, {:.3e} atom steps per second", 1e6 / us));
        let per_day = 86_400.0 / timing.median().as_secs_f64() * 1e-6;
        rows.push("", format!("{per_day:.3} ns per day at 1 fs"));
        terminal::print(&rows.to_string())
    }
}
