//! Where a band begins.

use super::band::Surface;
use super::band_forces::Configuration;
use crate::error::{Error, Result};
use crate::neighbors::NeighborList;
use crate::system::{Cell, System, Vec3};
use std::collections::BTreeMap;
use std::ops::Range;

/// How the images between the ends are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interpolation {
    /// So that the distances between atoms change evenly: the image-dependent pair potential of S. Smidstrup et al.,
    /// J. Chem. Phys. 140, 214106 (2014), doi:10.1063/1.4878664. Atoms do not run through each other.
    #[default]
    Idpp,
    /// Along straight lines.
    Linear,
}

/// Positions of the end, each the image nearest to where the atom is at the start.
///
/// Both must hold the same atoms in the same order, in the same cell.
pub fn aligned(start: &System, end: &System) -> Result<Vec<Vec3>> {
    let from: Vec<Vec3> = (0..start.len()).map(|i| start.unwrapped(i)).collect();
    nearest(start, &from, end)
}

/// Positions of a structure on the path that begins with `start`, each the image nearest to where the atom is in the
/// configuration before.
pub(super) fn nearest(start: &System, before: &[Vec3], end: &System) -> Result<Vec<Vec3>> {
    if start.len() != end.len() {
        return Err(Error::invalid(format!(
            "the path begins with {} atoms and ends with {}",
            start.len(),
            end.len()
        )));
    }
    if let Some(i) = (0..start.len()).find(|i| start.species[*i] != end.species[*i]) {
        return Err(Error::invalid(format!(
            "atom {i} is {} at the start of the path and {} at its end: the atoms must be in the same order",
            start.species[i], end.species[i]
        )));
    }
    // Cells that are written with a few digits less are the same cell.
    let differ = (start.cell.matrix() - end.cell.matrix()).amax() > 1e-4 * start.cell.matrix().amax();
    if differ || start.cell.periodic() != end.cell.periodic() {
        return Err(Error::invalid(
            "the cells at the start and at the end of the path differ: relax both in the same cell",
        ));
    }
    Ok(before
        .iter()
        .enumerate()
        .map(|(i, from)| from + start.cell.shortest(&(end.unwrapped(i) - from)))
        .collect())
}

/// `between` images on straight lines between two configurations, with both ends.
pub(super) fn straight(start: &[Vec3], end: &[Vec3], between: usize) -> Vec<Configuration> {
    let last = between + 1;
    (0..=last)
        .map(|k| {
            let t = k as f64 / last as f64;
            start.iter().zip(end).map(|(a, b)| a + t * (b - a)).collect()
        })
        .collect()
}

/// Pairs of atoms whose distance in each image ought to be what it would be if it changed evenly from start to end:
/// the energy is Σ (d₀/d)⁴ (d − target)², without unit.
pub(super) struct EvenDistances {
    /// The atoms, the translation between them, and the distance at both ends.
    pairs: Vec<(usize, usize, Vec3, [f64; 2])>,
    /// The shortest distance there is at the ends, Å.
    shortest: f64,
    last: usize,
}

/// Pairs that are further apart than this at both ends do not keep atoms from colliding, Å.
const REACH: f64 = 5.0;

impl EvenDistances {
    pub(super) fn new(cell: &Cell, start: &[Vec3], end: &[Vec3], between: usize) -> Result<Self> {
        let mut found = BTreeMap::new();
        for positions in [start, end] {
            let list = NeighborList::build(cell, positions, REACH)?;
            for i in 0..list.len() {
                for pair in list.neighbors(i).iter().filter(|pair| pair.atom as usize > i) {
                    let offset = cell.translation(pair.shift.map(i32::from));
                    found.insert((i, pair.atom as usize, pair.shift), offset);
                }
            }
        }
        let pairs: Vec<_> = found
            .into_iter()
            .map(|((i, j, _), offset)| {
                let distance = |r: &[Vec3]| (r[j] - r[i] + offset).norm();
                (i, j, offset, [distance(start), distance(end)])
            })
            .collect();
        let shortest = pairs.iter().map(|p| p.3[0].min(p.3[1])).fold(REACH, f64::min);
        Ok(Self { pairs, shortest, last: between + 1 })
    }
}

impl Surface for EvenDistances {
    fn evaluate(
        &mut self,
        images: &[Configuration],
        which: Range<usize>,
    ) -> Result<Vec<(f64, Configuration)>> {
        Ok(which
            .map(|k| {
                let (r, t) = (&images[k], k as f64 / self.last as f64);
                let (mut energy, mut forces) = (0.0, vec![Vec3::zeros(); r.len()]);
                for (i, j, offset, [from, to]) in &self.pairs {
                    let v = r[*j] - r[*i] + offset;
                    // Where atoms lie on each other the direction is undefined and the weight without bounds.
                    let d = v.norm().max(0.1 * self.shortest);
                    let excess = d - (from + t * (to - from));
                    let weight = (self.shortest / d).powi(4);
                    energy += weight * excess * excess;
                    let slope = weight * (2.0 * excess - 4.0 * excess * excess / d);
                    let force = v * (slope / d);
                    forces[*i] += force;
                    forces[*j] -= force;
                }
                (energy, forces)
            })
            .collect())
    }
}
