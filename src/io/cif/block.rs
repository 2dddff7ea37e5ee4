//! Data blocks: the named values and tables between one `data_` and the next.

use super::lexer::{Kind, Word, Words};
use crate::error::Result;
use std::collections::HashMap;

/// Everything a data block says. Names are in lower case, and the dots of the newer dictionaries
/// (`_cell.length_a`) are underscores.
pub(super) struct Block {
    /// The word `data_name` itself.
    pub(super) head: Word,
    items: HashMap<String, Word>,
    tables: Vec<Table>,
}

/// A `loop_`: columns with names and words row by row.
pub(super) struct Table {
    columns: Vec<String>,
    words: Vec<Word>,
}

impl Table {
    /// The position of a column.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The rows, each as long as the table has columns.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[Word]> {
        self.words.chunks_exact(self.columns.len())
    }
}

/// A data name in the form in which blocks keep it.
fn normal(name: &str) -> String {
    name.to_ascii_lowercase().replace('.', "_")
}

impl Block {
    /// Reads the next block, or `None` at the end of the file.
    pub(super) fn read(words: &mut Words) -> Result<Option<Self>> {
        let Some(head) = words.next()? else { return Ok(None) };
        if head.kind != Kind::Data {
            return Err(head
                .error(format!("`{}` stands outside of any data block", head.text()))
                .with_help("expected a CIF to begin with `data_` and a name")
                .into());
        }
        let mut block = Self { head, items: HashMap::new(), tables: Vec::new() };
        while words.peek()?.is_some_and(|word| word.kind != Kind::Data) {
            let Some(word) = words.next()? else { break };
            match word.kind {
                Kind::Tag => block.read_item(&word, words)?,
                Kind::Loop => block.tables.push(read_table(&word, words)?),
                // The frames of a dictionary: their contents are read like any other.
                Kind::Save | Kind::Data => {}
                Kind::Bare | Kind::Quoted => {
                    return Err(word
                        .error(format!("`{}` has no data name", word.text()))
                        .with_help("expected `_name value`, or quotes around a value with blanks")
                        .into());
                }
            }
        }
        Ok(Some(block))
    }

    fn read_item(&mut self, tag: &Word, words: &mut Words) -> Result<()> {
        let is_value = |word: &Word| matches!(word.kind, Kind::Bare | Kind::Quoted);
        if !words.peek()?.is_some_and(is_value) {
            return Err(tag.error(format!("`{}` has no value", tag.text())).into());
        }
        let Some(value) = words.next()? else { return Ok(()) };
        let name = normal(tag.text());
        let matters =
            ["_cell_", "_symmetry_", "_space_group", "_atom_site"].iter().any(|p| name.starts_with(p));
        match self.items.get(&name) {
            Some(first) if matters && first.text() != value.text() => Err(value
                .error(format!("`{}` has two values: this and `{}`", tag.text(), first.text()))
                .into()),
            Some(_) => Ok(()),
            None => {
                self.items.insert(name, value);
                Ok(())
            }
        }
    }

    /// A single value; `?` and `.` count as absent.
    pub(super) fn item(&self, name: &str) -> Option<&Word> {
        self.items.get(name).filter(|word| !word.is_absent())
    }

    /// All values under a name, whether it stands alone or heads a column.
    pub(super) fn column(&self, name: &str) -> Vec<&Word> {
        if let Some(word) = self.item(name) {
            return vec![word];
        }
        let table = self.tables.iter().find_map(|table| Some((table, table.column(name)?)));
        table.map_or_else(Vec::new, |(table, at)| table.rows().map(|row| &row[at]).collect())
    }

    /// The table that has a column of this name; single values that share the prefix form a table of
    /// one row.
    pub(super) fn table(&mut self, prefix: &str, column: &str) -> Option<&Table> {
        if self.items.contains_key(column) {
            let mut table = Table { columns: Vec::new(), words: Vec::new() };
            for (name, word) in self.items.iter().filter(|(name, _)| name.starts_with(prefix)) {
                table.columns.push(name.clone());
                table.words.push(word.clone());
            }
            self.tables.push(table);
            return self.tables.last();
        }
        self.tables.iter().find(|table| table.column(column).is_some())
    }
}

fn read_table(head: &Word, words: &mut Words) -> Result<Table> {
    let mut table = Table { columns: Vec::new(), words: Vec::new() };
    while words.peek()?.is_some_and(|word| word.kind == Kind::Tag) {
        if let Some(word) = words.next()? {
            table.columns.push(normal(word.text()));
        }
    }
    while words.peek()?.is_some_and(|word| matches!(word.kind, Kind::Bare | Kind::Quoted)) {
        table.words.extend(words.next()?);
    }
    if table.columns.is_empty() {
        return Err(head
            .error("this table has no columns")
            .with_help("expected data names after `loop_`")
            .into());
    }
    let (values, columns) = (table.words.len(), table.columns.len());
    if values % columns != 0 {
        let last = table.words.last().unwrap_or(head);
        return Err(last
            .error(format!("the table ends inside a row: {values} values in {columns} columns"))
            .with_help(format!(
                "expected a multiple of {columns} values; the table begins on line {}",
                head.line.number
            ))
            .into());
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Lines;

    fn read(text: &str) -> Result<Option<Block>> {
        Block::read(&mut Words::new(Lines::from_text("f.cif", text)))
    }

    #[test]
    fn values_and_tables_are_found_by_any_spelling() {
        let text = "data_a\n_Cell.Length_A 3.0\n_x ?\nloop_\n_p.q\n_p.r\n1 2\n3 4\n";
        let mut block = read(text).unwrap().unwrap();
        assert_eq!(block.head.text(), "a");
        assert_eq!(block.item("_cell_length_a").unwrap().text(), "3.0");
        assert!(block.item("_x").is_none());
        let column: Vec<&str> = block.column("_p_r").iter().map(|word| word.text()).collect();
        assert_eq!(column, ["2", "4"]);
        assert_eq!(block.table("_p_", "_p_q").unwrap().rows().count(), 2);
        assert_eq!(block.table("_cell_", "_cell_length_a").unwrap().rows().count(), 1);
    }

    #[test]
    fn broken_blocks_are_refused_at_their_place() {
        for (text, expected) in [
            ("_a 1\n", "f.cif:1:1: `_a` stands outside"),
            ("data_x\n 7\n", "f.cif:2:2: `7` has no data name"),
            ("data_x\n_a\n_b 1\n", "f.cif:2:1: `_a` has no value"),
            ("data_x\nloop_\n_a\n_b\n1 2 3\n", "f.cif:5:5: the table ends inside a row"),
            ("data_x\nloop_\n1\n", "f.cif:2:1: this table has no columns"),
            ("data_x\n_cell_length_a 1\n_cell_length_a 2\n", "f.cif:3:16: `_cell_length_a` has two values"),
        ] {
            let message = read(text).err().expect(text).to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
