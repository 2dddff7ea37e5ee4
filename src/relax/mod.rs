//! Minimisation of energy over positions and cell, and paths between minima.
//!
//! | file | what it holds |
//! |---|---|
//! | `minimise` | [`relax`]: from a structure to the nearest minimum |
//! | `landscape` | energy over positions and cell as a function of one vector |
//! | `strain` | the coordinates of the cell: [`CellFreedom`] |
//! | `fire` | the fast inertial relaxation engine, version 2.0 |
//! | `band` | [`band()`]: the nudged elastic band with a climbing image |
//! | `band_forces` | forces on the images of a band |
//! | `path` | where a band begins: straight lines, and distances that change evenly |

mod band;
mod band_forces;
mod fire;
mod landscape;
mod minimise;
mod path;
mod strain;

pub use band::{Band, BandSettings, BandState, Image, band, band_through};
pub use landscape::Freedom;
pub use minimise::{Method, Relaxation, Settings, State, relax};
pub use path::{Interpolation, aligned};
pub use strain::CellFreedom;
