//! Frames from one file into another.

use super::Selection;
use crate::error::{Error, Result};
use crate::io::{self, FileUnits, Format, ReadOptions, Staged, WriteOptions};
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
    /// What the first frame had and the output has not, by the names of [`io::Frame::properties`].
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
        let mut writer = io::create(staged.path(), Some(format), &self.writing)?;
        let mut done = 0;
        let mut had = None;
        let taken = self.frames.each(&self.input, &self.reading, |frame| {
            writer.write(&frame)?;
            let properties = || frame.properties().into_iter().map(str::to_string).collect();
            had.get_or_insert_with(properties);
            done += 1;
            progress(done);
            Ok(())
        })?;
        if taken == 0 {
            return Err(Error::invalid(format!("{}: no frame was chosen", self.input.display())));
        }
        writer.finish()?;
        let lost = match had.filter(|_| staged.is_file()) {
            Some(had) => lost(had, staged.path(), format)?,
            None => Vec::new(),
        };
        staged.commit()?;
        Ok(Converted { frames: taken, format, lost })
    }
}

/// What of these properties the first frame of a file does not have.
fn lost(mut had: Vec<String>, path: &Path, format: Format) -> Result<Vec<String>> {
    let units = Some(FileUnits::EV_ANGSTROM);
    let options =
        ReadOptions { format: Some(format), units, stand_in_elements: true, ..ReadOptions::default() };
    if let Some(frame) = io::open(path, &options)?.next().transpose()? {
        let has = frame.properties();
        had.retain(|property| !has.contains(&property.as_str()));
    }
    Ok(had)
}
