//! Positions of the atoms, frame after frame.

use super::Observer;
use crate::error::{Error, Result};
use crate::io::{self, Format, Frame, Precision, WriteFrames, WriteOptions};
use crate::md::State;
use std::path::{Path, PathBuf};

/// Writes a frame every so many steps, in any format of trajectories that [`crate::io`] writes.
///
/// Frames hold positions, the cells crossed where the format has a place for them, velocities, and the energy.
pub struct Trajectory {
    path: PathBuf,
    format: Format,
    every: u64,
    /// How long the file was at the last mark.
    length: u64,
    /// Open between the first frame after a mark and the next mark.
    writer: Option<Box<dyn WriteFrames>>,
}

impl Trajectory {
    /// How frames are written: a binary file in single precision, a text file so that it reads back to the bit.
    fn options(&self) -> WriteOptions {
        let precision = if self.format == Format::H5md { Precision::Single } else { Precision::Shortest };
        WriteOptions { precision }
    }

    /// Frames go into `path`, one every `every` steps.
    pub fn new(path: impl AsRef<Path>, format: Format, every: u64) -> Self {
        Self { path: path.as_ref().to_path_buf(), format, every, length: 0, writer: None }
    }
}

impl Observer for Trajectory {
    fn every(&self) -> u64 {
        self.every
    }

    fn observe(&mut self, state: &State, _: f64) -> Result<()> {
        let mut frame = Frame::from(&state.system);
        frame.energy = Some(state.energy);
        let writer = if let Some(writer) = &mut self.writer {
            writer
        } else {
            let options = self.options();
            self.writer.insert(io::append(&self.path, self.format, &options, self.length)?)
        };
        writer.write(&frame)
    }

    fn mark(&mut self) -> Result<Vec<u64>> {
        if let Some(writer) = self.writer.take() {
            writer.finish()?;
            self.length = std::fs::metadata(&self.path).map_err(Error::io(&self.path, "measure"))?.len();
        }
        Ok(vec![self.length])
    }

    fn rewind(&mut self, mark: &[u64]) -> Result<()> {
        self.writer = None;
        self.length = mark.first().copied().unwrap_or(0);
        // Opened and closed once: the file exists, has this length, and can be written.
        io::append(&self.path, self.format, &self.options(), self.length)?.finish()
    }
}
