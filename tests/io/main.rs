//! Reading and writing files of every format.

mod ase;
mod cif;
mod cp2k;
mod cross_check;
mod detection;
mod espresso;
mod extxyz;
mod h5md;
mod hostile;
mod labels;
mod lammps;
mod n2p2;
mod outcar;
mod poscar;
mod support;
mod vasprun;
mod xdatcar;
mod xsf;
mod xyz_of_programs;
