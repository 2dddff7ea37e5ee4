//! Text that input is read from, and places in it.

use crate::error::Diagnostic;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file or a `--set` argument: its name in messages, its text, and the folder its paths start from.
#[derive(Debug)]
pub struct Source {
    /// The name used in messages.
    pub name: PathBuf,
    /// The whole text.
    pub text: String,
    /// Relative paths in the text are relative to this folder.
    pub folder: PathBuf,
}

impl Source {
    /// A source with the folder its paths start from.
    pub fn new(name: impl AsRef<Path>, text: impl Into<String>, folder: impl AsRef<Path>) -> Arc<Self> {
        Arc::new(Self {
            name: name.as_ref().to_path_buf(),
            text: text.into(),
            folder: folder.as_ref().to_path_buf(),
        })
    }
}

/// A stretch of a source; or none, for defaults and examples that mlmd itself supplies.
#[derive(Debug, Clone)]
pub enum Place {
    /// Bytes of a source.
    Span(Arc<Source>, Range<usize>),
    /// A source as a whole.
    Whole(Arc<Source>),
    /// Not written by a person but in the declaration of a key.
    Nowhere,
}

impl Place {
    /// Bytes `span` of `source`.
    pub fn new(source: &Arc<Source>, span: Range<usize>) -> Self {
        Self::Span(Arc::clone(source), span)
    }

    /// The folder that relative paths written here start from.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Span(source, _) | Self::Whole(source) => &source.folder,
            Self::Nowhere => Path::new(""),
        }
    }

    /// Line, counted from 1.
    pub fn line(&self) -> usize {
        if let Self::Span(source, span) = self { position(&source.text, span.start).0 } else { 1 }
    }

    /// A complaint about this place.
    pub fn error(&self, message: impl Into<String>) -> Diagnostic {
        let (source, span) = match self {
            Self::Span(source, span) => (source, span),
            Self::Whole(source) => return Diagnostic::new(&source.name, 1, 1, message),
            Self::Nowhere => return Diagnostic::new("<built in>", 1, 1, message),
        };
        let (number, column, line) = position(&source.text, span.start);
        let end = span.end.max(span.start).min(source.text.len());
        // A span over several lines is underlined to the end of its first.
        let text = source.text.get(span.start.min(end)..end).unwrap_or("");
        let length = text.lines().next().unwrap_or("").chars().count();
        Diagnostic::new(&source.name, number, column, message).with_source(line, length)
    }

    /// The place of `length` characters from character `offset` on inside the string that stands here,
    /// where the string is written plainly between quotes; otherwise the whole string.
    #[must_use]
    pub fn inside(&self, value: &str, offset: usize, length: usize) -> Self {
        let Self::Span(source, span) = self else {
            return self.clone();
        };
        let written = source.text.get(span.clone()).unwrap_or("");
        let quote = ["\"\"\"", "'''", "\"", "'", ""].into_iter().find(|quote| {
            written.len() == value.len() + 2 * quote.len() && written[quote.len()..].starts_with(value)
        });
        let Some(quote) = quote else {
            return self.clone();
        };
        let byte = |characters: usize| value.char_indices().nth(characters).map_or(value.len(), |(at, _)| at);
        let start = span.start + quote.len();
        Self::new(source, start + byte(offset)..start + byte(offset + length))
    }
}

/// Line and column of a byte, both counted from 1, and the text of the line.
pub(super) fn position(text: &str, byte: usize) -> (usize, usize, &str) {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    // The end of a file that ends in a line break belongs to its last line.
    if byte == text.len() && text.ends_with('\n') {
        byte -= 1;
    }
    let start = text[..byte].rfind('\n').map_or(0, |at| at + 1);
    let end = text[byte..].find('\n').map_or(text.len(), |at| byte + at);
    let number = text[..start].matches('\n').count() + 1;
    (number, text[start..byte].chars().count() + 1, text[start..end].trim_end_matches('\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        let text = "Åb = 1\nc = \"ÅÅ\"\n";
        assert_eq!(position(text, text.find('1').unwrap()), (1, 6, "Åb = 1"));
        assert_eq!(position(text, text.rfind('Å').unwrap()), (2, 7, "c = \"ÅÅ\""));
        assert_eq!(position(text, text.len()), (2, 9, "c = \"ÅÅ\""));
        assert_eq!(position("", 0), (1, 1, ""));
    }

    #[test]
    fn offsets_inside_strings_become_columns() {
        let text = "x = \"3 Åx\"\ny = \"\\u0041\"\n";
        let source = Source::new("f", text, "");
        let place = Place::new(&source, 4..text.find('\n').unwrap());
        let inner = place.inside("3 Åx", 2, 2).error("unknown unit");
        assert_eq!((inner.line, inner.column, inner.length), (1, 8, 2));
        // An escaped string cannot be translated: the caret stays under all of it.
        let start = text.find("\"\\u").unwrap();
        let place = Place::new(&source, start..text.len() - 1);
        assert_eq!(place.inside("A", 0, 1).error("m").length, 8);
    }
}
