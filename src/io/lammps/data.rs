//! Reading LAMMPS data files (<https://docs.lammps.org/read_data.html>).

use super::region::Region;
use super::types::Types;
use super::unit_style::UnitStyle;
use crate::error::{Error, Result};
use crate::io::source::Source;
use crate::io::{Frame, ReadFrames, ReadOptions, capacity};
use crate::system::{Cell, Element, Vec3};
use crate::text::{Line, Lines, Token};
use std::collections::HashMap;

/// Starts reading.
pub(in crate::io) fn open(source: Source, options: &ReadOptions) -> Box<dyn ReadFrames> {
    Box::new(Reader { lines: source.lines(), types: Types::new(options), over: false })
}

struct Reader {
    lines: Lines,
    types: Types,
    over: bool,
}

impl ReadFrames for Reader {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        if std::mem::replace(&mut self.over, true) {
            return Ok(None);
        }
        self.structure().map(Some)
    }
}

/// What stands above the sections.
#[derive(Default)]
struct Header {
    atoms: Option<usize>,
    types: Option<usize>,
    bonds: bool,
    limits: [Option<[f64; 2]>; 3],
    tilts: [f64; 3],
    vectors: [Option<[f64; 3]>; 3],
    corner: Option<[f64; 3]>,
    units: Option<UnitStyle>,
    step: Option<u64>,
}

/// Where the coordinates stand in a row of `Atoms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Style {
    kind: usize,
    charge: Option<usize>,
    position: usize,
}

impl Style {
    const ATOMIC: Self = Self { kind: 1, charge: None, position: 2 };
    const CHARGE: Self = Self { kind: 1, charge: Some(2), position: 3 };
    const MOLECULAR: Self = Self { kind: 2, charge: None, position: 3 };
    const FULL: Self = Self { kind: 2, charge: Some(3), position: 4 };

    fn named(name: &str) -> Option<Self> {
        match name {
            "atomic" => Some(Self::ATOMIC),
            "charge" => Some(Self::CHARGE),
            "molecular" | "bond" | "angle" => Some(Self::MOLECULAR),
            "full" => Some(Self::FULL),
            _ => None,
        }
    }
}

/// One row of `Atoms`.
struct Atom {
    id: u64,
    element: Element,
    mass: Option<f64>,
    charge: Option<f64>,
    position: Vec3,
    image: Option<[i32; 3]>,
}

impl Reader {
    fn structure(&mut self) -> Result<Frame> {
        let title = self.lines.expect_line("the title of a LAMMPS data file")?;
        let mut header = Header::default();
        read_title(&title, &mut header)?;
        let mut section = self.header(&mut header)?;
        let mut atoms: Option<Vec<Atom>> = None;
        let mut velocities: Option<HashMap<u64, Vec3>> = None;
        while let Some(line) = section {
            let text = statement(&line);
            section = match text {
                "Atoms" => {
                    if atoms.is_some() {
                        return Err(line.error("a second section `Atoms`").into());
                    }
                    atoms = Some(self.atoms(&line, &header)?);
                    self.next_section(&line, true)?
                }
                "Masses" => {
                    self.masses(&line, &header)?;
                    self.next_section(&line, true)?
                }
                "Atom Type Labels" => {
                    self.labels(&line, &header)?;
                    self.next_section(&line, true)?
                }
                "Velocities" => {
                    velocities = Some(self.velocities(&line, &header)?);
                    self.next_section(&line, true)?
                }
                _ => self.next_section(&line, false)?,
            };
        }
        let Some(atoms) = atoms else { return Err(self.lines.end_error("a section `Atoms`")) };
        self.frame(&title, &header, atoms, velocities.as_ref())
    }

    /// Reads the header and returns the line of the first section.
    fn header(&mut self, header: &mut Header) -> Result<Option<Line>> {
        while let Some(line) = self.lines.next_line()? {
            let text = statement(&line);
            let words: Vec<&str> = text.split_whitespace().collect();
            let Some(first) = words.first() else { continue };
            if first.starts_with(|c: char| c.is_ascii_alphabetic()) {
                return if is_section(text) {
                    Ok(Some(line))
                } else {
                    Err(line
                        .error(format!(
                            "`{text}` is neither a line of the header nor a section of a data file"
                        ))
                        .with_help(
                            "expected a count (`144 atoms`), limits (`0 10 xlo xhi`) or a section (`Atoms`)",
                        )
                        .into())
                };
            }
            let mut tokens = line.tokens();
            let keyword: String = words
                .iter()
                .skip_while(|w| !w.starts_with(|c: char| c.is_ascii_alphabetic()))
                .copied()
                .collect::<Vec<_>>()
                .join(" ");
            match keyword.as_str() {
                "atoms" => header.atoms = Some(tokens.expect("a count")?.integer("the number of atoms")?),
                "atom types" => {
                    header.types = Some(tokens.expect("a count")?.integer("the number of types")?);
                }
                "bonds" => header.bonds = tokens.expect("a count")?.text != "0",
                "xlo xhi" | "ylo yhi" | "zlo zhi" => {
                    let axis = usize::from(keyword.as_bytes()[0] - b'x');
                    header.limits[axis] =
                        Some([tokens.real("a lower limit")?, tokens.real("an upper limit")?]);
                }
                "xy xz yz" => header.tilts = tokens.vector("a tilt xy, xz, yz")?,
                "avec" | "bvec" | "cvec" => {
                    let axis = usize::from(keyword.as_bytes()[0] - b'a');
                    header.vectors[axis] = Some(tokens.vector("a lattice vector")?);
                }
                "abc origin" => header.corner = Some(tokens.vector("the corner of the box")?),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Goes on to the next section; after a section with a known number of rows nothing else may come.
    fn next_section(&mut self, section: &Line, complete: bool) -> Result<Option<Line>> {
        while let Some(line) = self.lines.next_line()? {
            let text = statement(&line);
            if is_section(text) {
                return Ok(Some(line));
            }
            if complete && !text.is_empty() {
                return Err(line
                    .error(format!("`{}` has more rows than the header announces", statement(section)))
                    .with_help("expected the name of a section or the end of the file")
                    .into());
            }
        }
        Ok(None)
    }

    /// The next row of a section; blank lines are passed over.
    fn row(&mut self, section: &Line) -> Result<Line> {
        loop {
            let name = statement(section);
            let line = self.lines.expect_line(&format!("a row of `{name}`"))?;
            let text = statement(&line);
            if is_section(text) {
                return Err(line
                    .error(format!("section `{name}` ends too early"))
                    .with_help("expected as many rows as the header announces")
                    .into());
            }
            if !text.is_empty() {
                return Ok(line);
            }
        }
    }

    fn masses(&mut self, section: &Line, header: &Header) -> Result<()> {
        for _ in 0..count(header.types, section, "atom types")? {
            let line = self.row(section)?;
            let mut tokens = line.tokens();
            let kind = tokens.expect("an atom type")?;
            let number = self.type_number(kind)?;
            let mass = tokens.real("a mass")?;
            let comment = line.text.split_once('#').map_or("", |(_, comment)| comment);
            self.types.mass(number, mass, comment);
        }
        Ok(())
    }

    fn labels(&mut self, section: &Line, header: &Header) -> Result<()> {
        for _ in 0..count(header.types, section, "atom types")? {
            let line = self.row(section)?;
            let mut tokens = line.tokens();
            let number: usize = tokens.expect("an atom type")?.integer("the number of a type")?;
            self.types.label(number, tokens.expect("the label of the type")?.text);
        }
        Ok(())
    }

    fn velocities(&mut self, section: &Line, header: &Header) -> Result<HashMap<u64, Vec3>> {
        let total = count(header.atoms, section, "atoms")?;
        let unit = header.units.unwrap_or(UnitStyle::ASSUMED).velocity();
        let mut velocities = HashMap::with_capacity(capacity(total));
        for _ in 0..total {
            let line = self.row(section)?;
            let mut tokens = line.tokens();
            let id = tokens.expect("an atom id")?.integer("an atom id")?;
            velocities.insert(id, Vec3::from(tokens.vector("a velocity")?) * unit);
        }
        Ok(velocities)
    }

    fn atoms(&mut self, section: &Line, header: &Header) -> Result<Vec<Atom>> {
        let total = count(header.atoms, section, "atoms")?;
        let hint = section.text.split_once('#').and_then(|(_, hint)| hint.split_whitespace().next());
        let mut style = match hint {
            Some(name) => Some(Style::named(name).ok_or_else(|| -> Error {
                section
                    .error(format!("atom style `{name}`"))
                    .with_help("expected atomic, charge, molecular (bond, angle) or full")
                    .into()
            })?),
            None => None,
        };
        let mut atoms = Vec::with_capacity(capacity(total));
        // Rows that fit two styles wait for one that fits only one.
        let mut undecided: Vec<Line> = Vec::new();
        for _ in 0..total {
            let line = self.row(section)?;
            if style.is_none() {
                style = guess(&line, header)?;
            }
            let Some(style) = style else {
                undecided.push(line);
                continue;
            };
            for line in undecided.drain(..) {
                atoms.push(self.atom(&line, style)?);
            }
            atoms.push(self.atom(&line, style)?);
        }
        match undecided.first() {
            None => Ok(atoms),
            Some(line) => Err(line
                .error("the third value may be a charge or an atom type")
                .with_help("state the style behind the section: `Atoms # charge` or `Atoms # molecular`")
                .into()),
        }
    }

    fn atom(&mut self, line: &Line, style: Style) -> Result<Atom> {
        let tokens = values(line);
        let expected = style.position + 3;
        if tokens.len() != expected && tokens.len() != expected + 3 {
            return Err(line
                .error(format!("{} values for an atom", tokens.len()))
                .with_help(format!("expected {expected}, or {} with image counts", expected + 3))
                .into());
        }
        let kind = tokens[style.kind];
        let number = self.type_number(kind)?;
        let element = self.types.element(number).ok_or_else(|| -> Error {
            self.types
                .explain(number, kind.error(format!("the element of atom type {number} is not known")))
                .into()
        })?;
        let mut position = Vec3::zeros();
        for k in 0..3 {
            position[k] = tokens[style.position + k].real("a coordinate in angstrom")?;
        }
        let image = match tokens.get(expected..expected + 3) {
            Some(tokens) => {
                let mut image = [0; 3];
                for (count, token) in image.iter_mut().zip(tokens) {
                    *count = token.integer("an image count")?;
                }
                Some(image)
            }
            None => None,
        };
        Ok(Atom {
            id: tokens[0].integer("an atom id")?,
            element,
            mass: self.types.mass_of(number),
            charge: style.charge.map(|at| tokens[at].real("a charge")).transpose()?,
            position,
            image,
        })
    }

    fn type_number(&self, token: Token) -> Result<usize> {
        self.types.number(token.text).ok_or_else(|| {
            token
                .error(format!("`{}` is not an atom type", token.text))
                .with_help("expected a number from 1 on")
                .into()
        })
    }

    fn frame(
        &self,
        title: &Line,
        header: &Header,
        mut atoms: Vec<Atom>,
        velocities: Option<&HashMap<u64, Vec3>>,
    ) -> Result<Frame> {
        let region = header.region().map_err(|error| -> Error { title.error(error.to_string()).into() })?;
        atoms.sort_by_key(|atom| atom.id);
        if let Some(twins) = atoms.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(title.error(format!("two atoms have the id {}", twins[0].id)).into());
        }
        let mut frame = Frame::new(
            region.cell,
            atoms.iter().map(|atom| atom.element).collect(),
            atoms.iter().map(|atom| atom.position).collect(),
        );
        frame.charges = atoms.iter().map(|atom| atom.charge).collect();
        frame.images = atoms.iter().map(|atom| atom.image).collect();
        if atoms.is_empty() {
            (frame.charges, frame.images) = (None, None);
        }
        if atoms.iter().any(|atom| atom.mass.is_some_and(|mass| mass != atom.element.mass())) {
            frame.masses = Some(atoms.iter().map(|atom| atom.mass.unwrap_or(atom.element.mass())).collect());
        }
        if let Some(velocities) = velocities {
            let find = |atom: &Atom| {
                velocities.get(&atom.id).copied().ok_or_else(|| -> Error {
                    title.error(format!("atom {} has no row in `Velocities`", atom.id)).into()
                })
            };
            frame.velocities = Some(atoms.iter().map(find).collect::<Result<_>>()?);
        }
        frame.step = header.step;
        frame.origin.line = title.number;
        header.units.unwrap_or(UnitStyle::ASSUMED).note(&mut frame);
        self.types.note(&mut frame);
        Ok(frame)
    }
}

impl Header {
    fn region(&self) -> Result<Region> {
        if let [Some(a), Some(b), Some(c)] = self.vectors {
            let corner = Vec3::from(self.corner.unwrap_or([0.0; 3]));
            return Ok(Region { cell: Cell::new([a, b, c], [true; 3])?, corner });
        }
        // Limits that are not given are ±0.5, as in LAMMPS.
        let limits = self.limits.map(|limits| limits.unwrap_or([-0.5, 0.5]));
        if let Some(axis) = (0..3).find(|k| limits[*k][1] <= limits[*k][0]) {
            return Err(Error::invalid(format!("the box has no extent along {}", ["x", "y", "z"][axis])));
        }
        Region::from_limits(limits, self.tilts, [true; 3])
    }
}

/// Units and step from the title that `write_data` writes.
fn read_title(title: &Line, header: &mut Header) -> Result<()> {
    for part in title.text.split(',') {
        let Some((key, value)) = part.split_once('=') else { continue };
        match key.trim() {
            "units" => {
                let units = UnitStyle::named(value.trim())
                    .map_err(|message| -> Error { title.error(message).into() })?;
                header.units = Some(units);
            }
            "timestep" => header.step = value.trim().parse().ok(),
            _ => {}
        }
    }
    Ok(())
}

/// The line without its comment.
fn statement(line: &Line) -> &str {
    line.text.split('#').next().unwrap_or("").trim()
}

fn is_section(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && (SECTIONS.contains(&text) || text.ends_with(" Coeffs") || text.ends_with(" Type Labels"))
}

const SECTIONS: [&str; 13] = [
    "Atoms",
    "Masses",
    "Velocities",
    "Bonds",
    "Angles",
    "Dihedrals",
    "Impropers",
    "Ellipsoids",
    "Lines",
    "Triangles",
    "Bodies",
    "CMAP",
    "Atom Type Labels",
];

fn count(announced: Option<usize>, section: &Line, what: &str) -> Result<usize> {
    announced.ok_or_else(|| {
        section
            .error(format!("the header does not say how many {what} there are"))
            .with_help(format!("expected a line such as `144 {what}` before the first section"))
            .into()
    })
}

/// The words of a row without its comment.
fn values(line: &Line) -> Vec<Token<'_>> {
    let text = line.text.split('#').next().unwrap_or("");
    text.split_whitespace().map(|word| line.token(word)).collect()
}

/// The style of a file that does not name it, as far as one atom tells.
fn guess(line: &Line, header: &Header) -> Result<Option<Style>> {
    let tokens = values(line);
    let as_type = |at: usize| {
        let number = tokens[at].text.parse::<usize>().ok();
        number.is_some_and(|n| n > 0 && header.types.is_none_or(|types| n <= types))
    };
    match tokens.len() {
        5 | 8 => Ok(Some(Style::ATOMIC)),
        7 | 10 => Ok(Some(Style::FULL)),
        6 | 9 if !as_type(2) => Ok(Some(Style::CHARGE)),
        6 | 9 if !as_type(1) || header.bonds => Ok(Some(Style::MOLECULAR)),
        6 | 9 => Ok(None),
        found => Err(line
            .error(format!("{found} values for an atom"))
            .with_help("expected 5 (atomic), 6 (charge, molecular) or 7 (full), and 3 more with image counts")
            .into()),
    }
}
