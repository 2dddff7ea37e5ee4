//! Products of three and four sums over spherical harmonics, coupled so that they do not change under rotations: R. Drautz,
//! Phys. Rev. B 99, 014104 (2019), doi:10.1103/PhysRevB.99.014104.

use super::harmonics::{Harmonics, Row, legendre};
use crate::lanes::Lanes;
use std::collections::BTreeMap;

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
    pub(super) fn values<L: Lanes<f64>>(&self, lanes: L, row: Row, sums: &[f64], out: &mut [f64]) {
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
    pub(super) fn add_slopes<L: Lanes<f64>>(
        &self,
        lanes: L,
        row: Row,
        g: &[f64],
        sums: &[f64],
        slopes: &mut [f64],
    ) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Kernel, Real};

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
}
