//! LAMMPS text dumps: trajectories with columns in any order (<https://docs.lammps.org/dump.html>).

mod columns;
mod rows;
mod write;

pub(in crate::io) use write::create;

use super::region::Region;
use super::types::Types;
use super::unit_style::UnitStyle;
use crate::error::{Error, Result};
use crate::io::source::Source;
use crate::io::{Frame, ReadFrames, ReadOptions, capacity};
use crate::system::{Cell, Element, Vec3};
use crate::text::{Line, Lines};
use columns::{Fields, Layout, Slot, split};
use rows::Rows;

/// Starts reading.
pub(in crate::io) fn open(source: Source, options: &ReadOptions) -> Box<dyn ReadFrames> {
    Box::new(Reader {
        lines: source.lines(),
        types: Types::new(options),
        units: UnitStyle::unnamed(options),
        options: options.clone(),
    })
}

struct Reader {
    lines: Lines,
    types: Types,
    units: UnitStyle,
    options: ReadOptions,
}

/// What a frame says before its atoms.
#[derive(Default)]
struct Head {
    line: usize,
    step: Option<u64>,
    time: Option<f64>,
    atoms: Option<usize>,
    region: Option<Region>,
}

impl ReadFrames for Reader {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        let mut head = Head::default();
        while let Some(line) = self.lines.next_line()? {
            if line.is_blank() && head.line == 0 {
                continue;
            }
            let Some(item) = line.text.trim().strip_prefix("ITEM:") else {
                return Err(line
                    .error("this line does not begin with `ITEM:`")
                    .with_help(
                        "expected the next item of a dump; a frame may have more atoms than it announces",
                    )
                    .into());
            };
            if head.line == 0 {
                head.line = line.number;
            }
            let item = item.trim();
            if item.starts_with("ATOMS") {
                return self.frame(&line, head).map(Some);
            }
            self.item(&line, item, &mut head)?;
        }
        if head.line == 0 { Ok(None) } else { Err(self.lines.end_error("the atoms of the last frame")) }
    }
}

impl Reader {
    fn item(&mut self, line: &Line, item: &str, head: &mut Head) -> Result<()> {
        match item {
            "UNITS" => {
                let value = self.lines.expect_line("a unit style")?;
                self.units = UnitStyle::in_file(value.text.trim(), &self.options)
                    .map_err(|message| -> Error { value.error(message).into() })?;
            }
            "TIME" => {
                let value = self.lines.expect_line("a time")?;
                head.time = Some(value.tokens().real("a time")? * self.units.time());
            }
            "TIMESTEP" => {
                let value = self.lines.expect_line("a step number")?;
                head.step = Some(value.tokens().expect("a step number")?.integer("a step number")?);
            }
            "NUMBER OF ATOMS" => {
                let value = self.lines.expect_line("the number of atoms")?;
                head.atoms = Some(value.tokens().expect("a count")?.integer("the number of atoms")?);
            }
            _ if item.starts_with("BOX BOUNDS") => head.region = Some(self.region(line, item)?),
            _ => {
                return Err(line
                    .error(format!("`{item}` is not an item that mlmd knows"))
                    .with_help("expected TIMESTEP, NUMBER OF ATOMS, BOX BOUNDS, UNITS, TIME or ATOMS")
                    .into());
            }
        }
        Ok(())
    }

    fn region(&mut self, line: &Line, item: &str) -> Result<Region> {
        let words: Vec<&str> = item.split_whitespace().skip(2).collect();
        let flags: Vec<&str> =
            words.iter().copied().filter(|w| w.len() == 2 && w.chars().all(|c| "pfsm".contains(c))).collect();
        // Dumps without flags come from versions that could not say more than "periodic".
        let periodic = [0, 1, 2].map(|k| flags.get(k).is_none_or(|flag| flag.starts_with('p')));
        let has = |name: &str| words.contains(&name);
        let columns = if has("abc") { 4 } else { 2 + usize::from(has("xy")) };
        let mut rows = [[0.0; 4]; 3];
        for row in &mut rows {
            let bounds = self.lines.expect_line("the bounds of the box")?;
            let mut tokens = bounds.tokens();
            for value in &mut row[..columns] {
                *value = tokens.real("a bound of the box")?;
            }
        }
        let region = if has("abc") {
            let cell = Cell::new(rows.map(|[x, y, z, _]| [x, y, z]), periodic);
            cell.map(|cell| Region { cell, corner: Vec3::from(rows.map(|row| row[3])) })
        } else {
            Region::from_bounds(rows.map(|[low, high, ..]| [low, high]), rows.map(|row| row[2]), periodic)
        };
        region.map_err(|error| line.error(error.to_string()).into())
    }

    fn frame(&mut self, line: &Line, head: Head) -> Result<Frame> {
        let names: Vec<&str> = line.text.split_whitespace().skip(2).collect();
        let layout = Layout::new(line, &names)?;
        let Some(atoms) = head.atoms else {
            return Err(line.error("`ITEM: NUMBER OF ATOMS` is missing in this frame").into());
        };
        let Some(region) = head.region else {
            return Err(line.error("`ITEM: BOX BOUNDS` is missing in this frame").into());
        };
        let mut rows = Rows::new(&layout, capacity(atoms));
        let mut row = self.lines.blank();
        let mut slots = vec![Slot::default(); names.len()];
        for _ in 0..atoms {
            if !self.lines.next_into(&mut row)? {
                return Err(self.lines.end_error("the next atom"));
            }
            split(&row, &mut slots)?;
            let tokens = Fields { line: &row, slots: &slots };
            let element = self.element(&layout, tokens)?;
            rows.push(&layout, tokens, element, &region)?;
        }
        let mut frame = rows.into_frame(&layout, region.cell, self.units, line)?;
        frame.step = head.step;
        frame.time = head.time;
        frame.origin.line = head.line;
        self.units.note(&mut frame);
        self.types.note(&mut frame);
        Ok(frame)
    }

    fn element(&mut self, layout: &Layout, fields: Fields) -> Result<Element> {
        if let Some(at) = layout.kind.filter(|_| self.types.are_stated() || layout.symbol.is_none()) {
            let token = fields.token(at);
            let number: usize = token.integer("the number of an atom type")?;
            if let Some(at) = layout.mass.filter(|_| self.types.mass_of(number).is_none()) {
                let mass = fields.token(at);
                self.types
                    .mass(number, mass.real("a mass")?, "")
                    .map_err(|message| -> Error { mass.error(message).into() })?;
            }
            return self.types.element(number).ok_or_else(|| {
                let error = token.error(format!("the element of atom type {number} is not known"));
                self.types.explain(number, error).into()
            });
        }
        let Some(at) = layout.symbol else {
            return Err(Error::Internal("a dump without type and element was accepted".into()));
        };
        let token = fields.token(at);
        Element::from_symbol(token.text).ok_or_else(|| {
            token
                .error(format!("`{}` is not the symbol of an element", token.text))
                .with_help("state the elements of the types in order, `--types Li,N`")
                .into()
        })
    }
}
