//! Do the integrators sample what they promise?
//!
//! Small systems, long runs, fixed seeds. Every tolerance is a number of standard errors, and every test first makes sure
//! that its standard error is small enough to tell.

mod canonical;
mod cold;
mod constant_energy;
mod fluid;
mod gas;
mod isobaric;
mod statistics;
mod support;
