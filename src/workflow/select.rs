//! The frames of many that are worth their DFT: most unlike what is known, and each other.

use super::closest::try_closest;
use crate::error::{Error, Result};
use crate::io::{self, ColumnValues, Frame, Origin, ReadOptions, Value, WriteOptions};
use crate::neighbors::Fault;
use crate::potential::{DescriptorSet, LoadOptions, load_descriptor};
use crate::system::Element;
use crate::train::dataset::{FORCES_STD, is_predicted};
use crate::train::features::{self, FrameFeatures};
use crate::train::novelty::{self, Wanted};
use std::fs;
use std::path::{Path, PathBuf};

/// What to choose from, and how much of it.
#[derive(Debug, Clone)]
pub struct Request {
    /// The potential, or a setup of one, whose descriptor tells how unlike atoms are.
    pub potential: PathBuf,
    /// Files of frames to choose from.
    pub files: Vec<PathBuf>,
    /// Files of frames that are known already.
    pub known: Vec<PathBuf>,
    /// How to read them.
    pub reading: ReadOptions,
    /// How many, and how novel at least.
    pub wanted: Wanted,
    /// What is left out before.
    pub limits: Limits,
    /// The file for the chosen frames.
    pub output: PathBuf,
}

/// Frames that are no good.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// Two atoms are nearer than this, Å.
    pub closest: Option<f64>,
    /// The members of the committee that kept the frame are further apart than this in the force on an atom, eV/Å.
    pub spread: Option<f64>,
}

/// A frame that was chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// Where it was.
    pub origin: Origin,
    /// How novel it was, in standard deviations of the descriptors; infinite for the first where nothing was known.
    pub novelty: f64,
    /// The atom that was least known, and its element.
    pub atom: (usize, Element),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Selected {
    /// The chosen frames, the most novel first.
    pub chosen: Vec<Chosen>,
    /// Frames that were looked at, and those of them that were no good for two near atoms or for the committee.
    pub frames: usize,
    /// See [`Selected::frames`].
    pub left_out: [usize; 2],
    /// How novel the most novel of the others is.
    pub rest: f64,
}

/// Chooses frames and writes them; `progress` is told how many of how many have been compared.
pub fn run(request: &Request, progress: &mut dyn FnMut(u64, u64)) -> Result<Selected> {
    let format = io::check_output(&request.output)?;
    if format.holds_one() && request.wanted.most > 1 {
        return Err(Error::invalid(format!(
            "{}: {} holds one structure, not the {} that may be chosen\n   expected a name that ends in .extxyz",
            request.output.display(),
            format.info().title,
            request.wanted.most
        )));
    }
    let mut inputs = request.files.iter().chain(&request.known);
    if let Some(input) = inputs.find(|file| io::same_file(file, &request.output)) {
        return Err(Error::invalid(format!(
            "{}: the input and the output are the same file",
            input.display()
        )));
    }
    let set = load_descriptor(&request.potential, &LoadOptions { units: request.reading.units })?;
    let known = read(&request.known, &request.reading)?;
    let all = read(&request.files, &request.reading)?;
    let (selected, frames) = choose(&set, &known, all, request.wanted, request.limits, progress)?;
    if !frames.is_empty() {
        write(&frames, &request.output)?;
    } else if request.output.exists() {
        // Frames that an earlier choice left would be taken for this one.
        fs::remove_file(&request.output).map_err(Error::io(&request.output, "remove"))?;
    }
    Ok(selected)
}

/// Chooses among `all`: what was chosen, and the frames as they are to be computed.
pub(super) fn choose(
    set: &DescriptorSet,
    known: &[Frame],
    all: Vec<Frame>,
    wanted: Wanted,
    limits: Limits,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(Selected, Vec<Frame>)> {
    let frames = all.len();
    let (good, left_out) = good(all, limits)?;
    if good.is_empty() {
        return Err(Error::invalid(format!("none of the {frames} frames can be chosen")));
    }
    let total = (known.len() + wanted.most.min(good.len())) as u64;
    let known = descriptors(set, known)?;
    let mut done = 0;
    let mut tick = || {
        done += 1;
        progress(done, total);
    };
    let candidates = descriptors(set, &good)?;
    let (picks, rest) = novelty::farthest(set, &known, &candidates, wanted, &mut tick);
    let chosen = picks.iter().map(|pick| Chosen {
        origin: good[pick.frame].origin.clone(),
        novelty: pick.novelty,
        atom: (pick.atom, good[pick.frame].species[pick.atom]),
    });
    let selected = Selected { chosen: chosen.collect(), frames, left_out, rest };
    let wanted = picks.iter().map(|pick| {
        let mut frame = good[pick.frame].clone();
        // Energy and forces of a frame that a guard kept, or that a committee was asked about, are those of the potential:
        // nothing to learn from.
        if is_predicted(&frame) {
            (frame.energy, frame.forces, frame.stress) = (None, None, None);
        }
        if pick.novelty.is_finite() {
            frame.info.insert("novelty".into(), Value::Real(pick.novelty));
        }
        frame
    });
    Ok((selected, wanted.collect()))
}

/// Writes frames into a file of their own.
pub(super) fn write(frames: &[Frame], output: &Path) -> Result<()> {
    let mut writer = io::create_whole(output, None, &WriteOptions::default())?;
    frames.iter().try_for_each(|frame| writer.write(frame))?;
    writer.finish()
}

fn read(files: &[PathBuf], reading: &ReadOptions) -> Result<Vec<Frame>> {
    let mut frames = Vec::new();
    for file in files {
        for frame in io::open(file, reading)? {
            frames.push(frame?);
        }
    }
    Ok(frames)
}

/// The frames within the limits, and how many were not, by limit.
fn good(frames: Vec<Frame>, limits: Limits) -> Result<(Vec<Frame>, [usize; 2])> {
    let (mut good, mut left_out) = (Vec::new(), [0; 2]);
    for frame in frames {
        if let Some(limit) = limits.closest
            && nearest(&frame)? < limit
        {
            left_out[0] += 1;
        } else if let Some(limit) = limits.spread
            && spread(&frame)? > limit
        {
            left_out[1] += 1;
        } else {
            good.push(frame);
        }
    }
    Ok((good, left_out))
}

/// How near the two nearest atoms of a frame are; infinite where there are no two.
fn nearest(frame: &Frame) -> Result<f64> {
    match try_closest(&frame.cell, &frame.positions) {
        Ok(found) => Ok(found.map_or(f64::INFINITY, |pair| pair.distance)),
        Err(Fault::SamePlace { .. }) => Ok(0.0),
        Err(fault) => Err(Error::invalid(format!("{}: {fault}", frame.origin))),
    }
}

/// How far the members of a committee are apart in the force on an atom of this frame.
fn spread(frame: &Frame) -> Result<f64> {
    match frame.columns.get(FORCES_STD).map(|column| &column.values) {
        Some(ColumnValues::Reals(values)) => Ok(values.iter().copied().fold(0.0, f64::max)),
        _ => Err(Error::invalid(format!(
            "{}: there is no column {FORCES_STD}, by which a committee says how far its members are apart\n   expected the \
             disagreed.extxyz of a run, or what `mlmd evaluate -o` writes with a committee",
            frame.origin
        ))),
    }
}

fn descriptors(set: &DescriptorSet, frames: &[Frame]) -> Result<Vec<FrameFeatures>> {
    features::compute(set, &frames.iter().collect::<Vec<_>>(), false, &|| Ok(()))
}
