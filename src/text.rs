//! Lines and tokens of text files, each knowing where it stands.
//!
//! Every parser of the crate reads through [`Lines`], so that every complaint has path, line and
//! column, compressed files open like plain ones, and a hostile file cannot claim unbounded memory.

use crate::error::{Diagnostic, Error, Result};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The longest line that is accepted, in bytes.
const LONGEST_LINE: u64 = 64 << 20;

/// Opens a file for buffered reading; gzip is recognised by its first two bytes.
pub fn open(path: &Path) -> Result<Box<dyn BufRead + Send>> {
    // Some systems open a folder, others do not.
    if path.is_dir() {
        return Err(Error::invalid(format!("{}: is a folder, expected a file", path.display())));
    }
    let mut file = File::open(path).map_err(Error::io(path, "open"))?;
    let mut magic = Vec::with_capacity(2);
    file.by_ref().take(2).read_to_end(&mut magic).map_err(Error::io(path, "read"))?;
    let whole = Cursor::new(magic.clone()).chain(file);
    if magic == [0x1f, 0x8b] { unmarked(path, MultiGzDecoder::new(whole)) } else { unmarked(path, whole) }
}

/// The bytes without the mark that editors of other systems put before UTF-8.
fn unmarked(path: &Path, mut bytes: impl Read + Send + 'static) -> Result<Box<dyn BufRead + Send>> {
    let mut head = Vec::with_capacity(3);
    bytes.by_ref().take(3).read_to_end(&mut head).map_err(Error::io(path, "read"))?;
    if head == [0xef, 0xbb, 0xbf] {
        head.clear();
    }
    Ok(Box::new(BufReader::with_capacity(1 << 16, Cursor::new(head).chain(bytes))))
}

/// A stream of numbered lines with one line of look-ahead.
pub struct Lines {
    reader: Box<dyn BufRead + Send>,
    path: Arc<PathBuf>,
    number: usize,
    peeked: Peeked,
}

/// What is known of the line ahead.
enum Peeked {
    Nothing,
    End,
    Line(Line),
}

impl Lines {
    /// Opens a file, compressed or not.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Ok(Self::new(open(path)?, path))
    }

    /// Reads lines from `reader`; `path` is the name used in errors.
    pub fn new(reader: Box<dyn BufRead + Send>, path: impl AsRef<Path>) -> Self {
        Self { reader, path: Arc::new(path.as_ref().to_path_buf()), number: 0, peeked: Peeked::Nothing }
    }

    /// Reads lines from text in memory; `name` is used in errors.
    pub fn from_text(name: impl AsRef<Path>, text: impl Into<Vec<u8>>) -> Self {
        Self::new(Box::new(Cursor::new(text.into())), name)
    }

    /// The name used in errors.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the line that [`Lines::next_line`] returned last.
    pub fn number(&self) -> usize {
        self.number - usize::from(matches!(self.peeked, Peeked::Line(_)))
    }

    /// The next line without its line break, or `None` at the end.
    pub fn next_line(&mut self) -> Result<Option<Line>> {
        match std::mem::replace(&mut self.peeked, Peeked::Nothing) {
            Peeked::Line(line) => Ok(Some(line)),
            Peeked::End => Ok(None),
            Peeked::Nothing => self.read(),
        }
    }

    /// Reads the next line into `line`, whose memory is used again; `false` at the end of the file.
    ///
    /// Rows of a million atoms go through here: start from [`Lines::blank`].
    pub fn next_into(&mut self, line: &mut Line) -> Result<bool> {
        match std::mem::replace(&mut self.peeked, Peeked::Nothing) {
            Peeked::Line(ahead) => *line = ahead,
            Peeked::End => return Ok(false),
            Peeked::Nothing => {
                let mut bytes = std::mem::take(&mut line.text).into_bytes();
                bytes.clear();
                match self.read_bytes(bytes)? {
                    Some(text) => line.text = text,
                    None => return Ok(false),
                }
                line.number = self.number;
            }
        }
        Ok(true)
    }

    /// An empty line of this file, for [`Lines::next_into`].
    pub fn blank(&self) -> Line {
        Line { text: String::new(), number: self.number, path: Arc::clone(&self.path) }
    }

    /// The line that [`Lines::next_line`] will return.
    pub fn peek_line(&mut self) -> Result<Option<&Line>> {
        if matches!(self.peeked, Peeked::Nothing) {
            self.peeked = self.read()?.map_or(Peeked::End, Peeked::Line);
        }
        Ok(if let Peeked::Line(line) = &self.peeked { Some(line) } else { None })
    }

    /// The next line; its absence is an error that says what was expected.
    pub fn expect_line(&mut self, expected: &str) -> Result<Line> {
        match self.next_line()? {
            Some(line) => Ok(line),
            None => Err(self.end_error(expected)),
        }
    }

    /// The error for a file that ends too early.
    pub fn end_error(&self, expected: &str) -> Error {
        Diagnostic::new(&*self.path, self.number + 1, 1, "the file ends here")
            .with_help(format!("expected {expected}"))
            .into()
    }

    fn read(&mut self) -> Result<Option<Line>> {
        let text = self.read_bytes(Vec::new())?;
        Ok(text.map(|text| Line { text, number: self.number, path: Arc::clone(&self.path) }))
    }

    /// Fills `bytes` with the next line.
    fn read_bytes(&mut self, mut bytes: Vec<u8>) -> Result<Option<String>> {
        let count = self
            .reader
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut bytes)
            .map_err(|error| Error::io(&*self.path, format!("read line {}", self.number + 1))(error))?;
        if count == 0 {
            return Ok(None);
        }
        self.number += 1;
        if count as u64 == LONGEST_LINE && bytes.last() != Some(&b'\n') {
            return Err(Diagnostic::new(&*self.path, self.number, 1, "line longer than 64 MiB").into());
        }
        while matches!(bytes.last(), Some(b'\n' | b'\r')) {
            bytes.pop();
        }
        // Comments of old programs are often Latin-1: a wrong byte there must not end the reading.
        Ok(Some(
            String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        ))
    }
}

/// One line of a file.
#[derive(Debug, Clone)]
pub struct Line {
    /// The text without the line break.
    pub text: String,
    /// Counted from 1.
    pub number: usize,
    path: Arc<PathBuf>,
}

impl Line {
    /// The name of the file, as errors give it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The tokens separated by white space.
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens { line: self, rest: &self.text }
    }

    /// All tokens at once.
    pub fn split(&self) -> Vec<Token<'_>> {
        self.tokens().collect()
    }

    /// Is there nothing but white space?
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// An error about the whole line.
    pub fn error(&self, message: impl Into<String>) -> Diagnostic {
        let trimmed = self.text.trim();
        let lead = self.text.chars().take_while(|c| c.is_whitespace()).count();
        self.error_at(lead + 1, trimmed.chars().count(), message)
    }

    /// An error about `length` characters from `column` (counted from 1) on.
    pub fn error_at(&self, column: usize, length: usize, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(&*self.path, self.number, column, message).with_source(self.text.clone(), length)
    }

    /// An error just behind the end of the line: something is missing there.
    pub fn missing(&self, expected: &str) -> Error {
        self.error_at(self.text.trim_end().chars().count() + 1, 1, format!("{expected} is missing")).into()
    }

    /// A token for part of this line, `part` being a slice of `self.text`.
    pub fn token<'a>(&'a self, part: &'a str) -> Token<'a> {
        Token { text: part, line: self }
    }
}

/// Iterator over the tokens of a line.
pub struct Tokens<'a> {
    line: &'a Line,
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    /// The next token; its absence is an error that says what was expected.
    pub fn expect(&mut self, expected: &str) -> Result<Token<'a>> {
        self.next().ok_or_else(|| self.line.missing(expected))
    }

    /// The next token as a finite number.
    pub fn real(&mut self, expected: &str) -> Result<f64> {
        self.expect(expected)?.real(expected)
    }

    /// The next three tokens as a vector.
    pub fn vector(&mut self, expected: &str) -> Result<[f64; 3]> {
        Ok([self.real(expected)?, self.real(expected)?, self.real(expected)?])
    }

    /// What is left of the line.
    pub fn rest(&self) -> &'a str {
        self.rest.trim()
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let rest = self.rest.trim_start();
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (text, rest) = rest.split_at(end);
        self.rest = rest;
        Some(Token { text, line: self.line })
    }
}

/// A word of a line that knows its place.
#[derive(Debug, Clone, Copy)]
pub struct Token<'a> {
    /// The word.
    pub text: &'a str,
    line: &'a Line,
}

impl Token<'_> {
    /// Column of the first character, counted from 1.
    pub fn column(&self) -> usize {
        let offset = (self.text.as_ptr() as usize).saturating_sub(self.line.text.as_ptr() as usize);
        self.line.text.get(..offset).map_or(1, |before| before.chars().count() + 1)
    }

    /// An error about this word.
    pub fn error(&self, message: impl Into<String>) -> Diagnostic {
        self.line.error_at(self.column(), self.text.chars().count(), message)
    }

    /// The word as a finite number; Fortran exponents (`1.0D-3`) are understood.
    pub fn real(&self, expected: &str) -> Result<f64> {
        let value = match self.text.parse::<f64>() {
            Ok(value) => Some(value),
            Err(_) => self.text.replace(['d', 'D'], "e").parse().ok(),
        };
        match value {
            Some(value) if value.is_finite() => Ok(value),
            Some(_) => Err(self.error(format!("`{}` is not a finite number", self.text)).into()),
            None => Err(self
                .error(format!("`{}` is not a number", self.text))
                .with_help(format!("expected {expected}"))
                .into()),
        }
    }

    /// The word as an integer of any type.
    pub fn integer<T: std::str::FromStr>(&self, expected: &str) -> Result<T> {
        self.text.parse().map_err(|_| {
            self.error(format!("`{}` is not a valid integer here", self.text))
                .with_help(format!("expected {expected}"))
                .into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_know_their_columns() {
        let mut lines = Lines::from_text("f", "  Å bc 1.5D2\r\nx\n");
        let line = lines.next_line().unwrap().unwrap();
        let tokens = line.split();
        assert_eq!(tokens.iter().map(Token::column).collect::<Vec<_>>(), [3, 5, 8]);
        assert_eq!(tokens[2].real("a number").unwrap(), 150.0);
        let message = tokens[1].real("a length").unwrap_err().to_string();
        assert!(message.starts_with("f:1:5: `bc` is not a number"), "{message}");
        assert_eq!(lines.peek_line().unwrap().unwrap().text, "x");
        assert_eq!(lines.number(), 1);
        lines.next_line().unwrap();
        let end = lines.expect_line("three lattice vectors").unwrap_err().to_string();
        assert!(end.starts_with("f:3:1: the file ends here"), "{end}");
    }

    #[test]
    fn the_mark_of_utf8_is_no_text() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("marked");
        std::fs::write(&path, b"\xef\xbb\xbfhello\n").unwrap();
        assert_eq!(Lines::open(&path).unwrap().next_line().unwrap().unwrap().text, "hello");
        for text in ["", "a", "\u{e9}t\u{e9}"] {
            std::fs::write(&path, text).unwrap();
            let line = Lines::open(&path).unwrap().next_line().unwrap();
            assert_eq!(line.map_or(String::new(), |line| line.text), text);
        }
    }

    #[test]
    fn gzip_is_transparent() {
        use std::io::Write;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.gz");
        let mut gz = flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::fast());
        gz.write_all(b"hello\nworld\n").unwrap();
        gz.finish().unwrap();
        let mut lines = Lines::open(&path).unwrap();
        assert_eq!(lines.next_line().unwrap().unwrap().text, "hello");
        assert_eq!(lines.next_line().unwrap().unwrap().text, "world");
        assert!(lines.next_line().unwrap().is_none());
    }
}
