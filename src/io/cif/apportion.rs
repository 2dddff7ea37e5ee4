//! Rounding of a table: how many atoms of each element each kind of site gets, where its occupancies do not come to
//! whole numbers.

/// A number that is this close to a whole one is it.
const WHOLE: f64 = 1e-9;

/// Rounds each number of a table up or down so that the rows, which come to whole numbers, keep their sums, and the columns
/// come as near to theirs as that allows: by largest remainder, first over the sums of the columns, then over the table.
/// The first of equals wins.
pub(super) fn apportion(exact: &[Vec<f64>]) -> Vec<Vec<usize>> {
    let columns = exact.first().map_or(0, Vec::len);
    let mut rounded: Vec<Vec<usize>> =
        exact.iter().map(|row| row.iter().copied().map(floor).collect()).collect();
    // What rounding up has to bring to each row and to each column.
    let mut of_row: Vec<usize> = exact.iter().zip(&rounded).map(|(row, low)| total(row) - sum(low)).collect();
    let sums: Vec<f64> = (0..columns).map(|j| exact.iter().map(|row| row[j]).sum()).collect();
    let mut of_column: Vec<usize> = largest_remainders(&sums);
    for (j, more) in of_column.iter_mut().enumerate() {
        *more = more.saturating_sub(rounded.iter().map(|row| row[j]).sum());
    }
    let remainder = |&(i, j): &(usize, usize)| exact[i][j] - floor(exact[i][j]) as f64;
    let mut cells: Vec<(usize, usize)> =
        (0..exact.len()).flat_map(|i| (0..columns).map(move |j| (i, j))).collect();
    cells.retain(|cell| remainder(cell) > WHOLE);
    cells.sort_by(|a, b| remainder(b).total_cmp(&remainder(a)));
    // Rows come before columns: in the second round what they still lack is given without asking the columns.
    for ask in [true, false] {
        cells.retain(|&(i, j)| {
            let up = of_row[i] > 0 && (of_column[j] > 0 || !ask);
            if up {
                rounded[i][j] += 1;
                of_row[i] -= 1;
                of_column[j] = of_column[j].saturating_sub(1);
            }
            !up
        });
    }
    rounded
}

/// Whole numbers nearest to these that have their sum.
fn largest_remainders(exact: &[f64]) -> Vec<usize> {
    let mut counts: Vec<usize> = exact.iter().copied().map(floor).collect();
    while sum(&counts) < total(exact) {
        let mut best = 0;
        for i in 1..counts.len() {
            if exact[i] - counts[i] as f64 > exact[best] - counts[best] as f64 + WHOLE {
                best = i;
            }
        }
        counts[best] += 1;
    }
    counts
}

fn floor(x: f64) -> usize {
    (x + WHOLE).floor() as usize
}

fn total(exact: &[f64]) -> usize {
    exact.iter().sum::<f64>().round() as usize
}

fn sum(counts: &[usize]) -> usize {
    counts.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Philox, Purpose};

    /// One row: fractions of so many sites, and what is empty.
    fn one(fractions: &[f64], sites: usize) -> Vec<usize> {
        let empty = (1.0 - fractions.iter().sum::<f64>()).max(0.0);
        let row = fractions.iter().chain([&empty]).map(|fraction| fraction * sites as f64).collect();
        apportion(&[row]).remove(0)[..fractions.len()].to_vec()
    }

    #[test]
    fn counts_are_nearest_to_the_fractions() {
        assert_eq!(one(&[0.5, 0.5], 5), [3, 2]);
        assert_eq!(one(&[0.333, 0.333], 6), [2, 2]);
        assert_eq!(one(&[0.542], 24), [13]);
        assert_eq!(one(&[0.448], 96), [43]);
        assert_eq!(one(&[0.5], 1), [1]);
        assert_eq!(one(&[1.0], 7), [7]);
        assert_eq!(one(&[0.1, 0.1, 0.8], 4), [1, 0, 3]);
    }

    /// Sites of which none is half full come to one and a half atoms together, and two are there.
    #[test]
    fn what_is_left_over_goes_where_it_is_likeliest() {
        let table = [0.45, 0.3, 0.4, 0.36].map(|fraction| vec![fraction, 1.0 - fraction]);
        assert_eq!(apportion(&table), [[1, 0], [0, 1], [1, 0], [0, 1]]);
    }

    /// Of random tables: every number is rounded up or down, rows keep their sums, and columns are off by less than one but for
    /// a few, where what the rows need leaves them no choice.
    #[test]
    fn rows_and_columns_of_random_tables_keep_their_sums() {
        let mut random = Philox::new(1, Purpose::Occupancies, 0, 0);
        let mut off = 0;
        for _ in 0..500 {
            let columns = 2 + random.below(3) as usize;
            let table: Vec<Vec<f64>> = (0..=random.below(8))
                .map(|_| {
                    let row: Vec<f64> = (0..columns).map(|_| random.uniform()).collect();
                    let scale = (1 + random.below(6)) as f64 / row.iter().sum::<f64>();
                    row.into_iter().map(|x| x * scale).collect()
                })
                .collect();
            let rounded = apportion(&table);
            for (row, exact) in rounded.iter().zip(&table) {
                assert_eq!(sum(row), total(exact));
                assert!(row.iter().zip(exact).all(|(n, x)| (*n as f64 - x).abs() < 1.0));
            }
            let error = |j: usize| -> f64 {
                rounded.iter().zip(&table).map(|(row, exact)| row[j] as f64 - exact[j]).sum()
            };
            off += usize::from((0..columns).any(|j| error(j).abs() >= 1.0));
        }
        assert!(off < 25, "{off} of 500");
    }
}
