//! The buffers of one system on a device, and the commands that evaluate it.

use super::demand::{Demand, Room};
use super::device::{Device, Words};
use super::model::{Model, Species};
use super::packing::{Lattice, Packed};
use crate::error::{Error, Result};
use crate::system::Vec3;
use rayon::prelude::*;
use std::ops::Range;
use wgpu::{BindGroup, Buffer, BufferUsages, CommandEncoderDescriptor, ComputePass, ComputePassDescriptor};

const STORAGE: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_DST);
const RESULT: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_SRC);
/// What kernels write, and the host as well.
pub(super) const SHARED: BufferUsages = STORAGE.union(BufferUsages::COPY_SRC);
pub(super) const UNIFORM: BufferUsages = BufferUsages::UNIFORM.union(BufferUsages::COPY_DST);
pub(super) const STAGING: BufferUsages = BufferUsages::MAP_READ.union(BufferUsages::COPY_DST);

/// A buffer that grows and never shrinks.
#[derive(Debug)]
pub(super) struct Growing {
    usage: BufferUsages,
    pub(super) buffer: Buffer,
}

impl Growing {
    pub(super) fn new(device: &Device, usage: BufferUsages) -> Result<Self> {
        Ok(Self { usage, buffer: device.buffer("nothing", 0, usage)? })
    }

    /// Makes room, and a tenth more where there is need for more than there was, if that is to be had. What stood there is
    /// lost: its memory is given back first, for there may not be enough for both.
    pub(super) fn reserve(&mut self, device: &Device, (what, bytes): Room) -> Result<()> {
        if bytes > self.buffer.size() {
            self.buffer.destroy();
            self.buffer = device.buffer("nothing", 0, self.usage)?;
            device.tidy();
            let generous = device.buffer(what, bytes + bytes / 10, self.usage);
            self.buffer = generous.or_else(|_| device.buffer(what, bytes, self.usage))?;
        }
        Ok(())
    }
}

/// Where results stand in what is read back, in words.
#[derive(Debug, Default)]
pub(super) struct Readback {
    pub(super) forces: usize,
    pub(super) energies: usize,
    pub(super) outside: usize,
    pub(super) virials: usize,
    /// How many sums of virials there are.
    pub(super) groups: usize,
    /// The atom of each slot.
    pub(super) atoms: Vec<u32>,
    /// All of it, bytes.
    bytes: u64,
}

/// The atoms of one species.
#[derive(Debug)]
struct Block {
    frame: Buffer,
    first: u32,
    count: u32,
    /// Where descriptors and what is kept begin, in numbers.
    descriptors: u32,
    kept: u32,
    bound: Option<[BindGroup; 3]>,
}

/// Everything on the device that depends on the system.
#[derive(Debug)]
pub(super) struct Evaluator {
    pub(super) positions: Growing,
    pub(super) rows: Growing,
    pub(super) list: Growing,
    pub(super) reverse: Growing,
    descriptors: Growing,
    gradients: Growing,
    kept: Growing,
    pairs: Growing,
    pub(super) virials: Growing,
    sums: Growing,
    pub(super) energies: Growing,
    pub(super) outside: Growing,
    pub(super) forces: Growing,
    staging: Growing,
    size: Buffer,
    blocks: Vec<Block>,
    gather: Option<BindGroup>,
    reduce: Option<BindGroup>,
    readback: Readback,
    words: Vec<u32>,
}

/// Slots whose virials one workgroup adds up.
const REDUCED: usize = 1024;

impl Evaluator {
    /// Empty buffers.
    pub(super) fn new(device: &Device, model: &Model) -> Result<Self> {
        let growing = |usage| Growing::new(device, usage);
        let block = |_| {
            let frame = device.buffer("frame", 80, UNIFORM)?;
            Ok(Block { frame, first: 0, count: 0, descriptors: 0, kept: 0, bound: None })
        };
        Ok(Self {
            positions: growing(SHARED)?,
            rows: growing(SHARED)?,
            list: growing(SHARED)?,
            reverse: growing(SHARED)?,
            descriptors: growing(RESULT)?,
            gradients: growing(BufferUsages::STORAGE)?,
            kept: growing(BufferUsages::STORAGE)?,
            pairs: growing(BufferUsages::STORAGE)?,
            virials: growing(RESULT)?,
            sums: growing(RESULT)?,
            energies: growing(RESULT)?,
            outside: growing(RESULT)?,
            forces: growing(SHARED)?,
            staging: growing(STAGING)?,
            size: device.buffer("size", 16, UNIFORM)?,
            blocks: model.species.iter().map(block).collect::<Result<_>>()?,
            gather: None,
            reduce: None,
            readback: Readback::default(),
            words: Vec::new(),
        })
    }

    /// The buffers, in the order of [`Evaluator::rooms`].
    fn growing(&mut self) -> [&mut Growing; 14] {
        [
            &mut self.positions,
            &mut self.rows,
            &mut self.list,
            &mut self.reverse,
            &mut self.descriptors,
            &mut self.gradients,
            &mut self.kept,
            &mut self.pairs,
            &mut self.virials,
            &mut self.sums,
            &mut self.energies,
            &mut self.outside,
            &mut self.forces,
            &mut self.staging,
        ]
    }

    /// What the buffers take for the atoms of each species and so many pairs.
    pub(super) fn rooms(model: &Model, counts: &[usize], pairs: usize) -> [Room; 14] {
        let n: usize = counts.iter().sum();
        let of_species = |each: fn(&Species) -> usize| -> usize {
            model.species.iter().zip(counts).map(|(species, count)| each(species) * count).sum()
        };
        let descriptors = of_species(|species| species.length);
        let sums = 9 * n.div_ceil(REDUCED);
        [
            ("positions", 4 * n),
            ("rows of the neighbour list", 4 * n),
            ("neighbours", 2 * pairs),
            ("reverse neighbours", pairs),
            ("descriptors", descriptors),
            ("derivatives by descriptors", descriptors),
            ("moments", of_species(|species| species.kept)),
            ("forces between pairs", model.pair * pairs),
            ("virials of atoms", 9 * n),
            ("sums of virials", sums),
            ("energies of atoms", n),
            ("counts of descriptors out of range", n),
            ("forces", 4 * n),
            ("results", 6 * n + sums),
        ]
        .map(|(what, words)| (what, 4 * words as u64))
    }

    /// Sends a neighbour list and makes room for what follows from it.
    pub(super) fn load(&mut self, device: &Device, model: &Model, packed: &Packed) -> Result<()> {
        let atoms = packed.rows.iter().step_by(4).copied().collect();
        self.arrange(device, model, atoms, &packed.starts, packed.reverse.len())?;
        device.write(&self.rows.buffer, &packed.rows);
        device.write(&self.list.buffer, &packed.list);
        device.write(&self.reverse.buffer, &packed.reverse);
        device.check()
    }

    /// Makes room for atoms in the order of their slots, the first slot of each species, and so many pairs.
    pub(super) fn arrange(
        &mut self,
        device: &Device,
        model: &Model,
        atoms: Vec<u32>,
        starts: &[u32],
        pairs: usize,
    ) -> Result<()> {
        let n = atoms.len();
        numbered(model.pair * pairs)?;
        let (mut descriptors, mut kept) = (0, 0);
        for ((block, species), ends) in self.blocks.iter_mut().zip(&model.species).zip(starts.windows(2)) {
            (block.first, block.count) = (ends[0], ends[1] - ends[0]);
            (block.descriptors, block.kept) = (numbered(descriptors)?, numbered(kept)?);
            descriptors += species.length * block.count as usize;
            kept += species.kept * block.count as usize;
        }
        numbered(descriptors)?;
        numbered(kept)?;
        let counts: Vec<usize> = starts.windows(2).map(|ends| (ends[1] - ends[0]) as usize).collect();
        let rooms = Self::rooms(model, &counts, pairs);
        device.admit(&Demand::new(n, rooms))?;
        for (growing, room) in self.growing().into_iter().zip(rooms) {
            growing.reserve(device, room)?;
        }
        let groups = n.div_ceil(REDUCED);
        self.readback = Readback {
            forces: 0,
            energies: 4 * n,
            outside: 5 * n,
            virials: 6 * n,
            groups,
            atoms,
            bytes: rooms[13].1,
        };
        device.write(&self.size, &[n as u32, 0, 0, 0]);

        for (block, species) in self.blocks.iter_mut().zip(&model.species) {
            let mut values = vec![
                &block.frame,
                &self.positions.buffer,
                &self.rows.buffer,
                &self.list.buffer,
                &species.tables,
                &self.descriptors.buffer,
            ];
            let mut pairs = values.clone();
            pairs[5] = &self.gradients.buffer;
            pairs.extend([&self.pairs.buffer, &self.virials.buffer]);
            if species.moments() {
                values.push(&self.kept.buffer);
                pairs.push(&self.kept.buffer);
            }
            let network = [
                &block.frame,
                &species.plan,
                &species.weights,
                &self.descriptors.buffer,
                &self.gradients.buffer,
                &self.energies.buffer,
                &self.outside.buffer,
            ];
            block.bound = Some([
                species.values.bind(device, &values),
                species.network.bind(device, &network),
                species.pairs.bind(device, &pairs),
            ]);
        }
        let gather =
            [&self.size, &self.rows.buffer, &self.reverse.buffer, &self.pairs.buffer, &self.forces.buffer];
        self.gather = Some(model.gather.bind(device, &gather));
        let reduce = [&self.size, &self.virials.buffer, &self.sums.buffer];
        self.reduce = Some(model.reduce.bind(device, &reduce));
        device.check()
    }

    /// The atom of each slot.
    pub(super) fn atoms(&self) -> &[u32] {
        &self.readback.atoms
    }

    /// Sends positions.
    pub(super) fn place(&mut self, device: &Device, positions: &[Vec3], species: &[u16], lattice: &Lattice) {
        self.words.clear();
        self.words.resize(4 * positions.len(), 0);
        let each = self.words.par_chunks_exact_mut(4).zip(positions).zip(species);
        each.with_min_len(4096).for_each(|((to, r), s)| to.copy_from_slice(&lattice.words(r, *s)));
        device.write(&self.positions.buffer, &self.words);
    }

    /// Sends the box and the members of the committee that count.
    pub(super) fn frame(&self, device: &Device, lattice: &Lattice, members: &Range<usize>) {
        for block in &self.blocks {
            device.write(&block.frame, &frame(lattice, block, members));
        }
    }

    /// The kernels from positions and list to energies, forces and the virials of atoms.
    pub(super) fn forces(&self, device: &Device, model: &Model, pass: &mut ComputePass<'_>) -> Result<()> {
        let Some(gather) = &self.gather else {
            return Err(Error::Internal("no neighbour list was sent to the device".into()));
        };
        for step in 0..3 {
            for (block, species) in self.blocks.iter().zip(&model.species) {
                if let Some(bound) = &block.bound {
                    let (kernel, groups) = match step {
                        0 => (&species.values, block.count),
                        1 => (&species.network, block.count.div_ceil(species.together)),
                        _ => (&species.pairs, block.count),
                    };
                    kernel.run(device, pass, &bound[step], groups);
                }
            }
        }
        model.gather.run(device, pass, gather, (self.readback.atoms.len() as u32).div_ceil(4));
        Ok(())
    }

    /// Evaluates the mean of some members of the committee and hands the results to `read`.
    pub(super) fn run<T>(
        &self,
        device: &Device,
        model: &Model,
        lattice: &Lattice,
        members: &Range<usize>,
        read: impl FnOnce(&Readback, Words<'_>) -> T,
    ) -> Result<T> {
        self.frame(device, lattice, members);
        let mut encoder = device.handle.create_command_encoder(&CommandEncoderDescriptor { label: None });
        let mut pass =
            encoder.begin_compute_pass(&ComputePassDescriptor { label: None, timestamp_writes: None });
        self.forces(device, model, &mut pass)?;
        if let Some(reduce) = &self.reduce {
            model.reduce.run(device, &mut pass, reduce, self.readback.groups as u32);
        }
        drop(pass);
        let Readback { forces, energies, outside, virials, groups, bytes, .. } = self.readback;
        let mut copy = |from: &Growing, at: usize, words: usize| {
            let bytes = 4 * words as u64;
            encoder.copy_buffer_to_buffer(&from.buffer, 0, &self.staging.buffer, 4 * at as u64, bytes);
        };
        copy(&self.forces, forces, energies - forces);
        copy(&self.energies, energies, outside - energies);
        copy(&self.outside, outside, virials - outside);
        copy(&self.sums, virials, 9 * groups);
        device.finish(encoder.finish(), &self.staging.buffer, bytes, |words| read(&self.readback, words))
    }

    /// Reads the descriptors of the last evaluation back: `each` is told species, atom, number and value.
    pub(super) fn descriptors(
        &self,
        device: &Device,
        model: &Model,
        mut each: impl FnMut(usize, u32, usize, f64),
    ) -> Result<()> {
        let total: usize =
            self.blocks.iter().zip(&model.species).map(|(b, s)| b.count as usize * s.length).sum();
        let bytes = 4 * total as u64;
        let staging = device.buffer("descriptors to be read", bytes, STAGING)?;
        let mut encoder = device.handle.create_command_encoder(&CommandEncoderDescriptor { label: None });
        encoder.copy_buffer_to_buffer(&self.descriptors.buffer, 0, &staging, 0, bytes);
        device.finish(encoder.finish(), &staging, bytes, |words| {
            for (center, (block, species)) in self.blocks.iter().zip(&model.species).enumerate() {
                let count = block.count as usize;
                for local in 0..count {
                    let atom = self.readback.atoms[block.first as usize + local];
                    for descriptor in 0..species.length {
                        let at = block.descriptors as usize + descriptor * count + local;
                        each(center, atom, descriptor, words.number(at));
                    }
                }
            }
        })
    }
}

/// A place that fits into a word.
fn numbered(place: usize) -> Result<u32> {
    u32::try_from(place).map_err(|_| Error::Device("the system is too large for a device to number".into()))
}

/// The uniform of one species.
fn frame(lattice: &Lattice, block: &Block, members: &Range<usize>) -> Vec<u32> {
    let mut words = Vec::with_capacity(20);
    for k in 0..3 {
        words.extend((0..3).map(|axis| (lattice.rows[(k, axis)] as f32).to_bits()));
        words.push(0);
    }
    words.extend([block.first, block.count, block.descriptors, block.kept]);
    words.extend([members.start as u32, members.end as u32, 0, 0]);
    words
}
