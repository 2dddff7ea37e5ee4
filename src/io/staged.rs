//! Files that appear under their names when all of them is written.

use super::{Format, Frame, WriteFrames, WriteOptions, check_folder, create};
use crate::error::{Error, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Creates a file as [`create`] does, which is under its name only after [`WriteFrames::finish`]: a failure half way
/// leaves an older file of that name as it was.
pub fn create_whole(
    path: &Path,
    format: Option<Format>,
    options: &WriteOptions,
) -> Result<Box<dyn WriteFrames>> {
    let staged = Staged::new(path)?;
    let format = format.map_or_else(|| Format::from_name_for_writing(path), Ok)?;
    let writer = create(staged.path(), Some(format), options).map_err(|error| staged.renamed(error))?;
    Ok(Box::new(Whole { writer, staged }))
}

struct Whole {
    // Dropped before the file is removed.
    writer: Box<dyn WriteFrames>,
    staged: Staged,
}

impl WriteFrames for Whole {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        self.writer.write(frame).map_err(|error| self.staged.renamed(error))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { writer, staged } = *self;
        writer.finish().map_err(|error| staged.renamed(error))?;
        staged.commit()
    }
}

/// A file that is written under another name in the same folder, and takes its own when it is complete.
/// What is no ordinary file (a pipe, a terminal) is written directly.
pub struct Staged {
    path: PathBuf,
    target: Option<PathBuf>,
}

impl Staged {
    /// Nothing is written yet.
    pub fn new(target: &Path) -> Result<Self> {
        check_folder(target)?;
        let ordinary = fs::metadata(target).map_or(true, |found| found.is_file());
        Ok(match target.file_name().filter(|_| ordinary) {
            // The name ends as it did: its ending may ask for compression.
            Some(name) => {
                let name = format!(".partial-{}-{}", std::process::id(), name.to_string_lossy());
                Self { path: target.with_file_name(name), target: Some(target.to_path_buf()) }
            }
            None => Self { path: target.to_path_buf(), target: None },
        })
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Can what was written be read again before it takes its name? Not so a pipe.
    pub fn is_file(&self) -> bool {
        self.target.is_some()
    }

    /// An error about the file, with the name that it is to have.
    pub fn renamed(&self, error: Error) -> Error {
        let Some(target) = &self.target else { return error };
        match error {
            Error::Invalid(message) => {
                let [own, target] = [&self.path, target].map(|path| path.display().to_string());
                Error::Invalid(message.replace(&own, &target))
            }
            Error::Io { path, action, source } if path == self.path => {
                Error::Io { path: target.clone(), action, source }
            }
            other => other,
        }
    }

    /// Gives the file its name.
    pub fn commit(mut self) -> Result<()> {
        match self.target.take() {
            Some(target) => fs::rename(&self.path, &target).map_err(Error::io(target, "write")),
            None => Ok(()),
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if self.target.is_some() {
            // Nothing can be done about a partial file that cannot be removed.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Cell;

    #[test]
    fn an_older_file_stays_until_a_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xyz");
        fs::write(&path, "older").unwrap();
        let frame =
            Frame::new(Cell::isolated(), vec!["Li".parse().unwrap()], vec![nalgebra::Vector3::zeros()]);
        let files = || fs::read_dir(folder.path()).unwrap().count();
        let begin = || {
            let mut writer = create_whole(&path, None, &WriteOptions::default()).unwrap();
            writer.write(&frame).unwrap();
            assert_eq!((fs::read_to_string(&path).unwrap().as_str(), files()), ("older", 2));
            writer
        };
        drop(begin());
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), files()), ("older", 1));
        begin().finish().unwrap();
        assert!(fs::read_to_string(&path).unwrap().starts_with("1\n") && files() == 1);
    }
}
