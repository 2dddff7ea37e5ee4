//! The documentation of the input language, printed from the declarations of its keys.

use super::schema::{Form, KeyDoc, Presence, Schema};

const INTRODUCTION: &str = "is a TOML file. A value with a dimension is text with its unit: \
    \"300 K\", \"1 fs\", \"0.5 GPa\", \"0.01 fs^-1\". Relative paths start from the folder of the input file. \
    `--set table.key=value` changes a value from the command line, where paths start from the current folder. Below, every key has its default or an example, \
    what it means, and what it may be.";

/// Width of `key = value` before the remark behind it.
const REMARK: usize = 40;

/// What all inputs have in common, as said of that of `command`, wrapped to `width` columns.
pub fn introduction(command: &str, width: usize) -> String {
    let mut page = Page::new(width);
    page.paragraph(0, &format!("The input of `{command}` {INTRODUCTION}"));
    page.text
}

/// Every table and key, wrapped to `width` columns.
pub fn help(schema: &Schema, width: usize) -> String {
    let mut page = Page::new(width);
    page.keys(schema);
    page.tables(schema, "");
    page.text
}

/// One table, called by its dotted name, with all that is in it; `None` if there is no such table.
pub fn help_for(schema: &Schema, name: &str, width: usize) -> Option<String> {
    // The sections of the whole text that are headed by the name or by a name that continues it.
    let (mut text, mut inside) = (String::new(), false);
    for line in help(schema, width).lines() {
        if let Some(heading) = line.strip_prefix('[') {
            let path = heading.trim_start_matches('[').split(']').next().unwrap_or("");
            inside = path == name || path.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        }
        if inside {
            text.push_str(line);
            text.push('\n');
        }
    }
    (!text.is_empty()).then_some(text)
}

/// The dotted names of all tables.
pub fn table_names(schema: &Schema) -> Vec<String> {
    help(schema, 80)
        .lines()
        .filter_map(|line| line.strip_prefix('['))
        .map(|line| line.trim_start_matches('[').split(']').next().unwrap_or("").to_string())
        .collect()
}

struct Page {
    text: String,
    width: usize,
}

impl Page {
    fn new(width: usize) -> Self {
        Self { text: String::new(), width: width.clamp(60, 110) }
    }

    /// The keys of a table that are not tables themselves.
    fn keys(&mut self, schema: &Schema) {
        for key in schema.keys.iter().filter(|key| section(&key.form).is_none()) {
            let presence = match key.presence {
                Presence::Required => "required",
                Presence::Optional => "optional",
                Presence::Default => "default",
            };
            let line = format!("{} = {}", key.name, key.value);
            self.push(&format!("  {line:REMARK$}  {presence}\n"));
            self.paragraph(6, &format!("{} {}.", key.about, capitalised(&key.form.describe())));
        }
    }

    /// The tables of a table, each with all that is in it.
    fn tables(&mut self, schema: &Schema, path: &str) {
        for key in &schema.keys {
            let Some(section) = section(&key.form) else { continue };
            let path = if path.is_empty() { key.name.to_string() } else { format!("{path}.{}", key.name) };
            let presence = if key.presence == Presence::Required { "required" } else { "optional" };
            match section {
                Section::Table(schema) => {
                    self.table(&format!("[{path}]"), presence, key.about, schema, &path);
                }
                Section::Tables(schema) => {
                    self.table(&format!("[[{path}]]"), "any number", key.about, schema, &path);
                }
                Section::OneOf(choices) => {
                    let names: Vec<_> = choices.iter().map(|choice| choice.0).collect();
                    self.heading(&format!("[{path}]"), presence);
                    let absent = match names.iter().find(|name| is_default(key, name)) {
                        Some(name) => format!(" Absent: [{path}.{name}]."),
                        None => String::new(),
                    };
                    self.paragraph(2, &format!("{} One of: {}.{absent}", key.about, names.join(", ")));
                    for (name, schema) in choices {
                        let path = format!("{path}.{name}");
                        self.table(&format!("[{path}]"), "", schema.about, schema, &path);
                    }
                }
            }
        }
    }

    fn table(&mut self, heading: &str, remark: &str, about: &str, schema: &Schema, path: &str) {
        self.heading(heading, remark);
        self.paragraph(2, about);
        self.keys(schema);
        self.tables(schema, path);
    }

    fn heading(&mut self, heading: &str, remark: &str) {
        self.text.push('\n');
        self.text.push_str(heading);
        if !remark.is_empty() {
            self.push(&format!("  ({remark})"));
        }
        self.text.push('\n');
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Text on lines of its own, indented.
    fn paragraph(&mut self, indent: usize, text: &str) {
        self.text.push_str(&" ".repeat(indent));
        self.wrap(indent, indent, text);
    }

    /// Text that goes on at column `start`, its further lines indented.
    fn wrap(&mut self, start: usize, indent: usize, text: &str) {
        let mut column = start;
        for (index, word) in text.split_whitespace().enumerate() {
            let length = word.chars().count();
            if index > 0 && column + 1 + length > self.width {
                self.text.push('\n');
                self.text.push_str(&" ".repeat(indent));
                column = indent;
            } else if index > 0 {
                self.text.push(' ');
                column += 1;
            }
            self.text.push_str(word);
            column += length;
        }
        self.text.push('\n');
    }
}

/// What a key holds, if it is printed as a section of its own.
enum Section<'a> {
    Table(&'a Schema),
    Tables(&'a Schema),
    OneOf(&'a [(&'static str, Schema)]),
}

fn section(form: &Form) -> Option<Section<'_>> {
    match form {
        Form::Table(schema) => Some(Section::Table(schema)),
        Form::List(inner) | Form::OneOrMany(inner) => match &**inner {
            Form::Table(schema) => Some(Section::Tables(schema)),
            _ => None,
        },
        Form::OneOf(choices) => Some(Section::OneOf(choices)),
        _ => None,
    }
}

/// Is this the choice that stands in for a key that is absent?
fn is_default(key: &KeyDoc, choice: &str) -> bool {
    key.presence == Presence::Default
        && key.value.trim_start_matches(['{', ' ']).starts_with(&format!("{choice} "))
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Plan;

    fn every_key<'a>(schema: &'a Schema, found: &mut Vec<&'a KeyDoc>) {
        for key in &schema.keys {
            found.push(key);
            match section(&key.form) {
                Some(Section::Table(schema) | Section::Tables(schema)) => every_key(schema, found),
                Some(Section::OneOf(choices)) => {
                    for (_, schema) in choices {
                        every_key(schema, found);
                    }
                }
                None => {}
            }
        }
    }

    #[test]
    fn every_key_and_default_is_printed_and_lines_are_short() {
        let schema = Plan::schema();
        let text = help(&schema, 80);
        let mut keys = Vec::new();
        every_key(&schema, &mut keys);
        assert!(keys.len() > 40);
        for key in keys {
            assert!(text.contains(key.name), "{}", key.name);
            if key.presence == Presence::Default && section(&key.form).is_none() {
                assert!(text.contains(&key.value), "{} = {}", key.name, key.value);
            }
        }
        let longest = text.lines().max_by_key(|line| line.chars().count()).unwrap();
        assert!(longest.chars().count() <= 80, "{longest}");
    }
}
