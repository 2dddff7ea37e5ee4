//! Opening files for writing, and noticing when the disk is full.

use super::{Format, WriteFrames, WriteOptions, h5md};
use crate::error::{Error, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Refuses a file that could not be written in the end, before work begins: its format, or a folder that is not there.
pub fn check_output(path: &Path) -> Result<Format> {
    let format = Format::from_name_for_writing(path)?;
    format.check_writes(path)?;
    check_folder(path)?;
    Ok(format)
}

/// Refuses a file in a folder that is not there.
pub fn check_folder(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder.filter(|folder| !folder.is_dir()) {
        Some(folder) => {
            Err(Error::invalid(format!("{}: there is no folder {}", path.display(), folder.display())))
        }
        None => Ok(()),
    }
}

/// Do two paths name the same file?
pub fn same_file(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Creates a file (compressed if its name ends in `.gz`) that takes frames.
///
/// The format is that of the name unless one is given.
pub fn create(path: &Path, format: Option<Format>, options: &WriteOptions) -> Result<Box<dyn WriteFrames>> {
    let format = format.map_or_else(|| Format::from_name_for_writing(path), Ok)?;
    let writer = format.writer(path)?;
    Ok(writer(Sink::create(path)?, options))
}

/// Opens a file that takes further frames after its first `length` bytes; what follows them is cut off. The
/// file is created if it does not exist. Compressed files cannot be appended to.
pub fn append(
    path: &Path,
    format: Format,
    options: &WriteOptions,
    length: u64,
) -> Result<Box<dyn WriteFrames>> {
    if format == Format::H5md {
        return h5md::append(path, options, length);
    }
    let writer = format.writer(path)?;
    Ok(writer(Sink::append(path, length)?, options))
}

/// Opens a file for writing after its first `length` bytes; what follows them is cut off. The file is created if
/// it does not exist, and refused if it is shorter.
pub fn open_at(path: &Path, length: u64) -> Result<File> {
    let open = || -> std::io::Result<File> {
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        if file.metadata()?.len() < length {
            let reason = format!("the file is shorter than the {length} bytes that are to be kept");
            return Err(std::io::Error::new(ErrorKind::UnexpectedEof, reason));
        }
        file.set_len(length)?;
        file.seek(SeekFrom::End(0))?;
        Ok(file)
    };
    open().map_err(Error::io(path, "open"))
}

/// Where a writer puts its text: a buffered file, compressed or not.
pub(super) struct Sink {
    path: PathBuf,
    output: Output,
    /// Did the file begin empty?
    new: bool,
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
        Ok(Self { path: path.to_path_buf(), output, new: true })
    }

    /// Opens a file after its first `length` bytes.
    fn append(path: &Path, length: u64) -> Result<Self> {
        let file = BufWriter::with_capacity(1 << 16, open_at(path, length)?);
        Ok(Self { path: path.to_path_buf(), output: Output::Plain(file), new: length == 0 })
    }

    /// Appends text, usually a whole frame.
    pub(super) fn put(&mut self, text: &str) -> Result<()> {
        let written = match &mut self.output {
            Output::Plain(file) => file.write_all(text.as_bytes()),
            Output::Gzip(file) => file.write_all(text.as_bytes()),
        };
        written.map_err(Error::io(&self.path, "write"))
    }

    /// The open file itself, for a format that does not write from front to back.
    pub(super) fn into_file(self, format: &str) -> Result<(PathBuf, File)> {
        let Self { path, output, .. } = self;
        match output {
            Output::Plain(buffer) => match buffer.into_inner() {
                Ok(file) => Ok((path, file)),
                Err(error) => Err(Error::io(path, "write")(error.into_error())),
            },
            Output::Gzip(_) => Err(Error::invalid(format!(
                "{}: {format} is compressed inside and cannot be written through gzip; leave `.gz` out",
                path.display()
            ))),
        }
    }

    /// Was there nothing in the file before?
    pub(super) fn is_new(&self) -> bool {
        self.new
    }

    /// The name of the file, for messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what is left and asks the disk to confirm.
    pub(super) fn finish(self) -> Result<()> {
        let Self { path, output, .. } = self;
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
