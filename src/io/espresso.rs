//! Output of Quantum ESPRESSO's `pw.x`: scf, relax, vc-relax, md and vc-md.
//!
//! Energies are printed in Ry, forces in Ry/bohr, stress in Ry/bohr³; lengths in bohr, ångström or
//! multiples of the lattice parameter. All are converted with CODATA 2018. The energy with smearing is
//! F = E − TS, with which forces and stress are consistent. The stress is printed with pressure
//! positive, the opposite of mlmd's sign.
//!
//! A frame is a structure with the energy that followed it; a last structure that was never computed
//! (where a relaxation ends, the next step of a dynamics) is not a frame. A frame whose self-consistency
//! was not reached has no labels and says `converged = false`.

use super::labels::element_of_label;
use super::source::Source;
use super::{Frame, ReadFrames, ReadOptions, Value, capacity};
use crate::error::{Error, Result};
use crate::system::{Cell, Element, Mat3, Vec3};
use crate::text::{Line, Lines};
use crate::units::{BOHR, RYDBERG};

/// Starts reading.
pub(super) fn open(source: Source, _options: &ReadOptions) -> Box<dyn ReadFrames> {
    Box::new(Reader {
        lines: source.lines(),
        atoms: None,
        lattice: None,
        cell: None,
        structure: None,
        threshold: None,
        labels: Labels::default(),
        time_step: None,
        frames: 0,
    })
}

struct Reader {
    lines: Lines,
    /// Number of atoms.
    atoms: Option<usize>,
    /// The lattice parameter alat, Å.
    lattice: Option<f64>,
    cell: Option<[Vec3; 3]>,
    structure: Option<Structure>,
    /// The estimated error of the energy at which self-consistency is reached, Ry.
    threshold: Option<f64>,
    labels: Labels,
    /// The time step of a dynamics, fs.
    time_step: Option<f64>,
    frames: usize,
}

/// ħ/Ry, the atomic unit of time here, fs.
const TIME_UNIT: f64 = 0.048_377_686_531_71;

/// Positions as printed last, Å.
struct Structure {
    line: usize,
    cell: Cell,
    species: Vec<Element>,
    positions: Vec<Vec3>,
}

/// What was computed for the structure.
#[derive(Default)]
struct Labels {
    energy: Option<f64>,
    converged: bool,
    failed: bool,
    /// The estimated error of the energy, Ry, and was exchange iterated, with thresholds of its own?
    accuracy: Option<f64>,
    exchange: bool,
    forces: Option<Vec<Vec3>>,
    stress: Option<Mat3>,
    step: Option<u64>,
    time: Option<f64>,
}

impl Labels {
    /// With `scf_must_converge = .false.` pw.x says that it has converged where it has run out of iterations. The threshold is
    /// printed with two digits, the accuracy with eight decimals.
    fn gave_up(&self, threshold: Option<f64>) -> bool {
        let (Some(accuracy), Some(threshold)) = (self.accuracy, threshold) else { return false };
        !self.exchange && accuracy > 1.05 * threshold + 1e-8
    }
}

impl ReadFrames for Reader {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        while let Some(line) = self.lines.next_line()? {
            if let Some(frame) = self.line(&line)? {
                return Ok(Some(frame));
            }
        }
        if let Some(frame) = self.complete() {
            return Ok(Some(frame));
        }
        if self.frames > 0 {
            return Ok(None);
        }
        Err(self.lines.end_error("a structure with a converged energy: this output holds none"))
    }
}

impl Reader {
    /// Takes in a line; a new structure completes the frame before it.
    fn line(&mut self, line: &Line) -> Result<Option<Frame>> {
        let text = line.text.trim();
        if let Some(value) = text.strip_prefix("number of atoms/cell") {
            let word = value.trim_start_matches([' ', '=']).trim();
            self.atoms = Some(line.token(word).integer("the number of atoms")?);
        } else if text.starts_with("lattice parameter (alat)") {
            self.lattice = Some(after_equals(line, "the lattice parameter")? * BOHR);
        } else if text.starts_with("celldm(1)=") {
            // The same number with more digits.
            self.lattice = Some(after_equals(line, "celldm(1)")? * BOHR);
        } else if text.starts_with("crystal axes:") {
            let done = self.complete();
            self.cell = Some(self.axes()?);
            return Ok(done);
        } else if text.starts_with("site n.") && text.contains("(alat units)") {
            let done = self.complete();
            self.sites(line)?;
            return Ok(done);
        } else if text.starts_with("CELL_PARAMETERS") {
            let done = self.complete();
            self.cell_parameters(line)?;
            return Ok(done);
        } else if text.starts_with("ATOMIC_POSITIONS") {
            let done = self.complete();
            self.positions(line)?;
            return Ok(done);
        } else if text.starts_with('!') && text.contains("total energy") {
            self.labels.energy = Some(after_equals(line, "the total energy")? * RYDBERG);
        } else if text.starts_with("convergence has been achieved") {
            self.labels.converged = true;
        } else if text.starts_with("convergence NOT achieved") {
            self.labels.failed = true;
        } else if text.starts_with("convergence threshold") || text.starts_with("scf convergence threshold") {
            self.threshold = Some(after_equals(line, "the threshold of convergence")?);
        } else if let Some(value) = text.strip_prefix("estimated scf accuracy") {
            let word = value.split_whitespace().nth(1).unwrap_or_default();
            // Stars where the first of them is too large for its columns.
            self.labels.accuracy = word.parse().ok();
        } else if text.starts_with("EXX") {
            self.labels.exchange = true;
        } else if text.starts_with("Forces acting on atoms") {
            self.labels.forces = Some(self.forces()?);
        } else if text.starts_with("total   stress") {
            self.labels.stress = Some(self.stress()?);
        } else if text.starts_with("Entering Dynamics") {
            self.dynamics(line)?;
        } else if text.starts_with("Time step") && text.contains("a.u.") {
            self.time_step = Some(after_equals(line, "a time step")? * TIME_UNIT);
        }
        Ok(None)
    }

    /// The frame of the current structure, if it was computed; the structure is used up.
    fn complete(&mut self) -> Option<Frame> {
        let labels = std::mem::take(&mut self.labels);
        if labels.energy.is_none() && !labels.failed {
            return None;
        }
        let structure = self.structure.take()?;
        let mut frame = Frame::new(structure.cell, structure.species, structure.positions);
        if labels.converged && !labels.failed && !labels.gave_up(self.threshold) {
            frame.energy = labels.energy;
            frame.forces = labels.forces;
            frame.stress = labels.stress;
        } else {
            frame.info.insert("converged".into(), Value::Flag(false));
        }
        frame.step = labels.step;
        frame.time = labels.time;
        frame.origin.line = structure.line;
        self.frames += 1;
        Some(frame)
    }

    /// `Entering Dynamics:    iteration =     1` (md), or `...; it =     1   time =  0.00000 pico-seconds`
    /// (vc-md): the number of the step that is about to be made, from the structure just computed.
    fn dynamics(&mut self, line: &Line) -> Result<()> {
        let step = (after_equals(line, "the number of a step")? as u64).saturating_sub(1);
        self.labels.step = Some(step);
        self.labels.time =
            match line.text.split_once("time =").map(|(_, value)| value.split_whitespace().next()) {
                Some(Some(word)) => Some(line.token(word).real("a time in ps")? * 1e3),
                _ => self.time_step.map(|dt| step as f64 * dt),
            };
        Ok(())
    }

    /// `a(1) = (   1.000000   0.000000   0.000000 )`, in units of alat.
    fn axes(&mut self) -> Result<[Vec3; 3]> {
        let mut axes = [Vec3::zeros(); 3];
        for axis in &mut axes {
            let line = self.lines.expect_line("a lattice vector `a(1) = ( ... )`")?;
            *axis = in_parentheses(&line)? * self.lattice(&line)?;
        }
        Ok(axes)
    }

    fn sites(&mut self, head: &Line) -> Result<()> {
        let count = self.count(head)?;
        let lattice = self.lattice(head)?;
        let mut atoms = Atoms::with_capacity(count);
        for _ in 0..count {
            let line = self.lines.expect_line("the position of an atom")?;
            let mut tokens = line.tokens();
            tokens.expect("the number of an atom")?;
            let position = in_parentheses(&line)? * lattice;
            atoms.push(&line, tokens.expect("an element")?.text, position)?;
        }
        self.structure = Some(atoms.structure(head, self.cell.as_ref())?);
        Ok(())
    }

    /// `CELL_PARAMETERS (angstrom)`, `(bohr)` or `(alat=  7.63449400)`.
    fn cell_parameters(&mut self, head: &Line) -> Result<()> {
        let unit = match unit_of(head) {
            "angstrom" => 1.0,
            "bohr" => BOHR,
            alat if alat.starts_with("alat") => match alat.split_once('=') {
                Some((_, value)) => head.token(value.trim()).real("the lattice parameter")? * BOHR,
                None => self.lattice(head)?,
            },
            other => return Err(head.error(format!("`{other}` is no unit of lattice vectors")).into()),
        };
        let mut cell = [Vec3::zeros(); 3];
        for row in &mut cell {
            let line = self.lines.expect_line("a lattice vector")?;
            *row = Vec3::from(line.tokens().vector("a lattice vector")?) * unit;
        }
        self.cell = Some(cell);
        Ok(())
    }

    /// `ATOMIC_POSITIONS (angstrom)`, `(bohr)`, `(alat)` or `(crystal)`.
    fn positions(&mut self, head: &Line) -> Result<()> {
        let count = self.count(head)?;
        let unit = match unit_of(head) {
            "angstrom" => Some(1.0),
            "bohr" => Some(BOHR),
            "alat" => Some(self.lattice(head)?),
            "crystal" => None,
            other => return Err(head.error(format!("`{other}` is no unit of positions")).into()),
        };
        let mut atoms = Atoms::with_capacity(count);
        for _ in 0..count {
            let line = self.lines.expect_line("the position of an atom")?;
            let mut tokens = line.tokens();
            let label = tokens.expect("an element")?;
            let given = tokens.vector("a coordinate")?;
            let position = match (unit, &self.cell) {
                (Some(unit), _) => Vec3::from(given) * unit,
                (None, Some([a, b, c])) => a * given[0] + b * given[1] + c * given[2],
                (None, None) => {
                    return Err(head.error("crystal coordinates before any lattice vectors").into());
                }
            };
            atoms.push(&line, label.text, position)?;
        }
        self.structure = Some(atoms.structure(head, self.cell.as_ref())?);
        Ok(())
    }

    /// `atom    1 type  1   force =    -0.00343714   -0.00473006   -0.03917897`
    fn forces(&mut self) -> Result<Vec<Vec3>> {
        let count = self.atoms.unwrap_or(0);
        let mut forces = Vec::with_capacity(capacity(count));
        while forces.len() < count {
            let line = self.lines.expect_line("the force on an atom")?;
            let Some((_, value)) = line.text.split_once("force =") else {
                // Version 5.1 prints `negative rho (up, down)` above the first row.
                if line.is_blank() || forces.is_empty() {
                    continue;
                }
                return Err(line.error("expected `atom ... force =` and three numbers").into());
            };
            forces.push(numbers(&line, value, "a component of a force")? * (RYDBERG / BOHR));
        }
        Ok(forces)
    }

    fn stress(&mut self) -> Result<Mat3> {
        let mut stress = Mat3::zeros();
        for k in 0..3 {
            let line = self.lines.expect_line("a row of the stress")?;
            let row = line.tokens().vector("a component of the stress")?;
            // Printed as a pressure: tension is negative there and positive here.
            stress.set_row(k, &(Vec3::from(row) * (-RYDBERG / BOHR.powi(3))).transpose());
        }
        Ok(stress)
    }

    fn count(&self, line: &Line) -> Result<usize> {
        self.atoms.ok_or_else(|| line.error("positions before `number of atoms/cell`").into())
    }

    fn lattice(&self, line: &Line) -> Result<f64> {
        self.lattice.ok_or_else(|| line.error("units of alat before `lattice parameter (alat)`").into())
    }
}

/// Atoms while they are read.
struct Atoms {
    species: Vec<Element>,
    positions: Vec<Vec3>,
}

impl Atoms {
    fn with_capacity(count: usize) -> Self {
        Self { species: Vec::with_capacity(capacity(count)), positions: Vec::with_capacity(capacity(count)) }
    }

    fn push(&mut self, line: &Line, label: &str, position: Vec3) -> Result<()> {
        let element = element_of_label(label).ok_or_else(|| -> Error {
            line.error(format!("`{label}` does not begin with the symbol of an element")).into()
        })?;
        self.species.push(element);
        self.positions.push(position);
        Ok(())
    }

    fn structure(self, head: &Line, cell: Option<&[Vec3; 3]>) -> Result<Structure> {
        let Some(rows) = cell else { return Err(head.error("positions before any lattice vectors").into()) };
        let cell = Cell::new(rows.map(Into::into), [true; 3])
            .map_err(|error| -> Error { head.error(error.to_string()).into() })?;
        Ok(Structure { line: head.number, cell, species: self.species, positions: self.positions })
    }
}

/// The number behind the first `=` of a line.
fn after_equals(line: &Line, expected: &str) -> Result<f64> {
    let value = line.text.split_once('=').map(|(_, value)| value.trim_start());
    match value.and_then(|value| value.split_whitespace().next()) {
        Some(word) => line.token(word).real(expected),
        None => Err(line.missing(expected)),
    }
}

/// The three numbers in the last parentheses of a line.
fn in_parentheses(line: &Line) -> Result<Vec3> {
    match line.text.rsplit_once('(') {
        Some((_, inner)) => numbers(line, inner.trim_end().trim_end_matches(')'), "a coordinate"),
        None => Err(line.missing("three numbers in parentheses")),
    }
}

/// Three numbers that make up a part of a line.
fn numbers(line: &Line, part: &str, expected: &str) -> Result<Vec3> {
    let mut words = part.split_whitespace();
    let mut vector = Vec3::zeros();
    for component in &mut vector {
        let word = words.next().ok_or_else(|| line.missing(expected))?;
        *component = line.token(word).real(expected)?;
    }
    Ok(vector)
}

/// The unit in the parentheses (or braces) of a card; without one it is alat.
fn unit_of(line: &Line) -> &str {
    let rest = line.text.trim().split_once(char::is_whitespace).map_or("", |(_, rest)| rest);
    let unit = rest.trim().trim_matches(['(', ')', '{', '}']).trim();
    if unit.is_empty() { "alat" } else { unit }
}
