//! Systems and short names that the tests share.

use mlmd::potential::Evaluation;
use mlmd::system::{Mat3, Vec3};
use mlmd::{Cell, Element, NeighborList, Potential, System};

/// The element with this symbol.
pub(crate) fn element(symbol: &str) -> Element {
    symbol.parse().unwrap()
}

/// What a potential says about a system.
pub(crate) fn evaluate(potential: &mut dyn Potential, system: &System) -> Evaluation {
    let list = NeighborList::build(&system.cell, &system.positions, potential.cutoff()).unwrap();
    let mut out = Evaluation::default();
    out.reset(system.len());
    let atoms =
        mlmd::potential::Atoms { cell: &system.cell, species: &system.species, positions: &system.positions };
    potential.evaluate(atoms, &list, &mut out).unwrap();
    out
}

/// A crystal from fractional coordinates.
pub(crate) fn crystal(rows: [[f64; 3]; 3], atoms: &[(&str, [f64; 3])]) -> System {
    let cell = Cell::new(rows, [true; 3]).unwrap();
    let species = atoms.iter().map(|(symbol, _)| element(symbol)).collect();
    let positions = atoms.iter().map(|(_, s)| cell.cartesian(&Vec3::from(*s))).collect();
    System::new(cell, species, positions).unwrap()
}

/// A primitive face-centred cubic lattice, with a basis.
pub(crate) fn fcc(a: f64, basis: &[(&str, [f64; 3])]) -> System {
    let h = 0.5 * a;
    crystal([[0.0, h, h], [h, 0.0, h], [h, h, 0.0]], basis)
}

/// Four Li and two O in a triclinic cell (about 4.5 Å), strained and rattled: nothing in it is symmetric, and
/// every cutoff of the tests reaches beyond the next cell.
pub(crate) fn triclinic_oxide() -> System {
    let strain = Mat3::new(0.03, 0.02, -0.01, 0.0, -0.04, 0.03, 0.02, 0.0, 0.01);
    let li2o = [("O", [0.0; 3]), ("Li", [0.25; 3]), ("Li", [0.75; 3])];
    let mut system = fcc(4.62, &li2o).supercell([[1, 0, 1], [0, 1, 0], [-1, 0, 1]]).unwrap();
    system = system.strained(&strain).unwrap();
    system.rattle(0.12, 4).unwrap();
    system
}
