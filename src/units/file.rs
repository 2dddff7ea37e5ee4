//! Units of files that do not say which they are in.

use super::{Dimension, KILOCALORIE_PER_MOLE, Quantity, parse_unit};
use crate::error::{Error, Result};
use std::str::FromStr;

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

    /// What a unit style of LAMMPS measures energies and lengths in, for those that mlmd converts.
    pub fn of_style(name: &str) -> Option<Self> {
        match name {
            "metal" => Some(Self::EV_ANGSTROM),
            "real" => Some(Self { energy: KILOCALORIE_PER_MOLE, length: 1.0 }),
            _ => None,
        }
    }

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

    /// `hartree,bohr`, `ev,angstrom`, or a unit style of LAMMPS: `metal`, `real`.
    fn from_str(text: &str) -> Result<Self> {
        if let Some(units) = Self::of_style(text.trim()) {
            return Ok(units);
        }
        let (first, second) = text.split_once(',').ok_or_else(|| {
            Error::invalid(format!("units `{text}`: expected two, such as `hartree,bohr` or `ev,angstrom`, or a unit style of LAMMPS, `metal` or `real`"))
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
        assert_eq!("metal".parse::<FileUnits>().unwrap(), FileUnits::EV_ANGSTROM);
        let (real, pair) =
            ["real", "kcal/mol,angstrom"].map(|text| text.parse::<FileUnits>().unwrap()).into();
        assert!((real.energy / pair.energy - 1.0).abs() < 1e-12 && real.length == pair.length);
        assert!((expected.force() - 51.422_067_476).abs() < 1e-8);
        for text in ["hartree", "hartree,ev", "hartre,bohr", "", ","] {
            assert!(text.parse::<FileUnits>().unwrap_err().to_string().starts_with("units `"), "{text}");
        }
    }
}
