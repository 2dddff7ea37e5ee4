//! `mlmd screen`: which candidates are good, and which to simulate next.

use super::terminal::{self, Terminal};
use crate::error::{Error, Result};
use crate::input::ScreenPlan;
use crate::workflow::screen::{Outcome, screen};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Rank candidates by conductivity and whatever else is known of them
#[derive(Debug, clap::Args)]
#[command(
    after_help = "mlmd screen screen.toml                                        filters, score, objectives, surrogate\n\
                        mlmd screen table.csv --candidates out/candidates.csv          the standard score\n\n\
                        `mlmd help input screen` explains the plan, docs/screening.md the numbers."
)]
pub(super) struct Arguments {
    /// The plan (TOML), or a table (CSV) of what is known besides conductivities
    file: PathBuf,
    /// Tables that `mlmd sweep gather` wrote, where there is no plan
    #[arg(long, value_name = "CSV")]
    candidates: Vec<PathBuf>,
    /// The column that names a candidate in all tables, where there is no plan
    #[arg(long, value_name = "COLUMN", default_value = "candidate")]
    key: String,
    /// The folder for the results, where there is no plan
    #[arg(short, long, value_name = "FOLDER", default_value = "screen")]
    output: PathBuf,
}

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        let plan = self.plan()?;
        let outcome = screen(&plan)?;
        outcome.write(&plan.directory)?;
        terminal.detail(|| format!("score = {}", outcome.formula));
        terminal::print(&summary(&outcome, &plan.directory))
    }

    fn plan(self) -> Result<ScreenPlan> {
        if self.file.extension().is_some_and(|ending| ending == "toml") {
            if !self.candidates.is_empty() {
                return Err(Error::invalid("--candidates: the plan names the tables of sweeps"));
            }
            return ScreenPlan::read_file(&self.file);
        }
        if self.candidates.is_empty() {
            return Err(Error::invalid(
                "--candidates is missing: expected the table of a sweep, such as --candidates out/candidates.csv",
            ));
        }
        Ok(ScreenPlan {
            title: None,
            seed: 1,
            table: Some(self.file),
            candidates: self.candidates,
            key: self.key,
            family: None,
            filters: Vec::new(),
            score: Vec::new(),
            objectives: Vec::new(),
            surrogate: None,
            directory: self.output,
        })
    }
}

/// The ranking, for a person.
fn summary(outcome: &Outcome, folder: &Path) -> String {
    let mut text = format!("{}\n", outcome.title);
    let names =
        outcome.ranking.iter().map(|ranked| &ranked.name).chain(outcome.left_out.iter().map(|l| &l.0));
    let width = names.map(|name| name.chars().count()).max().unwrap_or(0).max(9);
    let _ = writeln!(text, "  rank  {:width$}  {:>13}  P(best)  ranks, 95 %  front", "candidate", "score");
    for (ranked, place) in outcome.ranking.iter().zip(1..) {
        let ([score, deviation], ranks) = (ranked.score(), ranked.ranks());
        let [low, high] = ranks.interval;
        let line = format!(
            "  {place:>4}  {:width$}  {score:>6.2} ± {deviation:<4.2}  {:>7.2}  {:<11}  {}",
            ranked.name,
            ranks.best,
            if low == high { low.to_string() } else { format!("{low} to {high}") },
            if ranked.on_front() { "yes" } else { "" }
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    for (name, reason) in &outcome.left_out {
        let _ = writeln!(text, "     –  {name:width$}  {reason}");
    }
    if let Some(forecast) = &outcome.forecast {
        let _ = writeln!(text, "{}", forecast.description());
        let batch: Vec<&str> =
            forecast.batch.iter().map(|proposal| outcome.names[proposal.candidate].as_str()).collect();
        let _ =
            writeln!(text, "simulate next  {}", if batch.is_empty() { "–".into() } else { batch.join(", ") });
    }
    let _ = write!(
        text,
        "table  {}\npage   {}\n",
        folder.join("ranking.csv").display(),
        folder.join("screen.html").display()
    );
    text
}
