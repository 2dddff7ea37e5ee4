//! A round: a committee is trained, what it drives is watched, and what it is not sure of is computed.

use super::explore::{self, Explored};
use super::record::Round;
use super::{Job, LABELLED, POTENTIAL, TRAINING, folder};
use crate::compute::{DeviceKind, Processor};
use crate::error::{Error, Result};
use crate::input::train::TrainPlan;
use crate::io::{self, Frame, ReadOptions, Value};
use crate::potential::{LoadOptions, Precision, load_descriptor};
use crate::train::novelty::Wanted;
use crate::workflow::dynamics;
use crate::workflow::select::{self, Limits};
use crate::workflow::train::{self, Finished, Report};
use crate::workflow::{evaluate, label, potential};
use std::fs;
use std::path::{Path, PathBuf};

/// What a round was begun with.
const BEGUN_WITH: &str = "inputs.sha256";

impl Job<'_> {
    /// One round, or the rest of it.
    pub(super) fn round(&self, number: usize) -> Result<Round> {
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
