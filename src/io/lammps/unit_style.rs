//! What LAMMPS calls a unit style.

use crate::io::{Frame, ReadOptions, Value};
use crate::units::{FileUnits, KILOCALORIE_PER_MOLE};

/// A unit style whose numbers can be turned into eV, Å and fs, and whether the file named it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io) struct UnitStyle {
    name: &'static str,
    stated: bool,
}

impl Default for UnitStyle {
    fn default() -> Self {
        Self::ASSUMED
    }
}

impl UnitStyle {
    /// What LAMMPS files are in when they do not say.
    pub(in crate::io) const ASSUMED: Self = Self { name: "metal", stated: false };

    /// The style of this name; the error says which there are.
    pub(in crate::io) fn named(name: &str) -> Result<Self, String> {
        let known = Self::all().into_iter().find(|known| known.name == name);
        known.ok_or_else(|| format!("units `{name}`: mlmd converts `metal` and `real`"))
    }

    /// Every style that is converted.
    pub(in crate::io) fn all() -> [Self; 2] {
        ["metal", "real"].map(|name| Self { name, stated: true })
    }

    /// The style that measures energies and lengths so.
    pub(in crate::io) fn of(units: FileUnits) -> Option<Self> {
        let same = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-9;
        Self::all().into_iter().find(|style| same(units.energy, style.energy()) && same(units.length, 1.0))
    }

    /// The style of a file that names none: what the caller says, or what is assumed.
    pub(in crate::io) fn unnamed(options: &ReadOptions) -> Self {
        options.units.and_then(Self::of).unwrap_or(Self::ASSUMED)
    }

    /// The style that a file names; the error also says that another was stated for this very file.
    pub(in crate::io) fn in_file(name: &str, options: &ReadOptions) -> Result<Self, String> {
        let style = Self::named(name)?;
        let stated = options.units.filter(|_| options.strict_units).and_then(Self::of);
        match stated.filter(|stated| stated.name != style.name) {
            Some(stated) => Err(format!("units `{name}`, but `{}` was stated for this file", stated.name)),
            None => Ok(style),
        }
    }

    /// The name in LAMMPS.
    pub(in crate::io) fn name(self) -> &'static str {
        self.name
    }

    fn is_real(self) -> bool {
        self.name == "real"
    }

    /// The unit of velocity in Å/fs.
    pub(in crate::io) fn velocity(self) -> f64 {
        if self.is_real() { 1.0 } else { 1e-3 }
    }

    /// The unit of time in fs.
    pub(in crate::io) fn time(self) -> f64 {
        if self.is_real() { 1.0 } else { 1e3 }
    }

    /// The unit of energy in eV.
    pub(in crate::io) fn energy(self) -> f64 {
        if self.is_real() { KILOCALORIE_PER_MOLE } else { 1.0 }
    }

    /// The unit of force in eV/Å: lengths are in Å in every style that is converted.
    pub(in crate::io) fn force(self) -> f64 {
        self.energy()
    }

    /// Writes down in a frame which units were taken.
    pub(in crate::io) fn note(self, frame: &mut Frame) {
        let text = if self.stated { self.name.to_string() } else { format!("{} (assumed)", self.name) };
        frame.info.insert("lammps_units".into(), Value::Text(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_units_are_converted() {
        let real = UnitStyle::named("real").unwrap();
        // 1 eV = 23.06054783 kcal/mol.
        assert!((real.force() * 23.060_547_83 - 1.0).abs() < 1e-9);
        assert_eq!((real.velocity(), real.time()), (1.0, 1.0));
        let metal = UnitStyle::named("metal").unwrap();
        assert_eq!((metal.force(), metal.velocity(), metal.time()), (1.0, 1e-3, 1e3));
        assert!(UnitStyle::named("lj").unwrap_err().contains("`lj`"));
    }
}
