//! POSCAR and CONTCAR: one structure, with velocities and selective dynamics.

use super::header::{self, Header, push_row};
use crate::error::{Error, Result};
use crate::io::sink::Sink;
use crate::io::source::Source;
use crate::io::{
    Column, ColumnValues, Frame, Precision, ReadFrames, ReadOptions, Value, WriteFrames, WriteOptions,
    capacity,
};
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
            frame.columns.insert("move_mask".into(), Column { width: 3, values: ColumnValues::Flags(flags) });
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

/// Velocities in Å/fs after the positions, where VASP wrote them and they are not all zero: a CONTCAR
/// of a calculation without motion ends with zeros that say nothing.
fn read_velocities(lines: &mut Lines, count: usize) -> Result<Option<Vec<Vec3>>> {
    let Some(mut mode) = lines.next_line()? else { return Ok(None) };
    if starts_with(&mode, "lL") {
        // The state, the velocities and the vectors of the lattice: of no use for the atoms.
        for _ in 0..7 {
            lines.expect_line("the velocities of the lattice")?;
        }
        match lines.next_line()? {
            Some(line) => mode = line,
            None => return Ok(None),
        }
    }
    // One number alone begins the state of VASP's own integrator.
    let first = lines.peek_line()?;
    if first.is_none_or(|line| line.tokens().count() <= 1) {
        return Ok(None);
    }
    if !mode.is_blank() && !starts_with(&mode, "cCkK") {
        return Err(mode
            .error("velocities in lattice vectors per time step, whose length the file does not say")
            .with_help("expected a blank line or `Cartesian` before velocities in angstrom/fs")
            .into());
    }
    let mut velocities = Vec::with_capacity(capacity(count));
    let mut row = lines.blank();
    for index in 0..count {
        expect_row(lines, &mut row, "the velocity", index, count)?;
        velocities.push(Vec3::from(row.tokens().vector("three components of a velocity in angstrom/fs")?));
    }
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
        let flags = selective(frame)?;
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

/// The column `move_mask` as three flags per atom.
fn selective(frame: &Frame) -> Result<Option<Vec<[bool; 3]>>> {
    let Some(Column { width, values: ColumnValues::Flags(flags) }) = frame.columns.get("move_mask") else {
        return Ok(None);
    };
    let masks: Vec<[bool; 3]> = match width {
        1 => flags.iter().map(|flag| [*flag; 3]).collect(),
        3 => flags.chunks_exact(3).map(|flags| [flags[0], flags[1], flags[2]]).collect(),
        _ => return Ok(None),
    };
    if masks.len() == frame.len() {
        Ok(Some(masks))
    } else {
        Err(Error::Internal(format!("{} entries in `move_mask` of {} atoms", masks.len(), frame.len())))
    }
}
