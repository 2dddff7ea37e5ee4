//! The loss by tensors on the processor, with forces contracted outside of them: the Jacobian stays as it is
//! stored, and as many threads as there are work on it.

use super::first_order::Slope;
use super::loss::{Loss, Target};
use super::objective::{Descent, Objective};
use super::place::Place;
use super::problem::Problem;
use super::tensors::{answer, pull_back};
use crate::error::Result;
use rayon::prelude::*;

/// An objective whose gradient is taken by burn.
#[derive(Debug, Clone, Copy)]
pub struct TwoPasses<'a>(pub Problem<'a>);

impl Objective for TwoPasses<'_> {
    fn targets(&self) -> &[Target] {
        self.0.targets
    }

    fn train(&self) -> &[usize] {
        self.0.train
    }

    fn loss(&self) -> &Loss {
        self.0.loss
    }

    fn differences(&self, theta: &[f64], frames: &[usize]) -> Result<Vec<Vec<f64>>> {
        self.0.differences(theta, frames)
    }

    fn gradient(&self, theta: &[f64], frames: &[usize]) -> Result<Descent> {
        gradient(&self.0, theta, frames)
    }
}

impl Slope for TwoPasses<'_> {}

fn gradient(problem: &Problem<'_>, theta: &[f64], frames: &[usize]) -> Result<Descent> {
    let place = Place::processor();
    let theta = place.tensor(theta.to_vec(), [theta.len()]).autodiff().require_grad();
    // Which atoms of the batch each network has, as (frame in the batch, atom).
    let mut atoms: Vec<Vec<(usize, usize)>> = vec![Vec::new(); problem.layout.networks.len()];
    for (at, frame) in frames.iter().enumerate() {
        for (k, atom) in problem.features.values(*frame).atoms.iter().enumerate() {
            atoms[atom.species].push((at, k));
        }
    }
    let feature = |(at, k): (usize, usize)| &problem.features.values(frames[at]).atoms[k];
    let mut energies: Vec<Vec<f64>> =
        frames.iter().map(|f| vec![0.0; problem.features.values(*f).atoms.len()]).collect();
    let mut slopes: Vec<Vec<Vec<f64>>> = energies.iter().map(|e| vec![Vec::new(); e.len()]).collect();
    let mut answers = Vec::new();
    for (network, atoms) in problem.layout.networks.iter().zip(&atoms).filter(|(_, atoms)| !atoms.is_empty())
    {
        let width = network.layers[0].inputs;
        let x: Vec<f64> = atoms.iter().flat_map(|at| feature(*at).values.iter().copied()).collect();
        let given = answer(network, &theta, place.tensor(x, [atoms.len(), width]));
        for ((at, k), e) in atoms.iter().zip(place.numbers(given.energies.clone())?) {
            energies[*at][*k] = e;
        }
        for ((at, k), g) in atoms.iter().zip(place.numbers(given.slopes.clone())?.chunks_exact(width)) {
            slopes[*at][*k] = g.to_vec();
        }
        answers.push((given, atoms, width));
    }
    let contract = |(at, frame): (usize, &usize)| {
        let g: Vec<&[f64]> = slopes[at].iter().map(|g| &g[..]).collect();
        let features = problem.features.frame(*frame);
        let rows = problem.differences_from(*frame, &features, &energies[at], &g);
        let y = problem.targets[*frame].adjoints(problem.loss, &rows);
        (rows, y[0], Problem::atom_adjoints(&features, &y))
    };
    let contracted: Vec<_> = frames.par_iter().enumerate().map(contract).collect();
    let held = |atoms: &[(usize, usize)], width: usize| {
        let a: Vec<f64> = atoms.iter().map(|(at, _)| contracted[*at].1).collect();
        let b: Vec<f64> = atoms.iter().flat_map(|(at, k)| contracted[*at].2[*k].iter().copied()).collect();
        [place.tensor(a, [atoms.len(), 1]), place.tensor(b, [atoms.len(), width])]
    };
    let gradient =
        pull_back(&theta, answers.into_iter().map(|(given, atoms, width)| (given, held(atoms, width))))?;
    let mut descent = Descent { gradient: place.numbers(gradient)?, ..Descent::zero(0) };
    for (frame, (rows, ..)) in frames.iter().zip(contracted) {
        descent.loss += problem.targets[*frame].penalty(problem.loss, &rows);
        descent.differences.push(rows);
    }
    Ok(descent)
}
