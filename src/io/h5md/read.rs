//! Frames out of the H5MD files of any program.

use super::finder::Finder;
use super::rows::{Rows, complaint};
use crate::error::Result;
use crate::io::source::Source;
use crate::io::{Frame, ReadFrames, ReadOptions};
use crate::system::{Cell, Element, Vec3};
use std::path::PathBuf;

/// Starts reading; the file is opened by its name with the first frame.
pub(in crate::io) fn open(source: Source, options: &ReadOptions) -> Box<dyn ReadFrames> {
    Box::new(Reader { path: source.path, options: options.clone(), file: None })
}

struct Reader {
    path: PathBuf,
    options: ReadOptions,
    file: Option<Opened>,
}

/// An open file and what is in it.
pub(super) struct Opened {
    pub(super) frames: usize,
    pub(super) next: usize,
    pub(super) species: Vec<Element>,
    pub(super) masses: Option<Vec<f64>>,
    pub(super) charges: Option<Vec<f64>>,
    pub(super) periodic: [bool; 3],
    pub(super) step: Option<Vec<f64>>,
    pub(super) time: Option<Vec<f64>>,
    pub(super) energy: Option<Vec<f64>>,
    pub(super) position: Rows,
    pub(super) image: Option<Rows>,
    pub(super) velocity: Option<Rows>,
    pub(super) force: Option<Rows>,
    pub(super) edges: Edges,
}

/// The box.
pub(super) enum Edges {
    Absent,
    Fixed(Vec<f64>),
    Varying(Rows),
}

impl ReadFrames for Reader {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        let file = match &mut self.file {
            Some(file) => file,
            empty => empty.insert(Finder::open(&self.path)?.opened(&self.options)?),
        };
        if file.next == file.frames {
            return Ok(None);
        }
        file.next += 1;
        file.frame(file.next - 1).map(Some)
    }
}

impl Opened {
    fn frame(&mut self, k: usize) -> Result<Frame> {
        let edges = match &mut self.edges {
            Edges::Absent => None,
            Edges::Fixed(edges) => Some(edges.clone()),
            Edges::Varying(rows) => Some(rows.row(k)?.to_vec()),
        };
        let path = &self.position.path;
        let cell = match edges.as_deref() {
            None => Cell::isolated(),
            Some(&[a, b, c]) => {
                let rows = [[a, 0.0, 0.0], [0.0, b, 0.0], [0.0, 0.0, c]];
                Cell::new(rows, self.periodic).map_err(|e| complaint(path, &format!("frame {k}: {e}")))?
            }
            Some(rows) => {
                let row = |k: usize| [rows[3 * k], rows[3 * k + 1], rows[3 * k + 2]];
                Cell::new([row(0), row(1), row(2)], self.periodic)
                    .map_err(|e| complaint(path, &format!("frame {k}: {e}")))?
            }
        };
        let mut frame = Frame::new(cell, self.species.clone(), vectors(self.position.row(k)?));
        if let Some(images) = &mut self.image {
            frame.images = Some(
                images.row(k)?.chunks_exact(3).map(|s| [s[0] as i32, s[1] as i32, s[2] as i32]).collect(),
            );
        }
        for (rows, place) in
            [(&mut self.velocity, &mut frame.velocities), (&mut self.force, &mut frame.forces)]
        {
            if let Some(rows) = rows {
                *place = Some(vectors(rows.row(k)?));
            }
        }
        let at = |values: &Option<Vec<f64>>| values.as_ref().and_then(|values| values.get(k).copied());
        frame.step = at(&self.step).map(|step| step as u64);
        frame.time = at(&self.time);
        frame.energy = at(&self.energy);
        frame.masses.clone_from(&self.masses);
        frame.charges.clone_from(&self.charges);
        Ok(frame)
    }
}

fn vectors(row: &[f64]) -> Vec<Vec3> {
    row.chunks_exact(3).map(|v| Vec3::new(v[0], v[1], v[2])).collect()
}
