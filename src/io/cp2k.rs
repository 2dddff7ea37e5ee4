//! Output of CP2K: energy, forces and stress of a single point.
//!
//! Energies are in Hartree and forces in Hartree/bohr, whatever the version calls them (`a.u.`,
//! `hartree`), the stress in GPa or bar with pressure positive, the opposite of mlmd's sign. The cell is
//! printed with three digits by most versions: an error of up to 0.0005 Å that nothing else in the file
//! undoes.
//!
//! The log of a dynamics or a relaxation holds the coordinates of the first step only, and nothing but
//! that step can be read from it.

use super::source::Source;
use super::{Frame, ReadFrames, ReadOptions, Value};
use crate::error::{Error, Result};
use crate::system::{Cell, Element, Mat3, Vec3};
use crate::text::{Line, Lines};
use crate::units::{BOHR, EV_PER_ANGSTROM3_IN_GPA, HARTREE};

/// Starts reading.
pub(super) fn open(source: Source, _options: &ReadOptions) -> Box<dyn ReadFrames> {
    Box::new(Reader {
        lines: source.lines(),
        vectors: [None; 3],
        periodic: [true; 3],
        structure: None,
        labels: Labels::default(),
        frames: 0,
        orphan: None,
    })
}

struct Reader {
    lines: Lines,
    vectors: [Option<[f64; 3]>; 3],
    periodic: [bool; 3],
    structure: Option<Structure>,
    labels: Labels,
    frames: usize,
    /// An energy whose coordinates are not in the file.
    orphan: Option<Line>,
}

/// The coordinates as printed, Å.
struct Structure {
    line: Line,
    species: Vec<Element>,
    positions: Vec<Vec3>,
}

/// What was computed for the structure.
#[derive(Default)]
struct Labels {
    energy: Option<f64>,
    failed: bool,
    forces: Option<Vec<Vec3>>,
    stress: Option<Mat3>,
}

impl ReadFrames for Reader {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        if let Some(line) = self.orphan.take() {
            return Err(line
                .error("the coordinates that belong to this energy are not in this file")
                .with_help(
                    "CP2K logs the coordinates of the first step only; its trajectory is in `...-pos-1.xyz`",
                )
                .into());
        }
        while let Some(line) = self.lines.next_line()? {
            if let Some(frame) = self.line(&line)? {
                return Ok(Some(frame));
            }
        }
        if let Some(frame) = self.complete()? {
            return Ok(Some(frame));
        }
        if self.frames > 0 {
            return Ok(None);
        }
        Err(self.lines.end_error("coordinates and an energy: this output holds none"))
    }
}

impl Reader {
    /// Takes in a line; coordinates or an energy beyond the first complete the frame before them.
    fn line(&mut self, line: &Line) -> Result<Option<Frame>> {
        let text = line.text.trim();
        if let Some(rest) = text.strip_prefix("CELL| Vector ") {
            let axis = rest.chars().next().and_then(|c| "abc".find(c));
            let axis = axis.ok_or_else(|| -> Error { line.error("expected vector a, b or c").into() })?;
            self.vectors[axis] = Some(vector(line)?);
        } else if let Some(rest) = text.strip_prefix("CELL| Periodicity") {
            let directions = rest.trim();
            self.periodic = ['X', 'Y', 'Z'].map(|axis| directions != "NONE" && directions.contains(axis));
        } else if text.starts_with("MODULE QUICKSTEP:") && text.contains("ATOMIC COORDINATES IN") {
            let done = self.complete()?;
            self.structure = Some(self.coordinates(line)?);
            return Ok(done);
        } else if text.starts_with("ENERGY| Total FORCE_EVAL") {
            let energy = last_number(line, "the total energy")? * HARTREE;
            if self.labels.energy.is_some() || self.structure.is_none() {
                self.orphan = Some(line.clone());
                return match self.complete()? {
                    Some(frame) => Ok(Some(frame)),
                    None => self.next_frame(),
                };
            }
            self.labels.energy = Some(energy);
        } else if text.contains("SCF run NOT converged") {
            self.labels.failed = true;
        } else if text.starts_with("ATOMIC FORCES in [a.u.]")
            || text.starts_with("FORCES| Atomic forces [hartree/bohr]")
        {
            self.labels.forces = Some(self.forces(line)?);
        } else if text.starts_with("STRESS TENSOR [")
            || (text.starts_with("STRESS| ")
                && text.contains("tical stress tensor [")
                && !text.contains("values"))
        {
            self.labels.stress = Some(self.stress(line)?);
        }
        Ok(None)
    }

    fn complete(&mut self) -> Result<Option<Frame>> {
        let labels = std::mem::take(&mut self.labels);
        let (Some(structure), Some(energy)) = (self.structure.take(), labels.energy) else { return Ok(None) };
        let [Some(a), Some(b), Some(c)] = self.vectors else {
            return Err(structure.line.error("no cell (`CELL| Vector a`) before these coordinates").into());
        };
        let cell = Cell::new([a, b, c], self.periodic)
            .map_err(|error| -> Error { structure.line.error(error.to_string()).into() })?;
        let mut frame = Frame::new(cell, structure.species, structure.positions);
        if labels.failed {
            frame.info.insert("converged".into(), Value::Flag(false));
        } else {
            frame.energy = Some(energy);
            frame.forces = labels.forces;
            frame.stress = labels.stress;
        }
        frame.origin.line = structure.line.number;
        self.frames += 1;
        Ok(Some(frame))
    }

    /// Rows `number kind symbol Z x y z ...` after a heading.
    fn coordinates(&mut self, head: &Line) -> Result<Structure> {
        let unit = match head.text.to_ascii_lowercase().split_whitespace().last() {
            Some("angstrom") => 1.0,
            Some("bohr") => BOHR,
            _ => return Err(head.error("expected coordinates in angstrom or bohr").into()),
        };
        let mut structure = Structure { line: head.clone(), species: Vec::new(), positions: Vec::new() };
        loop {
            let line = self.lines.expect_line("the coordinates of an atom")?;
            let tokens = line.split();
            let is_row = tokens.first().is_some_and(|token| token.text.parse::<usize>().is_ok());
            if !is_row {
                if tokens.is_empty() && !structure.species.is_empty() {
                    return Ok(structure);
                }
                if !tokens.is_empty() && !structure.species.is_empty() {
                    return Err(line.error("expected the next atom or a blank line").into());
                }
                continue;
            }
            let mut tokens = line.tokens().skip(3);
            let number = tokens.next().ok_or_else(|| line.missing("the atomic number"))?;
            let element =
                Element::from_number(number.integer("an atomic number")?).ok_or_else(|| -> Error {
                    number.error(format!("`{}` is no element", number.text)).into()
                })?;
            let mut position = Vec3::zeros();
            for component in &mut position {
                let token = tokens.next().ok_or_else(|| line.missing("a coordinate"))?;
                *component = token.real("a coordinate")? * unit;
            }
            structure.species.push(element);
            structure.positions.push(position);
        }
    }

    /// Rows `1 1 Fe x y z` (older versions) or `FORCES| 1 x y z |f|`, between a heading and a sum.
    fn forces(&mut self, head: &Line) -> Result<Vec<Vec3>> {
        let count = self.structure.as_ref().map_or(0, |structure| structure.species.len());
        let mut forces = Vec::with_capacity(count);
        while forces.len() < count {
            let line = self.lines.expect_line("the force on an atom")?;
            let body = line.text.trim().strip_prefix("FORCES|").unwrap_or(&line.text);
            let words: Vec<&str> = body.split_whitespace().collect();
            let Some(number) = words.first() else { continue };
            if number.parse::<usize>().is_err() {
                if forces.is_empty() {
                    continue;
                }
                return Err(line
                    .error(format!("{} forces for {count} atoms", forces.len()))
                    .with_help(format!("the list begins on line {}", head.number))
                    .into());
            }
            let skip = if line.text.trim_start().starts_with("FORCES|") { 1 } else { 3 };
            let mut force = Vec3::zeros();
            for (k, component) in force.iter_mut().enumerate() {
                let word = words.get(skip + k).ok_or_else(|| line.missing("a component of the force"))?;
                *component = line.token(word).real("a component of the force")? * (HARTREE / BOHR);
            }
            forces.push(force);
        }
        Ok(forces)
    }

    /// Rows that begin with X, Y and Z after a heading with the unit.
    fn stress(&mut self, head: &Line) -> Result<Mat3> {
        let unit = if head.text.contains("[GPa]") {
            1.0
        } else if head.text.contains("[bar]") {
            1e-4
        } else {
            return Err(head.error("expected a stress in GPa or bar").into());
        };
        let mut stress = Mat3::zeros();
        let mut row = 0;
        while row < 3 {
            let line = self.lines.expect_line("a row of the stress")?;
            let body = line.text.trim().strip_prefix("STRESS|").unwrap_or(&line.text);
            let words: Vec<&str> = body.split_whitespace().collect();
            let names = ["X", "Y", "Z"];
            if words.len() < 4 || !words[0].eq_ignore_ascii_case(names[row]) {
                // The blank lines and the heading of the columns.
                if words.is_empty()
                    || words.first().is_some_and(|word| word.eq_ignore_ascii_case("X")) && row == 0
                {
                    continue;
                }
                return Err(line.error(format!("expected the row {} of the stress", names[row])).into());
            }
            for k in 0..3 {
                let value = line.token(words[k + 1]).real("a component of the stress")?;
                // Printed as a pressure: tension is negative there and positive here.
                stress[(row, k)] = -value * unit / EV_PER_ANGSTROM3_IN_GPA;
            }
            row += 1;
        }
        Ok(stress)
    }
}

/// `... [angstrom]:   5.038   0.000   0.000   |a| =   5.038`
fn vector(line: &Line) -> Result<[f64; 3]> {
    let Some((head, tail)) = line.text.split_once(']') else {
        return Err(line.missing("a unit in brackets"));
    };
    let unit = match head.rsplit_once('[').map(|(_, unit)| unit) {
        Some("angstrom") => 1.0,
        Some("bohr") => BOHR,
        _ => return Err(line.error("expected a vector in angstrom or bohr").into()),
    };
    let mut words = tail.trim_start_matches(':').split_whitespace();
    let mut vector = [0.0; 3];
    for component in &mut vector {
        let word = words.next().ok_or_else(|| line.missing("a component of a lattice vector"))?;
        *component = line.token(word).real("a component of a lattice vector")? * unit;
    }
    Ok(vector)
}

fn last_number(line: &Line, expected: &str) -> Result<f64> {
    match line.tokens().last() {
        Some(token) => token.real(expected),
        None => Err(line.missing(expected)),
    }
}
