//! A table with a row for each candidate: CSV for people and pandas, lines of JSON for programs.

use crate::analysis::Estimate;
use serde_json::{Map, Value, json};

/// One row: names of columns and values, in order. Null is what nobody knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// The cells.
    pub cells: Vec<(String, Value)>,
}

impl Row {
    /// Sets a cell, or adds it behind the others.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.cells.iter_mut().find(|(own, _)| own == name) {
            Some(cell) => cell.1 = value,
            None => self.cells.push((name.to_string(), value)),
        }
    }

    /// Sets three cells: the value, and as `name_low` and `name_high` the ends of its 95 % interval.
    pub fn set_estimate(&mut self, name: &str, estimate: Option<&Estimate>) {
        let finite = |x: f64| if x.is_finite() { json!(x) } else { Value::Null };
        self.set(name, estimate.map_or(Value::Null, |e| finite(e.value)));
        self.set(&format!("{name}_low"), estimate.map_or(Value::Null, |e| finite(e.ci95[0])));
        self.set(&format!("{name}_high"), estimate.map_or(Value::Null, |e| finite(e.ci95[1])));
    }

    /// The value of a cell; null if there is none.
    pub fn get(&self, name: &str) -> &Value {
        self.cells.iter().find(|(own, _)| own == name).map_or(&Value::Null, |(_, value)| value)
    }
}

/// The names of all columns, in the order in which they first appear.
fn columns(rows: &[Row]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flat_map(|row| &row.cells) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

/// The rows as CSV (RFC 4180) with a header. Cells that nobody knows are empty.
pub fn csv(rows: &[Row]) -> String {
    let names = columns(rows);
    let mut text = names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(",") + "\n";
    for row in rows {
        let cells = names.iter().map(|name| match row.get(name) {
            Value::Null => String::new(),
            Value::String(text) => quoted(text),
            other => other.to_string(),
        });
        text.push_str(&(cells.collect::<Vec<_>>().join(",") + "\n"));
    }
    text
}

/// The rows as lines of JSON, each an object with every column.
pub fn json_lines(rows: &[Row]) -> String {
    let names = columns(rows);
    let line = |row: &Row| {
        let object: Map<String, Value> =
            names.iter().map(|name| ((*name).to_string(), row.get(name).clone())).collect();
        Value::Object(object).to_string() + "\n"
    };
    rows.iter().map(line).collect()
}

/// Text as a cell of CSV; line breaks become spaces, so that a row is a line.
fn quoted(text: &str) -> String {
    let text = text.replace(['\r', '\n'], " ");
    if text.contains([',', '"']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_with_different_columns_make_one_table() {
        let (mut a, mut b) = (Row::default(), Row::default());
        a.set("name", "x, \"y\"\nz");
        a.set("n", 3);
        b.set("name", "b");
        b.set_estimate("d", Some(&Estimate::normal(1.5, 0.0, 9.0, "Å", "test")));
        assert_eq!(
            csv(&[a.clone(), b.clone()]),
            "name,n,d,d_low,d_high\n\"x, \"\"y\"\" z\",3,,,\nb,,1.5,1.5,1.5\n"
        );
        let text = json_lines(&[a, b]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], r#"{"name":"b","n":null,"d":1.5,"d_low":1.5,"d_high":1.5}"#);
    }
}
