//! XDATCAR: the positions of a molecular dynamics run, in a cell that is fixed or not.

use super::header::{self, Header, push_row, runs};
use super::poscar::expect_row;
use crate::error::{Error, Result};
use crate::io::sink::Sink;
use crate::io::source::Source;
use crate::io::{Frame, Precision, ReadFrames, ReadOptions, Value, WriteFrames, WriteOptions, capacity};
use crate::system::{Cell, Element, Vec3};
use crate::text::{Line, Lines};
use std::fmt::Write;

/// Starts reading.
pub(in crate::io) fn open(source: Source, options: &ReadOptions) -> Box<dyn ReadFrames> {
    let lines = source.lines();
    let row = lines.blank();
    Box::new(Reader { lines, row, elements: options.elements.clone(), header: None })
}

struct Reader {
    lines: Lines,
    row: Line,
    elements: Option<Vec<Element>>,
    header: Option<Header>,
}

/// `Direct configuration=    12`: what stands behind the mark, if the line begins a configuration.
fn configuration(line: &Line) -> Option<&str> {
    const MARK: &str = "direct configuration=";
    let text = line.text.trim_start();
    let head = text.get(..MARK.len())?;
    head.eq_ignore_ascii_case(MARK).then(|| text[MARK.len()..].trim())
}

impl ReadFrames for Reader {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        let line = loop {
            match self.lines.next_line()? {
                None => return Ok(None),
                Some(line) if line.is_blank() && self.header.is_some() => {}
                Some(line) => break line,
            }
        };
        let start = line.number;
        let line = if configuration(&line).is_some() && self.header.is_some() {
            line
        } else {
            // At the beginning, and before every configuration of a cell that changes.
            self.header = Some(Header::read(&line, &mut self.lines, self.elements.as_deref())?);
            self.lines.expect_line("`Direct configuration=`")?
        };
        let Some(number) = configuration(&line) else {
            return Err(line.error("expected `Direct configuration=` and its number").into());
        };
        let Some(header) = &self.header else {
            return Err(line.error("a configuration before any lattice").into());
        };
        let count = header.count();
        let mut species = Vec::with_capacity(capacity(count));
        let mut positions = Vec::with_capacity(capacity(count));
        for (index, element) in header.species().enumerate() {
            expect_row(&mut self.lines, &mut self.row, "the position", index, count)?;
            let vector = Vec3::from(self.row.tokens().vector("three fractional coordinates of an atom")?);
            positions.push(header.cell.cartesian(&vector));
            species.push(element);
        }
        let mut frame = Frame::new(header.cell.clone(), species, positions);
        // Stars stand there after configuration 999999.
        frame.step = number.parse().ok();
        if !header.comment.is_empty() {
            frame.info.insert("comment".into(), Value::Text(header.comment.clone()));
        }
        frame.origin.line = start;
        Ok(Some(frame))
    }
}

/// Starts writing.
pub(in crate::io) fn create(sink: Sink, options: &WriteOptions) -> Box<dyn WriteFrames> {
    Box::new(Writer { sink, precision: options.precision, last: None, count: 0 })
}

struct Writer {
    sink: Sink,
    precision: Precision,
    /// Cell and elements of the frame before.
    last: Option<(Cell, Vec<(Element, usize)>)>,
    count: u64,
}

impl WriteFrames for Writer {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        let mut text = String::new();
        let now = (frame.cell.clone(), runs(&frame.species));
        if self.last.as_ref().is_some_and(|last| last.1 != now.1) {
            return Err(Error::invalid(format!(
                "{}: an XDATCAR cannot change its atoms from one frame to the next; \
                 write them to a file of another format such as extxyz",
                frame.origin
            )));
        }
        if self.last.as_ref() != Some(&now) {
            header::write(&mut text, frame, self.precision)?;
            self.last = Some(now);
        }
        self.count += 1;
        let number = frame.step.unwrap_or(self.count);
        let _ = writeln!(text, "Direct configuration={number:>6}");
        for position in &frame.positions {
            push_row(&mut text, frame.cell.fractional(position).into(), self.precision);
            text.push('\n');
        }
        self.sink.put(&text)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.sink.finish()
    }
}
