//! Writing LAMMPS text dumps, in units `metal`.

use crate::error::Result;
use crate::io::lammps::region::Oriented;
use crate::io::sink::Sink;
use crate::io::{Frame, Precision, WriteFrames, WriteOptions};
use crate::system::Element;
use std::fmt::Write;

/// Starts writing.
pub(in crate::io) fn create(sink: Sink, options: &WriteOptions) -> Box<dyn WriteFrames> {
    Box::new(Writer { sink, precision: options.precision, kinds: Vec::new(), count: 0, text: String::new() })
}

struct Writer {
    sink: Sink,
    precision: Precision,
    /// The elements of the types 1, 2, ..., which must not change between frames.
    kinds: Vec<Element>,
    count: u64,
    text: String,
}

impl WriteFrames for Writer {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        self.text.clear();
        let region = Oriented::new(frame);
        self.head(frame, &region);
        let mut fresh: Vec<Element> = frame.species.clone();
        fresh.sort_by_key(|element| element.symbol());
        for element in fresh {
            if !self.kinds.contains(&element) {
                self.kinds.push(element);
            }
        }
        for i in 0..frame.len() {
            self.atom(frame, &region, i);
        }
        self.count += 1;
        self.sink.put(&self.text)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.sink.finish()
    }
}

impl Writer {
    fn head(&mut self, frame: &Frame, region: &Oriented) {
        // Said once, as LAMMPS does, also where a file goes on after a checkpoint.
        if self.count == 0 && self.sink.is_new() {
            self.text.push_str("ITEM: UNITS\nmetal\n");
        }
        if let Some(time) = frame.time {
            self.text.push_str("ITEM: TIME\n");
            self.line(&[time * 1e-3]);
        }
        let step = frame.step.unwrap_or(self.count);
        let _ = write!(self.text, "ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{}\n", frame.len());
        let flags = frame.cell.periodic().map(|periodic| if periodic { "pp" } else { "ff" }).join(" ");
        let tilts = region.tilts();
        let bounds = region.bounds();
        if tilts == [0.0; 3] {
            let _ = writeln!(self.text, "ITEM: BOX BOUNDS {flags}");
            for [low, high] in bounds {
                self.line(&[low, high]);
            }
        } else {
            let _ = writeln!(self.text, "ITEM: BOX BOUNDS xy xz yz {flags}");
            for ([low, high], tilt) in bounds.into_iter().zip(tilts) {
                self.line(&[low, high, tilt]);
            }
        }
        self.text.push_str("ITEM: ATOMS id type element x y z");
        for (present, names) in [
            (frame.images.is_some(), " ix iy iz"),
            (frame.velocities.is_some(), " vx vy vz"),
            (frame.forces.is_some(), " fx fy fz"),
            (frame.charges.is_some(), " q"),
            (frame.masses.is_some(), " mass"),
        ] {
            self.text.push_str(if present { names } else { "" });
        }
        self.text.push('\n');
    }

    fn atom(&mut self, frame: &Frame, region: &Oriented, i: usize) {
        let element = frame.species[i];
        let kind = self.kinds.iter().position(|kind| *kind == element).unwrap_or(0) + 1;
        let _ = write!(self.text, "{} {kind} {element} ", i + 1);
        self.reals(region.turn(&frame.positions[i]).as_slice());
        if let Some(images) = &frame.images {
            let [a, b, c] = region.image(images[i]);
            let _ = write!(self.text, "{a} {b} {c} ");
        }
        if let Some(velocities) = &frame.velocities {
            self.reals((region.turn(&velocities[i]) * 1e3).as_slice());
        }
        if let Some(forces) = &frame.forces {
            self.reals(region.turn(&forces[i]).as_slice());
        }
        if let Some(charges) = &frame.charges {
            self.reals(&[charges[i]]);
        }
        if let Some(masses) = &frame.masses {
            self.reals(&[masses[i]]);
        }
        self.text.truncate(self.text.trim_end().len());
        self.text.push('\n');
    }

    /// Appends numbers, each with a blank behind it.
    fn reals(&mut self, numbers: &[f64]) {
        for number in numbers {
            self.precision.push(&mut self.text, *number);
            self.text.push(' ');
        }
    }

    /// Appends a line of numbers.
    fn line(&mut self, numbers: &[f64]) {
        self.reals(numbers);
        self.text.pop();
        self.text.push('\n');
    }
}
