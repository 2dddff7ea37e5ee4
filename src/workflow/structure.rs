//! From `[structure]` to the atoms of a run.

use super::{Selection, relax};
use crate::error::{Error, Result};
use crate::input::{Dynamics, Place, Structure};
use crate::io::{Frame, open};
use crate::system::{Lot, Mat3, System};

/// Reads the file and makes of it what the table says: supercell, strain, defects, rattling.
///
/// # Errors
/// [`Error::Invalid`] where that is impossible, and where the file marks atoms as not to be moved while `dynamics` does not say
/// whether it holds any: cells and defects number the atoms anew, so the marks themselves cannot be obeyed.
pub fn build(structure: &Structure, dynamics: Option<&Dynamics>, seed: u64) -> Result<System> {
    build_of(&read(structure)?, structure, dynamics, seed)
}

/// The same of a frame that was read already.
pub fn build_of(
    frame: &Frame,
    structure: &Structure,
    dynamics: Option<&Dynamics>,
    seed: u64,
) -> Result<System> {
    let marked = relax::held(frame).iter().filter(|held| held.contains(&true)).count();
    if marked > 0 && dynamics.is_some_and(|dynamics| dynamics.fixed.is_none()) {
        return Err(Error::invalid(format!(
            "{}: {marked} of its {} atoms are marked as not to be moved (selective dynamics)\n   expected [dynamics] fixed, the \
             atoms that a run holds; `fixed = []` moves all",
            structure.file.display(),
            frame.len()
        )));
    }
    let mut system = frame.to_system()?;
    if structure.cells() != 1 || structure.supercell != [[1, 0, 0], [0, 1, 0], [0, 0, 1]] {
        system = system.supercell(structure.supercell)?;
    }
    if let Some(strain) = structure.strain {
        system = system.strained(&Mat3::from_row_iterator(strain.into_iter().flatten()))?;
    }
    defects(structure, &mut system, seed)?;
    if let Some(sigma) = structure.rattle {
        system.rattle(sigma, seed)?;
        system.wrap();
    }
    if system.is_empty() {
        return Err(Error::invalid(format!("{}: no atoms are left", structure.file.display())));
    }
    Ok(system)
}

/// Vacancies, substitutions and interstitials, each drawn for itself. A change of no atom is none: the first that
/// changes something goes where it would go alone.
fn defects(structure: &Structure, system: &mut System, seed: u64) -> Result<()> {
    let mut lot = Lot { seed, ordinal: 0 };
    let count =
        |lot: Lot, atoms: &[usize]| Lot { ordinal: lot.ordinal + u64::from(!atoms.is_empty()), ..lot };
    for vacancies in &structure.vacancies {
        let done = system.vacancies(vacancies.element, vacancies.amount, lot);
        lot = count(lot, &done.map_err(at(&vacancies.place))?);
    }
    for change in &structure.substitutions {
        let done = system.substitute(change.from, change.to, change.amount, lot);
        lot = count(lot, &done.map_err(at(&change.place))?);
    }
    for added in &structure.interstitials {
        let done = system.fill_voids(added.element, added.amount, added.minimum, lot);
        lot = count(lot, &done.map_err(at(&added.place))?);
    }
    Ok(())
}

/// An error about the structure, told at the place in the input that asks for it.
fn at(place: &Place) -> impl Fn(Error) -> Error {
    |error| place.error(error.to_string()).into()
}

/// The frame that is meant.
pub fn read(structure: &Structure) -> Result<Frame> {
    let options = structure.reading();
    if let Some(index) = structure.frame {
        return Selection::frame(index, &structure.file, &options);
    }
    let path = structure.file.display();
    let mut frames = open(&structure.file, &options)?;
    let first = frames.next().transpose()?;
    let first = first.ok_or_else(|| Error::invalid(format!("{path}: the file holds no structure")))?;
    if frames.next().transpose()?.is_some() {
        return Err(Error::invalid(format!(
            "{path}: the file has several frames; say which one in [structure], such as `frame = -1` for the last"
        )));
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Plan;

    /// A cube of one lithium and one nitrogen, as one frame or two.
    fn build_with(structure: &str, frames: usize) -> Result<System> {
        let folder = tempfile::tempdir().unwrap();
        let frame = "2\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3\nLi 0 0 0\nN 2 2 2\n";
        std::fs::write(folder.path().join("a.xyz"), frame.repeat(frames)).unwrap();
        let text = format!("[potential]\nfile = \".\"\n[structure]\nfile = \"a.xyz\"\n{structure}");
        let plan = Plan::read_text("in.toml", &text, folder.path(), &[])?;
        build(&plan.structure, plan.dynamics.as_ref(), plan.seed)
    }

    #[test]
    fn the_table_is_carried_out() {
        let text = "supercell = [3, 3, 3]\nstrain = [0.1, 0, 0]\nrattle = \"0.01 angstrom\"\n\
                    [[structure.vacancies]]\nelement = \"Li\"\ncount = 2\n\
                    [[structure.substitutions]]\nfrom = \"Li\"\nto = \"Na\"\nfraction = 0.2\n\
                    [[structure.interstitials]]\nelement = \"H\"\ncount = 3\nminimum = \"1 angstrom\"\n";
        let system = build_with(text, 1).unwrap();
        assert_eq!(system.formula(), "H3Li20N27Na5");
        assert!((system.cell.volume() - 64.0 * 27.0 * 1.1).abs() < 1e-9);
        assert_eq!(build_with("supercell = [[0, 1, 1], [1, 0, 1], [1, 1, 0]]", 1).unwrap().len(), 4);
    }

    #[test]
    fn marked_atoms_are_not_moved_without_a_word() {
        let folder = tempfile::tempdir().unwrap();
        let poscar = "Li N\n1\n4 0 0\n0 4 0\n0 0 4\nLi N\n1 1\nSelective dynamics\nDirect\n0 0 0 T T T\n0.5 0.5 0.5 F F T\n";
        std::fs::write(folder.path().join("POSCAR"), poscar).unwrap();
        let build = |fixed: &str| {
            let dynamics = format!(
                "[dynamics]\ntemperature = \"300 K\"\ntimestep = \"1 fs\"\nproduce = \"1 ps\"\n{fixed}"
            );
            let text = format!("[potential]\nfile = \".\"\n[structure]\nfile = \"POSCAR\"\n{dynamics}");
            let plan = Plan::read_text("in.toml", &text, folder.path(), &[])?;
            super::build(&plan.structure, plan.dynamics.as_ref(), plan.seed)
        };
        let message = build("").unwrap_err().to_string();
        assert!(
            message.contains("1 of its 2 atoms are marked") && message.contains("`fixed = []`"),
            "{message}"
        );
        assert_eq!(build("fixed = []").unwrap().len(), 2);
        assert_eq!(build("fixed = [1]").unwrap().len(), 2);
    }

    #[test]
    fn impossible_requests_are_told_where_they_stand() {
        let text = "[[structure.vacancies]]\nelement = \"Li\"\ncount = 2\n";
        let message = build_with(text, 1).unwrap_err().to_string();
        assert!(message.starts_with("in.toml:5:1: 2 Li atoms are wanted, but there are only 1"), "{message}");
        let message = build_with("", 2).unwrap_err().to_string();
        assert!(message.contains("the file has several frames"), "{message}");
        assert_eq!(build_with("frame = -1", 2).unwrap().len(), 2);
    }
}
