//! The state from which an interrupted run goes on, with the same bits.
//!
//! One file: a line of JSON with everything small, the arrays as little-endian numbers, and the SHA-256 of
//! all before it. It is written under another name, confirmed by the disk, and then renamed; the one before
//! stays as `checkpoint.previous`.

use crate::compute::Anchor;
use crate::error::{Error, Result};
use crate::system::{Cell, Element, System, Vec3};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What a run needs to go on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Checkpoint {
    pub(super) system: System,
    /// Where the neighbour list was built: it decides the order of sums.
    pub(super) anchor: Anchor,
    /// What the integrator remembers.
    pub(super) integrator: Vec<f64>,
    /// The atoms in the words of the device that moves them, if one does.
    pub(super) device: Vec<u32>,
    /// How long the files of each observer were.
    pub(super) marks: Vec<Vec<u64>>,
    /// The steps that were asked for: equilibration and production.
    pub(super) steps: [u64; 2],
}

const MAGIC: &str = "mlmd checkpoint 2";

#[derive(Serialize, Deserialize)]
struct Header {
    magic: String,
    atoms: usize,
    species: Vec<Element>,
    periodic: [bool; 3],
    step: u64,
    marks: Vec<Vec<u64>>,
    steps: [u64; 2],
    integrator: usize,
    /// Older checkpoints know of no devices.
    #[serde(default)]
    device: usize,
}

/// The step from which a task would go on: that of its newest whole checkpoint.
///
/// Not the first line of the newest file: a kill between the two renames of writing one leaves only the
/// one before.
pub fn saved_step(folder: &Path) -> Option<u64> {
    Checkpoint::read(folder).ok().flatten().map(|checkpoint| checkpoint.system.step)
}

impl Checkpoint {
    /// Writes the checkpoint of a folder.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let (path, temporary) = (current(folder), folder.join("checkpoint.writing"));
        let bytes = self.to_bytes()?;
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&temporary)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            if path.exists() {
                fs::rename(&path, previous(folder))?;
            }
            fs::rename(&temporary, &path)?;
            // The names themselves are durable once their folder is. Windows opens no folders.
            #[cfg(unix)]
            File::open(folder)?.sync_all()?;
            Ok(())
        };
        write().map_err(Error::io(&path, "write"))
    }

    /// The newest checkpoint of a folder that is whole; `None` if there never was one.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>> {
        let mut damage = None;
        for path in [current(folder), previous(folder)] {
            match fs::read(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(Error::io(&path, "read")(error)),
                Ok(bytes) => match Self::from_bytes(&bytes) {
                    Some(checkpoint) => return Ok(Some(checkpoint)),
                    None => damage = damage.or(Some(path)),
                },
            }
        }
        match damage {
            None => Ok(None),
            Some(path) => Err(Error::invalid(format!(
                "{}: this checkpoint is damaged or was written by another version; `--restart fresh` begins anew",
                path.display()
            ))),
        }
    }

    fn to_bytes(&self) -> Result<Vec<u8>> {
        let system = &self.system;
        let header = Header {
            magic: MAGIC.into(),
            atoms: system.len(),
            species: system.species.clone(),
            periodic: system.cell.periodic(),
            step: system.step,
            marks: self.marks.clone(),
            steps: self.steps,
            integrator: self.integrator.len(),
            device: self.device.len(),
        };
        let mut bytes = serde_json::to_vec(&header).map_err(|e| Error::Internal(e.to_string()))?;
        bytes.push(b'\n');
        let mut numbers = |values: &mut dyn Iterator<Item = f64>| {
            values.for_each(|x| bytes.extend_from_slice(&x.to_le_bytes()));
        };
        numbers(&mut std::iter::once(system.time));
        numbers(&mut self.integrator.iter().copied());
        numbers(&mut system.masses.iter().copied());
        for cell in [&system.cell, &self.anchor.cell] {
            numbers(&mut cell.rows().into_iter().flatten());
        }
        for vectors in [&system.positions, &system.velocities, &self.anchor.positions] {
            numbers(&mut vectors.iter().flat_map(|v| [v.x, v.y, v.z]));
        }
        for images in [&system.images, &self.anchor.images] {
            images.iter().flatten().for_each(|s| bytes.extend_from_slice(&s.to_le_bytes()));
        }
        self.device.iter().for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
        let hash = Sha256::digest(&bytes);
        bytes.extend_from_slice(&hash);
        Ok(bytes)
    }

    /// `None` if anything is not as it was written.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (content, hash) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
        if Sha256::digest(content)[..] != *hash {
            return None;
        }
        let end = content.iter().position(|&b| b == b'\n')?;
        let header: Header = serde_json::from_slice(&content[..end]).ok()?;
        if header.magic != MAGIC || header.species.len() != header.atoms {
            return None;
        }
        let mut words = Words { rest: &content[end + 1..] };
        let n = header.atoms;
        let time = words.real()?;
        let integrator = words.reals(header.integrator)?;
        let masses = words.reals(n)?;
        let cell = words.cell(header.periodic)?;
        let anchor_cell = words.cell(header.periodic)?;
        let (positions, velocities, anchored) = (words.vectors(n)?, words.vectors(n)?, words.vectors(n)?);
        let (images, anchor_images) = (words.images(n)?, words.images(n)?);
        let device = words.words(header.device)?;
        let (species, step) = (header.species, header.step);
        Some(Self {
            system: System { cell, species, positions, images, velocities, masses, step, time },
            anchor: Anchor { cell: anchor_cell, positions: anchored, images: anchor_images },
            integrator,
            device,
            marks: header.marks,
            steps: header.steps,
        })
    }
}

/// Numbers one after the other.
struct Words<'a> {
    rest: &'a [u8],
}

impl Words<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (word, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*word)
    }

    fn real(&mut self) -> Option<f64> {
        self.take().map(f64::from_le_bytes)
    }

    fn reals(&mut self, n: usize) -> Option<Vec<f64>> {
        (0..n).map(|_| self.real()).collect()
    }

    fn words(&mut self, n: usize) -> Option<Vec<u32>> {
        (0..n).map(|_| self.take().map(u32::from_le_bytes)).collect()
    }

    fn vector(&mut self) -> Option<Vec3> {
        Some(Vec3::new(self.real()?, self.real()?, self.real()?))
    }

    fn vectors(&mut self, n: usize) -> Option<Vec<Vec3>> {
        (0..n).map(|_| self.vector()).collect()
    }

    fn cell(&mut self, periodic: [bool; 3]) -> Option<Cell> {
        let rows = [self.vector()?.into(), self.vector()?.into(), self.vector()?.into()];
        Cell::new(rows, periodic).ok()
    }

    fn images(&mut self, n: usize) -> Option<Vec<[i32; 3]>> {
        let mut one = || Some(i32::from_le_bytes(self.take()?));
        (0..n).map(|_| Some([one()?, one()?, one()?])).collect()
    }
}

fn current(folder: &Path) -> PathBuf {
    folder.join("checkpoint")
}

fn previous(folder: &Path) -> PathBuf {
    folder.join("checkpoint.previous")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(step: u64) -> Checkpoint {
        let cell =
            Cell::new([[4.0, 0.1, 0.0], [0.0, 5.0, 0.3], [0.0, 0.0, 6.0]], [true, true, false]).unwrap();
        let species = ["Li", "N"].map(|s| Element::from_symbol(s).unwrap()).to_vec();
        let positions = vec![Vec3::new(0.1, -1.0 / 3.0, 2.0), Vec3::new(9.0, 1e-300, -0.0)];
        let mut system = System::new(cell.clone(), species, positions.clone()).unwrap();
        system.velocities[1] = Vec3::new(1e-3, -0.0, f64::MIN_POSITIVE);
        (system.step, system.time) = (step, 0.1 * step as f64);
        Checkpoint {
            anchor: Anchor { cell, positions, images: vec![[0, -7, 1], [2, 0, 0]] },
            system,
            integrator: vec![0.1 + 0.2, -1e-17],
            device: vec![7, u32::MAX],
            marks: vec![vec![12, 0, 3], vec![]],
            steps: [10, 20],
        }
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Checkpoint::read(folder.path()).unwrap(), None);
        for step in [3, 4] {
            example(step).write(folder.path()).unwrap();
            assert_eq!(Checkpoint::read(folder.path()).unwrap(), Some(example(step)));
        }
    }

    #[test]
    fn damage_falls_back_on_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        example(3).write(folder.path()).unwrap();
        example(4).write(folder.path()).unwrap();
        let mut bytes = fs::read(current(folder.path())).unwrap();
        for at in (0..bytes.len()).step_by(17) {
            bytes[at] ^= 1;
            fs::write(current(folder.path()), &bytes).unwrap();
            assert_eq!(Checkpoint::read(folder.path()).unwrap(), Some(example(3)));
            bytes[at] ^= 1;
        }
        for length in [0, 31, 32, 33, 200] {
            fs::write(current(folder.path()), &bytes[..length]).unwrap();
            assert_eq!(Checkpoint::read(folder.path()).unwrap(), Some(example(3)));
        }
        fs::write(previous(folder.path()), b"").unwrap();
        assert!(Checkpoint::read(folder.path()).is_err());
    }
}
