//! Feed-forward networks: from the scaled descriptors of an atom to one number.
//!
//! [`Network`] is the truth as files hold it, in double precision and with a plain evaluation;
//! [`Evaluator`] is what runs: the same network with its input scaling and output units, compiled for one
//! precision and evaluated for many atoms at a time.

mod activation;
mod evaluator;

pub use activation::Activation;
pub use evaluator::{Evaluator, Work};

use crate::error::{Error, Result};

/// One layer: y = f(W x + b), or f((W x + b)/n) for n inputs where the network normalises its nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// W, row after row: one row per neuron, one column per input.
    pub weights: Vec<f64>,
    /// b: one per neuron.
    pub biases: Vec<f64>,
    /// f.
    pub activation: Activation,
}

impl Layer {
    /// Number of neurons.
    pub fn outputs(&self) -> usize {
        self.biases.len()
    }
}

/// A feed-forward network of any depth with one output.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    inputs: usize,
    layers: Vec<Layer>,
    normalize_nodes: bool,
}

impl Network {
    /// A network of `layers` on `inputs` numbers; `normalize_nodes` divides what enters an activation
    /// function by the number of neurons of the layer before, as n2p2's keyword does.
    pub fn new(inputs: usize, layers: Vec<Layer>, normalize_nodes: bool) -> Result<Self> {
        let mut width = inputs;
        for (l, layer) in layers.iter().enumerate() {
            if layer.weights.len() != width * layer.outputs() || layer.outputs() == 0 || width == 0 {
                return Err(Error::invalid(format!(
                    "layer {} of the network has {} weights for {width} inputs and {} neurons",
                    l + 1,
                    layer.weights.len(),
                    layer.outputs()
                )));
            }
            width = layer.outputs();
        }
        if layers.is_empty() || width != 1 {
            return Err(Error::invalid("a network needs at least one layer, and one neuron in the last"));
        }
        Ok(Self { inputs, layers, normalize_nodes })
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The layers, from the first hidden one to the output.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The layers, to be trained; their shapes are to stay.
    pub fn layers_mut(&mut self) -> &mut [Layer] {
        &mut self.layers
    }

    /// Is what enters an activation function divided by the number of neurons of the layer before?
    pub fn normalize_nodes(&self) -> bool {
        self.normalize_nodes
    }

    /// Number of weights and biases.
    pub fn parameters(&self) -> usize {
        self.layers.iter().map(|layer| layer.weights.len() + layer.biases.len()).sum()
    }

    /// The output for `x` and its gradient with respect to x: the formula, written plainly.
    pub fn value_and_gradient(&self, x: &[f64]) -> (f64, Vec<f64>) {
        let mut values = x.to_vec();
        let mut slopes = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let factor = self.node_factor(values.len());
            let sums = layer.weights.chunks_exact(values.len()).zip(&layer.biases).map(|(row, bias)| {
                let sum: f64 = row.iter().zip(&values).map(|(w, v)| w * v).sum();
                layer.activation.at((sum + bias) * factor)
            });
            let (next, slope): (Vec<f64>, Vec<f64>) = sums.unzip();
            values = next;
            slopes.push(slope);
        }
        let mut gradient = vec![1.0];
        for (layer, slope) in self.layers.iter().zip(&slopes).rev() {
            let inputs = layer.weights.len() / layer.outputs();
            let factor = self.node_factor(inputs);
            let mut below = vec![0.0; inputs];
            for (row, (g, d)) in layer.weights.chunks_exact(inputs).zip(gradient.iter().zip(slope)) {
                for (b, w) in below.iter_mut().zip(row) {
                    *b += w * g * d * factor;
                }
            }
            gradient = below;
        }
        (values[0], gradient)
    }

    /// The factor on what enters a neuron with `inputs` inputs.
    fn node_factor(&self, inputs: usize) -> f64 {
        if self.normalize_nodes { 1.0 / inputs as f64 } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng, rngs::StdRng};

    /// A network with weights uniform in ±1/√n, for tests.
    pub(super) fn random(inputs: usize, widths: &[usize], activations: &[Activation], seed: u64) -> Network {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut width = inputs;
        let layers = widths.iter().zip(activations).map(|(&outputs, &activation)| {
            let bound = 1.0 / (width as f64).sqrt();
            let mut draw = |n: usize| (0..n).map(|_| rng.random_range(-bound..bound)).collect::<Vec<f64>>();
            let layer = Layer { weights: draw(width * outputs), biases: draw(outputs), activation };
            width = outputs;
            layer
        });
        let layers = layers.collect();
        Network::new(inputs, layers, seed % 2 == 1).unwrap()
    }

    #[test]
    fn shapes_are_checked() {
        let layer = |n: usize, m: usize| Layer {
            weights: vec![0.0; n * m],
            biases: vec![0.0; m],
            activation: Activation::Tanh,
        };
        assert!(Network::new(3, vec![layer(3, 4), layer(4, 1)], false).is_ok());
        assert!(Network::new(3, vec![layer(3, 4), layer(5, 1)], false).is_err());
        assert!(Network::new(3, vec![layer(3, 4)], false).is_err());
        assert!(Network::new(0, vec![layer(0, 1)], false).is_err());
        assert!(Network::new(3, vec![], false).is_err());
    }

    /// A network small enough to be done by hand: tanh(1 + 2·0.5) on one path, x² at the end.
    #[test]
    fn a_network_by_hand() {
        let layers = vec![
            Layer { weights: vec![2.0, 0.0], biases: vec![1.0], activation: Activation::Tanh },
            Layer { weights: vec![3.0], biases: vec![0.5], activation: Activation::Harmonic },
        ];
        let network = Network::new(2, layers, false).unwrap();
        let (value, gradient) = network.value_and_gradient(&[0.5, 7.0]);
        let t = 2.0_f64.tanh();
        let y = 3.0 * t + 0.5;
        assert!((value - y * y).abs() < 1e-15 * value.abs() * 4.0);
        assert!((gradient[0] - 2.0 * y * 3.0 * (1.0 - t * t) * 2.0).abs() < 1e-14);
        assert_eq!(gradient[1], 0.0);
    }

    #[test]
    fn gradient_is_that_of_the_value() {
        for (seed, a) in Activation::all().enumerate() {
            let network = random(7, &[6, 5, 1], &[a, a, Activation::Linear], seed as u64);
            let x: Vec<f64> = (0..7).map(|i| f64::from(i) * 0.21 - 0.7).collect();
            let (_, gradient) = network.value_and_gradient(&x);
            let h = 1e-5;
            for k in 0..7 {
                let at = |h: f64| {
                    let mut moved = x.clone();
                    moved[k] += h;
                    network.value_and_gradient(&moved).0
                };
                let difference = (at(h) - at(-h)) / (2.0 * h);
                // A kink of the rectifier within h of a sum is the only way to miss this.
                assert!((gradient[k] - difference).abs() < 1e-8, "{a:?} {k}: {} {difference}", gradient[k]);
            }
        }
    }
}
