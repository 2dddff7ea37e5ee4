//! Adam and AdamW of burn, on batches of frames.
//!
//! burn differentiates once. So a step has two passes: the networks give E and g = ∂E/∂x as tensor
//! operations; forces and the adjoints a = ∂L/∂E, b = ∂L/∂g are formed outside; the gradient of
//! Σ a E + Σ b·g with a and b held constant is that of the loss.

use super::loss::{Loss, Target};
use super::objective::{Descent, Objective, Summary};
use super::optimizer::{Memory, Optimizer, Outcome};
use super::problem::Problem;
use super::schedule::{Plateaus, Schedule};
use crate::error::{Error, Result};
use crate::potential::Activation;
use crate::random::{Philox, Purpose};
use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer as _};
use burn::tensor::{DType, Device, Tensor, TensorData, activation};

/// Adam, or with a decay AdamW. The errors on the frames that train are those met on the way.
pub struct Adaptive {
    rule: AdamW,
    schedule: Schedule,
    batch: usize,
    clip: Option<f64>,
    seed: u64,
    state: Option<AdamWState<1>>,
    plateaus: Plateaus,
}

impl Adaptive {
    /// Steps over `batch` frames each; gradients are shortened to the norm `clip`.
    pub fn new(schedule: Schedule, batch: usize, clip: Option<f64>, decay: Option<f64>, seed: u64) -> Self {
        let config = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(decay.unwrap_or(0.0) as f32);
        Self { rule: config.build(), schedule, batch, clip, seed, state: None, plateaus: Plateaus::default() }
    }
}

/// A tensor in double precision.
fn tensor<const D: usize>(values: Vec<f64>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), (device, DType::F64))
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f64>> {
    tensor
        .into_data()
        .try_to_vec()
        .map_err(|error| Error::Internal(format!("a tensor of doubles: {error:?}")))
}

/// Can neurons of this kind be trained here?
pub fn knows(activation: Activation) -> bool {
    matches!(
        activation,
        Activation::Linear
            | Activation::Tanh
            | Activation::Logistic
            | Activation::Softplus
            | Activation::ScaledTanh
            | Activation::TwistedTanh
    )
}

/// f and f' of a layer.
fn apply(activation: Activation, z: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let scaled = |z: Tensor<2>, twist: f64| {
        let t = z.clone().mul_scalar(2.0 / 3.0).tanh();
        let slope = (t.clone() * t.clone()).neg().add_scalar(1.0).mul_scalar(1.7159 * 2.0 / 3.0);
        (t.mul_scalar(1.7159) + z.mul_scalar(twist), slope.add_scalar(twist))
    };
    match activation {
        Activation::Tanh => {
            let t = z.tanh();
            (t.clone(), (t.clone() * t).neg().add_scalar(1.0))
        }
        Activation::Logistic => {
            let s = activation::sigmoid(z);
            (s.clone(), s.clone() - s.clone() * s)
        }
        Activation::Softplus => (activation::softplus(z.clone(), 1.0), activation::sigmoid(z)),
        Activation::ScaledTanh => scaled(z, 0.0),
        Activation::TwistedTanh => scaled(z, 0.1),
        // Outputs are linear; other neurons are refused before ([`knows`]).
        _ => (z.clone(), z.ones_like()),
    }
}

/// An objective whose gradient is taken by burn.
#[derive(Debug, Clone, Copy)]
pub struct Tensors<'a>(pub Problem<'a>);

impl Objective for Tensors<'_> {
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

fn gradient(problem: &Problem<'_>, theta: &[f64], frames: &[usize]) -> Result<Descent> {
    let device = Device::flex().autodiff();
    let theta = tensor(theta.to_vec(), [theta.len()], &device).require_grad();
    let species = problem.layout.networks.len();
    // Which atoms of the batch each network has, as (frame in the batch, atom).
    let mut atoms: Vec<Vec<(usize, usize)>> = vec![Vec::new(); species];
    for (place, frame) in frames.iter().enumerate() {
        for (k, atom) in problem.features.values(*frame).atoms.iter().enumerate() {
            atoms[atom.species].push((place, k));
        }
    }
    let feature = |(place, k): (usize, usize)| &problem.features.values(frames[place]).atoms[k];
    let mut energies: Vec<Vec<f64>> =
        frames.iter().map(|f| vec![0.0; problem.features.values(*f).atoms.len()]).collect();
    let mut slopes: Vec<Vec<Vec<f64>>> = energies.iter().map(|e| vec![Vec::new(); e.len()]).collect();
    let mut outputs = Vec::new();
    for (network, atoms) in problem.layout.networks.iter().zip(&atoms) {
        let (count, width) = (atoms.len(), network.layers[0].inputs);
        if count == 0 {
            outputs.push(None);
            continue;
        }
        let x: Vec<f64> = atoms.iter().flat_map(|at| feature(*at).values.iter().copied()).collect();
        let mut values = tensor(x, [count, width], &device);
        let mut passed = Vec::new();
        for layer in &network.layers {
            let part = |begin: usize, end: usize| theta.clone().narrow(0, begin, end - begin);
            let weights =
                part(layer.weights, layer.biases).reshape([layer.outputs as i64, layer.inputs as i64]);
            let biases = part(layer.biases, layer.biases + layer.outputs).reshape([1, layer.outputs as i64]);
            let (next, slope) = apply(layer.activation, values.matmul(weights.clone().transpose()) + biases);
            values = next;
            passed.push((weights, slope));
        }
        let mut above = values.ones_like();
        for (weights, slope) in passed.into_iter().rev() {
            above = (above * slope).matmul(weights);
        }
        for ((place, k), e) in atoms.iter().zip(numbers(values.clone())?) {
            energies[*place][*k] = e;
        }
        for ((place, k), g) in atoms.iter().zip(numbers(above.clone())?.chunks_exact(width)) {
            slopes[*place][*k] = g.to_vec();
        }
        outputs.push(Some((values, above)));
    }
    let mut descent = Descent::zero(0);
    let mut adjoints = Vec::new();
    for (place, frame) in frames.iter().enumerate() {
        let g: Vec<&[f64]> = slopes[place].iter().map(|g| &g[..]).collect();
        let features = problem.features.frame(*frame);
        let rows = problem.differences_from(*frame, &features, &energies[place], &g);
        let target = &problem.targets[*frame];
        descent.loss += target.penalty(problem.loss, &rows);
        let y = target.adjoints(problem.loss, &rows);
        adjoints.push((y[0], Problem::atom_adjoints(&features, &y)));
        descent.differences.push(rows);
    }
    let mut surrogate: Option<Tensor<1>> = None;
    for (output, atoms) in outputs.into_iter().zip(&atoms) {
        let Some((values, slopes)) = output else { continue };
        let a: Vec<f64> = atoms.iter().map(|(place, _)| adjoints[*place].0).collect();
        let b: Vec<f64> =
            atoms.iter().flat_map(|(place, k)| adjoints[*place].1[*k].iter().copied()).collect();
        let width = b.len() / a.len();
        let count = a.len();
        let sum = (values * tensor(a, [count, 1], &device)).sum()
            + (slopes * tensor(b, [count, width], &device)).sum();
        surrogate = Some(match surrogate {
            None => sum,
            Some(before) => before + sum,
        });
    }
    let surrogate = surrogate.ok_or_else(|| Error::Internal("a batch without atoms".into()))?;
    let gradients = surrogate.backward();
    let gradient = theta.grad(&gradients).ok_or_else(|| Error::Internal("no gradient came back".into()))?;
    descent.gradient = numbers(gradient)?;
    Ok(descent)
}

impl<P: Objective> Optimizer<P> for Adaptive {
    fn epoch(&mut self, objective: &P, theta: &mut Vec<f64>, epoch: u64) -> Result<Outcome> {
        let device = Device::flex();
        let n = theta.len();
        let mut random = Philox::new(self.seed, Purpose::Training, 2 + epoch, u32::MAX);
        let mut order = objective.train().to_vec();
        for k in (1..order.len()).rev() {
            order.swap(k, random.below(k as u64 + 1) as usize);
        }
        let mut met = Summary::default();
        for frames in order.chunks(self.batch) {
            let Descent { mut gradient, differences, .. } = objective.gradient(theta, frames)?;
            for (frame, differences) in frames.iter().zip(&differences) {
                objective.add(&mut met, *frame, differences);
            }
            // Shares are parts of the whole: a batch stands for all frames.
            let scale = order.len() as f64 / frames.len() as f64;
            for (g, t) in gradient.iter_mut().zip(&*theta) {
                *g = *g * scale + objective.loss().decay * t;
            }
            let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
            if let Some(clip) = self.clip.filter(|clip| norm > *clip) {
                for g in &mut gradient {
                    *g *= clip / norm;
                }
            }
            let (moved, state) = self.rule.step(
                self.schedule.at(epoch, self.plateaus.count),
                tensor(theta.clone(), [n], &device),
                tensor(gradient, [n], &device),
                self.state.take(),
            );
            self.state = state;
            *theta = numbers(moved)?;
        }
        self.plateaus.push(met.loss, self.schedule);
        Ok(Outcome { converged: false, met: Some(met) })
    }
}

impl Memory for Adaptive {
    fn save(&self) -> Result<Vec<f64>> {
        let Some(state) = &self.state else { return Ok(Vec::new()) };
        let momentum = state.momentum.clone();
        let mut all = vec![momentum.time as f64];
        all.extend(self.plateaus.save());
        all.extend(numbers(momentum.moment_1)?);
        all.extend(numbers(momentum.moment_2)?);
        Ok(all)
    }

    fn load(&mut self, state: &[f64]) -> Result<()> {
        let Some(([time, plateaus @ ..], moments)) = state.split_first_chunk::<4>() else { return Ok(()) };
        self.plateaus = Plateaus::load(*plateaus);
        let n = moments.len() / 2;
        let device = Device::flex();
        let [first, second] = [&moments[..n], &moments[n..]].map(|part| tensor(part.to_vec(), [n], &device));
        self.state = Some(AdamWState::new(AdaptiveMomentumState::new(*time as usize, first, second)));
        Ok(())
    }
}
