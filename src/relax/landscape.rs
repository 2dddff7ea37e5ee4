//! Energy over positions and cell as a function of one vector, which minimisers move.

use super::strain::{CellFreedom, exponential, pulled_back};
use crate::compute::Engine;
use crate::error::{Error, Result};
use crate::system::{Cell, Mat3, System, Vec3};

/// What may move, and against which pressure.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Freedom {
    /// Free strains of the cell.
    pub cell: CellFreedom,
    /// Pressure around the cell, eV/Å³: E + pV is minimised.
    pub pressure: f64,
    /// For each atom, whether it is held along x, y, z (in the cell before any strain); empty if no atom is held.
    pub held: Vec<[bool; 3]>,
}

/// One point of the landscape.
#[derive(Debug, Clone, Default)]
pub(super) struct Point {
    /// E + pV, eV.
    pub(super) value: f64,
    /// Its derivative with respect to the coordinates; zero for those that are held.
    pub(super) gradient: Vec<f64>,
    /// Largest force on an atom along directions that are free, eV/Å.
    pub(super) force: f64,
    /// Largest free component of σ + p, eV/Å³.
    pub(super) stress: f64,
    /// E, eV.
    pub(super) energy: f64,
}

/// A system whose coordinates are the positions r̃ in the cell before any strain, r = F r̃, and the free strains
/// times a length.
///
/// That length is √N (V/N)^⅓: it makes a strain about as stiff as a displacement of the same size, since a
/// strain ε stretches N bonds of length (V/N)^⅓.
pub(super) struct Landscape<'a> {
    engine: &'a mut Engine,
    system: System,
    origin: Cell,
    basis: Vec<Mat3>,
    scale: f64,
    freedom: &'a Freedom,
    evaluations: u64,
}

impl<'a> Landscape<'a> {
    pub(super) fn new(system: &System, engine: &'a mut Engine, freedom: &'a Freedom) -> Result<Self> {
        if freedom.cell != CellFreedom::Fixed && !system.cell.is_bulk() {
            return Err(Error::invalid(
                "the cell cannot be relaxed: it is not periodic along all three vectors; relax the positions alone",
            ));
        }
        if !freedom.held.is_empty() && freedom.held.len() != system.len() {
            return Err(Error::invalid(format!(
                "{} atoms are marked as held or free, but there are {}",
                freedom.held.len(),
                system.len()
            )));
        }
        if system.is_empty() {
            return Err(Error::invalid("there are no atoms to relax"));
        }
        let n = system.len() as f64;
        Ok(Self {
            engine,
            origin: system.cell.clone(),
            basis: freedom.cell.basis(),
            scale: n.sqrt() * (system.cell.volume() / n).cbrt(),
            freedom,
            evaluations: 0,
            system: system.clone(),
        })
    }

    /// The coordinates of the system at the beginning.
    pub(super) fn start(&self) -> Vec<f64> {
        let mut x: Vec<f64> =
            (0..self.system.len()).flat_map(|i| <[f64; 3]>::from(self.system.unwrapped(i))).collect();
        x.resize(x.len() + self.basis.len(), 0.0);
        x
    }

    /// The longest step along `d` that moves no atom by more than `reach` (Å) and strains the cell by no more than
    /// 5 %, at most 1.
    pub(super) fn longest(&self, d: &[f64], reach: f64) -> f64 {
        let (atoms, cell) = d.split_at(3 * self.system.len());
        let furthest =
            atoms.chunks_exact(3).map(|v| v.iter().map(|c| c * c).sum::<f64>()).fold(0.0, f64::max);
        let strain = cell.iter().fold(0.0_f64, |most, c| most.max(c.abs())) / self.scale;
        let mut t = 1.0_f64;
        if furthest > 0.0 {
            t = t.min(reach / furthest.sqrt());
        }
        if strain > 0.0 {
            t = t.min(0.05 / strain);
        }
        t
    }

    fn strain(&self, x: &[f64]) -> Mat3 {
        let c = &x[3 * self.system.len()..];
        self.basis.iter().zip(c).fold(Mat3::zeros(), |u, (b, c)| u + b * (c / self.scale))
    }

    /// Puts the system where the coordinates say.
    fn place(&mut self, x: &[f64]) -> Result<Mat3> {
        let stretch = exponential(&self.strain(x));
        if !self.basis.is_empty() {
            self.system.cell = self.origin.strained(&(stretch - Mat3::identity()))?;
        }
        for (i, r) in self.system.positions.iter_mut().enumerate() {
            *r = stretch * Vec3::new(x[3 * i], x[3 * i + 1], x[3 * i + 2]);
            self.system.images[i] = [0; 3];
        }
        self.system.wrap();
        Ok(stretch)
    }

    /// Value and gradient. A value or gradient that is not finite is an error.
    pub(super) fn at(&mut self, x: &[f64]) -> Result<Point> {
        if !x.iter().all(|x| x.is_finite()) {
            return Err(Error::Physics("a coordinate of the minimisation is not a finite number".into()));
        }
        let stretch = self.place(x)?;
        self.evaluations += 1;
        let found = self.engine.evaluate(&self.system)?;
        let volume = self.system.cell.volume();
        let mut point = Point { energy: found.energy, value: found.energy, ..Point::default() };
        point.gradient.reserve(x.len());
        for (i, f) in found.forces.iter().enumerate() {
            // The stretch is symmetric: r = F r̃ gives ∂E/∂r̃ = −F f.
            let (mut force, mut slope) = (*f, -(stretch * f));
            if let Some(held) = self.freedom.held.get(i) {
                for k in (0..3).filter(|k| held[*k]) {
                    (force[k], slope[k]) = (0.0, 0.0);
                }
            }
            point.force = point.force.max(force.norm());
            point.gradient.extend(slope.iter());
        }
        if !self.basis.is_empty() {
            let pressure = self.freedom.pressure * volume;
            point.value += pressure;
            let total =
                Mat3::from_diagonal_element(pressure) - 0.5 * (found.virial + found.virial.transpose());
            let slope = pulled_back(&self.strain(x), &total);
            for b in &self.basis {
                point.gradient.push(slope.dot(b) / self.scale);
                point.stress = point.stress.max((total.dot(b) * b.amax() / volume).abs());
            }
        }
        if !point.value.is_finite() || !point.gradient.iter().all(|g| g.is_finite()) {
            return Err(Error::Physics(
                "energy or forces are not finite numbers: atoms are too close for the potential".into(),
            ));
        }
        Ok(point)
    }

    /// The system at the point evaluated last.
    pub(super) fn system(&self) -> &System {
        &self.system
    }

    /// How many evaluations there were.
    pub(super) fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// Volume of the cell over what it was at the beginning.
    pub(super) fn expansion(&self) -> f64 {
        self.system.cell.volume() / self.origin.volume()
    }
}
