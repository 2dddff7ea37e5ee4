//! `[dynamics.thermostat.*]`: what keeps the temperature.

use super::keys::{Keys, Table};
use super::kind::{integer, rate, time};
use crate::error::Result;

/// `[dynamics.thermostat]`.
#[derive(Debug, Clone, PartialEq)]
pub enum Thermostat {
    /// Friction and noise.
    Langevin(Langevin),
    /// A chain of fictitious masses.
    NoseHoover(NoseHoover),
    /// Stochastic rescaling of all velocities together.
    Csvr(Csvr),
}

impl Thermostat {
    /// The time in which the temperature relaxes, fs, where the thermostat is given by one.
    pub fn time(&self) -> Option<f64> {
        match self {
            Self::Langevin(_) => None,
            Self::NoseHoover(table) => Some(table.time),
            Self::Csvr(table) => Some(table.time),
        }
    }
}

/// `[dynamics.thermostat.langevin]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Langevin {
    /// Friction coefficient γ, 1/fs.
    pub friction: f64,
}

impl Table for Langevin {
    const ABOUT: &'static str = "Friction and noise on every atom (BAOAB). Robust; slows diffusion down.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            friction: keys
                .key("friction", rate().positive(), "Friction coefficient.")
                .default("0.005 fs^-1")?,
        })
    }
}

/// `[dynamics.thermostat.nose-hoover]`.
#[derive(Debug, Clone, PartialEq)]
pub struct NoseHoover {
    /// Period of the coupling, fs.
    pub time: f64,
    /// Length of the chain.
    pub chain: usize,
}

impl Table for NoseHoover {
    const ABOUT: &'static str = "Nose-Hoover chain: deterministic.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            time: keys.key("time", time().positive(), "Period of the coupling.").default("100 fs")?,
            chain: keys.key("chain", integer().at_least(1).at_most(20), "Length of the chain.").default(3)?
                as usize,
        })
    }
}

/// `[dynamics.thermostat.csvr]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Csvr {
    /// Relaxation time, fs.
    pub time: f64,
}

impl Table for Csvr {
    const ABOUT: &'static str = "Stochastic velocity rescaling (Bussi, Donadio, Parrinello 2007). Leaves diffusion nearly undisturbed.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self { time: keys.key("time", time().positive(), "Relaxation time.").default("100 fs")? })
    }
}
