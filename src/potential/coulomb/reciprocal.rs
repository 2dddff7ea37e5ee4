//! The part of the Ewald sum that runs over wave vectors.

use crate::lanes::Real;
use crate::potential::Evaluation;
use crate::system::{Cell, Mat3, Vec3};
use crate::units::COULOMB;
use rayon::prelude::*;
use std::f64::consts::PI;

/// Atoms that go through the inner loops together.
const LANES: usize = 32;

/// One number per lane.
type Lanes = [f64; LANES];

/// The sum over k, with its buffers.
///
/// Wave vectors are k = n₁b₁ + n₂b₂ + n₃b₃ with b_a·a_b = 2πδ_ab. Only one of k and −k is visited. Those with the
/// same (n₁, n₂) form a column, in which n₃ and −n₃ are treated together: e^(ik·r) of both is made of the same four
/// products of real numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Reciprocal {
    columns: Vec<Column>,
    phases: [Vec<[Lanes; 2]>; 3],
}

/// The wave vectors with the same n₁ and n₂.
#[derive(Debug, Clone)]
struct Column {
    n1: usize,
    n2: i32,
    /// Weights of n₃ and −n₃ for n₃ = 0, 1, …; zero for those that are left out.
    weights: Vec<[f64; 2]>,
}

impl Reciprocal {
    /// Adds energy, forces and virial of the sum over 0 < |k| ≤ `largest_k` to `out`.
    pub(super) fn accumulate(
        &mut self,
        cell: &Cell,
        positions: &[Vec3],
        charges: &[f64],
        alpha: f64,
        largest_k: f64,
        out: &mut Evaluation,
    ) {
        let reciprocal = 2.0 * PI * cell.inverse().transpose();
        let most = [0, 1, 2].map(|a| (largest_k * cell.lengths()[a] / (2.0 * PI)).floor() as usize);
        self.columns = columns(&reciprocal, most, cell.volume(), alpha, largest_k);
        self.tabulate(cell, positions, most);
        let sums: Vec<(Vec<[f64; 4]>, Mat3)> = self
            .columns
            .par_iter()
            .map(|column| {
                let factors = self.structure_factors(column, charges, most);
                let virial = virial(column, &factors, &reciprocal, alpha);
                (combine(column, &factors), virial)
            })
            .collect();
        for (_, virial) in &sums {
            out.virial += virial;
        }
        let energies: Vec<f64> = out
            .forces
            .par_chunks_mut(LANES)
            .zip(out.atomic_energies.par_chunks_mut(LANES))
            .zip(charges.par_chunks(LANES))
            .enumerate()
            .map(|(block, ((forces, energies), charges))| {
                let [e, g1, g2, g3] = self.fields(block, &sums, most);
                let mut total = 0.0;
                for (l, q) in charges.iter().enumerate() {
                    let energy = q * e[l];
                    total += energy;
                    energies[l] += energy;
                    forces[l] += 2.0 * q * reciprocal.tr_mul(&Vec3::new(g1[l], g2[l], g3[l]));
                }
                total
            })
            .collect();
        for energy in energies {
            out.energy += energy;
        }
    }

    /// e^(2πi n s_a) of every atom for n = 0, 1, …, `most[a]`, s being fractional coordinates; block after
    /// block. Lanes beyond the last atom hold 1.
    fn tabulate(&mut self, cell: &Cell, positions: &[Vec3], most: [usize; 3]) {
        let blocks = positions.len().div_ceil(LANES);
        for axis in 0..3 {
            let table = &mut self.phases[axis];
            table.clear();
            table.resize(blocks * (most[axis] + 1), [[1.0; LANES], [0.0; LANES]]);
            table.par_chunks_mut(most[axis] + 1).zip(positions.par_chunks(LANES)).for_each(
                |(rows, positions)| {
                    if rows.len() < 2 {
                        return;
                    }
                    for (l, r) in positions.iter().enumerate() {
                        let s = cell.fractional(r)[axis];
                        let s = s - s.round();
                        // cos and sin of 2πs, |2s| ≤ 1.
                        let (cos, sin) = Real::cos_sin_pi(2.0 * s.abs());
                        rows[1][0][l] = cos;
                        rows[1][1][l] = if s < 0.0 { -sin } else { sin };
                    }
                    for n in 2..rows.len() {
                        let ([c, s], [c1, s1]) = (rows[n - 1], rows[1]);
                        for l in 0..LANES {
                            rows[n][0][l] = c[l] * c1[l] - s[l] * s1[l];
                            rows[n][1][l] = s[l] * c1[l] + c[l] * s1[l];
                        }
                    }
                },
            );
        }
    }

    /// e^(i(n₁b₁ + n₂b₂)·r) of the atoms of a block.
    fn base(&self, column: &Column, block: usize, most: [usize; 3]) -> [Lanes; 2] {
        let [c1, s1] = &self.phases[0][block * (most[0] + 1) + column.n1];
        let [c2, s2] = &self.phases[1][block * (most[1] + 1) + column.n2.unsigned_abs() as usize];
        let sign = f64::from(column.n2.signum());
        let mut base = [[0.0; LANES]; 2];
        for l in 0..LANES {
            base[0][l] = c1[l] * c2[l] - sign * s1[l] * s2[l];
            base[1][l] = s1[l] * c2[l] + sign * c1[l] * s2[l];
        }
        base
    }

    /// S(k) = Σ q e^(ik·r) of a column: real and imaginary part for n₃, then for −n₃.
    fn structure_factors(&self, column: &Column, charges: &[f64], most: [usize; 3]) -> Vec<[f64; 4]> {
        /// Partial sums that fill vector registers of any width; added in a fixed order at the end.
        const PARTS: usize = 8;
        let mut sums = vec![[[0.0; PARTS]; 4]; column.weights.len()];
        for (block, charges) in charges.chunks(LANES).enumerate() {
            let mut base = self.base(column, block, most);
            for l in 0..LANES {
                let q = charges.get(l).copied().unwrap_or(0.0);
                base[0][l] *= q;
                base[1][l] *= q;
            }
            let rows = &self.phases[2][block * (most[2] + 1)..];
            for (sum, [c, s]) in sums.iter_mut().zip(rows) {
                for l in (0..LANES).step_by(PARTS) {
                    for p in 0..PARTS {
                        sum[0][p] += base[0][l + p] * c[l + p];
                        sum[1][p] += base[1][l + p] * s[l + p];
                        sum[2][p] += base[0][l + p] * s[l + p];
                        sum[3][p] += base[1][l + p] * c[l + p];
                    }
                }
            }
        }
        sums.iter()
            .map(|sum| {
                let [cc, ss, cs, sc] = sum.map(|parts| parts.iter().sum::<f64>());
                [cc - ss, sc + cs, cc + ss, sc - cs]
            })
            .collect()
    }

    /// For each atom of a block Σ w Re(S* e^(ik·r)) and Σ w n_a Im(S* e^(ik·r)) for the three axes a.
    fn fields(&self, block: usize, sums: &[(Vec<[f64; 4]>, Mat3)], most: [usize; 3]) -> [Lanes; 4] {
        let mut out = [[0.0; LANES]; 4];
        let rows = &self.phases[2][block * (most[2] + 1)..];
        for (column, (factors, _)) in self.columns.iter().zip(sums) {
            let [br, bi] = self.base(column, block, most);
            let mut g = [[0.0; LANES]; 4];
            for (n3, (&[a, b, c, d], [er, ei])) in factors.iter().zip(rows).enumerate() {
                let n3 = n3 as f64;
                let [na, nb, nc, nd] = [n3 * a, n3 * b, n3 * c, n3 * d];
                for l in 0..LANES {
                    g[0][l] += er[l] * a + ei[l] * c;
                    g[1][l] += er[l] * d + ei[l] * b;
                    g[2][l] += ei[l] * na - er[l] * nc;
                    g[3][l] += ei[l] * nd - er[l] * nb;
                }
            }
            let (n1, n2) = (column.n1 as f64, f64::from(column.n2));
            for l in 0..LANES {
                let im = bi[l] * g[0][l] - br[l] * g[1][l];
                out[0][l] += br[l] * g[0][l] + bi[l] * g[1][l];
                out[1][l] += n1 * im;
                out[2][l] += n2 * im;
                out[3][l] += br[l] * g[2][l] + bi[l] * g[3][l];
            }
        }
        out
    }
}

/// What the inner loop over atoms multiplies: with P = w S of n₃ and M = w S of −n₃ the four sums
/// Re P + Re M, Re M − Re P, Im P − Im M, Im P + Im M.
fn combine(column: &Column, factors: &[[f64; 4]]) -> Vec<[f64; 4]> {
    let weighted = column.weights.iter().zip(factors);
    weighted
        .map(|([plus, minus], s)| {
            let (pr, pi, mr, mi) = (plus * s[0], plus * s[1], minus * s[2], minus * s[3]);
            [pr + mr, mr - pr, pi - mi, pi + mi]
        })
        .collect()
}

/// −∂E/∂ε of a column: w|S|² [1 − 2 (1/4α² + 1/k²) k⊗k] for each k.
fn virial(column: &Column, factors: &[[f64; 4]], reciprocal: &Mat3, alpha: f64) -> Mat3 {
    let mut sum = Mat3::zeros();
    for (n3, (weights, s)) in column.weights.iter().zip(factors).enumerate() {
        for (sign, weight, re, im) in [(1.0, weights[0], s[0], s[1]), (-1.0, weights[1], s[2], s[3])] {
            if weight > 0.0 {
                let n = Vec3::new(column.n1 as f64, f64::from(column.n2), sign * n3 as f64);
                let k = reciprocal.tr_mul(&n);
                let energy = weight * (re * re + im * im);
                let shape = 2.0 * (0.25 / (alpha * alpha) + 1.0 / k.norm_squared());
                sum += energy * (Mat3::identity() - shape * k * k.transpose());
            }
        }
    }
    sum
}

/// All columns with their weights 2·(2π/V) e^(−k²/4α²)/(4πε₀ k²); the factor 2 stands for −k.
fn columns(b: &Mat3, most: [usize; 3], volume: f64, alpha: f64, largest_k: f64) -> Vec<Column> {
    let prefactor = 4.0 * PI * COULOMB / volume;
    let limit = largest_k * largest_k;
    let mut columns = Vec::new();
    for n1 in 0..=most[0] {
        let n2_most = most[1] as i32;
        for n2 in if n1 == 0 { 0 } else { -n2_most }..=n2_most {
            let weight = |n3: i32| {
                let k2 = b.tr_mul(&Vec3::new(n1 as f64, f64::from(n2), f64::from(n3))).norm_squared();
                let first_half = n1 > 0 || n2 > 0 || n3 > 0;
                if first_half && k2 <= limit {
                    prefactor * Real::exp(-k2 / (4.0 * alpha * alpha)) / k2
                } else {
                    0.0
                }
            };
            let mut weights: Vec<[f64; 2]> = (0..=most[2] as i32)
                .map(|n3| [weight(n3), if n3 == 0 { 0.0 } else { weight(-n3) }])
                .collect();
            while weights.last() == Some(&[0.0; 2]) {
                weights.pop();
            }
            if !weights.is_empty() {
                columns.push(Column { n1, n2, weights });
            }
        }
    }
    columns
}
