//! The files of numbers: `scaling.data` and `weights.ZZZ.data`.

use super::topology::Topology;
use crate::descriptors::{Scaling, ScalingKind, Statistics};
use crate::error::{Error, Result};
use crate::potential::network::{Layer, Network};
use crate::text::Lines;
use std::fmt::Write;
use std::path::Path;

/// Reads `scaling.data`: for each element (by atomic number) the statistics of as many symmetry functions
/// as `counts` says.
///
/// Rows are `element function min max mean [sigma]`, both indices from 1; rows with fewer columns (overall
/// statistics of energies and forces) end the table.
pub(super) fn read_scaling(path: &Path, counts: &[usize]) -> Result<Vec<Vec<Statistics>>> {
    let mut lines = Lines::open(path)?;
    let mut tables: Vec<Vec<Option<Statistics>>> = counts.iter().map(|&n| vec![None; n]).collect();
    while let Some(line) = lines.next_line()? {
        if line.is_blank() || line.text.trim_start().starts_with('#') {
            continue;
        }
        let words = line.split();
        if words.len() < 5 {
            continue;
        }
        let element: usize = words[0].integer("the number of an element")?;
        let Some(table) = element.checked_sub(1).and_then(|index| tables.get_mut(index)) else {
            let message = format!("element {element} of {}", counts.len());
            return Err(words[0].error(message).into());
        };
        let function: usize = words[1].integer("the number of a symmetry function")?;
        let functions = table.len();
        let Some(entry) = function.checked_sub(1).and_then(|index| table.get_mut(index)) else {
            let message = format!("symmetry function {function}, but element {element} has {functions}");
            return Err(words[1]
                .error(message)
                .with_help("scaling.data and input.nn do not belong together")
                .into());
        };
        if entry.is_some() {
            let message = format!("symmetry function {function} of element {element} is there twice");
            return Err(words[1].error(message).into());
        }
        let real = |index: usize, expected| words[index].real(expected);
        *entry = Some(Statistics {
            min: real(2, "the minimum")?,
            max: real(3, "the maximum")?,
            mean: real(4, "the mean")?,
            // Older files have no fifth number.
            spread: words.get(5).map_or(Ok(0.0), |word| word.real("the standard deviation"))?,
        });
    }
    let mut complete = Vec::with_capacity(tables.len());
    for (element, table) in tables.into_iter().enumerate() {
        let missing = table.iter().position(Option::is_none);
        if let Some(function) = missing {
            return Err(lines.end_error(&format!(
                "a row for symmetry function {} of element {}",
                function + 1,
                element + 1
            )));
        }
        complete.push(table.into_iter().flatten().collect());
    }
    Ok(complete)
}

/// What stands at the head of `scaling.data`.
const SCALING_HEAD: &str = "\
# Symmetry function scaling data.
# 1 element index, by atomic number
# 2 symmetry function index, in n2p2's order
# 3 minimum
# 4 maximum
# 5 mean
# 6 standard deviation
";

/// The text of `scaling.data`.
pub(super) fn write_scaling<'a>(scalings: impl Iterator<Item = &'a Scaling>) -> String {
    let mut text = String::from(SCALING_HEAD);
    for (element, scaling) in scalings.enumerate() {
        for (function, s) in scaling.statistics().iter().enumerate() {
            // n2p2 knows standard deviations only.
            let sigma = match scaling.kind() {
                ScalingKind::SecondMoment => (s.spread - s.mean * s.mean).max(0.0).sqrt(),
                _ => s.spread,
            };
            let _ = writeln!(
                text,
                "{:4} {:4} {:24.16E} {:24.16E} {:24.16E} {sigma:24.16E}",
                element + 1,
                function + 1,
                s.min,
                s.max,
                s.mean
            );
        }
    }
    text
}

/// Reads `weights.ZZZ.data` of a network on `inputs` numbers that is one of the `candidates`.
///
/// The first column counts; rows are in the order layer, source neuron, target neuron, and after each
/// layer its biases.
pub(super) fn read_weights(
    path: &Path,
    inputs: usize,
    candidates: &[Topology],
    normalize_nodes: bool,
) -> Result<Network> {
    let sizes: Vec<Option<usize>> = candidates.iter().map(|c| c.parameters(inputs)).collect();
    let most = sizes.iter().flatten().max().copied().unwrap_or(0);
    let mut lines = Lines::open(path)?;
    let mut numbers = Vec::new();
    while let Some(line) = lines.next_line()? {
        let Some(word) = line.tokens().next() else { continue };
        if word.text.starts_with('#') {
            continue;
        }
        if numbers.len() == most {
            let message =
                format!("more than the {most} numbers of a network {}", describe(candidates, inputs));
            return Err(word.error(message).into());
        }
        numbers.push(word.real("a weight")?);
    }
    let Some(chosen) = sizes.iter().position(|size| *size == Some(numbers.len())) else {
        return Err(lines.end_error(&format!(
            "{most} numbers, those of a network {}, but there are {}",
            describe(candidates, inputs),
            numbers.len()
        )));
    };
    build(&candidates[chosen], inputs, &numbers, normalize_nodes)
        .map_err(|error| Error::invalid(format!("{}: {error}", path.display())))
}

fn describe(candidates: &[Topology], inputs: usize) -> String {
    let all: Vec<_> = candidates.iter().map(|candidate| candidate.describe(inputs)).collect();
    all.join(" or ")
}

fn build(topology: &Topology, inputs: usize, numbers: &[f64], normalize_nodes: bool) -> Result<Network> {
    let mut rest = numbers;
    let mut below = inputs;
    let mut layers = Vec::with_capacity(topology.widths.len());
    for (&width, &activation) in topology.widths.iter().zip(&topology.activations) {
        let (weights, tail) = rest.split_at(below * width);
        let (biases, tail) = tail.split_at(width);
        rest = tail;
        layers.push(Layer {
            weights: (0..width).flat_map(|o| (0..below).map(move |k| weights[k * width + o])).collect(),
            biases: biases.to_vec(),
            activation,
        });
        below = width;
    }
    Network::new(inputs, layers, normalize_nodes)
}

/// What stands at the head of `weights.ZZZ.data`.
const WEIGHTS_HEAD: &str = "\
# Neural network connection values (weights and biases).
# 1 value
# 2 a = weight, b = bias
# 3 index
# 4 layer of the source (of the target for a bias)
# 5 neuron in it
# 6 layer of the target
# 7 neuron in it
";

/// The text of `weights.ZZZ.data`.
pub(super) fn write_weights(network: &Network) -> String {
    let mut text = String::from(WEIGHTS_HEAD);
    let mut index = 0;
    let mut inputs = network.inputs();
    for (l, layer) in network.layers().iter().enumerate() {
        let outputs = layer.outputs();
        for k in 0..inputs {
            for o in 0..outputs {
                index += 1;
                let weight = layer.weights[o * inputs + k];
                let _ =
                    writeln!(text, "{weight:24.16E} a {index:9} {l:5} {:5} {:5} {:5}", k + 1, l + 1, o + 1);
            }
        }
        for (o, bias) in layer.biases.iter().enumerate() {
            index += 1;
            let _ = writeln!(text, "{bias:24.16E} b {index:9} {:5} {:5}", l + 1, o + 1);
        }
        inputs = outputs;
    }
    text
}
