//! Stochastic rescaling of the cell: constant pressure.

use super::verlet::{drift, finish, kick};
use super::{Barostat, Csvr, Ensemble, Integrator, Ramp, State, Thermostat};
use crate::compute::Engine;
use crate::error::{Error, Result};
use crate::random::{Philox, Purpose};
use crate::system::{Cell, Mat3};
use crate::units::EV_PER_ANGSTROM3_IN_GPA;
use std::fmt;

/// The largest strain of a step: that of a gas of a few atoms may be a tenth.
const LARGEST: f64 = 1.0;

/// How the cell may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellMode {
    /// Its volume, not its shape.
    Isotropic,
    /// Each lattice vector its length.
    PerAxis,
    /// Every length and angle.
    Flexible,
}

impl fmt::Display for CellMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Isotropic => "isotropic",
            Self::PerAxis => "per axis",
            Self::Flexible => "flexible",
        })
    }
}

/// How soft the material is taken to be, 1/(eV/Å³).
///
/// Only the ratio of compressibility and relaxation time enters the dynamics, and neither changes the
/// ensemble: a wrong guess makes the volume relax faster or slower than the stated time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compressibility(pub f64);

impl Default for Compressibility {
    /// That of a material with a bulk modulus of 50 GPa, as solid electrolytes have it within a factor of 2.
    fn default() -> Self {
        Self(crate::units::EV_PER_ANGSTROM3_IN_GPA / 50.0)
    }
}

/// Stochastic cell rescaling (Bernetti and Bussi, doi:10.1063/5.0020514; anisotropic: Del Tatto et al.,
/// doi:10.3390/app12031139), with stochastic velocity rescaling for the temperature.
///
/// The strain rate is first order in time: for the volume
/// d ln V = −(β/τ)(P₀ − P) dt + √(2 k_B T β/(V τ)) dW, and for every component of the strain of a flexible cell
/// dε_ab = −(β/3τ)(P₀ δ_ab − P_ab) dt + √(2 k_B T β/(3 V τ)) dW_ab with P_ab the instantaneous
/// pressure tensor: the terms in k_B T/V that the change of variables brings cancel against the Itô terms.
/// Antisymmetric strain would only rotate the system and is left out. Positions and lattice vectors are multiplied
/// by e^ε, velocities by e^−ε.
///
/// With `every` above one the cell changes at every so many steps only, by the strain of all of them: a splitting with a
/// longer step for the cell, as the first reference proposes, which is as good as long as `every` Δt is short against τ.
#[derive(Debug, Clone, PartialEq)]
pub struct CellRescaling {
    timestep: f64,
    time: f64,
    every: u64,
    pressure: Ramp,
    temperature: Ramp,
    compressibility: Compressibility,
    mode: CellMode,
    seed: u64,
    thermostat: Csvr,
    /// Energy taken by the barostat so far, eV.
    taken: f64,
    /// The strain of the last step, whose work is counted with the mean of what worked before and after it.
    strain: Mat3,
    /// V (P₀ 1 − P) before that strain.
    before: Mat3,
    /// Volume and target pressure when work was counted last; no volume before that.
    counted: [f64; 2],
}

impl CellRescaling {
    /// That of an ensemble, where it and its thermostat keep the pressure.
    pub(super) fn of(ensemble: &Ensemble) -> Option<Self> {
        let Ensemble { timestep, temperature, seed, .. } = *ensemble;
        let Some(Barostat::CellRescaling { pressure, time, every, mode, compressibility }) =
            ensemble.barostat
        else {
            return None;
        };
        let Some(Thermostat::Csvr { time: relaxation }) = ensemble.thermostat else { return None };
        Some(Self {
            timestep,
            time,
            every: every.max(1),
            pressure,
            temperature,
            compressibility,
            mode,
            seed,
            thermostat: Csvr::new(timestep, relaxation, temperature, seed),
            taken: 0.0,
            strain: Mat3::zeros(),
            before: Mat3::zeros(),
            counted: [0.0; 2],
        })
    }

    /// Draws the strain of this step from the present pressure.
    fn draw_strain(&self, state: &State, pressure: &Mat3) -> Mat3 {
        let step = state.system.step;
        let target = self.pressure.at(step);
        let thermal = State::thermal_energy(self.temperature.at(step));
        let mobility = self.compressibility.0 * (self.every as f64 * self.timestep) / self.time;
        let volume = state.system.cell.volume();
        let mut random = Philox::new(self.seed, Purpose::Global, step, 1);
        match self.mode {
            CellMode::Isotropic => {
                let drift = -mobility * (target - pressure.trace() / 3.0);
                let noise = (2.0 * thermal * mobility / volume).sqrt() * random.normal();
                Mat3::identity() * ((drift + noise) / 3.0)
            }
            CellMode::PerAxis => {
                // The same along the lattice vectors: with A = H⁻¹ diag(ε) H the vectors only change their lengths.
                let (matrix, inverse) = (state.system.cell.matrix(), state.system.cell.inverse());
                let along = matrix * pressure * inverse;
                let noise = (2.0 * thermal * mobility / (3.0 * volume)).sqrt();
                let strains = crate::system::Vec3::from_fn(|k, _| {
                    -mobility / 3.0 * (target - along[(k, k)]) + noise * random.normal()
                });
                inverse * Mat3::from_diagonal(&strains) * matrix
            }
            CellMode::Flexible => {
                let noise = (2.0 * thermal * mobility / (3.0 * volume)).sqrt();
                let free = Mat3::from_fn(|a, b| {
                    let diagonal = if a == b { target } else { 0.0 };
                    -mobility / 3.0 * (diagonal - pressure[(a, b)]) + noise * random.normal()
                });
                0.5 * (free + free.transpose())
            }
        }
    }

    /// Work done against the target pressure by the last strain, now that the pressure after it is known: the
    /// trapezoidal rule. Weighing with one of the two volumes would be wrong by ε², which the noise makes as
    /// large as the step is long: an error for ever.
    fn settle(&mut self, after: &Mat3) {
        self.taken -= 0.5 * (after + self.before).component_mul(&self.strain).sum();
    }

    /// The strain of the step that begins here, if the cell changes in it.
    ///
    /// # Errors
    /// [`Error::Physics`] if the cell would change too much in a step.
    pub(super) fn begin(&mut self, state: &State) -> Result<Option<Mat3>> {
        self.follow(state);
        if !self.is_due(state.system.step) {
            return Ok(None);
        }
        let pressure = state.pressure_tensor();
        self.before = self.unbalanced(state, &pressure);
        let strain = self.draw_strain(state, &pressure);
        // No number is at most anything.
        if !strain.iter().all(|part| part.abs() <= LARGEST) {
            return Err(Error::Physics(format!(
                "the cell would change by more than its size in a step, under a pressure of {:.3e} GPa\n   expected a \
                 longer `time` of the barostat, or a structure nearer to rest",
                pressure.trace() / 3.0 * EV_PER_ANGSTROM3_IN_GPA
            )));
        }
        self.strain = strain;
        Ok(Some(strain))
    }

    /// Counts the work of the strain of the step that ends here, if there was one, and takes off what P₀V has gained since
    /// the last count because the target has changed: ∫ V dP₀, by the trapezoidal rule.
    pub(super) fn follow(&mut self, state: &State) {
        let ([then, before], volume) = (self.counted, state.system.cell.volume());
        let target = self.pressure.at(state.system.step);
        if then > 0.0 {
            self.taken -= 0.5 * (then + volume) * (target - before);
        }
        self.counted = [volume, target];
        if self.owes() {
            self.settle(&self.unbalanced(state, &state.pressure_tensor()));
            self.strain = Mat3::zeros();
        }
    }

    /// Is the work of a strain still to be counted?
    pub(super) fn owes(&self) -> bool {
        self.strain != Mat3::zeros()
    }

    /// Says what a thermostat that works elsewhere has taken so far, eV.
    #[cfg(feature = "gpu")]
    pub(super) fn taken_by_thermostat(&mut self, taken: f64) {
        self.thermostat.restore(&[taken]);
    }

    /// The next step, after this one, at which the cell is to change.
    #[cfg(feature = "gpu")]
    pub(super) fn next_change(&self, step: u64) -> u64 {
        (step / self.every + 1) * self.every
    }

    /// Does the cell change in the step after this one?
    pub(super) fn is_due(&self, step: u64) -> bool {
        step.is_multiple_of(self.every)
    }

    /// V (P₀ 1 − P), eV: what a strain adds to K + U + P₀V, per strain.
    fn unbalanced(&self, state: &State, pressure: &Mat3) -> Mat3 {
        let target = self.pressure.at(state.system.step);
        (Mat3::identity() * target - pressure) * state.system.cell.volume()
    }
}

impl Integrator for CellRescaling {
    fn description(&self) -> String {
        format!(
            "stochastic cell rescaling ({}), relaxation time {} fs{}, with {}",
            self.mode,
            self.time,
            if self.every > 1 { format!(", every {} steps", self.every) } else { String::new() },
            self.thermostat.description()
        )
    }

    fn step(&mut self, state: &mut State, engine: &mut Engine) -> Result<()> {
        let strain = self.begin(state)?;
        kick(state, 0.5 * self.timestep);
        if let Some(strain) = strain {
            deform(state, &strain)?;
        }
        drift(state, self.timestep);
        finish(state, self.timestep, engine)?;
        kick(state, 0.5 * self.timestep);
        self.thermostat.rescale(state);
        Ok(())
    }

    /// Holds P₀V besides the heat of thermostat and barostat.
    fn reservoir(&self, state: &State) -> f64 {
        let mut settled = self.clone();
        settled.follow(state);
        let target = self.pressure.at(state.system.step);
        self.thermostat.reservoir(state) + settled.taken + target * state.system.cell.volume()
    }

    fn save(&self) -> Vec<f64> {
        let mut saved = self.thermostat.save();
        saved.push(self.taken);
        saved.extend(self.strain.iter().chain(&self.before).chain(&self.counted));
        saved
    }

    fn restore(&mut self, saved: &[f64]) -> bool {
        if saved.len() != 22 || !self.thermostat.restore(&saved[..1]) {
            return false;
        }
        self.taken = saved[1];
        self.strain = Mat3::from_column_slice(&saved[2..11]);
        self.before = Mat3::from_column_slice(&saved[11..20]);
        self.counted = [saved[20], saved[21]];
        true
    }
}

/// Multiplies positions and lattice vectors by e^ε, velocities by e^−ε. Fixed atoms keep their place in the cell.
fn deform(state: &mut State, strain: &Mat3) -> Result<()> {
    let map = strain.exp();
    let back = (-strain).exp();
    let system = &mut state.system;
    system.cell = Cell::from_matrix(system.cell.matrix() * map, system.cell.periodic())?;
    for r in &mut system.positions {
        *r = map.tr_mul(r);
    }
    for v in &mut system.velocities {
        *v = back * *v;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{argon, engine};
    use super::*;
    use crate::md::{Barostat, Thermostat};

    /// Einstein's relation: what a stress difference moves in a step on the average, a part Δt β/τ of it in the volume
    /// and a third of that in each strain, is half of the variance times V/k_B T. The same random numbers under two
    /// targets tell the first to round-off; 1.2 million numbers tell a variance to five standard errors of 0.13 %. Off
    /// the diagonal two noises are averaged, which leaves half of the variance.
    #[test]
    fn the_cell_moves_and_scatters_as_einstein_says() {
        let (timestep, time, every) = (2.0, 500.0, 3);
        let mut engine = engine(1);
        let mut state = State::new(argon(2, 300.0, 5), vec![], &mut engine).unwrap();
        let compressibility = Compressibility(EV_PER_ANGSTROM3_IN_GPA / 2.0);
        let of = |mode: CellMode, target: f64| {
            let pressure = Ramp::constant(target);
            let ensemble = Ensemble {
                timestep,
                temperature: Ramp::constant(40.0),
                thermostat: Some(Thermostat::Csvr { time: 50.0 }),
                barostat: Some(Barostat::CellRescaling { pressure, time, every, mode, compressibility }),
                seed: 3,
            };
            CellRescaling::of(&ensemble).unwrap()
        };
        let pressure = state.pressure_tensor();
        let part = compressibility.0 * timestep * every as f64 / time;
        let scale = State::thermal_energy(40.0) / state.system.cell.volume();
        for mode in [CellMode::Isotropic, CellMode::PerAxis, CellMode::Flexible] {
            // Under its own mean pressure, and under a higher one.
            let own = of(mode, pressure.trace() / 3.0);
            let step = 1e-3;
            let higher = of(mode, pressure.trace() / 3.0 + step).draw_strain(&state, &pressure);
            let moved = higher - own.draw_strain(&state, &pressure);
            let off = (moved + Mat3::identity() * (part * step / 3.0)).amax();
            assert!(off < 1e-12 * part * step + 1e-17, "{mode:?}: moved by {moved}");
            // As many independent numbers in each mode.
            let draws = if mode == CellMode::Isotropic { 1_200_000 } else { 400_000 };
            let (mut mean, mut squares) = (Mat3::zeros(), Mat3::zeros());
            for step in 0..draws {
                state.system.step = step;
                let strain = own.draw_strain(&state, &pressure);
                mean += strain / draws as f64;
                squares += strain.component_mul(&strain) / draws as f64;
            }
            let variance = squares - mean.component_mul(&mean);
            let check = |what: &str, found: f64, expected: f64, independent: f64| {
                let error = (2.0 / (draws as f64 * independent)).sqrt();
                assert!(
                    (found / expected - 1.0).abs() < 5.0 * error,
                    "{mode:?}, {what}: {found}, not {expected}"
                );
            };
            match mode {
                // Of the trace, thrice that of an element.
                CellMode::Isotropic => check("volume", 9.0 * variance[(0, 0)], 2.0 * part * scale, 1.0),
                _ => check("diagonal", variance.trace(), 2.0 * part * scale, 3.0),
            }
            if mode == CellMode::Flexible {
                let off = variance[(0, 1)] + variance[(0, 2)] + variance[(1, 2)];
                check("shear", off, part * scale, 3.0);
            }
            let drift = match mode {
                CellMode::Isotropic => Mat3::zeros(),
                CellMode::PerAxis => Mat3::from_diagonal(&pressure.diagonal()),
                CellMode::Flexible => pressure,
            };
            let deviator = drift - Mat3::identity() * (drift.trace() / 3.0);
            let error = (variance.amax() / draws as f64).sqrt();
            let off = (mean - deviator * (part / 3.0)).amax();
            assert!(off < 5.0 * error, "{mode:?}: moved by {mean} under {pressure}");
        }
    }
}
