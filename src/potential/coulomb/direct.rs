//! Every pair of an isolated set of charges.

use crate::potential::Evaluation;
use crate::system::{Mat3, Vec3};
use crate::units::COULOMB;
use rayon::prelude::*;

/// Atoms per task; partial sums are added in order.
const CHUNK: usize = 16;

/// Adds Σ_{i<j} q_i q_j/(4πε₀ r_ij) to `out`: no cutoff, cost proportional to N².
pub(super) fn accumulate(positions: &[Vec3], charges: &[f64], out: &mut Evaluation) {
    let sums: Vec<(f64, Mat3)> = out
        .forces
        .par_chunks_mut(CHUNK)
        .zip(out.atomic_energies.par_chunks_mut(CHUNK))
        .enumerate()
        .map(|(chunk, (forces, energies))| {
            let (mut total, mut virial) = (0.0, Mat3::zeros());
            for (k, (force, energy)) in forces.iter_mut().zip(energies).enumerate() {
                let i = chunk * CHUNK + k;
                let (mut e, mut f) = (0.0, Vec3::zeros());
                for (j, (other, q)) in positions.iter().zip(charges).enumerate() {
                    if i != j {
                        let r = other - positions[i];
                        let r2 = r.norm_squared();
                        let u = COULOMB * charges[i] * q / r2.sqrt();
                        let push = (-u / r2) * r;
                        e += 0.5 * u;
                        f += push;
                        virial -= 0.5 * push * r.transpose();
                    }
                }
                *force += f;
                *energy += e;
                total += e;
            }
            (total, virial)
        })
        .collect();
    for (energy, virial) in sums {
        out.energy += energy;
        out.virial += virial;
    }
}
