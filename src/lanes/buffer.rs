//! Memory that begins at a cache line.

use super::Real;
use std::ops::{Deref, DerefMut};

/// An array of reals whose first entry begins a cache line of 64 bytes, so that no vector of a kernel lies
/// across two of them: sums kept in memory cost twice the time when it does.
#[derive(Debug, Default)]
pub struct Buffer<T> {
    memory: Vec<T>,
    start: usize,
    length: usize,
}

/// How many entries are kept in reserve to move the beginning to a cache line.
const SPARE: usize = 16;

impl<T: Real> Buffer<T> {
    /// Gives it `length` entries. Their values are whatever was there before.
    pub fn resize(&mut self, length: usize) {
        if self.memory.len() < length + SPARE {
            self.memory.resize(length + length / 2 + SPARE, T::ZERO);
            // `align_offset` may decline; then vectors lie across lines and all else is the same.
            self.start = self.memory.as_ptr().align_offset(64);
            if self.start > SPARE {
                self.start = 0;
            }
        }
        self.length = length;
    }
}

impl<T: Real> Clone for Buffer<T> {
    fn clone(&self) -> Self {
        let mut other = Self::default();
        other.resize(self.len());
        other.copy_from_slice(self);
        other
    }
}

impl<T> Deref for Buffer<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        &self.memory[self.start..self.start + self.length]
    }
}

impl<T> DerefMut for Buffer<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.memory[self.start..self.start + self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_and_stays_aligned() {
        let mut buffer = Buffer::<f32>::default();
        assert!(buffer.is_empty());
        for length in [3, 100, 7, 1000] {
            buffer.resize(length);
            buffer.fill(1.0);
            assert_eq!(buffer.len(), length);
            assert_eq!(buffer.iter().sum::<f32>(), length as f32);
            for buffer in [&buffer, &buffer.clone()] {
                assert!((buffer.as_ptr() as usize).is_multiple_of(64) && buffer[length - 1] == 1.0);
            }
        }
    }
}
