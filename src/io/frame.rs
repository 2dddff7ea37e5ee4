//! One configuration as files hold it.

use crate::error::{Error, Result};
use crate::system::{Cell, Element, Mat3, SupercellMatrix, System, Vec3};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Atoms with everything a file says about them: what every reader makes and every writer takes.
///
/// Units are mlmd's own (Å, eV, fs, eV/Å, eV/Å³, amu, e). Positions are as in the file, not wrapped.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The cell.
    pub cell: Cell,
    /// Element of each atom.
    pub species: Vec<Element>,
    /// Positions, Å.
    pub positions: Vec<Vec3>,
    /// Cells crossed, where the file counts them.
    pub images: Option<Vec<[i32; 3]>>,
    /// Velocities, Å/fs.
    pub velocities: Option<Vec<Vec3>>,
    /// Masses, amu, where they differ from the standard ones.
    pub masses: Option<Vec<f64>>,
    /// Forces, eV/Å.
    pub forces: Option<Vec<Vec3>>,
    /// Charges, e.
    pub charges: Option<Vec<f64>>,
    /// Energy of each atom, eV.
    pub atomic_energies: Option<Vec<f64>>,
    /// Total energy, eV.
    pub energy: Option<f64>,
    /// Stress, eV/Å³, tensile positive.
    pub stress: Option<Mat3>,
    /// Step number of the simulation that wrote the frame.
    pub step: Option<u64>,
    /// Time, fs.
    pub time: Option<f64>,
    /// What else the file says about the frame (`config_type`, names, ...).
    pub info: BTreeMap<String, Value>,
    /// What else the file says about each atom (`tags`, `move_mask`, ...).
    pub columns: BTreeMap<String, Column>,
    /// Where the frame was read.
    pub origin: Origin,
}

/// The place a frame came from, for messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The file; empty for a frame that was never in one.
    pub path: PathBuf,
    /// Which frame of the file, counted from 0.
    pub index: usize,
    /// The line where the frame begins, counted from 1; 0 if unknown.
    pub line: usize,
    /// The supercell of what stands there that was made while it was read, if one was
    /// ([`ReadOptions::occupancy_supercell`](super::ReadOptions)).
    pub supercell: Option<SupercellMatrix>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} (frame {})", self.path.display(), self.line, self.index)
    }
}

/// A property of a frame that mlmd has no field for.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// True or false.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A real number.
    Real(f64),
    /// Text.
    Text(String),
    /// An array of whole numbers of any shape, flattened in the order of the file.
    Integers(Vec<i64>),
    /// An array of reals of any shape, flattened in the order of the file.
    Reals(Vec<f64>),
}

/// A property of every atom that mlmd has no field for: `width` values per atom, atom after atom.
///
/// Selective dynamics is the column `move_mask` of flags: may this atom (width 1), or this
/// coordinate of it (width 3), move? Where coordinates along the lattice vectors are meant, and these are
/// not those along x, y and z, `info` says so under `move_mask_axes`.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// How many values each atom has.
    pub width: usize,
    /// The values, `width` times the number of atoms.
    pub values: ColumnValues,
}

/// The values of a [`Column`].
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValues {
    /// True or false.
    Flags(Vec<bool>),
    /// Whole numbers.
    Integers(Vec<i64>),
    /// Real numbers.
    Reals(Vec<f64>),
    /// Words without white space.
    Texts(Vec<String>),
}

impl Frame {
    /// A frame without labels.
    pub fn new(cell: Cell, species: Vec<Element>, positions: Vec<Vec3>) -> Self {
        Self {
            cell,
            species,
            positions,
            images: None,
            velocities: None,
            masses: None,
            forces: None,
            charges: None,
            atomic_energies: None,
            energy: None,
            stress: None,
            step: None,
            time: None,
            info: BTreeMap::new(),
            columns: BTreeMap::new(),
            origin: Origin::default(),
        }
    }

    /// Number of atoms.
    pub fn len(&self) -> usize {
        self.species.len()
    }

    /// Are there no atoms?
    pub fn is_empty(&self) -> bool {
        self.species.is_empty()
    }

    /// The chemical formula, elements in alphabetical order (`Li24N8`).
    pub fn formula(&self) -> String {
        crate::system::formula(&self.species)
    }

    /// Names of all that the file says besides where which atoms are: `velocities`, `energy`, `config_type`, ...
    pub fn properties(&self) -> Vec<&str> {
        let known = [
            ("velocities", self.velocities.is_some()),
            ("masses", self.masses.is_some()),
            ("charges", self.charges.is_some()),
            ("energy", self.energy.is_some()),
            ("forces", self.forces.is_some()),
            ("stress", self.stress.is_some()),
            ("energies of atoms", self.atomic_energies.is_some()),
            ("time", self.time.is_some()),
            ("images", self.images.is_some()),
        ];
        let known = known.into_iter().filter_map(|(name, there)| there.then_some(name));
        known
            .chain(self.info.keys().map(String::as_str))
            .chain(self.columns.keys().map(String::as_str))
            .collect()
    }

    /// A text property such as `config_type`.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.info.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The `config_type`, by which frames of a training are told apart.
    pub fn config_type(&self) -> Option<Cow<'_, str>> {
        self.label("config_type")
    }

    /// A property by which frames are told apart, as text; one that looks like a number is text too.
    pub fn label(&self, key: &str) -> Option<Cow<'_, str>> {
        match self.info.get(key)? {
            Value::Text(text) => Some(Cow::Borrowed(text)),
            Value::Integer(number) => Some(Cow::Owned(number.to_string())),
            Value::Real(number) => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
    }

    /// The state of a simulation that begins with this frame.
    pub fn to_system(&self) -> Result<System> {
        let mut system = System::new(self.cell.clone(), self.species.clone(), self.positions.clone())
            .map_err(|error| Error::invalid(format!("{}: {error}", self.origin)))?;
        if let Some(images) = &self.images {
            for (total, image) in system.images.iter_mut().zip(images) {
                for k in 0..3 {
                    total[k] += image[k];
                }
            }
        }
        if let Some(velocities) = &self.velocities {
            system.velocities.clone_from(velocities);
        }
        if let Some(masses) = &self.masses {
            system.masses.clone_from(masses);
        }
        system.step = self.step.unwrap_or(0);
        system.time = self.time.unwrap_or(0.0);
        Ok(system)
    }
}

impl Frame {
    /// What the atoms are and where, and nothing of how they move: a structure.
    pub fn at_rest(system: &System) -> Self {
        let mut frame = Self::new(system.cell.clone(), system.species.clone(), system.positions.clone());
        let standard = system.species.iter().zip(&system.masses).all(|(e, m)| e.mass() == *m);
        frame.masses = (!standard).then(|| system.masses.clone());
        frame
    }
}

impl From<&System> for Frame {
    fn from(system: &System) -> Self {
        let mut frame = Self::at_rest(system);
        frame.images = Some(system.images.clone());
        frame.velocities = Some(system.velocities.clone());
        frame.step = Some(system.step);
        frame.time = Some(system.time);
        frame
    }
}
