//! The triplets around one atom: which they are, their sides and angles, and the way back to forces.

use super::shell::{Class, Shell, padded};
use crate::descriptors::Vectors;
use crate::lanes::{Buffer, Kernel, Lanes, Real, Vector};
use multiversion::multiversion;
use std::ops::Range;

/// Triplets j, k of neighbours of an atom, as a structure of arrays padded to whole vectors.
#[derive(Debug, Default)]
pub(super) struct Triplets<T> {
    /// For each j its place and where its triplets end.
    rows: Vec<Row>,
    /// The places of k, and some room for what is written and not kept.
    k: Vec<u32>,
    /// r_jk².
    pub(super) square: Buffer<T>,
    /// r_ij · r_ik.
    pub(super) dot: Buffer<T>,
    /// 1/(r_ij r_ik).
    pub(super) inverse: Buffer<T>,
    /// r_jk and cos θ.
    pub(super) r_jk: Buffer<T>,
    pub(super) cos: Buffer<T>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    j: u32,
    end: u32,
}

impl<T: Real> Triplets<T> {
    /// Lists the triplets with j and k of these classes, r_ij less than `radius`, and r_jk too if they are
    /// `narrow`. (Triplets with a longer r_ik may be among them; the envelope makes them zero.)
    pub(super) fn list(
        &mut self,
        classes: (Class, Class),
        radius: f64,
        narrow: bool,
        shell: &Shell<T>,
        row: &mut Buffer<T>,
    ) {
        self.rows.clear();
        let second = shell.places(classes.1);
        row.resize(2 * second.len());
        // No two neighbours are as far apart as padding is from everything.
        let reach = T::of(if narrow { radius } else { super::shell::FAR / 2.0 });
        let firsts = match classes.0 {
            Class::Species(s) => s..s + 1,
            Class::All => 0..shell.species(),
        };
        let most = padded(firsts.clone().map(|s| shell.run(s).len()).sum::<usize>() * second.len());
        for array in [&mut self.square, &mut self.dot, &mut self.inverse] {
            array.resize(most);
        }
        if self.k.len() < most + CHUNK {
            self.k.resize(most + CHUNK, 0);
        }
        for s in firsts {
            T::dispatch(Collect {
                triplets: self,
                shell,
                first: shell.run(s),
                second: second.clone(),
                same: classes.0 == classes.1,
                radius: T::of(radius),
                limit: reach * reach,
                row,
            });
        }
        let (n, n_padded) = (self.count(), padded(self.count()));
        for array in [&mut self.square, &mut self.dot, &mut self.inverse, &mut self.r_jk, &mut self.cos] {
            array.resize(n_padded);
        }
        // Padding: an equilateral triangle, which is given no weight.
        self.square[n..].fill(T::ONE);
        self.dot[n..].fill(T::of(0.5));
        self.inverse[n..].fill(T::ONE);
        close(&self.square, &self.dot, &self.inverse, &mut self.r_jk, &mut self.cos);
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
        self.combine(f, out, |f_j, f_k| f_j * f_k);
    }

    /// (r_ij − r_s)² + (r_ik − r_s)².
    pub(super) fn sides(&self, shell: &Shell<T>, shift: T, out: &mut [T]) {
        self.combine(&shell.r, out, |r_j, r_k| {
            let (a, b) = (r_j - shift, r_k - shift);
            a * a + b * b
        });
    }

    #[inline(always)]
    fn combine(&self, f: &[T], out: &mut [T], of: impl Fn(T, T) -> T) {
        let (found, padding) = out.split_at_mut(self.count());
        let mut start = 0;
        for row in &self.rows {
            let (f_j, end) = (f[row.j as usize], row.end as usize);
            for (out, k) in found[start..end].iter_mut().zip(&self.k[start..end]) {
                *out = of(f_j, f[*k as usize]);
            }
            start = end;
        }
        padding.fill(T::ZERO);
    }
}

/// How many candidates are looked at together.
const CHUNK: usize = 8;

/// Which bits of a byte are set, in ascending order.
const BITS: [[u8; CHUNK]; 256] = {
    let mut table = [[0; CHUNK]; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut bit, mut count) = (0, 0);
        while bit < CHUNK {
            if byte >> bit & 1 == 1 {
                table[byte][count] = bit as u8;
                count += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    table
};

/// Appends the triplets of the neighbours j in `first`; with `same` those with k > j.
struct Collect<'a, T> {
    triplets: &'a mut Triplets<T>,
    shell: &'a Shell<T>,
    first: Range<usize>,
    second: Range<usize>,
    same: bool,
    radius: T,
    /// The largest r_jk².
    limit: T,
    /// A buffer for the squares and dots of one j with every k.
    row: &'a mut [T],
}

impl<T: Real> Kernel<T> for Collect<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self, lanes: L) {
        let Self { triplets, shell, first, second, same, radius, limit, row } = self;
        let Triplets { rows, k: places, square, dot, inverse, .. } = triplets;
        let mut n = rows.last().map_or(0, |row| row.end as usize);
        for j in first {
            if shell.r[j] >= radius {
                continue;
            }
            // All k of whole vectors, of which the first one is the one with j + 1.
            let step = L::WIDTH.max(CHUNK);
            let start = if same { (j + 1) / step * step } else { second.start };
            let length = second.end - start;
            let (squares, dots) = row.split_at_mut(length);
            let dots = &mut dots[..length];
            {
                let range = start..second.end;
                let (x, y, z) = (
                    lanes.view(&shell.x[range.clone()]),
                    lanes.view(&shell.y[range.clone()]),
                    lanes.view(&shell.z[range]),
                );
                let (x_j, y_j, z_j) =
                    (lanes.splat(shell.x[j]), lanes.splat(shell.y[j]), lanes.splat(shell.z[j]));
                let m = length / L::WIDTH;
                let (squares, dots) = (&mut lanes.view_mut(squares)[..m], &mut lanes.view_mut(dots)[..m]);
                let (x, y, z) = (&x[..m], &y[..m], &z[..m]);
                for v in 0..m {
                    let (x, y, z) = (lanes.read(x[v]), lanes.read(y[v]), lanes.read(z[v]));
                    let (dx, dy, dz) = (x - x_j, y - y_j, z - z_j);
                    squares[v] = lanes.stored(dx.mul_add(dx, dy.mul_add(dy, dz * dz)));
                    dots[v] = lanes.stored(x.mul_add(x_j, y.mul_add(y_j, z * z_j)));
                }
            }
            if same {
                squares[..(j + 1 - start).min(length)].fill(limit);
            }
            // Eight candidates at a time: all eight places are written, the count says how many of them stay.
            let found = &mut places[n..][..length + CHUNK];
            let mut count = 0;
            for (chunk, squares) in squares.as_chunks::<CHUNK>().0.iter().enumerate() {
                let mut near = 0;
                for l in 0..CHUNK {
                    near |= usize::from(squares[l] < limit) << l;
                }
                let first = (CHUNK * chunk) as u32;
                for (to, place) in found[count..count + CHUNK].iter_mut().zip(&BITS[near & 255]) {
                    *to = first + u32::from(*place);
                }
                count += near.count_ones() as usize;
            }
            let r_inverse = shell.inverse[j];
            let inverses = &shell.inverse[start..second.end];
            let to = (&mut square[n..][..count], &mut dot[n..][..count], &mut inverse[n..][..count]);
            for (((place, square), dot), inverse) in found[..count].iter_mut().zip(to.0).zip(to.1).zip(to.2) {
                let k = *place as usize;
                *square = squares[k];
                *dot = dots[k];
                *inverse = inverses[k] * r_inverse;
                *place += start as u32;
            }
            n += count;
            rows.push(Row { j: j as u32, end: n as u32 });
        }
    }
}

/// r_jk and cos θ.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn close<T: Real>(square: &[T], dot: &[T], inverse: &[T], r_jk: &mut [T], cos: &mut [T]) {
    for (r, square) in r_jk.iter_mut().zip(square) {
        *r = square.sqrt();
    }
    for ((cos, dot), inverse) in cos.iter_mut().zip(dot).zip(inverse) {
        *cos = *dot * *inverse;
    }
}

/// ∂E/∂r of triplets in parts of which each neighbour makes its force.
///
/// With A = Σ g ∂/∂ln f, B = ∂E/∂s · 2 (see [`super::grid::Slopes`]), C = ∂E/∂cos θ and D what r_jk
/// contributes, the vector of neighbour j is
/// (A f′/(f r_ij) + B (1 − r_s/r_ij) − C cos θ/r_ij² + D) r_ij + (C/(r_ij r_ik) − D) r_ik.
pub(super) struct Turns<'a, T> {
    /// (A, C cos θ, B, D).
    pub(super) along: &'a mut [[T; 4]],
    /// C/(r_ij r_ik) − D.
    pub(super) across: &'a mut [T],
}

/// The sums of [`Turns`] over the triplets of every neighbour, and the sums of the vectors across.
#[derive(Debug, Clone, Copy, Default)]
struct Seat<T> {
    along: [T; 4],
    across: [T; 4],
}

/// Buffers of [`Triplets::scatter`].
#[derive(Debug, Clone, Default)]
pub(super) struct Seats<T>(Vec<Seat<T>>);

impl<T: Real> Triplets<T> {
    /// Adds the vectors of all triplets, `along` r_ij + `forces`. `log_slopes` has f′/(f r) of every
    /// neighbour, `points` its r_ij in four components of which the last is idle: one load, one store.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn scatter<V: Real>(
        &self,
        turns: &Turns<T>,
        shell: &Shell<T>,
        points: &[[T; 4]],
        (log_slopes, shift): (&[T], T),
        seats: &mut Seats<T>,
        along: &mut [V],
        forces: &mut Vectors<V>,
    ) {
        let seats = &mut seats.0;
        seats.clear();
        seats.resize(shell.len(), Seat::default());
        scatter(self, turns, points, seats);
        for (place, seat) in seats.iter().enumerate() {
            let inverse = shell.inverse[place];
            let [a, c, b, d] = seat.along;
            let b = b * (T::ONE - shift * inverse);
            along[place] += V::of((a * log_slopes[place] + b - c * (inverse * inverse) + d).to_f64());
            forces.x[place] += V::of(seat.across[0].to_f64());
            forces.y[place] += V::of(seat.across[1].to_f64());
            forces.z[place] += V::of(seat.across[2].to_f64());
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn scatter<T: Real>(triplets: &Triplets<T>, turns: &Turns<T>, points: &[[T; 4]], seats: &mut [Seat<T>]) {
    let points = &points[..seats.len()];
    let mut start = 0;
    for row in &triplets.rows {
        let end = row.end as usize;
        let (r_j, mut sum) = (points[row.j as usize], Seat::default());
        let all = triplets.k[start..end].iter().zip(&turns.along[start..end]).zip(&turns.across[start..end]);
        for ((k, along), across) in all {
            let k = *k as usize;
            let (r_k, seat) = (&points[k], &mut seats[k]);
            for l in 0..4 {
                seat.along[l] += along[l];
                seat.across[l] += *across * r_j[l];
                sum.along[l] += along[l];
                sum.across[l] += *across * r_k[l];
            }
        }
        let seat = &mut seats[row.j as usize];
        for l in 0..4 {
            seat.along[l] += sum.along[l];
            seat.across[l] += sum.across[l];
        }
        start = end;
    }
}
