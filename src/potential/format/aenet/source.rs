//! Records of a network file, from text or from Fortran's unformatted files.

use crate::error::{Error, Result};
use crate::text::{self, Line, Lines, Token};
use std::io::{BufRead, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The longest text in a binary record, in bytes.
const LONGEST_TEXT: usize = 1 << 16;

/// A file that is read record after record.
pub(super) trait Source {
    /// The next `count` integers.
    fn integers(&mut self, count: usize, what: &str) -> Result<Vec<i64>>;

    /// The next `count` real numbers.
    fn reals(&mut self, count: usize, what: &str) -> Result<Vec<f64>>;

    /// The next text, without the blanks behind it.
    fn text(&mut self, what: &str) -> Result<String>;

    /// The next `count` texts of two characters.
    fn names(&mut self, count: usize, what: &str) -> Result<Vec<String>>;

    /// The next truth value.
    fn logical(&mut self, what: &str) -> Result<bool>;

    /// Does the file have as many rows in its table of environments as there are elements (text), or two?
    fn is_text(&self) -> bool;

    /// An error about the record that was read last.
    fn error(&self, message: String) -> Error;

    /// The next integer.
    fn integer(&mut self, what: &str) -> Result<i64> {
        Ok(self.integers(1, what)?[0])
    }

    /// The next integer, which counts something.
    fn count(&mut self, what: &str) -> Result<usize> {
        let value = self.integer(what)?;
        usize::try_from(value).map_err(|_| self.error(format!("{what}: {value} is impossible")))
    }

    /// The next real number.
    fn real(&mut self, what: &str) -> Result<f64> {
        Ok(self.reals(1, what)?[0])
    }
}

/// `*.nn.ascii`: every record begins on a new line; numbers are separated by blanks.
pub(super) struct Ascii {
    lines: Lines,
    /// The line in hand, and how many of its words were used.
    line: Option<Line>,
    used: usize,
}

impl Ascii {
    pub(super) fn open(path: &Path) -> Result<Self> {
        Ok(Self { lines: Lines::open(path)?, line: None, used: 0 })
    }

    /// The next `count` words, each turned into a number; they end with a line.
    fn words<T>(
        &mut self,
        count: usize,
        what: &str,
        convert: impl Fn(Token<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut values = Vec::new();
        while values.len() < count {
            let line = self.lines.expect_line(what)?;
            self.used = 0;
            for word in line.tokens() {
                if values.len() == count {
                    let message = format!("{what}: more than the {count} numbers that are expected");
                    return Err(word.error(message).into());
                }
                values.push(convert(word)?);
                self.used += 1;
            }
            self.line = Some(line);
        }
        Ok(values)
    }
}

/// A real number as Fortran writes it, which leaves out the `E` of exponents of three digits.
fn fortran_real(word: Token<'_>, what: &str) -> Result<f64> {
    if let Some(sign) = word.text.rfind(['+', '-']).filter(|sign| *sign > 0) {
        let (mantissa, exponent) = word.text.split_at(sign);
        if mantissa.ends_with(|c: char| c.is_ascii_digit() || c == '.')
            && let Ok(value) = format!("{mantissa}E{exponent}").parse::<f64>()
            && value.is_finite()
        {
            return Ok(value);
        }
    }
    word.real(what)
}

impl Source for Ascii {
    fn integers(&mut self, count: usize, what: &str) -> Result<Vec<i64>> {
        self.words(count, what, |word| word.integer(what))
    }

    fn reals(&mut self, count: usize, what: &str) -> Result<Vec<f64>> {
        self.words(count, what, |word| fortran_real(word, what))
    }

    fn text(&mut self, what: &str) -> Result<String> {
        let line = self.lines.expect_line(what)?;
        let text = line.text.trim_end().to_string();
        self.line = Some(line);
        Ok(text)
    }

    fn names(&mut self, count: usize, what: &str) -> Result<Vec<String>> {
        let mut names = Vec::new();
        while names.len() < count {
            names.push(self.text(what)?.trim().to_string());
        }
        Ok(names)
    }

    fn logical(&mut self, what: &str) -> Result<bool> {
        let text = self.text(what)?;
        match text.trim_start_matches([' ', '.']).chars().next() {
            Some('T' | 't') => Ok(true),
            Some('F' | 'f') => Ok(false),
            _ => Err(self.error(format!("{what}: expected T or F"))),
        }
    }

    fn is_text(&self) -> bool {
        true
    }

    fn error(&self, message: String) -> Error {
        match &self.line {
            Some(line) => line.error(message).into(),
            None => Error::invalid(format!("{}: {message}", self.lines.path().display())),
        }
    }
}

/// `*.nn`: unformatted sequential records of gfortran on little-endian machines, each between two copies of
/// its length in four bytes.
pub(super) struct Binary {
    reader: Box<dyn BufRead + Send>,
    path: PathBuf,
    record: usize,
}

impl Binary {
    pub(super) fn open(path: &Path) -> Result<Self> {
        Ok(Self { reader: text::open(path)?, path: path.to_path_buf(), record: 0 })
    }

    /// The next record; its length must be one that `accept` accepts.
    fn record(&mut self, what: &str, accept: impl Fn(usize) -> bool) -> Result<Vec<u8>> {
        self.record += 1;
        let length = self.marker(what)?;
        if !accept(length) {
            return Err(self.error(format!("{what}: {length} bytes are not what is expected")));
        }
        // Grows with what is there, not with what is announced.
        let mut bytes = Vec::new();
        let read = self.reader.by_ref().take(length as u64).read_to_end(&mut bytes);
        read.map_err(Error::io(&self.path, "read"))?;
        if bytes.len() != length || self.marker(what)? != length {
            return Err(self.error(format!("{what}: the record is cut short")));
        }
        Ok(bytes)
    }

    fn marker(&mut self, what: &str) -> Result<usize> {
        let mut bytes = [0; 4];
        match self.reader.read_exact(&mut bytes) {
            Ok(()) => Ok(u32::from_le_bytes(bytes) as usize),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Err(self.error(format!("the file ends here, expected {what}")))
            }
            Err(error) => Err(Error::io(&self.path, "read")(error)),
        }
    }
}

impl Source for Binary {
    fn integers(&mut self, count: usize, what: &str) -> Result<Vec<i64>> {
        let bytes = self.record(what, |length| Some(length) == count.checked_mul(4))?;
        Ok(bytes.as_chunks().0.iter().map(|&word| i64::from(i32::from_le_bytes(word))).collect())
    }

    fn reals(&mut self, count: usize, what: &str) -> Result<Vec<f64>> {
        let bytes = self.record(what, |length| Some(length) == count.checked_mul(8))?;
        let values: Vec<f64> = bytes.as_chunks().0.iter().map(|&word| f64::from_le_bytes(word)).collect();
        if values.iter().any(|value| !value.is_finite()) {
            return Err(self.error(format!("{what}: not all numbers are finite")));
        }
        Ok(values)
    }

    fn text(&mut self, what: &str) -> Result<String> {
        let bytes = self.record(what, |length| length <= LONGEST_TEXT)?;
        Ok(String::from_utf8_lossy(&bytes).trim_end_matches(['\0', ' ']).to_string())
    }

    fn names(&mut self, count: usize, what: &str) -> Result<Vec<String>> {
        let bytes = self.record(what, |length| Some(length) == count.checked_mul(2))?;
        Ok(bytes.chunks(2).map(|name| String::from_utf8_lossy(name).trim().to_string()).collect())
    }

    fn logical(&mut self, what: &str) -> Result<bool> {
        Ok(self.integers(1, what)?[0] != 0)
    }

    fn is_text(&self) -> bool {
        false
    }

    fn error(&self, message: String) -> Error {
        Error::invalid(format!("{}: record {}: {message}", self.path.display(), self.record))
    }
}
