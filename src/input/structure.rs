//! `[structure]`: what the atoms are.

use super::defects::{Interstitials, Substitutions, Vacancies};
use super::keys::{Keys, Table};
use super::kind::{
    Kind, diagonal_or_matrix, element, existing_path, file_units, integer, length, list, number, table,
};
use crate::error::Result;
use crate::io::{FileUnits, ReadOptions};
use crate::random::derived_seed;
use crate::system::{Element, SupercellMatrix};
use std::path::PathBuf;

/// `[structure]`: a file, and what is done to it, in the order of the fields.
#[derive(Debug, Clone)]
pub struct Structure {
    /// The file.
    pub file: PathBuf,
    /// Which frame of it, negative from the end; `None`: there is only one.
    pub frame: Option<i64>,
    /// Units of a file that does not state its own.
    pub units: Option<FileUnits>,
    /// Elements of the type numbers of a file without symbols.
    pub types: Option<Vec<Element>>,
    /// Decides sites of partial occupancy.
    pub occupancy_seed: Option<u64>,
    /// Rows are the lattice vectors of the supercell in terms of those of the file.
    pub supercell: SupercellMatrix,
    /// Homogeneous deformation ε.
    pub strain: Option<[[f64; 3]; 3]>,
    /// Atoms to remove.
    pub vacancies: Vec<Vacancies>,
    /// Atoms to replace.
    pub substitutions: Vec<Substitutions>,
    /// Atoms to add.
    pub interstitials: Vec<Interstitials>,
    /// Standard deviation of random displacements, Å.
    pub rattle: Option<f64>,
}

impl Table for Structure {
    const ABOUT: &'static str =
        "What the atoms are: a file, and what is done to it, in the order of these keys.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        let file = keys
            .key(
                "file",
                existing_path(false),
                "A structure or trajectory in any format mlmd reads (mlmd help formats).",
            )
            .required("li3n.cif")?;
        let structure = Self::of_file(file, keys)?;
        Ok(Self {
            vacancies: keys
                .key("vacancies", list(table()), Vacancies::ABOUT)
                .optional([()])?
                .unwrap_or_default(),
            substitutions: keys
                .key("substitutions", list(table()), Substitutions::ABOUT)
                .optional([()])?
                .unwrap_or_default(),
            interstitials: keys
                .key("interstitials", list(table()), Interstitials::ABOUT)
                .optional([()])?
                .unwrap_or_default(),
            rattle: Self::rattle(keys)?,
            ..structure
        })
    }
}

impl Structure {
    /// How its file is read.
    pub fn reading(&self) -> ReadOptions {
        ReadOptions {
            units: self.units,
            strict_units: true,
            elements: self.types.clone(),
            occupancy_seed: self.occupancy_seed,
            // What is drawn is drawn over all cells; one that was drawn and repeated would order what is disordered.
            occupancy_supercell: self.occupancy_seed.map(|_| self.supercell),
            ..ReadOptions::default()
        }
    }

    /// The same with its sites of partial occupancy drawn anew, for one of several structures that `part` tells apart.
    pub fn redrawn(&self, part: &str) -> Self {
        let occupancy_seed = self.occupancy_seed.map(|seed| derived_seed(seed, part));
        Self { occupancy_seed, ..self.clone() }
    }

    /// The keys that say how a file is read, and the cell that is made of it.
    pub(super) fn of_file(file: PathBuf, keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            file,
            frame: keys
                .key("frame", integer(), "Which frame, if there are several: 0 is the first, -1 the last.")
                .optional(-1)?,
            units: keys
                .key("units", file_units(), "Units of formats that do not state theirs (n2p2 input.data).")
                .optional(["hartree", "bohr"])?,
            types: keys
                .key("types", list(element()), "Elements of types 1, 2, ... of LAMMPS files without symbols.")
                .optional(["Li", "N"])?,
            occupancy_seed: keys
                .key(
                    "occupancy_seed",
                    integer().at_least(0),
                    "Decides which sites of partial occupancy are filled, over the whole supercell.",
                )
                .optional(1)?
                .map(i64::unsigned_abs),
            supercell: keys
                .key(
                    "supercell",
                    supercell(),
                    "Repeats along a, b, c; or the new lattice vectors in terms of the old.",
                )
                .default([1, 1, 1])?,
            strain: keys
                .key(
                    "strain",
                    strain(),
                    "Homogeneous strain along x, y, z, or the whole tensor ε: rows r become r (1 + ε).",
                )
                .optional([0.01, 0.0, 0.0])?,
            vacancies: Vec::new(),
            substitutions: Vec::new(),
            interstitials: Vec::new(),
            rattle: None,
        })
    }

    /// The last key: it comes after the defects.
    pub(super) fn rattle(keys: &mut Keys<'_>) -> Result<Option<f64>> {
        keys.key(
            "rattle",
            length().positive().at_most("1 angstrom"),
            "Standard deviation of random displacements.",
        )
        .optional("0.01 angstrom")
    }
}

/// Repeats or an integer matrix. No cell is repeated a thousand times along an axis: that is a slip.
fn supercell() -> impl Kind<Output = SupercellMatrix> {
    diagonal_or_matrix(integer().at_least(1).at_most(1000), integer().at_least(-1000).at_most(1000)).try_map(
        |rows| {
            let rows = rows.map(|row| row.map(|x| x as i32));
            if cells(rows) == 0 {
                return Err("the rows of this matrix lie in one plane".to_string());
            }
            Ok(rows)
        },
    )
}

fn strain() -> impl Kind<Output = [[f64; 3]; 3]> {
    diagonal_or_matrix(number().between(-0.5, 1.0), number().between(-0.5, 1.0))
}

/// How many cells a supercell holds: |det M|.
fn cells(matrix: SupercellMatrix) -> u64 {
    let m = matrix.map(|row| row.map(i64::from));
    let minor = |i: usize, j: usize| m[1][i] * m[2][j] - m[1][j] * m[2][i];
    (m[0][0] * minor(1, 2) - m[0][1] * minor(0, 2) + m[0][2] * minor(0, 1)).unsigned_abs()
}

impl Structure {
    /// How many cells of the file the supercell holds.
    pub fn cells(&self) -> u64 {
        cells(self.supercell)
    }
}
