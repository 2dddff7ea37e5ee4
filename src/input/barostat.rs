//! `[dynamics.barostat.*]`: what keeps the pressure.

use super::keys::{Keys, Table};
use super::kind::{Course, OneOf, course, integer, one_of, pressure, time, word};
use crate::error::Result;
use crate::md::CellMode;

/// `[dynamics.barostat]`.
#[derive(Debug, Clone, PartialEq)]
pub enum Barostat {
    /// Stochastic cell rescaling.
    CRescale(CRescale),
    /// Martyna–Tobias–Klein.
    Mtk(Mtk),
}

/// `[dynamics.barostat.c-rescale]`.
#[derive(Debug, Clone, PartialEq)]
pub struct CRescale {
    /// Pressure, eV/Å³.
    pub pressure: Course,
    /// Relaxation time, fs.
    pub time: f64,
    /// Steps from one change of the cell to the next.
    pub every: u64,
    /// How the cell may change.
    pub mode: CellMode,
}

/// `[dynamics.barostat.mtk]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Mtk {
    /// Pressure, eV/Å³.
    pub pressure: Course,
    /// Period of the volume of a material with a bulk modulus of 50 GPa, fs.
    pub time: f64,
    /// Length of the chain of thermostats of the cell.
    pub chain: usize,
    /// How the cell may change.
    pub mode: CellMode,
}

impl Barostat {
    /// The barostats there are.
    pub(super) fn choices() -> OneOf<Self> {
        one_of()
            .choice("c-rescale", |table: CRescale| Self::CRescale(table))
            .choice("mtk", |table: Mtk| Self::Mtk(table))
    }
}

impl Table for CRescale {
    const ABOUT: &'static str =
        "Stochastic cell rescaling (Bernetti, Bussi 2020). Needs the thermostat csvr.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        let time = "Time in which the volume of a material of 50 GPa relaxes; softer ones are slower.";
        Ok(Self {
            pressure: target(keys)?,
            time: relaxation(keys, time)?,
            every: keys
                .key(
                    "every",
                    integer().at_least(1).at_most(1000),
                    "Steps from one change of the cell to the next; above 1 atoms may stay on a graphics processor.",
                )
                .default(1)? as u64,
            mode: mode(keys)?,
        })
    }
}

impl Table for Mtk {
    const ABOUT: &'static str =
        "Martyna-Tobias-Klein (1994): deterministic. With a nose-hoover thermostat, or at constant enthalpy.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        let time = "Period of the volume of a material of 50 GPa; softer ones are slower.";
        Ok(Self {
            pressure: target(keys)?,
            time: relaxation(keys, time)?,
            chain: keys
                .key(
                    "chain",
                    integer().at_least(1).at_most(20),
                    "Length of the thermostat chain of the cell.",
                )
                .default(3)? as usize,
            mode: mode(keys)?,
        })
    }
}

fn target(keys: &mut Keys<'_>) -> Result<Course> {
    keys.key("pressure", course(pressure()), "Pressure, positive when compressed.").default("0 GPa")
}

fn relaxation(keys: &mut Keys<'_>, about: &'static str) -> Result<f64> {
    keys.key("time", time().positive(), about).default("1 ps")
}

fn mode(keys: &mut Keys<'_>) -> Result<CellMode> {
    const MODES: &[(&str, CellMode)] = &[
        ("isotropic", CellMode::Isotropic),
        ("per-axis", CellMode::PerAxis),
        ("flexible", CellMode::Flexible),
    ];
    keys.key("mode", word(MODES), "What may change: the volume alone, each edge, or every edge and angle. A liquid has no shape to keep: `isotropic` is for it.")
        .default("isotropic")
}
