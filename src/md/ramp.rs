//! Targets that may change while a run goes on.

/// A target that is constant, or changes linearly between two steps.
///
/// It is a function of the absolute step, so that a run that was interrupted meets the same targets as one
/// that was not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramp {
    /// The value up to `begin`.
    pub from: f64,
    /// The value from `end` on.
    pub to: f64,
    /// The step at which it begins to change.
    pub begin: u64,
    /// The step at which it has changed.
    pub end: u64,
}

impl Ramp {
    /// Always the same.
    pub fn constant(value: f64) -> Self {
        Self { from: value, to: value, begin: 0, end: 0 }
    }

    /// The value at a step.
    pub fn at(&self, step: u64) -> f64 {
        if step <= self.begin || self.from == self.to {
            self.from
        } else if step >= self.end {
            self.to
        } else {
            let fraction = (step - self.begin) as f64 / (self.end - self.begin) as f64;
            self.from + (self.to - self.from) * fraction
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_is_flat_outside() {
        let ramp = Ramp { from: 300.0, to: 500.0, begin: 100, end: 200 };
        let values = [0, 100, 150, 200, 1000].map(|step| ramp.at(step));
        assert_eq!(values, [300.0, 300.0, 400.0, 500.0, 500.0]);
        assert_eq!(Ramp::constant(1.5).at(12), 1.5);
    }
}
