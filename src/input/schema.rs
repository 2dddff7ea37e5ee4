//! What the declarations of the keys say, as data: for the documentation and for unknown keys.

use super::keys::{Keys, Table};
use super::tree::{Entry, Item, Node};
use crate::error::{Diagnostic, Error, Result, nearest};

/// The keys of a table.
#[derive(Debug, Clone)]
pub struct Schema {
    /// What the table is about.
    pub about: &'static str,
    /// Its keys, in the order of their declaration.
    pub keys: Vec<KeyDoc>,
}

/// One key of a table.
#[derive(Debug, Clone)]
pub struct KeyDoc {
    /// The key.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// What it holds.
    pub form: Form,
    /// Must it be given?
    pub presence: Presence,
    /// The default, or an example, as TOML.
    pub value: String,
}

/// Must a key be given?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Yes.
    Required,
    /// No, and nothing stands in for it.
    Optional,
    /// No, there is a default.
    Default,
}

/// What a key holds.
#[derive(Debug, Clone)]
pub enum Form {
    /// A single value, described in words: "a time above 0 fs".
    Value(String),
    /// A list of such values.
    List(Box<Form>),
    /// One such value or a list of them.
    OneOrMany(Box<Form>),
    /// A table whose keys are data; the description is of keys and values.
    Map(String),
    /// A table.
    Table(Schema),
    /// A table with exactly one of these tables in it.
    OneOf(Vec<(&'static str, Schema)>),
}

impl Form {
    /// In words, with an article.
    pub fn describe(&self) -> String {
        match self {
            Self::Value(text) | Self::Map(text) => text.clone(),
            Self::List(form) => format!("a list, each {}", form.describe()),
            Self::OneOrMany(form) => format!("{}, or a list of such", form.describe()),
            Self::Table(_) => "a table".to_string(),
            Self::OneOf(choices) => {
                let names: Vec<_> = choices.iter().map(|choice| choice.0).collect();
                format!("a table with one of {}", names.join(", "))
            }
        }
    }

    /// Is it written under a header of its own?
    pub fn is_table(&self) -> bool {
        match self {
            Self::OneOrMany(form) => form.is_table(),
            form => matches!(form, Self::Table(_) | Self::OneOf(_)),
        }
    }
}

impl Schema {
    /// The keys that `T` declares.
    pub fn of<T: Table>() -> Self {
        let (sample, keys) = Keys::describe::<T>();
        // The tables are fixed at compile time and a test reads the schema of all of them.
        debug_assert!(
            sample.is_ok(),
            "an example is not valid: {}",
            sample.err().map_or(String::new(), |e| e.to_string())
        );
        Self { about: T::ABOUT, keys }
    }

    /// Refuses keys that are not declared anywhere in `item`, the table called `name`; `root` is the
    /// schema of the whole input, where a key that is in the wrong table is looked for.
    pub(super) fn refuse_unknown(&self, item: &Item, name: &str, root: &Schema) -> Result<()> {
        for entry in item.entries().unwrap_or_default() {
            let path = join(name, &entry.key);
            match self.keys.iter().find(|key| key.name == entry.key) {
                Some(key) => key.form.refuse_unknown(&entry.item, &path, root)?,
                None => return Err(self.unknown(entry, name, root)),
            }
        }
        Ok(())
    }

    fn unknown(&self, entry: &Entry, name: &str, root: &Schema) -> Error {
        let is_table = matches!(entry.item.node, Node::Table(_));
        let message = match (is_table, name) {
            (true, "") => format!("unknown table [{}]", entry.key),
            (false, "") => format!("unknown key `{}` at the top of the file", entry.key),
            (true, name) => format!("unknown table `{}` in [{name}]", entry.key),
            (false, name) => format!("unknown key `{}` in [{name}]", entry.key),
        };
        let names: Vec<_> = self.keys.iter().map(|key| key.name).collect();
        let diagnostic = entry.place.error(message);
        complete(diagnostic, &entry.key, &names, || {
            let home = root.home_of(&entry.key, "")?;
            Some(if home.is_empty() {
                format!("`{}` belongs at the top of the file, before the first table", entry.key)
            } else {
                format!("`{}` is a key of [{home}]", entry.key)
            })
        })
        .into()
    }

    /// The table in which a key of this name is declared.
    fn home_of(&self, key: &str, name: &str) -> Option<String> {
        if self.keys.iter().any(|own| own.name == key) {
            return Some(name.to_string());
        }
        self.keys.iter().find_map(|own| {
            let path = join(name, own.name);
            match &own.form {
                Form::Table(schema) => schema.home_of(key, &path),
                Form::OneOf(choices) => {
                    choices.iter().find_map(|(choice, schema)| schema.home_of(key, &join(&path, choice)))
                }
                _ => None,
            }
        })
    }
}

impl Form {
    fn refuse_unknown(&self, item: &Item, path: &str, root: &Schema) -> Result<()> {
        match (self, &item.node) {
            (Self::Table(schema), _) => schema.refuse_unknown(item, path, root),
            (Self::List(form) | Self::OneOrMany(form), Node::List(items)) => {
                items.iter().try_for_each(|item| form.refuse_unknown(item, path, root))
            }
            (Self::OneOrMany(form), _) => form.refuse_unknown(item, path, root),
            (Self::OneOf(choices), Node::Table(entries)) => entries.iter().try_for_each(|entry| {
                if let Some((name, schema)) = choices.iter().find(|choice| choice.0 == entry.key) {
                    return schema.refuse_unknown(&entry.item, &join(path, name), root);
                }
                let names: Vec<_> = choices.iter().map(|choice| choice.0).collect();
                let what = path.rsplit('.').next().unwrap_or(path);
                let diagnostic = entry.place.error(format!("unknown {what} `{}`", entry.key));
                Err(complete(diagnostic, &entry.key, &names, || None).into())
            }),
            _ => Ok(()),
        }
    }
}

/// Adds the nearest name, or another hint, or all names there are.
fn complete(
    diagnostic: Diagnostic,
    typed: &str,
    names: &[&str],
    hint: impl FnOnce() -> Option<String>,
) -> Diagnostic {
    if let Some(near) = nearest(typed, names.iter().copied()) {
        return diagnostic.with_help(format!("did you mean `{near}`?"));
    }
    match hint() {
        Some(hint) => diagnostic.with_help(hint),
        None => diagnostic.with_help(format!("expected one of: {}", names.join(", "))),
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_string() } else { format!("{path}.{key}") }
}
