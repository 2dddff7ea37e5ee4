//! Extended XYZ in the dialect of ASE, and plain XYZ.
//!
//! A frame is a count, a comment line of `key=value` pairs and one line per atom, whose columns the
//! key `Properties` describes (<https://github.com/libAtoms/extxyz>). Positions are in Å, energies in
//! eV, forces in eV/Å, stress in eV/Å³ and tensile positive.

mod columns;
mod comment;
mod header;
mod ipi;
mod labels;
mod lammps;
mod read;
mod write;

pub(super) use read::open;
pub(super) use write::create;
pub use write::extxyz;

/// ASE's unit of time, Å·√(amu/eV), in fs, to ASE's own digits: its `momenta` are amu·Å per that.
const ASE_TIME: f64 = 10.180505671156725;
