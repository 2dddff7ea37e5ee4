//! What the comment line of extended XYZ says about a frame: cell, columns, labels and the rest.

use super::columns::Layout;
use super::comment::{self, Pair, elements, flag};
use super::labels::{Offered, agreed, check_units, is_energy, is_stress, is_virial};
use super::{ipi, lammps};
use crate::error::{Diagnostic, Error, Result, nearest};
use crate::io::{LabelKeys, Value};
use crate::system::{Cell, Mat3};
use crate::text::{Line, Token};
use std::collections::BTreeMap;

/// What the comment line says.
pub(super) struct Header {
    pub layout: Layout,
    pub cell: Cell,
    pub energy: Option<f64>,
    pub stress: Option<Mat3>,
    pub step: Option<u64>,
    pub time: Option<f64>,
    /// The unit of the positions, Å.
    pub length: f64,
    /// Did LAMMPS write it? Then times, velocities, energies and forces are in a unit style of its own.
    pub lammps: bool,
    pub info: BTreeMap<String, Value>,
}

impl Header {
    /// Reads a comment line; `keys` say which of several labels are meant.
    pub(super) fn parse(line: &Line, keys: &LabelKeys) -> Result<Self> {
        let mut header = Self {
            layout: Layout::plain(),
            cell: Cell::isolated(),
            energy: None,
            stress: None,
            step: None,
            time: None,
            length: 1.0,
            lammps: false,
            info: BTreeMap::new(),
        };
        if header.other_program(line)? {
            header.require_labels(&[], keys, line)?;
            return Ok(header);
        }
        let pairs = match comment::pairs(line) {
            // Free text, not pairs: plain XYZ.
            Ok(pairs) if pairs.iter().all(|pair| pair.value.is_none()) => {
                let text = line.text.trim();
                if !text.is_empty() {
                    header.info.insert("comment".into(), Value::Text(text.into()));
                }
                header.require_labels(&[], keys, line)?;
                return Ok(header);
            }
            Ok(pairs) => pairs,
            Err(_) if !has_structure(&line.text) => {
                header.info.insert("comment".into(), Value::Text(line.text.trim().into()));
                header.require_labels(&[], keys, line)?;
                return Ok(header);
            }
            Err(error) => return Err(error.into()),
        };
        header.structure(&pairs, line)?;
        if lammps::is_extended(&pairs) {
            header.lammps = true;
            header.layout = header.layout.of_lammps();
        }
        check_units(&pairs, line)?;
        header.require_labels(&pairs, keys, line)?;
        header.properties(&pairs, keys, line)?;
        Ok(header)
    }

    /// Reads the comment of a program that has a language of its own; false if it is none of them.
    fn other_program(&mut self, line: &Line) -> Result<bool> {
        if let Some(comment) = ipi::parse(line)? {
            (self.cell, self.length, self.step) = (comment.cell, comment.length, comment.step);
            self.info.insert("comment".into(), Value::Text(line.text.trim().into()));
            return Ok(true);
        }
        let Some(comment) = lammps::parse(line)? else { return Ok(false) };
        (self.step, self.time, self.lammps) = (Some(comment.step), comment.time, true);
        self.layout = Layout::plain().of_lammps();
        self.info.insert("lammps_positions".into(), Value::Text(lammps::WRAPPED.into()));
        Ok(true)
    }

    /// Cell and columns.
    fn structure(&mut self, pairs: &[Pair<'_>], line: &Line) -> Result<()> {
        if let Some((text, place)) = find(pairs, "Properties", line) {
            self.layout = Layout::parse(text, place)?;
        }
        let lattice = find(pairs, "Lattice", line);
        let periodic = match find(pairs, "pbc", line) {
            Some((text, place)) => periodicity(text, place)?,
            None => [lattice.is_some(); 3],
        };
        let Some((text, place)) = lattice else {
            if periodic != [false; 3] {
                return Err(line.error("`pbc` says periodic but there is no `Lattice`").into());
            }
            return Ok(());
        };
        let numbers = reals(text, place)?;
        let Ok([ax, ay, az, bx, by, bz, cx, cy, cz]) = <[f64; 9]>::try_from(numbers.as_slice()) else {
            return Err(place
                .error(format!("`Lattice` has {} numbers", numbers.len()))
                .with_help("expected nine: the components of a, b and c one after another")
                .into());
        };
        self.cell = Cell::new([[ax, ay, az], [bx, by, bz], [cx, cy, cz]], periodic)
            .map_err(|error| place.error(error.to_string()))?;
        Ok(())
    }

    /// A key that was asked for has to be there.
    fn require_labels(&mut self, pairs: &[Pair<'_>], keys: &LabelKeys, line: &Line) -> Result<()> {
        for (wanted, what) in [(&keys.energy, "energy"), (&keys.stress, "stress")] {
            let Some(wanted) = wanted else { continue };
            if !pairs.iter().any(|pair| pair.key == *wanted) {
                let near = nearest(wanted, pairs.iter().map(|pair| &*pair.key))
                    .map(|near| format!("did you mean `{near}`?"));
                let error = line.error(format!("there is no key `{wanted}` for the {what}"));
                return Err(near.into_iter().fold(error, Diagnostic::with_help).into());
            }
        }
        match &keys.forces {
            Some(column) => self.layout.forces_from(column, line.token(line.text.trim())),
            None => Ok(()),
        }
    }

    /// Everything that is not cell and columns.
    fn properties(&mut self, pairs: &[Pair<'_>], keys: &LabelKeys, line: &Line) -> Result<()> {
        // A plain comment may say "Energy = -76.3 Ha": without the marks of the format, only ASE's own
        // spelling is taken for an energy in eV.
        let marked = has_structure(&line.text);
        let gpumd = is_gpumd(pairs);
        let mut energies = Vec::new();
        let mut stresses = Vec::new();
        for pair in pairs {
            let key = &*pair.key;
            if ["Lattice", "Properties", "pbc"].iter().any(|known| known.eq_ignore_ascii_case(key)) {
                continue;
            }
            let place = line.token(pair.place);
            let text = pair.value.as_deref();
            let asked =
                |wanted: &Option<String>, usual: bool| wanted.as_ref().map_or(usual, |wanted| wanted == key);
            let virial = is_virial(key)
                || (keys.stress.as_deref() == Some(key) && key.to_ascii_lowercase().contains("virial"));
            if asked(&keys.energy, key == "energy" || (marked && is_energy(key))) {
                let value = place_real(text, place, "the energy in eV")?;
                energies.push(Offered { key: key.into(), value });
            } else if keys.stress.is_none() && is_stress(key) && (gpumd || self.lammps) {
                // That of dynamics: with the motion of the atoms, and compression positive.
                self.note(if gpumd { "gpumd_stress" } else { "lammps_stress" }, text);
            } else if asked(&keys.stress, is_stress(key)) && !virial {
                let value = stress(text.unwrap_or(""), place)?;
                stresses.push(Offered { key: key.into(), value });
            } else if asked(&keys.stress, virial) && self.cell.is_bulk() {
                let value = -tensor(text.unwrap_or(""), place, false)? / self.cell.volume();
                stresses.push(Offered { key: key.into(), value });
            } else if key.eq_ignore_ascii_case("time") {
                // The clock of another program may say anything ("12:00"): then it is information.
                match text.map(comment::value) {
                    Some(Value::Real(time)) => self.time = Some(time),
                    Some(Value::Integer(time)) => self.time = Some(time as f64),
                    _ => self.note(key, text),
                }
            } else if key.eq_ignore_ascii_case("step") || (self.lammps && key == lammps::STEP) {
                match text.map(comment::value) {
                    Some(Value::Integer(step)) if step >= 0 => self.step = Some(step as u64),
                    _ => self.note(key, text),
                }
            } else {
                self.note(key, text);
            }
        }
        let whole = line.token(line.text.trim());
        self.energy = agreed(energies, "energy", |_| 1e-5, |a: &f64, b| (a - b).abs(), whole)?;
        // A virial with few digits gives a stress with few: four significant ones have to agree.
        let tolerance = |stress: &Mat3| 1e-5 + 1e-4 * stress.amax();
        self.stress = agreed(stresses, "stress", tolerance, |a: &Mat3, b| (a - b).amax(), whole)?;
        Ok(())
    }

    fn note(&mut self, key: &str, text: Option<&str>) {
        let value = text.map_or(Value::Flag(true), |text| {
            // ASE keeps identifiers as they are: 00123 is not 123.
            if key.eq_ignore_ascii_case("uid") { Value::Text(text.into()) } else { comment::value(text) }
        });
        self.info.insert(key.into(), value);
    }
}

/// Does the line mean to be a line of pairs?
fn has_structure(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains("properties=") || lower.contains("lattice=")
}

/// Are these the pairs that GPUMD begins with, in its order?
fn is_gpumd(pairs: &[Pair<'_>]) -> bool {
    const KEYS: [&str; 6] = ["Time", "pbc", "Lattice", "energy", "virial", "stress"];
    pairs.iter().map(|pair| &*pair.key).take(KEYS.len()).eq(KEYS)
}

fn find<'a>(pairs: &'a [Pair<'a>], key: &str, line: &'a Line) -> Option<(&'a str, Token<'a>)> {
    let pair = pairs.iter().find(|pair| pair.key.eq_ignore_ascii_case(key))?;
    Some((pair.value.as_deref().unwrap_or(""), line.token(pair.place)))
}

/// The numbers of a value; a word that is none is an error at the value.
fn reals(text: &str, place: Token<'_>) -> Result<Vec<f64>> {
    elements(text)
        .map(|word| {
            let number = word.parse().or_else(|_| word.replace(['d', 'D'], "e").parse());
            number
                .ok()
                .filter(|number: &f64| number.is_finite())
                .ok_or_else(|| Error::from(place.error(format!("`{word}` is not a finite number"))))
        })
        .collect()
}

fn place_real(text: Option<&str>, place: Token<'_>, expected: &str) -> Result<f64> {
    match reals(text.unwrap_or(""), place)?.as_slice() {
        [number] => Ok(*number),
        _ => Err(place.error("this is not one number").with_help(format!("expected {expected}")).into()),
    }
}

fn stress(text: &str, place: Token<'_>) -> Result<Mat3> {
    tensor(text, place, true)
}

/// Nine components, or six in Voigt's order xx yy zz yz xz xy where that order is settled.
fn tensor(text: &str, place: Token<'_>, voigt: bool) -> Result<Mat3> {
    let numbers = reals(text, place)?;
    match *numbers.as_slice() {
        [xx, xy, xz, yx, yy, yz, zx, zy, zz] => {
            let full = Mat3::new(xx, xy, xz, yx, yy, yz, zx, zy, zz);
            let symmetric = (full + full.transpose()) / 2.0;
            if (full - symmetric).amax() > 1e-4 + 0.05 * full.amax() {
                return Err(place.error("the nine components are not those of a symmetric tensor").into());
            }
            Ok(symmetric)
        }
        [xx, yy, zz, yz, xz, xy] if voigt => Ok(Mat3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz)),
        [_, _, _, _, _, _] => Err(place
            .error("a virial of six components has no agreed order")
            .with_help("expected nine components, row after row")
            .into()),
        _ => Err(place
            .error(format!("a tensor has {} components", numbers.len()))
            .with_help(if voigt {
                "expected nine, or six in the order xx yy zz yz xz xy"
            } else {
                "expected nine components, row after row"
            })
            .into()),
    }
}

fn periodicity(text: &str, place: Token<'_>) -> Result<[bool; 3]> {
    let flags: Option<Vec<bool>> = elements(text).map(flag).collect();
    match flags.as_deref() {
        Some([all]) => Ok([*all; 3]),
        Some([a, b, c]) => Ok([*a, *b, *c]),
        _ => Err(place
            .error(format!("`{text}` is not a periodicity"))
            .with_help("expected three of T and F, such as \"T T F\"")
            .into()),
    }
}
