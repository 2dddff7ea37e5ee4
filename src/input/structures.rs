//! `[structures]`: the candidates of a sweep, as `[structure]` of a run with lists where it has single values.

use super::defects::{Interstitials, Substitutions, Vacancies};
use super::keys::{Keys, Table};
use super::kind::{element, existing_path, integer, length, list, number, one_or_many, table};
use super::source::Place;
use super::structure::Structure;
use crate::error::Result;
use crate::system::{Amount, Element};
use std::path::PathBuf;

/// `[structures]`: every file with every combination of amounts of defects, each by every seed.
#[derive(Debug, Clone)]
pub struct Structures {
    /// Files and folders; of a folder every file.
    pub files: Vec<PathBuf>,
    /// How each file is read and what cell is made of it; its `file` is empty and it has no defects yet.
    pub pattern: Structure,
    /// Changes of single atoms, in the order in which they are made.
    pub defects: Vec<Varied>,
    /// Seeds of the places of defects: one structure for each. `None`: the seed of the sweep.
    pub seeds: Option<Vec<u64>>,
}

/// A change of single atoms in one or several amounts: one structure for each.
#[derive(Debug, Clone)]
pub struct Varied {
    /// What is changed.
    pub change: Change,
    /// How many atoms, or which part of them.
    pub amounts: Vec<Amount>,
    /// Where it is written, for complaints about a structure.
    pub place: Place,
}

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// Atoms are removed.
    Vacancies(Element),
    /// Atoms of the first element become atoms of the second.
    Substitutions(Element, Element),
    /// Atoms are added, each so far (Å) from all others.
    Interstitials(Element, f64),
}

impl Table for Structures {
    const ABOUT: &'static str = "The structures of a sweep. As in [structure], and where it has one file or one amount there may be lists: every combination is a candidate.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        let files = keys
            .key(
                "files",
                one_or_many(existing_path(true)),
                "Structures in any format mlmd reads, or folders of such; of a file with several frames, and no `frame`, each is taken.",
            )
            .required(["li3n.cif", "candidates"])?;
        let pattern = Structure::of_file(PathBuf::new(), keys)?;
        let mut defects = Vec::new();
        let vacancies =
            keys.key("vacancies", list(table::<OfVacancies>()), Vacancies::ABOUT).optional([()])?;
        defects.extend(vacancies.into_iter().flatten().map(|table| table.0));
        let substitutions = keys
            .key("substitutions", list(table::<OfSubstitutions>()), Substitutions::ABOUT)
            .optional([()])?;
        defects.extend(substitutions.into_iter().flatten().map(|table| table.0));
        let interstitials = keys
            .key("interstitials", list(table::<OfInterstitials>()), Interstitials::ABOUT)
            .optional([()])?;
        defects.extend(interstitials.into_iter().flatten().map(|table| table.0));
        let rattle = Structure::rattle(keys)?;
        Ok(Self {
            files,
            pattern: Structure { rattle, ..pattern },
            defects,
            seeds: keys
                .key(
                    "seeds",
                    list(integer().at_least(0)),
                    "Each places the defects anew and makes a candidate of its own; the seed of the sweep if absent.",
                )
                .optional([1, 2])?
                .map(|seeds| seeds.into_iter().map(i64::unsigned_abs).collect()),
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        for (k, seed) in self.seeds.iter().flatten().enumerate() {
            if self.seeds.iter().flatten().take(k).any(|other| other == seed) {
                return Err(keys.error("seeds", format!("the seed {seed} is given twice")).into());
            }
        }
        Ok(())
    }
}

/// `[[structures.vacancies]]`.
struct OfVacancies(Varied);

impl Table for OfVacancies {
    const ABOUT: &'static str = Vacancies::ABOUT;

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        let element = keys.key("element", element(), "Element of the atoms.").required("Li")?;
        varied(Change::Vacancies(element), keys).map(Self)
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        check_amounts(&self.0, keys)
    }
}

/// `[[structures.substitutions]]`.
struct OfSubstitutions(Varied);

impl Table for OfSubstitutions {
    const ABOUT: &'static str = Substitutions::ABOUT;

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        let from = keys.key("from", element(), "Element of the atoms.").required("P")?;
        let to = keys.key("to", element(), "Element to put in their place.").required("Ge")?;
        varied(Change::Substitutions(from, to), keys).map(Self)
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        check_amounts(&self.0, keys)
    }
}

/// `[[structures.interstitials]]`.
struct OfInterstitials(Varied);

impl Table for OfInterstitials {
    const ABOUT: &'static str = Interstitials::ABOUT;

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        let element = keys.key("element", element(), "Element of the atoms.").required("Li")?;
        let minimum = keys
            .key("minimum", length().positive(), "Smallest distance to another atom.")
            .default("1.5 angstrom")?;
        varied(Change::Interstitials(element, minimum), keys).map(Self)
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        check_amounts(&self.0, keys)
    }
}

/// The keys `count` and `fraction`, of which exactly one is given, with one value or several.
fn varied(change: Change, keys: &mut Keys<'_>) -> Result<Varied> {
    let count = keys
        .key(
            "count",
            one_or_many(integer().at_least(0)),
            "How many; either this or `fraction`. A list makes one candidate for each.",
        )
        .optional([0, 1, 2])?;
    let fraction = keys
        .key(
            "fraction",
            one_or_many(number().between(0.0, 1.0)),
            "Which part of those there are, rounded to whole atoms. A list makes one candidate for each.",
        )
        .optional([0.0, 0.05])?;
    let counts = count.into_iter().flatten().map(|count| Amount::Count(count as usize));
    let fractions = fraction.into_iter().flatten().map(Amount::Fraction);
    Ok(Varied { change, amounts: counts.chain(fractions).collect(), place: keys.place("") })
}

fn check_amounts(varied: &Varied, keys: &Keys<'_>) -> Result<()> {
    match (keys.has("count"), keys.has("fraction")) {
        (true, true) => {
            return Err(keys.error("fraction", "`count` and `fraction` exclude each other").into());
        }
        (false, false) => {
            return Err(keys
                .error("", "how many is missing")
                .with_help("expected `count = [0, 1, 2]` or `fraction = [0.0, 0.05]`")
                .into());
        }
        _ => {}
    }
    let key = if keys.has("count") { "count" } else { "fraction" };
    let twice = (1..varied.amounts.len()).any(|k| varied.amounts[..k].contains(&varied.amounts[k]));
    if twice {
        return Err(keys.error(key, "an amount is given twice").into());
    }
    Ok(())
}
