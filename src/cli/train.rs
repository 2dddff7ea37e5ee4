//! `mlmd train`: frames become a potential.

use super::errors;
use super::options::Restart;
use super::progress::Progress;
use super::terminal::{self, Terminal};
use crate::error::{Error, Result};
use crate::input::train::TrainPlan;
use crate::train::checkpoint::CurvePoint;
use crate::units::EV_PER_ANGSTROM3_IN_GPA;
use crate::workflow::dynamics::Stop;
use crate::workflow::train::{self, CrossReport, Finished, Listener, Report};
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

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        let plan = TrainPlan::read_file(&self.input, &self.set)?;
        let input = std::fs::read_to_string(&self.input).map_err(Error::io(&self.input, "read"))?;
        let stop = Stop::listen(plan.run.wall_time)?;
        let listener = Talk { terminal, described: Mutex::new((None, 0)) };
        let fresh = matches!(self.restart, Some(Restart::Fresh));
        let finished = train::run(&plan, &input, &self.set, fresh, &stop, &listener)?;
        terminal::print(&describe(&finished))
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
        // Without frames held back the loss itself is what is watched.
        let held = if held.is_empty() { held } else { format!("  validation{held}") };
        self.terminal.note(&format!(
            "{:2} epoch {:4}  loss {:10.4e}  train{train}{held}{}  {:.0} s",
            member + 1,
            point.epoch,
            point.loss,
            if best { " *" } else { "  " },
            point.seconds
        ));
    }
}

fn describe(finished: &Finished) -> String {
    match finished {
        Finished::Potential(report) => potential(report),
        Finished::Cross(report) => cross(report),
    }
}

fn potential(report: &Report) -> String {
    let mut text = format!("{} epochs in {:.1} s\n\n", report.epochs, report.seconds);
    errors::head(&mut text);
    if report.validation.all.frames > 0 {
        errors::row(&mut text, "frames held back", &report.validation.all);
    }
    errors::row(&mut text, "all frames learnt from", &report.learning.all);
    errors::details(&mut text, &report.learning);
    if let Some(test) = &report.test {
        errors::row(&mut text, "test", &test.all);
        errors::details(&mut text, test);
    }
    text.push('\n');
    errors::worst(&mut text, report.test.as_ref().unwrap_or(&report.learning));
    let _ = writeln!(text);
    for (name, file) in [
        ("potential", "potential.mlmd"),
        ("report", "report.html"),
        ("data sheet", "datasheet.md"),
        ("record", "train.json"),
    ] {
        let _ = writeln!(text, "{name:<11}{}", report.folder.join(file).display());
    }
    text
}

fn cross(report: &CrossReport) -> String {
    let mut text = format!(
        "  {:<30}{:>7}{:>18}{:>13}{:>13}{:>13}\n",
        "RMSE on frames left out", "frames", "energy meV/atom", "force eV/Å", "largest", "stress GPa"
    );
    let cell = |x: Option<f64>, width: usize, digits: usize| {
        x.map_or_else(|| format!("{:>width$}", "-"), |x| format!("{x:>width$.digits$}"))
    };
    let mut row = |name: &str, frames: &str, [energy, forces, stress, largest]: [Option<f64>; 4]| {
        let cells = [cell(energy, 18, 3), cell(forces, 13, 5), cell(largest, 13, 4), cell(stress, 13, 4)];
        let _ = writeln!(text, "  {name:<30}{frames:>7}{}", cells.concat());
    };
    for fold in &report.folds {
        let largest = fold.forces.map(|_| fold.largest);
        row(&fold.name, &fold.frames.to_string(), [fold.energy, fold.forces, fold.stress, largest]);
    }
    let spread = report.spread();
    row("mean", "", spread.map(|s| s.map(|s| s[0])));
    row("standard deviation", "", spread.map(|s| s.map(|s| s[1])));
    let _ = writeln!(text, "\nrecord  {}", report.folder.join("cross-validation.json").display());
    text
}
