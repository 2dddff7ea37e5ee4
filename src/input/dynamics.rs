//! `[dynamics]`: how the atoms move.

use super::barostat::Barostat;
use super::keys::{Keys, Table};
use super::kind::{
    Course, course, element, integer, list, map, mass, one_of, one_or_many, temperature, time, word,
};
use super::thermostat::{Csvr, Langevin, NoseHoover, Thermostat};
use crate::error::Result;
use crate::system::Element;

/// `[dynamics]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Dynamics {
    /// Temperatures, K: one run for each.
    pub temperature: Vec<Course>,
    /// Time between steps, fs.
    pub timestep: f64,
    /// Time before anything is recorded, fs.
    pub equilibrate: f64,
    /// Time that is recorded, fs.
    pub produce: f64,
    /// Where velocities come from.
    pub velocities: Velocities,
    /// What keeps the temperature; `None`: nothing, the energy is conserved.
    pub thermostat: Option<Thermostat>,
    /// What keeps the pressure; `None`: nothing, the cell is fixed.
    pub barostat: Option<Barostat>,
    /// Masses that differ from the standard ones, amu.
    pub masses: Vec<(Element, f64)>,
    /// Atoms that stay where they are, in ascending order, if anybody has said so.
    pub fixed: Option<Vec<usize>>,
}

/// Where the velocities at the first step come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Velocities {
    /// Drawn at the temperature of the run.
    Draw,
    /// Those of the structure.
    File,
}

impl Table for Dynamics {
    const ABOUT: &'static str = "How the atoms move. Without a thermostat the energy is conserved, without a barostat the cell is fixed.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        let thermostats = one_of()
            .choice("langevin", |table: Langevin| Thermostat::Langevin(table))
            .choice("nose-hoover", |table: NoseHoover| Thermostat::NoseHoover(table))
            .choice("csvr", |table: Csvr| Thermostat::Csvr(table));
        Ok(Self {
            temperature: keys
                .key("temperature", one_or_many(course(temperature().positive())), "Temperature; a list makes one run for each. A table { from, to } is a linear ramp over the production.")
                .required(["500 K", "600 K"])?,
            timestep: keys
                .key("timestep", time().positive().at_most("20 fs"), "Time between two steps.")
                .required("1 fs")?,
            equilibrate: keys
                .key("equilibrate", time().at_least("0 fs"), "Time before recording begins.")
                .default("0 ps")?,
            produce: keys.key("produce", time().positive(), "Time that is recorded.").required("100 ps")?,
            velocities: keys
                .key(
                    "velocities",
                    word(&[("draw", Velocities::Draw), ("file", Velocities::File)]),
                    "Velocities at the start. draw: at random, at `temperature`. file: those of the structure file as they are, \
                     less the motion of the centre of mass; the cells of a supercell have the same, atoms that are added \
                     have none, and `temperature` is what a thermostat goes to.",
                )
                .default("draw")?,
            thermostat: keys.key("thermostat", thermostats, "What keeps the temperature.").optional(())?,
            barostat: keys.key("barostat", Barostat::choices(), "What keeps the pressure.").optional(())?,
            masses: keys
                .key("masses", map(element(), mass().positive()), "Masses that differ from the standard ones.")
                .optional([("H", "2.014 amu")])?
                .unwrap_or_default(),
            fixed: keys
                .key(
                    "fixed",
                    list(integer().at_least(0)).or_none(),
                    "Atoms that stay where they are, counted from 0 in the order of the structure; under a barostat they keep \
                     their place in the cell, and move with it. Marks in its file (selective dynamics) are not obeyed by a run, \
                     and one that meets them wants this list, be it empty.",
                )
                .optional([0, 1])?
                .map(|atoms| {
                    let mut atoms: Vec<usize> = atoms.into_iter().map(|atom| atom as usize).collect();
                    atoms.sort_unstable();
                    atoms.dedup();
                    atoms
                }),
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        self.check_whole_steps(keys, "equilibrate", self.equilibrate)?;
        self.check_whole_steps(keys, "produce", self.produce)?;
        for (i, course) in self.temperature.iter().enumerate() {
            if self.temperature[..i].contains(course) {
                return Err(keys
                    .error("temperature", format!("the temperature {course} K is given twice"))
                    .with_help("each temperature is a run with a folder of its own")
                    .into());
            }
        }
        if self.velocities == Velocities::File && !self.may_share_velocities() {
            return Err(keys
                .error(
                    "velocities",
                    "runs that begin with the same velocities are the same without a thermostat",
                )
                .with_help("expected one temperature, which then only names the run, or a thermostat")
                .into());
        }
        if self.thermostat.is_none()
            && let Some(ramp) = self.temperature.iter().find(|course| !course.is_constant())
        {
            return Err(keys
                .error("temperature", format!("nothing takes the temperature from {ramp} K"))
                .with_help("add a thermostat, such as [dynamics.thermostat.csvr], or give one temperature: that of the start")
                .into());
        }
        if let Some(time) = self.thermostat.as_ref().and_then(Thermostat::time)
            && time < self.timestep
        {
            return Err(keys
                .error("thermostat", "the thermostat is faster than a step")
                .with_help(format!("expected a `time` above the timestep, {} fs", self.timestep))
                .into());
        }
        let time = match &self.barostat {
            Some(Barostat::CRescale(table)) => Some(table.time),
            Some(Barostat::Mtk(table)) => Some(table.time),
            None => None,
        };
        if time.is_some_and(|time| time < self.timestep) {
            return Err(keys
                .error("barostat", "the barostat is faster than a step")
                .with_help(format!("expected a `time` above the timestep, {} fs", self.timestep))
                .into());
        }
        let chain = matches!(self.thermostat, None | Some(Thermostat::NoseHoover(_)));
        if !chain && matches!(self.barostat, Some(Barostat::Mtk(_))) {
            return Err(keys
                .error("barostat", "`mtk` goes with `nose-hoover`, or without a thermostat")
                .with_help("use [dynamics.thermostat.nose-hoover], or [dynamics.barostat.c-rescale]")
                .into());
        }
        let rescaling = matches!(self.thermostat, Some(Thermostat::Csvr(_)));
        if !rescaling && matches!(self.barostat, Some(Barostat::CRescale(_))) {
            let (what, help) = match self.thermostat {
                None => (
                    "`c-rescale` needs a thermostat",
                    "add [dynamics.thermostat.csvr], or use `mtk` for constant enthalpy",
                ),
                Some(_) => (
                    "`c-rescale` goes with `csvr`",
                    "use [dynamics.thermostat.csvr], or `mtk` with [dynamics.thermostat.nose-hoover]",
                ),
            };
            return Err(keys.error("barostat", what).with_help(help).into());
        }
        if let Some(Barostat::CRescale(table)) = &self.barostat
            && table.every > 1
            && table.every as f64 * self.timestep > 0.2 * table.time
        {
            let most = (0.2 * table.time / self.timestep).max(1.0) as u64;
            return Err(keys
                .error("barostat.c-rescale.every", "the cell changes too seldom for its relaxation time")
                .with_help(format!("expected at most {most}: a fifth of {} fs in steps", table.time))
                .into());
        }
        Ok(())
    }
}

impl Dynamics {
    /// May all runs begin with the same velocities, and go different ways?
    pub fn may_share_velocities(&self) -> bool {
        self.thermostat.is_some() || self.temperature.len() == 1
    }

    /// How many steps a time has, rounded, and at least one.
    pub fn steps_in(&self, time: f64) -> u64 {
        ((time / self.timestep).round() as u64).max(1)
    }

    /// Steps before recording begins.
    pub fn equilibration_steps(&self) -> u64 {
        (self.equilibrate / self.timestep).round() as u64
    }

    /// Steps that are recorded.
    pub fn production_steps(&self) -> u64 {
        (self.produce / self.timestep).round() as u64
    }

    /// Refuses a time that is no whole number of steps.
    pub(super) fn check_whole_steps(&self, keys: &Keys<'_>, key: &str, time: f64) -> Result<()> {
        let steps = time / self.timestep;
        if steps > 1e15 {
            return Err(keys
                .error(key, format!("this takes {steps:.0e} steps"))
                .with_help("expected fewer than 1e15")
                .into());
        }
        // Decimal fractions such as 0.1 fs are not exact: a step count within rounding of a whole number is one.
        let whole = steps.round();
        if (steps - whole).abs() <= 1e-9 * steps.max(1.0) && (whole >= 1.0 || time == 0.0) {
            return Ok(());
        }
        let (below, above) = (steps.floor() * self.timestep, steps.ceil() * self.timestep);
        let near = if below > 0.0 {
            format!("the nearest are {} and {}", show(below), show(above))
        } else {
            format!("the nearest is {}", show(above))
        };
        Err(keys
            .error(
                key,
                format!(
                    "`{}` is not a whole number of steps of {} fs",
                    key.rsplit('.').next().unwrap_or(key),
                    self.timestep
                ),
            )
            .with_help(near)
            .into())
    }
}

/// A time in the unit people would use.
fn show(fs: f64) -> String {
    let rounded = |x: f64| (x * 1e9).round() / 1e9;
    if fs >= 1000.0 { format!("{} ps", rounded(fs / 1000.0)) } else { format!("{} fs", rounded(fs)) }
}
