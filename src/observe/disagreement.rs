//! Watches how far the members of a committee are apart: where they disagree, the frames they learnt from do not tell,
//! and one more is worth its DFT (M. Gastegger, J. Behler and P. Marquetand, Chem. Sci. 8, 6924 (2017)).

use super::kept::{self, Kept};
use super::table::Table;
use super::{Observer, Policy};
use crate::compute::Engine;
use crate::error::{Error, Result};
use crate::io::{self, ColumnValues, Value};
use crate::md::State;
use crate::potential::Uncertainty;
use std::path::{Path, PathBuf};

const TABLE: &str = "disagreement.csv";
/// Where the frames of a run are that its committee disagreed about.
pub const DISAGREED: &str = "disagreed.extxyz";
const HEADER: &str = "step,time_fs,energy_std_mev_per_atom,force_std_mean_ev_per_angstrom,\
                      force_std_max_ev_per_angstrom,atom,element\n";

/// When members disagree too much, and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Steps between two looks.
    pub every: u64,
    /// The largest standard deviation over the members of the force on an atom, eV/Å.
    pub force: f64,
    /// Beyond this, eV/Å, a frame is not kept.
    pub most: f64,
    /// What to do beyond it.
    pub policy: Policy,
    /// The least number of steps between two collected frames.
    pub spacing: u64,
}

/// A committee that judges the frames of a run, in `disagreement.csv` and `disagreed.extxyz`.
#[derive(Debug)]
pub struct Disagreement {
    folder: PathBuf,
    tolerance: Tolerance,
    committee: Engine,
    table: Table,
    kept: Kept,
}

impl Disagreement {
    /// `committee` judges; files go into `folder`.
    pub fn new(folder: impl AsRef<Path>, committee: Engine, tolerance: Tolerance) -> Self {
        let folder = folder.as_ref().to_path_buf();
        let kept = Kept::new(folder.join(DISAGREED), tolerance.spacing);
        let table = Table::new(folder.join(TABLE), HEADER);
        Self { folder, tolerance, committee, table, kept }
    }
}

/// The atom whose force the members know least, and how far they are apart there.
fn widest(spread: &Uncertainty) -> (usize, f64) {
    let all = spread.forces.iter().copied().enumerate();
    all.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0))
}

impl Observer for Disagreement {
    fn every(&self) -> u64 {
        self.tolerance.every
    }

    fn observe(&mut self, state: &State, _conserved: f64) -> Result<()> {
        let spread = self.committee.uncertainty(&state.system)?;
        let spread = spread.ok_or_else(|| Error::Internal("one potential cannot disagree".into()))?;
        let (system, step) = (&state.system, state.system.step);
        let (atom, most) = widest(&spread);
        let (atoms, element) = (system.len() as f64, system.species[atom].symbol());
        let mean = spread.forces.iter().sum::<f64>() / atoms;
        let energy = 1e3 * spread.energy / atoms;
        self.table
            .push(&format!("{step},{},{energy:.6},{mean:.6},{most:.6},{atom},{element}\n", system.time))?;
        let limit = self.tolerance.force;
        if most <= limit || self.tolerance.policy == Policy::Warn {
            return Ok(());
        }
        let reason = format!(
            "the members of the committee are {most:.3} eV/Å apart in the force on atom {atom} ({element}), more than {limit} eV/Å"
        );
        let mut frame = kept::frame(state, &reason);
        let column = io::Column { width: 1, values: ColumnValues::Reals(spread.forces) };
        // As `mlmd evaluate` calls them.
        frame.columns.insert("forces_std".into(), column);
        frame.info.insert("energy_std".into(), Value::Real(spread.energy));
        if self.tolerance.policy == Policy::Stop {
            return Err(kept::stopped(&self.folder, step, &[frame], &reason));
        }
        if most > self.tolerance.most { Ok(()) } else { self.kept.keep(step, &frame) }
    }

    fn mark(&mut self) -> Result<Vec<u64>> {
        let [length, after] = self.kept.mark();
        Ok(vec![self.table.mark()?, length, after])
    }

    fn rewind(&mut self, mark: &[u64]) -> Result<()> {
        let [table, length, after] = *mark.first_chunk::<3>().unwrap_or(&[0; 3]);
        self.table.rewind(table)?;
        self.kept.rewind([length, after])
    }
}

/// How far the members were apart at each look of a run, in the force on the atom they know least, eV/Å; in rising order.
pub fn looks(folder: &Path) -> Vec<f64> {
    let text = std::fs::read_to_string(folder.join(TABLE)).unwrap_or_default();
    let force = |line: &str| line.split(',').nth(4)?.parse::<f64>().ok();
    let mut widest: Vec<f64> = text.lines().skip(1).filter_map(force).collect();
    widest.sort_by(f64::total_cmp);
    widest
}

/// What a person should know of the `disagreement.csv` of a run: how far the members came apart.
pub fn disagreements(folder: &Path, limit: f64) -> Vec<String> {
    let widest = looks(folder);
    if widest.is_empty() {
        return Vec::new();
    }
    let beyond = widest.iter().filter(|most| **most > limit).count();
    vec![format!(
        "the committee is apart in a force by {:.3} eV/Å in the median of {} looks, {:.3} at most; more than {limit} at {beyond}",
        widest[widest.len() / 2],
        widest.len(),
        widest[widest.len() - 1]
    )]
}
