//! Results as aligned rows: a title, then names with values.

use std::fmt;

/// A title and rows of a name and a value below it.
pub(super) struct Rows {
    title: String,
    rows: Vec<(String, String)>,
}

impl Rows {
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new() }
    }

    pub(super) fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.rows.push((name.into(), value.into()));
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        let width = self.rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in &self.rows {
            // A value of several lines keeps its column.
            let value = value.replace('\n', &format!("\n  {:width$}  ", ""));
            writeln!(f, "  {name:width$}  {value}")?;
        }
        Ok(())
    }
}
