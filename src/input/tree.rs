//! TOML as a tree whose every key and value knows where it was written.

use super::source::{Place, Source};
use super::syntax;
use crate::error::Result;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Item {
    /// Where the value is written; for a table its header, or its key where it has none.
    pub place: Place,
    /// The value.
    pub node: Node,
}

/// A TOML value.
#[derive(Debug, Clone)]
pub enum Node {
    /// A string.
    Text(String),
    /// A whole number; `None` if it does not fit into 64 bits.
    Integer(Option<i64>),
    /// A real number.
    Real(f64),
    /// `true` or `false`.
    Flag(bool),
    /// A date or time, which no key of mlmd takes.
    Date,
    /// A list.
    List(Vec<Item>),
    /// A table, inline or under a header, in the order of the file.
    Table(Vec<Entry>),
}

/// A key of a table with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key is written.
    pub place: Place,
    /// Its value.
    pub item: Item,
}

impl Item {
    /// A string at a place.
    pub fn text(text: impl Into<String>, place: Place) -> Self {
        Self { place, node: Node::Text(text.into()) }
    }

    /// What kind of value this is, for messages: "a string", "a table".
    pub fn kind(&self) -> &'static str {
        match self.node {
            Node::Text(_) => "a string",
            Node::Integer(_) => "a whole number",
            Node::Real(_) => "a real number",
            Node::Flag(_) => "a truth value",
            Node::Date => "a date",
            Node::List(_) => "a list",
            Node::Table(_) => "a table",
        }
    }

    /// The same value as if it, and all within it, were written at `place`.
    #[must_use]
    pub fn moved(mut self, place: &Place) -> Self {
        self.place = place.clone();
        self.node = match self.node {
            Node::List(items) => Node::List(items.into_iter().map(|item| item.moved(place)).collect()),
            Node::Table(entries) => {
                let moved =
                    |entry: Entry| Entry { item: entry.item.moved(place), place: place.clone(), ..entry };
                Node::Table(entries.into_iter().map(moved).collect())
            }
            node => node,
        };
        self
    }

    /// The entries, if this is a table.
    pub fn entries(&self) -> Option<&[Entry]> {
        if let Node::Table(entries) = &self.node { Some(entries) } else { None }
    }
}

/// Parses a TOML document into the tree of its root table.
pub(super) fn parse(source: &Arc<Source>) -> Result<Item> {
    let (root, mut errors) = DeTable::parse_recoverable(&source.text);
    errors.sort_by_key(|error| error.span().map_or(usize::MAX, |span| span.start));
    let root = Item { place: Place::Whole(Arc::clone(source)), node: table(source, root.get_ref(), 0) };
    match errors.first() {
        Some(error) => Err(syntax::explain(source, &root, error).into()),
        None => Ok(root),
    }
}

/// Parses a single TOML value that fills `span` of `source`.
pub(super) fn parse_value(source: &Arc<Source>, span: std::ops::Range<usize>) -> Result<Item> {
    let text = &source.text[span.clone()];
    let (value, mut errors) = DeValue::parse_recoverable(text);
    errors.sort_by_key(|error| error.span().map_or(usize::MAX, |span| span.start));
    if let Some(error) = errors.first() {
        return Err(syntax::explain_at(source, span.start, error).into());
    }
    Ok(item(source, value.get_ref(), value.span(), span.start))
}

/// The tree of a parsed table; `shift` is where in the source the parsed text begins.
fn table(source: &Arc<Source>, table: &DeTable<'_>, shift: usize) -> Node {
    let entry = |(key, value): (&toml::Spanned<toml::de::DeString<'_>>, &toml::Spanned<DeValue<'_>>)| Entry {
        key: key.get_ref().to_string(),
        place: Place::new(source, key.span().start + shift..key.span().end + shift),
        item: item(source, value.get_ref(), value.span(), shift),
    };
    Node::Table(table.iter().map(entry).collect())
}

fn item(source: &Arc<Source>, value: &DeValue<'_>, span: std::ops::Range<usize>, shift: usize) -> Item {
    let node = match value {
        DeValue::String(text) => Node::Text(text.to_string()),
        DeValue::Integer(digits) => Node::Integer(i64::from_str_radix(digits.as_str(), digits.radix()).ok()),
        // What the parser calls a float is one for Rust, too; after a syntax error it may be anything.
        DeValue::Float(digits) => Node::Real(digits.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Node::Flag(*flag),
        DeValue::Datetime(_) => Node::Date,
        DeValue::Array(values) => {
            Node::List(values.iter().map(|v| item(source, v.get_ref(), v.span(), shift)).collect())
        }
        DeValue::Table(entries) => table(source, entries, shift),
    };
    Item { place: Place::new(source, span.start + shift..span.end + shift), node }
}

/// Values that mlmd supplies itself: defaults and examples in the declarations of keys.
impl From<toml::Value> for Item {
    fn from(value: toml::Value) -> Self {
        let node = match value {
            toml::Value::String(text) => Node::Text(text),
            toml::Value::Integer(number) => Node::Integer(Some(number)),
            toml::Value::Float(number) => Node::Real(number),
            toml::Value::Boolean(flag) => Node::Flag(flag),
            toml::Value::Datetime(_) => Node::Date,
            toml::Value::Array(values) => Node::List(values.into_iter().map(Item::from).collect()),
            toml::Value::Table(entries) => Node::Table(
                entries
                    .into_iter()
                    .map(|(key, value)| Entry { key, place: Place::Nowhere, item: Item::from(value) })
                    .collect(),
            ),
        };
        Self { place: Place::Nowhere, node }
    }
}
