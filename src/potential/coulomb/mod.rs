//! Point charges: the exact Ewald sum, and a faster short-ranged stand-in for it.
//!
//! Energies are q_i q_j/(4πε₀ r); every element has one charge.

mod charges;
mod damped;
mod direct;
mod erfc;
mod ewald;
mod reciprocal;

pub use damped::DampedShifted;
pub use ewald::{Ewald, NetCharge};
