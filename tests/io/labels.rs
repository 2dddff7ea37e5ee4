//! Energies, forces and stress of other programs, checked against each other: along any path the energy
//! changes by the work of the forces and of the stress. A wrong unit or sign cannot pass.

use mlmd::Frame;
use mlmd::system::Mat3;

/// ΔE of a step and the work −Σ F·dr + V σ:ε that explains it, by the trapezoid rule.
///
/// Atoms are moved by the change of their fractional coordinates; the rest of their motion is that of
/// the cell, whose work is the stress times the strain. The rule is exact to the third order of the step.
fn energy_and_work(from: &Frame, to: &Frame) -> (f64, f64) {
    let change = to.energy.unwrap() - from.energy.unwrap();
    // dh = h ε, rows of h being lattice vectors; at either end the strain refers to that end.
    let difference = to.cell.matrix() - from.cell.matrix();
    let strain = |frame: &Frame| -> Mat3 { frame.cell.inverse() * difference };
    let work = |frame: &Frame| {
        let stress = frame.stress.map_or(0.0, |stress| stress.component_mul(&strain(frame)).sum());
        let forces = frame.forces.as_ref().unwrap();
        let along: f64 = (0..frame.len())
            .map(|i| {
                let (s, t) = (from.cell.fractional(&from.positions[i]), to.cell.fractional(&to.positions[i]));
                forces[i].dot(&frame.cell.cartesian(&(t - s)))
            })
            .sum();
        frame.cell.volume() * stress - along
    };
    (change, 0.5 * (work(from) + work(to)))
}

/// Asserts that energies follow from forces and stress on every step, to a fraction of the largest step.
pub(crate) fn energy_is_work(frames: &[Frame], fraction: f64) {
    assert!(frames.len() > 1);
    let steps: Vec<(f64, f64)> = frames.windows(2).map(|pair| energy_and_work(&pair[0], &pair[1])).collect();
    let largest = steps.iter().map(|(change, _)| change.abs()).fold(0.0, f64::max);
    assert!(largest > 1e-4, "steps too small to show anything: {steps:?}");
    for (change, work) in &steps {
        assert!((change - work).abs() < fraction * largest, "{steps:?}");
    }
}
