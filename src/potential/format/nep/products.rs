//! Products of more than two moments, and how a file normalises all of them.

use std::f64::consts::PI;

/// A product of more than two moments of one function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Many {
    Three([usize; 3]),
    /// Of four of degree one, coupled to a scalar by twos.
    Four,
}

/// Products of more than two moments that a file can have, in their order; with (l₁ l₂ l₃; 0 0 0)² and its sign.
pub(super) const PRODUCTS: [(Many, f64); 6] = [
    (Many::Three([2, 2, 2]), -2.0 / 35.0),
    // (1 1 0; 0 0 0)² + (1 1 2; 0 0 0)²: all ways to couple four vectors are the same there.
    (Many::Four, 1.0 / 3.0 + 2.0 / 15.0),
    (Many::Three([1, 1, 2]), 2.0 / 15.0),
    (Many::Three([1, 2, 3]), -3.0 / 35.0),
    (Many::Three([2, 3, 3]), 4.0 / 105.0),
    (Many::Three([1, 3, 4]), 4.0 / 63.0),
];

impl Many {
    /// By what the number of the file is larger than that of [`Moments`](crate::descriptors::Moments).
    pub(super) fn factor(self) -> f64 {
        let coupling = PRODUCTS.iter().find(|row| row.0 == self).map_or(0.0, |row| row.1);
        match self {
            Self::Three(degrees) => {
                let norm: f64 = degrees.iter().map(|l| unit(*l)).product();
                coupling.signum() * (coupling.abs() * norm).sqrt()
            }
            Self::Four => coupling * unit(1).powi(2),
        }
    }
}

/// (2l + 1)/4π.
pub(super) fn unit(l: usize) -> f64 {
    (2 * l + 1) as f64 / (4.0 * PI)
}
