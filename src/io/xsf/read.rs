//! Reading XSF and AXSF.

use crate::error::{Error, Result};
use crate::io::source::Source;
use crate::io::{FileUnits, Frame, ReadFrames, ReadOptions, capacity};
use crate::system::{Cell, Element, Vec3};
use crate::text::{Line, Lines, Token};
use crate::units::HARTREE;

/// Starts reading.
pub(in crate::io) fn open(source: Source, options: &ReadOptions) -> Box<dyn ReadFrames> {
    Box::new(Reader {
        lines: source.lines(),
        units: options.units,
        dimensions: 3,
        vectors: None,
        energy: None,
        begin: 0,
        found: false,
    })
}

struct Reader {
    lines: Lines,
    units: Option<FileUnits>,
    /// Along how many lattice vectors the structure repeats.
    dimensions: usize,
    vectors: Option<[[f64; 3]; 3]>,
    /// The energy of the structure that comes next, eV.
    energy: Option<f64>,
    /// Where that structure begins.
    begin: usize,
    found: bool,
}

impl ReadFrames for Reader {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        while let Some(line) = self.lines.next_line()? {
            if let Some(comment) = line.text.trim_start().strip_prefix('#') {
                self.comment(&line, comment)?;
                continue;
            }
            let Some(keyword) = line.tokens().next() else { continue };
            if self.begin == 0 {
                self.begin = line.number;
            }
            match keyword.text {
                "CRYSTAL" => self.dimensions = 3,
                "SLAB" => self.dimensions = 2,
                "POLYMER" => self.dimensions = 1,
                "MOLECULE" => self.dimensions = 0,
                "DIM-GROUP" => {
                    let row = self.lines.expect_line("a dimension and a group")?;
                    let token = row.tokens().expect("a dimension")?;
                    self.dimensions = token.integer("a dimension from 0 to 3")?;
                    if self.dimensions > 3 {
                        return Err(token.error("a dimension is at most 3").into());
                    }
                }
                "ANIMSTEPS" => {}
                "PRIMVEC" => self.vectors = Some(self.vectors()?),
                "CONVVEC" | "RECIP-PRIMVEC" | "RECIP-CONVVEC" => {
                    self.vectors()?;
                }
                "CONVCOORD" => {
                    let count = self.count()?;
                    for _ in 0..count {
                        self.lines.expect_line("a row of CONVCOORD")?;
                    }
                }
                "PRIMCOORD" => {
                    let count = self.count()?;
                    return self.crystal(&line, count).map(Some);
                }
                "ATOMS" => return self.molecule().map(Some),
                _ if keyword.text.starts_with("BEGIN_") => self.skip(&line, keyword.text)?,
                _ => {
                    return Err(keyword
                        .error(format!("`{}` is not a keyword of XSF", keyword.text))
                        .with_help("expected CRYSTAL, SLAB, POLYMER, PRIMVEC, PRIMCOORD, ATOMS or ANIMSTEPS")
                        .with_help("(more atoms than their number announces end here too)")
                        .into());
                }
            }
        }
        if self.found {
            Ok(None)
        } else {
            Err(self.lines.end_error("`PRIMCOORD` or `ATOMS`: this file holds no atoms"))
        }
    }
}

impl Reader {
    /// aenet's `total energy = -123.4 eV`.
    fn comment(&mut self, line: &Line, comment: &str) -> Result<()> {
        let lower = comment.to_ascii_lowercase();
        if !lower.trim_start().starts_with("total energy") {
            return Ok(());
        }
        let Some((_, value)) = comment.split_once('=') else { return Ok(()) };
        let mut words = value.split_whitespace();
        let word = words.next().ok_or_else(|| line.missing("the total energy"))?;
        let energy = line.token(word).real("the total energy in eV")?;
        if let Some(unit) = words.next().filter(|unit| !unit.eq_ignore_ascii_case("ev")) {
            return Err(line.token(unit).error("the total energy is expected in eV").into());
        }
        self.energy = Some(energy);
        if self.begin == 0 {
            self.begin = line.number;
        }
        Ok(())
    }

    fn vectors(&mut self) -> Result<[[f64; 3]; 3]> {
        let mut vectors = [[0.0; 3]; 3];
        for vector in &mut vectors {
            *vector = self.lines.expect_line("a lattice vector")?.tokens().vector("a lattice vector")?;
        }
        Ok(vectors)
    }

    fn count(&mut self) -> Result<usize> {
        self.lines
            .expect_line("the number of atoms")?
            .tokens()
            .expect("a count")?
            .integer("the number of atoms")
    }

    /// Passes over a block of other data.
    fn skip(&mut self, begin: &Line, keyword: &str) -> Result<()> {
        let end = keyword.replacen("BEGIN_", "END_", 1);
        while let Some(line) = self.lines.next_line()? {
            // The names of data grids carry a suffix of the user's at the beginning only.
            if line
                .tokens()
                .next()
                .is_some_and(|word| word.text.starts_with("END_") && end.starts_with(word.text))
            {
                return Ok(());
            }
        }
        Err(begin.error(format!("`{keyword}` has no `{end}`")).into())
    }

    fn crystal(&mut self, line: &Line, count: usize) -> Result<Frame> {
        let cell = match (self.dimensions, self.vectors) {
            (0, None) => Cell::isolated(),
            (_, None) => return Err(line.error("`PRIMCOORD` without `PRIMVEC` before it").into()),
            (dimensions, Some(vectors)) => Cell::new(vectors, [0, 1, 2].map(|k| k < dimensions))
                .map_err(|error| -> Error { line.error(error.to_string()).into() })?,
        };
        let mut atoms = Atoms::with_capacity(capacity(count));
        let mut row = self.lines.blank();
        while atoms.species.len() < count {
            if !self.lines.next_into(&mut row)? {
                return Err(self.lines.end_error("the next atom"));
            }
            if !row.text.trim_start().starts_with('#') {
                atoms.push(&row)?;
            }
        }
        Ok(self.frame(cell, atoms))
    }

    fn molecule(&mut self) -> Result<Frame> {
        let mut atoms = Atoms::default();
        while let Some(line) = self.lines.peek_line()? {
            let first = line.tokens().next();
            // The list ends where a keyword begins; no element has more than two letters.
            let is_keyword = |word: Token| word.text.starts_with('#') || word.text.len() > 3;
            if first.is_some_and(is_keyword) {
                break;
            }
            let Some(line) = self.lines.next_line()? else { break };
            if !line.is_blank() {
                atoms.push(&line)?;
            }
        }
        if atoms.species.is_empty() {
            return Err(self.lines.end_error("an atom behind `ATOMS`"));
        }
        Ok(self.frame(Cell::isolated(), atoms))
    }

    fn frame(&mut self, cell: Cell, atoms: Atoms) -> Frame {
        let mut frame = Frame::new(cell, atoms.species, atoms.positions);
        frame.energy = self.energy.take();
        if atoms.forces.len() == frame.len() && !frame.is_empty() {
            let unit = match (frame.energy, self.units) {
                (Some(_), _) => 1.0,
                (None, Some(units)) => units.force(),
                (None, None) => HARTREE,
            };
            let meant = frame.energy.is_some() || atoms.forces.iter().any(|force| *force != Vec3::zeros());
            frame.forces = meant.then(|| atoms.forces.into_iter().map(|force| force * unit).collect());
        }
        frame.origin.line = std::mem::take(&mut self.begin);
        self.found = true;
        frame
    }
}

/// Rows of atoms; forces in the units of the file.
#[derive(Default)]
struct Atoms {
    species: Vec<Element>,
    positions: Vec<Vec3>,
    forces: Vec<Vec3>,
}

impl Atoms {
    fn with_capacity(capacity: usize) -> Self {
        Self {
            species: Vec::with_capacity(capacity),
            positions: Vec::with_capacity(capacity),
            forces: Vec::new(),
        }
    }

    fn push(&mut self, line: &Line) -> Result<()> {
        let mut tokens = line.tokens();
        let name = tokens.expect("an element")?;
        let number = name.text.parse::<usize>().ok();
        let element = number.map_or_else(|| Element::from_symbol(name.text), Element::from_number);
        let element = element.ok_or_else(|| -> Error {
            name.error(format!("`{}` is no element", name.text))
                .with_help("expected a symbol or an atomic number; is the number of atoms right?")
                .into()
        })?;
        let position = tokens.vector("a coordinate in angstrom")?;
        if !tokens.rest().is_empty() {
            let force = tokens.vector("a component of a force")?;
            if let Some(extra) = tokens.next() {
                return Err(extra.error("expected an element, three coordinates and three forces").into());
            }
            if self.forces.len() != self.species.len() {
                return Err(line.error("this atom has a force and others have none").into());
            }
            self.forces.push(Vec3::from(force));
        } else if !self.forces.is_empty() {
            return Err(line.missing("the force that other atoms have"));
        }
        self.species.push(element);
        self.positions.push(Vec3::from(position));
        Ok(())
    }
}
