//! Learning rates that change from epoch to epoch.

/// How the rate falls after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Course {
    /// It does not.
    Constant,
    /// Along half a cosine, to `last` in the last epoch.
    Cosine {
        /// The rate in the last epoch.
        last: f64,
    },
    /// By the same factor every epoch, to `last` in the last epoch.
    Exponential {
        /// The rate in the last epoch.
        last: f64,
    },
    /// By `factor` whenever the loss has not become smaller for so many epochs.
    Plateau {
        /// What the rate is multiplied by.
        factor: f64,
        /// How many epochs without a smaller loss are borne.
        patience: u64,
    },
}

/// A learning rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// After the warm-up.
    pub first: f64,
    /// How it goes on.
    pub course: Course,
    /// Epochs in which the rate rises in equal steps to `first`.
    pub warm_up: u64,
    /// The number of epochs.
    pub epochs: u64,
}

impl Schedule {
    /// The rate in an epoch, counted from zero, when there were so many `plateaus`.
    pub fn at(self, epoch: u64, plateaus: u64) -> f64 {
        if epoch < self.warm_up {
            return self.first * (epoch + 1) as f64 / (self.warm_up + 1) as f64;
        }
        let span = self.epochs.saturating_sub(self.warm_up).max(1);
        let done = ((epoch - self.warm_up) as f64 / span as f64).min(1.0);
        match self.course {
            Course::Constant => self.first,
            Course::Cosine { last } => {
                last + 0.5 * (self.first - last) * (1.0 + (std::f64::consts::PI * done).cos())
            }
            Course::Exponential { last } => self.first * (last / self.first).powf(done),
            Course::Plateau { factor, .. } => self.first * factor.powi(plateaus.min(1000) as i32),
        }
    }
}

/// Counts the times that a loss stopped falling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plateaus {
    /// How many there were.
    pub count: u64,
    best: f64,
    since: u64,
}

impl Default for Plateaus {
    fn default() -> Self {
        Self { count: 0, best: f64::INFINITY, since: 0 }
    }
}

impl Plateaus {
    /// Learns the loss of an epoch.
    pub fn push(&mut self, loss: f64, schedule: Schedule) {
        let Course::Plateau { patience, .. } = schedule.course else { return };
        if loss < self.best {
            (self.best, self.since) = (loss, 0);
            return;
        }
        self.since += 1;
        if self.since > patience {
            (self.count, self.since) = (self.count + 1, 0);
        }
    }

    /// As numbers.
    pub fn save(self) -> [f64; 3] {
        [self.count as f64, self.best, self.since as f64]
    }

    /// What [`Plateaus::save`] gave.
    pub fn load([count, best, since]: [f64; 3]) -> Self {
        Self { count: count as u64, best, since: since as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_go_where_they_should() {
        let make = |course| Schedule { first: 0.1, course, warm_up: 4, epochs: 104 };
        let constant = make(Course::Constant);
        assert_eq!(constant.at(0, 0), 0.02);
        assert!((constant.at(3, 0) - 0.08).abs() < 1e-15);
        assert_eq!((constant.at(4, 0), constant.at(500, 0)), (0.1, 0.1));
        for course in [Course::Cosine { last: 1e-3 }, Course::Exponential { last: 1e-3 }] {
            let schedule = make(course);
            assert!((schedule.at(4, 0) - 0.1).abs() < 1e-15 && (schedule.at(104, 0) - 1e-3).abs() < 1e-15);
            let halfway = if matches!(course, Course::Cosine { .. }) { 0.0505 } else { 1e-2 };
            assert!((schedule.at(54, 0) - halfway).abs() < 1e-12);
        }
        let plateau = make(Course::Plateau { factor: 0.5, patience: 2 });
        let mut plateaus = Plateaus::default();
        for loss in [3.0, 2.0, 2.5, 2.1, 2.2, 2.2] {
            plateaus.push(loss, plateau);
        }
        assert_eq!((plateaus.count, plateau.at(50, plateaus.count)), (1, 0.05));
        assert_eq!(Plateaus::load(plateaus.save()), plateaus);
    }
}
