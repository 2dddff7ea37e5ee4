//! A network compiled for speed: vector lanes run over atoms.
//!
//! Atoms are taken in groups as wide as a cache line (8 in double, 16 in single precision). Within a group every activation is a
//! row of lanes, every weight is one number for the whole row, so nothing is lost to padding whatever the
//! widths of the layers are, and four neurons at a time keep the sums in registers. Weights are stored
//! twice, in the order in which the way up and the way down read them.

use super::{Activation, Network};
use crate::descriptors::Scaling;
use crate::lanes::Real;
use multiversion::multiversion;

/// Neurons whose sums are kept in registers together.
const TILE: usize = 4;

/// One layer in the order in which it is read.
#[derive(Debug, Clone)]
struct Compiled<T> {
    inputs: usize,
    outputs: usize,
    activation: Activation,
    /// For every tile of neurons and every input the weights of the tile; zero-padded.
    up: Vec<T>,
    /// For every tile of inputs and every neuron the weights of the tile; zero-padded.
    down: Vec<T>,
    /// One per neuron, padded.
    biases: Vec<T>,
}

/// Descriptors of atoms of one element to their energies: scaling, network and units of the output.
///
/// E = a·NN((G − shift)·factor + offset) + b, and ∂E/∂G with it.
#[derive(Debug, Clone)]
pub struct Evaluator<T> {
    shift: Vec<T>,
    factor: Vec<T>,
    layers: Vec<Compiled<T>>,
    energy_factor: f64,
    energy_shift: f64,
}

/// Buffers of an evaluation, to be kept from one to the next.
#[derive(Debug, Clone, Default)]
pub struct Work<T> {
    inputs: Vec<T>,
    values: Vec<T>,
    slopes: Vec<T>,
    upper: Vec<T>,
    lower: Vec<T>,
}

impl<T: Real> Evaluator<T> {
    /// Compiles `network` behind `scaling`, with E = `energy_factor`·output + `energy_shift` in eV.
    ///
    /// # Panics
    /// If scaling and network are not for the same number of descriptors.
    pub fn new(scaling: &Scaling, network: &Network, energy_factor: f64, energy_shift: f64) -> Self {
        Self::of_multiples(&vec![1.0; scaling.len()], scaling, network, energy_factor, energy_shift)
    }

    /// As [`Evaluator::new`], for descriptors that come multiplied by `multiples` already; gradients are with
    /// respect to the multiplied ones. Multiplying early keeps descriptors of extreme magnitude within the
    /// range of single precision.
    ///
    /// # Panics
    /// If scaling, network and multiples are not for the same number of descriptors.
    pub fn of_multiples(
        multiples: &[f64],
        scaling: &Scaling,
        network: &Network,
        energy_factor: f64,
        energy_shift: f64,
    ) -> Self {
        assert_eq!(scaling.len(), network.inputs(), "scaling and network belong together");
        assert_eq!(scaling.len(), multiples.len(), "every descriptor has its multiple");
        let shift: Vec<f64> = scaling.shift().iter().zip(multiples).map(|(s, m)| s * m).collect();
        let factor: Vec<f64> = scaling.factor().iter().zip(multiples).map(|(f, m)| f / m).collect();
        let round = |x: &[f64]| x.iter().map(|&x| T::of(x)).collect::<Vec<T>>();
        // The constant added to every input goes into the first biases.
        let mut offset = scaling.offset();
        let mut inputs = network.inputs();
        let mut layers = Vec::with_capacity(network.layers().len());
        for layer in network.layers() {
            let outputs = layer.outputs();
            let node = network.node_factor(inputs);
            let weight = |o: usize, k: usize| {
                if o < outputs && k < inputs { T::of(layer.weights[o * inputs + k] * node) } else { T::ZERO }
            };
            let tiles = |n: usize| (0..n).step_by(TILE);
            layers.push(Compiled {
                inputs,
                outputs,
                activation: layer.activation,
                up: tiles(outputs)
                    .flat_map(|o| (0..inputs).flat_map(move |k| (o..o + TILE).map(move |o| weight(o, k))))
                    .collect(),
                down: tiles(inputs)
                    .flat_map(|k| (0..outputs).flat_map(move |o| (k..k + TILE).map(move |k| weight(o, k))))
                    .collect(),
                biases: (layer.biases.iter().zip(layer.weights.chunks_exact(inputs)))
                    .map(|(bias, row)| T::of((bias + offset * row.iter().sum::<f64>()) * node))
                    .collect(),
            });
            offset = 0.0;
            inputs = outputs;
        }
        Self { shift: round(&shift), factor: round(&factor), layers, energy_factor, energy_shift }
    }

    /// Number of descriptors of an atom.
    pub fn inputs(&self) -> usize {
        self.shift.len()
    }

    /// Energies (eV) and their gradients with respect to the descriptors for `energies.len()` atoms.
    ///
    /// `descriptors` and `gradients` hold [`Evaluator::inputs`] numbers per atom, atom after atom. The
    /// result of an atom does not depend on which others are evaluated with it.
    ///
    /// # Panics
    /// If the slices are not of matching lengths.
    pub fn evaluate(&self, descriptors: &[T], work: &mut Work<T>, energies: &mut [f64], gradients: &mut [T]) {
        assert_eq!(descriptors.len(), energies.len() * self.inputs());
        assert_eq!(gradients.len(), descriptors.len());
        // The width of a group is that of a cache line; known when compiled.
        if size_of::<T>() == 4 {
            evaluate::<T, 16>(self, descriptors, work, energies, gradients);
        } else {
            evaluate::<T, 8>(self, descriptors, work, energies, gradients);
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn evaluate<T: Real, const L: usize>(
    net: &Evaluator<T>,
    descriptors: &[T],
    work: &mut Work<T>,
    energies: &mut [f64],
    gradients: &mut [T],
) {
    let width = net.inputs();
    let rows = |n: usize| n.div_ceil(TILE) * TILE * L;
    let total: usize = net.layers.iter().map(|layer| rows(layer.outputs)).sum();
    let widest = net.layers.iter().map(|layer| rows(layer.inputs)).max().unwrap_or(0).max(rows(1));
    work.inputs.resize(width * L, T::ZERO);
    work.values.resize(total, T::ZERO);
    work.slopes.resize(total, T::ZERO);
    work.upper.resize(widest, T::ZERO);
    work.lower.resize(widest, T::ZERO);
    let groups =
        descriptors.chunks(width * L).zip(gradients.chunks_mut(width * L)).zip(energies.chunks_mut(L));
    for ((descriptors, gradients), energies) in groups {
        // Atoms become lanes.
        let (inputs, _) = work.inputs.as_chunks_mut::<L>();
        for (lane, g) in descriptors.chunks_exact(width).enumerate() {
            for (((x, &g), &shift), &factor) in inputs.iter_mut().zip(g).zip(&net.shift).zip(&net.factor) {
                x[lane] = (g - shift) * factor;
            }
        }
        // Up: values and slopes of every layer.
        let (mut values, mut slopes) = (&mut work.values[..], &mut work.slopes[..]);
        let mut below: &[[T; L]] = work.inputs.as_chunks::<L>().0;
        for layer in &net.layers {
            let (now, rest) = values.split_at_mut(rows(layer.outputs));
            values = rest;
            let (slope, rest) = slopes.split_at_mut(rows(layer.outputs));
            slopes = rest;
            let (sums, _) = now.as_chunks_mut::<L>();
            for (row, &bias) in sums.iter_mut().zip(&layer.biases) {
                *row = [bias; L];
            }
            tiles::<T, L>(&layer.up, &below[..layer.inputs], sums);
            layer.activation.apply(now, slope);
            below = now.as_chunks::<L>().0;
        }
        for (energy, &output) in energies.iter_mut().zip(&below[0]) {
            *energy = net.energy_factor * output.to_f64() + net.energy_shift;
        }
        // Down: the gradient with respect to what entered each layer.
        let (mut upper, mut lower) = (&mut work.upper, &mut work.lower);
        upper[..L].fill(T::of(net.energy_factor));
        let mut end = total;
        for layer in net.layers.iter().rev() {
            end -= rows(layer.outputs);
            for (g, &d) in upper.iter_mut().zip(&work.slopes[end..end + layer.outputs * L]) {
                *g *= d;
            }
            let (sums, _) = lower[..rows(layer.inputs)].as_chunks_mut::<L>();
            sums.fill([T::ZERO; L]);
            tiles::<T, L>(&layer.down, &upper.as_chunks::<L>().0[..layer.outputs], sums);
            std::mem::swap(&mut upper, &mut lower);
        }
        let (result, _) = upper.as_chunks::<L>();
        for (lane, gradient) in gradients.chunks_exact_mut(width).enumerate() {
            for ((g, x), &factor) in gradient.iter_mut().zip(result).zip(&net.factor) {
                *g = x[lane] * factor;
            }
        }
    }
}

/// Adds weights × rows to the sums, a tile of sums at a time.
#[inline(always)]
fn tiles<T: Real, const L: usize>(weights: &[T], rows: &[[T; L]], sums: &mut [[T; L]]) {
    let tiles = weights.chunks_exact(TILE * rows.len());
    for (weights, sums) in tiles.zip(sums.as_chunks_mut::<TILE>().0) {
        let mut sum = *sums;
        for (w, row) in weights.as_chunks::<TILE>().0.iter().zip(rows) {
            for t in 0..TILE {
                for l in 0..L {
                    sum[t][l] += w[t] * row[l];
                }
            }
        }
        *sums = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::random;
    use super::*;
    use crate::descriptors::{ScalingKind, Statistics};

    fn scaling(inputs: usize) -> Scaling {
        let statistics = (0..inputs).map(|k| k as f64).map(|k| Statistics {
            min: -1.0 - 0.5 * (k * 1.3).cos(),
            max: 1.0 + 0.5 * (k * 0.9).cos(),
            mean: (k * 0.7).sin(),
            spread: 0.0,
        });
        Scaling::new(ScalingKind::CenteredRange, [-0.2, 1.1], statistics.collect()).unwrap()
    }

    fn descriptors(atoms: usize, inputs: usize) -> Vec<f64> {
        (0..atoms * inputs).map(|i| (i as f64 * 0.37).sin() * 2.0).collect()
    }

    /// Compiled and plain networks agree to the round-off of sums as long as the layers are wide.
    #[test]
    fn compiled_networks_equal_plain_ones() {
        for (seed, a) in Activation::all().enumerate() {
            for (inputs, widths) in
                [(1, vec![1]), (5, vec![3, 1]), (13, vec![9, 6, 4, 1]), (60, vec![20, 20, 1])]
            {
                let mut activations = vec![a; widths.len()];
                *activations.last_mut().unwrap() = if seed % 3 == 0 { a } else { Activation::Linear };
                let network = random(inputs, &widths, &activations, seed as u64);
                let scaling = scaling(inputs);
                let (factor, shift) = (0.7, -3.0);
                let exact = Evaluator::<f64>::new(&scaling, &network, factor, shift);
                let mixed = Evaluator::<f32>::new(&scaling, &network, factor, shift);
                for atoms in [1, 7, 8, 21] {
                    let g = descriptors(atoms, inputs);
                    let single: Vec<f32> = g.iter().map(|&g| g as f32).collect();
                    let (mut e, mut d) = (vec![0.0; atoms], vec![0.0; g.len()]);
                    exact.evaluate(&g, &mut Work::default(), &mut e, &mut d);
                    let (mut e32, mut d32) = (vec![0.0; atoms], vec![0.0; g.len()]);
                    mixed.evaluate(&single, &mut Work::default(), &mut e32, &mut d32);
                    for atom in 0..atoms {
                        let range = atom * inputs..(atom + 1) * inputs;
                        let (value, gradient) = network.value_and_gradient(&scaling.apply(&g[range.clone()]));
                        let value = factor * value + shift;
                        assert!((e[atom] - value).abs() < 1e-13 * value.abs().max(1.0), "{a:?} {widths:?}");
                        assert!((e32[atom] - value).abs() < 1e-5 * value.abs().max(1.0), "{a:?} {widths:?}");
                        for k in 0..inputs {
                            let g = factor * gradient[k] * scaling.factor()[k];
                            assert!((d[range.start + k] - g).abs() < 1e-13 * g.abs().max(1.0), "{a:?}");
                            // A rectifier may sit on the other side of its kink in single precision.
                            if a != Activation::Relu {
                                let error = (f64::from(d32[range.start + k]) - g).abs();
                                assert!(error < 2e-5 * g.abs().max(1.0), "{a:?} {widths:?} {error}");
                            }
                        }
                    }
                }
            }
        }
    }

    /// An atom's result has the same bits wherever in a group it stands.
    #[test]
    fn atoms_do_not_see_each_other() {
        let network = random(10, &[7, 1], &[Activation::Tanh, Activation::Linear], 3);
        let net = Evaluator::<f64>::new(&scaling(10), &network, 1.0, 0.0);
        let g = descriptors(19, 10);
        let mut work = Work::default();
        let (mut e, mut d) = (vec![0.0; 19], vec![0.0; 190]);
        net.evaluate(&g, &mut work, &mut e, &mut d);
        for atom in 0..19 {
            let (mut one, mut gradient) = ([0.0], [0.0; 10]);
            net.evaluate(&g[atom * 10..(atom + 1) * 10], &mut work, &mut one, &mut gradient);
            assert_eq!(one[0], e[atom]);
            assert_eq!(gradient, d[atom * 10..(atom + 1) * 10]);
        }
    }
}
