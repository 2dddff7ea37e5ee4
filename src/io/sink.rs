//! Opening files for writing, and noticing when the disk is full.

use super::{Format, WriteFrames, WriteOptions};
use crate::error::{Error, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Creates a file (compressed if its name ends in `.gz`) that takes frames.
///
/// The format is that of the name unless one is given.
pub fn create(path: &Path, format: Option<Format>, options: &WriteOptions) -> Result<Box<dyn WriteFrames>> {
    let format = format.map_or_else(|| Format::from_name_for_writing(path), Ok)?;
    let writer = format.writer(path)?;
    Ok(writer(Sink::create(path)?, options))
}

/// Where a writer puts its text: a buffered file, compressed or not.
pub(super) struct Sink {
    path: PathBuf,
    output: Output,
}

enum Output {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

impl Sink {
    /// Creates or truncates a file.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let file = BufWriter::with_capacity(1 << 16, File::create(path).map_err(Error::io(path, "create"))?);
        let gzip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        let output = if gzip {
            Output::Gzip(Box::new(GzEncoder::new(file, Compression::default())))
        } else {
            Output::Plain(file)
        };
        Ok(Self { path: path.to_path_buf(), output })
    }

    /// Appends text, usually a whole frame.
    pub(super) fn put(&mut self, text: &str) -> Result<()> {
        let written = match &mut self.output {
            Output::Plain(file) => file.write_all(text.as_bytes()),
            Output::Gzip(file) => file.write_all(text.as_bytes()),
        };
        written.map_err(Error::io(&self.path, "write"))
    }

    /// Writes what is left and asks the disk to confirm.
    pub(super) fn finish(self) -> Result<()> {
        let Self { path, output } = self;
        let finished = match output {
            Output::Plain(file) => Ok(file),
            Output::Gzip(file) => file.finish(),
        };
        finished
            .and_then(|buffer| buffer.into_inner().map_err(std::io::IntoInnerError::into_error))
            .and_then(|file| match file.sync_data() {
                // Pipes and terminals have nothing to confirm.
                Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
                    Ok(())
                }
                confirmed => confirmed,
            })
            .map_err(Error::io(path, "write"))
    }
}
