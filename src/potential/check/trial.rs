//! A potential on atoms that are moved about, and how much round-off that shows.

use crate::error::Result;
use crate::neighbors::NeighborList;
use crate::potential::{Atoms, Evaluation, Potential};
use crate::random::{Philox, Purpose};
use crate::system::{Cell, Element, System, Vec3};

/// How often the atoms are displaced to see what round-off does. The largest of eight deviations is about
/// 1.4 standard deviations.
const TRIALS: usize = 8;
/// By how much a rounding error may exceed the largest one seen: with 6·1.4 standard deviations none of
/// the comparisons of a check will by chance.
const MARGIN: f64 = 6.0;

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

    /// Displaces all atoms at random by what rounding does to coordinates as large as the cell, and keeps
    /// the largest effects. Sums over other orders of terms are off by more where terms cancel: the floor is
    /// one rounding of the sum of all |energies|, and of the largest force.
    fn measure_noise(&mut self) -> Result<()> {
        let extent = self.positions.iter().map(Vec3::amax).fold(1.0, f64::max);
        let extent = self.cell.rows().iter().flatten().fold(extent, |a, x| a.max(x.abs()));
        let (cell, species) = (self.cell.clone(), self.species.clone());
        let total: f64 = self.reference.atomic_energies.iter().map(|e| e.abs()).sum();
        let largest = self.reference.forces.iter().map(Vec3::amax).fold(0.0, f64::max);
        let mut energy = f64::EPSILON * total.max(self.reference.energy.abs());
        let mut force = f64::EPSILON * largest;
        for _ in 0..TRIALS {
            let scale = 2.0 * f64::EPSILON * extent;
            let moved: Vec<Vec3> = self
                .positions
                .iter()
                .map(|r| r + scale * Vec3::from_fn(|_, _| 2.0 * self.random.uniform() - 1.0))
                .collect();
            let out = self.evaluate(&cell, &species, &moved)?;
            energy = energy.max((out.energy - self.reference.energy).abs());
            for (f, g) in out.forces.iter().zip(&self.reference.forces) {
                force = force.max((f - g).amax());
            }
        }
        self.energy_noise = MARGIN * energy;
        self.force_noise = MARGIN * force;
        Ok(())
    }
}
