//! Elements and pairs of elements.

use super::{Kind, wrong_type};
use crate::error::{Diagnostic, Result};
use crate::input::schema::Form;
use crate::input::tree::{Item, Node};
use crate::system::Element;

/// The symbol of an element.
pub struct Symbol;

/// The symbol of an element.
pub fn element() -> Symbol {
    Symbol
}

impl Kind for Symbol {
    type Output = Element;

    fn form(&self) -> Form {
        Form::Value("an element".to_string())
    }

    fn read(&self, item: &Item) -> Result<Element> {
        let Node::Text(symbol) = &item.node else {
            return Err(wrong_type(item, &self.form()));
        };
        Ok(read_symbol(item, symbol, 0, symbol)?)
    }
}

/// Two elements joined by a hyphen, in either order.
pub struct Pair;

/// Two elements joined by a hyphen, `Li-N`; read with the lower atomic number first.
pub fn pair() -> Pair {
    Pair
}

impl Kind for Pair {
    type Output = (Element, Element);

    fn form(&self) -> Form {
        Form::Value("a pair of elements".to_string())
    }

    fn read(&self, item: &Item) -> Result<(Element, Element)> {
        let Node::Text(text) = &item.node else {
            return Err(wrong_type(item, &self.form()));
        };
        let Some((a, b)) = text.split_once('-') else {
            let message = format!("`{text}` is not a pair of elements");
            return Err(item.place.error(message).with_help("expected two symbols, such as Li-N").into());
        };
        let first = read_symbol(item, text, 0, a)?;
        let second = read_symbol(item, text, a.chars().count() + 1, b)?;
        Ok((first.min(second), first.max(second)))
    }
}

fn read_symbol(item: &Item, text: &str, offset: usize, symbol: &str) -> Result<Element, Diagnostic> {
    symbol.parse().map_err(|error: crate::Error| {
        item.place.inside(text, offset, symbol.chars().count()).error(error.to_string())
    })
}
