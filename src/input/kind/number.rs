//! Numbers without units.

use super::{Kind, wrong_type};
use crate::error::{Error, Result};
use crate::input::schema::Form;
use crate::input::tree::{Item, Node};
use std::fmt::Display;

/// A real number, perhaps within bounds.
#[derive(Default)]
pub struct Number {
    positive: bool,
    range: Option<(f64, f64)>,
}

/// A real number; whole numbers are accepted.
pub fn number() -> Number {
    Number::default()
}

impl Number {
    /// Only values above zero.
    #[must_use]
    pub fn positive(mut self) -> Self {
        self.positive = true;
        self
    }

    /// Only values in a closed interval.
    #[must_use]
    pub fn between(mut self, lowest: f64, highest: f64) -> Self {
        self.range = Some((lowest, highest));
        self
    }
}

impl Kind for Number {
    type Output = f64;

    fn form(&self) -> Form {
        let above = if self.positive { " above zero" } else { "" };
        let range =
            self.range.map_or(String::new(), |(lowest, highest)| format!(" from {lowest} to {highest}"));
        Form::Value(format!("a number{above}{range}"))
    }

    fn read(&self, item: &Item) -> Result<f64> {
        let value = match item.node {
            Node::Real(value) => value,
            Node::Integer(Some(value)) => value as f64,
            _ => return Err(wrong_type(item, &self.form())),
        };
        if !value.is_finite() {
            return Err(item.place.error(format!("`{value}` is not a finite number")).into());
        }
        let inside = self.range.is_none_or(|(lowest, highest)| (lowest..=highest).contains(&value));
        if !inside || (self.positive && value <= 0.0) {
            return Err(out_of_range(item, value, &self.form()));
        }
        Ok(value)
    }
}

/// A whole number within bounds.
pub struct Integer {
    lowest: i64,
    highest: i64,
}

/// A whole number.
pub fn integer() -> Integer {
    Integer { lowest: i64::MIN, highest: i64::MAX }
}

impl Integer {
    /// Only values from this one on.
    #[must_use]
    pub fn at_least(mut self, lowest: i64) -> Self {
        self.lowest = lowest;
        self
    }

    /// Only values up to this one.
    #[must_use]
    pub fn at_most(mut self, highest: i64) -> Self {
        self.highest = highest;
        self
    }
}

impl Kind for Integer {
    type Output = i64;

    fn form(&self) -> Form {
        Form::Value(match (self.lowest, self.highest) {
            (i64::MIN, i64::MAX) => "a whole number".to_string(),
            (lowest, i64::MAX) => format!("a whole number, at least {lowest}"),
            (i64::MIN, highest) => format!("a whole number, at most {highest}"),
            (lowest, highest) => format!("a whole number from {lowest} to {highest}"),
        })
    }

    fn read(&self, item: &Item) -> Result<i64> {
        match item.node {
            Node::Integer(Some(value)) if (self.lowest..=self.highest).contains(&value) => Ok(value),
            Node::Integer(Some(value)) => Err(out_of_range(item, value, &self.form())),
            Node::Integer(None) => Err(item.place.error("this number is too large").into()),
            _ => Err(wrong_type(item, &self.form())),
        }
    }
}

fn out_of_range(item: &Item, value: impl Display, form: &Form) -> Error {
    let help = format!("expected {}", form.describe());
    item.place.error(format!("`{value}` is out of range")).with_help(help).into()
}
