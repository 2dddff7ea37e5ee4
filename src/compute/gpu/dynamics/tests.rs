//! Lists that a device makes against those of the CPU, and random numbers against those of the CPU.

use super::*;
use crate::compute::gpu::kernel::{Constants, Kernel, Use, files, source};
use crate::compute::gpu::memory::{SHARED, STAGING};
use crate::descriptors::{Moments, MomentsSize, Scaling, ScalingKind, Statistics};
use crate::neighbors::{NeighborList, Pair};
use crate::potential::{
    Activation, AtomicNetwork, DescriptorSet, Layer, Network, NeuralModel, Output, Potential,
};
use crate::random::{Philox, Purpose, philox4x32};
use crate::system::{Cell, Element};
use crate::units::FileUnits;
use wgpu::{CommandEncoderDescriptor, ComputePassDescriptor};

/// The device of this machine, or `None` after saying that the test is skipped.
fn device() -> Option<Arc<Device>> {
    let device = Device::open().unwrap();
    if device.is_none() {
        eprintln!("skipped: there is no graphics processor, not even one that a program plays");
    }
    device
}

/// A potential of two elements whose networks are of no interest.
pub(crate) fn potential(device: &Arc<Device>) -> GpuPotential {
    GpuPotential::new(Arc::clone(device), model()).unwrap()
}

/// Its model.
pub(crate) fn model() -> Arc<NeuralModel> {
    let elements: Vec<Element> = ["Li", "N"].map(|symbol| symbol.parse().unwrap()).to_vec();
    let descriptor =
        DescriptorSet::Moments(Moments::standard(elements, 3.5, 3.0, MomentsSize::Small).unwrap());
    let atom = |center: usize| {
        let inputs = descriptor.len(center);
        let weights = (0..inputs).map(|k| 0.01 * (k % 7) as f64).collect();
        let layers = vec![Layer { weights, biases: vec![0.0], activation: Activation::Linear }];
        let statistics = Statistics { min: -1e3, max: 1e3, mean: 0.0, spread: 1.0 };
        AtomicNetwork {
            scaling: Scaling::new(ScalingKind::None, [0.0, 1.0], vec![statistics; inputs]).unwrap(),
            network: Network::new(inputs, layers, false).unwrap(),
            output: Output::default(),
        }
    };
    let units = FileUnits { energy: 1.0, length: 1.0 };
    Arc::new(NeuralModel::new(units, descriptor.clone(), vec![vec![atom(0), atom(1)]]).unwrap())
}

/// Atoms anywhere in a cell, but not at the same place.
pub(crate) fn anywhere(cell: &Cell, atoms: usize, seed: u64) -> System {
    let elements = ["Li", "N"].map(|symbol| symbol.parse::<Element>().unwrap());
    let mut random = Philox::new(seed, Purpose::General, 0, 0);
    let positions = (0..atoms).map(|_| cell.cartesian(&Vec3::from_fn(|_, _| random.uniform()))).collect();
    System::new(cell.clone(), (0..atoms).map(|i| elements[i % 2]).collect(), positions).unwrap()
}

fn settings() -> Settings {
    Settings { timestep: 1.0, skin: 0.4, drive: Drive::Constant, fixed: Vec::new() }
}

impl Dynamics {
    /// Words of a buffer.
    fn words(&self, buffer: &wgpu::Buffer, count: usize) -> Vec<u32> {
        let staging = self.device.buffer("words", 4 * count as u64, STAGING).unwrap();
        let mut encoder =
            self.device.handle.create_command_encoder(&CommandEncoderDescriptor { label: None });
        encoder.copy_buffer_to_buffer(buffer, 0, &staging, 0, 4 * count as u64);
        let bytes = 4 * count as u64;
        self.device
            .finish(encoder.finish(), &staging, bytes, |words| (0..count).map(|k| words.word(k)).collect())
            .unwrap()
    }

    /// The list as the device has it: for each atom, neighbours and fractional vectors in eighths; and whether the
    /// reverse of every pair is its reverse.
    fn neighbors(&self) -> Vec<Vec<(u32, [i32; 3])>> {
        let n = self.atoms();
        let forces = &self.store.evaluator;
        let rows = self.words(&forces.rows.buffer, 4 * n);
        let pairs = n * self.layout.row_room as usize;
        let list = self.words(&forces.list.buffer, 2 * pairs);
        let reverse = self.words(&forces.reverse.buffer, pairs);
        let eighths = |word: u32| [22, 12, 2].map(|shift| (word << shift) as i32 >> 22);
        let mut owner = vec![u32::MAX; pairs];
        for row in rows.chunks_exact(4) {
            (row[1]..row[3]).for_each(|place| owner[place as usize] = row[0]);
        }
        let mut neighbors = vec![Vec::new(); n];
        for row in rows.chunks_exact(4) {
            for place in row[1] as usize..row[3] as usize {
                let (other, vector) = (list[2 * place], eighths(list[2 * place + 1]));
                neighbors[row[0] as usize].push((other, vector));
                let back = reverse[place] as usize;
                assert_eq!(owner[back], other, "the reverse of a pair is in another row");
                assert_eq!(list[2 * back], row[0]);
                assert_eq!(eighths(list[2 * back + 1]), vector.map(|x| -x));
                assert_eq!(reverse[back] as usize, place);
            }
        }
        neighbors
    }
}

/// Asserts that the lists of a device hold what the CPU finds; pairs within rounding of the reach may be in either.
fn compare(dynamics: &Dynamics, systems: &[System], what: &str) {
    let found = dynamics.neighbors();
    let reach = dynamics.reach;
    for (replica, system) in systems.iter().enumerate() {
        let n = system.len();
        let surely = NeighborList::build(&system.cell, &system.positions, reach - 1e-4).unwrap();
        let perhaps = NeighborList::build(&system.cell, &system.positions, reach + 1e-4).unwrap();
        for atom in 0..n {
            let name = |pair: &Pair| {
                let vector = NeighborList::vector(&system.cell, &system.positions, atom, *pair);
                let s = dynamics.layout.lattice.inverse.tr_mul(&vector) * 8.0;
                (pair.atom + (replica * n) as u32, [s.x, s.y, s.z])
            };
            let own = &found[replica * n + atom];
            let is = |pair: &Pair| {
                let (other, s) = name(pair);
                own.iter()
                    .filter(|(j, v)| *j == other && (0..3).all(|k| (f64::from(v[k]) - s[k]).abs() < 0.51))
                    .count()
            };
            for pair in surely.neighbors(atom) {
                assert_eq!(is(pair), 1, "{what}: atom {atom} of replica {replica} lacks {:?}", name(pair));
            }
            let known: usize = perhaps.neighbors(atom).iter().map(is).sum();
            assert_eq!(known, own.len(), "{what}: atom {atom} of replica {replica} has strangers");
        }
    }
}

/// Cells of every shape and periodicity, larger and smaller than the reach of the list; two replicas each.
#[test]
fn lists_hold_what_the_cpu_finds() {
    let Some(device) = device() else { return };
    let potential = potential(&device);
    let slanted = [[13.0, 0.0, 0.0], [5.0, 11.0, 0.0], [-3.0, 4.0, 14.0]];
    let small = [[3.1, 0.0, 0.0], [0.7, 2.6, 0.0], [-0.5, 0.9, 3.4]];
    let thin = [[2.5, 0.3, 0.0], [0.0, 16.0, 0.0], [1.0, 0.0, 9.0]];
    let left_handed = [[0.0, 9.0, 0.0], [12.0, 1.0, 0.0], [0.0, 0.5, 8.0]];
    let (all, slab, wire, none) = ([true; 3], [true, true, false], [false, true, false], [false; 3]);
    for (rows, periodic, atoms) in [
        (slanted, all, 150),
        (slanted, slab, 120),
        (slanted, wire, 100),
        (slanted, none, 90),
        (small, all, 5),
        (small, slab, 4),
        (thin, all, 30),
        (thin, [true, false, true], 30),
        (left_handed, all, 70),
    ] {
        let cell = Cell::new(rows, periodic).unwrap();
        let systems = [anywhere(&cell, atoms, 1), anywhere(&cell, atoms, 2)];
        let starts = systems.each_ref().map(|system| Start { system, saved: &[], chain: &[] });
        let dynamics = Dynamics::new(&potential, &starts, settings()).unwrap();
        compare(&dynamics, &systems, &format!("{rows:?} {periodic:?}"));
    }
}

/// Atoms that crowd in a corner of a large cell: bins and rows have too little room at first, and get it.
#[test]
fn lists_grow() {
    let Some(device) = device() else { return };
    let potential = potential(&device);
    let cell = Cell::orthorhombic(30.0, 31.0, 32.0).unwrap();
    let mut system = anywhere(&cell, 120, 3);
    system.positions.iter_mut().for_each(|r| *r *= 0.2);
    let dynamics =
        Dynamics::new(&potential, &[Start { system: &system, saved: &[], chain: &[] }], settings()).unwrap();
    assert!(dynamics.grown() > 0, "there was room from the beginning");
    compare(&dynamics, &[system], "crowded");
}

/// Forces with the lists of the device are those with the lists of the CPU.
#[test]
fn forces_do_not_depend_on_who_makes_the_list() {
    let Some(device) = device() else { return };
    let mut potential = potential(&device);
    let cell = Cell::new([[9.0, 0.0, 0.0], [2.0, 8.0, 0.0], [0.0, 1.0, 7.5]], [true, true, false]).unwrap();
    let system = anywhere(&cell, 60, 4);
    let list = NeighborList::build(&cell, &system.positions, 3.9).unwrap();
    let atoms =
        crate::potential::Atoms { cell: &cell, species: &system.species, positions: &system.positions };
    let mut expected = crate::potential::Evaluation::default();
    expected.reset(system.len());
    potential.evaluate(atoms, &list, &mut expected).unwrap();
    let starts = [Start { system: &system, saved: &[], chain: &[] }; 2];
    let mut dynamics = Dynamics::new(&potential, &starts, settings()).unwrap();
    let largest = expected.forces.iter().fold(0.0_f64, |most, force| most.max(force.amax()));
    for replica in 0..2 {
        let mut read = system.clone();
        let moment = dynamics.read(replica, &mut read).unwrap();
        for (a, b) in moment.forces.iter().zip(&expected.forces) {
            // Sums of some tens of terms in another order.
            assert!((a - b).amax() < 1e-5 * largest, "{a} {b}");
        }
        assert!((moment.energy - expected.energy).abs() < 1e-5 * expected.energy.abs().max(1.0));
        assert!((moment.virial - expected.virial).amax() < 1e-5 * expected.virial.amax().max(60.0));
        for (now, then) in read.positions.iter().zip(&system.positions) {
            assert!((now - then).amax() < 1e-12, "{now} {then}");
        }
    }
}

/// A state that was saved is taken up to the last bit, with the list that it had.
#[test]
fn what_was_saved_is_taken_up() {
    let Some(device) = device() else { return };
    let potential = potential(&device);
    let cell = Cell::new([[9.0, 0.0, 0.0], [2.0, 8.0, 0.0], [0.0, 1.0, 9.5]], [true, true, false]).unwrap();
    let mut system = anywhere(&cell, 40, 6);
    system.set_temperature(300.0, 1).unwrap();
    let mut dynamics =
        Dynamics::new(&potential, &[Start { system: &system, saved: &[], chain: &[] }], settings()).unwrap();
    let records = [[0; 8]; 7];
    dynamics.advance(7, &records).unwrap();
    let saved = dynamics.save(0).unwrap();
    dynamics.advance(7, &records).unwrap();
    let mut other =
        Dynamics::new(&potential, &[Start { system: &system, saved: &saved, chain: &[] }], settings())
            .unwrap();
    assert_eq!(other.save(0).unwrap(), saved);
    other.advance(7, &records).unwrap();
    assert_eq!(other.save(0).unwrap(), dynamics.save(0).unwrap());
    assert_ne!(other.save(0).unwrap(), saved);
}

/// A force of which one component is no number, or infinite, stops the replica of its atom and no other.
#[test]
fn a_force_that_is_no_number_stops_its_replica() {
    let Some(device) = device() else { return };
    let potential = potential(&device);
    let system = anywhere(&Cell::orthorhombic(9.0, 8.0, 10.0).unwrap(), 30, 7);
    let starts = [Start { system: &system, saved: &[], chain: &[] }; 2];
    for (bad, component) in [(f32::NAN, 0), (-f32::NAN, 1), (f32::NAN, 2), (f32::INFINITY, 0), (1e30, 1)] {
        let mut dynamics = Dynamics::new(&potential, &starts, settings()).unwrap();
        let velocity = dynamics.motion().unwrap()[12 * 35 + 4..][..3].to_vec();
        let mut force = [1.0_f32; 3];
        force[component] = bad;
        let words: Vec<u8> = force.iter().flat_map(|x| x.to_le_bytes()).collect();
        device.queue.write_buffer(&dynamics.store.evaluator.forces.buffer, 16 * 35, &words);
        dynamics.advance(1, &[[0; 8]; 2]).unwrap();
        assert_eq!([0, 1].map(|replica| dynamics.moves(replica)), [true, false], "{bad} in {component}");
        assert_eq!(dynamics.motion().unwrap()[12 * 35 + 4..][..3], velocity, "{bad} in {component}");
    }
}

/// A replica that collapses, so that its lists have no room, is left behind; the other goes on with the same bits.
#[test]
fn a_replica_without_room_is_left_behind() {
    let Some(device) = device() else { return };
    let system = anywhere(&Cell::orthorhombic(24.0, 25.0, 26.0).unwrap(), 400, 8);
    let starts = [Start { system: &system, saved: &[], chain: &[] }; 2];
    let own = potential(&device);
    let demand = Dynamics::demand(&own, &system, 2, &settings()).unwrap();
    let narrow = potential(&Device::open_narrow(2 * demand.largest().1).unwrap().unwrap());
    let records = [[0; 8]; 6];
    let mut undisturbed = Dynamics::new(&own, &starts, settings()).unwrap();
    undisturbed.advance(3, &records).unwrap();
    let mut dynamics = Dynamics::new(&narrow, &starts, settings()).unwrap();
    let mut positions = dynamics.words(&dynamics.store.evaluator.positions.buffer, 4 * 800);
    // The upper words of the second replica: all its atoms come together in an eighth of the box.
    for atom in positions[4 * 400..].chunks_exact_mut(4) {
        atom[..3].iter_mut().for_each(|word| *word /= 8);
    }
    narrow.device.write(&dynamics.store.evaluator.positions.buffer, &positions);
    dynamics.advance(3, &records).unwrap();
    assert_eq!([0, 1].map(|replica| dynamics.moves(replica)), [true, false]);
    assert_eq!(dynamics.crowded(0), None);
    let reason = dynamics.crowded(1).unwrap();
    assert!(reason.contains("take") || reason.contains("neighbours"), "{reason}");
    assert_eq!(dynamics.save(0).unwrap(), undisturbed.save(0).unwrap());
    dynamics.advance(3, &records).unwrap();
    undisturbed.advance(3, &records).unwrap();
    assert_eq!(dynamics.save(0).unwrap(), undisturbed.save(0).unwrap());

    // Alone there is nobody to go on.
    dynamics.leave(1);
    let mut positions = dynamics.words(&dynamics.store.evaluator.positions.buffer, 4 * 400);
    for atom in positions.chunks_exact_mut(4) {
        atom[..3].iter_mut().for_each(|word| *word /= 8);
    }
    narrow.device.write(&dynamics.store.evaluator.positions.buffer, &positions);
    assert!(matches!(dynamics.advance(3, &records), Err(Error::Device(_))));
}

/// A million atoms of lithium nitride with the shipped potential take no buffer that the interfaces do not give: 2 GiB on every
/// card through Vulkan and Direct3D 12.
#[test]
fn a_million_atoms_have_room_on_cards() {
    let Some(device) = device() else { return };
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("potentials/li3n");
    let model =
        crate::potential::load(folder.join("potential.mlmd"), &crate::potential::LoadOptions::default());
    let potential = GpuPotential::new(device, Arc::new(model.unwrap())).unwrap();
    // The layered crystal at room temperature, P6/mmm.
    let (a, c) = (3.648, 3.875);
    let rows = [[a, 0.0, 0.0], [-0.5 * a, 0.75_f64.sqrt() * a, 0.0], [0.0, 0.0, c]];
    let cell = Cell::new(rows, [true; 3]).unwrap();
    let third = 1.0 / 3.0;
    let sites = [[0.0; 3], [0.0, 0.0, 0.5], [third, 2.0 * third, 0.0], [2.0 * third, third, 0.0]];
    let positions = sites.iter().map(|s| cell.cartesian(&Vec3::from(*s))).collect();
    let species = ["N", "Li", "Li", "Li"].map(|symbol| symbol.parse::<Element>().unwrap()).to_vec();
    let unit = System::new(cell, species, positions).unwrap();
    let system = unit.repeated([64, 64, 62]).unwrap();
    assert_eq!(system.len(), 1_015_808);
    let settings = Settings { timestep: 1.0, skin: 1.0, drive: Drive::Langevin, fixed: Vec::new() };
    let demand = Dynamics::demand(&potential, &system, 1, &settings).unwrap();
    let (what, largest) = demand.largest();
    assert!(largest < 1 << 31, "the {what} take {largest} of {} bytes", demand.bytes());
}

/// The generator is that of the CPU bit for bit; normal deviates have their moments within four standard errors.
#[test]
fn random_numbers_are_those_of_the_cpu() {
    const MAIN: &str = "
@group(0) @binding(0) var<storage, read> counters: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4<u32>>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    out[2u * id.x] = philox(counters[2u * id.x], counters[2u * id.x + 1u].xy);
    let stream = vec4<u32>(counters[2u * id.x + 1u].xy, counters[2u * id.x].zw);
    out[2u * id.x + 1u] = bitcast<vec4<u32>>(vec4<f32>(normal_vector(id.x, stream), 0.0));
}";
    let Some(device) = device() else { return };
    let count = 64 * 500;
    let mut random = Philox::new(1, Purpose::General, 0, 0);
    let mut word = || random.below(1 << 32) as u32;
    let counters: Vec<u32> = (0..8 * count).map(|_| word()).collect();
    let text = source(&Constants::default(), &[files::ANGLES, files::INTEGERS, files::PHILOX, MAIN]);
    let kernel = Kernel::new(&device, "philox", &text, &[Use::Read, Use::Write]).unwrap();
    let input = device.constant("counters", &counters).unwrap();
    let bytes = 32 * count as u64;
    let output = device.buffer("out", bytes, SHARED).unwrap();
    let staging = device.buffer("read", bytes, STAGING).unwrap();
    let bound = kernel.bind(&device, &[&input, &output]);
    let mut encoder = device.handle.create_command_encoder(&CommandEncoderDescriptor { label: None });
    let mut pass = encoder.begin_compute_pass(&ComputePassDescriptor { label: None, timestamp_writes: None });
    kernel.run(&device, &mut pass, &bound, count as u32 / 64);
    drop(pass);
    encoder.copy_buffer_to_buffer(&output, 0, &staging, 0, bytes);
    let found: Vec<u32> = device
        .finish(encoder.finish(), &staging, bytes, |words| (0..8 * count).map(|k| words.word(k)).collect())
        .unwrap();
    let mut normals = Vec::new();
    for (given, found) in counters.chunks_exact(8).zip(found.chunks_exact(8)) {
        let expected = philox4x32([given[0], given[1], given[2], given[3]], [given[4], given[5]]);
        assert_eq!(found[..4], expected);
        normals.extend(found[4..7].iter().map(|bits| f64::from(f32::from_bits(*bits))));
    }
    let n = normals.len() as f64;
    let moment = |k: i32| normals.iter().map(|x| x.powi(k)).sum::<f64>() / n;
    assert!(moment(1).abs() < 4.0 / n.sqrt(), "{}", moment(1));
    assert!((moment(2) - 1.0).abs() < 4.0 * (2.0 / n).sqrt(), "{}", moment(2));
    assert!((moment(4) - 3.0).abs() < 4.0 * (96.0 / n).sqrt(), "{}", moment(4));
    // Beyond three standard deviations: 0.27 % of them.
    let far = normals.iter().filter(|x| x.abs() > 3.0).count() as f64 / n;
    assert!((far - 0.0027).abs() < 4.0 * (0.0027 / n).sqrt(), "{far}");
}

/// What is said to be needed before the run is what is taken, and what a device cannot give is refused with both numbers.
#[test]
fn memory_is_known_beforehand() {
    let Some(device) = device() else { return };
    let own = potential(&device);
    let system = anywhere(&Cell::orthorhombic(30.0, 31.0, 32.0).unwrap(), 1500, 5);
    let starts = [Start { system: &system, saved: &[], chain: &[] }; 2];
    let taken = || device.handle.generate_allocator_report().map(|report| report.total_allocated_bytes);
    let before = taken();
    let dynamics = Dynamics::new(&own, &starts, settings()).unwrap();
    let bytes = dynamics.bytes();
    if dynamics.grown() == 0 {
        assert_eq!(bytes, Dynamics::demand(&own, &system, 2, &settings()).unwrap().bytes());
    }
    if let (Some(before), Some(after)) = (before, taken()) {
        // Buffers that grow are a tenth larger; what was sent on its way is not yet given back.
        let held = (after - before) as f64 / bytes as f64;
        assert!((0.99..1.5).contains(&held), "{held} times the {bytes} bytes that were announced");
    }

    // Twice the memory of one replica, in buffers of which the largest is the forces between pairs.
    let one = Dynamics::demand(&own, &system, 1, &settings()).unwrap();
    let narrow = Device::open_narrow(one.bytes() / 4).unwrap().unwrap();
    let complaint = Dynamics::new(&potential(&narrow), &starts, settings()).unwrap_err().to_string();
    assert!(complaint.contains("is too small for 3000 atoms: the forces between pairs take"), "{complaint}");
    assert!(complaint.contains(&format!("given {:.0} MB at once", one.bytes() as f64 / 4e6)), "{complaint}");
    assert!(complaint.contains("--device cpu"), "{complaint}");
}
