//! `[structure]`: what the atoms are.

use super::keys::{Keys, Table};
use super::kind::{Kind, array, element, existing_path, integer, list};
use super::schema::Form;
use super::tree::{Item, Node};
use crate::error::Result;
use crate::system::Element;
use std::path::PathBuf;

/// `[structure]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Structure {
    /// The file.
    pub file: PathBuf,
    /// Which frame of it, negative from the end; `None`: there is only one.
    pub frame: Option<i64>,
    /// Elements of the type numbers of a file without symbols.
    pub types: Option<Vec<Element>>,
    /// Rows are the lattice vectors of the supercell in terms of those of the file.
    pub supercell: [[i32; 3]; 3],
}

impl Table for Structure {
    const ABOUT: &'static str = "What the atoms are.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            file: keys
                .key("file", existing_path(false), "A structure or trajectory in any format mlmd reads (mlmd help formats).")
                .required("li3n.cif")?,
            frame: keys
                .key("frame", integer(), "Which frame of the file: 0 is the first, -1 the last. Needed only if there are several.")
                .optional(-1)?,
            types: keys
                .key("types", list(element()), "Elements of types 1, 2, ... of LAMMPS files without symbols.")
                .optional(["Li", "N"])?,
            supercell: keys
                .key("supercell", Supercell, "Repeats of the cell along a, b, c, or a matrix of integers whose rows are the new lattice vectors.")
                .default([1, 1, 1])?,
        })
    }
}

/// Three repeats or an integer matrix.
struct Supercell;

impl Kind for Supercell {
    type Output = [[i32; 3]; 3];

    fn form(&self) -> Form {
        Form::Value("three whole numbers, or three rows of them".to_string())
    }

    fn read(&self, item: &Item) -> Result<[[i32; 3]; 3]> {
        let is_matrix = matches!(&item.node, Node::List(rows) if matches!(rows.first(), Some(Item { node: Node::List(_), .. })));
        // No cell is repeated a thousand times along an axis: that is a slip.
        let rows = if is_matrix {
            array::<3, _>(array::<3, _>(integer().at_least(-1000).at_most(1000))).read(item)?
        } else {
            let [a, b, c] = array::<3, _>(integer().at_least(1).at_most(1000)).read(item)?;
            [[a, 0, 0], [0, b, 0], [0, 0, c]]
        };
        if determinant(rows) == 0 {
            return Err(item
                .place
                .error("the rows of this matrix lie in one plane")
                .with_help("expected three independent lattice vectors")
                .into());
        }
        Ok(rows.map(|row| row.map(|x| x as i32)))
    }
}

/// How many cells a supercell holds, with the sign of its handedness.
fn determinant(m: [[i64; 3]; 3]) -> i64 {
    m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
}

impl Structure {
    /// How many cells of the file the supercell holds.
    pub fn cells(&self) -> u64 {
        determinant(self.supercell.map(|row| row.map(i64::from))).unsigned_abs()
    }
}
