//! What a caller can say about a file that the file does not say itself.

use super::Format;
use crate::error::{Error, Result};
use crate::system::Element;
use crate::units::{Dimension, Quantity, parse_unit};
use std::fmt::Write;
use std::str::FromStr;

/// How to read; the default suits every file that explains itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadOptions {
    /// The format, where it is not to be found out.
    pub format: Option<Format>,
    /// Units of formats that carry none (n2p2's `input.data`).
    pub units: Option<FileUnits>,
    /// Elements of the atom types 1, 2, ... of LAMMPS files.
    pub elements: Option<Vec<Element>>,
    /// Seed that decides sites of partial occupancy in CIF files, which are refused without it.
    pub occupancy_seed: Option<u64>,
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
}

impl Precision {
    /// Appends a number to text.
    pub(super) fn push(self, text: &mut String, number: f64) {
        // Writing into a string cannot fail.
        let _ = match self {
            Self::Shortest => write!(text, "{number:?}"),
            Self::Seventeen => write!(text, "{number:.16e}"),
        };
    }
}

/// Units of a file that carries none, as sizes of its units in eV and Å.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FileUnits {
    /// The unit of energy, eV.
    pub energy: f64,
    /// The unit of length, Å.
    pub length: f64,
}

impl FileUnits {
    /// Electronvolts and ångströms.
    pub const EV_ANGSTROM: Self = Self { energy: 1.0, length: 1.0 };

    /// From the names of a unit of energy and a unit of length, in either order.
    pub fn from_names(first: &str, second: &str) -> Result<Self> {
        let unit = |name: &str| {
            parse_unit(name.trim())
                .map_err(|error| Error::invalid(format!("units `{first},{second}`: {error}")))
        };
        let size = |quantities: &[Quantity], dimension| {
            quantities.iter().find(|q| q.dimension == dimension).map(|q| q.value)
        };
        let both = [unit(first)?, unit(second)?];
        match (size(&both, Dimension::ENERGY), size(&both, Dimension::LENGTH)) {
            (Some(energy), Some(length)) => Ok(Self { energy, length }),
            _ => Err(Error::invalid(format!(
                "units `{first},{second}`: expected a unit of energy and a unit of length, \
                 such as `hartree,bohr` or `ev,angstrom`"
            ))),
        }
    }

    /// The unit of force, eV/Å.
    pub fn force(&self) -> f64 {
        self.energy / self.length
    }
}

impl FromStr for FileUnits {
    type Err = Error;

    /// `hartree,bohr` or `ev,angstrom`.
    fn from_str(text: &str) -> Result<Self> {
        let (first, second) = text.split_once(',').ok_or_else(|| {
            Error::invalid(format!("units `{text}`: expected two, such as `hartree,bohr` or `ev,angstrom`"))
        })?;
        Self::from_names(first, second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{BOHR, HARTREE};

    #[test]
    fn units_are_named_in_either_order() {
        let expected = FileUnits { energy: HARTREE, length: BOHR };
        for text in ["hartree,bohr", "bohr, Hartree", "Ha,bohr"] {
            assert_eq!(text.parse::<FileUnits>().unwrap(), expected, "{text}");
        }
        assert_eq!("ev,angstrom".parse::<FileUnits>().unwrap(), FileUnits::EV_ANGSTROM);
        assert!((expected.force() - 51.422_067_476).abs() < 1e-8);
        for text in ["hartree", "hartree,ev", "hartre,bohr", "", ","] {
            assert!(text.parse::<FileUnits>().unwrap_err().to_string().starts_with("units `"), "{text}");
        }
    }
}
