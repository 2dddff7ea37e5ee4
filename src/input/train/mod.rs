//! The TOML language of `mlmd train`: one file per group of tables.

mod cross_validation;
mod data;
mod descriptor;
mod device;
mod loss;
mod network;
mod optimizer;
mod prune;
mod transfer;

pub use cross_validation::CrossValidation;
pub use data::{Data, FrameFile};
pub use descriptor::{ChebyshevTable, DescriptorChoice, DescriptorFile, MomentsTable, SymmetryTable};
pub use device::{TrainDevice, TrainPrecision};
pub use loss::LossTable;
pub use network::NetworkTable;
pub use optimizer::{
    AdamTable, AdamWTable, KalmanTable, LbfgsTable, LevenbergMarquardtTable, OptimizerChoice,
};
pub use prune::PruneTable;
pub use transfer::TransferTable;

use super::keys::{Keys, Table};
use super::kind::{flag, integer, number, one_of, output_path, table, text};
use super::run::Run;
use super::schema::Schema;
use super::source::Source;
use super::whole;
use crate::error::Result;
use std::path::{Path, PathBuf};

/// What a training is asked to do: the whole input file, checked.
#[derive(Debug, Clone)]
pub struct TrainPlan {
    /// What the potential is about.
    pub title: Option<String>,
    /// Every random number of the training follows from it.
    pub seed: u64,
    /// Threads; `None`: one for each core.
    pub threads: Option<usize>,
    /// What trains.
    pub device: TrainDevice,
    /// The frames.
    pub data: Data,
    /// What turns environments into numbers; `None`: what the potential of `transfer` has.
    pub descriptor: Option<DescriptorChoice>,
    /// Which of the numbers are left out.
    pub prune: PruneTable,
    /// The potential to go on from.
    pub transfer: Option<TransferTable>,
    /// What turns these numbers into energies.
    pub network: NetworkTable,
    /// What counts as an error.
    pub loss: LossTable,
    /// How the errors are made small.
    pub optimizer: OptimizerChoice,
    /// Over how many epochs parameters are averaged.
    pub average: Option<f64>,
    /// Are potentials trained for parts of the frames?
    pub cross_validation: Option<CrossValidation>,
    /// What is written, and where.
    pub output: TrainOutput,
    /// Limits of the job.
    pub run: Run,
}

impl Table for TrainPlan {
    const ABOUT: &'static str = "One potential, or a committee, fitted to frames.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        let optimizers = one_of()
            .choice("levenberg-marquardt", OptimizerChoice::LevenbergMarquardt)
            .choice("kalman", OptimizerChoice::Kalman)
            .choice("lbfgs", OptimizerChoice::Lbfgs)
            .choice("adam", OptimizerChoice::Adam)
            .choice("adamw", OptimizerChoice::AdamW);
        Ok(Self {
            title: keys.key("title", text(), "What the potential is about.").optional("alpha-Li3N, PBE")?,
            seed: keys
                .key(
                    "seed",
                    integer().at_least(0),
                    "Every random number follows from it: same seed, same potential.",
                )
                .default(1)?
                .unsigned_abs(),
            threads: keys
                .key(
                    "threads",
                    integer().at_least(1).at_most(4096),
                    "Threads to use; all cores if absent. The result does not depend on it.",
                )
                .optional(2)?
                .map(|threads| threads as usize),
            device: keys.key("device", table(), TrainDevice::ABOUT).default(())?,
            data: keys.key("data", table(), Data::ABOUT).required(())?,
            descriptor: keys
                .key(
                    "descriptor",
                    DescriptorChoice::kind(),
                    "What turns environments into numbers; with [transfer] that of the potential.",
                )
                .optional(())?,
            prune: keys.key("prune", table(), PruneTable::ABOUT).default(())?,
            transfer: keys.key("transfer", table(), TransferTable::ABOUT).optional(())?,
            network: keys.key("network", table(), NetworkTable::ABOUT).default(())?,
            loss: keys.key("loss", table(), LossTable::ABOUT).required(())?,
            optimizer: keys
                .key("optimizer", optimizers, "How the errors are made small.")
                .default([("adamw", ())])?,
            average: keys
                .key(
                    "average",
                    number().between(1.0, 1e6),
                    "The potential gets a moving average of the parameters over about so many epochs.",
                )
                .optional(20.0)?,
            cross_validation: keys.key("cross_validation", table(), CrossValidation::ABOUT).optional(())?,
            output: keys.key("output", table(), TrainOutput::ABOUT).default(())?,
            run: keys.key("run", table(), Run::ABOUT).default(())?,
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        match (&self.descriptor, &self.transfer) {
            (None, None) => {
                let help = "[descriptor.moments], [descriptor.symmetry], [descriptor.chebyshev] or [descriptor.from] \
                            turns environments into numbers; [transfer] takes what another potential has";
                return Err(keys.error("descriptor", "`[descriptor]` is missing").with_help(help).into());
            }
            (Some(_), Some(_)) => {
                let message = "`descriptor` and `transfer` exclude each other";
                let help = "the descriptor of the potential is kept, since its networks were trained for it";
                return Err(keys.error("descriptor", message).with_help(help).into());
            }
            _ => {}
        }
        if self.transfer.is_some() && !self.prune.0.is_none() {
            let message = "`prune` and `transfer` exclude each other";
            let help = "the networks of the potential need all their descriptors";
            return Err(keys.error("prune", message).with_help(help).into());
        }
        if self.cross_validation.is_some() && !self.data.test.is_empty() {
            let message = "frames of a test are of no use in a cross-validation";
            let help = "every part of [[data.frames]] is the test of one potential; remove [[data.test]] or [cross_validation]";
            return Err(keys.error("data.test", message).with_help(help).into());
        }
        let (symmetry, committee) = (
            !matches!(self.descriptor, Some(DescriptorChoice::Moments(_) | DescriptorChoice::Chebyshev(_))),
            self.network.members.is_some_and(|members| members > 1),
        );
        if self.output.n2p2 && (!symmetry || committee) {
            let message = if committee {
                "files of n2p2 hold one network for each element, not a committee"
            } else {
                "files of n2p2 hold symmetry functions and no other descriptor"
            };
            let help = "expected one member and [descriptor.symmetry], or no `n2p2`; potential.mlmd is written in any case";
            return Err(keys.error("output.n2p2", message).with_help(help).into());
        }
        self.device.check(keys, &self.optimizer, self.descriptor.as_ref())
    }
}

/// `[output]` of a training.
#[derive(Debug, Clone)]
pub struct TrainOutput {
    /// The folder.
    pub directory: PathBuf,
    /// Is the potential written as n2p2 has it, too?
    pub n2p2: bool,
    /// The licence of the potential, for the data sheet.
    pub licence: Option<String>,
}

impl Table for TrainOutput {
    const ABOUT: &'static str = "What is written, and where.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            directory: keys
                .key(
                    "directory",
                    output_path(),
                    "The folder for potential.mlmd, report.html, datasheet.md, train.json and learning curves.",
                )
                .default("out")?,
            n2p2: keys
                .key(
                    "n2p2",
                    flag(),
                    "Write the potential as n2p2 and RuNNer have it, too (one member, symmetry functions).",
                )
                .default(false)?,
            licence: keys
                .key("licence", text(), "The licence of the potential, for the data sheet.")
                .optional("CC-BY-4.0")?,
        })
    }
}

impl TrainPlan {
    /// Reads an input file, changed by `--set` arguments.
    pub fn read_file(path: impl AsRef<Path>, sets: &[String]) -> Result<Self> {
        whole::read(&whole::source(path.as_ref())?, sets)
    }

    /// Reads an input from text; `name` is used in messages, relative paths start from `folder`.
    pub fn read_text(name: impl AsRef<Path>, text: &str, folder: &Path, sets: &[String]) -> Result<Self> {
        whole::read(&Source::new(name, text, folder), sets)
    }

    /// Every table and key of the input of `mlmd train`.
    pub fn schema() -> Schema {
        Schema::of::<Self>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<TrainPlan> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("li.xyz"), "").unwrap();
        TrainPlan::read_text("in.toml", text, folder.path(), &[])
    }

    const SMALL: &str = "[[data.frames]]\nfile = \"li.xyz\"\n[descriptor.symmetry]\n";

    /// Every default and example in the declarations can be read.
    #[test]
    fn the_declarations_are_sound() {
        assert_eq!(TrainPlan::schema().keys.len(), 15);
    }

    #[test]
    fn values_become_internal_units() {
        let plan = read(&format!("{SMALL}[loss]\nenergy = \"2 meV\"\nstress = \"1 GPa\"\n")).unwrap();
        assert_eq!(plan.loss.0.energy, Some(0.002));
        assert!((plan.loss.0.stress.unwrap() - 1.0 / 160.217_663_4).abs() < 1e-12);
        assert!(matches!(plan.optimizer, OptimizerChoice::AdamW(_)));
    }

    #[test]
    fn slips_are_told_at_their_place() {
        for (text, expected) in [
            ("[loss]\nenergy = \"2 K\"\n", "in.toml:5:11: "),
            ("[optimizer.adm]\n", "in.toml:4:12: "),
            ("[network]\nhidden = []\n", "in.toml:5:10: the list is empty"),
            ("[prune]\nkeep = 0\n", "in.toml:5:8: "),
            ("[loss]\nenergy = \"1 meV\"\n[cross_validation]\nfolds = 1\n", "in.toml:7:9: "),
            (
                "[loss]\nenergy = \"1 meV\"\n[cross_validation]\nfolds = 3\nleave_out = \"a\"\n",
                "in.toml:8:13: `folds` and `leave_out` exclude",
            ),
            ("[transfer]\npotential = \"none\"\n", "in.toml:5:13: "),
            (
                "[loss]\nenergy = \"1 meV\"\n[optimizer.adam]\nschedule = \"cosin\"\n",
                "in.toml:7:12: `cosin` is not known here",
            ),
            ("[loss]\nenergy = \"1 meV\"\n[optimizer.lbfgs]\nmemory = 0\n", "in.toml:7:10: "),
            ("[network]\nactivation = \"tahn\"\n", "in.toml:5:14: `tahn` is not known here"),
            (
                "[loss]\nenergy = \"1 meV\"\n[optimizer.lbfgs]\n[device]\nkind = \"gpu\"\n",
                "in.toml:8:8: this optimiser works on the processor only",
            ),
            (
                "[loss]\nenergy = \"1 meV\"\n[optimizer.lbfgs]\n[device]\nprecision = \"single\"\n",
                "in.toml:8:13: this optimiser works in double precision only",
            ),
            (
                "[loss]\nenergy = \"1 meV\"\n[optimizer.adam]\n[device]\nkind = \"gpu\"\nprecision = \"double\"\n",
                "in.toml:9:13: graphics processors train in single precision",
            ),
        ] {
            let message = read(&format!("{SMALL}{text}")).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
