//! Numbers that do not change under rotations, from sums over spherical harmonics.
//!
//! With M_q,lm = Σ_j h_q(r_j) C_lm(r̂_j) the products of two, Σ_m M_q,lm M_q',lm = Σ_jk h_q(r_j) h_q'(r_k)
//! P_l(cos θ_jk), see three atoms, products of three see four, and so on: R. Drautz, Phys. Rev. B 99,
//! 014104 (2019), doi:10.1103/PhysRevB.99.014104.

use super::harmonics::{Harmonics, Row, count};
use super::products::Product;
use crate::lanes::{Kernel, Lanes, Real, Vector};

/// The functions of the angle that products of two sums are resolved into.
#[derive(Debug, Clone)]
pub(crate) enum Angles {
    /// Legendre polynomials P_l from this degree on.
    Legendre(usize),
    /// Chebyshev polynomials T_n from n = 0 on: row n holds T_n in Legendre polynomials.
    Chebyshev(Vec<Vec<f64>>),
}

impl Angles {
    /// Chebyshev polynomials up to this degree.
    pub(crate) fn chebyshev(degree: usize) -> Self {
        // x P_l = ((l + 1) P_{l+1} + l P_{l−1})/(2l + 1)
        let times_x = |p: &[f64]| {
            let mut out = vec![0.0; degree + 2];
            for (l, c) in p.iter().enumerate().filter(|(_, c)| **c != 0.0) {
                out[l + 1] += (l + 1) as f64 * c / (2 * l + 1) as f64;
                if l > 0 {
                    out[l - 1] += l as f64 * c / (2 * l + 1) as f64;
                }
            }
            out.truncate(degree + 1);
            out
        };
        let mut rows = vec![vec![0.0; degree + 1]];
        rows[0][0] = 1.0;
        for n in 1..=degree {
            let mut next = times_x(&rows[n - 1]);
            if n > 1 {
                for (next, before) in next.iter_mut().zip(&rows[n - 2]) {
                    *next = 2.0 * *next - before;
                }
            }
            rows.push(next);
        }
        Self::Chebyshev(rows)
    }
}

/// Which invariants to form of the sums of several functions.
#[derive(Debug, Clone)]
pub(crate) struct Invariants {
    /// How many functions there are.
    pub functions: usize,
    /// The largest degree.
    pub degree: usize,
    /// Pairs of functions q ≤ q' whose sums are multiplied.
    pub pairs: Vec<(usize, usize)>,
    /// What the products of two are resolved into.
    pub angles: Angles,
    /// Leave out what a neighbour makes with itself, and count every pair of neighbours once.
    pub distinct: bool,
    /// Products of more, each formed of every function.
    pub products: Vec<Product>,
}

/// Everything between sums over the basis and invariants; functions stand side by side in rows.
#[derive(Debug, Default)]
pub(crate) struct InvariantsWork {
    /// Sums over the basis, a row for each.
    pub basis: Vec<f64>,
    /// Σ_j h_q h_q' of every two functions, if pairs are to be distinct.
    pub overlaps: Vec<f64>,
    /// Derivatives of Σ g·G with respect to the sums over the basis.
    pub basis_slopes: Vec<f64>,
    /// The same for overlaps: what h_q' of a neighbour is multiplied with in the derivative with respect
    /// to its h_q.
    pub touch: Vec<f64>,
    /// Sums over harmonics and derivatives with respect to them.
    sums: Vec<f64>,
    slopes: Vec<f64>,
    /// Products of every two sums (or each with itself) for each degree, then their weights.
    products: Vec<f64>,
}

impl Invariants {
    /// How sums of the functions stand in memory.
    pub(crate) fn row(&self) -> Row {
        Row::new(self.functions)
    }

    /// How many angles there are for each pair of functions.
    fn angles(&self) -> usize {
        match &self.angles {
            Angles::Legendre(first) => self.degree + 1 - first,
            Angles::Chebyshev(rows) => rows.len(),
        }
    }

    /// Are sums multiplied with themselves only?
    fn diagonal(&self) -> bool {
        self.pairs.iter().all(|(q, p)| q == p)
    }

    /// How many products of two there are for each degree, and where that of q and p stands.
    fn layout(&self) -> (usize, impl Fn(usize, usize) -> usize + use<>) {
        let (stride, diagonal) = (self.row().stride, self.diagonal());
        let size = if diagonal { stride } else { stride * self.functions };
        (size, move |q, p| if diagonal { q } else { q * stride + p })
    }

    /// The invariants: products of two with the angle running fastest, then each product of more for
    /// every function.
    pub(crate) fn values(&self, harmonics: &Harmonics, work: &mut InvariantsWork, out: &mut [f64]) {
        let (size, place) = self.layout();
        work.sums.resize(work.basis.len(), 0.0);
        work.products.resize((self.degree + 1) * size, 0.0);
        let split = self.pairs.len() * self.angles();
        let (twos, more) = out.split_at_mut(split);
        f64::dispatch(Forward { invariants: self, harmonics, work: &mut *work, out: more });
        for ((q, p), out) in self.pairs.iter().zip(twos.chunks_exact_mut(self.angles())) {
            let products = work.products[place(*q, *p)..].iter().step_by(size);
            match &self.angles {
                Angles::Legendre(first) => {
                    for (out, product) in out.iter_mut().zip(products.skip(*first)) {
                        *out = *product;
                    }
                }
                Angles::Chebyshev(rows) => {
                    for (out, row) in out.iter_mut().zip(rows) {
                        *out = row.iter().zip(products.clone()).map(|(c, product)| c * product).sum();
                    }
                }
            }
            if self.distinct {
                // Every polynomial is 1 at 1.
                let overlap = work.overlaps[q * self.functions + p];
                for out in out {
                    *out = 0.5 * (*out - overlap);
                }
            }
        }
    }

    /// Derivatives of Σ g·(invariants) with respect to the sums over the basis and the overlaps.
    pub(crate) fn slopes(&self, harmonics: &Harmonics, g: &[f64], work: &mut InvariantsWork) {
        let (size, place) = self.layout();
        work.slopes.resize(work.sums.len(), 0.0);
        work.basis_slopes.resize(work.sums.len(), 0.0);
        work.products.fill(0.0);
        work.touch.clear();
        work.touch.resize(work.overlaps.len(), 0.0);
        let (twos, more) = g.split_at(self.pairs.len() * self.angles());
        let half = if self.distinct { 0.5 } else { 1.0 };
        for (&(q, p), g) in self.pairs.iter().zip(twos.chunks_exact(self.angles())) {
            let mut add = |l: usize, weight: f64| {
                // The derivative of a square is twice its root: (q, q) is added to twice.
                work.products[l * size + place(q, p)] += half * weight;
                work.products[l * size + place(p, q)] += half * weight;
            };
            match &self.angles {
                Angles::Legendre(first) => g.iter().enumerate().for_each(|(l, g)| add(first + l, *g)),
                Angles::Chebyshev(rows) => {
                    for l in 0..=self.degree {
                        add(l, g.iter().zip(rows).map(|(g, row)| g * row[l]).sum());
                    }
                }
            }
            if self.distinct {
                let sum: f64 = g.iter().sum();
                work.touch[q * self.functions + p] -= 0.5 * sum;
                work.touch[p * self.functions + q] -= 0.5 * sum;
            }
        }
        f64::dispatch(Backward { invariants: self, harmonics, work, g: more });
    }
}

/// From sums over the basis to products of them.
struct Forward<'a> {
    invariants: &'a Invariants,
    harmonics: &'a Harmonics,
    work: &'a mut InvariantsWork,
    out: &'a mut [f64],
}

impl Kernel<f64> for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<f64>>(self, lanes: L) {
        let Self { invariants, harmonics, work, out } = self;
        let InvariantsWork { basis, sums, products, .. } = work;
        let row = invariants.row();
        let stride = row.stride;
        harmonics.forward(lanes, row, basis, sums);
        let diagonal = invariants.diagonal();
        let size = products.len() / (invariants.degree + 1);
        for (l, products) in products.chunks_exact_mut(size).enumerate() {
            let sums = &sums[l * l * stride..(l + 1) * (l + 1) * stride];
            for (q, products) in products.chunks_exact_mut(stride).enumerate() {
                for column in row.columns::<L>() {
                    let mut product = lanes.of(0.0);
                    for sums in sums.chunks_exact(stride) {
                        let here = lanes.load(&sums[column..]);
                        let other = if diagonal { here } else { lanes.splat(sums[q]) };
                        product = here.mul_add(other, product);
                    }
                    lanes.store(product, &mut products[column..]);
                }
            }
        }
        for (product, out) in invariants.products.iter().zip(out.chunks_exact_mut(invariants.functions)) {
            product.values(lanes, row, sums, out);
        }
    }
}

/// From weights of products to derivatives with respect to sums over the basis.
struct Backward<'a> {
    invariants: &'a Invariants,
    harmonics: &'a Harmonics,
    work: &'a mut InvariantsWork,
    g: &'a [f64],
}

impl Kernel<f64> for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<f64>>(self, lanes: L) {
        let Self { invariants, harmonics, work, g } = self;
        let InvariantsWork { sums, products, slopes, basis_slopes, .. } = work;
        let row = invariants.row();
        let stride = row.stride;
        let diagonal = invariants.diagonal();
        // The kernel's degree may be larger than is wanted.
        slopes[count(invariants.degree) * stride..].fill(0.0);
        let size = products.len() / (invariants.degree + 1);
        for (l, weights) in products.chunks_exact(size).enumerate() {
            let here = l * l * stride..(l + 1) * (l + 1) * stride;
            let rows = sums[here.clone()].chunks_exact(stride).zip(slopes[here].chunks_exact_mut(stride));
            for (sums, slopes) in rows {
                for column in row.columns::<L>() {
                    let slope = if diagonal {
                        lanes.load(&sums[column..]) * lanes.load(&weights[column..])
                    } else {
                        let mut slope = lanes.of(0.0);
                        for (weights, sum) in weights.chunks_exact(stride).zip(sums) {
                            slope = lanes.load(&weights[column..]).mul_add(lanes.splat(*sum), slope);
                        }
                        slope
                    };
                    lanes.store(slope, &mut slopes[column..]);
                }
            }
        }
        for (product, g) in invariants.products.iter().zip(g.chunks_exact(invariants.functions)) {
            product.add_slopes(lanes, row, g, sums, slopes);
        }
        harmonics.backward(lanes, row, slopes, basis_slopes);
    }
}

#[cfg(test)]
mod tests {
    use super::super::harmonics::legendre;
    use super::*;

    #[test]
    fn chebyshev_polynomials_in_legendre_polynomials() {
        let Angles::Chebyshev(rows) = Angles::chebyshev(7) else { panic!() };
        for x in [-1.0, -0.3, 0.2, 0.9, 1.0] {
            for (n, row) in rows.iter().enumerate() {
                let sum: f64 = row
                    .iter()
                    .enumerate()
                    .map(|(l, c)| c * legendre(l).iter().rev().fold(0.0, |p, c| p * x + c))
                    .sum();
                assert!((sum - (n as f64 * f64::acos(x)).cos()).abs() < 1e-13);
            }
        }
    }
}
