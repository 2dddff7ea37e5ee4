//! From `[structure]` to the atoms of a run.

use super::{Selection, relax};
use crate::error::{Error, Result};
use crate::input::{Dynamics, Interstitials, Place, Structure, Substitutions, Vacancies};
use crate::io::{Frame, open};
use crate::system::{Amount, Element, Lot, Mat3, System};

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
    let made = frame.origin.supercell == Some(structure.supercell);
    if !made && (structure.cells() != 1 || structure.supercell != [[1, 0, 0], [0, 1, 0], [0, 0, 1]]) {
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
    for Vacancies { element, amount, place } in &structure.vacancies {
        let there = present(system, *element);
        let done = system.vacancies(*element, *amount, lot);
        lot.ordinal += changes(done, *amount, &there, place)?;
    }
    for Substitutions { from, to, amount, place } in &structure.substitutions {
        let there = present(system, *from);
        let done = system.substitute(*from, *to, *amount, lot);
        lot.ordinal += changes(done, *amount, &there, place)?;
    }
    for Interstitials { element, amount, minimum, place } in &structure.interstitials {
        let there = present(system, *element);
        let done = system.fill_voids(*element, *amount, *minimum, lot);
        lot.ordinal += changes(done, *amount, &there, place)?;
    }
    Ok(())
}

fn present(system: &System, element: Element) -> String {
    format!("{} {element} atoms", system.species.iter().filter(|species| **species == element).count())
}

/// One where a change changes something, none where nothing is wanted. A fraction that comes to no atom is a mistake, told
/// at the place in the input that asks for it like every other.
fn changes(done: Result<Vec<usize>>, amount: Amount, there: &str, place: &Place) -> Result<u64> {
    let changed = done.map_err(|error| place.error(error.to_string()))?;
    match amount {
        Amount::Fraction(fraction) if fraction > 0.0 && changed.is_empty() => {
            Err(place.error(format!("a fraction of {fraction} of {there} comes to no atom")).into())
        }
        _ => Ok(u64::from(!changed.is_empty())),
    }
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

    /// Of a site that is half full, four of eight cells hold an atom, and not all or none.
    #[test]
    fn partial_occupancies_are_drawn_over_the_supercell() {
        let folder = tempfile::tempdir().unwrap();
        let cif = "data_x\n_cell_length_a 4\n_cell_length_b 4\n_cell_length_c 4\n_cell_angle_alpha 90\n_cell_angle_beta 90\n\
                   _cell_angle_gamma 90\nloop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n\
                   _atom_site_occupancy\nO 0.5 0.5 0.5 1\nLi 0 0 0 0.5\n";
        std::fs::write(folder.path().join("a.cif"), cif).unwrap();
        let text = "[potential]\nfile = \".\"\n[structure]\nfile = \"a.cif\"\noccupancy_seed = 1\nsupercell = [2, 2, 2]\n";
        let structure = Plan::read_text("in.toml", text, folder.path(), &[]).unwrap().structure;
        let made = |structure: &Structure| build(structure, None, 1).unwrap();
        assert_eq!((made(&structure).formula().as_str(), made(&structure).cell.volume()), ("Li4O8", 512.0));
        assert_ne!(made(&structure).positions, made(&structure.redrawn("another")).positions);
        // What another program wrote says nothing of the supercell that is wanted here.
        std::fs::write(
            folder.path().join("a.xyz"),
            "1\nLattice=\"4 0 0 0 4 0 0 0 4\" supercell=\"2 0 0 0 2 0 0 0 2\"\nO 0 0 0\n",
        )
        .unwrap();
        let other = Structure { file: folder.path().join("a.xyz"), ..structure };
        assert_eq!(made(&other).len(), 8);
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
        let text = "[[structure.substitutions]]\nfrom = \"Li\"\nto = \"Na\"\nfraction = 0.4\n";
        let message = build_with(text, 1).unwrap_err().to_string();
        assert!(
            message.starts_with("in.toml:5:1: a fraction of 0.4 of 1 Li atoms comes to no atom"),
            "{message}"
        );
        assert_eq!(build_with(&text.replace("0.4", "0"), 1).unwrap().formula(), "LiN");
        let message = build_with("", 2).unwrap_err().to_string();
        assert!(message.contains("the file has several frames"), "{message}");
        assert_eq!(build_with("frame = -1", 2).unwrap().len(), 2);
    }
}
