//! `mlmd run`: from an input to the atoms, the potential and what the run will take.

use super::dynamics::{Tried, moves, share, tasks, together, try_on_device};
use super::{potential, structure};
use crate::analysis::DriftReference;
use crate::compute::{DeviceKind, Engine, Options, Processor};
use crate::error::{Error, Result};
use crate::input::{Plan, Velocities};
use crate::neighbors::NeighborList;
use crate::system::{Element, System};
use std::path::PathBuf;
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

/// What a run will take, measured on its own first steps.
#[derive(Debug, Clone)]
pub struct Outlook {
    /// Neighbours of an atom within the cutoff, on average.
    pub neighbors: f64,
    /// Memory of the process after an evaluation, bytes, where the system tells.
    pub memory: Option<u64>,
    /// How many runs go side by side.
    pub together: usize,
    /// What was found where a device moves the atoms.
    pub on_device: Option<Tried>,
    /// Time of one evaluation on all threads, or of one step of all runs that a device moves together.
    pub step: Duration,
    /// Time of one step, or of its forces, in each of the runs that go side by side.
    pub side_by_side: Duration,
}

/// Evaluations or steps are repeated until they took this long together, for a time that can be trusted.
const MEASURE: Duration = Duration::from_millis(300);

impl Setup {
    /// Reads the structure and loads the potential; nothing is written.
    pub fn new(plan: Plan) -> Result<Self> {
        let system = structure::build(&plan.structure, plan.dynamics.as_ref(), plan.seed)?;
        Self::of(plan, system)
    }

    /// The same for atoms that are already there: loads the potential and checks that all go together.
    pub fn of(plan: Plan, system: System) -> Result<Self> {
        let mut processor = Processor::new(plan.device.kind, plan.device.precision).on(&plan.device.adapters);
        let engine = engine(&plan, &system, &mut processor)?;
        potential::check_elements(engine.potential(), &system.species)?;
        check_analysis(&plan, &system)?;
        if plan.guards.extrapolation.is_some() {
            potential::check_range(&plan.potential)?;
        }
        if let Some(guard) = &plan.guards.disagreement {
            potential::judge(guard, &plan.potential, &system.species)?;
        }
        if plan.dynamics.as_ref().is_some_and(|dynamics| dynamics.barostat.is_some())
            && !system.cell.is_bulk()
        {
            return Err(Error::invalid(format!(
                "[dynamics.barostat]: {} is not periodic in three directions, so it has no volume\n   expected a crystal or a fluid in a cell, or no barostat",
                plan.structure.file.display()
            )));
        }
        Ok(Self { plan, system, engine, processor })
    }

    /// Takes the memory of the run on its device and gives it back: what does not fit is refused before anything is
    /// written. With `auto` the processor takes over.
    ///
    /// # Errors
    /// [`Error::Invalid`] with what is needed and what there is.
    pub fn rehearse(&mut self) -> Result<()> {
        let tasks = tasks(&self.plan)?;
        tasks.iter().try_for_each(|task| task.check(&self.system))?;
        if !self.processor.uses_device() {
            return Ok(());
        }
        let tried = try_on_device(&self.engine, &tasks, &self.system, Duration::ZERO);
        let tried = tried.and_then(|tried| match tried {
            Some(_) => Ok(()),
            // Positions will be sent at each step.
            None => self.engine.evaluate(&self.system).map(|_| ()),
        });
        match tried {
            Err(Error::Device(reason)) if self.plan.device.kind == DeviceKind::Auto => {
                self.processor = Processor::instead(&reason, self.plan.device.precision);
                self.engine = engine(&self.plan, &self.system, &mut self.processor)?;
                Ok(())
            }
            Err(Error::Device(reason)) => Err(Error::invalid(reason)),
            other => other,
        }
    }

    /// One line for a person, where the structure has velocities that the run could begin with and does not.
    pub fn unused_velocities(&self) -> Option<&'static str> {
        let dynamics = self.plan.dynamics.as_ref()?;
        let could = dynamics.may_share_velocities() && self.plan.relax.is_none();
        (could && dynamics.velocities == Velocities::Draw && moves(&self.system)).then_some(
            "velocities: new ones are drawn; `velocities = \"file\"` in [dynamics] begins with those of the structure",
        )
    }

    /// How many threads compute.
    pub fn threads(&self) -> usize {
        self.engine.pool().current_num_threads()
    }

    /// Takes the first steps of the run, or evaluates the structure a few times where the CPU moves the atoms, to see
    /// what a step takes: of all runs that go side by side.
    pub fn measure(&mut self) -> Result<Outlook> {
        let tasks = tasks(&self.plan)?;
        let on_device = try_on_device(&self.engine, &tasks, &self.system, MEASURE)?;
        let (together, step) = match &on_device {
            Some(tried) => (tried.together, tried.step),
            None => (together(&tasks, &self.system, &self.engine)?, median(&mut self.engine, &self.system)?),
        };
        let memory = resident_memory();
        let cutoff = self.engine.potential().cutoff();
        let list = NeighborList::build(&self.system.cell, &self.system.positions, cutoff)?;
        let neighbors = list.pairs().len() as f64 / self.system.len() as f64;
        let side_by_side =
            if together > 1 && on_device.is_none() { self.measure_lanes(together)? } else { step };
        Ok(Outlook { neighbors, memory, together, on_device, step, side_by_side })
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

/// Files whose content decides the results of a plan: structure, potential, the committee that judges.
pub fn files(plan: &Plan) -> Result<Vec<PathBuf>> {
    let judge = plan.guards.disagreement.as_ref().and_then(|guard| guard.potential.as_ref());
    let potentials = [plan.potential.file.as_ref(), judge];
    let mut files = vec![plan.structure.file.clone()];
    for path in potentials.into_iter().flatten() {
        files.extend(crate::potential::files(path)?);
    }
    Ok(files)
}

/// The potential of a plan with its threads.
fn engine(plan: &Plan, system: &System, processor: &mut Processor) -> Result<Engine> {
    let mut elements = system.species.clone();
    elements.sort_unstable();
    elements.dedup();
    let potential = potential::build(&plan.potential, processor, &elements)?;
    let options = Options { threads: plan.device.threads.unwrap_or(0), ..Options::default() };
    Engine::new(potential, options)
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
    let charged = |element: &Element| analysis.charges.iter().any(|(own, _)| own == element);
    let bare = system.species.iter().find(|element| !charged(element));
    if let (Some(element), true) = (bare, analysis.frame != DriftReference::Framework) {
        return Err(Error::invalid(format!(
            "[analysis] charges: {element} has none\n   expected charges of all elements, unless displacements are measured against the \
             framework, whose charge does not move (`frame = \"framework\"`)"
        )));
    }
    Ok(())
}

/// Memory of this process, bytes: `VmRSS` of Linux.
fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}
