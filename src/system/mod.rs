//! What the atoms are: elements, the cell they live in, and the system they form.

mod cell;
mod defects;
mod deform;
mod element;
mod points;
mod state;
mod supercell;
mod velocities;
mod voids;

pub use cell::Cell;
pub use defects::{Amount, Lot};
pub use element::Element;
pub(crate) use points::Points;
pub use state::System;
pub(crate) use state::formula;
pub use supercell::SupercellMatrix;

/// A vector of three Cartesian components.
pub type Vec3 = nalgebra::Vector3<f64>;

/// A 3×3 matrix; lattice vectors, where it holds them, are its rows.
pub type Mat3 = nalgebra::Matrix3<f64>;

/// Row and column of each component of a symmetric tensor, in the order of Voigt: xx, yy, zz, yz, xz, xy.
pub const VOIGT: [(usize, usize); 6] = [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)];
