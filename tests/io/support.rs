//! What the tests of all formats share.

use mlmd::Frame;
use mlmd::io::{self, Format, ReadOptions, WriteOptions};
use std::path::{Path, PathBuf};

/// A file of the reference data beside the repository, if it is there; says so where it is not.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

/// A small file of our own.
pub(crate) fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/io").join(name)
}

/// All frames of a file that is in order.
pub(crate) fn reading(path: &Path, options: &ReadOptions) -> Vec<Frame> {
    io::read_all(path, options).unwrap_or_else(|error| panic!("{error}"))
}

/// All frames of a text.
pub(crate) fn frames(name: &str, text: &str) -> Result<Vec<Frame>, String> {
    io::open_text(name, text, &ReadOptions::default())
        .and_then(Iterator::collect)
        .map_err(|error| error.to_string())
}

/// The first line of the complaint about a text.
pub(crate) fn complaint(name: &str, text: &str) -> String {
    match frames(name, text) {
        Ok(frames) => panic!("{name} was accepted: {} frames\n{text}", frames.len()),
        Err(message) => message.lines().next().unwrap_or("").to_string(),
    }
}

/// Frames after a turn through a file called `name`.
pub(crate) fn through_file(name: &str, frames: &[Frame]) -> Vec<Frame> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    let mut out = io::create(&path, None, &WriteOptions::default()).unwrap();
    for frame in frames {
        out.write(frame).unwrap();
    }
    out.finish().unwrap();
    let read = io::read_all(&path, &ReadOptions::default()).unwrap();
    for (index, frame) in read.iter().enumerate() {
        assert_eq!((&frame.origin.path, frame.origin.index), (&path, index));
        assert!(frame.origin.line > 0);
    }
    read
}

/// The frame without the place it came from, which differs after every copy.
pub(crate) fn placeless(frame: &Frame) -> Frame {
    Frame { origin: io::Origin::default(), ..frame.clone() }
}

/// Asserts the format that is found by content, whatever the name.
pub(crate) fn recognised(path: &Path, expected: Format) {
    let text = std::fs::read(path).unwrap();
    if !text.starts_with(&[0x1f, 0x8b]) {
        let frames = io::open_text("nameless", text, &ReadOptions::default());
        assert_eq!(frames.unwrap().format(), expected, "{}", path.display());
    }
    assert_eq!(io::open(path, &ReadOptions::default()).unwrap().format(), expected, "{}", path.display());
}
