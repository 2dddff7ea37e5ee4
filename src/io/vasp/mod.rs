//! The files of VASP (<https://www.vasp.at/wiki>): structures, trajectories and results.

mod header;
mod outcar;
mod poscar;
mod selective;
mod vasprun;
mod xdatcar;
mod xml;

pub(super) use outcar::open as open_outcar;
pub(super) use poscar::{create as create_poscar, open as open_poscar};
pub(super) use vasprun::open as open_vasprun;
pub(super) use xdatcar::{create as create_xdatcar, open as open_xdatcar};

use crate::units::EV_PER_ANGSTROM3_IN_GPA;

/// 1 kbar in eV/Å³.
const KILOBAR: f64 = 0.1 / EV_PER_ANGSTROM3_IN_GPA;
