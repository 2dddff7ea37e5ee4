//! Molecular dynamics from an input to files: one run for each temperature, each in a folder of its own.
//!
//! A run is a function of its input. Whatever interrupts it, the same command goes on from the last checkpoint to
//! the end that was asked for, and what it writes is what the undisturbed run writes, bit for bit.

mod checkpoint;
mod folder;
mod propagation;
mod schedule;
mod stop;
mod tasks;

pub use checkpoint::saved_step;
pub use folder::{Made, RunFolder, Timing};
pub(crate) use folder::{lock, lock_unless_taken};
pub use propagation::{Share, Tried, residence, try_on_device};
pub use schedule::{Finished, lanes, run_all, share, together};
pub use stop::Stop;
pub use tasks::tasks;

use crate::compute::Engine;
use crate::error::{Error, Result};
use crate::input::{self, TrajectoryFormat, Velocities};
use crate::io::Format;
use crate::md::{Ensemble, Integrator, State};
use crate::observe::{self, Disagreement, Guard, Limits, Observer, Thermo, Tolerance, Trajectory};
use crate::system::{System, Vec3};
use crate::workflow::potential;
use checkpoint::Checkpoint;
use std::fs;
use std::path::{Path, PathBuf};

/// One run at one temperature.
#[derive(Debug, Clone)]
pub struct Task {
    /// Where it writes.
    pub folder: PathBuf,
    /// Its name: `T0600K`.
    pub name: String,
    /// What it is a run of.
    ensemble: Ensemble,
    equilibration: u64,
    production: u64,
    /// Where this process stops: the end, unless somebody wants to look at a part of it first.
    end: u64,
    thermo_every: u64,
    trajectory_every: u64,
    checkpoint_every: u64,
    formats: Vec<TrajectoryFormat>,
    masses: Vec<(crate::system::Element, f64)>,
    fixed: Vec<usize>,
    velocities: Velocities,
    /// Steps between two looks of the guard, if somebody has said.
    guard_every: Option<u64>,
    limits: Limits,
    /// A committee that judges, if one is to.
    judge: Option<Judge>,
}

/// Where a committee comes from that judges a run, and when it disagrees too much.
#[derive(Debug, Clone)]
struct Judge {
    guard: input::DisagreementGuard,
    potential: input::PotentialChoice,
    tolerance: Tolerance,
}

/// How far a task has come.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Steps done, from the beginning of the equilibration.
    pub step: u64,
    /// Steps asked for.
    pub total: u64,
    /// The step this process began at.
    pub begun: u64,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It had been finished before.
    AlreadyDone,
    /// It was finished now.
    Done,
}

/// Steps between two looks of the guard. Looking costs one sum over the atoms.
const GUARD_EVERY: u64 = 10;

/// The same where the atoms have to be fetched from a device, which itself stops at atoms that are lost.
const GUARD_EVERY_ON_DEVICE: u64 = 100;

impl Task {
    /// Steps asked for, equilibration included.
    pub fn steps(&self) -> u64 {
        self.equilibration + self.production
    }

    /// The same task, stopped after so many steps as if it ended there; it can go on later.
    #[must_use]
    pub fn until(mut self, step: u64) -> Self {
        self.end = step.min(self.steps());
        self
    }

    /// fs.
    pub fn timestep(&self) -> f64 {
        self.ensemble.timestep
    }

    /// One line for a person: how temperature and pressure are kept.
    pub fn description(&self) -> Result<String> {
        Ok(self.ensemble.integrator()?.description())
    }

    /// What its guards have noted, a line for each kind, with the file that has more.
    pub fn findings(&self) -> Vec<String> {
        let noted = observe::findings(&self.folder.join("guards.csv"));
        let mut findings: Vec<String> = noted.iter().map(|line| format!("{line} (guards.csv)")).collect();
        if let Some(judge) = &self.judge {
            let apart = observe::disagreements(&self.folder, judge.tolerance.force);
            findings.extend(apart.iter().map(|line| format!("{line} (disagreement.csv)")));
        }
        findings
    }

    /// Runs to the end, or until `stop` has a reason ([`Error::Interrupted`], after a checkpoint).
    ///
    /// `start` is the structure the task begins with if it has no checkpoint. `report` is called now and then.
    pub fn run(
        &self,
        start: &System,
        engine: &mut Engine,
        stop: &Stop,
        report: &mut dyn FnMut(Progress),
    ) -> Result<Outcome> {
        let mut integrator = propagation::integrator(self, engine)?;
        self.run_with(&mut *integrator, start, engine, stop, report)
    }

    /// [`Task::run`] with an integrator of its ensemble that somebody has made.
    fn run_with(
        &self,
        integrator: &mut dyn Integrator,
        start: &System,
        engine: &mut Engine,
        stop: &Stop,
        report: &mut dyn FnMut(Progress),
    ) -> Result<Outcome> {
        fs::create_dir_all(&self.folder).map_err(Error::io(&self.folder, "create the folder"))?;
        let mut observers = self.observers(integrator.is_resident(), start, engine)?;
        let mut state = if let Some(saved) = Checkpoint::read(&self.folder)? {
            // A production may have become longer than it was; the folder says that nothing else has changed.
            if saved.steps[0] != self.equilibration
                || saved.system.step > self.steps()
                || saved.marks.len() != observers.len()
                || !integrator.restore(&saved.integrator)
            {
                return Err(self.foreign_checkpoint());
            }
            let mut rewind = || {
                observers.iter_mut().zip(&saved.marks).try_for_each(|(observer, mark)| observer.rewind(mark))
            };
            if saved.system.step >= self.end {
                // Who had gone on beyond this end and was killed has left frames behind it.
                if self.end < self.steps() {
                    rewind()?;
                }
                return Ok(Outcome::AlreadyDone);
            }
            integrator.restore_device(&saved.device);
            engine.restore(&saved.anchor, &saved.system)?;
            rewind()?;
            let state = State::resume(saved.system, self.fixed.clone(), engine)?;
            if integrator.is_resident() {
                // Nobody had asked this engine where the atoms are now: its list is still the one it had.
                engine.restore(&saved.anchor, &state.system)?;
            }
            state
        } else {
            observers.iter_mut().try_for_each(|observer| observer.rewind(&[]))?;
            State::new(self.prepare(start)?, self.fixed.clone(), engine)?
        };

        let begun = state.system.step;
        if begun == 0 {
            self.observe(&mut observers, &state, integrator)?;
        }
        while state.system.step < self.end {
            let until = self.next_look(&observers, state.system.step);
            integrator.advance(&mut state, engine, until).map_err(|error| match error {
                // Positions that were fine a step ago: not the input is wrong, the dynamics has lost its atoms.
                Error::Invalid(what) | Error::Physics(what) => {
                    let reason = format!("atoms were lost: {what}");
                    let stopped = observers.iter_mut().find_map(|observer| observer.lost(&state, &reason));
                    stopped.unwrap_or(Error::Physics(reason))
                }
                other => other,
            })?;
            let step = state.system.step;
            let reason = stop.reason();
            if step == until || reason.is_some() {
                integrator.settle(&mut state)?;
            }
            self.observe(&mut observers, &state, integrator)?;
            if step == self.end || step % self.checkpoint_every == 0 || reason.is_some() {
                self.save(&state, &mut observers, integrator, engine)?;
            }
            report(Progress { step, total: self.steps(), begun });
            if let Some(reason) = reason
                && step < self.end
            {
                return Err(Error::Interrupted(format!(
                    "stopped by {reason} at step {step} of {} of {}; the same command goes on from here",
                    self.steps(),
                    self.name
                )));
            }
        }
        Ok(Outcome::Done)
    }

    /// The first step after `step` at which somebody looks at the state or keeps it.
    fn next_look(&self, observers: &[Box<dyn Observer>], step: u64) -> u64 {
        let after = |begin: u64, every: u64| match step.checked_sub(begin) {
            None => begin,
            Some(since) => begin + (since / every + 1) * every,
        };
        let looks = observers.iter().enumerate().map(|(k, observer)| {
            let begin = if k == 0 { 0 } else { self.equilibration };
            after(begin, observer.every())
        });
        looks.chain([after(0, self.checkpoint_every), self.end]).min().unwrap_or(self.end)
    }

    /// Refuses what the structure does not have.
    ///
    /// # Errors
    /// [`Error::Invalid`] with what there is.
    pub fn check(&self, start: &System) -> Result<()> {
        if let Some(atom) = self.fixed.iter().find(|atom| **atom >= start.len()) {
            let last = start.len() - 1;
            return Err(Error::invalid(format!(
                "[dynamics] fixed: there is no atom {atom}; the last of the structure is {last}"
            )));
        }
        if self.fixed.len() == start.len() {
            return Err(Error::invalid("[dynamics] fixed: every atom is fixed, so there is nothing to move"));
        }
        if self.velocities == Velocities::File && !moves(start) {
            return Err(Error::invalid(
                "[dynamics] velocities: the structure has none, or all are zero\n   expected a file with velocities, or \
                 `velocities = \"draw\"`",
            ));
        }
        // Velocities are drawn, and tell of the same.
        start.clone().set_temperature(self.ensemble.temperature.from, self.ensemble.seed)
    }

    /// The atoms at the first step: masses and velocities.
    fn prepare(&self, start: &System) -> Result<System> {
        self.check(start)?;
        let mut system = start.clone();
        for (element, mass) in &self.masses {
            for (m, _) in system.masses.iter_mut().zip(&start.species).filter(|(_, e)| *e == element) {
                *m = *mass;
            }
        }
        let temperature = self.ensemble.temperature.from;
        if self.velocities == Velocities::Draw {
            system.set_temperature(temperature, self.ensemble.seed)?;
        }
        if !self.fixed.is_empty() {
            // Those that move have the temperature, not all of them together.
            for &atom in &self.fixed {
                system.velocities[atom] = Vec3::zeros();
            }
            let now = system.temperature(State::freedom(system.len(), self.fixed.len()));
            if now > 0.0 && self.velocities == Velocities::Draw {
                system.velocities.iter_mut().for_each(|v| *v *= (temperature / now).sqrt());
            }
        }
        (system.step, system.time) = (0, 0.0);
        Ok(system)
    }

    /// What looks at the run, in an order that checkpoints rely on.
    fn observers(&self, resident: bool, start: &System, engine: &Engine) -> Result<Vec<Box<dyn Observer>>> {
        let usual = if resident { GUARD_EVERY_ON_DEVICE } else { GUARD_EVERY };
        let guard_every = self.guard_every.unwrap_or(usual);
        let in_folder = |name: &str| self.folder.join(name);
        let mut observers: Vec<Box<dyn Observer>> = vec![
            Box::new(Guard::new(&self.folder, guard_every, self.limits).in_cell(&start.cell)),
            Box::new(Thermo::new(in_folder("thermo.csv"), self.thermo_every)),
        ];
        for format in &self.formats {
            let (name, format) = match format {
                TrajectoryFormat::H5md => ("trajectory.h5", Format::H5md),
                TrajectoryFormat::Extxyz => ("trajectory.extxyz", Format::ExtendedXyz),
                TrajectoryFormat::LammpsDump => ("trajectory.dump", Format::LammpsDump),
            };
            observers.push(Box::new(Trajectory::new(in_folder(name), format, self.trajectory_every)));
        }
        if let Some(judge) = &self.judge {
            let committee = potential::judge(&judge.guard, &judge.potential, &start.species)?;
            // Without a skin the list is made anew at each look: nothing depends on where the run was interrupted.
            let committee = Engine::in_pool(Box::new(committee), 0.0, engine.pool())?;
            observers.push(Box::new(Disagreement::new(&self.folder, committee, judge.tolerance)));
        }
        Ok(observers)
    }

    /// Shows the state to the observers whose turn it is. Recording begins with the end of the equilibration;
    /// the guard watches from the first step on.
    fn observe(
        &self,
        observers: &mut [Box<dyn Observer>],
        state: &State,
        integrator: &dyn Integrator,
    ) -> Result<()> {
        let step = state.system.step;
        let mut conserved = None;
        for (k, observer) in observers.iter_mut().enumerate() {
            let since = if k == 0 { Some(step) } else { step.checked_sub(self.equilibration) };
            if since.is_some_and(|since| since % observer.every() == 0) {
                let conserved = *conserved.get_or_insert_with(|| {
                    state.kinetic_energy() + state.energy + integrator.reservoir(state)
                });
                observer.observe(state, conserved)?;
            }
        }
        Ok(())
    }

    fn save(
        &self,
        state: &State,
        observers: &mut [Box<dyn Observer>],
        integrator: &dyn Integrator,
        engine: &Engine,
    ) -> Result<()> {
        let marks = observers.iter_mut().map(|observer| observer.mark()).collect::<Result<_>>()?;
        let anchor =
            engine.anchor().ok_or_else(|| Error::Internal("no evaluation before a checkpoint".into()))?;
        let checkpoint = Checkpoint {
            system: state.system.clone(),
            anchor,
            integrator: integrator.save(),
            device: integrator.save_device()?,
            marks,
            steps: [self.equilibration, self.production],
        };
        checkpoint.write(&self.folder)
    }

    fn foreign_checkpoint(&self) -> Error {
        Error::invalid(format!(
            "{}: the checkpoint belongs to another run, or to another version of mlmd; `--restart fresh` begins anew",
            self.folder.display()
        ))
    }
}

/// Has a structure velocities?
pub(crate) fn moves(system: &System) -> bool {
    system.velocities.iter().any(|v| *v != Vec3::zeros())
}

/// Deletes what tasks have written into a folder.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io(folder, "delete")(error)),
        _ => Ok(()),
    }
}
