//! What a training reached: errors on the frames it learnt from, on frames its members did not see, and on
//! those of the test.

use super::members::Member;
use super::prepared::Prepared;
use crate::error::{Error, Result};
use crate::input::train::TrainPlan;
use crate::report::Part;
use crate::train::loss::Target;
use crate::units::EV_PER_ANGSTROM3_IN_GPA;
use crate::workflow::{Differences, ErrorTable};
use std::path::{Path, PathBuf};

/// What was reached.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Where everything was written.
    pub folder: PathBuf,
    /// Errors of the committee's mean on all frames that train or validate some member.
    pub learning: ErrorTable,
    /// Errors on frames that validate, of the mean of the members that did not train on them.
    pub validation: ErrorTable,
    /// Errors on the frames of the test.
    pub test: Option<ErrorTable>,
    /// Epochs of all members.
    pub epochs: u64,
    /// Wall times of all members, added; several may have trained side by side. Seconds.
    pub seconds: f64,
    /// Time of the potential per atom and step on one thread, µs, and the number of atoms it was measured on.
    pub cost: Option<(f64, usize)>,
}

/// References and predictions of the frames, for plots.
pub(super) struct Predictions {
    pub(super) parts: Vec<Part>,
}

/// Rows of all frames, each the mean over the members it belongs to; `None` if there are none.
type Means = Vec<Option<Vec<f64>>>;

/// Errors of what was trained, and what plots are made of.
pub(super) fn report(
    plan: &TrainPlan,
    prepared: &Prepared,
    members: &[Member],
    folder: &Path,
) -> Result<(Report, Predictions)> {
    let first = members.first().ok_or_else(|| Error::Internal("a training without members".into()))?;
    let targets = prepared.targets(plan, &first.split);
    let total = prepared.samples.len();
    let every: Vec<usize> = (0..total).collect();
    let each: Vec<Vec<Vec<f64>>> = (0..members.len())
        .map(|member| prepared.differences(plan, &targets, members, member))
        .collect::<Result<_>>()?;
    let mean = |belongs: &dyn Fn(usize, usize) -> bool| -> Means {
        every
            .iter()
            .map(|k| mean_of(each.iter().enumerate().filter(|(m, _)| belongs(*m, *k)).map(|(_, d)| &d[*k])))
            .collect()
    };
    let all = mean(&|_, _| true);
    let trained = mean(&|m, k| members[m].split.train.binary_search(&k).is_ok());
    let unseen = mean(&|m, k| members[m].split.validation.binary_search(&k).is_ok());
    let learning = 0..prepared.learning;
    let test = prepared.learning..total;
    let table = |rows: &Means, frames: std::ops::Range<usize>| {
        let mut table = ErrorTable::default();
        for k in frames {
            if let Some(rows) = &rows[k] {
                table.push(&prepared.samples[k].frame, &differences(&targets[k], rows), k as u64);
            }
        }
        table
    };
    let sets = [("training", &trained, &learning), ("validation", &unseen, &learning), ("test", &all, &test)];
    let parts = sets.into_iter().map(|(name, rows, frames)| part(name, &targets, rows, frames.clone()));
    let last = || members.iter().filter_map(|m| m.curve().last());
    let report = Report {
        folder: folder.to_path_buf(),
        learning: table(&all, learning.clone()),
        validation: table(&unseen, learning.clone()),
        test: (!test.is_empty()).then(|| table(&all, test.clone())),
        epochs: last().map(|p| p.epoch).sum(),
        seconds: last().map(|p| p.seconds).sum(),
        cost: None,
    };
    Ok((report, Predictions { parts: parts.filter(|p| p.points.iter().any(|p| !p.is_empty())).collect() }))
}

fn mean_of<'a>(rows: impl Iterator<Item = &'a Vec<f64>>) -> Option<Vec<f64>> {
    let mut count = 0.0;
    let mut sum: Option<Vec<f64>> = None;
    for rows in rows {
        count += 1.0;
        match &mut sum {
            None => sum = Some(rows.clone()),
            Some(sum) => sum.iter_mut().zip(rows).for_each(|(s, d)| *s += d),
        }
    }
    sum.map(|sum| sum.into_iter().map(|s| s / count).collect())
}

/// The kind of a row (0 energy, 1 force, 2 stress) and its unit as people read it, of an energy per atom.
fn kind(target: &Target, row: usize) -> (usize, f64) {
    match row {
        0 => (0, 1.0 / target.atoms as f64),
        row if row <= 3 * target.atoms => (1, 1.0),
        _ => (2, EV_PER_ANGSTROM3_IN_GPA),
    }
}

/// The differences of a frame where it has references.
fn differences(target: &Target, rows: &[f64]) -> Differences {
    let mut differences = Differences::default();
    for (row, d) in rows.iter().enumerate().filter(|(row, _)| target.inverse_sigma[*row] > 0.0) {
        let (kind, unit) = kind(target, row);
        match kind {
            0 => differences.energy = Some(d * unit),
            1 => differences.forces.push(*d),
            _ => differences.stress.push(d * unit),
        }
    }
    differences
}

fn part(name: &str, targets: &[Target], rows: &Means, frames: std::ops::Range<usize>) -> Part {
    let mut part = Part { name: name.to_string(), ..Part::default() };
    for k in frames {
        let (Some(rows), target) = (&rows[k], &targets[k]) else { continue };
        for (row, d) in rows.iter().enumerate().filter(|(row, _)| target.inverse_sigma[*row] > 0.0) {
            let (kind, unit) = kind(target, row);
            // Energies in meV beyond those of the elements.
            let (offset, unit) = if kind == 0 { (target.offset, 1e3 * unit) } else { (0.0, unit) };
            let reference = target.references[row] - offset;
            part.points[kind].push([reference * unit, (reference + d) * unit]);
        }
    }
    part
}
