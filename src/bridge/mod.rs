//! Other programs move the atoms; mlmd says the forces.

pub mod ipi;
mod socket;

pub use socket::{Address, Link};
