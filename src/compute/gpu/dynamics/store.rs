//! The buffers of a loop on a device, and what each kernel is given of them.

use super::layout::Layout;
use super::programs::Programs;
use super::state::look_words;
use super::{Drive, LONGEST};
use crate::compute::gpu::demand::{Demand, Room};
use crate::compute::gpu::device::Device;
use crate::compute::gpu::kernel::Kernel;
use crate::compute::gpu::memory::{Evaluator, Growing, SHARED, STAGING, UNIFORM};
use crate::compute::gpu::model::Model;
use crate::error::Result;
use wgpu::{BindGroup, Buffer, BufferUsages};

/// Words of `control` before those of the replicas.
pub(super) const HEADER: usize = 8;

/// Words of `world.wgsl`.
const WORLD: u64 = 192;

/// Buffers that live as long as the loop.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) evaluator: Evaluator,
    /// The atom of each slot, the first slot of each species, the slot of each atom.
    atoms: Vec<u32>,
    pub(super) starts: Vec<u32>,
    slots: Buffer,
    pub(super) replicas: usize,
    pub(super) members: usize,
    pub(super) world: Buffer,
    pub(super) control: Buffer,
    pub(super) motion: Buffer,
    pub(super) anchors: Buffer,
    pub(super) drive: Buffer,
    pub(super) log: Buffer,
    pub(super) scales: Buffer,
    pub(super) chain: Buffer,
    mode: Drive,
    centres: Buffer,
    parts: Buffer,
    pub(super) arguments: Buffer,
    pub(super) near: Buffer,
    pub(super) counts: Growing,
    members_of_bins: Growing,
    pub(super) staging: Growing,
    pub(super) bound: Option<Bound>,
}

/// What each kernel is given.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) first: BindGroup,
    pub(super) between: Option<[BindGroup; 2]>,
    pub(super) begin: BindGroup,
    pub(super) bins: BindGroup,
    pub(super) search: BindGroup,
    pub(super) reverse: BindGroup,
    pub(super) second: BindGroup,
    pub(super) before: Option<[BindGroup; 2]>,
    pub(super) thermostat: Option<[BindGroup; 2]>,
}

impl Store {
    /// Room for replicas of atoms of these species.
    pub(super) fn new(
        device: &Device,
        model: &Model,
        species: &[u16],
        replicas: usize,
        members: usize,
        drive: Drive,
    ) -> Result<Self> {
        let n = species.len();
        let all = replicas * n;
        let mut atoms: Vec<u32> = (0..all as u32).collect();
        atoms.sort_by_key(|atom| species[*atom as usize % n]);
        let starts = (0..=model.species.len())
            .map(|s| atoms.partition_point(|atom| usize::from(species[*atom as usize % n]) < s) as u32)
            .collect();
        let mut slots = vec![0; all];
        for (slot, atom) in atoms.iter().enumerate() {
            slots[*atom as usize] = slot as u32;
        }
        let [slots_room, control, motion, anchors, records, log, scales, chain, centres, parts] =
            Self::rooms(n, replicas, drive);
        let buffer = |(what, bytes): Room, usage| device.buffer(what, bytes, usage);
        Ok(Self {
            evaluator: Evaluator::new(device, model)?,
            atoms,
            starts,
            slots: device.constant(slots_room.0, &slots)?,
            replicas,
            members,
            world: device.buffer("world", WORLD, UNIFORM)?,
            control: buffer(control, SHARED)?,
            motion: buffer(motion, SHARED)?,
            anchors: buffer(anchors, SHARED)?,
            drive: buffer(records, SHARED)?,
            log: buffer(log, SHARED)?,
            scales: buffer(scales, SHARED)?,
            chain: buffer(chain, SHARED)?,
            mode: drive,
            centres: buffer(centres, SHARED)?,
            parts: buffer(parts, SHARED)?,
            arguments: buffer(("arguments", 24), SHARED.union(BufferUsages::INDIRECT))?,
            near: buffer(("near neighbours", 4 * model.species.len() as u64), SHARED)?,
            counts: Growing::new(device, SHARED)?,
            members_of_bins: Growing::new(device, SHARED)?,
            staging: Growing::new(device, STAGING)?,
            bound: None,
        })
    }

    /// What stays as large as it is, in the order in which it is made.
    fn rooms(n: usize, replicas: usize, drive: Drive) -> [Room; 10] {
        let all = replicas * n;
        [
            ("slots of atoms", all),
            ("control", HEADER + 2 * replicas),
            ("motion of atoms", 12 * all),
            ("anchors of the list", 4 * all),
            ("drive", 8 * LONGEST * replicas),
            ("log of steps", 4 * LONGEST * replicas),
            ("scales", 2 * replicas),
            ("chains", 3 * drive.links() * replicas),
            ("centres of mass", 4 * replicas),
            ("parts of sums", 8 * replicas * n.div_ceil(64)),
        ]
        .map(|(what, words)| (what, 4 * words as u64))
    }

    /// What grows with the lists: bins, and the atoms in them.
    fn bins(layout: &Layout, replicas: usize) -> [Room; 2] {
        let bins = 4 * (replicas * layout.bin_count()) as u64;
        [("bins", bins), ("atoms in bins", bins * u64::from(layout.bin_room))]
    }

    /// What all of it takes for replicas of atoms of these species, before lists grow.
    pub(super) fn demand(
        model: &Model,
        layout: &Layout,
        species: &[u16],
        replicas: usize,
        drive: Drive,
    ) -> Demand {
        let n = species.len();
        let mut counts = vec![0; model.species.len()];
        for kind in species {
            counts[usize::from(*kind)] += replicas;
        }
        let all = replicas * n;
        let pairs = all * layout.row_room as usize;
        let read = ("state of atoms", 4 * look_words(all, replicas, drive) as u64);
        let rooms = Evaluator::rooms(model, &counts, pairs).into_iter();
        let own = Self::rooms(n, replicas, drive).into_iter().chain(Self::bins(layout, replicas));
        Demand::new(all, rooms.chain(own).chain([read]))
    }

    /// Makes room for lists and bins, and binds everything.
    pub(super) fn arrange(
        &mut self,
        device: &Device,
        model: &Model,
        programs: &Programs,
        layout: &Layout,
        n: usize,
    ) -> Result<()> {
        let all = self.replicas * n;
        let pairs = all * layout.row_room as usize;
        self.evaluator.arrange(device, model, self.atoms.clone(), &self.starts, pairs)?;
        let [counts, members] = Self::bins(layout, self.replicas);
        self.counts.reserve(device, counts)?;
        self.members_of_bins.reserve(device, members)?;
        // A row that nobody has filled yet is empty.
        let rows: Vec<u32> = self.atoms.iter().flat_map(|atom| [*atom, 0, 0, 0]).collect();
        device.write(&self.evaluator.rows.buffer, &rows);
        device.write(&self.counts.buffer, &vec![0; self.replicas * layout.bin_count()]);
        self.bound = Some(self.bind(device, programs));
        Ok(())
    }

    fn bind(&self, device: &Device, programs: &Programs) -> Bound {
        let forces = &self.evaluator;
        let shared = [&self.world, &self.control];
        let bind = |kernel: &Kernel, more: &[&Buffer]| kernel.bind(device, &[&shared[..], more].concat());
        let (positions, rows, list) = (&forces.positions.buffer, &forces.rows.buffer, &forces.list.buffer);
        let moving = [positions, &self.motion, &forces.forces.buffer];
        let bind_moving = |kernel: &Kernel, more: &[&Buffer]| bind(kernel, &[&moving[..], more].concat());
        let rescale = [&self.anchors, &self.scales];
        let first = if programs.between.is_some() {
            bind_moving(&programs.first, &[&self.drive, &self.parts])
        } else {
            bind_moving(&programs.first, &rescale)
        };
        Bound {
            first,
            between: programs.between.as_ref().map(|[momentum, drift]| {
                [
                    bind(momentum, &[&self.parts, &self.centres, &self.log]),
                    bind_moving(drift, &[&self.anchors, &self.centres]),
                ]
            }),
            begin: bind(&programs.begin, &[&self.arguments]),
            bins: bind(
                &programs.bins,
                &[positions, &self.anchors, &self.counts.buffer, &self.members_of_bins.buffer],
            ),
            search: bind(
                &programs.search,
                &[&self.anchors, &self.counts.buffer, &self.members_of_bins.buffer, rows, list, &self.near],
            ),
            reverse: bind(
                &programs.reverse,
                &[rows, list, &self.slots, &forces.reverse.buffer, &self.counts.buffer],
            ),
            second: bind_moving(&programs.second, &[&self.parts]),
            before: programs.before.as_ref().map(|[kinetic, chain]| {
                [
                    bind_moving(kinetic, &[&self.anchors, &self.scales, &self.parts]),
                    bind(chain, &[&self.parts, &self.drive, &self.scales, &self.chain, &self.log]),
                ]
            }),
            thermostat: programs.thermostat.as_ref().map(|[find, finish]| {
                // What it remembers, and what the host is to know.
                let last: &[&Buffer] =
                    if self.mode == Drive::Csvr { &[&self.log] } else { &[&self.chain, &self.log] };
                let found = [&self.parts, &self.drive, &self.scales];
                [bind(find, &[&found[..], last].concat()), bind_moving(finish, &rescale)]
            }),
        }
    }
}
