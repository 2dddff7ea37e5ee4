//! The three inputs of a learning, checked before anything is begun, and what a round makes of them.

use super::TRAINING;
use crate::digest;
use crate::error::{Error, Result};
use crate::input::changes::{self, Written};
use crate::input::train::{FrameFile, TrainPlan};
use crate::input::{Choose, LabelPlan, LearnPlan, Plan};
use crate::io::LabelKeys;
use crate::observe::Policy;
use crate::random::derived_seed;
use crate::system::Element;
use crate::workflow::run::Setup;
use crate::workflow::{label, structure, train};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Tables and keys of an exploration that decide nothing of what is found.
const FREE: [&str; 5] = ["title", "analysis", "run", "output", "device"];

/// Training, explorations and calculations.
#[derive(Debug, Clone)]
pub(super) struct Inputs {
    pub(super) train: TrainPlan,
    pub(super) train_text: String,
    pub(super) explorations: Vec<Exploration>,
    pub(super) label: LabelPlan,
    /// The folder that paths in the files of a calculation start from.
    pub(super) label_folder: PathBuf,
}

/// An input of `mlmd run` that looks for what is not known.
#[derive(Debug, Clone)]
pub(super) struct Exploration {
    /// The stem of its name, by which its folder is called.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// The file of its structure.
    structure: PathBuf,
    /// What it is of.
    elements: BTreeSet<Element>,
    pub(super) seed: u64,
    /// How far members may be apart, eV/Å.
    pub(super) tolerance: f64,
}

impl Inputs {
    /// Reads and checks all of them.
    pub(super) fn read(plan: &LearnPlan) -> Result<Self> {
        let train = TrainPlan::read_file(&plan.train, &[])?;
        let wrong = |path: &Path, what: &str| Err(Error::invalid(format!("{}: {what}", path.display())));
        if train.network.members.is_some_and(|members| members < 2)
            || (train.network.members.is_none() && train.transfer.is_none())
        {
            return wrong(
                &plan.train,
                "one potential cannot disagree with itself\n   expected a committee: `members = 4` in [network]",
            );
        }
        if train.cross_validation.is_some() {
            return wrong(
                &plan.train,
                "a cross-validation leaves no potential\n   expected no [cross_validation]",
            );
        }
        let explorations: Vec<Exploration> =
            plan.explore.iter().map(|path| exploration(path)).collect::<Result<_>>()?;
        for (k, one) in explorations.iter().enumerate() {
            if explorations[..k].iter().any(|other| other.name == one.name) {
                return wrong(&one.path, "another exploration has this name\n   expected names that differ");
            }
            if one.name == TRAINING {
                return wrong(
                    &one.path,
                    "the folder of this name is that of the training\n   expected another name",
                );
            }
        }
        let label = LabelPlan::read_file(&plan.label, &[])?;
        let label_folder = plan.label.parent().unwrap_or(Path::new("")).to_path_buf();
        label::check(&label, &label_folder)?;
        for one in &explorations {
            // Told now, not when the first committee is trained.
            let stranger = one.elements.iter().find(|element| !label.elements.contains(element));
            if let (Some(stranger), false) = (stranger, label.elements.is_empty()) {
                let input = plan.label.display();
                return wrong(
                    &one.path,
                    &format!(
                        "there is {stranger} in this exploration, which is not among the `elements` of {input}"
                    ),
                );
            }
        }
        let train_text = text(&plan.train)?;
        Ok(Self { train, train_text, explorations, label, label_folder })
    }

    /// The training of a round: with the frames of the rounds before it, in a folder of its own.
    pub(super) fn training(&self, labelled: &[PathBuf], folder: &Path) -> TrainPlan {
        let mut train = self.train.clone();
        train.data.frames.extend(labelled.iter().map(|file| FrameFile {
            file: file.clone(),
            select: None,
            weight: 1.0,
            units: None,
            labels: LabelKeys::default(),
        }));
        train.output.directory = folder.to_path_buf();
        train
    }

    /// What decides the potential of a round and the frames it chooses, as a hash.
    pub(super) fn digest(&self, training: &TrainPlan, choose: &Choose) -> Result<String> {
        let mut hash = Sha256::new();
        hash.update(train::request(training, &self.train_text, &[])?);
        for one in &self.explorations {
            hash.update(&one.name);
            for line in changes::deciding(Written { text: &one.text, sets: &[] }, &FREE)? {
                hash.update(line);
                hash.update("\n");
            }
            hash.update(digest::of_file(&one.structure)?);
        }
        hash.update(format!("{choose:?}"));
        Ok(digest::hexadecimal(hash))
    }
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(Error::io(path, "read"))
}

fn exploration(path: &Path) -> Result<Exploration> {
    // No potential is there yet: any file stands for it while the rest is checked.
    let read = Plan::read_file(path, &[set("potential.file", path)?])?;
    let wrong = |what: &str| Err(Error::invalid(format!("{}: {what}", path.display())));
    if read.dynamics.is_none() {
        return wrong("nothing moves in this exploration\n   expected [dynamics]");
    }
    let Some(guard) = &read.guards.disagreement else {
        return wrong(
            "nobody says where the committee is not sure\n   expected [guards.disagreement] with a `force`",
        );
    };
    if guard.potential.is_some() {
        return wrong(
            "the committee of the round judges\n   expected no `potential` in [guards.disagreement]",
        );
    }
    if guard.policy != Policy::Collect {
        return wrong(
            "frames that are not collected cannot be computed\n   expected `policy = \"collect\"` in [guards.disagreement], or none",
        );
    }
    let built = structure::build(&read.structure, read.dynamics.as_ref(), read.seed)?;
    let elements = built.species.iter().copied().collect();
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Exploration {
        name,
        path: path.to_path_buf(),
        text: text(path)?,
        structure: read.structure.file.clone(),
        elements,
        seed: read.seed,
        tolerance: guard.force,
    })
}

impl Exploration {
    /// The run of a round: with its potential, in a folder of its own, with random numbers of its own. Returns the arguments,
    /// as those of `--set`, that make it.
    pub(super) fn run(&self, round: usize, potential: &Path, folder: &Path) -> Result<(Setup, Vec<String>)> {
        let sets = vec![
            set("potential.file", potential)?,
            set("output.directory", folder)?,
            // TOML has no integers above 2^63.
            format!("seed={}", derived_seed(self.seed, &format!("round-{round}")) >> 1),
        ];
        let mut plan = Plan::read_file(&self.path, &sets)?;
        // What the run is for is read from its frames.
        plan.analysis = None;
        Ok((Setup::new(plan)?, sets))
    }
}

/// An argument of `--set` with a path, in quotes as TOML and JSON have them.
fn set(key: &str, path: &Path) -> Result<String> {
    let path =
        path.to_str().ok_or_else(|| Error::invalid(format!("{}: not a name in UTF-8", path.display())))?;
    let quoted = serde_json::to_string(path).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(format!("{key}={quoted}"))
}
