//! Writing a potential as n2p2 and RuNNer read it.

use super::{INPUT, SCALING, function, numbers, weights_file};
use crate::descriptors::{Cutoff, Radial, Scaling, ScalingKind, Statistics, SymmetryFunctions};
use crate::error::{Error, Result};
use crate::potential::model::{AtomicNetwork, DescriptorSet, NeuralModel, Origin, Output};
use crate::potential::network::{Layer, Network};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Writes a model of one member into `folder`, which is made; numbers are in the model's units.
///
/// What n2p2 cannot express is refused: descriptors other than its own, several cutoff functions in one
/// potential, activation functions of other programs.
pub(in super::super) fn write(model: &NeuralModel, folder: &Path) -> Result<()> {
    let DescriptorSet::Symmetry(functions) = model.descriptor() else {
        return Err(cannot("its descriptor is not made of symmetry functions"));
    };
    if model.repulsion().is_some() {
        return Err(cannot("a repulsion of nuclei belongs to it"));
    }
    let [atoms] = model.members() else {
        return Err(cannot("it is a committee: write its members one by one (`mlmd convert --member 1`)"));
    };
    let atoms: Vec<AtomicNetwork> = atoms.iter().map(expressible).collect::<Result<_>>()?;
    let input = input(model, functions, &atoms)?;
    fs::create_dir_all(folder).map_err(Error::io(folder, "make the folder"))?;
    let save = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(Error::io(&path, "write"))
    };
    save(INPUT, input)?;
    save(SCALING, numbers::write_scaling(atoms.iter().map(|atom| &atom.scaling)))?;
    for (atom, element) in atoms.iter().zip(functions.elements()) {
        save(&weights_file(*element), numbers::write_weights(&atom.network))?;
    }
    Ok(())
}

fn cannot(reason: impl std::fmt::Display) -> Error {
    Error::invalid(format!("this potential cannot be written as n2p2 files: {reason}"))
}

/// The same function of the descriptors in terms that n2p2 knows.
fn expressible(atom: &AtomicNetwork) -> Result<AtomicNetwork> {
    if atom.scaling.kind() != ScalingKind::SecondMoment {
        return Ok(atom.clone());
    }
    // aenet's scaling is division by σ, but for inputs that never varied: those are 0 always, which any σ
    // does if their weights are 0.
    let mut statistics = atom.scaling.statistics().to_vec();
    let mut layers: Vec<Layer> = atom.network.layers().to_vec();
    for (k, (s, factor)) in statistics.iter_mut().zip(atom.scaling.factor()).enumerate() {
        let constant = *factor == 0.0;
        *s = Statistics { spread: if constant { 1.0 } else { 1.0 / factor }, ..*s };
        if constant {
            layers[0].weights.iter_mut().skip(k).step_by(atom.network.inputs()).for_each(|w| *w = 0.0);
        }
    }
    Ok(AtomicNetwork {
        scaling: Scaling::new(ScalingKind::Sigma, [0.0, 1.0], statistics)?,
        network: Network::new(atom.network.inputs(), layers, atom.network.normalize_nodes())?,
        output: atom.output,
    })
}

/// The text of `input.nn`.
fn input(model: &NeuralModel, functions: &SymmetryFunctions, atoms: &[AtomicNetwork]) -> Result<String> {
    let elements = functions.elements();
    let mut text = String::new();
    // Writing into a string cannot fail.
    let mut line = |arguments: std::fmt::Arguments<'_>| {
        let _ = writeln!(text, "{arguments}");
    };
    let units = model.units();
    line(format_args!("# Written by mlmd {}.", crate::VERSION));
    line(format_args!(
        "# Unit of energy: {:?} eV. Unit of length: {:?} angstrom.",
        units.energy, units.length
    ));
    let symbols: Vec<_> = elements.iter().map(|element| element.symbol()).collect();
    line(format_args!("number_of_elements {}", elements.len()));
    line(format_args!("elements {}", symbols.join(" ")));
    let common = common_output(atoms)?;
    for (element, atom) in elements.iter().zip(atoms) {
        let reference = atom.output.reference + (atom.output.shift - common.shift);
        if reference != 0.0 {
            line(format_args!("atom_energy {element} {reference:?}"));
        }
    }
    let length_scale = match model.origin {
        Some(Origin::N2p2 { length_scale }) => length_scale,
        _ => 1.0,
    };
    if (common.scale, common.shift, length_scale) != (1.0, 0.0, 1.0) {
        line(format_args!("mean_energy {:?}", common.shift));
        line(format_args!("conv_energy {:?}", common.scale));
        line(format_args!("conv_length {length_scale:?}"));
    }
    let cutoff = common_cutoff(functions)?;
    line(format_args!("cutoff_type {} {:?}", cutoff.shape.number(), cutoff.inner));
    for keyword in scaling_keywords(atoms)? {
        line(format_args!("{keyword}"));
    }
    for keyword in topology_keywords(&symbols, atoms)? {
        line(format_args!("{keyword}"));
    }
    for (center, element) in elements.iter().enumerate() {
        for function in functions.of(center) {
            let words = function::write(function)
                .ok_or_else(|| cannot(format!("n2p2 has no symmetry function like {function:?}")))?;
            line(format_args!("symfunction_short {element:<2} {words}"));
        }
    }
    Ok(text)
}

/// Scale and shift of all elements: n2p2 has one scale; shifts that differ go into the references.
fn common_output(atoms: &[AtomicNetwork]) -> Result<Output> {
    let first = atoms[0].output;
    if atoms.iter().any(|atom| atom.output.scale != first.scale) {
        return Err(cannot("the output scale is not the same for all elements"));
    }
    let same = atoms.iter().all(|atom| atom.output.shift == first.shift);
    Ok(Output { shift: if same { first.shift } else { 0.0 }, ..first })
}

/// Shape and inner radius of all Gaussian functions: n2p2 has one `cutoff_type`.
fn common_cutoff(functions: &SymmetryFunctions) -> Result<Cutoff> {
    let all = (0..functions.elements().len()).flat_map(|center| functions.of(center));
    let mut cutoffs = all.filter_map(|function| match function.radial() {
        Radial::Gaussian { cutoff, .. } => Some(*cutoff),
        Radial::Compact { .. } => None,
    });
    let Some(first) = cutoffs.next() else {
        // Compact functions do without; n2p2 wants the keyword all the same.
        return Cutoff::new(crate::descriptors::CutoffShape::Cosine, 1.0, 0.0);
    };
    if cutoffs.any(|cutoff| (cutoff.shape, cutoff.inner) != (first.shape, first.inner)) {
        return Err(cannot("its symmetry functions have several cutoff functions"));
    }
    Ok(first)
}

fn scaling_keywords(atoms: &[AtomicNetwork]) -> Result<Vec<String>> {
    let scaling = &atoms[0].scaling;
    let (kind, target) = (scaling.kind(), scaling.target());
    if atoms.iter().any(|atom| atom.scaling.kind() != kind || atom.scaling.target() != target) {
        return Err(cannot("its elements are scaled in several ways"));
    }
    let mut keywords: Vec<String> = match kind {
        ScalingKind::None => vec![],
        ScalingKind::Range => vec!["scale_symmetry_functions".into()],
        ScalingKind::Center => vec!["center_symmetry_functions".into()],
        ScalingKind::CenteredRange => {
            vec!["scale_symmetry_functions".into(), "center_symmetry_functions".into()]
        }
        ScalingKind::Sigma | ScalingKind::SecondMoment => vec!["scale_symmetry_functions_sigma".into()],
    };
    keywords.push(format!("scale_min_short {:?}", target[0]));
    keywords.push(format!("scale_max_short {:?}", target[1]));
    Ok(keywords)
}

/// Global keywords from the first element, keywords of an element for those that differ.
fn topology_keywords(symbols: &[&str], atoms: &[AtomicNetwork]) -> Result<Vec<String>> {
    let mut described = Vec::with_capacity(atoms.len());
    for atom in atoms {
        let layers = atom.network.layers();
        let letters: Option<Vec<String>> =
            layers.iter().map(|layer| layer.activation.letter().map(String::from)).collect();
        let letters = letters.ok_or_else(|| cannot("n2p2 does not have all of its activation functions"))?;
        let hidden = &layers[..layers.len() - 1];
        let widths: Vec<String> = hidden.iter().map(|layer| layer.outputs().to_string()).collect();
        described.push((widths, letters));
    }
    if atoms.iter().any(|atom| atom.network.normalize_nodes() != atoms[0].network.normalize_nodes()) {
        return Err(cannot("normalize_nodes is not the same for all elements"));
    }
    let (widths, letters) = &described[0];
    if widths.is_empty() {
        return Err(cannot("a network without hidden layers is unknown to n2p2"));
    }
    let mut keywords = vec![
        format!("global_hidden_layers_short {}", widths.len()),
        format!("global_nodes_short {}", widths.join(" ")),
        format!("global_activation_short {}", letters.join(" ")),
    ];
    for (symbol, (own_widths, own_letters)) in symbols.iter().zip(&described) {
        if own_widths.len() != widths.len() {
            keywords.push(format!("element_hidden_layers_short {symbol} {}", own_widths.len()));
        }
        if own_widths != widths {
            keywords.push(format!("element_nodes_short {symbol} {}", own_widths.join(" ")));
        }
        if own_letters != letters {
            if own_widths.len() == widths.len() && own_letters.last() != letters.last() {
                return Err(cannot("the output activation is not the same for all elements"));
            }
            keywords.push(format!("element_activation_short {symbol} {}", own_letters.join(" ")));
        }
    }
    if atoms[0].network.normalize_nodes() {
        keywords.push("normalize_nodes".into());
    }
    Ok(keywords)
}
