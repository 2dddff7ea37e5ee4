//! Reals of either precision and the elementary functions the kernels need, written without branches
//! so that a loop over a slice becomes vector code on every instruction set.
//!
//! These functions ask for no fused multiply-add: `a * b + c` rounds the same way on every machine, which
//! is what reproducible bits want, and calls no library function where the hardware has no FMA. Kernels
//! that need more than the compiler makes of a loop are written with [`Lanes`].
//!
//! Accuracy against the correctly rounded functions is stated at each of them and tested.

mod buffer;
mod functions;
mod real;
mod simd;

pub use buffer::Buffer;
pub use functions::cos_sin_pi;
pub use real::Real;
pub use simd::{Kernel, Lanes, Vector, instruction_set};
