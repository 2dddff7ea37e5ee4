//! All blocks of a system, over the threads of the current pool.

use super::block::{BlockSums, Kernel, Members, Scratch, View};
use crate::descriptors::Descriptor;
use crate::lanes::Real;
use crate::neighbors::Blocks;
use crate::system::Vec3;
use rayon::prelude::*;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

/// A neural potential of any descriptor and precision, as its owner sees it.
pub(super) trait Compiled: Send + Sync + Debug {
    /// Evaluates every block; `forces` has an entry per image of each block (see [`Blocks::images`]).
    fn evaluate(
        &self,
        blocks: &Blocks,
        view: View<'_>,
        members: Members,
        forces: &mut [Vec3],
    ) -> Vec<BlockSums>;
}

/// A kernel with the buffers of the threads that run it.
pub(super) struct Pooled<T: Real, D: Descriptor<T>> {
    kernel: Kernel<T, D>,
    idle: Mutex<Vec<Scratch<T, D::Work>>>,
}

impl<T: Real, D: Descriptor<T>> Pooled<T, D> {
    pub(super) fn new(kernel: Kernel<T, D>) -> Self {
        Self { kernel, idle: Mutex::new(Vec::new()) }
    }
}

impl<T: Real, D: Descriptor<T>> Debug for Pooled<T, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pooled").finish_non_exhaustive()
    }
}

impl<T: Real, D: Descriptor<T>> Compiled for Pooled<T, D> {
    fn evaluate(
        &self,
        blocks: &Blocks,
        view: View<'_>,
        members: Members,
        forces: &mut [Vec3],
    ) -> Vec<BlockSums> {
        blocks
            .blocks()
            .par_iter()
            .zip(blocks.split(forces))
            .map_init(
                || Borrowed::from(&self.idle),
                |scratch, (block, forces)| {
                    self.kernel.block(view, block, members, &mut scratch.buffers, forces)
                },
            )
            .collect()
    }
}

/// Buffers taken from the pool, given back when dropped: threads come and go several times in a step.
struct Borrowed<'a, S: Default> {
    buffers: S,
    pool: &'a Mutex<Vec<S>>,
}

impl<'a, S: Default> From<&'a Mutex<Vec<S>>> for Borrowed<'a, S> {
    fn from(pool: &'a Mutex<Vec<S>>) -> Self {
        let idle = pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self { buffers: idle.unwrap_or_default(), pool }
    }
}

impl<S: Default> Drop for Borrowed<'_, S> {
    fn drop(&mut self) {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(&mut self.buffers));
    }
}
