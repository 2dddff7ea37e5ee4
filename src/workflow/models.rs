//! Files of potentials: from one format into another, and what is in them.

use crate::descriptors::{MomentsCenter, SymmetryFunction};
use crate::error::{Error, Result};
use crate::potential::{DescriptorSet, LoadOptions, NeuralModel, Origin, PotentialFormat, load, save};
use crate::units::FileUnits;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// A potential to be written in another format.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// The file or folder to read.
    pub input: PathBuf,
    /// Units of files that state none.
    pub units: Option<FileUnits>,
    /// The file or folder to write.
    pub output: PathBuf,
    /// Its format; `None`: see [`Conversion::run`].
    pub format: Option<PotentialFormat>,
    /// Which member of a committee to write, from 1 on; `None`: all.
    pub member: Option<usize>,
}

impl Conversion {
    /// Reads and writes the potential; returns what was written, and its format.
    ///
    /// Without a format, a native potential is written as the program had it that it came from, and any
    /// other becomes native: a file if the name ends in `.mlmd`, else a folder.
    pub fn run(&self) -> Result<(PathBuf, PotentialFormat)> {
        if let (Ok(a), Ok(b)) = (fs::canonicalize(&self.input), fs::canonicalize(&self.output))
            && a == b
        {
            return Err(Error::invalid(format!("{}: input and output are the same", self.input.display())));
        }
        let mut model = load(&self.input, &LoadOptions { units: self.units })?;
        if let Some(member) = self.member {
            let all = model.members().len();
            model = member.checked_sub(1).and_then(|index| model.member(index)).ok_or_else(|| {
                Error::invalid(format!(
                    "{}: there is no member {member}; expected 1{}",
                    self.input.display(),
                    if all > 1 { format!(" to {all}") } else { String::new() }
                ))
            })?;
        }
        let named = self.output.extension().is_some_and(|extension| extension == "mlmd");
        let format = match (self.format, &model.origin) {
            (Some(format), _) => format,
            (None, _) if named => PotentialFormat::Native,
            (None, origin) if PotentialFormat::detect(&self.input).ok() == Some(PotentialFormat::Native) => {
                match origin {
                    Some(Origin::N2p2 { .. }) => PotentialFormat::N2p2,
                    Some(Origin::Aenet(_)) => PotentialFormat::Aenet,
                    None => {
                        return Err(Error::invalid(format!(
                            "{}: say which format to write: --to n2p2, --to aenet, --to native, or a name \
                             that ends in .mlmd",
                            self.output.display()
                        )));
                    }
                }
            }
            _ => PotentialFormat::Native,
        };
        if format == PotentialFormat::Native && !named {
            fs::create_dir_all(&self.output).map_err(Error::io(&self.output, "make the folder"))?;
        }
        Ok((save(&model, &self.output, format)?, format))
    }
}

/// A potential, and what its files say of themselves.
#[derive(Debug, Clone)]
pub struct Description {
    /// The file or folder.
    pub path: PathBuf,
    /// Its format; `None` for a folder of several potentials.
    pub format: Option<PotentialFormat>,
    /// Are lengths and energies in units that the files do not state?
    pub unit_unknown: bool,
    /// The potential.
    pub model: NeuralModel,
}

/// Reads a potential to describe it. Units need not be known for that.
pub fn describe(path: &Path, units: Option<FileUnits>) -> Result<Description> {
    let format = PotentialFormat::detect(path).ok();
    let unit_unknown = units.is_none() && format == Some(PotentialFormat::N2p2);
    let units = if unit_unknown { Some(FileUnits { energy: 1.0, length: 1.0 }) } else { units };
    let model = load(path, &LoadOptions { units })?;
    Ok(Description { path: path.to_path_buf(), format, unit_unknown, model })
}

impl Description {
    /// The descriptor of each element in a few words.
    pub fn descriptors(&self) -> Vec<String> {
        let descriptor = self.model.descriptor_in_angstrom();
        let species = self.model.elements().len();
        (0..species)
            .map(|center| {
                let numbers = descriptor.len(center);
                match &descriptor {
                    DescriptorSet::Symmetry(functions) => {
                        let radial = functions
                            .of(center)
                            .iter()
                            .filter(|f| matches!(f, SymmetryFunction::Radial { .. }))
                            .count();
                        format!(
                            "{numbers} symmetry functions, {radial} radial and {} angular",
                            numbers - radial
                        )
                    }
                    DescriptorSet::Chebyshev(basis) => {
                        let c = &basis.centers[center];
                        format!(
                            "{numbers} numbers: radial order {} to {} Å, angular order {} to {} Å",
                            c.radial_order, c.radial_cutoff, c.angular_order, c.angular_cutoff
                        )
                    }
                    DescriptorSet::Moments(moments) => moments_in_words(&moments.centers[center], species),
                }
            })
            .collect()
    }
}

fn moments_in_words(center: &MomentsCenter, species: usize) -> String {
    let MomentsCenter { radial, angular } = center;
    let mut text = format!(
        "{} numbers: {} radial to {} Å",
        center.len(species),
        radial.channels.functions(species),
        radial.cutoff.radius
    );
    if let Some(angular) = angular {
        let (all, functions) = (angular.len(species), angular.functions.channels.functions(species));
        let more = (angular.three.len() + angular.four.len()) * functions;
        let _ = write!(
            text,
            ", {} products of two moments and {more} more, of {functions} functions to {} Å, l ≤ {}",
            all - more,
            angular.functions.cutoff.radius,
            angular.degree
        );
    }
    text
}
