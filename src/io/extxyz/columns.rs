//! The columns of the atom lines and where their numbers go.

use super::ASE_TIME;
use super::comment::flag;
use super::labels::{Offered, stripped};
use super::lammps;
use crate::error::{Error, Result, nearest};
use crate::io::lammps::Types;
use crate::io::{Column, ColumnValues, Frame, capacity};
use crate::system::{Element, Vec3};
use crate::text::{Line, Token};

/// What a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Symbol,
    /// A symbol, or the number of an atom type of LAMMPS.
    AtomType,
    Number,
    Position,
    Momentum,
    Velocity,
    Mass,
    Charge,
    AtomicEnergy,
    Image,
    Force,
    Other,
}

/// The type letter of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Real,
    Integer,
    Flag,
}

/// One entry of `Properties`.
#[derive(Debug, Clone)]
struct Field {
    name: String,
    kind: Kind,
    width: usize,
    meaning: Meaning,
}

/// More columns than any program writes.
const MOST_COLUMNS: usize = 1000;

/// The columns of a frame as `Properties` describes them.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    fields: Vec<Field>,
    /// Were they stated? Then nothing may follow the last one.
    stated: bool,
}

impl Layout {
    /// Symbol and position: what plain XYZ has.
    pub(super) fn plain() -> Self {
        let field = |name: &str, kind, width, meaning| Field { name: name.into(), kind, width, meaning };
        Self {
            fields: vec![
                field("species", Kind::Text, 1, Meaning::Symbol),
                field("pos", Kind::Real, 3, Meaning::Position),
            ],
            stated: false,
        }
    }

    /// Parses `species:S:1:pos:R:3:...`; `place` is the text in the file, for errors.
    pub(super) fn parse(text: &str, place: Token<'_>) -> Result<Self> {
        let fail = |message: String| {
            Error::from(
                place.error(message).with_help("expected NAME:TYPE:COUNT:..., such as species:S:1:pos:R:3"),
            )
        };
        let parts: Vec<&str> = text.split(':').collect();
        if !parts.len().is_multiple_of(3) {
            return Err(fail(format!("`Properties` has {} parts, not a multiple of three", parts.len())));
        }
        if parts.len() > 3 * MOST_COLUMNS {
            return Err(fail(format!("`Properties` has more than {MOST_COLUMNS} columns")));
        }
        let mut fields: Vec<Field> = Vec::new();
        for part in parts.chunks(3) {
            let (name, kind, width) = (part[0], part[1], part[2]);
            let kind = match kind {
                "S" => Kind::Text,
                "R" => Kind::Real,
                "I" => Kind::Integer,
                "L" => Kind::Flag,
                _ => return Err(fail(format!("column `{name}` has the type `{kind}`, not S, R, I or L"))),
            };
            let width: usize =
                width.parse().ok().filter(|width| *width > 0).ok_or_else(|| {
                    fail(format!("column `{name}` has `{width}` for the number of its values"))
                })?;
            if fields.iter().any(|field| field.name == name) {
                return Err(fail(format!("column `{name}` appears twice")));
            }
            fields.push(Field { name: name.into(), kind, width, meaning: meaning(name, kind, width) });
        }
        // Of two names for one thing (charges and initial_charges) the first is meant.
        for index in 1..fields.len() {
            let taken = |before: &Field| {
                before.meaning == fields[index].meaning
                    && !matches!(before.meaning, Meaning::Other | Meaning::Force)
            };
            if fields[..index].iter().any(taken) {
                fields[index].meaning = Meaning::Other;
            }
        }
        let has = |meaning| fields.iter().any(|field: &Field| field.meaning == meaning);
        if !has(Meaning::Position) {
            return Err(fail("`Properties` has no positions (pos:R:3)".into()));
        }
        if !has(Meaning::Symbol) && !has(Meaning::Number) {
            return Err(fail("`Properties` has no elements (species:S:1 or Z:I:1)".into()));
        }
        Ok(Self { fields, stated: true })
    }

    /// The same where LAMMPS wrote the file: what stands for the element may be the number of an atom type.
    pub(super) fn of_lammps(mut self) -> Self {
        for field in self.fields.iter_mut().filter(|field| field.meaning == Meaning::Symbol) {
            field.meaning = Meaning::AtomType;
        }
        self
    }

    /// Takes the forces from the column of this name and no other.
    pub(super) fn forces_from(&mut self, name: &str, place: Token<'_>) -> Result<()> {
        if !self.fields.iter().any(|field| field.name == name && field.width == 3 && field.kind == Kind::Real)
        {
            let names: Vec<&str> = self.fields.iter().map(|field| field.name.as_str()).collect();
            let near = nearest(name, names.iter().copied())
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            return Err(place
                .error(format!("there is no column `{name}` of three reals for the forces"))
                .with_help(format!("the columns are {}{near}", names.join(", ")))
                .into());
        }
        for field in &mut self.fields {
            if field.name == name {
                field.meaning = Meaning::Force;
            } else if field.meaning == Meaning::Force {
                field.meaning = Meaning::Other;
            }
        }
        Ok(())
    }
}

fn meaning(name: &str, kind: Kind, width: usize) -> Meaning {
    let lower = name.to_ascii_lowercase();
    match (lower.as_str(), kind, width) {
        ("species" | "symbols" | "symbol" | "element" | "elements", Kind::Text, 1) => Meaning::Symbol,
        ("z" | "numbers" | "atomic_numbers", Kind::Integer, 1) => Meaning::Number,
        ("pos" | "positions" | "position", Kind::Real, 3) => Meaning::Position,
        ("momenta", Kind::Real, 3) => Meaning::Momentum,
        ("vel" | "velo" | "velocity" | "velocities", Kind::Real, 3) => Meaning::Velocity,
        ("mass" | "masses", Kind::Real, 1) => Meaning::Mass,
        ("charge" | "charges" | "initial_charges", Kind::Real, 1) => Meaning::Charge,
        ("energies" | "local_energy" | "atomic_energies", Kind::Real, 1) => Meaning::AtomicEnergy,
        ("images", Kind::Integer, 3) => Meaning::Image,
        (_, Kind::Real, 3) if matches!(stripped(&lower), "forces" | "force") => Meaning::Force,
        _ => Meaning::Other,
    }
}

/// The columns of a frame while its atoms are read.
pub(super) struct Table<'a> {
    layout: &'a Layout,
    slots: Vec<Slot>,
    /// Elements by symbol and by number, when both are there.
    species: Vec<Element>,
}

/// The values of one column so far.
enum Slot {
    Species,
    Vectors(Vec<Vec3>),
    Scalars(Vec<f64>),
    Images(Vec<[i32; 3]>),
    Other(ColumnValues),
}

impl<'a> Table<'a> {
    /// An empty table for `count` atoms (a hint, not a promise).
    pub(super) fn new(layout: &'a Layout, count: usize) -> Self {
        let n = capacity(count);
        let slot = |field: &Field| match field.meaning {
            Meaning::Symbol | Meaning::AtomType | Meaning::Number => Slot::Species,
            Meaning::Position | Meaning::Momentum | Meaning::Velocity | Meaning::Force => {
                Slot::Vectors(Vec::with_capacity(n))
            }
            Meaning::Mass | Meaning::Charge | Meaning::AtomicEnergy => Slot::Scalars(Vec::with_capacity(n)),
            Meaning::Image => Slot::Images(Vec::with_capacity(n)),
            Meaning::Other => Slot::Other(match field.kind {
                Kind::Text => ColumnValues::Texts(Vec::new()),
                Kind::Real => ColumnValues::Reals(Vec::new()),
                Kind::Integer => ColumnValues::Integers(Vec::new()),
                Kind::Flag => ColumnValues::Flags(Vec::new()),
            }),
        };
        let slots = layout.fields.iter().map(slot).collect();
        Self { layout, slots, species: Vec::with_capacity(n) }
    }

    /// Reads the line of atom `index`; `types` are the elements of the atom types of LAMMPS.
    pub(super) fn push(&mut self, line: &Line, index: usize, types: &mut Types) -> Result<()> {
        let mut tokens = line.tokens();
        for (field, slot) in self.layout.fields.iter().zip(&mut self.slots) {
            let mut next = || tokens.next().ok_or_else(|| missing(line, index, field));
            match slot {
                Slot::Species => {
                    let token = next()?;
                    let number = token.text.parse().ok().filter(|_| field.meaning == Meaning::AtomType);
                    let element = match number {
                        Some(number) => lammps::element(token, number, types)?,
                        None => element(token, field.meaning, self.species.last())?,
                    };
                    if let Some(known) = self.species.get(index) {
                        if *known != element {
                            return Err(line
                                .error(format!("the atom is {known} by symbol and {element} by number"))
                                .into());
                        }
                    } else {
                        self.species.push(element);
                    }
                }
                Slot::Vectors(vectors) => {
                    let mut vector = Vec3::zeros();
                    for component in vector.iter_mut() {
                        *component = next()?.real(&field.name)?;
                    }
                    vectors.push(vector);
                }
                Slot::Scalars(scalars) => scalars.push(next()?.real(&field.name)?),
                Slot::Images(images) => {
                    let mut image = [0; 3];
                    for component in &mut image {
                        *component = next()?.integer("cells crossed, a whole number")?;
                    }
                    images.push(image);
                }
                Slot::Other(values) => {
                    for _ in 0..field.width {
                        push_other(values, next()?, field)?;
                    }
                }
            }
        }
        match tokens.next() {
            Some(extra) if self.layout.stated => Err(extra
                .error("more columns than `Properties` describes")
                .with_help("expected the line to end before this")
                .into()),
            _ => Ok(()),
        }
    }

    /// Puts the columns into the frame; the force columns come back for the caller to choose among.
    pub(super) fn finish(self, frame: &mut Frame) -> Vec<Offered<Vec<Vec3>>> {
        frame.species = self.species;
        let mut forces = Vec::new();
        let mut momenta = None;
        for (field, slot) in self.layout.fields.iter().zip(self.slots) {
            match slot {
                Slot::Species => {}
                Slot::Images(images) => frame.images = Some(images),
                Slot::Scalars(scalars) => match field.meaning {
                    Meaning::Mass => frame.masses = Some(scalars),
                    Meaning::Charge => frame.charges = Some(scalars),
                    _ => frame.atomic_energies = Some(scalars),
                },
                Slot::Vectors(vectors) => match field.meaning {
                    Meaning::Position => frame.positions = vectors,
                    Meaning::Momentum => momenta = Some(vectors),
                    Meaning::Velocity => frame.velocities = Some(vectors),
                    _ => forces.push(Offered { key: field.name.clone(), value: vectors }),
                },
                Slot::Other(values) => {
                    frame.columns.insert(field.name.clone(), Column { width: field.width, values });
                }
            }
        }
        if let (Some(momenta), None) = (momenta, &frame.velocities) {
            let mass = |index: usize| frame.masses.as_ref().map_or(frame.species[index].mass(), |m| m[index]);
            frame.velocities =
                Some(momenta.iter().enumerate().map(|(index, p)| p / (mass(index) * ASE_TIME)).collect());
        }
        forces
    }
}

fn missing(line: &Line, index: usize, field: &Field) -> Error {
    let width = field.width;
    let what = if width == 1 { "value" } else { "values" };
    line.missing(&format!("column `{}` ({width} {what}) of atom {}", field.name, index + 1))
}

fn push_other(values: &mut ColumnValues, token: Token<'_>, field: &Field) -> Result<()> {
    match values {
        ColumnValues::Texts(texts) => texts.push(token.text.to_string()),
        ColumnValues::Reals(reals) => reals.push(token.real(&field.name)?),
        ColumnValues::Integers(integers) => integers.push(token.integer(&field.name)?),
        ColumnValues::Flags(flags) => flags.push(
            flag(token.text).ok_or_else(|| token.error(format!("`{}` is neither T nor F", token.text)))?,
        ),
    }
    Ok(())
}

/// The element of a symbol or an atomic number; `last` saves the search where atoms come in groups.
fn element(token: Token<'_>, meaning: Meaning, last: Option<&Element>) -> Result<Element> {
    let text = token.text;
    if let Some(last) = last.filter(|last| last.symbol() == text) {
        return Ok(*last);
    }
    let by_number = || text.parse().ok().and_then(Element::from_number);
    let found = if meaning == Meaning::Number {
        by_number()
    } else {
        Element::from_symbol(text).or_else(by_number).or_else(|| {
            // Old programs write LI or li.
            let mut letters = text.chars();
            let first = letters.next()?.to_ascii_uppercase();
            Element::from_symbol(&format!("{first}{}", letters.as_str().to_ascii_lowercase()))
        })
    };
    found.ok_or_else(|| {
        if meaning == Meaning::Number {
            token.error(format!("`{text}` is not an atomic number")).into()
        } else {
            let reason = text.parse::<Element>().err().map(|error| error.to_string());
            token.error(reason.unwrap_or_else(|| format!("`{text}` is not an element"))).into()
        }
    })
}
