//! Several values: lists, one value or many, arrays of fixed length, maps.

use super::{Kind, wrong_type};
use crate::error::Result;
use crate::input::schema::Form;
use crate::input::tree::{Item, Node};

/// A list of values of one kind.
pub struct List<K> {
    kind: K,
    may_be_empty: bool,
}

impl<K> List<K> {
    /// A list of none says something, too.
    #[must_use]
    pub fn or_none(mut self) -> Self {
        self.may_be_empty = true;
        self
    }
}

/// A list of at least one value.
pub fn list<K: Kind>(kind: K) -> List<K> {
    List { kind, may_be_empty: false }
}

impl<K: Kind> Kind for List<K> {
    type Output = Vec<K::Output>;

    fn form(&self) -> Form {
        Form::List(Box::new(self.kind.form()))
    }

    fn read(&self, item: &Item) -> Result<Self::Output> {
        match &item.node {
            Node::List(items) if items.is_empty() && !self.may_be_empty => {
                Err(empty(item, &self.kind.form()))
            }
            Node::List(items) => items.iter().map(|item| self.kind.read(item)).collect(),
            Node::Table(_) if self.kind.form().is_table() => Err(item
                .place
                .error("this is a single table")
                .with_help("expected a list of tables, whose headers have double brackets: [[...]]")
                .into()),
            _ => Err(wrong_type(item, &self.form())),
        }
    }
}

/// One value, or a list of values of one kind.
pub struct OneOrMany<K> {
    kind: K,
}

/// One value, or a list of at least one.
pub fn one_or_many<K: Kind>(kind: K) -> OneOrMany<K> {
    OneOrMany { kind }
}

impl<K: Kind> Kind for OneOrMany<K> {
    type Output = Vec<K::Output>;

    fn form(&self) -> Form {
        Form::OneOrMany(Box::new(self.kind.form()))
    }

    fn read(&self, item: &Item) -> Result<Self::Output> {
        match &item.node {
            Node::List(items) if items.is_empty() => Err(empty(item, &self.kind.form())),
            Node::List(items) => items.iter().map(|item| self.kind.read(item)).collect(),
            _ => Ok(vec![self.kind.read(item)?]),
        }
    }
}

/// Exactly `N` values of one kind.
pub struct Array<K, const N: usize> {
    kind: K,
}

/// Exactly `N` values of one kind.
pub fn array<const N: usize, K: Kind>(kind: K) -> Array<K, N> {
    Array { kind }
}

impl<K: Kind, const N: usize> Kind for Array<K, N> {
    type Output = [K::Output; N];

    fn form(&self) -> Form {
        Form::Value(format!("a list of {N}, each {}", self.kind.form().describe()))
    }

    fn read(&self, item: &Item) -> Result<Self::Output> {
        let Node::List(items) = &item.node else {
            return Err(wrong_type(item, &self.form()));
        };
        let values: Vec<_> = items.iter().map(|item| self.kind.read(item)).collect::<Result<_>>()?;
        values.try_into().map_err(|values: Vec<_>| {
            let message = format!("this list has {} entries, not {N}", values.len());
            item.place.error(message).with_help(format!("expected {}", self.form().describe())).into()
        })
    }
}

/// A table whose keys are data, each with a value of one kind.
pub struct Map<K, V> {
    key: K,
    value: V,
}

/// A table whose keys are data: `{ Li = 1.0, N = -3.0 }`. Read in the order of the file; keys that mean
/// the same (`Li-N` and `N-Li`) may stand only once.
pub fn map<K: Kind<Output: PartialEq>, V: Kind>(key: K, value: V) -> Map<K, V> {
    Map { key, value }
}

impl<K: Kind<Output: PartialEq>, V: Kind> Kind for Map<K, V> {
    type Output = Vec<(K::Output, V::Output)>;

    fn form(&self) -> Form {
        let (key, value) = (self.key.form().describe(), self.value.form().describe());
        Form::Map(format!("a table: for {key}, {value}"))
    }

    fn read(&self, item: &Item) -> Result<Self::Output> {
        let Some(entries) = item.entries() else {
            return Err(wrong_type(item, &self.form()));
        };
        let mut pairs: Self::Output = Vec::new();
        for entry in entries {
            let key = self.key.read(&Item::text(&entry.key, entry.place.clone()))?;
            if pairs.iter().any(|(other, _)| *other == key) {
                return Err(entry.place.error(format!("`{}` is given twice", entry.key)).into());
            }
            pairs.push((key, self.value.read(&entry.item)?));
        }
        Ok(pairs)
    }
}

fn empty(item: &Item, form: &Form) -> crate::Error {
    item.place
        .error("the list is empty")
        .with_help(format!("expected at least one: {}", form.describe()))
        .into()
}
