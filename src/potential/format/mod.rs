//! Files that hold potentials: one folder for each program.

mod aenet;
mod n2p2;
mod native;
mod nep;

pub use aenet::{AenetRecord, TrainingSet};

use super::model::{DescriptorSet, NeuralModel};
use crate::error::{Error, Result};
use crate::units::FileUnits;
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What a caller can say about a potential's files that they do not say themselves.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadOptions {
    /// Units of n2p2 and RuNNer files, which carry none.
    pub units: Option<FileUnits>,
}

/// The formats of neural potentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PotentialFormat {
    /// mlmd's own: a file, or a folder that holds it under the name `potential.mlmd`.
    Native,
    /// A folder with `input.nn`, `scaling.data` and `weights.ZZZ.data`.
    N2p2,
    /// A folder with one `*.nn.ascii` (or `*.nn`) per element.
    Aenet,
    /// A `nep.txt` of GPUMD, or a folder with one; it is read, not written.
    Nep,
}

impl fmt::Display for PotentialFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Native => "native",
            Self::N2p2 => "n2p2",
            Self::Aenet => "aenet",
            Self::Nep => "NEP",
        })
    }
}

impl FromStr for PotentialFormat {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "native" | "mlmd" => Ok(Self::Native),
            "n2p2" | "runner" => Ok(Self::N2p2),
            "aenet" => Ok(Self::Aenet),
            _ => Err(Error::invalid(format!(
                "`{name}` is not a format of potentials: expected native, n2p2 or aenet"
            ))),
        }
    }
}

impl PotentialFormat {
    /// Finds out what a file or folder holds.
    ///
    /// # Errors
    /// If it is not there or holds no potential; the message says what was looked for.
    pub fn detect(path: &Path) -> Result<Self> {
        let metadata = fs::metadata(path).map_err(Error::io(path, "open"))?;
        if metadata.is_dir() {
            let names = [(native::FILE, Self::Native), (n2p2::INPUT, Self::N2p2), (nep::FILE, Self::Nep)];
            for (name, format) in names {
                if path.join(name).is_file() {
                    return Ok(format);
                }
            }
            if !aenet::find(path)?.is_empty() {
                return Ok(Self::Aenet);
            }
            return Err(Error::invalid(format!(
                "{}: no potential in this folder: expected {} (mlmd), {} (n2p2, RuNNer), {} (GPUMD) or \
                 *.nn.ascii (aenet), or the members of a committee",
                path.display(),
                native::FILE,
                n2p2::INPUT,
                nep::FILE
            )));
        }
        if path.file_name().is_some_and(|name| name == n2p2::INPUT) {
            return Ok(Self::N2p2);
        }
        if aenet::ENDINGS.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
            return Ok(Self::Aenet);
        }
        let mut start = Vec::with_capacity(native::MAGIC.len());
        let file = File::open(path).map_err(Error::io(path, "open"))?;
        file.take(native::MAGIC.len() as u64).read_to_end(&mut start).map_err(Error::io(path, "read"))?;
        if start == native::MAGIC.as_bytes() {
            return Ok(Self::Native);
        }
        if nep::begins(&start) {
            return Ok(Self::Nep);
        }
        Err(Error::invalid(format!(
            "{}: not a potential: expected a file that begins with `{}`, a nep.txt of GPUMD, or a folder of n2p2 or \
             aenet files",
            path.display(),
            native::MAGIC
        )))
    }
}

/// Is this a potential? Any folder is meant to be one; a file is by its name or its beginning.
pub fn is_potential(path: &Path) -> bool {
    path.is_dir() || (path.is_file() && PotentialFormat::detect(path).is_ok())
}

/// The potentials in a folder that is not one itself: folders and native files, in the order of their names.
fn members(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io(folder, "open"))? {
        let path = entry.map_err(Error::io(folder, "read"))?.path();
        if PotentialFormat::detect(&path).is_ok() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The committee of the potentials in a folder; `nothing` is what is wrong if there are none.
fn load_committee(folder: &Path, options: &LoadOptions, nothing: Error) -> Result<NeuralModel> {
    let members = members(folder)?;
    if members.is_empty() {
        return Err(nothing);
    }
    let models = members.iter().map(|path| load(path, options)).collect::<Result<_>>()?;
    NeuralModel::committee(models).map_err(|error| {
        let names: Vec<_> = members.iter().filter_map(|path| path.file_name()?.to_str()).collect();
        Error::invalid(format!("{}: {error} (its members: {})", folder.display(), names.join(", ")))
    })
}

/// The files that [`load`] reads, in the order of their names: what decides a potential.
pub fn files(path: &Path) -> Result<Vec<PathBuf>> {
    let format = match PotentialFormat::detect(path) {
        Ok(format) => format,
        Err(_) if path.is_dir() => {
            let each = members(path)?.iter().map(|member| files(member)).collect::<Result<Vec<_>>>()?;
            return Ok(each.concat());
        }
        Err(error) => return Err(error),
    };
    Ok(match format {
        PotentialFormat::N2p2 => n2p2::files(folder_of(path))?,
        _ if path.is_file() => vec![path.to_path_buf()],
        PotentialFormat::Native => vec![path.join(native::FILE)],
        PotentialFormat::Nep => vec![path.join(nep::FILE)],
        PotentialFormat::Aenet => aenet::find(path)?,
    })
}

/// Reads a neural potential of any format, or a committee: a folder of several that share the descriptor.
///
/// ```no_run
/// use mlmd::potential::{LoadOptions, load};
/// let options = LoadOptions { units: Some("hartree,bohr".parse()?) };
/// let model = load("n2p2-folder", &options)?;
/// # Ok::<(), mlmd::Error>(())
/// ```
pub fn load(path: impl AsRef<Path>, options: &LoadOptions) -> Result<NeuralModel> {
    let path = path.as_ref();
    let format = match PotentialFormat::detect(path) {
        Ok(format) => format,
        Err(nothing) if path.is_dir() => return load_committee(path, options, nothing),
        Err(error) => return Err(error),
    };
    match format {
        PotentialFormat::Native => {
            let file = if path.is_dir() { path.join(native::FILE) } else { path.to_path_buf() };
            native::read(&file)
        }
        PotentialFormat::N2p2 => n2p2::read(folder_of(path), stated_units(path, options)?),
        PotentialFormat::Aenet => {
            // A file alone is a potential of one element.
            let files = if path.is_dir() { aenet::find(path)? } else { vec![path.to_path_buf()] };
            aenet::read(&files)
        }
        PotentialFormat::Nep => {
            let file = if path.is_dir() { path.join(nep::FILE) } else { path.to_path_buf() };
            nep::read(&file)
        }
    }
}

/// The folder of the files of n2p2, given by itself or by its `input.nn`.
fn folder_of(path: &Path) -> &Path {
    if path.is_dir() {
        return path;
    }
    // The parent of a bare name is an empty path, which is no folder.
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn stated_units(path: &Path, options: &LoadOptions) -> Result<FileUnits> {
    options.units.ok_or_else(|| {
        Error::invalid(format!(
            "{}: n2p2 and RuNNer files do not say in which units they are; state them: \
             `--units hartree,bohr` or `--units ev,angstrom` \
             (in a TOML file: units = [\"hartree\", \"bohr\"])",
            path.display()
        ))
    })
}

/// Reads the descriptor, in Å, of a potential of any format or of a setup that a potential is still to be
/// trained for: n2p2's `input.nn` alone, or aenet's `*.stp`, one per element (a file alone if there is one
/// element).
pub fn load_descriptor(path: impl AsRef<Path>, options: &LoadOptions) -> Result<DescriptorSet> {
    let path = path.as_ref();
    if path.is_dir() && PotentialFormat::detect(path).is_err() {
        let setups = aenet::find_setups(path)?;
        if !setups.is_empty() {
            return aenet::read_setups(&setups);
        }
    } else if path.to_string_lossy().ends_with(aenet::ENDING_OF_SETUPS) {
        return aenet::read_setups(&[path.to_path_buf()]);
    } else if PotentialFormat::detect(path)? == PotentialFormat::N2p2 {
        return n2p2::read_descriptor(folder_of(path), stated_units(path, options)?);
    }
    Ok(load(path, options)?.descriptor_in_angstrom())
}

/// Writes a neural potential: the native format to the file `path` (or into the folder, if it is one),
/// the others into the folder `path`, which is made. What was written is returned.
pub fn save(model: &NeuralModel, path: impl AsRef<Path>, format: PotentialFormat) -> Result<PathBuf> {
    let path = path.as_ref();
    match format {
        PotentialFormat::Native => {
            let file = if path.is_dir() { path.join(native::FILE) } else { path.to_path_buf() };
            native::write(model, &file)?;
            Ok(file)
        }
        PotentialFormat::N2p2 => {
            n2p2::write(model, path)?;
            Ok(path.to_path_buf())
        }
        PotentialFormat::Aenet => {
            aenet::write(model, path)?;
            Ok(path.to_path_buf())
        }
        PotentialFormat::Nep => Err(Error::invalid(format!(
            "{}: potentials of GPUMD are read and not written: expected native, n2p2 or aenet",
            path.display()
        ))),
    }
}

#[cfg(test)]
mod tests;
