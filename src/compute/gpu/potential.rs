//! A neural potential evaluated on a device, as a [`Potential`] like any other.

use super::device::{Device, Words};
use super::memory::{Evaluator, Readback};
use super::model::Model;
use super::packing::{Anchor, Lattice, Packed};
use crate::error::{Error, Result};
use crate::neighbors::NeighborList;
use crate::potential::{Atoms, Evaluation, Extrapolation, NeuralModel, Potential, Repels, Uncertainty, Zbl};
use crate::system::{Element, Mat3, Vec3};
use std::ops::Range;
use std::sync::Arc;

/// A neural potential, or a committee, whose energies, forces and virial are computed on a graphics processor.
///
/// Arithmetic is single precision on positions that are exact (see `kernels/geometry.wgsl`); energies of atoms and
/// parts of the virial are added up in double precision, and what the element of an atom adds to its energy is
/// added here. The neighbour list comes from whoever calls; it is sent when it has changed.
#[derive(Debug)]
pub struct GpuPotential {
    pub(super) device: Arc<Device>,
    pub(super) neural: Arc<NeuralModel>,
    pub(super) model: Arc<Model>,
    pub(super) cutoff: f64,
    /// The repulsion of nuclei that belongs to it or is added.
    repulsion: Option<Arc<dyn Repels>>,
    /// The same on other devices.
    peers: Arc<[(Arc<Device>, Arc<Model>)]>,
    prepared: Option<Prepared>,
}

/// What was made ready for a system.
#[derive(Debug)]
struct Prepared {
    species: Vec<u16>,
    elements: Vec<Element>,
    anchor: Anchor,
    evaluator: Evaluator,
}

/// Energies, forces and the rest of one evaluation.
#[derive(Debug, Default)]
struct Found {
    forces: Vec<Vec3>,
    energies: Vec<f64>,
    virial: Mat3,
    extrapolating: bool,
}

impl GpuPotential {
    /// Compiles a model for a device.
    ///
    /// # Errors
    /// [`Error::Device`] if the device has no room for it.
    pub fn new(device: Arc<Device>, neural: Arc<NeuralModel>) -> Result<Self> {
        Self::across(vec![device], neural)
    }

    /// Compiles it for several devices: forces that are fetched come from the first, and dynamics that stay there may take
    /// [each](GpuPotential::each).
    ///
    /// # Errors
    /// As for [`GpuPotential::new`].
    pub fn across(devices: Vec<Arc<Device>>, neural: Arc<NeuralModel>) -> Result<Self> {
        let own = neural.repulsion().map(|own| Arc::new(own.compile(neural.elements())) as Arc<dyn Repels>);
        Self::with(devices, neural, own)
    }

    /// Does a repulsion of nuclei go with it already?
    pub(crate) fn repels(&self) -> bool {
        self.repulsion.is_some()
    }

    /// The same potential and the repulsion of nuclei, in the same kernels.
    ///
    /// # Errors
    /// As for [`GpuPotential::new`], and if a repulsion goes with it already.
    pub fn repelling(&self, repulsion: Zbl) -> Result<Self> {
        if self.repels() {
            return Err(Error::Internal("a second repulsion of nuclei in the same kernels".into()));
        }
        let peers = self.peers.iter().map(|(device, _)| device);
        let devices = std::iter::once(&self.device).chain(peers).map(Arc::clone).collect();
        Self::with(devices, Arc::clone(&self.neural), Some(Arc::new(repulsion)))
    }

    fn with(
        devices: Vec<Arc<Device>>,
        neural: Arc<NeuralModel>,
        repulsion: Option<Arc<dyn Repels>>,
    ) -> Result<Self> {
        let compile = |device: Arc<Device>| {
            let model = Model::new(&device, &neural, repulsion.as_deref())?;
            Ok((device, Arc::new(model)))
        };
        let mut compiled = devices.into_iter().map(compile).collect::<Result<Vec<_>>>()?.into_iter();
        let (device, model) =
            compiled.next().ok_or_else(|| Error::Internal("a potential on no device".into()))?;
        let cutoff = repulsion.as_ref().map_or(0.0, |repulsion| repulsion.cutoff()).max(neural.cutoff());
        Ok(Self { cutoff, device, neural, model, repulsion, peers: compiled.collect(), prepared: None })
    }

    /// The same for other atoms.
    pub fn another(&self) -> Self {
        let own = (Arc::clone(&self.device), Arc::clone(&self.model));
        Self { peers: Arc::clone(&self.peers), ..self.alone(own) }
    }

    /// The same on each of its devices, alone.
    pub fn each(&self) -> Vec<Self> {
        let own = (Arc::clone(&self.device), Arc::clone(&self.model));
        std::iter::once(own).chain(self.peers.iter().cloned()).map(|one| self.alone(one)).collect()
    }

    fn alone(&self, (device, model): (Arc<Device>, Arc<Model>)) -> Self {
        Self {
            device,
            model,
            neural: Arc::clone(&self.neural),
            cutoff: self.cutoff,
            repulsion: self.repulsion.clone(),
            peers: Arc::default(),
            prepared: None,
        }
    }

    /// The device.
    pub fn device(&self) -> &Arc<Device> {
        &self.device
    }

    /// Sends what has changed and evaluates the mean of some members.
    fn run(&mut self, atoms: Atoms<'_>, list: &NeighborList, members: Range<usize>) -> Result<Found> {
        if list.cutoff() < self.cutoff {
            return Err(Error::Internal(format!(
                "the neighbour list reaches {} Å, the potential {} Å",
                list.cutoff(),
                self.cutoff
            )));
        }
        let lattice = Lattice::new(atoms.cell, list.cutoff());
        let holds =
            |prepared: &Prepared| prepared.elements == atoms.species && prepared.anchor.holds(atoms, list);
        if !self.prepared.as_ref().is_some_and(holds) {
            self.prepare(atoms, list, &lattice)?;
        }
        let prepared =
            self.prepared.as_mut().ok_or_else(|| Error::Internal("nothing was prepared".into()))?;
        let Prepared { species, evaluator, .. } = prepared;
        evaluator.place(&self.device, atoms.positions, species, &lattice);
        let result = evaluator.run(&self.device, &self.model, &lattice, &members, |readback, words| {
            collect(&self.model, readback, species, &members, words)
        });
        // What a device that failed holds is worth nothing.
        if result.is_err() {
            self.prepared = None;
        }
        result
    }

    fn prepare(&mut self, atoms: Atoms<'_>, list: &NeighborList, lattice: &Lattice) -> Result<()> {
        let old = self.prepared.take();
        let species = crate::potential::species_numbers(self.neural.elements(), atoms.species)?;
        let slack = list.cutoff() - self.cutoff;
        let near: Vec<f64> = self.model.species.iter().map(|species| species.near + slack).collect();
        let packed = Packed::new(atoms, &species, list, lattice, &near)?;
        let mut evaluator =
            old.map_or_else(|| Evaluator::new(&self.device, &self.model), |p| Ok(p.evaluator))?;
        evaluator.load(&self.device, &self.model, &packed)?;
        let anchor = Anchor::new(atoms, list, lattice.clone(), slack);
        let elements = atoms.species.to_vec();
        self.prepared = Some(Prepared { species, elements, anchor, evaluator });
        Ok(())
    }
}

/// Which descriptors of which atoms are outside their trained range, in the order of the atoms.
pub(super) fn extrapolation(
    device: &Device,
    model: &Model,
    evaluator: &Evaluator,
) -> Result<Vec<Extrapolation>> {
    let mut out = Vec::new();
    evaluator.descriptors(device, model, |center, atom, descriptor, value| {
        let species = &model.species[center];
        let (range, multiple) = (species.range[descriptor], species.multiples[descriptor]);
        let (a, b) = (range[0] * multiple, range[1] * multiple);
        let slack = super::network::SLACK * a.abs().max(b.abs());
        if value < a.min(b) - slack || value > a.max(b) + slack {
            let value = value / multiple;
            out.push(Extrapolation { atom, descriptor: descriptor as u32, value, range });
        }
    })?;
    out.sort_unstable_by_key(|one| (one.atom, one.descriptor));
    Ok(out)
}

/// From what the device wrote to numbers in double precision.
fn collect(
    model: &Model,
    readback: &Readback,
    species: &[u16],
    members: &Range<usize>,
    words: Words<'_>,
) -> Found {
    let n = species.len();
    let force = |atom: usize| Vec3::from_fn(|axis, _| words.number(readback.forces + 4 * atom + axis));
    let mut energies = vec![0.0; n];
    let mut extrapolating = false;
    let offset = |center: &super::model::Species| {
        center.offsets[members.clone()].iter().sum::<f64>() / members.len() as f64
    };
    let offsets: Vec<f64> = model.species.iter().map(offset).collect();
    for (slot, atom) in readback.atoms.iter().enumerate() {
        let atom = *atom as usize;
        energies[atom] = words.number(readback.energies + slot)
            + words.number(readback.forces + 4 * atom + 3)
            + offsets[usize::from(species[atom])];
        extrapolating |= words.word(readback.outside + slot) > 0;
    }
    let virial = Mat3::from_fn(|row, column| {
        (0..readback.groups).map(|group| words.number(readback.virials + 9 * group + 3 * row + column)).sum()
    });
    Found { forces: (0..n).map(force).collect(), energies, virial, extrapolating }
}

impl Potential for GpuPotential {
    fn description(&self) -> String {
        let elements: Vec<_> = self.neural.elements().iter().map(|e| e.symbol()).collect();
        let members = match self.neural.members().len() {
            1 => String::new(),
            n => format!(", a committee of {n}"),
        };
        let repulsion =
            self.repulsion.as_ref().map_or(String::new(), |one| format!(" + {}", one.description()));
        format!(
            "{} neural potential for {}{members}{repulsion}, on {}",
            self.neural.descriptor().name(),
            elements.join(", "),
            self.device.name()
        )
    }

    fn cutoff(&self) -> f64 {
        self.cutoff
    }

    fn elements(&self) -> Option<Vec<Element>> {
        Some(self.neural.elements().to_vec())
    }

    fn evaluate(&mut self, atoms: Atoms<'_>, list: &NeighborList, out: &mut Evaluation) -> Result<()> {
        if atoms.positions.is_empty() {
            return Ok(());
        }
        let found = self.run(atoms, list, 0..self.neural.members().len())?;
        for (i, energy) in found.energies.iter().enumerate() {
            out.energy += energy;
            out.atomic_energies[i] += energy;
        }
        out.virial += found.virial;
        for (to, force) in out.forces.iter_mut().zip(&found.forces) {
            *to += force;
        }
        if let (true, Some(prepared)) = (found.extrapolating, &self.prepared) {
            out.extrapolation.extend(extrapolation(&self.device, &self.model, &prepared.evaluator)?);
        }
        Ok(())
    }

    fn uncertainty(&mut self, atoms: Atoms<'_>, list: &NeighborList) -> Result<Option<Uncertainty>> {
        let members = self.neural.members().len();
        if members < 2 || atoms.positions.is_empty() {
            return Ok(None);
        }
        let (mut energies, mut forces) = (Vec::new(), Vec::new());
        for member in 0..members {
            let found = self.run(atoms, list, member..member + 1)?;
            energies.push(found.energies.iter().sum::<f64>());
            forces.push(found.forces);
        }
        Ok(Some(Uncertainty::of_members(&energies, &forces)))
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self)
    }

    fn boxed_clone(&self) -> Box<dyn Potential> {
        Box::new(self.another())
    }
}
