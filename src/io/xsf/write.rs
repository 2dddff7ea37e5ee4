//! Writing XSF, and AXSF where there are several frames.

use crate::error::{Error, Result};
use crate::io::sink::Sink;
use crate::io::{Frame, Precision, WriteFrames, WriteOptions};
use crate::system::Vec3;
use crate::units::HARTREE;
use std::fmt::Write;

/// Starts writing.
pub(in crate::io) fn create(sink: Sink, options: &WriteOptions) -> Box<dyn WriteFrames> {
    Box::new(Writer { sink, precision: options.precision, frames: Vec::new(), kind: None })
}

/// The format states at its top how many frames follow, so they wait here until all are known.
struct Writer {
    sink: Sink,
    precision: Precision,
    frames: Vec<Parts>,
    kind: Option<&'static str>,
}

/// A frame as text, cut where an animation numbers it.
struct Parts {
    energy: String,
    vectors: String,
    atoms: String,
}

impl WriteFrames for Writer {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        let kind = match frame.cell.periodic() {
            [true, true, true] => "CRYSTAL",
            [true, true, false] => "SLAB",
            [true, false, false] => "POLYMER",
            [false, false, false] => "ATOMS",
            _ => {
                return Err(Error::invalid(format!(
                    "{}: XSF slabs repeat along a and b, polymers along a; this frame repeats along others",
                    self.sink.path().display()
                )));
            }
        };
        if self.kind.is_some_and(|first| first != kind) {
            return Err(Error::invalid(format!(
                "{}: the frames of an XSF file repeat along the same directions; these do not",
                self.sink.path().display()
            )));
        }
        self.kind = Some(kind);
        let parts = self.render(frame, kind);
        self.frames.push(parts);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        let kind = self.kind.unwrap_or("CRYSTAL");
        let animated = self.frames.len() > 1;
        if animated {
            self.sink.put(&format!("ANIMSTEPS {}\n", self.frames.len()))?;
        }
        for (index, parts) in self.frames.into_iter().enumerate() {
            let number = if animated { format!(" {}", index + 1) } else { String::new() };
            let mut text = parts.energy;
            if kind == "ATOMS" {
                let _ = writeln!(text, "ATOMS{number}");
            } else {
                if index == 0 {
                    let _ = writeln!(text, "{kind}");
                }
                let _ = write!(text, "PRIMVEC{number}\n{}PRIMCOORD{number}\n", parts.vectors);
            }
            text.push_str(&parts.atoms);
            self.sink.put(&text)?;
        }
        self.sink.finish()
    }
}

impl Writer {
    fn render(&self, frame: &Frame, kind: &str) -> Parts {
        let mut parts = Parts { energy: String::new(), vectors: String::new(), atoms: String::new() };
        if let Some(energy) = frame.energy {
            parts.energy.push_str("# total energy = ");
            self.precision.push(&mut parts.energy, energy);
            parts.energy.push_str(" eV\n");
        }
        for row in frame.cell.matrix().row_iter() {
            self.vector(&mut parts.vectors, &row.transpose());
            parts.vectors.push('\n');
        }
        if kind != "ATOMS" {
            let _ = writeln!(parts.atoms, "{} 1", frame.len());
        }
        // Forces without an energy are read in XCrySDen's units.
        let unit = if frame.energy.is_some() { 1.0 } else { HARTREE };
        for (i, element) in frame.species.iter().enumerate() {
            let _ = write!(parts.atoms, "{element:<2}");
            self.vector(&mut parts.atoms, &frame.positions[i]);
            if let Some(forces) = &frame.forces {
                self.vector(&mut parts.atoms, &(forces[i] / unit));
            }
            parts.atoms.push('\n');
        }
        parts
    }

    fn vector(&self, text: &mut String, vector: &Vec3) {
        for component in vector {
            text.push(' ');
            self.precision.push(text, *component);
        }
    }
}
