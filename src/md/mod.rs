//! How atoms move.
//!
//! A [`State`] is a system with the energy, forces and virial of its configuration. An [`Integrator`] takes
//! it one step further; each says what is conserved, and what to store so that a run goes on with the same
//! bits. [`Ensemble`] names the integrators there are.
//!
//! | file | what it holds |
//! |---|---|
//! | `state` | the system between two steps: temperature, pressure, degrees of freedom |
//! | `ramp` | target temperatures and pressures as functions of the step |
//! | `integrator` | the trait |
//! | `verlet` | kick and drift; constant energy |
//! | `langevin` | friction and noise on every atom (BAOAB) |
//! | `chain` | a chain of fictitious masses |
//! | `nose_hoover` | such a chain on all atoms |
//! | `csvr` | stochastic rescaling of all velocities together |
//! | `cell_rescaling` | stochastic rescaling of the cell: constant pressure |
//! | `mtk` | a cell with inertia: constant pressure or enthalpy |
//! | `ensemble` | the ensembles by name |
//! | `resident` | the same on a graphics processor, many steps at a time (feature `gpu`) |

mod cell_rescaling;
mod chain;
mod csvr;
mod ensemble;
mod integrator;
mod langevin;
mod mtk;
mod nose_hoover;
mod ramp;
#[cfg(feature = "gpu")]
mod resident;
mod state;
#[cfg(test)]
mod tests;
mod verlet;

pub use cell_rescaling::{CellMode, CellRescaling, Compressibility};
pub use csvr::Csvr;
pub use ensemble::{Barostat, Ensemble, Thermostat};
pub use integrator::Integrator;
pub use langevin::Langevin;
pub use mtk::Mtk;
pub use nose_hoover::NoseHoover;
pub use ramp::Ramp;
#[cfg(feature = "gpu")]
pub use resident::{Room, Share, Trial, on_device, room_for};
pub use state::State;
pub use verlet::Verlet;
