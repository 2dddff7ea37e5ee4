//! A cell with inertia: constant pressure without noise.

use super::chain::{Bath, Chain};
use super::verlet::finish;
use super::{Barostat, CellMode, Compressibility, Ensemble, Integrator, Ramp, State, Thermostat};
use crate::compute::Engine;
use crate::error::Result;
use crate::system::{Cell, Mat3};
use crate::units::AMU_ANGSTROM2_PER_FS2;
use std::f64::consts::TAU;

/// The equations of Martyna, Tobias and Klein (doi:10.1063/1.467468) in the measure-preserving splitting of
/// Tuckerman et al. (doi:10.1088/0305-4470/39/19/S18): isobaric–isothermal with Nosé–Hoover chains on the atoms and
/// on the cell, isobaric–isenthalpic without.
///
/// With the strain rate G of the cell (Ḣ = H G) and N_f degrees of freedom,
/// ṙ = v + Gᵀ r, m v̇ = F − G m v − (tr G/N_f) m v, W Ġ = V (P − P₀) + (2K/N_f) 1, where P is the instantaneous
/// pressure tensor. What G may be depends on the mode: a multiple of 1; H⁻¹ diag(g) H, by which the lattice vectors
/// only change their lengths (g then takes the place of G in the equations of motion and of energy); any symmetric
/// matrix, for antisymmetric ones would only rotate the system.
///
/// The inertia W does not change the ensemble. The usual choice, (N_f + 3) k_B T τ², suits gases: a solid is stiffer
/// by B V/(N k_B T), some hundred times, and its cell would swing ten times faster than asked. Here
/// W = 3 V₀ (τ/2π)²/β with the volume at the first step, so that τ is the period of the volume of a material with the
/// compressibility β.
#[derive(Debug, Clone, PartialEq)]
pub struct Mtk {
    timestep: f64,
    time: f64,
    pressure: Ramp,
    temperature: Ramp,
    mode: CellMode,
    compressibility: Compressibility,
    /// W, eV·fs²; zero before the first step.
    inertia: f64,
    /// Strain rate, 1/fs: diag(g) in the mode per axis, else G.
    rate: Mat3,
    thermostat: Option<Chains>,
    /// What P₀V and the chains have gained because targets have changed, with the other sign, eV.
    taken: f64,
}

/// The chains on the atoms and on the cell.
#[derive(Debug, Clone, PartialEq)]
struct Chains {
    /// Of the chain on the atoms, fs; that of the chain on the cell is the period of the cell.
    period: f64,
    atoms: Chain,
    cell: Chain,
}

impl Chains {
    /// What the chain on the atoms keeps warm, with a target k_B T, eV.
    fn of_atoms(&self, state: &State, thermal: f64) -> Bath {
        Bath { freedom: state.degrees_of_freedom() as f64, thermal, period: self.period }
    }
}

impl Mtk {
    /// That of an ensemble: with a Nosé–Hoover chain, or at constant enthalpy.
    pub(super) fn of(ensemble: &Ensemble) -> Option<Self> {
        let Ensemble { timestep, temperature, .. } = *ensemble;
        let Some(Barostat::Mtk { pressure, time, chain, mode, compressibility }) = ensemble.barostat else {
            return None;
        };
        let thermostat = match ensemble.thermostat {
            None => None,
            Some(Thermostat::NoseHoover { time: period, chain: atoms }) => {
                Some(Chains { period, atoms: Chain::new(atoms), cell: Chain::new(chain) })
            }
            Some(_) => return None,
        };
        Some(Self {
            timestep,
            time,
            pressure,
            temperature,
            mode,
            compressibility,
            inertia: 0.0,
            rate: Mat3::zeros(),
            thermostat,
            taken: 0.0,
        })
    }

    /// Twice the kinetic energy of the cell, eV.
    fn twice_kinetic(&self) -> f64 {
        self.inertia * self.rate.norm_squared()
    }

    /// Ways in which the cell can change.
    fn freedom(&self) -> f64 {
        match self.mode {
            CellMode::Isotropic => 1.0,
            CellMode::PerAxis => 3.0,
            CellMode::Flexible => 6.0,
        }
    }

    /// G.
    fn gradient(&self, cell: &Cell) -> Mat3 {
        match self.mode {
            CellMode::PerAxis => cell.inverse() * self.rate * cell.matrix(),
            CellMode::Isotropic | CellMode::Flexible => self.rate,
        }
    }

    /// Volume and target pressure.
    fn pressed(&self, state: &State) -> [f64; 2] {
        [state.system.cell.volume(), self.pressure.at(state.system.step)]
    }

    /// What the chain on the cell keeps warm, with the target of a step.
    fn of_cell(&self, step: u64) -> Bath {
        let thermal = State::thermal_energy(self.temperature.at(step));
        Bath { freedom: self.freedom(), thermal, period: self.time }
    }

    /// Advances the chains by half a step.
    fn thermostat(&mut self, state: &mut State) {
        let (half, cell_kinetic) = (0.5 * self.timestep, self.twice_kinetic());
        let of_cell = self.of_cell(state.system.step);
        let Some(chains) = &mut self.thermostat else { return };
        self.rate *= chains.cell.advance(half, cell_kinetic, of_cell);
        let of_atoms = chains.of_atoms(state, of_cell.thermal);
        let factor = chains.atoms.advance(half, 2.0 * state.kinetic_energy(), of_atoms);
        state.scale_velocities(factor);
    }

    /// What the chains hold with the targets of the present step, eV.
    fn held(&self, state: &State) -> f64 {
        let of_cell = self.of_cell(state.system.step);
        self.thermostat.as_ref().map_or(0.0, |chains| {
            chains.atoms.energy(chains.of_atoms(state, of_cell.thermal)) + chains.cell.energy(of_cell)
        })
    }

    /// Advances the strain rate by half a step under the pressure.
    fn push_cell(&mut self, state: &State) {
        let target = self.pressure.at(state.system.step);
        let volume = state.system.cell.volume();
        let per_freedom = 2.0 * state.kinetic_energy() / state.degrees_of_freedom() as f64;
        let unbalanced =
            volume * state.pressure_tensor() + Mat3::identity() * (per_freedom - volume * target);
        let allowed = match self.mode {
            CellMode::Isotropic => Mat3::identity() * (unbalanced.trace() / 3.0),
            CellMode::PerAxis => {
                let cell = &state.system.cell;
                Mat3::from_diagonal(&(cell.matrix() * unbalanced * cell.inverse()).diagonal())
            }
            CellMode::Flexible => 0.5 * (unbalanced + unbalanced.transpose()),
        };
        self.rate += allowed * (0.5 * self.timestep / self.inertia);
    }

    /// Advances the velocities by half a step: forces between two quarters of the drag by the cell.
    fn push_atoms(&self, state: &mut State) {
        let gradient = self.gradient(&state.system.cell);
        let freedom = state.degrees_of_freedom() as f64;
        let drag = gradient + Mat3::identity() * (gradient.trace() / freedom);
        let quarter = (drag * (-0.25 * self.timestep)).exp();
        let factor = 0.5 * self.timestep / AMU_ANGSTROM2_PER_FS2;
        let system = &mut state.system;
        for ((v, f), m) in system.velocities.iter_mut().zip(&state.forces).zip(&system.masses) {
            *v = quarter * (quarter * *v + f * (factor / m));
        }
    }

    /// Moves atoms and cell by a step: the drift between two halves of the expansion.
    fn drift(&self, state: &mut State) -> Result<()> {
        let gradient = self.gradient(&state.system.cell);
        let half = (gradient * (0.5 * self.timestep)).exp();
        let system = &mut state.system;
        for (r, v) in system.positions.iter_mut().zip(&system.velocities) {
            *r = half.tr_mul(&(half.tr_mul(r) + v * self.timestep));
        }
        system.cell = Cell::from_matrix(system.cell.matrix() * (half * half), system.cell.periodic())?;
        Ok(())
    }
}

impl Integrator for Mtk {
    fn description(&self) -> String {
        let heat = match &self.thermostat {
            Some(chains) => format!("Nosé–Hoover chains, period {} fs", chains.period),
            None => "constant enthalpy".to_string(),
        };
        format!("Martyna–Tobias–Klein barostat ({}), period {} fs, {heat}", self.mode, self.time)
    }

    fn step(&mut self, state: &mut State, engine: &mut Engine) -> Result<()> {
        if self.inertia == 0.0 {
            // Once: an inertia that changes would do work.
            let volume = state.system.cell.volume();
            self.inertia = 3.0 * volume / self.compressibility.0 * (self.time / TAU).powi(2);
        }
        self.thermostat(state);
        self.push_cell(state);
        self.push_atoms(state);
        let ([volume, target], held) = (self.pressed(state), self.held(state));
        self.drift(state)?;
        finish(state, self.timestep, engine)?;
        // Targets change in the middle of a step: ∫ V dP₀, by the trapezoidal rule, and what that makes of chains at rest.
        let [now, next] = self.pressed(state);
        self.taken -= 0.5 * (volume + now) * (next - target) + self.held(state) - held;
        self.push_atoms(state);
        self.push_cell(state);
        self.thermostat(state);
        Ok(())
    }

    /// P₀V, the kinetic energy of the cell, and what the chains hold, without what targets that change have added.
    fn reservoir(&self, state: &State) -> f64 {
        let [volume, target] = self.pressed(state);
        target * volume + 0.5 * self.twice_kinetic() + self.held(state) + self.taken
    }

    fn save(&self) -> Vec<f64> {
        let mut saved = vec![self.inertia, self.taken];
        saved.extend(&self.rate);
        if let Some(chains) = &self.thermostat {
            saved.extend(chains.atoms.save());
            saved.extend(chains.cell.save());
        }
        saved
    }

    fn restore(&mut self, saved: &[f64]) -> bool {
        let Some((&[inertia, taken], rest)) = saved.split_first_chunk() else { return false };
        let Some((rate, rest)) = rest.split_at_checked(9) else { return false };
        (self.inertia, self.taken) = (inertia, taken);
        self.rate = Mat3::from_column_slice(rate);
        let Some(chains) = &mut self.thermostat else { return rest.is_empty() };
        let Some((atoms, cell)) = rest.split_at_checked(chains.atoms.save().len()) else { return false };
        chains.atoms.restore(atoms) && chains.cell.restore(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{argon, engine};
    use super::*;

    /// Each way in which the cell can change has k_B T/2 on the average: one, three or six of them. Parts of the run whose
    /// length is five periods of the cell hardly know of each other, and tell the standard error.
    #[test]
    fn every_way_of_the_cell_is_as_warm_as_the_atoms() {
        let (temperature, period, parts) = (40.0, 200.0, 40);
        for (mode, ways) in [(CellMode::Isotropic, 1.0), (CellMode::PerAxis, 3.0), (CellMode::Flexible, 6.0)]
        {
            let ensemble = Ensemble {
                timestep: 4.0,
                temperature: Ramp::constant(temperature),
                thermostat: Some(Thermostat::NoseHoover { time: period, chain: 3 }),
                barostat: Some(Barostat::Mtk {
                    pressure: Ramp::constant(0.0),
                    time: period,
                    chain: 3,
                    mode,
                    compressibility: Compressibility::default(),
                }),
                seed: 1,
            };
            let mut engine = engine(1);
            let mut state = State::new(argon(2, temperature, 5), vec![], &mut engine).unwrap();
            let mut integrator = Mtk::of(&ensemble).unwrap();
            let mut mean = |steps: u64| {
                let mut sum = 0.0;
                for _ in 0..steps {
                    integrator.step(&mut state, &mut engine).unwrap();
                    sum += integrator.twice_kinetic() / State::thermal_energy(temperature);
                }
                sum / steps as f64
            };
            mean(2000);
            let found: Vec<f64> = (0..parts).map(|_| mean(250)).collect();
            let n = f64::from(parts);
            let average = found.iter().sum::<f64>() / n;
            let square = found.iter().map(|x| (x - average).powi(2)).sum::<f64>() / (n - 1.0);
            let error = (square / n).sqrt();
            // A way more or less would be seen.
            assert!(4.0 * error < 1.0, "{mode:?}: ± {error}");
            assert!((average - ways).abs() < 4.0 * error, "{mode:?}: {average} ± {error} of {ways}");
        }
    }
}
