//! The plan of `mlmd screen`: conductivities beside what else is known of candidates.

use super::keys::{Keys, Table};
use super::kind::{existing_path, integer, list, number, one_or_many, output_path, table, text, word};
use super::schema::Schema;
use super::source::Place;
use super::whole;
use crate::error::Result;
use std::path::{Path, PathBuf};

/// What a screening is asked to do.
#[derive(Debug, Clone)]
pub struct ScreenPlan {
    /// What it is about.
    pub title: Option<String>,
    /// Every random number follows from it.
    pub seed: u64,
    /// What else is known of candidates.
    pub table: Option<PathBuf>,
    /// The tables of sweeps.
    pub candidates: Vec<PathBuf>,
    /// The column that names a candidate in each of them.
    pub key: String,
    /// The column that names a chemical family, for cross-validation.
    pub family: Option<String>,
    /// Who is left out.
    pub filters: Vec<Filter>,
    /// The terms of the score; empty: those of the standard columns that are there.
    pub score: Vec<ScoreTerm>,
    /// The objectives of the Pareto front; empty: the terms of the score.
    pub objectives: Vec<Objective>,
    /// Whom to simulate next.
    pub surrogate: Option<Surrogate>,
    /// Where the results go.
    pub directory: PathBuf,
}

/// `[[filter]]`.
#[derive(Debug, Clone)]
pub struct Filter {
    /// The column.
    pub column: String,
    /// Values must be below this.
    pub below: Option<f64>,
    /// Values must be above this.
    pub above: Option<f64>,
    /// Where it is written.
    pub place: Place,
}

/// `[[score]]`.
#[derive(Debug, Clone)]
pub struct ScoreTerm {
    /// The column.
    pub column: String,
    /// Positive where more is better, negative where less is.
    pub weight: f64,
    /// Is its logarithm taken?
    pub log: bool,
    /// Where it is written.
    pub place: Place,
}

/// `[[objective]]`.
#[derive(Debug, Clone)]
pub struct Objective {
    /// The column.
    pub column: String,
    /// Is more better?
    pub highest: bool,
    /// Where it is written.
    pub place: Place,
}

/// `[surrogate]`.
#[derive(Debug, Clone)]
pub struct Surrogate {
    /// Columns that describe a candidate.
    pub features: Vec<String>,
    /// The column that is predicted.
    pub target: String,
    /// Is its logarithm predicted?
    pub log: bool,
    /// Is more better?
    pub highest: bool,
    /// What predicts.
    pub model: Predictor,
    /// What makes a candidate worth its simulation.
    pub acquisition: Acquisition,
    /// Standard deviations of optimism of the confidence bound.
    pub kappa: f64,
    /// How many are proposed.
    pub batch: usize,
    /// The column of what a simulation costs.
    pub cost: Option<String>,
    /// Where it is written.
    pub place: Place,
}

impl Surrogate {
    /// That of a plan which names some columns and nothing else.
    pub fn on(features: Vec<String>) -> Self {
        Self {
            features,
            target: "sigma_300K_S_cm".to_string(),
            log: true,
            highest: true,
            model: Predictor::Best,
            acquisition: Acquisition::ExpectedImprovement,
            kappa: 2.0,
            batch: 5,
            cost: None,
            place: Place::Nowhere,
        }
    }
}

/// What predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predictor {
    /// The one that predicts those clearly better that are left out of what it learns from, else a Gaussian process.
    Best,
    /// A Gaussian process.
    GaussianProcess,
    /// A random forest.
    RandomForest,
}

/// What makes a candidate worth its simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acquisition {
    /// How much better than the best it is on average, where it is better.
    ExpectedImprovement,
    /// How good it is with some luck.
    UpperConfidenceBound,
}

const SCALES: &[(&str, bool)] = &[("log", true), ("linear", false)];
const GOALS: &[(&str, bool)] = &[("highest", true), ("lowest", false)];

impl Table for Filter {
    const ABOUT: &'static str =
        "Only candidates within these bounds are ranked; who has no value is left out, with the reason.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            column: keys.key("column", text(), "The column.").required("E_hull_eV")?,
            below: keys.key("below", number(), "Values must be below this.").optional(0.03)?,
            above: keys.key("above", number(), "Values must be above this.").optional(1.5)?,
            place: keys.place("column"),
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        if self.below.is_none() && self.above.is_none() {
            return Err(keys
                .error("", "this filter lets everything through")
                .with_help("expected `below = 0.03` or `above = 1.5`")
                .into());
        }
        Ok(())
    }
}

impl Table for ScoreTerm {
    const ABOUT: &'static str = "The score is the sum of weight × (value − mean)/standard deviation over these columns, mean and deviation being those of all candidates that pass the filters. Without such tables: conductivity (log) 1, dV_ESW 1, Ea_eV −1, sigma_e_S_cm (log) −1, as far as they are there.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            column: keys.key("column", text(), "The column.").required("sigma_300K_S_cm")?,
            weight: keys
                .key("weight", number(), "Positive where more is better, negative where less is.")
                .default(1.0)?,
            log: keys
                .key("scale", word(SCALES), "`log` for what spans decades: its common logarithm counts.")
                .default("linear")?,
            place: keys.place("column"),
        })
    }
}

impl Table for Objective {
    const ABOUT: &'static str =
        "The Pareto front: candidates that no other beats in one of these columns without losing in another.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            column: keys.key("column", text(), "The column.").required("Ea_eV")?,
            highest: keys.key("goal", word(GOALS), "Which values are good.").default("highest")?,
            place: keys.place("column"),
        })
    }
}

impl Table for Surrogate {
    const ABOUT: &'static str = "Whom to simulate next: a model on columns that every candidate has predicts one that only simulated ones have.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        const ACQUISITIONS: &[(&str, Acquisition)] = &[
            ("expected-improvement", Acquisition::ExpectedImprovement),
            ("upper-confidence-bound", Acquisition::UpperConfidenceBound),
        ];
        const PREDICTORS: &[(&str, Predictor)] = &[
            ("best", Predictor::Best),
            ("gaussian-process", Predictor::GaussianProcess),
            ("random-forest", Predictor::RandomForest),
        ];
        Ok(Self {
            features: keys
                .key("features", list(text()), "Columns of numbers that describe a candidate.")
                .required(["volume_per_Li_A3", "electronegativity"])?,
            target: keys.key("target", text(), "The column that is predicted.").default("sigma_300K_S_cm")?,
            log: keys.key("scale", word(SCALES), "Is its logarithm predicted?").default("log")?,
            highest: keys.key("goal", word(GOALS), "Which values are good.").default("highest")?,
            model: keys
                .key(
                    "model",
                    word(PREDICTORS),
                    "What predicts; `best` is the one that cross-validation finds clearly better, in doubt the Gaussian process. Both are cross-validated in any case.",
                )
                .default("best")?,
            acquisition: keys
                .key("acquisition", word(ACQUISITIONS), "What makes a candidate worth its simulation.")
                .default("expected-improvement")?,
            kappa: keys
                .key(
                    "kappa",
                    number().between(0.0, 10.0),
                    "Standard deviations of optimism of the confidence bound.",
                )
                .default(2.0)?,
            batch: keys
                .key("batch", integer().at_least(1).at_most(1000), "How many are proposed.")
                .default(5)?
                .unsigned_abs() as usize,
            cost: keys
                .key(
                    "cost",
                    text(),
                    "A column of what each simulation costs: the acquisition is divided by it.",
                )
                .optional("atoms")?,
            place: keys.place("target"),
        })
    }
}

impl Table for ScreenPlan {
    const ABOUT: &'static str = "Conductivities beside what else is known of candidates: filters, a score, a Pareto front, the next batch.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            title: keys.key("title", text(), "What the screening is about.").optional("Garnets")?,
            seed: keys
                .key("seed", integer().at_least(0), "Every random number follows from it.")
                .default(1)?
                .unsigned_abs(),
            table: keys
                .key(
                    "table",
                    existing_path(false),
                    "A table (CSV) of what else is known: a line for each candidate.",
                )
                .optional("table.csv")?,
            candidates: keys
                .key(
                    "candidates",
                    one_or_many(existing_path(false)),
                    "Tables that `mlmd sweep gather` wrote.",
                )
                .required("out/candidates.csv")?,
            key: keys
                .key("key", text(), "The column that names a candidate in all tables.")
                .default("candidate")?,
            family: keys
                .key(
                    "family",
                    text(),
                    "A column of chemical families: cross-validation leaves out one at a time.",
                )
                .optional("family")?,
            filters: keys.key("filter", list(table()), Filter::ABOUT).optional([()])?.unwrap_or_default(),
            score: keys.key("score", list(table()), ScoreTerm::ABOUT).optional([()])?.unwrap_or_default(),
            objectives: keys
                .key("objective", list(table()), Objective::ABOUT)
                .optional([()])?
                .unwrap_or_default(),
            surrogate: keys.key("surrogate", table(), Surrogate::ABOUT).optional(())?,
            directory: keys
                .key("directory", output_path(), "The folder for the results.")
                .default("screen")?,
        })
    }
}

impl ScreenPlan {
    /// Reads a plan.
    pub fn read_file(path: impl AsRef<Path>) -> Result<Self> {
        whole::read(&whole::source(path.as_ref())?, &[])
    }

    /// Every table and key of a plan.
    pub fn schema() -> Schema {
        Schema::of::<Self>()
    }
}
