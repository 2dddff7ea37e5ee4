//! Residuals, their gradient and their Jacobian over all frames.
//!
//! The rows of a frame are y_0 = Σ_i E_i and y_q = Σ_i g_i·∂x_i/∂q for every coordinate and strain q.
//! With the adjoints a = ∂L/∂y_0 and b_i = Σ_q ∂L/∂y_q ∂x_i/∂q, the gradient of the loss is that of
//! Σ_i [a E_i + b_i·g_i] with a and b_i held constant: the second of two passes. Sums over frames are
//! taken in their order, so that results do not depend on the number of threads.

use super::features::{AtomFeatures, FrameFeatures};
use super::layout::Layout;
use super::loss::{Loss, Target};
use super::objective::{Descent, Objective};
use super::store::Store;
use super::tangent::{Networks, Pass};
use crate::error::Result;
use rayon::prelude::*;

/// Everything but the parameters.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// Scaled descriptors and Jacobians of all frames.
    pub features: &'a Store,
    /// What they should lead to.
    pub targets: &'a [Target],
    /// Which frames train.
    pub train: &'a [usize],
    /// What counts.
    pub loss: &'a Loss,
    /// Where the parameters stand in θ.
    pub layout: &'a Layout,
}

impl Problem<'_> {
    /// Predicted minus reference rows of a frame.
    fn differences_of(
        &self,
        networks: &Networks<'_>,
        frame: usize,
        features: &FrameFeatures,
        pass: &mut Pass,
    ) -> Vec<f64> {
        let mut rows = vec![0.0; self.targets[frame].references.len()];
        for atom in &features.atoms {
            rows[0] += networks.evaluate(atom.species, &atom.values, pass);
            add_contractions(atom, &pass.gradient, &mut rows);
        }
        self.targets[frame].finish(&mut rows);
        rows
    }

    /// b_i of every atom of a frame from ∂L/∂y.
    pub fn atom_adjoints(features: &FrameFeatures, adjoints: &[f64]) -> Vec<Vec<f64>> {
        let contract = |atom: &AtomFeatures| {
            let mut b = vec![0.0; atom.values.len()];
            for (column, q) in atom.jacobian.chunks_exact(b.len().max(1)).zip(&atom.coordinates) {
                let a = adjoints[1 + *q as usize];
                for (b, v) in b.iter_mut().zip(column) {
                    *b += a * f64::from(*v);
                }
            }
            b
        };
        features.atoms.iter().map(contract).collect()
    }

    /// Predicted minus reference rows of a frame from energies and input gradients of its atoms.
    pub fn differences_from(
        &self,
        frame: usize,
        features: &FrameFeatures,
        energies: &[f64],
        gradients: &[&[f64]],
    ) -> Vec<f64> {
        let mut rows = vec![0.0; self.targets[frame].references.len()];
        rows[0] = energies.iter().sum();
        for (atom, g) in features.atoms.iter().zip(gradients) {
            add_contractions(atom, g, &mut rows);
        }
        self.targets[frame].finish(&mut rows);
        rows
    }

    /// The rows of a frame that count, as residuals r and rows of ∂r/∂θ, such that the frame's part of
    /// the loss is ½|r|² to second order (exactly, without Huber's penalty).
    ///
    /// With `chosen`, only the energy and these of the other rows (counted from 0, ascending), which then
    /// count for all.
    pub fn jacobian(
        &self,
        networks: &Networks<'_>,
        frame: usize,
        pass: &mut Pass,
        chosen: Option<&[usize]>,
    ) -> (Vec<f64>, Vec<f64>) {
        let target = &self.targets[frame];
        let features = self.features.frame(frame);
        let differences = self.differences_of(networks, frame, &features, pass);
        let mut places = vec![usize::MAX; differences.len()];
        let (mut residuals, mut factors) = (Vec::new(), Vec::new());
        let left_out =
            |row: usize| row > 0 && chosen.is_some_and(|chosen| chosen.binary_search(&(row - 1)).is_err());
        let part = chosen.map_or(1.0, |chosen| (differences.len() - 1) as f64 / chosen.len() as f64);
        for (row, d) in differences.iter().enumerate() {
            let inverse = target.inverse_sigma[row];
            if target.shares[row] > 0.0 && inverse > 0.0 && !left_out(row) {
                places[row] = residuals.len();
                let share = target.shares[row] * if row == 0 { 1.0 } else { part };
                let weight = (share * self.loss.factor(d * inverse)).sqrt() * inverse;
                residuals.push(weight * d);
                factors.push(weight * target.multiples[row]);
            }
        }
        let width = self.layout.len();
        let mut rows = vec![0.0; residuals.len() * width];
        for atom in &features.atoms {
            networks.evaluate(atom.species, &atom.values, pass);
            if places[0] != usize::MAX {
                networks.add_value_gradient(atom.species, pass, factors[0], &mut rows[..width]);
            }
            for (column, q) in atom.jacobian.chunks_exact(atom.values.len().max(1)).zip(&atom.coordinates) {
                let place = places[1 + *q as usize];
                if place != usize::MAX {
                    let row = &mut rows[place * width..(place + 1) * width];
                    let v = column.iter().map(|x| f64::from(*x));
                    networks.add_tangent_gradient(atom.species, pass, v, factors[place], row);
                }
            }
        }
        (residuals, rows)
    }
}

impl Objective for Problem<'_> {
    fn targets(&self) -> &[Target] {
        self.targets
    }

    fn train(&self) -> &[usize] {
        self.train
    }

    fn loss(&self) -> &Loss {
        self.loss
    }

    fn differences(&self, theta: &[f64], frames: &[usize]) -> Result<Vec<Vec<f64>>> {
        let networks = Networks::new(self.layout, theta);
        let one = |pass: &mut Pass, frame: &usize| {
            self.differences_of(&networks, *frame, &self.features.frame(*frame), pass)
        };
        Ok(frames.par_iter().map_init(Pass::default, one).collect())
    }

    fn gradient(&self, theta: &[f64], frames: &[usize]) -> Result<Descent> {
        let networks = Networks::new(self.layout, theta);
        let one = |pass: &mut Pass, frame: &usize| {
            let features = self.features.frame(*frame);
            let rows = self.differences_of(&networks, *frame, &features, pass);
            let adjoints = self.targets[*frame].adjoints(self.loss, &rows);
            let b = Self::atom_adjoints(&features, &adjoints);
            let mut gradient = vec![0.0; self.layout.len()];
            for (atom, b) in features.atoms.iter().zip(b) {
                networks.evaluate(atom.species, &atom.values, pass);
                networks.add_value_gradient(atom.species, pass, adjoints[0], &mut gradient);
                networks.add_tangent_gradient(atom.species, pass, b.into_iter(), 1.0, &mut gradient);
            }
            (gradient, rows)
        };
        let each: Vec<_> = frames.par_iter().map_init(Pass::default, one).collect();
        let mut descent = Descent::zero(self.layout.len());
        for (frame, (gradient, rows)) in frames.iter().zip(each) {
            descent.loss += self.targets[*frame].penalty(self.loss, &rows);
            descent.gradient.iter_mut().zip(gradient).for_each(|(t, g)| *t += g);
            descent.differences.push(rows);
        }
        Ok(descent)
    }
}

/// Adds g·∂x/∂q to the row of every coordinate q.
fn add_contractions(atom: &AtomFeatures, g: &[f64], rows: &mut [f64]) {
    for (column, q) in atom.jacobian.chunks_exact(g.len().max(1)).zip(&atom.coordinates) {
        rows[1 + *q as usize] += dot(g, column);
    }
}

/// Σ a_k b_k in eight partial sums, so that it is vector code.
fn dot(a: &[f64], b: &[f32]) -> f64 {
    let mut sums = [0.0; 8];
    let (heads_a, tail_a) = a.as_chunks::<8>();
    let (heads_b, tail_b) = b.as_chunks::<8>();
    for (u, v) in heads_a.iter().zip(heads_b) {
        for k in 0..8 {
            sums[k] += u[k] * f64::from(v[k]);
        }
    }
    for ((sum, u), v) in sums.iter_mut().zip(tail_a).zip(tail_b) {
        *sum += u * f64::from(*v);
    }
    sums.into_iter().sum()
}
