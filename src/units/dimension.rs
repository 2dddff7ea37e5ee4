//! Dimensions of quantities.

use std::fmt;

/// Exponents over the base dimensions length, time, energy, temperature, charge.
///
/// Mass is energy·time²/length², pressure energy/length³, and so on: energy is a base dimension
/// here because electronvolts are what people in this field think in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dimension {
    exponents: [i8; 5],
}

impl Dimension {
    /// A pure number.
    pub const NONE: Self = Self::new([0, 0, 0, 0, 0]);
    /// Å.
    pub const LENGTH: Self = Self::new([1, 0, 0, 0, 0]);
    /// fs.
    pub const TIME: Self = Self::new([0, 1, 0, 0, 0]);
    /// eV.
    pub const ENERGY: Self = Self::new([0, 0, 1, 0, 0]);
    /// K.
    pub const TEMPERATURE: Self = Self::new([0, 0, 0, 1, 0]);
    /// e.
    pub const CHARGE: Self = Self::new([0, 0, 0, 0, 1]);
    /// 1/fs.
    pub const RATE: Self = Self::new([0, -1, 0, 0, 0]);
    /// eV/Å.
    pub const FORCE: Self = Self::new([-1, 0, 1, 0, 0]);
    /// eV/Å³.
    pub const PRESSURE: Self = Self::new([-3, 0, 1, 0, 0]);
    /// eV·fs/Å³.
    pub const VISCOSITY: Self = Self::new([-3, 1, 1, 0, 0]);
    /// Å³.
    pub const VOLUME: Self = Self::new([3, 0, 0, 0, 0]);
    /// Mass, in eV·fs²/Å²; divide by [`AMU_ANGSTROM2_PER_FS2`](super::AMU_ANGSTROM2_PER_FS2) for amu (see [`parse_mass`](super::parse_mass)).
    pub const MASS: Self = Self::new([-2, 2, 1, 0, 0]);
    /// Å²/fs.
    pub const DIFFUSIVITY: Self = Self::new([2, -1, 0, 0, 0]);
    /// Å⁻².
    pub const INVERSE_AREA: Self = Self::new([-2, 0, 0, 0, 0]);
    /// Å⁻¹.
    pub const INVERSE_LENGTH: Self = Self::new([-1, 0, 0, 0, 0]);
    /// eV·Å⁶, the dispersion coefficient of Lennard-Jones and Buckingham.
    pub const ENERGY_LENGTH6: Self = Self::new([6, 0, 1, 0, 0]);
    /// eV·Å¹², the core coefficient of Lennard-Jones and Buckingham.
    pub const ENERGY_LENGTH12: Self = Self::new([12, 0, 1, 0, 0]);

    /// Exponents of length, time, energy, temperature, charge.
    pub const fn new(exponents: [i8; 5]) -> Self {
        Self { exponents }
    }

    /// What to write: an example of a quantity of this dimension, used in error messages.
    pub fn example(self) -> &'static str {
        match self {
            Self::NONE => "a number without a unit",
            Self::LENGTH => "a length such as \"3.4 angstrom\" (angstrom, nm, bohr)",
            Self::TIME => "a time such as \"1 fs\" or \"10 ps\" (fs, ps, ns, s, min, h)",
            Self::ENERGY => "an energy such as \"0.01 eV\" (eV, meV, hartree, Ry, kJ/mol, kcal/mol)",
            Self::TEMPERATURE => "a temperature such as \"300 K\"",
            Self::CHARGE => "a charge such as \"1 e\"",
            Self::RATE => "a rate such as \"0.01 fs^-1\" or \"1/ps\"",
            Self::FORCE => "a force such as \"0.01 eV/angstrom\"",
            Self::PRESSURE => "a pressure such as \"0.5 GPa\" (GPa, bar, atm, Pa, eV/angstrom^3)",
            Self::VISCOSITY => "a viscosity such as \"1 MPa*ns\" (Pa*s, MPa*ns, GPa*ps)",
            Self::VOLUME => "a volume such as \"120 angstrom^3\"",
            Self::MASS => "a mass such as \"6.94 amu\"",
            Self::DIFFUSIVITY => "a diffusivity such as \"1e-5 cm^2/s\"",
            Self::INVERSE_AREA => "an inverse area such as \"0.1 angstrom^-2\"",
            Self::INVERSE_LENGTH => "an inverse length such as \"0.3 angstrom^-1\"",
            Self::ENERGY_LENGTH6 => "a dispersion coefficient such as \"30 eV*angstrom^6\"",
            Self::ENERGY_LENGTH12 => "a core coefficient such as \"100 eV*angstrom^12\"",
            _ => "a quantity of another dimension",
        }
    }

    pub(super) fn powered(self, power: i8) -> Option<Self> {
        let mut exponents = self.exponents;
        for exponent in &mut exponents {
            *exponent = exponent.checked_mul(power)?;
        }
        Some(Self { exponents })
    }

    pub(super) fn times(self, other: Self) -> Option<Self> {
        let mut exponents = self.exponents;
        for (exponent, more) in exponents.iter_mut().zip(other.exponents) {
            *exponent = exponent.checked_add(more)?;
        }
        Some(Self { exponents })
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 5] = ["angstrom", "fs", "eV", "K", "e"];
        if *self == Self::NONE {
            return write!(f, "a pure number");
        }
        let mut separator = "";
        for (name, exponent) in NAMES.iter().zip(self.exponents) {
            match exponent {
                0 => continue,
                1 => write!(f, "{separator}{name}")?,
                _ => write!(f, "{separator}{name}^{exponent}")?,
            }
            separator = "*";
        }
        Ok(())
    }
}
