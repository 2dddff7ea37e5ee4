//! The formats: one table that names them, recognises them and opens them.

use super::recognise::{self, Sample};
use super::sink::Sink;
use super::source::Source;
use super::{ReadFrames, ReadOptions, WriteFrames, WriteOptions};
use super::{cif, cp2k, espresso, extxyz, h5md, lammps, n2p2, vasp, xsf};
use crate::error::{Error, Result, nearest};
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A file format of structures or trajectories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Format {
    /// Extended XYZ in the dialect of ASE, and plain XYZ.
    ExtendedXyz,
    /// VASP POSCAR and CONTCAR.
    Poscar,
    /// VASP XDATCAR.
    Xdatcar,
    /// VASP OUTCAR.
    Outcar,
    /// VASP vasprun.xml.
    Vasprun,
    /// Crystallographic information file.
    Cif,
    /// LAMMPS data file.
    LammpsData,
    /// LAMMPS text dump.
    LammpsDump,
    /// XCrySDen structure file, with aenet's energy comment.
    Xsf,
    /// n2p2/RuNNer `input.data`.
    N2p2,
    /// Output of Quantum ESPRESSO's pw.x.
    QuantumEspresso,
    /// Output of CP2K.
    Cp2k,
    /// H5MD trajectory (HDF5).
    H5md,
}

/// Starts reading a file in a format; what is wrong with it shows at the first frame.
pub(super) type Reader = fn(Source, &ReadOptions) -> Box<dyn ReadFrames>;
/// Starts writing a file in a format.
pub(super) type Writer = fn(Sink, &WriteOptions) -> Box<dyn WriteFrames>;

/// What there is to know about a format.
pub struct FormatInfo {
    /// The format.
    pub format: Format,
    /// The name on the command line.
    pub name: &'static str,
    /// The name in prose.
    pub title: &'static str,
    /// Extensions of file names, without the dot, in lower case.
    pub extensions: &'static [&'static str],
    /// What file names without a telling extension contain.
    pub file_names: &'static [&'static str],
    /// What a file can hold.
    pub holds: &'static str,
    /// Is the beginning of this file unmistakably of this format?
    recognise: fn(&Sample) -> bool,
    reader: Option<Reader>,
    writer: Option<Writer>,
}

impl FormatInfo {
    /// Can mlmd read it?
    pub fn reads(&self) -> bool {
        self.reader.is_some()
    }

    /// Can mlmd write it?
    pub fn writes(&self) -> bool {
        self.writer.is_some()
    }
}

/// Every format, in the order of [`Format`]. Where two recognise a file, the first has it.
static TABLE: [FormatInfo; 13] = [
    FormatInfo {
        format: Format::ExtendedXyz,
        name: "extxyz",
        title: "extended XYZ",
        extensions: &["extxyz", "xyz"],
        file_names: &[],
        holds: "trajectories; cell, velocities, energy, forces, stress, any other property",
        recognise: recognise::xyz,
        reader: Some(extxyz::open),
        writer: Some(extxyz::create),
    },
    FormatInfo {
        format: Format::Poscar,
        name: "poscar",
        title: "VASP POSCAR/CONTCAR",
        extensions: &["poscar", "contcar", "vasp"],
        file_names: &["POSCAR", "CONTCAR"],
        holds: "one structure; cell, velocities, selective dynamics",
        recognise: recognise::poscar,
        reader: Some(vasp::open_poscar),
        writer: Some(vasp::create_poscar),
    },
    FormatInfo {
        format: Format::Xdatcar,
        name: "xdatcar",
        title: "VASP XDATCAR",
        extensions: &["xdatcar"],
        file_names: &["XDATCAR"],
        holds: "trajectories; cell, positions",
        recognise: recognise::xdatcar,
        reader: Some(vasp::open_xdatcar),
        writer: Some(vasp::create_xdatcar),
    },
    FormatInfo {
        format: Format::Outcar,
        name: "outcar",
        title: "VASP OUTCAR",
        extensions: &["outcar"],
        file_names: &["OUTCAR"],
        holds: "ionic steps; cell, energy, forces, stress",
        recognise: recognise::outcar,
        reader: Some(vasp::open_outcar),
        writer: None,
    },
    FormatInfo {
        format: Format::Vasprun,
        name: "vasprun",
        title: "VASP vasprun.xml",
        extensions: &[],
        file_names: &["vasprun"],
        holds: "ionic steps; cell, energy, forces, stress",
        recognise: recognise::vasprun,
        reader: Some(vasp::open_vasprun),
        writer: None,
    },
    FormatInfo {
        format: Format::Cif,
        name: "cif",
        title: "CIF",
        extensions: &["cif", "mcif"],
        file_names: &[],
        holds: "structures; cell, symmetry, occupancies",
        recognise: recognise::cif,
        reader: Some(cif::open),
        writer: Some(cif::create),
    },
    FormatInfo {
        format: Format::LammpsData,
        name: "lammps-data",
        title: "LAMMPS data",
        extensions: &["lmp", "data", "lammps"],
        file_names: &[],
        holds: "one structure; cell, velocities, masses, charges, images",
        recognise: recognise::lammps_data,
        reader: Some(lammps::open_data),
        writer: Some(lammps::create_data),
    },
    FormatInfo {
        format: Format::LammpsDump,
        name: "lammps-dump",
        title: "LAMMPS dump",
        extensions: &["dump", "lammpstrj"],
        file_names: &[],
        holds: "trajectories; cell, velocities, forces, charges, images",
        recognise: recognise::lammps_dump,
        reader: Some(lammps::open_dump),
        writer: Some(lammps::create_dump),
    },
    FormatInfo {
        format: Format::Xsf,
        name: "xsf",
        title: "XSF",
        extensions: &["xsf", "axsf"],
        file_names: &[],
        holds: "structures, trajectories; cell, forces, aenet's energy",
        recognise: recognise::xsf,
        reader: Some(xsf::open),
        writer: Some(xsf::create),
    },
    FormatInfo {
        format: Format::N2p2,
        name: "n2p2",
        title: "n2p2/RuNNer input.data",
        extensions: &[],
        file_names: &["input.data", "output.data"],
        holds: "frames without units; cell, energy, forces, charges",
        recognise: recognise::n2p2,
        reader: Some(n2p2::open),
        writer: Some(n2p2::create),
    },
    FormatInfo {
        format: Format::QuantumEspresso,
        name: "espresso",
        title: "Quantum ESPRESSO pw.x output",
        extensions: &["pwo"],
        file_names: &[],
        holds: "ionic steps; cell, energy, forces, stress",
        recognise: recognise::quantum_espresso,
        reader: Some(espresso::open),
        writer: None,
    },
    FormatInfo {
        format: Format::Cp2k,
        name: "cp2k",
        title: "CP2K output",
        extensions: &[],
        file_names: &[],
        holds: "ionic steps; cell, energy, forces, stress",
        recognise: recognise::cp2k,
        reader: Some(cp2k::open),
        writer: None,
    },
    FormatInfo {
        format: Format::H5md,
        name: "h5md",
        title: "H5MD",
        extensions: &["h5", "h5md", "hdf5"],
        file_names: &[],
        holds: "trajectories; cell, images, velocities, forces, energy, masses, charges",
        recognise: recognise::hdf5,
        reader: Some(h5md::open),
        writer: Some(h5md::create),
    },
];

impl Format {
    /// Every format with what there is to know about it.
    pub fn table() -> &'static [FormatInfo] {
        &TABLE
    }

    /// What there is to know about this format.
    pub fn info(self) -> &'static FormatInfo {
        &TABLE[self as usize]
    }

    /// The format of a file, given its first bytes (uncompressed): by content where that is
    /// unmistakable, else by name.
    pub fn detect(path: &Path, head: &[u8]) -> Result<Self> {
        let show = path.display();
        if head.is_empty() {
            return Err(Error::invalid(format!("{show}: the file is empty")));
        }
        if let Some(what) = recognise::foreign(head) {
            return Err(Error::invalid(format!("{show}: {what}")));
        }
        let sample = Sample::new(head);
        if let Some(info) = TABLE.iter().find(|info| (info.recognise)(&sample)) {
            return Ok(info.format);
        }
        Self::from_name(path).ok_or_else(|| {
            Error::invalid(format!(
                "{show}: neither the content nor the name says which format this is; mlmd reads {}",
                list(FormatInfo::reads)
            ))
        })
    }

    /// The format that the name of a file stands for (`.gz` is looked through).
    pub fn from_name(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy();
        let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".GZ")).unwrap_or(&name);
        let extension = Path::new(name).extension().map(|e| e.to_string_lossy().to_lowercase());
        let by_name = TABLE.iter().find(|info| info.file_names.iter().any(|part| name.contains(part)));
        let by_extension = || {
            let extension = extension?;
            TABLE.iter().find(|info| info.extensions.contains(&extension.as_str()))
        };
        by_name.or_else(by_extension).map(|info| info.format)
    }

    /// The format that a file to be written has by its name.
    pub fn from_name_for_writing(path: &Path) -> Result<Self> {
        Self::from_name(path).ok_or_else(|| {
            Error::invalid(format!(
                "{}: the name does not say which format to write; mlmd writes {}",
                path.display(),
                list(FormatInfo::writes)
            ))
        })
    }

    /// Is it always clear which units a file of this format is in?
    pub fn states_units(self) -> bool {
        !matches!(self, Self::N2p2 | Self::H5md | Self::Xsf) && !self.is_lammps()
    }

    /// Is it a format of LAMMPS, whose files may not name their unit style?
    pub(super) fn is_lammps(self) -> bool {
        matches!(self, Self::LammpsData | Self::LammpsDump)
    }

    pub(super) fn reader(self, path: &Path) -> Result<Reader> {
        self.info().reader.ok_or_else(|| {
            Error::invalid(format!(
                "{}: mlmd does not read {}; it reads {}",
                path.display(),
                self.info().title,
                list(FormatInfo::reads)
            ))
        })
    }

    /// Does a file of it hold a single structure?
    pub fn holds_one(self) -> bool {
        matches!(self, Self::Poscar | Self::LammpsData)
    }

    /// Refuses to write what mlmd only reads; `path` is what errors name.
    pub fn check_writes(self, path: &Path) -> Result<()> {
        self.writer(path).map(|_| ())
    }

    pub(super) fn writer(self, path: &Path) -> Result<Writer> {
        self.info().writer.ok_or_else(|| {
            Error::invalid(format!(
                "{}: mlmd does not write {}; it writes {}",
                path.display(),
                self.info().title,
                list(FormatInfo::writes)
            ))
        })
    }
}

/// Names and extensions of the formats that can do something, for messages.
fn list(can: fn(&FormatInfo) -> bool) -> String {
    let mut parts = Vec::new();
    for info in TABLE.iter().filter(|info| can(info)) {
        let endings = info.extensions.iter().map(|e| format!(".{e}"));
        let names: Vec<String> = endings.chain(info.file_names.iter().map(ToString::to_string)).collect();
        parts.push(if names.is_empty() {
            info.name.to_string()
        } else {
            format!("{} ({})", info.name, names.join(", "))
        });
    }
    parts.join(", ")
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.info().name)
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let names = || TABLE.iter().map(|info| info.name);
        if let Some(info) = TABLE.iter().find(|info| info.name.eq_ignore_ascii_case(name)) {
            return Ok(info.format);
        }
        let hint = nearest(name, names()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let known: Vec<&str> = names().collect();
        Err(Error::invalid(format!("`{name}` is not a format (known: {}){hint}", known.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (index, info) in Format::table().iter().enumerate() {
            assert_eq!(info.format as usize, index, "{}", info.name);
            assert_eq!(info.name.parse::<Format>().unwrap(), info.format);
            assert_eq!(info.format.to_string(), info.name);
        }
    }

    #[test]
    fn names_stand_for_formats() {
        for (name, expected) in [
            ("a/POSCAR", Some(Format::Poscar)),
            ("CONTCAR.relaxed.gz", Some(Format::Poscar)),
            ("slab.vasp", Some(Format::Poscar)),
            ("Li.XDATCAR.gz", Some(Format::Xdatcar)),
            ("OUTCAR.ch4", Some(Format::Outcar)),
            ("vasprun.h2o.md.xml", Some(Format::Vasprun)),
            ("x.XYZ", Some(Format::ExtendedXyz)),
            ("x.extxyz.gz", Some(Format::ExtendedXyz)),
            ("input.data", Some(Format::N2p2)),
            ("cell.data", Some(Format::LammpsData)),
            ("notes.txt", None),
            ("..", None),
        ] {
            assert_eq!(Format::from_name(name.as_ref()), expected, "{name}");
        }
    }

    #[test]
    fn unknown_formats_are_explained() {
        let message = "extxzy".parse::<Format>().unwrap_err().to_string();
        assert!(message.contains("did you mean `extxyz`?"), "{message}");
        let message = Format::detect("a.txt".as_ref(), b"hello\nworld\n").unwrap_err().to_string();
        assert!(message.contains("extxyz (.extxyz, .xyz)"), "{message}");
        let message = Format::detect("a.xyz".as_ref(), b"").unwrap_err().to_string();
        assert_eq!(message, "a.xyz: the file is empty");
        let message = Format::detect("a.xyz".as_ref(), b"BZh91AY").unwrap_err().to_string();
        assert!(message.contains("bzip2"), "{message}");
        let message = Format::from_name_for_writing("a.txt".as_ref()).unwrap_err().to_string();
        assert!(message.contains("mlmd writes extxyz"), "{message}");
    }
}
