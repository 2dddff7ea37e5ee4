//! `[[structure.vacancies]]` and its kin: changes of single atoms.

use super::keys::{Keys, Table};
use super::kind::{element, integer, length, number};
use super::source::Place;
use crate::error::Result;
use crate::system::{Amount, Element};

/// `[[structure.vacancies]]`.
#[derive(Debug, Clone)]
pub struct Vacancies {
    /// The element whose atoms are removed.
    pub element: Element,
    /// How many of them.
    pub amount: Amount,
    /// Where it is written, for complaints about the structure.
    pub place: Place,
}

impl Table for Vacancies {
    const ABOUT: &'static str = "Atoms to remove, drawn by the seed.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        let element = keys.key("element", element(), "Element of the atoms.").required("Li")?;
        Ok(Self { element, amount: amount(keys)?, place: keys.place("") })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        one_amount(keys)
    }
}

/// `[[structure.substitutions]]`.
#[derive(Debug, Clone)]
pub struct Substitutions {
    /// The element that is replaced.
    pub from: Element,
    /// The element put in its place.
    pub to: Element,
    /// How many of them.
    pub amount: Amount,
    /// Where it is written, for complaints about the structure.
    pub place: Place,
}

impl Table for Substitutions {
    const ABOUT: &'static str = "Atoms to replace by another element, drawn by the seed.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        let from = keys.key("from", element(), "Element of the atoms.").required("P")?;
        let to = keys.key("to", element(), "Element to put in their place.").required("Ge")?;
        Ok(Self { from, to, amount: amount(keys)?, place: keys.place("") })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        if self.from == self.to {
            return Err(keys.error("to", format!("{} is the element that is replaced", self.to)).into());
        }
        one_amount(keys)
    }
}

/// `[[structure.interstitials]]`.
#[derive(Debug, Clone)]
pub struct Interstitials {
    /// The element that is added.
    pub element: Element,
    /// How many atoms; a fraction counts those already there.
    pub amount: Amount,
    /// The distance to other atoms that each must keep, Å.
    pub minimum: f64,
    /// Where it is written, for complaints about the structure.
    pub place: Place,
}

impl Table for Interstitials {
    const ABOUT: &'static str = "Atoms to add, each in the largest void that is left.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        let element = keys.key("element", element(), "Element of the atoms.").required("Li")?;
        Ok(Self {
            element,
            amount: amount(keys)?,
            minimum: keys
                .key("minimum", length().positive(), "Smallest distance to another atom.")
                .default("1.5 angstrom")?,
            place: keys.place(""),
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        one_amount(keys)
    }
}

/// The keys `count` and `fraction`, of which exactly one is given.
fn amount(keys: &mut Keys<'_>) -> Result<Amount> {
    let count =
        keys.key("count", integer().at_least(1), "How many; either this or `fraction`.").optional(2)?;
    let fraction = keys
        .key("fraction", number().between(0.0, 1.0), "Which part of those there are, rounded to whole atoms.")
        .optional(0.05)?;
    Ok(match (count, fraction) {
        (_, Some(fraction)) => Amount::Fraction(fraction),
        (count, None) => Amount::Count(count.unwrap_or(0) as usize),
    })
}

fn one_amount(keys: &Keys<'_>) -> Result<()> {
    match (keys.has("count"), keys.has("fraction")) {
        (true, true) => Err(keys.error("fraction", "`count` and `fraction` exclude each other").into()),
        (false, false) => Err(keys
            .error("", "how many is missing")
            .with_help("expected `count = 2` or `fraction = 0.05`")
            .into()),
        _ => Ok(()),
    }
}
