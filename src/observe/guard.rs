//! Watches a run whose physics may leave the permitted range.

use super::Observer;
use crate::error::{Error, Result};
use crate::io::{self, ColumnValues, Format, Frame, Value, WriteOptions, open_at};
use crate::md::State;
use crate::neighbors::NeighborList;
use crate::potential::Extrapolation;
use std::fmt;
use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

/// What to do about something that should not be; each does what the one before does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// A row in `guards.csv`.
    Warn,
    /// The frame in `collected.extxyz`.
    Collect,
    /// The run stops, with its last good frame and the bad one in `stopped.extxyz`.
    Stop,
}

/// What is watched for. Numbers that are not finite always stop a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Bounds of the temperature, K.
    pub temperature: ([f64; 2], Policy),
    /// The least distance of two atoms, Å.
    pub distance: Option<(f64, Policy)>,
    /// The share of atoms that may be outside the range of the training set at the same time.
    pub extrapolation: Option<(f64, Policy)>,
    /// The least number of steps between two collected frames.
    pub spacing: u64,
}

/// So many rows about extrapolating atoms are written at each look: those furthest out.
const ROWS: usize = 3;

const HEADER: &str = "step,time_fs,what,atom,element,descriptor,value,lowest,highest\n";

/// Looks for what a run must not come to, every so many steps.
#[derive(Debug)]
pub struct Guard {
    folder: PathBuf,
    every: u64,
    limits: Limits,
    last_good: Option<Frame>,
    /// `guards.csv`, once there is something to say.
    table: Option<File>,
    /// How long the files are: `guards.csv`, `collected.extxyz`.
    lengths: [u64; 2],
    /// The step after that of the last frame that was collected; zero if there was none.
    collected: u64,
}

/// Something that should not be.
#[derive(Debug, Clone, PartialEq)]
enum Finding {
    NotFinite,
    Temperature { value: f64, bounds: [f64; 2] },
    Close { atoms: [usize; 2], distance: f64, limit: f64 },
    Extrapolation { atoms: usize, of: usize, furthest: Vec<Extrapolation> },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite => write!(f, "energy, forces or positions are not finite numbers"),
            Self::Temperature { value, bounds: [lowest, highest] } => {
                let (side, limit) = if value > highest { ("above", highest) } else { ("below", lowest) };
                // An explosion has no need of thirty digits.
                let value = if *value < 1e6 { format!("{value:.0}") } else { format!("{value:.1e}") };
                write!(f, "the temperature is {value} K, {side} the limit of {limit:.0} K")
            }
            Self::Close { atoms: [i, j], distance, limit } => {
                write!(f, "atoms {i} and {j} are {distance:.3} Å apart, closer than {limit} Å")
            }
            Self::Extrapolation { atoms, of, furthest } => {
                write!(f, "{atoms} of {of} atoms are outside the range of the training set")?;
                match furthest.first() {
                    Some(one) => write!(
                        f,
                        ", furthest atom {} in descriptor {}: {:.4}, trained from {:.4} to {:.4}",
                        one.atom, one.descriptor, one.value, one.range[0], one.range[1]
                    ),
                    None => Ok(()),
                }
            }
        }
    }
}

impl Guard {
    /// Looks every `every` steps; files go into `folder`.
    pub fn new(folder: impl AsRef<Path>, every: u64, limits: Limits) -> Self {
        let folder = folder.as_ref().to_path_buf();
        Self { folder, every, limits, last_good: None, table: None, lengths: [0; 2], collected: 0 }
    }

    /// What is wrong with a state, and what to do about it.
    fn look(&self, state: &State, conserved: f64) -> Result<Vec<(Finding, Policy)>> {
        let temperature = state.temperature();
        let finite = conserved.is_finite() && state.energy.is_finite() && temperature.is_finite();
        if !finite || !vectors_are_finite(state) {
            return Ok(vec![(Finding::NotFinite, Policy::Stop)]);
        }
        let mut findings = Vec::new();
        let (bounds, policy) = self.limits.temperature;
        if temperature < bounds[0] || temperature > bounds[1] {
            findings.push((Finding::Temperature { value: temperature, bounds }, policy));
        }
        if let Some((limit, policy)) = self.limits.distance
            && let Some(finding) = closest(state, limit)?
        {
            findings.push((finding, policy));
        }
        if let Some((share, policy)) = self.limits.extrapolation {
            let outside = &state.extrapolation;
            // They are sorted by atom.
            let atoms = outside.chunk_by(|a, b| a.atom == b.atom).count();
            if atoms as f64 > share * state.system.len() as f64 {
                let mut furthest = outside.clone();
                furthest.sort_by(|a, b| excess(b).total_cmp(&excess(a)));
                furthest.truncate(ROWS);
                findings.push((Finding::Extrapolation { atoms, of: state.system.len(), furthest }, policy));
            }
        }
        Ok(findings)
    }

    /// Writes the rows of a finding.
    fn tell(&mut self, state: &State, finding: &Finding) -> Result<()> {
        let system = &state.system;
        let head = format!("{},{}", system.step, system.time);
        let element = |atom: usize| system.species.get(atom).map_or("", |element| element.symbol());
        let rows = match finding {
            Finding::NotFinite => format!("{head},not finite,,,,,,\n"),
            Finding::Temperature { value, bounds: [lowest, highest] } => {
                format!("{head},temperature_K,,,,{value},{lowest},{highest}\n")
            }
            Finding::Close { atoms: [i, _], distance, limit } => {
                format!("{head},distance_A,{i},{},,{distance},{limit},\n", element(*i))
            }
            Finding::Extrapolation { furthest, .. } => {
                let mut rows = String::new();
                for one in furthest {
                    let (symbol, [lowest, highest]) = (element(one.atom as usize), one.range);
                    let Extrapolation { atom, descriptor, value, .. } = one;
                    // Writing into a string cannot fail.
                    let _ = fmt::Write::write_fmt(
                        &mut rows,
                        format_args!(
                            "{head},extrapolation,{atom},{symbol},{descriptor},{value},{lowest},{highest}\n"
                        ),
                    );
                }
                rows
            }
        };
        let path = self.folder.join("guards.csv");
        let file = match &mut self.table {
            Some(file) => file,
            empty => empty.insert(open_at(&path, self.lengths[0])?),
        };
        let header = if self.lengths[0] == 0 { HEADER } else { "" };
        let text = format!("{header}{rows}");
        self.lengths[0] += text.len() as u64;
        file.write_all(text.as_bytes()).map_err(Error::io(path, "write"))
    }

    /// Keeps the frame, unless one was kept a moment ago.
    fn collect(&mut self, state: &State, reason: &str) -> Result<()> {
        let step = state.system.step;
        if self.collected > 0 && step < self.collected - 1 + self.limits.spacing {
            return Ok(());
        }
        let path = self.folder.join("collected.extxyz");
        let mut writer = io::append(&path, Format::ExtendedXyz, &WriteOptions::default(), self.lengths[1])?;
        writer.write(&frame(state, reason))?;
        writer.finish()?;
        self.lengths[1] = std::fs::metadata(&path).map_err(Error::io(&path, "measure"))?.len();
        self.collected = step + 1;
        Ok(())
    }

    /// Saves the last good frame and the bad one, as far as it is made of numbers.
    fn stop(&self, state: &State, reason: &str) -> Error {
        let mut frames: Vec<Frame> = self.last_good.iter().cloned().collect();
        if vectors_are_finite(state) {
            frames.push(frame(state, reason));
        }
        let path = self.folder.join("stopped.extxyz");
        let saved =
            io::create(&path, Some(Format::ExtendedXyz), &WriteOptions::default()).and_then(|mut writer| {
                frames.iter().try_for_each(|frame| writer.write(frame))?;
                writer.finish()
            });
        let place = match saved {
            Ok(()) => format!("the frames are in {}", path.display()),
            Err(error) => format!("the frames could not be saved: {error}"),
        };
        Error::Physics(format!("step {}: {reason}; {place}", state.system.step))
    }
}

fn vectors_are_finite(state: &State) -> bool {
    state.system.positions.iter().chain(&state.forces).all(|v| v.iter().all(|x| x.is_finite()))
}

/// How far outside, in widths of the range.
fn excess(one: &Extrapolation) -> f64 {
    let [lowest, highest] = one.range;
    (one.value - highest).max(lowest - one.value) / (highest - lowest).max(f64::MIN_POSITIVE)
}

/// The two atoms nearest to each other, if they are closer than a limit.
fn closest(state: &State, limit: f64) -> Result<Option<Finding>> {
    let system = &state.system;
    let list = NeighborList::build(&system.cell, &system.positions, limit)?;
    let mut nearest: Option<(f64, [usize; 2])> = None;
    for i in 0..list.len() {
        for pair in list.neighbors(i).iter().filter(|pair| pair.atom as usize >= i) {
            let distance = NeighborList::vector(&system.cell, &system.positions, i, *pair).norm();
            if nearest.is_none_or(|(least, _)| distance < least) {
                nearest = Some((distance, [i, pair.atom as usize]));
            }
        }
    }
    Ok(nearest.map(|(distance, atoms)| Finding::Close { atoms, distance, limit }))
}

/// A frame for a closer look or for DFT; it says why it was kept, and which atoms extrapolate.
fn frame(state: &State, reason: &str) -> Frame {
    let mut frame = Frame::from(&state.system);
    frame.energy = Some(state.energy);
    frame.forces = Some(state.forces.clone());
    if !reason.is_empty() {
        frame.info.insert("guard".into(), Value::Text(reason.into()));
    }
    if !state.extrapolation.is_empty() {
        let mut outside = vec![0; state.system.len()];
        for one in &state.extrapolation {
            outside[one.atom as usize] += 1;
        }
        let column = io::Column { width: 1, values: ColumnValues::Integers(outside) };
        frame.columns.insert("extrapolating".into(), column);
    }
    frame
}

impl Observer for Guard {
    fn every(&self) -> u64 {
        self.every
    }

    fn observe(&mut self, state: &State, conserved: f64) -> Result<()> {
        let findings = self.look(state, conserved)?;
        let reasons: Vec<String> = findings.iter().map(|(finding, _)| finding.to_string()).collect();
        let reason = reasons.join("; ");
        for (finding, _) in &findings {
            self.tell(state, finding)?;
        }
        match findings.iter().map(|(_, policy)| *policy).max() {
            None => self.last_good = Some(frame(state, "")),
            Some(Policy::Warn) => {}
            Some(Policy::Collect) => self.collect(state, &reason)?,
            Some(Policy::Stop) => return Err(self.stop(state, &reason)),
        }
        Ok(())
    }

    fn lost(&mut self, state: &State, reason: &str) -> Option<Error> {
        Some(self.stop(state, reason))
    }

    fn mark(&mut self) -> Result<Vec<u64>> {
        if let Some(file) = &mut self.table {
            let path = self.folder.join("guards.csv");
            file.sync_data().and_then(|()| file.stream_position()).map_err(Error::io(path, "write"))?;
        }
        Ok(vec![self.lengths[0], self.lengths[1], self.collected])
    }

    fn rewind(&mut self, mark: &[u64]) -> Result<()> {
        let [table, frames, collected] = *mark.first_chunk::<3>().unwrap_or(&[0; 3]);
        (self.lengths, self.collected, self.table) = ([table, frames], collected, None);
        // What is not there has nothing to cut off; most runs never write these files.
        for (name, length) in [("guards.csv", table), ("collected.extxyz", frames)] {
            let path = self.folder.join(name);
            if path.exists() {
                open_at(&path, length)?;
            }
        }
        Ok(())
    }
}
