//! The neighbour list cut into blocks of nearby atoms, each self-contained: the form in which a
//! many-body potential wants it.
//!
//! A block owns a run of consecutive atoms (its *home*) and a list of *images*: every atom, with its
//! lattice translation, that one of them has as a neighbour. Inside a block an image is a small local
//! number, so evaluating it touches a few tens of kilobytes that stay in the cache: positions of the
//! images are gathered once, pairs index them without lattice arithmetic, and forces are added up in a
//! local array. Afterwards each atom collects its contributions from the blocks it appears in, in the
//! order of the blocks: no atomics, and the same bits for any number of threads.
//!
//! For this to be fast consecutive atoms must be near each other; the engine sorts them in space.

use super::{Drift, NeighborList, Pair};
use crate::system::{Cell, Vec3};
use rayon::prelude::*;
use std::ops::Range;

/// An atom with a lattice translation, as a block sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    /// The atom.
    pub atom: u32,
    /// The lattice translation S: the image stands at r + S·H.
    pub shift: [i8; 3],
}

/// A run of atoms with all their neighbours.
#[derive(Debug, Clone)]
pub struct Block {
    /// The atoms of this block.
    pub home: Range<usize>,
    /// The atoms it sees; the first `home.len()` of them are the home atoms themselves.
    pub images: Vec<Image>,
    /// Where the neighbours of (home atom, species) begin in `neighbors`: species run fastest, one more
    /// entry at the end.
    starts: Vec<u32>,
    /// Neighbours as indices into `images`, grouped by species.
    neighbors: Vec<u32>,
    /// Where the forces of this block begin in the array of all blocks' forces.
    base: usize,
}

impl Block {
    /// Neighbours of the `k`-th home atom that belong to species `s` of `species`.
    pub fn neighbors(&self, k: usize, s: usize, species: usize) -> &[u32] {
        let at = k * species + s;
        &self.neighbors[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    /// Position of every image, Å.
    pub fn gather(&self, cell: &Cell, positions: &[Vec3], out: &mut Vec<Vec3>) {
        out.clear();
        out.extend(self.images.iter().map(|image| {
            let r = positions[image.atom as usize];
            if image.shift == [0; 3] { r } else { r + cell.translation(image.shift.map(i32::from)) }
        }));
    }
}

/// All blocks of a system, and how to add up what they computed.
#[derive(Debug, Clone)]
pub struct Blocks {
    parts: Vec<Block>,
    /// For each atom, the places of its images in the concatenated arrays of the blocks, in block order.
    contributions: Vec<u32>,
    contribution_starts: Vec<u32>,
    species: usize,
    version: u64,
    reach: f64,
    drift: Drift,
}

/// How far beyond the cutoff blocks reach, Å, where the list allows: atoms in a solid at 1000 K need
/// some tens of femtoseconds for half of it, so blocks are cut that rarely, and the inner loop tests few
/// pairs in vain. (The list itself has a larger skin, since building it costs more.)
const INNER_SKIN: f64 = 0.4;

impl Blocks {
    /// Cuts blocks from a list at the present positions. `species[i]` < `species_count` groups neighbours.
    pub fn new(
        cell: &Cell,
        positions: &[Vec3],
        species: &[u16],
        species_count: usize,
        list: &NeighborList,
        cutoff: f64,
    ) -> Self {
        let reach = list.cutoff().min(cutoff + INNER_SKIN);
        let n = positions.len();
        let size = block_size(n);
        let mut blocks: Vec<Block> = (0..n.div_ceil(size))
            .into_par_iter()
            .map_init(
                || vec![NONE; n],
                |first, b| {
                    let home = b * size..((b + 1) * size).min(n);
                    cut(home, cell, positions, species, species_count, list, reach, first)
                },
            )
            .collect();

        let mut counts = vec![0_u32; n + 1];
        let mut base = 0;
        for block in &mut blocks {
            block.base = base;
            base += block.images.len();
            for image in &block.images {
                counts[image.atom as usize + 1] += 1;
            }
        }
        for i in 0..n {
            counts[i + 1] += counts[i];
        }
        let mut contributions = vec![0; base];
        let mut next = counts.clone();
        let mut order: Vec<usize> = Vec::new();
        for block in &blocks {
            // Several images of an atom in one block are added up by shift, not in the order in which they were
            // met: that depends on when the block was cut, and a restarted run cuts at other times.
            order.clear();
            order.extend(0..block.images.len());
            order.sort_by_key(|&local| block.images[local].shift);
            for &local in &order {
                let slot = &mut next[block.images[local].atom as usize];
                contributions[*slot as usize] = (block.base + local) as u32;
                *slot += 1;
            }
        }
        Self {
            parts: blocks,
            contributions,
            contribution_starts: counts,
            species: species_count,
            version: list.version(),
            reach,
            drift: Drift::since(cell, positions),
        }
    }

    /// Do these blocks still hold every pair within `cutoff`, for this list?
    pub fn serve(&self, cell: &Cell, positions: &[Vec3], list: &NeighborList, cutoff: f64) -> bool {
        self.version == list.version() && self.drift.covers(cutoff, self.reach, cell, positions)
    }

    /// The blocks, in the order of their atoms.
    pub fn blocks(&self) -> &[Block] {
        &self.parts
    }

    /// Number of species that neighbours are grouped by.
    pub fn species(&self) -> usize {
        self.species
    }

    /// The length of an array with an entry for each image of each block.
    pub fn images(&self) -> usize {
        self.contributions.len()
    }

    /// Cuts such an array into one slice per block.
    pub fn split<'a, T>(&self, mut array: &'a mut [T]) -> Vec<&'a mut [T]> {
        let mut parts = Vec::with_capacity(self.parts.len());
        for block in &self.parts {
            let (part, rest) = array.split_at_mut(block.images.len());
            parts.push(part);
            array = rest;
        }
        parts
    }

    /// Adds to each atom's entry of `out` what the blocks computed for its images.
    pub fn collect(&self, images: &[Vec3], out: &mut [Vec3]) {
        out.par_iter_mut().with_min_len(1024).enumerate().for_each(|(i, total)| {
            let range = self.contribution_starts[i] as usize..self.contribution_starts[i + 1] as usize;
            for &place in &self.contributions[range] {
                *total += images[place as usize];
            }
        });
    }

    /// Heap memory, bytes.
    pub fn memory(&self) -> usize {
        let blocks: usize = self
            .parts
            .iter()
            .map(|b| {
                4 * (b.starts.capacity() + b.neighbors.capacity()) + size_of::<Image>() * b.images.capacity()
            })
            .sum();
        blocks + 4 * (self.contributions.capacity() + self.contribution_starts.capacity())
    }
}

/// Marks an atom without an image in the block being cut, and the end of a chain.
const NONE: u32 = u32::MAX;

/// Atoms per block: enough blocks to share among threads, but not more images than home atoms demand.
/// Depends on the system alone, so that results do not depend on the machine.
fn block_size(atoms: usize) -> usize {
    (atoms / 64).clamp(8, 96)
}

#[allow(clippy::too_many_arguments)]
fn cut(
    home: Range<usize>,
    cell: &Cell,
    positions: &[Vec3],
    species: &[u16],
    species_count: usize,
    list: &NeighborList,
    reach: f64,
    first: &mut [u32],
) -> Block {
    let mut images: Vec<Image> = home.clone().map(|i| Image { atom: i as u32, shift: [0; 3] }).collect();
    // Images of the same atom form a chain that starts at first[atom]: mostly it has one link.
    let mut chain = vec![NONE; images.len()];
    for (local, i) in home.clone().enumerate() {
        first[i] = local as u32;
    }
    let mut starts = Vec::with_capacity(home.len() * species_count + 1);
    let mut neighbors: Vec<u32> = Vec::new();
    let mut near: Vec<(u16, u32)> = Vec::new();
    let reach2 = reach * reach;
    for i in home.clone() {
        near.clear();
        for &pair in list.neighbors(i) {
            let j = pair.atom as usize;
            if NeighborList::vector(cell, positions, i, pair).norm_squared() < reach2 {
                near.push((species[j], local_number(pair, first, &mut chain, &mut images)));
            }
        }
        for s in 0..species_count {
            starts.push(neighbors.len() as u32);
            neighbors.extend(near.iter().filter(|n| usize::from(n.0) == s).map(|n| n.1));
        }
    }
    starts.push(neighbors.len() as u32);
    for image in &images {
        first[image.atom as usize] = NONE;
    }
    Block { home, images, starts, neighbors, base: 0 }
}

/// The local number of a neighbour; a new one if the block has not met it yet.
fn local_number(pair: Pair, first: &mut [u32], chain: &mut Vec<u32>, images: &mut Vec<Image>) -> u32 {
    let mut at = first[pair.atom as usize];
    while at != NONE {
        if images[at as usize].shift == pair.shift {
            return at;
        }
        at = chain[at as usize];
    }
    let local = images.len() as u32;
    images.push(Image { atom: pair.atom, shift: pair.shift });
    chain.push(first[pair.atom as usize]);
    first[pair.atom as usize] = local;
    local
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neighbors::NeighborList;

    /// A slanted cell smaller than the cutoff along one direction, with atoms of three species.
    fn crowded() -> (Cell, Vec<Vec3>, Vec<u16>) {
        let cell = Cell::new([[9.0, 0.0, 0.0], [3.0, 8.0, 0.0], [-1.0, 2.0, 4.0]], [true; 3]).unwrap();
        let positions: Vec<Vec3> = (0..40)
            .map(|i| {
                let x = f64::from(i);
                cell.cartesian(&Vec3::new((x * 0.618).fract(), (x * 0.755).fract(), (x * 0.570).fract()))
            })
            .collect();
        let species = (0..40).map(|i| i % 3).collect();
        (cell, positions, species)
    }

    #[test]
    fn blocks_hold_every_pair_once_at_the_right_place() {
        let (cell, positions, species) = crowded();
        let cutoff = 5.0;
        let list = NeighborList::build(&cell, &positions, cutoff + 1.0).unwrap();
        let blocks = Blocks::new(&cell, &positions, &species, 3, &list, cutoff);
        let mut images = Vec::new();
        for block in blocks.blocks() {
            block.gather(&cell, &positions, &mut images);
            for (k, i) in block.home.clone().enumerate() {
                let mut expected: Vec<(u16, [i64; 3])> = list
                    .neighbors(i)
                    .iter()
                    .map(|&pair| (pair, NeighborList::vector(&cell, &positions, i, pair)))
                    .filter(|(_, d)| d.norm() < cutoff + INNER_SKIN)
                    .map(|(pair, d)| (species[pair.atom as usize], rounded(&d)))
                    .collect();
                let mut found: Vec<(u16, [i64; 3])> = (0..3)
                    .flat_map(|s| {
                        let images = &images;
                        block
                            .neighbors(k, s, 3)
                            .iter()
                            .map(move |&l| (s as u16, rounded(&(images[l as usize] - images[k]))))
                    })
                    .collect();
                expected.sort_unstable();
                found.sort_unstable();
                assert_eq!(found, expected, "atom {i}");
            }
        }
    }

    fn rounded(d: &Vec3) -> [i64; 3] {
        [0, 1, 2].map(|k| (d[k] * 1e9).round() as i64)
    }

    #[test]
    fn what_blocks_compute_for_images_is_collected_by_atom() {
        let (cell, positions, species) = crowded();
        let list = NeighborList::build(&cell, &positions, 5.0).unwrap();
        let blocks = Blocks::new(&cell, &positions, &species, 3, &list, 5.0);
        let mut images = vec![Vec3::zeros(); blocks.images()];
        for (block, part) in blocks.blocks().iter().zip(blocks.split(&mut images)) {
            for (image, value) in block.images.iter().zip(part) {
                *value = Vec3::new(1.0, f64::from(image.atom), 0.0);
            }
        }
        let mut out = vec![Vec3::zeros(); positions.len()];
        blocks.collect(&images, &mut out);
        for (i, total) in out.iter().enumerate() {
            let count =
                blocks.blocks().iter().flat_map(|b| &b.images).filter(|m| m.atom as usize == i).count();
            assert_eq!(*total, Vec3::new(count as f64, (count * i) as f64, 0.0));
        }
    }

    #[test]
    fn blocks_serve_until_an_atom_has_moved_half_the_inner_skin() {
        let (cell, mut positions, species) = crowded();
        let list = NeighborList::build(&cell, &positions, 6.0).unwrap();
        let blocks = Blocks::new(&cell, &positions, &species, 3, &list, 5.0);
        positions[3].x += 0.49 * INNER_SKIN;
        assert!(blocks.serve(&cell, &positions, &list, 5.0));
        positions[3].x += 0.02 * INNER_SKIN;
        assert!(!blocks.serve(&cell, &positions, &list, 5.0));
        let other = NeighborList::build(&cell, &positions, 6.0).unwrap();
        assert!(!blocks.serve(&cell, &positions, &other, 5.0));
    }
}
