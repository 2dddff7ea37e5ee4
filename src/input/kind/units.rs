//! The units of files that do not state theirs.

use super::{Kind, Text, array};
use crate::error::Result;
use crate::input::schema::Form;
use crate::input::tree::{Item, Node};
use crate::io::FileUnits;
use crate::units::{Dimension, parse_unit};

/// A unit of energy and a unit of length.
pub struct UnitPair;

/// A unit of energy and a unit of length, `["hartree", "bohr"]`, or a unit style of LAMMPS, `"real"`.
pub fn file_units() -> UnitPair {
    UnitPair
}

impl Kind for UnitPair {
    type Output = FileUnits;

    fn form(&self) -> Form {
        Form::Value("a unit of energy and one of length".to_string())
    }

    fn read(&self, item: &Item) -> Result<FileUnits> {
        if let Node::Text(name) = &item.node {
            return FileUnits::of_style(name).ok_or_else(|| {
                let error =
                    item.place.error(format!("`{name}` is not a unit style of LAMMPS that mlmd converts"));
                error
                    .with_help("expected \"metal\", \"real\", or two units such as [\"eV\", \"angstrom\"]")
                    .into()
            });
        }
        let [first, second] = array(Text).read(item)?;
        if let Node::List(items) = &item.node {
            for (item, text) in items.iter().zip([&first, &second]) {
                check(item, text)?;
            }
        }
        FileUnits::from_names(&first, &second).map_err(|_| {
            let message = "these are not a unit of energy and a unit of length";
            item.place
                .error(message)
                .with_help("expected [\"eV\", \"angstrom\"] or [\"hartree\", \"bohr\"]")
                .into()
        })
    }
}

fn check(item: &Item, text: &str) -> Result<()> {
    let help = "expected a unit of energy (eV, hartree, Ry, ...) or of length (angstrom, bohr, nm, ...)";
    match parse_unit(text) {
        Ok(unit) if matches!(unit.dimension, Dimension::ENERGY | Dimension::LENGTH) => Ok(()),
        Ok(_) => Err(item
            .place
            .error(format!("`{text}` measures neither energy nor length"))
            .with_help(help)
            .into()),
        Err(error) => {
            let place = item.place.inside(text, error.offset, error.length);
            Err(place.error(error.message).with_help(help).into())
        }
    }
}
