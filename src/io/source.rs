//! Opening files for reading: what is it, and frame after frame out of it.

use super::{Format, Frame, Origin, ReadFrames, ReadOptions};
use crate::error::Result;
use crate::text::{self, Lines};
use std::io::{BufRead, Cursor, Read};
use std::path::{Path, PathBuf};

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
}

impl Frames {
    fn new(mut reader: Box<dyn BufRead + Send>, path: &Path, options: &ReadOptions) -> Result<Self> {
        let format = if let Some(format) = options.format {
            format
        } else {
            let mut head = Vec::new();
            reader
                .by_ref()
                .take(SAMPLE)
                .read_to_end(&mut head)
                .map_err(crate::error::Error::io(path, "read"))?;
            let format = Format::detect(path, &head)?;
            reader = Box::new(Cursor::new(head).chain(reader));
            format
        };
        if options.strict_units && options.units.is_some() && format.states_units() {
            return Err(crate::error::Error::invalid(format!(
                "{}: units were given, but those of {} are known\n   expected no units; labels in other units have to be converted first",
                path.display(),
                format.info().title
            )));
        }
        let path = path.to_path_buf();
        let reader = format.reader(&path)?(Source { path: path.clone(), reader }, options);
        Ok(Self { reader, format, path, index: 0, over: false })
    }

    /// The format that is being read.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The file that is being read.
    pub fn path(&self) -> &Path {
        &self.path
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
            let mut frame = frame?;
            frame.origin = Origin { path: self.path.clone(), index: self.index, line: frame.origin.line };
            self.index += 1;
            Ok(frame)
        })
    }
}
