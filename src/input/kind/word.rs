//! Text, flags, and words from a fixed list.

use super::{Kind, wrong_type};
use crate::error::{Result, nearest};
use crate::input::schema::Form;
use crate::input::tree::{Item, Node};

/// Any text.
pub struct Text;

/// Any text.
pub fn text() -> Text {
    Text
}

impl Kind for Text {
    type Output = String;

    fn form(&self) -> Form {
        Form::Value("text".to_string())
    }

    fn read(&self, item: &Item) -> Result<String> {
        match &item.node {
            Node::Text(text) => Ok(text.clone()),
            _ => Err(wrong_type(item, &self.form())),
        }
    }
}

/// `true` or `false`.
pub struct Flag;

/// `true` or `false`.
pub fn flag() -> Flag {
    Flag
}

impl Kind for Flag {
    type Output = bool;

    fn form(&self) -> Form {
        Form::Value("true or false".to_string())
    }

    fn read(&self, item: &Item) -> Result<bool> {
        match item.node {
            Node::Flag(flag) => Ok(flag),
            _ => Err(wrong_type(item, &self.form())),
        }
    }
}

/// One of a few words, each standing for a value.
pub struct Word<T: 'static> {
    words: &'static [(&'static str, T)],
}

/// One of a few words, each standing for a value.
pub fn word<T: Clone>(words: &'static [(&'static str, T)]) -> Word<T> {
    Word { words }
}

impl<T: Clone> Kind for Word<T> {
    type Output = T;

    fn form(&self) -> Form {
        let words: Vec<String> = self.words.iter().map(|word| format!("\"{}\"", word.0)).collect();
        Form::Value(match words.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => "nothing".to_string(),
        })
    }

    fn read(&self, item: &Item) -> Result<T> {
        let Node::Text(text) = &item.node else {
            return Err(wrong_type(item, &self.form()));
        };
        if let Some((_, value)) = self.words.iter().find(|word| word.0 == text) {
            return Ok(value.clone());
        }
        let expected = format!("expected {}", self.form().describe());
        let help = match nearest(text, self.words.iter().map(|word| word.0)) {
            Some(near) => format!("did you mean `{near}`? {expected}"),
            None => expected,
        };
        Err(item.place.error(format!("`{text}` is not known here")).with_help(help).into())
    }
}
