//! `mlmd run`: from an input to the atoms, the potential and what the run will take.

use super::dynamics::share;
use super::{potential, structure};
use crate::analysis::DriftReference;
use crate::compute::{Engine, Options, Processor};
use crate::error::{Error, Result};
use crate::input::Plan;
use crate::neighbors::NeighborList;
use crate::potential::Potential;
use crate::system::System;
use std::time::{Duration, Instant};

/// Everything a run starts from.
pub struct Setup {
    /// What is asked for.
    pub plan: Plan,
    /// The atoms.
    pub system: System,
    /// The potential with its threads and memory.
    pub engine: Engine,
    /// What computes it.
    pub processor: Processor,
}

/// What a run will take, measured on its own first evaluation.
#[derive(Debug, Clone, Copy)]
pub struct Outlook {
    /// Neighbours of an atom within the cutoff, on average.
    pub neighbors: f64,
    /// Memory of the process after an evaluation, bytes, where the system tells.
    pub memory: Option<u64>,
    /// Time of one evaluation on all threads.
    pub step: Duration,
    /// Time of one evaluation in each of the runs that go side by side.
    pub side_by_side: Duration,
}

/// Evaluations are repeated until they took this long together, for a time that can be trusted.
const MEASURE: Duration = Duration::from_millis(300);

impl Setup {
    /// Reads the structure and loads the potential; nothing is written.
    pub fn new(plan: Plan) -> Result<Self> {
        let system = structure::build(&plan.structure, plan.seed)?;
        Self::of(plan, system)
    }

    /// The same for atoms that are already there: loads the potential and checks that all go together.
    pub fn of(plan: Plan, system: System) -> Result<Self> {
        let mut elements = system.species.clone();
        elements.sort_unstable();
        elements.dedup();
        let mut processor = Processor::new(plan.device.kind, plan.device.precision);
        let potential = potential::build(&plan.potential, &mut processor, &elements)?;
        check_elements(&*potential, &system)?;
        check_analysis(&plan, &system)?;
        if plan.dynamics.as_ref().is_some_and(|dynamics| dynamics.barostat.is_some())
            && !system.cell.is_bulk()
        {
            return Err(Error::invalid(format!(
                "[dynamics.barostat]: {} is not periodic in three directions, so it has no volume\n   expected a crystal or a fluid in a cell, or no barostat",
                plan.structure.file.display()
            )));
        }
        let options = Options { threads: plan.device.threads.unwrap_or(0), ..Options::default() };
        let engine = Engine::new(potential, options)?;
        Ok(Self { plan, system, engine, processor })
    }

    /// How many threads compute.
    pub fn threads(&self) -> usize {
        self.engine.pool().current_num_threads()
    }

    /// Evaluates the structure a few times to see what a step takes, and what it takes where `lanes` runs share
    /// the threads.
    pub fn measure(&mut self, lanes: usize) -> Result<Outlook> {
        let step = median(&mut self.engine, &self.system)?;
        let memory = resident_memory();
        let cutoff = self.engine.potential().cutoff();
        let list = NeighborList::build(&self.system.cell, &self.system.positions, cutoff)?;
        let neighbors = list.pairs().len() as f64 / self.system.len() as f64;
        let side_by_side = if lanes > 1 { self.measure_lanes(lanes)? } else { step };
        Ok(Outlook { neighbors, memory, step, side_by_side })
    }

    /// All lanes at the same time, as they will be: the slowest counts.
    fn measure_lanes(&self, lanes: usize) -> Result<Duration> {
        let (threads, skin, system) = (self.threads(), self.engine.skin(), &self.system);
        let engines = (0..lanes)
            .map(|lane| {
                let options = Options { threads: share(lane, lanes, threads), skin };
                Engine::new(self.engine.potential().boxed_clone(), options)
            })
            .collect::<Result<Vec<_>>>()?;
        std::thread::scope(|scope| {
            let measured: Vec<_> = engines
                .into_iter()
                .map(|mut engine| scope.spawn(move || median(&mut engine, system)))
                .collect();
            measured.into_iter().try_fold(Duration::ZERO, |slowest, lane| match lane.join() {
                Ok(time) => Ok(slowest.max(time?)),
                Err(panic) => std::panic::resume_unwind(panic),
            })
        })
    }
}

/// The median time of an evaluation after the first.
fn median(engine: &mut Engine, system: &System) -> Result<Duration> {
    engine.evaluate(system)?;
    let (start, mut times) = (Instant::now(), Vec::new());
    while times.len() < 3 || (times.len() < 100 && start.elapsed() < MEASURE) {
        let before = Instant::now();
        engine.evaluate(system)?;
        times.push(before.elapsed());
        // A large system is slow enough for one measurement to tell.
        if start.elapsed() > 10 * MEASURE {
            break;
        }
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

/// Refuses analyses that this structure cannot have, before the run and not after it.
fn check_analysis(plan: &Plan, system: &System) -> Result<()> {
    let Some(analysis) = &plan.analysis else { return Ok(()) };
    if let Some(absent) = analysis.mobile.iter().find(|mobile| !system.species.contains(mobile)) {
        return Err(Error::invalid(format!(
            "[analysis] mobile: there is no {absent} in the structure, which is {}",
            system.formula()
        )));
    }
    let all_mobile = system.species.iter().all(|element| analysis.mobile.contains(element));
    if all_mobile && analysis.frame == DriftReference::Framework {
        return Err(Error::invalid(
            "[analysis] frame: every atom is mobile, so there is no framework\n   expected `frame = \"center-of-mass\"` or `frame = \"none\"`",
        ));
    }
    Ok(())
}

/// Says which elements of a structure a potential does not know, before anything is computed.
fn check_elements(potential: &dyn Potential, system: &System) -> Result<()> {
    let Some(known) = potential.elements() else { return Ok(()) };
    let mut missing: Vec<_> = system.species.iter().filter(|element| !known.contains(element)).collect();
    missing.sort_unstable();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    let list = |elements: &mut dyn Iterator<Item = String>| elements.collect::<Vec<_>>().join(", ");
    Err(Error::invalid(format!(
        "the structure contains {}, which the potential does not know (it knows {})",
        list(&mut missing.iter().map(ToString::to_string)),
        list(&mut known.iter().map(ToString::to_string)),
    )))
}

/// Memory of this process, bytes: `VmRSS` of Linux.
fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}
