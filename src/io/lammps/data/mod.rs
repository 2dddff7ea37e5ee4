//! LAMMPS data files: one structure (<https://docs.lammps.org/read_data.html>).

mod atoms;
mod header;
mod write;

pub(in crate::io) use header::ends_with;
pub(in crate::io) use write::create;

use super::types::Types;
use crate::error::{Error, Result};
use crate::io::source::Source;
use crate::io::{Frame, ReadFrames, ReadOptions, capacity};
use crate::system::Vec3;
use crate::text::{Line, Lines};
use atoms::{Atom, Style, type_number};
use header::Header;
use std::collections::HashMap;

/// Starts reading.
pub(in crate::io) fn open(source: Source, options: &ReadOptions) -> Box<dyn ReadFrames> {
    Box::new(Reader {
        lines: source.lines(),
        types: Types::new(options),
        options: options.clone(),
        over: false,
    })
}

struct Reader {
    lines: Lines,
    types: Types,
    options: ReadOptions,
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

impl Reader {
    fn structure(&mut self) -> Result<Frame> {
        let title = self.lines.expect_line("the title of a LAMMPS data file")?;
        let mut header = Header::default();
        header.read_title(&title, &self.options)?;
        let mut section = header.read(&mut self.lines)?;
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
            let number = type_number(kind, &self.types)?;
            let token = tokens.expect("a mass")?;
            let mass = token.real("a mass")?;
            let comment = line.text.split_once('#').map_or("", |(_, comment)| comment);
            self.types
                .mass(number, mass, comment)
                .map_err(|message| -> Error { token.error(message).into() })?;
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
        let unit = header.units.velocity();
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
                style = Style::guess(&line, header)?;
            }
            let Some(style) = style else {
                undecided.push(line);
                continue;
            };
            for line in undecided.drain(..) {
                atoms.push(Atom::read(&line, style, &mut self.types)?);
            }
            atoms.push(Atom::read(&line, style, &mut self.types)?);
        }
        match undecided.first() {
            None => Ok(atoms),
            Some(line) => Err(line
                .error("the third value may be a charge or an atom type")
                .with_help("state the style behind the section: `Atoms # charge` or `Atoms # molecular`")
                .into()),
        }
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
        header.units.note(&mut frame);
        self.types.note(&mut frame);
        Ok(frame)
    }
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
