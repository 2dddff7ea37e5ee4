//! The plain evaluation of a neural potential: what every fast path is tested against.
//!
//! Definitions as they are written down, one atom after another in double precision: no vector code, no
//! sharing between functions, gradients by the chain rule.

mod chebyshev;

use super::model::{AtomicNetwork, DescriptorSet, NeuralModel};
use super::{Atoms, Evaluation, Extrapolation, Potential, Repelling, Uncertainty};
use crate::error::{Error, Result};
use crate::neighbors::NeighborList;
use crate::system::{Element, Vec3};
use std::sync::Arc;

/// The neighbour of an atom: its element and r_ij, Å.
pub type Neighbor = (Element, [f64; 3]);

/// A neural potential evaluated by its definition.
#[derive(Debug, Clone)]
pub struct ReferencePotential {
    model: Arc<NeuralModel>,
    descriptor: DescriptorSet,
    /// By species: the range some member was trained on.
    ranges: Vec<Vec<[f64; 2]>>,
    repelling: Option<Repelling>,
}

impl ReferencePotential {
    /// The potential that a model describes.
    pub fn new(model: NeuralModel) -> Self {
        let descriptor = model.descriptor_in_angstrom();
        let ranges = (0..model.elements().len()).map(|center| model.trained_range(center)).collect();
        let repelling = model.repulsion().map(|repulsion| repulsion.compile(model.elements()));
        Self { model: Arc::new(model), descriptor, ranges, repelling }
    }

    /// The species number of an element.
    pub fn species(&self, element: Element) -> Result<usize> {
        let known = self.model.elements();
        known.iter().position(|e| *e == element).ok_or_else(|| {
            let names: Vec<_> = known.iter().map(|e| e.symbol()).collect();
            Error::invalid(format!("the potential is for {}, not for {element}", names.join(", ")))
        })
    }

    /// Descriptors of an atom, and for each of them ∂G/∂r_ij of every neighbour.
    pub fn descriptors(&self, center: usize, neighbors: &[Neighbor]) -> Vec<(f64, Vec<[f64; 3]>)> {
        match &self.descriptor {
            DescriptorSet::Symmetry(functions) => {
                functions.of(center).iter().map(|function| function.reference(neighbors)).collect()
            }
            DescriptorSet::Chebyshev(basis) => chebyshev::descriptors(&basis.centers[center], neighbors),
            DescriptorSet::Moments(moments) => moments.by_definition(center, neighbors),
        }
    }

    /// Energy (eV) of an atom with these descriptors, and its gradient.
    pub fn energy(&self, atom: &AtomicNetwork, descriptors: &[f64]) -> (f64, Vec<f64>) {
        let (output, mut gradient) = atom.network.value_and_gradient(&atom.scaling.apply(descriptors));
        let (factor, shift) = self.model.output_in_ev(atom);
        gradient.iter_mut().zip(atom.scaling.factor()).for_each(|(g, scale)| *g *= factor * scale);
        (factor * output + shift, gradient)
    }

    /// Adds what each member of the committee says to its evaluation.
    fn members(&self, atoms: Atoms<'_>, list: &NeighborList, members: &mut [Evaluation]) -> Result<()> {
        let cutoff = self.cutoff();
        for i in 0..atoms.positions.len() {
            let center = self.species(atoms.species[i])?;
            let near: Vec<(usize, Vec3)> = list
                .neighbors(i)
                .iter()
                .map(|&pair| (pair.atom as usize, NeighborList::vector(atoms.cell, atoms.positions, i, pair)))
                .filter(|(_, r)| r.norm() < cutoff)
                .collect();
            let neighbors: Vec<Neighbor> =
                near.iter().map(|(j, r)| (atoms.species[*j], [r.x, r.y, r.z])).collect();
            let table = self.descriptors(center, &neighbors);
            let values: Vec<f64> = table.iter().map(|row| row.0).collect();
            for (member, out) in self.model.members().iter().zip(&mut *members) {
                let (energy, gradient) = self.energy(&member[center], &values);
                out.energy += energy;
                out.atomic_energies[i] += energy;
                for (index, (j, r)) in near.iter().enumerate() {
                    let slopes = gradient.iter().zip(&table).map(|(g, row)| *g * Vec3::from(row.1[index]));
                    let p: Vec3 = slopes.sum();
                    out.forces[i] += p;
                    out.forces[*j] -= p;
                    out.virial -= *r * p.transpose();
                }
                out.extrapolation.extend(self.outside(i, center, &values));
            }
        }
        Ok(())
    }

    /// The descriptors of atom `i` that no member was trained on.
    fn outside<'a>(
        &'a self,
        i: usize,
        center: usize,
        values: &'a [f64],
    ) -> impl Iterator<Item = Extrapolation> + 'a {
        let ranges = values.iter().zip(&self.ranges[center]).zip(0..);
        ranges.filter(|((value, range), _)| **value < range[0] || **value > range[1]).map(
            move |((value, range), descriptor)| Extrapolation {
                atom: i as u32,
                descriptor,
                value: *value,
                range: *range,
            },
        )
    }

    /// Evaluations of the members, one by one.
    fn committee(&self, atoms: Atoms<'_>, list: &NeighborList) -> Result<Vec<Evaluation>> {
        let mut members = vec![Evaluation::default(); self.model.members().len()];
        for member in &mut members {
            member.reset(atoms.positions.len());
        }
        self.members(atoms, list, &mut members)?;
        Ok(members)
    }
}

impl Potential for ReferencePotential {
    fn description(&self) -> String {
        let names: Vec<_> = self.model.elements().iter().map(|element| element.symbol()).collect();
        format!("neural potential for {}, evaluated by its definition", names.join(", "))
    }

    fn cutoff(&self) -> f64 {
        self.descriptor.cutoff().max(self.repelling.as_ref().map_or(0.0, Potential::cutoff))
    }

    fn elements(&self) -> Option<Vec<Element>> {
        Some(self.model.elements().to_vec())
    }

    fn evaluate(&mut self, atoms: Atoms<'_>, list: &NeighborList, out: &mut Evaluation) -> Result<()> {
        let members = self.committee(atoms, list)?;
        let weight = 1.0 / members.len() as f64;
        for member in &members {
            out.energy += weight * member.energy;
            out.virial += weight * member.virial;
            out.forces.iter_mut().zip(&member.forces).for_each(|(sum, f)| *sum += weight * f);
            let energies = out.atomic_energies.iter_mut().zip(&member.atomic_energies);
            energies.for_each(|(sum, e)| *sum += weight * e);
        }
        // The ranges are those of the whole committee.
        out.extrapolation.extend(members.into_iter().take(1).flat_map(|member| member.extrapolation));
        self.repelling.as_mut().map_or(Ok(()), |repelling| repelling.evaluate(atoms, list, out))
    }

    fn uncertainty(&mut self, atoms: Atoms<'_>, list: &NeighborList) -> Result<Option<Uncertainty>> {
        let members = self.committee(atoms, list)?;
        let count = members.len() as f64;
        if members.len() < 2 {
            return Ok(None);
        }
        let deviation = |squares: f64| (squares / (count - 1.0)).sqrt();
        let energy = members.iter().map(|m| m.energy).sum::<f64>() / count;
        let forces = (0..atoms.positions.len()).map(|i| {
            let mean = members.iter().map(|m| m.forces[i]).sum::<Vec3>() / count;
            deviation(members.iter().map(|m| (m.forces[i] - mean).norm_squared()).sum())
        });
        Ok(Some(Uncertainty {
            energy: deviation(members.iter().map(|m| (m.energy - energy).powi(2)).sum()),
            forces: forces.collect(),
        }))
    }

    fn boxed_clone(&self) -> Box<dyn Potential> {
        Box::new(self.clone())
    }
}
