//! Products and factors of large symmetric matrices, in blocks whose sums have the same order for any
//! number of threads.
//!
//! Matrices are stored column after column; only the lower triangle is used.

use nalgebra::{DMatrixView, DMatrixViewMut, Dyn};
use rayon::prelude::*;

/// Columns that are updated together.
const PANEL: usize = 128;

type View<'a> = DMatrixView<'a, f64, Dyn, Dyn>;

/// C += sign·Σ R_kᵀ R_k for blocks R_k of rows of length n, in the lower triangle of C.
pub fn add_products(c: &mut [f64], n: usize, blocks: &[&[f64]], sign: f64) {
    c.par_chunks_mut(n * PANEL).enumerate().for_each(|(panel, columns)| {
        let begin = panel * PANEL;
        let (height, width) = (n - begin, columns.len() / n);
        let mut out = DMatrixViewMut::from_slice_with_strides_mut(&mut columns[begin..], height, width, 1, n);
        for block in blocks {
            let rows = block.len() / n;
            let left: View<'_> = DMatrixView::from_slice_with_strides(&block[begin..], height, rows, 1, n);
            let right: View<'_> = DMatrixView::from_slice_with_strides(&block[begin..], rows, width, n, 1);
            out.gemm(sign, &left, &right, 1.0);
        }
    });
}

/// Replaces the lower triangle of A by its Cholesky factor L, A = L Lᵀ; `false` if A is not positive.
pub fn cholesky(a: &mut [f64], n: usize) -> bool {
    for begin in (0..n).step_by(PANEL) {
        let width = PANEL.min(n - begin);
        // The columns of the panel, each less its product with those before it in the panel.
        for j in begin..begin + width {
            let (before, rest) = a.split_at_mut(j * n);
            let column = &mut rest[j..n];
            for i in begin..j {
                let other = &before[i * n + j..(i + 1) * n];
                let factor = other[0];
                column.iter_mut().zip(other).for_each(|(c, o)| *c -= factor * o);
            }
            let pivot = column[0];
            // Also false for what is not a number.
            if !(pivot > 0.0 && pivot.is_finite()) {
                return false;
            }
            let inverse = 1.0 / pivot.sqrt();
            for c in column {
                *c *= inverse;
            }
        }
        // What is behind the panel, less the product of the panel with itself.
        let end = begin + width;
        let (panel, rest) = a.split_at_mut(end * n);
        let panel = &panel[begin * n..];
        rest.par_chunks_mut(n * PANEL).enumerate().for_each(|(k, columns)| {
            let first = end + k * PANEL;
            let (height, count) = (n - first, columns.len() / n);
            let mut out =
                DMatrixViewMut::from_slice_with_strides_mut(&mut columns[first..], height, count, 1, n);
            let left: View<'_> = DMatrixView::from_slice_with_strides(&panel[first..], height, width, 1, n);
            let right: View<'_> = DMatrixView::from_slice_with_strides(&panel[first..], width, count, n, 1);
            out.gemm(-1.0, &left, &right, 1.0);
        });
    }
    true
}

/// x of L Lᵀ x = b.
pub fn solve(l: &[f64], n: usize, b: &[f64]) -> Vec<f64> {
    let mut x = b.to_vec();
    for j in 0..n {
        let column = &l[j * n + j..(j + 1) * n];
        x[j] /= column[0];
        let value = x[j];
        x[j + 1..].iter_mut().zip(&column[1..]).for_each(|(x, c)| *x -= value * c);
    }
    for j in (0..n).rev() {
        let column = &l[j * n + j..(j + 1) * n];
        let sum: f64 = x[j + 1..].iter().zip(&column[1..]).map(|(x, c)| x * c).sum();
        x[j] = (x[j] - sum) / column[0];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Philox, Purpose};

    /// A matrix larger than a panel, made of random rows: factor, solve, and multiply back.
    #[test]
    fn a_positive_system_is_solved() {
        let (n, rows) = (2 * PANEL + 37, 2 * PANEL + 90);
        let mut random = Philox::new(1, Purpose::General, 0, 0);
        let block: Vec<f64> = (0..n * rows).map(|_| random.normal()).collect();
        let mut a = vec![0.0; n * n];
        add_products(&mut a, n, &[&block[..40 * n], &block[40 * n..]], 1.0);
        for (i, j) in [(5, 3), (200, 130), (n - 1, n - 1)] {
            let exact: f64 = (0..rows).map(|k| block[k * n + i] * block[k * n + j]).sum();
            assert!((a[j * n + i] - exact).abs() < 1e-10 * rows as f64);
        }
        for j in 0..n {
            a[j * n + j] += 1.0;
        }
        let b: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        let mut l = a.clone();
        assert!(cholesky(&mut l, n));
        let x = solve(&l, n, &b);
        let entry = |i: usize, j: usize| if i >= j { a[j * n + i] } else { a[i * n + j] };
        for i in 0..n {
            let product: f64 = (0..n).map(|j| entry(i, j) * x[j]).sum();
            // The condition number is about 10³: round-off times that, and room.
            assert!((product - b[i]).abs() < 1e-9, "{i}: {product} {}", b[i]);
        }
        a[0] = -1.0;
        assert!(!cholesky(&mut a, n));
    }
}
