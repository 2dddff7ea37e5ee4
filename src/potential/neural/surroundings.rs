//! From the images of a block to the environment of an atom, and from its pairs back to their forces.

use crate::descriptors::{Environment, Vectors};
use crate::lanes::Real;
use crate::neighbors::Block;
use crate::system::{Mat3, Vec3};
use multiversion::multiversion;

/// The images of a block and the neighbours of one atom among them.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    /// (x, y, z, 0) of each image: records that never lie across two lines of the cache.
    images: Vec<[f64; 4]>,
    /// Local numbers of the neighbours that are beyond the inner cutoff, of the species in hand.
    far: Vec<u32>,
}

impl Surroundings {
    /// Takes the positions of a block's images.
    pub(super) fn place(&mut self, images: &[Vec3]) {
        self.images.clear();
        self.images.extend(images.iter().map(|r| [r.x, r.y, r.z, 0.0]));
    }

    /// Fills the environment of the `k`-th home atom with its neighbours within the outer of two cutoffs;
    /// of each species those within the inner one come first.
    ///
    /// Differences are taken in double precision and rounded then: a neighbour's relative position is as
    /// exact as `T` allows, however large the system. The order depends on the list and on the present
    /// positions alone.
    pub(super) fn fill<T: Real>(
        &mut self,
        block: &Block,
        k: usize,
        species: usize,
        [inner, outer]: [f64; 2],
        environment: &mut Environment<T>,
        locals: &mut Vec<u32>,
    ) {
        let Environment { vectors, distances, starts } = environment;
        let center = self.images[k];
        let limits = [inner.min(outer).powi(2), outer * outer];
        let all: usize = (0..species).map(|s| block.neighbors(k, s, species).len()).sum();
        // One entry more than there are candidates: the last one is written and then not kept.
        locals.resize(all + 1, 0);
        self.far.resize(all + 1, 0);
        starts.clear();
        let mut count = 0;
        for s in 0..species {
            starts.push(count);
            let candidates = block.neighbors(k, s, species);
            let near = &mut locals[count..];
            let [first, second] = select(&self.images, center, candidates, limits, near, &mut self.far);
            near[first..first + second].copy_from_slice(&self.far[..second]);
            count += first + second;
        }
        starts.push(count);
        locals.truncate(count);
        for array in [&mut vectors.x, &mut vectors.y, &mut vectors.z, &mut *distances] {
            array.resize(count, T::ZERO);
        }
        measure(&self.images, center, locals, vectors, distances);
    }
}

/// Sorts candidates into those whose squared distance is below the first limit, those below the second,
/// and the others, which are dropped; says how many there are of the first two.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn select(
    images: &[[f64; 4]],
    center: [f64; 4],
    candidates: &[u32],
    [inner, outer]: [f64; 2],
    near: &mut [u32],
    far: &mut [u32],
) -> [usize; 2] {
    let mut count = [0; 2];
    for &local in candidates {
        let [x, y, z, _] = images[local as usize];
        let [x, y, z] = [x - center[0], y - center[1], z - center[2]];
        let square = x * x + y * y + z * z;
        // Written always, kept only if it belongs there: no branch that could be mispredicted.
        near[count[0]] = local;
        far[count[1]] = local;
        count[0] += usize::from(square < inner);
        count[1] += usize::from(square < outer) - usize::from(square < inner);
    }
    count
}

/// Where neighbours are, seen from the centre.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn measure<T: Real>(
    images: &[[f64; 4]],
    center: [f64; 4],
    locals: &[u32],
    vectors: &mut Vectors<T>,
    distances: &mut [T],
) {
    let n = locals.len();
    let (x, y, z) = (&mut vectors.x[..n], &mut vectors.y[..n], &mut vectors.z[..n]);
    let distances = &mut distances[..n];
    for i in 0..n {
        let image = images[locals[i] as usize];
        let d = [image[0] - center[0], image[1] - center[1], image[2] - center[2]];
        x[i] = T::of(d[0]);
        y[i] = T::of(d[1]);
        z[i] = T::of(d[2]);
        distances[i] = T::of(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    }
    // A loop of its own is vector code.
    for distance in distances {
        *distance = distance.sqrt();
    }
}

/// F_i += Σ_j p_ij, F_j −= p_ij, and Σ r_ij ⊗ p_ij.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn scatter<T: Real>(
    home: usize,
    environment: &Environment<T>,
    locals: &[u32],
    pairs: &Vectors<T>,
    forces: &mut [Vec3],
    stretch: &mut Mat3,
) {
    let n = environment.len();
    let r = [&environment.vectors.x[..n], &environment.vectors.y[..n], &environment.vectors.z[..n]];
    let p = [&pairs.x[..n], &pairs.y[..n], &pairs.z[..n]];
    for (a, ra) in r.iter().enumerate() {
        for (b, pb) in p.iter().enumerate() {
            stretch[(a, b)] += dot(ra, pb).to_f64();
        }
    }
    let mut own = [0.0; 3];
    for (j, local) in locals[..n].iter().enumerate() {
        let force = &mut forces[*local as usize];
        for axis in 0..3 {
            let pair = p[axis][j].to_f64();
            own[axis] += pair;
            force[axis] -= pair;
        }
    }
    forces[home] += Vec3::from(own);
}

/// Σ a_j b_j in lanes: a fixed number of partial sums, so that it is vector code and the order of the
/// additions is the same everywhere.
#[inline(always)]
fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    // Several vectors, so that no addition waits for the one before.
    const LANES: usize = 16;
    let mut sums = [T::ZERO; LANES];
    let (head_a, tail_a) = a.as_chunks::<LANES>();
    let (head_b, tail_b) = b.as_chunks::<LANES>();
    for (u, v) in head_a.iter().zip(head_b) {
        for k in 0..LANES {
            sums[k] += u[k] * v[k];
        }
    }
    for ((sum, u), v) in sums.iter_mut().zip(tail_a).zip(tail_b) {
        *sum += *u * *v;
    }
    sums.into_iter().sum()
}
