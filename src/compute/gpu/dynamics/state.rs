//! Atoms to words and back.

use super::layout::SAVED;
use super::{Drive, Dynamics, Moment, Start};
use crate::compute::gpu::device::Words;
use crate::compute::gpu::potential::extrapolation;
use crate::error::Result;
use crate::potential::Extrapolation;
use crate::system::{Mat3, System, Vec3};
use crate::units::AMU_ANGSTROM2_PER_FS2;
use wgpu::{Buffer, CommandEncoderDescriptor};

/// Units of velocity in 1 Å/fs.
const UNITS: f64 = (1_u64 << 30) as f64;

/// The greatest speed along an axis, in units of velocity: what is faster is lost.
const FASTEST: f64 = 2.0e9;

/// Words of an atom in what [`Dynamics::save`] gives: anchor, position (upper, lower words), velocity, images.
const PER_ATOM: usize = 15;

/// Words that a look reads back of so many atoms of all replicas.
pub(super) fn look_words(atoms: usize, replicas: usize, drive: Drive) -> usize {
    35 * atoms + 3 * drive.links() * replicas
}

/// Everything the device has about the atoms after a step.
#[derive(Debug)]
pub(super) struct Snapshot {
    words: Vec<u32>,
    /// Atoms of all replicas.
    atoms: usize,
    slots: Vec<u32>,
    extrapolation: Vec<Extrapolation>,
}

impl Snapshot {
    fn triple(&self, at: usize) -> [u32; 3] {
        [self.words[at], self.words[at + 1], self.words[at + 2]]
    }

    fn number(&self, at: usize) -> f64 {
        f64::from(f32::from_bits(self.words[at]))
    }

    fn position(&self, atom: usize) -> [u32; 3] {
        self.triple(4 * atom)
    }

    fn anchor(&self, atom: usize) -> [u32; 3] {
        self.triple(4 * (self.atoms + atom))
    }

    /// Lower words of the position, velocity, images.
    fn motion(&self, atom: usize) -> [[u32; 3]; 3] {
        [0, 4, 8].map(|k| self.triple(8 * self.atoms + 12 * atom + k))
    }

    fn force(&self, atom: usize) -> Vec3 {
        Vec3::from_fn(|k, _| self.number(20 * self.atoms + 4 * atom + k))
    }

    /// The energy of repulsion of an atom.
    fn repulsion(&self, atom: usize) -> f64 {
        self.number(20 * self.atoms + 4 * atom + 3)
    }

    fn energy(&self, slot: usize) -> f64 {
        self.number(24 * self.atoms + slot)
    }

    fn outside(&self, slot: usize) -> u32 {
        self.words[25 * self.atoms + slot]
    }

    fn virial(&self, slot: usize) -> Mat3 {
        Mat3::from_fn(|row, column| self.number(26 * self.atoms + 9 * slot + 3 * row + column))
    }

    /// Places, then rates of a chain of so many links.
    fn chain(&self, replica: usize, links: usize) -> Vec<f64> {
        let at = |k: usize| 35 * self.atoms + 3 * (replica * links + k);
        let place = |k: usize| {
            f64::from(self.words[at(k)] as i32) + f64::from(self.words[at(k) + 1]) * 2.0_f64.powi(-32)
        };
        (0..links).map(place).chain((0..links).map(|k| self.number(at(k) + 2))).collect()
    }

    fn fixed(&self, atom: usize) -> [u64; 3] {
        let (upper, [lower, ..]) = (self.position(atom), self.motion(atom));
        [0, 1, 2].map(|k| u64::from(upper[k]) << 32 | u64::from(lower[k]))
    }
}

impl Dynamics {
    /// What the kernels know: `world.wgsl`.
    pub(super) fn world(&self) -> Vec<u32> {
        let (layout, n) = (&self.layout, self.species.len());
        let mut words = Vec::with_capacity(48);
        let mut reals = |values: [f64; 4]| words.extend(values.map(|x| (x as f32).to_bits()));
        for k in 0..3 {
            let row = layout.lattice.rows.row(k);
            reals([row[0], row[1], row[2], 0.0]);
        }
        // Units of velocity to 2⁻³² of the box in a step.
        let factor = self.settings.timestep * 2.0_f64.powi(32) / UNITS;
        for a in 0..3 {
            let row = layout.lattice.inverse.row(a) * factor;
            reals([row[0], row[1], row[2], 0.0]);
        }
        let groups = n.div_ceil(64);
        let periodic = (0..3).filter(|k| layout.periodic[*k]).map(|k| 1 << k).sum();
        words.extend([n as u32, self.replicas as u32, groups as u32, periodic]);
        words.extend(layout.bins);
        words.push(layout.bin_room);
        words.extend(layout.look);
        words.push(layout.row_room);
        words.extend(self.device.grid((groups * self.replicas) as u32));
        words.extend(self.device.grid(self.atoms() as u32));
        // A little less than half the skin, for rounding.
        let allowed = 0.499 * self.settings.skin;
        let mut reals = |values: [f64; 4]| words.extend(values.map(|x| (x as f32).to_bits()));
        reals([self.reach.powi(2), allowed.powi(2), super::layout::FREEDOM, FASTEST]);
        let whole: f64 = self.template.masses.iter().map(|mass| half_mass(*mass)).sum();
        let momentum = if self.settings.fixed.is_empty() { 1.0 } else { 0.0 };
        reals([whole, momentum, 0.0, 0.0]);
        words
    }

    /// Sends the replicas, and asks for lists: where they are, or where they were made before the state was saved.
    pub(super) fn place(&mut self, starts: &[Start<'_>]) {
        let (n, dt) = (self.species.len(), self.settings.timestep);
        let (mut positions, mut anchors) = (Vec::new(), Vec::new());
        let mut motion = Vec::with_capacity(12 * self.atoms());
        let mut wanted = Vec::new();
        for start in starts {
            let system = start.system;
            let saved = start.saved.get(SAVED..).filter(|words| words.len() == PER_ATOM * n);
            wanted.push(if saved.is_some() { 2 } else { 1 });
            for atom in 0..n {
                let species = u32::from(self.species[atom]);
                let kick = 0.5 * dt * UNITS / (AMU_ANGSTROM2_PER_FS2 * self.template.masses[atom]);
                let kick = if self.settings.fixed.binary_search(&atom).is_ok() { 0.0 } else { kick };
                let mass = half_mass(self.template.masses[atom]);
                let [anchor, upper, lower, velocity, image] = if let Some(words) = saved {
                    let words = &words[PER_ATOM * atom..][..PER_ATOM];
                    [0, 3, 6, 9, 12].map(|k| [words[k], words[k + 1], words[k + 2]])
                } else {
                    let fixed = self.layout.fixed(&system.positions[atom]);
                    let upper = fixed.map(|x| (x >> 32) as u32);
                    let velocity = units_of_velocity(&system.velocities[atom]);
                    let image = [0, 1, 2]
                        .map(|k| if self.layout.periodic[k] { system.images[atom][k] as u32 } else { 0 });
                    [upper, upper, fixed.map(|x| x as u32), velocity, image]
                };
                positions.extend([upper[0], upper[1], upper[2], species]);
                anchors.extend([anchor[0], anchor[1], anchor[2], species]);
                motion.extend([lower[0], lower[1], lower[2], (kick as f32).to_bits()]);
                motion.extend([velocity[0], velocity[1], velocity[2], (mass as f32).to_bits()]);
                motion.extend([image[0], image[1], image[2], 0]);
            }
        }
        self.device.write(&self.store.evaluator.positions.buffer, &positions);
        self.device.write(&self.store.anchors, &anchors);
        self.device.write(&self.store.motion, &motion);
        self.device.write(&self.store.scales, &vec![0; 2 * self.replicas]);
        let links = self.settings.drive.links();
        let mut chains = Vec::new();
        for start in starts {
            for k in 0..links {
                let number = |at: usize| start.chain.get(at).copied().unwrap_or(0.0);
                let place = number(k);
                let part = ((place - place.floor()) * 2.0_f64.powi(32)) as u32;
                chains.extend([place.floor() as i32 as u32, part, (number(links + k) as f32).to_bits()]);
            }
        }
        self.device.write(&self.store.chain, &chains);
        self.ask(&wanted);
    }

    /// Says whose lists are to be made, and who moves; the words before are zero. Nobody asks for lists that have no room.
    pub(super) fn ask(&self, wanted: &[u32]) {
        let moving = self.moving.iter().map(|moves| u32::from(*moves));
        let wanted =
            wanted.iter().zip(&self.crowded).map(|(w, crowded)| if crowded.is_some() { 0 } else { *w });
        let words: Vec<u32> = [0; super::store::HEADER].into_iter().chain(wanted).chain(moving).collect();
        self.device.write(&self.store.control, &words);
    }

    /// Reads everything back, if that was not done since the last step.
    fn look(&mut self) -> Result<&Snapshot> {
        if self.snapshot.is_none() {
            let n = self.atoms();
            let total = look_words(n, self.replicas, self.settings.drive);
            let links = total - look_words(n, 0, self.settings.drive);
            let store = &mut self.store;
            let bytes = 4 * total as u64;
            store.staging.reserve(&self.device, ("state of atoms", bytes))?;
            let mut encoder =
                self.device.handle.create_command_encoder(&CommandEncoderDescriptor { label: None });
            let forces = &store.evaluator;
            let parts: [(&Buffer, usize); 8] = [
                (&forces.positions.buffer, 4 * n),
                (&store.anchors, 4 * n),
                (&store.motion, 12 * n),
                (&forces.forces.buffer, 4 * n),
                (&forces.energies.buffer, n),
                (&forces.outside.buffer, n),
                (&forces.virials.buffer, 9 * n),
                (&store.chain, links),
            ];
            let mut at = 0;
            for (buffer, words) in parts {
                let length = 4 * words as u64;
                encoder.copy_buffer_to_buffer(buffer, 0, &store.staging.buffer, at, length);
                at += length;
            }
            let copy = |words: Words<'_>| (0..total).map(|at| words.word(at)).collect();
            let words = self.device.finish(encoder.finish(), &store.staging.buffer, bytes, copy)?;
            let slots = forces.atoms().to_vec();
            let mut snapshot = Snapshot { words, atoms: n, slots, extrapolation: Vec::new() };
            if (0..n).any(|slot| snapshot.outside(slot) > 0) {
                snapshot.extrapolation = extrapolation(&self.device, &self.model, forces)?;
            }
            self.snapshot = Some(snapshot);
        }
        self.snapshot.as_ref().ok_or_else(|| crate::Error::Internal("nothing was read back".into()))
    }

    /// The words of `motion` in `kernels/motion.wgsl` of all atoms.
    pub(super) fn motion(&mut self) -> Result<Vec<u32>> {
        let snapshot = self.look()?;
        Ok(snapshot.words[8 * snapshot.atoms..20 * snapshot.atoms].to_vec())
    }

    /// Brings positions, velocities and images of a system up to date with a replica, and says what was found there.
    pub fn read(&mut self, replica: usize, system: &mut System) -> Result<Moment> {
        let n = self.species.len();
        let first = replica * n;
        self.look()?;
        let Some(snapshot) = &self.snapshot else { return Ok(Moment::default()) };
        for atom in 0..n {
            let [_, velocity, image] = snapshot.motion(first + atom);
            let image = image.map(|word| word as i32);
            system.positions[atom] = self.layout.position(snapshot.fixed(first + atom), image);
            system.velocities[atom] =
                Vec3::from_iterator(velocity.iter().map(|v| f64::from(*v as i32) / UNITS));
            system.images[atom] = [0, 1, 2].map(|k| if self.layout.periodic[k] { image[k] } else { 0 });
        }
        let mut moment = Moment {
            forces: (0..n).map(|atom| snapshot.force(first + atom)).collect(),
            chain: snapshot.chain(replica, self.settings.drive.links()),
            ..Moment::default()
        };
        // The slots of a species are those of one replica after another, each in the order of its atoms.
        for (ends, offset) in self.store.starts.windows(2).zip(&self.offsets) {
            let each = (ends[1] - ends[0]) as usize / self.replicas;
            let begin = ends[0] as usize + replica * each;
            for slot in begin..begin + each {
                moment.energy += snapshot.energy(slot) + snapshot.repulsion(snapshot.slots[slot] as usize);
                moment.energy += offset;
                moment.virial += snapshot.virial(slot);
            }
        }
        let own = first as u32..(first + n) as u32;
        moment.extrapolation.extend(
            snapshot
                .extrapolation
                .iter()
                .filter(|one| own.contains(&one.atom))
                .map(|one| Extrapolation { atom: one.atom - own.start, ..*one }),
        );
        Ok(moment)
    }

    /// The state of a replica to the last bit: what [`Start::saved`] takes.
    pub fn save(&mut self, replica: usize) -> Result<Vec<u32>> {
        let n = self.species.len();
        let mut words = self.layout.save();
        let snapshot = self.look()?;
        for atom in replica * n..(replica + 1) * n {
            words.extend(snapshot.anchor(atom));
            words.extend(snapshot.position(atom));
            words.extend(snapshot.motion(atom).as_flattened());
        }
        Ok(words)
    }
}

/// A velocity in Å/fs as a device has it.
pub(super) fn units_of_velocity(v: &Vec3) -> [u32; 3] {
    [v.x, v.y, v.z].map(|v| (v * UNITS).round() as i32 as u32)
}

/// Half a mass, in eV per squared unit of velocity.
fn half_mass(mass: f64) -> f64 {
    0.5 * mass * AMU_ANGSTROM2_PER_FS2 / (UNITS * UNITS)
}
