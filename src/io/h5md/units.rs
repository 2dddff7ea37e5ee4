//! Unit strings as H5MD files carry them.

use crate::units::{AVOGADRO, ELEMENTARY_CHARGE};

/// 1 eV per particle, in J/mol.
pub(super) const JOULE_PER_MOLE: f64 = AVOGADRO * ELEMENTARY_CHARGE;

/// Ångström in one unit of length.
fn length(text: &str) -> Option<f64> {
    Some(match text {
        "Angstrom" | "angstrom" | "A" | "Å" => 1.0,
        "nm" => 10.0,
        "pm" => 0.01,
        "bohr" | "Bohr" | "a0" => crate::units::BOHR,
        "m" => 1e10,
        _ => return None,
    })
}

/// fs in one unit of time.
fn time(text: &str) -> Option<f64> {
    Some(match text {
        "fs" => 1.0,
        "ps" => 1e3,
        "ns" => 1e6,
        "s" | "sec" | "second" => 1e15,
        _ => return None,
    })
}

/// eV in one unit of energy, or of energy per mole of atoms.
fn energy(text: &str) -> Option<f64> {
    Some(match text {
        "eV" => 1.0,
        "Hartree" | "hartree" => crate::units::HARTREE,
        "kJ mol-1" => 1e3 / JOULE_PER_MOLE,
        "kcal mol-1" => 4184.0 / JOULE_PER_MOLE,
        _ => return None,
    })
}

/// What a quantity of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dimension {
    /// Å.
    Length,
    /// fs.
    Time,
    /// Å/fs.
    Velocity,
    /// eV.
    Energy,
    /// eV/Å.
    Force,
}

/// Our units in one unit of a file, for the units that the H5MD module on units writes.
pub(super) fn factor(text: &str, dimension: Dimension) -> Option<f64> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let ratio = |above: fn(&str) -> Option<f64>, below: fn(&str) -> Option<f64>| {
        let (first, last) = text.rsplit_once(' ')?;
        Some(above(first)? / below(last.strip_suffix("-1")?)?)
    };
    match dimension {
        Dimension::Length => length(&text),
        Dimension::Time => time(&text),
        Dimension::Velocity => ratio(length, time),
        Dimension::Energy => energy(&text),
        Dimension::Force => ratio(energy, length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_other_programs() {
        assert_eq!(factor("nm ps-1", Dimension::Velocity), Some(0.01));
        assert_eq!(factor("Angstrom  fs-1", Dimension::Velocity), Some(1.0));
        assert_eq!(factor("furlong", Dimension::Length), None);
        let near = |text: &str, dimension, expected: f64| {
            let found = factor(text, dimension).unwrap();
            assert!((found / expected - 1.0).abs() < 1e-10, "{text}: {found}");
        };
        for (text, angstrom) in [("pm", 1e-2), ("nm", 10.0), ("bohr", 0.529_177_210_9), ("m", 1e10)] {
            near(text, Dimension::Length, angstrom);
        }
        for (text, femtoseconds) in [("ps", 1e3), ("ns", 1e6), ("s", 1e15)] {
            near(text, Dimension::Time, femtoseconds);
        }
        near("Hartree", Dimension::Energy, 27.211_386_246);
        near("Hartree bohr-1", Dimension::Force, 27.211_386_246 / 0.529_177_210_9);
        // CODATA 2018: 1 eV is 96.48533212 kJ/mol.
        let kilojoule = factor("kJ mol-1 Angstrom-1", Dimension::Force).unwrap();
        assert!((kilojoule * 96.485_332_12 - 1.0).abs() < 1e-10);
        let kilocalorie = factor("kcal mol-1 Angstrom-1", Dimension::Force).unwrap();
        assert!((kilocalorie / kilojoule - 4.184).abs() < 1e-12);
    }
}
