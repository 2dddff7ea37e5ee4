//! The descriptor as it is defined, over pairs of neighbours: slow, and what the fast one is tested against.

use super::ChebyshevCenter;
use crate::system::Element;

/// ½ [cos(πr/R) + 1] within R.
fn cutoff(r: f64, radius: f64) -> f64 {
    if r < radius { 0.5 * ((std::f64::consts::PI * r / radius).cos() + 1.0) } else { 0.0 }
}

/// T_n(x) = cos(n arccos x), for x that may lie beyond ±1 by rounding.
fn chebyshev(n: usize, x: f64) -> f64 {
    (n as f64 * x.clamp(-1.0, 1.0).acos()).cos()
}

/// G of an atom whose neighbours are given as element and r_ij. Elements outside the environment do not
/// count.
pub fn chebyshev_by_pairs(center: &ChebyshevCenter, neighbors: &[(Element, [f64; 3])]) -> Vec<f64> {
    let weights = center.weights();
    let blocks = if weights.len() > 1 { 2 } else { 1 };
    let (radial, angular) = (center.radial_order + 1, center.angular_order + 1);
    let mut values = vec![0.0; center.len()];
    let known: Vec<(f64, f64, [f64; 3])> = neighbors
        .iter()
        .filter_map(|(element, r)| {
            let place = center.environment.iter().position(|e| e == element)?;
            Some((weights[place], r.iter().map(|x| x * x).sum::<f64>().sqrt(), *r))
        })
        .collect();
    for (block, values) in values.chunks_exact_mut(radial + angular).take(blocks).enumerate() {
        let weight = |s: f64| if block == 0 { 1.0 } else { s };
        for (j, (sj, rj, a)) in known.iter().enumerate() {
            let f = weight(*sj) * cutoff(*rj, center.radial_cutoff);
            for n in 0..radial {
                values[n] += f * chebyshev(n, 2.0 * rj / center.radial_cutoff - 1.0);
            }
            let fj = weight(*sj) * cutoff(*rj, center.angular_cutoff);
            for (sk, rk, b) in &known[..j] {
                let f = fj * weight(*sk) * cutoff(*rk, center.angular_cutoff);
                let cosine = a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / (rj * rk);
                for n in 0..angular {
                    values[radial + n] += f * chebyshev(n, cosine);
                }
            }
        }
    }
    values
}
