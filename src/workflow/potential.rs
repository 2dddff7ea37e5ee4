//! From the name of a potential, or from `[potential]`, to something that computes.

use crate::compute::Processor;
use crate::error::{Error, Result};
use crate::input::{DisagreementGuard, PotentialChoice};
use crate::potential::{LoadOptions, NeuralPotential, Potential, Precision, Sum, load};
use crate::system::Element;
use crate::units::FileUnits;
use std::path::Path;
use std::sync::Arc;

/// The sum of what `[potential]` asks for, for a system of these elements.
pub fn build(
    choice: &PotentialChoice,
    processor: &mut Processor,
    elements: &[Element],
) -> Result<Box<dyn Potential>> {
    let mut terms = choice.tables(elements)?;
    if let Some(file) = &choice.file {
        let term = from_file(file, choice.units, processor)?;
        // Of a sum with tables, which are made for these elements, nobody could tell any more what the file knows.
        check_elements(&*term, elements)?;
        terms.push(term);
    }
    processor.check()?;
    let mut terms = Processor::joined(terms)?;
    if terms.len() > 1 {
        return Ok(Box::new(Sum::new(terms)?));
    }
    terms.pop().ok_or_else(|| Error::Internal("a potential without terms".to_string()))
}

/// Says which elements of a structure a potential does not know, before anything is computed.
pub fn check_elements(potential: &dyn Potential, elements: &[Element]) -> Result<()> {
    let Some(known) = potential.elements() else { return Ok(()) };
    let mut missing: Vec<_> = elements.iter().filter(|element| !known.contains(element)).collect();
    missing.sort_unstable();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    let list = |elements: &mut dyn Iterator<Item = String>| elements.collect::<Vec<_>>().join(", ");
    Err(Error::invalid(format!(
        "the structure contains {}, which the potential does not know (it knows {})",
        list(&mut missing.iter().map(ToString::to_string)),
        list(&mut known.iter().map(ToString::to_string)),
    )))
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

/// The committee that judges what the run of a plan comes to, if `[guards.disagreement]` wants one: that of the run, or
/// another. It works on the processor; the spread of its members needs no more than single precision.
///
/// # Errors
/// If it has one member only, or does not know one of the elements.
pub fn judge(
    guard: &DisagreementGuard,
    choice: &PotentialChoice,
    elements: &[Element],
) -> Result<NeuralPotential> {
    let file = guard.potential.as_ref().or(choice.file.as_ref());
    let file = file.ok_or_else(|| {
        Error::invalid("[guards.disagreement]: [potential] has no file, so nobody can disagree\n   expected `potential = \"…\"`, a committee")
    })?;
    let model = load(file, &LoadOptions { units: choice.units })?;
    if model.members().len() < 2 {
        return Err(Error::invalid(format!(
            "[guards.disagreement]: {} is one potential, which cannot disagree with itself\n   expected `potential = \"…\"`, \
             a committee: `mlmd train` makes one where [network] members is above 1; a folder of several potentials is one",
            file.display()
        )));
    }
    if let Some(strange) = elements.iter().find(|element| !model.elements().contains(element)) {
        return Err(Error::invalid(format!(
            "[guards.disagreement]: {} does not know {strange}, which is in the structure",
            file.display()
        )));
    }
    Ok(NeuralPotential::new(Arc::new(model), Precision::Mixed))
}

/// Says where nothing knows what the potential was trained on, so that nobody could see it extrapolate.
pub fn check_range(choice: &PotentialChoice) -> Result<()> {
    let refuse = |who: &str| {
        Err(Error::invalid(format!(
            "[guards.extrapolation]: {who} what it was trained on, so nobody can tell where it extrapolates\n   expected a \
             potential that does, such as one that mlmd has trained, or no [guards.extrapolation]"
        )))
    };
    match &choice.file {
        Some(file) if load(file, &LoadOptions { units: choice.units })?.knows_its_range() => Ok(()),
        Some(file) => refuse(&format!("{} does not say", file.display())),
        None => refuse("[potential] has no file that could say"),
    }
}

fn from_file(path: &Path, units: Option<FileUnits>, processor: &mut Processor) -> Result<Box<dyn Potential>> {
    processor.neural(&Arc::new(load(path, &LoadOptions { units })?))
}
