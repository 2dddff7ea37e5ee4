//! The units there are.

use super::{
    AMU_ANGSTROM2_PER_FS2, AVOGADRO, BOHR, Dimension, ELEMENTARY_CHARGE, EV_PER_ANGSTROM3_IN_GPA, HARTREE,
    RYDBERG,
};

pub(super) const JOULE: f64 = 1.0 / ELEMENTARY_CHARGE;
const METRE: f64 = 1e10;
const SECOND: f64 = 1e15;
const PASCAL: f64 = 1e-9 / EV_PER_ANGSTROM3_IN_GPA;
const KILOGRAM: f64 = JOULE * SECOND * SECOND / (METRE * METRE);
const SIEMENS: f64 = 1.0 / (ELEMENTARY_CHARGE * ELEMENTARY_CHARGE) / (SECOND * JOULE);

/// Unit symbols with their size in internal units; matched exactly first, then without case where
/// that is unambiguous.
const UNITS: &[(&str, f64, Dimension)] = &[
    ("angstrom", 1.0, Dimension::LENGTH),
    ("Å", 1.0, Dimension::LENGTH),
    ("\u{212b}", 1.0, Dimension::LENGTH),
    ("A", 1.0, Dimension::LENGTH),
    ("nm", 10.0, Dimension::LENGTH),
    ("pm", 0.01, Dimension::LENGTH),
    ("um", 1e4, Dimension::LENGTH),
    ("cm", 1e8, Dimension::LENGTH),
    ("m", METRE, Dimension::LENGTH),
    ("bohr", BOHR, Dimension::LENGTH),
    ("fs", 1.0, Dimension::TIME),
    ("ps", 1e3, Dimension::TIME),
    ("ns", 1e6, Dimension::TIME),
    ("us", 1e9, Dimension::TIME),
    ("s", SECOND, Dimension::TIME),
    ("min", 60.0 * SECOND, Dimension::TIME),
    ("h", 3600.0 * SECOND, Dimension::TIME),
    ("eV", 1.0, Dimension::ENERGY),
    ("meV", 1e-3, Dimension::ENERGY),
    ("hartree", HARTREE, Dimension::ENERGY),
    ("Ha", HARTREE, Dimension::ENERGY),
    ("rydberg", RYDBERG, Dimension::ENERGY),
    ("Ry", RYDBERG, Dimension::ENERGY),
    ("J", JOULE, Dimension::ENERGY),
    ("kJ", 1e3 * JOULE, Dimension::ENERGY),
    ("cal", 4.184 * JOULE, Dimension::ENERGY),
    ("kcal", 4184.0 * JOULE, Dimension::ENERGY),
    ("mol", AVOGADRO, Dimension::NONE),
    ("K", 1.0, Dimension::TEMPERATURE),
    ("kelvin", 1.0, Dimension::TEMPERATURE),
    ("e", 1.0, Dimension::CHARGE),
    ("C", 1.0 / ELEMENTARY_CHARGE, Dimension::CHARGE),
    ("amu", AMU_ANGSTROM2_PER_FS2, Dimension::MASS),
    ("u", AMU_ANGSTROM2_PER_FS2, Dimension::MASS),
    ("kg", KILOGRAM, Dimension::MASS),
    ("g", 1e-3 * KILOGRAM, Dimension::MASS),
    ("GPa", 1.0 / EV_PER_ANGSTROM3_IN_GPA, Dimension::PRESSURE),
    ("MPa", 1e-3 / EV_PER_ANGSTROM3_IN_GPA, Dimension::PRESSURE),
    ("kPa", 1e3 * PASCAL, Dimension::PRESSURE),
    ("Pa", PASCAL, Dimension::PRESSURE),
    ("kbar", 0.1 / EV_PER_ANGSTROM3_IN_GPA, Dimension::PRESSURE),
    ("bar", 1e5 * PASCAL, Dimension::PRESSURE),
    ("atm", 101_325.0 * PASCAL, Dimension::PRESSURE),
    ("S", SIEMENS, Dimension::new([0, -1, -1, 0, 2])),
    ("mS", 1e-3 * SIEMENS, Dimension::new([0, -1, -1, 0, 2])),
    ("V", 1.0, Dimension::new([0, 0, 1, 0, -1])),
    ("THz", 1e-3, Dimension::RATE),
    ("Hz", 1.0 / SECOND, Dimension::RATE),
    ("%", 0.01, Dimension::NONE),
    ("deg", std::f64::consts::PI / 180.0, Dimension::NONE),
    ("rad", 1.0, Dimension::NONE),
];

/// A unit by its symbol: its size in internal units, and its dimension.
pub(super) fn lookup(symbol: &str) -> Option<(f64, Dimension)> {
    if let Some(unit) = UNITS.iter().find(|unit| unit.0 == symbol) {
        return Some((unit.1, unit.2));
    }
    // Long names may be written in any case; symbols of one or two letters must not (mS, MS), except
    // the electronvolt, which has no neighbour.
    let any_case = |unit: &str| unit.len() > 2 || unit == "eV";
    let mut matches = UNITS.iter().filter(|unit| any_case(unit.0) && unit.0.eq_ignore_ascii_case(symbol));
    match (matches.next(), matches.next()) {
        (Some(unit), None) => Some((unit.1, unit.2)),
        _ => None,
    }
}

/// The symbols of all units.
pub(super) fn symbols() -> impl Iterator<Item = &'static str> {
    UNITS.iter().map(|unit| unit.0)
}
