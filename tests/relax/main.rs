//! Minima, relaxed cells and paths between minima, against lattice sums, symmetry, known clusters and ASE.

mod bands;
mod cells;
mod minima;
mod peers;
mod support;
