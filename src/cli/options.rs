//! Options that several subcommands share.

use super::terminal::Terminal;
use crate::compute::{DeviceKind, Processor};
use crate::error::Result;
use crate::io::{self, Format, Frame, LabelKeys, ReadOptions};
use crate::potential::{Potential, Precision};
use crate::system::{Element, SupercellMatrix};
use crate::units::{self, Dimension, FileUnits};
use crate::workflow::{Selection, potential};
use std::path::{Path, PathBuf};

/// What a file of structures does not say itself.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Reading {
    /// Format of the input, if content and name do not tell (mlmd help formats)
    #[arg(long, value_name = "FORMAT", help_heading = "Reading")]
    pub from: Option<Format>,
    /// Units of files that state none, such as hartree,bohr or ev,angstrom; of LAMMPS files: metal or real
    #[arg(long, value_name = "ENERGY,LENGTH", help_heading = "Reading")]
    pub units: Option<FileUnits>,
    /// Elements of types 1, 2, ... of LAMMPS files without symbols, such as Li,N
    #[arg(long, value_name = "ELEMENTS", value_delimiter = ',', help_heading = "Reading")]
    pub types: Option<Vec<Element>>,
    /// Decides which sites of partial occupancy are filled (CIF)
    #[arg(long, value_name = "SEED", help_heading = "Reading")]
    pub occupancy_seed: Option<u64>,
    /// How often the cell is repeated before its sites are filled, such as 2,2,1 (CIF)
    #[arg(long, value_name = "A,B,C", value_parser = repeats, requires = "occupancy_seed", help_heading = "Reading")]
    pub occupancy_supercell: Option<SupercellMatrix>,
    /// Name of the energy, where a file has several (REF_energy)
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    pub energy_key: Option<String>,
    /// Name of the forces, where a file has several (REF_forces)
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    pub forces_key: Option<String>,
    /// Name of the stress or virial, where a file has several (REF_stress)
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    pub stress_key: Option<String>,
}

impl Reading {
    /// The same for the readers.
    pub(super) fn options(&self) -> ReadOptions {
        ReadOptions {
            format: self.from,
            units: self.units,
            strict_units: false,
            elements: self.types.clone(),
            stand_in_elements: false,
            occupancy_seed: self.occupancy_seed,
            occupancy_supercell: self.occupancy_supercell,
            labels: LabelKeys {
                energy: self.energy_key.clone(),
                forces: self.forces_key.clone(),
                stress: self.stress_key.clone(),
            },
        }
    }
}

/// Three repeats, as the supercell they make.
fn repeats(text: &str) -> Result<SupercellMatrix, String> {
    let numbers: Result<Vec<_>, _> = text.split(',').map(|part| part.trim().parse::<u16>()).collect();
    match numbers.as_deref() {
        Ok([a, b, c]) if [a, b, c].iter().all(|n| **n > 0) => {
            Ok([[i32::from(*a), 0, 0], [0, i32::from(*b), 0], [0, 0, i32::from(*c)]])
        }
        _ => Err("expected three counts from 1 on, such as 2,2,1".into()),
    }
}

/// A structure to begin with.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct StructureChoice {
    /// Structure, in any format mlmd reads
    #[arg(value_name = "STRUCTURE")]
    pub file: PathBuf,
    /// Which frame of the file: 0 (the first), -1 (the last)
    #[arg(long, value_name = "FRAME", default_value_t = 0, allow_hyphen_values = true)]
    frame: i64,
}

impl StructureChoice {
    /// The frame that is meant.
    pub(super) fn read(&self, reading: &Reading) -> Result<Frame> {
        read(&self.file, self.frame, reading)
    }
}

/// One frame of a file.
pub(super) fn read(path: &Path, frame: i64, reading: &Reading) -> Result<Frame> {
    Selection::frame(frame, path, &reading.options())
}

/// The potential, and where and how precisely it is computed.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct PotentialChoice {
    /// Potential: an mlmd file or folder, a folder of n2p2/RuNNer or aenet files, a nep.txt of GPUMD, or a TOML file with
    /// a [potential] table
    #[arg(value_name = "POTENTIAL")]
    potential: PathBuf,
    /// Where forces are computed
    #[arg(long, value_name = "DEVICE", default_value = "cpu", help_heading = "Computing")]
    device: Device,
    /// Threads; all cores if absent
    #[arg(long, value_name = "N", help_heading = "Computing", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Numbers of 64 bits, or of 32 where that costs little accuracy
    #[arg(long, value_name = "PRECISION", default_value = "double", help_heading = "Computing")]
    precision: Digits,
}

/// What becomes of results that are already there, other than being gone on from.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Restart {
    Fresh,
}

/// Where forces are computed.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Device {
    /// The processor
    Cpu,
    /// A graphics processor, in single precision with exact positions
    Gpu,
    /// A graphics card where the precision is mixed and there is one, else the processor
    Auto,
}

impl Device {
    /// The same for the engine.
    pub(super) fn kind(self) -> DeviceKind {
        match self {
            Self::Cpu => DeviceKind::Cpu,
            Self::Gpu => DeviceKind::Gpu,
            Self::Auto => DeviceKind::Auto,
        }
    }
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Digits {
    Double,
    Mixed,
}

impl PotentialChoice {
    /// Reads the potential, to be used on these files of frames, and says what computes it.
    pub(super) fn load(
        &self,
        files: &[&Path],
        reading: &Reading,
        terminal: Terminal,
    ) -> Result<(Box<dyn Potential>, Processor)> {
        let precision = match self.precision {
            Digits::Double => Precision::Double,
            Digits::Mixed => Precision::Mixed,
        };
        let mut processor = Processor::new(self.device.kind(), precision);
        let potential = potential::from_path(&self.potential, reading.units, &mut processor, || {
            elements_of(files, &reading.options())
        })?;
        processor.remarks().iter().for_each(|remark| terminal.note(remark));
        terminal.detail(|| {
            let cutoff = potential.cutoff();
            format!("{}: {}, cutoff {cutoff} Å", self.potential.display(), potential.description())
        });
        Ok((potential, processor))
    }

    /// Threads; zero for all there are.
    pub(super) fn threads(&self) -> usize {
        self.threads.map_or(0, usize::from)
    }
}

/// The elements of all frames of all files.
fn elements_of(files: &[&Path], options: &ReadOptions) -> Result<Vec<Element>> {
    let mut elements = Vec::new();
    for file in files {
        for frame in io::open(file, options)? {
            elements.extend(frame?.species);
            elements.sort_unstable();
            elements.dedup();
        }
    }
    Ok(elements)
}

/// A length above zero, with its unit.
pub(super) fn length(text: &str) -> Result<f64, String> {
    positive(text, Dimension::LENGTH)
}

/// A force above zero, with its unit.
pub(super) fn force(text: &str) -> Result<f64, String> {
    positive(text, Dimension::FORCE)
}

/// A quantity above zero, with its unit.
pub(super) fn positive(text: &str, dimension: Dimension) -> Result<f64, String> {
    let value = units::parse(text.trim(), dimension).map_err(|error| error.to_string())?;
    if value > 0.0 { Ok(value) } else { Err(format!("expected a positive value, not `{text}`")) }
}
