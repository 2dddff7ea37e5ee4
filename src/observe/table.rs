//! A table of a run as CSV, row after row.

use super::kept::cut;
use crate::error::{Error, Result};
use crate::io::open_at;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;

/// A file of rows below a header; it is there once it has a row.
#[derive(Debug)]
pub(super) struct Table {
    path: PathBuf,
    header: &'static str,
    file: Option<BufWriter<File>>,
    /// How long it is.
    length: u64,
}

impl Table {
    pub(super) fn new(path: PathBuf, header: &'static str) -> Self {
        Self { path, header, file: None, length: 0 }
    }

    /// Has the file that is there the columns of this table?
    pub(super) fn begins_as_now(&self) -> Result<bool> {
        let mut first = String::new();
        let file = File::open(&self.path).map_err(Error::io(&self.path, "read"))?;
        BufReader::new(file).read_line(&mut first).map_err(Error::io(&self.path, "read"))?;
        Ok(first == self.header)
    }

    /// Adds lines.
    pub(super) fn push(&mut self, lines: &str) -> Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            empty => empty.insert(BufWriter::with_capacity(1 << 16, open_at(&self.path, self.length)?)),
        };
        let header = if self.length == 0 { self.header } else { "" };
        self.length += (header.len() + lines.len()) as u64;
        let write = file.write_all(header.as_bytes()).and_then(|()| file.write_all(lines.as_bytes()));
        write.map_err(Error::io(&self.path, "write"))
    }

    /// Makes what was added durable, and says how long the file is: what [`Table::rewind`] needs.
    pub(super) fn mark(&mut self) -> Result<u64> {
        if let Some(file) = &mut self.file {
            let durable = file.flush().and_then(|()| file.get_ref().sync_data());
            durable.map_err(Error::io(&self.path, "write"))?;
        }
        Ok(self.length)
    }

    /// Cuts the file to the length it had at a mark.
    pub(super) fn rewind(&mut self, length: u64) -> Result<()> {
        (self.file, self.length) = (None, length);
        cut(&self.path, length)
    }
}
