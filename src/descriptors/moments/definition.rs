//! The descriptor by its definition, with its derivatives: slow, and what the fast one is tested against.
//!
//! No spherical harmonics are needed. Products of two moments are sums over pairs of neighbours. Products of
//! three are means over all directions n,
//!
//! Σ_m … M_a M_b M_c ∝ ⟨F_a(n) F_b(n) F_c(n)⟩,  F_l(n) = Σ_j h(r_j) P_l(n·r̂_j),
//!
//! by the addition theorem; those of four are means ⟨⟨F_a(n) F_b(n) P_t(n·n') F_c(n') F_d(n')⟩⟩ over two. Both
//! are scaled so that a single neighbour with h = 1 gives 1.

use super::{FourProduct, Moments, RadialFunctions, Resolution};
use crate::system::{Element, Vec3};

/// A number and its derivatives with respect to r_ij of every neighbour.
type Row = (f64, Vec<[f64; 3]>);

/// A neighbour: its place in the list of all, r_ij, r̂_ij, and h_q and dh_q/dr for each function.
struct Neighbor {
    place: usize,
    distance: f64,
    direction: Vec3,
    functions: Vec<[f64; 2]>,
}

impl Moments {
    /// G of an atom of species `center` and ∂G/∂r_ij of every neighbour, by the definition. Neighbours of
    /// elements that are unknown do not count.
    pub fn by_definition(&self, center: usize, neighbors: &[(Element, [f64; 3])]) -> Vec<Row> {
        let parameters = &self.centers[center];
        let n = neighbors.len();
        let mut rows = Vec::new();
        let near = self.seen_through(&parameters.radial, neighbors);
        for q in 0..parameters.radial.channels.functions(self.elements.len()) {
            let mut row = (0.0, vec![[0.0; 3]; n]);
            for j in &near {
                let [h, slope] = j.functions[q];
                row.0 += h;
                add(&mut row.1[j.place], j.direction * slope);
            }
            rows.push(row);
        }
        let Some(angular) = &parameters.angular else { return rows };
        let near = self.seen_through(&angular.functions, neighbors);
        let (from, chebyshev) = match angular.resolution {
            Resolution::Legendre { from } => (from, false),
            Resolution::Chebyshev => (0, true),
        };
        for pair in angular.pairs(self.elements.len()) {
            for l in from..=angular.degree {
                rows.push(product_of_two(&near, n, pair, angular.distinct, |x| polynomial(l, x, chebyshev)));
            }
        }
        let functions = angular.functions.channels.functions(self.elements.len());
        for degrees in &angular.three {
            rows.extend((0..functions).map(|q| product_of_three(&near, n, q, *degrees)));
        }
        for four in &angular.four {
            rows.extend((0..functions).map(|q| product_of_four(&near, n, q, *four)));
        }
        rows
    }

    /// Neighbours within the cutoff of some functions.
    fn seen_through(&self, functions: &RadialFunctions, neighbors: &[(Element, [f64; 3])]) -> Vec<Neighbor> {
        let radius = functions.cutoff.radius;
        let count = functions.channels.functions(self.elements.len());
        let seen = neighbors.iter().enumerate().filter_map(|(place, (element, r))| {
            let species = self.elements.iter().position(|known| known == element)?;
            let r = Vec3::from(*r);
            let distance = r.norm();
            if distance >= radius {
                return None;
            }
            let (f, df) = functions.cutoff.at(distance);
            let x = 2.0 * distance / radius - 1.0;
            let functions = (0..count).map(|q| {
                let series = functions.channels.series(q, species);
                let (mut value, mut slope) = (0.0, 0.0);
                for (k, c) in series.iter().enumerate() {
                    let [t, dt] = polynomial(k, x, true);
                    value += c * t;
                    slope += c * dt * 2.0 / radius;
                }
                [f * value, df * value + f * slope]
            });
            Some(Neighbor { place, distance, direction: r / distance, functions: functions.collect() })
        });
        seen.collect()
    }
}

impl Neighbor {
    /// h(r) P(u·r̂) and its gradient, given P and P' at u·r̂.
    fn seen_from(&self, q: usize, u: Vec3, [p, dp]: [f64; 2]) -> (f64, Vec3) {
        let [h, slope] = self.functions[q];
        let along = u.dot(&self.direction);
        (h * p, self.direction * (slope * p) + (u - self.direction * along) * (h * dp / self.distance))
    }
}

fn add(to: &mut [f64; 3], v: Vec3) {
    for axis in 0..3 {
        to[axis] += v[axis];
    }
}

/// T_n(x), or the Legendre polynomial P_n(x), and its derivative.
fn polynomial(n: usize, x: f64, chebyshev: bool) -> [f64; 2] {
    let (mut now, mut next) = ([1.0, 0.0], [x, 1.0]);
    for k in 1..=n {
        let (a, b) = if chebyshev {
            (2.0, 1.0)
        } else {
            ((2 * k + 1) as f64 / (k + 1) as f64, k as f64 / (k + 1) as f64)
        };
        let after = [a * x * next[0] - b * now[0], a * (next[0] + x * next[1]) - b * now[1]];
        (now, next) = (next, after);
    }
    now
}

/// Σ_jk h_q(r_j) h_p(r_k) P(cos θ_jk), or half of it over j ≠ k.
fn product_of_two(
    near: &[Neighbor],
    n: usize,
    (q, p): (usize, usize),
    distinct: bool,
    angle: impl Fn(f64) -> [f64; 2],
) -> Row {
    let mut row = (0.0, vec![[0.0; 3]; n]);
    let weight = if distinct { 0.5 } else { 1.0 };
    for (at, j) in near.iter().enumerate() {
        for (other, k) in near.iter().enumerate() {
            if distinct && at == other {
                continue;
            }
            let angle = angle(j.direction.dot(&k.direction));
            let (a, da) = j.seen_from(q, k.direction, angle);
            let (_, db) = k.seen_from(p, j.direction, angle);
            let (ha, hb) = (j.functions[q][0], k.functions[p][0]);
            row.0 += weight * a * hb;
            add(&mut row.1[j.place], da * (weight * hb));
            add(&mut row.1[k.place], db * (weight * ha));
        }
    }
    row
}

/// Π_l F_l(n) and its gradients.
fn product(near: &[Neighbor], q: usize, direction: Vec3, degrees: &[usize]) -> (f64, Vec<Vec3>) {
    let mut result = (1.0, vec![Vec3::zeros(); near.len()]);
    for l in degrees {
        let each = near.iter().map(|j| {
            let angle = polynomial(*l, direction.dot(&j.direction), false);
            j.seen_from(q, direction, angle)
        });
        let (values, gradients): (Vec<f64>, Vec<Vec3>) = each.unzip();
        let factor: f64 = values.iter().sum();
        for (sum, gradient) in result.1.iter_mut().zip(gradients) {
            *sum = *sum * factor + gradient * result.0;
        }
        result.0 *= factor;
    }
    result
}

/// The same for a neighbour along z with h = 1.
fn axial(direction: Vec3, degrees: &[usize]) -> f64 {
    degrees.iter().map(|l| polynomial(*l, direction.z, false)[0]).product()
}

fn product_of_three(near: &[Neighbor], n: usize, q: usize, degrees: [usize; 3]) -> Row {
    let mut row = (0.0, vec![[0.0; 3]; n]);
    let mut single = 0.0;
    for (direction, weight) in directions(degrees.iter().sum()) {
        let (value, gradients) = product(near, q, direction, &degrees);
        single += weight * axial(direction, &degrees);
        row.0 += weight * value;
        for (j, gradient) in near.iter().zip(gradients) {
            add(&mut row.1[j.place], gradient * weight);
        }
    }
    scale(row, 1.0 / single)
}

fn product_of_four(near: &[Neighbor], n: usize, q: usize, four: FourProduct) -> Row {
    let FourProduct { degrees, through } = four;
    let mut row = (0.0, vec![[0.0; 3]; n]);
    let mut single = 0.0;
    let all = directions(degrees.iter().sum::<usize>() + through);
    let (first, last) = degrees.split_at(2);
    let inner: Vec<_> = all.iter().map(|(direction, _)| product(near, q, *direction, last)).collect();
    for (a, weight_a) in &all {
        let (value, gradients) = product(near, q, *a, first);
        // The mean over the other direction.
        let (mut mean, mut slopes, mut axial_mean) = (0.0, vec![Vec3::zeros(); near.len()], 0.0);
        for ((b, weight_b), (value, gradients)) in all.iter().zip(&inner) {
            let weight = weight_b * polynomial(through, a.dot(b), false)[0];
            axial_mean += weight * axial(*b, last);
            mean += weight * value;
            slopes.iter_mut().zip(gradients).for_each(|(sum, gradient)| *sum += gradient * weight);
        }
        single += weight_a * axial(*a, first) * axial_mean;
        row.0 += weight_a * value * mean;
        for ((j, gradient), slope) in near.iter().zip(gradients).zip(slopes) {
            add(&mut row.1[j.place], (gradient * mean + slope * value) * *weight_a);
        }
    }
    scale(row, 1.0 / single)
}

fn scale((value, mut gradients): Row, factor: f64) -> Row {
    gradients.iter_mut().flatten().for_each(|g| *g *= factor);
    (value * factor, gradients)
}

/// Directions and weights by which polynomials of this degree are averaged over the sphere exactly:
/// equal steps around the axis, Clenshaw–Curtis points along it.
fn directions(degree: usize) -> Vec<(Vec3, f64)> {
    // n + 1 points are exact to degree n.
    let n = degree.max(1);
    let angle = |k: usize| std::f64::consts::PI * k as f64 / n as f64;
    let mut all = Vec::new();
    for k in 0..=n {
        // The integral of the interpolant: ∫ T_m over [−1, 1] is 2/(1 − m²) for even m.
        let end = |m: usize| if m == 0 || m == n { 0.5 } else { 1.0 };
        let sum: f64 = (0..=n)
            .step_by(2)
            .map(|m| end(m) * (m as f64 * angle(k)).cos() * 2.0 / (1.0 - (m * m) as f64))
            .sum();
        let weight = end(k) * 2.0 / n as f64 * sum / 2.0;
        let (s, z) = angle(k).sin_cos();
        for step in 0..=degree {
            let (y, x) = (std::f64::consts::TAU * step as f64 / (degree + 1) as f64 + 0.1).sin_cos();
            all.push((Vec3::new(s * x, s * y, z), weight / (degree + 1) as f64));
        }
    }
    all
}
