//! A stretch of steps without a look in between, and what is done when it stops early.

use super::layout::Layout;
use super::store::{Bound, HEADER};
use super::{Drive, Dynamics, LONGEST, Record, Start, programs};
use crate::compute::gpu::device::Words;
use crate::error::{Error, Result};
use wgpu::{CommandEncoderDescriptor, ComputePass, ComputePassDescriptor};

/// Where a stretch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begin {
    /// With a step.
    Step,
    /// In the middle of a step, with its new positions.
    Middle,
    /// There too, and it ends with the forces.
    Evaluation,
}

/// Why kernels stopped: the words of `world.wgsl`.
const NO_ROOM: u32 = 1;
const OUTSIDE: u32 = 2;

/// The word that says whether any list is to be made.
const ANY: usize = 5;

/// Steps that are handed to the device together: it works on them while the next are encoded.
const SENT: usize = 32;

/// What the kernels left behind.
struct Left {
    control: Vec<u32>,
    log: Vec<[f64; 2]>,
}

impl Dynamics {
    /// Takes all replicas that move `steps` steps further; `records` are those of the first step for each replica, then
    /// those of the second and so on. Returns what `kernels/csvr.wgsl`, `kernels/langevin.wgsl` or
    /// `kernels/nose_hoover.wgsl` have noted of each: kinetic energy and relative change of velocities, kinetic energies
    /// before and after, or kinetic energy and places of the chain, by kT.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails or has no more room.
    pub fn advance(&mut self, steps: usize, records: &[Record]) -> Result<Vec<[f64; 2]>> {
        if steps > LONGEST || records.len() != steps * self.replicas {
            return Err(Error::Internal(format!("{steps} steps with {} records", records.len())));
        }
        self.snapshot = None;
        let mut log = vec![[0.0; 2]; records.len()];
        let (mut done, mut begin) = (0, Begin::Step);
        while done < steps {
            let rest = &records[done * self.replicas..];
            let left = self.submit(steps - done, rest, begin)?;
            let halted = left.control[0] != 0;
            let begun = left.control[3] as usize;
            // The first half of a Langevin step has noted what it did, and is not repeated.
            let known = if begin == Begin::Middle && self.settings.drive == Drive::Langevin {
                self.replicas
            } else {
                0
            };
            let at = done * self.replicas;
            let until = begun * self.replicas;
            if known < until && !left.log.is_empty() {
                log[at + known..at + until].copy_from_slice(&left.log[known..until]);
            }
            if !halted {
                break;
            }
            done += begun - 1;
            begin = Begin::Middle;
            if let Err(error) = self.make_room(&left.control) {
                self.go_on_without(&left.control, error)?;
            }
        }
        Ok(log)
    }

    /// Makes the lists that are asked for and computes the forces.
    pub(super) fn evaluate(&mut self) -> Result<()> {
        self.snapshot = None;
        loop {
            let left = self.submit(1, &[], Begin::Evaluation)?;
            if left.control[0] == 0 {
                self.ask(&vec![0; self.replicas]);
                return self.device.check();
            }
            self.make_room(&left.control)?;
        }
    }

    /// Does what stopped kernels ask for, so that they can go on in the middle of the step.
    fn make_room(&mut self, control: &[u32]) -> Result<()> {
        match control[0] {
            NO_ROOM => {
                self.grown += 1;
                self.layout.grow(control[1], control[2]);
                self.programs.search = programs::search(&self.device, self.layout.row_room)?;
                self.arrange()?;
                self.ask(&made_again(control, self.replicas));
                Ok(())
            }
            OUTSIDE => self.widen(),
            other => Err(Error::Internal(format!("kernels stopped for a reason {other}"))),
        }
    }

    /// Leaves the replica that wants most room behind, where there is none: it may have collapsed, which is no reason to end
    /// the others. They go on with the room that there was, and what else wants more asks again.
    fn go_on_without(&mut self, control: &[u32], error: Error) -> Result<()> {
        let Error::Device(reason) = error else { return Err(error) };
        let moving = &control[HEADER + self.replicas..];
        let worst = (0..self.replicas).filter(|r| moving[*r] > 1).max_by_key(|r| moving[*r]);
        let (NO_ROOM, Some(worst)) = (control[0], worst) else { return Err(Error::Device(reason)) };
        let others = (0..self.replicas).any(|r| r != worst && self.moving[r]);
        if !others || self.device.check().is_err() {
            return Err(Error::Device(reason));
        }
        self.moving[worst] = false;
        self.crowded[worst] = Some(reason);
        [self.layout.bin_room, self.layout.row_room] = self.room;
        self.programs.search = programs::search(&self.device, self.layout.row_room)?;
        self.arrange()?;
        self.ask(&made_again(control, self.replicas));
        Ok(())
    }

    /// A larger box for atoms that have left it along a direction that is not periodic.
    fn widen(&mut self) -> Result<()> {
        let mut systems = vec![self.template.clone(); self.replicas];
        let mut chains = Vec::new();
        for (replica, system) in systems.iter_mut().enumerate() {
            chains.push(self.read(replica, system)?.chain);
        }
        self.snapshot = None;
        let everywhere: Vec<_> = systems.iter().flat_map(|system| system.positions.iter().copied()).collect();
        let room = (self.layout.bin_room, self.layout.row_room);
        self.layout = Layout::new(&self.template.cell, &everywhere, self.reach)?;
        self.layout.bin_room = self.layout.bin_room.max(room.0);
        self.layout.row_room = room.1;
        self.arrange()?;
        let starts: Vec<_> =
            systems.iter().zip(&chains).map(|(system, chain)| Start { system, saved: &[], chain }).collect();
        self.place(&starts);
        Ok(())
    }

    /// Encodes and runs, and waits after the last step.
    fn submit(&mut self, steps: usize, records: &[Record], begin: Begin) -> Result<Left> {
        let logged = if self.settings.drive == Drive::Constant { 0 } else { steps * self.replicas };
        let words = HEADER + 2 * self.replicas;
        let bytes = 4 * (words + 4 * logged) as u64;
        self.store.staging.reserve(&self.device, ("log of steps", bytes))?;
        let store = &self.store;
        let Some(bound) = &store.bound else {
            return Err(Error::Internal("dynamics without lists".into()));
        };
        // What the last stretch left; what the replicas are to do stays, and the first step asks each whether its list
        // is to be made.
        let mut header = [0; HEADER];
        header[ANY] = 1;
        self.device.write(&store.control, &header);
        self.device.write(&store.drive, records.as_flattened());
        let new = || self.device.handle.create_command_encoder(&CommandEncoderDescriptor { label: None });
        let pass = ComputePassDescriptor { label: None, timestamp_writes: None };
        let mut encoder = new();
        for first in (0..steps).step_by(SENT) {
            if first > 0 {
                let full = std::mem::replace(&mut encoder, new());
                self.device.queue.submit([full.finish()]);
            }
            let mut pass = encoder.begin_compute_pass(&pass);
            for step in first..steps.min(first + SENT) {
                if step > 0 || begin == Begin::Step {
                    self.first_half(&mut pass, bound);
                }
                self.lists(&mut pass, bound);
                store.evaluator.forces(&self.device, &self.model, &mut pass)?;
                if begin != Begin::Evaluation {
                    self.second_half(&mut pass, bound);
                }
            }
        }
        if let (Some([_, finish]), Some([_, bound])) = (&self.programs.thermostat, &bound.thermostat) {
            finish.run(&self.device, &mut encoder.begin_compute_pass(&pass), bound, self.groups());
        }
        // What was left to do is done.
        encoder.clear_buffer(&store.scales, 0, None);
        encoder.copy_buffer_to_buffer(&store.control, 0, &store.staging.buffer, 0, 4 * words as u64);
        if logged > 0 {
            let length = 16 * logged as u64;
            encoder.copy_buffer_to_buffer(&store.log, 0, &store.staging.buffer, 4 * words as u64, length);
        }
        let replicas = self.replicas;
        let (left, moving) =
            self.device.finish(encoder.finish(), &store.staging.buffer, bytes, |read: Words<'_>| {
                let control: Vec<u32> = (0..words).map(|at| read.word(at)).collect();
                let entry = |k: usize| [read.number(words + 4 * k), read.number(words + 4 * k + 1)];
                let moving = control[HEADER + replicas..].iter().map(|word| *word != 0).collect();
                (Left { log: (0..logged).map(entry).collect(), control }, moving)
            })?;
        self.moving = moving;
        Ok(left)
    }

    /// Workgroups of the kernels that have a thread for an atom.
    fn groups(&self) -> u32 {
        (self.replicas * self.species.len().div_ceil(64)) as u32
    }

    fn first_half(&self, pass: &mut ComputePass<'_>, bound: &Bound) {
        let (device, groups) = (&*self.device, self.groups());
        if let (Some([kinetic, chain]), Some([atoms, replicas])) = (&self.programs.before, &bound.before) {
            kinetic.run(device, pass, atoms, groups);
            chain.run(device, pass, replicas, self.replicas as u32);
        }
        self.programs.first.run(device, pass, &bound.first, groups);
        if let (Some([momentum, drift]), Some([replicas, atoms])) = (&self.programs.between, &bound.between) {
            momentum.run(device, pass, replicas, self.replicas as u32);
            drift.run(device, pass, atoms, groups);
        }
    }

    fn lists(&self, pass: &mut ComputePass<'_>, bound: &Bound) {
        let arguments = &self.store.arguments;
        self.programs.begin.run(&self.device, pass, &bound.begin, 1);
        self.programs.bins.run_indirect(pass, &bound.bins, arguments, 0);
        self.programs.search.run_indirect(pass, &bound.search, arguments, 12);
        self.programs.reverse.run_indirect(pass, &bound.reverse, arguments, 12);
    }

    fn second_half(&self, pass: &mut ComputePass<'_>, bound: &Bound) {
        self.programs.second.run(&self.device, pass, &bound.second, self.groups());
        if let (Some([find, _]), Some([replicas, _])) = (&self.programs.thermostat, &bound.thermostat) {
            find.run(&self.device, pass, replicas, self.replicas as u32);
        }
    }
}

/// Whose lists are to be made where rows have moved: those that were complete are made again from where they were made.
fn made_again(control: &[u32], replicas: usize) -> Vec<u32> {
    control[HEADER..HEADER + replicas].iter().map(|wanted| if *wanted == 0 { 2 } else { *wanted }).collect()
}
