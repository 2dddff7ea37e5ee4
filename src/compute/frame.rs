//! The atoms in the order in which they are computed: sorted in space, each followed through the cell's faces.

use crate::neighbors::{Drift, Order};
use crate::system::{Cell, Element, System, Vec3};
use rayon::prelude::*;

/// Where the atoms were when their order and their neighbour list were last made, in the order of the system.
///
/// The order decides in which sequence numbers are added, and with it their last bits: a run that goes on from a
/// checkpoint repeats the bits of the run that was not interrupted only if it starts from the same anchor.
#[derive(Debug, Clone, PartialEq)]
pub struct Anchor {
    /// The cell.
    pub cell: Cell,
    /// Positions wrapped into it, Å.
    pub positions: Vec<Vec3>,
    /// The images of those positions: position + image·H is the unwrapped position.
    pub images: Vec<[i32; 3]>,
}

impl Anchor {
    /// The system where it is now.
    pub(super) fn of(system: &System) -> Self {
        let wrap = |(r, image): (&Vec3, &[i32; 3])| {
            let (wrapped, off) = system.cell.wrap(r);
            (wrapped, [0, 1, 2].map(|k| image[k].saturating_add(off[k])))
        };
        let (mut positions, mut images) = (Vec::new(), Vec::new());
        (&system.positions, &system.images)
            .into_par_iter()
            .with_min_len(4096)
            .map(wrap)
            .unzip_into_vecs(&mut positions, &mut images);
        Self { cell: system.cell.clone(), positions, images }
    }
}

/// Sorted atoms.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) order: Order,
    pub(super) species: Vec<Element>,
    /// Present positions, Å, without jumps since the anchor.
    pub(super) positions: Vec<Vec3>,
    /// The images of the anchor, sorted.
    images: Vec<[i32; 3]>,
}

impl Frame {
    /// Sorts the atoms anew, at an anchor.
    pub(super) fn anchor(&mut self, anchor: &Anchor, species: &[Element]) {
        self.order.sort(&anchor.cell, &anchor.positions);
        self.order.arrange(species, &mut self.species);
        self.order.arrange(&anchor.positions, &mut self.positions);
        self.order.arrange(&anchor.images, &mut self.images);
    }

    /// The anchor, given what was remembered of it.
    pub(super) fn anchored_at(&self, then: &Drift) -> Anchor {
        let mut anchor = Anchor { cell: then.cell().clone(), positions: Vec::new(), images: Vec::new() };
        self.order.restore(then.positions(), &mut anchor.positions);
        self.order.restore(&self.images, &mut anchor.images);
        anchor
    }

    /// Moves the sorted atoms to where the system is now: r + (image − image at the anchor)·H.
    pub(super) fn follow(&mut self, system: &System) {
        (&mut self.positions, self.order.atoms(), &self.images).into_par_iter().with_min_len(4096).for_each(
            |(r, atom, anchored)| {
                let image = system.images[*atom as usize];
                *r = system.positions[*atom as usize];
                if image != *anchored {
                    *r += system.cell.translation([0, 1, 2].map(|k| image[k] - anchored[k]));
                }
            },
        );
    }
}
