//! A neural potential as data: what files hold, what training makes, what is compiled to run.

use super::format::AenetRecord;
use super::network::Network;
use super::repulsion::Repulsion;
use crate::descriptors::{Chebyshev, Moments, Scaling, SymmetryFunctions};
use crate::error::{Error, Result};
use crate::system::Element;
use crate::units::FileUnits;

/// What turns environments into numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum DescriptorSet {
    /// Symmetry functions of Behler and Parrinello, all types of n2p2.
    Symmetry(SymmetryFunctions),
    /// Chebyshev polynomials of Artrith, Urban and Ceder, as aenet has them.
    Chebyshev(Chebyshev),
    /// Invariants of moments, mlmd's own.
    Moments(Moments),
}

impl DescriptorSet {
    /// The name of the family, for a person.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Symmetry(_) => "Behler–Parrinello",
            Self::Chebyshev(_) => "Artrith–Urban–Ceder",
            Self::Moments(_) => "moments",
        }
    }

    /// The elements, in the order of their species numbers.
    pub fn elements(&self) -> &[Element] {
        match self {
            Self::Symmetry(functions) => functions.elements(),
            Self::Chebyshev(basis) => &basis.elements,
            Self::Moments(moments) => &moments.elements,
        }
    }

    /// How many numbers describe an atom of species `center`.
    pub fn len(&self, center: usize) -> usize {
        match self {
            Self::Symmetry(functions) => functions.of(center).len(),
            Self::Chebyshev(basis) => basis.centers[center].len(),
            Self::Moments(moments) => moments.len(center),
        }
    }

    /// How far the descriptor reaches, in its unit of length.
    pub fn cutoff(&self) -> f64 {
        match self {
            Self::Symmetry(functions) => functions.cutoff(),
            Self::Chebyshev(basis) => basis
                .centers
                .iter()
                .map(|center| center.radial_cutoff.max(center.angular_cutoff))
                .fold(0.0, f64::max),
            Self::Moments(moments) => moments.cutoff(),
        }
    }

    /// The same descriptor with every length multiplied by `factor`.
    pub fn with_lengths(&self, factor: f64) -> Self {
        match self {
            Self::Symmetry(functions) => Self::Symmetry(functions.with_lengths(factor)),
            Self::Chebyshev(basis) => {
                let mut basis = basis.clone();
                for center in &mut basis.centers {
                    center.radial_cutoff *= factor;
                    center.angular_cutoff *= factor;
                }
                Self::Chebyshev(basis)
            }
            Self::Moments(moments) => Self::Moments(moments.with_lengths(factor)),
        }
    }
}

/// From the output of a network to the energy of an atom:
/// E = output/scale + shift + reference, in the model's unit of energy.
///
/// n2p2 calls them `conv_energy`, `mean_energy` and `atom_energy`; aenet scale, shift and `E_atom`.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Normalised energies are this many times physical ones; not zero.
    pub scale: f64,
    /// Mean energy of an atom in the training set, beyond the references.
    pub shift: f64,
    /// Reference energy of the free atom.
    pub reference: f64,
}

impl Default for Output {
    fn default() -> Self {
        Self { scale: 1.0, shift: 0.0, reference: 0.0 }
    }
}

/// One element's way from descriptors to an energy.
#[derive(Debug, Clone, PartialEq)]
pub struct AtomicNetwork {
    /// How descriptors are scaled, and their trained range.
    pub scaling: Scaling,
    /// The network.
    pub network: Network,
    /// What its output means.
    pub output: Output,
}

/// A neural potential E = Σ_i E_{t(i)}(G_i), or a committee of several that share the descriptor.
///
/// Lengths among the parameters of the descriptor and energies among those of the outputs are in
/// [`NeuralModel::units`], those of the file they came from, so that nothing is lost by rounding when they
/// are written again; [`NeuralModel::descriptor_in_angstrom`] and [`NeuralModel::output_in_ev`] convert.
/// What training makes is in eV and Å.
#[derive(Debug, Clone, PartialEq)]
pub struct NeuralModel {
    units: FileUnits,
    descriptor: DescriptorSet,
    members: Vec<Vec<AtomicNetwork>>,
    /// In eV and Å whatever the units of the rest.
    repulsion: Option<Repulsion>,
    /// What its maker wants remembered, such as the data it was trained on and the errors reached. No
    /// energy depends on it.
    pub training: toml::Table,
    /// What the format it came from holds besides, to be written back.
    pub origin: Option<Origin>,
}

/// What a format of another program holds that no energy depends on.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Origin {
    /// n2p2's `conv_length`: a unit of length in which the parameters of the symmetry functions would be
    /// of order one. Descriptors do not depend on it.
    N2p2 {
        /// Normalised lengths are this many times physical ones.
        length_scale: f64,
    },
    /// aenet's records of each element.
    Aenet(Vec<AenetRecord>),
}

impl NeuralModel {
    /// A model with one [`AtomicNetwork`] per element in every member of the committee.
    pub fn new(
        units: FileUnits,
        descriptor: DescriptorSet,
        members: Vec<Vec<AtomicNetwork>>,
    ) -> Result<Self> {
        if members.is_empty() {
            return Err(Error::invalid("a potential needs at least one network for each element"));
        }
        for units in [units.energy, units.length] {
            if !(units.is_finite() && units > 0.0) {
                return Err(Error::invalid(format!("a unit of size {units} is impossible")));
            }
        }
        match &descriptor {
            DescriptorSet::Symmetry(_) => {}
            DescriptorSet::Chebyshev(basis) => basis.check()?,
            DescriptorSet::Moments(moments) => moments.check()?,
        }
        for member in &members {
            if member.len() != descriptor.elements().len() {
                return Err(Error::invalid(format!(
                    "{} networks for {} elements",
                    member.len(),
                    descriptor.elements().len()
                )));
            }
            for (center, (atom, element)) in member.iter().zip(descriptor.elements()).enumerate() {
                let (given, inputs) = (descriptor.len(center), atom.network.inputs());
                if given != inputs || given != atom.scaling.len() {
                    return Err(Error::invalid(format!(
                        "{element} has {given} descriptors, but its network has {inputs} inputs and its \
                         scaling is for {}",
                        atom.scaling.len()
                    )));
                }
                let Output { scale, shift, reference } = atom.output;
                if !(scale.is_normal() && shift.is_finite() && reference.is_finite()) {
                    return Err(Error::invalid(format!("impossible output of {element}: {:?}", atom.output)));
                }
            }
        }
        let training = toml::Table::new();
        Ok(Self { units, descriptor, members, repulsion: None, training, origin: None })
    }

    /// Sizes of the units of the parameters, in eV and Å.
    pub fn units(&self) -> FileUnits {
        self.units
    }

    /// The elements, in the order of their species numbers.
    pub fn elements(&self) -> &[Element] {
        self.descriptor.elements()
    }

    /// How far the potential reaches, Å.
    pub fn cutoff(&self) -> f64 {
        self.descriptor_in_angstrom().cutoff()
    }

    /// The descriptor, in the model's unit of length.
    pub fn descriptor(&self) -> &DescriptorSet {
        &self.descriptor
    }

    /// The descriptor, in Å.
    pub fn descriptor_in_angstrom(&self) -> DescriptorSet {
        self.descriptor.with_lengths(self.units.length)
    }

    /// The members of the committee, each with one network per element; usually there is one member.
    pub fn members(&self) -> &[Vec<AtomicNetwork>] {
        &self.members
    }

    /// The same with a repulsion of nuclei that belongs to it: what all members say comes on top.
    ///
    /// # Errors
    /// If the repulsion is of other elements, or impossible.
    pub fn repelling(mut self, repulsion: Option<Repulsion>) -> Result<Self> {
        if let Some(repulsion) = &repulsion {
            repulsion.check(self.elements())?;
        }
        self.repulsion = repulsion;
        Ok(self)
    }

    /// The repulsion of nuclei that belongs to it.
    pub fn repulsion(&self) -> Option<&Repulsion> {
        self.repulsion.as_ref()
    }

    /// Do its files say which descriptors it was trained on?
    pub fn knows_its_range(&self) -> bool {
        let finite = |range: &[f64; 2]| range[0].is_finite() || range[1].is_finite();
        (0..self.elements().len()).any(|center| self.trained_range(center).iter().any(finite))
    }

    /// The networks, to be changed; their shapes are to stay.
    #[cfg(test)]
    pub(crate) fn members_mut(&mut self) -> &mut [Vec<AtomicNetwork>] {
        &mut self.members
    }

    /// (a, b) such that the energy of an atom is a·output + b in eV.
    pub fn output_in_ev(&self, atom: &AtomicNetwork) -> (f64, f64) {
        let Output { scale, shift, reference } = atom.output;
        (self.units.energy / scale, self.units.energy * (shift + reference))
    }

    /// The range of each descriptor of species `center` that some member was trained on.
    pub fn trained_range(&self, center: usize) -> Vec<[f64; 2]> {
        let mut ranges = vec![[f64::INFINITY, f64::NEG_INFINITY]; self.descriptor.len(center)];
        for member in &self.members {
            for (range, s) in ranges.iter_mut().zip(member[center].scaling.statistics()) {
                *range = [range[0].min(s.min), range[1].max(s.max)];
            }
        }
        ranges
    }

    /// Several models with the same descriptor and units become the committee of all their members.
    pub fn committee(models: Vec<Self>) -> Result<Self> {
        let mut models = models.into_iter();
        let mut first = models.next().ok_or_else(|| Error::invalid("a committee needs members"))?;
        for (index, model) in models.enumerate() {
            let alike = model.descriptor == first.descriptor && model.repulsion == first.repulsion;
            if !alike || model.units != first.units {
                return Err(Error::invalid(format!(
                    "member {} of the committee has another descriptor than the first: \
                     a committee shares elements, descriptor and units",
                    index + 2
                )));
            }
            first.members.extend(model.members);
        }
        Ok(first)
    }

    /// One member of the committee as a model of its own. What the file remembers of the training is that of all
    /// members together, so of this one it says no more than which it is.
    pub fn member(&self, index: usize) -> Option<Self> {
        let member = self.members.get(index)?.clone();
        let mut training = toml::Table::new();
        if self.members.len() > 1 {
            training.insert("member".into(), format!("{} of {}", index + 1, self.members.len()).into());
        } else {
            training.clone_from(&self.training);
        }
        Some(Self { members: vec![member], training, ..self.clone() })
    }
}
