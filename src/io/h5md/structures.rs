//! The bytes of HDF5, as its file format specification 3.0 lays them out
//! (<https://docs.hdfgroup.org/hdf5/develop/_f_m_t3.html>): the few structures this writer needs.

/// An address that leads nowhere.
pub(super) const UNDEFINED: u64 = u64::MAX;
/// Length of a superblock.
pub(super) const SUPERBLOCK: usize = 48;
/// The first bytes of every HDF5 file.
pub(super) const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";
/// Children of an index node: twice the library's default for chunks, which version 2 superblocks imply.
pub(super) const NODE_CHILDREN: usize = 64;

/// A version 2 superblock: what leads to everything else.
pub(super) fn superblock(end: u64, root: u64) -> [u8; SUPERBLOCK] {
    let mut bytes = [0; SUPERBLOCK];
    bytes[..8].copy_from_slice(&SIGNATURE);
    // Version, size of offsets, size of lengths, consistency flags.
    bytes[8..12].copy_from_slice(&[2, 8, 8, 0]);
    let addresses = [0, UNDEFINED, end, root];
    for (k, address) in addresses.into_iter().enumerate() {
        bytes[12 + 8 * k..20 + 8 * k].copy_from_slice(&address.to_le_bytes());
    }
    let sum = checksum(&bytes[..44]);
    bytes[44..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// Is this a superblock of this writer, whole, for a file of `end` bytes?
pub(super) fn is_superblock(bytes: &[u8; SUPERBLOCK], end: u64) -> bool {
    bytes[..12] == superblock(0, 0)[..12]
        && bytes[28..36] == end.to_le_bytes()
        && bytes[44..] == checksum(&bytes[..44]).to_le_bytes()
}

/// The type of the elements of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// 32-bit integers.
    I32,
    /// 64-bit integers.
    I64,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
}

impl Number {
    /// Bytes of an element.
    pub(super) fn size(self) -> usize {
        match self {
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }

    /// The datatype message.
    pub(super) fn datatype(self) -> Vec<u8> {
        let size = self.size() as u8;
        match self {
            // Class 0, signed, little-endian; bit offset 0, all bits.
            Self::I32 | Self::I64 => vec![0x10, 8, 0, 0, size, 0, 0, 0, 0, 0, 8 * size, 0],
            // Class 1, IEEE: place of the sign; offset, bits; place and bits of exponent and mantissa; bias.
            Self::F32 => vec![0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0],
            Self::F64 => vec![0x11, 0x20, 63, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 255, 3, 0, 0],
        }
    }
}

/// An enumeration over 32-bit integers.
pub(super) fn enumeration(members: &[(&str, i32)]) -> Vec<u8> {
    let mut bytes = vec![0x38, members.len() as u8, 0, 0, 4, 0, 0, 0];
    bytes.extend(Number::I32.datatype());
    for (name, _) in members {
        bytes.extend(name.as_bytes());
        bytes.push(0);
    }
    for (_, value) in members {
        bytes.extend(value.to_le_bytes());
    }
    bytes
}

/// A dataspace message; every extent may grow along its first axis if `grows`.
pub(super) fn dataspace(extent: &[u64], grows: bool) -> Vec<u8> {
    let mut bytes = vec![2, extent.len() as u8, u8::from(grows), u8::from(!extent.is_empty())];
    for n in extent {
        bytes.extend(n.to_le_bytes());
    }
    if grows {
        for (k, n) in extent.iter().enumerate() {
            bytes.extend(if k == 0 { UNDEFINED } else { *n }.to_le_bytes());
        }
    }
    bytes
}

/// Text in the global heap: its place and length.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeapText {
    heap: u64,
    index: u32,
    length: u32,
}

/// A global heap with texts, to be stored at an address of its own.
pub(super) fn heap(texts: &[&str]) -> Vec<u8> {
    // The library reads collections of at least 4096 bytes.
    const SIZE: usize = 4096;
    let mut bytes = b"GCOL\x01\0\0\0".to_vec();
    bytes.extend((SIZE as u64).to_le_bytes());
    for (k, text) in texts.iter().enumerate() {
        bytes.extend((k as u16 + 1).to_le_bytes());
        // One reference, four reserved bytes.
        bytes.extend([1, 0, 0, 0, 0, 0]);
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    // Object 0 is the space that is left.
    bytes.extend([0; 8]);
    bytes.extend(((SIZE - bytes.len() + 8) as u64).to_le_bytes());
    bytes.resize(SIZE, 0);
    bytes
}

/// Where a text of a heap is.
pub(super) fn heap_text(heap: u64, texts: &[&str], text: &str) -> Option<HeapText> {
    let index = texts.iter().position(|t| *t == text)?;
    Some(HeapText { heap, index: index as u32 + 1, length: text.len() as u32 })
}

/// The messages of an object header.
#[derive(Debug, Clone, Default)]
pub(super) struct Header {
    messages: Vec<u8>,
}

impl Header {
    /// A group without links.
    pub(super) fn group() -> Self {
        let mut links = vec![0; 18];
        links[2..].fill(0xff);
        Self::default().message(0x02, &links).message(0x0a, &[0, 0])
    }

    /// A dataset of one block of numbers at an address.
    pub(super) fn block(datatype: &[u8], extent: &[u64], address: u64, bytes: u64) -> Self {
        let mut layout = vec![3, 1];
        layout.extend(address.to_le_bytes());
        layout.extend(bytes.to_le_bytes());
        Self::default()
            .message(0x01, &dataspace(extent, false))
            .message(0x03, datatype)
            // Allocated late, fill value written if set: the library's defaults.
            .message(0x05, &[3, 0x0a])
            .message(0x08, &layout)
    }

    /// A dataset in shuffled, deflated chunks, indexed by a version 1 B-tree.
    pub(super) fn chunks(number: Number, extent: &[u64], chunk: &[u64], index: u64, level: u32) -> Self {
        let size = number.size() as u32;
        let mut layout = vec![3, 2, extent.len() as u8 + 1];
        layout.extend(index.to_le_bytes());
        for n in chunk {
            layout.extend((*n as u32).to_le_bytes());
        }
        layout.extend(size.to_le_bytes());
        // Two filters: shuffle (2) with the element size, deflate (1) with the level.
        let mut filters = vec![2, 2];
        for (filter, value) in [(2_u16, size), (1, level)] {
            filters.extend(filter.to_le_bytes());
            filters.extend([0, 0, 1, 0]);
            filters.extend(value.to_le_bytes());
        }
        Self::default()
            .message(0x01, &dataspace(extent, true))
            .message(0x03, &number.datatype())
            // Allocated as it grows.
            .message(0x05, &[3, 0x0b])
            .message(0x08, &layout)
            .message(0x0b, &filters)
    }

    fn message(mut self, kind: u8, data: &[u8]) -> Self {
        self.messages.push(kind);
        self.messages.extend((data.len() as u16).to_le_bytes());
        self.messages.push(0);
        self.messages.extend(data);
        self
    }

    /// How many links lead here, if more than one.
    pub(super) fn references(self, count: u32) -> Self {
        let [a, b, c, d] = count.to_le_bytes();
        self.message(0x16, &[0, a, b, c, d])
    }

    /// A hard link.
    pub(super) fn link(self, name: &str, address: u64) -> Self {
        let mut data = vec![1, 0, name.len() as u8];
        data.extend(name.as_bytes());
        data.extend(address.to_le_bytes());
        self.message(0x06, &data)
    }

    fn attribute(self, name: &str, datatype: &[u8], space: &[u8], value: &[u8]) -> Self {
        let mut data = vec![3, 0];
        for length in [name.len() + 1, datatype.len(), space.len()] {
            data.extend((length as u16).to_le_bytes());
        }
        data.push(0);
        data.extend(name.as_bytes());
        data.push(0);
        data.extend(datatype);
        data.extend(space);
        data.extend(value);
        self.message(0x0c, &data)
    }

    /// An attribute of whole numbers; a scalar if there is one.
    pub(super) fn integers(self, name: &str, values: &[i32]) -> Self {
        let extent = [values.len() as u64];
        let space = dataspace(if values.len() == 1 { &[] } else { &extent }, false);
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.attribute(name, &Number::I32.datatype(), &space, &bytes)
    }

    /// An attribute of texts of variable length; a scalar if there is one.
    pub(super) fn texts(self, name: &str, texts: &[HeapText]) -> Self {
        // Class 9 (variable length), string, UTF-8, of bytes.
        let datatype = [0x19, 1, 1, 0, 16, 0, 0, 0, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0];
        let extent = [texts.len() as u64];
        let space = dataspace(if texts.len() == 1 { &[] } else { &extent }, false);
        let mut value = Vec::new();
        for text in texts {
            value.extend(text.length.to_le_bytes());
            value.extend(text.heap.to_le_bytes());
            value.extend(text.index.to_le_bytes());
        }
        self.attribute(name, &datatype, &space, &value)
    }

    /// An attribute of text of fixed length.
    pub(super) fn word(self, name: &str, text: &str) -> Self {
        let length = (text.len() as u32).to_le_bytes();
        // Class 3 (string), padded with zeros, ASCII.
        let datatype = [&[0x13, 1, 0, 0][..], &length].concat();
        self.attribute(name, &datatype, &dataspace(&[], false), text.as_bytes())
    }

    /// The object header as it stands in the file.
    pub(super) fn bytes(self) -> Vec<u8> {
        // Version 2, the size of the messages in four bytes.
        let mut bytes = b"OHDR\x02\x02".to_vec();
        bytes.extend((self.messages.len() as u32).to_le_bytes());
        bytes.extend(self.messages);
        let sum = checksum(&bytes);
        bytes.extend(sum.to_le_bytes());
        bytes
    }
}

/// Jenkins' lookup3 (public domain, <https://burtleburtle.net/bob/c/lookup3.c>), which HDF5 checks its metadata by.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    let mut v = [0xdead_beef_u32.wrapping_add(bytes.len() as u32); 3];
    let mut blocks = bytes.chunks(12).peekable();
    while let Some(block) = blocks.next() {
        let mut padded = [0; 12];
        padded[..block.len()].copy_from_slice(block);
        for (x, word) in v.iter_mut().zip(padded.chunks_exact(4)) {
            *x = x.wrapping_add(u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        }
        if blocks.peek().is_some() {
            for (k, turn) in [4, 6, 8, 16, 19, 4].into_iter().enumerate() {
                let (i, j, l) = (k % 3, (k + 2) % 3, (k + 1) % 3);
                v[i] = v[i].wrapping_sub(v[j]) ^ v[j].rotate_left(turn);
                v[j] = v[j].wrapping_add(v[l]);
            }
        } else {
            for (k, turn) in [14, 11, 25, 16, 4, 14, 24].into_iter().enumerate() {
                let (i, j) = ((k + 2) % 3, (k + 1) % 3);
                v[i] = (v[i] ^ v[j]).wrapping_sub(v[j].rotate_left(turn));
            }
        }
    }
    v[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value that comes with the reference implementation's own driver (`driver5`, seed 0).
    #[test]
    fn checksums_are_those_of_lookup3() {
        assert_eq!(checksum(b"Four score and seven years ago"), 0x1777_0551);
    }

    #[test]
    fn a_damaged_superblock_is_noticed() {
        let good = superblock(4096, 96);
        assert!(is_superblock(&good, 4096) && !is_superblock(&good, 4104));
        for k in 0..SUPERBLOCK {
            let mut bad = good;
            bad[k] ^= 1;
            assert!(!is_superblock(&bad, 4096), "byte {k}");
        }
    }
}
