//! A whole input, from a file or its text to a checked plan.

use super::keys::{Keys, Table};
use super::schema::Schema;
use super::source::Source;
use super::{set, tree};
use crate::error::{Error, Result};
use std::path::Path;
use std::sync::Arc;

/// The text of an input file; relative paths in it start from its folder.
pub(super) fn source(path: &Path) -> Result<Arc<Source>> {
    Ok(Source::new(path, text(path)?, path.parent().unwrap_or(Path::new(""))))
}

/// The text of a file.
pub(super) fn text(path: &Path) -> Result<String> {
    let text = std::fs::read(path).map_err(Error::io(path, "open"))?;
    String::from_utf8(text)
        .map_err(|_| Error::invalid(format!("{}: this is not a text file (UTF-8)", path.display())))
}

/// Reads a plan, changed by `--set` arguments; keys that it does not have are refused.
pub(super) fn read<T: Table>(source: &Arc<Source>, sets: &[String]) -> Result<T> {
    let mut root = tree::parse(source)?;
    for argument in sets {
        set::apply(&mut root, argument)?;
    }
    let schema = Schema::of::<T>();
    schema.refuse_unknown(&root, "", &schema)?;
    Keys::read(&root)
}
