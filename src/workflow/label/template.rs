//! Files of a calculation, with the structure in the places of `{{cell}}`, `{{atoms}}` and their like.

use crate::error::{Diagnostic, Error, Result, nearest};
use crate::io::{self, Frame};
use std::fmt::Write;
use std::fs::{self, Permissions};
use std::path::Path;

/// A file that goes into the folder of each calculation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Template {
    /// Its name there.
    pub(super) name: String,
    content: Content,
    /// Whoever may run it may run its copies.
    permissions: Permissions,
}

#[derive(Debug, Clone, PartialEq)]
enum Content {
    /// As it is: not text, or without a place for the structure.
    Whole(Vec<u8>),
    Parts(Vec<Part>),
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Place(Place),
    /// The folder of the plan: where that is decides nothing, so that a project may be moved.
    Here,
}

/// What stands for a part of the structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Cell,
    /// One of the lattice vectors.
    Vector(usize),
    Atoms,
    Count,
}

const PLACES: [(&str, Place); 6] = [
    ("cell", Place::Cell),
    ("a", Place::Vector(0)),
    ("b", Place::Vector(1)),
    ("c", Place::Vector(2)),
    ("atoms", Place::Atoms),
    ("natoms", Place::Count),
];
/// What stands for the folder of the plan.
const HERE: &str = "here";

impl Template {
    /// Reads a file.
    ///
    /// # Errors
    /// At file, line and column where something in double braces is not known.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(Error::io(path, "read"))?;
        let permissions = fs::metadata(path).map_err(Error::io(path, "read"))?.permissions();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let content = match String::from_utf8(bytes) {
            Ok(text) if text.contains("{{") => Content::Parts(parts(path, &text)?),
            Ok(text) => Content::Whole(text.into_bytes()),
            Err(binary) => Content::Whole(binary.into_bytes()),
        };
        Ok(Self { name, content, permissions })
    }

    /// Does it say where the atoms are?
    pub(super) fn has_atoms(&self) -> bool {
        matches!(&self.content, Content::Parts(parts) if parts.contains(&Part::Place(Place::Atoms)))
    }

    /// Does it say what the cell is?
    pub(super) fn has_cell(&self) -> bool {
        let is_cell = |part: &Part| matches!(part, Part::Place(Place::Cell | Place::Vector(_)));
        matches!(&self.content, Content::Parts(parts) if parts.iter().any(is_cell))
    }

    /// Writes the file for a structure into the folder of its calculation.
    pub(super) fn write(&self, frame: &Frame, here: &Path, folder: &Path) -> Result<()> {
        let path = folder.join(&self.name);
        // That of another try may be one that nobody may write.
        io::remove_if_there(&path)?;
        fs::write(&path, self.filled(frame, &here.display().to_string()))
            .map_err(Error::io(&path, "write"))?;
        fs::set_permissions(&path, self.permissions.clone()).map_err(Error::io(&path, "write"))
    }

    /// What decides the result of a calculation.
    pub(super) fn identity(&self, frame: &Frame) -> Vec<u8> {
        self.filled(frame, HERE)
    }

    /// The content for a structure, with `here` for the folder of the plan.
    fn filled(&self, frame: &Frame, here: &str) -> Vec<u8> {
        let parts = match &self.content {
            Content::Whole(bytes) => return bytes.clone(),
            Content::Parts(parts) => parts,
        };
        let mut text = String::new();
        for part in parts {
            // Writing into a string cannot fail.
            let _ = match part {
                Part::Text(part) => text.write_str(part),
                Part::Here => text.write_str(here),
                Part::Place(Place::Count) => write!(text, "{}", frame.len()),
                Part::Place(Place::Cell) => text.write_str(&[0, 1, 2].map(|k| vector(frame, k)).join("\n")),
                Part::Place(Place::Vector(k)) => text.write_str(&vector(frame, *k)),
                Part::Place(Place::Atoms) => text.write_str(&atoms(frame)),
            };
        }
        text.into_bytes()
    }
}

/// A command with the folder of the plan in its places.
pub(super) fn command(text: &str, here: &Path) -> String {
    let (open, close) = ("{{", "}}");
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        filled.push_str(before);
        // Braces of other kinds are the shell's, or those of the programs it starts.
        match after.split_once(close) {
            Some((name, after)) if name.trim() == HERE => {
                filled.push_str(&here.display().to_string());
                rest = after;
            }
            _ => {
                filled.push_str(open);
                rest = after;
            }
        }
    }
    filled + rest
}

/// A lattice vector, Å.
fn vector(frame: &Frame, k: usize) -> String {
    let [x, y, z] = frame.cell.rows()[k];
    format!("{x:18.12} {y:18.12} {z:18.12}")
}

/// Element and position of each atom, one in a line, Å.
fn atoms(frame: &Frame) -> String {
    let all = frame.species.iter().zip(&frame.positions);
    let rows =
        all.map(|(element, r)| format!("{:<2} {:18.12} {:18.12} {:18.12}", element.symbol(), r.x, r.y, r.z));
    rows.collect::<Vec<_>>().join("\n")
}

/// Text and places of a file.
fn parts(path: &Path, text: &str) -> Result<Vec<Part>> {
    let (mut parts, mut at) = (Vec::new(), 0);
    while let Some(begin) = text[at..].find("{{").map(|found| at + found) {
        let end = text[begin..].find("}}").map(|found| begin + found + 2);
        let line_end = text[begin..].find('\n').map_or(text.len(), |found| begin + found);
        let Some(end) = end.filter(|end| *end <= line_end) else {
            return Err(wrong(
                path,
                text,
                begin..begin + 2,
                "`{{` is not closed in this line",
                "expected `}}`",
            ));
        };
        parts.push(Part::Text(text[at..begin].to_string()));
        let name = text[begin + 2..end - 2].trim();
        if name == HERE {
            parts.push(Part::Here);
        } else if let Some((_, place)) = PLACES.iter().find(|(known, _)| *known == name) {
            parts.push(Part::Place(*place));
        } else {
            let known: Vec<&str> = PLACES.iter().map(|(name, _)| *name).chain([HERE]).collect();
            let help = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{{{{{near}}}}}`?"),
                None => format!("expected one of: {}", known.join(", ")),
            };
            return Err(wrong(path, text, begin..end, &format!("`{name}` stands for nothing here"), &help));
        }
        at = end;
    }
    parts.push(Part::Text(text[at..].to_string()));
    Ok(parts)
}

/// A complaint about a stretch of a file.
fn wrong(path: &Path, text: &str, span: std::ops::Range<usize>, message: &str, help: &str) -> Error {
    let line_begin = text[..span.start].rfind('\n').map_or(0, |found| found + 1);
    let line = text[..span.start].matches('\n').count() + 1;
    let column = text[line_begin..span.start].chars().count() + 1;
    let source = text[line_begin..].lines().next().unwrap_or_default();
    let length = text[span].chars().count();
    Diagnostic::new(path, line, column, message).with_source(source, length).with_help(help).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Cell, Vec3};

    fn template(text: &str) -> Result<Template> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pw.in");
        fs::write(&path, text).unwrap();
        Template::read(&path)
    }

    #[test]
    fn structures_stand_in_their_places() {
        let cell = Cell::new([[4.0, 0.0, 0.0], [-2.0, 3.5, 0.0], [0.0, 0.0, 5.25]], [true; 3]).unwrap();
        let species = ["Li", "N"].map(|e| e.parse().unwrap()).to_vec();
        let frame = Frame::new(cell, species, vec![Vec3::new(0.5, -1.0, 2.0), Vec3::zeros()]);
        let template =
            template("nat={{natoms}}, '{{ here }}/p'\n{{cell}}\nATOMS\n{{atoms}}\nB {{b}}\n").unwrap();
        assert!(template.has_atoms());
        let filled = String::from_utf8(template.filled(&frame, "/home/a")).unwrap();
        let words: Vec<&str> = filled.split_whitespace().collect();
        assert_eq!(words[..2], ["nat=2,", "'/home/a/p'"]);
        let numbers: Vec<f64> = words.iter().filter_map(|word| word.parse().ok()).collect();
        assert_eq!(
            numbers,
            [4.0, 0.0, 0.0, -2.0, 3.5, 0.0, 0.0, 0.0, 5.25, 0.5, -1.0, 2.0, 0.0, 0.0, 0.0, -2.0, 3.5, 0.0]
        );
        assert_eq!(words[11..13], ["ATOMS", "Li"]);
        // Where the plan lies decides nothing.
        assert!(!String::from_utf8(template.identity(&frame)).unwrap().contains("/home"));
    }

    #[test]
    fn commands_know_the_folder_of_the_plan_and_keep_their_own_braces() {
        let here = Path::new("/home/a");
        for (text, expected) in [
            ("{{here}}/run.sh {{ here }}", "/home/a/run.sh /home/a"),
            ("docker ps --format {{.ID}} {{here}}", "docker ps --format {{.ID}} /home/a"),
            ("awk '{{print}' {{", "awk '{{print}' {{"),
        ] {
            assert_eq!(command(text, here), expected);
        }
    }

    #[test]
    fn what_stands_for_nothing_is_told_at_its_place() {
        for (text, expected) in [
            ("a\n b {{atom}}\n", "pw.in:2:4: `atom` stands for nothing here\n"),
            ("{{cell}\n}}\n", "pw.in:1:1: `{{` is not closed in this line\n"),
            ("{{cell}}\n{{", "pw.in:2:1: `{{` is not closed in this line\n"),
        ] {
            let message = template(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        assert!(template("a\n b {{atom}}\n").unwrap_err().to_string().contains("did you mean `{{atoms}}`?"));
        assert_eq!(
            template("{ cell }").unwrap().identity(&Frame::new(Cell::isolated(), vec![], vec![])),
            b"{ cell }"
        );
    }
}
