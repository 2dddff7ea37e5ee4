//! The rows of `Atoms`: which value stands where in each atom style.

use super::header::Header;
use crate::error::{Error, Result};
use crate::io::lammps::types::Types;
use crate::system::{Element, Vec3};
use crate::text::{Line, Token};

/// Where the coordinates stand in a row of `Atoms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    kind: usize,
    charge: Option<usize>,
    position: usize,
}

impl Style {
    const ATOMIC: Self = Self { kind: 1, charge: None, position: 2 };
    const CHARGE: Self = Self { kind: 1, charge: Some(2), position: 3 };
    const MOLECULAR: Self = Self { kind: 2, charge: None, position: 3 };
    const FULL: Self = Self { kind: 2, charge: Some(3), position: 4 };

    /// The style of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "atomic" => Some(Self::ATOMIC),
            "charge" => Some(Self::CHARGE),
            "molecular" | "bond" | "angle" => Some(Self::MOLECULAR),
            "full" => Some(Self::FULL),
            _ => None,
        }
    }

    /// The style of a file that does not name it, as far as one atom tells.
    pub(super) fn guess(line: &Line, header: &Header) -> Result<Option<Self>> {
        let tokens = values(line);
        let as_type = |at: usize| {
            let number = tokens[at].text.parse::<usize>().ok();
            number.is_some_and(|n| n > 0 && header.types.is_none_or(|types| n <= types))
        };
        match tokens.len() {
            5 | 8 => Ok(Some(Self::ATOMIC)),
            7 | 10 => Ok(Some(Self::FULL)),
            6 | 9 if !as_type(2) => Ok(Some(Self::CHARGE)),
            6 | 9 if !as_type(1) || header.bonds => Ok(Some(Self::MOLECULAR)),
            6 | 9 => Ok(None),
            found => Err(line
                .error(format!("{found} values for an atom"))
                .with_help(
                    "expected 5 (atomic), 6 (charge, molecular) or 7 (full), and 3 more with image counts",
                )
                .into()),
        }
    }
}

/// One row of `Atoms`.
pub(super) struct Atom {
    pub(super) id: u64,
    pub(super) element: Element,
    pub(super) mass: Option<f64>,
    pub(super) charge: Option<f64>,
    pub(super) position: Vec3,
    pub(super) image: Option<[i32; 3]>,
}

impl Atom {
    /// Reads a row.
    pub(super) fn read(line: &Line, style: Style, types: &mut Types) -> Result<Self> {
        let tokens = values(line);
        let expected = style.position + 3;
        if tokens.len() != expected && tokens.len() != expected + 3 {
            return Err(line
                .error(format!("{} values for an atom", tokens.len()))
                .with_help(format!("expected {expected}, or {} with image counts", expected + 3))
                .into());
        }
        let kind = tokens[style.kind];
        let number = type_number(kind, types)?;
        let element = types.element(number).ok_or_else(|| -> Error {
            types
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
        Ok(Self {
            id: tokens[0].integer("an atom id")?,
            element,
            mass: types.mass_of(number),
            charge: style.charge.map(|at| tokens[at].real("a charge")).transpose()?,
            position,
            image,
        })
    }
}

/// The number of an atom type given by number or label.
pub(super) fn type_number(token: Token, types: &Types) -> Result<usize> {
    types.number(token.text).ok_or_else(|| {
        token
            .error(format!("`{}` is not an atom type", token.text))
            .with_help("expected a number from 1 on")
            .into()
    })
}

/// The words of a row without its comment.
fn values(line: &Line) -> Vec<Token<'_>> {
    let text = line.text.split('#').next().unwrap_or("");
    text.split_whitespace().map(|word| line.token(word)).collect()
}
