//! The network of one species over many atoms at once: matrix products, E, ∂E/∂x and ∂(Σ E)/∂θ.
//!
//! Matrices have a column for each atom. With z_l = W_l t_{l−1} + b_l, t_l = f(z_l), u_L = 1,
//! d_l = u_l ∘ f'(z_l), u_{l−1} = W_lᵀ d_l: ∂ΣE/∂W_l = d_l t_{l−1}ᵀ, ∂ΣE/∂b_l = Σ d_l, ∂E/∂x = u_0.

use super::layout::{LayerLayout, NetworkLayout};
use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut};

/// What is known of the atoms in hand.
#[derive(Debug, Clone, Default)]
pub struct Block {
    /// x, a column for each atom.
    pub inputs: DMatrix<f64>,
    layers: Vec<LayerBlock>,
    /// ∂E/∂x, a column for each atom.
    pub slopes: DMatrix<f64>,
}

#[derive(Debug, Clone, Default)]
struct LayerBlock {
    values: DMatrix<f64>,
    /// f', then d.
    deltas: DMatrix<f64>,
}

/// The network of one species with its parameters.
#[derive(Debug, Clone)]
pub struct Weights<'a> {
    network: &'a NetworkLayout,
    theta: &'a [f64],
    /// W_l.
    matrices: Vec<DMatrix<f64>>,
}

impl<'a> Weights<'a> {
    /// Takes the parameters of the network from θ.
    pub fn new(network: &'a NetworkLayout, theta: &'a [f64]) -> Self {
        let matrices = network.layers.iter().map(|layer| transposed(layer, theta).transpose()).collect();
        Self { network, theta, matrices }
    }
}

/// W_l as θ has it, row after row, is W_lᵀ column after column.
fn transposed<'a>(layer: &LayerLayout, theta: &'a [f64]) -> DMatrixView<'a, f64> {
    DMatrixView::from_slice(&theta[layer.weights..layer.biases], layer.inputs, layer.outputs)
}

impl Block {
    /// Takes so many atoms with so many inputs each.
    pub fn resize(&mut self, inputs: usize, atoms: usize) {
        resize(&mut self.inputs, inputs, atoms);
    }

    /// Energies of the atoms whose inputs are set, and the slopes of each.
    pub fn evaluate(&mut self, weights: &Weights<'_>) -> &[f64] {
        let Weights { network, theta, matrices } = weights;
        let atoms = self.inputs.ncols();
        self.layers.resize_with(network.layers.len(), LayerBlock::default);
        for (l, layer) in network.layers.iter().enumerate() {
            let (before, rest) = self.layers.split_at_mut(l);
            let input = before.last().map_or(&self.inputs, |below| &below.values);
            let LayerBlock { values, deltas } = &mut rest[0];
            resize(values, layer.outputs, atoms);
            resize(deltas, layer.outputs, atoms);
            let biases = &theta[layer.biases..layer.biases + layer.outputs];
            for mut column in values.column_iter_mut() {
                column.copy_from_slice(biases);
            }
            values.gemm(1.0, &matrices[l], input, 1.0);
            layer.activation.apply(values.as_mut_slice(), deltas.as_mut_slice());
        }
        for l in (0..network.layers.len()).rev() {
            let layer = &network.layers[l];
            let (before, rest) = self.layers.split_at_mut(l);
            let deltas = &rest[0].deltas;
            if let Some(below) = before.last_mut() {
                // u_{l−1} ∘ f': the slopes of the layer below are read before they are replaced.
                below.deltas.component_mul_assign(&(transposed(layer, theta) * deltas));
            } else {
                resize(&mut self.slopes, layer.inputs, atoms);
                self.slopes.gemm(1.0, &transposed(layer, theta), deltas, 0.0);
            }
        }
        self.layers.last().map_or(&[], |last| last.values.as_slice())
    }

    /// Adds `scale`·∂ΣE/∂θ of the atoms last evaluated.
    pub fn add_gradient(&self, network: &NetworkLayout, scale: f64, out: &mut [f64]) {
        for (l, layer) in network.layers.iter().enumerate() {
            let input = if l == 0 { &self.inputs } else { &self.layers[l - 1].values };
            let deltas = &self.layers[l].deltas;
            let slot = &mut out[layer.weights..layer.biases];
            let mut slot = DMatrixViewMut::from_slice(slot, layer.inputs, layer.outputs);
            slot.gemm(scale, input, &deltas.transpose(), 1.0);
            let biases = &mut out[layer.biases..layer.biases + layer.outputs];
            for column in deltas.column_iter() {
                for (b, d) in biases.iter_mut().zip(column.iter()) {
                    *b += scale * d;
                }
            }
        }
    }
}

fn resize(matrix: &mut DMatrix<f64>, rows: usize, columns: usize) {
    if matrix.shape() != (rows, columns) {
        *matrix = DMatrix::zeros(rows, columns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::Activation;
    use crate::train::layout::Layout;
    use crate::train::tangent::{Networks, Pass};

    /// Energies, slopes and parameter gradients are those of the networks atom by atom, to the rounding of
    /// sums of some ten terms.
    #[test]
    fn blocks_equal_single_atoms() {
        for activation in [Activation::Tanh, Activation::Softplus] {
            let layout = Layout::new(&[5, 3], &[6, 4], activation);
            let theta = layout.initial(3, 0);
            let networks = Networks::new(&layout, &theta);
            let mut pass = Pass::default();
            for (species, inputs) in [5, 3].into_iter().enumerate() {
                let mut block = Block::default();
                block.resize(inputs, 7);
                for (k, x) in block.inputs.iter_mut().enumerate() {
                    *x = (k as f64 * 0.7).sin();
                }
                let energies = block.evaluate(&Weights::new(&layout.networks[species], &theta)).to_vec();
                let (mut one, mut all) = (vec![0.0; layout.len()], vec![0.0; layout.len()]);
                block.add_gradient(&layout.networks[species], 0.3, &mut all);
                for (atom, energy) in energies.iter().enumerate() {
                    let x = block.inputs.column(atom).iter().copied().collect::<Vec<_>>();
                    let expected = networks.evaluate(species, &x, &mut pass);
                    assert!((energy - expected).abs() < 1e-13, "{energy} {expected}");
                    for (a, b) in block.slopes.column(atom).iter().zip(&pass.gradient) {
                        assert!((a - b).abs() < 1e-13, "{a} {b}");
                    }
                    networks.add_value_gradient(species, &pass, 0.3, &mut one);
                }
                for (a, b) in one.iter().zip(&all) {
                    assert!((a - b).abs() < 1e-13, "{a} {b}");
                }
            }
        }
    }
}
