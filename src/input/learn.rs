//! The plan of `mlmd learn`: a training, explorations and calculations, in rounds.

use super::keys::{Keys, Table};
use super::kind::{existing_path, force, integer, length, number, one_or_many, output_path, table, text};
use super::run::Run;
use super::schema::Schema;
use super::whole;
use crate::error::Result;
use std::path::{Path, PathBuf};

/// How a potential learns what it does not know.
#[derive(Debug, Clone, PartialEq)]
pub struct LearnPlan {
    /// What it is about.
    pub title: Option<String>,
    /// The input of the training.
    pub train: PathBuf,
    /// The inputs of the runs that look for what is not known.
    pub explore: Vec<PathBuf>,
    /// The input of the calculations.
    pub label: PathBuf,
    /// Which frames are computed.
    pub choose: Choose,
    /// When it is enough.
    pub until: Until,
    /// Where everything is written.
    pub directory: PathBuf,
    /// Limits of the job.
    pub run: Run,
}

/// `[choose]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Choose {
    /// The most frames of a round.
    pub number: usize,
    /// How novel a frame is at least.
    pub least: f64,
    /// Frames with two atoms nearer than this, Å, are left out.
    pub closest: Option<f64>,
    /// Computed frames with a larger force on an atom, eV/Å, are not learnt from.
    pub steepest: f64,
}

/// `[until]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Until {
    /// The share of looks at which members may be apart.
    pub disagreed: f64,
    /// The most rounds of calculations.
    pub rounds: usize,
}

impl Table for Choose {
    const ABOUT: &'static str = "Which of the frames that a committee disagreed about are computed: those most unlike all that are known, and each other.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            number: keys
                .key("number", integer().at_least(1).at_most(100_000), "The most frames of a round.")
                .default(20)?
                .unsigned_abs() as usize,
            least: keys
                .key(
                    "least",
                    number().between(0.0, 1e6),
                    "Frames less novel than this are left, in standard deviations of the descriptors.",
                )
                .default(0.001)?,
            closest: keys
                .key("closest", length().positive(), "Frames with two atoms nearer than this are left out.")
                .optional("1.2 angstrom")?,
            steepest: keys
                .key(
                    "steepest",
                    force().positive(),
                    "Computed frames with a larger force on an atom are not learnt from: no crystal has them, and they would spoil the rest.",
                )
                .default("30 eV/angstrom")?,
        })
    }
}

impl Table for Until {
    const ABOUT: &'static str = "When it is enough.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            disagreed: keys
                .key(
                    "disagreed",
                    number().between(0.0, 1.0),
                    "The share of looks at which the members may be further apart than [guards.disagreement] allows, over all explorations; \
                     none of which may have been stopped by physics.",
                )
                .default(0.01)?,
            rounds: keys
                .key(
                    "rounds",
                    integer().at_least(1).at_most(1000),
                    "The most rounds of calculations; what the last one adds is learnt, too.",
                )
                .default(10)?
                .unsigned_abs() as usize,
        })
    }
}

impl Table for LearnPlan {
    const ABOUT: &'static str = "Rounds of training, exploration and calculation.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            title: keys.key("title", text(), "What it is about.").optional("alpha-Li3N")?,
            train: keys
                .key(
                    "train",
                    existing_path(false),
                    "The input of `mlmd train`: a committee ([network] members above 1) and the frames to begin with.",
                )
                .required("train.toml")?,
            explore: keys
                .key(
                    "explore",
                    one_or_many(existing_path(false)),
                    "Inputs of `mlmd run` that look for what is not known: with [guards.disagreement], and with the potential of the round in \
                     the place of [potential] file.",
                )
                .required("explore.toml")?,
            label: keys
                .key("label", existing_path(false), "The input of `mlmd label`: how frames are computed.")
                .required("label.toml")?,
            choose: keys.key("choose", table(), Choose::ABOUT).default(())?,
            until: keys.key("until", table(), Until::ABOUT).default(())?,
            directory: keys
                .key("directory", output_path(), "The folder for all rounds and the potential they come to.")
                .default("out-learn")?,
            run: keys.key("run", table(), Run::ABOUT).default(())?,
        })
    }
}

impl LearnPlan {
    /// Reads an input file, changed by `--set` arguments.
    pub fn read_file(path: impl AsRef<Path>, sets: &[String]) -> Result<Self> {
        whole::read(&whole::source(path.as_ref())?, sets)
    }

    /// Every table and key.
    pub fn schema() -> Schema {
        Schema::of::<Self>()
    }
}
