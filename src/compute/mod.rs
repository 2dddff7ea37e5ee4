//! How a potential is computed: threads, devices, reused buffers.
//!
//! Whatever moves atoms (dynamics, relaxation, other programs) calls an [`Engine`] and nothing below it.
//!
//! | file | what it holds |
//! |---|---|
//! | `engine` | [`Engine`]: energy and forces of a system, step after step |
//! | `frame` | the atoms in the order in which they are computed |
//! | `gpu` | graphics processors (feature `gpu`) |
//! | `selection` | [`Processor`]: which of them computes, and what is done when it cannot |

mod engine;
mod frame;
#[cfg(feature = "gpu")]
pub mod gpu;
mod selection;
#[cfg(test)]
mod tests;

pub use engine::{Engine, Options};
pub use frame::Anchor;
#[cfg(feature = "gpu")]
pub use selection::chosen;
pub use selection::{DeviceKind, Processor};
