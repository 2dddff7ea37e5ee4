//! Datasets with a row for each frame.

use crate::error::{Error, Result};
use rust_hdf5::H5Dataset;
use std::path::{Path, PathBuf};

/// So many numbers are read at once, at least one frame.
const BLOCK: usize = 1 << 20;

/// A dataset with a row for each frame, read in blocks.
pub(super) struct Rows {
    pub(super) path: PathBuf,
    pub(super) dataset: H5Dataset,
    pub(super) shape: Vec<usize>,
    pub(super) factor: f64,
    /// Rows in memory, and which is the first.
    pub(super) block: Vec<f64>,
    pub(super) first: usize,
}

impl Rows {
    fn row_length(&self) -> usize {
        self.shape[1..].iter().product()
    }

    /// That of frame `k`.
    pub(super) fn row(&mut self, k: usize) -> Result<&[f64]> {
        let length = self.row_length();
        if k < self.first || k >= self.first + self.block.len() / length.max(1) {
            // Whole chunks, as far as they have a reasonable size: each is inflated once.
            let chunk = self.dataset.chunk_dims().map_or(1, |dims| dims[0].max(1));
            let most = (BLOCK / length.max(1)).max(1);
            let first = if chunk <= most { k / chunk * chunk } else { k };
            let count = (most / chunk * chunk).max(if chunk <= most { chunk } else { 1 });
            let mut starts = vec![0; self.shape.len()];
            let mut counts = self.shape.clone();
            (starts[0], counts[0]) = (first, count.min(self.shape[0] - first));
            let dataset = &self.dataset;
            let read = dataset.read_numeric_slice_as::<f64>(&starts, &counts);
            self.block = read
                .or_else(|_| dataset.read_numeric_slice_as::<i64>(&starts, &counts).map(reals))
                .map_err(|e| complaint(&self.path, &format!("frame {k} cannot be read: {e}")))?;
            for x in &mut self.block {
                *x *= self.factor;
            }
            self.first = first;
        }
        let at = (k - self.first) * length;
        self.block
            .get(at..at + length)
            .ok_or_else(|| complaint(&self.path, &format!("frame {k} is not complete")))
    }
}

/// Steps and images are whole numbers, far below 2⁵³.
pub(super) fn reals(integers: Vec<i64>) -> Vec<f64> {
    integers.into_iter().map(|n| n as f64).collect()
}

/// What is wrong with a file.
pub(super) fn complaint(path: &Path, what: &str) -> Error {
    Error::invalid(format!("{}: {what}", path.display()))
}
