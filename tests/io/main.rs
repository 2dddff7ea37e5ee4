//! Reading and writing files of every format.

mod ase;
mod detection;
mod extxyz;
mod hostile;
mod outcar;
mod poscar;
mod support;
mod vasprun;
mod xdatcar;
