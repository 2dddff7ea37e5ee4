//! The pairs, bin by bin, in two passes.
//!
//! The first counts, the second fills rows whose places are known by then. Nothing but the list itself is
//! stored, and threads write to rows of their own.

use super::Pair;
use super::candidates::Candidates;
use super::fault::{COINCIDENT, Fault};
use super::grid::Grid;
use rayon::prelude::*;
use std::ops::Range;

/// Atoms in one parallel task, roughly.
const TASK: usize = 512;

/// Fills `offsets` and `pairs` with all pairs of the grid's atoms.
pub(super) fn fill(grid: &Grid<'_>, offsets: &mut Vec<usize>, pairs: &mut Vec<Pair>) -> Result<(), Fault> {
    if grid.cutoff <= COINCIDENT {
        // Nothing can be that near.
        pairs.clear();
        offsets.clear();
        offsets.resize(grid.atoms.len() + 1, 0);
        return Ok(());
    }
    let tasks = tasks(grid);
    let counted: Vec<Result<Vec<u32>, Fault>> = tasks
        .par_iter()
        .map_init(Candidates::default, |candidates, bins| {
            let mut counts = Vec::with_capacity(2 * TASK);
            for bin in bins.clone() {
                candidates.gather(grid, bin);
                for (own, slot) in grid.slots(bin).enumerate() {
                    counts.push(candidates.count(grid, own, slot)?);
                }
            }
            Ok(counts)
        })
        .collect();

    offsets.clear();
    offsets.resize(grid.atoms.len() + 1, 0);
    let mut atoms = grid.atoms.iter();
    for counts in counted {
        // The first fault in the order of the bins, whichever thread met one first.
        for (count, atom) in counts?.into_iter().zip(&mut atoms) {
            offsets[*atom as usize + 1] = count as usize;
        }
    }
    for atom in 0..grid.atoms.len() {
        offsets[atom + 1] += offsets[atom];
    }
    let total = offsets[grid.atoms.len()];
    if total > u32::MAX as usize {
        return Err(Fault::TooMany { what: "pairs" });
    }
    pairs.try_reserve_exact(total.saturating_sub(pairs.len())).map_err(|_| Fault::Memory { pairs: total })?;
    pairs.resize(total, Pair::default());

    let filled: Vec<Result<(), Fault>> = rows(grid, offsets, pairs, &tasks)
        .into_par_iter()
        .map_init(Candidates::default, |candidates, (bins, rows)| {
            let mut rows = rows.into_iter();
            for bin in bins {
                candidates.gather(grid, bin);
                candidates.sort(grid);
                for (slot, row) in grid.slots(bin).zip(&mut rows) {
                    candidates.fill(grid, slot, row)?;
                }
            }
            Ok(())
        })
        .collect();
    filled.into_iter().collect()
}

/// Occupied bins in groups of about [`TASK`] atoms: the same groups for any number of threads.
fn tasks(grid: &Grid<'_>) -> Vec<Range<usize>> {
    let mut tasks = Vec::with_capacity(grid.atoms.len() / TASK + 1);
    let (mut first, mut atoms) = (0, 0);
    for bin in 0..grid.occupied() {
        atoms += grid.slots(bin).len();
        if atoms >= TASK || bin + 1 == grid.occupied() {
            tasks.push(first..bin + 1);
            (first, atoms) = (bin + 1, 0);
        }
    }
    tasks
}

/// A task and the rows of its atoms, slot after slot.
type Rows<'a> = (Range<usize>, Vec<&'a mut [Pair]>);

/// Hands each task the rows of its atoms, slot after slot.
fn rows<'p>(
    grid: &Grid<'_>,
    offsets: &[usize],
    pairs: &'p mut [Pair],
    tasks: &[Range<usize>],
) -> Vec<Rows<'p>> {
    let mut rest = pairs;
    let mut by_atom: Vec<&mut [Pair]> = offsets
        .windows(2)
        .map(|ends| {
            let (row, tail) = std::mem::take(&mut rest).split_at_mut(ends[1] - ends[0]);
            rest = tail;
            row
        })
        .collect();
    let mut take = |slot: usize| std::mem::take(&mut by_atom[grid.atoms[slot] as usize]);
    tasks
        .iter()
        .map(|bins| {
            let slots = grid.slots(bins.start).start..grid.slots(bins.end - 1).end;
            (bins.clone(), slots.map(&mut take).collect())
        })
        .collect()
}
