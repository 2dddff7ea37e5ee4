//! `mlmd learn`: a potential that asks for the frames it lacks.

use super::amounts::{counted, duration};
use super::options::Restart;
use super::progress::Progress;
use super::terminal::{self, Terminal};
use crate::error::Result;
use crate::input::LearnPlan;
use crate::train::checkpoint::CurvePoint;
use crate::workflow::dynamics::Stop;
use crate::workflow::label::Count;
use crate::workflow::learn::{self, Again, Learnt, Round, Watcher};
use crate::workflow::train::Listener;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

/// Train a potential on frames that it asks for: training, exploration and DFT in rounds
#[derive(Debug, clap::Args)]
#[command(after_help = "\
`mlmd help input learn` explains the input. A round trains a committee, runs explorations with it, chooses among the frames that its \
members disagree about, and has them computed. The same command goes on after an interruption; calculations that are done stay done, \
with `--restart fresh`, too.")]
pub(super) struct Arguments {
    /// Input file (TOML)
    input: PathBuf,
    /// Change a value of the input: --set until.rounds=3
    #[arg(long, value_name = "TABLE.KEY=VALUE")]
    set: Vec<String>,
    /// What to do with rounds that are already there: `fresh` begins anew, by default they are gone on from
    #[arg(long, value_name = "HOW")]
    restart: Option<Restart>,
    /// Try those calculations of the round again that failed
    #[arg(long)]
    retry: bool,
}

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        let plan = LearnPlan::read_file(&self.input, &self.set)?;
        let stop = Stop::listen(plan.run.wall_time)?;
        let talk = Talk { terminal, begun: Instant::now(), shown: Mutex::new(None) };
        let again = Again { fresh: matches!(self.restart, Some(Restart::Fresh)), retry: self.retry };
        let learnt = learn::learn(&plan, again, &stop, &talk)?;
        drop(talk);
        terminal::print(&describe(&learnt))
    }
}

/// Tells a person how far it is.
struct Talk {
    terminal: Terminal,
    begun: Instant,
    /// What is being counted, how far it is, and its display.
    shown: Mutex<Option<(&'static str, u64, Progress)>>,
}

impl Talk {
    /// Shows a count; `done` is told from what was shown before.
    fn show(&self, unit: &'static str, total: Option<u64>, done: impl FnOnce(u64) -> u64) {
        // A poisoned lock means that another thread panicked: it is told there.
        let Ok(mut shown) = self.shown.lock() else { return };
        if shown.as_ref().is_none_or(|(what, ..)| *what != unit) {
            *shown = Some((unit, 0, Progress::new(self.terminal, unit, total)));
        }
        if let Some((_, before, progress)) = &mut *shown {
            *before = done(*before);
            progress.set(*before);
        }
    }

    fn hide(&self) {
        if let Ok(mut shown) = self.shown.lock() {
            *shown = None;
        }
    }
}

impl Listener for Talk {
    fn note(&self, message: &str) {
        self.terminal.detail(|| message.to_string());
    }

    fn warn(&self, message: &str) {
        self.hide();
        self.terminal.warn(message);
    }

    fn described(&self, total: usize) {
        self.show("frames", Some(total as u64), |done| done + 1);
    }

    fn epoch(&self, _member: usize, _point: &CurvePoint, _best: bool) {
        self.show("epochs of members", None, |done| done + 1);
    }
}

impl Watcher for Talk {
    fn stage(&self, what: &str) {
        self.hide();
        let since = self.begun.elapsed();
        let after =
            if since.as_secs() > 0 { format!("  (after {})", duration(since)) } else { String::new() };
        self.terminal.note(&format!("{what}{after}"));
    }

    fn steps(&self, done: u64, total: u64) {
        self.show("steps", Some(total), |_| done);
    }

    fn calculations(&self, count: Count) {
        self.show("calculations", Some(count.total as u64), |_| count.done as u64);
    }

    fn round(&self, round: &Round) {
        self.hide();
        self.terminal.note(&line(round));
    }
}

/// A round in a line.
fn line(round: &Round) -> String {
    let mut text = format!("round {}: {} learnt", round.round, counted(round.frames as usize, "frame"));
    if let Some(force) = round.test_force.or(round.validation_force) {
        let what = if round.test_force.is_some() { "test" } else { "held back" };
        let _ = write!(text, ", forces off by {force:.4} eV/Å ({what})");
    }
    let _ = write!(
        text,
        ", too far apart at {} of {} looks ({:.1} %)",
        round.beyond,
        round.looks,
        100.0 * round.disagreed()
    );
    if !round.stopped.is_empty() {
        let _ = write!(text, ", {} stopped", counted(round.stopped.len(), "run"));
    }
    if let Some(chosen) = round.chosen {
        let _ = write!(text, "; {} of {chosen} computed", round.labelled + round.steep);
        if round.steep > 0 {
            let _ = write!(text, ", {} of them too steep", round.steep);
        }
        if let (Some(force), Some(spread)) = (round.new_force, round.new_spread) {
            let _ = write!(text, ", forces there off by {force:.3}, members apart by {spread:.3} eV/Å");
        }
    }
    text
}

fn describe(learnt: &Learnt) -> String {
    let mut text = format!(
        "{:>5}{:>8}{:>20}{:>12}{:>12}{:>6}{:>16}{:>16}\n",
        "round", "frames", "force RMSE (eV/Å)", "test", "unsure at", "new", "off by (eV/Å)", "members apart"
    );
    let number = |x: Option<f64>| x.map_or_else(|| "–".to_string(), |x| format!("{x:.4}"));
    for round in &learnt.record.rounds {
        let _ = writeln!(
            text,
            "{:>5}{:>8}{:>20}{:>12}{:>10.1} %{:>6}{:>16}{:>16}",
            round.round,
            round.frames,
            number(round.validation_force),
            number(round.test_force),
            100.0 * round.disagreed(),
            round.labelled,
            number(round.new_force),
            number(round.new_spread)
        );
    }
    let _ = writeln!(text, "\n{}\n", learnt.record.enough.as_deref().unwrap_or("not at its end"));
    let _ = writeln!(text, "potential  {}", learnt.potential.display());
    if let Some(frames) = &learnt.frames {
        let _ = writeln!(text, "frames     {}", frames.display());
    }
    let _ = writeln!(text, "report     {}", learnt.page.display());
    text
}
