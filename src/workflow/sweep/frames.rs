//! The frames of a file one after another: candidates are made in the order of their frames, and none begins at the
//! start of the file anew.

use crate::error::Result;
use crate::input::Structure;
use crate::io::{self, Frame, ReadOptions};
use crate::workflow::structure;
use std::path::PathBuf;

/// The file that was read last.
#[derive(Default)]
pub(super) struct Reader {
    open: Option<Open>,
}

struct Open {
    path: PathBuf,
    reading: ReadOptions,
    frames: io::Frames,
    /// The number of the next frame.
    next: i64,
    /// The one before it, of which there may be more candidates.
    last: Option<Frame>,
}

impl Reader {
    /// The frame that a structure is made of.
    pub(super) fn frame(&mut self, structure: &Structure) -> Result<Frame> {
        let Some(index) = structure.frame.filter(|index| *index >= 0) else {
            return structure::read(structure);
        };
        // What could not be read is told by each that wants it.
        let reading = structure.reading();
        let same = |open: &Open| open.path == structure.file && open.reading == reading;
        let mut open = match self.open.take() {
            Some(open) if same(&open) && open.next - 1 <= index => open,
            _ => Open {
                path: structure.file.clone(),
                frames: io::open(&structure.file, &reading)?,
                reading,
                next: 0,
                last: None,
            },
        };
        while open.next <= index {
            let Some(frame) = open.frames.next().transpose()? else { return structure::read(structure) };
            (open.last, open.next) = (Some(frame), open.next + 1);
        }
        let Some(frame) = open.last.clone() else { return structure::read(structure) };
        self.open = Some(open);
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Plan;

    /// In any order, with repetitions, every frame is the one that its number says.
    #[test]
    fn frames_are_those_of_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let frame = |x: usize| {
            format!("1\nLattice=\"9 0 0 0 9 0 0 0 9\" Properties=species:S:1:pos:R:3\nLi {x} 0 0\n")
        };
        let path = folder.path().join("a.xyz");
        std::fs::write(&path, (0..5).map(frame).collect::<String>()).unwrap();
        let text = "[potential]\nfile = \".\"\n[structure]\nfile = \"a.xyz\"\nframe = 0\n";
        let structure = Plan::read_text("in.toml", text, folder.path(), &[]).unwrap().structure;
        let mut reader = Reader::default();
        let mut x = |frame: i64| {
            let found = reader.frame(&Structure { frame: Some(frame), ..structure.clone() });
            found.map(|frame| frame.positions[0].x)
        };
        for (frame, expected) in [(0, 0.0), (1, 1.0), (1, 1.0), (4, 4.0), (2, 2.0), (-1, 4.0), (3, 3.0)] {
            assert_eq!(x(frame).unwrap(), expected);
        }
        let message = x(5).unwrap_err().to_string();
        assert!(message.contains("there is no frame 5: the file has 5 frames"), "{message}");
        assert_eq!(x(4).unwrap(), 4.0);
    }
}
