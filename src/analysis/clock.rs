//! When the frames of a trajectory were.

use crate::error::{Error, Result};
use crate::io::Frame;

/// When the frames were.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    /// The time between frames that was said, fs.
    given: Option<f64>,
    first: f64,
    last: f64,
    /// That of the first two frames, or what was said, fs.
    interval: Option<f64>,
    /// Where there are only step numbers: the last one, and how many pass from frame to frame.
    step: Option<u64>,
    stride: Option<u64>,
}

impl Clock {
    /// For frames with so much time between them, fs, where they do not say it.
    pub(super) fn new(given: Option<f64>) -> Self {
        Self { given, interval: given, ..Self::default() }
    }

    /// Reads the time of a frame, the `n`-th; false if it is that of the frame before.
    pub(super) fn tick(&mut self, frame: &Frame, n: usize) -> Result<bool> {
        let Some(time) = frame.time else {
            if self.given.is_some() {
                return self.count(frame);
            }
            return Err(Error::invalid(format!(
                "{}: the file does not say when its frames were\n   expected the time between frames: --interval \"50 fs\"",
                frame.origin
            )));
        };
        if n == 0 {
            self.first = time;
        } else {
            let passed = time - self.last;
            if passed == 0.0 {
                return Ok(false);
            }
            let interval = *self.interval.get_or_insert(passed);
            let expected = self.last + interval;
            // Times are printed with a few digits; half a percent of an interval is no missing frame.
            if (time - expected).abs() > 5e-3 * interval.abs() + 1e-9 * time.abs() || interval <= 0.0 {
                return Err(Error::invalid(format!(
                    "{}: the frame is at {time} fs where {expected} fs was expected: frames are missing or \
                     unevenly spaced",
                    frame.origin
                )));
            }
        }
        self.last = time;
        Ok(true)
    }

    /// Looks at the step number of a frame without a time; false if it is that of the frame before. A smaller number begins
    /// another count.
    fn count(&mut self, frame: &Frame) -> Result<bool> {
        let (Some(step), before) = (frame.step, self.step) else { return Ok(true) };
        self.step = Some(step);
        let Some(passed) = before.and_then(|before| step.checked_sub(before)) else { return Ok(true) };
        if passed == 0 {
            return Ok(false);
        }
        let stride = *self.stride.get_or_insert(passed);
        if passed == stride {
            return Ok(true);
        }
        Err(Error::invalid(format!(
            "{}: the frame is of step {step} where {} was expected: frames are missing or unevenly spaced",
            frame.origin,
            step - passed + stride
        )))
    }

    /// The time between so many frames, fs: what was said, or the mean, which knows more digits than the first of them.
    pub(super) fn mean(&self, frames: usize) -> Option<f64> {
        let known = self.last > self.first && frames > 1;
        self.given.or_else(|| known.then(|| (self.last - self.first) / (frames - 1) as f64)).or(self.interval)
    }
}
