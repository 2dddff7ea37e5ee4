//! POSCAR and CONTCAR: one structure, with velocities and selective dynamics.

use super::header::{self, Header, push_row};
use super::selective;
use crate::error::{Error, Result};
use crate::io::sink::Sink;
use crate::io::source::Source;
use crate::io::{Frame, Precision, ReadFrames, ReadOptions, Value, WriteFrames, WriteOptions, capacity};
use crate::system::{Element, Vec3};
use crate::text::{Line, Lines, Token};
use std::fmt::Write;

/// Starts reading.
pub(in crate::io) fn open(source: Source, options: &ReadOptions) -> Box<dyn ReadFrames> {
    Box::new(Reader { lines: source.lines(), elements: options.elements.clone(), done: false })
}

struct Reader {
    lines: Lines,
    elements: Option<Vec<Element>>,
    done: bool,
}

impl ReadFrames for Reader {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        let lines = &mut self.lines;
        let first = lines.expect_line("the comment line of a POSCAR")?;
        let header = Header::read(&first, lines, self.elements.as_deref())?;
        let mut mode = lines.expect_line("`Direct`, `Cartesian` or `Selective dynamics`")?;
        let selective = starts_with(&mode, "sS");
        if selective {
            mode = lines.expect_line("`Direct` or `Cartesian`")?;
        }
        let cartesian = is_cartesian(&mode)?;
        let count = header.count();
        let mut species = Vec::with_capacity(capacity(count));
        let mut positions = Vec::with_capacity(capacity(count));
        let mut flags = Vec::new();
        let mut row = lines.blank();
        for (index, element) in header.species().enumerate() {
            expect_row(lines, &mut row, "the position", index, count)?;
            let mut tokens = row.tokens();
            let vector = Vec3::from(tokens.vector("three coordinates of an atom")?);
            positions.push(if cartesian {
                vector.component_mul(&header.scale)
            } else {
                header.cell.cartesian(&vector)
            });
            species.push(element);
            if selective {
                for _ in 0..3 {
                    flags.push(flag(tokens.expect("a flag (T or F) of selective dynamics")?)?);
                }
            }
        }
        let velocities = read_velocities(lines, count)?;
        let mut frame = Frame::new(header.cell, species, positions);
        frame.velocities = velocities;
        if selective {
            selective::note(&mut frame, flags);
        }
        if !header.comment.is_empty() {
            frame.info.insert("comment".into(), Value::Text(header.comment));
        }
        frame.origin.line = header.line;
        Ok(Some(frame))
    }
}

/// Reads the line of atom `index` into `row`.
pub(super) fn expect_row(
    lines: &mut Lines,
    row: &mut Line,
    what: &str,
    index: usize,
    count: usize,
) -> Result<()> {
    if lines.next_into(row)? {
        return Ok(());
    }
    Err(lines.end_error(&format!("{what} of atom {} of {count}", index + 1)))
}

fn starts_with(line: &Line, letters: &str) -> bool {
    line.text.trim_start().starts_with(|c| letters.contains(c))
}

/// The mode of the coordinates, by its first letter as VASP takes it.
fn is_cartesian(line: &Line) -> Result<bool> {
    if starts_with(line, "cCkK") {
        Ok(true)
    } else if starts_with(line, "dD") {
        Ok(false)
    } else {
        Err(line
            .error(format!("`{}` is not a mode of coordinates", line.text.trim()))
            .with_help("expected `Direct` or `Cartesian`")
            .into())
    }
}

fn flag(token: Token<'_>) -> Result<bool> {
    match token.text.trim_matches('.').as_bytes().first() {
        Some(b'T' | b't') => Ok(true),
        Some(b'F' | b'f') => Ok(false),
        _ => Err(token.error(format!("`{}` is neither T nor F", token.text)).into()),
    }
}

/// The lines after the positions; those of another structure are refused, because a POSCAR holds one.
fn rest(lines: &mut Lines) -> Result<Vec<Line>> {
    let mut rest = Vec::new();
    while let Some(line) = lines.next_line()? {
        rest.push(line);
    }
    match rest.windows(6).position(is_lattice) {
        None => Ok(rest),
        Some(at) => Err(rest[at.saturating_sub(1)]
            .error("another structure begins here")
            .with_help("expected one structure in a POSCAR; split the file")
            .into()),
    }
}

/// A scale, three lattice vectors, and names, or counts and a mode: what the state of VASP's integrator never looks like.
fn is_lattice(lines: &[Line]) -> bool {
    let reals = |line: &Line, count| {
        let words = line.split();
        words.len() == count && words.iter().all(|word| word.text.parse::<f64>().is_ok())
    };
    let [scale, a, b, c, kinds, mode] = lines else { return false };
    let named = |line: &Line| line.text.trim_start().starts_with(|c: char| c.is_ascii_alphabetic());
    let counts = kinds.tokens().all(|word| word.text.parse::<u64>().is_ok()) && named(mode);
    reals(scale, 1) && [a, b, c].into_iter().all(|vector| reals(vector, 3)) && (named(kinds) || counts)
}

/// Velocities in Å/fs after the positions, where VASP wrote them and they are not all zero: a CONTCAR
/// of a calculation without motion ends with zeros that say nothing.
fn read_velocities(lines: &mut Lines, count: usize) -> Result<Option<Vec<Vec3>>> {
    let rest = rest(lines)?;
    // The state, the velocities and the vectors of the lattice are of no use for the atoms.
    let lattice = rest.first().is_some_and(|mode| starts_with(mode, "lL"));
    let skipped = if lattice { 8 } else { 0 };
    if rest.len() < skipped {
        return Err(lines.end_error("the velocities of the lattice"));
    }
    let Some((mode, rows)) = rest[skipped..].split_first() else { return Ok(None) };
    if mode.tokens().vector("").is_ok() {
        return Err(mode
            .error(format!("a position more than the {count} atoms that the counts above come to"))
            .with_help("expected the end of the file, or a blank line or `Cartesian` before velocities")
            .into());
    }
    // One number alone begins the state of VASP's own integrator.
    let Some(first) = rows.first().filter(|line| line.tokens().count() > 1) else { return Ok(None) };
    if !mode.is_blank() && !starts_with(mode, "cCkK") {
        return Err(mode
            .error("velocities in lattice vectors per time step, whose length the file does not say")
            .with_help("expected a blank line or `Cartesian` before velocities in angstrom/fs")
            .into());
    }
    let rows = rows
        .get(..count)
        .ok_or_else(|| lines.end_error(&format!("the velocity of atom {} of {count}", rows.len() + 1)))?;
    // Tools for paths between minima write them without knowing any.
    let unknown = |row: &Line| row.tokens().take(3).all(|word| word.text.eq_ignore_ascii_case("nan"));
    if unknown(first) && rows.iter().all(unknown) {
        return Ok(None);
    }
    let velocity = |row: &Line| row.tokens().vector("three components of a velocity in angstrom/fs");
    let velocities = rows.iter().map(|row| velocity(row).map(Vec3::from)).collect::<Result<Vec<_>>>()?;
    Ok(velocities.iter().any(|v| *v != Vec3::zeros()).then_some(velocities))
}

/// Starts writing.
pub(in crate::io) fn create(sink: Sink, options: &WriteOptions) -> Box<dyn WriteFrames> {
    Box::new(Writer { sink, precision: options.precision, written: false })
}

struct Writer {
    sink: Sink,
    precision: Precision,
    written: bool,
}

impl WriteFrames for Writer {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        if std::mem::replace(&mut self.written, true) {
            return Err(Error::invalid(
                "a POSCAR holds one structure; write several to a file of another format \
                 such as extxyz or XDATCAR",
            ));
        }
        let mut text = String::new();
        header::write(&mut text, frame, self.precision)?;
        let flags = selective::of(frame)?;
        text.push_str(if flags.is_some() { "Selective dynamics\nDirect\n" } else { "Direct\n" });
        for (index, position) in frame.positions.iter().enumerate() {
            push_row(&mut text, frame.cell.fractional(position).into(), self.precision);
            if let Some(flags) = &flags {
                for flag in flags[index] {
                    text.push_str(if flag { " T" } else { " F" });
                }
            }
            text.push('\n');
        }
        if let Some(velocities) = &frame.velocities {
            let _ = writeln!(text, "Cartesian");
            for velocity in velocities {
                push_row(&mut text, (*velocity).into(), self.precision);
                text.push('\n');
            }
        }
        self.sink.put(&text)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.sink.finish()
    }
}
