//! vasprun.xml: the ionic steps of a calculation with energy, forces and stress, read as a stream.
//!
//! The energy is the one extrapolated to zero smearing, as ASE takes it: `e_fr_energy` of the step
//! without the term P·V, plus the difference `e_0_energy − e_fr_energy` of its last electronic step
//! (the `e_0_energy` of the step itself is wrong in versions of VASP 5 and 6). The free energy is kept
//! as `free_energy`.

use super::KILOBAR;
use super::header::named_element;
use super::selective;
use super::xml::{Node, Nodes};
use crate::error::{Diagnostic, Error, Result};
use crate::io::source::Source;
use crate::io::{Frame, ReadFrames, ReadOptions, Value};
use crate::system::{Cell, Element, Mat3, Vec3};

/// Starts reading.
pub(in crate::io) fn open(source: Source, _options: &ReadOptions) -> Box<dyn ReadFrames> {
    Box::new(Reader {
        nodes: Nodes::new(source.reader, source.path),
        open: Vec::new(),
        species: Vec::new(),
        movable: Vec::new(),
        run: Run::default(),
        step: None,
        steps: 0,
    })
}

struct Reader {
    nodes: Nodes,
    /// The elements that are open, outermost first.
    open: Vec<Open>,
    species: Vec<Element>,
    /// Selective dynamics, three flags per atom.
    movable: Vec<bool>,
    run: Run,
    /// The ionic step that is being read.
    step: Option<Step>,
    steps: u64,
}

/// An open element: its tag and its attribute `name`.
struct Open {
    tag: String,
    name: String,
}

/// What the parameters say about the run.
#[derive(Default)]
struct Run {
    /// `PSTRESS` in eV/Å³.
    pressure: f64,
    /// `NELM`, the largest number of electronic steps.
    electronic_steps: Option<u64>,
    /// `POTIM` in fs.
    timestep: Option<f64>,
    dynamics: bool,
}

/// What was read of an ionic step.
#[derive(Default)]
struct Step {
    line: usize,
    basis: Vec<Vec3>,
    positions: Vec<Vec3>,
    forces: Vec<Vec3>,
    stress: Vec<Vec3>,
    free: Option<f64>,
    zero: Option<f64>,
    /// Of the last electronic step.
    electronic_free: Option<f64>,
    electronic_zero: Option<f64>,
    iterations: u64,
}

impl ReadFrames for Reader {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        loop {
            match self.nodes.next()? {
                Node::Open(tag, name) => {
                    if tag == "calculation" {
                        self.step = Some(Step { line: self.nodes.line(), ..Step::default() });
                    } else if tag == "scstep"
                        && let Some(step) = &mut self.step
                    {
                        step.iterations += 1;
                    }
                    if self.open.len() > 100 {
                        return Err(self.nodes.error("", "elements nested a hundred deep"));
                    }
                    self.open.push(Open { tag, name });
                }
                Node::Close(tag) => {
                    self.open.pop();
                    if tag == "calculation"
                        && let Some(step) = self.step.take()
                    {
                        return self.finish(step).map(Some);
                    }
                }
                Node::Text(text) => self.text(&text)?,
                Node::End => return self.end(),
            }
        }
    }
}

impl Reader {
    /// The innermost open element, and the names (or tags) of those around it.
    fn is_inside(&self, path: &[&str]) -> bool {
        path.len() <= self.open.len()
            && path
                .iter()
                .rev()
                .zip(self.open.iter().rev())
                .all(|(wanted, open)| *wanted == if open.name.is_empty() { &open.tag } else { &open.name })
    }

    fn text(&mut self, text: &str) -> Result<()> {
        let Some(innermost) = self.open.last() else { return Ok(()) };
        match innermost.tag.as_str() {
            // Only the first column of the table of atoms names elements.
            "c" if self.is_inside(&["atoms", "set", "rc", "c"]) => self.atom(text),
            "v" if self.is_inside(&["initialpos", "selective", "v"]) => self.flags(text),
            "v" if self.step.is_some() => self.vector(text),
            "i" if self.step.is_some() => self.energy(text),
            "i" => self.parameter(text),
            _ => Ok(()),
        }
    }

    /// `<rc><c>Li</c><c> 1</c></rc>`: the element, then the number of its kind.
    fn atom(&mut self, text: &str) -> Result<()> {
        let word = text.trim();
        if word.parse::<u32>().is_ok() {
            return Ok(());
        }
        // Versions of VASP cut these two symbols short.
        let name = match word {
            "r" => "Zr",
            "X" => "Xe",
            name => name,
        };
        let element = named_element(name)
            .ok_or_else(|| self.nodes.error(word, format!("`{word}` is not the symbol of an element")))?;
        self.species.push(element);
        Ok(())
    }

    fn flags(&mut self, text: &str) -> Result<()> {
        for word in text.split_whitespace() {
            self.movable.push(match word {
                "T" => true,
                "F" => false,
                _ => return Err(self.nodes.error(word, format!("`{word}` is neither T nor F"))),
            });
        }
        Ok(())
    }

    fn vector(&mut self, text: &str) -> Result<()> {
        let paths: [(&[&str], usize); 4] = [
            (&["calculation", "structure", "crystal", "basis", "v"], 0),
            (&["calculation", "structure", "positions", "v"], 1),
            (&["calculation", "forces", "v"], 2),
            (&["calculation", "stress", "v"], 3),
        ];
        let Some((_, which)) = paths.iter().find(|(path, _)| self.is_inside(path)) else { return Ok(()) };
        let mut words = text.split_whitespace();
        let mut vector = Vec3::zeros();
        for component in vector.iter_mut() {
            *component = match words.next() {
                Some(word) => self.real(word)?,
                None => return Err(self.nodes.error("", "a component of a vector is missing")),
            };
        }
        if let Some(step) = &mut self.step {
            [&mut step.basis, &mut step.positions, &mut step.forces, &mut step.stress][*which].push(vector);
        }
        Ok(())
    }

    fn energy(&mut self, text: &str) -> Result<()> {
        let electronic = self.is_inside(&["calculation", "scstep", "energy", "e_fr_energy"])
            || self.is_inside(&["calculation", "scstep", "energy", "e_0_energy"]);
        let ionic = self.is_inside(&["calculation", "energy", "e_fr_energy"])
            || self.is_inside(&["calculation", "energy", "e_0_energy"]);
        if !electronic && !ionic {
            return Ok(());
        }
        // An early electronic step may overflow VASP's format without harm: only the last one counts.
        let value = match self.real(text.trim()) {
            Err(_) if electronic => None,
            value => Some(value?),
        };
        let zero = self.open.last().is_some_and(|open| open.name == "e_0_energy");
        if let Some(step) = &mut self.step {
            *match (electronic, zero) {
                (true, true) => &mut step.electronic_zero,
                (true, false) => &mut step.electronic_free,
                (false, true) => &mut step.zero,
                (false, false) => &mut step.free,
            } = value;
        }
        Ok(())
    }

    fn parameter(&mut self, text: &str) -> Result<()> {
        let Some(innermost) = self.open.last() else { return Ok(()) };
        let text = text.trim();
        match innermost.name.as_str() {
            "PSTRESS" => self.run.pressure = self.real(text)? * KILOBAR,
            "NELM" => self.run.electronic_steps = text.parse().ok(),
            "POTIM" => self.run.timestep = text.parse().ok(),
            "IBRION" => self.run.dynamics = text == "0",
            _ => {}
        }
        Ok(())
    }

    fn real(&self, word: &str) -> Result<f64> {
        match word.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            Ok(_) => Err(self.nodes.error(word, format!("`{word}` is not a finite number"))),
            Err(_) if word.contains('*') => {
                Err(self.nodes.error(word, "stars stand where the number was too large for VASP's format"))
            }
            Err(_) => Err(self.nodes.error(word, format!("`{word}` is not a number"))),
        }
    }

    /// The frame of a step that has closed.
    fn finish(&mut self, step: Step) -> Result<Frame> {
        let wrong = |message: String| Error::from(Diagnostic::new(self.nodes.path(), step.line, 1, message));
        self.steps += 1;
        let [a, b, c] = step.basis[..] else {
            return Err(wrong(format!("the step has {} lattice vectors, not three", step.basis.len())));
        };
        let cell =
            Cell::new([a.into(), b.into(), c.into()], [true; 3]).map_err(|error| wrong(error.to_string()))?;
        let count = self.species.len();
        if count == 0 || step.positions.len() != count {
            return Err(wrong(format!("the step has {} positions for {count} atoms", step.positions.len())));
        }
        if !step.forces.is_empty() && step.forces.len() != count {
            return Err(wrong(format!("the step has {} forces for {count} atoms", step.forces.len())));
        }
        let positions = step.positions.iter().map(|s| cell.cartesian(s)).collect();
        let mut frame = Frame::new(cell, self.species.clone(), positions);
        frame.forces = (!step.forces.is_empty()).then_some(step.forces);
        if let [x, y, z] = step.stress[..] {
            // VASP writes the pressure on the cell in kbar; its two halves differ in the last digits.
            let full = Mat3::from_columns(&[x, y, z]) * -KILOBAR;
            frame.stress = Some((full + full.transpose()) / 2.0);
        }
        let free = step.free.map(|free| free - self.run.pressure * frame.cell.volume());
        frame.energy = match (free, step.electronic_zero.zip(step.electronic_free)) {
            (Some(free), Some((zero_electronic, free_electronic))) => {
                Some(free + (zero_electronic - free_electronic))
            }
            (_, _) => step.zero.map(|zero| zero - self.run.pressure * frame.cell.volume()),
        };
        if let Some(free) = free {
            frame.info.insert("free_energy".into(), Value::Real(free));
        }
        if self.run.electronic_steps.is_some_and(|most| step.iterations >= most && most > 1) {
            frame.info.insert("scf_converged".into(), Value::Flag(false));
        }
        if self.movable.len() == 3 * count {
            selective::note(&mut frame, self.movable.clone());
        }
        frame.step = Some(self.steps);
        frame.time = self.run.timestep.filter(|_| self.run.dynamics).map(|dt| dt * self.steps as f64);
        frame.origin.line = step.line;
        Ok(frame)
    }

    /// The end of the file: is it the end of the document?
    fn end(&self) -> Result<Option<Frame>> {
        let fail = |message: &str, help: String| {
            Err(Diagnostic::new(self.nodes.path(), self.nodes.line(), 1, message).with_help(help).into())
        };
        match self.open.last() {
            Some(open) => fail(
                "the file ends here",
                format!(
                    "expected `</{}>` (the calculation was interrupted or the file is not whole)",
                    open.tag
                ),
            ),
            None if self.steps == 0 => {
                fail("the file ends here", "expected at least one `<calculation>`".into())
            }
            None => Ok(None),
        }
    }
}
