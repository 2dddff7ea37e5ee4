//! Dynamics that stay on the device: a whole stretch of steps, nothing read back in between.
//!
//! Positions and velocities are integers (see `kernels/motion.wgsl`), neighbour lists are made on the device when an
//! atom has gone half the skin, and several replicas of one system go side by side. Whoever drives it sends, for each
//! step and replica, the few numbers that its thermostat needs.
//!
//! | file | what it holds |
//! |---|---|
//! | `layout` | the box, the bins, and the room of lists |
//! | `programs` | the kernels |
//! | `cell` | a cell that changes between two stretches |
//! | `store` | the buffers, and what each kernel is given of them |
//! | `state` | atoms to words and back |
//! | `steps` | the commands of a stretch of steps, and what is done when they stop early |

mod cell;
mod layout;
mod programs;
mod state;
mod steps;
mod store;
#[cfg(test)]
pub(crate) mod tests;

use super::demand::Demand;
use super::device::Device;
use super::model::Model;
use super::potential::GpuPotential;
use crate::error::{Error, Result};
use crate::potential::{Extrapolation, species_numbers};
use crate::system::{Mat3, System, Vec3};
use layout::Layout;
use programs::Programs;
use std::sync::Arc;
use store::Store;

/// What changes velocities beside the forces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drive {
    /// Nothing.
    Constant,
    /// Stochastic rescaling of all velocities together.
    Csvr,
    /// Friction and noise on every atom.
    Langevin,
    /// A chain of fictitious masses.
    NoseHoover {
        /// Its length.
        links: usize,
    },
}

impl Drive {
    /// Fictitious masses of a replica.
    fn links(self) -> usize {
        if let Self::NoseHoover { links } = self { links } else { 0 }
    }
}

/// What a thermostat needs for one step of one replica: the words of `drive` in `kernels/csvr.wgsl`,
/// `kernels/langevin.wgsl` and `kernels/nose_hoover.wgsl`.
pub type Record = [u32; 8];

/// How the atoms are moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// fs.
    pub timestep: f64,
    /// How far lists reach beyond the cutoff, Å.
    pub skin: f64,
    /// What keeps the temperature.
    pub drive: Drive,
    /// Atoms that do not move, of each replica.
    pub fixed: Vec<usize>,
}

/// A replica as it begins.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The atoms.
    pub system: &'a System,
    /// What [`Dynamics::save`] gave, if the replica goes on from there; else it begins where the system is.
    pub saved: &'a [u32],
    /// The chain of fictitious masses: places, then rates (1/fs); empty for one at rest.
    pub chain: &'a [f64],
}

/// What was found at the last step of a replica.
#[derive(Debug, Clone, Default)]
pub struct Moment {
    /// Potential energy, eV.
    pub energy: f64,
    /// Forces, eV/Å.
    pub forces: Vec<Vec3>,
    /// Virial, eV.
    pub virial: Mat3,
    /// Descriptors outside their trained range.
    pub extrapolation: Vec<Extrapolation>,
    /// Places and rates of the chain of fictitious masses.
    pub chain: Vec<f64>,
}

/// Steps of a stretch, at most.
pub const LONGEST: usize = 1024;

/// Replicas of one system that move on a device.
#[derive(Debug)]
pub struct Dynamics {
    device: Arc<Device>,
    model: Arc<Model>,
    /// What elements and members add to the energy of an atom, by species, eV.
    offsets: Vec<f64>,
    settings: Settings,
    reach: f64,
    replicas: usize,
    /// The first replica as it began: cell, elements and masses of all, and the numbers of their species.
    template: System,
    species: Vec<u16>,
    layout: Layout,
    programs: Programs,
    store: Store,
    /// Which replicas still move.
    moving: Vec<bool>,
    /// Why the lists of a replica have no room, of those that were left behind for that.
    crowded: Vec<Option<String>>,
    /// Room of a bin and of a row in the buffers that there are.
    room: [u32; 2],
    /// What was read back after the last step, if anything was.
    snapshot: Option<state::Snapshot>,
    /// How many times there was not enough room.
    grown: u32,
}

impl Dynamics {
    /// Puts replicas on the device of a potential, makes their lists and computes their forces.
    ///
    /// # Errors
    /// [`Error::Device`] if there is no room; [`Error::Internal`] if the replicas are not the same atoms in the same
    /// cell.
    pub fn new(potential: &GpuPotential, starts: &[Start<'_>], settings: Settings) -> Result<Self> {
        let first = starts.first().ok_or_else(|| Error::Internal("dynamics of no atoms".into()))?.system;
        let alike = |start: &Start<'_>| {
            let system = start.system;
            system.cell == first.cell && system.species == first.species && system.masses == first.masses
        };
        if first.is_empty() || !starts.iter().all(alike) {
            return Err(Error::Internal("replicas on a device are the same atoms in the same cell".into()));
        }
        let reach = potential.cutoff + settings.skin;
        let mut layout = Layout::new(&first.cell, &first.positions, reach)?;
        if let Some(words) = first_saved(starts)
            && !layout.takes(words)
        {
            return Err(Error::Internal("the saved state belongs to another box".into()));
        }
        let device = Arc::clone(&potential.device);
        let members = potential.neural.members().len();
        let offsets = potential
            .model
            .species
            .iter()
            .map(|species| species.offsets.iter().sum::<f64>() / members as f64)
            .collect();
        let species = species_numbers(potential.neural.elements(), &first.species)?;
        device.admit(&Store::demand(&potential.model, &layout, &species, starts.len(), settings.drive))?;
        let programs = Programs::new(&device, settings.drive, layout.row_room)?;
        let store = Store::new(&device, &potential.model, &species, starts.len(), members, settings.drive)?;
        let mut dynamics = Self {
            device,
            model: Arc::clone(&potential.model),
            offsets,
            settings,
            reach,
            replicas: starts.len(),
            template: first.clone(),
            species,
            room: [layout.bin_room, layout.row_room],
            layout,
            programs,
            store,
            moving: vec![true; starts.len()],
            crowded: vec![None; starts.len()],
            snapshot: None,
            grown: 0,
        };
        dynamics.arrange()?;
        dynamics.place(starts);
        dynamics.evaluate()?;
        Ok(dynamics)
    }

    /// The memory that replicas of a system begin with; lists that turn out longer than the density lets expect take
    /// more.
    ///
    /// # Errors
    /// [`Error::Device`] for a cell that a device cannot number, [`Error::Invalid`] for elements that the potential does
    /// not know.
    pub fn demand(
        potential: &GpuPotential,
        system: &System,
        replicas: usize,
        settings: &Settings,
    ) -> Result<Demand> {
        let layout = Layout::new(&system.cell, &system.positions, potential.cutoff + settings.skin)?;
        let species = species_numbers(potential.neural.elements(), &system.species)?;
        Ok(Store::demand(&potential.model, &layout, &species, replicas, settings.drive))
    }

    /// How many replicas there are.
    pub fn replicas(&self) -> usize {
        self.replicas
    }

    /// Memory that they take on the device, bytes.
    pub fn bytes(&self) -> u64 {
        let drive = self.settings.drive;
        Store::demand(&self.model, &self.layout, &self.species, self.replicas, drive).bytes()
    }

    /// How many times lists needed more room than they had.
    pub fn grown(&self) -> u32 {
        self.grown
    }

    /// Does a replica still move? Not after one of its atoms was lost.
    pub fn moves(&self, replica: usize) -> bool {
        self.moving[replica]
    }

    /// Why a replica was left behind whose lists have no room, for its atoms have come too close.
    pub fn crowded(&self, replica: usize) -> Option<&str> {
        self.crowded[replica].as_deref()
    }

    /// Leaves a replica where it is from now on.
    pub fn leave(&mut self, replica: usize) {
        self.moving[replica] = false;
        let at = 4 * (store::HEADER + self.replicas + replica) as u64;
        self.device.queue.write_buffer(&self.store.control, at, &[0; 4]);
    }

    /// Atoms of all replicas.
    fn atoms(&self) -> usize {
        self.replicas * self.species.len()
    }

    /// Makes room for the lists of the layout, and tells the kernels about it.
    fn arrange(&mut self) -> Result<()> {
        let (n, layout) = (self.species.len(), &self.layout);
        self.store.arrange(&self.device, &self.model, &self.programs, layout, n)?;
        let near: Vec<u32> = self
            .model
            .species
            .iter()
            .map(|species| ((species.near + self.settings.skin).powi(2) as f32).to_bits())
            .collect();
        self.device.write(&self.store.near, &near);
        self.tell();
        self.device.check()?;
        self.room = [self.layout.bin_room, self.layout.row_room];
        Ok(())
    }

    /// Tells the kernels about the box.
    fn tell(&self) {
        self.device.write(&self.store.world, &self.world());
        self.store.evaluator.frame(&self.device, &self.layout.lattice, &(0..self.store.members));
    }
}

/// The box that replicas which go on were in.
fn first_saved<'a>(starts: &[Start<'a>]) -> Option<&'a [u32]> {
    starts
        .iter()
        .find(|start| !start.saved.is_empty())
        .map(|start| start.saved.get(..layout::SAVED).unwrap_or(&[]))
}
