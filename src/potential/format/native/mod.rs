//! mlmd's own format: one text file that says all there is to know about a potential.
//!
//! The file is TOML. Its first line is a comment by which it is recognised; the second the number of the
//! format; the third the SHA-256 of all that follows that line, so that damage is noticed. Whoever edits
//! a file by hand leaves the third line out. Numbers are written with the fewest digits that read back as
//! the same bits.
//!
//! ```toml
//! # mlmd potential
//! format = 1
//! sha256 = "..."
//! written-by = "mlmd 0.1.0"
//! elements = ["Li"]
//! cutoff = "5.2 angstrom"
//! units = { energy-in-ev = 1.0, length-in-angstrom = 1.0 }
//! [descriptor.symmetry]        # parameters in the units above
//! [[repulsion.pairs]]           # from format 2 on, in Å: the repulsion of nuclei, if it belongs to the potential
//! [training]                   # free: what the maker wants remembered
//! [[network]]                  # one per member of the committee and element
//! [[network.layer]]
//! ```
//!
//! **Versions.** A reader understands every format up to its own number. Whatever changes energies or
//! forces raises the number; an unknown key is therefore an error everywhere but in `[training]`.

mod layout;
mod schema;

use super::super::model::NeuralModel;
use crate::digest::sha256;
use crate::error::{Diagnostic, Error, Result};
use crate::text;
use schema::File;
use std::fs;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

/// Name of the file in a folder of its own.
pub(super) const FILE: &str = "potential.mlmd";
/// The first line.
pub(super) const MAGIC: &str = "# mlmd potential";
/// The newest format that is read. What has no repulsion is written as the first, for older versions of mlmd.
const FORMAT: u32 = 2;
/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 28;

/// Writes a model to a file.
pub(super) fn write(model: &NeuralModel, path: &Path) -> Result<()> {
    fs::write(path, render(model)?).map_err(Error::io(path, "write"))
}

/// The text of a model's file.
fn render(model: &NeuralModel) -> Result<String> {
    let table = toml::Table::try_from(File::from_model(model))
        .map_err(|error| Error::Internal(format!("a potential cannot be written: {error}")))?;
    let body = layout::render(&table);
    let format = if model.repulsion().is_some() { FORMAT } else { 1 };
    Ok(format!("{MAGIC}\nformat = {format}\nsha256 = \"{}\"\n{body}", sha256(body.as_bytes())))
}

/// Reads a model from a file.
pub(super) fn read(path: &Path) -> Result<NeuralModel> {
    let mut bytes = Vec::new();
    let mut reader = text::open(path)?.take(LARGEST + 1);
    reader.read_to_end(&mut bytes).map_err(Error::io(path, "read"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::invalid(format!("{}: larger than any potential", path.display())));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| Error::invalid(format!("{}: not a text file", path.display())))?;
    parse(path, &text)
}

/// Reads a model from text; `path` is the name used in errors.
fn parse(path: &Path, text: &str) -> Result<NeuralModel> {
    let place = Place { path, text };
    let head = Head::read(&place)?;
    let body = &text[head.body..];
    if let Some((stated, span)) = head.sha256
        && stated != sha256(body.as_bytes())
    {
        return Err(place
            .error(span, "the file is not what was written: its contents have another SHA-256")
            .with_help("fetch it again; if it was edited on purpose, remove this line")
            .into());
    }
    let file: File = toml::from_str(body).map_err(|error| {
        let span = error.span().unwrap_or_default();
        place.error(head.body + span.start..head.body + span.end, error.message().replace('\n', "; "))
    })?;
    file.into_model(&|span: Range<usize>, message: String| {
        place.error(head.body + span.start..head.body + span.end, message).into()
    })
}

/// The lines before the part that the hash is of.
struct Head {
    /// The stated hash and where it stands.
    sha256: Option<(String, Range<usize>)>,
    /// Where the rest begins.
    body: usize,
}

impl Head {
    fn read(place: &Place<'_>) -> Result<Self> {
        let mut offset = 0;
        let mut format = None;
        let mut sha256 = None;
        for line in place.text.split_inclusive('\n') {
            let span = offset..offset + line.trim_end().len();
            let entry = line.split_once('=').map(|(key, value)| (key.trim(), value.trim()));
            match entry {
                _ if line.trim().is_empty() || line.starts_with('#') => {}
                Some(("format", number)) if format.is_none() => {
                    let number: u32 =
                        number.parse().map_err(|_| place.error(span.clone(), "expected `format = 1`"))?;
                    if !(1..=FORMAT).contains(&number) {
                        return Err(place
                            .error(span, format!("format {number} is unknown to mlmd {}", crate::VERSION))
                            .with_help("it was written by a newer version: update mlmd")
                            .into());
                    }
                    format = Some(number);
                }
                Some(("sha256", text)) if format.is_some() && sha256.is_none() => {
                    sha256 = Some((text.trim_matches('"').to_string(), span));
                }
                _ => break,
            }
            offset += line.len();
            if sha256.is_some() {
                break;
            }
        }
        if format.is_none() {
            let message = "expected `format = 1` at the head of a potential";
            return Err(place.error(offset..offset + 1, message).into());
        }
        Ok(Self { sha256, body: offset })
    }
}

/// A text whose offsets become lines and columns.
struct Place<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Place<'_> {
    fn error(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        let before = self.text.get(..span.start.min(self.text.len())).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let number = before.matches('\n').count() + 1;
        let line = self.text[start..].lines().next().unwrap_or_default();
        let marked = self.text.get(span).and_then(|part| part.lines().next()).unwrap_or_default();
        Diagnostic::new(self.path, number, before[start..].chars().count() + 1, message)
            .with_source(line, marked.chars().count())
    }
}
