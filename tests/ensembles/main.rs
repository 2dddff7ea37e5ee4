//! Do the integrators sample what they promise?
//!
//! Small systems, long runs, fixed seeds. Tolerances are numbers of standard errors, and each test makes sure that its
//! standard error is small enough to tell. What depends on nothing random has to be the same to the last bit.

mod canonical;
mod checkpoint;
mod cold;
mod constant_energy;
mod fluid;
mod gas;
mod isobaric;
mod statistics;
mod support;
