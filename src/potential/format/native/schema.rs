//! What stands in a file of format 1.

use crate::descriptors::{Chebyshev, Moments, Scaling, ScalingKind, Statistics, SymmetryFunctions};
use crate::error::{Error, Result};
use crate::potential::model::{AtomicNetwork, DescriptorSet, NeuralModel, Origin, Output};
use crate::potential::network::{Activation, Layer, Network};
use crate::potential::repulsion::Repulsion;
use crate::system::Element;
use crate::units::{self, Dimension, FileUnits};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use toml::Spanned;

/// Makes an error about a stretch of the text.
type Complain<'a> = &'a dyn Fn(Range<usize>, String) -> Error;

/// All that follows the hash.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    written_by: String,
    elements: Spanned<Vec<Element>>,
    cutoff: Spanned<String>,
    units: Units,
    descriptor: Spanned<Descriptor>,
    /// From format 2 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repulsion: Option<Spanned<Repulsion>>,
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    training: toml::Table,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
    network: Spanned<Vec<Spanned<NetworkEntry>>>,
}

/// Sizes of the units of all parameters.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Units {
    energy_in_ev: f64,
    length_in_angstrom: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum Descriptor {
    Symmetry(SymmetryFunctions),
    Chebyshev(Chebyshev),
    Moments(Moments),
}

/// One element's network in one member of the committee.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct NetworkEntry {
    element: Element,
    /// Counted from 1.
    member: usize,
    normalize_nodes: bool,
    output: Output,
    scaling: ScalingEntry,
    layer: Vec<LayerEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ScalingEntry {
    kind: Spanned<String>,
    target: [f64; 2],
    min: Vec<f64>,
    max: Vec<f64>,
    mean: Vec<f64>,
    spread: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct LayerEntry {
    activation: Spanned<String>,
    biases: Vec<f64>,
    /// One row per neuron.
    weights: Spanned<Vec<Vec<f64>>>,
}

/// A value that will be written, not one that was read.
fn new<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

impl File {
    /// The contents of a model's file.
    pub(super) fn from_model(model: &NeuralModel) -> Self {
        let units = model.units();
        let mut networks = Vec::new();
        for (index, member) in model.members().iter().enumerate() {
            for (atom, &element) in member.iter().zip(model.elements()) {
                networks.push(new(NetworkEntry::from_atom(atom, element, index + 1)));
            }
        }
        Self {
            written_by: format!("mlmd {}", crate::VERSION),
            elements: new(model.elements().to_vec()),
            cutoff: new(format!("{:?} angstrom", model.cutoff())),
            units: Units { energy_in_ev: units.energy, length_in_angstrom: units.length },
            descriptor: new(match model.descriptor() {
                DescriptorSet::Symmetry(functions) => Descriptor::Symmetry(functions.clone()),
                DescriptorSet::Chebyshev(basis) => Descriptor::Chebyshev(basis.clone()),
                DescriptorSet::Moments(moments) => Descriptor::Moments(moments.clone()),
            }),
            repulsion: model.repulsion().cloned().map(new),
            training: model.training.clone(),
            origin: model.origin.clone(),
            network: new(networks),
        }
    }

    /// The model that the file describes.
    pub(super) fn into_model(self, complain: Complain<'_>) -> Result<NeuralModel> {
        let units = FileUnits { energy: self.units.energy_in_ev, length: self.units.length_in_angstrom };
        let descriptor_span = self.descriptor.span();
        let descriptor = match self.descriptor.into_inner() {
            Descriptor::Symmetry(functions) => DescriptorSet::Symmetry(functions),
            Descriptor::Chebyshev(basis) => {
                basis.check().map_err(|error| complain(descriptor_span.clone(), error.to_string()))?;
                DescriptorSet::Chebyshev(basis)
            }
            Descriptor::Moments(moments) => {
                moments.check().map_err(|error| complain(descriptor_span.clone(), error.to_string()))?;
                DescriptorSet::Moments(moments)
            }
        };
        let elements = descriptor.elements().to_vec();
        if *self.elements.get_ref() != elements {
            let names: Vec<_> = elements.iter().map(|element| element.symbol()).collect();
            let message = format!("the descriptor is for other elements: {}", names.join(", "));
            return Err(complain(self.elements.span(), message));
        }
        let networks_span = self.network.span();
        let mut members: Vec<Vec<AtomicNetwork>> = Vec::new();
        for entry in self.network.into_inner() {
            let span = entry.span();
            let entry = entry.into_inner();
            if members.last().is_none_or(|member| member.len() == elements.len()) {
                members.push(Vec::new());
            }
            let number = members.len();
            let Some(member) = members.last_mut() else { break };
            let expected = elements.get(member.len()).copied();
            if entry.member != number || Some(entry.element) != expected {
                let expected = expected.map_or("nothing", Element::symbol);
                let message = format!(
                    "network of {} in member {}, expected that of {expected} in member {number}",
                    entry.element, entry.member
                );
                return Err(complain(span, message));
            }
            let atom = entry.into_atom(complain, &span)?;
            member.push(atom);
        }
        let mut model = NeuralModel::new(units, descriptor, members)
            .map_err(|error| complain(networks_span, error.to_string()))?;
        if let Some(repulsion) = self.repulsion {
            let span = repulsion.span();
            model = model
                .repelling(Some(repulsion.into_inner()))
                .map_err(|error| complain(span, error.to_string()))?;
        }
        let cutoff = units::parse(self.cutoff.get_ref(), Dimension::LENGTH)
            .map_err(|error| complain(self.cutoff.span(), error.message))?;
        if (cutoff - model.cutoff()).abs() > 1e-9 * cutoff {
            let message = format!("the descriptor reaches {:?} angstrom", model.cutoff());
            return Err(complain(self.cutoff.span(), message));
        }
        if !(model.cutoff() > 0.0 && model.cutoff().is_finite()) {
            return Err(complain(descriptor_span, "the descriptor reaches nothing".into()));
        }
        model.training = self.training;
        model.origin = self.origin;
        Ok(model)
    }
}

impl NetworkEntry {
    fn from_atom(atom: &AtomicNetwork, element: Element, member: usize) -> Self {
        let column =
            |f: fn(&Statistics) -> f64| atom.scaling.statistics().iter().map(f).collect::<Vec<f64>>();
        let mut inputs = atom.network.inputs();
        let mut layers = Vec::new();
        for layer in atom.network.layers() {
            layers.push(LayerEntry {
                activation: new(layer.activation.name().into()),
                biases: layer.biases.clone(),
                weights: new(layer.weights.chunks(inputs).map(<[f64]>::to_vec).collect()),
            });
            inputs = layer.outputs();
        }
        Self {
            element,
            member,
            normalize_nodes: atom.network.normalize_nodes(),
            output: atom.output,
            scaling: ScalingEntry {
                kind: new(atom.scaling.kind().name().into()),
                target: atom.scaling.target(),
                min: column(|s| s.min),
                max: column(|s| s.max),
                mean: column(|s| s.mean),
                spread: column(|s| s.spread),
            },
            layer: layers,
        }
    }

    fn into_atom(self, complain: Complain<'_>, span: &Range<usize>) -> Result<AtomicNetwork> {
        let ScalingEntry { kind, target, min, max, mean, spread } = self.scaling;
        let length = min.len();
        if [&max, &mean, &spread].iter().any(|column| column.len() != length) {
            return Err(complain(kind.span(), "min, max, mean and spread must be equally long".into()));
        }
        let statistics =
            (0..length).map(|s| Statistics { min: min[s], max: max[s], mean: mean[s], spread: spread[s] });
        let known = ScalingKind::from_name(kind.get_ref());
        let known = known
            .ok_or_else(|| complain(kind.span(), format!("`{}` is not a kind of scaling", kind.get_ref())))?;
        let scaling = Scaling::new(known, target, statistics.collect())
            .map_err(|error| complain(kind.span(), error.to_string()))?;
        let mut layers = Vec::with_capacity(self.layer.len());
        let mut inputs = length;
        for entry in self.layer {
            let name = entry.activation.get_ref();
            let activation = Activation::from_name(name).ok_or_else(|| {
                complain(entry.activation.span(), format!("`{name}` is not an activation function"))
            })?;
            let rows = entry.weights.get_ref();
            if rows.len() != entry.biases.len() || rows.iter().any(|row| row.len() != inputs) {
                let message =
                    format!("expected {} rows (one per bias) of {inputs} weights", entry.biases.len());
                return Err(complain(entry.weights.span(), message));
            }
            let weights: Vec<f64> = entry.weights.into_inner().into_iter().flatten().collect();
            if weights.iter().chain(&entry.biases).any(|number| !number.is_finite()) {
                return Err(complain(span.clone(), "a weight is not finite".into()));
            }
            inputs = entry.biases.len();
            layers.push(Layer { weights, biases: entry.biases, activation });
        }
        let network = Network::new(length, layers, self.normalize_nodes)
            .map_err(|error| complain(span.clone(), error.to_string()))?;
        Ok(AtomicNetwork { scaling, network, output: self.output })
    }
}
