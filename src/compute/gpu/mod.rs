//! Graphics processors, through `wgpu`: Vulkan, Metal or Direct3D 12, whatever the driver offers.
//!
//! | file | what it holds |
//! |---|---|
//! | `adapters` | [`adapters()`]: which devices there are, and what they can hold |
//! | `device` | [`Device`]: one of them, opened; what goes wrong on it becomes an error |
//! | `demand` | [`Demand`]: the memory that something takes, and whether a device has it |
//! | `kernel`, `tables` | from the text of a kernel to something that runs; numbers it looks up |
//! | `expansion`, `symmetry`, `network` | descriptors and networks as kernels want them |
//! | `model` | a neural potential compiled for a device |
//! | `packing` | positions and neighbours as kernels want them |
//! | `memory` | the buffers of a system, and the commands that evaluate it |
//! | `potential` | [`GpuPotential`]: all of it as a potential like any other |
//! | `dynamics` | [`dynamics::Dynamics`]: atoms that move on the device, many steps at a time |
//!
//! The kernels themselves are in `kernels/*.wgsl`, each with its buffers and formulas at its top.

mod adapters;
mod demand;
mod device;
pub mod dynamics;
mod expansion;
mod kernel;
mod memory;
mod model;
mod network;
mod packing;
mod potential;
mod symmetry;
mod tables;

pub use adapters::{Adapter, Kind, adapters, card_possible, unseen_card};
pub use demand::Demand;
pub use device::Device;
pub use potential::GpuPotential;
