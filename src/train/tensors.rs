//! The networks as tensors: E and g = ∂E/∂x of many atoms, and the derivatives of both in θ.
//!
//! burn differentiates once, and scattering into rows of forces is the work of a single thread in its runtime
//! for graphics processors. So a step has two passes: the networks give E and g as tensor operations; from
//! these come the rows of the loss and its adjoints a = ∂L/∂E, b = ∂L/∂g, without derivatives being followed;
//! the gradient of Σ a E + Σ b·g with a and b held constant is that of the loss.
//!
//! How E and g become a and b is the other half, of which there are two: [`two_passes`](super::two_passes)
//! contracts with the sparse Jacobian as it is stored, on the processor, [`tables`](super::tables) with padded
//! tables that stay on a device.

use super::layout::NetworkLayout;
use crate::error::{Error, Result};
use crate::potential::Activation;
use burn::tensor::{Tensor, activation};

/// What a network says about n atoms, with the way back to θ.
pub struct Answer {
    /// E, n × 1.
    pub energies: Tensor<2>,
    /// g = ∂E/∂x, n × inputs.
    pub slopes: Tensor<2>,
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

/// E and g of atoms with descriptors x, n × inputs, by the network whose parameters stand in θ.
pub fn answer(network: &NetworkLayout, theta: &Tensor<1>, x: Tensor<2>) -> Answer {
    let mut energies = x;
    let mut passed = Vec::new();
    for layer in &network.layers {
        let part = |begin: usize, end: usize| theta.clone().narrow(0, begin, end - begin);
        let weights = part(layer.weights, layer.biases).reshape([layer.outputs as i64, layer.inputs as i64]);
        let biases = part(layer.biases, layer.biases + layer.outputs).reshape([1, layer.outputs as i64]);
        let (next, slope) = apply(layer.activation, energies.matmul(weights.clone().transpose()) + biases);
        energies = next;
        passed.push((weights, slope));
    }
    let mut slopes = energies.ones_like();
    for (weights, slope) in passed.into_iter().rev() {
        slopes = (slopes * slope).matmul(weights);
    }
    Answer { energies, slopes }
}

/// The gradient in θ of Σ a E + Σ b·g over all networks, with a, n × 1, and b, n × inputs, held constant.
pub fn pull_back(
    theta: &Tensor<1>,
    answers: impl Iterator<Item = (Answer, [Tensor<2>; 2])>,
) -> Result<Tensor<1>> {
    let sums = answers.map(|(answer, [a, b])| (answer.energies * a).sum() + (answer.slopes * b).sum());
    let sum = sums.reduce(|sum, more| sum + more);
    let sum = sum.ok_or_else(|| Error::Internal("a batch without atoms".into()))?;
    let gradient = theta.grad(&sum.backward());
    gradient.map(Tensor::inner).ok_or_else(|| Error::Internal("no gradient came back".into()))
}
