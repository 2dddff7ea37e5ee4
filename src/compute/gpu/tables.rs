//! Numbers that kernels look up: words, one after another.

use crate::descriptors::{Core, Cutoff, CutoffShape};

/// A table in the making.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    pub(super) words: Vec<u32>,
}

impl Tables {
    /// Where the next word will stand.
    pub(super) fn here(&self) -> usize {
        self.words.len()
    }

    /// Adds a whole number.
    pub(super) fn count(&mut self, value: usize) {
        self.words.push(value as u32);
    }

    /// Adds a real number.
    pub(super) fn real(&mut self, value: f64) {
        self.words.push((value as f32).to_bits());
    }

    /// Adds real numbers and says where they stand.
    pub(super) fn reals(&mut self, values: impl IntoIterator<Item = f64>) -> usize {
        let here = self.here();
        values.into_iter().for_each(|value| self.real(value));
        here
    }

    /// Adds lists one after another and, before them, where each begins, counted in entries; says where the
    /// beginnings and where the lists stand.
    pub(super) fn lists<T>(&mut self, lists: &[Vec<T>], add: impl Fn(&mut Self, &T)) -> [usize; 2] {
        let starts = self.here();
        let mut total = 0;
        self.count(total);
        for list in lists {
            total += list.len();
            self.count(total);
        }
        let entries = self.here();
        lists.iter().flatten().for_each(|entry| add(self, entry));
        [starts, entries]
    }
}

/// The number of a core in `functions.wgsl`.
pub(super) fn core_number(core: Core) -> usize {
    core as usize
}

/// A cutoff function as `functions.wgsl` wants it: shape, start and scale.
pub(super) fn cutoff_numbers(cutoff: &Cutoff) -> (usize, f64, f64) {
    let start = cutoff.inner * cutoff.radius;
    let scale = 1.0 / (cutoff.radius - start);
    let core = |core: Core| (core_number(core), start, scale);
    match cutoff.shape {
        CutoffShape::Cosine => core(Core::Cosine),
        CutoffShape::Exponential => core(Core::Exponential),
        CutoffShape::Poly1 => core(Core::Poly1),
        CutoffShape::Poly2 => core(Core::Poly2),
        CutoffShape::Poly3 => core(Core::Poly3),
        CutoffShape::Poly4 => core(Core::Poly4),
        CutoffShape::Hard => (6, 0.0, 1.0),
        CutoffShape::Tanh => (7, 0.0, 1.0),
        CutoffShape::TanhNormalized => (7, 0.0, 1.0_f64.tanh().powi(-3)),
    }
}
