//! From a structure to the nearest minimum of its energy.

use super::fire::Fire;
use super::landscape::{Freedom, Landscape, Point};
use crate::compute::Engine;
use crate::curvature::{Curvature, add, dot};
use crate::error::{Error, Result};
use crate::system::System;

/// Steps that L-BFGS remembers.
const MEMORY: usize = 30;

/// Curvature assumed before anything is known, eV/Å²: soft enough to move, stiff enough not to leap.
const STIFFNESS: f64 = 70.0;

/// How to go down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// Limited-memory BFGS with a line search: few evaluations, and the energy never rises.
    #[default]
    Lbfgs,
    /// FIRE 2.0: more evaluations, needs no energy.
    Fire,
}

/// What to relax and how far.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// What may move.
    pub freedom: Freedom,
    /// How.
    pub method: Method,
    /// Converged when no force is larger, eV/Å …
    pub force: f64,
    /// … and no free component of σ + p is larger, eV/Å³.
    pub stress: f64,
    /// Gives up after so many steps.
    pub steps: u64,
    /// No atom moves further in a step, Å.
    pub reach: f64,
}

impl Default for Settings {
    /// Positions alone, to 0.01 eV/Å (and 0.1 GPa once the cell is free), within 2000 steps of at most 0.2 Å.
    fn default() -> Self {
        Self {
            freedom: Freedom::default(),
            method: Method::Lbfgs,
            force: 0.01,
            stress: 0.1 / crate::units::EV_PER_ANGSTROM3_IN_GPA,
            steps: 2000,
            reach: 0.2,
        }
    }
}

/// Where a minimisation is.
#[derive(Debug, Clone, Copy)]
pub struct State<'a> {
    /// The structure.
    pub system: &'a System,
    /// Steps done.
    pub step: u64,
    /// Energy, eV.
    pub energy: f64,
    /// E + pV, eV: what is minimised.
    pub enthalpy: f64,
    /// Largest force, eV/Å.
    pub force: f64,
    /// Largest free component of σ + p, eV/Å³.
    pub stress: f64,
}

/// How a minimisation ended.
#[derive(Debug, Clone)]
pub struct Relaxation {
    /// The structure of the last step.
    pub system: System,
    /// Energy, eV.
    pub energy: f64,
    /// E + pV, eV.
    pub enthalpy: f64,
    /// Energy at the beginning, eV.
    pub first_energy: f64,
    /// Largest force, eV/Å.
    pub force: f64,
    /// Largest free component of σ + p, eV/Å³.
    pub stress: f64,
    /// Steps done.
    pub steps: u64,
    /// Evaluations of energy and forces.
    pub evaluations: u64,
    /// Why it is not converged; `None` if it is.
    pub stopped: Option<String>,
    /// Was it told to stop?
    pub interrupted: bool,
}

/// Why the line search gives up.
const LOWEST: &str =
    "the energy cannot be lowered any further: forces and energy agree only to this precision";

/// Minimises E + pV over what is free, until forces and stress are below their limits.
///
/// `watch` sees every step, the first structure included. A minimisation that cannot converge, or to which `watch` says
/// [`Error::Interrupted`], ends with the reason in [`Relaxation::stopped`]; numbers that are not finite and a cell that
/// collapses or evaporates are errors.
pub fn relax(
    system: &System,
    engine: &mut Engine,
    settings: &Settings,
    watch: &mut dyn FnMut(&State<'_>) -> Result<()>,
) -> Result<Relaxation> {
    let mut landscape = Landscape::new(system, engine, &settings.freedom)?;
    let mut x = landscape.start();
    let mut point = landscape.at(&x)?;
    let first_energy = point.energy;
    let mut fire = Fire::new(x.len());
    let mut history = Curvature::new(MEMORY, 1.0 / STIFFNESS);
    let (mut step, mut interrupted) = (0, false);
    let stopped = loop {
        if let Some(reason) = told_to_stop(watch(&state(&landscape, &point, step)))? {
            interrupted = true;
            break Some(reason);
        }
        if point.force <= settings.force && point.stress <= settings.stress {
            break None;
        }
        if step == settings.steps {
            break Some(format!("{step} steps were not enough"));
        }
        match settings.method {
            Method::Fire => {
                let force: Vec<f64> = point.gradient.iter().map(|g| -g).collect();
                let d = fire.step(&force, |d| landscape.longest(d, settings.reach));
                add(&mut x, 1.0, &d);
                point = landscape.at(&x)?;
            }
            Method::Lbfgs => {
                let next = descend(&mut landscape, &mut history, &x, &point, settings.reach);
                let Some((lower, there)) = next else {
                    // The line search ended elsewhere: back to the best point.
                    point = landscape.at(&x)?;
                    break Some(LOWEST.into());
                };
                (x, point) = (lower, there);
            }
        }
        step += 1;
        check(&landscape, &point, first_energy)?;
    };
    Ok(Relaxation {
        energy: point.energy,
        enthalpy: point.value,
        first_energy,
        force: point.force,
        stress: point.stress,
        steps: step,
        evaluations: landscape.evaluations(),
        stopped,
        interrupted,
        system: landscape.system().clone(),
    })
}

/// The reason, where who watches wants an end here.
pub(super) fn told_to_stop(said: Result<()>) -> Result<Option<String>> {
    match said {
        Err(Error::Interrupted(reason)) => Ok(Some(reason)),
        other => other.map(|()| None),
    }
}

fn state<'a>(landscape: &'a Landscape<'_>, point: &Point, step: u64) -> State<'a> {
    let &Point { energy, value, force, stress, .. } = point;
    State { system: landscape.system(), step, energy, enthalpy: value, force, stress }
}

/// Below this an energy is round-off: sums over all atoms, of which each is good to about 15 digits.
fn noise(value: f64) -> f64 {
    1e-13 * value.abs().max(1.0)
}

/// How much shorter than the first a step may become before its direction is given up.
const SHORTEST: f64 = 1e-5;

/// One step down: the direction of L-BFGS, and a fraction of it over which the value falls by at least 10⁻⁴ of what
/// the slope promises (Armijo's rule). Close to the minimum the promised fall drowns in round-off; there a step is
/// taken that shortens the slope instead. `None` if neither the direction nor steepest descent leads down.
fn descend(
    landscape: &mut Landscape<'_>,
    history: &mut Curvature,
    x: &[f64],
    point: &Point,
    reach: f64,
) -> Option<(Vec<f64>, Point)> {
    loop {
        let mut d = history.direction(&point.gradient);
        let mut slope = dot(&d, &point.gradient);
        if slope >= 0.0 {
            history.forget();
            d = history.direction(&point.gradient);
            slope = dot(&d, &point.gradient);
        }
        let first = landscape.longest(&d, reach);
        let mut t = first;
        while t > SHORTEST * first {
            let mut there = x.to_vec();
            add(&mut there, t, &d);
            // Where atoms overlap or numbers overflow, the step was too long.
            let Ok(next) = landscape.at(&there) else {
                t *= 0.25;
                continue;
            };
            let change = next.value - point.value;
            let falls = change <= 1e-4 * t * slope;
            let flattens = change <= noise(point.value) && dot(&d, &next.gradient).abs() <= 0.9 * slope.abs();
            if falls || flattens {
                let moved: Vec<f64> = d.iter().map(|d| t * d).collect();
                let turned = next.gradient.iter().zip(&point.gradient).map(|(b, a)| b - a).collect();
                history.learn(moved, turned);
                return Some((there, next));
            }
            // The minimum of the parabola through value and slope here and value there, within bounds.
            let parabola = -0.5 * slope * t * t / (change - slope * t);
            t = parabola.clamp(0.1 * t, 0.5 * t);
        }
        if !history.forget() {
            return None;
        }
    }
}

/// Is this still matter?
fn check(landscape: &Landscape<'_>, point: &Point, first_energy: f64) -> Result<()> {
    let expansion = landscape.expansion();
    if !(0.125..=8.0).contains(&expansion) {
        return Err(Error::Physics(format!(
            "the cell has {} to {expansion:.3} of its volume: there is no minimum near this structure at this pressure",
            if expansion < 1.0 { "shrunk" } else { "grown" },
        )));
    }
    // From a start in which atoms overlap any fall is welcome.
    let fall = (first_energy.min(0.0) - point.energy) / landscape.system().len() as f64;
    if fall > 1e4 {
        return Err(Error::Physics(format!(
            "the energy has fallen by {fall:.3e} eV per atom: atoms fall into each other, the potential has no minimum here"
        )));
    }
    Ok(())
}
