//! Energy and forces of a system, step after step.

use super::frame::{Anchor, Frame};
use crate::error::{Error, Result};
use crate::neighbors::{Fault, NeighborList, VerletList};
use crate::potential::{Atoms, Evaluation, Potential, Uncertainty};
use crate::system::{Element, System};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How an [`Engine`] works; none of it changes a result beyond rounding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// How far the neighbour list reaches beyond the potential's cutoff, Å.
    pub skin: f64,
    /// Threads; zero for as many as the machine runs at once.
    pub threads: usize,
}

impl Default for Options {
    /// A skin of 1 Å, all threads.
    fn default() -> Self {
        Self { skin: 1.0, threads: 0 }
    }
}

/// A potential with the list, the order of atoms, the threads and the memory it needs to be evaluated again
/// and again while atoms move.
///
/// Atoms are computed in an order sorted in space and reported in the order of the system. Results are the
/// same bits for any number of threads.
///
/// A caller that evaluates in a loop gains by running the loop inside the engine's pool
/// (`engine.pool().install(…)`): handing work to the threads and back takes some microseconds, which matters
/// for a hundred atoms.
#[derive(Debug)]
pub struct Engine {
    potential: Box<dyn Potential>,
    pool: Arc<ThreadPool>,
    skin: f64,
    list: VerletList,
    frame: Frame,
    /// The species the frame was made for, in the order of the system.
    species: Vec<Element>,
    /// Results in the order of the frame, and in the order of the system.
    sorted: Evaluation,
    result: Evaluation,
    builds: u64,
    /// Time spent in evaluations.
    time: Duration,
}

impl Engine {
    /// An engine with a pool of threads of its own.
    pub fn new(potential: Box<dyn Potential>, options: Options) -> Result<Self> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(options.threads)
            .thread_name(|k| format!("compute-{k}"))
            .build()
            .map_err(|e| Error::invalid(format!("cannot start {} threads: {e}", options.threads)))?;
        Self::in_pool(potential, options.skin, Arc::new(pool))
    }

    /// An engine that shares the threads of others.
    pub fn in_pool(potential: Box<dyn Potential>, skin: f64, pool: Arc<ThreadPool>) -> Result<Self> {
        if !(skin >= 0.0 && skin.is_finite()) {
            return Err(Error::invalid(format!("a skin of {skin} Å; it must be finite and not negative")));
        }
        let list = VerletList::new(potential.cutoff(), skin);
        Ok(Self {
            potential,
            pool,
            skin,
            list,
            frame: Frame::default(),
            species: Vec::new(),
            sorted: Evaluation::default(),
            result: Evaluation::default(),
            builds: 0,
            time: Duration::ZERO,
        })
    }

    /// Energy, forces, virial and per-atom energies of a system, in the order of its atoms.
    ///
    /// Refuses an element the potential does not know, and atoms at the same place. Only the first
    /// evaluation, and those after atoms have moved further than the skin allows, build a neighbour list.
    pub fn evaluate(&mut self, system: &System) -> Result<&Evaluation> {
        let pool = Arc::clone(&self.pool);
        let start = Instant::now();
        pool.install(|| {
            self.prepare(system)?;
            self.sorted.reset(system.len());
            let atoms =
                Atoms { cell: &system.cell, species: &self.frame.species, positions: &self.frame.positions };
            self.potential.evaluate(atoms, self.list.list(), &mut self.sorted)?;
            self.report();
            self.time += start.elapsed();
            Ok(&self.result)
        })
    }

    /// The spread of a committee for a system, in the order of its atoms; none if the potential is not a
    /// committee.
    pub fn uncertainty(&mut self, system: &System) -> Result<Option<Uncertainty>> {
        let pool = Arc::clone(&self.pool);
        pool.install(|| {
            self.prepare(system)?;
            let atoms =
                Atoms { cell: &system.cell, species: &self.frame.species, positions: &self.frame.positions };
            let spread = self.potential.uncertainty(atoms, self.list.list())?;
            Ok(spread.map(|sorted| {
                let mut forces = Vec::new();
                self.frame.order.restore(&sorted.forces, &mut forces);
                Uncertainty { forces, ..sorted }
            }))
        })
    }

    /// Brings atoms and list up to date with the system.
    fn prepare(&mut self, system: &System) -> Result<()> {
        if self.species == system.species {
            self.frame.follow(system);
            if self.list.is_complete(&system.cell, &self.frame.positions) {
                return Ok(());
            }
        } else {
            self.know(system)?;
        }
        self.start_from(&Anchor::of(system), system)
    }

    /// Checks that the potential knows every element of the system.
    fn know(&self, system: &System) -> Result<()> {
        let Some(known) = self.potential.elements() else { return Ok(()) };
        match system.species.iter().position(|element| !known.contains(element)) {
            None => Ok(()),
            Some(atom) => {
                let names: Vec<&str> = known.iter().map(|element| element.symbol()).collect();
                Err(Error::invalid(format!(
                    "atom {atom} is {}, which the potential does not know; it knows {}",
                    system.species[atom],
                    names.join(", ")
                )))
            }
        }
    }

    /// Sorts the atoms and lists their neighbours where the anchor says they were, then follows them to
    /// where they are.
    fn start_from(&mut self, anchor: &Anchor, system: &System) -> Result<()> {
        self.species.clone_from(&system.species);
        self.frame.anchor(anchor, &system.species);
        let order = self.frame.order.atoms();
        self.list.try_rebuild(&anchor.cell, &self.frame.positions).map_err(|fault| {
            let fault = fault.renamed(|place| order[place] as usize);
            match fault {
                // Files and builders hold finite positions only: it was dynamics that lost them.
                Fault::NotFinite { .. } => Error::Physics(fault.to_string()),
                _ => Error::invalid(fault.to_string()),
            }
        })?;
        self.builds += 1;
        self.frame.follow(system);
        Ok(())
    }

    /// Puts results back in the order of the system.
    fn report(&mut self) {
        let order = &self.frame.order;
        self.result.energy = self.sorted.energy;
        self.result.virial = self.sorted.virial;
        order.restore(&self.sorted.forces, &mut self.result.forces);
        order.restore(&self.sorted.atomic_energies, &mut self.result.atomic_energies);
        self.result.extrapolation.clear();
        self.result.extrapolation.extend_from_slice(&self.sorted.extrapolation);
        for one in &mut self.result.extrapolation {
            one.atom = order.atoms()[one.atom as usize];
        }
        self.result.extrapolation.sort_by_key(|one| (one.atom, one.descriptor));
    }

    /// What to store in a checkpoint with the system, so that [`Engine::restore`] continues with the same bits;
    /// nothing before the first evaluation.
    pub fn anchor(&self) -> Option<Anchor> {
        self.list.since().map(|drift| self.frame.anchored_at(drift))
    }

    /// Takes up work where an engine with this anchor left it; the system may have moved on since.
    pub fn restore(&mut self, anchor: &Anchor, system: &System) -> Result<()> {
        if anchor.positions.len() != system.len() || anchor.images.len() != system.len() {
            return Err(Error::invalid(format!(
                "an anchor of {} atoms for a system of {}",
                anchor.positions.len(),
                system.len()
            )));
        }
        self.know(system)?;
        let pool = Arc::clone(&self.pool);
        pool.install(|| self.start_from(anchor, system))
    }

    /// The threads the engine computes on.
    pub fn pool(&self) -> Arc<ThreadPool> {
        Arc::clone(&self.pool)
    }

    /// The potential.
    pub fn potential(&self) -> &dyn Potential {
        &*self.potential
    }

    /// The potential, if all of it is computed on a graphics processor, which can then move atoms by itself.
    #[cfg(feature = "gpu")]
    pub fn on_device(&self) -> Option<&super::gpu::GpuPotential> {
        self.potential.as_any()?.downcast_ref()
    }

    /// Gives the memory of the last evaluation back, for somebody else computes from now on.
    #[cfg(feature = "gpu")]
    pub(crate) fn rest(&mut self) {
        self.potential = self.potential.boxed_clone();
    }

    /// Counts time that forces took elsewhere.
    #[cfg(feature = "gpu")]
    pub(crate) fn spend(&mut self, time: Duration) {
        self.time += time;
    }

    /// How far the neighbour list reaches beyond the potential's cutoff, Å.
    pub fn skin(&self) -> f64 {
        self.skin
    }

    /// The neighbour list in use, for atoms in the engine's order: for counting, not for looking up.
    pub fn list(&self) -> &NeighborList {
        self.list.list()
    }

    /// How many neighbour lists were built so far.
    pub fn builds(&self) -> u64 {
        self.builds
    }

    /// The time that evaluations have taken so far, neighbour lists included.
    pub fn time(&self) -> Duration {
        self.time
    }
}
