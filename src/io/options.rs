//! What a caller can say about a file that the file does not say itself.

use super::Format;
use crate::system::{Element, SupercellMatrix};
use crate::units::FileUnits;
use std::fmt::Write;

/// How to read; the default suits every file that explains itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadOptions {
    /// The format, where it is not to be found out.
    pub format: Option<Format>,
    /// Units of formats that carry none (n2p2's `input.data`), and of LAMMPS files that do not name theirs.
    pub units: Option<FileUnits>,
    /// Were the units said for this very file? Then a format that has units of its own refuses them.
    pub strict_units: bool,
    /// Elements of the atom types 1, 2, ... of LAMMPS files.
    pub elements: Option<Vec<Element>>,
    /// Let an atom type of unknown element stand as the element of its number (1 is H, 2 is He), so
    /// that a LAMMPS file can be looked at; its frames then say so under `lammps_types`.
    pub stand_in_elements: bool,
    /// Seed that decides sites of partial occupancy in CIF files, which are refused without it.
    pub occupancy_seed: Option<u64>,
    /// The supercell of a CIF over which the seed decides the occupations; one cell if absent. A frame that was
    /// made so carries the nine integers under `supercell`.
    pub occupancy_supercell: Option<SupercellMatrix>,
    /// Which keys hold the reference values, where a file has several.
    pub labels: LabelKeys,
}

/// Names of the keys and columns that hold energy, forces and stress; absent: the usual names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelKeys {
    /// Key of the total energy, such as `REF_energy`.
    pub energy: Option<String>,
    /// Column of the forces, such as `REF_forces`.
    pub forces: Option<String>,
    /// Key of the stress (or, if its name contains `virial`, of the virial).
    pub stress: Option<String>,
}

/// How to write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Digits of real numbers.
    pub precision: Precision,
}

/// Digits of real numbers in text files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    /// The fewest digits that read back as the same bits.
    #[default]
    Shortest,
    /// Always 17 significant digits.
    Seventeen,
    /// Single precision, some 7 digits: what a trajectory needs. Positions within 64 Å are exact to 4·10⁻⁶ Å.
    Single,
}

impl Precision {
    /// Appends a number to text.
    pub(super) fn push(self, text: &mut String, number: f64) {
        // Writing into a string cannot fail.
        let _ = match self {
            Self::Shortest => write!(text, "{number:?}"),
            Self::Seventeen => write!(text, "{number:.16e}"),
            Self::Single => write!(text, "{:?}", number as f32),
        };
    }
}
