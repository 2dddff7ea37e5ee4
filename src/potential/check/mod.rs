//! Is a potential what it claims to be?
//!
//! [`check`] holds any potential against what every potential must obey: forces and virial are
//! derivatives of the energy, energies of atoms add up, and nothing depends on where the origin is, how
//! the axes are turned, in which order the atoms come, how large a cell describes the crystal, or how
//! many threads compute.
//!
//! No tolerance is a matter of taste. What round-off does to this potential on these atoms is measured, by
//! displacing the atoms by next to nothing; what the finite step of a
//! derivative does is estimated by extrapolation from three steps. Where a cutoff is not smoothed the energy
//! has no derivative: those comparisons are counted as rough.

mod derivatives;
mod invariance;
mod report;
mod trial;

pub use report::{Claim, Deviation, Report};

use super::Potential;
use crate::error::{Error, Result};
use crate::system::System;
use trial::Trial;

/// How thoroughly a potential is checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Of how many atoms the forces are compared with finite differences; drawn where there are more.
    pub atoms: usize,
    /// The largest of the three displacements of an atom, Å; the others are a half and a quarter of it.
    pub step: f64,
    /// The largest of the three strains.
    pub strain: f64,
    /// For everything that is drawn.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { atoms: 8, step: 4e-3, strain: 1e-3, seed: 0 }
    }
}

/// Checks a potential on the atoms of `system`. An error means that it could not be evaluated; whether
/// it passed is in the report.
///
/// ```
/// use mlmd::potential::{LennardJones, LennardJonesPair, Truncation, check};
/// use mlmd::{Cell, Element, System, system::Vec3};
/// let argon = LennardJonesPair { epsilon: 0.0104, sigma: 3.4, cutoff: 8.5 };
/// let mut potential = LennardJones::alike(argon, Truncation::ForceShifted)?;
/// let cell = Cell::orthorhombic(5.3, 5.4, 5.5)?;
/// let atoms = vec![Vec3::zeros(), Vec3::new(2.5, 2.7, 0.3)];
/// let system = System::new(cell, vec!["Ar".parse()?; 2], atoms)?;
/// let report = check::check(&mut potential, &system, check::Settings::default())?;
/// assert!(report.passed(), "{report}");
/// # Ok::<(), mlmd::Error>(())
/// ```
pub fn check(potential: &mut dyn Potential, system: &System, settings: Settings) -> Result<Report> {
    if system.is_empty() {
        return Err(Error::invalid("a potential cannot be checked on a system without atoms"));
    }
    let trial = &mut Trial::new(potential, system, settings.seed)?;
    let mut claims = vec![invariance::energies_add_up(trial), invariance::no_net_force(trial)];
    claims.push(derivatives::forces(trial, settings.atoms, settings.step)?);
    claims.push(derivatives::virial(trial, settings.strain)?);
    claims.extend(invariance::translation(trial)?);
    claims.extend(invariance::rotation(trial)?);
    claims.extend(invariance::permutation(trial)?);
    claims.extend(invariance::supercell(trial, system)?);
    claims.push(invariance::threads(trial)?);
    Ok(Report { claims })
}
