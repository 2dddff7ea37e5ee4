//! A quantity that is constant or rises (or falls) linearly during the production.

use super::{Kind, Quantity};
use crate::error::Result;
use crate::input::schema::Form;
use crate::input::tree::{Item, Node};
use std::fmt;

/// A value at the beginning and at the end of the production.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Course {
    /// At the beginning, and during equilibration.
    pub from: f64,
    /// At the end.
    pub to: f64,
}

impl Course {
    /// Does the value stay the same?
    pub fn is_constant(&self) -> bool {
        self.from == self.to
    }

    /// The value when `fraction` of the production is done.
    pub fn at(&self, fraction: f64) -> f64 {
        self.from + (self.to - self.from) * fraction
    }
}

impl fmt::Display for Course {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_constant() {
            write!(f, "{}", self.from)
        } else {
            write!(f, "{} to {}", self.from, self.to)
        }
    }
}

/// See [`course`].
pub struct CourseOf {
    quantity: Quantity,
}

/// One quantity, or a table `{ from, to }` of two.
pub fn course(quantity: Quantity) -> CourseOf {
    CourseOf { quantity }
}

impl Kind for CourseOf {
    type Output = Course;

    fn form(&self) -> Form {
        Form::Value(format!("{} (or a ramp {{ from, to }})", self.quantity.form().describe()))
    }

    fn read(&self, item: &Item) -> Result<Course> {
        let Node::Table(entries) = &item.node else {
            let value = self.quantity.read(item)?;
            return Ok(Course { from: value, to: value });
        };
        if let Some(entry) = entries.iter().find(|entry| !matches!(&*entry.key, "from" | "to")) {
            let message = format!("unknown key `{}` in a ramp", entry.key);
            return Err(entry.place.error(message).with_help("expected `from` and `to`").into());
        }
        let end = |name: &str| match entries.iter().find(|entry| entry.key == name) {
            Some(entry) => self.quantity.read(&entry.item),
            None => Err(item
                .place
                .error(format!("`{name}` is missing"))
                .with_help("a ramp has `from` and `to`")
                .into()),
        };
        Ok(Course { from: end("from")?, to: end("to")? })
    }
}
