//! Graphics processors, through `wgpu`: Vulkan, Metal or Direct3D 12, whatever the driver offers.
//!
//! | file | what it holds |
//! |---|---|
//! | `adapters` | [`adapters()`]: which devices there are, and what they can hold |

mod adapters;

pub use adapters::{Adapter, Kind, adapters};
