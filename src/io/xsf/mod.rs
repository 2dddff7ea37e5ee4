//! XSF, the structure file of XCrySDen, and aenet's training structures.
//!
//! A comment `# total energy = -123.4 eV` before a structure is its energy, and its forces are then in
//! eV/Å: this is what aenet means (<http://ann.atomistic.net/documentation/>). Without it forces are in
//! Hartree/Å, as XCrySDen defines the format
//! (<http://www.xcrysden.org/doc/XSF.html>), unless units are stated; forces that are all zero are then
//! place holders and are left out.

mod read;
mod write;

pub(super) use read::open;
pub(super) use write::create;
