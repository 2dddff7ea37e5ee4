//! `mlmd train`: frames become a potential.

use super::progress::Progress;
use super::terminal::{self, Terminal};
use crate::error::{Error, Result};
use crate::input::train::TrainPlan;
use crate::train::checkpoint::CurvePoint;
use crate::units::EV_PER_ANGSTROM3_IN_GPA;
use crate::workflow::Deviation;
use crate::workflow::dynamics::Stop;
use crate::workflow::train::{self, ErrorTable, Listener, Report, Row};
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Mutex;

/// Fit a potential, or a committee, to frames
#[derive(Debug, clap::Args)]
#[command(
    after_help = "`mlmd help train-input` explains the input file. The same command goes on after an interruption."
)]
pub(super) struct Arguments {
    /// Input file (TOML)
    input: PathBuf,
    /// Change a value of the input: --set optimizer.adam.rate=0.001
    #[arg(long, value_name = "TABLE.KEY=VALUE")]
    set: Vec<String>,
    /// What to do with a training that is already there: `fresh` begins anew, by default it goes on
    #[arg(long, value_name = "HOW")]
    restart: Option<Restart>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Restart {
    Fresh,
}

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        let plan = TrainPlan::read_file(&self.input, &self.set)?;
        let input = std::fs::read_to_string(&self.input).map_err(Error::io(&self.input, "read"))?;
        let stop = Stop::listen(plan.run.wall_time)?;
        let listener = Talk { terminal, described: Mutex::new((None, 0)) };
        let fresh = matches!(self.restart, Some(Restart::Fresh));
        let report = train::run(&plan, &input, &self.set, fresh, &stop, &listener)?;
        terminal::print(&describe(&report))
    }
}

/// Tells a person how far it is.
struct Talk {
    terminal: Terminal,
    described: Mutex<(Option<Progress>, u64)>,
}

impl Listener for Talk {
    fn note(&self, message: &str) {
        self.terminal.note(message);
    }

    fn warn(&self, message: &str) {
        self.terminal.warn(message);
    }

    fn described(&self, total: usize) {
        // A poisoned lock means that another thread panicked: it is told there.
        let Ok(mut state) = self.described.lock() else { return };
        state.1 += 1;
        let done = state.1;
        state.0.get_or_insert_with(|| Progress::new(self.terminal, "frames", Some(total as u64))).set(done);
        if done == total as u64 {
            state.0 = None;
        }
    }

    fn epoch(&self, member: usize, point: &CurvePoint, best: bool) {
        let [train, held] = [point.train, point.validation].map(|errors| {
            let [energy, forces, stress] = errors.rms();
            let mut text = String::new();
            if let Some(x) = energy {
                let _ = write!(text, " {:8.3} meV", x * 1e3);
            }
            if let Some(x) = forces {
                let _ = write!(text, " {x:8.5} eV/Å");
            }
            if let Some(x) = stress {
                let _ = write!(text, " {:7.4} GPa", x * EV_PER_ANGSTROM3_IN_GPA);
            }
            text
        });
        self.terminal.note(&format!(
            "{:2} epoch {:4}  loss {:10.4e}  train{train}  validation{held}{}  {:.0} s",
            member + 1,
            point.epoch,
            point.loss,
            if best { " *" } else { "  " },
            point.seconds
        ));
    }
}

fn describe(report: &Report) -> String {
    let mut text = format!(
        "{} epochs in {:.1} s\n\n  {:<28}{:>12}{:>12}{:>12}{:>12}\n",
        report.epochs, report.seconds, "RMSE", "meV/atom", "eV/Å", "GPa", "max eV/Å"
    );
    row(&mut text, "frames of members unseen", &report.validation);
    tables(&mut text, "all frames learnt from", &report.learning);
    if let Some(test) = &report.test {
        tables(&mut text, "test", test);
    }
    let _ = writeln!(text, "\npotential  {}", report.folder.join("potential.mlmd").display());
    let _ = writeln!(text, "record     {}", report.folder.join("train.json").display());
    text
}

fn row(text: &mut String, name: &str, row: &Row) {
    let cell = |d: &Deviation, unit: f64, digits: usize| {
        d.rmse().map_or_else(|| format!("{:>12}", "-"), |x| format!("{:>12.digits$}", x * unit))
    };
    let _ = writeln!(
        text,
        "  {name:<28}{}{}{}{:>12.4}",
        cell(&row.energy, 1e3, 3),
        cell(&row.forces, 1.0, 5),
        cell(&row.stress, 1.0, 4),
        row.forces.largest
    );
}

fn tables(text: &mut String, name: &str, table: &ErrorTable) {
    row(text, name, &table.all);
    for (kind, errors) in &table.types {
        row(text, &format!("  {kind}"), errors);
    }
    for (element, forces) in &table.elements {
        row(text, &format!("  {element}"), &Row { forces: *forces, ..Row::default() });
    }
    for worst in &table.worst {
        let _ = writeln!(
            text,
            "    worst: {:+.2} meV/atom, {:.4} eV/Å, largest {:.4} eV/Å in {}",
            worst.energy * 1e3,
            worst.forces,
            worst.largest,
            worst.frame
        );
    }
}
