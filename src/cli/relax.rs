//! `mlmd relax`: to the nearest minimum of the energy.

use super::amounts::counted;
use super::options::{PotentialChoice, Reading, StructureChoice, force, positive};
use super::progress::Minimising;
use super::rows::Rows;
use super::terminal::{self, Terminal};
use crate::compute::{Engine, Options};
use crate::error::{Error, Result};
use crate::io::{Frame, check_output, same_file};
use crate::relax::{CellFreedom, Freedom, Method, Relaxation, Settings};
use crate::system::System;
use crate::units::{Dimension, EV_PER_ANGSTROM3_IN_GPA, parse};
use crate::workflow::dynamics::Stop;
use crate::workflow::relax;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Relax positions, and the cell if wanted, to the nearest minimum of the energy
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Atoms that the file marks as fixed (move_mask, selective dynamics) stay where they are.\n\
                        Exit code 3 if the minimisation does not converge, 75 if a signal stops it; OUT is written all the same."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    potential: PotentialChoice,
    #[command(flatten)]
    structure: StructureChoice,
    /// Where the relaxed structure goes
    #[arg(short, long, value_name = "OUT", default_value = "relaxed.extxyz")]
    output: PathBuf,
    /// What may change of the cell: fixed, isotropic, axes, free, or strains such as xx,yy,xy
    #[arg(long, value_name = "CELL", default_value = "fixed", help_heading = "Minimising")]
    cell: CellFreedom,
    /// Pressure around the cell
    #[arg(long, value_name = "PRESSURE", default_value = "0 GPa", value_parser = pressure, allow_hyphen_values = true, help_heading = "Minimising")]
    pressure: f64,
    /// Converged when no force is larger
    #[arg(long, value_name = "FORCE", default_value = "0.01 eV/angstrom", value_parser = force, help_heading = "Minimising")]
    fmax: f64,
    /// Converged when no free component of the stress differs more from the pressure
    #[arg(long, value_name = "STRESS", default_value = "0.1 GPa", value_parser = stress, help_heading = "Minimising")]
    smax: f64,
    /// L-BFGS with a line search, or FIRE 2.0
    #[arg(long, value_name = "METHOD", default_value = "lbfgs", help_heading = "Minimising")]
    method: Way,
    /// Atoms that stay where they are, counted from 0: 0,4,10-19
    #[arg(long, value_name = "ATOMS", value_parser = atoms, help_heading = "Minimising")]
    fix: Option<Atoms>,
    /// Give up after so many steps
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..), help_heading = "Minimising")]
    steps: u64,
    /// Write every step as a frame
    #[arg(long, value_name = "FILE")]
    trajectory: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Way {
    Lbfgs,
    Fire,
}

fn pressure(text: &str) -> Result<f64, String> {
    parse(text, Dimension::PRESSURE).map_err(|error| error.to_string())
}

fn stress(text: &str) -> Result<f64, String> {
    positive(text, Dimension::PRESSURE)
}

/// Ranges of atoms.
#[derive(Debug, Clone)]
pub(super) struct Atoms(Vec<(usize, usize)>);

/// Reads `0,4,10-19`.
pub(super) fn atoms(text: &str) -> Result<Atoms, String> {
    let wrong = || format!("`{text}` does not name atoms: expected numbers and ranges such as 0,4,10-19");
    let number = |part: &str| part.trim().parse::<usize>().map_err(|_| wrong());
    let ranges = text.split(',').map(|part| match part.split_once('-') {
        Some((first, last)) => Ok((number(first)?, number(last)?)),
        None => number(part).map(|one| (one, one)),
    });
    ranges.collect::<Result<_, _>>().map(Atoms)
}

/// Which coordinates are held: those the file says, and those of the atoms named.
pub(super) fn held(frame: &Frame, fix: Option<&Atoms>) -> Result<Vec<[bool; 3]>> {
    relax::check_axes(frame)?;
    let mut held = relax::held(frame);
    let Some(Atoms(ranges)) = fix else { return Ok(held) };
    held.resize(frame.len(), [false; 3]);
    for (first, last) in ranges {
        if first > last {
            return Err(Error::invalid(format!("--fix {first}-{last}: the range ends before it begins")));
        }
        if *last >= frame.len() {
            return Err(Error::invalid(format!(
                "--fix {first}-{last}: the structure has {} atoms, counted from 0",
                frame.len()
            )));
        }
        held[*first..=*last].fill([true; 3]);
    }
    Ok(held)
}

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        for path in [Some(&self.output), self.trajectory.as_ref()].into_iter().flatten() {
            check_output(path)?;
        }
        if same_file(&self.structure.file, &self.output) {
            let file = self.output.display();
            return Err(Error::invalid(format!("{file}: the input and the output are the same file")));
        }
        if let Some(trajectory) = &self.trajectory
            && [&self.structure.file, &self.output].iter().any(|other| same_file(other, trajectory))
        {
            return Err(Error::invalid(format!(
                "--trajectory {}: this file is that of the structure, or of the result",
                trajectory.display()
            )));
        }
        if self.pressure != 0.0 && self.cell == CellFreedom::Fixed {
            return Err(Error::invalid(
                "--pressure does nothing to a cell that does not change\n   expected --cell isotropic, axes or free as well",
            ));
        }
        let stop = Stop::listen(None)?;
        let (potential, _) = self.potential.load(&[&self.structure.file], &self.reading, terminal)?;
        let description = potential.description();
        let frame = self.structure.read(&self.reading)?;
        let system = frame.to_system()?;
        let settings = Settings {
            freedom: Freedom {
                cell: self.cell,
                pressure: self.pressure,
                held: held(&frame, self.fix.as_ref())?,
            },
            method: match self.method {
                Way::Lbfgs => Method::Lbfgs,
                Way::Fire => Method::Fire,
            },
            force: self.fmax,
            stress: self.smax,
            steps: self.steps,
            ..Settings::default()
        };
        let options = Options { threads: self.potential.threads(), ..Options::default() };
        let mut engine = Engine::new(potential, options)?;
        let mut shown = Minimising::new(terminal, "relaxing", self.fmax);
        let done = relax::run(&system, &mut engine, &settings, self.trajectory.as_deref(), &mut |state| {
            shown.set(state.step, state.enthalpy, state.force);
            stop.here()
        })?;
        drop(shown);
        let mut relaxed = relax::frame(&done, &mut engine)?;
        relax::mark(&mut relaxed, &frame);
        relax::write(&relaxed, &self.output)?;
        if self.json {
            terminal::print_json(&machine(&done, &self.output))?;
        } else {
            terminal::print(&self.table(&description, &system, &done))?;
        }
        match done.stopped {
            None => Ok(()),
            Some(reason) if done.interrupted => Err(Error::Interrupted(format!(
                "{reason}; {} is the structure of the last step, from which to go on",
                self.output.display()
            ))),
            Some(reason) => Err(Error::Physics(format!(
                "the minimisation has not converged: {reason} (largest force {:.3e} eV/Å)",
                done.force
            ))),
        }
    }

    fn table(&self, potential: &str, before: &System, done: &Relaxation) -> String {
        let after = &done.system;
        let mut rows = Rows::new(potential);
        rows.push(
            "structure",
            format!(
                "{}: {}, {}",
                self.structure.file.display(),
                after.formula(),
                counted(after.len(), "atom")
            ),
        );
        let outcome = if done.stopped.is_none() { "converged after" } else { "NOT converged after" };
        rows.push(
            "steps",
            format!("{outcome} {}, {}", counted(done.steps, "step"), counted(done.evaluations, "evaluation")),
        );
        // Under pressure it is the enthalpy that becomes less, and the energy may well rise.
        let (minimised, value, before_it) = if self.pressure == 0.0 {
            ("energy", done.energy, done.first_energy)
        } else {
            rows.push("energy", format!("{:.6} eV", done.energy));
            ("enthalpy", done.enthalpy, done.first_energy + self.pressure * before.cell.volume())
        };
        rows.push(minimised, format!("{value:.6} eV ({:.6} eV below the start)", before_it - value));
        rows.push("force", format!("at most {:.2e} eV/Å", done.force));
        if self.cell != CellFreedom::Fixed {
            let pressure = self.pressure * EV_PER_ANGSTROM3_IN_GPA;
            let rest = done.stress * EV_PER_ANGSTROM3_IN_GPA;
            rows.push("stress", format!("within {rest:.2e} GPa of a pressure of {pressure} GPa"));
            let ([a, b, c], [alpha, beta, gamma]) = (after.cell.lengths(), after.cell.angles());
            rows.push("cell", format!("{a:.5} × {b:.5} × {c:.5} Å, {alpha:.3} {beta:.3} {gamma:.3}°"));
            let (v0, v1) = (before.cell.volume(), after.cell.volume());
            rows.push("volume", format!("{v1:.4} Å³ ({:+.3} %)", 100.0 * (v1 / v0 - 1.0)));
        }
        rows.push("written", self.output.display().to_string());
        rows.to_string()
    }
}

/// The keys of this object are a contract.
fn machine(done: &Relaxation, output: &Path) -> serde_json::Value {
    json!({
        "converged": done.stopped.is_none(),
        "reason": done.stopped,
        "atoms": done.system.len(),
        "steps": done.steps,
        "evaluations": done.evaluations,
        "energy_ev": done.energy,
        "enthalpy_ev": done.enthalpy,
        "first_energy_ev": done.first_energy,
        "largest_force_ev_per_angstrom": done.force,
        "largest_stress_gpa": done.stress * EV_PER_ANGSTROM3_IN_GPA,
        "volume_angstrom3": done.system.cell.is_bulk().then(|| done.system.cell.volume()),
        "cell_lengths_angstrom": done.system.cell.lengths(),
        "cell_angles_degrees": done.system.cell.angles(),
        "output": output.display().to_string(),
    })
}
