//! The temperature that velocities have.

use crate::error::Result;
use crate::io::Frame;
use crate::system::Vec3;

/// Sums for the mean temperature.
#[derive(Debug, Clone, Default)]
pub(super) struct Kinetic {
    /// Twice the kinetic energy over k_B (K): all of it, and that against the centre of mass.
    sums: [f64; 2],
    /// Which atoms ever moved: the others are held where they are.
    moved: Vec<bool>,
    frames: usize,
}

impl Kinetic {
    /// Takes a frame that has velocities.
    pub(super) fn push(&mut self, frame: &Frame) -> Result<()> {
        let mut system = frame.to_system()?;
        self.moved.resize(frame.len(), false);
        for (moved, v) in self.moved.iter_mut().zip(&system.velocities) {
            *moved |= *v != Vec3::zeros();
        }
        self.sums[0] += system.temperature(1);
        system.remove_drift();
        self.sums[1] += system.temperature(1);
        self.frames += 1;
        Ok(())
    }

    /// How many frames had velocities.
    pub(super) fn frames(&self) -> usize {
        self.frames
    }

    /// The mean temperature, K: the centre of mass does not take part in it, and may have its own velocity, unless atoms are held.
    pub(super) fn mean(&self) -> f64 {
        let free = self.moved.iter().filter(|moved| **moved).count();
        let held = free > 0 && free < self.moved.len();
        let (sum, freedom) =
            if held { (self.sums[0], 3 * free) } else { (self.sums[1], 3 * self.moved.len() - 3) };
        sum / (freedom * self.frames) as f64
    }
}
