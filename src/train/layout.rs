//! The parameters of all networks as one vector θ.

use crate::error::Result;
use crate::potential::{Activation, Layer, Network};
use crate::random::{Philox, Purpose};

/// Where the parameters of one layer stand in θ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerLayout {
    /// Number of inputs.
    pub inputs: usize,
    /// Number of neurons.
    pub outputs: usize,
    /// Where the weights begin, row after row, one row per neuron.
    pub weights: usize,
    /// Where the biases begin.
    pub biases: usize,
    /// What a neuron does with its sum.
    pub activation: Activation,
}

/// The layers of the network of one element, the last with one linear neuron.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkLayout {
    /// From the first hidden layer to the output.
    pub layers: Vec<LayerLayout>,
}

/// Where everything stands in θ.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// One network per species.
    pub networks: Vec<NetworkLayout>,
    len: usize,
}

/// The shape of a network: its inputs, and neurons and activation of each layer, the last of one neuron.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Number of inputs.
    pub inputs: usize,
    /// Neurons and activation of each layer.
    pub layers: Vec<(usize, Activation)>,
}

impl Shape {
    /// Hidden layers of one kind of neuron, and a linear output.
    pub fn new(inputs: usize, hidden: &[usize], activation: Activation) -> Self {
        let layers = hidden.iter().map(|n| (*n, activation)).chain([(1, Activation::Linear)]).collect();
        Self { inputs, layers }
    }
}

impl Layout {
    /// Networks with these numbers of inputs, all with the same hidden layers.
    pub fn new(inputs: &[usize], hidden: &[usize], activation: Activation) -> Self {
        let shapes: Vec<Shape> = inputs.iter().map(|n| Shape::new(*n, hidden, activation)).collect();
        Self::of(&shapes)
    }

    /// Networks of these shapes.
    pub fn of(shapes: &[Shape]) -> Self {
        let mut len = 0;
        let network = |shape: &Shape| {
            let mut width = shape.inputs;
            let layers = shape.layers.iter().map(|(outputs, activation)| {
                let (outputs, activation) = (*outputs, *activation);
                let (weights, biases) = (len, len + width * outputs);
                len = biases + outputs;
                let layer = LayerLayout { inputs: width, outputs, weights, biases, activation };
                width = outputs;
                layer
            });
            NetworkLayout { layers: layers.collect() }
        };
        let networks = shapes.iter().map(network).collect();
        Self { networks, len }
    }

    /// Number of parameters.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Random parameters: weights normal with variance 1/inputs (so that sums of inputs of unit variance
    /// have unit variance), biases of hidden neurons uniform in ±1 so that they differ, output bias zero.
    pub fn initial(&self, seed: u64, member: u32) -> Vec<f64> {
        let mut theta = vec![0.0; self.len];
        let mut random = Philox::new(seed, Purpose::Training, 0, member);
        for network in &self.networks {
            for layer in &network.layers {
                let scale = 1.0 / (layer.inputs as f64).sqrt();
                for weight in &mut theta[layer.weights..layer.biases] {
                    *weight = scale * random.normal();
                }
                if layer.activation != Activation::Linear {
                    for bias in &mut theta[layer.biases..layer.biases + layer.outputs] {
                        *bias = 2.0 * random.uniform() - 1.0;
                    }
                }
            }
        }
        theta
    }

    /// The network of a species with the parameters of θ.
    pub fn network(&self, species: usize, theta: &[f64]) -> Result<Network> {
        let layers = &self.networks[species].layers;
        let made = layers.iter().map(|layer| Layer {
            weights: theta[layer.weights..layer.biases].to_vec(),
            biases: theta[layer.biases..layer.biases + layer.outputs].to_vec(),
            activation: layer.activation,
        });
        Network::new(layers[0].inputs, made.collect(), false)
    }
}
