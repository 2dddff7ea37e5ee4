//! One dataset that grows along its first axis: compressed chunks, and a B-tree that finds them.
//!
//! Only the right-hand edge of the tree ever changes. What is full of it is in the file for good; the rest is held
//! in memory and written with each commit, at new places (see the module above). The pointers between siblings, by
//! which the library would rebalance a tree that it changes itself, are left undefined: a reader goes down from
//! the root.

use super::store::Store;
use super::structures::{Header, NODE_CHILDREN, Number, UNDEFINED};
use crate::error::{Error, Result};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use std::io::{Read, Write};

/// Chunks are about this large before compression: a read fetches a few frames of a small system, one of a
/// large one.
const CHUNK_BYTES: usize = 1 << 16;
/// No chunk holds more rows.
const CHUNK_ROWS: usize = 256;
/// The fastest level: numbers from dynamics hold little that a slower one would find.
const LEVEL: u32 = 1;

/// A growing dataset.
#[derive(Debug, Clone)]
pub(super) struct Series {
    number: Number,
    /// Extent of one row.
    row: Vec<u64>,
    /// Rows of a chunk.
    chunk_rows: usize,
    /// Rows so far.
    rows: u64,
    /// The rows of the chunk that is not full.
    open: Vec<u8>,
    /// What the nodes on the right-hand edge hold, from the leaf upwards.
    edge: Vec<Vec<Child>>,
}

/// A chunk, or a node over chunks.
#[derive(Debug, Clone, Copy)]
struct Child {
    first: u64,
    /// Bytes of the (first) chunk.
    bytes: u32,
    address: u64,
}

impl Series {
    /// Without rows yet.
    pub(super) fn new(number: Number, row: &[u64]) -> Self {
        let row_bytes = row.iter().product::<u64>() as usize * number.size();
        let chunk_rows = (CHUNK_BYTES / row_bytes.max(1)).clamp(1, CHUNK_ROWS);
        Self { number, row: row.to_vec(), chunk_rows, rows: 0, open: Vec::new(), edge: vec![Vec::new()] }
    }

    fn row_bytes(&self) -> usize {
        self.row.iter().product::<u64>() as usize * self.number.size()
    }

    /// Appends a row; a chunk that it fills is written.
    pub(super) fn push(&mut self, row: impl IntoIterator<Item = u8>, store: &mut Store) -> Result<()> {
        self.open.extend(row);
        self.rows += 1;
        debug_assert_eq!(self.open.len() % self.row_bytes(), 0);
        if self.open.len() == self.chunk_rows * self.row_bytes() {
            let chunk = self.write_chunk(store)?;
            self.open.clear();
            self.take(0, chunk, store)?;
        }
        Ok(())
    }

    /// Compresses the rows of the open chunk and appends them.
    fn write_chunk(&self, store: &mut Store) -> Result<Child> {
        let size = self.number.size();
        let mut whole = self.open.clone();
        whole.resize(self.chunk_rows * self.row_bytes(), 0);
        let count = whole.len() / size;
        let mut shuffled = vec![0; whole.len()];
        for (k, element) in whole.chunks_exact(size).enumerate() {
            for (byte, value) in element.iter().enumerate() {
                shuffled[byte * count + k] = *value;
            }
        }
        let mut encoder = ZlibEncoder::new(Vec::with_capacity(whole.len()), Compression::new(LEVEL));
        let deflated = encoder.write_all(&shuffled).and_then(|()| encoder.finish());
        let deflated = deflated.map_err(Error::io(store.path(), "compress"))?;
        let address = store.append(&deflated)?;
        let rows = self.chunk_rows as u64;
        Ok(Child { first: (self.rows - 1) / rows * rows, bytes: deflated.len() as u32, address })
    }

    /// Puts a child into the edge; a node that it fills is written and handed up.
    fn take(&mut self, level: usize, child: Child, store: &mut Store) -> Result<()> {
        if self.edge.len() == level {
            self.edge.push(Vec::new());
        }
        self.edge[level].push(child);
        if self.edge[level].len() < NODE_CHILDREN {
            return Ok(());
        }
        let children = std::mem::take(&mut self.edge[level]);
        let node = self.write_node(level, &children, store)?;
        self.take(level + 1, node, store)
    }

    /// Appends a node, always of its full size.
    fn write_node(&self, level: usize, children: &[Child], store: &mut Store) -> Result<Child> {
        let mut bytes = b"TREE\x01".to_vec();
        bytes.push(level as u8);
        bytes.extend((children.len() as u16).to_le_bytes());
        bytes.extend([UNDEFINED.to_le_bytes(), UNDEFINED.to_le_bytes()].concat());
        let key = |bytes: &mut Vec<u8>, size: u32, first: u64| {
            bytes.extend(size.to_le_bytes());
            bytes.extend([0; 4]);
            bytes.extend(first.to_le_bytes());
            // The other axes have one chunk; the last axis is that of the bytes of an element.
            bytes.resize(bytes.len() + 8 * (self.row.len() + 1), 0);
        };
        for child in children {
            key(&mut bytes, child.bytes, child.first);
            bytes.extend(child.address.to_le_bytes());
        }
        // Behind everything that is there.
        key(&mut bytes, 0, self.rows.next_multiple_of(self.chunk_rows as u64));
        bytes.resize(self.node_bytes(), 0);
        let address = store.append(&bytes)?;
        Ok(Child { address, ..children[0] })
    }

    fn node_bytes(&self) -> usize {
        24 + 8 * NODE_CHILDREN + (NODE_CHILDREN + 1) * self.key_bytes()
    }

    fn key_bytes(&self) -> usize {
        8 + 8 * (self.row.len() + 2)
    }

    /// Writes what is in memory, and the header of the dataset; returns the header without attributes, and the two
    /// words from which [`Series::restore`] takes up again.
    pub(super) fn commit(&self, store: &mut Store) -> Result<(Header, [u64; 2])> {
        let mut carried = if self.open.is_empty() { None } else { Some(self.write_chunk(store)?) };
        let mut root = [UNDEFINED, 0];
        let top = self.edge.iter().rposition(|children| !children.is_empty()).unwrap_or(0);
        for (level, children) in self.edge.iter().enumerate().take(top + 1) {
            let children: Vec<Child> = children.iter().copied().chain(carried).collect();
            if children.is_empty() {
                continue;
            }
            // A single full node is its own root.
            if let ([only], true) = (&children[..], level == top && level > 0 && carried.is_none()) {
                root = [only.address, level as u64 - 1];
                break;
            }
            let node = self.write_node(level, &children, store)?;
            carried = Some(node);
            root = [node.address, level as u64];
        }
        let extent: Vec<u64> = std::iter::once(self.rows).chain(self.row.iter().copied()).collect();
        let chunk: Vec<u64> =
            std::iter::once(self.chunk_rows as u64).chain(self.row.iter().copied()).collect();
        Ok((Header::chunks(self.number, &extent, &chunk, root[0], LEVEL), root))
    }

    /// The series as it was at a commit with so many rows.
    pub(super) fn restore(mut self, rows: u64, root: [u64; 2], store: &mut Store) -> Result<Self> {
        self.rows = rows;
        if rows == 0 {
            return Ok(self);
        }
        let chunk_rows = self.chunk_rows as u64;
        let (mut address, level) = (root[0], root[1] as usize);
        self.edge = vec![Vec::new(); level + 1];
        for level in (0..=level).rev() {
            let mut children = self.read_node(address, level, store)?;
            let last = children.pop().ok_or_else(|| damaged(store))?;
            self.edge[level] = children;
            address = last.address;
            if level > 0 {
                continue;
            }
            let left = (rows % chunk_rows) as usize;
            if left == 0 {
                // Nodes that are full again are written once more: only the tree left behind knows the old ones.
                self.take(0, last, store)?;
            } else {
                self.open = self.read_chunk(last, store)?;
                self.open.truncate(left * self.row_bytes());
            }
        }
        Ok(self)
    }

    fn read_node(&self, address: u64, level: usize, store: &mut Store) -> Result<Vec<Child>> {
        let bytes = store.read(address, self.node_bytes())?;
        let count = usize::from(bytes[6]) + 256 * usize::from(bytes[7]);
        if bytes[..5] != *b"TREE\x01"
            || usize::from(bytes[5]) != level
            || !(1..=NODE_CHILDREN).contains(&count)
        {
            return Err(damaged(store));
        }
        let word = |at: usize, length: usize| {
            bytes[at..at + length].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
        };
        Ok((0..count)
            .map(|k| {
                let at = 24 + k * (self.key_bytes() + 8);
                Child {
                    first: word(at + 8, 8),
                    bytes: word(at, 4) as u32,
                    address: word(at + self.key_bytes(), 8),
                }
            })
            .collect())
    }

    fn read_chunk(&self, chunk: Child, store: &mut Store) -> Result<Vec<u8>> {
        let deflated = store.read(chunk.address, chunk.bytes as usize)?;
        let mut shuffled = vec![0; self.chunk_rows * self.row_bytes()];
        ZlibDecoder::new(&deflated[..]).read_exact(&mut shuffled).map_err(|_| damaged(store))?;
        let size = self.number.size();
        let count = shuffled.len() / size;
        let mut whole = vec![0; shuffled.len()];
        for (k, element) in whole.chunks_exact_mut(size).enumerate() {
            for (byte, value) in element.iter_mut().enumerate() {
                *value = shuffled[byte * count + k];
            }
        }
        Ok(whole)
    }
}

fn damaged(store: &Store) -> Error {
    Error::invalid(format!(
        "{}: the trajectory is damaged and cannot be continued; `--restart fresh` begins anew",
        store.path().display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_hdf5::H5File;
    use std::path::Path;

    fn commit(series: &Series, store: &mut Store) -> [u64; 2] {
        let (header, root) = series.commit(store).unwrap();
        let dataset = store.append(&header.bytes()).unwrap();
        let group = store.append(&Header::group().link("x", dataset).bytes()).unwrap();
        store.commit(group, &root).unwrap();
        root
    }

    fn read(path: &Path) -> Vec<i64> {
        H5File::open(path).unwrap().dataset("x").unwrap().read_raw::<i64>().unwrap()
    }

    /// Chunks of three rows and of one: trees of up to three levels, left and taken up again everywhere.
    #[test]
    fn a_series_that_is_taken_up_again_holds_every_row() {
        let folder = tempfile::tempdir().unwrap();
        for (chunk_rows, rows) in [(1, 4200), (3, 700)] {
            let path = folder.path().join(format!("{chunk_rows}.h5"));
            let fresh = || Series { chunk_rows, ..Series::new(Number::I64, &[]) };
            let mut store = Store::begin(&path, std::fs::File::create(&path).unwrap());
            let mut series = fresh();
            let mut lengths = Vec::new();
            for row in 0..rows {
                series.push((7 * row as i64).to_le_bytes(), &mut store).unwrap();
                // Around every number at which a chunk, a leaf or a node is full, and now and then.
                let full = 64 * chunk_rows as u64;
                let count = row + 1;
                let near = |n: u64| count % n <= 1 || count % n == n - 1;
                if count % 97 == 0 || (near(full) && count < 3 * full) || near(64 * full) {
                    let root = commit(&series, &mut store);
                    let length = std::fs::metadata(&path).unwrap().len();
                    lengths.push((length, count));
                    let (again, record) = Store::return_to(&path, length).unwrap();
                    store = again;
                    assert_eq!(record, root);
                    series = fresh().restore(count, root, &mut store).unwrap();
                }
            }
            commit(&series, &mut store);
            let expected: Vec<i64> = (0..rows as i64).map(|row| 7 * row).collect();
            assert_eq!(read(&path), expected);
            // Back through all commits, newest first: the file is what it was, then goes on from there.
            for (length, count) in lengths.into_iter().rev().step_by(5) {
                let (mut store, record) = Store::return_to(&path, length).unwrap();
                assert_eq!(read(&path), expected[..count as usize]);
                let mut series = fresh().restore(count, [record[0], record[1]], &mut store).unwrap();
                series.push((-1_i64).to_le_bytes(), &mut store).unwrap();
                commit(&series, &mut store);
                assert_eq!(read(&path).last(), Some(&-1));
            }
            assert!(Store::return_to(&path, 100).is_err());
        }
    }
}
