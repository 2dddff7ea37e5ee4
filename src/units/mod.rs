//! Units: Å, eV, fs, K, e and amu inside; quantities with units at every edge.
//!
//! Files people write carry a unit with every dimensional value: `"300 K"`, `"1 fs"`, `"0.5 GPa"`,
//! `"0.01 fs^-1"`. [`parse`] turns such text into internal units and checks the dimension.
//!
//! Constants are CODATA 2018 (exact SI values of 2019 where they exist).

mod dimension;
mod file;
mod quantity;
mod table;

pub use dimension::Dimension;
pub use file::FileUnits;
pub use quantity::{Quantity, QuantityError, parse, parse_mass, parse_unit, quantity};

/// Boltzmann constant, eV/K.
pub const BOLTZMANN: f64 = 8.617333262145179e-05;
/// 1 amu·Å²/fs² in eV.
pub const AMU_ANGSTROM2_PER_FS2: f64 = 103.64269652680505;
/// 1 eV/Å³ in GPa.
pub const EV_PER_ANGSTROM3_IN_GPA: f64 = 160.217_663_4;
/// Coulomb constant e²/(4πε₀), eV·Å.
pub const COULOMB: f64 = 14.399_645_478_425_67;
/// Hartree energy, eV.
pub const HARTREE: f64 = 27.211_386_245_988;
/// Rydberg energy, eV.
pub const RYDBERG: f64 = HARTREE / 2.0;
/// Bohr radius, Å.
pub const BOHR: f64 = 0.529_177_210_903;
/// Avogadro constant, 1/mol.
pub const AVOGADRO: f64 = 6.022_140_76e23;
/// Elementary charge, coulomb.
pub const ELEMENTARY_CHARGE: f64 = 1.602_176_634e-19;
/// 1 kcal/mol in eV.
pub const KILOCALORIE_PER_MOLE: f64 = 4184.0 / AVOGADRO / ELEMENTARY_CHARGE;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_constants_agree_with_codata() {
        // amu = 1.66053906660e-27 kg, so amu·Å²/fs² = that·1e-20/1e-30 J.
        let expected = 1.660_539_066_60e-27 * 1e10 / ELEMENTARY_CHARGE;
        assert!((AMU_ANGSTROM2_PER_FS2 / expected - 1.0).abs() < 1e-12);
        assert!((BOLTZMANN / (1.380_649e-23 / ELEMENTARY_CHARGE) - 1.0).abs() < 1e-15);
        // e²/(4πε₀) with ε₀ = 8.8541878128e-12 F/m.
        let coulomb = ELEMENTARY_CHARGE / (4.0 * std::f64::consts::PI * 8.854_187_812_8e-12) * 1e10;
        assert!((COULOMB / coulomb - 1.0).abs() < 1e-9);
        assert!((HARTREE * BOHR / COULOMB - 1.0).abs() < 1e-9);
    }
}
