//! File formats, one file each; nothing but reading and writing.

mod frame;

pub use frame::{Frame, Value};
