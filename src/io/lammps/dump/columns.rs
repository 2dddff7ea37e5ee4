//! The columns of a dump: which holds what, and the words of a row by column.

use crate::error::{Error, Result};
use crate::system::Vec3;
use crate::text::{Line, Token};

/// Which column holds what.
pub(super) struct Layout {
    pub(super) id: Option<usize>,
    pub(super) kind: Option<usize>,
    pub(super) symbol: Option<usize>,
    pub(super) mass: Option<usize>,
    pub(super) charge: Option<usize>,
    pub(super) position: [usize; 3],
    pub(super) scaled: bool,
    pub(super) image: Option<[usize; 3]>,
    /// Positions are continuous paths.
    pub(super) unwrapped: bool,
    pub(super) velocity: Option<[usize; 3]>,
    pub(super) force: Option<[usize; 3]>,
    pub(super) others: Vec<(usize, String)>,
}

impl Layout {
    /// From the names behind `ITEM: ATOMS`.
    pub(super) fn new(line: &Line, names: &[&str]) -> Result<Self> {
        let find = |name: &str| names.iter().position(|known| *known == name);
        let triple = |x: &str, y: &str, z: &str| Some([find(x)?, find(y)?, find(z)?]);
        let image = triple("ix", "iy", "iz");
        let wrapped = || triple("x", "y", "z").map(|at| (at, false));
        let wrapped_scaled = || triple("xs", "ys", "zs").map(|at| (at, true));
        let unwrapped = || triple("xu", "yu", "zu").map(|at| (at, false));
        let unwrapped_scaled = || triple("xsu", "ysu", "zsu").map(|at| (at, true));
        // Image counts belong to wrapped coordinates; without counts the unwrapped ones say more.
        let (position, scaled) = if image.is_some() {
            wrapped().or_else(wrapped_scaled).or_else(unwrapped).or_else(unwrapped_scaled)
        } else {
            unwrapped().or_else(unwrapped_scaled).or_else(wrapped).or_else(wrapped_scaled)
        }
        .ok_or_else(|| -> Error {
            line.error("these columns hold no positions")
                .with_help("expected `x y z`, `xs ys zs`, `xu yu zu` or `xsu ysu zsu`")
                .into()
        })?;
        let is_unwrapped = names[position[0]].ends_with('u');
        let mut layout = Self {
            id: find("id"),
            kind: find("type"),
            symbol: find("element").or_else(|| find("typelabel")),
            mass: find("mass"),
            charge: find("q"),
            position,
            scaled,
            image: image.filter(|_| !is_unwrapped),
            unwrapped: is_unwrapped,
            velocity: triple("vx", "vy", "vz"),
            force: triple("fx", "fy", "fz"),
            others: Vec::new(),
        };
        if layout.kind.is_none() && layout.symbol.is_none() {
            return Err(line
                .error("these columns do not say which element an atom is")
                .with_help("expected a column `element`, or `type` with the elements stated")
                .into());
        }
        layout.others = (0..names.len())
            .filter(|at| !KNOWN.contains(&names[*at]))
            .map(|at| (at, names[at].to_string()))
            .collect();
        Ok(layout)
    }
}

/// Columns that are fields of a frame, or say again what another column says.
#[rustfmt::skip]
const KNOWN: [&str; 27] = [
    "id", "type", "element", "typelabel", "mass", "q", "x", "y", "z", "xs", "ys", "zs", "xu", "yu", "zu", "xsu", "ysu",
    "zsu", "ix", "iy", "iz", "vx", "vy", "vz", "fx", "fy", "fz",
];

/// Where a word of a row stands, in bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct Slot {
    begin: usize,
    end: usize,
}

/// Cuts a row into as many words as there are columns.
pub(super) fn split(line: &Line, slots: &mut [Slot]) -> Result<()> {
    let mut tokens = line.tokens();
    for slot in slots {
        let token = tokens.expect("a value for every column")?;
        let begin = token.text.as_ptr() as usize - line.text.as_ptr() as usize;
        *slot = Slot { begin, end: begin + token.text.len() };
    }
    match tokens.next() {
        Some(extra) => Err(extra.error("more values than columns").into()),
        None => Ok(()),
    }
}

/// The words of a row by column.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) line: &'a Line,
    pub(super) slots: &'a [Slot],
}

impl<'a> Fields<'a> {
    /// The word in a column.
    pub(super) fn token(self, at: usize) -> Token<'a> {
        let Slot { begin, end } = self.slots[at];
        self.line.token(&self.line.text[begin..end])
    }

    /// The numbers in three columns.
    pub(super) fn vector(self, at: [usize; 3], expected: &str) -> Result<Vec3> {
        let mut vector = Vec3::zeros();
        for k in 0..3 {
            vector[k] = self.token(at[k]).real(expected)?;
        }
        Ok(vector)
    }
}
