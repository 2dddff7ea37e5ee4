//! The structures that an input describes, as files: to look at, to compute, to begin a training with.

use super::structure;
use crate::error::{Error, Result};
use crate::input::Structure;
use crate::io::{self, Format, Frame, Value, WriteOptions};
use crate::random::{Philox, Purpose, derived_seed};
use crate::system::{Element, Mat3, System};
use std::path::{Path, PathBuf};

/// What to build.
#[derive(Debug, Clone)]
pub struct Request {
    /// `[structure]` of the input.
    pub structure: Structure,
    /// `seed` of the input.
    pub seed: u64,
    /// How many structures, each from random numbers of its own.
    pub count: u64,
    /// Standard deviation of displacements, Å, in the place of that of the input.
    pub rattle: Option<f64>,
    /// Standard deviation of each component of a homogeneous strain.
    pub strain: Option<f64>,
    /// The file for them.
    pub output: PathBuf,
}

/// Builds structures and writes them; the first, where it is neither displaced nor strained anew, is the one that a run of
/// the input begins with. Returns them.
pub fn build(request: &Request) -> Result<Vec<Frame>> {
    let format = io::check_output(&request.output)?;
    if format.holds_one() && request.count > 1 {
        return Err(Error::invalid(format!(
            "{}: {} holds one structure, not {}\n   expected a name that ends in .extxyz",
            request.output.display(),
            format.info().title,
            request.count
        )));
    }
    if io::same_file(&request.structure.file, &request.output) {
        let file = request.output.display();
        return Err(Error::invalid(format!("{file}: the input and the output are the same file")));
    }
    let mut table = request.structure.clone();
    table.rattle = request.rattle.or(table.rattle);
    let mut given = structure::read(&table)?;
    let mut frames = Vec::new();
    for k in 0..request.count {
        let part = format!("structure-{k}");
        let seed = if k == 0 { request.seed } else { derived_seed(request.seed, &part) };
        if k > 0 && table.occupancy_seed.is_some() {
            given = structure::read(&table.redrawn(&part))?;
        }
        let mut system = structure::build_of(&given, &table, None, seed)?;
        if let Some(sigma) = request.strain {
            system = strained(&system, sigma, seed)?;
        }
        let mut frame = frame(&system, request);
        if matches!(format, Format::Poscar | Format::Xdatcar) {
            frame = by_element(&frame);
        }
        frames.push(frame);
    }
    let atoms = |frame: &Frame| (frame.cell.clone(), frame.species.clone(), frame.positions.clone());
    let alike = |other: &Frame| atoms(other) == atoms(&frames[0]);
    if request.count > 1 && frames.iter().all(alike) {
        return Err(Error::invalid(format!(
            "nothing in this input is random, so the {} structures would be alike\n   expected --rattle, --strain, or defects or sites of partial occupancy in [structure]",
            request.count
        )));
    }
    write(&frames, &request.output)?;
    Ok(frames)
}

/// Deformed by a symmetric strain with normal components of standard deviation `sigma`.
fn strained(system: &System, sigma: f64, seed: u64) -> Result<System> {
    // Displacements of atoms have step 0 of this purpose.
    let mut noise = Philox::new(seed, Purpose::Rattle, 1, 0);
    let mut strain = Mat3::zeros();
    for (a, b) in [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)] {
        let component = sigma * noise.normal();
        (strain[(a, b)], strain[(b, a)]) = (component, component);
    }
    system.strained(&strain)
}

/// Atoms at rest, with a name by which a training tells them apart.
fn frame(system: &System, request: &Request) -> Frame {
    let mut frame = Frame::at_rest(system);
    let kind = match (request.rattle.or(request.structure.rattle), request.strain) {
        (Some(_), None) => Some("rattled"),
        (None, Some(_)) => Some("strained"),
        (Some(_), Some(_)) => Some("rattled-strained"),
        (None, None) => None,
    };
    if let Some(kind) = kind {
        frame.info.insert("config_type".into(), Value::Text(kind.into()));
    }
    frame
}

/// The atoms of each element together, in the order in which the elements come first: what VASP has counts and a POTCAR for. A
/// supercell has one cell after another.
fn by_element(frame: &Frame) -> Frame {
    let first = |element: &Element| frame.species.iter().position(|other| other == element);
    let mut order: Vec<usize> = (0..frame.len()).collect();
    order.sort_by_key(|k| first(&frame.species[*k]));
    let (species, positions) = order.iter().map(|k| (frame.species[*k], frame.positions[*k])).unzip();
    let mut sorted = Frame::new(frame.cell.clone(), species, positions);
    sorted.info.clone_from(&frame.info);
    sorted
}

fn write(frames: &[Frame], output: &Path) -> Result<()> {
    let mut writer = io::create_whole(output, None, &WriteOptions::default())?;
    frames.iter().try_for_each(|frame| writer.write(frame))?;
    writer.finish()
}
