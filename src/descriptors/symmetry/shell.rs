//! The neighbours of one atom as the kernels want them: every species padded to whole vectors.

use crate::descriptors::Environment;
use crate::lanes::{Buffer, Real};
use std::ops::Range;

/// Arrays over neighbours are padded to multiples of this, so that no vector loop has a remainder.
pub(super) const PAD: usize = 16;

/// Where padding stands, Å: beyond every cutoff, and as far from each other.
pub(super) const FAR: f64 = 1e4;

/// `n` rounded up to a whole number of vectors.
pub(super) fn padded(n: usize) -> usize {
    n.next_multiple_of(PAD)
}

/// Numbers in another precision.
pub(super) fn round<T: Real, V: Real>(from: &[V], to: &mut Buffer<T>) {
    to.resize(from.len());
    for (to, from) in to.iter_mut().zip(from) {
        *to = T::of(from.to_f64());
    }
}

/// Which neighbours a sum runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Class {
    /// Those of one species.
    Species(usize),
    /// All, weighted by their atomic numbers.
    All,
}

/// Neighbours grouped by species; each group begins at a multiple of [`PAD`].
///
/// The places between groups hold atoms so far away that every factor with a cutoff is zero there: they
/// need no test in any loop.
#[derive(Debug, Default)]
pub(super) struct Shell<T> {
    /// r_ij, Å.
    pub(super) x: Buffer<T>,
    pub(super) y: Buffer<T>,
    pub(super) z: Buffer<T>,
    /// |r_ij| and its inverse.
    pub(super) r: Buffer<T>,
    pub(super) inverse: Buffer<T>,
    /// Where each species begins.
    starts: Vec<usize>,
    /// How many neighbours it has.
    counts: Vec<usize>,
}

impl<T: Real> Shell<T> {
    /// Takes over the neighbours of `environment`.
    pub(super) fn fill(&mut self, environment: &Environment<T>) {
        let species = environment.species();
        self.starts.clear();
        self.counts.clear();
        let mut len = 0;
        for s in 0..species {
            let count = environment.of_species(s).len();
            self.starts.push(len);
            self.counts.push(count);
            len += padded(count);
        }
        self.starts.push(len);
        for array in [&mut self.x, &mut self.y, &mut self.z, &mut self.r, &mut self.inverse] {
            array.resize(len);
        }
        for s in 0..species {
            let (from, to) = (environment.of_species(s), self.starts[s]..self.starts[s] + self.counts[s]);
            self.x[to.clone()].copy_from_slice(&environment.vectors.x[from.clone()]);
            self.y[to.clone()].copy_from_slice(&environment.vectors.y[from.clone()]);
            self.z[to.clone()].copy_from_slice(&environment.vectors.z[from.clone()]);
            self.r[to.clone()].copy_from_slice(&environment.distances[from]);
            for k in to.end..self.starts[s + 1] {
                let far = T::of(FAR + 1e3 * k as f64);
                (self.x[k], self.y[k], self.z[k], self.r[k]) = (far, T::ZERO, T::ZERO, far);
            }
        }
        for (inverse, r) in self.inverse.iter_mut().zip(&*self.r) {
            *inverse = T::ONE / *r;
        }
    }

    /// Takes over the neighbours of a shell of another precision.
    pub(super) fn round<V: Real>(&mut self, shell: &Shell<V>) {
        self.starts.clone_from(&shell.starts);
        self.counts.clone_from(&shell.counts);
        let arrays = [
            (&mut self.x, &shell.x),
            (&mut self.y, &shell.y),
            (&mut self.z, &shell.z),
            (&mut self.r, &shell.r),
            (&mut self.inverse, &shell.inverse),
        ];
        for (to, from) in arrays {
            round(from, to);
        }
    }

    /// (r_ij − shift)² of the neighbours at `places`.
    pub(super) fn squares(&self, shift: T, places: Range<usize>, out: &mut [T]) {
        for (square, r) in out.iter_mut().zip(&self.r[places]) {
            let x = *r - shift;
            *square = x * x;
        }
    }

    /// Number of places, padding included.
    pub(super) fn len(&self) -> usize {
        self.r.len()
    }

    /// The places of a class, padding included.
    pub(super) fn places(&self, class: Class) -> Range<usize> {
        match class {
            Class::Species(s) => self.starts[s]..self.starts[s + 1],
            Class::All => 0..self.len(),
        }
    }

    /// Number of species.
    pub(super) fn species(&self) -> usize {
        self.counts.len()
    }

    /// The runs of neighbours without padding, in the order of the environment.
    pub(super) fn runs(&self) -> impl Iterator<Item = Range<usize>> {
        self.starts.iter().zip(&self.counts).map(|(start, count)| *start..start + count)
    }

    /// The range of places of species `s`, without padding.
    pub(super) fn run(&self, s: usize) -> Range<usize> {
        self.starts[s]..self.starts[s] + self.counts[s]
    }
}
