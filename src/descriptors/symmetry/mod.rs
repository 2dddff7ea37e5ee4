//! Atom-centred symmetry functions (Behler and Parrinello, doi:10.1103/PhysRevLett.98.146401; Behler,
//! doi:10.1063/1.3553717; weighted: Gastegger et al., doi:10.1063/1.5019667; compact: Bircher, Singraber
//! and Dellago, doi:10.1088/2632-2153/abf817).
//!
//! A symmetry function is a radial factor, an angular factor and a choice of neighbours, as *data*:
//! see [`SymmetryFunction`]. All functions of n2p2 and RuNNer (types 2, 3, 9, 12, 13, 20 to 25) are
//! such combinations.

mod function;

pub use function::{Angle, CompactCore, Radial, SymmetryFunction, SymmetryFunctions};
