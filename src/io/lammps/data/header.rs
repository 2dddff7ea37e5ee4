//! The header of a data file: counts, the box, and what the title says.

use super::{is_section, statement};
use crate::error::{Error, Result};
use crate::io::ReadOptions;
use crate::io::lammps::region::Region;
use crate::io::lammps::unit_style::UnitStyle;
use crate::system::{Cell, Vec3};
use crate::text::{Line, Lines};

/// What stands above the sections.
#[derive(Default)]
pub(super) struct Header {
    pub(super) atoms: Option<usize>,
    pub(super) types: Option<usize>,
    pub(super) bonds: bool,
    limits: [Option<[f64; 2]>; 3],
    tilts: [f64; 3],
    vectors: [Option<[f64; 3]>; 3],
    corner: Option<[f64; 3]>,
    pub(super) units: UnitStyle,
    pub(super) step: Option<u64>,
}

impl Header {
    /// Units and step from the title that `write_data` writes.
    pub(super) fn read_title(&mut self, title: &Line, options: &ReadOptions) -> Result<()> {
        self.units = UnitStyle::unnamed(options);
        for part in title.text.split(',') {
            let Some((key, value)) = part.split_once('=') else { continue };
            match key.trim() {
                "units" => {
                    self.units = UnitStyle::in_file(value.trim(), options)
                        .map_err(|message| -> Error { title.error(message).into() })?;
                }
                "timestep" => self.step = value.trim().parse().ok(),
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads the header and returns the line of the first section.
    pub(super) fn read(&mut self, lines: &mut Lines) -> Result<Option<Line>> {
        while let Some(line) = lines.next_line()? {
            let text = statement(&line);
            let words: Vec<&str> = text.split_whitespace().collect();
            let Some(first) = words.first() else { continue };
            if first.starts_with(|c: char| c.is_ascii_alphabetic()) {
                return if is_section(text) {
                    Ok(Some(line))
                } else {
                    Err(line
                        .error(format!(
                            "`{text}` is neither a line of the header nor a section of a data file"
                        ))
                        .with_help(
                            "expected a count (`144 atoms`), limits (`0 10 xlo xhi`) or a section (`Atoms`)",
                        )
                        .into())
                };
            }
            let mut tokens = line.tokens();
            // By its end: a limit that is no number must not turn the line into one of no meaning.
            let keyword = KEYWORDS.into_iter().find(|keyword| ends_with(text, keyword)).unwrap_or_default();
            match keyword {
                "atoms" => self.atoms = Some(tokens.expect("a count")?.integer("the number of atoms")?),
                "atom types" => {
                    self.types = Some(tokens.expect("a count")?.integer("the number of types")?);
                }
                "bonds" => self.bonds = tokens.expect("a count")?.text != "0",
                "xlo xhi" | "ylo yhi" | "zlo zhi" => {
                    let axis = usize::from(keyword.as_bytes()[0] - b'x');
                    self.limits[axis] = Some([tokens.real("a lower limit")?, tokens.real("an upper limit")?]);
                }
                "xy xz yz" => self.tilts = tokens.vector("a tilt xy, xz, yz")?,
                "avec" | "bvec" | "cvec" => {
                    let axis = usize::from(keyword.as_bytes()[0] - b'a');
                    self.vectors[axis] = Some(tokens.vector("a lattice vector")?);
                }
                "abc origin" => self.corner = Some(tokens.vector("the corner of the box")?),
                _ => {}
            }
        }
        Ok(None)
    }

    /// The box.
    pub(super) fn region(&self) -> Result<Region> {
        if let [Some(a), Some(b), Some(c)] = self.vectors {
            let corner = Vec3::from(self.corner.unwrap_or([0.0; 3]));
            return Ok(Region { cell: Cell::new([a, b, c], [true; 3])?, corner });
        }
        let [Some(x), Some(y), z] = self.limits else {
            return Err(Error::invalid("the header has no limits `xlo xhi` and `ylo yhi` of the box"));
        };
        // In LAMMPS only a box of two dimensions goes without them: it is ±0.5 thick.
        Region::from_limits([x, y, z.unwrap_or([-0.5, 0.5])], self.tilts, [true; 3])
    }
}

/// Are these the last words of a line, whatever stands between them? People and programs align with blanks and tabs.
pub(in crate::io) fn ends_with(text: &str, keyword: &str) -> bool {
    let mut words = text.split_whitespace().rev();
    keyword.split(' ').rev().all(|wanted| words.next() == Some(wanted))
}

/// How the lines of the header end that matter here; all others are passed over.
const KEYWORDS: [&str; 11] = [
    "atoms",
    "atom types",
    "bonds",
    "xlo xhi",
    "ylo yhi",
    "zlo zhi",
    "xy xz yz",
    "avec",
    "bvec",
    "cvec",
    "abc origin",
];
