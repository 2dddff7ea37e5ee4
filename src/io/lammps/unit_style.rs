//! What LAMMPS calls a unit style.

use crate::io::{Frame, Value};
use crate::units::{AVOGADRO, ELEMENTARY_CHARGE};

/// A unit style whose numbers can be turned into eV, Å and fs, and whether the file named it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnitStyle {
    name: &'static str,
    stated: bool,
}

impl UnitStyle {
    /// What LAMMPS files are in when they do not say.
    pub(super) const ASSUMED: Self = Self { name: "metal", stated: false };

    /// The style of this name; the error says which there are.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        match ["metal", "real"].into_iter().find(|known| *known == name) {
            Some(name) => Ok(Self { name, stated: true }),
            None => Err(format!("units `{name}`: mlmd converts `metal` and `real`")),
        }
    }

    fn is_real(self) -> bool {
        self.name == "real"
    }

    /// The unit of velocity in Å/fs.
    pub(super) fn velocity(self) -> f64 {
        if self.is_real() { 1.0 } else { 1e-3 }
    }

    /// The unit of time in fs.
    pub(super) fn time(self) -> f64 {
        if self.is_real() { 1.0 } else { 1e3 }
    }

    /// The unit of force in eV/Å.
    pub(super) fn force(self) -> f64 {
        if self.is_real() { 4184.0 / AVOGADRO / ELEMENTARY_CHARGE } else { 1.0 }
    }

    /// Writes down in a frame which units were taken.
    pub(super) fn note(self, frame: &mut Frame) {
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
