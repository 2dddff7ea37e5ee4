//! Kinds of values: what a key may hold, how it is read, how it is described.

mod atoms;
mod course;
mod list;
mod matrix;
mod memory;
mod number;
mod path;
mod quantity;
mod table;
mod units;
mod word;

pub use atoms::{Pair, element, pair};
pub use course::{Course, CourseOf, course};
pub use list::{Array, List, Map, OneOrMany, array, list, map, one_or_many};
pub use matrix::{DiagonalOrMatrix, diagonal_or_matrix};
pub use memory::{Memory, memory};
pub use number::{Integer, Number, integer, number};
pub use path::{ExistingPath, OutputPath, existing_path, output_path};
pub use quantity::{
    Quantity, charge, energy, force, inverse_length, length, mass, pressure, quantity, rate, temperature,
    time,
};
pub use table::{OneOf, Sub, one_of, table};
pub use units::{UnitPair, file_units};
pub use word::{Flag, Text, Word, flag, text, word};

use super::schema::Form;
use super::tree::Item;
use crate::error::{Error, Result};

/// A kind of value.
pub trait Kind {
    /// What a value becomes.
    type Output;

    /// What it looks like, for people and for the search for unknown keys.
    fn form(&self) -> Form;

    /// Reads a value, or says what is wrong with it and where.
    fn read(&self, item: &Item) -> Result<Self::Output>;

    /// A kind whose values are turned into something else, or refused with the message returned.
    fn try_map<U, F: Fn(Self::Output) -> Result<U, String>>(self, convert: F) -> TryMap<Self, F>
    where
        Self: Sized,
    {
        TryMap { kind: self, convert }
    }
}

/// See [`Kind::try_map`].
pub struct TryMap<K, F> {
    kind: K,
    convert: F,
}

impl<K: Kind, U, F: Fn(K::Output) -> Result<U, String>> Kind for TryMap<K, F> {
    type Output = U;

    fn form(&self) -> Form {
        self.kind.form()
    }

    fn read(&self, item: &Item) -> Result<U> {
        (self.convert)(self.kind.read(item)?).map_err(|message| item.place.error(message).into())
    }
}

/// The error for a value of another type than the kind takes.
fn wrong_type(item: &Item, form: &Form) -> Error {
    item.place
        .error(format!("this is {}", item.kind()))
        .with_help(format!("expected {}", form.describe()))
        .into()
}
