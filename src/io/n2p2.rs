//! `input.data` of n2p2 and RuNNer: frames between `begin` and `end`.
//!
//! The file does not say in which units it is. They must be stated; a wrong guess would be off by a
//! factor of 27 in energy and of 1.9 in length without any sign of it.
//!
//! Energy and forces that are all zero are place holders of a structure without labels, and so are
//! charges that are all zero.

use super::sink::Sink;
use super::source::Source;
use super::{FileUnits, Frame, Precision, ReadFrames, ReadOptions, Value, WriteFrames, WriteOptions};
use crate::error::{Diagnostic, Error, Result};
use crate::system::{Cell, Element, Vec3};
use crate::text::{Line, Lines};
use std::fmt::Write;

/// Starts reading.
pub(super) fn open(source: Source, options: &ReadOptions) -> Box<dyn ReadFrames> {
    Box::new(Reader { lines: source.lines(), units: options.units })
}

struct Reader {
    lines: Lines,
    units: Option<FileUnits>,
}

/// A block while it is read, in the units of the file.
struct Block {
    begin: usize,
    comments: Vec<String>,
    vectors: Vec<[f64; 3]>,
    species: Vec<Element>,
    positions: Vec<Vec3>,
    forces: Vec<Vec3>,
    charges: Vec<f64>,
    energy: Option<f64>,
    charge: f64,
}

impl ReadFrames for Reader {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        loop {
            let Some(line) = self.lines.next_line()? else { return Ok(None) };
            match line.text.trim() {
                "" => {}
                text if text.starts_with('#') => {}
                "begin" => {
                    let units = self.units.ok_or_else(|| -> Error { unitless(&line).into() })?;
                    return self.block(&line, units).map(Some);
                }
                _ => return Err(line.error("expected `begin`").into()),
            }
        }
    }
}

impl Reader {
    fn block(&mut self, begin: &Line, units: FileUnits) -> Result<Frame> {
        let mut block = Block {
            begin: begin.number,
            comments: Vec::new(),
            vectors: Vec::new(),
            species: Vec::new(),
            positions: Vec::new(),
            forces: Vec::new(),
            charges: Vec::new(),
            energy: None,
            charge: 0.0,
        };
        loop {
            let line = self.lines.expect_line("`end`")?;
            let mut tokens = line.tokens();
            let Some(keyword) = tokens.next() else { continue };
            match keyword.text {
                "end" => return block.frame(&line, units),
                "comment" if tokens.rest() == SIGNATURE => {}
                "comment" => block.comments.push(tokens.rest().to_string()),
                "lattice" if block.vectors.len() == 3 => {
                    return Err(keyword.error("a fourth lattice vector").into());
                }
                "lattice" => block.vectors.push(tokens.vector("a lattice vector")?),
                "atom" => block.atom(&line)?,
                "energy" => block.energy = Some(tokens.real("the total energy")?),
                "charge" => block.charge = tokens.real("the total charge")?,
                "begin" => {
                    let message = format!("the block that begins on line {} has no `end`", block.begin);
                    return Err(keyword.error(message).into());
                }
                _ => {
                    return Err(keyword
                        .error(format!("`{}` is not a keyword of input.data", keyword.text))
                        .with_help("expected comment, lattice, atom, energy, charge or end")
                        .into());
                }
            }
        }
    }
}

impl Block {
    fn frame(self, end: &Line, units: FileUnits) -> Result<Frame> {
        let place = |error: &Error| -> Error {
            end.error(format!("the block that begins on line {}: {error}", self.begin)).into()
        };
        let cell = match self.vectors[..] {
            [] => Cell::isolated(),
            [a, b, c] => Cell::new([a, b, c].map(|row| row.map(|x| x * units.length)), [true; 3])
                .map_err(|e| place(&e))?,
            _ => {
                return Err(end
                    .error(format!(
                        "{} lattice vectors in the block that begins on line {}",
                        self.vectors.len(),
                        self.begin
                    ))
                    .with_help("expected three, or none for a molecule")
                    .into());
            }
        };
        let positions = self.positions.iter().map(|r| r * units.length).collect();
        let mut frame = Frame::new(cell, self.species, positions);
        let labelled = self.energy.is_some_and(|energy| energy != 0.0)
            || self.forces.iter().any(|f| *f != Vec3::zeros());
        if labelled {
            frame.energy = self.energy.map(|energy| energy * units.energy);
            frame.forces = Some(self.forces.iter().map(|force| force * units.force()).collect());
        }
        if self.charges.iter().any(|charge| *charge != 0.0) {
            frame.charges = Some(self.charges);
        }
        if self.charge != 0.0 {
            frame.info.insert("charge".into(), Value::Real(self.charge));
        }
        if !self.comments.is_empty() {
            frame.info.insert("comment".into(), Value::Text(self.comments.join("; ")));
        }
        frame.origin.line = self.begin;
        Ok(frame)
    }

    /// `atom x y z element charge unused fx fy fz`
    fn atom(&mut self, line: &Line) -> Result<()> {
        let mut tokens = line.tokens();
        tokens.next();
        self.positions.push(Vec3::from(tokens.vector("a coordinate")?));
        let name = tokens.expect("an element")?;
        let element = Element::from_symbol(name.text).ok_or_else(|| -> Error {
            name.error(format!("`{}` is not the symbol of an element", name.text)).into()
        })?;
        self.species.push(element);
        self.charges.push(tokens.real("a charge")?);
        tokens.real("the unused ninth value")?;
        self.forces.push(Vec3::from(tokens.vector("a component of the force")?));
        match tokens.next() {
            Some(extra) => Err(extra.error("an atom has nine values").into()),
            None => Ok(()),
        }
    }
}

/// The comment that says in which units mlmd wrote a block; for people, it is not relied upon.
const SIGNATURE: &str = "written by mlmd in eV and angstrom";

/// The refusal of a file whose units were not stated.
fn unitless(line: &Line) -> Diagnostic {
    line.error("n2p2 and RuNNer files do not say in which units they are")
        .with_help("state them: `--units hartree,bohr` or `--units ev,angstrom`")
        .with_help(
            "(in an input file: units = [\"hartree\", \"bohr\"]; what mlmd writes is in eV and angstrom)",
        )
}

/// Starts writing, in eV and Å.
pub(super) fn create(sink: Sink, options: &WriteOptions) -> Box<dyn WriteFrames> {
    Box::new(Writer { sink, precision: options.precision })
}

struct Writer {
    sink: Sink,
    precision: Precision,
}

impl WriteFrames for Writer {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        let periodic = frame.cell.periodic();
        if periodic != [true; 3] && periodic != [false; 3] {
            return Err(Error::invalid(format!(
                "{}: input.data holds crystals and molecules; this frame repeats along some lattice vectors only",
                self.sink.path().display()
            )));
        }
        if frame.energy.is_some() != frame.forces.is_some() {
            return Err(Error::invalid(format!(
                "{}: input.data states energy and forces of every frame; this one has only one of them",
                self.sink.path().display()
            )));
        }
        let mut text = String::from("begin\n");
        let _ = writeln!(text, "comment {SIGNATURE}");
        if let Some(comment) = frame.text("comment") {
            let _ = writeln!(text, "comment {}", comment.replace('\n', " "));
        }
        if periodic == [true; 3] {
            for row in frame.cell.rows() {
                self.line(&mut text, "lattice", &row);
            }
        }
        let zero = Vec3::zeros();
        for (i, element) in frame.species.iter().enumerate() {
            self.reals(&mut text, "atom", frame.positions[i].as_slice());
            let charge = frame.charges.as_ref().map_or(0.0, |charges| charges[i]);
            self.reals(&mut text, &format!(" {element}"), &[charge, 0.0]);
            let force = frame.forces.as_ref().map_or(&zero, |forces| &forces[i]);
            self.line(&mut text, "", force.as_slice());
        }
        self.line(&mut text, "energy", &[frame.energy.unwrap_or(0.0)]);
        let charge = match frame.info.get("charge") {
            Some(Value::Real(charge)) => *charge,
            Some(Value::Integer(charge)) => *charge as f64,
            _ => 0.0,
        };
        self.line(&mut text, "charge", &[charge]);
        text.push_str("end\n");
        self.sink.put(&text)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.sink.finish()
    }
}

impl Writer {
    fn reals(&self, text: &mut String, keyword: &str, numbers: &[f64]) {
        text.push_str(keyword);
        for number in numbers {
            text.push(' ');
            self.precision.push(text, *number);
        }
    }

    fn line(&self, text: &mut String, keyword: &str, numbers: &[f64]) {
        self.reals(text, keyword, numbers);
        text.push('\n');
    }
}
