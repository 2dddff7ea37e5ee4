//! `mlmd learn`: a potential that asks for the frames it lacks, in rounds.
//!
//! | file | what it holds |
//! |---|---|
//! | `inputs` | the inputs of training, explorations and calculations, and what a round makes of them |
//! | `round` | one round from its training to its calculations |
//! | `explore` | runs that a committee watches |
//! | `record` | `learn.json`: what each round came to |
//! | `page` | `report.html` |
//!
//! A round trains a committee on all frames there are, runs the explorations with it, chooses among the frames that its
//! members disagree about, and has them computed. Each of these goes on where it was interrupted, so a round does, too; what
//! rounds before it came to is in the record. (As in DP-GEN: Y. Zhang et al., Comput. Phys. Commun. 253, 107206 (2020).)

mod explore;
mod inputs;
mod page;
mod record;
mod round;

pub use record::{Record, Round};

use super::label::{self, Count};
use super::train::Listener;
use crate::error::{Error, Result};
use crate::input::LearnPlan;
use crate::io::{self, ReadOptions};
use crate::workflow::dynamics::{self, Stop, lock};
use inputs::Inputs;
use std::fs;
use std::path::PathBuf;

/// What a learning tells while it works.
pub trait Watcher: Listener {
    /// Something begins.
    fn stage(&self, what: &str);
    /// So many steps of an exploration are done.
    fn steps(&self, done: u64, total: u64);
    /// So many calculations are done.
    fn calculations(&self, count: Count);
    /// A round is over.
    fn round(&self, round: &Round);
}

/// What a learning came to.
#[derive(Debug, Clone)]
pub struct Learnt {
    /// Its rounds.
    pub record: Record,
    /// The committee.
    pub potential: PathBuf,
    /// All frames that were computed, if any.
    pub frames: Option<PathBuf>,
    /// The report.
    pub page: PathBuf,
}

/// What is done again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Again {
    /// All rounds, where calculations that are done stay done.
    pub fresh: bool,
    /// Calculations of the round it is in that failed.
    pub retry: bool,
}

/// Learns, or goes on with that.
pub fn learn(plan: &LearnPlan, again: Again, stop: &Stop, watcher: &dyn Watcher) -> Result<Learnt> {
    let inputs = Inputs::read(plan)?;
    let _lock = lock(&plan.directory)?;
    if again.fresh {
        remove(plan)?;
    }
    let mut record = Record::read(&plan.directory)?;
    let job = Job { plan, inputs: &inputs, again, stop, watcher };
    // Rounds may have been added, or the goal moved, since it was reached: the last one goes on, then.
    record.enough = record.rounds.last().and_then(|last| job.enough(last));
    if record.enough.is_none() {
        record.rounds.pop_if(|last| last.chosen.is_none() || last.failure.is_some());
    }
    while record.enough.is_none() {
        let round = job.round(record.rounds.len() + 1)?;
        watcher.round(&round);
        record.enough = job.enough(&round);
        let failure = round.failure.clone();
        record.rounds.push(round);
        record.write(&plan.directory)?;
        job.report(&record)?;
        if let Some(why) = failure {
            return Err(Error::Physics(why));
        }
    }
    record.write(&plan.directory)?;
    job.finish(record)
}

/// Deletes all rounds, and what they came to.
fn remove(plan: &LearnPlan) -> Result<()> {
    for k in 1.. {
        let folder = folder(plan, k);
        if !folder.exists() {
            break;
        }
        dynamics::remove(&folder)?;
    }
    [record::RECORD, REPORT, POTENTIAL, LABELLED]
        .iter()
        .try_for_each(|name| io::remove_if_there(&plan.directory.join(name)))
}

/// The folder of a round.
fn folder(plan: &LearnPlan, round: usize) -> PathBuf {
    plan.directory.join(round_name(round))
}

fn round_name(round: usize) -> String {
    format!("round-{round:02}")
}

const POTENTIAL: &str = "potential.mlmd";
const LABELLED: &str = "labelled.extxyz";
const REPORT: &str = "report.html";
/// The folder of the training of a round, beside those of its explorations.
const TRAINING: &str = "train";

struct Job<'a> {
    plan: &'a LearnPlan,
    inputs: &'a Inputs,
    again: Again,
    stop: &'a Stop,
    watcher: &'a dyn Watcher,
}

impl Job<'_> {
    /// Why there are no more rounds after this one, if so.
    fn enough(&self, last: &Round) -> Option<String> {
        let until = &self.plan.until;
        if last.disagreed() <= until.disagreed && last.stopped.is_empty() {
            let beyond = 100.0 * last.disagreed();
            return Some(format!(
                "the committee is sure at all but {beyond:.2} % of {} looks, where {:.2} % were allowed",
                last.looks,
                100.0 * until.disagreed
            ));
        }
        let doubt = match (last.looks, last.stopped.len()) {
            (0, _) => "nobody knows where the committee is sure, no exploration came to a look".to_string(),
            (_, 0) => format!(
                "the committee is unsure at {:.2} % of {} looks",
                100.0 * last.disagreed(),
                last.looks
            ),
            (_, stopped) => format!(
                "the committee is unsure at {:.2} % of {} looks, and physics stopped {stopped} of the explorations",
                100.0 * last.disagreed(),
                last.looks
            ),
        };
        if last.round > until.rounds {
            let rounds = if until.rounds == 1 { "round" } else { "rounds" };
            return Some(format!("not sure yet after {} {rounds} of calculations: {doubt}", until.rounds));
        }
        let nothing = "no frame that is new was found (`least` and `closest` of [choose], `most` of [guards.disagreement])";
        (last.chosen == Some(0)).then(|| format!("not sure, but {nothing}: {doubt}"))
    }

    /// The files of frames that rounds before this one have added.
    fn labelled(&self, before: usize) -> Vec<PathBuf> {
        let files = (1..before).map(|round| folder(self.plan, round).join(LABELLED));
        files.filter(|file| file.exists()).collect()
    }

    /// Writes the report.
    fn report(&self, record: &Record) -> Result<PathBuf> {
        let title = self.plan.title.clone().or(self.inputs.train.title.clone());
        let title = title.unwrap_or_else(|| "What a potential learnt".into());
        let path = self.plan.directory.join(REPORT);
        let page = page::page(&title, record, self.plan.until.disagreed);
        io::replace(&path, page.html())?;
        Ok(path)
    }

    /// Puts the potential of the last round, and the frames of all, where they are found.
    fn finish(&self, record: Record) -> Result<Learnt> {
        let page = self.report(&record)?;
        let last = folder(self.plan, record.rounds.len()).join(TRAINING);
        let potential = self.plan.directory.join(POTENTIAL);
        let from = last.join(POTENTIAL);
        let content = fs::read(&from).map_err(Error::io(&from, "read"))?;
        io::replace(&potential, content)?;
        let mut frames = Vec::new();
        for file in self.labelled(record.rounds.len() + 1) {
            frames.extend(io::read_all(&file, &ReadOptions::default())?);
        }
        let output = self.plan.directory.join(LABELLED);
        if !frames.is_empty() {
            label::write(&frames, &output)?;
        }
        Ok(Learnt { record, potential, frames: (!frames.is_empty()).then_some(output), page })
    }
}
