//! Reading extended XYZ.

use super::columns::Table;
use super::header::Header;
use super::labels::agreed;
use super::lammps::Lammps;
use crate::error::Result;
use crate::io::source::Source;
use crate::io::{Frame, LabelKeys, ReadFrames, ReadOptions};
use crate::system::{Cell, Vec3};
use crate::text::{Line, Lines};

/// Starts reading.
pub(in crate::io) fn open(source: Source, options: &ReadOptions) -> Box<dyn ReadFrames> {
    let lines = source.lines();
    let row = lines.blank();
    Box::new(Reader {
        lines,
        row,
        labels: options.labels.clone(),
        lammps: Lammps::new(options),
        units: options.strict_units && options.units.is_some(),
    })
}

struct Reader {
    lines: Lines,
    row: Line,
    labels: LabelKeys,
    lammps: Lammps,
    /// Were units said for this file? Then it has to be one of LAMMPS.
    units: bool,
}

impl ReadFrames for Reader {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        let head = loop {
            match self.lines.next_line()? {
                None => return Ok(None),
                Some(line) if line.is_blank() => {}
                Some(line) => break line,
            }
        };
        let count = atom_count(&head)?;
        let line = self.lines.expect_line("the comment line of the frame")?;
        let header = Header::parse(&line, &self.labels)?;
        if self.units && !header.lammps {
            return Err(line
                .error("units were given, but those of extended XYZ are known")
                .with_help("expected no units, or a file of LAMMPS")
                .into());
        }
        let mut table = Table::new(&header.layout, count);
        for index in 0..count {
            if !self.lines.next_into(&mut self.row)? {
                return Err(self.lines.end_error(&format!(
                    "atom {} of {count} (the frame begins in line {})",
                    index + 1,
                    head.number
                )));
            }
            table.push(&self.row, index, &mut self.lammps.types)?;
        }
        let mut frame = Frame::new(Cell::isolated(), Vec::new(), Vec::new());
        let forces = table.finish(&mut frame);
        frame.forces = agreed(forces, "forces", |_| 1e-5, |a, b| most_apart(a, b), line.token(&line.text))?;
        frame.cell = header.cell;
        frame.energy = header.energy;
        frame.stress = header.stress;
        frame.step = header.step;
        frame.time = header.time;
        frame.info = header.info;
        frame.origin.line = head.number;
        for position in &mut frame.positions {
            *position *= header.length;
        }
        if header.lammps {
            self.lammps.convert(&mut frame, &line)?;
        }
        self.cell_vectors(&mut frame)?;
        Ok(Some(frame))
    }
}

impl Reader {
    /// `VEC1 x y z` lines after the atoms, as ADF writes the cell.
    fn cell_vectors(&mut self, frame: &mut Frame) -> Result<()> {
        let (mut rows, mut periodic) = ([[0.0; 3]; 3], [false; 3]);
        while self.lines.peek_line()?.is_some_and(|line| line.text.trim_start().starts_with("VEC")) {
            let line = self.lines.expect_line("a cell vector")?;
            let mut tokens = line.tokens();
            let name = tokens.expect("VEC1, VEC2 or VEC3")?;
            let k = ["VEC1", "VEC2", "VEC3"]
                .iter()
                .position(|vector| *vector == name.text)
                .ok_or_else(|| name.error(format!("expected VEC1, VEC2 or VEC3, not `{}`", name.text)))?;
            rows[k] = tokens.vector("three components of a cell vector")?;
            periodic[k] = true;
            frame.cell = Cell::new(rows, periodic).map_err(|error| line.error(error.to_string()))?;
        }
        Ok(())
    }
}

/// The number of atoms, alone on its line.
fn atom_count(line: &Line) -> Result<usize> {
    let mut tokens = line.tokens();
    let count = tokens.expect("the number of atoms")?.integer("the number of atoms")?;
    match tokens.next() {
        None => Ok(count),
        Some(extra) => Err(extra
            .error("unexpected text after the number of atoms")
            .with_help("expected the first line of a frame: the number of atoms alone")
            .into()),
    }
}

fn most_apart(a: &[Vec3], b: &[Vec3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).amax()).fold(0.0, f64::max)
}
