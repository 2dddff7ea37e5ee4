//! LAMMPS data files and text dumps.
//!
//! LAMMPS counts atom types and leaves the elements to the input script. They are taken from what the
//! user states (`elements` of [`ReadOptions`]), an `element` column, type labels, the comments behind
//! the masses, or the masses, in this order; a file that has none of them is refused.
//!
//! Units are `metal` (Å, eV, ps) unless the file names others; of those `real` (Å, kcal/mol, fs) is
//! converted. Every frame says under `lammps_units` which were taken and whether the file said so.
//!
//! Atoms are put in the order of their ids: LAMMPS writes them in the order of its processors.

mod data;
mod dump;
mod region;
mod types;
mod unit_style;

pub(super) use data::{create as create_data, ends_with, open as open_data};
pub(super) use dump::{create as create_dump, open as open_dump};
pub(super) use types::Types;
pub(super) use unit_style::UnitStyle;

#[cfg(doc)]
use super::ReadOptions;
