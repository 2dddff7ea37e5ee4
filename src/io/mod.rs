//! File formats, one file each; nothing but reading and writing.
//!
//! [`open`] finds out what a file is and iterates over its frames in constant memory; [`create`]
//! writes frames. Both see through gzip. [`Format::table`] lists the formats.
//!
//! ```no_run
//! use mlmd::io::{self, ReadOptions, WriteOptions};
//! let mut out = io::create("frames.extxyz.gz".as_ref(), None, &WriteOptions::default())?;
//! for frame in io::open("OUTCAR".as_ref(), &ReadOptions::default())? {
//!     out.write(&frame?)?;
//! }
//! out.finish()?;
//! # Ok::<(), mlmd::Error>(())
//! ```

mod cif;
mod cp2k;
mod espresso;
mod extxyz;
mod files;
mod format;
mod frame;
mod h5md;
mod labels;
mod lammps;
mod n2p2;
mod options;
mod recognise;
mod sink;
mod source;
mod spreadsheet;
mod staged;
mod vasp;
mod xsf;

pub use crate::units::FileUnits;
pub use extxyz::extxyz;
pub use files::{json, read_if_there, remove_if_there, replace};
pub use format::{Format, FormatInfo};
pub use frame::{Column, ColumnValues, Frame, Origin, Value};
pub use options::{LabelKeys, Precision, ReadOptions, WriteOptions};
pub use sink::{append, check_folder, check_output, create, open_at, same_file};
pub use source::{Frames, open, open_text, read_all};
pub use spreadsheet::Spreadsheet;
pub use staged::{Staged, create_whole};

use crate::error::Result;

/// A file that is being read, frame after frame, in constant memory.
pub trait ReadFrames: Send {
    /// The next frame, or `None` at the end of the file.
    ///
    /// A reader sets `origin.line`; path and index of the origin are set by [`Frames`].
    fn next_frame(&mut self) -> Result<Option<Frame>>;
}

/// A file that is being written, frame after frame.
pub trait WriteFrames: Send {
    /// Appends a frame.
    fn write(&mut self, frame: &Frame) -> Result<()>;

    /// Writes what is still in memory and closes the file; every error is reported here at the latest.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// How many entries are reserved at once for a count that a file announces: a count of 10¹² in a
/// header of ten bytes must not claim memory.
fn capacity(announced: usize) -> usize {
    announced.min(1 << 16)
}
