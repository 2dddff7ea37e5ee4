//! Potentials of aenet: a folder with one network file per element.
//!
//! Read are `*.nn.ascii`, and where there is none the binary `*.nn` of aenet's own programs; written are
//! both. Artrith and Urban, doi:10.1016/j.commatsci.2015.11.047; Artrith, Urban and Ceder,
//! doi:10.1103/PhysRevB.96.014112. Lengths are in Å and energies in eV.
//!
//! The energy of an atom is output/scale + shift + E_atom; what enters the network is
//! (G − ⟨G⟩)/√(⟨G²⟩ − ⟨G⟩²).

mod behler;
mod file;
mod setup;
mod sink;
mod source;

pub use file::TrainingSet;

use crate::descriptors::{Chebyshev, ChebyshevCenter, Scaling, ScalingKind, Statistics};
use crate::error::{Error, Result};
use crate::potential::model::{AtomicNetwork, DescriptorSet, NeuralModel, Origin, Output};
use crate::potential::network::{Layer, Network};
use crate::system::Element;
use crate::units::FileUnits;
use file::{NAMED, PARAMETERS};
pub(super) use file::{NetworkFile, Setup};
use serde::{Deserialize, Serialize};
#[cfg(test)]
pub(super) use sink::ascii;
use source::{Ascii, Binary};
use std::fs;
use std::path::{Path, PathBuf};

/// How names of text and binary network files end.
pub(super) const ENDINGS: [&str; 2] = [".nn.ascii", ".nn"];
/// How names of setups end, which describe surroundings and have no network yet.
pub(super) const ENDING_OF_SETUPS: &str = ".stp";

/// What aenet keeps for an element that no energy depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AenetRecord {
    /// Free text; `$$` stands for a line break.
    pub description: String,
    /// The elements in the order of the setup's `ENV` list.
    pub environment: Vec<Element>,
    /// Distances the setup is meant for, Å.
    pub range: [f64; 2],
    /// How many atoms the statistics of the descriptors are of.
    pub evaluations: i64,
    /// For symmetry functions: the number in the descriptor of each that the file lists.
    pub order: Vec<usize>,
    /// The training set.
    pub training_set: TrainingSet,
}

/// The network files in a folder: text, or else binary.
pub(super) fn find(folder: &Path) -> Result<Vec<PathBuf>> {
    find_first(folder, &ENDINGS)
}

/// The setups in a folder.
pub(super) fn find_setups(folder: &Path) -> Result<Vec<PathBuf>> {
    find_first(folder, &[ENDING_OF_SETUPS])
}

/// The files with the first of these endings that there are.
fn find_first(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>> {
    for ending in endings {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(Error::io(folder, "read"))? {
            let path = entry.map_err(Error::io(folder, "read"))?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            if name.is_some_and(|name| name.ends_with(ending) && !name.starts_with('.')) && path.is_file() {
                files.push(path);
            }
        }
        if !files.is_empty() {
            files.sort();
            return Ok(files);
        }
    }
    Ok(Vec::new())
}

/// Reads a potential from its network files.
pub(super) fn read(paths: &[PathBuf]) -> Result<NeuralModel> {
    let mut files: Vec<(&PathBuf, NetworkFile)> = Vec::new();
    for path in paths {
        let file = if path.to_string_lossy().ends_with(ENDINGS[0]) {
            NetworkFile::read(&mut Ascii::open(path)?)?
        } else {
            NetworkFile::read(&mut Binary::open(path)?)?
        };
        let element = file.setup.element;
        if let Some((other, _)) = files.iter().find(|(_, known)| known.setup.element == element) {
            return Err(Error::invalid(format!(
                "{}: a second network for {element}, after {}",
                path.display(),
                other.display()
            )));
        }
        files.push((path, file));
    }
    files.sort_by_key(|(_, file)| file.setup.element);
    let setups: Vec<_> = files.iter().map(|(path, file)| (path.as_path(), &file.setup)).collect();
    let (descriptor, orders) = describe(&setups)?;
    let mut atoms = Vec::with_capacity(files.len());
    let mut records = Vec::with_capacity(files.len());
    for ((path, file), order) in files.into_iter().zip(orders) {
        let wrong = |error: Error| Error::invalid(format!("{}: {error}", path.display()));
        let atom = atom(&file).and_then(|atom| reordered(&atom, &order.inputs)).map_err(wrong)?;
        atoms.push(atom);
        let NetworkFile { setup, training, .. } = file;
        records.push(AenetRecord {
            description: setup.description,
            environment: setup.environment,
            range: setup.range,
            evaluations: setup.evaluations,
            order: order.listed,
            training_set: training,
        });
    }
    let model = NeuralModel::new(FileUnits::EV_ANGSTROM, descriptor, vec![atoms]);
    let mut model = model.map_err(|error| Error::invalid(format!("{}: {error}", paths[0].display())))?;
    model.origin = Some(Origin::Aenet(records));
    Ok(model)
}

/// Reads the descriptor that setups describe, in Å.
pub(super) fn read_setups(paths: &[PathBuf]) -> Result<DescriptorSet> {
    let files = paths.iter().map(|path| Ok((path.as_path(), setup::read(path)?)));
    let mut files = files.collect::<Result<Vec<_>>>()?;
    files.sort_by_key(|(_, setup)| setup.element);
    if let Some([(one, setup), (other, _)]) =
        files.array_windows().find(|[(_, one), (_, other)]| one.element == other.element)
    {
        let (one, other, element) = (one.display(), other.display(), setup.element);
        return Err(Error::invalid(format!("{other}: a second setup for {element}, after {one}")));
    }
    let setups: Vec<_> = files.iter().map(|(path, setup)| (*path, setup)).collect();
    Ok(describe(&setups)?.0)
}

/// The descriptor of the setups of all elements, ordered by element, and how its functions are ordered.
fn describe(files: &[(&Path, &Setup)]) -> Result<(DescriptorSet, Vec<behler::Orders>)> {
    let elements: Vec<Element> = files.iter().map(|(_, setup)| setup.element).collect();
    let wrong = |path: &Path, error: Error| Error::invalid(format!("{}: {error}", path.display()));
    for (path, setup) in files {
        if let Some(missing) = setup.environment.iter().find(|element| !elements.contains(element)) {
            return Err(Error::invalid(format!(
                "{}: {missing} is in the environment of {}, but there is no file for it in this folder",
                path.display(),
                setup.element
            )));
        }
    }
    let Some((first, _)) = files.first() else {
        return Err(Error::invalid("no files of aenet"));
    };
    if files.iter().all(|(_, setup)| setup.basis.eq_ignore_ascii_case("chebyshev")) {
        let centers = files.iter().map(|(path, setup)| center(setup).map_err(|error| wrong(path, error)));
        let basis = Chebyshev::new(elements, centers.collect::<Result<_>>()?);
        let basis = basis.map_err(|error| wrong(first, error))?;
        return Ok((DescriptorSet::Chebyshev(basis), vec![behler::Orders::default(); files.len()]));
    }
    let setups: Vec<&Setup> = files.iter().map(|(_, setup)| *setup).collect();
    let (functions, orders) = behler::read(&setups).map_err(|error| wrong(first, error))?;
    Ok((DescriptorSet::Symmetry(functions), orders))
}

/// The Chebyshev basis of a setup: its parameters stand in the place of those of the first function.
fn center(setup: &Setup) -> Result<ChebyshevCenter> {
    let Some((_, [radial_cutoff, radial_order, angular_cutoff, angular_order], _)) = setup.functions.first()
    else {
        return Err(Error::invalid("a basis without functions"));
    };
    let order = |value: f64, name: &str| {
        if (0.0..1000.0).contains(&value) && value.fract() == 0.0 {
            Ok(value as usize)
        } else {
            Err(Error::invalid(format!("the {name} order must be a small integer, but is {value}")))
        }
    };
    let center = ChebyshevCenter {
        environment: setup.environment.clone(),
        radial_cutoff: *radial_cutoff,
        radial_order: order(*radial_order, "radial")?,
        angular_cutoff: *angular_cutoff,
        angular_order: order(*angular_order, "angular")?,
    };
    if center.len() != setup.functions.len() {
        return Err(Error::invalid(format!(
            "{} functions, but the orders {radial_order} and {angular_order} for {} elements make {}",
            setup.functions.len(),
            setup.environment.len(),
            center.len()
        )));
    }
    Ok(center)
}

/// The network of a file, with its scaling and units.
fn atom(file: &NetworkFile) -> Result<AtomicNetwork> {
    let TrainingSet { scale, shift, elements, references, .. } = &file.training;
    let element = file.setup.element;
    let place = elements.iter().position(|known| *known == element);
    let reference = place
        .map(|place| references[place])
        .ok_or_else(|| Error::invalid(format!("{element} is not among the elements of the training set")))?;
    let statistics =
        file.setup.statistics.iter().map(|&[min, max, mean, spread]| Statistics { min, max, mean, spread });
    Ok(AtomicNetwork {
        scaling: Scaling::new(ScalingKind::SecondMoment, [0.0, 1.0], statistics.collect())?,
        network: file.network.clone(),
        output: Output { scale: *scale, shift: *shift, reference },
    })
}

/// The same network on descriptors in another order: input k was input `inputs[k]`. No order is the order
/// as it is.
fn reordered(atom: &AtomicNetwork, inputs: &[usize]) -> Result<AtomicNetwork> {
    if inputs.is_empty() {
        return Ok(atom.clone());
    }
    let statistics = inputs.iter().map(|&k| atom.scaling.statistics()[k]).collect();
    let mut layers = atom.network.layers().to_vec();
    let width = atom.network.inputs();
    layers[0].weights =
        layers[0].weights.chunks_exact(width).flat_map(|row| inputs.iter().map(|&k| row[k])).collect();
    Ok(AtomicNetwork {
        scaling: Scaling::new(atom.scaling.kind(), atom.scaling.target(), statistics)?,
        network: Network::new(width, layers, atom.network.normalize_nodes())?,
        output: atom.output,
    })
}

/// Writes a model of one member into `folder`, which is made: `El.nn.ascii` and `El.nn` for each element.
pub(super) fn write(model: &NeuralModel, folder: &Path) -> Result<()> {
    let cannot =
        |reason: &str| Error::invalid(format!("this potential cannot be written for aenet: {reason}"));
    if model.repulsion().is_some() {
        return Err(cannot("a repulsion of nuclei belongs to it"));
    }
    let [atoms] = model.members() else {
        return Err(cannot("it is a committee: write its members one by one (`mlmd convert --member 1`)"));
    };
    let records = match &model.origin {
        Some(Origin::Aenet(records)) if records.len() == atoms.len() => Some(records),
        _ => None,
    };
    let mut files = Vec::new();
    for (center, (atom, &element)) in atoms.iter().zip(model.elements()).enumerate() {
        let record = match records {
            Some(records) => records[center].clone(),
            None => new_record(model, center),
        };
        let atom = expressible(model, atom)?;
        let (basis, functions, inputs) = match model.descriptor_in_angstrom() {
            DescriptorSet::Chebyshev(basis) => {
                ("Chebyshev", chebyshev_functions(&basis.centers[center]), Vec::new())
            }
            DescriptorSet::Symmetry(functions) => {
                let listed = behler::write(functions.of(center), &record)?;
                ("Behler2011", listed.functions, listed.inputs)
            }
            DescriptorSet::Moments(_) => return Err(cannot("aenet has no moments")),
        };
        let atom = reordered(&atom, &inputs)?;
        let statistics = atom.scaling.statistics().iter().map(|s| [s.min, s.max, s.mean, s.spread]);
        let training =
            TrainingSet { scale: atom.output.scale, shift: atom.output.shift, ..record.training_set };
        let file = NetworkFile {
            setup: Setup {
                description: record.description,
                element,
                environment: record.environment,
                range: record.range,
                basis: basis.into(),
                functions,
                evaluations: record.evaluations,
                statistics: statistics.collect(),
            },
            network: atom.network,
            training,
        };
        for (ending, bytes) in ENDINGS.iter().zip([sink::ascii(&file)?, sink::binary(&file)?]) {
            files.push((folder.join(format!("{element}{ending}")), bytes));
        }
    }
    // Only a potential that can be written whole leaves anything behind.
    fs::create_dir_all(folder).map_err(Error::io(folder, "make the folder"))?;
    for (path, bytes) in files {
        fs::write(&path, bytes).map_err(Error::io(&path, "write"))?;
    }
    Ok(())
}

/// A record for a model that did not come from aenet.
fn new_record(model: &NeuralModel, center: usize) -> AenetRecord {
    let environment = match model.descriptor() {
        DescriptorSet::Chebyshev(basis) => basis.centers[center].environment.clone(),
        DescriptorSet::Symmetry(_) | DescriptorSet::Moments(_) => model.elements().to_vec(),
    };
    AenetRecord {
        description: format!("written by mlmd {}$$", crate::VERSION),
        environment,
        // aenet warns of atoms that are closer than this.
        range: [0.5, model.cutoff()],
        evaluations: 1,
        order: (0..model.descriptor().len(center)).collect(),
        training_set: TrainingSet {
            file: "mlmd".into(),
            normalized: true,
            scale: 1.0,
            shift: 0.0,
            elements: model.elements().to_vec(),
            references: model.members()[0]
                .iter()
                .map(|atom| atom.output.reference * model.units().energy)
                .collect(),
            atoms: 0,
            structures: 0,
            energies: [-1.0, 1.0, 0.0],
        },
    }
}

/// The same function of the descriptors in terms that aenet knows, in eV.
fn expressible(model: &NeuralModel, atom: &AtomicNetwork) -> Result<AtomicNetwork> {
    let AtomicNetwork { scaling, network, output } = atom;
    let energy = model.units().energy;
    // 1.0 as a unit leaves all bits as they are.
    let output = Output {
        scale: output.scale / energy,
        shift: output.shift * energy,
        reference: output.reference * energy,
    };
    let mut layers: Vec<Layer> = network.layers().to_vec();
    if network.normalize_nodes() {
        let mut inputs = network.inputs();
        for layer in &mut layers {
            for number in layer.weights.iter_mut().chain(&mut layer.biases) {
                *number /= inputs as f64;
            }
            inputs = layer.outputs();
        }
    }
    let mut statistics = scaling.statistics().to_vec();
    if scaling.kind() != ScalingKind::SecondMoment {
        let columns = statistics.iter_mut().zip(scaling.shift()).zip(scaling.factor()).enumerate();
        for (k, ((s, &shift), &factor)) in columns {
            // x = (G − mean)/√(mean square − mean²) has no sign of its own.
            let sigma = 1.0 / factor.abs();
            *s = Statistics { mean: shift, spread: sigma * sigma + shift * shift, ..*s };
            if factor < 0.0 {
                layers[0].weights.iter_mut().skip(k).step_by(network.inputs()).for_each(|w| *w = -*w);
            }
        }
        // Nor has it an offset: that goes into the biases.
        let Layer { weights, biases, .. } = &mut layers[0];
        for (bias, row) in biases.iter_mut().zip(weights.chunks_exact(network.inputs())) {
            let signs = row.iter().zip(scaling.factor()).map(|(w, factor)| w * factor.signum());
            *bias += scaling.offset() * signs.sum::<f64>();
        }
    }
    Ok(AtomicNetwork {
        scaling: Scaling::new(ScalingKind::SecondMoment, [0.0, 1.0], statistics)?,
        network: Network::new(network.inputs(), layers, false)?,
        output,
    })
}

/// The table of functions that stands for a Chebyshev basis.
fn chebyshev_functions(center: &ChebyshevCenter) -> Vec<(i64, [f64; PARAMETERS], [i64; NAMED])> {
    let mut functions = vec![(0, [0.0; PARAMETERS], [0; NAMED]); center.len()];
    functions[0].1 = [
        center.radial_cutoff,
        center.radial_order as f64,
        center.angular_cutoff,
        center.angular_order as f64,
    ];
    functions
}
