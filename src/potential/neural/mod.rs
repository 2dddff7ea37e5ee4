//! A neural potential at work: E = Σ_i E_{t(i)}(G_i) with forces, virial and extrapolation.
//!
//! The system is cut into blocks of nearby atoms ([`crate::neighbors::Blocks`]); a block takes groups of
//! atoms of one species through descriptor, network and back ([`block`]), and the pool runs all blocks
//! ([`parallel`]). With g_i = ∂E_i/∂G_i and p_ij = Σ_s g_is ∂G_is/∂r_ij, forces are
//! F_i = Σ_j p_ij − Σ_j p_ji and the virial is W = −Σ_ij r_ij ⊗ p_ij.

mod block;
mod parallel;
mod surroundings;
#[cfg(test)]
mod tests;

use super::model::{DescriptorSet, NeuralModel};
use super::network;
use super::{Atoms, Evaluation, Potential, Sum, Uncertainty};
use crate::descriptors::{Descriptor, SymmetryKernel};
use crate::error::{Error, Result};
use crate::lanes::Real;
use crate::neighbors::{Blocks, NeighborList};
use crate::system::{Element, Vec3};
use block::{BlockSums, Kernel, Limits, Members, SpeciesKernel, View};
use parallel::{Compiled, Pooled};
use std::sync::Arc;

/// The arithmetic of descriptors and networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// Double precision throughout: the reference.
    #[default]
    Double,
    /// Single precision where the time goes and rounding averages out. Symmetry functions: the sums over
    /// triplets. Other descriptors: descriptors and networks, of relative positions that are taken in
    /// double before they are rounded. Energies, forces and virial are added up in double.
    Mixed,
}

/// The networks of a neural potential, or of a committee, ready to be evaluated.
#[derive(Debug, Clone)]
pub struct NeuralPotential {
    model: Arc<NeuralModel>,
    precision: Precision,
    cutoff: f64,
    compiled: Arc<dyn Compiled>,
    blocks: Option<Blocks>,
    /// Species number of each atom, for the blocks.
    species: Vec<u16>,
    /// Forces on the images of all blocks.
    image_forces: Vec<Vec3>,
}

impl NeuralPotential {
    /// Compiles a model for one precision.
    pub fn new(model: Arc<NeuralModel>, precision: Precision) -> Self {
        let descriptor = model.descriptor_in_angstrom();
        let compiled = compile(&model, &descriptor, precision);
        Self {
            cutoff: descriptor.cutoff(),
            model,
            precision,
            compiled,
            blocks: None,
            species: Vec::new(),
            image_forces: Vec::new(),
        }
    }

    /// The parameters.
    pub fn model(&self) -> &Arc<NeuralModel> {
        &self.model
    }

    /// The arithmetic it uses.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Heap memory that depends on the number of atoms, bytes.
    pub fn memory(&self) -> usize {
        self.blocks.as_ref().map_or(0, Blocks::memory)
            + size_of::<Vec3>() * self.image_forces.capacity()
            + size_of::<u16>() * self.species.capacity()
    }

    /// Evaluates `members` at the present positions; forces are left in `image_forces`.
    fn run(&mut self, atoms: Atoms<'_>, list: &NeighborList, members: Members) -> Result<Vec<BlockSums>> {
        if list.cutoff() < self.cutoff {
            return Err(Error::Internal(format!(
                "the neighbour list reaches {} Å, the potential {} Å",
                list.cutoff(),
                self.cutoff
            )));
        }
        let serve = |blocks: &Blocks| blocks.serve(atoms.cell, atoms.positions, list, self.cutoff);
        let blocks = if let Some(blocks) = self.blocks.take().filter(serve) {
            blocks
        } else {
            self.species = species_numbers(self.model.elements(), atoms.species)?;
            let count = self.model.elements().len();
            Blocks::new(atoms.cell, atoms.positions, &self.species, count, list, self.cutoff)
        };
        self.image_forces.resize(blocks.images(), Vec3::zeros());
        let view = View { cell: atoms.cell, positions: atoms.positions, species: &self.species };
        let sums = self.compiled.evaluate(&blocks, view, members, &mut self.image_forces);
        self.blocks = Some(blocks);
        Ok(sums)
    }

    /// Adds the forces of the last run to `forces`.
    fn collect(&self, forces: &mut [Vec3]) {
        if let Some(blocks) = &self.blocks {
            blocks.collect(&self.image_forces, forces);
        }
    }
}

impl NeuralModel {
    /// The whole potential that a model describes, on the processor: its networks, and the repulsion of nuclei where one
    /// belongs to it.
    pub fn potential(self: &Arc<Self>, precision: Precision) -> Result<Box<dyn Potential>> {
        let neural = Box::new(NeuralPotential::new(Arc::clone(self), precision));
        Ok(match self.repulsion() {
            Some(repulsion) => {
                Box::new(Sum::new(vec![neural, Box::new(repulsion.compile(self.elements()))])?)
            }
            None => neural,
        })
    }
}

impl Potential for NeuralPotential {
    fn description(&self) -> String {
        let elements: Vec<_> = self.model.elements().iter().map(|e| e.symbol()).collect();
        let kind = self.model.descriptor().name();
        let members = match self.model.members().len() {
            1 => String::new(),
            n => format!(", a committee of {n}"),
        };
        format!("{kind} neural potential for {}{members}", elements.join(", "))
    }

    fn cutoff(&self) -> f64 {
        self.cutoff
    }

    fn elements(&self) -> Option<Vec<Element>> {
        Some(self.model.elements().to_vec())
    }

    fn evaluate(&mut self, atoms: Atoms<'_>, list: &NeighborList, out: &mut Evaluation) -> Result<()> {
        let sums = self.run(atoms, list, Members::Mean)?;
        // Block after block, atom after atom: the order of these sums is that of the atoms.
        let mut i = 0;
        for block in &sums {
            for energy in &block.energies {
                out.energy += energy;
                out.atomic_energies[i] += energy;
                i += 1;
            }
            out.virial -= block.stretch;
        }
        let begin = out.extrapolation.len();
        out.extrapolation.extend(sums.into_iter().flat_map(|block| block.extrapolation));
        out.extrapolation[begin..].sort_unstable_by_key(|e| (e.atom, e.descriptor));
        self.collect(&mut out.forces);
        Ok(())
    }

    fn uncertainty(&mut self, atoms: Atoms<'_>, list: &NeighborList) -> Result<Option<Uncertainty>> {
        let members = self.model.members().len();
        if members < 2 {
            return Ok(None);
        }
        let (mut energies, mut forces) = (Vec::with_capacity(members), Vec::with_capacity(members));
        for member in 0..members {
            let sums = self.run(atoms, list, Members::One(member))?;
            energies.push(sums.iter().flat_map(|block| &block.energies).sum::<f64>());
            let mut of_member = vec![Vec3::zeros(); atoms.positions.len()];
            self.collect(&mut of_member);
            forces.push(of_member);
        }
        Ok(Some(Uncertainty::of_members(&energies, &forces)))
    }

    fn boxed_clone(&self) -> Box<dyn Potential> {
        Box::new(self.clone())
    }
}

/// Species number of each atom: the place of its element among those of the potential.
pub(crate) fn species_numbers(elements: &[Element], species: &[Element]) -> Result<Vec<u16>> {
    species
        .iter()
        .enumerate()
        .map(|(i, element)| {
            elements.iter().position(|known| known == element).map(|s| s as u16).ok_or_else(|| {
                let known: Vec<_> = elements.iter().map(|e| e.symbol()).collect();
                Error::invalid(format!(
                    "atom {i} is {element}, which the potential does not know (it knows {})",
                    known.join(", ")
                ))
            })
        })
        .collect()
}

fn compile(model: &NeuralModel, descriptor: &DescriptorSet, precision: Precision) -> Arc<dyn Compiled> {
    let slack = match precision {
        Precision::Double => 1e-12,
        Precision::Mixed => 1e-5,
    };
    match descriptor {
        DescriptorSet::Symmetry(functions) => {
            let multiples = multiples(model);
            match precision {
                Precision::Double => {
                    pooled(model, SymmetryKernel::<f64>::scaled(functions, &multiples), &multiples, slack)
                }
                Precision::Mixed => pooled(
                    model,
                    SymmetryKernel::<f64, f32>::scaled(functions, &multiples),
                    &multiples,
                    slack,
                ),
            }
        }
        DescriptorSet::Chebyshev(basis) => {
            let ones: Vec<Vec<f64>> = basis.centers.iter().map(|center| vec![1.0; center.len()]).collect();
            match precision {
                Precision::Double => pooled(model, basis.compile::<f64>().expect(CHECKED), &ones, slack),
                Precision::Mixed => pooled(model, basis.compile::<f32>().expect(CHECKED), &ones, slack),
            }
        }
        DescriptorSet::Moments(moments) => {
            let ones: Vec<Vec<f64>> = (0..moments.centers.len()).map(|c| vec![1.0; moments.len(c)]).collect();
            match precision {
                Precision::Double => pooled(model, moments.compile::<f64>().expect(CHECKED), &ones, slack),
                Precision::Mixed => pooled(model, moments.compile::<f32>().expect(CHECKED), &ones, slack),
            }
        }
    }
}

/// Why a descriptor of a model can be compiled.
const CHECKED: &str = "checked when the model was made";

/// How many atoms are taken through descriptor and network together.
const GROUP: usize = 8;

/// By what descriptors are multiplied where they are computed: the factors of the first member's scaling.
fn multiples(model: &NeuralModel) -> Vec<Vec<f64>> {
    let usable = |f: &f64| if f.is_normal() { *f } else { 1.0 };
    model.members()[0].iter().map(|atom| atom.scaling.factor().iter().map(usable).collect()).collect()
}

/// Networks and ranges of every species around a compiled descriptor whose values come multiplied; `slack` is
/// how much rounding may take a value out of its range, relatively.
fn pooled<T: Real, D: Descriptor<T> + 'static>(
    model: &NeuralModel,
    descriptor: D,
    multiples: &[Vec<f64>],
    slack: f64,
) -> Arc<dyn Compiled> {
    let species = multiples
        .iter()
        .enumerate()
        .map(|(center, multiples)| SpeciesKernel {
            range: model.trained_range(center),
            multiples: multiples.clone(),
            limits: Limits::new(&model.trained_range(center), multiples, slack),
            members: model
                .members()
                .iter()
                .map(|member| {
                    let atom = &member[center];
                    let (factor, shift) = model.output_in_ev(atom);
                    network::Evaluator::of_multiples(multiples, &atom.scaling, &atom.network, factor, shift)
                })
                .collect(),
        })
        .collect();
    Arc::new(Pooled::new(Kernel { descriptor, species, group: GROUP }))
}
