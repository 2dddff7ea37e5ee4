//! Functions on the unit sphere: the basis in which sums over neighbours are taken, and the real
//! spherical harmonics in which they are used.
//!
//! Sums are taken over A_m z^k and B_m z^k, where A_m + iB_m = (x + iy)^m and m + k ≤ L. There are
//! (L + 1)² of them, they span the same space as the spherical harmonics up to degree L, each follows
//! from another by one multiplication, and ∂A_m/∂x = m A_{m−1}, ∂A_m/∂y = −m B_{m−1} (B likewise) make
//! their gradients as cheap. [`Harmonics`] turns sums over them into sums over the harmonics: once per
//! atom, not once per neighbour.
//!
//! Harmonics are normalised after Racah, Σ_m C_lm(a) C_lm(b) = P_l(a·b).

use super::series::add_sum;
use crate::lanes::{Lanes, Real, Vector};

/// The largest degree there are kernels for.
pub(crate) const MAX_DEGREE: usize = 12;

/// How many functions there are up to this degree.
pub(super) const fn count(degree: usize) -> usize {
    (degree + 1) * (degree + 1)
}

/// Where A_m z^0 stands among the functions of the basis; the powers of z follow, then B_m z^0 and so on.
const fn place(degree: usize, m: usize) -> usize {
    if m == 0 { 0 } else { (2 * m - 1) * (degree + 1) - m * (m - 1) }
}

/// The functions of the basis at a point, one number at a time.
pub(super) fn basis(degree: usize, [x, y, z]: [f64; 3]) -> Vec<f64> {
    let mut out = vec![0.0; count(degree)];
    let (mut a, mut b) = (1.0, 0.0);
    for m in 0..=degree {
        let n = degree - m + 1;
        let mut power = 1.0;
        for k in place(degree, m)..place(degree, m) + n {
            out[k] = a * power;
            if m > 0 {
                out[k + n] = b * power;
            }
            power *= z;
        }
        (a, b) = (a * x - b * y, a * y + b * x);
    }
    out
}

/// Repeats a block for `$k` = 0, 1, ..., as a constant, while `$k` < `$n`, which is known once everything
/// is inlined. The compiler gives up on unrolling nested loops of this size, and rolled up they are slow.
macro_rules! unroll {
    ($k:ident < $n:expr => $block:block) => {
        unroll!(@ $k $n, $block, 0 1 2 3 4 5 6 7 8 9 10 11 12);
    };
    (@ $k:ident $n:expr, $block:block, $($value:literal)*) => {
        $({
            const $k: usize = $value;
            if $k < $n $block
        })*
    };
}

/// Adds p, p z, ..., p zⁿ to n + 1 lane-wise sums, several vectors of neighbours at once.
#[inline(always)]
fn add_powers<T: Real, L: Lanes<T>, const K: usize>(
    lanes: L,
    n: usize,
    mut p: [L::Vector; K],
    z: &[L::Vector; K],
    sums: &mut [T],
) {
    let sums = &mut sums[..(n + 1) * L::WIDTH];
    unroll!(J < n + 1 => {
        add_sum(lanes, &p, &mut sums[J * L::WIDTH..(J + 1) * L::WIDTH]);
        if J < n {
            for k in 0..K {
                p[k] = p[k] * z[k];
            }
        }
    });
}

/// Adds u times every function of degree ≤ `D` at the unit vectors (x, y, z) to lane-wise `sums`, `K`
/// vectors of neighbours at once.
#[inline(always)]
pub(super) fn accumulate<T: Real, L: Lanes<T>, const D: usize, const K: usize>(
    lanes: L,
    [x, y, z]: &[[L::Vector; K]; 3],
    u: [L::Vector; K],
    sums: &mut [T],
) {
    let sums = &mut sums[..count(D) * L::WIDTH];
    add_powers(lanes, D, u, z, sums);
    let (mut a, mut b) = (u, u);
    for k in 0..K {
        a[k] = u[k] * x[k];
        b[k] = u[k] * y[k];
    }
    unroll!(I < D => {
        let (m, n) = (I + 1, D - I - 1);
        let sums = &mut sums[place(D, m) * L::WIDTH..];
        add_powers(lanes, n, a, z, sums);
        add_powers(lanes, n, b, z, &mut sums[(n + 1) * L::WIDTH..]);
        if m < D {
            for k in 0..K {
                let next = a[k].mul_add(x[k], -(b[k] * y[k]));
                b[k] = a[k].mul_add(y[k], b[k] * x[k]);
                a[k] = next;
            }
        }
    });
}

/// Σ_j c_j z^j for j ≤ n, and its derivative (for n = 0, anything).
#[inline(always)]
fn powers<T: Real, L: Lanes<T>>(lanes: L, n: usize, z: L::Vector, c: &[T]) -> (L::Vector, L::Vector) {
    let c = &c[..=n];
    let mut value = lanes.splat(c[n]);
    let mut slope = value;
    unroll!(J < n => {
        slope = if J == 0 { value } else { slope.mul_add(z, value) };
        value = value.mul_add(z, lanes.splat(c[n - 1 - J]));
    });
    (value, slope)
}

/// Q = Σ c·(functions of degree ≤ `D`) at (x, y, z), and its gradient with x, y and z taken as
/// independent.
#[inline(always)]
pub(super) fn polynomial<T: Real, L: Lanes<T>, const D: usize>(
    lanes: L,
    [x, y, z]: [L::Vector; 3],
    c: &[T],
) -> (L::Vector, [L::Vector; 3]) {
    let c = &c[..count(D)];
    let zero = lanes.splat(T::ZERO);
    let (mut q, mut qz) = powers(lanes, D, z, c);
    if D == 0 {
        return (q, [zero; 3]);
    }
    let (mut qx, mut qy) = (zero, zero);
    let (mut a, mut b) = (x, y);
    unroll!(I < D => {
        let (m, n) = (I + 1, D - I - 1);
        let c = &c[place(D, m)..];
        let (v, dv) = powers(lanes, n, z, c);
        let (w, dw) = powers(lanes, n, z, &c[n + 1..]);
        if m == 1 {
            qx = v;
            qy = w;
        } else {
            let factor = lanes.of(m as f64);
            let (mv, mw) = (v * factor, w * factor);
            qx = a.mul_add(mv, b.mul_add(mw, qx));
            qy = a.mul_add(mw, qy - b * mv);
            let next = a.mul_add(x, -(b * y));
            b = a.mul_add(y, b * x);
            a = next;
        }
        q = a.mul_add(v, b.mul_add(w, q));
        if n > 0 {
            qz = a.mul_add(dv, b.mul_add(dw, qz));
        }
    });
    (q, [qx, qy, qz])
}

/// The real spherical harmonics C_lm of degree ≤ L in terms of the basis.
///
/// C_{l0} = P_l(z); C_{l,±m} = √(2 (l−m)!/(l+m)!) P_l^{(m)}(z) times A_m or B_m, with the m-th derivative
/// of the Legendre polynomial. Harmonics stand in the order l² + l + m, m from −l to l (B_m below zero).
#[derive(Debug, Clone)]
pub(crate) struct Harmonics {
    degree: usize,
    forward: Sparse,
    backward: Sparse,
}

impl Harmonics {
    /// Up to this degree.
    pub(super) fn new(degree: usize) -> Self {
        let mut entries = Vec::new();
        for l in 0..=degree {
            let mut derivative = legendre(l);
            let mut ratio = 1.0; // (l−m)!/(l+m)!
            for m in 0..=l {
                let norm: f64 = if m == 0 { 1.0 } else { f64::sqrt(2.0 * ratio) };
                for (k, c) in derivative.iter().enumerate().filter(|(_, c)| **c != 0.0) {
                    let at = place(degree, m) + k;
                    entries.push((l * l + l + m, at, norm * c));
                    if m > 0 {
                        entries.push((l * l + l - m, at + degree - m + 1, norm * c));
                    }
                }
                ratio /= ((l + m + 1) * (l - m).max(1)) as f64;
                derivative = derivative.iter().enumerate().skip(1).map(|(k, c)| k as f64 * c).collect();
            }
        }
        let transposed = entries.iter().map(|(row, column, c)| (*column, *row, *c)).collect();
        let n = count(degree);
        Self { degree, forward: Sparse::new(n, entries), backward: Sparse::new(n, transposed) }
    }

    /// The degree.
    pub(super) fn degree(&self) -> usize {
        self.degree
    }

    /// Sums over harmonics from sums over the basis, for functions that stand side by side.
    #[inline(always)]
    pub(super) fn forward<L: Lanes<f64>>(&self, lanes: L, row: Row, basis: &[f64], harmonics: &mut [f64]) {
        self.forward.apply(lanes, row, basis, harmonics);
    }

    /// Derivatives with respect to sums over the basis from those with respect to sums over harmonics.
    #[inline(always)]
    pub(super) fn backward<L: Lanes<f64>>(&self, lanes: L, row: Row, harmonics: &[f64], basis: &mut [f64]) {
        self.backward.apply(lanes, row, harmonics, basis);
    }

    /// The harmonics at a point, one number at a time.
    pub(super) fn at(&self, r: [f64; 3]) -> Vec<f64> {
        let basis = basis(self.degree, r);
        let row = |row: usize| self.forward.row(row).iter().map(|(from, c)| c * basis[*from as usize]).sum();
        (0..basis.len()).map(row).collect()
    }
}

/// Numbers of several functions side by side, in memory for whole vectors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// How many functions there are.
    pub(super) functions: usize,
    /// From one row to the next.
    pub(super) stride: usize,
}

impl Row {
    /// A row for this many functions.
    pub(super) fn new(functions: usize) -> Self {
        // No vector of f64 is longer than this.
        Self { functions, stride: functions.next_multiple_of(8) }
    }

    /// Where each vector of a row begins.
    #[inline(always)]
    pub(super) fn columns<L: Lanes<f64>>(self) -> std::iter::StepBy<std::ops::Range<usize>> {
        (0..self.functions).step_by(L::WIDTH)
    }
}

/// A sparse matrix, row by row.
#[derive(Debug, Clone)]
struct Sparse {
    starts: Vec<u32>,
    entries: Vec<(u32, f64)>,
}

impl Sparse {
    /// From (row, column, value).
    fn new(rows: usize, mut entries: Vec<(usize, usize, f64)>) -> Self {
        entries.sort_by_key(|(row, column, _)| (*row, *column));
        let starts = (0..=rows).map(|row| entries.partition_point(|entry| entry.0 < row) as u32).collect();
        Self { starts, entries: entries.into_iter().map(|(_, column, c)| (column as u32, c)).collect() }
    }

    #[inline(always)]
    fn row(&self, row: usize) -> &[(u32, f64)] {
        &self.entries[self.starts[row] as usize..self.starts[row + 1] as usize]
    }

    /// The product with a matrix whose rows are as `row` says.
    #[inline(always)]
    fn apply<L: Lanes<f64>>(&self, lanes: L, row: Row, from: &[f64], to: &mut [f64]) {
        for (n, to) in to.chunks_exact_mut(row.stride).enumerate() {
            let entries = self.row(n);
            for column in row.columns::<L>() {
                let mut sum = lanes.of(0.0);
                for (at, c) in entries {
                    let from = lanes.load(&from[*at as usize * row.stride + column..]);
                    sum = from.mul_add(lanes.of(*c), sum);
                }
                lanes.store(sum, &mut to[column..]);
            }
        }
    }
}

/// Coefficients of the Legendre polynomial P_l in powers of its argument.
pub(super) fn legendre(l: usize) -> Vec<f64> {
    let (mut previous, mut current) = (vec![], vec![1.0]);
    for n in 0..l {
        // (n + 1) P_{n+1} = (2n + 1) x P_n − n P_{n−1}
        let mut next = vec![0.0; n + 2];
        for (k, c) in current.iter().enumerate() {
            next[k + 1] += (2 * n + 1) as f64 * c / (n + 1) as f64;
        }
        for (k, c) in previous.iter().enumerate() {
            next[k] -= n as f64 * c / (n + 1) as f64;
        }
        (previous, current) = (current, next);
    }
    current
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::Kernel;

    struct Sums<'a, const D: usize>(&'a [[f64; 3]]);

    impl<const D: usize> Kernel<f64> for Sums<'_, D> {
        type Output = Vec<f64>;

        #[inline(always)]
        fn run<L: Lanes<f64>>(self, lanes: L) -> Vec<f64> {
            let mut sums = vec![0.0; count(D) * L::WIDTH];
            for r in self.0 {
                // The same neighbour in both vectors, with weights in the first lane only.
                let at = r.map(|x| [lanes.splat(x); 2]);
                let (mut once, mut twice) = ([0.0; 16], [0.0; 16]);
                (once[0], twice[0]) = (1.0, 2.0);
                accumulate::<f64, L, D, 2>(lanes, &at, [lanes.load(&once), lanes.load(&twice)], &mut sums);
            }
            sums.chunks(L::WIDTH).map(|lanes| lanes.iter().sum()).collect()
        }
    }

    struct Value<'a, const D: usize>([f64; 3], &'a [f64]);

    impl<const D: usize> Kernel<f64> for Value<'_, D> {
        type Output = [f64; 4];

        #[inline(always)]
        fn run<L: Lanes<f64>>(self, lanes: L) -> [f64; 4] {
            let (q, [x, y, z]) = polynomial::<f64, L, D>(lanes, self.0.map(|x| lanes.splat(x)), self.1);
            [q, x, y, z].map(|v| v.sum() / L::WIDTH as f64)
        }
    }

    const POINTS: [[f64; 3]; 3] = [[0.36, 0.48, 0.8], [-0.6, 0.0, 0.8], [0.0, 0.0, -1.0]];

    fn check<const D: usize>() {
        let sums = f64::dispatch(Sums::<D>(&POINTS));
        for i in 0..count(D) {
            let expected: f64 = POINTS.iter().map(|r| 3.0 * basis(D, *r)[i]).sum();
            assert!((sums[i] - expected).abs() < 1e-14, "degree {D}, function {i}");
        }
        let c: Vec<f64> = (0..count(D)).map(|i| (i as f64 * 1.7).sin()).collect();
        let at = |r: [f64; 3]| basis(D, r).iter().zip(&c).map(|(b, c)| b * c).sum::<f64>();
        let h = 1e-5;
        for r in POINTS {
            let [q, gradient @ ..] = f64::dispatch(Value::<D>(r, &c));
            assert!((q - at(r)).abs() < 1e-13);
            for axis in 0..3 {
                let (mut up, mut down) = (r, r);
                up[axis] += h;
                down[axis] -= h;
                // h²/6 times a third derivative of up to D³ per coefficient.
                let difference = (at(up) - at(down)) / (2.0 * h);
                assert!((gradient[axis] - difference).abs() < 1e-8 * (1.0 + difference.abs()), "degree {D}");
            }
        }
    }

    #[test]
    fn kernels_are_the_basis() {
        check::<0>();
        check::<1>();
        check::<2>();
        check::<4>();
        check::<7>();
        check::<12>();
    }

    #[test]
    fn the_addition_theorem_holds() {
        let (a, b) = (POINTS[0], POINTS[1]);
        let cosine: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
        let degree = 8;
        let harmonics = Harmonics::new(degree);
        let c = [harmonics.at(a), harmonics.at(b)];
        for l in 0..=degree {
            let sum: f64 = (l * l..(l + 1) * (l + 1)).map(|i| c[0][i] * c[1][i]).sum();
            let expected: f64 = legendre(l).iter().rev().fold(0.0, |p, c| p * cosine + c);
            assert!((sum - expected).abs() < 1e-13, "degree {l}");
        }
    }

    struct Transform<'a>(&'a Harmonics, &'a [f64], bool);

    impl Kernel<f64> for Transform<'_> {
        type Output = Vec<f64>;

        #[inline(always)]
        fn run<L: Lanes<f64>>(self, lanes: L) -> Vec<f64> {
            let Self(harmonics, from, forward) = self;
            let mut to = vec![0.0; from.len()];
            if forward {
                harmonics.forward(lanes, Row::new(8), from, &mut to);
            } else {
                harmonics.backward(lanes, Row::new(8), from, &mut to);
            }
            to
        }
    }

    #[test]
    fn backward_is_the_transpose_of_forward() {
        let harmonics = Harmonics::new(5);
        // Eight functions side by side, each with other sums.
        let (x, y): (Vec<f64>, Vec<f64>) =
            (0..8 * count(5)).map(|i| ((i as f64).sin(), (i as f64).cos())).unzip();
        let forward = f64::dispatch(Transform(&harmonics, &x, true));
        let backward = f64::dispatch(Transform(&harmonics, &y, false));
        for q in 0..8 {
            let dot =
                |a: &[f64], b: &[f64]| a.iter().zip(b).skip(q).step_by(8).map(|(a, b)| a * b).sum::<f64>();
            assert!((dot(&forward, &y) - dot(&x, &backward)).abs() < 1e-11);
        }
        // Sums of one point are the harmonics there.
        let at: Vec<f64> = basis(5, POINTS[0]).iter().flat_map(|b| [*b; 8]).collect();
        let forward = f64::dispatch(Transform(&harmonics, &at, true));
        for (i, c) in harmonics.at(POINTS[0]).iter().enumerate() {
            assert!((forward[8 * i] - c).abs() < 1e-14);
        }
    }
}
