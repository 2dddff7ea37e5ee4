//! Where things are in an H5MD file, and in which units.

use super::read::{Edges, Opened};
use super::rows::{Rows, complaint, reals};
use super::units::{Dimension, factor};
use crate::error::{Error, Result};
use crate::io::ReadOptions;
use crate::io::lammps::UnitStyle;
use crate::system::Element;
use rust_hdf5::{DatatypeMessage, H5Attribute, H5Dataset, H5File, H5FileOptions};
use std::path::{Path, PathBuf};

/// Finds things in an open file.
pub(super) struct Finder {
    path: PathBuf,
    file: H5File,
    /// No dataset of a file of this many bytes has more elements: deflate shrinks at most 1032 times.
    most: usize,
    /// `particles/…`, the first group with positions.
    group: String,
}

impl Finder {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::metadata(path).map_err(Error::io(path, "open"))?.len();
        if bytes == 0 {
            return Err(complaint(path, "the file is empty"));
        }
        // A run that writes the file at this moment does not mind being read.
        let file = H5FileOptions::new().no_locking().open(path).map_err(|e| {
            complaint(path, &format!("cannot be read as HDF5: {e}; nothing was committed, or it is damaged"))
        })?;
        let mut finder = Self {
            path: path.to_path_buf(),
            file,
            most: usize::try_from(bytes.saturating_mul(1100)).unwrap_or(usize::MAX),
            group: String::new(),
        };
        let names = finder.file.dataset_names();
        let positions = names.iter().filter_map(|name| {
            let name = name.trim_start_matches('/');
            name.strip_suffix("/position/value").filter(|group| group.starts_with("particles/"))
        });
        let mut groups: Vec<&str> = positions.collect();
        groups.sort_unstable();
        finder.group = groups
            .first()
            .ok_or_else(|| {
                finder.complaint("an HDF5 file without `particles/*/position/value`, so not of H5MD")
            })?
            .to_string();
        Ok(finder)
    }

    fn complaint(&self, what: &str) -> Error {
        complaint(&self.path, what)
    }

    /// A dataset of the particle group, of a believable size.
    fn dataset(&self, name: &str) -> Result<Option<H5Dataset>> {
        self.dataset_at(&format!("{}/{name}", self.group))
    }

    fn dataset_at(&self, name: &str) -> Result<Option<H5Dataset>> {
        let Ok(dataset) = self.file.dataset(name) else { return Ok(None) };
        let elements = dataset.shape().iter().try_fold(1_usize, |n, extent| n.checked_mul(*extent));
        if elements.is_none_or(|n| n > self.most) {
            return Err(self.complaint(&format!(
                "`{name}` claims {:?} elements, more than a file of this size can hold",
                dataset.shape()
            )));
        }
        Ok(Some(dataset))
    }

    fn numbers(&self, dataset: &H5Dataset, name: &str) -> Result<Vec<f64>> {
        let read = dataset.read_numeric_as::<f64>();
        read.or_else(|_| dataset.read_numeric_as::<i64>().map(reals))
            .map_err(|e| self.complaint(&format!("`{name}` cannot be read: {e}")))
    }

    /// Our units in one of the dataset's; `None` if it does not say.
    fn unit(&self, dataset: &H5Dataset, name: &str, dimension: Dimension) -> Result<Option<f64>> {
        let Some(text) = dataset.attr("unit").ok().and_then(|unit| unit.read_string().ok()) else {
            return Ok(None);
        };
        let text = text.trim_end_matches('\0').trim();
        match factor(text, dimension) {
            Some(factor) => Ok(Some(factor)),
            None => Err(self.complaint(&format!("`{name}` has the unit `{text}`, which mlmd does not know"))),
        }
    }

    /// An element with a row of `shape` for each frame, in our units.
    fn rows(&self, name: &str, shape: &[&[usize]], factor: f64) -> Result<Option<Rows>> {
        let name = format!("{name}/value");
        let Some(dataset) = self.dataset(&name)? else { return Ok(None) };
        let found = dataset.shape();
        if found.is_empty() || !shape.contains(&&found[1..]) {
            return Err(self.complaint(&format!("`{name}` has the shape {found:?}")));
        }
        Ok(Some(Rows { path: self.path.clone(), dataset, shape: found, factor, block: Vec::new(), first: 0 }))
    }

    fn rows_with_unit(
        &self,
        name: &str,
        shape: &[&[usize]],
        dimension: Dimension,
        default: Option<f64>,
    ) -> Result<Option<Rows>> {
        let Some(rows) = self.rows(name, shape, 1.0)? else { return Ok(None) };
        let help = match dimension {
            Dimension::Velocity => "of a file of LAMMPS, `--units metal` or `--units real` tells it",
            _ => "say which with `--units ev,angstrom` (TOML: units)",
        };
        let unit = self.unit(&rows.dataset, name, dimension)?.or(default);
        let unit = unit.ok_or_else(|| self.complaint(&format!("`{name}` carries no unit; {help}")))?;
        Ok(Some(Rows { factor: unit, ..rows }))
    }

    /// Step or time of every frame: a list, or an increment with an offset.
    fn course(&self, name: &str, frames: usize, dimension: Option<Dimension>) -> Result<Option<Vec<f64>>> {
        let name = format!("position/{name}");
        let Some(dataset) = self.dataset(&name)? else { return Ok(None) };
        let unit = match dimension {
            None => 1.0,
            Some(dimension) => match self.unit(&dataset, &name, dimension)? {
                Some(unit) => unit,
                None => return Ok(None),
            },
        };
        let mut values = self.numbers(&dataset, &name)?;
        if let ([increment], true) = (&values[..], dataset.shape().is_empty()) {
            let number = |a: H5Attribute| {
                a.read_numeric_as::<f64>().or_else(|_| a.read_numeric_as::<i64>().map(reals)).ok()
            };
            let offset = dataset.attr("offset").ok().and_then(number);
            let offset = offset.and_then(|values| values.first().copied()).unwrap_or(0.0);
            values = (0..frames).map(|k| offset + k as f64 * increment).collect();
        }
        for x in &mut values {
            *x *= unit;
        }
        Ok(Some(values))
    }

    /// The elements: an enumeration of symbols, or numbers that the caller has symbols for.
    fn species(&self, atoms: usize, options: &ReadOptions) -> Result<Vec<Element>> {
        let fixed = self.dataset("species")?;
        let varying = if fixed.is_none() { self.dataset("species/value")? } else { None };
        let dataset = fixed.or(varying).ok_or_else(|| {
            self.complaint(
                "the file stores no species, so nothing says which atom is which element\n   \
                 expected `species`; MDAnalysis joins such a file with its topology and writes extended XYZ",
            )
        })?;
        let Ok(DatatypeMessage::Enum { members, .. }) = dataset.datatype() else {
            return self.numbered_species(&dataset, atoms, options);
        };
        let bytes = dataset.read_raw_bytes().map_err(|e| self.complaint(&format!("`species`: {e}")))?;
        let size = dataset.element_size();
        if size == 0 || bytes.len() < atoms * size {
            return Err(self.complaint("`species` has fewer entries than there are atoms"));
        }
        let codes = bytes.chunks_exact(size).take(atoms);
        codes
            .map(|code| {
                let member = members.iter().find(|member| member.value == code);
                let name = member.map_or("?", |member| &member.name);
                Element::from_symbol(name)
                    .ok_or_else(|| self.complaint(&format!("`{name}` of `species` is not an element")))
            })
            .collect()
    }

    /// Elements by number: those of types that the caller names, or atomic numbers where the program writes these.
    fn numbered_species(
        &self,
        dataset: &H5Dataset,
        atoms: usize,
        options: &ReadOptions,
    ) -> Result<Vec<Element>> {
        let numbers = self.numbers(dataset, "species")?;
        if numbers.len() < atoms {
            return Err(self.complaint("`species` has fewer entries than there are atoms"));
        }
        let atomic = options.stand_in_elements || self.creator().is_some_and(|creator| creator == "ZnH5MD");
        let listed = options.elements.as_ref();
        if listed.is_none() && !atomic {
            return Err(self.complaint(
                "the file does not say which elements the atoms are; name those of types 1, 2, ... with `--types`",
            ));
        }
        let element = |number: f64| {
            let whole = (number.fract() == 0.0 && number >= 1.0).then_some(number as usize)?;
            match listed {
                Some(list) => list.get(whole - 1).copied(),
                None => Element::from_number(whole),
            }
        };
        let known = numbers[..atoms].iter().map(|number| {
            element(*number).ok_or_else(|| self.complaint(&format!("no element is known for type {number}")))
        });
        known.collect()
    }

    /// The program that wrote the file.
    fn creator(&self) -> Option<String> {
        let creator = self.file.root_group().group("h5md").and_then(|group| group.group("creator"));
        creator.and_then(|creator| creator.attr_string("name")).ok()
    }

    /// Along which lattice vectors the box repeats.
    fn periodic(&self, edges: &Edges) -> Result<[bool; 3]> {
        if matches!(edges, Edges::Absent) {
            return Ok([false; 3]);
        }
        let word = |name: &str| {
            let inside =
                self.group.split('/').try_fold(self.file.root_group(), |group, name| group.group(name));
            inside.and_then(|group| group.group("box")?.attr_string(name)).ok()
        };
        if let Some(letters) = word("pbc") {
            let flags: Vec<bool> = letters.split_whitespace().map(|letter| letter == "T").collect();
            return Ok(<[bool; 3]>::try_from(flags).unwrap_or([true; 3]));
        }
        if let Some(words) =
            self.dataset("box/boundary")?.and_then(|dataset| dataset.read_strings_lossy().ok())
        {
            let flags: Vec<bool> = words.iter().map(|word| !word.starts_with("none")).collect();
            return Ok(<[bool; 3]>::try_from(flags).unwrap_or([true; 3]));
        }
        // Of a list of words the first can be read: it is enough to tell that something is unusual.
        if word("boundary").is_some_and(|first| first.starts_with("none")) {
            return Err(self.complaint(
                "`box/boundary` says that the box does not repeat along its first edge\n   \
                 expected a box that repeats in all directions, or none; other programs convert it to extended XYZ",
            ));
        }
        Ok([true; 3])
    }

    /// All that frames are made of.
    pub(super) fn opened(self, options: &ReadOptions) -> Result<Opened> {
        let length = options.units.map(|units| units.length);
        let positions = self.dataset("position/value")?.map(|dataset| dataset.shape()).unwrap_or_default();
        let [frames, atoms, 3] = positions[..] else {
            return Err(self.complaint(&format!(
                "`position/value` has the shape {positions:?}, not (frames, atoms, 3)"
            )));
        };
        let vectors: &[&[usize]] = &[&[atoms, 3]];
        let position = self
            .rows_with_unit("position", vectors, Dimension::Length, length)?
            .ok_or_else(|| self.complaint("the positions cannot be read"))?;
        let edges = self.edges(position.factor, frames)?;
        let complete = |rows: Option<Rows>, name: &str| match rows {
            // What is recorded at other times than the positions belongs to no frame.
            Some(rows) if rows.shape[0] != frames => {
                Err(self.complaint(&format!("`{name}` has {} rows for {frames} frames", rows.shape[0])))
            }
            rows => Ok(rows),
        };
        let quantity = |name: &str, dimension, default| {
            complete(self.rows_with_unit(name, vectors, dimension, default)?, name)
        };
        // The unit style of LAMMPS tells the unit of its velocities.
        let lammps = self.creator().is_some_and(|creator| creator == "LAMMPS");
        let style = options.units.filter(|_| lammps).and_then(UnitStyle::of);
        let energy = match self.dataset_at("observables/potential_energy/value")? {
            Some(dataset) if dataset.shape() == [frames] => {
                let name = "observables/potential_energy";
                match self.unit(&dataset, name, Dimension::Energy)? {
                    Some(unit) => Some(self.numbers(&dataset, name)?.iter().map(|e| e * unit).collect()),
                    None => None,
                }
            }
            _ => None,
        };
        let fixed = |name: &str| -> Result<Option<Vec<f64>>> {
            match self.dataset(name)? {
                Some(dataset) if dataset.shape() == [atoms] => Ok(Some(self.numbers(&dataset, name)?)),
                _ => Ok(None),
            }
        };
        Ok(Opened {
            frames,
            next: 0,
            species: self.species(atoms, options)?,
            masses: fixed("mass")?,
            charges: fixed("charge")?,
            periodic: self.periodic(&edges)?,
            step: self.course("step", frames, None)?,
            time: self.course("time", frames, Some(Dimension::Time))?,
            energy,
            image: complete(self.rows("image", vectors, 1.0)?, "image")?,
            velocity: quantity("velocity", Dimension::Velocity, style.map(UnitStyle::velocity))?,
            force: quantity("force", Dimension::Force, options.units.map(|units| units.force()))?,
            position,
            edges,
        })
    }

    fn edges(&self, length: f64, frames: usize) -> Result<Edges> {
        let unit = |dataset: &H5Dataset| {
            Ok::<f64, Error>(self.unit(dataset, "box/edges", Dimension::Length)?.unwrap_or(length))
        };
        if let Some(rows) = self.rows("box/edges", &[&[3], &[3, 3]], 1.0)? {
            if rows.shape[0] != frames {
                return Err(self.complaint("`box/edges` and `position` differ in their number of frames"));
            }
            let factor = unit(&rows.dataset)?;
            return Ok(Edges::Varying(Rows { factor, ..rows }));
        }
        let Some(dataset) = self.dataset("box/edges")? else { return Ok(Edges::Absent) };
        let shape = dataset.shape();
        if shape != [3] && shape != [3, 3] {
            return Err(self.complaint(&format!("`box/edges` has the shape {shape:?}")));
        }
        let factor = unit(&dataset)?;
        Ok(Edges::Fixed(self.numbers(&dataset, "box/edges")?.iter().map(|x| x * factor).collect()))
    }
}
