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
    /// `None` where velocities are all zero: nobody has filled them in.
    pub(super) fn mean(&self) -> Option<f64> {
        let free = self.moved.iter().filter(|moved| **moved).count();
        if free == 0 {
            return None;
        }
        let held = free < self.moved.len();
        let (sum, freedom) =
            if held { (self.sums[0], 3 * free) } else { (self.sums[1], 3 * self.moved.len() - 3) };
        Some(sum / (freedom * self.frames) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Cell, Element};

    /// Two atoms that fly apart: all kinetic energy is against their centre of mass, and is that of three degrees of freedom.
    /// Velocities that are all zero have no temperature.
    #[test]
    fn velocities_that_nobody_filled_in_have_no_temperature() {
        let li = Element::from_symbol("Li").unwrap();
        let cell = Cell::orthorhombic(9.0, 9.0, 9.0).unwrap();
        let mut frame = Frame::new(cell, vec![li; 2], vec![Vec3::zeros(), Vec3::x()]);
        let mean = |frame: &Frame| {
            let mut kinetic = Kinetic::default();
            kinetic.push(frame).unwrap();
            kinetic.mean()
        };
        frame.velocities = Some(vec![Vec3::zeros(); 2]);
        assert_eq!(mean(&frame), None);
        frame.velocities = Some(vec![Vec3::x() * 0.01, Vec3::x() * -0.01]);
        let whole = frame.to_system().unwrap().temperature(3);
        assert!((mean(&frame).unwrap() / whole - 1.0).abs() < 1e-12);
    }
}
