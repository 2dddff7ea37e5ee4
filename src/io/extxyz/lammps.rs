//! What LAMMPS means by the XYZ files that it writes: `dump xyz`, whose comment is `Atoms. Timestep: 100`, and
//! `dump extxyz`, whose comment begins with `Timestep=100`.
//!
//! Neither says which unit style its numbers are in. What the caller says is taken, or `metal` as for dumps, unless the file prints a temperature:
//! then it is the style in which velocities and masses have that temperature.

use super::comment::Pair;
use crate::error::{Error, Result};
use crate::io::lammps::{Types, UnitStyle};
use crate::io::{Frame, ReadOptions, Value};
use crate::system::Element;
use crate::text::{Line, Token};
use crate::units::{AMU_ANGSTROM2_PER_FS2, BOLTZMANN};

/// The key of the step.
pub(super) const STEP: &str = "Timestep";

/// What positions of `dump xyz` are.
pub(super) const WRAPPED: &str = "wrapped into a cell that the file does not say";

/// Did `dump extxyz` write these pairs?
pub(super) fn is_extended(pairs: &[Pair<'_>]) -> bool {
    pairs.first().is_some_and(|pair| pair.key == STEP && pair.value.is_some())
}

/// What the comment of `dump xyz` says.
pub(super) struct Comment {
    /// The step.
    pub step: u64,
    /// The time, in the unit of the style.
    pub time: Option<f64>,
}

/// Reads `Atoms. Timestep: 100`, and `Time: 0.1` behind it; `None` if the comment is another.
pub(super) fn parse(line: &Line) -> Result<Option<Comment>> {
    let Some(rest) = line.text.trim_start().strip_prefix("Atoms. Timestep:") else { return Ok(None) };
    let (step, time) = rest.split_once("Time:").map_or((rest, None), |(step, time)| (step, Some(time)));
    let step = line.token(step.trim()).integer("the number of a step")?;
    let time = time.map(|time| line.token(time.trim()).real("a time")).transpose()?;
    Ok(Some(Comment { step, time }))
}

/// The element of an atom type given by its number.
pub(super) fn element(token: Token<'_>, number: usize, types: &mut Types) -> Result<Element> {
    types.element(number).ok_or_else(|| {
        let error = token.error(format!("the element of atom type {number} is not known"));
        types.explain(number, error).into()
    })
}

/// What is known of the LAMMPS that wrote a file.
pub(super) struct Lammps {
    pub types: Types,
    /// The style of files that print no temperature.
    unnamed: UnitStyle,
    /// The style of the frames so far.
    style: Option<UnitStyle>,
}

impl Lammps {
    /// Nothing has been read.
    pub(super) fn new(options: &ReadOptions) -> Self {
        Self { types: Types::new(options), unnamed: UnitStyle::unnamed(options), style: None }
    }

    /// Turns the numbers of a frame into mlmd's units, and notes what was taken for granted.
    pub(super) fn convert(&mut self, frame: &mut Frame, line: &Line) -> Result<()> {
        let style = self.style(frame, line)?;
        self.style = Some(style);
        frame.time = frame.time.map(|time| time * style.time());
        frame.energy = frame.energy.map(|energy| energy * style.energy());
        for velocity in frame.velocities.iter_mut().flatten() {
            *velocity *= style.velocity();
        }
        for force in frame.forces.iter_mut().flatten() {
            *force *= style.force();
        }
        style.note(frame);
        self.types.note(frame);
        Ok(())
    }

    fn style(&self, frame: &Frame, line: &Line) -> Result<UnitStyle> {
        let temperature = match frame.info.get("Temperature") {
            Some(Value::Real(temperature)) => *temperature,
            Some(Value::Integer(temperature)) => *temperature as f64,
            _ => 0.0,
        };
        let moving = temperature > 0.0 && !self.types.stand_in();
        let Some(velocities) = frame.velocities.as_ref().filter(|_| moving) else {
            return Ok(self.style.unwrap_or(self.unnamed));
        };
        let mass = |i: usize| frame.masses.as_ref().map_or(frame.species[i].mass(), |masses| masses[i]);
        let twice: f64 = velocities.iter().enumerate().map(|(i, v)| mass(i) * v.norm_squared()).sum();
        let freedoms = (3 * frame.len()).saturating_sub(3).max(1) as f64;
        let bare = twice * AMU_ANGSTROM2_PER_FS2 / (freedoms * BOLTZMANN);
        // Styles differ by orders of magnitude; constraints and other masses change a temperature by less than a factor of two.
        let fits = |style: &UnitStyle| {
            let ratio = bare * style.velocity().powi(2) / temperature;
            (0.5..2.0).contains(&ratio)
        };
        let style = UnitStyle::all().into_iter().find(fits).ok_or_else(|| -> Error {
            line.error(format!(
                "the velocities have {temperature} K in none of the unit styles `metal` and `real`"
            ))
            .with_help("expected a file of a run in one of these, with the elements of its atoms")
            .into()
        })?;
        match self.style.filter(|before| before.name() != style.name()) {
            None => Ok(style),
            Some(before) => Err(line
                .error(format!(
                    "the velocities are in units `{}`, but frames before were taken to be in `{}`",
                    style.name(),
                    before.name()
                ))
                .into()),
        }
    }
}
