//! Paths, relative to the folder of the file they are written in.

use super::{Kind, wrong_type};
use crate::error::{Result, nearest};
use crate::input::schema::Form;
use crate::input::source::Place;
use crate::input::tree::{Item, Node};
use std::path::PathBuf;

/// A file or folder that must be there.
pub struct ExistingPath {
    folder: bool,
}

/// A file that must be there; with `folder`, a folder will do.
pub fn existing_path(folder: bool) -> ExistingPath {
    ExistingPath { folder }
}

impl Kind for ExistingPath {
    type Output = PathBuf;

    fn form(&self) -> Form {
        Form::Value(if self.folder { "a file or folder" } else { "a file" }.to_string())
    }

    fn read(&self, item: &Item) -> Result<PathBuf> {
        let Node::Text(text) = &item.node else {
            return Err(wrong_type(item, &self.form()));
        };
        let path = item.place.folder().join(text);
        // What mlmd itself wrote as an example is not expected to exist.
        if matches!(item.place, Place::Nowhere) {
            return Ok(path);
        }
        match std::fs::metadata(&path) {
            Ok(found) if found.is_dir() && !self.folder => {
                Err(item.place.error(format!("`{text}` is a folder")).with_help("expected a file").into())
            }
            Ok(_) => Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let diagnostic = item.place.error(format!("there is no file `{text}`"));
                Err(match similar(&path) {
                    Some(name) => diagnostic.with_help(format!("did you mean `{name}`?")),
                    None if path.as_os_str() == text.as_str() => diagnostic,
                    None => diagnostic.with_help(format!("looked for {}", path.display())),
                }
                .into())
            }
            Err(error) => Err(item.place.error(format!("cannot use `{text}`: {error}")).into()),
        }
    }
}

/// A path that mlmd will write to.
pub struct OutputPath;

/// A path that mlmd will write to; it need not exist.
pub fn output_path() -> OutputPath {
    OutputPath
}

impl Kind for OutputPath {
    type Output = PathBuf;

    fn form(&self) -> Form {
        Form::Value("a path".to_string())
    }

    fn read(&self, item: &Item) -> Result<PathBuf> {
        match &item.node {
            Node::Text(text) if text.is_empty() => Err(item.place.error("the path is empty").into()),
            Node::Text(text) => Ok(item.place.folder().join(text)),
            _ => Err(wrong_type(item, &self.form())),
        }
    }
}

/// The name in the same folder that is nearest to that of `path`.
fn similar(path: &std::path::Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(".".as_ref());
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    let typed = path.file_name()?.to_str()?;
    nearest(typed, names.iter().map(String::as_str)).map(str::to_string)
}
