//! Sums of products over triplets: all pairs of a radial and an angular factor at once.
//!
//! With E_a the exponentials and P_b the angular factors of a group at triplet t, its functions are
//! entries of the matrix G_ab = Σ_t E_a(t) P_b(t): a matrix product, done in tiles that stay in
//! registers, and so is the way back.

use crate::lanes::{Kernel, Lanes, Real, Vector};

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

/// Calls `$self.$method::<_, rows, columns>` for the size of a tile.
macro_rules! sized {
    ($tile:expr, $self:ident.$method:ident($($argument:expr),*)) => {
        match ($tile.rows, $tile.columns) {
            (1, 1) => $self.$method::<L, 1, 1>($($argument),*),
            (2, 1) => $self.$method::<L, 2, 1>($($argument),*),
            (3, 1) => $self.$method::<L, 3, 1>($($argument),*),
            (1, 2) => $self.$method::<L, 1, 2>($($argument),*),
            (2, 2) => $self.$method::<L, 2, 2>($($argument),*),
            (3, 2) => $self.$method::<L, 3, 2>($($argument),*),
            (1, _) => $self.$method::<L, 1, 4>($($argument),*),
            (2, _) => $self.$method::<L, 2, 4>($($argument),*),
            _ => $self.$method::<L, 3, 4>($($argument),*),
        }
    };
}

/// `R` arrays of `n` numbers each, from number `first` on, as registers.
#[inline(always)]
fn arrays<T: Real, L: Lanes<T>, const R: usize>(
    lanes: L,
    all: &[T],
    first: usize,
    n: usize,
) -> [&[L::Stored]; R] {
    let mut arrays: [&[L::Stored]; R] = [&[]; R];
    for (i, array) in arrays.iter_mut().enumerate() {
        *array = &lanes.view(&all[(first + i) * n..])[..n / L::WIDTH];
    }
    arrays
}

/// The sums of all tiles: G_ab into `grid` (row-major, `columns` wide).
pub(super) struct Sums<'a, T> {
    pub(super) tiles: &'a [Tile],
    /// Length of the arrays, a whole number of vectors.
    pub(super) n: usize,
    /// E_a and P_b, array after array.
    pub(super) e: &'a [T],
    pub(super) p: &'a [T],
    pub(super) columns: usize,
    pub(super) grid: &'a mut [T],
}

impl<T: Real> Kernel<T> for Sums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(mut self, lanes: L) {
        for tile in self.tiles {
            sized!(tile, self.tile(lanes, tile));
        }
    }
}

impl<T: Real> Sums<'_, T> {
    #[inline(always)]
    fn tile<L: Lanes<T>, const R: usize, const C: usize>(&mut self, lanes: L, tile: &Tile) {
        let e: [_; R] = arrays(lanes, self.e, tile.a, self.n);
        let p: [_; C] = arrays(lanes, self.p, tile.b, self.n);
        let zero = lanes.splat(T::ZERO);
        let mut sums = [[zero; C]; R];
        for t in 0..self.n / L::WIDTH {
            let mut p_t = [zero; C];
            for j in 0..C {
                p_t[j] = lanes.read(p[j][t]);
            }
            for i in 0..R {
                let e_t = lanes.read(e[i][t]);
                for j in 0..C {
                    sums[i][j] = e_t.mul_add(p_t[j], sums[i][j]);
                }
            }
        }
        for i in 0..R {
            for j in 0..C {
                self.grid[(tile.a + i) * self.columns + tile.b + j] = sums[i][j].sum();
            }
        }
    }
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

/// The way back: adds what the functions of all tiles contribute to `slopes`, from ∂E/∂G_ab.
pub(super) struct Contraction<'a, T> {
    pub(super) tiles: &'a [Tile],
    /// Length of the arrays, a whole number of vectors.
    pub(super) n: usize,
    /// E_a, P_b and P′_b, array after array.
    pub(super) e: &'a [T],
    pub(super) p: &'a [T],
    pub(super) q: &'a [T],
    pub(super) columns: usize,
    /// ∂E/∂G_ab, row-major.
    pub(super) g: &'a [T],
    /// −2 η_a.
    pub(super) widths: &'a [T],
    /// What was there before is overwritten.
    pub(super) slopes: Slopes<'a, T>,
}

impl<T: Real> Kernel<T> for Contraction<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(mut self, lanes: L) {
        for (index, tile) in self.tiles.iter().enumerate() {
            sized!(tile, self.tile(lanes, tile, index == 0));
        }
    }
}

impl<T: Real> Contraction<'_, T> {
    #[inline(always)]
    fn tile<L: Lanes<T>, const R: usize, const C: usize>(&mut self, lanes: L, tile: &Tile, first: bool) {
        let e: [_; R] = arrays(lanes, self.e, tile.a, self.n);
        let p: [_; C] = arrays(lanes, self.p, tile.b, self.n);
        let q: [_; C] = arrays(lanes, self.q, tile.b, self.n);
        let zero = lanes.splat(T::ZERO);
        let (mut g, mut widths) = ([[zero; C]; R], [zero; R]);
        for i in 0..R {
            widths[i] = lanes.splat(self.widths[tile.a + i]);
            for j in 0..C {
                g[i][j] = lanes.splat(self.g[(tile.a + i) * self.columns + tile.b + j]);
            }
        }
        let m = self.n / L::WIDTH;
        let value = &mut lanes.view_mut(self.slopes.value)[..m];
        let width = &mut lanes.view_mut(self.slopes.width)[..m];
        let cos = &mut lanes.view_mut(self.slopes.cos)[..m];
        for t in 0..m {
            let (mut v, mut w, mut c) = if first {
                (zero, zero, zero)
            } else {
                (lanes.read(value[t]), lanes.read(width[t]), lanes.read(cos[t]))
            };
            for i in 0..R {
                let (mut by_p, mut by_q) = (zero, zero);
                for j in 0..C {
                    by_p = g[i][j].mul_add(lanes.read(p[j][t]), by_p);
                    by_q = g[i][j].mul_add(lanes.read(q[j][t]), by_q);
                }
                let e_t = lanes.read(e[i][t]);
                let part = e_t * by_p;
                v += part;
                w = widths[i].mul_add(part, w);
                c = e_t.mul_add(by_q, c);
            }
            value[t] = lanes.stored(v);
            width[t] = lanes.stored(w);
            cos[t] = lanes.stored(c);
        }
    }
}

/// Σ a b of arrays of a whole number of vectors.
pub(super) fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    let mut sums = [T::ZERO; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for l in 0..8 {
            sums[l] += a[l] * b[l];
        }
    }
    sums.into_iter().sum()
}
