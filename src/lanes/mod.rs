//! Reals of either precision and the elementary functions the kernels need, written without branches
//! so that a loop over a slice becomes vector code on every instruction set.
//!
//! No fused multiply-add is asked for anywhere: `a * b + c` rounds the same way on every machine, which
//! is what reproducible bits want, and calls no library function where the hardware has no FMA.
//!
//! Accuracy against the correctly rounded functions is stated at each of them and tested.

mod real;

pub use real::Real;
