//! The plan of `mlmd sweep`: many runs from one file.

use super::analysis::Analysis;
use super::device::Device;
use super::dynamics::{Dynamics, Velocities};
use super::guards::Guards;
use super::keys::{Keys, Table};
use super::kind::{Kind, integer, one_or_many, table, text, time};
use super::output::Output;
use super::potential::PotentialChoice;
use super::relax::Relax;
use super::run::Run;
use super::schema::Schema;
use super::source::Source;
use super::structures::Structures;
use super::whole;
use crate::error::Result;
use std::path::{Path, PathBuf};

/// What a sweep is asked to do: the whole plan, checked.
#[derive(Debug, Clone)]
pub struct SweepPlan {
    /// What the sweep is about.
    pub title: Option<String>,
    /// Every random number of every task follows from it.
    pub seed: u64,
    /// What the candidates are.
    pub structures: Structures,
    /// How the atoms interact; several make each structure several candidates.
    pub potentials: Vec<NamedPotential>,
    /// Where it is computed.
    pub device: Device,
    /// A minimisation before each task.
    pub relax: Option<Relax>,
    /// How the atoms move; each temperature is a task of its own.
    pub dynamics: Dynamics,
    /// What is watched for.
    pub guards: Guards,
    /// What is written, and where the sweep has its folder.
    pub output: Output,
    /// Limits of the job.
    pub run: Run,
    /// What is computed from the trajectories.
    pub analysis: Analysis,
    /// How the tasks are repeated.
    pub sweep: Sweep,
    /// The plan as it was written, for the inputs of the tasks.
    pub text: String,
    /// The folder that its paths start from.
    pub folder: PathBuf,
}

/// A potential among several.
#[derive(Debug, Clone)]
pub struct NamedPotential {
    /// What candidates of this potential are called by; `None`: there is no other.
    pub name: Option<String>,
    /// The potential.
    pub choice: PotentialChoice,
}

/// `[sweep]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// How many runs there are at each temperature, each from velocities of its own.
    pub replicas: u64,
    /// How many there may be where budgets end before `stop_when` is met.
    pub most_replicas: u64,
    /// What ends a task before its budget does.
    pub stop_when: Option<StopWhen>,
    /// The longest production of a task, fs; `None`: that of `[dynamics]`.
    pub budget: Option<f64>,
}

/// A relative error that is small enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StopWhen {
    /// Of the charge diffusivity D_sigma, or of the tracer diffusivity D*?
    pub charge: bool,
    /// Standard error over value, of all replicas together.
    pub relative: f64,
}

impl StopWhen {
    /// `relative error of D_sigma < 10 %`.
    fn parse(text: &str) -> Result<Self, String> {
        let expected = || {
            "expected \"relative error of D_sigma < 10 %\", or of D* with another percentage above 0 and below 100".to_string()
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let ["relative", "error", "of", quantity, "<", percentage @ ..] = words.as_slice() else {
            return Err(expected());
        };
        let number = percentage.concat();
        let percent: f64 = number.strip_suffix('%').and_then(|n| n.parse().ok()).ok_or_else(expected)?;
        let charge = match *quantity {
            "D_sigma" | "sigma" => true,
            "D*" => false,
            _ => return Err(expected()),
        };
        if percent > 0.0 && percent < 100.0 {
            Ok(Self { charge, relative: percent / 100.0 })
        } else {
            Err(expected())
        }
    }
}

impl Table for NamedPotential {
    const ABOUT: &'static str = PotentialChoice::ABOUT;

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            name: keys
                .key("name", text(), "What its candidates are called by; needed where there are several.")
                .optional("seed-1")?,
            choice: PotentialChoice::read(keys)?,
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        self.choice.check(keys)
    }
}

impl Table for Sweep {
    const ABOUT: &'static str = "How the tasks of a sweep are repeated.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        let replicas = keys
            .key(
                "replicas",
                integer().at_least(1).at_most(10_000),
                "Runs at each temperature, each from velocities of its own; they are analysed together.",
            )
            .default(1)?
            .unsigned_abs();
        let most_replicas = keys
            .key(
                "most_replicas",
                integer().at_least(1).at_most(10_000),
                "Replicas are added up to this number where tasks end at their budget without meeting `stop_when`. Absent: none.",
            )
            .optional(8)?
            .map_or(replicas, i64::unsigned_abs);
        Ok(Self {
            replicas,
            most_replicas,
            stop_when: keys
                .key(
                    "stop_when",
                    text().try_map(|text| StopWhen::parse(&text)),
                    "Tasks are made longer, by twice each time, until the standard error of all replicas together is this small.",
                )
                .optional("relative error of D_sigma < 10 %")?,
            budget: keys
                .key("budget", time().positive(), "The longest production of a task with `stop_when`.")
                .optional("2 ns")?,
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        match (self.stop_when.is_some(), self.budget.is_some()) {
            (true, false) => Err(keys
                .error("stop_when", "`stop_when` needs a `budget`")
                .with_help("expected the longest production of a task, such as `budget = \"2 ns\"`")
                .into()),
            (false, true) => Err(keys
                .error("budget", "`budget` goes with `stop_when`")
                .with_help("without it every task is as long as [dynamics] produce")
                .into()),
            (false, _) if self.most_replicas > self.replicas => Err(keys
                .error("most_replicas", "`most_replicas` goes with `stop_when`")
                .with_help("without it there are as many as `replicas` says")
                .into()),
            _ if self.most_replicas < self.replicas => Err(keys
                .error("most_replicas", "fewer than `replicas`")
                .with_help(format!("expected {} or more", self.replicas))
                .into()),
            _ => Ok(()),
        }
    }
}

impl Table for SweepPlan {
    const ABOUT: &'static str = "Structures × potentials × temperatures × replicas: one task for each.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            title: keys
                .key("title", text(), "What the sweep is about.")
                .optional("LLZO, lithium vacancies")?,
            seed: keys
                .key(
                    "seed",
                    integer().at_least(0),
                    "Every random number follows from it: same seed, same tasks.",
                )
                .default(1)?
                .unsigned_abs(),
            structures: keys.key("structures", table(), Structures::ABOUT).required(())?,
            potentials: keys
                .key(
                    "potential",
                    one_or_many(table()),
                    "How the atoms interact; [[potential]] tables with names compare several.",
                )
                .required(())?,
            device: keys.key("device", table(), Device::ABOUT).default(())?,
            relax: keys.key("relax", table(), Relax::ABOUT).optional(())?,
            dynamics: keys.key("dynamics", table(), Dynamics::ABOUT).required(())?,
            guards: keys.key("guards", table(), Guards::ABOUT).default(())?,
            output: keys.key("output", table(), Output::ABOUT).default(())?,
            run: keys.key("run", table(), Run::ABOUT).default(())?,
            analysis: keys.key("analysis", table(), Analysis::ABOUT).required(())?,
            sweep: keys.key("sweep", table(), Sweep::ABOUT).default(())?,
            text: String::new(),
            folder: PathBuf::new(),
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        self.guards.check_cadence(&self.dynamics, keys)?;
        self.output.check_cadence(&self.dynamics, keys)?;
        if self.dynamics.temperature.iter().any(|course| !course.is_constant()) {
            return Err(keys
                .error("dynamics.temperature", "a ramp has no conductivity at one temperature")
                .with_help("expected constant temperatures; `mlmd run` does ramps")
                .into());
        }
        if self.dynamics.velocities == Velocities::File {
            return Err(keys
                .error("dynamics.velocities", "tasks of a sweep begin with velocities of their own")
                .with_help("expected \"draw\"; `mlmd run` goes on with those of a file")
                .into());
        }
        if let Some(budget) = self.sweep.budget {
            self.dynamics.check_whole_steps(keys, "sweep.budget", budget)?;
            if budget < self.dynamics.produce {
                return Err(keys
                    .error("sweep.budget", "the budget is shorter than [dynamics] produce")
                    .with_help("`produce` is how long a task is at least")
                    .into());
            }
        }
        if self.potentials.len() > 1 {
            for (k, potential) in self.potentials.iter().enumerate() {
                let Some(name) = &potential.name else {
                    return Err(keys
                        .error("potential", "one of several potentials has no name")
                        .with_help("expected `name = \"...\"` in each [[potential]]")
                        .into());
                };
                if self.potentials[..k].iter().any(|other| other.name.as_ref() == Some(name)) {
                    return Err(keys
                        .error("potential", format!("two potentials have the name `{name}`"))
                        .into());
                }
            }
        }
        Ok(())
    }
}

impl SweepPlan {
    /// Reads a plan.
    pub fn read_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::read_text(path, &whole::text(path)?, path.parent().unwrap_or(Path::new("")))
    }

    /// Reads a plan from text; `name` is used in messages, relative paths start from `folder`.
    pub fn read_text(name: impl AsRef<Path>, text: &str, folder: &Path) -> Result<Self> {
        let plan: Self = whole::read(&Source::new(name, text, folder), &[])?;
        Ok(Self { text: text.to_string(), folder: folder.to_path_buf(), ..plan })
    }

    /// How long a task records at most, fs.
    pub fn longest_production(&self) -> f64 {
        self.sweep.budget.unwrap_or(self.dynamics.produce)
    }

    /// Every table and key of a plan.
    pub fn schema() -> Schema {
        Schema::of::<Self>()
    }
}
