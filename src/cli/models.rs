//! What `mlmd info` and `mlmd convert` say of potentials.

use super::rows::Rows;
use crate::potential::{AtomicNetwork, Layer};
use crate::workflow::models::Description;
use serde_json::{Map, Value, json};

/// A potential as a person reads it.
pub(super) fn human(description: &Description) -> String {
    let model = &description.model;
    let format = description.format.map_or("committee".to_string(), |format| format!("{format} potential"));
    let mut rows = Rows::new(format!("{}: {format}", description.path.display()));
    let unit = if description.unit_unknown { "(unit of its files, which do not state it)" } else { "Å" };
    rows.push("descriptor", model.descriptor().name());
    rows.push("elements", model.elements().iter().map(|e| e.symbol()).collect::<Vec<_>>().join(", "));
    rows.push("cutoff", format!("{} {unit}", model.cutoff()));
    if model.members().len() > 1 {
        rows.push("members", format!("{}", model.members().len()));
    }
    let each = model.elements().iter().zip(&model.members()[0]).zip(description.descriptors());
    for ((element, atom), descriptors) in each {
        let text =
            format!("{descriptors}\nnetwork {}, {} parameters", shape(atom), atom.network.parameters());
        rows.push(element.symbol(), text);
    }
    if let Some(repulsion) = model.repulsion() {
        let outer = repulsion.pairs.iter().fold(0.0, |outer: f64, pair| outer.max(pair.outer));
        rows.push("repulsion", format!("of nuclei, up to {outer} Å"));
    }
    if !model.knows_its_range() {
        rows.push("trained on", "its files do not say: nothing can tell where it extrapolates".to_string());
    }
    for (key, value) in &model.training {
        rows.push(key, value.to_string());
    }
    rows.to_string()
}

/// `44-15-15-1, tanh tanh linear`.
fn shape(atom: &AtomicNetwork) -> String {
    let layers = atom.network.layers();
    let widths: Vec<_> = layers.iter().map(|layer| layer.outputs().to_string()).collect();
    let activations: Vec<_> = layers.iter().map(|layer| layer.activation.name()).collect();
    format!("{}-{}, {}", atom.network.inputs(), widths.join("-"), activations.join(" "))
}

/// A potential as a program reads it.
pub(super) fn machine(description: &Description) -> Value {
    let model = &description.model;
    let elements: Vec<_> = model.elements().iter().map(|element| element.symbol()).collect();
    let networks = elements.iter().zip(&model.members()[0]).map(|(element, atom)| {
        let layers = atom.network.layers();
        let outputs = layers.iter().map(Layer::outputs);
        let nodes: Vec<usize> = std::iter::once(atom.network.inputs()).chain(outputs).collect();
        let activations: Vec<_> = layers.iter().map(|layer| layer.activation.name()).collect();
        let value = json!({
            "descriptors": atom.network.inputs(),
            "nodes": nodes,
            "activations": activations,
            "parameters": atom.network.parameters(),
        });
        ((*element).to_string(), value)
    });
    json!({
        "file": description.path.display().to_string(),
        "kind": "potential",
        "format": description.format.map_or("committee".to_string(), |format| format.to_string()),
        "descriptor": model.descriptor().name(),
        "elements": elements,
        "cutoff_angstrom": (!description.unit_unknown).then(|| model.cutoff()),
        "members": model.members().len(),
        "repulsion": model.repulsion().is_some(),
        "knows_its_range": model.knows_its_range(),
        "networks": networks.collect::<Map<_, _>>(),
        "training": model.training,
    })
}
