//! What a network file of aenet holds, record by record.

use super::source::Source;
use crate::error::Result;
use crate::potential::network::{Activation, Layer, Network};
use crate::system::Element;
use serde::{Deserialize, Serialize};

/// Number of parameters of a basis function.
pub(super) const PARAMETERS: usize = 4;
/// Elements that a basis function can name.
pub(super) const NAMED: usize = 2;

/// A network file.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct NetworkFile {
    pub(in super::super) network: Network,
    pub(in super::super) setup: Setup,
    pub(in super::super) training: TrainingSet,
}

/// The structural fingerprint setup of one element.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Setup {
    /// Free text; `$$` stands for a line break.
    pub(in super::super) description: String,
    /// The central element.
    pub(in super::super) element: Element,
    /// The `ENV` list.
    pub(in super::super) environment: Vec<Element>,
    /// Distances the setup is meant for, Å.
    pub(in super::super) range: [f64; 2],
    /// `Chebyshev` or `Behler2011`.
    pub(in super::super) basis: String,
    /// Per function: its kind, its parameters, the numbers of its elements in `environment` (from 1).
    pub(in super::super) functions: Vec<(i64, [f64; PARAMETERS], [i64; NAMED])>,
    /// How many atoms the statistics are of.
    pub(in super::super) evaluations: i64,
    /// Per function: minimum, maximum, mean, mean square.
    pub(in super::super) statistics: Vec<[f64; 4]>,
}

/// What the file says about the training set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrainingSet {
    /// Name of its file.
    pub file: String,
    /// Were energies scaled to [−1, 1]?
    pub normalized: bool,
    /// Energies in the network are this many times those of the structures per atom, less the shift.
    pub scale: f64,
    /// Mean of the largest and smallest energy per atom, eV.
    pub shift: f64,
    /// The elements in the order of the training set.
    pub elements: Vec<Element>,
    /// Energies of their free atoms, eV.
    pub references: Vec<f64>,
    /// How many atoms it has.
    pub atoms: i64,
    /// How many structures it has.
    pub structures: i64,
    /// Smallest, largest and mean energy.
    pub energies: [f64; 3],
}

impl NetworkFile {
    /// Reads all records.
    pub(super) fn read(source: &mut dyn Source) -> Result<Self> {
        let network = read_network(source)?;
        let setup = Setup::read(source)?;
        if setup.functions.len() != network.inputs() {
            let (functions, inputs) = (setup.functions.len(), network.inputs());
            return Err(source.error(format!("{functions} functions for a network of {inputs} inputs")));
        }
        let training = TrainingSet::read(source)?;
        Ok(Self { network, setup, training })
    }
}

fn read_network(source: &mut dyn Source) -> Result<Network> {
    let layers = source.count("the number of layers")?;
    if layers < 2 {
        return Err(source.error(format!("a network of {layers} layers")));
    }
    source.count("the largest number of nodes")?;
    let size = source.count("the number of weights")?;
    source.count("the number of values")?;
    let nodes = source.integers(layers, "the numbers of nodes")?;
    let nodes: Option<Vec<usize>> = nodes.into_iter().map(|n| usize::try_from(n).ok()).collect();
    let nodes = nodes.ok_or_else(|| source.error("a layer cannot have less than no nodes".into()))?;
    let expected = nodes.windows(2).try_fold(0_usize, |sum, pair| {
        pair[0].checked_add(1).and_then(|rows| rows.checked_mul(pair[1])).and_then(|n| n.checked_add(sum))
    });
    if expected != Some(size) {
        let text: Vec<_> = nodes.iter().map(ToString::to_string).collect();
        return Err(source.error(format!("a network {} does not have {size} weights", text.join("-"))));
    }
    let mut activations = Vec::new();
    for number in source.integers(layers - 1, "the activation functions")? {
        let activation = u8::try_from(number).ok().and_then(Activation::from_number);
        activations.push(
            activation.ok_or_else(|| source.error(format!("no activation function {number}: 0 to 4")))?,
        );
    }
    source.integers(layers, "the indices of weights")?;
    source.integers(layers, "the indices of values")?;
    let weights = source.reals(size, "the weights")?;
    let mut rest = &weights[..];
    let mut result = Vec::with_capacity(layers - 1);
    for (pair, activation) in nodes.windows(2).zip(activations) {
        // Column-major: for every input and at last for the bias one number per node.
        let (inputs, outputs) = (pair[0], pair[1]);
        let (block, tail) = rest.split_at((inputs + 1) * outputs);
        let (columns, biases) = block.split_at(inputs * outputs);
        rest = tail;
        result.push(Layer {
            weights: (0..outputs).flat_map(|o| (0..inputs).map(move |k| columns[k * outputs + o])).collect(),
            biases: biases.to_vec(),
            activation,
        });
    }
    Network::new(nodes[0], result, false).map_err(|error| source.error(error.to_string()))
}

/// Elements named in a file.
fn elements(source: &dyn Source, names: &[String]) -> Result<Vec<Element>> {
    names
        .iter()
        .map(|name| name.parse().map_err(|_| source.error(format!("`{name}` is no element"))))
        .collect()
}

impl Setup {
    fn read(source: &mut dyn Source) -> Result<Self> {
        let description = source.text("the description")?;
        let name = source.text("the central element")?.trim().to_string();
        let element = elements(source, &[name])?[0];
        let count = source.count("the number of elements around it")?;
        let names = source.names(count, "the elements around it")?;
        let environment = elements(source, &names)?;
        let range = [source.real("the smallest distance")?, source.real("the cutoff radius")?];
        let basis = source.text("the type of the basis")?.trim().to_string();
        let count = source.count("the number of basis functions")?;
        let parameters = source.count("the number of parameters")?;
        if parameters != PARAMETERS {
            return Err(source.error(format!("{parameters} parameters a function, expected {PARAMETERS}")));
        }
        let size = |rows: usize| rows.saturating_mul(count);
        let kinds = source.integers(count, "the kinds of the functions")?;
        let parameters = source.reals(size(PARAMETERS), "the parameters of the functions")?;
        // The text has a row for every element, of which two mean something.
        let rows = if source.is_text() { environment.len() } else { NAMED };
        let named = source.integers(size(rows), "the elements of the functions")?;
        let functions = (0..count).map(|s| {
            let name = |k: usize| if k < rows { named[s * rows + k] } else { 0 };
            let parameters = std::array::from_fn(|k| parameters[s * PARAMETERS + k]);
            (kinds[s], parameters, std::array::from_fn(name))
        });
        let functions = functions.collect();
        let evaluations = source.integer("the number of evaluations")?;
        let columns = [
            source.reals(count, "the minima")?,
            source.reals(count, "the maxima")?,
            source.reals(count, "the means")?,
            source.reals(count, "the mean squares")?,
        ];
        let statistics = (0..count).map(|s| std::array::from_fn(|k| columns[k][s])).collect();
        Ok(Self { description, element, environment, range, basis, functions, evaluations, statistics })
    }
}

impl TrainingSet {
    fn read(source: &mut dyn Source) -> Result<Self> {
        let file = source.text("the name of the training set")?;
        let normalized = source.logical("whether energies are normalised")?;
        let scale = source.real("the scale of energies")?;
        let shift = source.real("the shift of energies")?;
        if !scale.is_normal() {
            return Err(source.error("the scale of energies is zero".into()));
        }
        let count = source.count("the number of elements")?;
        let names = source.names(count, "the elements")?;
        let elements = elements(source, &names)?;
        let references = source.reals(count, "the energies of free atoms")?;
        let atoms = source.integer("the number of atoms")?;
        let structures = source.integer("the number of structures")?;
        let energies = source.reals(3, "smallest, largest and mean energy")?;
        let energies = std::array::from_fn(|k| energies[k]);
        Ok(Self { file, normalized, scale, shift, elements, references, atoms, structures, energies })
    }
}
