//! The neighbours of an atom within a radius, made ready for kernels.

use crate::descriptors::{Cutoff, Environment};
use crate::lanes::{Buffer, Lanes, Real};

/// Neighbours within a radius, species after species, each filled up to whole vectors.
///
/// What fills up stands at the radius, where the cutoff function is zero, and in no direction.
#[derive(Debug, Default)]
pub(crate) struct Shell<T> {
    /// Where each species begins; one more entry at the end.
    pub starts: Vec<usize>,
    /// r.
    pub distances: Buffer<T>,
    /// f(r).
    pub values: Buffer<T>,
    /// df/dr.
    pub slopes: Buffer<T>,
}

impl<T: Real> Shell<T> {
    /// Takes the first `counts[s]` neighbours of each species.
    #[inline(always)]
    pub(crate) fn fill<L: Lanes<T>>(
        &mut self,
        lanes: L,
        environment: &Environment<T>,
        counts: &[usize],
        cutoff: &Cutoff,
    ) {
        self.starts.clear();
        let mut total = 0;
        for count in counts {
            self.starts.push(total);
            total += count.next_multiple_of(L::WIDTH);
        }
        self.starts.push(total);
        self.distances.resize(total);
        self.values.resize(total);
        self.slopes.resize(total);
        let radius = T::of(cutoff.radius);
        for s in 0..environment.species() {
            let to = &mut self.distances[self.starts[s]..self.starts[s + 1]];
            copy(&environment.distances[environment.of_species(s)], to, radius);
        }
        cutoff.map_vectors(lanes, &self.distances, &mut self.values, &mut self.slopes);
    }

    /// The neighbours of species `s`, and what fills them up.
    #[inline(always)]
    pub(crate) fn of_species(&self, s: usize) -> std::ops::Range<usize> {
        self.starts[s]..self.starts[s + 1]
    }
}

/// Copies the beginning of a slice; `fill` stands for what it is too short for.
#[inline(always)]
fn copy<T: Real>(from: &[T], to: &mut [T], fill: T) {
    let n = from.len().min(to.len());
    to[..n].copy_from_slice(&from[..n]);
    to[n..].fill(fill);
}

/// Unit vectors of the neighbours in a [`Shell`].
#[derive(Debug, Default)]
pub(super) struct Directions<T> {
    /// Components of r̂.
    pub components: [Buffer<T>; 3],
    /// 1/r.
    pub inverse: Buffer<T>,
}

impl<T: Real> Directions<T> {
    /// The directions of the neighbours in `shell`, which was filled from the same environment.
    #[inline(always)]
    pub(super) fn fill(&mut self, environment: &Environment<T>, shell: &Shell<T>) {
        let total = shell.distances.len();
        self.inverse.resize(total);
        for (inverse, r) in self.inverse.iter_mut().zip(shell.distances.iter()) {
            *inverse = T::ONE / *r;
        }
        let vectors = &environment.vectors;
        for (to, from) in self.components.iter_mut().zip([&vectors.x, &vectors.y, &vectors.z]) {
            to.resize(total);
            for s in 0..environment.species() {
                copy(&from[environment.of_species(s)], &mut to[shell.of_species(s)], T::ZERO);
            }
            for (to, inverse) in to.iter_mut().zip(self.inverse.iter()) {
                *to *= *inverse;
            }
        }
    }
}

/// The first `K` vectors of a slice.
#[inline(always)]
pub(super) fn load_vectors<T: Real, L: Lanes<T>, const K: usize>(lanes: L, from: &[T]) -> [L::Vector; K] {
    let from = &from[..K * L::WIDTH];
    let mut out = [lanes.load(from); K];
    for k in 1..K {
        out[k] = lanes.load(&from[k * L::WIDTH..]);
    }
    out
}

/// How many neighbours come before the last one nearer than `radius`, itself included.
#[inline(always)]
pub(super) fn count_near<T: Real>(distances: &[T], radius: T) -> usize {
    let mut last = 0;
    for (j, r) in distances.iter().enumerate() {
        last = last.max(if *r < radius { j as u32 + 1 } else { 0 });
    }
    last as usize
}
