//! Numbers that do not change under rotations, from sums over spherical harmonics.
//!
//! With M_q,lm = Σ_j h_q(r_j) C_lm(r̂_j) the products of two, Σ_m M_q,lm M_q',lm = Σ_jk h_q(r_j) h_q'(r_k)
//! P_l(cos θ_jk), see three atoms, products of three see four, and so on: R. Drautz, Phys. Rev. B 99,
//! 014104 (2019), doi:10.1103/PhysRevB.99.014104.

use super::harmonics::{Harmonics, Row, count, legendre};
use crate::lanes::{Kernel, Lanes, Real, Vector};
use std::collections::BTreeMap;

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

/// A product of three or four sums of one function, coupled to an invariant.
#[derive(Debug, Clone)]
pub(crate) struct Product {
    /// How many factors there are.
    factors: usize,
    /// Coefficient and the harmonics whose sums it multiplies; only the first `factors` count.
    terms: Vec<(f64, [u32; 4])>,
}

impl Product {
    /// Σ over m of M_{l1 m1} M_{l2 m2} M_{l3 m3}, coupled by the integral of the three harmonics and
    /// scaled so that a single neighbour with h = 1 gives 1. `None` where all such integrals vanish: the
    /// degrees must obey the triangle inequality and have an even sum.
    pub(crate) fn of_three(degrees: [usize; 3]) -> Option<Self> {
        let terms = couple(degrees)?.into_iter().map(|(c, [i, j, k])| (c, [i, j, k, 0])).collect();
        Some(Self { factors: 3, terms: collect(terms, 3) })
    }

    /// As [`Product::of_three`], of four sums: the first two and the last two are each coupled to degree
    /// `through`, then with each other.
    pub(crate) fn of_four([a, b, c, d]: [usize; 4], through: usize) -> Option<Self> {
        let (first, second) = (couple([a, b, through])?, couple([c, d, through])?);
        let mut terms = Vec::new();
        for (x, [i, j, m]) in &first {
            for (y, [k, l, n]) in &second {
                if m == n {
                    terms.push((x * y, [*i, *j, *k, *l]));
                }
            }
        }
        Some(Self { factors: 4, terms: collect(terms, 4) })
    }

    /// Coefficients, each with the harmonics whose sums it multiplies.
    #[cfg(feature = "gpu")]
    pub(crate) fn terms(&self) -> impl Iterator<Item = (f64, &[u32])> {
        self.terms.iter().map(|(c, places)| (*c, &places[..self.factors]))
    }

    /// Writes the invariant of every function to `out`, one entry each.
    #[inline(always)]
    fn values<L: Lanes<f64>>(&self, lanes: L, row: Row, sums: &[f64], out: &mut [f64]) {
        for column in row.columns::<L>() {
            let mut value = lanes.of(0.0);
            for (c, at) in &self.terms {
                let mut product = lanes.of(*c);
                for i in &at[..self.factors] {
                    product = product * lanes.load(&sums[*i as usize * row.stride + column..]);
                }
                value += product;
            }
            lanes.store_some(value, &mut out[column..]);
        }
    }

    /// Adds the derivatives of Σ g·(invariants) with respect to the sums.
    #[inline(always)]
    fn add_slopes<L: Lanes<f64>>(&self, lanes: L, row: Row, g: &[f64], sums: &[f64], slopes: &mut [f64]) {
        for column in row.columns::<L>() {
            let g = lanes.load_some(&g[column..], 0.0);
            for (c, at) in &self.terms {
                let weight = g * lanes.of(*c);
                for f in 0..self.factors {
                    let mut product = weight;
                    for other in 0..self.factors {
                        if other != f {
                            let at = at[other] as usize * row.stride + column;
                            product = product * lanes.load(&sums[at..]);
                        }
                    }
                    lanes.add_to(product, &mut slopes[at[f] as usize * row.stride + column..]);
                }
            }
        }
    }
}

/// Terms with the same factors in any order made one, those that cancel left out.
fn collect(terms: Vec<(f64, [u32; 4])>, factors: usize) -> Vec<(f64, [u32; 4])> {
    let mut sums = BTreeMap::new();
    for (c, mut at) in terms {
        at[..factors].sort_unstable();
        *sums.entry(at).or_insert(0.0) += c;
    }
    sums.into_iter().filter(|(_, c): &(_, f64)| c.abs() > 1e-12).map(|(at, c)| (c, at)).collect()
}

/// ∫ C_{l1 m1} C_{l2 m2} C_{l3 m3} over the sphere for all m, relative to the one with m = 0, with the
/// places of the harmonics.
fn couple(degrees: [usize; 3]) -> Option<Vec<(f64, [u32; 3])>> {
    let [a, b, c] = degrees;
    let sum = a + b + c;
    if sum % 2 == 1 || a > b + c || b > a + c || c > a + b {
        return None;
    }
    // Exact for polynomials of this degree: Gauss–Legendre in z, equal steps around it.
    let top = a.max(b).max(c);
    let harmonics = Harmonics::new(top);
    let places = degrees.map(|l| l * l..(l + 1) * (l + 1));
    let mut integrals = vec![0.0; places.iter().map(ExactSizeIterator::len).product()];
    for (z, weight) in gauss_legendre(sum / 2 + 1) {
        for step in 0..=sum {
            let (sin, cos) = (std::f64::consts::TAU * step as f64 / (sum + 1) as f64 + 0.3).sin_cos();
            let s = (1.0 - z * z).sqrt();
            let at = harmonics.at([s * cos, s * sin, z]);
            let mut integral = integrals.iter_mut();
            for i in places[0].clone() {
                for j in places[1].clone() {
                    for (k, integral) in places[2].clone().zip(&mut integral) {
                        *integral += weight * at[i] * at[j] * at[k];
                    }
                }
            }
        }
    }
    let (width, depth) = (places[2].len(), places[1].len());
    let axial = integrals[(a * depth + b) * width + c];
    let mut terms = Vec::new();
    for (n, integral) in integrals.iter().enumerate() {
        let (i, j, k) = (n / width / depth, n / width % depth, n % width);
        if (integral / axial).abs() > 1e-12 {
            terms.push((integral / axial, [a * a + i, b * b + j, c * c + k].map(|i| i as u32)));
        }
    }
    Some(terms)
}

/// Nodes and weights of Gauss–Legendre quadrature on [−1, 1].
fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    let p = legendre(n);
    let slope: Vec<f64> = p.iter().enumerate().skip(1).map(|(k, c)| k as f64 * c).collect();
    let at = |p: &[f64], x: f64| p.iter().rev().fold(0.0, |sum, c| sum * x + c);
    (0..n)
        .map(|i| {
            // Tricomi's estimate of the root, which Newton's method then finds to rounding.
            let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
            for _ in 0..20 {
                x -= at(&p, x) / at(&slope, x);
            }
            (x, 2.0 / ((1.0 - x * x) * at(&slope, x).powi(2)))
        })
        .collect()
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
    use super::*;

    /// Sums over harmonics up to degree 4 of a few neighbours, for eight functions of which one counts.
    fn sums(of: &[[f64; 3]]) -> Vec<f64> {
        let harmonics = Harmonics::new(4);
        let mut sums = vec![0.0; 25 * 8];
        for r in of {
            for (sum, at) in sums.iter_mut().step_by(8).zip(harmonics.at(*r)) {
                *sum += at;
            }
        }
        sums
    }

    struct Value<'a>(&'a Product, &'a [f64]);

    impl Kernel<f64> for Value<'_> {
        type Output = f64;

        #[inline(always)]
        fn run<L: Lanes<f64>>(self, lanes: L) -> f64 {
            let mut out = [0.0];
            self.0.values(lanes, Row::new(1), self.1, &mut out);
            out[0]
        }
    }

    fn value(product: &Product, sums: &[f64]) -> f64 {
        f64::dispatch(Value(product, sums))
    }

    struct Slopes<'a>(&'a Product, &'a [f64]);

    impl Kernel<f64> for Slopes<'_> {
        type Output = Vec<f64>;

        #[inline(always)]
        fn run<L: Lanes<f64>>(self, lanes: L) -> Vec<f64> {
            let mut slopes = vec![0.0; self.1.len()];
            self.0.add_slopes(lanes, Row::new(1), &[1.5], self.1, &mut slopes);
            slopes
        }
    }

    fn rotated([x, y, z]: [f64; 3]) -> [f64; 3] {
        // By 0.7 about z, then by 1.1 about x.
        let ((s, c), (t, d)) = (0.7_f64.sin_cos(), 1.1_f64.sin_cos());
        let (x, y) = (c * x - s * y, s * x + c * y);
        [x, d * y - t * z, t * y + d * z]
    }

    const POINTS: [[f64; 3]; 3] = [[0.36, 0.48, 0.8], [-0.6, 0.0, 0.8], [0.28, -0.96, 0.0]];

    fn products() -> Vec<Product> {
        let mut all: Vec<Product> =
            [[1, 1, 2], [2, 2, 2], [1, 2, 3], [2, 2, 4], [3, 3, 4], [4, 4, 4], [0, 3, 3]]
                .into_iter()
                .map(|degrees| Product::of_three(degrees).unwrap())
                .collect();
        for (degrees, through) in [([1, 1, 1, 1], 0), ([1, 1, 2, 2], 2), ([2, 2, 2, 2], 4), ([1, 3, 2, 2], 2)]
        {
            all.push(Product::of_four(degrees, through).unwrap());
        }
        all
    }

    #[test]
    fn products_are_invariant_and_scaled() {
        for product in products() {
            assert!((value(&product, &sums(&POINTS[..1])) - 1.0).abs() < 1e-13);
            let (a, b) = (value(&product, &sums(&POINTS)), value(&product, &sums(&POINTS.map(rotated))));
            assert!((a - b).abs() < 1e-12 * (1.0 + a.abs()), "{a} {b}");
        }
    }

    #[test]
    fn known_closed_forms() {
        // Degree one are vectors, so four of them give (v·v)²; degree two are traceless tensors Q, so
        // three of them give Tr Q³ (the forms of Z. Fan et al., J. Chem. Phys. 157, 114801 (2022)).
        let dot = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (mut squared, mut cubic) = (0.0, 0.0);
        for a in POINTS {
            for b in POINTS {
                squared += dot(a, b);
                for c in POINTS {
                    let (x, y, z) = (dot(a, b), dot(b, c), dot(c, a));
                    // Tr (aa − 1/3)(bb − 1/3)(cc − 1/3), which is 2/9 for a = b = c.
                    let trace = x * y * z - (x * x + y * y + z * z) / 3.0 + 2.0 / 9.0;
                    cubic += trace / (2.0 / 9.0);
                }
            }
        }
        let five_body = Product::of_four([1, 1, 1, 1], 0).unwrap();
        assert!((value(&five_body, &sums(&POINTS)) - squared * squared).abs() < 1e-12);
        let four_body = Product::of_three([2, 2, 2]).unwrap();
        assert!((value(&four_body, &sums(&POINTS)) - cubic).abs() < 1e-12);
    }

    #[test]
    fn slopes_are_derivatives() {
        let sums = sums(&POINTS);
        let h = 1e-5;
        for product in products() {
            let slopes = f64::dispatch(Slopes(&product, &sums));
            for i in (0..sums.len()).step_by(8) {
                let (mut up, mut down) = (sums.clone(), sums.clone());
                up[i] += h;
                down[i] -= h;
                let difference = 1.5 * (value(&product, &up) - value(&product, &down)) / (2.0 * h);
                assert!((slopes[i] - difference).abs() < 1e-8, "{} {difference}", slopes[i]);
            }
        }
    }

    #[test]
    fn impossible_products_are_refused() {
        assert!(Product::of_three([1, 1, 1]).is_none());
        assert!(Product::of_three([1, 1, 3]).is_none());
        assert!(Product::of_four([1, 1, 2, 2], 1).is_none());
    }

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
