//! A training from its input to a potential with its record.
//!
//! | file | what it does |
//! |---|---|
//! | `data` | reads frames |
//! | `prepare` | frames to descriptors and scaling |
//! | `prepared` | what members of a committee share, and what each has of it |
//! | `device` | the processor, or a graphics processor |
//! | `energies` | energies of the elements |
//! | `transfer` | goes on from an existing potential |
//! | `members` | trains the networks, members of a committee side by side |
//! | `outcome` | errors of what was trained |
//! | `record` | `train.json`, learning curves |
//! | `page` | `report.html` |
//! | `datasheet` | `datasheet.md` |
//! | `cross` | cross-validation |

mod cross;
mod data;
mod datasheet;
#[cfg(feature = "train")]
mod device;
mod energies;
mod members;
mod outcome;
mod page;
mod prepare;
mod prepared;
mod record;
mod transfer;

pub use cross::{CrossReport, Fold};
pub use outcome::Report;

use crate::digest::hexadecimal;
use crate::error::{Error, Result};
use crate::input::changes::{self, Written};
use crate::input::train::{DescriptorChoice, TrainPlan};
use crate::io::{self, Frame};
use crate::potential::{self, LoadOptions, PotentialFormat, load_descriptor, save};
use crate::train::checkpoint::CurvePoint;
use crate::workflow::dynamics::{Stop, lock};
use data::Frames;
use sha2::{Digest, Sha256};
use std::path::Path;

/// What a training tells while it works.
pub trait Listener: Sync {
    /// A remark.
    fn note(&self, message: &str);
    /// Something odd.
    fn warn(&self, message: &str);
    /// Descriptors of one more frame of so many are done.
    fn described(&self, total: usize);
    /// An epoch of a member is done.
    fn epoch(&self, member: usize, point: &CurvePoint, best: bool);
}

/// What a job came to.
#[derive(Debug, Clone)]
pub enum Finished {
    /// A potential.
    Potential(Box<Report>),
    /// The errors of cross-validation.
    Cross(CrossReport),
}

/// Runs a training, or with `[cross_validation]` several; `input` is the text of the input file.
pub fn run(
    plan: &TrainPlan,
    input: &str,
    sets: &[String],
    fresh: bool,
    stop: &Stop,
    listener: &dyn Listener,
) -> Result<Finished> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(plan.threads.unwrap_or(0))
        .build()
        .map_err(|error| Error::Internal(format!("cannot start threads: {error}")))?;
    pool.install(|| {
        let request = request(plan, input, sets)?;
        let frames = data::read_all(plan, listener)?;
        let job = Job { plan, fresh, stop, listener };
        match &plan.cross_validation {
            None => {
                job.fit(frames, &plan.output.directory, &request).map(|r| Finished::Potential(Box::new(r)))
            }
            Some(cross) => cross::run(&job, cross, &frames, &request).map(Finished::Cross),
        }
    })
}

/// The frames that a training learns from.
pub(super) fn known_frames(plan: &TrainPlan) -> Result<Vec<Frame>> {
    let frames = data::read_all(plan, &Silent)?;
    Ok(frames.train.into_iter().chain(frames.validate).map(|sample| sample.frame).collect())
}

/// Tells nothing.
struct Silent;

impl Listener for Silent {
    fn note(&self, _message: &str) {}
    fn warn(&self, _message: &str) {}
    fn described(&self, _total: usize) {}
    fn epoch(&self, _member: usize, _point: &CurvePoint, _best: bool) {}
}

/// What all trainings of a job have in common.
struct Job<'a> {
    plan: &'a TrainPlan,
    fresh: bool,
    stop: &'a Stop,
    listener: &'a dyn Listener,
}

impl Job<'_> {
    /// Trains on frames, or goes on with that; everything is written into `folder`.
    fn fit(&self, frames: Frames, folder: &Path, request: &str) -> Result<Report> {
        let Self { plan, listener, .. } = *self;
        let _lock = lock(folder)?;
        let count = transfer::members(plan)?;
        let kept = if self.fresh { vec![None; count] } else { members::kept(folder, count, request)? };
        if self.fresh {
            // What another training came to must not be taken for what this one does.
            for name in ["potential.mlmd", "train.json", "report.html", "datasheet.md", "learning_curve.csv"]
            {
                io::remove_if_there(&folder.join(name))?;
            }
        }
        let prepared = prepare::prepare(plan, count, frames, listener, self.stop)?;
        let members = self.members(&prepared, folder, request, kept)?;
        let mut model = prepared.model(&members)?;
        let (mut report, predictions) = outcome::report(plan, &prepared, &members, folder)?;
        model.training = record::summary(plan, &report, &prepared);
        let potential = folder.join("potential.mlmd");
        save(&model, &potential, PotentialFormat::Native)?;
        report.cost = datasheet::cost(&model, &prepared)?;
        record::write_curves(&folder.join("learning_curve.csv"), &members)?;
        record::write(&folder.join("train.json"), plan, &prepared, &members, &report, request)?;
        let told = page::Told { plan, prepared: &prepared, request, members: &members, report: &report };
        let page = folder.join("report.html");
        std::fs::write(&page, told.page(&predictions).html()).map_err(Error::io(&page, "write"))?;
        let sheet = folder.join("datasheet.md");
        let text = datasheet::text(&told, &model, &potential)?;
        std::fs::write(&sheet, text).map_err(Error::io(&sheet, "write"))?;
        if plan.output.n2p2 {
            save(&model, folder.join("n2p2"), PotentialFormat::N2p2)?;
        }
        Ok(report)
    }
}

/// Tables and keys of the input that decide no bit of a potential.
const FREE: [&str; 7] = ["title", "threads", "output", "run", "data.memory", "data.source", "data.test"];

/// What decides the result: the input and the contents of all files, as a hash.
pub(super) fn request(plan: &TrainPlan, input: &str, sets: &[String]) -> Result<String> {
    let mut hash = Sha256::new();
    for line in changes::deciding(Written { text: input, sets }, &FREE)? {
        hash.update(line);
        hash.update("\n");
    }
    if let Some(DescriptorChoice::File(table)) = &plan.descriptor {
        let set = load_descriptor(&table.file, &LoadOptions { units: table.units })?;
        // Every number of it, as it is read back.
        hash.update(format!("{set:?}"));
    }
    for file in plan.data.frames.iter().chain(&plan.data.validate) {
        hash.update(std::fs::read(&file.file).map_err(Error::io(&file.file, "read"))?);
    }
    if let Some(transfer) = &plan.transfer {
        for file in potential::files(&transfer.potential)? {
            hash.update(std::fs::read(&file).map_err(Error::io(&file, "read"))?);
        }
    }
    Ok(hexadecimal(hash))
}
