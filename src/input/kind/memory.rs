//! Amounts of memory: `"4 GB"`, `"500 MB"`, `"2 GiB"`.

use super::{Kind, wrong_type};
use crate::error::Result;
use crate::input::schema::Form;
use crate::input::tree::{Item, Node};

/// An amount of memory, read in bytes.
pub struct Memory;

/// An amount of memory, read in bytes.
pub fn memory() -> Memory {
    Memory
}

/// Units and their sizes.
const UNITS: [(&str, f64); 9] = [
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
];

const EXPECTED: &str = "expected an amount of memory such as \"4 GB\", \"500 MB\" or \"2 GiB\"";

impl Kind for Memory {
    type Output = f64;

    fn form(&self) -> Form {
        Form::Value("an amount of memory".to_string())
    }

    fn read(&self, item: &Item) -> Result<f64> {
        let wrong = |message: String| Err(item.place.error(message).with_help(EXPECTED).into());
        let text = match &item.node {
            Node::Text(text) => text.trim(),
            Node::Integer(Some(number)) => return wrong(format!("`{number}` has no unit")),
            Node::Real(number) => return wrong(format!("`{number}` has no unit")),
            _ => return Err(wrong_type(item, &self.form())),
        };
        let split = text.find(|c: char| c.is_ascii_alphabetic() && c != 'e').unwrap_or(text.len());
        let (number, unit) = (text[..split].trim(), text[split..].trim());
        let Ok(amount) = number.parse::<f64>() else {
            return wrong(format!("`{text}` is no amount of memory"));
        };
        let Some((_, size)) = UNITS.iter().find(|row| row.0 == unit) else {
            return wrong(if unit.is_empty() {
                format!("`{text}` has no unit")
            } else {
                format!("`{unit}` is not a unit of memory")
            });
        };
        if !(amount >= 0.0 && amount.is_finite()) {
            return wrong(format!("`{text}` is out of range"));
        }
        Ok(amount * size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_with_their_units() {
        let read = |value: toml::Value| memory().read(&Item::from(value));
        for (text, bytes) in
            [("4 GB", 4e9), ("0.5 GiB", 536_870_912.0), ("1e3 kB", 1e6), ("0 B", 0.0), ("7MB", 7e6)]
        {
            assert_eq!(read(text.into()).unwrap(), bytes, "{text}");
        }
        for (value, message) in [
            (toml::Value::from("4"), "`4` has no unit"),
            (4.into(), "`4` has no unit"),
            ("4 Gb".into(), "`Gb` is not a unit of memory"),
            ("-4 GB".into(), "`-4 GB` is out of range"),
            ("much".into(), "`much` is no amount of memory"),
            (true.into(), "this is"),
        ] {
            let error = read(value).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
