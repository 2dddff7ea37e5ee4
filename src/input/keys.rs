//! Declaring the keys of a table: one declaration reads them, gives defaults, checks, and documents.
//!
//! A table of the input is a Rust type with [`Table`]. Its `read` names every key once, with its kind,
//! what it means and whether it must be given:
//!
//! ```
//! use mlmd::input::{Keys, Table, kind};
//!
//! struct Langevin { friction: f64 }
//!
//! impl Table for Langevin {
//!     const ABOUT: &'static str = "Langevin thermostat (BAOAB splitting).";
//!     fn read(keys: &mut Keys<'_>) -> mlmd::Result<Self> {
//!         Ok(Self {
//!             friction: keys.key("friction", kind::rate().positive(), "Friction coefficient.").default("0.01 fs^-1")?,
//!         })
//!     }
//! }
//! ```
//!
//! The same `read` runs in two ways: over the table of a file, and over nothing at all in order to learn
//! which keys there are ([`super::Schema::of`]). So it must declare its keys unconditionally, and leave checks
//! that compare keys with each other to [`Table::check`].

use super::kind::Kind;
use super::schema::{KeyDoc, Presence};
use super::source::Place;
use super::tree::Item;
use crate::error::{Diagnostic, Result};

/// A table of the input language.
pub trait Table: Sized {
    /// What the table is about, in a sentence or two.
    const ABOUT: &'static str;

    /// Declares and reads every key. Must not look at values to decide which keys to declare.
    fn read(keys: &mut Keys<'_>) -> Result<Self>;

    /// Checks of keys against each other, after all have been read.
    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        let _ = keys;
        Ok(())
    }
}

/// The table that is being read or documented.
pub struct Keys<'a> {
    /// `None` while the keys are being documented.
    table: Option<&'a Item>,
    docs: Vec<KeyDoc>,
}

impl<'a> Keys<'a> {
    /// Reads a table of a file: what [`Kind`]s that hold tables call.
    pub(super) fn read<T: Table>(item: &'a Item) -> Result<T> {
        let mut keys = Self { table: Some(item), docs: Vec::new() };
        let table = T::read(&mut keys)?;
        table.check(&keys)?;
        Ok(table)
    }

    /// A value made of the defaults and examples, and the documentation of the keys.
    pub(super) fn describe<T: Table>() -> (Result<T>, Vec<KeyDoc>) {
        let mut keys = Self { table: None, docs: Vec::new() };
        let sample = T::read(&mut keys);
        (sample, keys.docs)
    }

    /// Declares a key: its name, what it holds, what it means.
    pub fn key<K: Kind>(&mut self, name: &'static str, kind: K, about: &'static str) -> Key<'_, 'a, K> {
        Key { keys: self, name, kind, about }
    }

    /// Was the key given? Here and below, `name` may be a path into tables of this table: `output.thermo.every`.
    pub fn has(&self, name: &str) -> bool {
        self.item(name).is_some()
    }

    /// A complaint about the value of a key, or about the table if the key was not given.
    pub fn error(&self, name: &str, message: impl Into<String>) -> Diagnostic {
        self.place(name).error(message)
    }

    /// Where the value of a key stands, or the table if the key was not given.
    pub fn place(&self, name: &str) -> Place {
        self.item(name).or(self.table).map_or(Place::Nowhere, |item| item.place.clone())
    }

    /// The value at a key or at a dotted path of keys.
    fn item(&self, path: &str) -> Option<&'a Item> {
        path.split('.').try_fold(self.table?, |table, name| {
            table.entries()?.iter().find(|entry| entry.key == name).map(|entry| &entry.item)
        })
    }
}

/// A key being declared; finished by [`Key::required`], [`Key::optional`] or [`Key::default`].
pub struct Key<'k, 'a, K> {
    keys: &'k mut Keys<'a>,
    name: &'static str,
    kind: K,
    about: &'static str,
}

impl<K: Kind> Key<'_, '_, K> {
    /// The key must be given; the example serves the documentation and the complaint if it is missing.
    pub fn required(mut self, example: impl Into<Literal>) -> Result<K::Output> {
        let example = example.into().0;
        let Some(table) = self.keys.table else {
            self.document(Presence::Required, &example);
            return self.kind.read(&Item::from(example));
        };
        if let Some(value) = self.given()? {
            return Ok(value);
        }
        let form = self.kind.form();
        let name = if form.is_table() { format!("[{}]", self.name) } else { self.name.to_string() };
        let help = if form.is_table() {
            self.about.to_string()
        } else {
            format!("expected `{} = {example}`: {}", self.name, form.describe())
        };
        Err(table.place.error(format!("`{name}` is missing")).with_help(help).into())
    }

    /// The key may be absent; the example serves the documentation.
    pub fn optional(mut self, example: impl Into<Literal>) -> Result<Option<K::Output>> {
        if self.keys.table.is_none() {
            let example = example.into().0;
            self.document(Presence::Optional, &example);
            // Read only to find out whether the example is valid.
            self.kind.read(&Item::from(example))?;
            return Ok(None);
        }
        self.given()
    }

    /// The key has this value if it is absent.
    pub fn default(mut self, value: impl Into<Literal>) -> Result<K::Output> {
        let value = value.into().0;
        let Some(table) = self.keys.table else {
            self.document(Presence::Default, &value);
            return self.kind.read(&Item::from(value));
        };
        match self.given()? {
            Some(given) => Ok(given),
            // The default counts as written where its table is: relative paths start there.
            None => self.kind.read(&Item::from(value).moved(&table.place)),
        }
    }

    fn given(&self) -> Result<Option<K::Output>> {
        self.keys.item(self.name).map(|item| self.kind.read(item)).transpose()
    }

    fn document(&mut self, presence: Presence, value: &toml::Value) {
        self.keys.docs.push(KeyDoc {
            name: self.name,
            about: self.about,
            form: self.kind.form(),
            presence,
            value: value.to_string(),
        });
    }
}

/// A default or an example, as TOML would hold it; `()` is an empty table.
#[derive(Debug, Clone)]
pub struct Literal(toml::Value);

impl From<&str> for Literal {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<f64> for Literal {
    fn from(number: f64) -> Self {
        Self(number.into())
    }
}

impl From<i64> for Literal {
    fn from(number: i64) -> Self {
        Self(number.into())
    }
}

impl From<bool> for Literal {
    fn from(flag: bool) -> Self {
        Self(flag.into())
    }
}

impl From<()> for Literal {
    fn from((): ()) -> Self {
        Self(toml::Value::Table(toml::Table::new()))
    }
}

impl<L: Into<Literal>, const N: usize> From<[L; N]> for Literal {
    fn from(values: [L; N]) -> Self {
        Self(toml::Value::Array(values.into_iter().map(|value| value.into().0).collect()))
    }
}

/// An inline table.
impl<L: Into<Literal>, const N: usize> From<[(&str, L); N]> for Literal {
    fn from(entries: [(&str, L); N]) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.to_string(), value.into().0));
        Self(toml::Value::Table(entries.collect()))
    }
}
