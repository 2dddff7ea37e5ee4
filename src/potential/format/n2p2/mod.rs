//! Potentials of n2p2 and RuNNer: a folder with `input.nn`, `scaling.data` and `weights.ZZZ.data`.
//!
//! The files do not say in which units they are: the caller must. Keywords of training are ignored;
//! keywords that would add energies not computed here (electrostatics, dispersion, the fourth generation)
//! are refused.
//!
//! Read as n2p2 2.3 reads them (Singraber et al., doi:10.1021/acs.jctc.8b00770): elements by atomic
//! number, symmetry functions in n2p2's order, atomic reference energies always added.

mod function;
mod keywords;
mod numbers;
mod topology;
mod write;

pub(super) use write::write;

use crate::descriptors::{
    Cutoff, CutoffShape, Scaling, ScalingKind, Statistics, SymmetryFunction, SymmetryFunctions,
};
use crate::error::{Error, Result};
use crate::potential::model::{AtomicNetwork, DescriptorSet, NeuralModel, Origin, Output};
use crate::system::Element;
use crate::text::Lines;
use crate::units::FileUnits;
use function::element;
use keywords::Keywords;
use std::fs;
use std::path::{Path, PathBuf};

/// Name of the file of settings.
pub(super) const INPUT: &str = "input.nn";
/// Name of the file of statistics of the symmetry functions.
const SCALING: &str = "scaling.data";

/// Name of the file of weights of an element.
fn weights_file(element: Element) -> String {
    format!("weights.{:03}.data", element.number())
}

/// The files of the potential in a folder: settings, statistics and weights, and nothing beside them.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let belongs = |path: &PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name == INPUT || name == SCALING || name.starts_with("weights."))
    };
    let entries = entries.map_err(Error::io(folder, "list"))?;
    let mut files: Vec<_> = entries.iter().map(fs::DirEntry::path).filter(belongs).collect();
    files.sort();
    Ok(files)
}

/// Reads the potential in `folder`, whose numbers are in `units`.
pub(super) fn read(folder: &Path, units: FileUnits) -> Result<NeuralModel> {
    let (keywords, functions) = read_setup(folder)?;
    // From here on elements are in the order of their atomic numbers.
    let elements = functions.elements().to_vec();
    let outputs = read_outputs(&keywords, &elements)?;
    let length_scale = keywords.real("conv_length")?;
    let scalings = read_scalings(&keywords, &folder.join(SCALING), &functions)?;
    let mut networks = Vec::with_capacity(elements.len());
    for (center, (scaling, output)) in scalings.into_iter().zip(outputs).enumerate() {
        let element = elements[center];
        let candidates = topology::read(&keywords, element, &elements)?;
        let network = numbers::read_weights(
            &folder.join(weights_file(element)),
            functions.of(center).len(),
            &candidates,
            keywords.has("normalize_nodes"),
        )?;
        networks.push(AtomicNetwork { scaling, network, output });
    }
    let descriptor = DescriptorSet::Symmetry(functions);
    let mut model =
        NeuralModel::new(units, descriptor, vec![networks]).map_err(|error| keywords.error(error))?;
    model.origin = Some(Origin::N2p2 { length_scale: length_scale.unwrap_or(1.0) });
    Ok(model)
}

/// Reads the descriptor alone, which `input.nn` has before there is a network, in Å.
pub(super) fn read_descriptor(folder: &Path, units: FileUnits) -> Result<DescriptorSet> {
    let (_, functions) = read_setup(folder)?;
    Ok(DescriptorSet::Symmetry(functions).with_lengths(units.length))
}

/// The settings and the symmetry functions they list.
fn read_setup(folder: &Path) -> Result<(Keywords, SymmetryFunctions)> {
    let keywords = Keywords::read(Lines::open(folder.join(INPUT))?)?;
    refuse_other_generations(&keywords)?;
    let elements = read_elements(&keywords)?;
    let functions = read_functions(&keywords, &elements)?;
    Ok((keywords, functions))
}

/// Only short-range potentials (the second generation) are computed.
fn refuse_other_generations(keywords: &Keywords) -> Result<()> {
    let Some(keyword) = keywords.find("nnp_type") else { return Ok(()) };
    let word = keyword.value(0, "the type of the potential")?;
    match word.text {
        "2G-HDNNP" | "2" | "0" => Ok(()),
        other => Err(word
            .error(format!("potentials of type {other} have charges or long-range parts: not supported"))
            .with_help("expected 2G-HDNNP: short-range networks alone")
            .into()),
    }
}

/// The elements in the order of the file.
fn read_elements(keywords: &Keywords) -> Result<Vec<Element>> {
    let keyword = keywords.expect("elements")?;
    let mut elements: Vec<Element> = Vec::new();
    for word in keyword.values() {
        let element = word.text.parse().map_err(|error: Error| word.error(error.to_string()))?;
        if elements.contains(&element) {
            return Err(word.error(format!("{element} is there twice")).into());
        }
        elements.push(element);
    }
    let number = keywords.expect("number_of_elements")?.value(0, "the number of elements")?;
    if number.integer::<usize>("the number of elements")? != elements.len() || elements.is_empty() {
        let message = format!("but there are {} `elements`", elements.len());
        return Err(number.error(message).into());
    }
    Ok(elements)
}

fn read_functions(keywords: &Keywords, elements: &[Element]) -> Result<SymmetryFunctions> {
    let keyword = keywords.expect("cutoff_type")?;
    let kind = keyword.value(0, "the type of the cutoff function")?;
    let shape = kind.integer::<usize>("the type of the cutoff function, 0 to 8")?;
    let Some(&shape) = CutoffShape::ALL.get(shape) else {
        return Err(kind
            .error(format!("there is no cutoff type {shape}"))
            .with_help("expected 0 to 8")
            .into());
    };
    let inner = match keyword.values().get(1) {
        None => 0.0,
        Some(word) => {
            let inner = word.real("the inner radius as a part of the cutoff radius")?;
            if !(0.0..1.0).contains(&inner) {
                return Err(word.error("the relative inner radius must be in [0, 1)").into());
            }
            inner
        }
    };
    let cutoff = Cutoff { shape, radius: 1.0, inner };
    let mut functions: Vec<Vec<SymmetryFunction>> = vec![Vec::new(); elements.len()];
    for keyword in keywords.all("symfunction_short") {
        let (center, function) = function::read(keyword, elements, cutoff)?;
        for (element, list) in elements.iter().zip(&mut functions) {
            if *element == center {
                list.push(function);
            }
        }
    }
    if let Some(bare) = functions.iter().position(Vec::is_empty) {
        return Err(keywords.error(format!("{} has no symmetry function", elements[bare])));
    }
    SymmetryFunctions::new(elements.to_vec(), functions).map_err(|error| keywords.error(error))
}

fn read_outputs(keywords: &Keywords, elements: &[Element]) -> Result<Vec<Output>> {
    let names = ["mean_energy", "conv_energy", "conv_length"];
    let given = names.iter().filter(|name| keywords.has(name)).count();
    if given != 0 && given != names.len() {
        return Err(keywords.error("mean_energy, conv_energy and conv_length belong together"));
    }
    for name in ["conv_energy", "conv_length"] {
        if let (Some(keyword), Some(value)) = (keywords.find(name), keywords.real(name)?)
            && !(value.is_normal() && value > 0.0)
        {
            return Err(keyword.error(format!("{name} must be positive")).into());
        }
    }
    let common = Output {
        scale: keywords.real("conv_energy")?.unwrap_or(1.0),
        shift: keywords.real("mean_energy")?.unwrap_or(0.0),
        reference: 0.0,
    };
    let mut outputs = vec![common; elements.len()];
    for keyword in keywords.all("atom_energy") {
        let of = element(keyword, 0, elements)?;
        let energy = keyword.value(1, "the energy of the free atom")?.real("an energy")?;
        for (output, _) in outputs.iter_mut().zip(elements).filter(|(_, element)| **element == of) {
            output.reference = energy;
        }
    }
    Ok(outputs)
}

fn read_scalings(keywords: &Keywords, path: &Path, functions: &SymmetryFunctions) -> Result<Vec<Scaling>> {
    let kind = match (keywords.has("scale_symmetry_functions"), keywords.has("center_symmetry_functions")) {
        (true, false) => ScalingKind::Range,
        (false, true) => ScalingKind::Center,
        (true, true) => ScalingKind::CenteredRange,
        (false, false) if keywords.has("scale_symmetry_functions_sigma") => ScalingKind::Sigma,
        (false, false) => ScalingKind::None,
    };
    let target =
        [keywords.real("scale_min_short")?.unwrap_or(0.0), keywords.real("scale_max_short")?.unwrap_or(1.0)];
    let counts: Vec<usize> =
        (0..functions.elements().len()).map(|center| functions.of(center).len()).collect();
    let statistics = if kind == ScalingKind::None && !path.exists() {
        // Nothing is scaled and no range is known.
        let unknown = Statistics { min: f64::NEG_INFINITY, max: f64::INFINITY, mean: 0.0, spread: 0.0 };
        counts.iter().map(|&n| vec![unknown; n]).collect()
    } else {
        numbers::read_scaling(path, &counts)?
    };
    statistics
        .into_iter()
        .zip(functions.elements())
        .map(|(table, element)| {
            Scaling::new(kind, target, table)
                .map_err(|error| Error::invalid(format!("{}: {element}: {error}", path.display())))
        })
        .collect()
}
