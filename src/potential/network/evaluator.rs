//! A network compiled for speed: vector lanes run over atoms.
//!
//! Atoms are taken in groups that fill two registers. Within a group every activation is a row of lanes,
//! every weight is one number for the whole row, so nothing is lost to padding whatever the widths of the
//! layers are, and four neurons at a time keep the sums in registers. Weights are stored twice, in the order
//! in which the way up and the way down read them.

use super::{Activation, Network};
use crate::descriptors::Scaling;
use crate::lanes::{Kernel, Lanes, Real, Vector as _};

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
        T::dispatch(Evaluation { net: self, descriptors, work, energies, gradients });
    }
}

/// An evaluation, compiled for every instruction set.
struct Evaluation<'a, T> {
    net: &'a Evaluator<T>,
    descriptors: &'a [T],
    work: &'a mut Work<T>,
    energies: &'a mut [f64],
    gradients: &'a mut [T],
}

/// Registers that a row of a group fills: with [`TILE`] neurons there are eight sums at a time, as many as
/// two units need whose results take four cycles.
const ROW: usize = 2;

impl<T: Real> Kernel<T> for Evaluation<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self, lanes: L) {
        let Self { net, descriptors, work, energies, gradients } = self;
        let (width, group) = (net.inputs(), ROW * L::WIDTH);
        let rows = |n: usize| n.div_ceil(TILE) * TILE * group;
        let total: usize = net.layers.iter().map(|layer| rows(layer.outputs)).sum();
        let widest = net.layers.iter().map(|layer| rows(layer.inputs)).max().unwrap_or(0).max(rows(1));
        work.inputs.resize(width * group, T::ZERO);
        work.values.resize(total, T::ZERO);
        work.slopes.resize(total, T::ZERO);
        work.upper.resize(widest, T::ZERO);
        work.lower.resize(widest, T::ZERO);
        let groups = descriptors
            .chunks(width * group)
            .zip(gradients.chunks_mut(width * group))
            .zip(energies.chunks_mut(group));
        for ((descriptors, gradients), energies) in groups {
            // Atoms become lanes.
            for (lane, g) in descriptors.chunks_exact(width).enumerate() {
                let inputs = work.inputs[lane..].iter_mut().step_by(group);
                for (((x, &g), &shift), &factor) in inputs.zip(g).zip(&net.shift).zip(&net.factor) {
                    *x = (g - shift) * factor;
                }
            }
            // Up: values and slopes of every layer.
            let (mut values, mut slopes) = (&mut work.values[..], &mut work.slopes[..]);
            let mut below: &[T] = &work.inputs;
            for layer in &net.layers {
                let (now, rest) = values.split_at_mut(rows(layer.outputs));
                values = rest;
                let (slope, rest) = slopes.split_at_mut(rows(layer.outputs));
                slopes = rest;
                now.fill(T::ZERO);
                for (row, &bias) in now.chunks_exact_mut(group).zip(&layer.biases) {
                    row.fill(bias);
                }
                tiles(lanes, &layer.up, &below[..layer.inputs * group], now);
                layer.activation.apply(now, slope);
                below = now;
            }
            for (energy, &output) in energies.iter_mut().zip(below) {
                *energy = net.energy_factor * output.to_f64() + net.energy_shift;
            }
            // Down: the gradient with respect to what entered each layer.
            let (mut upper, mut lower) = (&mut work.upper, &mut work.lower);
            upper[..group].fill(T::of(net.energy_factor));
            let mut end = total;
            for layer in net.layers.iter().rev() {
                end -= rows(layer.outputs);
                for (g, &d) in upper.iter_mut().zip(&work.slopes[end..end + layer.outputs * group]) {
                    *g *= d;
                }
                let sums = &mut lower[..rows(layer.inputs)];
                sums.fill(T::ZERO);
                tiles(lanes, &layer.down, &upper[..layer.outputs * group], sums);
                std::mem::swap(&mut upper, &mut lower);
            }
            for (lane, gradient) in gradients.chunks_exact_mut(width).enumerate() {
                let result = upper[lane..].iter().step_by(group);
                for ((g, &x), &factor) in gradient.iter_mut().zip(result).zip(&net.factor) {
                    *g = x * factor;
                }
            }
        }
    }
}

/// Adds weights × rows to the sums, a tile of sums at a time.
#[inline(always)]
fn tiles<T: Real, L: Lanes<T>>(lanes: L, weights: &[T], rows: &[T], sums: &mut [T]) {
    let group = ROW * L::WIDTH;
    let tiles = weights.chunks_exact(TILE * (rows.len() / group));
    for (weights, sums) in tiles.zip(sums.chunks_exact_mut(TILE * group)) {
        let mut sum = [[lanes.splat(T::ZERO); ROW]; TILE];
        for t in 0..TILE {
            for k in 0..ROW {
                sum[t][k] = lanes.load(&sums[t * group + k * L::WIDTH..]);
            }
        }
        for (w, row) in weights.chunks_exact(TILE).zip(rows.chunks_exact(group)) {
            let row = [lanes.load(row), lanes.load(&row[L::WIDTH..])];
            for t in 0..TILE {
                let w = lanes.splat(w[t]);
                for k in 0..ROW {
                    sum[t][k] = row[k].mul_add(w, sum[t][k]);
                }
            }
        }
        for t in 0..TILE {
            for k in 0..ROW {
                lanes.store(sum[t][k], &mut sums[t * group + k * L::WIDTH..]);
            }
        }
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
