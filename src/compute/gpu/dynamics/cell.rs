//! A cell that changes between two stretches of steps.

use super::Dynamics;
use super::layout::Layout;
use super::state::units_of_velocity;
use crate::error::{Error, Result};
use crate::system::{Cell, Vec3};

impl Dynamics {
    /// Puts the atoms of the only replica where they are in the old cell into a new one, with new velocities (Å/fs). Their list
    /// is made with the next step, whose first kick is by the forces of the old cell.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails or has no room.
    pub fn reshape(&mut self, cell: &Cell, velocities: &[Vec3]) -> Result<()> {
        if self.replicas != 1 || cell.periodic() != [true; 3] {
            return Err(Error::Internal(
                "the cell of several replicas, or one with open ends, is to change".into(),
            ));
        }
        let mut motion = self.motion()?;
        for (atom, velocity) in motion.chunks_exact_mut(12).zip(velocities) {
            atom[4..7].copy_from_slice(&units_of_velocity(velocity));
        }
        self.template.cell = cell.clone();
        let mut layout = Layout::new(cell, &self.template.positions, self.reach)?;
        layout.bin_room = layout.bin_room.max(self.layout.bin_room);
        layout.row_room = self.layout.row_room;
        let before = std::mem::replace(&mut self.layout, layout);
        if (before.bins, before.look, before.bin_room)
            == (self.layout.bins, self.layout.look, self.layout.bin_room)
        {
            self.tell();
        } else {
            self.arrange()?;
        }
        self.device.write(&self.store.motion, &motion);
        self.ask(&[1]);
        self.snapshot = None;
        self.device.check()
    }
}
