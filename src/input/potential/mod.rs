//! `[potential]`: how the atoms interact.

mod buckingham_coulomb;
mod lennard_jones;
mod truncation;
mod zbl;

pub use buckingham_coulomb::BuckinghamCoulombTable;
pub use lennard_jones::LennardJonesTable;
pub use zbl::ZblTable;

use super::keys::{Keys, Table};
use super::kind::{existing_path, file_units, table};
use crate::error::Result;
use crate::io::FileUnits;
use crate::potential::{Potential, PotentialFormat};
use crate::system::Element;
use std::path::{Path, PathBuf};

/// `[potential]`: a file, or tables of parameters, or several of them added up.
#[derive(Debug, Clone, PartialEq)]
pub struct PotentialChoice {
    /// A potential in a file or folder.
    pub file: Option<PathBuf>,
    /// Units of a file that does not state its own.
    pub units: Option<FileUnits>,
    /// Lennard-Jones interactions.
    pub lennard_jones: Option<LennardJonesTable>,
    /// Buckingham and Coulomb interactions.
    pub buckingham_coulomb: Option<BuckinghamCoulombTable>,
    /// Repulsion of nuclei.
    pub zbl: Option<ZblTable>,
}

impl PotentialChoice {
    /// The potentials that are given as tables of parameters, for a system of these elements.
    pub fn tables(&self, elements: &[Element]) -> Result<Vec<Box<dyn Potential>>> {
        let mut terms: Vec<Box<dyn Potential>> = Vec::new();
        if let Some(table) = &self.lennard_jones {
            terms.push(Box::new(table.build()?));
        }
        if let Some(table) = &self.buckingham_coulomb {
            terms.push(Box::new(table.build()?));
        }
        if let Some(table) = &self.zbl {
            terms.push(Box::new(table.build(elements)?));
        }
        Ok(terms)
    }
}

impl Table for PotentialChoice {
    const ABOUT: &'static str =
        "How the atoms interact: a file, or a table of parameters. Several are added up.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            file: keys
                .key(
                    "file",
                    existing_path(true),
                    "A native potential, the folder of one made by n2p2, RuNNer or aenet, or a nep.txt of GPUMD.",
                )
                .optional("potentials/li3n")?,
            units: keys
                .key(
                    "units",
                    file_units(),
                    "Units of energy and length of n2p2 and RuNNer files, which do not state theirs.",
                )
                .optional(["hartree", "bohr"])?,
            lennard_jones: keys.key("lennard-jones", table(), LennardJonesTable::ABOUT).optional(())?,
            buckingham_coulomb: keys
                .key("buckingham-coulomb", table(), BuckinghamCoulombTable::ABOUT)
                .optional(())?,
            zbl: keys.key("zbl", table(), ZblTable::ABOUT).optional(())?,
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        if self.units.is_some() && self.file.is_none() {
            return Err(keys
                .error("units", "`units` belongs to a potential file, and there is none")
                .with_help("remove it: tables of parameters carry their units")
                .into());
        }
        if let Some(file) = &self.file {
            check_units(keys, "file", file, self.units)?;
        }
        let tables = [self.lennard_jones.is_some(), self.buckingham_coulomb.is_some(), self.zbl.is_some()];
        if self.file.is_none() && !tables.contains(&true) {
            return Err(keys
                .error("", "this says nothing about how atoms interact")
                .with_help("expected `file = \"...\"`, or a table such as [potential.lennard-jones]")
                .into());
        }
        Ok(())
    }
}

/// Are units stated where the files of a potential, which the key `name` gives, have none?
pub(super) fn check_units(keys: &Keys<'_>, name: &str, file: &Path, units: Option<FileUnits>) -> Result<()> {
    if units.is_none() && PotentialFormat::detect(file).is_ok_and(|format| format == PotentialFormat::N2p2) {
        return Err(keys
            .error(name, "files of n2p2 and RuNNer do not say in which units they are")
            .with_help("state them below: units = [\"eV\", \"angstrom\"], or [\"hartree\", \"bohr\"]")
            .into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Plan;

    fn read(potential: &str) -> Result<PotentialChoice> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("li.xyz"), "").unwrap();
        let text = format!("[structure]\nfile = \"li.xyz\"\n{potential}");
        Ok(Plan::read_text("in.toml", &text, folder.path(), &[])?.potential)
    }

    fn message(potential: &str) -> String {
        read(potential).unwrap_err().to_string()
    }

    const ARGON: &str =
        "[potential.lennard-jones]\nepsilon = \"0.0104 eV\"\nsigma = \"3.4 Å\"\ncutoff = \"8.5 Å\"\n";
    const OXIDE: &str = "[potential.buckingham-coulomb]\ncharges = { Li = 1, O = -2.0 }\n\
        pairs = [{ elements = \"O-Li\", a = \"426.48 eV\", rho = \"0.3 Å\" },\n\
        { elements = \"O-O\", a = \"22764.3 eV\", rho = \"0.149 Å\", c = \"27.89 eV*angstrom^6\" }]\n";

    #[test]
    fn tables_become_potentials() {
        let ion = |symbol: &str| -> Element { symbol.parse().unwrap() };
        let elements = [ion("Li"), ion("O")];
        let all = read(&format!("{ARGON}{OXIDE}[potential.zbl]\nfactor = 0.8\n")).unwrap();
        let terms = all.tables(&elements).unwrap();
        let descriptions: Vec<_> = terms.iter().map(|term| term.description()).collect();
        assert_eq!(descriptions[0], "Lennard-Jones, cutoff 8.5 angstrom");
        assert!(descriptions[1].starts_with(
            "Buckingham for Li, O, cutoff 10 angstrom + Coulomb by Ewald summation (Li +1, O -2), cutoff 10 angstrom"
        ));
        assert_eq!(descriptions[2], "ZBL repulsion, at most up to 2.048 angstrom");

        let two = "[potential.lennard-jones]\ncutoff = \"9 Å\"\ntruncation = \"smooth\"\nsmooth_from = \"7 Å\"\n\
            [[potential.lennard-jones.pairs]]\nelements = \"Li-Li\"\nepsilon = \"1 meV\"\nsigma = \"2 Å\"\n\
            [[potential.lennard-jones.pairs]]\nelements = \"O-O\"\nepsilon = \"2 meV\"\nsigma = \"3 Å\"\n";
        let terms = read(two).unwrap().tables(&elements).unwrap();
        assert_eq!(terms[0].elements().unwrap(), elements);
        let fast =
            OXIDE.replace("charges", "method = \"damped-shifted\"\ncoulomb_cutoff = \"12 Å\"\ncharges");
        let terms = read(&fast).unwrap().tables(&elements).unwrap();
        assert_eq!(terms[0].cutoff(), 12.0);
    }

    #[test]
    fn mistakes_are_found_where_they_stand() {
        let at = |text: &str, place: &str, what: &str| {
            let found = message(text);
            assert!(found.starts_with(place) && found.contains(what), "{found}");
        };
        at(&ARGON.replace("0.0104 eV", "0.0104 K"), "in.toml:4:12", "unit of another quantity");
        at(&ARGON.replace("epsilon = \"0.0104 eV\"\n", ""), "in.toml:3:", "the parameters are incomplete");
        at(
            &format!("{ARGON}smooth_from = \"7 Å\"\n"),
            "in.toml:7:15",
            "belongs to `truncation = \"smooth\"`",
        );
        at(&format!("{ARGON}truncation = \"smooth\"\n"), "in.toml:7:14", "where smoothing begins is missing");
        let late = format!("{ARGON}truncation = \"smooth\"\nsmooth_from = \"9 Å\"\n");
        at(&late, "in.toml:8:15", "smoothing begins beyond the cutoff");
        at(&format!("{ARGON}truncaton = \"cut\"\n"), "in.toml:7:1", "did you mean `truncation`?");
        let pair = "pairs = [{ elements = \"Li-O\", epsilon = \"1 eV\", sigma = \"2 Å\" }]\n";
        at(&format!("{ARGON}{pair}"), "in.toml:4:11", "`epsilon` is for all atoms alike");
        let mixed = format!("[potential.lennard-jones]\ncutoff = \"8 Å\"\n{pair}");
        at(&mixed, "in.toml:5:9", "Lennard-Jones parameters for Li-Li are missing");
        at(&OXIDE.replace("Li = 1, ", ""), "in.toml:5:9", "Li-O has an element that the model lacks");
        at(&OXIDE.replace("O-O", "Li-O"), "in.toml:5:9", "the pair Li-O has two sets");
        at(&OXIDE.replace("c = ", "C = "), "in.toml:6:", "unknown key `C`");
        at(&format!("{OXIDE}damping = \"0.2 angstrom^-1\"\n"), "in.toml:7:11", "belongs to `method");
        at("[potential.zbl]\ninner = \"1 Å\"\n", "in.toml:4:9", "`outer` is missing");
        at("[potential.zbl]\ninner = \"2 Å\"\nouter = \"1 Å\"\n", "in.toml:4:9", "beyond the end");
    }
}
