//! Writing CIF: one data block a frame, in P 1.

use crate::error::{Error, Result};
use crate::io::sink::Sink;
use crate::io::{Frame, Precision, WriteFrames, WriteOptions};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Starts writing.
pub(in crate::io) fn create(sink: Sink, options: &WriteOptions) -> Box<dyn WriteFrames> {
    Box::new(Writer { sink, precision: options.precision, count: 0 })
}

struct Writer {
    sink: Sink,
    precision: Precision,
    count: usize,
}

impl WriteFrames for Writer {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        if !frame.cell.is_bulk() {
            return Err(Error::invalid(format!(
                "{}: CIF holds crystals; this frame does not repeat along all three lattice vectors",
                self.sink.path().display()
            )));
        }
        let text = self.render(frame);
        self.count += 1;
        self.sink.put(&text)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.sink.finish()
    }
}

impl Writer {
    fn render(&self, frame: &Frame) -> String {
        let mut text = String::new();
        let name = frame.text("name").unwrap_or("");
        let plain: String = name.chars().filter(char::is_ascii_graphic).collect();
        let _ = match (plain.is_empty(), self.count) {
            (false, _) => writeln!(text, "data_{plain}"),
            (true, 0) => writeln!(text, "data_mlmd"),
            (true, count) => writeln!(text, "data_mlmd_{count}"),
        };
        let item = |text: &mut String, name: &str, value: f64| {
            let _ = write!(text, "{name:<24} ");
            self.precision.push(text, value);
            text.push('\n');
        };
        let (lengths, angles) = (frame.cell.lengths(), frame.cell.angles());
        for (k, axis) in ["a", "b", "c"].into_iter().enumerate() {
            item(&mut text, &format!("_cell_length_{axis}"), lengths[k]);
        }
        for (k, angle) in ["alpha", "beta", "gamma"].into_iter().enumerate() {
            item(&mut text, &format!("_cell_angle_{angle}"), angles[k]);
        }
        item(&mut text, "_cell_volume", frame.cell.volume());
        text.push_str("_space_group_name_H-M_alt  'P 1'\n_space_group_IT_number  1\n");
        text.push_str("loop_\n_space_group_symop_operation_xyz\n'x, y, z'\n");
        text.push_str("loop_\n_atom_site_label\n_atom_site_type_symbol\n");
        text.push_str("_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n_atom_site_occupancy\n");
        let mut serial = BTreeMap::new();
        for (element, position) in frame.species.iter().zip(&frame.positions) {
            let number = serial.entry(element).or_insert(0_usize);
            *number += 1;
            let _ = write!(text, "{element}{number} {element}");
            for component in &frame.cell.fractional(position) {
                text.push(' ');
                self.precision.push(&mut text, *component);
            }
            text.push_str(" 1\n");
        }
        text
    }
}
