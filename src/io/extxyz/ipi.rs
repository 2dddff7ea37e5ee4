//! The comment line of i-PI: `# CELL(abcABC): 20 20 20 90 90 90  Traj: positions{atomic_unit} Step: 10 cell{atomic_unit}`
//! (<https://docs.ipi-code.org/output-files.html>).

use crate::error::Result;
use crate::system::Cell;
use crate::text::{Line, Token};
use crate::units::BOHR;

/// What the comment says.
pub(super) struct Comment {
    pub cell: Cell,
    /// The unit of the positions, Å.
    pub length: f64,
    pub step: Option<u64>,
}

/// Reads the comment; `None` if it is not one of i-PI.
pub(super) fn parse(line: &Line) -> Result<Option<Comment>> {
    let mut tokens = line.tokens();
    let Some((place, kind)) = tokens.find_map(|token| Some((token, cell_kind(token.text)?))) else {
        return Ok(None);
    };
    let numbers = (0..if kind == "abcABC" { 6 } else { 9 })
        .map(|_| tokens.real("a number of the cell"))
        .collect::<Result<Vec<_>>>()?;
    let (mut length, mut cell_unit, mut step) = (BOHR, BOHR, None);
    while let Some(token) = tokens.next() {
        if token.text == "Step:" {
            step = Some(tokens.expect("the number of a step")?.integer("the number of a step")?);
        }
        let Some((quantity, unit)) = token.text.strip_suffix('}').and_then(|text| text.split_once('{'))
        else {
            continue;
        };
        match quantity {
            "cell" => cell_unit = size(token, unit)?,
            "positions" | "x_centroid" => length = size(token, unit)?,
            _ => {
                return Err(token
                    .error(format!("the rows hold `{quantity}`"))
                    .with_help("expected a file of `positions`")
                    .into());
            }
        }
    }
    let cell = match *numbers.as_slice() {
        [a, b, c, alpha, beta, gamma] => {
            Cell::from_lengths_angles([a, b, c].map(|x| x * cell_unit), [alpha, beta, gamma])
        }
        // A matrix, row after row, whose columns are the lattice vectors.
        [ax, bx, cx, ay, by, cy, az, bz, cz] => {
            let rows = [[ax, ay, az], [bx, by, bz], [cx, cy, cz]];
            Cell::new(rows.map(|row| row.map(|x| x * cell_unit)), [true; 3])
        }
        _ => return Err(place.error("the cell is not complete").into()),
    };
    let cell = cell.map_err(|error| place.error(error.to_string()))?;
    Ok(Some(Comment { cell, length, step }))
}

/// What the numbers behind `CELL(...):` are, if the word is of this kind.
fn cell_kind(word: &str) -> Option<&str> {
    let kind = word.strip_prefix("CELL")?.strip_suffix(':')?.trim_matches(['(', ')', '{', '}', '[', ']']);
    ["abcABC", "H", "GENH"].contains(&kind).then_some(kind)
}

/// A unit of length, Å.
fn size(place: Token<'_>, unit: &str) -> Result<f64> {
    match unit {
        "atomic_unit" | "bohr" | "" => Ok(BOHR),
        "angstrom" | "ase" => Ok(1.0),
        "nanometer" => Ok(10.0),
        _ => Err(place
            .error(format!("`{unit}` is no unit of length"))
            .with_help("expected atomic_unit, angstrom or nanometer")
            .into()),
    }
}
