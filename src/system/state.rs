//! The atoms at one moment.

use super::{Cell, Element, Mat3, Vec3};
use crate::error::{Error, Result};
use crate::units::{AMU_ANGSTROM2_PER_FS2, BOLTZMANN};

/// A structure of arrays: one entry per atom in each, in the order of the input.
///
/// Positions are wrapped into the cell and `images` counts the lattice vectors that were taken off, so
/// that position + image·H follows an atom through any number of cells.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    /// The cell.
    pub cell: Cell,
    /// Element of each atom.
    pub species: Vec<Element>,
    /// Wrapped positions, Å.
    pub positions: Vec<Vec3>,
    /// Cells crossed since the beginning.
    pub images: Vec<[i32; 3]>,
    /// Velocities, Å/fs.
    pub velocities: Vec<Vec3>,
    /// Masses, amu.
    pub masses: Vec<f64>,
    /// Steps done since the beginning of the simulation.
    pub step: u64,
    /// Simulated time, fs.
    pub time: f64,
}

impl System {
    /// Atoms at rest with standard masses; positions are wrapped, images count from the given positions.
    pub fn new(cell: Cell, species: Vec<Element>, positions: Vec<Vec3>) -> Result<Self> {
        if species.len() != positions.len() {
            return Err(Error::invalid(format!(
                "{} elements but {} positions",
                species.len(),
                positions.len()
            )));
        }
        if let Some(i) = positions.iter().position(|r| !r.iter().all(|x| x.is_finite())) {
            return Err(Error::invalid(format!("the position of atom {i} is not finite")));
        }
        let n = species.len();
        let mut system = Self {
            cell,
            masses: species.iter().map(|element| element.mass()).collect(),
            species,
            positions,
            images: vec![[0; 3]; n],
            velocities: vec![Vec3::zeros(); n],
            step: 0,
            time: 0.0,
        };
        system.wrap();
        Ok(system)
    }

    /// Number of atoms.
    pub fn len(&self) -> usize {
        self.species.len()
    }

    /// Are there no atoms?
    pub fn is_empty(&self) -> bool {
        self.species.is_empty()
    }

    /// Brings every position into the cell and keeps count in `images`.
    pub fn wrap(&mut self) {
        for (r, image) in self.positions.iter_mut().zip(&mut self.images) {
            let (wrapped, shift) = self.cell.wrap(r);
            *r = wrapped;
            for k in 0..3 {
                image[k] = image[k].saturating_add(shift[k]);
            }
        }
    }

    /// The position of atom `i` followed through the cells it crossed.
    pub fn unwrapped(&self, i: usize) -> Vec3 {
        self.positions[i] + self.cell.translation(self.images[i])
    }

    /// Kinetic energy, eV.
    pub fn kinetic_energy(&self) -> f64 {
        let sum: f64 = self.masses.iter().zip(&self.velocities).map(|(m, v)| m * v.norm_squared()).sum();
        0.5 * AMU_ANGSTROM2_PER_FS2 * sum
    }

    /// Σ m v ⊗ v in eV, the kinetic part of the stress times the volume.
    pub fn kinetic_tensor(&self) -> Mat3 {
        let mut sum = Mat3::zeros();
        for (m, v) in self.masses.iter().zip(&self.velocities) {
            sum += *m * v * v.transpose();
        }
        sum * AMU_ANGSTROM2_PER_FS2
    }

    /// Total momentum, amu·Å/fs.
    pub fn momentum(&self) -> Vec3 {
        self.masses.iter().zip(&self.velocities).map(|(m, v)| *m * v).sum()
    }

    /// 2K/(k_B·degrees of freedom), K; zero without degrees of freedom.
    pub fn temperature(&self, degrees_of_freedom: usize) -> f64 {
        if degrees_of_freedom == 0 {
            return 0.0;
        }
        2.0 * self.kinetic_energy() / (BOLTZMANN * degrees_of_freedom as f64)
    }

    /// The chemical formula, elements in alphabetical order (`Li24N8`).
    pub fn formula(&self) -> String {
        formula(&self.species)
    }
}

/// Elements in alphabetical order with their counts.
pub(crate) fn formula(species: &[Element]) -> String {
    let mut counts = std::collections::BTreeMap::new();
    for element in species {
        *counts.entry(element.symbol()).or_insert(0_usize) += 1;
    }
    counts
        .iter()
        .map(|(symbol, n)| if *n == 1 { (*symbol).to_string() } else { format!("{symbol}{n}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_follow_an_atom() {
        let cell = Cell::orthorhombic(4.0, 4.0, 4.0).unwrap();
        let li = Element::from_symbol("Li").unwrap();
        let mut system = System::new(cell, vec![li], vec![Vec3::new(9.0, -1.0, 2.0)]).unwrap();
        assert_eq!(system.positions[0], Vec3::new(1.0, 3.0, 2.0));
        assert_eq!(system.unwrapped(0), Vec3::new(9.0, -1.0, 2.0));
        system.positions[0].x += 4.0;
        system.wrap();
        assert_eq!(system.unwrapped(0), Vec3::new(13.0, -1.0, 2.0));
    }

    #[test]
    fn kinetic_energy_of_one_atom() {
        let li = Element::from_symbol("Li").unwrap();
        let mut system = System::new(Cell::isolated(), vec![li], vec![Vec3::zeros()]).unwrap();
        system.velocities[0] = Vec3::new(0.01, 0.0, 0.0);
        let expected = 0.5 * 6.94 * 1e-4 * AMU_ANGSTROM2_PER_FS2;
        assert!((system.kinetic_energy() - expected).abs() < 1e-15);
        assert!((system.kinetic_tensor().trace() - 2.0 * expected).abs() < 1e-15);
        assert!((system.temperature(3) - 2.0 * expected / (3.0 * BOLTZMANN)).abs() < 1e-9);
    }
}
