//! Buffers of no lasting value.

use super::triplets::Seats;
use crate::lanes::{Buffer, Real};

/// Buffers that grow to what was needed most and are used over and over.
#[derive(Debug, Default)]
pub(super) struct Scratch<T> {
    arrays: Buffer<T>,
    table: Buffer<T>,
    /// One row of a list of triplets being made.
    pub(super) row: Buffer<T>,
    /// What triplets leave for forces.
    pub(super) records: Vec<[T; 4]>,
    pub(super) seats: Seats<T>,
}

impl<T: Real> Scratch<T> {
    /// Eight arrays of `n` numbers each and one of `m`, whatever they hold.
    #[inline(always)]
    pub(super) fn parts(&mut self, n: usize, m: usize) -> ([&mut [T]; 8], &mut [T]) {
        let (a, rest) = take(&mut self.arrays, 8 * n).split_at_mut(n);
        let (b, rest) = rest.split_at_mut(n);
        let (c, rest) = rest.split_at_mut(n);
        let (d, rest) = rest.split_at_mut(n);
        let (e, rest) = rest.split_at_mut(n);
        let (f, rest) = rest.split_at_mut(n);
        let (g, h) = rest.split_at_mut(n);
        ([a, b, c, d, e, f, g, h], take(&mut self.table, m))
    }
}

#[inline(always)]
fn take<T: Real>(array: &mut Buffer<T>, n: usize) -> &mut [T] {
    array.resize(n);
    array
}
