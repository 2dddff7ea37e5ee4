//! What must not make a difference.

use super::report::Claim;
use super::trial::Trial;
use crate::error::{Error, Result};
use crate::potential::Evaluation;
use crate::system::{Mat3, System, Vec3};

/// Σ E_i = E.
pub(super) fn energies_add_up(trial: &Trial<'_>) -> Claim {
    let mut claim = Claim::new("energies of the atoms add up to the energy", "eV");
    let energies = &trial.reference.atomic_energies;
    let sum: f64 = energies.iter().sum();
    // Adding n numbers in another order changes the sum by at most n roundings of the sum of sizes.
    let size: f64 = energies.iter().map(|e| e.abs()).sum();
    let tolerance = (energies.len() as f64 + 2.0) * f64::EPSILON * size + trial.energy_noise;
    claim.compare(|| "sum".into(), sum, trial.reference.energy, tolerance);
    claim
}

/// Σ F_i = 0.
pub(super) fn no_net_force(trial: &Trial<'_>) -> Claim {
    let mut claim = Claim::new("the forces add up to zero", "eV/angstrom");
    let forces = &trial.reference.forces;
    let sum: Vec3 = forces.iter().sum();
    let size: f64 = forces.iter().map(Vec3::amax).sum();
    let n = forces.len() as f64;
    let tolerance = n * (f64::EPSILON * size + trial.force_noise);
    for axis in 0..3 {
        claim.compare(|| format!("component {axis}"), sum[axis], 0.0, tolerance);
    }
    claim
}

/// All atoms moved by the same vector, out of the cell.
pub(super) fn translation(trial: &mut Trial<'_>) -> Result<[Claim; 2]> {
    let reach = trial.cell.lengths().into_iter().fold(0.0, f64::max);
    let shift = Vec3::from_fn(|_, _| reach * (2.0 * trial.random.uniform() - 1.0));
    let positions: Vec<Vec3> = trial.positions.iter().map(|r| r + shift).collect();
    let (cell, species) = (trial.cell.clone(), trial.species.clone());
    let moved = trial.evaluate(&cell, &species, &positions)?;
    let names = ["translation leaves the energy", "translation leaves the forces"];
    Ok(compare(trial, names, &moved, 1.0, |i| trial.reference.forces[i]))
}

/// Atoms and cell turned together: forces turn with them.
pub(super) fn rotation(trial: &mut Trial<'_>) -> Result<[Claim; 2]> {
    let quaternion = nalgebra::Quaternion::new(
        trial.random.normal(),
        trial.random.normal(),
        trial.random.normal(),
        trial.random.normal(),
    );
    let turn = nalgebra::UnitQuaternion::from_quaternion(quaternion).to_rotation_matrix().into_inner();
    // r → R r for columns is r → r Rᵀ for the rows of the cell: a strain of Rᵀ − 1.
    let cell = trial.cell.strained(&(turn.transpose() - Mat3::identity()))?;
    let positions: Vec<Vec3> = trial.positions.iter().map(|r| turn * r).collect();
    let species = trial.species.clone();
    let turned = trial.evaluate(&cell, &species, &positions)?;
    let names = ["rotation leaves the energy", "forces turn with the atoms"];
    Ok(compare(trial, names, &turned, 1.0, |i| turn * trial.reference.forces[i]))
}

/// The atoms in another order.
pub(super) fn permutation(trial: &mut Trial<'_>) -> Result<[Claim; 2]> {
    let n = trial.positions.len();
    let mut order: Vec<usize> = (0..n).collect();
    for k in (1..n).rev() {
        let other = trial.random.below(k as u64 + 1) as usize;
        order.swap(k, other);
    }
    let species: Vec<_> = order.iter().map(|i| trial.species[*i]).collect();
    let positions: Vec<_> = order.iter().map(|i| trial.positions[*i]).collect();
    let cell = trial.cell.clone();
    let permuted = trial.evaluate(&cell, &species, &positions)?;
    let names = ["the order of the atoms leaves the energy", "forces go with their atoms"];
    Ok(compare(trial, names, &permuted, 1.0, |i| trial.reference.forces[order[i]]))
}

/// Two cells for one along the first periodic vector: twice the energy, the same forces.
pub(super) fn supercell(trial: &mut Trial<'_>, system: &System) -> Result<Vec<Claim>> {
    let Some(axis) = (0..3).find(|k| system.cell.periodic()[*k]) else {
        return Ok(Vec::new());
    };
    let mut times = [1; 3];
    times[axis] = 2;
    let double = system.repeated(times)?;
    let n = system.len();
    let doubled = trial.evaluate(&double.cell, &double.species, &double.positions)?;
    let names = ["two cells have twice the energy", "two cells have the same forces"];
    Ok(compare(trial, names, &doubled, 2.0, |i| trial.reference.forces[i % n]).into())
}

/// One thread or three: the same bits.
pub(super) fn threads(trial: &mut Trial<'_>) -> Result<Claim> {
    let mut claim = Claim::new("the number of threads leaves every bit", "eV or eV/angstrom");
    let (cell, species, positions) = (trial.cell.clone(), trial.species.clone(), trial.positions.clone());
    let reference = trial.reference.clone();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|e| Error::Internal(format!("cannot start {threads} threads: {e}")))?;
        let out = pool.install(|| trial.evaluate(&cell, &species, &positions))?;
        // Without a tolerance: what is not equal is infinitely far off.
        let mut same = |place: String, found: f64, expected: f64| {
            claim.compare(|| format!("{place} with {threads} threads"), found, expected, 0.0);
        };
        same("energy".into(), out.energy, reference.energy);
        for (k, (w, v)) in out.virial.iter().zip(reference.virial.iter()).enumerate() {
            same(format!("virial component {k}"), *w, *v);
        }
        for i in 0..positions.len() {
            same(format!("energy of atom {i}"), out.atomic_energies[i], reference.atomic_energies[i]);
            for axis in 0..3 {
                same(format!("force on atom {i}"), out.forces[i][axis], reference.forces[i][axis]);
            }
        }
    }
    Ok(claim)
}

/// Energy and forces of an equivalent configuration of `times` the atoms against what they should be.
fn compare(
    trial: &Trial<'_>,
    names: [&'static str; 2],
    found: &Evaluation,
    times: f64,
    expected: impl Fn(usize) -> Vec3,
) -> [Claim; 2] {
    let mut energy = Claim::new(names[0], "eV");
    // Summation in another order: n roundings of the sum of sizes at most.
    let size: f64 = found.atomic_energies.iter().map(|e| e.abs()).sum();
    let order = f64::EPSILON * size * (found.forces.len() as f64).sqrt();
    let tolerance = times * trial.energy_noise + order;
    energy.compare(|| "energy".into(), found.energy, times * trial.reference.energy, tolerance);
    let mut forces = Claim::new(names[1], "eV/angstrom");
    for (i, force) in found.forces.iter().enumerate() {
        for axis in 0..3 {
            let place = || format!("atom {i}, component {axis}");
            forces.compare(place, force[axis], expected(i)[axis], trial.force_noise);
        }
    }
    [energy, forces]
}
