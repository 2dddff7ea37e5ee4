//! Which frames of a file are meant: `3`, `-1`, `10:20`, `::5`.

use crate::error::{Error, Result};
use crate::io::{Frame, ReadOptions, open};
use std::path::Path;
use std::str::FromStr;

/// A choice of frames in the notation of Python's slices, counted from 0, negative from the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// One frame, which must be there.
    One(i64),
    /// Every `step`-th frame from `start` to before `end`.
    Slice {
        /// The first frame; `None` is the beginning.
        start: Option<i64>,
        /// The frame behind the last; `None` is the end.
        end: Option<i64>,
        /// The distance between frames.
        step: u64,
    },
}

impl Selection {
    /// Every frame.
    pub const ALL: Self = Self::Slice { start: None, end: None, step: 1 };

    /// Does the choice depend on how many frames there are?
    fn counts_from_end(self) -> bool {
        match self {
            Self::One(index) => index < 0,
            Self::Slice { start, end, .. } => start.is_some_and(|x| x < 0) || end.is_some_and(|x| x < 0),
        }
    }

    /// First frame, frame behind the last, and step, for a file of `total` frames where that matters.
    fn resolve(self, total: Option<u64>) -> (u64, u64, u64) {
        let absolute = |index: i64| match total {
            Some(total) if index < 0 => total.saturating_sub(index.unsigned_abs()),
            _ => index.max(0).unsigned_abs(),
        };
        match self {
            Self::One(index) => (absolute(index), absolute(index) + 1, 1),
            Self::Slice { start, end, step } => {
                (start.map_or(0, absolute), end.map_or(u64::MAX, absolute), step)
            }
        }
    }

    /// The frame of this number, negative from the end.
    pub fn frame(index: i64, path: &Path, options: &ReadOptions) -> Result<Frame> {
        let mut chosen = None;
        Self::One(index).each(path, options, |frame| {
            chosen = Some(frame);
            Ok(())
        })?;
        chosen.ok_or_else(|| Error::Internal("a frame was chosen and not read".into()))
    }

    /// Calls `take` with every chosen frame of a file, reading no further than needed. A file whose end
    /// matters is read twice. Returns how many frames were taken.
    pub fn each(
        self,
        path: &Path,
        options: &ReadOptions,
        mut take: impl FnMut(Frame) -> Result<()>,
    ) -> Result<u64> {
        let total = if self.counts_from_end() { Some(count(path, options)?) } else { None };
        if let (Self::One(index), Some(total)) = (self, total)
            && index.unsigned_abs() > total
        {
            return Err(no_such_frame(path, index, total));
        }
        let (start, end, step) = self.resolve(total);
        let (mut index, mut taken) = (0, 0);
        for frame in open(path, options)? {
            if index >= end {
                break;
            }
            let frame = frame?;
            if index >= start && (index - start).is_multiple_of(step) {
                take(frame)?;
                taken += 1;
            }
            index += 1;
        }
        match self {
            Self::One(frame) if taken == 0 => Err(no_such_frame(path, frame, index)),
            _ => Ok(taken),
        }
    }
}

fn count(path: &Path, options: &ReadOptions) -> Result<u64> {
    open(path, options)?.try_fold(0, |total, frame| frame.map(|_| total + 1))
}

fn no_such_frame(path: &Path, index: i64, total: u64) -> Error {
    let frames = if total == 1 { "1 frame".to_string() } else { format!("{total} frames") };
    Error::invalid(format!(
        "{}: there is no frame {index}: the file has {frames}, counted from 0",
        path.display()
    ))
}

impl FromStr for Selection {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::invalid(format!("`{text}` does not choose frames; expected 3, -1, 10:20, ::5 or 0:100:10"))
        };
        let number = |part: &str| match part.trim() {
            "" => Ok(None),
            digits => digits.parse::<i64>().map(Some).map_err(|_| wrong()),
        };
        let parts = text.split(':').map(number).collect::<Result<Vec<_>>>()?;
        match parts[..] {
            [Some(index)] => Ok(Self::One(index)),
            [start, end] => Ok(Self::Slice { start, end, step: 1 }),
            [start, end, step] => {
                let step =
                    u64::try_from(step.unwrap_or(1)).ok().filter(|step| *step > 0).ok_or_else(wrong)?;
                Ok(Self::Slice { start, end, step })
            }
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(path: &Path, text: &str) -> Result<Vec<u64>> {
        let mut steps = Vec::new();
        text.parse::<Selection>()?.each(path, &ReadOptions::default(), |frame| {
            steps.push(frame.origin.index as u64);
            Ok(())
        })?;
        Ok(steps)
    }

    /// What Python's `list(range(10))[...]` gives.
    #[test]
    fn slices_are_those_of_python() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ten.xyz");
        std::fs::write(&path, "1\n\nLi 0 0 0\n".repeat(10)).unwrap();
        for (text, expected) in [
            ("3", vec![3]),
            ("-1", vec![9]),
            ("7:", vec![7, 8, 9]),
            (":2", vec![0, 1]),
            ("-3:-1", vec![7, 8]),
            ("::4", vec![0, 4, 8]),
            ("1:8:3", vec![1, 4, 7]),
            ("-100:2", vec![0, 1]),
            ("5:3", vec![]),
            ("8:100", vec![8, 9]),
        ] {
            assert_eq!(chosen(&path, text).unwrap(), expected, "{text}");
        }
        for (text, message) in [
            ("10", "there is no frame 10: the file has 10 frames"),
            ("-11", "there is no frame -11"),
            ("a", "`a` does not choose frames"),
            ("::0", "does not choose frames"),
            ("1:2:3:4", "does not choose frames"),
            ("", "does not choose frames"),
        ] {
            let error = chosen(&path, text).unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
