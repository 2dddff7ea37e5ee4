//! `mlmd label`: energies, forces and stress of frames by another program, each in a folder of its own.
//!
//! | file | what it holds |
//! |---|---|
//! | `template` | files with the structure in their places |
//! | `calculation` | one frame from its folder to its labels |
//! | `shell` | the command |
//!
//! A calculation is known by its structure and its files: what is done is not done again, whoever asks for it; where
//! a file has changed it is another calculation. Several processes may work on the same folder.

mod calculation;
mod shell;
mod template;

use crate::digest;
use crate::error::{Error, Result};
use crate::input::LabelPlan;
use crate::io::{self, Format, Frame, Precision, WriteOptions};
use crate::workflow::dynamics::Stop;
pub use calculation::Ended;
use calculation::{Calculation, Files};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use template::Template;

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Labelled {
    /// Frames with labels, in the order they were given.
    pub frames: Vec<Frame>,
    /// Those without: which one of those that were given, its folder, and why.
    pub failed: Vec<(usize, PathBuf, String)>,
    /// How many of all were done before.
    pub before: usize,
}

/// How far it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Calculations that are over, well or not.
    pub done: usize,
    /// Those of them that failed.
    pub failed: usize,
    /// All.
    pub total: usize,
}

/// So many calculations that fail before one has succeeded are enough: something is wrong with all of them.
const HOPELESS: usize = 3;

/// Computes frames that are not done yet; `progress` is told now and then, from several threads.
///
/// # Errors
/// [`Error::Interrupted`] if it was stopped, [`Error::Physics`] if the first calculations all fail, [`Error::Busy`] if
/// another process works on some when all others are done.
pub fn label(
    plan: &LabelPlan,
    here: &Path,
    frames: Vec<Frame>,
    retry: bool,
    stop: &Stop,
    progress: &(dyn Fn(Count) + Sync),
) -> Result<Labelled> {
    let files = files(plan, here)?;
    let all = frames.into_iter().map(|frame| Calculation::new(frame, plan, &files));
    let all: Vec<Calculation> = all.collect::<Result<_>>()?;
    let known: Vec<Option<Ended>> = all.iter().map(Calculation::known).collect::<Result<_>>()?;
    let is_open = |known: &Option<Ended>| match known {
        None => true,
        Some(Ended::Failed(_)) => retry,
        Some(_) => false,
    };
    // A frame that is there twice is one calculation.
    let mut first = BTreeMap::new();
    let twin: Vec<usize> =
        all.iter().enumerate().map(|(k, one)| *first.entry(one.folder()).or_insert(k)).collect();
    let open: Vec<usize> = (0..all.len()).filter(|k| twin[*k] == *k && is_open(&known[*k])).collect();
    let labelled = |ended: &Option<Ended>| matches!(ended, Some(Ended::Labelled(_)));
    let job = Job {
        before: known.iter().filter(|known| labelled(known)).count(),
        ended: Mutex::new(known),
        next: AtomicUsize::new(0),
        broken: AtomicBool::new(false),
    };
    progress(job.count()?);
    let work = || -> Result<()> {
        while stop.reason().is_none() && !job.broken.load(Ordering::Relaxed) {
            let Some(&k) = open.get(job.next.fetch_add(1, Ordering::Relaxed)) else { break };
            let ended = all[k].run(plan, &files, retry, stop);
            if ended.is_err() {
                job.broken.store(true, Ordering::Relaxed);
            }
            job.take(k, ended?)?;
            progress(job.count()?);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..plan.parallel.min(open.len())).map(|_| scope.spawn(work)).collect();
        lanes.into_iter().try_for_each(|lane| lane.join().map_err(|_| panicked())?)
    })?;
    job.finish(plan, &all, &twin, stop)
}

/// Calculations that are being worked on.
struct Job {
    ended: Mutex<Vec<Option<Ended>>>,
    before: usize,
    next: AtomicUsize,
    /// Is there no use in going on?
    broken: AtomicBool,
}

fn panicked() -> Error {
    Error::Internal("a calculation ended in a panic".into())
}

impl Job {
    fn take(&self, k: usize, how: Ended) -> Result<()> {
        let mut ended = self.ended.lock().map_err(|_| panicked())?;
        ended[k] = Some(how);
        let [labelled, failed] = tally(&ended);
        self.broken.fetch_or(labelled == 0 && failed >= HOPELESS, Ordering::Relaxed);
        Ok(())
    }

    fn count(&self) -> Result<Count> {
        let ended = self.ended.lock().map_err(|_| panicked())?;
        let [labelled, failed] = tally(&ended);
        Ok(Count { done: labelled + failed, failed, total: ended.len() })
    }

    /// `twin` is for each frame the first of those whose calculation is the same.
    fn finish(self, plan: &LabelPlan, all: &[Calculation], twin: &[usize], stop: &Stop) -> Result<Labelled> {
        let hopeless = self.broken.into_inner();
        let mut result = Labelled { before: self.before, ..Labelled::default() };
        let (mut waiting, mut elsewhere) = (0, 0);
        let ended = self.ended.into_inner().map_err(|_| panicked())?;
        for (k, one) in all.iter().enumerate() {
            match &ended[twin[k]] {
                Some(Ended::Labelled(labels)) => result.frames.push(one.labelled(labels, plan)),
                Some(Ended::Failed(why)) => result.failed.push((k, one.folder().to_path_buf(), why.clone())),
                Some(Ended::Elsewhere) => elsewhere += 1,
                Some(Ended::Stopped) | None => waiting += 1,
            }
        }
        if let (Some((_, folder, why)), true) = (result.failed.first(), hopeless) {
            let many = result.failed.len();
            return Err(Error::Physics(format!(
                "the first {many} calculations failed, and none has come to an end: {why}\n   {}",
                folder.display()
            )));
        }
        if waiting > 0 {
            let reason = stop.reason().unwrap_or("a failure");
            let done = result.frames.len() + result.failed.len();
            return Err(Error::Interrupted(format!(
                "stopped by {reason} with {done} of {} calculations done; the same command goes on",
                all.len()
            )));
        }
        if elsewhere > 0 {
            return Err(Error::Busy(format!(
                "another process works on {elsewhere} of {} calculations, the others are done; \
                 the same command gathers them all when it is",
                all.len()
            )));
        }
        Ok(result)
    }
}

/// How many have labels, and how many will have none.
fn tally(ended: &[Option<Ended>]) -> [usize; 2] {
    let count = |is: fn(&Ended) -> bool| ended.iter().flatten().filter(|ended| is(ended)).count();
    [count(|e| matches!(e, Ended::Labelled(_))), count(|e| matches!(e, Ended::Failed(_)))]
}

/// Refuses files that do not say where the atoms are, or whose places stand for nothing; paths start from `here`.
pub fn check(plan: &LabelPlan, here: &Path) -> Result<()> {
    files(plan, here).map(drop)
}

/// The files of a plan, checked.
fn files(plan: &LabelPlan, here: &Path) -> Result<Files> {
    let here = std::path::absolute(Path::new(".").join(here)).map_err(Error::io(here, "find"))?;
    let templates: Vec<Template> =
        plan.files.iter().map(|file| Template::read(file)).collect::<Result<_>>()?;
    if plan.structure.is_none() && !templates.iter().any(Template::has_atoms) {
        return Err(Error::invalid(
            "no file of the calculation says where the atoms are\n   expected {{atoms}} in one of `files`, or `structure = \"POSCAR\"`",
        ));
    }
    if let Some(name) = &plan.structure {
        let format = Format::from_name_for_writing(Path::new(name))?;
        format.check_writes(Path::new(name))?;
    }
    let depends = plan.depends.iter().map(|file| digest::of_file(file)).collect::<Result<_>>()?;
    Ok(Files { templates, depends, here })
}

/// Writes frames with their labels.
pub fn write(frames: &[Frame], output: &Path) -> Result<()> {
    let mut writer = io::create_whole(output, None, &WriteOptions { precision: Precision::Seventeen })?;
    frames.iter().try_for_each(|frame| writer.write(frame))?;
    writer.finish()
}
