//! Stops a run whose physics has left the permitted range.

use super::Observer;
use crate::error::{Error, Result};
use crate::io::{self, Format, Frame, WriteOptions};
use crate::md::State;
use std::path::{Path, PathBuf};

/// Looks for numbers that are not finite and temperatures that no run meant.
///
/// When it stops a run, the last good configuration and the bad one are in a file, ready for a closer
/// look or for DFT.
#[derive(Debug)]
pub struct Guard {
    path: PathBuf,
    every: u64,
    /// The highest permitted temperature, K.
    hottest: f64,
    last_good: Option<Frame>,
}

impl Guard {
    /// Looks every `every` steps; offending frames go into `path` (extended XYZ).
    pub fn new(path: impl AsRef<Path>, every: u64, hottest: f64) -> Self {
        Self { path: path.as_ref().to_path_buf(), every, hottest, last_good: None }
    }

    fn frame(state: &State) -> Frame {
        let mut frame = Frame::from(&state.system);
        frame.energy = Some(state.energy);
        frame.forces = Some(state.forces.clone());
        frame
    }

    fn stop(&self, state: &State, reason: &str) -> Error {
        let mut frames: Vec<Frame> = self.last_good.iter().cloned().collect();
        if state.system.positions.iter().chain(&state.forces).all(|v| v.iter().all(|x| x.is_finite())) {
            frames.push(Self::frame(state));
        }
        let saved = io::create(&self.path, Some(Format::ExtendedXyz), &WriteOptions::default()).and_then(
            |mut writer| {
                frames.iter().try_for_each(|frame| writer.write(frame))?;
                writer.finish()
            },
        );
        let place = match saved {
            Ok(()) => format!("the frames are in {}", self.path.display()),
            Err(error) => format!("the frames could not be saved: {error}"),
        };
        Error::Physics(format!("step {}: {reason}; {place}", state.system.step))
    }
}

impl Observer for Guard {
    fn every(&self) -> u64 {
        self.every
    }

    fn observe(&mut self, state: &State, conserved: f64) -> Result<()> {
        let temperature = state.temperature();
        if !(conserved.is_finite() && state.energy.is_finite() && temperature.is_finite()) {
            return Err(self.stop(state, "energy or forces are not finite numbers"));
        }
        if temperature > self.hottest {
            let reason =
                format!("the temperature is {temperature:.0} K, above the limit of {:.0} K", self.hottest);
            return Err(self.stop(state, &reason));
        }
        self.last_good = Some(Self::frame(state));
        Ok(())
    }
}
