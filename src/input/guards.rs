//! `[guards]`: what a run watches for, and what it does about it.

use super::dynamics::Dynamics;
use super::keys::{Keys, Table};
use super::kind::{existing_path, force, length, number, table, temperature, time, word};
use crate::error::Result;
use crate::observe::Policy;
use std::path::PathBuf;

/// `[guards]`. Values that are not finite always stop a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Guards {
    /// Time between two looks, fs; `None`: ten steps, a hundred where a device keeps the atoms.
    pub every: Option<f64>,
    /// Least time between two collected frames, fs.
    pub spacing: f64,
    /// Bounds of the temperature; `None`: stop far above the target.
    pub temperature: Option<TemperatureGuard>,
    /// How far volume and shape of the cell may change; `None`: stop where it is no more what it was.
    pub cell: Option<CellGuard>,
    /// The least distance of two atoms.
    pub distance: Option<DistanceGuard>,
    /// Atoms outside the range of the training set.
    pub extrapolation: Option<ExtrapolationGuard>,
    /// Members of a committee that are apart.
    pub disagreement: Option<DisagreementGuard>,
}

/// `[guards.temperature]`.
#[derive(Debug, Clone, PartialEq)]
pub struct TemperatureGuard {
    /// K.
    pub lowest: Option<f64>,
    /// K; `None`: far above the target.
    pub highest: Option<f64>,
    /// What to do.
    pub policy: Policy,
}

/// `[guards.cell]`.
#[derive(Debug, Clone, PartialEq)]
pub struct CellGuard {
    /// The factor by which the volume may grow or shrink.
    pub volume: f64,
    /// The share of what a height of the cell was that it may fall to, at equal volume.
    pub height: f64,
    /// What to do.
    pub policy: Policy,
}

/// `[guards.distance]`.
#[derive(Debug, Clone, PartialEq)]
pub struct DistanceGuard {
    /// Å.
    pub closest: f64,
    /// What to do.
    pub policy: Policy,
}

/// `[guards.extrapolation]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtrapolationGuard {
    /// The share of atoms that may be outside at the same time.
    pub share: f64,
    /// What to do.
    pub policy: Policy,
}

/// `[guards.disagreement]`.
#[derive(Debug, Clone, PartialEq)]
pub struct DisagreementGuard {
    /// The largest standard deviation of the force on an atom, eV/Å.
    pub force: f64,
    /// Beyond this, eV/Å, a frame is not worth its DFT any more.
    pub most: Option<f64>,
    /// The committee that judges; `None`: that of the run.
    pub potential: Option<PathBuf>,
    /// Time between two looks, fs; `None`: a hundred steps.
    pub every: Option<f64>,
    /// What to do.
    pub policy: Policy,
}

fn policy(keys: &mut Keys<'_>, default: &'static str) -> Result<Policy> {
    policy_about(
        keys,
        default,
        "warn: a row in guards.csv. collect: also the frame in collected.extxyz, ready for DFT. stop: also exit code 3.",
    )
}

fn policy_about(keys: &mut Keys<'_>, default: &'static str, about: &'static str) -> Result<Policy> {
    const POLICIES: &[(&str, Policy)] =
        &[("warn", Policy::Warn), ("collect", Policy::Collect), ("stop", Policy::Stop)];
    keys.key("policy", word(POLICIES), about).default(default)
}

impl Table for TemperatureGuard {
    const ABOUT: &'static str =
        "Bounds of the temperature. Without `highest`: stop above ten times the target plus 2000 K.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            lowest: keys
                .key("lowest", temperature().positive(), "The lowest temperature.")
                .optional("10 K")?,
            highest: keys
                .key("highest", temperature().positive(), "The highest temperature.")
                .optional("3000 K")?,
            policy: policy(keys, "stop")?,
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        if let (Some(lowest), Some(highest)) = (self.lowest, self.highest)
            && lowest >= highest
        {
            return Err(keys
                .error("lowest", "the lowest temperature is not below the highest")
                .with_help(format!("expected less than {highest} K"))
                .into());
        }
        Ok(())
    }
}

impl Table for CellGuard {
    const ABOUT: &'static str = "How far the cell may get from what it was at the start. Absent: stop at eight times its volume, \
                                 an eighth of it, or where it is half as high as it was.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            volume: keys
                .key(
                    "volume",
                    number().between(1.0, 1e6),
                    "The factor by which the volume may grow or shrink.",
                )
                .default(8.0)?,
            height: keys
                .key(
                    "height",
                    number().between(0.0, 1.0),
                    "The share that a height of the cell may fall to, of what it was at the start, at equal volume: a cell that may \
                     change its shape loses it where a liquid is in it. Zero: it may.",
                )
                .default(0.5)?,
            policy: policy(keys, "stop")?,
        })
    }
}

impl Table for DistanceGuard {
    const ABOUT: &'static str = "Atoms that come too close to each other.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            closest: keys
                .key("closest", length().positive().at_most("5 angstrom"), "The least distance of two atoms.")
                .required("0.8 angstrom")?,
            policy: policy(keys, "stop")?,
        })
    }
}

impl Table for ExtrapolationGuard {
    const ABOUT: &'static str =
        "Atoms whose descriptors leave the range of the training set, where the potential knows it.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            share: keys
                .key("share", number().between(0.0, 1.0), "The share of atoms that may be outside at a time.")
                .default(0.0)?,
            policy: policy(keys, "warn")?,
        })
    }
}

impl Table for DisagreementGuard {
    const ABOUT: &'static str = "How far the members of a committee are apart during the production: disagreement.csv. \
                                 Where they disagree, frames are worth their DFT: disagreed.extxyz.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            force: keys
                .key(
                    "force",
                    force().positive(),
                    "The largest standard deviation of the force on an atom over the members.",
                )
                .required("0.2 eV/angstrom")?,
            most: keys
                .key(
                    "most",
                    force().positive(),
                    "Beyond this a frame is not kept: atoms that are nowhere near what the members have learnt are not worth their DFT.",
                )
                .optional("1 eV/angstrom")?,
            potential: keys
                .key(
                    "potential",
                    existing_path(true),
                    "The committee that judges; that of the run if absent.",
                )
                .optional("potentials/llzo/committee.mlmd")?,
            every: keys
                .key("every", time().positive(), "Time between two looks; a hundred steps if absent.")
                .optional("100 fs")?,
            policy: policy_about(
                keys,
                "collect",
                "warn: the rows of disagreement.csv are all. collect: frames beyond `force` go to disagreed.extxyz. stop: the first ends the run with exit code 3.",
            )?,
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        if self.most.is_some_and(|most| most <= self.force) {
            return Err(keys
                .error("most", "no frame could be kept: `most` is not above `force`")
                .with_help(format!("expected more than {} eV/angstrom", self.force))
                .into());
        }
        Ok(())
    }
}

impl Table for Guards {
    const ABOUT: &'static str =
        "What a run watches for. Energies, forces or positions that are not finite always stop it.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            every: keys
                .key(
                    "every",
                    time().positive(),
                    "Time between two looks; ten steps if absent, a hundred on a device.",
                )
                .optional("10 fs")?,
            spacing: keys
                .key("spacing", time().at_least("0 fs"), "The least time between two collected frames.")
                .default("100 fs")?,
            temperature: keys.key("temperature", table(), TemperatureGuard::ABOUT).optional(())?,
            cell: keys.key("cell", table(), CellGuard::ABOUT).optional(())?,
            distance: keys.key("distance", table(), DistanceGuard::ABOUT).optional(())?,
            extrapolation: keys.key("extrapolation", table(), ExtrapolationGuard::ABOUT).optional(())?,
            disagreement: keys.key("disagreement", table(), DisagreementGuard::ABOUT).optional(())?,
        })
    }
}

impl Guards {
    /// Refuses intervals that are no whole number of steps; `keys` are those of the whole input.
    pub(super) fn check_cadence(&self, dynamics: &Dynamics, keys: &Keys<'_>) -> Result<()> {
        let disagreement = self.disagreement.as_ref().and_then(|table| table.every);
        for (name, every) in [("guards.every", self.every), ("guards.disagreement.every", disagreement)] {
            if let Some(every) = every {
                dynamics.check_whole_steps(keys, name, every)?;
            }
        }
        Ok(())
    }
}
