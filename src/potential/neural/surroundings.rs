//! From the images of a block to the environment of an atom, and from its pairs back to their forces.

use crate::descriptors::{Environment, Vectors};
use crate::lanes::{self, Lanes, Real, Vector};
use crate::neighbors::Block;
use crate::system::{Mat3, VOIGT, Vec3};
use multiversion::multiversion;

/// The images of a block and the neighbours of one atom among them.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    /// (x, y, z, 0) of each image: records that never lie across two lines of the cache.
    images: Vec<[f64; 4]>,
    /// Local numbers of the neighbours that are beyond the inner cutoff, of the species in hand.
    far: Vec<u32>,
    /// −(force) on each image, in records like those of the positions.
    pulls: Vec<[f64; 4]>,
}

impl Surroundings {
    /// Takes the positions of a block's images.
    pub(super) fn place(&mut self, images: &[Vec3]) {
        self.images.clear();
        self.images.extend(images.iter().map(|r| [r.x, r.y, r.z, 0.0]));
        self.pulls.clear();
        self.pulls.resize(images.len(), [0.0; 4]);
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
    /// F_i += Σ_j p_ij and F_j −= p_ij, for the `home`-th atom; Σ r_ij ⊗ p_ij is added to `stretch`.
    ///
    /// An atom's energy does not change when its neighbours turn about it, so that Σ_j r_ij ⊗ p_ij is
    /// symmetric: six of its components are enough.
    pub(super) fn scatter<T: Real>(
        &mut self,
        home: usize,
        environment: &Environment<T>,
        locals: &[u32],
        pairs: &Vectors<T>,
        stretch: &mut Mat3,
    ) {
        let Totals { own, products } = T::dispatch(Sums { environment, pairs });
        for (sum, (a, b)) in products.into_iter().zip(VOIGT) {
            stretch[(a, b)] += sum;
            stretch[(b, a)] = stretch[(a, b)];
        }
        pull(locals, pairs, &mut self.pulls);
        for (pull, own) in self.pulls[home].iter_mut().zip(own) {
            *pull -= own;
        }
    }

    /// The force on each image.
    pub(super) fn forces(&self, forces: &mut [Vec3]) {
        for (force, [x, y, z, _]) in forces.iter_mut().zip(&self.pulls) {
            *force = Vec3::new(-x, -y, -z);
        }
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

/// Four images seen from the centre, component by component.
#[inline(always)]
fn differences(images: &[[f64; 4]], center: [f64; 4], locals: &[u32; 4]) -> [[f64; 4]; 3] {
    let [a, b, c, d] = *locals;
    let (a, b, c, d) = (images[a as usize], images[b as usize], images[c as usize], images[d as usize]);
    let mut out = [[0.0; 4]; 3];
    for axis in 0..3 {
        let r = center[axis];
        out[axis] = [a[axis] - r, b[axis] - r, c[axis] - r, d[axis] - r];
    }
    out
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
    let (quads, rest) = locals.as_chunks::<4>();
    let columns = x.as_chunks_mut::<4>().0.iter_mut().zip(y.as_chunks_mut::<4>().0);
    let columns = columns.zip(z.as_chunks_mut::<4>().0).zip(distances.as_chunks_mut::<4>().0);
    for (quad, (((x, y), z), square)) in quads.iter().zip(columns) {
        let [dx, dy, dz] = differences(images, center, quad);
        for i in 0..4 {
            x[i] = T::of(dx[i]);
            y[i] = T::of(dy[i]);
            z[i] = T::of(dz[i]);
            square[i] = T::of(dx[i] * dx[i] + dy[i] * dy[i] + dz[i] * dz[i]);
        }
    }
    for (i, local) in (n - rest.len()..n).zip(rest) {
        let [[dx, ..], [dy, ..], [dz, ..]] = differences(images, center, &[*local; 4]);
        x[i] = T::of(dx);
        y[i] = T::of(dy);
        z[i] = T::of(dz);
        distances[i] = T::of(dx * dx + dy * dy + dz * dz);
    }
    // A loop of its own is vector code.
    for distance in distances {
        *distance = distance.sqrt();
    }
}

/// Σ_j p_ij, and the components [`VOIGT`] of Σ_j r_ij ⊗ p_ij.
struct Totals {
    own: [f64; 3],
    products: [f64; 6],
}

/// Takes the [`Totals`] of an atom.
struct Sums<'a, T> {
    environment: &'a Environment<T>,
    pairs: &'a Vectors<T>,
}

impl<T: Real> lanes::Kernel<T> for Sums<'_, T> {
    type Output = Totals;

    #[inline(always)]
    fn run<L: Lanes<T>>(self, lanes: L) -> Totals {
        let Environment { vectors: r, distances, .. } = self.environment;
        let p = self.pairs;
        let n = distances.len();
        let whole = n - n % L::WIDTH;
        let arrays = [&r.x[..n], &r.y[..n], &r.z[..n], &p.x[..n], &p.y[..n], &p.z[..n]];
        // Nine chains of additions, none of which waits for another.
        let zero = lanes.splat(T::ZERO);
        let (mut own, mut products) = ([zero; 3], [zero; 6]);
        for at in (0..n).step_by(L::WIDTH) {
            let mut v = [zero; 6];
            for (v, array) in v.iter_mut().zip(arrays) {
                *v = if at < whole {
                    lanes.load(&array[at..])
                } else {
                    lanes.load_some(&array[at..], T::ZERO)
                };
            }
            for axis in 0..3 {
                own[axis] += v[3 + axis];
            }
            for (sum, (a, b)) in products.iter_mut().zip(VOIGT) {
                *sum = v[a].mul_add(v[3 + b], *sum);
            }
        }
        let mut totals = Totals { own: [0.0; 3], products: [0.0; 6] };
        for (out, sum) in totals.own.iter_mut().zip(own) {
            *out = sum.sum().to_f64();
        }
        for (out, sum) in totals.products.iter_mut().zip(products) {
            *out = sum.sum().to_f64();
        }
        totals
    }
}

/// Adds p_ij to what is kept of each neighbour.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn pull<T: Real>(locals: &[u32], pairs: &Vectors<T>, pulls: &mut [[f64; 4]]) {
    let n = locals.len();
    let (quads, rest) = locals.as_chunks::<4>();
    let x = pairs.x[..n].as_chunks::<4>().0;
    let (y, z) = (pairs.y[..n].as_chunks::<4>().0, pairs.z[..n].as_chunks::<4>().0);
    for (((quad, x), y), z) in quads.iter().zip(x).zip(y).zip(z) {
        let mut records = [[0.0; 4]; 4];
        for i in 0..4 {
            records[i] = [x[i].to_f64(), y[i].to_f64(), z[i].to_f64(), 0.0];
        }
        // One after the other: two of them may be images of one atom that has one number.
        for i in 0..4 {
            let to = &mut pulls[quad[i] as usize];
            for axis in 0..4 {
                to[axis] += records[i][axis];
            }
        }
    }
    for (i, local) in (n - rest.len()..n).zip(rest) {
        let to = &mut pulls[*local as usize];
        to[0] += pairs.x[i].to_f64();
        to[1] += pairs.y[i].to_f64();
        to[2] += pairs.z[i].to_f64();
    }
}
