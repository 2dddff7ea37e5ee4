//! OUTCAR: the ionic steps of a calculation with energy, forces and stress.
//!
//! The energy is `energy(sigma->0)`, extrapolated to zero smearing, as ASE takes it; the free energy,
//! of which the forces are the exact derivative, is kept as `free_energy`. Steps that VASP's own
//! machine-learned force field made are left out: they are no labels.

use super::KILOBAR;
use super::header::named_element;
use crate::error::{Error, Result};
use crate::io::source::Source;
use crate::io::{Frame, ReadFrames, ReadOptions, Value, capacity};
use crate::system::{Cell, Element, Mat3, Vec3};
use crate::text::{Line, Lines, Token};

/// Starts reading.
pub(in crate::io) fn open(source: Source, _options: &ReadOptions) -> Box<dyn ReadFrames> {
    let lines = source.lines();
    let row = lines.blank();
    Box::new(Reader {
        lines,
        row,
        kinds: Kinds::default(),
        run: Run::default(),
        step: Step::default(),
        any: false,
        learned: 0,
    })
}

struct Reader {
    lines: Lines,
    row: Line,
    kinds: Kinds,
    run: Run,
    step: Step,
    /// Was there a whole step?
    any: bool,
    /// Steps of VASP's own force field.
    learned: u64,
}

/// The names of the elements, which VASP gives in three places, and their counts.
#[derive(Default)]
struct Kinds {
    /// From `VRHFIN =Li:`.
    valence: Vec<Element>,
    /// From `TITEL  = PAW_PBE Li_sv 10Sep2004`.
    title: Vec<Element>,
    /// From `POTCAR:    PAW_PBE Li_sv 10Sep2004`, where every element comes twice.
    potcar: Vec<Element>,
    /// From `ions per type =`.
    counts: Vec<usize>,
}

/// What the head of the file says about the run.
#[derive(Default)]
struct Run {
    /// `NELM`, the largest number of electronic steps.
    electronic_steps: Option<u64>,
    /// `POTIM` in fs, for molecular dynamics.
    timestep: Option<f64>,
    dynamics: bool,
    /// The closing account of the time was seen.
    finished: bool,
}

/// What was read of the ionic step that is going on.
#[derive(Default)]
struct Step {
    /// Line and ionic number of the first electronic iteration.
    begun: Option<(usize, u64)>,
    iterations: u64,
    converged: bool,
    cell: Option<Cell>,
    stress: Option<Mat3>,
    atoms: Option<(Vec<Vec3>, Vec<Vec3>)>,
}

impl ReadFrames for Reader {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        while self.lines.next_into(&mut self.row)? {
            let text = self.row.text.trim_start();
            match text.as_bytes().first() {
                Some(b'-') if text.contains(" Iteration ") => self.iteration(),
                Some(b'-') if text.contains("aborting loop because EDIFF is reached") => {
                    self.step.converged = true;
                }
                Some(b'd') if text.starts_with("direct lattice vectors") => self.cell()?,
                Some(b'i') if text.starts_with("in kB") => self.step.stress = stress(&self.row)?,
                Some(b'i') if text.starts_with("ions per type =") && !self.any => {
                    self.kinds.counts = counts(&self.row)?;
                }
                Some(b'P') if is_force_table(text) => self.atoms()?,
                Some(b'M') if text.starts_with("ML FREE ENERGIE") => self.learned += 1,
                Some(b'F') if text.starts_with("FREE ENERGIE OF THE ION-ELECTRON SYSTEM") => {
                    return self.energies().map(Some);
                }
                Some(b'V' | b'T' | b'P' | b'N' | b'I') if !self.any => {
                    self.kinds.note(text);
                    self.run.note(text);
                }
                Some(b'G') if text.starts_with("General timing and accounting") => self.run.finished = true,
                _ => {}
            }
        }
        self.end()
    }
}

impl Reader {
    /// `--- Iteration      3(  12)  ---`
    fn iteration(&mut self) {
        let after = self.row.text.split(" Iteration ").nth(1).unwrap_or("");
        let mut numbers = after.split(['(', ')']).map(|number| number.trim().parse::<u64>());
        if let (Some(Ok(ionic)), Some(Ok(electronic))) = (numbers.next(), numbers.next()) {
            self.step.begun.get_or_insert((self.row.number, ionic));
            self.step.iterations = electronic;
        }
    }

    fn cell(&mut self) -> Result<()> {
        let mut rows = [[0.0; 3]; 3];
        for row in &mut rows {
            self.next_row("a lattice vector")?;
            *row = numbers(&self.row, "three components of a lattice vector")?;
        }
        self.step.cell = Some(Cell::new(rows, [true; 3]).map_err(|error| self.row.error(error.to_string()))?);
        Ok(())
    }

    /// The table of positions and forces; further columns (forces without dispersion) are not wanted.
    fn atoms(&mut self) -> Result<()> {
        let count = self.kinds.total(&self.row)?;
        self.next_row("a rule under the heading of the forces")?;
        let mut positions = Vec::with_capacity(capacity(count));
        let mut forces = Vec::with_capacity(capacity(count));
        for index in 0..count {
            self.next_row(&format!("position and force of atom {} of {count}", index + 1))?;
            let [x, y, z, fx, fy, fz] = numbers(&self.row, "position and force of an atom")?;
            positions.push(Vec3::new(x, y, z));
            forces.push(Vec3::new(fx, fy, fz));
        }
        self.step.atoms = Some((positions, forces));
        Ok(())
    }

    /// The block that closes an ionic step.
    fn energies(&mut self) -> Result<Frame> {
        let mut free = None;
        loop {
            self.next_row("`energy(sigma->0) =`")?;
            let text = &self.row.text;
            if let Some(at) = text.find("TOTEN") {
                free = Some(after_equals(&self.row, at)?);
            } else if let Some(at) = text.find("energy(sigma->0)") {
                let energy = after_equals(&self.row, at)?;
                return self.frame(energy, free);
            }
        }
    }

    fn frame(&mut self, energy: f64, free: Option<f64>) -> Result<Frame> {
        // In a cell that does not change some versions print it once.
        let step = std::mem::take(&mut self.step);
        self.step.cell.clone_from(&step.cell);
        let row = &self.row;
        let (positions, forces) =
            step.atoms.ok_or_else(|| row.error("an energy without positions and forces before it"))?;
        let cell = step.cell.ok_or_else(|| row.error("an energy without lattice vectors before it"))?;
        if self.kinds.total(row)? != positions.len() {
            return Err(row.error("the number of atoms changed within the ionic step").into());
        }
        let mut frame = Frame::new(cell, self.kinds.species(row)?, positions);
        frame.forces = Some(forces);
        frame.energy = Some(energy);
        frame.stress = step.stress;
        if let Some(free) = free {
            frame.info.insert("free_energy".into(), Value::Real(free));
        }
        if !step.converged && self.run.electronic_steps.is_some_and(|most| step.iterations >= most) {
            frame.info.insert("scf_converged".into(), Value::Flag(false));
        }
        if let Some((line, ionic)) = step.begun {
            frame.origin.line = line;
            frame.step = Some(ionic);
            frame.time = self.run.timestep.filter(|_| self.run.dynamics).map(|dt| dt * ionic as f64);
        }
        self.any = true;
        Ok(frame)
    }

    /// The end of the file: was something begun and not finished?
    fn end(&self) -> Result<Option<Frame>> {
        match self.step.begun {
            Some((line, ionic)) if !self.run.finished => Err(self.lines.end_error(&format!(
                "the energy that closes ionic step {ionic}, begun in line {line} (the calculation was \
                 interrupted or the file is not whole)"
            ))),
            _ if self.any => Ok(None),
            _ if self.learned > 0 => Err(self.lines.end_error(&format!(
                "a step of first principles; the {} steps of VASP's own force field are no labels",
                self.learned
            ))),
            _ => Err(self.lines.end_error("at least one ionic step with energy and forces")),
        }
    }

    fn next_row(&mut self, expected: &str) -> Result<()> {
        if self.lines.next_into(&mut self.row)? { Ok(()) } else { Err(self.lines.end_error(expected)) }
    }
}

impl Kinds {
    fn note(&mut self, text: &str) {
        let last = |name: &str| text.split(name).nth(1).unwrap_or("").trim_start_matches([' ', '=', ':']);
        if text.starts_with("VRHFIN") {
            self.valence.extend(named_element(last("VRHFIN")));
        } else if text.starts_with("TITEL") {
            self.title.extend(potential(last("TITEL")));
        } else if text.starts_with("POTCAR:") {
            self.potcar.extend(potential(last("POTCAR")));
        }
    }

    fn total(&self, row: &Line) -> Result<usize> {
        self.counts
            .iter()
            .try_fold(0_usize, |sum, count| sum.checked_add(*count))
            .filter(|total| *total > 0)
            .ok_or_else(|| row.error("no line `ions per type =` before the first step").into())
    }

    /// The element of each atom; only for a number of atoms that is known to be true.
    fn species(&self, row: &Line) -> Result<Vec<Element>> {
        let once = &self.potcar[..self.potcar.len().div_ceil(2)];
        let kinds = [&self.valence[..], &self.title[..], once]
            .into_iter()
            .find(|kinds| kinds.len() == self.counts.len())
            .ok_or_else(|| {
                row.error(format!("the names of {} elements were not found before this", self.counts.len()))
                    .with_help("expected lines such as `VRHFIN =Li:`, `TITEL  = PAW_PBE Li ...` in the file")
            })?;
        Ok(kinds
            .iter()
            .zip(&self.counts)
            .flat_map(|(element, count)| std::iter::repeat_n(*element, *count))
            .collect())
    }
}

/// The heading of positions and forces, unless a learned force field made them.
fn is_force_table(text: &str) -> bool {
    text.starts_with("POSITION ") && text.contains("TOTAL-FORCE") && !text.contains("(ML)")
}

/// The element in `PAW_PBE Li_sv 10Sep2004`: the first or second word.
fn potential(title: &str) -> Option<Element> {
    let mut words = title.split_whitespace();
    let first = words.next()?;
    words.next().and_then(named_element).or_else(|| named_element(first))
}

impl Run {
    fn note(&mut self, text: &str) {
        let value = |key: &str| {
            let rest = text.strip_prefix(key)?.trim_start().strip_prefix('=')?;
            rest.split([' ', ';']).find(|word| !word.is_empty())
        };
        if let Some(most) = value("NELM").and_then(|number| number.parse().ok()) {
            self.electronic_steps = Some(most);
        } else if let Some(kind) = value("IBRION") {
            self.dynamics = kind == "0";
        } else if let Some(step) = value("POTIM").and_then(|number| number.parse().ok()) {
            self.timestep = Some(step);
        }
    }
}

fn counts(line: &Line) -> Result<Vec<usize>> {
    let words = line.tokens().skip_while(|word| !word.text.starts_with('=')).skip(1);
    let counts =
        words.map(|word| word.integer("the number of atoms of an element")).collect::<Result<Vec<_>>>()?;
    if counts.is_empty() {
        return Err(line.missing("the number of atoms of each element"));
    }
    Ok(counts)
}

/// `in kB  XX YY ZZ XY YZ ZX`: minus the stress. Stars in place of numbers (too large for VASP's
/// format) leave the step without stress.
fn stress(line: &Line) -> Result<Option<Mat3>> {
    if line.text.contains('*') {
        return Ok(None);
    }
    let at = line.text.find("kB").map_or(0, |at| at + 2);
    let [xx, yy, zz, xy, yz, zx] = fixed(line, at, "six components of the stress in kbar")?;
    Ok(Some(Mat3::new(xx, xy, zx, xy, yy, yz, zx, yz, zz) * -KILOBAR))
}

/// The number behind the first `=` after byte `at`.
fn after_equals(line: &Line, at: usize) -> Result<f64> {
    let start = line.text[at..].find('=').map(|equals| at + equals + 1);
    let word = start.and_then(|start| line.text[start..].split_whitespace().next());
    match word {
        Some(word) => line.token(word).real("an energy in eV"),
        None => Err(line.missing("an energy in eV")),
    }
}

fn numbers<const N: usize>(line: &Line, expected: &str) -> Result<[f64; N]> {
    fixed(line, 0, expected)
}

/// The first `N` numbers from byte `at` on. Fortran's fixed columns can run into each other: a minus
/// that is not in an exponent begins a number.
fn fixed<const N: usize>(line: &Line, at: usize, expected: &str) -> Result<[f64; N]> {
    let mut values = [0.0; N];
    let mut rest = line.text.get(at..).unwrap_or("");
    for value in &mut values {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Err(line.missing(expected));
        }
        let bytes = rest.as_bytes();
        let end = (1..bytes.len())
            .find(|at| {
                bytes[*at].is_ascii_whitespace() || (bytes[*at] == b'-' && !b"eEdD".contains(&bytes[*at - 1]))
            })
            .unwrap_or(bytes.len());
        // A number ends at an ASCII byte, so the text can be cut there.
        let (word, tail) = rest.split_at(end);
        let token: Token<'_> = line.token(word);
        *value = token.real(expected).map_err(|error| overflow(token, error))?;
        rest = tail;
    }
    Ok(values)
}

fn overflow(token: Token<'_>, error: Error) -> Error {
    if token.text.contains('*') {
        token.error("stars stand where the number was too large for VASP's format").into()
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_touch_are_parted() {
        let line = Lines::from_text("f", " -1.5-10.25 1.0E-02-3.0 NaN").next_line().unwrap().unwrap();
        assert_eq!(numbers::<4>(&line, "x").unwrap(), [-1.5, -10.25, 0.01, -3.0]);
        let message = numbers::<5>(&line, "x").unwrap_err().to_string();
        assert!(message.starts_with("f:1:25: `NaN` is not a finite number"), "{message}");
    }

    #[test]
    fn potentials_name_elements() {
        for (title, symbol) in [
            ("PAW_PBE Li_sv 10Sep2004", "Li"),
            ("PAW H 07Sep2000", "H"),
            ("US O", "O"),
            ("PAW_PBE H1.25 07Sep2000", "H"),
            ("Zr_sv", "Zr"),
        ] {
            assert_eq!(potential(title).unwrap().symbol(), symbol, "{title}");
        }
    }
}
