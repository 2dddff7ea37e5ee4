//! Quantities with units.

use super::{Kind, wrong_type};
use crate::error::Result;
use crate::input::schema::Form;
use crate::input::tree::{Item, Node};
use crate::units::{AMU_ANGSTROM2_PER_FS2, Dimension, parse};

/// A quantity of one dimension, perhaps within bounds; read as a number in internal units.
pub struct Quantity {
    dimension: Dimension,
    /// Internal units per unit of the result: 1 but for masses, which are wanted in amu.
    unit: f64,
    positive: bool,
    lowest: Option<&'static str>,
    highest: Option<&'static str>,
}

/// A quantity of any dimension.
pub fn quantity(dimension: Dimension) -> Quantity {
    Quantity { dimension, unit: 1.0, positive: false, lowest: None, highest: None }
}

/// A time, fs.
pub fn time() -> Quantity {
    quantity(Dimension::TIME)
}

/// A length, Å.
pub fn length() -> Quantity {
    quantity(Dimension::LENGTH)
}

/// An energy, eV.
pub fn energy() -> Quantity {
    quantity(Dimension::ENERGY)
}

/// A temperature, K.
pub fn temperature() -> Quantity {
    quantity(Dimension::TEMPERATURE)
}

/// A pressure, eV/Å³.
pub fn pressure() -> Quantity {
    quantity(Dimension::PRESSURE)
}

/// A force, eV/Å.
pub fn force() -> Quantity {
    quantity(Dimension::FORCE)
}

/// A rate, 1/fs.
pub fn rate() -> Quantity {
    quantity(Dimension::RATE)
}

/// An inverse length, 1/Å.
pub fn inverse_length() -> Quantity {
    quantity(Dimension::INVERSE_LENGTH)
}

/// A charge, e.
pub fn charge() -> Quantity {
    quantity(Dimension::CHARGE)
}

/// A mass, amu.
pub fn mass() -> Quantity {
    Quantity { unit: AMU_ANGSTROM2_PER_FS2, ..quantity(Dimension::MASS) }
}

impl Quantity {
    /// Only values above zero.
    #[must_use]
    pub fn positive(mut self) -> Self {
        self.positive = true;
        self
    }

    /// Only values from this one on; itself a quantity with a unit.
    #[must_use]
    pub fn at_least(mut self, lowest: &'static str) -> Self {
        self.lowest = Some(lowest);
        self
    }

    /// Only values up to this one; itself a quantity with a unit.
    #[must_use]
    pub fn at_most(mut self, highest: &'static str) -> Self {
        self.highest = Some(highest);
        self
    }

    fn bounds(&self) -> String {
        let mut bounds = Vec::new();
        if self.positive {
            bounds.push("above zero".to_string());
        }
        bounds.extend(self.lowest.map(|lowest| format!("of at least {lowest}")));
        bounds.extend(self.highest.map(|highest| format!("at most {highest}")));
        bounds.join(" and ")
    }

    fn within_bounds(&self, value: f64) -> bool {
        // Bounds are text in declarations; one that cannot be read refuses everything, so a test sees it.
        let bound = |text| parse(text, self.dimension).unwrap_or(f64::NAN);
        (!self.positive || value > 0.0)
            && self.lowest.is_none_or(|lowest| value >= bound(lowest))
            && self.highest.is_none_or(|highest| value <= bound(highest))
    }
}

impl Kind for Quantity {
    type Output = f64;

    fn form(&self) -> Form {
        let example = self.dimension.example();
        let name = example.split(" such as").next().unwrap_or(example);
        Form::Value(if self.bounds().is_empty() {
            name.to_string()
        } else {
            format!("{name} {}", self.bounds())
        })
    }

    fn read(&self, item: &Item) -> Result<f64> {
        let help = format!("expected {}", self.dimension.example());
        let bare = |number: String| {
            item.place.error(format!("`{number}` has no unit")).with_help(help.clone()).into()
        };
        let text = match &item.node {
            Node::Text(text) => text,
            Node::Integer(Some(number)) => return Err(bare(number.to_string())),
            Node::Real(number) => return Err(bare(number.to_string())),
            _ => return Err(wrong_type(item, &Form::Value(help.replacen("expected ", "", 1)))),
        };
        let value = parse(text, self.dimension).map_err(|error| {
            let place = item.place.inside(text, error.offset, error.length);
            place.error(error.message).with_help(error.help)
        })?;
        if !self.within_bounds(value) {
            let message = format!("`{}` is out of range", text.trim());
            return Err(item
                .place
                .error(message)
                .with_help(format!("expected {}", self.form().describe()))
                .into());
        }
        Ok(value / self.unit)
    }
}
