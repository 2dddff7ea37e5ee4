//! The Chebyshev descriptor of aenet with its derivatives, by its definition.

use super::Neighbor;
use crate::descriptors::ChebyshevCenter;
use crate::system::Vec3;
use std::f64::consts::PI;

/// T_0(x), T_1(x), ... and their derivatives, by the recurrence T_{n+1} = 2x T_n − T_{n−1}.
fn polynomials(order: usize, x: f64) -> Vec<[f64; 2]> {
    let mut t = vec![[1.0, 0.0], [x, 1.0]];
    while t.len() <= order {
        let ([a, da], [b, db]) = (t[t.len() - 1], t[t.len() - 2]);
        t.push([2.0 * x * a - b, 2.0 * a + 2.0 * x * da - db]);
    }
    t.truncate(order + 1);
    t
}

/// ½ [cos(πr/R) + 1] within R, and its derivative.
fn cutoff(r: f64, radius: f64) -> [f64; 2] {
    if r < radius {
        [0.5 * ((PI * r / radius).cos() + 1.0), -0.5 * PI / radius * (PI * r / radius).sin()]
    } else {
        [0.0; 2]
    }
}

/// G of an atom, and for each of its entries ∂G/∂r_ij of every neighbour.
pub(super) fn descriptors(center: &ChebyshevCenter, neighbors: &[Neighbor]) -> Vec<(f64, Vec<[f64; 3]>)> {
    let weights = center.weights();
    let blocks = if weights.len() > 1 { 2 } else { 1 };
    let (radial, angular) = (center.radial_order + 1, center.angular_order + 1);
    let mut table = vec![(0.0, vec![Vec3::zeros(); neighbors.len()]); blocks * (radial + angular)];
    // Position in the list, weight, distance, direction.
    let known: Vec<(usize, f64, f64, Vec3)> = neighbors
        .iter()
        .enumerate()
        .filter_map(|(index, (element, r))| {
            let place = center.environment.iter().position(|e| e == element)?;
            let r = Vec3::from(*r);
            Some((index, weights[place], r.norm(), r.normalize()))
        })
        .collect();
    for (block, table) in table.chunks_exact_mut(radial + angular).enumerate() {
        let weight = |s: f64| if block == 0 { 1.0 } else { s };
        for (at, &(j, s_j, r_j, n_j)) in known.iter().enumerate() {
            let [f, slope] = cutoff(r_j, center.radial_cutoff);
            let t = polynomials(center.radial_order, 2.0 * r_j / center.radial_cutoff - 1.0);
            for (row, [t, dt]) in table.iter_mut().zip(t) {
                row.0 += weight(s_j) * f * t;
                row.1[j] += weight(s_j) * (slope * t + f * dt * 2.0 / center.radial_cutoff) * n_j;
            }
            let [f_j, slope_j] = cutoff(r_j, center.angular_cutoff);
            for &(k, s_k, r_k, n_k) in &known[..at] {
                let [f_k, slope_k] = cutoff(r_k, center.angular_cutoff);
                let cosine = n_j.dot(&n_k);
                let t = polynomials(center.angular_order, cosine);
                let w = weight(s_j) * weight(s_k);
                for (row, [t, dt]) in table[radial..].iter_mut().zip(t) {
                    row.0 += w * f_j * f_k * t;
                    row.1[j] += w * f_k * (slope_j * t * n_j + f_j * dt * (n_k - cosine * n_j) / r_j);
                    row.1[k] += w * f_j * (slope_k * t * n_k + f_k * dt * (n_j - cosine * n_k) / r_k);
                }
            }
        }
    }
    table.into_iter().map(|(value, slopes)| (value, slopes.into_iter().map(Into::into).collect())).collect()
}
