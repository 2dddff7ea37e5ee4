//! Where the other half of each pair is.

use super::Pair;
use rayon::prelude::*;

/// For each pair (i → j, S) the place of (j → i, −S).
///
/// Rows are sorted, so as i ascends, the halves (j → i) are met in row j one after the other: a cursor per
/// row finds each in a step. Each thread works on a stretch of rows with cursors of its own, placed by bisection
/// when it first meets a row.
pub(super) fn index(offsets: &[usize], pairs: &[Pair]) -> Vec<u32> {
    let atoms = offsets.len().saturating_sub(1);
    let mut reverse = vec![0; pairs.len()];
    let stretch = atoms.div_ceil(rayon::current_num_threads()).max(1024);
    let mut rest = reverse.as_mut_slice();
    let tasks: Vec<_> = (0..atoms)
        .step_by(stretch)
        .map(|first| {
            let last = (first + stretch).min(atoms);
            let (own, tail) = std::mem::take(&mut rest).split_at_mut(offsets[last] - offsets[first]);
            rest = tail;
            (first..last, own)
        })
        .collect();
    tasks.into_par_iter().for_each(|(rows, reverse)| {
        let first = offsets[rows.start];
        // The place after the last half that was found in each row.
        let mut cursors = vec![0_u32; atoms];
        for i in rows.clone() {
            for place in offsets[i]..offsets[i + 1] {
                let pair = pairs[place];
                let j = pair.atom as usize;
                let sought = pair.reversed(i as u32);
                let mut cursor = cursors[j] as usize;
                // Images of one atom are met from the last to the first (S ascends, −S descends), so a cursor
                // is right for the first of them alone. One that has left its row may stand on the same
                // neighbour of the next atom.
                let row = offsets[j]..offsets[j + 1];
                if !row.contains(&cursor) || pairs[cursor] != sought {
                    cursor = row.start + pairs[row].partition_point(|other| *other < sought);
                }
                reverse[place - first] = cursor as u32;
                cursors[j] = cursor as u32 + 1;
            }
        }
    });
    reverse
}
