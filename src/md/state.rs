//! The system between two steps.

use crate::compute::Engine;
use crate::error::{Error, Result};
use crate::potential::Extrapolation;
use crate::system::{Mat3, System, Vec3};
use crate::units::BOLTZMANN;

/// A system with the energy, the forces and the virial of its configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The atoms.
    pub system: System,
    /// Potential energy, eV.
    pub energy: f64,
    /// Forces, eV/Å; zero on atoms that are fixed.
    pub forces: Vec<Vec3>,
    /// Virial −∂E/∂ε of all atoms, eV.
    pub virial: Mat3,
    /// Descriptors outside the range of the training set, sorted by atom, where the potential knows it.
    pub extrapolation: Vec<Extrapolation>,
    /// Atoms that do not move, in ascending order.
    fixed: Vec<usize>,
}

impl State {
    /// Evaluates the system where it is.
    ///
    /// `fixed` atoms (ascending) stay where they are and lose their velocities. Without fixed atoms the total
    /// momentum is taken off.
    pub fn new(mut system: System, fixed: Vec<usize>, engine: &mut Engine) -> Result<Self> {
        if !fixed.is_sorted_by(|a, b| a < b) || fixed.last().is_some_and(|&last| last >= system.len()) {
            return Err(Error::invalid(
                "fixed atoms are to be listed once, in ascending order, and to exist",
            ));
        }
        if fixed.is_empty() {
            system.remove_drift();
        }
        for &i in &fixed {
            system.velocities[i] = Vec3::zeros();
        }
        Self::resume(system, fixed, engine)
    }

    /// Takes a system as it is, from a checkpoint, and evaluates it.
    pub fn resume(system: System, fixed: Vec<usize>, engine: &mut Engine) -> Result<Self> {
        let (forces, extrapolation) = (Vec::new(), Vec::new());
        let mut state = Self { energy: 0.0, forces, virial: Mat3::zeros(), extrapolation, fixed, system };
        state.evaluate(engine)?;
        Ok(state)
    }

    /// Energy, forces and virial at the present positions.
    pub fn evaluate(&mut self, engine: &mut Engine) -> Result<()> {
        let evaluation = engine.evaluate(&self.system)?;
        self.energy = evaluation.energy;
        self.forces.clone_from(&evaluation.forces);
        self.virial = evaluation.virial;
        self.extrapolation.clone_from(&evaluation.extrapolation);
        for &i in &self.fixed {
            self.forces[i] = Vec3::zeros();
        }
        Ok(())
    }

    /// Atoms that do not move.
    pub fn fixed(&self) -> &[usize] {
        &self.fixed
    }

    /// Velocity components that move freely: three for each atom that is not fixed, less the total momentum
    /// where it is conserved.
    pub fn degrees_of_freedom(&self) -> usize {
        Self::freedom(self.system.len(), self.fixed.len())
    }

    /// The same for so many atoms of which so many are fixed.
    pub(crate) fn freedom(atoms: usize, fixed: usize) -> usize {
        let free = 3 * (atoms - fixed);
        if fixed == 0 { free.saturating_sub(3) } else { free }
    }

    /// Kinetic energy, eV.
    pub fn kinetic_energy(&self) -> f64 {
        self.system.kinetic_energy()
    }

    /// Temperature, K.
    pub fn temperature(&self) -> f64 {
        self.system.temperature(self.degrees_of_freedom())
    }

    /// Energy per degree of freedom and temperature: k_B T at temperature `t`, eV.
    pub(super) fn thermal_energy(t: f64) -> f64 {
        BOLTZMANN * t
    }

    /// (Σ m v⊗v + W)/V: minus the stress, eV/Å³.
    pub fn pressure_tensor(&self) -> Mat3 {
        (self.system.kinetic_tensor() + self.virial) / self.system.cell.volume()
    }

    /// A third of the trace of the pressure tensor, eV/Å³.
    pub fn pressure(&self) -> f64 {
        self.pressure_tensor().trace() / 3.0
    }

    /// Multiplies all velocities.
    pub(super) fn scale_velocities(&mut self, factor: f64) {
        for v in &mut self.system.velocities {
            *v *= factor;
        }
    }
}
