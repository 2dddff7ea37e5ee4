//! File formats, one file each; nothing but reading and writing.

mod frame;

pub use frame::{Frame, Origin, Value};

use crate::error::Result;

/// A file that is being read, frame after frame, in constant memory.
pub trait ReadFrames: Send {
    /// The next frame, or `None` at the end of the file.
    fn next_frame(&mut self) -> Result<Option<Frame>>;
}

/// A file that is being written, frame after frame.
pub trait WriteFrames: Send {
    /// Appends a frame.
    fn write(&mut self, frame: &Frame) -> Result<()>;

    /// Writes what is still in memory and closes the file; every error is reported here at the latest.
    fn finish(self: Box<Self>) -> Result<()>;
}
