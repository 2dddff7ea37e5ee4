//! Frames from one file into another.

use super::Selection;
use crate::error::{Error, Result};
use crate::io::{self, FileUnits, Format, Frame, ReadOptions, Staged, WriteOptions};
use std::path::{Path, PathBuf};

/// What to convert, and how.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// The file to read.
    pub input: PathBuf,
    /// How to read it.
    pub reading: ReadOptions,
    /// Which of its frames.
    pub frames: Selection,
    /// The file to write.
    pub output: PathBuf,
    /// Its format; `None`: as its name says.
    pub format: Option<Format>,
    /// How to write it.
    pub writing: WriteOptions,
}

/// What a conversion has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// How many frames were copied.
    pub frames: u64,
    /// The format of the output.
    pub format: Format,
    /// What frames had and the output has not, by the names of [`io::Frame::properties`].
    pub lost: Vec<String>,
}

impl Conversion {
    /// Copies the frames; `progress` is told how many after each.
    ///
    /// The output appears under its name only when all of it is written: a failure half way leaves an
    /// older file of that name as it was.
    pub fn run(&self, progress: &mut dyn FnMut(u64)) -> Result<Converted> {
        if io::same_file(&self.input, &self.output) {
            let path = self.input.display();
            return Err(Error::invalid(format!("{path}: the input and the output are the same file")));
        }
        let format = match self.format {
            Some(format) => format,
            None => Format::from_name_for_writing(&self.output)?,
        };
        format.check_writes(&self.output)?;
        let staged = Staged::new(&self.output)?;
        let renamed = |error| staged.renamed(error);
        let mut writer = io::create(staged.path(), Some(format), &self.writing).map_err(renamed)?;
        let mut done = 0;
        let mut had = Had::default();
        let taken = self.frames.each(&self.input, &self.reading, |frame| {
            writer.write(&frame).map_err(renamed)?;
            had.see(&frame, done == 0);
            done += 1;
            progress(done);
            Ok(())
        })?;
        if taken == 0 {
            return Err(Error::invalid(format!("{}: no frame was chosen", self.input.display())));
        }
        writer.finish().map_err(renamed)?;
        let lost = if staged.is_file() { had.lost(staged.path(), format)? } else { Vec::new() };
        staged.commit()?;
        Ok(Converted { frames: taken, format, lost })
    }
}

/// What frames had, by the names of [`io::Frame::properties`].
#[derive(Default)]
struct Had {
    properties: Vec<String>,
    /// How many of them the first frame had.
    first: usize,
    periodic: [bool; 3],
}

impl Had {
    fn see(&mut self, frame: &Frame, first: bool) {
        for property in frame.properties() {
            if !self.properties.iter().any(|known| known == property) {
                self.properties.push(property.to_string());
            }
        }
        if first {
            (self.first, self.periodic) = (self.properties.len(), frame.cell.periodic());
        }
    }

    /// What of it a file has not.
    fn lost(self, path: &Path, format: Format) -> Result<Vec<String>> {
        let Self { properties: mut lost, first, periodic } = self;
        let units = Some(FileUnits::EV_ANGSTROM);
        let options =
            ReadOptions { format: Some(format), units, stand_in_elements: true, ..ReadOptions::default() };
        // What only later frames had is looked for in all of them.
        let most = if first < lost.len() { usize::MAX } else { 1 };
        let mut open = false;
        for (k, frame) in io::open(path, &options)?.take(most).enumerate() {
            let frame = frame?;
            let has = frame.properties();
            lost.retain(|property| !has.contains(&property.as_str()));
            open |= k == 0 && frame.cell.periodic() != periodic;
            if lost.is_empty() {
                break;
            }
        }
        if open {
            lost.push("directions that are not periodic".into());
        }
        Ok(lost)
    }
}
