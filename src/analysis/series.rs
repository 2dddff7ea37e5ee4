//! The collective displacement of each element, frame by frame.

use crate::system::Vec3;

/// Σ_i u_i(t) over the atoms of each element: 24 bytes per element and frame, the only thing here that grows with
/// the length of a run.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// Per element: the sums, Å, one per frame.
    pub sums: Vec<Vec<Vec3>>,
}

impl Series {
    /// For so many elements.
    pub fn new(elements: usize) -> Self {
        Self { sums: vec![Vec::new(); elements] }
    }

    /// Number of frames.
    pub fn len(&self) -> usize {
        self.sums.first().map_or(0, Vec::len)
    }

    /// Were there no frames?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Σ_s w_s X_s(t): with charges for weights, the dipole that the current moves.
    pub fn combined(&self, weights: &[f64]) -> Vec<Vec3> {
        (0..self.len()).map(|t| self.sums.iter().zip(weights).map(|(sum, w)| sum[t] * *w).sum()).collect()
    }
}

/// ⟨(a(t+lag) − a(t)) · (b(t+lag) − b(t))⟩ over all origins, and its three parts.
pub(super) fn correlation(a: &[Vec3], b: &[Vec3], lag: usize) -> [f64; 3] {
    let mut sum = Vec3::zeros();
    let n = a.len().saturating_sub(lag);
    for t in 0..n {
        sum += (a[t + lag] - a[t]).component_mul(&(b[t + lag] - b[t]));
    }
    sum /= n.max(1) as f64;
    [sum.x, sum.y, sum.z]
}
