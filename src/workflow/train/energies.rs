//! Energies of the elements, and the unit in which networks speak.

use crate::error::{Error, Result};
use crate::input::train::TrainPlan;
use crate::system::Element;
use crate::train::dataset::Sample;
use crate::train::references;

/// Energies of the elements, eV, by least squares; those given hold where the compositions of the frames leave something
/// open. What binds atoms is not left to networks, whose unit it would be: energies of free atoms are far from all frames.
pub(super) fn references(plan: &TrainPlan, samples: &[Sample], elements: &[Element]) -> Result<Vec<f64>> {
    let Some(given) = &plan.data.references else { return Ok(references::fit(samples, elements)) };
    let of =
        |element: &Element| {
            given.iter().find(|(e, _)| e == element).map(|row| row.1).ok_or_else(|| {
                Error::invalid(format!("[data] references: the energy of {element} is missing"))
            })
        };
    let given: Vec<f64> = elements.iter().map(of).collect::<Result<_>>()?;
    Ok(references::adjusted(samples, elements, &given))
}

/// What is of order one in the networks, eV: the force times 1 Å, or the spread of the energies.
pub(super) fn unit(samples: &[Sample], elements: &[Element], references: &[f64]) -> f64 {
    let forces = || samples.iter().filter_map(|s| s.frame.forces.as_ref()).flatten();
    let squares: f64 = forces().map(nalgebra::Vector3::norm_squared).sum();
    let force = (squares / (3 * forces().count()).max(1) as f64).sqrt();
    let rest: f64 = samples.iter().map(|s| references::residual(s, elements, references).powi(2)).sum();
    let energy = (rest / samples.len().max(1) as f64).sqrt();
    // Not zero for data without any variation.
    force.max(energy).max(1e-3)
}
