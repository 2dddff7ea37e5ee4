//! `mlmd learn`: a potential that asks for the frames it lacks, in rounds.
//!
//! | file | what it holds |
//! |---|---|
//! | `inputs` | the inputs of training, explorations and calculations, and what a round makes of them |
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

pub use record::{Record, Round};

use super::label::{self, Count};
use super::select::{self, Limits};
use super::train::{self, Finished, Listener, Report};
use super::{evaluate, potential};
use crate::compute::{DeviceKind, Processor};
use crate::error::{Error, Result};
use crate::input::LearnPlan;
use crate::input::train::TrainPlan;
use crate::io::{self, Frame, ReadOptions, Value};
use crate::potential::{LoadOptions, Precision, load_descriptor};
use crate::train::novelty::Wanted;
use crate::workflow::dynamics::{self, Stop, lock};
use explore::Explored;
use inputs::Inputs;
use std::fs;
use std::path::{Path, PathBuf};

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
    plan.directory.join(format!("round-{round:02}"))
}

const POTENTIAL: &str = "potential.mlmd";
const LABELLED: &str = "labelled.extxyz";
const REPORT: &str = "report.html";
/// The folder of the training of a round, beside those of its explorations.
const TRAINING: &str = "train";
/// What a round was begun with.
const BEGUN_WITH: &str = "inputs.sha256";

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

    /// One round, or the rest of it.
    fn round(&self, number: usize) -> Result<Round> {
        let (inputs, watcher) = (self.inputs, self.watcher);
        let folder = folder(self.plan, number);
        let training = inputs.training(&self.labelled(number), &folder.join(TRAINING));
        self.begin(number, &training, &folder)?;
        watcher.stage(&format!("round {number}: training"));
        let trained = match train::run(&training, &inputs.train_text, &[], false, self.stop, watcher)? {
            Finished::Potential(report) => report,
            Finished::Cross(_) => return Err(Error::Internal("a cross-validation in a round".into())),
        };
        let potential = folder.join(TRAINING).join(POTENTIAL);
        let mut round = trained_round(number, &trained);
        let mut explored = Explored::default();
        for exploration in &inputs.explorations {
            watcher.stage(&format!("round {number}: exploring, {}", exploration.name));
            let place = folder.join(&exploration.name);
            let found = explore::explore(exploration, number, &potential, &place, self.stop, watcher)?;
            explored.looks.extend(found.looks);
            explored.beyond += found.beyond;
            explored.stopped.extend(found.stopped);
            explored.frames.extend(found.frames);
        }
        explored.looks.sort_by(f64::total_cmp);
        round.looks = explored.looks.len();
        round.beyond = explored.beyond;
        round.median = explored.looks.get(round.looks / 2).copied().unwrap_or(0.0);
        round.widest = explored.looks.last().copied().unwrap_or(0.0);
        explored.stopped.iter().for_each(|why| watcher.warn(why));
        round.stopped = explored.stopped;
        let reached = round.disagreed() <= self.plan.until.disagreed && round.stopped.is_empty();
        if reached || number > self.plan.until.rounds {
            return Ok(round);
        }
        let chosen = folder.join("chosen.extxyz");
        if !chosen.exists() {
            self.choose(number, &potential, &training, &explored.frames, &chosen)?;
        }
        if chosen.exists() {
            self.calculate(&mut round, &potential, &chosen, &folder.join(LABELLED))?;
        } else {
            round.chosen = Some(0);
        }
        Ok(round)
    }

    /// Deletes what a round has of other inputs: they may change between rounds, and in the midst of one.
    fn begin(&self, number: usize, training: &TrainPlan, folder: &Path) -> Result<()> {
        let digest = self.inputs.digest(training, &self.plan.choose)?;
        let known = folder.join(BEGUN_WITH);
        if io::read_if_there(&known)?.is_some_and(|before| before == digest.as_bytes()) {
            return Ok(());
        }
        if folder.exists() {
            self.watcher.stage(&format!("round {number}: an input has changed, it begins anew"));
            dynamics::remove(folder)?;
        }
        fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
        io::replace(&known, digest)
    }

    /// Chooses among the frames that members disagreed about; where none is new there is no file.
    fn choose(
        &self,
        round: usize,
        potential: &Path,
        training: &TrainPlan,
        files: &[PathBuf],
        output: &Path,
    ) -> Result<()> {
        let choose = &self.plan.choose;
        let mut candidates = Vec::new();
        for file in files {
            candidates.extend(io::read_all(file, &ReadOptions::default())?);
        }
        if candidates.is_empty() {
            return Ok(());
        }
        let many = candidates.len();
        self.watcher.stage(&format!("round {round}: choosing among {many} frames"));
        let set = load_descriptor(potential, &LoadOptions::default())?;
        let known = train::known_frames(training)?;
        let wanted = Wanted { most: choose.number, least: choose.least };
        let limits = Limits { closest: choose.closest, spread: None };
        let (_, mut frames) = select::choose(&set, &known, candidates, wanted, limits, &mut |_, _| {})?;
        for frame in &mut frames {
            frame.info.insert("config_type".into(), Value::Text(format!("round-{round}")));
        }
        if frames.is_empty() { Ok(()) } else { select::write(&frames, output) }
    }

    /// Has frames computed, and sees how far off the committee was.
    fn calculate(&self, round: &mut Round, potential: &Path, chosen: &Path, labelled: &Path) -> Result<()> {
        let frames = io::read_all(chosen, &ReadOptions::default())?;
        round.chosen = Some(frames.len());
        self.watcher.stage(&format!("round {}: computing {} frames", round.round, frames.len()));
        let (plan, here) = (&self.inputs.label, &self.inputs.label_folder);
        let told = |count| self.watcher.calculations(count);
        let done = label::label(plan, here, frames, self.again.retry, self.stop, &told)?;
        for (k, folder, why) in &done.failed {
            self.watcher.warn(&format!("{}: frame {k}: {why}\n   {}", chosen.display(), folder.display()));
        }
        let steepest = self.plan.choose.steepest;
        let gentle = |frame: &Frame| frame.forces.iter().flatten().all(|force| force.norm() <= steepest);
        let (learnt, steep): (Vec<Frame>, Vec<Frame>) = done.frames.into_iter().partition(gentle);
        (round.labelled, round.steep, round.failed) = (learnt.len(), steep.len(), done.failed.len());
        if learnt.is_empty() {
            round.failure = Some(format!(
                "none of the {} frames of round {} can be learnt from: {} failed (`--retry` tries again), {} have forces above \
                 {steepest} eV/Å\n   expected `most` in [guards.disagreement] or `closest` in [choose], which keep frames out that \
                 are no crystals",
                round.failed + round.steep,
                round.round,
                round.failed,
                round.steep
            ));
            return Ok(());
        }
        label::write(&learnt, labelled)?;
        let mut processor = Processor::new(DeviceKind::Cpu, Precision::Double);
        let committee = potential::from_path(potential, None, &mut processor, || Ok(Vec::new()))?;
        let request = evaluate::Request {
            files: vec![labelled.to_path_buf()],
            reading: ReadOptions::default(),
            output: None,
            threads: 0,
        };
        let report = evaluate::run(&*committee, &request, &mut |_| {})?;
        round.new_force = report.errors.all.forces.rmse();
        // That of an atom is over its three components together.
        round.new_spread = Some(report.committee[1].rms() / f64::sqrt(3.0));
        Ok(())
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

/// What is known of a round when its potential is trained.
fn trained_round(round: usize, trained: &Report) -> Round {
    let millis = |x: Option<f64>| x.map(|x| 1e3 * x);
    let held = &trained.validation.all;
    let test = trained.test.as_ref().map(|test| &test.all);
    Round {
        round,
        frames: trained.learning.all.frames,
        validation_force: held.forces.rmse(),
        validation_energy: millis(held.energy.rmse()),
        test_force: test.and_then(|test| test.forces.rmse()),
        test_energy: millis(test.and_then(|test| test.energy.rmse())),
        ..Round::default()
    }
}
