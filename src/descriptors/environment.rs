//! The neighbours of one atom, laid out for vector code.

use crate::lanes::Real;

/// One array per Cartesian component.
#[derive(Debug, Clone, Default)]
pub struct Vectors<T> {
    /// Components along x.
    pub x: Vec<T>,
    /// Components along y.
    pub y: Vec<T>,
    /// Components along z.
    pub z: Vec<T>,
}

impl<T: Real> Vectors<T> {
    /// Makes it `n` zero vectors, keeping the memory.
    pub fn reset(&mut self, n: usize) {
        for component in [&mut self.x, &mut self.y, &mut self.z] {
            component.clear();
            component.resize(n, T::ZERO);
        }
    }
}

/// The neighbours of one atom within the cutoff, grouped by species.
///
/// Arrays of components rather than an array of vectors, so that a loop over neighbours is vector code.
#[derive(Debug, Clone, Default)]
pub struct Environment<T> {
    /// r_ij = r_j − r_i + S·H, Å.
    pub vectors: Vectors<T>,
    /// |r_ij|, Å, never zero.
    pub distances: Vec<T>,
    /// Neighbours of species s are `starts[s]..starts[s + 1]`.
    pub starts: Vec<usize>,
}

impl<T: Real> Environment<T> {
    /// Number of neighbours.
    pub fn len(&self) -> usize {
        self.distances.len()
    }

    /// Is the atom alone?
    pub fn is_empty(&self) -> bool {
        self.distances.is_empty()
    }

    /// Number of species.
    pub fn species(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The range of neighbours of species `s`.
    pub fn of_species(&self, s: usize) -> std::ops::Range<usize> {
        self.starts[s]..self.starts[s + 1]
    }

    /// An environment from (species, r_ij) in any order; those at `cutoff` or beyond are left out.
    /// Meant for tests and for building one environment at a time; the hot path fills the arrays itself.
    pub fn from_neighbors(species: usize, neighbors: &[(usize, [f64; 3])], cutoff: f64) -> Self {
        let mut environment = Self::default();
        for s in 0..species {
            environment.starts.push(environment.len());
            for (_, [x, y, z]) in neighbors.iter().filter(|n| n.0 == s) {
                let distance = (x * x + y * y + z * z).sqrt();
                if distance < cutoff {
                    environment.vectors.x.push(T::of(*x));
                    environment.vectors.y.push(T::of(*y));
                    environment.vectors.z.push(T::of(*z));
                    environment.distances.push(T::of(distance));
                }
            }
        }
        environment.starts.push(environment.len());
        environment
    }
}
