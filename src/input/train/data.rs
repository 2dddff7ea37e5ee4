//! `[data]`: the frames of a training.

use crate::error::Result;
use crate::input::keys::{Keys, Table};
use crate::input::kind::{
    Kind, element, energy, existing_path, file_units, flag, list, map, memory, number, table, text,
};
use crate::io::{FileUnits, LabelKeys};
use crate::system::Element;
use std::path::PathBuf;

/// `[data]`.
#[derive(Debug, Clone)]
pub struct Data {
    /// Frames that train, and validate where no others do.
    pub frames: Vec<FrameFile>,
    /// Frames that only tell when to stop; none: a share of `frames` does.
    pub validate: Vec<FrameFile>,
    /// Frames on which the finished potential is judged, and nothing else.
    pub test: Vec<FrameFile>,
    /// The share of `frames` that validates.
    pub validation: f64,
    /// Does every member of a committee validate on another part?
    pub rotate: bool,
    /// Factors on the weights of frames by `config_type`.
    pub weights: Vec<(String, f64)>,
    /// Energies of the elements, eV; fitted if absent.
    pub references: Option<Vec<(Element, f64)>>,
    /// The most memory the Jacobians may take, bytes.
    pub memory: f64,
    /// Where the frames come from, for the data sheet.
    pub source: Option<String>,
}

impl Data {
    /// All files of frames.
    pub fn files(&self) -> impl Iterator<Item = &FrameFile> {
        self.frames.iter().chain(&self.validate).chain(&self.test)
    }
}

/// A file of frames.
#[derive(Debug, Clone)]
pub struct FrameFile {
    /// The file.
    pub file: PathBuf,
    /// Which of its frames, as Python slices; all if absent.
    pub select: Option<String>,
    /// The weight of each frame.
    pub weight: f64,
    /// Units of a file that does not state its own.
    pub units: Option<FileUnits>,
    /// Which keys hold energy, forces and stress, where there are several.
    pub labels: LabelKeys,
}

impl Table for Data {
    const ABOUT: &'static str = "The frames a potential is fitted to.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            frames: keys.key("frames", list(table()), "Frames that train.").required([()])?,
            validate: keys
                .key(
                    "validate",
                    list(table()),
                    "Frames that only tell when to stop; a share of the others if absent.",
                )
                .optional([()])?
                .unwrap_or_default(),
            test: keys
                .key(
                    "test",
                    list(table()),
                    "Frames on which the finished potential is judged; no choice depends on them.",
                )
                .optional([()])?
                .unwrap_or_default(),
            validation: keys
                .key(
                    "validation",
                    number().between(0.0, 0.5),
                    "Share of the frames that validates, drawn by the seed from every config_type.",
                )
                .default(0.1)?,
            rotate: keys
                .key("rotate", flag(), "Every member of a committee validates on another part of the frames.")
                .default(true)?,
            weights: keys
                .key(
                    "weights",
                    map(text(), number().positive()),
                    "Factors on the weights of frames, by config_type.",
                )
                .optional([("Elastic", 2.0)])?
                .unwrap_or_default(),
            references: keys
                .key(
                    "references",
                    map(element(), energy()),
                    "Energies of the elements; fitted by least squares if absent.",
                )
                .optional([("Li", "-1.9 eV")])?,
            memory: keys
                .key(
                    "memory",
                    memory(),
                    "What derivatives of descriptors may take; those that do not fit are computed anew in every epoch.",
                )
                .default("8 GB")?,
            source: keys
                .key("source", text(), "Where the frames come from and how they were computed, for the data sheet.")
                .optional("PBE, PAW, 520 eV; doi:10.1000/example")?,
        })
    }
}

impl Table for FrameFile {
    const ABOUT: &'static str = "A file of frames, in any format mlmd reads.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        let chosen =
            text().try_map(|text: String| text.parse::<Slice>().map(|_| text).map_err(|error| error.0));
        Ok(Self {
            file: keys
                .key("file", existing_path(false), "Frames in any format mlmd reads (mlmd help formats).")
                .required("frames.extxyz")?,
            select: keys.key("select", chosen, "Which frames: 10:20, ::5; all if absent.").optional("::2")?,
            weight: keys.key("weight", number().positive(), "The weight of each frame.").default(1.0)?,
            units: keys
                .key("units", file_units(), "Units of formats that do not state theirs (n2p2 input.data).")
                .optional(["hartree", "bohr"])?,
            labels: LabelKeys {
                energy: keys
                    .key("energy_key", text(), "Name of the energy, where a file has several.")
                    .optional("REF_energy")?,
                forces: keys
                    .key("forces_key", text(), "Name of the forces, where a file has several.")
                    .optional("REF_forces")?,
                stress: keys
                    .key("stress_key", text(), "Name of the stress or virial, where a file has several.")
                    .optional("REF_stress")?,
            },
        })
    }
}

/// Three or fewer whole numbers with colons between them.
struct Slice;

/// Why a text is none.
struct NoSlice(String);

impl std::str::FromStr for Slice {
    type Err = NoSlice;

    fn from_str(text: &str) -> std::result::Result<Self, NoSlice> {
        let number = |part: &str| part.trim().is_empty() || part.trim().parse::<i64>().is_ok();
        let parts: Vec<_> = text.split(':').collect();
        if parts.len() <= 3 && parts.iter().all(|part| number(part)) && !text.trim().is_empty() {
            return Ok(Self);
        }
        Err(NoSlice(format!("`{text}` does not choose frames; expected 3, -1, 10:20, ::5 or 0:100:10")))
    }
}
