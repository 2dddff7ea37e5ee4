//! Writing extended XYZ as ASE writes it.

use super::ASE_TIME;
use super::comment::quoted;
use crate::error::{Error, Result};
use crate::io::sink::Sink;
use crate::io::{ColumnValues, Frame, Precision, Value, WriteFrames, WriteOptions};
use crate::system::Vec3;
use std::fmt::Write;

/// Starts writing.
pub(in crate::io) fn create(sink: Sink, options: &WriteOptions) -> Box<dyn WriteFrames> {
    Box::new(Writer { sink, text: Text { precision: options.precision, text: String::new() } })
}

/// A frame as the text of a file.
pub fn extxyz(frame: &Frame, options: &WriteOptions) -> Result<String> {
    let mut text = Text { precision: options.precision, text: String::new() };
    text.put(frame)?;
    Ok(text.text)
}

struct Writer {
    sink: Sink,
    text: Text,
}

/// The text of a frame as it grows.
struct Text {
    precision: Precision,
    text: String,
}

impl WriteFrames for Writer {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        self.text.text.clear();
        self.text.put(frame)?;
        self.sink.put(&self.text.text)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.sink.finish()
    }
}

impl Text {
    fn put(&mut self, frame: &Frame) -> Result<()> {
        let columns = columns(frame)?;
        header(&mut self.text, frame, &columns, self.precision);
        for index in 0..frame.len() {
            let _ = write!(self.text, "{:<2}", frame.species[index].symbol());
            self.vector(&frame.positions[index]);
            for column in &columns {
                self.cell(frame, column, index);
            }
            self.text.push('\n');
        }
        Ok(())
    }

    fn real(&mut self, number: f64) {
        self.text.push(' ');
        self.precision.push(&mut self.text, number);
    }

    fn vector(&mut self, vector: &Vec3) {
        for component in vector {
            self.real(*component);
        }
    }

    /// The entries of one column for one atom.
    fn cell(&mut self, frame: &Frame, column: &Output<'_>, index: usize) {
        match column.data {
            Data::Vectors(vectors) => self.vector(&vectors[index]),
            Data::Momenta(velocities) => {
                let mass = frame.masses.as_ref().map_or(frame.species[index].mass(), |masses| masses[index]);
                self.vector(&(velocities[index] * (mass * ASE_TIME)));
            }
            Data::Scalars(scalars) => self.real(scalars[index]),
            Data::Images(images) => {
                for component in images[index] {
                    let _ = write!(self.text, " {component}");
                }
            }
            Data::Other(values) => {
                for at in index * column.width..(index + 1) * column.width {
                    match values {
                        ColumnValues::Flags(flags) => self.text.push_str(if flags[at] { " T" } else { " F" }),
                        ColumnValues::Integers(integers) => {
                            let _ = write!(self.text, " {}", integers[at]);
                        }
                        ColumnValues::Reals(reals) => self.real(reals[at]),
                        ColumnValues::Texts(texts) => {
                            let _ = write!(self.text, " {}", texts[at]);
                        }
                    }
                }
            }
        }
    }
}

/// A column after symbol and position.
struct Output<'a> {
    name: &'a str,
    kind: char,
    width: usize,
    data: Data<'a>,
}

#[derive(Clone, Copy)]
enum Data<'a> {
    Vectors(&'a [Vec3]),
    Momenta(&'a [Vec3]),
    Scalars(&'a [f64]),
    Images(&'a [[i32; 3]]),
    Other(&'a ColumnValues),
}

/// The columns a frame has, each with one entry per atom.
fn columns(frame: &Frame) -> Result<Vec<Output<'_>>> {
    let mut columns = Vec::new();
    let mut add = |name, kind, width, data| columns.push(Output { name, kind, width, data });
    if let Some(masses) = &frame.masses {
        add("masses", 'R', 1, Data::Scalars(masses));
    }
    if let Some(velocities) = &frame.velocities {
        add("momenta", 'R', 3, Data::Momenta(velocities));
    }
    if let Some(images) = &frame.images {
        add("images", 'I', 3, Data::Images(images));
    }
    if let Some(charges) = &frame.charges {
        add("charge", 'R', 1, Data::Scalars(charges));
    }
    if let Some(energies) = &frame.atomic_energies {
        add("energies", 'R', 1, Data::Scalars(energies));
    }
    if let Some(forces) = &frame.forces {
        add("forces", 'R', 3, Data::Vectors(forces));
    }
    for (name, column) in &frame.columns {
        let own = ["species", "pos"].contains(&name.as_str());
        if own || columns.iter().any(|known| known.name == name) || column.width == 0 {
            continue;
        }
        let kind = match column.values {
            ColumnValues::Flags(_) => 'L',
            ColumnValues::Integers(_) => 'I',
            ColumnValues::Reals(_) => 'R',
            ColumnValues::Texts(_) => 'S',
        };
        columns.push(Output { name, kind, width: column.width, data: Data::Other(&column.values) });
    }
    for column in &columns {
        let length = match column.data {
            Data::Vectors(vectors) | Data::Momenta(vectors) => vectors.len(),
            Data::Scalars(scalars) => scalars.len(),
            Data::Images(images) => images.len(),
            Data::Other(ColumnValues::Flags(values)) => values.len() / column.width,
            Data::Other(ColumnValues::Integers(values)) => values.len() / column.width,
            Data::Other(ColumnValues::Reals(values)) => values.len() / column.width,
            Data::Other(ColumnValues::Texts(values)) => values.len() / column.width,
        };
        if length != frame.len() || frame.positions.len() != frame.len() {
            return Err(Error::Internal(format!(
                "{} entries in `{}` of a frame of {} atoms",
                length,
                column.name,
                frame.len()
            )));
        }
    }
    Ok(columns)
}

/// The count and the comment line.
fn header(text: &mut String, frame: &Frame, columns: &[Output<'_>], precision: Precision) {
    let _ = writeln!(text, "{}", frame.len());
    let array = |text: &mut String, numbers: &mut dyn Iterator<Item = f64>| {
        text.push('"');
        for (index, number) in numbers.enumerate() {
            if index > 0 {
                text.push(' ');
            }
            precision.push(text, number);
        }
        text.push('"');
    };
    if frame.cell.present() != [false; 3] {
        text.push_str("Lattice=");
        array(text, &mut frame.cell.rows().into_iter().flatten());
        text.push(' ');
    }
    text.push_str("Properties=species:S:1:pos:R:3");
    for column in columns {
        let _ = write!(text, ":{}:{}:{}", column.name, column.kind, column.width);
    }
    if let Some(energy) = frame.energy {
        text.push_str(" energy=");
        precision.push(text, energy);
    }
    if let Some(stress) = &frame.stress {
        text.push_str(" stress=");
        array(text, &mut stress.transpose().iter().copied());
    }
    if let Some(step) = frame.step {
        let _ = write!(text, " step={step}");
    }
    if let Some(time) = frame.time {
        text.push_str(" time=");
        precision.push(text, time);
    }
    let letter = |flag| if flag { 'T' } else { 'F' };
    let [a, b, c] = frame.cell.periodic().map(letter);
    let _ = write!(text, " pbc=\"{a} {b} {c}\"");
    for (key, value) in &frame.info {
        // Keys that were not chosen as labels must not come back as labels.
        let taken = match key.as_str() {
            "Lattice" | "Properties" | "pbc" => true,
            "energy" => frame.energy.is_some(),
            "stress" => frame.stress.is_some(),
            "step" => frame.step.is_some(),
            "time" => frame.time.is_some(),
            _ => false,
        };
        if taken {
            continue;
        }
        let _ = write!(text, " {}=", quoted(key));
        match value {
            Value::Flag(flag) => text.push(letter(*flag)),
            Value::Integer(integer) => {
                let _ = write!(text, "{integer}");
            }
            Value::Real(real) => precision.push(text, *real),
            Value::Text(value) => text.push_str(&quoted(value)),
            Value::Integers(integers) => {
                let words: Vec<String> = integers.iter().map(ToString::to_string).collect();
                let _ = write!(text, "\"{}\"", words.join(" "));
            }
            Value::Reals(reals) => array(text, &mut reals.iter().copied()),
        }
    }
    text.push('\n');
}
