//! From the name of a potential, or from `[potential]`, to something that computes.

use crate::compute::Processor;
use crate::error::{Error, Result};
use crate::input::PotentialChoice;
use crate::potential::{LoadOptions, Potential, Sum, load};
use crate::system::Element;
use crate::units::FileUnits;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The sum of what `[potential]` asks for, for a system of these elements.
pub fn build(
    choice: &PotentialChoice,
    processor: &mut Processor,
    elements: &[Element],
) -> Result<Box<dyn Potential>> {
    let mut terms = choice.tables(elements)?;
    if let Some(file) = &choice.file {
        terms.push(from_file(file, choice.units, processor)?);
    }
    processor.check()?;
    let mut terms = Processor::joined(terms)?;
    if terms.len() > 1 {
        return Ok(Box::new(Sum::new(terms)?));
    }
    terms.pop().ok_or_else(|| Error::Internal("a potential without terms".to_string()))
}

/// A potential by its path: a file or folder of one, or a TOML file with a `[potential]` table.
///
/// `units` are those of files that state none. `elements` tells which elements the atoms will be of; only
/// some tables of parameters ask for them.
pub fn from_path(
    path: &Path,
    units: Option<FileUnits>,
    processor: &mut Processor,
    elements: impl FnOnce() -> Result<Vec<Element>>,
) -> Result<Box<dyn Potential>> {
    if path.extension().is_some_and(|extension| extension == "toml") {
        return build(&PotentialChoice::read_file(path)?, processor, &elements()?);
    }
    from_file(path, units, processor)
}

/// The file of a potential, or all files of its folder, in the order of their names.
pub fn files_of(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let entries = std::fs::read_dir(path).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let entries = entries.map_err(Error::io(path, "list"))?;
    let mut files: Vec<_> =
        entries.iter().map(std::fs::DirEntry::path).filter(|path| path.is_file()).collect();
    files.sort();
    Ok(files)
}

fn from_file(path: &Path, units: Option<FileUnits>, processor: &mut Processor) -> Result<Box<dyn Potential>> {
    processor.neural(Arc::new(load(path, &LoadOptions { units })?))
}
