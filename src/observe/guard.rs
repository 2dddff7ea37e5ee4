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
    /// The lowest and the highest temperature, K, and what to do beyond each.
    pub temperature: [(f64, Policy); 2],
    /// How far the cell may get from what it was at the start.
    pub cell: CellLimits,
    /// The least distance of two atoms, Å.
    pub distance: Option<(f64, Policy)>,
    /// The share of atoms that may be outside the range of the training set at the same time.
    pub extrapolation: Option<(f64, Policy)>,
    /// The least number of steps between two collected frames.
    pub spacing: u64,
}

/// How far a cell may get from what it was at the start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CellLimits {
    /// A volume that is larger by this factor, or smaller, has exploded or collapsed.
    pub volume: f64,
    /// A height less than this share of what it was, at equal volume, is no height of the same crystal.
    pub height: f64,
    /// What to do.
    pub policy: Policy,
}

impl Default for CellLimits {
    fn default() -> Self {
        Self { volume: 8.0, height: 0.5, policy: Policy::Stop }
    }
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
    /// The cell at the start, if it has a volume.
    cell: Option<Cell>,
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
    Volume { value: f64, start: f64, factor: f64 },
    Height { along: usize, value: f64, start: f64, share: f64 },
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
            Self::Volume { value, start, factor } => {
                let side = if value > start {
                    format!("more than {factor} times")
                } else {
                    format!("less than 1/{factor} of")
                };
                write!(f, "the cell has {value:.3e} Å³, {side} the {start:.0} Å³ it began with")
            }
            Self::Height { along, value, start, share } => write!(
                f,
                "the cell has lost its shape: it is {value:.2} Å high along {}, less than {share} of the {start:.2} Å that it \
                 would be if only its volume had changed (a liquid has no shape to keep: its barostat wants \
                 `mode = \"isotropic\"`)",
                ["a", "b", "c"][*along]
            ),
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
        Self { folder, every, limits, cell: None, last_good: None, table, collected }
    }

    /// Watches for a cell that explodes, collapses or loses its shape; it begins with this one.
    #[must_use]
    pub fn in_cell(self, cell: &Cell) -> Self {
        Self { cell: cell.is_bulk().then(|| cell.clone()), ..self }
    }

    /// What is wrong with a cell.
    fn look_at_cell(&self, cell: &Cell) -> Option<Finding> {
        let (from, CellLimits { volume, height, .. }) = (self.cell.as_ref()?, self.limits.cell);
        let (value, start) = (cell.volume(), from.volume());
        if value > start * volume || value < start / volume {
            return Some(Finding::Volume { value, start, factor: volume });
        }
        let scale = (value / start).cbrt();
        let (now, then) = (cell.heights(), from.heights().map(|height| height * scale));
        let flattest = (0..3).min_by(|i, j| (now[*i] / then[*i]).total_cmp(&(now[*j] / then[*j])))?;
        (now[flattest] < height * then[flattest]).then(|| Finding::Height {
            along: flattest,
            value: now[flattest],
            start: then[flattest],
            share: height,
        })
    }

    /// What is wrong with a state, and what to do about it.
    fn look(&self, state: &State, conserved: f64) -> Result<Vec<(Finding, Policy)>> {
        let temperature = state.temperature();
        let finite = conserved.is_finite() && state.energy.is_finite() && temperature.is_finite();
        if !finite || !vectors_are_finite(state) {
            return Ok(vec![(Finding::NotFinite, Policy::Stop)]);
        }
        let mut findings = Vec::new();
        let [(lowest, below), (highest, above)] = self.limits.temperature;
        let (value, bounds) = (temperature, [lowest, highest]);
        if temperature < lowest {
            findings.push((Finding::Temperature { value, bounds }, below));
        }
        if temperature > highest {
            findings.push((Finding::Temperature { value, bounds }, above));
        }
        if let Some(finding) = self.look_at_cell(&state.system.cell) {
            findings.push((finding, self.limits.cell.policy));
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
            Finding::Volume { value, start, factor } => {
                format!("{head},volume_A3,,,,{value},{},{}\n", start / factor, start * factor)
            }
            Finding::Height { value, start, share, .. } => {
                format!("{head},height_A,,,,{value},{},\n", start * share)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Mat3;

    fn looked_at(edges: [f64; 3], limits: CellLimits) -> Option<String> {
        let limits = Limits {
            temperature: [(0.0, Policy::Stop), (f64::INFINITY, Policy::Stop)],
            cell: limits,
            distance: None,
            extrapolation: None,
            spacing: 1,
        };
        let start = Cell::orthorhombic(10.0, 10.0, 40.0).unwrap();
        let guard = Guard::new("nowhere", 1, limits).in_cell(&start);
        let [a, b, c] = edges;
        guard.look_at_cell(&Cell::orthorhombic(a, b, c).unwrap()).map(|finding| finding.to_string())
    }

    /// What is watched is the shape: a cell that only shrinks may do so as far as its volume says, and a long edge counts
    /// as much as a short one.
    #[test]
    fn volume_and_shape_of_the_cell_are_watched() {
        let usual = CellLimits::default();
        assert_eq!(looked_at([10.0, 10.0, 40.0], usual), None);
        assert_eq!(looked_at([5.1, 5.1, 20.4], usual), None);
        assert_eq!(looked_at([14.0, 14.0, 20.5], usual), None);
        let found = |edges, limits, what: &str| {
            let told = looked_at(edges, limits).unwrap();
            assert!(told.contains(what), "{told}");
        };
        found([4.9, 4.9, 19.6], usual, "less than 1/8 of the 4000 Å³");
        found([20.1, 20.1, 80.4], usual, "more than 8 times the 4000 Å³");
        found([15.0, 15.0, 18.0], usual, "18.00 Å high along c, less than 0.5 of the 40.17 Å");
        found([15.0, 15.0, 18.0], usual, "`mode = \"isotropic\"`");
        assert_eq!(looked_at([4.9, 4.9, 19.6], CellLimits { volume: 20.0, ..usual }), None);
        assert_eq!(looked_at([15.0, 15.0, 18.0], CellLimits { height: 0.0, ..usual }), None);
    }

    /// A shear by which edges keep their lengths flattens a cell as well.
    #[test]
    fn heights_count_and_not_edges() {
        let start = Cell::orthorhombic(10.0, 10.0, 10.0).unwrap();
        let slanted = Mat3::new(10.0, 0.0, 0.0, 8.8, 4.7, 0.0, 0.0, 0.0, 21.0);
        let limits = Limits {
            temperature: [(0.0, Policy::Stop), (f64::INFINITY, Policy::Stop)],
            cell: CellLimits::default(),
            distance: None,
            extrapolation: None,
            spacing: 1,
        };
        let guard = Guard::new("nowhere", 1, limits).in_cell(&start);
        let found = guard.look_at_cell(&Cell::from_matrix(slanted, [true; 3]).unwrap());
        assert!(matches!(found, Some(Finding::Height { along: 0 | 1, .. })), "{found:?}");
    }
}
