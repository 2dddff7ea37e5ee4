//! Tables with a header as people keep them: CSV (RFC 4180), also with semicolons or tabs.

use crate::error::{Diagnostic, Error, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// A table of text.
#[derive(Debug, Clone, PartialEq)]
pub struct Spreadsheet {
    /// The file.
    pub path: PathBuf,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Cells of each row, as many as there are columns.
    pub rows: Vec<Vec<String>>,
    /// The line in which each row begins, counted from 1.
    lines: Vec<usize>,
}

impl Spreadsheet {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(Error::io(path, "open"))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Error::invalid(format!("{}: this is not a text file (UTF-8)", path.display())))?;
        Self::parse(path, &text)
    }

    /// Reads text; `path` is used in messages.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        // What Excel puts before the first letter.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let first = text.lines().next().unwrap_or_default();
        // Of the usual separators the one that the header has most of.
        let count = |separator: &char| first.matches(*separator).count();
        let separator = [',', ';', '\t'].into_iter().rev().max_by_key(count).unwrap_or(',');
        let complain =
            |line: usize, column: usize, message: String| Diagnostic::new(path, line, column, message);
        let mut records = records(text, separator)
            .map_err(|line| complain(line, 1, "the closing quote is missing".into()))?
            .into_iter();
        let Some((_, columns)) = records.next() else {
            return Err(complain(1, 1, "the table is empty".into())
                .with_help("expected a line with the names of the columns, and rows below it")
                .into());
        };
        let columns: Vec<String> = columns.iter().map(|name| name.trim().to_string()).collect();
        for (k, name) in columns.iter().enumerate() {
            if columns[..k].contains(name) {
                return Err(complain(1, 1, format!("there are two columns `{name}`")).into());
            }
        }
        let (mut rows, mut lines) = (Vec::new(), Vec::new());
        for (line, cells) in records {
            if cells.len() != columns.len() {
                let message =
                    format!("this row has {} cells, and there are {} columns", cells.len(), columns.len());
                return Err(complain(line, 1, message)
                    .with_help("a cell that holds the separator stands in quotes: \"a,b\"")
                    .into());
            }
            rows.push(cells.iter().map(|cell| cell.trim().to_string()).collect());
            lines.push(line);
        }
        Ok(Self { path: path.to_path_buf(), columns, rows, lines })
    }

    /// Where a column is.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|own| own == name)
    }

    /// A cell as a number; `None` if it is empty or says that there is no value.
    pub fn number(&self, row: usize, column: usize) -> Result<Option<f64>> {
        let text = &self.rows[row][column];
        if matches!(text.to_ascii_lowercase().as_str(), "" | "nan" | "na" | "n/a" | "null" | "none" | "-") {
            return Ok(None);
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Some(value)),
            _ => {
                let message = format!("`{text}` in the column `{}` is not a number", self.columns[column]);
                Err(Diagnostic::new(&self.path, self.lines[row], 1, message)
                    .with_help("expected a number such as 0.5 or 1e-4, or nothing")
                    .into())
            }
        }
    }

    /// The line of a row, counted from 1.
    pub fn line(&self, row: usize) -> usize {
        self.lines[row]
    }
}

/// A line number and the cells that begin there.
type Record = (usize, Vec<String>);

/// The records of a text, empty lines left out; the line of a quote that is not closed otherwise.
fn records(text: &str, separator: char) -> Result<Vec<Record>, usize> {
    let mut all = Vec::new();
    let (mut cells, mut cell, mut opened) = (Vec::new(), String::new(), None);
    let (mut line, mut begin) = (1, 1);
    let mut characters = text.chars().peekable();
    let mut end = |cells: &mut Vec<String>, cell: &mut String, begin: usize| {
        cells.push(std::mem::take(cell));
        let record = std::mem::take(cells);
        if record.len() > 1 || !record[0].trim().is_empty() {
            all.push((begin, record));
        }
    };
    while let Some(c) = characters.next() {
        line += usize::from(c == '\n');
        match (c, opened) {
            ('"', Some(_)) if characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            ('"', Some(_)) => opened = None,
            ('"', None) if cell.trim().is_empty() => {
                cell.clear();
                opened = Some(line);
            }
            ('\n', None) => {
                end(&mut cells, &mut cell, begin);
                begin = line;
            }
            ('\r', None) if characters.peek() == Some(&'\n') => {}
            (c, None) if c == separator => cells.push(std::mem::take(&mut cell)),
            (c, _) => cell.push(c),
        }
    }
    if let Some(line) = opened {
        return Err(line);
    }
    if !cell.is_empty() || !cells.is_empty() {
        end(&mut cells, &mut cell, begin);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Spreadsheet> {
        Spreadsheet::parse(Path::new("t.csv"), text)
    }

    #[test]
    fn tables_of_people_are_read() {
        let table = parse("\u{feff}name, gap\r\n\"a, \"\"b\"\"\",1.5\r\n\r\nc,NaN\r\n").unwrap();
        assert_eq!(table.columns, ["name", "gap"]);
        assert_eq!(table.rows[0][0], "a, \"b\"");
        assert_eq!((table.number(0, 1).unwrap(), table.number(1, 1).unwrap()), (Some(1.5), None));
        assert_eq!(table.line(1), 4);
        assert_eq!(parse("a;b\n1;2").unwrap().rows, [["1", "2"]]);
        assert_eq!(parse("a\tb\n1\t2").unwrap().columns, ["a", "b"]);
    }

    #[test]
    fn slips_are_told_at_their_line() {
        for (text, expected) in [
            ("", "t.csv:1:1: the table is empty"),
            ("a,b\n1,2\n3\n", "t.csv:3:1: this row has 1 cells, and there are 2 columns"),
            ("a,a\n", "t.csv:1:1: there are two columns `a`"),
            ("a\n\"b\n", "t.csv:2:1: the closing quote is missing"),
        ] {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{text:?} gave\n{message}");
        }
        let message = parse("a\nx1\n").unwrap().number(0, 0).unwrap_err().to_string();
        assert!(message.starts_with("t.csv:2:1: `x1` in the column `a` is not a number"), "{message}");
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "[a,;\"\t\r\n 1é]{0,60}") {
            let _ = parse(&text);
        }
    }
}
