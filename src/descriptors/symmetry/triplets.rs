//! The triplets around one atom: which they are, their sides and angles, and the way back to forces.

use super::shell::{Class, Shell, padded};
use crate::lanes::Real;
use multiversion::multiversion;
use std::ops::Range;

/// Triplets j, k of neighbours of an atom, as a structure of arrays padded to whole vectors.
#[derive(Debug, Clone, Default)]
pub(super) struct Triplets<T> {
    /// For each j its place and where its triplets end.
    rows: Vec<Row>,
    /// The places of k.
    k: Vec<u32>,
    /// r_ij, r_ik, r_jk.
    pub(super) r_j: Vec<T>,
    pub(super) r_k: Vec<T>,
    pub(super) r_jk: Vec<T>,
    /// 1/(r_ij r_ik).
    pub(super) inverse: Vec<T>,
    /// cos θ.
    pub(super) cos: Vec<T>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    j: u32,
    end: u32,
}

/// ∂E/∂r_ij of triplets: for each, `along_j` r_ij + `across` r_ik to j and `along_k` r_ik + `across` r_ij to k.
pub(super) struct Turns<'a, T> {
    pub(super) along_j: &'a mut [T],
    pub(super) along_k: &'a mut [T],
    pub(super) across: &'a mut [T],
}

impl<T: Real> Turns<'_, T> {
    /// Sets all to zero.
    pub(super) fn clear(&mut self) {
        for array in [&mut *self.along_j, &mut *self.along_k, &mut *self.across] {
            array.fill(T::ZERO);
        }
    }
}

/// Candidates examined at a time.
const CHUNK: usize = 8;

impl<T: Real> Triplets<T> {
    /// Lists the triplets with j and k of these classes, r_ij and r_ik less than `radius`, and r_jk too if
    /// they are `narrow`. `squares` is a buffer.
    pub(super) fn list(
        &mut self,
        classes: (Class, Class),
        radius: f64,
        narrow: bool,
        shell: &Shell<T>,
        squares: &mut Vec<T>,
    ) {
        self.rows.clear();
        let second = shell.places(classes.1);
        // Two neighbours are never farther apart than twice the radius; padding is.
        let reach = T::of(if narrow { radius } else { 2.001 * radius });
        let limits = [T::of(radius), reach * reach];
        match classes.0 {
            Class::Species(s) => {
                self.collect(shell, shell.run(s), &second, classes.0 == classes.1, limits, squares);
            }
            Class::All => {
                for run in shell.runs() {
                    self.collect(shell, run, &second, true, limits, squares);
                }
            }
        }
        let (n, n_padded) = (self.count(), padded(self.count()));
        for array in [&mut self.r_j, &mut self.r_k, &mut self.r_jk, &mut self.inverse, &mut self.cos] {
            array.resize(n_padded, T::ZERO);
        }
        squares.resize(n_padded.max(squares.len()), T::ZERO);
        let mut t = 0;
        for row in &self.rows {
            let (r, inverse) = (shell.r[row.j as usize], shell.inverse[row.j as usize]);
            while t < row.end as usize {
                let k = self.k[t] as usize;
                self.r_j[t] = r;
                self.r_k[t] = shell.r[k];
                self.inverse[t] = inverse * shell.inverse[k];
                t += 1;
            }
        }
        // Padding: an equilateral triangle, which is given no weight.
        for t in n..n_padded {
            (self.r_j[t], self.r_k[t], self.inverse[t], squares[t]) = (T::ONE, T::ONE, T::ONE, T::ONE);
        }
        close(self, &squares[..n_padded]);
    }

    /// Appends the triplets of the neighbours j in `first`; with `same` those with k > j.
    fn collect(
        &mut self,
        shell: &Shell<T>,
        first: Range<usize>,
        second: &Range<usize>,
        same: bool,
        limits: [T; 2],
        squares: &mut Vec<T>,
    ) {
        let most = self.count() + first.len() * second.len() + CHUNK;
        if self.k.len() < most {
            self.k.resize(most, 0);
        }
        if squares.len() < most {
            squares.resize(most, T::ZERO);
        }
        collect(&mut self.rows, &mut self.k, squares, shell, first, second.clone(), same, limits);
    }

    /// Number of triplets.
    fn count(&self) -> usize {
        self.rows.last().map_or(0, |row| row.end as usize)
    }

    /// Length of the arrays.
    pub(super) fn padded(&self) -> usize {
        self.cos.len()
    }

    /// f_j f_k for an array f over neighbours; zero for padding.
    pub(super) fn products(&self, f: &[T], out: &mut [T]) {
        let mut t = 0;
        for row in &self.rows {
            let f_j = f[row.j as usize];
            while t < row.end as usize {
                out[t] = f_j * f[self.k[t] as usize];
                t += 1;
            }
        }
        out[t..].fill(T::ZERO);
    }

    /// f_j and f_k for an array f over neighbours.
    pub(super) fn pairs(&self, f: &[T], out_j: &mut [T], out_k: &mut [T]) {
        let mut t = 0;
        for row in &self.rows {
            let f_j = f[row.j as usize];
            while t < row.end as usize {
                out_j[t] = f_j;
                out_k[t] = f[self.k[t] as usize];
                t += 1;
            }
        }
    }

    /// Adds the vectors of every triplet to those of its two neighbours. Vectors have four components, of
    /// which the last is idle: one load, one store.
    pub(super) fn scatter(&self, turns: &Turns<T>, points: &[[T; 4]], forces: &mut [[T; 4]]) {
        scatter(self, turns, points, forces);
    }
}

// One test without a branch for both conditions: the loop is vector code.
#[allow(clippy::needless_bitwise_bool)]
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
#[allow(clippy::too_many_arguments)]
fn collect<T: Real>(
    rows: &mut Vec<Row>,
    ks: &mut [u32],
    squares: &mut [T],
    shell: &Shell<T>,
    first: Range<usize>,
    second: Range<usize>,
    same: bool,
    [radius, limit]: [T; 2],
) {
    let mut n = rows.last().map_or(0, |row| row.end as usize);
    for j in first {
        if shell.r[j] >= radius {
            continue;
        }
        let (mut at, least) = if same { ((j + 1) / CHUNK * CHUNK, j + 1) } else { (second.start, 0) };
        let r_j = [shell.x[j], shell.y[j], shell.z[j]];
        while at < second.end {
            let near = distances_squared(shell, at, r_j, radius, limit);
            // Every candidate is written; the count says which ones stay.
            let (Some(k), Some(square)) =
                (ks[n..].first_chunk_mut::<CHUNK>(), squares[n..].first_chunk_mut::<CHUNK>())
            else {
                break;
            };
            let mut count = 0;
            for l in 0..CHUNK {
                k[count % CHUNK] = (at + l) as u32;
                square[count % CHUNK] = near[l];
                count += usize::from((near[l] < limit) & (at + l >= least));
            }
            n += count;
            at += CHUNK;
        }
        rows.push(Row { j: j as u32, end: n as u32 });
    }
}

/// r_jk² for the neighbours k from `at` on, and `never` for those out of range.
#[inline(always)]
fn distances_squared<T: Real>(shell: &Shell<T>, at: usize, r_j: [T; 3], radius: T, never: T) -> [T; CHUNK] {
    let mut squares = [never; CHUNK];
    let (x, y, z, r) =
        (&shell.x[at..][..CHUNK], &shell.y[at..][..CHUNK], &shell.z[at..][..CHUNK], &shell.r[at..][..CHUNK]);
    for l in 0..CHUNK {
        let (dx, dy, dz) = (x[l] - r_j[0], y[l] - r_j[1], z[l] - r_j[2]);
        let square = dx * dx + dy * dy + dz * dz;
        squares[l] = if r[l] < radius { square } else { never };
    }
    squares
}

/// r_jk and cos θ from r_jk².
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn close<T: Real>(triplets: &mut Triplets<T>, squares: &[T]) {
    let n = squares.len();
    let Triplets { r_j, r_k, r_jk, inverse, cos, .. } = triplets;
    let (r_j, r_k, inverse) = (&r_j[..n], &r_k[..n], &inverse[..n]);
    let (r_jk, cos) = (&mut r_jk[..n], &mut cos[..n]);
    let half = T::of(0.5);
    for t in 0..n {
        cos[t] = half * (r_j[t] * r_j[t] + r_k[t] * r_k[t] - squares[t]) * inverse[t];
        r_jk[t] = squares[t].sqrt();
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn scatter<T: Real>(triplets: &Triplets<T>, turns: &Turns<T>, points: &[[T; 4]], forces: &mut [[T; 4]]) {
    let n = triplets.count();
    let (along_j, along_k, across) = (&turns.along_j[..n], &turns.along_k[..n], &turns.across[..n]);
    let k = &triplets.k[..n];
    let mut t = 0;
    for row in &triplets.rows {
        let r_j = points[row.j as usize];
        let (mut sum, mut along) = ([T::ZERO; 4], T::ZERO);
        while t < row.end as usize {
            let k = k[t] as usize;
            let (r_k, force) = (&points[k], &mut forces[k]);
            for axis in 0..4 {
                force[axis] += along_k[t] * r_k[axis] + across[t] * r_j[axis];
                sum[axis] += across[t] * r_k[axis];
            }
            along += along_j[t];
            t += 1;
        }
        let force = &mut forces[row.j as usize];
        for axis in 0..4 {
            force[axis] += sum[axis] + along * r_j[axis];
        }
    }
}
