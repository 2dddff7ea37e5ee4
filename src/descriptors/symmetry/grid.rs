//! Sums of products over triplets: all pairs of a radial and an angular factor at once.
//!
//! With E_a the exponentials and P_b the angular factors of a group at triplet t, its functions are
//! entries of the matrix G_ab = Σ_t E_a(t) P_b(t): a matrix product, done in tiles that stay in
//! registers, and so is the way back.

use crate::lanes::Real;
use multiversion::multiversion;

/// The largest tile.
const ROWS: usize = 3;
const COLUMNS: usize = 4;

/// A part of the grid: rows `a..a + rows`, columns `b..b + columns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tile {
    a: usize,
    b: usize,
    rows: usize,
    columns: usize,
}

/// Covers the entries of a grid that are `wanted` with tiles.
pub(super) fn tiles(rows: usize, columns: usize, wanted: impl Fn(usize, usize) -> bool) -> Vec<Tile> {
    let mut tiles = Vec::new();
    let mut a = 0;
    while a < rows {
        let height = (rows - a).min(ROWS);
        let mut b = 0;
        while b < columns {
            // Three columns are covered by two and one.
            let width = match columns - b {
                1 => 1,
                2 | 3 => 2,
                _ => COLUMNS,
            };
            if (a..a + height).any(|i| (b..b + width).any(|j| wanted(i, j))) {
                tiles.push(Tile { a, b, rows: height, columns: width });
            }
            b += width;
        }
        a += height;
    }
    tiles
}

/// Calls `$kernel::<.., rows, columns>` for the size of a tile.
macro_rules! sized {
    ($tile:expr, $kernel:ident($($argument:expr),*)) => {
        match ($tile.rows, $tile.columns) {
            (1, 1) => $kernel::<T, 1, 1>($($argument),*),
            (2, 1) => $kernel::<T, 2, 1>($($argument),*),
            (3, 1) => $kernel::<T, 3, 1>($($argument),*),
            (1, 2) => $kernel::<T, 1, 2>($($argument),*),
            (2, 2) => $kernel::<T, 2, 2>($($argument),*),
            (3, 2) => $kernel::<T, 3, 2>($($argument),*),
            (1, _) => $kernel::<T, 1, 4>($($argument),*),
            (2, _) => $kernel::<T, 2, 4>($($argument),*),
            _ => $kernel::<T, 3, 4>($($argument),*),
        }
    };
}

/// The sums of all tiles into `grid` (row-major, `columns` wide). `e` and `p` hold arrays of `n` each.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn sums<T: Real>(tiles: &[Tile], n: usize, e: &[T], p: &[T], columns: usize, grid: &mut [T]) {
    for tile in tiles {
        sized!(tile, sum_tile(tile, n, e, p, columns, grid));
    }
}

#[inline(always)]
fn sum_tile<T: Real, const R: usize, const C: usize>(
    tile: &Tile,
    n: usize,
    e: &[T],
    p: &[T],
    columns: usize,
    grid: &mut [T],
) {
    // As many sums side by side as a 256-bit register holds.
    if T::EPSILON > T::of(1e-10) {
        sum_lanes::<T, R, C, 8>(tile, n, e, p, columns, grid);
    } else {
        sum_lanes::<T, R, C, 4>(tile, n, e, p, columns, grid);
    }
}

#[inline(always)]
fn sum_lanes<T: Real, const R: usize, const C: usize, const W: usize>(
    tile: &Tile,
    n: usize,
    e: &[T],
    p: &[T],
    columns: usize,
    grid: &mut [T],
) {
    // Written for the compiler: plain loops, since closures called by library functions are not compiled
    // for the vector instructions of the caller; rows one by one, since three nested loops are not
    // unrolled, and sums that are not in registers cost four times as much.
    let mut e_rows: [&[[T; W]]; R] = [&[]; R];
    let mut p_rows: [&[[T; W]]; C] = [&[]; C];
    for i in 0..R {
        e_rows[i] = &rows(&e[(tile.a + i) * n..])[..n / W];
    }
    for j in 0..C {
        p_rows[j] = &rows(&p[(tile.b + j) * n..])[..n / W];
    }
    let mut sums = [[[T::ZERO; W]; C]; R];
    for t in 0..n / W {
        let mut p = [[T::ZERO; W]; C];
        for j in 0..C {
            p[j] = p_rows[j][t];
        }
        add_products(&mut sums[0], &e_rows[0][t], &p);
        if R > 1 {
            add_products(&mut sums[1], &e_rows[1][t], &p);
        }
        if R > 2 {
            add_products(&mut sums[2], &e_rows[2][t], &p);
        }
    }
    for i in 0..R {
        for j in 0..C {
            grid[(tile.a + i) * columns + tile.b + j] = total(sums[i][j]);
        }
    }
}

#[inline(always)]
fn add_products<T: Real, const C: usize, const W: usize>(
    sums: &mut [[T; W]; C],
    e: &[T; W],
    p: &[[T; W]; C],
) {
    for j in 0..C {
        for l in 0..W {
            sums[j][l] += e[l] * p[j][l];
        }
    }
}

/// Σ a b.
#[inline(always)]
pub(super) fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    let mut sums = [T::ZERO; 8];
    for (a, b) in rows::<T, 8>(a).iter().zip(rows::<T, 8>(b)) {
        for l in 0..8 {
            sums[l] += a[l] * b[l];
        }
    }
    total(sums)
}

/// A slice as rows of `W`; what does not fill a row is left out.
#[inline(always)]
pub(super) fn rows<T, const W: usize>(slice: &[T]) -> &[[T; W]] {
    slice.as_chunks::<W>().0
}

/// The sum of the lanes, in halves.
#[inline(always)]
pub(super) fn total<T: Real, const W: usize>(mut lanes: [T; W]) -> T {
    let mut width = W;
    while width > 1 {
        width /= 2;
        for l in 0..width {
            let upper = lanes[l + width];
            lanes[l] += upper;
        }
    }
    lanes[0]
}

/// ∂E/∂… of every triplet, summed over the functions of a group.
pub(super) struct Slopes<'a, T> {
    /// Σ g E_a P_b.
    pub(super) value: &'a mut [T],
    /// Σ −2 η_a g E_a P_b.
    pub(super) width: &'a mut [T],
    /// Σ g E_a P′_b.
    pub(super) cos: &'a mut [T],
}

impl<T: Real> Slopes<'_, T> {
    /// Sets all to zero.
    pub(super) fn clear(&mut self) {
        for array in [&mut *self.value, &mut *self.width, &mut *self.cos] {
            array.fill(T::ZERO);
        }
    }
}

/// Adds what all functions contribute to `slopes`. `g` is the grid of ∂E/∂G, `widths` has −2 η_a.
#[allow(clippy::too_many_arguments)]
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn contract<T: Real>(
    tiles: &[Tile],
    n: usize,
    e: &[T],
    p: &[T],
    q: &[T],
    columns: usize,
    g: &[T],
    widths: &[T],
    slopes: &mut Slopes<T>,
) {
    for tile in tiles {
        sized!(tile, contract_tile(tile, n, e, p, q, columns, g, widths, slopes));
    }
}

#[allow(clippy::too_many_arguments)]
#[inline(always)]
fn contract_tile<T: Real, const R: usize, const C: usize>(
    tile: &Tile,
    n: usize,
    e: &[T],
    p: &[T],
    q: &[T],
    columns: usize,
    g: &[T],
    widths: &[T],
    slopes: &mut Slopes<T>,
) {
    let mut e_rows: [&[T]; R] = [&[]; R];
    let (mut p_rows, mut q_rows): ([&[T]; C], [&[T]; C]) = ([&[]; C], [&[]; C]);
    let mut tile_g = [[T::ZERO; C]; R];
    let mut tile_widths = [T::ZERO; R];
    for i in 0..R {
        e_rows[i] = &e[(tile.a + i) * n..][..n];
        tile_widths[i] = widths[tile.a + i];
        for j in 0..C {
            tile_g[i][j] = g[(tile.a + i) * columns + tile.b + j];
        }
    }
    for j in 0..C {
        p_rows[j] = &p[(tile.b + j) * n..][..n];
        q_rows[j] = &q[(tile.b + j) * n..][..n];
    }
    contract_loop(
        e_rows,
        p_rows,
        q_rows,
        tile_g,
        tile_widths,
        &mut slopes.value[..n],
        &mut slopes.width[..n],
        &mut slopes.cos[..n],
    );
}

#[allow(clippy::too_many_arguments)]
#[inline(always)]
fn contract_loop<T: Real, const R: usize, const C: usize>(
    e: [&[T]; R],
    p: [&[T]; C],
    q: [&[T]; C],
    g: [[T; C]; R],
    widths: [T; R],
    value: &mut [T],
    width: &mut [T],
    cos: &mut [T],
) {
    for t in 0..value.len() {
        let (mut v, mut w, mut c) = (value[t], width[t], cos[t]);
        for i in 0..R {
            let (mut by_p, mut by_q) = (T::ZERO, T::ZERO);
            for j in 0..C {
                by_p += g[i][j] * p[j][t];
                by_q += g[i][j] * q[j][t];
            }
            let part = e[i][t] * by_p;
            v += part;
            w += widths[i] * part;
            c += e[i][t] * by_q;
        }
        value[t] = v;
        width[t] = w;
        cos[t] = c;
    }
}
