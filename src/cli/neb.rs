//! `mlmd neb`: the barrier between two structures.

use super::amounts::counted;
use super::options::{PotentialChoice, Reading, force, read};
use super::progress::Minimising;
use super::relax::{Atoms, atoms, held};
use super::rows::Rows;
use super::terminal::{self, Terminal};
use crate::compute::{Engine, Options};
use crate::error::{Error, Result};
use crate::io::{Frame, ReadOptions, read_all};
use crate::relax::{Band, BandSettings, Interpolation};
use crate::system::System;
use crate::workflow::dynamics::Stop;
use crate::workflow::neb::{self, Event, Request};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Find the path of lowest energy between two structures, and the barrier on it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nudged elastic band with improved tangents and a climbing image. START and END hold the same atoms in the same order and the same \
cell. Written into the folder: path.csv, path.svg, path.extxyz, saddle.extxyz. Exit code 3 if the band does not converge, 75 if a \
signal stops it; the files are written all the same, and `--path FOLDER/path.extxyz` goes on from them.")]
pub(super) struct Arguments {
    #[command(flatten)]
    potential: PotentialChoice,
    /// Structure at the start of the path
    #[arg(value_name = "START")]
    start: PathBuf,
    /// Structure at its end
    #[arg(value_name = "END")]
    end: PathBuf,
    /// Folder for the results
    #[arg(short, long, value_name = "FOLDER", default_value = "neb")]
    output: PathBuf,
    /// Images between the ends
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=999), help_heading = "Path")]
    images: u16,
    /// Converged when no image feels a larger force across the path
    #[arg(long, value_name = "FORCE", default_value = "0.02 eV/angstrom", value_parser = force, help_heading = "Path")]
    fmax: f64,
    /// Stiffness of the springs between images, eV/Å²
    #[arg(long, value_name = "STIFFNESS", default_value_t = 1.0, value_parser = spring, help_heading = "Path")]
    spring: f64,
    /// How the first path is made
    #[arg(long, value_name = "HOW", default_value = "idpp", help_heading = "Path")]
    interpolate: First,
    /// Begin with the images of a path that was found before (path.extxyz); its ends are those of START and END
    #[arg(long, value_name = "FILE", conflicts_with_all = ["images", "interpolate"], help_heading = "Path")]
    path: Option<PathBuf>,
    /// Take the ends as they are instead of relaxing them first
    #[arg(long, help_heading = "Path")]
    keep_ends: bool,
    /// No image climbs to the saddle point
    #[arg(long, help_heading = "Path")]
    no_climb: bool,
    /// Atoms that stay where they are, counted from 0: 0,4,10-19
    #[arg(long, value_name = "ATOMS", value_parser = atoms, help_heading = "Path")]
    fix: Option<Atoms>,
    /// Give up after so many steps
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..), help_heading = "Path")]
    steps: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum First {
    Idpp,
    Linear,
}

fn spring(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value.is_finite() => Ok(value),
        _ => Err("expected a number above zero, in eV/Å²".into()),
    }
}

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        let stop = Stop::listen(None)?;
        let (potential, _) = self.potential.load(&[&self.start, &self.end], &self.reading, terminal)?;
        let description = potential.description();
        let between = self.path.as_deref().map(images_between).transpose()?;
        let (start, end) = (read(&self.start, 0, &self.reading)?, read(&self.end, 0, &self.reading)?);
        std::fs::create_dir_all(&self.output).map_err(Error::io(&self.output, "create the folder"))?;
        let settings = BandSettings {
            images: usize::from(self.images),
            spring: self.spring,
            climb: !self.no_climb,
            interpolation: match self.interpolate {
                First::Idpp => Interpolation::Idpp,
                First::Linear => Interpolation::Linear,
            },
            force: self.fmax,
            steps: self.steps,
            held: held(&start, self.fix.as_ref())?,
            ..BandSettings::default()
        };
        // The error of a barrier is that of its ends too.
        let request = Request { settings, ends: (!self.keep_ends).then_some(0.5 * self.fmax), between };
        let options = Options { threads: self.potential.threads(), ..Options::default() };
        let mut engine = Engine::new(potential, options)?;
        let (start, end) = (start.to_system()?, end.to_system()?);
        let mut shown = Minimising::new(terminal, "", self.fmax);
        let found = neb::run(&start, &end, &mut engine, &request, &mut |event| {
            match event {
                Event::End(name, state) => shown.stage(name, state.step, state.energy, state.force),
                Event::Band(state) => shown.stage("path", state.step, state.barrier, state.force),
            }
            stop.here()
        })?;
        drop(shown);
        neb::save(&found, &self.output)?;
        if self.json {
            terminal::print_json(&machine(&found, &self.output))?;
        } else {
            let mut rows = Rows::new(description);
            rows.push(
                "path",
                format!("{} images, {} atoms, {:.3} Å", found.images.len(), start.len(), length(&found)),
            );
            let outcome = if found.stopped.is_none() { "converged after" } else { "NOT converged after" };
            rows.push(
                "steps",
                format!("{outcome} {} steps, forces across at most {:.2e} eV/Å", found.steps, found.force),
            );
            rows.push("forward", format!("{:.4} eV", found.forward()));
            rows.push("backward", format!("{:.4} eV", found.backward()));
            rows.push("reaction", format!("{:+.4} eV", found.reaction()));
            let top = found.top();
            rows.push(
                "saddle",
                match found.climbing {
                    Some(_) => format!("image {top}, at {:.3} Å", found.images[top].distance),
                    None => format!("near image {top}: no image has climbed"),
                },
            );
            rows.push(
                "written",
                format!("{}: path.csv, path.svg, path.extxyz, saddle.extxyz", self.output.display()),
            );
            terminal::print(&rows.to_string())?;
        }
        match &found.stopped {
            None => Ok(()),
            Some(reason) if found.interrupted => Err(Error::Interrupted(format!(
                "{reason}; the same command with --path {} goes on from here",
                self.output.join(neb::PATH).display()
            ))),
            Some(reason) => Err(Error::Physics(format!(
                "the path has not converged: {reason} (largest force {:.3e} eV/Å)",
                found.force
            ))),
        }
    }
}

/// What lies between the ends of a path that was written before.
fn images_between(path: &Path) -> Result<Vec<System>> {
    let frames = read_all(path, &ReadOptions::default())?;
    let inner = frames.len().saturating_sub(1);
    if inner < 2 {
        return Err(Error::invalid(format!(
            "{}: {} cannot be a path\n   expected its start, at least one image, and its end",
            path.display(),
            counted(frames.len(), "frame")
        )));
    }
    frames[1..inner].iter().map(Frame::to_system).collect()
}

fn length(found: &Band) -> f64 {
    found.images.last().map_or(0.0, |image| image.distance)
}

/// The keys of this object are a contract.
fn machine(found: &Band, output: &Path) -> serde_json::Value {
    let first = found.images[0].energy;
    let energies: Vec<f64> = found.images.iter().map(|image| image.energy - first).collect();
    let lengths: Vec<f64> = found.images.iter().map(|image| image.distance).collect();
    json!({
        "converged": found.stopped.is_none(),
        "reason": found.stopped,
        "steps": found.steps,
        "images": found.images.len(),
        "forward_barrier_ev": found.forward(),
        "backward_barrier_ev": found.backward(),
        "reaction_energy_ev": found.reaction(),
        "saddle_image": found.top(),
        "climbing": found.climbing.is_some(),
        "largest_force_ev_per_angstrom": found.force,
        "path_length_angstrom": lengths,
        "relative_energy_ev": energies,
        "output": output.display().to_string(),
    })
}
