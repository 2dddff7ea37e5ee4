//! Numbers become energy, forces and virial.

mod buckingham;
pub mod check;
mod coulomb;
mod format;
mod lennard_jones;
mod model;
pub mod network;
mod neural;
mod pair;
pub mod reference;
mod repulsion;
mod sum;
mod zbl;

pub use buckingham::{Buckingham, BuckinghamPair};
pub use coulomb::{DampedShifted, Ewald, NetCharge};
pub use format::{
    AenetRecord, LoadOptions, PotentialFormat, TrainingSet, files, is_potential, load, load_descriptor, save,
};
pub use lennard_jones::{LennardJones, LennardJonesPair};
pub use model::{AtomicNetwork, DescriptorSet, NeuralModel, Origin, Output};
pub use network::{Activation, Layer, Network};
#[cfg(feature = "gpu")]
pub(crate) use neural::species_numbers;
pub use neural::{NeuralPotential, Precision};
pub use pair::Truncation;
pub(crate) use repulsion::Repelling;
#[cfg(feature = "gpu")]
pub(crate) use repulsion::Repels;
pub use repulsion::{Repulsion, RepulsionPair};
pub use sum::Sum;
pub use zbl::{Zbl, ZblReach};

use crate::error::Result;
use crate::neighbors::NeighborList;
use crate::system::{Cell, Element, Mat3, Vec3};

/// The atoms as a potential sees them.
#[derive(Debug, Clone, Copy)]
pub struct Atoms<'a> {
    /// The cell.
    pub cell: &'a Cell,
    /// Element of each atom.
    pub species: &'a [Element],
    /// Positions, Å. Not necessarily wrapped: they are those the neighbour list was built for, moved since.
    pub positions: &'a [Vec3],
}

/// What a potential says about a configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluation {
    /// Potential energy, eV.
    pub energy: f64,
    /// Forces, eV/Å.
    pub forces: Vec<Vec3>,
    /// Virial W = −∂E/∂ε, eV; the potential part of the stress is −W/V.
    pub virial: Mat3,
    /// Energy of each atom, eV; they sum to `energy`.
    pub atomic_energies: Vec<f64>,
    /// Where descriptors left the range of the training set, where the potential knows it.
    pub extrapolation: Vec<Extrapolation>,
}

/// Spread of a committee's members.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Uncertainty {
    /// Standard deviation of the energy, eV.
    pub energy: f64,
    /// √(Σ over components of the variance of the force) of each atom, eV/Å.
    pub forces: Vec<f64>,
}

/// One descriptor of one atom outside its trained range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extrapolation {
    /// The atom.
    pub atom: u32,
    /// Which descriptor of its element.
    pub descriptor: u32,
    /// Its value.
    pub value: f64,
    /// The trained range.
    pub range: [f64; 2],
}

impl Uncertainty {
    /// From the energies of the members and the forces on the atoms according to each; two members at least.
    pub fn of_members(energies: &[f64], forces: &[Vec<Vec3>]) -> Self {
        let freedom = energies.len() as f64 - 1.0;
        let average = energies.iter().sum::<f64>() / energies.len() as f64;
        let variance = energies.iter().map(|e| (e - average).powi(2)).sum::<f64>() / freedom;
        let spread = |atom: usize| {
            // Welford's update: no cancellation between large squares.
            let (mut mean, mut squares) = (Vec3::zeros(), Vec3::zeros());
            for (member, forces) in forces.iter().enumerate() {
                let before = forces[atom] - mean;
                mean += before / (member + 1) as f64;
                squares += before.component_mul(&(forces[atom] - mean));
            }
            (squares.sum() / freedom).sqrt()
        };
        let atoms = forces.first().map_or(0, Vec::len);
        Self { energy: variance.sqrt(), forces: (0..atoms).map(spread).collect() }
    }
}

impl Evaluation {
    /// Zero energy and forces for `atoms` atoms, keeping the memory.
    pub fn reset(&mut self, atoms: usize) {
        self.energy = 0.0;
        self.forces.clear();
        self.forces.resize(atoms, Vec3::zeros());
        self.virial = Mat3::zeros();
        self.atomic_energies.clear();
        self.atomic_energies.resize(atoms, 0.0);
        self.extrapolation.clear();
    }

    /// The potential part of the stress, −W/V, eV/Å³, tensile positive.
    pub fn stress(&self, volume: f64) -> Mat3 {
        -self.virial / volume
    }
}

/// A model of the interactions between atoms.
///
/// Evaluation takes `&mut self` so that a potential may keep its buffers and whatever it derives from a
/// neighbour list (see [`NeighborList::version`]) from one step to the next. Parameters are shared
/// between clones.
pub trait Potential: Send + Sync + std::fmt::Debug {
    /// One line for a person: the kind of potential and its elements.
    fn description(&self) -> String;

    /// How far the potential reaches, Å: the neighbour list must reach at least as far.
    fn cutoff(&self) -> f64;

    /// The elements it knows; `None` if any will do.
    fn elements(&self) -> Option<Vec<Element>>;

    /// *Adds* energy, forces, virial and per-atom energies of `atoms` to `out`, which was reset for as many
    /// atoms. Neighbours beyond the potential's own cutoff are in the list and are to be skipped.
    /// Results are the same bits for any number of threads.
    fn evaluate(&mut self, atoms: Atoms<'_>, list: &NeighborList, out: &mut Evaluation) -> Result<()>;

    /// Standard deviations over the members, where the potential is a committee. Costs several evaluations
    /// of the forces, so it is asked for at intervals rather than at every step.
    fn uncertainty(&mut self, atoms: Atoms<'_>, list: &NeighborList) -> Result<Option<Uncertainty>> {
        let _ = (atoms, list);
        Ok(None)
    }

    /// Itself, for whoever can do more with this kind of potential than evaluate it: a device that can integrate.
    fn as_any(&self) -> Option<&dyn std::any::Any> {
        None
    }

    /// A copy with its own buffers and the same parameters.
    fn boxed_clone(&self) -> Box<dyn Potential>;
}
