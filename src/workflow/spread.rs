//! Smallest, largest and mean of many numbers.

/// Smallest, largest, mean and root mean square of numbers, collected one by one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// How many numbers.
    pub count: u64,
    /// The smallest; +∞ if there are none.
    pub min: f64,
    /// The largest; −∞ if there are none.
    pub max: f64,
    sum: f64,
    squares: f64,
}

impl Default for Spread {
    fn default() -> Self {
        Self { count: 0, min: f64::INFINITY, max: f64::NEG_INFINITY, sum: 0.0, squares: 0.0 }
    }
}

impl Spread {
    /// Adds a number.
    pub fn push(&mut self, x: f64) {
        self.count += 1;
        self.min = self.min.min(x);
        self.max = self.max.max(x);
        self.sum += x;
        self.squares += x * x;
    }

    /// Σx/n.
    pub fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }

    /// √(Σx²/n).
    pub fn rms(&self) -> f64 {
        (self.squares / self.count as f64).sqrt()
    }

    /// Are there no numbers?
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}
