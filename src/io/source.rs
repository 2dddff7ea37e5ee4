//! Opening files for reading: what is it, and frame after frame out of it.

use super::{FileUnits, Format, Frame, Origin, ReadFrames, ReadOptions, lammps};
use crate::error::{Error, Result};
use crate::text::{self, Lines};
use std::io::{BufRead, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How much of a file is looked at to recognise its format.
const SAMPLE: u64 = 1 << 16;

/// An open file before a format has read anything: what every reader starts from.
pub(super) struct Source {
    /// The name used in errors.
    pub path: PathBuf,
    /// The uncompressed bytes.
    pub reader: Box<dyn BufRead + Send>,
}

impl Source {
    /// The file as numbered lines.
    pub(super) fn lines(self) -> Lines {
        Lines::new(self.reader, self.path)
    }
}

/// Opens a file of any format, compressed or not, and iterates over its frames in constant memory.
///
/// Content decides the format where it is unmistakable, the name where it is not.
pub fn open(path: &Path, options: &ReadOptions) -> Result<Frames> {
    Frames::new(text::open(path)?, path, options)
}

/// Reads frames from text in memory; `name` stands for the file in messages and may give the format.
pub fn open_text(name: impl AsRef<Path>, text: impl Into<Vec<u8>>, options: &ReadOptions) -> Result<Frames> {
    Frames::new(Box::new(Cursor::new(text.into())), name.as_ref(), options)
}

/// All frames of a file at once.
pub fn read_all(path: &Path, options: &ReadOptions) -> Result<Vec<Frame>> {
    open(path, options)?.collect()
}

/// The frames of a file, one after another; nothing more comes after the first error.
pub struct Frames {
    reader: Box<dyn ReadFrames>,
    format: Format,
    path: PathBuf,
    index: usize,
    over: bool,
    /// Has the reader met the end of the file?
    ended: Arc<AtomicBool>,
}

impl Frames {
    fn new(mut reader: Box<dyn BufRead + Send>, path: &Path, options: &ReadOptions) -> Result<Self> {
        let format = if let Some(format) = options.format {
            format
        } else {
            let mut head = Vec::new();
            reader.by_ref().take(SAMPLE).read_to_end(&mut head).map_err(Error::io(path, "read"))?;
            let format = Format::detect(path, &head)?;
            reader = Box::new(Cursor::new(head).chain(reader));
            format
        };
        if let Some(units) = options.units.filter(|_| options.strict_units) {
            refuse(units, format, path)?;
        }
        let path = path.to_path_buf();
        let ended = Arc::new(AtomicBool::new(false));
        let reader = Box::new(Watched { reader, ended: Arc::clone(&ended) });
        let reader = format.reader(&path)?(Source { path: path.clone(), reader }, options);
        Ok(Self { reader, format, path, index: 0, over: false, ended })
    }

    /// The format that is being read.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The file that is being read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Completes an error: a file that ends inside a frame, as that of a killed run does, has whole frames before it.
    fn explain(&self, error: Error) -> Error {
        match error {
            Error::Text(diagnostic) if self.index > 0 && self.ended.load(Ordering::Relaxed) => {
                let help = format!(
                    "whole frames before the end: {0}; to keep them, `mlmd convert {1} OUT --frames :{0}`",
                    self.index,
                    self.path.display()
                );
                diagnostic.with_help(help).into()
            }
            other => other,
        }
    }
}

/// Refuses units that were said for a file that has others. XYZ files of LAMMPS name none: what they are shows at the
/// first frame.
fn refuse(units: FileUnits, format: Format, path: &Path) -> Result<()> {
    let style = lammps::UnitStyle::of(units).is_some();
    if format.is_lammps() && !style {
        return Err(Error::invalid(format!(
            "{}: these units are not those of a unit style that mlmd converts\n   expected `metal` or `real`",
            path.display()
        )));
    }
    if format.states_units() && !(style && format == Format::ExtendedXyz) {
        return Err(Error::invalid(format!(
            "{}: units were given, but those of {} are known\n   expected no units; labels in other units have to be converted first",
            path.display(),
            format.info().title
        )));
    }
    Ok(())
}

/// A file that notes when more is asked of it than there is.
struct Watched {
    reader: Box<dyn BufRead + Send>,
    ended: Arc<AtomicBool>,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.ended.fetch_or(count == 0 && !buffer.is_empty(), Ordering::Relaxed);
        Ok(count)
    }
}

impl BufRead for Watched {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        let bytes = self.reader.fill_buf()?;
        self.ended.fetch_or(bytes.is_empty(), Ordering::Relaxed);
        Ok(bytes)
    }

    fn consume(&mut self, count: usize) {
        self.reader.consume(count);
    }
}

impl Iterator for Frames {
    type Item = Result<Frame>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = self.reader.next_frame().transpose();
        self.over = !matches!(next, Some(Ok(_)));
        next.map(|frame| {
            let mut frame = frame.map_err(|error| self.explain(error))?;
            frame.origin = Origin { path: self.path.clone(), index: self.index, ..frame.origin };
            self.index += 1;
            Ok(frame)
        })
    }
}
