//! A migration barrier from two structures: relaxed ends, a relaxed band, and its files.

mod plot;

use super::relax::write;
use crate::compute::Engine;
use crate::error::{Error, Result};
use crate::io::{self, Frame, Precision, Value, WriteOptions};
use crate::relax::{
    Band, BandSettings, BandState, Freedom, Settings, State, aligned, band, band_through, relax,
};
use crate::system::System;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Coordinates (Å) of atoms that are held may differ by what files round.
const HELD: f64 = 1e-3;

/// The name of the file of all images in the folder of a path.
pub const PATH: &str = "path.extxyz";

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The band.
    pub settings: BandSettings,
    /// Are the ends relaxed first, in their cell? Then to this force, eV/Å.
    pub ends: Option<f64>,
    /// Images between the ends to begin with, instead of those that `settings` asks for.
    pub between: Option<Vec<System>>,
}

/// What happens, as it happens.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// An end is being relaxed: `start` or `end`.
    End(&'static str, State<'a>),
    /// The band is being relaxed.
    Band(BandState),
}

/// Relaxes ends and band.
pub fn run(
    start: &System,
    end: &System,
    engine: &mut Engine,
    request: &Request,
    watch: &mut dyn FnMut(Event<'_>) -> Result<()>,
) -> Result<Band> {
    // Ends that no path connects are not worth relaxing.
    for later in request.between.iter().flatten().chain([end]) {
        let later_at = aligned(start, later)?;
        let moved = |(i, held): (usize, &[bool; 3])| {
            let way = later_at[i] - start.unwrapped(i);
            (0..3).any(|k| held[k] && way[k].abs() > HELD)
        };
        if let Some(i) = request.settings.held.iter().enumerate().position(moved) {
            return Err(Error::invalid(format!(
                "atom {i} is held, but is at another place later on the path"
            )));
        }
    }
    let mut ends = [start.clone(), end.clone()];
    if let Some(force) = request.ends {
        let freedom = Freedom { held: request.settings.held.clone(), ..Freedom::default() };
        let settings = Settings { freedom, force, ..Settings::default() };
        for (system, name) in ends.iter_mut().zip(["start", "end"]) {
            let done = relax(system, engine, &settings, &mut |state| watch(Event::End(name, *state)))?;
            if let Some(reason) = done.stopped {
                if done.interrupted {
                    return Err(Error::Interrupted(format!(
                        "{reason} while the {name} of the path was relaxed; the same command begins anew"
                    )));
                }
                return Err(Error::Physics(format!(
                    "the {name} of the path cannot be relaxed: {reason} (largest force {:.3e} eV/Å)",
                    done.force
                )));
            }
            *system = done.system;
        }
    }
    let [start, end] = &ends;
    let watch = &mut |state| watch(Event::Band(state));
    match &request.between {
        Some(between) => band_through(start, between, end, engine, &request.settings, watch),
        None => band(start, end, engine, &request.settings, watch),
    }
}

/// Writes `path.extxyz`, `path.csv`, `path.svg` and `saddle.extxyz` into a folder.
pub fn save(found: &Band, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
    let options = WriteOptions { precision: Precision::Seventeen };
    let mut frames = io::create_whole(&folder.join(PATH), None, &options)?;
    for (index, _) in found.images.iter().enumerate() {
        frames.write(&frame(found, index))?;
    }
    frames.finish()?;
    write(&frame(found, found.top()), &folder.join("saddle.extxyz"))?;
    let csv = folder.join("path.csv");
    fs::write(&csv, table(found)).map_err(Error::io(&csv, "write"))?;
    let svg = folder.join("path.svg");
    fs::write(&svg, plot::svg(found)).map_err(Error::io(&svg, "write"))
}

/// One image with its energy, forces and place on the path.
fn frame(found: &Band, index: usize) -> Frame {
    let image = &found.images[index];
    let system = &image.system;
    let mut frame = Frame::at_rest(system);
    frame.images = Some(system.images.clone());
    frame.energy = Some(image.energy);
    frame.forces = Some(image.forces.clone());
    frame.info.insert("image".into(), Value::Integer(index as i64));
    frame.info.insert("path_length".into(), Value::Real(image.distance));
    frame
}

/// The path as numbers.
fn table(found: &Band) -> String {
    let mut text =
        String::from("image,path_length_angstrom,energy_ev,relative_energy_ev,slope_ev_per_angstrom\n");
    let first = found.images[0].energy;
    for (index, image) in found.images.iter().enumerate() {
        // Writing into a string cannot fail.
        let _ = writeln!(
            text,
            "{index},{:.6},{:.9},{:.9},{:.6}",
            image.distance,
            image.energy,
            image.energy - first,
            image.slope
        );
    }
    text
}
