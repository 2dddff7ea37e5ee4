//! The ensembles by name.

use super::{
    CellMode, CellRescaling, Compressibility, Csvr, Integrator, Langevin, Mtk, NoseHoover, Ramp, Verlet,
};
use crate::error::{Error, Result};

/// What keeps the temperature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Thermostat {
    /// Friction (1/fs) and noise on every atom.
    Langevin {
        /// γ, 1/fs.
        friction: f64,
    },
    /// A chain of fictitious masses.
    NoseHoover {
        /// Period of the coupling, fs.
        time: f64,
        /// Length of the chain.
        chain: usize,
    },
    /// Stochastic rescaling of all velocities together.
    Csvr {
        /// Relaxation time, fs.
        time: f64,
    },
}

/// What keeps the pressure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Barostat {
    /// Stochastic cell rescaling.
    CellRescaling {
        /// Target, eV/Å³.
        pressure: Ramp,
        /// Relaxation time, fs.
        time: f64,
        /// Steps from one change of the cell to the next.
        every: u64,
        /// How the cell may change.
        mode: CellMode,
        /// How soft the material is taken to be.
        compressibility: Compressibility,
    },
    /// A cell with inertia (Martyna, Tobias and Klein); with a Nosé–Hoover chain, or at constant enthalpy.
    Mtk {
        /// Target, eV/Å³.
        pressure: Ramp,
        /// Period of the cell, fs.
        time: f64,
        /// Length of the chain on the cell.
        chain: usize,
        /// How the cell may change.
        mode: CellMode,
        /// How soft the material is taken to be.
        compressibility: Compressibility,
    },
}

/// What is held constant, and by what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ensemble {
    /// fs.
    pub timestep: f64,
    /// K; without a thermostat only initial velocities know it.
    pub temperature: Ramp,
    /// What keeps the temperature.
    pub thermostat: Option<Thermostat>,
    /// What keeps the pressure.
    pub barostat: Option<Barostat>,
    /// Where random numbers come from.
    pub seed: u64,
}

impl Ensemble {
    /// The integrator of this ensemble.
    pub fn integrator(&self) -> Result<Box<dyn Integrator>> {
        let Self { timestep, temperature, thermostat, barostat, seed } = *self;
        if let Some(barostat) = barostat {
            return self.isobaric(barostat);
        }
        Ok(match thermostat {
            None => Box::new(Verlet::new(timestep)),
            Some(Thermostat::Langevin { friction }) => {
                Box::new(Langevin::new(timestep, friction, temperature, seed))
            }
            Some(Thermostat::NoseHoover { time, chain }) => {
                Box::new(NoseHoover::new(timestep, time, chain, temperature))
            }
            Some(Thermostat::Csvr { time }) => Box::new(Csvr::new(timestep, time, temperature, seed)),
        })
    }

    fn isobaric(&self, barostat: Barostat) -> Result<Box<dyn Integrator>> {
        match barostat {
            Barostat::CellRescaling { .. } => {
                let rescaling = CellRescaling::of(self);
                rescaling.map(|it| Box::new(it) as Box<dyn Integrator>).ok_or_else(|| {
                    Error::invalid("stochastic cell rescaling goes with the thermostat `csvr`")
                })
            }
            Barostat::Mtk { .. } => {
                Mtk::of(self).map(|it| Box::new(it) as Box<dyn Integrator>).ok_or_else(|| {
                    Error::invalid(
                        "the barostat `mtk` goes with the thermostat `nose-hoover`, or without one",
                    )
                })
            }
        }
    }
}
