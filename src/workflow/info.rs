//! What is in a file of structures: counts, cells, ranges of the labels.

use super::closest::{Closest, closest};
use super::spread::Spread;
use crate::error::Result;
use crate::io::{Format, Frame, ReadOptions, Value, open};
use crate::system::Element;
use crate::units::EV_PER_ANGSTROM3_IN_GPA;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// amu/Å³ in g/cm³.
const AMU_PER_ANGSTROM3: f64 = 1.660_539_066_60;

/// A file of structures, summed up.
#[derive(Debug, Clone)]
pub struct FileInfo {
    /// The file.
    pub path: PathBuf,
    /// Its format.
    pub format: Format,
    /// How many frames it has.
    pub frames: u64,
    /// Atoms per frame.
    pub atoms: Spread,
    /// Every formula with its number of frames, in the order of their appearance.
    pub formulas: Vec<(String, u64)>,
    /// The elements of all frames, sorted.
    pub elements: Vec<Element>,
    /// The first frame.
    pub first: Frame,
    /// Do the lattice vectors differ between frames?
    pub cell_varies: bool,
    /// Volume per atom of frames that are periodic in three dimensions, Å³.
    pub volume_per_atom: Spread,
    /// Their density, g/cm³.
    pub density: Spread,
    /// The nearest pair of atoms of all frames, with the frame and the two elements.
    pub closest: Option<(Closest, u64, [Element; 2])>,
    /// Frames in which two atoms are at the same place, or which have other faults, with the first complaint.
    pub faulty: Option<(u64, String)>,
    /// Energy per atom, eV.
    pub energy: Spread,
    /// Magnitude of the force on each atom, eV/Å, and the number of frames that have forces.
    pub force: (Spread, u64),
    /// Pressure −tr σ/3 of frames that have stress, GPa.
    pub pressure: Spread,
    /// Temperature of frames that have velocities, K; no constraint is assumed.
    pub temperature: Spread,
    /// Time of frames that have one, fs.
    pub time: Spread,
    /// Charge of each atom, e, and the number of frames that have charges.
    pub charge: (Spread, u64),
    /// Names of further properties with the number of frames that have them.
    pub properties: BTreeMap<String, u64>,
    /// The values of properties that sort frames into groups, such as `config_type`.
    pub groups: BTreeMap<String, BTreeMap<String, u64>>,
}

/// Text properties with more values than this are names, not groups.
const MOST_GROUPS: usize = 12;

/// Reads all of a file; `progress` is told the number of frames read.
pub fn frames(path: &Path, options: &ReadOptions, progress: &mut dyn FnMut(u64)) -> Result<FileInfo> {
    let mut file = open(path, options)?;
    let format = file.format();
    let Some(first) = file.next().transpose()? else {
        return Err(crate::Error::invalid(format!("{}: the file holds no structure", path.display())));
    };
    let mut info = FileInfo::new(path, format, first.clone());
    info.push(&first)?;
    for frame in file {
        info.push(&frame?)?;
        progress(info.frames);
    }
    Ok(info)
}

impl FileInfo {
    fn new(path: &Path, format: Format, first: Frame) -> Self {
        Self {
            path: path.to_path_buf(),
            format,
            frames: 0,
            atoms: Spread::default(),
            formulas: Vec::new(),
            elements: Vec::new(),
            first,
            cell_varies: false,
            volume_per_atom: Spread::default(),
            density: Spread::default(),
            closest: None,
            faulty: None,
            energy: Spread::default(),
            force: (Spread::default(), 0),
            pressure: Spread::default(),
            temperature: Spread::default(),
            time: Spread::default(),
            charge: (Spread::default(), 0),
            properties: BTreeMap::new(),
            groups: BTreeMap::new(),
        }
    }

    fn push(&mut self, frame: &Frame) -> Result<()> {
        let index = self.frames;
        self.frames += 1;
        let n = frame.len() as f64;
        self.atoms.push(n);
        let formula = frame.formula();
        match self.formulas.iter_mut().find(|(known, _)| *known == formula) {
            Some((_, count)) => *count += 1,
            None => self.formulas.push((formula, 1)),
        }
        for element in &frame.species {
            if let Err(at) = self.elements.binary_search(element) {
                self.elements.insert(at, *element);
            }
        }
        self.cell_varies |= frame.cell != self.first.cell;
        if frame.cell.is_bulk() && !frame.is_empty() {
            let mass: f64 = match &frame.masses {
                Some(masses) => masses.iter().sum(),
                None => frame.species.iter().map(|element| element.mass()).sum(),
            };
            self.volume_per_atom.push(frame.cell.volume() / n);
            self.density.push(mass / frame.cell.volume() * AMU_PER_ANGSTROM3);
        }
        self.push_distances(frame, index);
        self.push_labels(frame)?;
        self.push_properties(frame);
        Ok(())
    }

    fn push_distances(&mut self, frame: &Frame, index: u64) {
        match closest(&frame.cell, &frame.positions) {
            Ok(Some(found)) if self.closest.is_none_or(|(best, ..)| found.distance < best.distance) => {
                self.closest = Some((found, index, found.atoms.map(|atom| frame.species[atom])));
            }
            Ok(_) => {}
            Err(error) => {
                let (count, _) = self.faulty.get_or_insert_with(|| (0, format!("frame {index}: {error}")));
                *count += 1;
            }
        }
    }

    fn push_labels(&mut self, frame: &Frame) -> Result<()> {
        if let Some(energy) = frame.energy
            && !frame.is_empty()
        {
            self.energy.push(energy / frame.len() as f64);
        }
        if let Some(forces) = &frame.forces {
            for force in forces {
                self.force.0.push(force.norm());
            }
            self.force.1 += 1;
        }
        if let Some(stress) = &frame.stress {
            self.pressure.push(-stress.trace() / 3.0 * EV_PER_ANGSTROM3_IN_GPA);
        }
        if frame.velocities.is_some() {
            self.temperature.push(frame.to_system()?.temperature(3 * frame.len()));
        }
        if let Some(time) = frame.time {
            self.time.push(time);
        }
        if let Some(charges) = &frame.charges {
            for charge in charges {
                self.charge.0.push(*charge);
            }
            self.charge.1 += 1;
        }
        Ok(())
    }

    fn push_properties(&mut self, frame: &Frame) {
        let named = [
            ("images", frame.images.is_some()),
            ("masses", frame.masses.is_some()),
            ("atomic energies", frame.atomic_energies.is_some()),
        ];
        let named = named.iter().filter(|(_, present)| *present).map(|(name, _)| *name);
        let others = frame.info.keys().chain(frame.columns.keys()).map(String::as_str);
        for name in named.chain(others) {
            *self.properties.entry(name.to_string()).or_default() += 1;
        }
        for (name, value) in &frame.info {
            if let Value::Text(text) = value {
                let values = self.groups.entry(name.clone()).or_default();
                // Once there are too many, none is added: the property is no group.
                if values.len() <= MOST_GROUPS {
                    *values.entry(text.clone()).or_default() += 1;
                }
            }
        }
    }

    /// The properties that sort the frames into a few groups, with the number of frames of each.
    pub fn grouping(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, u64>)> {
        // A group holds several frames on average; what differs from frame to frame is a name.
        let few = |values: &BTreeMap<String, u64>| {
            (2..=MOST_GROUPS).contains(&values.len()) && values.len() as u64 * 2 <= self.frames
        };
        self.groups
            .iter()
            .filter(move |(_, values)| few(values))
            .map(|(name, values)| (name.as_str(), values))
    }
}
