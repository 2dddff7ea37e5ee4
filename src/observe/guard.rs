//! Watches a run whose physics may leave the permitted range.

use super::kept::{self, Kept, frame};
use super::table::Table;
use super::{Observer, Policy};
use crate::error::{Error, Result};
use crate::io::Frame;
use crate::md::State;
use crate::neighbors::NeighborList;
use crate::potential::Extrapolation;
use crate::system::Cell;
use std::fmt;
use std::path::{Path, PathBuf};

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

/// A cell that is larger by this factor than at the start, or smaller, has exploded or collapsed.
const SWELLING: f64 = 8.0;

/// So many rows about extrapolating atoms are written at each look: those furthest out.
const ROWS: usize = 3;

const HEADER: &str = "step,time_fs,what,atom,element,descriptor,value,lowest,highest\n";

/// Looks for what a run must not come to, every so many steps.
#[derive(Debug)]
pub struct Guard {
    folder: PathBuf,
    every: u64,
    limits: Limits,
    /// The volume at the start, Å³, of a cell that has one.
    volume: Option<f64>,
    last_good: Option<Frame>,
    /// `guards.csv`, once there is something to say.
    table: Table,
    collected: Kept,
}

/// Something that should not be.
#[derive(Debug, Clone, PartialEq)]
enum Finding {
    NotFinite,
    Temperature { value: f64, bounds: [f64; 2] },
    Volume { value: f64, bounds: [f64; 2] },
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
            Self::Volume { value, bounds: [lowest, highest] } => {
                let (side, limit) = if value > highest {
                    ("more than eight times", highest / SWELLING)
                } else {
                    ("less than an eighth of", lowest * SWELLING)
                };
                write!(f, "the cell has {value:.3e} Å³, {side} the {limit:.0} Å³ it began with")
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
        let collected = Kept::new(folder.join("collected.extxyz"), limits.spacing);
        let table = Table::new(folder.join("guards.csv"), HEADER);
        Self { folder, every, limits, volume: None, last_good: None, table, collected }
    }

    /// Stops a run whose cell explodes or collapses; it begins with this one.
    #[must_use]
    pub fn in_cell(self, cell: &Cell) -> Self {
        Self { volume: cell.is_bulk().then(|| cell.volume()), ..self }
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
        let value = state.system.cell.volume();
        if let Some(bounds) = self.volume.map(|start| [start / SWELLING, start * SWELLING])
            && (value < bounds[0] || value > bounds[1])
        {
            findings.push((Finding::Volume { value, bounds }, Policy::Stop));
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
            Finding::Volume { value, bounds: [lowest, highest] } => {
                format!("{head},volume_A3,,,,{value},{lowest},{highest}\n")
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
        self.table.push(&rows)
    }

    /// Saves the last good frame and the bad one, as far as it is made of numbers.
    fn stop(&self, state: &State, reason: &str) -> Error {
        let mut frames: Vec<Frame> = self.last_good.iter().cloned().collect();
        if vectors_are_finite(state) {
            frames.push(frame(state, reason));
        }
        kept::stopped(&self.folder, state.system.step, &frames, reason)
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
    let nearest = list.closest(&system.cell, &system.positions);
    Ok(nearest.map(|(atoms, distance)| Finding::Close { atoms, distance, limit }))
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
            Some(Policy::Collect) => self.collected.keep(state.system.step, &frame(state, &reason))?,
            Some(Policy::Stop) => return Err(self.stop(state, &reason)),
        }
        Ok(())
    }

    fn lost(&mut self, state: &State, reason: &str) -> Option<Error> {
        Some(self.stop(state, reason))
    }

    fn mark(&mut self) -> Result<Vec<u64>> {
        let [length, after] = self.collected.mark();
        Ok(vec![self.table.mark()?, length, after])
    }

    fn rewind(&mut self, mark: &[u64]) -> Result<()> {
        let [table, length, after] = *mark.first_chunk::<3>().unwrap_or(&[0; 3]);
        self.table.rewind(table)?;
        self.collected.rewind([length, after])
    }
}
