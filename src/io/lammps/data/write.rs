//! Writing LAMMPS data files, in units `metal`.

use crate::error::{Error, Result};
use crate::io::lammps::region::Oriented;
use crate::io::sink::Sink;
use crate::io::{Frame, Precision, WriteFrames, WriteOptions};
use crate::system::Element;
use std::fmt::Write;

/// Starts writing.
pub(in crate::io) fn create(sink: Sink, options: &WriteOptions) -> Box<dyn WriteFrames> {
    Box::new(Writer { sink, precision: options.precision, full: false })
}

struct Writer {
    sink: Sink,
    precision: Precision,
    full: bool,
}

impl WriteFrames for Writer {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        if std::mem::replace(&mut self.full, true) {
            return Err(Error::invalid(format!(
                "{}: a LAMMPS data file holds one structure; write a trajectory as a dump or as extended XYZ",
                self.sink.path().display()
            )));
        }
        let text = self.render(frame);
        self.sink.put(&text)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.sink.finish()
    }
}

impl Writer {
    fn render(&self, frame: &Frame) -> String {
        let mut text = String::from("LAMMPS data file written by mlmd, ");
        if let Some(step) = frame.step {
            let _ = write!(text, "timestep = {step}, ");
        }
        text.push_str("units = metal\n\n");
        let kinds = kinds(frame);
        let _ = write!(text, "{} atoms\n{} atom types\n\n", frame.len(), kinds.len());
        let region = Oriented::new(frame);
        for (axis, [low, high]) in ["x", "y", "z"].into_iter().zip(region.limits()) {
            self.reals(&mut text, &[low, high]);
            let _ = writeln!(text, "{axis}lo {axis}hi");
        }
        if region.tilts() != [0.0; 3] {
            self.reals(&mut text, &region.tilts());
            text.push_str("xy xz yz\n");
        }
        text.push_str("\nMasses\n\n");
        for (index, (element, mass)) in kinds.iter().enumerate() {
            let _ = write!(text, "{} ", index + 1);
            self.reals(&mut text, &[*mass]);
            let _ = writeln!(text, "# {element}");
        }
        let style = if frame.charges.is_some() { "charge" } else { "atomic" };
        let _ = write!(text, "\nAtoms # {style}\n\n");
        for i in 0..frame.len() {
            let kind = kinds.iter().position(|kind| *kind == kind_of(frame, i)).unwrap_or(0) + 1;
            let _ = write!(text, "{} {kind} ", i + 1);
            if let Some(charges) = &frame.charges {
                self.reals(&mut text, &[charges[i]]);
            }
            self.reals(&mut text, region.turn(&frame.positions[i]).as_slice());
            if let Some(images) = &frame.images {
                let [a, b, c] = region.image(images[i]);
                let _ = write!(text, "{a} {b} {c}");
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        if let Some(velocities) = &frame.velocities {
            text.push_str("\nVelocities\n\n");
            for (i, velocity) in velocities.iter().enumerate() {
                let _ = write!(text, "{} ", i + 1);
                self.reals(&mut text, (region.turn(velocity) * 1e3).as_slice());
                text.truncate(text.trim_end().len());
                text.push('\n');
            }
        }
        text
    }

    /// Appends numbers, each with a blank behind it.
    fn reals(&self, text: &mut String, numbers: &[f64]) {
        for number in numbers {
            self.precision.push(text, *number);
            text.push(' ');
        }
    }
}

/// Element and mass of an atom: what makes an atom type.
fn kind_of(frame: &Frame, i: usize) -> (Element, f64) {
    let element = frame.species[i];
    (element, frame.masses.as_ref().map_or(element.mass(), |masses| masses[i]))
}

/// The atom types, elements in alphabetical order.
fn kinds(frame: &Frame) -> Vec<(Element, f64)> {
    let mut kinds: Vec<(Element, f64)> = Vec::new();
    for i in 0..frame.len() {
        let kind = kind_of(frame, i);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds.sort_by(|a, b| a.0.symbol().cmp(b.0.symbol()).then(a.1.total_cmp(&b.1)));
    kinds
}
