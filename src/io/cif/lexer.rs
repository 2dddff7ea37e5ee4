//! The words of a CIF: data names, quoted and multi-line values, and the reserved words between them
//! (Hall, Allen & Brown, Acta Cryst. A47, 655 (1991), doi:10.1107/S010876739101067X).

use crate::error::{Diagnostic, Result};
use crate::text::{Line, Lines};
use std::ops::Range;
use std::sync::Arc;

/// A word of a CIF with the place where it stands.
#[derive(Debug, Clone)]
pub(super) struct Word {
    /// What role it plays.
    pub(super) kind: Kind,
    /// The line where it stands (its first line, for a multi-line value).
    pub(super) line: Arc<Line>,
    span: Range<usize>,
    multiline: Option<String>,
}

/// The roles of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `data_name`: a block begins.
    Data,
    /// `loop_`: a table begins.
    Loop,
    /// `save_...`: a frame of a dictionary, never of a structure.
    Save,
    /// `_data_name`.
    Tag,
    /// A value that was not quoted.
    Bare,
    /// A value in quotes or between semicolons: never a number, never "unknown".
    Quoted,
}

impl Word {
    /// The value, the data name or the name of the block.
    pub(super) fn text(&self) -> &str {
        let text = self.multiline.as_deref().unwrap_or(&self.line.text[self.span.clone()]);
        if self.kind == Kind::Data { &text["data_".len()..] } else { text }
    }

    /// Is this `?` (unknown) or `.` (not applicable)?
    pub(super) fn is_absent(&self) -> bool {
        self.kind == Kind::Bare && matches!(self.text(), "?" | ".")
    }

    /// An error about this word.
    pub(super) fn error(&self, message: impl Into<String>) -> Diagnostic {
        self.line.token(&self.line.text[self.span.clone()]).error(message)
    }

    /// The value as a number; a standard uncertainty, as in `1.234(5)`, is dropped.
    pub(super) fn real(&self, expected: &str) -> Result<f64> {
        let text = &self.line.text[self.span.clone()];
        let Some((number, rest)) = text.split_once('(') else {
            return self.line.token(text).real(expected);
        };
        if !rest.strip_suffix(')').is_some_and(|su| su.chars().all(|c| c.is_ascii_digit() || c == '.')) {
            return Err(self
                .error(format!("`{text}` is not a number"))
                .with_help(format!("expected {expected}, a standard uncertainty in parentheses: 1.234(5)"))
                .into());
        }
        self.line.token(number).real(expected)
    }
}

/// The words of a file, one after the other, with one word of look-ahead.
pub(super) struct Words {
    lines: Lines,
    line: Option<Arc<Line>>,
    at: usize,
    peeked: Option<Word>,
}

impl Words {
    pub(super) fn new(lines: Lines) -> Self {
        Self { lines, line: None, at: 0, peeked: None }
    }

    /// The stream below, for errors about the end of the file.
    pub(super) fn lines(&self) -> &Lines {
        &self.lines
    }

    /// The word that [`Words::next`] will return.
    pub(super) fn peek(&mut self) -> Result<Option<&Word>> {
        if self.peeked.is_none() {
            self.peeked = self.read()?;
        }
        Ok(self.peeked.as_ref())
    }

    /// The next word.
    pub(super) fn next(&mut self) -> Result<Option<Word>> {
        match self.peeked.take() {
            Some(word) => Ok(Some(word)),
            None => self.read(),
        }
    }

    fn read(&mut self) -> Result<Option<Word>> {
        loop {
            let Some(line) = self.line.clone() else {
                let Some(line) = self.lines.next_line()? else { return Ok(None) };
                if line.text.starts_with(';') {
                    return self.text_field(line).map(Some);
                }
                self.line = Some(Arc::new(line));
                self.at = 0;
                continue;
            };
            let rest = &line.text[self.at..];
            let begin = self.at + (rest.len() - rest.trim_start().len());
            if begin == line.text.len() || line.text[begin..].starts_with('#') {
                self.line = None;
                continue;
            }
            return self.word(line, begin).map(Some);
        }
    }

    /// The word that begins at byte `begin` of `line`.
    fn word(&mut self, line: Arc<Line>, begin: usize) -> Result<Word> {
        let rest = &line.text[begin..];
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        if let Some(quote) = quote {
            // A quote ends the value only before white space: 'it's quoted' is one word.
            let close = rest
                .char_indices()
                .skip(1)
                .find(|&(at, c)| c == quote && rest[at + 1..].chars().next().is_none_or(char::is_whitespace));
            let Some((close, _)) = close else {
                return Err(line
                    .token(rest)
                    .error("this quoted value does not end on its line")
                    .with_help(format!("expected a closing {quote} followed by a blank"))
                    .into());
            };
            self.at = begin + close + 1;
            return Ok(Word { kind: Kind::Quoted, span: begin + 1..begin + close, line, multiline: None });
        }
        let end = begin + rest.find(char::is_whitespace).unwrap_or(rest.len());
        self.at = end;
        let text = &line.text[begin..end];
        let starts =
            |prefix: &str| text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
        let kind = if text.starts_with('_') {
            Kind::Tag
        } else if starts("data_") {
            Kind::Data
        } else if text.eq_ignore_ascii_case("loop_") {
            Kind::Loop
        } else if starts("save_") {
            Kind::Save
        } else {
            Kind::Bare
        };
        Ok(Word { kind, span: begin..end, line, multiline: None })
    }

    /// A value between two lines that begin with a semicolon.
    fn text_field(&mut self, first: Line) -> Result<Word> {
        let mut text = first.text[1..].to_string();
        loop {
            let Some(line) = self.lines.next_line()? else {
                return Err(first
                    .error_at(1, 1, "this text field has no end")
                    .with_help("expected a later line that begins with `;`")
                    .into());
            };
            if line.text.starts_with(';') {
                // What follows the closing semicolon is read as usual.
                self.at = 1;
                self.line = Some(Arc::new(line));
                break;
            }
            text.push('\n');
            text.push_str(&line.text);
        }
        Ok(Word { kind: Kind::Quoted, span: 0..1, line: Arc::new(first), multiline: Some(text) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(Kind, String)> {
        let mut words = Words::new(Lines::from_text("f.cif", text));
        let mut out = Vec::new();
        while let Some(word) = words.next().unwrap() {
            out.push((word.kind, word.text().to_string()));
        }
        out
    }

    #[test]
    fn every_kind_of_word_is_told_apart() {
        let text = "data_x # comment\nLOOP_ _a 'it's one' \"\" ? 1.5(2)\n;first\n second\n; after\n#end\n";
        let expected = [
            (Kind::Data, "x"),
            (Kind::Loop, "LOOP_"),
            (Kind::Tag, "_a"),
            (Kind::Quoted, "it's one"),
            (Kind::Quoted, ""),
            (Kind::Bare, "?"),
            (Kind::Bare, "1.5(2)"),
            (Kind::Quoted, "first\n second"),
            (Kind::Bare, "after"),
        ];
        assert_eq!(words(text), expected.map(|(kind, text)| (kind, text.to_string())));
    }

    #[test]
    fn uncertainties_are_dropped_and_nonsense_is_refused() {
        let mut words = Words::new(Lines::from_text("f.cif", "8.2195(4) -3(12) 1.2(x) (3)"));
        let mut next = || words.next().unwrap().unwrap().real("a length");
        assert_eq!(next().unwrap(), 8.2195);
        assert_eq!(next().unwrap(), -3.0);
        assert!(next().unwrap_err().to_string().starts_with("f.cif:1:18: `1.2(x)` is not a number"));
        assert!(next().is_err());
    }

    #[test]
    fn an_open_quote_is_an_error_at_its_place() {
        let mut words = Words::new(Lines::from_text("f.cif", "_tag 'no end\n"));
        words.next().unwrap();
        let message = words.next().unwrap_err().to_string();
        assert!(message.starts_with("f.cif:1:6: this quoted value does not end"), "{message}");
        let mut words = Words::new(Lines::from_text("f.cif", "_tag\n;no end\n"));
        words.next().unwrap();
        assert!(words.next().unwrap_err().to_string().starts_with("f.cif:2:1: this text field has no end"));
    }
}
