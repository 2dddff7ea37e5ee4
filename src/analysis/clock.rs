//! When the frames of a trajectory were.

use crate::error::{Error, Result};
use crate::io::Frame;
use crate::system::Vec3;

/// When the frames were.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    /// The time between frames that was said, fs.
    given: Option<f64>,
    first: f64,
    last: f64,
    /// That of the first two frames, or what was said, fs.
    interval: Option<f64>,
    /// Do all frames say the same time? Then it says nothing.
    stopped: bool,
    /// The positions of the first frame, until the clock has moved.
    start: Vec<Vec3>,
    /// Where there are only step numbers: the first and the last one, and how many pass from frame to frame.
    begin: Option<u64>,
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
            self.start.clone_from(&frame.positions);
        } else {
            let passed = time - self.last;
            // A frame that was written twice has the same atoms at the same places.
            self.stopped |= n == 1 && passed == 0.0 && self.start != frame.positions;
            if self.stopped {
                return self.stand(frame, time);
            }
            if passed == 0.0 {
                return Ok(false);
            }
            self.start.clear();
            let interval = *self.interval.get_or_insert(passed);
            let expected = self.last + interval;
            if (self.first..self.last).contains(&time) {
                return Err(Error::invalid(format!(
                    "{}: the frames from {time} to {} fs are there twice\n   expected every frame once: \
                     a run that goes on from an older checkpoint repeats some; leave those out",
                    frame.origin, self.last
                )));
            }
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

    /// A frame of a file whose frames all say the same time (CP2K following a trajectory does not count it).
    fn stand(&mut self, frame: &Frame, time: f64) -> Result<bool> {
        if time != self.first {
            return Err(Error::invalid(format!(
                "{}: the frame is at {time} fs, but frames before it are all at {} fs",
                frame.origin, self.first
            )));
        }
        if self.given.is_some() {
            return self.count(frame);
        }
        Err(Error::invalid(format!(
            "{}: the frame is another than the first, but says the same time, {time} fs\n   \
             expected the time between frames: --interval \"50 fs\"",
            frame.origin
        )))
    }

    /// Looks at the step number of a frame without a time; false if it is that of the frame before. A number that is not
    /// above the first one begins another count; another smaller one is that of a run that went on from an older checkpoint.
    fn count(&mut self, frame: &Frame) -> Result<bool> {
        let (Some(step), before) = (frame.step, self.step) else { return Ok(true) };
        let begin = *self.begin.get_or_insert(step);
        self.step = Some(step);
        if let Some(before) = before.filter(|before| begin < step && step < *before) {
            return Err(Error::invalid(format!(
                "{}: steps {step} to {before} are there twice\n   expected every step once: \
                 a run that goes on from an older checkpoint repeats some; leave those out",
                frame.origin
            )));
        }
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
