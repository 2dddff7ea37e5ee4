//! `mlmd screen`: which candidates are good, and which to simulate next.

use super::terminal::{self, Terminal};
use crate::analysis::Digits;
use crate::error::{Error, Result};
use crate::input::{Filter, Place, ScreenPlan, Surrogate};
use crate::workflow::screen::{Forecast, Outcome, screen};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Rank candidates by conductivity and whatever else is known of them
#[derive(Debug, clap::Args)]
#[command(
    after_help = "mlmd screen screen.toml                                        filters, score, objectives, surrogate\n\
                        mlmd screen table.csv --candidates out/candidates.csv          the standard score\n\
                        mlmd screen table.csv --candidates out/candidates.csv --filter 'E_hull_eV < 0.03' --features a,b\n\n\
                        `mlmd help input screen` explains the plan, docs/screening.md the numbers."
)]
pub(super) struct Arguments {
    /// The plan (TOML), or a table (CSV) of what is known besides conductivities
    file: PathBuf,
    /// Tables that `mlmd sweep gather` wrote, where there is no plan
    #[arg(long, value_name = "CSV")]
    candidates: Vec<PathBuf>,
    /// The column that names a candidate in all tables (`candidate`), where there is no plan
    #[arg(long, value_name = "COLUMN")]
    key: Option<String>,
    /// Who is ranked, such as 'E_hull_eV < 0.03' or 'gap_eV > 1.5', where there is no plan
    #[arg(long, value_name = "COLUMN < NUMBER", value_parser = filter)]
    filter: Vec<Filter>,
    /// Columns from which a model learns whom to simulate next, where there is no plan
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    features: Vec<String>,
    /// The column of chemical families that cross-validation leaves out, where there is no plan
    #[arg(long, value_name = "COLUMN")]
    family: Option<String>,
    /// The folder for the results (`screen`), where there is no plan
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

impl Arguments {
    pub(super) fn execute(self, _: Terminal) -> Result<()> {
        let plan = self.plan()?;
        let outcome = screen(&plan)?;
        outcome.write(&plan.directory)?;
        terminal::print(&summary(&outcome, &plan.directory))
    }

    fn plan(self) -> Result<ScreenPlan> {
        if self.file.extension().is_some_and(|ending| ending == "toml") {
            for (name, given) in [
                ("--candidates", !self.candidates.is_empty()),
                ("--filter", !self.filter.is_empty()),
                ("--features", !self.features.is_empty()),
                ("--family", self.family.is_some()),
                ("--key", self.key.is_some()),
                ("--output", self.output.is_some()),
            ] {
                if given {
                    return Err(Error::invalid(format!(
                        "{name}: the plan says this ({})",
                        self.file.display()
                    )));
                }
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
            key: self.key.unwrap_or_else(|| "candidate".to_string()),
            family: self.family,
            filters: self.filter,
            score: Vec::new(),
            objectives: Vec::new(),
            surrogate: (!self.features.is_empty()).then(|| Surrogate::on(self.features)),
            directory: self.output.unwrap_or_else(|| "screen".into()),
        })
    }
}

/// `COLUMN < NUMBER` or `COLUMN > NUMBER`.
fn filter(text: &str) -> Result<Filter, String> {
    let expected = || format!("expected a column and a bound, such as 'E_hull_eV < 0.03', not `{text}`");
    let at = text.find(['<', '>']).ok_or_else(expected)?;
    let (column, bound) = (text[..at].trim(), text[at + 1..].trim().parse::<f64>());
    match bound {
        Ok(bound) if !column.is_empty() && bound.is_finite() => {
            let below = text[at..].starts_with('<');
            let (below, above) = if below { (Some(bound), None) } else { (None, Some(bound)) };
            Ok(Filter { column: column.to_string(), below, above, place: Place::Nowhere })
        }
        _ => Err(expected()),
    }
}

/// The ranking, for a person.
fn summary(outcome: &Outcome, folder: &Path) -> String {
    let mut text = format!("{}\n", outcome.title);
    let names =
        outcome.ranking.iter().map(|ranked| &ranked.name).chain(outcome.left_out.iter().map(|l| &l.0));
    let width = names.map(|name| name.chars().count()).max().unwrap_or(0).max(9);
    let _ = writeln!(text, "  rank  {:width$}  {:>13}  P(best)  ranks, 95 %  front", "candidate", "score");
    for (ranked, place) in outcome.ranking.iter().zip(outcome.places()) {
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
    let _ = writeln!(text, "score = {}", outcome.formula);
    for (name, reason) in grouped(&outcome.left_out) {
        let _ = writeln!(text, "     –  {name:width$}  {reason}");
    }
    if let Some(forecast) = &outcome.forecast {
        predictions(forecast, &outcome.names, &mut text);
    }
    let _ = write!(
        text,
        "table  {}\npage   {}\n",
        folder.join("ranking.csv").display(),
        folder.join("screen.html").display()
    );
    text
}

/// Candidates with the reason why they are not ranked. Where many share one, as all that were not simulated do, a line says
/// how many: the table and the page have each.
fn grouped(left_out: &[(String, String)]) -> Vec<(String, String)> {
    const MANY: usize = 5;
    let count = |reason: &str| left_out.iter().filter(|own| own.1 == reason).count();
    let mut lines: Vec<(String, String)> =
        left_out.iter().filter(|own| count(&own.1) < MANY).cloned().collect();
    for (k, (_, reason)) in left_out.iter().enumerate() {
        let seen = left_out[..k].iter().any(|own| own.1 == *reason);
        if !seen && count(reason) >= MANY {
            lines.push((format!("{} others", count(reason)), reason.clone()));
        }
    }
    lines
}

/// How well others are predicted, and whom to simulate next.
fn predictions(forecast: &Forecast, names: &[String], text: &mut String) {
    let _ = writeln!(text, "prediction of {}", forecast.procedure());
    let _ = writeln!(text, "  {:26}{:>14}   within 95 % interval", "model", "error");
    for [model, error, inside] in forecast.checks() {
        let _ = writeln!(text, "{}", format!("  {model:26}{error:>14}   {inside}").trim_end());
    }
    let _ = writeln!(text, "  {}", forecast.verdict());
    if let Some(unpriced) = forecast.unpriced() {
        let _ = writeln!(text, "  {unpriced}");
    }
    if forecast.batch.is_empty() && forecast.unpriced().is_some() {
        return;
    }
    if forecast.batch.is_empty() {
        let _ = writeln!(text, "simulate next: every candidate that passes was simulated or tried");
        return;
    }
    let _ = writeln!(text, "simulate next, with the 95 % interval of the prediction");
    let width = forecast.batch.iter().map(|p| names[p.candidate].chars().count()).max().unwrap_or(0);
    for proposal in &forecast.batch {
        let [low, value, high] = forecast.interval(proposal).map(|x| Digits(x).to_string());
        let name = &names[proposal.candidate];
        let _ = writeln!(text, "  {name:width$}  {value} ({low} to {high})");
    }
}
