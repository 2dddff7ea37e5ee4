//! A neural potential compiled for a device: kernels and parameters of every central species.

use super::device::Device;
use super::expansion::Expansion;
use super::kernel::{Constants, Kernel, Use, files, source};
use super::network::Networks;
use super::symmetry::Symmetry;
use super::tables::Tables;
use crate::descriptors::{Plan, SymmetryFunctions};
use crate::error::Result;
use crate::potential::{DescriptorSet, NeuralModel, Repels};
use crate::system::Element;
use std::collections::HashMap;
use wgpu::Buffer;

/// What does not change while atoms move.
#[derive(Debug)]
pub(super) struct Model {
    /// By central species.
    pub(super) species: Vec<Species>,
    pub(super) gather: Kernel,
    pub(super) reduce: Kernel,
    /// Words that the force between a pair takes.
    pub(super) pair: usize,
}

/// What belongs to one central species.
#[derive(Debug)]
pub(super) struct Species {
    pub(super) values: Kernel,
    pub(super) network: Kernel,
    /// Atoms of a workgroup of it.
    pub(super) together: u32,
    pub(super) pairs: Kernel,
    /// Parameters of the descriptor.
    pub(super) tables: Buffer,
    /// Layers of the networks, and their weights.
    pub(super) plan: Buffer,
    pub(super) weights: Buffer,
    /// How many descriptors an atom has.
    pub(super) length: usize,
    /// How many numbers are kept of an atom between descriptors and pairs.
    pub(super) kept: usize,
    /// Is the descriptor an expansion?
    expands: bool,
    /// How far angular sums reach, Å.
    pub(super) near: f64,
    /// What each member of a committee adds to the energy of an atom, eV.
    pub(super) offsets: Vec<f64>,
    /// By what descriptors come multiplied, and their trained ranges.
    pub(super) multiples: Vec<f64>,
    pub(super) range: Vec<[f64; 2]>,
}

/// A descriptor, translated.
struct Translated {
    constants: Constants,
    tables: Tables,
    kept: Option<usize>,
    near: f64,
}

impl Translated {
    /// Adds what `kernels/repulsion.wgsl` looks up.
    fn repel(&mut self, repulsion: Option<&dyn Repels>, elements: &[Element], center: usize) {
        let Self { constants, tables, .. } = self;
        constants.choice("REPULSION", repulsion.is_some()).count("AT_REPULSION", tables.here());
        constants.count("PAIR", pair(repulsion.is_some()).0);
        for other in elements {
            tables
                .reals(repulsion.map_or([0.0; 14], |repulsion| repulsion.numbers(elements[center], *other)));
        }
    }
}

/// Kernels by their text: species often share them.
#[derive(Default)]
struct Shelf(HashMap<String, Kernel>);

impl Shelf {
    fn get(
        &mut self,
        device: &Device,
        name: &'static str,
        constants: &Constants,
        files: &[&str],
        uses: &[Use],
    ) -> Result<Kernel> {
        let text = source(constants, files);
        if let Some(kernel) = self.0.get(&text) {
            return Ok(kernel.clone());
        }
        let kernel = Kernel::new(device, name, &text, uses)?;
        self.0.insert(text, kernel.clone());
        Ok(kernel)
    }
}

impl Model {
    /// Compiles a model, with the repulsion of nuclei that is added to it.
    ///
    /// # Errors
    /// [`crate::Error::Device`] if the device has too little room for it.
    pub(super) fn new(device: &Device, model: &NeuralModel, repulsion: Option<&dyn Repels>) -> Result<Self> {
        let mut shelf = Shelf::default();
        let memory = device.limits.max_compute_workgroup_storage_size as usize;
        let descriptor = model.descriptor_in_angstrom();
        let multiples = multiples(model);
        let translated: Vec<Translated> = match &descriptor {
            DescriptorSet::Symmetry(functions) => symmetry(functions, &multiples, memory)?,
            DescriptorSet::Chebyshev(basis) => expansions(&basis.plans(), memory)?,
            DescriptorSet::Moments(moments) => expansions(&moments.plans(), memory)?,
        };
        let species = translated
            .into_iter()
            .zip(multiples)
            .enumerate()
            .map(|(center, (mut translated, multiples))| {
                translated.repel(repulsion, model.elements(), center);
                Species::new(device, &mut shelf, model, center, &translated, multiples)
            })
            .collect::<Result<_>>()?;
        let gather = [Use::Uniform, Use::Read, Use::Read, Use::Read, Use::Write];
        let reduce = [Use::Uniform, Use::Read, Use::Write];
        let (pair, constants) = pair(repulsion.is_some());
        Ok(Self {
            species,
            gather: Kernel::new(device, "gather", &source(&constants, &[files::GATHER]), &gather)?,
            reduce: Kernel::new(device, "reduce", files::REDUCE, &reduce)?,
            pair,
        })
    }
}

impl Species {
    /// Are moments kept between descriptors and pairs? Symmetry functions have none.
    pub(super) fn moments(&self) -> bool {
        self.expands
    }

    fn new(
        device: &Device,
        shelf: &mut Shelf,
        model: &NeuralModel,
        center: usize,
        translated: &Translated,
        multiples: Vec<f64>,
    ) -> Result<Self> {
        use Use::{Read, Uniform, Write};
        let memory = device.limits.max_compute_workgroup_storage_size as usize;
        let networks = Networks::new(model, center, &multiples, memory)?;
        let constants = &translated.constants;
        let mut get = |name, parts: &[&str], uses: &[Use]| shelf.get(device, name, constants, parts, uses);
        let (values, pairs) = if translated.kept.is_some() {
            let values = [&files::SHARED[..], &[files::EXPANSION, files::EXPANSION_VALUES]].concat();
            let pairs =
                [&files::SHARED[..], &files::PAIR_FORCES, &[files::EXPANSION, files::EXPANSION_PAIRS]];
            let pairs = pairs.concat();
            (
                get("expansion values", &values, &[Uniform, Read, Read, Read, Read, Write, Write])?,
                get("expansion pairs", &pairs, &[Uniform, Read, Read, Read, Read, Read, Write, Write, Read])?,
            )
        } else {
            let values = [&files::SHARED[..], &[files::SYMMETRY, files::SYMMETRY_VALUES]].concat();
            let pairs = [&files::SHARED[..], &files::PAIR_FORCES, &[files::SYMMETRY, files::SYMMETRY_PAIRS]];
            let pairs = pairs.concat();
            (
                get("symmetry values", &values, &[Uniform, Read, Read, Read, Read, Write])?,
                get("symmetry pairs", &pairs, &[Uniform, Read, Read, Read, Read, Read, Write, Write])?,
            )
        };
        let parts = [files::FRAME, files::ANGLES, files::FUNCTIONS, files::NETWORK];
        let uses = [Uniform, Read, Read, Read, Write, Write, Write];
        let network = shelf.get(device, "network", &networks.constants, &parts, &uses)?;
        Ok(Self {
            values,
            network,
            together: networks.atoms,
            pairs,
            tables: device.constant("parameters of the descriptor", &translated.tables.words)?,
            plan: device.constant("layers of the networks", &networks.plan)?,
            weights: device.constant("weights of the networks", &networks.weights)?,
            length: multiples.len(),
            kept: translated.kept.unwrap_or(0),
            expands: translated.kept.is_some(),
            near: translated.near,
            offsets: networks.offsets,
            range: model.trained_range(center),
            multiples,
        })
    }
}

/// How many words stand for a pair (the force, and where nuclei repel each other that energy), also for kernels.
fn pair(repulsion: bool) -> (usize, Constants) {
    let words = if repulsion { 4 } else { 3 };
    let mut constants = Constants::default();
    constants.count("PAIR", words);
    (words, constants)
}

/// By what descriptors are multiplied where they are computed: symmetry functions may be so small that single
/// precision holds only their product with the factor of the scaling (see [`crate::descriptors::SymmetryKernel`]).
fn multiples(model: &NeuralModel) -> Vec<Vec<f64>> {
    let symmetry = matches!(model.descriptor(), DescriptorSet::Symmetry(_));
    let usable = |f: &f64| if symmetry && f.is_normal() { *f } else { 1.0 };
    model.members()[0].iter().map(|atom| atom.scaling.factor().iter().map(usable).collect()).collect()
}

fn expansions(plans: &[Plan], memory: usize) -> Result<Vec<Translated>> {
    let species = plans.len();
    plans
        .iter()
        .map(|plan| {
            let Expansion { constants, tables, kept, near } = Expansion::new(plan, species, memory)?;
            Ok(Translated { constants, tables, kept: Some(kept), near })
        })
        .collect()
}

fn symmetry(functions: &SymmetryFunctions, multiples: &[Vec<f64>], memory: usize) -> Result<Vec<Translated>> {
    multiples
        .iter()
        .enumerate()
        .map(|(center, multiples)| {
            let Symmetry { constants, tables, near } = Symmetry::new(functions, center, multiples, memory)?;
            Ok(Translated { constants, tables, kept: None, near })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::gpu::network::sizes;
    use crate::descriptors::{
        Chebyshev, ChebyshevCenter, Cutoff, CutoffShape, Moments, MomentsSize, Radial, SymmetryFunction,
    };
    use crate::potential::{Zbl, ZblReach};
    use wgpu::naga::{front::wgsl, valid};

    /// What a workgroup may share on any device.
    const MEMORY: usize = 16384;

    /// Parses and validates a kernel as a device would.
    fn validate(name: &str, text: &str) {
        let module = wgsl::parse_str(text).unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(text)));
        let mut validator =
            valid::Validator::new(valid::ValidationFlags::all(), valid::Capabilities::empty());
        let found = validator.validate(&module);
        found.unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(text)));
    }

    /// Validates the kernels of a descriptor: its values, and its pairs with or without repulsion.
    fn valid_with(
        mut translated: Translated,
        repulsion: Option<&dyn Repels>,
        own: &str,
        [values, pairs]: [&str; 2],
    ) {
        translated.repel(repulsion, &elements(), 0);
        for (name, parts) in [(values, &[][..]), (pairs, &files::PAIR_FORCES[..])] {
            let text = source(&translated.constants, &[&files::SHARED[..], parts, &[own, name]].concat());
            validate(name.lines().next().unwrap_or_default(), &text);
        }
    }

    fn elements() -> Vec<Element> {
        ["Li", "P", "S", "Cl"].map(|symbol| symbol.parse().unwrap()).to_vec()
    }

    #[test]
    fn every_kernel_of_an_expansion_is_valid() {
        let center = ChebyshevCenter {
            environment: elements(),
            radial_cutoff: 6.0,
            radial_order: 16,
            angular_cutoff: 5.0,
            angular_order: 12,
        };
        let chebyshev = Chebyshev::new(elements(), vec![center; 4]).unwrap();
        let mut plans = chebyshev.plans();
        for size in [MomentsSize::Small, MomentsSize::Medium, MomentsSize::Large] {
            plans.extend(Moments::standard(elements(), 6.0, 5.0, size).unwrap().plans());
        }
        // Without an angular part.
        plans.push(Plan { angular: None, ..plans[0].clone() });
        let last = plans.len() - 1;
        plans[last].order.truncate(34);
        let zbl = Zbl::new(&elements(), ZblReach::Fixed { inner: 0.7, outer: 1.4 }).unwrap();
        for plan in &plans {
            for repulsion in [None, Some(&zbl as &dyn Repels)] {
                let Expansion { constants, tables, kept, near } = Expansion::new(plan, 4, MEMORY).unwrap();
                let translated = Translated { constants, tables, kept: Some(kept), near };
                let kernels = [files::EXPANSION_VALUES, files::EXPANSION_PAIRS];
                valid_with(translated, repulsion, files::EXPANSION, kernels);
            }
        }
    }

    #[test]
    fn every_other_kernel_is_valid() {
        let cutoff = Cutoff::new(CutoffShape::Cosine, 6.0, 0.0).unwrap();
        let radial =
            SymmetryFunction::Radial { of: None, radial: Radial::Gaussian { eta: 0.5, shift: 0.0, cutoff } };
        let set = SymmetryFunctions::new(elements(), vec![vec![radial]; 4]).unwrap();
        for translated in symmetry(&set, &vec![vec![1.0]; 4], MEMORY).unwrap() {
            valid_with(translated, None, files::SYMMETRY, [files::SYMMETRY_VALUES, files::SYMMETRY_PAIRS]);
        }
        // Large networks leave room for fewer atoms; without hidden layers there is more than enough.
        for (width, atoms) in [(40, 8), (80, 4), (160, 2), (320, 1)] {
            let (constants, found) = sizes(134, &[width, width, 1], MEMORY).unwrap();
            assert_eq!(found, atoms, "{width}");
            let parts = [files::FRAME, files::ANGLES, files::FUNCTIONS, files::NETWORK];
            validate("network", &source(&constants, &parts));
        }
        assert_eq!(sizes(134, &[1], MEMORY).unwrap().1, 8);
        let complaint = sizes(134, &[1000, 1000, 1], MEMORY).unwrap_err().to_string();
        assert!(complaint.contains("a network needs 24"), "{complaint}");
        for repulsion in [false, true] {
            validate("gather", &source(&pair(repulsion).1, &[files::GATHER]));
        }
        validate("reduce", files::REDUCE);
    }
}
