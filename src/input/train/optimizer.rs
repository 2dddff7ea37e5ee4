//! `[optimizer.*]`: how the errors are made small.

use crate::error::Result;
use crate::input::keys::{Keys, Table};
use crate::input::kind::{Integer, flag, integer, number, word};
use crate::train::schedule::{Course, Schedule};

/// `[optimizer]`.
#[derive(Debug, Clone)]
pub enum OptimizerChoice {
    /// Damped Gauss–Newton steps over all frames.
    LevenbergMarquardt(LevenbergMarquardtTable),
    /// Gauss–Newton steps frame after frame.
    Kalman(KalmanTable),
    /// Quasi-Newton steps over all frames.
    Lbfgs(LbfgsTable),
    /// Adam.
    Adam(AdamTable),
    /// Adam with decoupled weight decay.
    AdamW(AdamWTable),
}

impl OptimizerChoice {
    /// Its name in inputs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::LevenbergMarquardt(_) => "levenberg-marquardt",
            Self::Kalman(_) => "kalman",
            Self::Lbfgs(_) => "lbfgs",
            Self::Adam(_) => "adam",
            Self::AdamW(_) => "adamw",
        }
    }

    /// The most epochs, and how many without improvement are borne.
    pub fn limits(&self) -> (u64, u64) {
        match self {
            Self::LevenbergMarquardt(t) => t.limits,
            Self::Kalman(t) => t.limits,
            Self::Lbfgs(t) => t.limits,
            Self::Adam(t) => t.limits,
            Self::AdamW(t) => t.adam.limits,
        }
    }

    /// What optimisers of the first order have in common, if it is one.
    pub fn first_order(&self) -> Option<&AdamTable> {
        match self {
            Self::Adam(table) => Some(table),
            Self::AdamW(table) => Some(&table.adam),
            Self::LevenbergMarquardt(_) | Self::Kalman(_) | Self::Lbfgs(_) => None,
        }
    }
}

fn count() -> Integer {
    integer().at_least(1).at_most(100_000_000)
}

fn limits(keys: &mut Keys<'_>, epochs: i64, patience: i64) -> Result<(u64, u64)> {
    Ok((
        keys.key("epochs", count(), "The most epochs.").default(epochs)?.unsigned_abs(),
        keys.key("patience", count(), "Stop after so many epochs without a better validation loss.")
            .default(patience)?
            .unsigned_abs(),
    ))
}

/// The same where the learning rate falls to its last value with the last epoch: what is best comes at the end, and
/// nothing stops before unless it is asked for.
fn limits_of_schedule(keys: &mut Keys<'_>, epochs: i64) -> Result<(u64, u64)> {
    let epochs = keys.key("epochs", count(), "All of them are done.").default(epochs)?;
    let patience = keys
        .key("patience", count(), "Stop earlier, after so many epochs without a better validation loss.")
        .optional(200)?
        .unwrap_or(epochs);
    Ok((epochs.unsigned_abs(), patience.unsigned_abs()))
}

/// `[optimizer.levenberg-marquardt]`.
#[derive(Debug, Clone)]
pub struct LevenbergMarquardtTable {
    /// Epochs and patience.
    pub limits: (u64, u64),
    /// The damping at the beginning.
    pub damping: f64,
}

impl Table for LevenbergMarquardtTable {
    const ABOUT: &'static str = "Damped Gauss-Newton steps over all frames: the way to the bottom for networks of up to some thousand parameters.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            limits: limits(keys, 200, 20)?,
            damping: keys
                .key(
                    "damping",
                    number().positive(),
                    "Damping at the beginning, relative to the largest curvature.",
                )
                .default(1e-3)?,
        })
    }
}

/// `[optimizer.kalman]`.
#[derive(Debug, Clone)]
pub struct KalmanTable {
    /// Epochs and patience.
    pub limits: (u64, u64),
    /// Variance of the parameters at the beginning.
    pub variance: f64,
    /// Process noise: how much variance an update adds.
    pub noise: f64,
    /// Share of the rows of a frame that is used.
    pub share: f64,
}

impl Table for KalmanTable {
    const ABOUT: &'static str =
        "The extended Kalman filter over all parameters: Gauss-Newton steps frame after frame.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            limits: limits(keys, 50, 10)?,
            variance: keys
                .key("variance", number().positive(), "Variance of the parameters at the beginning.")
                .default(1.0)?,
            noise: keys
                .key("noise", number().between(0.0, 1.0), "Variance that an update adds to every parameter.")
                .default(1e-6)?,
            share: keys
                .key(
                    "share",
                    number().between(0.0, 1.0),
                    "Share of the force components of a frame that an update uses.",
                )
                .default(0.25)?,
        })
    }
}

/// `[optimizer.lbfgs]`.
#[derive(Debug, Clone)]
pub struct LbfgsTable {
    /// Epochs and patience.
    pub limits: (u64, u64),
    /// Steps that are remembered.
    pub memory: usize,
}

impl Table for LbfgsTable {
    const ABOUT: &'static str =
        "L-BFGS over all frames: for networks too large for Levenberg-Marquardt. An epoch is one step.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            limits: limits(keys, 2000, 200)?,
            memory: keys
                .key("memory", integer().at_least(1).at_most(1000), "Steps that are remembered.")
                .default(30)? as usize,
        })
    }
}

/// The keys of a learning rate.
fn schedule(keys: &mut Keys<'_>, epochs: u64) -> Result<Schedule> {
    #[derive(Clone, Copy)]
    enum Name {
        Constant,
        Cosine,
        Exponential,
        Plateau,
    }
    const NAMES: &[(&str, Name)] = &[
        ("cosine", Name::Cosine),
        ("exponential", Name::Exponential),
        ("plateau", Name::Plateau),
        ("constant", Name::Constant),
    ];
    let first = keys.key("rate", number().positive(), "Learning rate after the warm-up.").default(3e-3)?;
    let name = keys.key("schedule", word(NAMES), "How the learning rate falls.").default("cosine")?;
    let last = keys
        .key("final_rate", number().positive(), "Learning rate at the last epoch (cosine, exponential).")
        .default(1e-5)?;
    let factor = keys
        .key("plateau_factor", number().between(0.0, 1.0), "What the rate is multiplied by on a plateau.")
        .default(0.5)?;
    let patience = keys
        .key(
            "plateau_patience",
            integer().at_least(0).at_most(1_000_000),
            "Epochs without a smaller training loss that make a plateau.",
        )
        .default(10)?
        .unsigned_abs();
    let warm_up = keys
        .key("warm_up", integer().at_least(0).at_most(1_000_000), "Epochs in which the rate rises from zero.")
        .default(0)?
        .unsigned_abs();
    let course = match name {
        Name::Constant => Course::Constant,
        Name::Cosine => Course::Cosine { last },
        Name::Exponential => Course::Exponential { last },
        Name::Plateau => Course::Plateau { factor, patience },
    };
    Ok(Schedule { first, course, warm_up, epochs })
}

/// `[optimizer.adam]`.
#[derive(Debug, Clone)]
pub struct AdamTable {
    /// Epochs and patience.
    pub limits: (u64, u64),
    /// The learning rate.
    pub schedule: Schedule,
    /// Frames per step.
    pub batch: usize,
    /// The largest norm of a gradient.
    pub clip: Option<f64>,
    /// Are the coefficients of mixed channels of the descriptor trained too?
    pub mixing: bool,
}

impl Table for AdamTable {
    const ABOUT: &'static str = "Adam (Kingma, Ba 2015) with a learning rate that falls.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        let limits = limits_of_schedule(keys, 400)?;
        Ok(Self {
            limits,
            schedule: schedule(keys, limits.0)?,
            batch: keys
                .key("batch", integer().at_least(1).at_most(1_000_000), "Frames in a step.")
                .default(2)? as usize,
            clip: keys
                .key("clip", number().positive(), "Gradients are shortened to this norm.")
                .optional(10.0)?,
            mixing: keys
                .key("mixing", flag(), "Train the coefficients of mixed channels of the descriptor too; with [transfer] they stay as they are.")
                .default(true)?,
        })
    }
}

/// `[optimizer.adamw]`.
#[derive(Debug, Clone)]
pub struct AdamWTable {
    /// What it has in common with Adam.
    pub adam: AdamTable,
    /// The decay of the weights.
    pub decay: f64,
}

impl Table for AdamWTable {
    const ABOUT: &'static str = "Adam with decoupled weight decay (Loshchilov, Hutter 2019).";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            adam: AdamTable::read(keys)?,
            decay: keys
                .key(
                    "weight_decay",
                    number().between(0.0, 1.0),
                    "By what share of the rate weights shrink in a step.",
                )
                .default(1e-4)?,
        })
    }
}
