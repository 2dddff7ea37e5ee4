//! Networks as the kernel wants them.

use super::kernel::Constants;
use crate::error::{Error, Result};
use crate::potential::{Activation, NeuralModel};

/// The networks of all members of a committee for one element.
pub(super) struct Networks {
    pub(super) constants: Constants,
    /// Atoms of a workgroup.
    pub(super) atoms: u32,
    /// Four words an entry.
    pub(super) plan: Vec<u32>,
    /// Bits of f32, four to a tile.
    pub(super) weights: Vec<u32>,
    /// What each member adds to the energy of an atom, eV.
    pub(super) offsets: Vec<f64>,
}

/// How far rounding may take a number out of its trained range, relatively.
pub(super) const SLACK: f64 = 1e-5;

/// The number of an activation function in `network.wgsl`.
fn number(activation: Activation) -> u32 {
    match activation {
        Activation::Linear => 0,
        Activation::Tanh => 1,
        Activation::Logistic => 2,
        Activation::ScaledTanh => 3,
        Activation::TwistedTanh => 4,
        Activation::Softplus => 5,
        Activation::Relu => 6,
        Activation::Gaussian => 7,
        Activation::Cosine => 8,
        Activation::ReverseLogistic => 9,
        Activation::Exponential => 10,
        Activation::Harmonic => 11,
    }
}

/// Four at a time.
fn tiles(n: usize) -> usize {
    n.div_ceil(4)
}

/// Threads of a workgroup.
const THREADS: usize = 64;

/// The constants of `network.wgsl` for layers of these widths, and how many atoms a workgroup has: eight, or fewer where
/// what they share would take more than `memory` bytes.
///
/// # Errors
/// [`Error::Device`] if there is no room for one.
pub(super) fn sizes(inputs: usize, widths: &[usize], memory: usize) -> Result<(Constants, u32)> {
    let neurons: usize = widths.iter().map(|width| tiles(*width)).sum();
    let hidden = widths[..widths.len() - 1].iter().map(|width| tiles(*width));
    let widest = hidden.max().unwrap_or(1).max(1);
    // Descriptors; values and slopes; what two layers pass on. A count for each thread.
    let bytes = |atoms: usize| atoms * (4 * inputs + 16 * 2 * (neurons + widest)) + 4 * THREADS;
    let atoms = [8, 4, 2, 1].into_iter().find(|atoms| bytes(*atoms) <= memory).ok_or_else(|| {
        Error::Device(format!(
            "a network needs {} bytes that a workgroup of the device shares, of which there are {memory}",
            bytes(1)
        ))
    })?;
    let mut constants = Constants::default();
    constants
        .count("INPUTS", inputs)
        .count("LAYERS", widths.len())
        .count("MEMBER_ENTRIES", 1 + 2 * widths.len())
        .count("NEURON_TILES", neurons)
        .count("WIDEST", widest)
        .count("ATOMS", atoms)
        .count("PARTS", THREADS / atoms)
        .count("ATOMS_INPUTS", atoms * inputs)
        .count("ATOMS_TILES", atoms * neurons)
        .count("ATOMS_PASSED", atoms * 2 * widest);
    Ok((constants, atoms as u32))
}

impl Networks {
    /// Translates the networks of species `center`, whose descriptors come multiplied by `multiples`; `memory` is how many
    /// bytes a workgroup may share.
    ///
    /// # Errors
    /// [`Error::Device`] if the members of the committee have networks of different shapes, or networks are too large.
    pub(super) fn new(model: &NeuralModel, center: usize, multiples: &[f64], memory: usize) -> Result<Self> {
        let shape = |member: usize| {
            let layers = model.members()[member][center].network.layers();
            layers.iter().map(crate::potential::Layer::outputs).collect::<Vec<_>>()
        };
        let widths = shape(0);
        if (1..model.members().len()).any(|member| shape(member) != widths) {
            return Err(Error::Device(
                "the members of the committee have networks of different shapes, which this device path does not \
                 run"
                    .into(),
            ));
        }
        let inputs = multiples.len();
        let (constants, atoms) = sizes(inputs, &widths, memory)?;
        let (mut plan, mut weights, mut offsets) = (Vec::new(), Tiles::default(), Vec::new());
        let range = model.trained_range(center);
        for member in model.members() {
            let atom = &member[center];
            let (factor, offset) = model.output_in_ev(atom);
            offsets.push(offset);
            let head = weights.here();
            for k in 0..inputs {
                let m = multiples[k];
                let (a, b) = (range[k][0] * m, range[k][1] * m);
                let slack = SLACK * a.abs().max(b.abs());
                // Kernels may take for granted that no number is infinite.
                let limits = [a.min(b) - slack, a.max(b) + slack]
                    .map(|limit| limit.clamp(f32::MIN.into(), f32::MAX.into()));
                weights.push([atom.scaling.shift()[k] * m, limits[0], limits[1], 0.0]);
            }
            plan.extend([head, (factor as f32).to_bits(), 0, 0]);
            let network = &atom.network;
            let (mut below, mut first, mut first_below) = (inputs, 0, 0);
            for (l, layer) in network.layers().iter().enumerate() {
                let outputs = layer.outputs();
                let node = if network.normalize_nodes() { 1.0 / below as f64 } else { 1.0 };
                let scale = |k: usize| if l == 0 { atom.scaling.factor()[k] / multiples[k] } else { 1.0 };
                let weight = |o: usize, k: usize| {
                    if o < outputs && k < below {
                        layer.weights[o * below + k] * node * scale(k)
                    } else {
                        0.0
                    }
                };
                let (up, here, under) = (weights.here(), tiles(outputs), tiles(below));
                for o in 0..here {
                    for k in 0..4 * under {
                        weights.push([0, 1, 2, 3].map(|c| weight(4 * o + c, k)));
                    }
                }
                let down = weights.here();
                for k in 0..under {
                    for o in 0..4 * here {
                        weights.push([0, 1, 2, 3].map(|c| weight(o, 4 * k + c)));
                    }
                }
                let biases = weights.here();
                let offset = if l == 0 { atom.scaling.offset() } else { 0.0 };
                // What single precision takes off the shifts is as much as 1e-6 of the spread of a descriptor.
                let lost = |k: usize| {
                    let shift = atom.scaling.shift()[k] * multiples[k];
                    f64::from(shift as f32) - shift
                };
                for o in 0..here {
                    weights.push([0, 1, 2, 3].map(|c| {
                        let (row, o) = (layer.weights.chunks_exact(below).nth(4 * o + c), 4 * o + c);
                        let rounded =
                            if l == 0 { (0..inputs).map(|k| weight(o, k) * lost(k)).sum() } else { 0.0 };
                        row.map_or(0.0, |row| {
                            (layer.biases[o] + offset * row.iter().sum::<f64>()) * node + rounded
                        })
                    }));
                }
                plan.extend([under as u32, here as u32, first, number(layer.activation)]);
                plan.extend([up, down, biases, first_below]);
                (below, first_below) = (outputs, first);
                first += here as u32;
            }
        }
        Ok(Self { constants, atoms, plan, weights: weights.words, offsets })
    }
}

/// Weights in the making.
#[derive(Default)]
struct Tiles {
    words: Vec<u32>,
}

impl Tiles {
    /// Where the next tile will stand.
    fn here(&self) -> u32 {
        (self.words.len() / 4) as u32
    }

    fn push(&mut self, tile: [f64; 4]) {
        self.words.extend(tile.map(|x| (x as f32).to_bits()));
    }
}
