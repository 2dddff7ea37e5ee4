//! CIF, the crystallographic information file: structures with their symmetry.
//!
//! The symmetry operations that the file lists are applied and images that coincide are merged. A
//! structure in which sites are partly occupied is not one arrangement of atoms; it is refused unless a
//! seed is given, which then decides, over the supercell asked for, which atom sits where.

mod apportion;
mod block;
mod disorder;
mod lexer;
mod sites;
mod symmetry;
mod write;

pub(super) use write::create;

use super::source::Source;
use super::{Frame, ReadFrames, ReadOptions, Value};
use crate::error::{Error, Result};
use crate::system::{Cell, SupercellMatrix};
use block::Block;
use lexer::Words;
use sites::Orbit;

/// Starts reading.
pub(super) fn open(source: Source, options: &ReadOptions) -> Box<dyn ReadFrames> {
    Box::new(Reader {
        words: Words::new(source.lines()),
        seed: options.occupancy_seed,
        supercell: options.occupancy_supercell,
        found: false,
    })
}

/// The blocks of a file that hold atoms.
struct Reader {
    words: Words,
    seed: Option<u64>,
    supercell: Option<SupercellMatrix>,
    found: bool,
}

impl ReadFrames for Reader {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        while let Some(mut block) = Block::read(&mut self.words)? {
            let Some((cell, orbits)) = sites::read(&mut block)? else { continue };
            self.found = true;
            let mut frame = self.frame(&block, &cell, &orbits)?;
            frame.origin.line = block.head.line.number;
            let name = block.head.text();
            if !name.is_empty() {
                frame.info.insert("name".into(), Value::Text(name.to_string()));
            }
            return Ok(Some(frame));
        }
        if self.found {
            return Ok(None);
        }
        Err(self.words.lines().end_error("a data block with `_atom_site_fract_x`: this file holds no atoms"))
    }
}

impl Reader {
    fn frame(&self, block: &Block, cell: &Cell, orbits: &[Orbit]) -> Result<Frame> {
        let disordered = orbits.iter().find(|orbit| !orbit.is_ordered());
        let seed = match (self.seed, disordered) {
            (Some(seed), _) => seed,
            (None, None) => 0,
            (None, Some(orbit)) => {
                let shares: Vec<String> = orbit
                    .occupants
                    .iter()
                    .map(|(element, fraction)| format!("{element} {fraction}"))
                    .collect();
                return Err(orbit
                    .place
                    .error(format!("partly occupied site ({}): not one arrangement of atoms", shares.join(", ")))
                    .with_help("a seed draws the occupations at random, over the supercell in use, with counts nearest to these fractions")
                    .with_help("(`occupancy_seed` in [structure], `--occupancy-seed N` on the command line)")
                    .into());
            }
        };
        let mut frame = disorder::resolve(cell, self.supercell, orbits, seed)
            .map_err(|message| -> Error { block.head.error(message).into() })?;
        if let Some(matrix) = self.supercell {
            let integers = matrix.into_iter().flatten().map(i64::from).collect();
            frame.info.insert("supercell".into(), Value::Integers(integers));
            frame.origin.supercell = Some(matrix);
        }
        Ok(frame)
    }
}
