//! A potential on atoms that are moved about, and how much round-off that shows.

use crate::error::Result;
use crate::neighbors::NeighborList;
use crate::potential::{Atoms, Evaluation, Potential};
use crate::random::{Philox, Purpose};
use crate::system::{Cell, Element, System, Vec3};

/// How often the atoms are displaced to see what round-off does.
const TRIALS: usize = 4;
/// By how much a rounding error may exceed the largest one seen. The largest of four deviations is about one
/// standard deviation: none of the hundreds of comparisons of a check is eight of them off by chance.
const MARGIN: f64 = 8.0;
/// A displacement (Å) small enough that energies are cubic polynomials of it to any precision, and large enough
/// that even coordinates in single precision are rounded differently.
const NUDGE: f64 = 1e-6;

/// The configuration under test with what the potential says about it.
pub(super) struct Trial<'p> {
    potential: &'p mut dyn Potential,
    pub(super) cell: Cell,
    pub(super) species: Vec<Element>,
    pub(super) positions: Vec<Vec3>,
    /// The potential's word on the configuration as it is.
    pub(super) reference: Evaluation,
    /// What rounding may do to the energy, eV.
    pub(super) energy_noise: f64,
    /// What rounding may do to a component of a force, eV/Å.
    pub(super) force_noise: f64,
    pub(super) random: Philox,
}

impl<'p> Trial<'p> {
    pub(super) fn new(potential: &'p mut dyn Potential, system: &System, seed: u64) -> Result<Self> {
        let mut trial = Self {
            potential,
            cell: system.cell.clone(),
            species: system.species.clone(),
            positions: system.positions.clone(),
            reference: Evaluation::default(),
            energy_noise: 0.0,
            force_noise: 0.0,
            random: Philox::new(seed, Purpose::Sampling, 0, 0),
        };
        let (cell, species, positions) = (trial.cell.clone(), trial.species.clone(), trial.positions.clone());
        trial.reference = trial.evaluate(&cell, &species, &positions)?;
        trial.measure_noise()?;
        Ok(trial)
    }

    /// Everything the potential says about any atoms.
    pub(super) fn evaluate(
        &mut self,
        cell: &Cell,
        species: &[Element],
        positions: &[Vec3],
    ) -> Result<Evaluation> {
        let list = NeighborList::build(cell, positions, self.potential.cutoff())?;
        let mut out = Evaluation::default();
        out.reset(species.len());
        self.potential.evaluate(Atoms { cell, species, positions }, &list, &mut out)?;
        Ok(out)
    }

    /// The energy of the same atoms in another cell and at other places.
    pub(super) fn energy(&mut self, cell: &Cell, positions: &[Vec3]) -> Result<f64> {
        let species = std::mem::take(&mut self.species);
        let result = self.evaluate(cell, &species, positions);
        self.species = species;
        Ok(result?.energy)
    }

    /// Measures in two ways what round-off does, and keeps the largest effects.
    ///
    /// Displacing all atoms by what rounding does to coordinates as large as the cell shows how errors of the
    /// input come out. Third differences of the results along a random direction, which vanish but for
    /// rounding, show what the evaluation adds, in whatever precision it works: f(2h) − 3 f(h) + 3 f(0) − f(−h)
    /// has √20 times the noise of one value. The floor is one rounding of the sum of all |energies|, and of
    /// the largest force.
    fn measure_noise(&mut self) -> Result<()> {
        let extent = self.positions.iter().map(Vec3::amax).fold(1.0, f64::max);
        let extent = self.cell.rows().iter().flatten().fold(extent, |a, x| a.max(x.abs()));
        let total: f64 = self.reference.atomic_energies.iter().map(|e| e.abs()).sum();
        let largest = self.reference.forces.iter().map(Vec3::amax).fold(0.0, f64::max);
        let mut energy = f64::EPSILON * total.max(self.reference.energy.abs());
        let mut force = f64::EPSILON * largest;
        for _ in 0..TRIALS {
            let direction: Vec<Vec3> = (0..self.positions.len())
                .map(|_| Vec3::from_fn(|_, _| 2.0 * self.random.uniform() - 1.0))
                .collect();
            let rounded = self.displaced(&direction, 2.0 * f64::EPSILON * extent)?;
            energy = energy.max((rounded.energy - self.reference.energy).abs());
            for (f, g) in rounded.forces.iter().zip(&self.reference.forces) {
                force = force.max((f - g).amax());
            }
            let back = self.displaced(&direction, -NUDGE)?;
            let on = self.displaced(&direction, NUDGE)?;
            let far = self.displaced(&direction, 2.0 * NUDGE)?;
            let scale = 20.0_f64.sqrt();
            let third = far.energy - back.energy + 3.0 * (self.reference.energy - on.energy);
            energy = energy.max(third.abs() / scale);
            for (i, here) in self.reference.forces.iter().enumerate() {
                let third = far.forces[i] - back.forces[i] + 3.0 * (here - on.forces[i]);
                force = force.max(third.amax() / scale);
            }
        }
        self.energy_noise = MARGIN * energy;
        self.force_noise = MARGIN * force;
        Ok(())
    }

    /// What the potential says with all atoms moved by `step` times a direction.
    fn displaced(&mut self, direction: &[Vec3], step: f64) -> Result<Evaluation> {
        let moved: Vec<Vec3> = self.positions.iter().zip(direction).map(|(r, d)| r + step * d).collect();
        let (cell, species) = (self.cell.clone(), self.species.clone());
        self.evaluate(&cell, &species, &moved)
    }
}
