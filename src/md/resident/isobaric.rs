//! Constant pressure: the atoms stay on a device, and the cell changes at every so many steps.

use super::Resident;
use crate::compute::Engine;
use crate::error::Result;
use crate::md::{Barostat, CellRescaling, Ensemble, Integrator, State, Thermostat};
use crate::system::{Cell, Mat3, Vec3};
use crate::units::AMU_ANGSTROM2_PER_FS2;

/// Stochastic cell rescaling of a run that is alone on its seat.
///
/// At a step at which the cell changes everything is read back, the strain is drawn on the host as [`CellRescaling`] draws
/// it, and cell and velocities are sent; fractional coordinates stay. Another look a step later counts the work of the
/// strain. Between these two, and from the second to the next change, it is the run of a [`Resident`] at constant volume.
#[derive(Debug)]
pub(super) struct Isobaric {
    inner: Resident,
    barostat: CellRescaling,
    /// fs.
    timestep: f64,
}

/// Does the cell of this ensemble change seldom enough, and by what a device can leave to the host?
pub(super) fn is_seldom(ensemble: &Ensemble) -> bool {
    matches!(
        (ensemble.barostat, ensemble.thermostat),
        (Some(Barostat::CellRescaling { every: 2.., .. }), Some(Thermostat::Csvr { .. }))
    )
}

impl Isobaric {
    /// The run of `inner`, whose ensemble has this barostat; `None` for one that the host does not know how to apply.
    pub(super) fn new(inner: Resident, ensemble: &Ensemble) -> Option<Self> {
        Some(Self { inner, barostat: CellRescaling::of(ensemble)?, timestep: ensemble.timestep })
    }

    /// The barostat with what the thermostat has taken on the device.
    fn whole(&self) -> CellRescaling {
        let mut whole = self.barostat.clone();
        whole.taken_by_thermostat(self.inner.taken);
        whole
    }

    /// The step in which the cell changes by this strain.
    fn strained(&mut self, state: &mut State, engine: &mut Engine, strain: &Mat3) -> Result<()> {
        let (map, back) = (strain.exp(), (-strain).exp());
        // The step begins with a kick by the forces of the old cell, before the cell changes: velocities are such that this
        // comes after.
        let kick = |atom: usize| -> Vec3 {
            state.forces[atom] * (0.5 * self.timestep / (AMU_ANGSTROM2_PER_FS2 * state.system.masses[atom]))
        };
        let velocities: Vec<Vec3> = (0..state.system.len())
            .map(|atom| back * (state.system.velocities[atom] + kick(atom)) - kick(atom))
            .collect();
        let cell = Cell::from_matrix(state.system.cell.matrix() * map, state.system.cell.periodic())?;
        self.inner.batch.reshape(&cell, &velocities)?;
        let old = std::mem::replace(&mut state.system.cell, cell);
        let next = state.system.step + 1;
        let moved = self.inner.advance(state, engine, next).and_then(|()| self.inner.settle(state));
        if moved.is_err() {
            // The positions that there are belong to the old one.
            state.system.cell = old;
        }
        moved
    }
}

impl Integrator for Isobaric {
    fn description(&self) -> String {
        format!("{}; the atoms stay on the device", self.barostat.description())
    }

    fn step(&mut self, state: &mut State, engine: &mut Engine) -> Result<()> {
        let until = state.system.step + 1;
        self.advance(state, engine, until)?;
        self.settle(state)
    }

    fn advance(&mut self, state: &mut State, engine: &mut Engine, until: u64) -> Result<()> {
        if !self.inner.arrived {
            // What the CPU has left to count. Anything else is counted where a run that was not interrupted does it, for the
            // sum to have the same bits.
            if self.barostat.owes() {
                self.barostat.follow(state);
            }
            self.inner.arrive(state, engine);
        }
        if self.barostat.is_due(state.system.step) {
            // What the device has found, also where a run goes on: the CPU's sums have other bits.
            self.inner.settle(state)?;
            if let Some(strain) = self.barostat.begin(state)? {
                self.strained(state, engine, &strain)?;
                self.barostat.follow(state);
                return Ok(());
            }
        }
        let until = until.min(self.barostat.next_change(state.system.step));
        self.inner.advance(state, engine, until)
    }

    fn settle(&mut self, state: &mut State) -> Result<()> {
        self.inner.settle(state)
    }

    fn is_resident(&self) -> bool {
        true
    }

    fn reservoir(&self, state: &State) -> f64 {
        self.whole().reservoir(state)
    }

    fn save(&self) -> Vec<f64> {
        self.whole().save()
    }

    fn restore(&mut self, saved: &[f64]) -> bool {
        if !self.barostat.restore(saved) {
            return false;
        }
        self.inner.taken = saved[0];
        true
    }

    fn save_device(&self) -> Result<Vec<u32>> {
        self.inner.save_device()
    }

    fn restore_device(&mut self, saved: &[u32]) {
        self.inner.restore_device(saved);
    }
}
