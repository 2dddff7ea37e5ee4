//! Frames become the series of an H5MD file.

use super::series::Series;
use super::store::Store;
use super::structures::{Header, HeapText, Number, enumeration, heap, heap_text};
use super::units::JOULE_PER_MOLE;
use crate::error::{Error, Result};
use crate::io::sink::Sink;
use crate::io::{Frame, Precision, WriteFrames, WriteOptions};
use crate::system::{Element, Vec3};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Starts writing.
pub(in crate::io) fn create(sink: Sink, options: &WriteOptions) -> Box<dyn WriteFrames> {
    let single = options.precision == Precision::Single;
    Box::new(Writer { single, fresh: false, at: At::Nowhere(sink), species: Vec::new() })
}

/// Goes on after the commit at which the file had `length` bytes; zero begins anew.
pub(in crate::io) fn append(
    path: &Path,
    options: &WriteOptions,
    length: u64,
) -> Result<Box<dyn WriteFrames>> {
    if length == 0 {
        return Ok(create(Sink::create(path)?, options));
    }
    let (mut store, record) = Store::return_to(path, length)?;
    let contents = Contents::restore(&record, &mut store)?;
    let single = contents.layout.single;
    let at = At::Open(Box::new((store, contents)));
    Ok(Box::new(Writer { single, fresh: false, at, species: Vec::new() }))
}

struct Writer {
    /// Reals in single precision: 7 digits.
    single: bool,
    /// Has a frame come since the last commit?
    fresh: bool,
    at: At,
    species: Vec<Element>,
}

enum At {
    /// No frame has come yet, so nothing is known of the atoms.
    Nowhere(Sink),
    Open(Box<(Store, Contents)>),
    /// Never seen from outside.
    Between,
}

impl WriteFrames for Writer {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        self.at = match std::mem::replace(&mut self.at, At::Between) {
            At::Nowhere(sink) => {
                let (path, file) = sink.into_file("H5MD")?;
                let mut store = Store::begin(&path, file);
                let contents = Contents::begin(frame, self.single, &mut store)?;
                At::Open(Box::new((store, contents)))
            }
            open => open,
        };
        let At::Open(open) = &mut self.at else {
            return Err(Error::Internal("an H5MD file was used after an error".into()));
        };
        let (store, contents) = &mut **open;
        if self.species != frame.species {
            if !self.species.is_empty() || fingerprint(frame) != contents.fingerprint {
                return Err(changed(store, contents.frames, "elements"));
            }
            self.species.clone_from(&frame.species);
        }
        self.fresh = true;
        contents.push(frame, store)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        match self.at {
            // A file that was opened and not written to stays as it is, to the byte.
            At::Open(_) if !self.fresh => Ok(()),
            At::Open(mut open) => {
                let (store, contents) = &mut *open;
                contents.commit(store)
            }
            At::Nowhere(sink) => sink.finish(),
            At::Between => Ok(()),
        }
    }
}

fn changed(store: &Store, frame: u64, what: &str) -> Error {
    let path: PathBuf = store.path().to_path_buf();
    Error::invalid(format!(
        "{}: frame {frame} differs from the first in its {what}, which an H5MD file cannot hold; use extxyz",
        path.display()
    ))
}

/// The texts that attributes refer to.
const TEXTS: [&str; 12] = [
    "Angstrom",
    "fs",
    "Angstrom fs-1",
    "kJ mol-1 Angstrom-1",
    "eV",
    "e",
    "u",
    "periodic",
    "none",
    "mlmd",
    "unknown",
    crate::VERSION,
];

/// What a file holds; the same for all of its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // Each is a dataset that is there or not.
struct Layout {
    single: bool,
    images: bool,
    velocities: bool,
    forces: bool,
    edges: bool,
    energy: bool,
    periodic: [bool; 3],
    /// Do frames have no time? Then they are numbered, in no unit.
    timeless: bool,
}

impl Layout {
    fn of(frame: &Frame, single: bool) -> Self {
        Self {
            single,
            // Zeros for images that nobody counted would say that no atom ever left the cell.
            images: frame.images.is_some() && frame.cell.periodic() != [false; 3],
            velocities: frame.velocities.is_some(),
            forces: frame.forces.is_some(),
            edges: frame.cell.present() != [false; 3],
            energy: frame.energy.is_some(),
            periodic: frame.cell.periodic(),
            timeless: frame.time.is_none(),
        }
    }

    fn flags(self) -> [bool; 10] {
        let Self { single, images, velocities, forces, edges, energy, periodic: [a, b, c], timeless } = self;
        [single, images, velocities, forces, edges, energy, a, b, c, timeless]
    }

    fn from_flags(flags: [bool; 10]) -> Self {
        let [single, images, velocities, forces, edges, energy, a, b, c, timeless] = flags;
        Self { single, images, velocities, forces, edges, energy, periodic: [a, b, c], timeless }
    }
}

/// Everything in the file.
struct Contents {
    frames: u64,
    atoms: u64,
    fingerprint: u64,
    layout: Layout,
    /// Addresses of the heap, the groups and the datasets that never change: `h5md`, `species`, then `mass` and
    /// `charge` or zero.
    fixed: [u64; 5],
    step: Series,
    time: Series,
    position: Series,
    image: Option<Series>,
    velocity: Option<Series>,
    force: Option<Series>,
    edges: Option<Series>,
    energy: Option<Series>,
}

impl Contents {
    /// Empty series for a layout.
    fn empty(layout: Layout, atoms: u64, fingerprint: u64, fixed: [u64; 5]) -> Self {
        let real = if layout.single { Number::F32 } else { Number::F64 };
        let vectors = |wanted: bool, number| wanted.then(|| Series::new(number, &[atoms, 3]));
        Self {
            frames: 0,
            atoms,
            fingerprint,
            layout,
            fixed,
            step: Series::new(Number::I64, &[]),
            time: Series::new(Number::F64, &[]),
            position: Series::new(real, &[atoms, 3]),
            image: vectors(layout.images, Number::I32),
            velocity: vectors(layout.velocities, real),
            force: vectors(layout.forces, real),
            edges: layout.edges.then(|| Series::new(Number::F64, &[3, 3])),
            energy: layout.energy.then(|| Series::new(Number::F64, &[])),
        }
    }

    /// A file for frames like this one.
    fn begin(frame: &Frame, single: bool, store: &mut Store) -> Result<Self> {
        let atoms = frame.len() as u64;
        let heap = store.append(&heap(&TEXTS))?;
        let text = |text: &str| heap_text(heap, &TEXTS, text).into_iter().collect::<Vec<_>>();
        let author = store.append(&Header::group().texts("name", &text("unknown")).bytes())?;
        let creator = Header::group().texts("name", &text("mlmd")).texts("version", &text(crate::VERSION));
        let creator = store.append(&creator.bytes())?;
        let h5md =
            Header::group().integers("version", &[1, 1]).link("author", author).link("creator", creator);
        let h5md = store.append(&h5md.bytes())?;

        let mut elements = frame.species.clone();
        elements.sort_unstable();
        elements.dedup();
        let members: Vec<_> = elements.iter().map(|e| (e.symbol(), e.number() as i32)).collect();
        let numbers: Vec<u8> = frame.species.iter().flat_map(|e| (e.number() as i32).to_le_bytes()).collect();
        let block = store.append(&numbers)?;
        let species = Header::block(&enumeration(&members), &[atoms], block, numbers.len() as u64);
        let species = store.append(&species.bytes())?;
        let mut reals = |values: &Option<Vec<f64>>, unit: &str| -> Result<u64> {
            let Some(values) = values else { return Ok(0) };
            let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            let block = store.append(&bytes)?;
            let header = Header::block(&Number::F64.datatype(), &[atoms], block, bytes.len() as u64);
            store.append(&header.texts("unit", &text(unit)).bytes())
        };
        let fixed = [heap, h5md, species, reals(&frame.masses, "u")?, reals(&frame.charges, "e")?];
        Ok(Self::empty(Layout::of(frame, single), atoms, fingerprint(frame), fixed))
    }

    fn push(&mut self, frame: &Frame, store: &mut Store) -> Result<()> {
        if Layout::of(frame, self.layout.single) != self.layout {
            return Err(changed(store, self.frames, "properties (cell, time, velocities, forces or energy)"));
        }
        let step = frame.step.unwrap_or(self.frames) as i64;
        self.step.push(step.to_le_bytes(), store)?;
        self.time.push(frame.time.unwrap_or(step as f64).to_le_bytes(), store)?;
        let mut positions = Vec::with_capacity(frame.len());
        let mut images = Vec::with_capacity(3 * frame.len());
        for (i, r) in frame.positions.iter().enumerate() {
            let Some(before) = frame.images.as_ref().map(|images| images[i]) else {
                positions.push(*r);
                continue;
            };
            let (wrapped, crossed) = frame.cell.wrap(r);
            positions.push(wrapped);
            images.extend([0, 1, 2].map(|k| crossed[k] + before[k]));
        }
        let single = self.layout.single;
        self.position.push(vectors(&positions, 1.0, single), store)?;
        if let Some(series) = &mut self.image {
            series.push(images.into_iter().flat_map(i32::to_le_bytes), store)?;
        }
        if let (Some(series), Some(velocities)) = (&mut self.velocity, &frame.velocities) {
            series.push(vectors(velocities, 1.0, single), store)?;
        }
        if let (Some(series), Some(forces)) = (&mut self.force, &frame.forces) {
            series.push(vectors(forces, JOULE_PER_MOLE / 1e3, single), store)?;
        }
        if let Some(series) = &mut self.edges {
            series.push(frame.cell.rows().into_iter().flatten().flat_map(f64::to_le_bytes), store)?;
        }
        if let (Some(series), Some(energy)) = (&mut self.energy, frame.energy) {
            series.push(energy.to_le_bytes(), store)?;
        }
        self.frames += 1;
        Ok(())
    }

    /// Writes headers for everything and makes it what readers see.
    fn commit(&self, store: &mut Store) -> Result<()> {
        let [heap, h5md, species, mass, charge] = self.fixed;
        let text = |text: &str| heap_text(heap, &TEXTS, text).into_iter().collect::<Vec<HeapText>>();
        let flags = self.layout.flags().iter().rev().fold(0, |word, flag| word << 1 | u64::from(*flag));
        let mut record = vec![self.frames, self.atoms, self.fingerprint, flags];
        record.extend(self.fixed);
        // Everything but the box is linked to once more than it has a name: step and time are shared.
        let elements = self.elements();
        let mut series = |series: &Series, unit: Option<&str>, links: u32, store: &mut Store| {
            let (mut header, root) = series.commit(store)?;
            record.extend(root);
            if let Some(unit) = unit {
                header = header.texts("unit", &text(unit));
            }
            if links > 1 {
                header = header.references(links);
            }
            store.append(&header.bytes())
        };
        let step = series(&self.step, None, elements, store)?;
        let unit = (!self.layout.timeless).then_some("fs");
        let time = series(&self.time, unit, elements, store)?;
        let mut element = |values: &Series, unit: Option<&str>, store: &mut Store| -> Result<u64> {
            let value = series(values, unit, 1, store)?;
            let group = Header::group().link("step", step).link("time", time).link("value", value);
            store.append(&group.bytes())
        };
        let mut trajectory = Header::group();
        trajectory = trajectory.link("position", element(&self.position, Some("Angstrom"), store)?);
        for (name, values, unit) in [
            ("image", &self.image, None),
            ("velocity", &self.velocity, Some("Angstrom fs-1")),
            ("force", &self.force, Some("kJ mol-1 Angstrom-1")),
        ] {
            if let Some(values) = values {
                trajectory = trajectory.link(name, element(values, unit, store)?);
            }
        }
        let boundary: Vec<_> =
            self.layout.periodic.iter().flat_map(|p| text(if *p { "periodic" } else { "none" })).collect();
        let letters = self.layout.periodic.map(|p| if p { "T" } else { "F" }).join(" ");
        let mut space =
            Header::group().integers("dimension", &[3]).texts("boundary", &boundary).word("pbc", &letters);
        if let Some(edges) = &self.edges {
            space = space.link("edges", element(edges, Some("Angstrom"), store)?);
        }
        let space = store.append(&space.bytes())?;
        trajectory = trajectory.link("box", space).link("species", species);
        for (name, address) in [("mass", mass), ("charge", charge)] {
            if address != 0 {
                trajectory = trajectory.link(name, address);
            }
        }
        let trajectory = store.append(&trajectory.bytes())?;
        let particles = store.append(&Header::group().link("trajectory", trajectory).bytes())?;
        let mut root = Header::group().link("h5md", h5md).link("particles", particles);
        if let Some(energy) = &self.energy {
            let energy = element(energy, Some("eV"), store)?;
            let observables = store.append(&Header::group().link("potential_energy", energy).bytes())?;
            root = root.link("observables", observables);
        }
        let root = store.append(&root.bytes())?;
        store.commit(root, &record)
    }

    /// How many elements share step and time.
    fn elements(&self) -> u32 {
        let Layout { images, velocities, forces, edges, energy, .. } = self.layout;
        1 + [images, velocities, forces, edges, energy].into_iter().map(u32::from).sum::<u32>()
    }

    /// Everything as it was at a commit with this record.
    fn restore(record: &[u64], store: &mut Store) -> Result<Self> {
        let foreign = || Error::Internal("the record of an H5MD commit has another length".into());
        let ([frames, atoms, fingerprint, flags, fixed @ ..], roots) =
            record.split_first_chunk::<9>().ok_or_else(foreign)?;
        let layout = Layout::from_flags(std::array::from_fn(|k| flags >> k & 1 == 1));
        let mut contents = Self::empty(layout, *atoms, *fingerprint, *fixed);
        contents.frames = *frames;
        let mut roots = roots.chunks_exact(2);
        let mut restore = |series: &mut Series| -> Result<()> {
            let root = roots.next().ok_or_else(foreign)?;
            *series = series.clone().restore(*frames, [root[0], root[1]], store)?;
            Ok(())
        };
        // In the order in which a commit writes them.
        restore(&mut contents.step)?;
        restore(&mut contents.time)?;
        restore(&mut contents.position)?;
        let Self { image, velocity, force, edges, energy, .. } = &mut contents;
        for series in [image, velocity, force, edges, energy].into_iter().flatten() {
            restore(series)?;
        }
        Ok(contents)
    }
}

/// Tells lists of elements apart.
fn fingerprint(frame: &Frame) -> u64 {
    let symbols: String = frame.species.iter().flat_map(|e| [e.symbol(), " "]).collect();
    let hash = Sha256::digest(symbols.as_bytes());
    hash[..8].iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// Vectors as the bytes of a row.
fn vectors(values: &[Vec3], unit: f64, single: bool) -> Vec<u8> {
    let numbers = values.iter().flat_map(|v| [v.x * unit, v.y * unit, v.z * unit]);
    if single {
        numbers.flat_map(|x| (x as f32).to_le_bytes()).collect()
    } else {
        numbers.flat_map(f64::to_le_bytes).collect()
    }
}
