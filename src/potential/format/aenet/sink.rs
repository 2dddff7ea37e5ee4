//! Writing the records of a network file, as text and as aenet's own programs read them.

use super::file::{NAMED, NetworkFile, PARAMETERS};
use crate::error::{Error, Result};
use crate::potential::network::Layer;
use std::fmt::Write;

/// Something that takes records.
trait Sink {
    /// One number, in a record of its own.
    fn integer(&mut self, value: i64);
    /// Integers in rows.
    fn integers(&mut self, values: &[i64]);
    /// One real number, in a record of its own.
    fn real(&mut self, value: f64);
    /// Real numbers in rows.
    fn reals(&mut self, values: &[f64]);
    /// A few real numbers that belong together.
    fn triple(&mut self, values: [f64; 3]);
    /// A text of `width` characters.
    fn text(&mut self, value: &str, width: usize);
    /// Names of two characters.
    fn names(&mut self, values: &[&str]);
    /// A truth value.
    fn logical(&mut self, value: bool);
    /// Does the table of environments have a row for every element?
    fn is_text(&self) -> bool;
}

/// The text of `*.nn.ascii`.
pub(in super::super) fn ascii(file: &NetworkFile) -> Result<Vec<u8>> {
    let mut sink = Ascii(String::new());
    write(file, &mut sink)?;
    Ok(sink.0.into_bytes())
}

/// The bytes of `*.nn`.
pub(super) fn binary(file: &NetworkFile) -> Result<Vec<u8>> {
    let mut sink = Binary(Vec::new());
    write(file, &mut sink)?;
    // Lengths are 32 bits wide, and so are counts.
    if sink.0.len() > i32::MAX as usize {
        return Err(Error::invalid("the potential is too large for aenet's binary files"));
    }
    Ok(sink.0)
}

fn write(file: &NetworkFile, sink: &mut dyn Sink) -> Result<()> {
    let NetworkFile { network, setup, training } = file;
    let nodes: Vec<usize> =
        std::iter::once(network.inputs()).chain(network.layers().iter().map(Layer::outputs)).collect();
    // Cumulative numbers of weights and of values, the latter with a constant node in every layer but the
    // last.
    let (mut weights, mut values) = (vec![0], vec![0]);
    for pair in nodes.windows(2) {
        weights.push(weights[weights.len() - 1] + (pair[0] + 1) * pair[1]);
        values.push(values[values.len() - 1] + pair[0] + 1);
    }
    let integers = |values: &[usize]| values.iter().map(|&n| n as i64).collect::<Vec<i64>>();
    sink.integer(nodes.len() as i64);
    sink.integer(nodes.iter().max().map_or(0, |&n| n as i64));
    sink.integer(weights[weights.len() - 1] as i64);
    sink.integer((values[values.len() - 1] + 1) as i64);
    sink.integers(&integers(&nodes));
    let mut functions = Vec::new();
    for layer in network.layers() {
        let number = layer.activation.number().ok_or_else(|| {
            Error::invalid(format!("aenet has no activation function `{}`", layer.activation.name()))
        })?;
        functions.push(i64::from(number));
    }
    sink.integers(&functions);
    sink.integers(&integers(&weights));
    sink.integers(&integers(&values));
    let mut flat = Vec::new();
    for (layer, &inputs) in network.layers().iter().zip(&nodes) {
        for k in 0..inputs {
            flat.extend(layer.weights.iter().skip(k).step_by(inputs));
        }
        flat.extend(&layer.biases);
    }
    sink.reals(&flat);

    sink.text(&setup.description, 1024);
    sink.text(setup.element.symbol(), 2);
    sink.integer(setup.environment.len() as i64);
    let symbols: Vec<_> = setup.environment.iter().map(|element| element.symbol()).collect();
    sink.names(&symbols);
    sink.real(setup.range[0]);
    sink.real(setup.range[1]);
    sink.text(&setup.basis, 100);
    sink.integer(setup.functions.len() as i64);
    sink.integer(PARAMETERS as i64);
    sink.integers(&setup.functions.iter().map(|f| f.0).collect::<Vec<_>>());
    sink.reals(&setup.functions.iter().flat_map(|f| f.1).collect::<Vec<_>>());
    let rows = if sink.is_text() { setup.environment.len() } else { NAMED };
    let named = setup.functions.iter().flat_map(|f| (0..rows).map(|k| f.2.get(k).copied().unwrap_or(0)));
    sink.integers(&named.collect::<Vec<_>>());
    sink.integer(setup.evaluations);
    for column in 0..4 {
        sink.reals(&setup.statistics.iter().map(|s| s[column]).collect::<Vec<_>>());
    }

    sink.text(&training.file, 1024);
    sink.logical(training.normalized);
    sink.real(training.scale);
    sink.real(training.shift);
    sink.integer(training.elements.len() as i64);
    let symbols: Vec<_> = training.elements.iter().map(|element| element.symbol()).collect();
    sink.names(&symbols);
    sink.reals(&training.references);
    sink.integer(training.atoms);
    sink.integer(training.structures);
    sink.triple(training.energies);
    Ok(())
}

/// Text in the columns that aenet's formatted reading expects.
struct Ascii(String);

/// A number in 24 columns with 18 significant digits, as Fortran's `ES24.17`.
fn fortran_real(value: f64) -> String {
    let text = format!("{value:.17E}");
    let (mantissa, exponent) = text.split_once('E').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    let digits = exponent.abs();
    // Three digits leave no room for the letter.
    let letter = if digits < 100 { "E" } else { "" };
    format!("{:>24}", format!("{mantissa}{letter}{sign}{digits:02}"))
}

impl Ascii {
    fn line(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing into a string cannot fail.
        let _ = writeln!(self.0, "{arguments}");
    }
}

impl Sink for Ascii {
    fn integer(&mut self, value: i64) {
        self.line(format_args!("{value:12}"));
    }

    fn integers(&mut self, values: &[i64]) {
        for row in values.chunks(4) {
            for value in row {
                let _ = write!(self.0, " {value:17}");
            }
            self.0.push('\n');
        }
    }

    fn real(&mut self, value: f64) {
        self.line(format_args!(" {}", fortran_real(value)));
    }

    fn reals(&mut self, values: &[f64]) {
        for row in values.chunks(4) {
            for &value in row {
                self.0.push(' ');
                self.0.push_str(&fortran_real(value));
            }
            self.0.push('\n');
        }
    }

    fn triple(&mut self, values: [f64; 3]) {
        self.reals(&values);
    }

    fn text(&mut self, value: &str, width: usize) {
        self.line(format_args!("{value:<width$}", width = width.min(2)));
    }

    fn names(&mut self, values: &[&str]) {
        for value in values {
            self.line(format_args!("{value:<2}"));
        }
    }

    fn logical(&mut self, value: bool) {
        self.line(format_args!("{}", if value { " T" } else { " F" }));
    }

    fn is_text(&self) -> bool {
        true
    }
}

/// Unformatted records: the length, the bytes, the length again.
struct Binary(Vec<u8>);

impl Binary {
    fn record(&mut self, bytes: &[u8]) {
        let length = (bytes.len() as u32).to_le_bytes();
        self.0.extend(length);
        self.0.extend(bytes);
        self.0.extend(length);
    }
}

/// A text in as many bytes, cut or filled up with blanks.
fn padded(text: &str, width: usize) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(width, b' ');
    bytes
}

impl Sink for Binary {
    fn integer(&mut self, value: i64) {
        self.integers(&[value]);
    }

    fn integers(&mut self, values: &[i64]) {
        let bytes: Vec<u8> = values.iter().flat_map(|&value| (value as i32).to_le_bytes()).collect();
        self.record(&bytes);
    }

    fn real(&mut self, value: f64) {
        self.reals(&[value]);
    }

    fn reals(&mut self, values: &[f64]) {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.record(&bytes);
    }

    fn triple(&mut self, values: [f64; 3]) {
        self.reals(&values);
    }

    fn text(&mut self, value: &str, width: usize) {
        self.record(&padded(value, width));
    }

    fn names(&mut self, values: &[&str]) {
        let bytes: Vec<u8> = values.iter().flat_map(|value| padded(value, 2)).collect();
        self.record(&bytes);
    }

    fn logical(&mut self, value: bool) {
        self.integers(&[i64::from(value)]);
    }

    fn is_text(&self) -> bool {
        false
    }
}
