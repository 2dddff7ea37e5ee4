//! `[output]`: what is written, how often, and where.

use super::dynamics::Dynamics;
use super::keys::{Keys, Table};
use super::kind::{one_or_many, output_path, table, time, word};
use crate::error::Result;
use std::path::PathBuf;

/// `[output]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Everything is written into this folder.
    pub directory: PathBuf,
    /// Positions of the atoms.
    pub trajectory: Trajectory,
    /// Energies, temperature, pressure.
    pub thermo: Thermo,
    /// The state to go on from.
    pub checkpoint: Checkpoint,
}

/// `[output.trajectory]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    /// The time between frames, fs.
    pub every: f64,
    /// The formats to write.
    pub formats: Vec<TrajectoryFormat>,
}

/// A format of trajectories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrajectoryFormat {
    /// H5MD.
    H5md,
    /// Extended XYZ.
    Extxyz,
    /// LAMMPS dump.
    LammpsDump,
}

impl Table for Trajectory {
    const ABOUT: &'static str = "Positions of the atoms, for the analyses and for other programs.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        const FORMATS: &[(&str, TrajectoryFormat)] = &[
            ("h5md", TrajectoryFormat::H5md),
            ("extxyz", TrajectoryFormat::Extxyz),
            ("lammps-dump", TrajectoryFormat::LammpsDump),
        ];
        Ok(Self {
            every: every(keys, "The time between frames.", "50 fs")?,
            formats: keys
                .key("format", one_or_many(word(FORMATS)), "The formats to write.")
                .default("h5md")?,
        })
    }
}

/// `[output.thermo]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Thermo {
    /// The time between rows, fs.
    pub every: f64,
}

impl Table for Thermo {
    const ABOUT: &'static str = "Energies, temperature and pressure, as CSV.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self { every: every(keys, "The time between rows.", "50 fs")? })
    }
}

/// `[output.checkpoint]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The time between checkpoints, fs.
    pub every: f64,
}

impl Table for Checkpoint {
    const ABOUT: &'static str = "The state from which an interrupted run goes on.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self { every: every(keys, "The time between checkpoints.", "5 ps")? })
    }
}

fn every(keys: &mut Keys<'_>, about: &'static str, default: &'static str) -> Result<f64> {
    keys.key("every", time().positive(), about).default(default)
}

impl Table for Output {
    const ABOUT: &'static str = "What is written, how often, and where.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            directory: keys
                .key("directory", output_path(), "The folder for everything a run writes.")
                .default("out")?,
            trajectory: keys.key("trajectory", table(), Trajectory::ABOUT).default(())?,
            thermo: keys.key("thermo", table(), Thermo::ABOUT).default(())?,
            checkpoint: keys.key("checkpoint", table(), Checkpoint::ABOUT).default(())?,
        })
    }
}

impl Output {
    /// Refuses intervals that are no whole number of steps; `keys` are those of the whole input. Defaults
    /// are rounded instead (see [`Dynamics::steps_in`]), for nobody asked for them.
    pub(super) fn check_cadence(&self, dynamics: &Dynamics, keys: &Keys<'_>) -> Result<()> {
        for (key, every) in [
            ("output.trajectory.every", self.trajectory.every),
            ("output.thermo.every", self.thermo.every),
            ("output.checkpoint.every", self.checkpoint.every),
        ] {
            if keys.has(key) {
                dynamics.check_whole_steps(keys, key, every)?;
            }
        }
        Ok(())
    }
}
