//! Tables in tables.

use super::{Kind, wrong_type};
use crate::error::Result;
use crate::input::keys::{Keys, Table};
use crate::input::schema::{Form, Schema};
use crate::input::source::Place;
use crate::input::tree::{Item, Node};
use std::marker::PhantomData;

/// A table read as a `T`.
pub struct Sub<T> {
    table: PhantomData<T>,
}

/// A table read as a `T`.
pub fn table<T: Table>() -> Sub<T> {
    Sub { table: PhantomData }
}

impl<T: Table> Kind for Sub<T> {
    type Output = T;

    fn form(&self) -> Form {
        Form::Table(Schema::of::<T>())
    }

    fn read(&self, item: &Item) -> Result<T> {
        if item.entries().is_none() {
            return Err(wrong_type(item, &self.form()));
        }
        match item.place {
            // A table in the documentation is made of its own examples.
            Place::Nowhere => Keys::describe().0,
            _ => Keys::read(item),
        }
    }
}

type Read<T> = Box<dyn Fn(&Item) -> Result<T>>;

/// A table that holds exactly one of several tables; which one tells what it means.
pub struct OneOf<T> {
    choices: Vec<(&'static str, Schema, Read<T>)>,
}

/// A table that holds exactly one of several tables; add them with [`OneOf::choice`].
pub fn one_of<T>() -> OneOf<T> {
    OneOf { choices: Vec::new() }
}

impl<T> OneOf<T> {
    /// Adds a table called `name`, read as a `V` and turned into the common type.
    #[must_use]
    pub fn choice<V: Table + 'static>(mut self, name: &'static str, wrap: impl Fn(V) -> T + 'static) -> Self {
        let read = move |item: &Item| table::<V>().read(item).map(&wrap);
        self.choices.push((name, Schema::of::<V>(), Box::new(read)));
        self
    }

    fn names(&self) -> String {
        self.choices.iter().map(|choice| choice.0).collect::<Vec<_>>().join(", ")
    }
}

impl<T> Kind for OneOf<T> {
    type Output = T;

    fn form(&self) -> Form {
        Form::OneOf(self.choices.iter().map(|(name, schema, _)| (*name, schema.clone())).collect())
    }

    fn read(&self, item: &Item) -> Result<T> {
        let Some(entries) = item.entries() else {
            return Err(match &item.node {
                Node::Text(text) if self.choices.iter().any(|choice| choice.0 == text) => {
                    let help = format!("expected a table; {{ {text} = {{}} }} is this one with its defaults");
                    item.place.error(format!("`{text}` is only a name here")).with_help(help).into()
                }
                _ => wrong_type(item, &self.form()),
            });
        };
        // An example is the first choice with its own examples.
        if let (Place::Nowhere, [first, ..]) = (&item.place, &self.choices[..]) {
            return first.2(item);
        }
        let [entry] = entries else {
            return Err(match entries.get(1) {
                None => item
                    .place
                    .error("this table is empty")
                    .with_help(format!("expected one of: {}", self.names())),
                Some(second) => second
                    .place
                    .error(format!("`{}` and `{}` exclude each other", entries[0].key, second.key))
                    .with_help(format!("expected only one of: {}", self.names())),
            }
            .into());
        };
        let Some((_, _, read)) = self.choices.iter().find(|choice| choice.0 == entry.key) else {
            let message = format!("unknown choice `{}`", entry.key);
            return Err(entry
                .place
                .error(message)
                .with_help(format!("expected one of: {}", self.names()))
                .into());
        };
        read(&entry.item)
    }
}
