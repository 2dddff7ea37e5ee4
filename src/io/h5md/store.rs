//! A file that only grows, with commits and a way back to each of them.

use super::structures::{SUPERBLOCK, is_superblock, superblock};
use crate::error::{Error, Result};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Appended bytes are handed to the system in pieces of this size.
const BUFFER: usize = 1 << 20;
/// The first word of a commit's record, so that a file of another program is not taken for ours.
const MAGIC: u64 = u64::from_le_bytes(*b"mlmdH5MD");
/// No record is longer, in words.
const LONGEST_RECORD: u64 = 1 << 12;

/// The file: what is below the superblock never changes.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    file: File,
    /// Where the buffer begins in the file.
    start: u64,
    buffer: Vec<u8>,
}

impl Store {
    /// Begins anew in an open, empty file.
    pub(super) fn begin(path: &Path, file: File) -> Self {
        // No superblock yet: a reader sees that nothing was committed.
        Self { path: path.to_path_buf(), file, start: 0, buffer: vec![0; SUPERBLOCK] }
    }

    /// Goes back to the commit after which the file had `length` bytes; returns its record.
    pub(super) fn return_to(path: &Path, length: u64) -> Result<(Self, Vec<u64>)> {
        let open = || -> std::io::Result<(File, Option<Vec<u64>>)> {
            let mut file = OpenOptions::new().read(true).write(true).open(path)?;
            let record = go_back(&mut file, length)?;
            Ok((file, record))
        };
        let (file, record) = open().map_err(Error::io(path, "open"))?;
        let record = record.ok_or_else(|| {
            Error::invalid(format!(
                "{}: this is not the trajectory that the checkpoint belongs to: it has no state of {length} bytes; \
                 `--restart fresh` begins anew",
                path.display()
            ))
        })?;
        Ok((Self { path: path.to_path_buf(), file, start: length, buffer: Vec::new() }, record))
    }

    /// Appends bytes at the next multiple of eight; returns their address.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<u64> {
        if self.buffer.len() > BUFFER {
            self.flush()?;
        }
        self.buffer.resize(self.buffer.len().next_multiple_of(8), 0);
        let address = self.start + self.buffer.len() as u64;
        self.buffer.extend_from_slice(bytes);
        Ok(address)
    }

    /// Reads what was appended.
    pub(super) fn read(&mut self, address: u64, length: usize) -> Result<Vec<u8>> {
        self.flush()?;
        let mut bytes = vec![0; length];
        self.file
            .seek(SeekFrom::Start(address))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(Error::io(&self.path, "read"))?;
        Ok(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.file
            .seek(SeekFrom::Start(self.start))
            .and_then(|_| self.file.write_all(&self.buffer))
            .map_err(Error::io(&self.path, "write"))?;
        self.start += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Makes everything appended so far what a reader sees, from the group at `root` on. The record comes back
    /// from [`Store::return_to`].
    pub(super) fn commit(&mut self, root: u64, record: &[u64]) -> Result<()> {
        let words: Vec<u8> = std::iter::once(&MAGIC)
            .chain(record)
            .chain(&[record.len() as u64])
            .flat_map(|word| word.to_le_bytes())
            .collect();
        self.append(&words)?;
        let end = self.start + (self.buffer.len() + SUPERBLOCK) as u64;
        let block = superblock(end, root);
        self.append(&block)?;
        self.flush()?;
        confirm(&self.file)
            .and_then(|()| self.file.seek(SeekFrom::Start(0)))
            .and_then(|_| self.file.write_all(&block))
            .and_then(|()| confirm(&self.file))
            .map_err(Error::io(&self.path, "write"))
    }

    /// The name of the file, for messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Waits for the disk.
fn confirm(file: &File) -> std::io::Result<()> {
    match file.sync_data() {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        confirmed => confirmed,
    }
}

/// Makes the commit that ends at `length` the present one; `None` if no commit ends there.
fn go_back(file: &mut File, length: u64) -> std::io::Result<Option<Vec<u64>>> {
    let tail = SUPERBLOCK as u64 + 16;
    if length < tail || file.metadata()?.len() < length {
        return Ok(None);
    }
    let mut bytes = [0; SUPERBLOCK + 8];
    file.seek(SeekFrom::Start(length - bytes.len() as u64))?;
    file.read_exact(&mut bytes)?;
    let (count, block) = bytes.split_at(8);
    let Ok(block) = <&[u8; SUPERBLOCK]>::try_from(block) else { return Ok(None) };
    let count = word(count);
    if !is_superblock(block, length) || count > LONGEST_RECORD || length < tail + 8 * count {
        return Ok(None);
    }
    let mut words = vec![0; 8 + 8 * count as usize];
    file.seek(SeekFrom::Start(length - tail - 8 * count))?;
    file.read_exact(&mut words)?;
    let words: Vec<u64> = words.chunks_exact(8).map(word).collect();
    if words[0] != MAGIC {
        return Ok(None);
    }
    // In this order: whatever happens in between, the superblock leads to what is there.
    file.seek(SeekFrom::Start(0))?;
    file.write_all(block)?;
    file.sync_data()?;
    file.set_len(length)?;
    Ok(Some(words[1..].to_vec()))
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}
