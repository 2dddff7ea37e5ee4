//! Reading LAMMPS text dumps (<https://docs.lammps.org/dump.html>), columns in any order.

use super::region::Region;
use super::types::Types;
use super::unit_style::UnitStyle;
use crate::error::{Error, Result};
use crate::io::source::Source;
use crate::io::{Column, ColumnValues, Frame, ReadFrames, ReadOptions, capacity};
use crate::system::{Cell, Element, Vec3};
use crate::text::{Line, Lines, Token};

/// Starts reading.
pub(in crate::io) fn open(source: Source, options: &ReadOptions) -> Box<dyn ReadFrames> {
    Box::new(Reader { lines: source.lines(), types: Types::new(options), units: UnitStyle::ASSUMED })
}

struct Reader {
    lines: Lines,
    types: Types,
    units: UnitStyle,
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
                self.units = UnitStyle::named(value.text.trim())
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
        let mut slots = vec![Slot { begin: 0, end: 0 }; names.len()];
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
                self.types.mass(number, fields.token(at).real("a mass")?, "");
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

/// Where a word of a row stands, in bytes.
#[derive(Clone, Copy)]
struct Slot {
    begin: usize,
    end: usize,
}

/// Cuts a row into as many words as there are columns.
fn split(line: &Line, slots: &mut [Slot]) -> Result<()> {
    let mut tokens = line.tokens();
    for slot in slots {
        let token = tokens.expect("a value for every column")?;
        let begin = token.text.as_ptr() as usize - line.text.as_ptr() as usize;
        *slot = Slot { begin, end: begin + token.text.len() };
    }
    match tokens.next() {
        Some(extra) => Err(extra.error("more values than columns").into()),
        None => Ok(()),
    }
}

/// The words of a row by column.
#[derive(Clone, Copy)]
struct Fields<'a> {
    line: &'a Line,
    slots: &'a [Slot],
}

impl<'a> Fields<'a> {
    fn token(self, at: usize) -> Token<'a> {
        let Slot { begin, end } = self.slots[at];
        self.line.token(&self.line.text[begin..end])
    }

    fn vector(self, at: [usize; 3], expected: &str) -> Result<Vec3> {
        let mut vector = Vec3::zeros();
        for k in 0..3 {
            vector[k] = self.token(at[k]).real(expected)?;
        }
        Ok(vector)
    }
}

/// Which column holds what.
struct Layout {
    id: Option<usize>,
    kind: Option<usize>,
    symbol: Option<usize>,
    mass: Option<usize>,
    charge: Option<usize>,
    position: [usize; 3],
    scaled: bool,
    image: Option<[usize; 3]>,
    velocity: Option<[usize; 3]>,
    force: Option<[usize; 3]>,
    others: Vec<(usize, String)>,
}

impl Layout {
    fn new(line: &Line, names: &[&str]) -> Result<Self> {
        let find = |name: &str| names.iter().position(|known| *known == name);
        let triple = |x: &str, y: &str, z: &str| Some([find(x)?, find(y)?, find(z)?]);
        let image = triple("ix", "iy", "iz");
        let wrapped = || triple("x", "y", "z").map(|at| (at, false));
        let wrapped_scaled = || triple("xs", "ys", "zs").map(|at| (at, true));
        let unwrapped = || triple("xu", "yu", "zu").map(|at| (at, false));
        let unwrapped_scaled = || triple("xsu", "ysu", "zsu").map(|at| (at, true));
        // Image counts belong to wrapped coordinates; without counts the unwrapped ones say more.
        let (position, scaled) = if image.is_some() {
            wrapped().or_else(wrapped_scaled).or_else(unwrapped).or_else(unwrapped_scaled)
        } else {
            unwrapped().or_else(unwrapped_scaled).or_else(wrapped).or_else(wrapped_scaled)
        }
        .ok_or_else(|| -> Error {
            line.error("these columns hold no positions")
                .with_help("expected `x y z`, `xs ys zs`, `xu yu zu` or `xsu ysu zsu`")
                .into()
        })?;
        let is_unwrapped = names[position[0]].ends_with('u');
        let mut layout = Self {
            id: find("id"),
            kind: find("type"),
            symbol: find("element").or_else(|| find("typelabel")),
            mass: find("mass"),
            charge: find("q"),
            position,
            scaled,
            image: image.filter(|_| !is_unwrapped),
            velocity: triple("vx", "vy", "vz"),
            force: triple("fx", "fy", "fz"),
            others: Vec::new(),
        };
        if layout.kind.is_none() && layout.symbol.is_none() {
            return Err(line
                .error("these columns do not say which element an atom is")
                .with_help("expected a column `element`, or `type` with the elements stated")
                .into());
        }
        layout.others = (0..names.len())
            .filter(|at| !KNOWN.contains(&names[*at]))
            .map(|at| (at, names[at].to_string()))
            .collect();
        Ok(layout)
    }
}

/// Columns that are fields of a frame, or say again what another column says.
const KNOWN: [&str; 27] = [
    "id",
    "type",
    "element",
    "typelabel",
    "mass",
    "q",
    "x",
    "y",
    "z",
    "xs",
    "ys",
    "zs",
    "xu",
    "yu",
    "zu",
    "xsu",
    "ysu",
    "zsu",
    "ix",
    "iy",
    "iz",
    "vx",
    "vy",
    "vz",
    "fx",
    "fy",
    "fz",
];

/// The atoms read so far.
#[derive(Default)]
struct Rows {
    ids: Vec<u64>,
    species: Vec<Element>,
    positions: Vec<Vec3>,
    images: Vec<[i32; 3]>,
    velocities: Vec<Vec3>,
    forces: Vec<Vec3>,
    charges: Vec<f64>,
    masses: Vec<f64>,
    others: Vec<ColumnValues>,
}

impl Rows {
    fn new(layout: &Layout, capacity: usize) -> Self {
        Self {
            species: Vec::with_capacity(capacity),
            positions: Vec::with_capacity(capacity),
            others: layout.others.iter().map(|_| ColumnValues::Reals(Vec::new())).collect(),
            ..Self::default()
        }
    }

    fn push(&mut self, layout: &Layout, fields: Fields, element: Element, region: &Region) -> Result<()> {
        if let Some(at) = layout.id {
            self.ids.push(fields.token(at).integer("an atom id")?);
        }
        self.species.push(element);
        let position = fields.vector(layout.position, "a coordinate")?;
        self.positions.push(if layout.scaled { region.unscale(&position) } else { position });
        if let Some(at) = layout.image {
            let mut image = [0; 3];
            for (count, at) in image.iter_mut().zip(at) {
                *count = fields.token(at).integer("an image count")?;
            }
            self.images.push(image);
        }
        if let Some(at) = layout.velocity {
            self.velocities.push(fields.vector(at, "a velocity")?);
        }
        if let Some(at) = layout.force {
            self.forces.push(fields.vector(at, "a force")?);
        }
        if let Some(at) = layout.charge {
            self.charges.push(fields.token(at).real("a charge")?);
        }
        if let Some(at) = layout.mass {
            self.masses.push(fields.token(at).real("a mass")?);
        }
        let first = self.species.len() == 1;
        for ((at, _), values) in layout.others.iter().zip(&mut self.others) {
            let token = fields.token(*at);
            // A column of words is told by its first entry. Numbers may be anything, also nan: it is
            // somebody else's quantity.
            if first && token.text.parse::<f64>().is_err() {
                *values = ColumnValues::Texts(Vec::new());
            }
            match values {
                ColumnValues::Texts(texts) => texts.push(token.text.to_string()),
                ColumnValues::Reals(reals) => reals.push(match token.text.parse() {
                    Ok(value) => value,
                    Err(_) => token.real("a number as in the rows above")?,
                }),
                ColumnValues::Flags(_) | ColumnValues::Integers(_) => {}
            }
        }
        Ok(())
    }

    fn into_frame(mut self, layout: &Layout, cell: Cell, units: UnitStyle, line: &Line) -> Result<Frame> {
        if !self.ids.is_sorted_by(|a, b| a < b) {
            self.sort(line)?;
        }
        let standard = self.masses.iter().zip(&self.species).all(|(mass, element)| *mass == element.mass());
        let mut frame = Frame::new(cell, self.species, self.positions);
        let scaled = |vectors: Vec<Vec3>, unit: f64| vectors.into_iter().map(|v| v * unit).collect();
        frame.images = layout.image.map(|_| self.images);
        frame.velocities = layout.velocity.map(|_| scaled(self.velocities, units.velocity()));
        frame.forces = layout.force.map(|_| scaled(self.forces, units.force()));
        frame.charges = layout.charge.map(|_| self.charges);
        frame.masses = layout.mass.filter(|_| !standard).map(|_| self.masses);
        for ((_, name), values) in layout.others.iter().zip(self.others) {
            frame.columns.insert(name.clone(), Column { width: 1, values });
        }
        Ok(frame)
    }

    /// Puts the atoms in the order of their ids.
    fn sort(&mut self, line: &Line) -> Result<()> {
        fn arrange<T: Clone>(values: &mut Vec<T>, order: &[usize]) {
            if !values.is_empty() {
                *values = order.iter().map(|&i| values[i].clone()).collect();
            }
        }
        let mut order: Vec<usize> = (0..self.ids.len()).collect();
        order.sort_by_key(|&i| self.ids[i]);
        if let Some(twins) = order.windows(2).find(|pair| self.ids[pair[0]] == self.ids[pair[1]]) {
            return Err(line.error(format!("two atoms have the id {}", self.ids[twins[0]])).into());
        }
        arrange(&mut self.species, &order);
        arrange(&mut self.positions, &order);
        arrange(&mut self.images, &order);
        arrange(&mut self.velocities, &order);
        arrange(&mut self.forces, &order);
        arrange(&mut self.charges, &order);
        arrange(&mut self.masses, &order);
        for values in &mut self.others {
            match values {
                ColumnValues::Reals(reals) => arrange(reals, &order),
                ColumnValues::Texts(texts) => arrange(texts, &order),
                ColumnValues::Flags(_) | ColumnValues::Integers(_) => {}
            }
        }
        Ok(())
    }
}
