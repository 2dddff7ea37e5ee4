//! Numbers that do not change under rotations, from sums over spherical harmonics.
//!
//! With M_q,lm = Σ_j h_q(r_j) C_lm(r̂_j) the products of two, Σ_m M_q,lm M_q',lm = Σ_jk h_q(r_j) h_q'(r_k)
//! P_l(cos θ_jk), see three atoms, products of three see four, and so on: R. Drautz, Phys. Rev. B 99,
//! 014104 (2019), doi:10.1103/PhysRevB.99.014104.

use super::harmonics::{Harmonics, basis, legendre};
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

    /// The invariant of sums over harmonics.
    pub(crate) fn value(&self, sums: &[f64]) -> f64 {
        self.terms
            .iter()
            .map(|(c, at)| at[..self.factors].iter().fold(*c, |product, i| product * sums[*i as usize]))
            .sum()
    }

    /// Adds g times the derivatives of the invariant to `slopes`.
    pub(crate) fn add_slopes(&self, g: f64, sums: &[f64], slopes: &mut [f64]) {
        for (c, at) in &self.terms {
            for f in 0..self.factors {
                let others = (0..self.factors).filter(|o| *o != f).map(|o| sums[at[o] as usize]);
                slopes[at[f] as usize] += others.fold(g * c, |product, sum| product * sum);
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
    let mut at = vec![0.0; (top + 1) * (top + 1)];
    let places = degrees.map(|l| l * l..(l + 1) * (l + 1));
    let mut integrals = vec![0.0; places.iter().map(ExactSizeIterator::len).product()];
    for (z, weight) in gauss_legendre(sum / 2 + 1) {
        for step in 0..=sum {
            let (sin, cos) = (std::f64::consts::TAU * step as f64 / (sum + 1) as f64 + 0.3).sin_cos();
            let s = (1.0 - z * z).sqrt();
            harmonics.forward(&basis(top, [s * cos, s * sin, z]), &mut at);
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

impl Invariants {
    /// How many angles there are for each pair of functions.
    fn angles(&self) -> usize {
        match &self.angles {
            Angles::Legendre(first) => self.degree + 1 - first,
            Angles::Chebyshev(rows) => rows.len(),
        }
    }

    /// How many invariants there are.
    pub(crate) fn len(&self) -> usize {
        self.pairs.len() * self.angles() + self.products.len() * self.functions
    }

    /// The invariants: products of two with the angle running fastest, then each product of more for
    /// every function. `sums` holds for each function the sums over harmonics, `overlaps` Σ_j h_q h_q' of
    /// every two functions (looked at if pairs are to be distinct).
    pub(crate) fn values(&self, sums: &[f64], overlaps: &[f64], out: &mut [f64]) {
        let stride = sums.len() / self.functions;
        let angles = self.angles();
        let mut products = vec![0.0; self.degree + 1];
        for ((q, p), out) in self.pairs.iter().zip(out.chunks_exact_mut(angles)) {
            let (a, b) = (&sums[q * stride..][..stride], &sums[p * stride..][..stride]);
            for (l, product) in products.iter_mut().enumerate() {
                let m = l * l..(l + 1) * (l + 1);
                *product = a[m.clone()].iter().zip(&b[m]).map(|(a, b)| a * b).sum();
            }
            match &self.angles {
                Angles::Legendre(first) => out.copy_from_slice(&products[*first..]),
                Angles::Chebyshev(rows) => {
                    for (out, row) in out.iter_mut().zip(rows) {
                        *out = row.iter().zip(&products).map(|(c, p)| c * p).sum();
                    }
                }
            }
            if self.distinct {
                // Every polynomial is 1 at 1.
                let overlap = overlaps[q * self.functions + p];
                for out in out {
                    *out = 0.5 * (*out - overlap);
                }
            }
        }
        let mut out = out[self.pairs.len() * angles..].iter_mut();
        for product in &self.products {
            for (sums, out) in sums.chunks_exact(stride).zip(&mut out) {
                *out = product.value(sums);
            }
        }
    }

    /// Derivatives of Σ g·(invariants) with respect to the sums and, where pairs are distinct, the
    /// overlaps: `touch[q, q']` is the factor of h_q' in the derivative with respect to h_q of one
    /// neighbour.
    pub(crate) fn slopes(&self, g: &[f64], sums: &[f64], slopes: &mut [f64], touch: &mut [f64]) {
        let stride = sums.len() / self.functions;
        let angles = self.angles();
        slopes.fill(0.0);
        touch.fill(0.0);
        let mut weights = vec![0.0; self.degree + 1];
        for ((q, p), g) in self.pairs.iter().zip(g.chunks_exact(angles)) {
            match &self.angles {
                Angles::Legendre(first) => weights[*first..].copy_from_slice(g),
                Angles::Chebyshev(rows) => {
                    weights.fill(0.0);
                    for (g, row) in g.iter().zip(rows) {
                        for (weight, c) in weights.iter_mut().zip(row) {
                            *weight += g * c;
                        }
                    }
                }
            }
            let half = if self.distinct { 0.5 } else { 1.0 };
            for (l, weight) in weights.iter().enumerate() {
                for m in l * l..(l + 1) * (l + 1) {
                    slopes[q * stride + m] += half * weight * sums[p * stride + m];
                    slopes[p * stride + m] += half * weight * sums[q * stride + m];
                }
            }
            if self.distinct {
                let sum: f64 = g.iter().sum();
                touch[q * self.functions + p] -= 0.5 * sum;
                touch[p * self.functions + q] -= 0.5 * sum;
            }
        }
        let mut g = g[self.pairs.len() * angles..].iter();
        for product in &self.products {
            let each = sums.chunks_exact(stride).zip(slopes.chunks_exact_mut(stride));
            for ((sums, slopes), g) in each.zip(&mut g) {
                product.add_slopes(*g, sums, slopes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums over harmonics up to degree 4 of a few neighbours.
    fn sums(of: &[[f64; 3]]) -> Vec<f64> {
        let harmonics = Harmonics::new(4);
        let (mut at, mut sums) = (vec![0.0; 25], vec![0.0; 25]);
        for r in of {
            harmonics.forward(&basis(4, *r), &mut at);
            for (sum, at) in sums.iter_mut().zip(&at) {
                *sum += at;
            }
        }
        sums
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
            assert!((product.value(&sums(&POINTS[..1])) - 1.0).abs() < 1e-13);
            let (a, b) = (product.value(&sums(&POINTS)), product.value(&sums(&POINTS.map(rotated))));
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
        assert!((five_body.value(&sums(&POINTS)) - squared * squared).abs() < 1e-12);
        let four_body = Product::of_three([2, 2, 2]).unwrap();
        assert!((four_body.value(&sums(&POINTS)) - cubic).abs() < 1e-12);
    }

    #[test]
    fn slopes_are_derivatives() {
        let sums = sums(&POINTS);
        let h = 1e-5;
        for product in products() {
            let mut slopes = vec![0.0; 25];
            product.add_slopes(1.5, &sums, &mut slopes);
            for i in 0..25 {
                let (mut up, mut down) = (sums.clone(), sums.clone());
                up[i] += h;
                down[i] -= h;
                let difference = 1.5 * (product.value(&up) - product.value(&down)) / (2.0 * h);
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
