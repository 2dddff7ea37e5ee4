//! A network compiled for speed: vector lanes run over the neurons of a layer.
//!
//! Rows of weights are filled up to whole vectors and stored twice, in the order in which the way up and the way
//! down read them. Up to four atoms share every weight that is loaded, and a dozen sums stay in registers. Lanes
//! that run over atoms would fill nothing up, but groups of one element are seldom as large as vectors are wide:
//! two of the 24 atoms of a block may be zirconium.

use super::{Activation, Network};
use crate::descriptors::Scaling;
use crate::lanes::{Buffer, Kernel, Lanes, Real, Vector as _};

/// Atoms that go up and down together: what is known of them stays in the fastest cache.
const TOGETHER: usize = 8;

/// The length of a row of so many numbers in memory: whole vectors of every instruction set.
fn padded(numbers: usize) -> usize {
    numbers.next_multiple_of(16)
}

/// One layer in the order in which it is read.
#[derive(Debug, Clone)]
struct Compiled<T: Real> {
    inputs: usize,
    outputs: usize,
    activation: Activation,
    /// For every input the weights of all neurons; rows are zero-padded.
    up: Buffer<T>,
    /// For every neuron the weights of all inputs; rows are zero-padded.
    down: Buffer<T>,
    /// One per neuron, zero-padded.
    biases: Buffer<T>,
}

/// Descriptors of atoms of one element to their energies: scaling, network and units of the output.
///
/// E = a·NN((G − shift)·factor + offset) + b, and ∂E/∂G with it.
#[derive(Debug, Clone)]
pub struct Evaluator<T: Real> {
    shift: Vec<T>,
    factor: Vec<T>,
    layers: Vec<Compiled<T>>,
    energy_factor: f64,
    energy_shift: f64,
}

/// Buffers of an evaluation, to be kept from one to the next.
#[derive(Debug, Default)]
pub struct Work<T> {
    inputs: Buffer<T>,
    values: Buffer<T>,
    slopes: Buffer<T>,
    upper: Buffer<T>,
    lower: Buffer<T>,
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
            let weight = |o: usize, k: usize| T::of(layer.weights[o * inputs + k] * node);
            let (mut up, mut down, mut biases) = (Buffer::default(), Buffer::default(), Buffer::default());
            let (below, above) = (padded(inputs), padded(outputs));
            for (buffer, length) in
                [(&mut up, inputs * above), (&mut down, outputs * below), (&mut biases, above)]
            {
                buffer.resize(length);
                buffer.fill(T::ZERO);
            }
            for (o, (bias, row)) in layer.biases.iter().zip(layer.weights.chunks_exact(inputs)).enumerate() {
                biases[o] = T::of((bias + offset * row.iter().sum::<f64>()) * node);
                for k in 0..inputs {
                    up[k * above + o] = weight(o, k);
                    down[o * below + k] = weight(o, k);
                }
            }
            layers.push(Compiled { inputs, outputs, activation: layer.activation, up, down, biases });
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
struct Evaluation<'a, T: Real> {
    net: &'a Evaluator<T>,
    descriptors: &'a [T],
    work: &'a mut Work<T>,
    energies: &'a mut [f64],
    gradients: &'a mut [T],
}

impl<T: Real> Kernel<T> for Evaluation<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self, lanes: L) {
        let Self { net, descriptors, work, energies, gradients } = self;
        let width = net.inputs();
        let total: usize = net.layers.iter().map(|layer| padded(layer.outputs)).sum();
        let widest = net.layers.iter().map(|layer| padded(layer.inputs)).max().unwrap_or(0).max(padded(1));
        work.inputs.resize(TOGETHER * width);
        work.values.resize(TOGETHER * total);
        work.slopes.resize(TOGETHER * total);
        work.upper.resize(TOGETHER * widest);
        work.lower.resize(TOGETHER * widest);
        let groups = descriptors
            .chunks(TOGETHER * width)
            .zip(gradients.chunks_mut(TOGETHER * width))
            .zip(energies.chunks_mut(TOGETHER));
        for ((descriptors, gradients), energies) in groups {
            let atoms = energies.len();
            for (x, g) in work.inputs.chunks_exact_mut(width).zip(descriptors.chunks_exact(width)) {
                for (((x, &g), &shift), &factor) in x.iter_mut().zip(g).zip(&net.shift).zip(&net.factor) {
                    *x = (g - shift) * factor;
                }
            }
            // Up: values and slopes of every layer.
            let (mut values, mut slopes) = (&mut work.values[..], &mut work.slopes[..]);
            let mut below = Rows { numbers: &work.inputs, length: width, used: width };
            for layer in &net.layers {
                let row = padded(layer.outputs);
                let (now, rest) = values.split_at_mut(atoms * row);
                values = rest;
                let (slope, rest) = slopes.split_at_mut(atoms * row);
                slopes = rest;
                for now in now.chunks_exact_mut(row) {
                    now.copy_from_slice(&layer.biases);
                }
                add_products(lanes, below, &layer.up, (now, layer.outputs));
                layer.activation.apply(now, slope);
                below = Rows { numbers: now, length: row, used: layer.outputs };
            }
            for (energy, output) in energies.iter_mut().zip(below.numbers.chunks_exact(below.length)) {
                *energy = net.energy_factor * output[0].to_f64() + net.energy_shift;
            }
            // Down: the gradient with respect to what entered each layer.
            let (mut upper, mut lower) = (&mut work.upper, &mut work.lower);
            for row in upper.chunks_exact_mut(padded(1)).take(atoms) {
                row[0] = T::of(net.energy_factor);
            }
            let mut end = atoms * total;
            for layer in net.layers.iter().rev() {
                let (row, next) = (padded(layer.outputs), padded(layer.inputs));
                end -= atoms * row;
                for (g, &d) in upper.iter_mut().zip(&work.slopes[end..end + atoms * row]) {
                    *g *= d;
                }
                let sums = &mut lower[..atoms * next];
                sums.fill(T::ZERO);
                let above = Rows { numbers: upper, length: row, used: layer.outputs };
                add_products(lanes, above, &layer.down, (sums, layer.inputs));
                std::mem::swap(&mut upper, &mut lower);
            }
            for (gradient, g) in gradients.chunks_exact_mut(width).zip(upper.chunks_exact(padded(width))) {
                for ((gradient, &g), &factor) in gradient.iter_mut().zip(g).zip(&net.factor) {
                    *gradient = g * factor;
                }
            }
        }
    }
}

/// A row of numbers for each atom.
#[derive(Clone, Copy)]
struct Rows<'a, T> {
    numbers: &'a [T],
    /// From one row to the next.
    length: usize,
    /// How many numbers of each row count.
    used: usize,
}

/// Adds to the first `used` sums of every atom its row of numbers times the matrix of `weights`, which has a row for
/// each of these numbers.
#[inline(always)]
fn add_products<T: Real, L: Lanes<T>>(
    lanes: L,
    rows: Rows<'_, T>,
    weights: &[T],
    (sums, used): (&mut [T], usize),
) {
    let row = padded(used);
    let mut at = 0;
    let mut sums = sums;
    while !sums.is_empty() {
        let atoms = if sums.len() >= 4 * row { 4 } else { (sums.len() / row).min(2) };
        let (now, rest) = sums.split_at_mut(atoms * row);
        sums = rest;
        let from = Rows { numbers: &rows.numbers[at * rows.length..], ..rows };
        match atoms {
            4 => all_columns::<T, L, 4>(lanes, from, weights, (now, used)),
            2 => all_columns::<T, L, 2>(lanes, from, weights, (now, used)),
            _ => all_columns::<T, L, 1>(lanes, from, weights, (now, used)),
        }
        at += atoms;
    }
}

/// As [`add_products`], for `A` atoms: three vectors of columns at a time, or two, one only where there is no other.
#[inline(always)]
fn all_columns<T: Real, L: Lanes<T>, const A: usize>(
    lanes: L,
    rows: Rows<'_, T>,
    weights: &[T],
    (sums, used): (&mut [T], usize),
) {
    let mut column = 0;
    while column < used {
        let left = (used - column).div_ceil(L::WIDTH);
        let vectors = if left == 4 { 2 } else { left.min(3) };
        match vectors {
            3 => some_columns::<T, L, A, 3>(lanes, rows, weights, (sums, used), column),
            2 => some_columns::<T, L, A, 2>(lanes, rows, weights, (sums, used), column),
            _ => some_columns::<T, L, A, 1>(lanes, rows, weights, (sums, used), column),
        }
        column += vectors * L::WIDTH;
    }
}

/// As [`add_products`], for `A` atoms and `V` vectors of columns, whose sums stay in registers.
#[inline(always)]
fn some_columns<T: Real, L: Lanes<T>, const A: usize, const V: usize>(
    lanes: L,
    rows: Rows<'_, T>,
    weights: &[T],
    (sums, used): (&mut [T], usize),
    column: usize,
) {
    let row = padded(used);
    let mut sum = [[lanes.splat(T::ZERO); V]; A];
    for a in 0..A {
        for v in 0..V {
            sum[a][v] = lanes.load(&sums[a * row + column + v * L::WIDTH..]);
        }
    }
    let mut numbers = [&rows.numbers[..rows.used]; A];
    for a in 1..A {
        numbers[a] = &rows.numbers[a * rows.length..][..rows.used];
    }
    for (k, weights) in weights.chunks_exact(row).enumerate().take(rows.used) {
        let weights = &weights[column..column + V * L::WIDTH];
        let mut w = [lanes.load(weights); V];
        for v in 1..V {
            w[v] = lanes.load(&weights[v * L::WIDTH..]);
        }
        for a in 0..A {
            let x = lanes.splat(numbers[a][k]);
            for v in 0..V {
                sum[a][v] = w[v].mul_add(x, sum[a][v]);
            }
        }
    }
    for a in 0..A {
        for v in 0..V {
            lanes.store(sum[a][v], &mut sums[a * row + column + v * L::WIDTH..]);
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
