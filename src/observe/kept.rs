//! Frames that a guard keeps, for a closer look or for DFT.

use crate::error::{Error, Result};
use crate::io::{self, ColumnValues, Format, Frame, Value, WriteOptions, open_at};
use crate::md::State;
use std::path::PathBuf;

/// A file of frames that lie at least so many steps apart.
#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    spacing: u64,
    /// How long the file is.
    length: u64,
    /// The step after that of the last frame; zero if there is none.
    after: u64,
}

impl Kept {
    pub(super) fn new(path: PathBuf, spacing: u64) -> Self {
        Self { path, spacing, length: 0, after: 0 }
    }

    /// Keeps a frame, unless one was kept a moment ago.
    pub(super) fn keep(&mut self, step: u64, frame: &Frame) -> Result<()> {
        if self.after > 0 && step < self.after - 1 + self.spacing {
            return Ok(());
        }
        let options = WriteOptions::default();
        let mut writer = io::append(&self.path, Format::ExtendedXyz, &options, self.length)?;
        writer.write(frame)?;
        writer.finish()?;
        self.length = std::fs::metadata(&self.path).map_err(Error::io(&self.path, "measure"))?.len();
        self.after = step + 1;
        Ok(())
    }

    /// What [`Kept::rewind`] needs.
    pub(super) fn mark(&self) -> [u64; 2] {
        [self.length, self.after]
    }

    /// Cuts the file to what it was at a mark.
    pub(super) fn rewind(&mut self, [length, after]: [u64; 2]) -> Result<()> {
        (self.length, self.after) = (length, after);
        cut(&self.path, length)
    }
}

/// Cuts a file to a length. What is not there has nothing to cut off; most runs never write the files of guards.
pub(super) fn cut(path: &std::path::Path, length: u64) -> Result<()> {
    if path.exists() {
        open_at(path, length)?;
    }
    Ok(())
}

/// A frame for a closer look or for DFT; it says why it was kept, and which atoms extrapolate.
pub(super) fn frame(state: &State, reason: &str) -> Frame {
    let mut frame = Frame::from(&state.system);
    frame.energy = Some(state.energy);
    frame.forces = Some(state.forces.clone());
    if !reason.is_empty() {
        frame.info.insert("guard".into(), Value::Text(reason.into()));
    }
    if !state.extrapolation.is_empty() {
        let mut outside = vec![0; state.system.len()];
        for one in &state.extrapolation {
            outside[one.atom as usize] += 1;
        }
        let column = io::Column { width: 1, values: ColumnValues::Integers(outside) };
        frame.columns.insert("extrapolating".into(), column);
    }
    frame
}

/// Saves frames as `stopped.extxyz` of a folder, and says what stopped the run.
pub(super) fn stopped(folder: &std::path::Path, step: u64, frames: &[Frame], reason: &str) -> Error {
    let path = folder.join("stopped.extxyz");
    let saved =
        io::create(&path, Some(Format::ExtendedXyz), &WriteOptions::default()).and_then(|mut writer| {
            frames.iter().try_for_each(|frame| writer.write(frame))?;
            writer.finish()
        });
    let place = match saved {
        Ok(()) => format!("the frames are in {}", path.display()),
        Err(error) => format!("the frames could not be saved: {error}"),
    };
    Error::Physics(format!("step {step}: {reason}; {place}"))
}
