//! The classical potentials against what is known about them without mlmd.

mod derivatives;
mod lammps;
mod lattices;
mod nist;
mod pairs;
mod support;
