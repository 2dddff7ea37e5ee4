//! How far computed values are from reference values.

/// Root mean square, mean absolute, mean, and largest difference, collected one by one.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Deviation {
    /// How many differences.
    pub count: u64,
    sum: f64,
    absolute: f64,
    squares: f64,
    /// The largest absolute difference.
    pub largest: f64,
    /// Which frame it is in.
    pub frame: u64,
}

impl Deviation {
    /// Adds computed − reference of a frame.
    pub fn push(&mut self, difference: f64, frame: u64) {
        self.count += 1;
        self.sum += difference;
        self.absolute += difference.abs();
        self.squares += difference * difference;
        // Not a number is as bad as it gets, and must not pass unseen.
        if difference.abs() > self.largest || (difference.is_nan() && !self.largest.is_nan()) {
            self.largest = difference.abs();
            self.frame = frame;
        }
    }

    /// √(Σd²/n), or `None` without differences.
    pub fn rmse(&self) -> Option<f64> {
        (self.count > 0).then(|| (self.squares / self.count as f64).sqrt())
    }

    /// Σ|d|/n, or `None` without differences.
    pub fn mae(&self) -> Option<f64> {
        (self.count > 0).then(|| self.absolute / self.count as f64)
    }

    /// Σd/n, or `None` without differences.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_summed_up() {
        let mut d = Deviation::default();
        assert_eq!((d.rmse(), d.mae(), d.mean()), (None, None, None));
        for (frame, x) in [3.0, -4.0, 1.0].into_iter().enumerate() {
            d.push(x, frame as u64);
        }
        assert_eq!(d.rmse(), Some((26.0_f64 / 3.0).sqrt()));
        assert_eq!((d.mae(), d.mean()), (Some(8.0 / 3.0), Some(0.0)));
        assert_eq!((d.largest, d.frame), (4.0, 1));
        d.push(f64::NAN, 7);
        d.push(9.0, 8);
        assert!(d.largest.is_nan() && d.frame == 7);
    }
}
