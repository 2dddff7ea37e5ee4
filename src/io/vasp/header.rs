//! What POSCAR and XDATCAR begin with: comment, scale, lattice, elements, counts.

use crate::error::{Error, Result};
use crate::io::{Frame, Precision};
use crate::system::{Cell, Element, Mat3, Vec3};
use crate::text::{Line, Lines, Token};
use std::fmt::Write;

/// The header of a VASP structure.
pub(super) struct Header {
    /// The first line.
    pub comment: String,
    /// Factors of the Cartesian components, from the scale in the second line.
    pub scale: Vec3,
    /// The cell, scaled.
    pub cell: Cell,
    /// Elements in the order of the atoms, with their counts; an element may come twice.
    pub runs: Vec<(Element, usize)>,
    /// The number of the first line.
    pub line: usize,
}

impl Header {
    /// Reads the header that begins with `first`; `elements` name the kinds of atoms where the file
    /// (VASP 4) does not.
    pub(super) fn read(first: &Line, lines: &mut Lines, elements: Option<&[Element]>) -> Result<Self> {
        let line = lines.expect_line("the scale of the lattice")?;
        let scale = Scale::parse(&line)?;
        let mut rows = [[0.0; 3]; 3];
        let mut last = line;
        for row in &mut rows {
            last = lines.expect_line("a lattice vector")?;
            *row = last.tokens().vector("three components of a lattice vector")?;
        }
        let scale = scale.factors(&rows);
        for row in &mut rows {
            for k in 0..3 {
                row[k] *= scale[k];
            }
        }
        let cell = Cell::new(rows, [true; 3]).map_err(|error| last.error(error.to_string()))?;
        let runs = Self::read_runs(first, lines, elements)?;
        Ok(Self { comment: first.text.trim().into(), scale, cell, runs, line: first.number })
    }

    fn read_runs(
        first: &Line,
        lines: &mut Lines,
        elements: Option<&[Element]>,
    ) -> Result<Vec<(Element, usize)>> {
        let line = lines.expect_line("the elements or their counts")?;
        let words = statement(&line);
        let head = words.first().ok_or_else(|| line.missing("a list of elements or of their counts"))?;
        if head.text.parse::<u64>().is_ok() {
            // VASP 4: the kinds are named by the caller or, by custom, in the first line.
            let counts = counts(&words)?;
            let custom = || {
                let words = first.split();
                let names = words.get(..counts.len())?;
                names.iter().map(|name| Element::from_symbol(letters(name.text))).collect()
            };
            let kinds = match elements {
                Some(elements) => Some(elements.to_vec()),
                None => custom(),
            };
            return match kinds {
                Some(kinds) if kinds.len() >= counts.len() => Ok(kinds.into_iter().zip(counts).collect()),
                Some(kinds) => Err(line
                    .error(format!("{} kinds of atoms but {} elements", counts.len(), kinds.len()))
                    .into()),
                None => Err(line
                    .error("the elements are not named (a file of VASP 4)")
                    .with_help("expected their symbols in a line before this one, or in the first line")
                    .into()),
            };
        }
        let kinds = words.iter().map(|word| element(*word)).collect::<Result<Vec<_>>>()?;
        let line = lines.expect_line("the number of atoms of each element")?;
        let words = statement(&line);
        let counts = counts(&words)?;
        if counts.len() != kinds.len() {
            return Err(line.error(format!("{} counts for {} elements", counts.len(), kinds.len())).into());
        }
        Ok(kinds.into_iter().zip(counts).collect())
    }

    /// The element of each atom, one after another.
    pub(super) fn species(&self) -> impl Iterator<Item = Element> + '_ {
        self.runs.iter().flat_map(|(element, count)| std::iter::repeat_n(*element, *count))
    }

    /// The number of atoms.
    pub(super) fn count(&self) -> usize {
        self.runs.iter().map(|(_, count)| count).sum()
    }
}

/// The second line: one factor, three, or the volume as a negative number.
enum Scale {
    Factors(Vec3),
    Volume(f64),
}

impl Scale {
    fn parse(line: &Line) -> Result<Self> {
        let words = line.split();
        let first = words.first().ok_or_else(|| line.missing("the scale of the lattice"))?;
        let value = first.real("the scale of the lattice")?;
        // Anything after the first number that is not a number is a comment.
        let more: Vec<f64> = words[1..].iter().map_while(|word| word.real("").ok()).collect();
        match (value, more.as_slice()) {
            (0.0, _) => Err(first.error("the scale of the lattice is zero").into()),
            (value, []) if value < 0.0 => Ok(Self::Volume(-value)),
            (value, []) => Ok(Self::Factors(Vec3::repeat(value))),
            (a, [b, c, ..]) if a > 0.0 && *b > 0.0 && *c > 0.0 => Ok(Self::Factors(Vec3::new(a, *b, *c))),
            (_, [_, _, ..]) => Err(first.error("three scales of the lattice have to be positive").into()),
            (_, [_]) => Err(first.error("the lattice has one scale or three, not two").into()),
        }
    }

    fn factors(&self, rows: &[[f64; 3]; 3]) -> Vec3 {
        match self {
            Self::Factors(factors) => *factors,
            Self::Volume(volume) => {
                let matrix = Mat3::from_row_iterator(rows.iter().flatten().copied());
                Vec3::repeat((volume / matrix.determinant().abs()).cbrt())
            }
        }
    }
}

/// The words of a line before a comment.
fn statement(line: &Line) -> Vec<Token<'_>> {
    line.tokens().take_while(|word| !word.text.starts_with(['!', '#'])).collect()
}

fn counts(words: &[Token<'_>]) -> Result<Vec<usize>> {
    let mut total = 0_usize;
    let mut counts = Vec::with_capacity(words.len());
    for word in words {
        let count = word.integer("the number of atoms of an element")?;
        total = total.checked_add(count).ok_or_else(|| word.error("more atoms than can be counted"))?;
        counts.push(count);
    }
    match (words.first(), total) {
        (Some(first), 0) => Err(first.error("there are no atoms").into()),
        _ => Ok(counts),
    }
}

/// The symbol in the name of a pseudopotential: `Li_sv`, `Na_pv/6a2f546d`, `H.5`.
fn letters(name: &str) -> &str {
    let end = name.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(name.len());
    &name[..end]
}

/// The element a potential or a label is named after.
pub(super) fn named_element(name: &str) -> Option<Element> {
    Element::from_symbol(letters(name))
}

fn element(word: Token<'_>) -> Result<Element> {
    letters(word.text).parse().map_err(|_: Error| {
        let reason = word.text.parse::<Element>().err().map(|error| error.to_string());
        word.error(reason.unwrap_or_default()).into()
    })
}

/// Appends comment, scale, lattice, elements and counts.
pub(super) fn write(text: &mut String, frame: &Frame, precision: Precision) -> Result<()> {
    if frame.cell.present() != [true; 3] {
        return Err(Error::invalid("VASP files need a cell of three lattice vectors"));
    }
    if frame.is_empty() {
        return Err(Error::invalid("VASP files need at least one atom"));
    }
    let comment = frame.text("comment").map(|comment| comment.replace(['\n', '\r'], " "));
    let comment = comment.filter(|comment| !comment.trim().is_empty()).unwrap_or_else(|| frame.formula());
    let _ = writeln!(text, "{comment}\n1.0");
    for row in frame.cell.rows() {
        push_row(text, row, precision);
        text.push('\n');
    }
    let runs = runs(&frame.species);
    for (element, _) in &runs {
        let _ = write!(text, " {element}");
    }
    text.push('\n');
    for (_, count) in &runs {
        let _ = write!(text, " {count}");
    }
    text.push('\n');
    Ok(())
}

/// Appends three numbers.
pub(super) fn push_row(text: &mut String, row: [f64; 3], precision: Precision) {
    for number in row {
        text.push(' ');
        precision.push(text, number);
    }
}

/// Neighbouring atoms of one element, counted: the order of the atoms stays as it is.
pub(super) fn runs(species: &[Element]) -> Vec<(Element, usize)> {
    let mut runs: Vec<(Element, usize)> = Vec::new();
    for element in species {
        match runs.last_mut() {
            Some((last, count)) if last == element => *count += 1,
            _ => runs.push((*element, 1)),
        }
    }
    runs
}
