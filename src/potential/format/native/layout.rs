//! How a table is laid out as text: sections first to last, long arrays wrapped, one row of a matrix a
//! line.

use std::fmt::Write;
use toml::{Table, Value};

/// Lines are broken before this column.
const WIDTH: usize = 110;

/// The text of a table.
pub(super) fn render(table: &Table) -> String {
    let mut text = String::new();
    section(table, "", &mut text);
    text
}

/// Values first, then the tables among them as sections of their own.
fn section(table: &Table, path: &str, text: &mut String) {
    for (key, value) in table.iter().filter(|(_, value)| !is_section(value)) {
        let _ = write!(text, "{} = ", quoted(key));
        write_value(value, 0, text);
        text.push('\n');
    }
    for (key, value) in table {
        let path = if path.is_empty() { quoted(key) } else { format!("{path}.{}", quoted(key)) };
        match value {
            Value::Table(inner) if is_section(value) => {
                // A section that only holds others needs no line of its own.
                if inner.is_empty() || inner.values().any(|value| !is_section(value)) {
                    let _ = write!(text, "\n[{path}]\n");
                }
                section(inner, &path, text);
            }
            Value::Array(items) if is_section(value) => {
                for item in items {
                    let _ = write!(text, "\n[[{path}]]\n");
                    if let Value::Table(inner) = item {
                        section(inner, &path, text);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Tables of more than scalars, and lists of tables, are sections.
fn is_section(value: &Value) -> bool {
    match value {
        Value::Table(inner) => {
            inner.is_empty() || inner.values().any(|value| value.is_table() || value.is_array())
        }
        Value::Array(items) => !items.is_empty() && items.iter().all(Value::is_table),
        _ => false,
    }
}

/// A key, in quotes where it needs them.
fn quoted(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if bare { key.into() } else { Value::String(key.into()).to_string() }
}

/// A value on one line, or an array over several.
fn write_value(value: &Value, indent: usize, text: &mut String) {
    let one_line = inline(value);
    let Value::Array(items) = value else {
        text.push_str(&one_line);
        return;
    };
    let column = text.len() - text.rfind('\n').map_or(0, |newline| newline + 1);
    if column + one_line.len() <= WIDTH {
        text.push_str(&one_line);
        return;
    }
    let margin = " ".repeat(indent + 2);
    text.push('[');
    let scalars = items.iter().all(|item| !item.is_array() && !item.is_table());
    let mut width = WIDTH;
    for item in items {
        let mut part = String::new();
        if scalars {
            part = inline(item);
        } else {
            // The margin is counted, then dropped.
            part.push_str(&margin);
            write_value(item, indent + 2, &mut part);
            part.drain(..margin.len());
        }
        if !scalars || width + part.len() + 2 > WIDTH {
            text.push('\n');
            text.push_str(&margin);
            width = margin.len();
        } else {
            text.push(' ');
        }
        width += part.len() + 2;
        text.push_str(&part);
        text.push(',');
    }
    text.push('\n');
    text.push_str(&" ".repeat(indent));
    text.push(']');
}

/// A value on one line. Floats have the fewest digits that read back as the same bits.
fn inline(value: &Value) -> String {
    match value {
        Value::Float(number) => format!("{number:?}").replace("NaN", "nan"),
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Table(table) => {
            let entries: Vec<_> =
                table.iter().map(|(key, value)| format!("{} = {}", quoted(key), inline(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_laid_out_is_read_back() {
        let text = r#"
            title = "a \"quoted\"\nname"
            tiny = 5e-324
            numbers = [1.0, -0.0, 1e300, 0.1, inf]
            "odd key" = { a = 1, b = "x" }
            empty = []
            matrix = [[1.5, 2.5], [3.5]]
            [section]
            [section.inner]
            list = ["a"]
            mixed = [{ a = [1, 2] }, { b = { c = true } }]
            [nothing]
            [[many]]
            x = 1
            [[many.deep]]
            y = [2]
            [[many]]
        "#;
        let mut table: Table = toml::from_str(text).unwrap();
        let long: Vec<f64> = (0..200).map(|i| f64::from(i).sqrt()).collect();
        table.insert("long".into(), Value::try_from(&long).unwrap());
        table.insert("rows".into(), Value::try_from(vec![long.clone(), long]).unwrap());
        let laid_out = render(&table);
        // Values come before sections in the text; tables are equal whatever the order of their keys.
        assert_eq!(toml::from_str::<Table>(&laid_out).unwrap(), table, "{laid_out}");
        assert!(laid_out.lines().all(|line| line.len() <= WIDTH + 4), "{laid_out}");
    }
}
