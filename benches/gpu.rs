//! Molecular dynamics on a graphics processor: one visit of ten minutes to a machine that has one.
//!
//! `cargo bench --no-default-features --features gpu --bench gpu [-- LARGEST [POTENTIAL STRUCTURE]]` builds nothing but mlmd
//! and `wgpu`. Lithium nitride with the shipped potential (118 moments, networks 40-40, cutoff 5.5 Å) at 600 K, timestep
//! 1 fs, skin 1 Å; or any potential of moments, such as a `nep.txt` that GPUMD runs on the same card, and a structure.
//!
//! First what the device can do at best, measured; then 10³ to LARGEST (10⁶) atoms that stay on it (Langevin dynamics,
//! lists made there), with the operations and bytes that a step takes by the count of docs/gpu.md and how near that is to the
//! roofline, beside forces that are computed on the device and fetched at each step, and those of the CPU in mixed precision
//! (up to 10⁵ atoms). Last, batches of small systems in one launch.

#[path = "common/roofline.rs"]
mod roofline;

use mlmd::compute::gpu::dynamics::{Drive, Dynamics, LONGEST, Record, Settings, Start};
use mlmd::compute::gpu::{Device, GpuPotential};
use mlmd::compute::{Engine, Options};
use mlmd::io::{ReadOptions, open};
use mlmd::potential::{DescriptorSet, LoadOptions, NeuralModel, Potential, Precision, load};
use mlmd::random::Purpose;
use mlmd::units::BOLTZMANN;
use mlmd::workflow::bench;
use mlmd::{NeighborList, Result, System};
use roofline::Roof;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// K and fs⁻¹.
const TEMPERATURE: f64 = 600.0;
const FRICTION: f64 = 0.01;

/// How long each measurement takes, at least ten steps.
const MEASURE: Duration = Duration::from_secs(5);

fn main() -> Result<()> {
    // What cargo adds begins with a dash.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let largest = words.iter().find_map(|word| word.parse::<usize>().ok()).unwrap_or(1_000_000);
    let files: Vec<_> =
        words.iter().filter(|word| word.parse::<usize>().is_err()).map(PathBuf::from).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("potentials/li3n");
    // The second golden frame has 32 atoms.
    let (potential, structure, frame) = match &files[..] {
        [] => (folder.join("potential.mlmd"), folder.join("golden.extxyz"), 1),
        [potential, structure] => (potential.clone(), structure.clone(), 0),
        _ => return Err(mlmd::Error::invalid("expected a potential and a structure")),
    };
    let Some(device) = Device::open()? else {
        println!("skipped: there is no graphics processor");
        return Ok(());
    };
    println!("{}", device.description());
    let model = Arc::new(load(&potential, &LoadOptions::default())?);
    let cell = open(&structure, &ReadOptions::default())?
        .nth(frame)
        .ok_or_else(|| mlmd::Error::invalid("the structure has too few frames"))??
        .to_system()?;
    let roof = roofline::measure(device.name());
    if let Some(roof) = roof {
        println!("at best {:.3e} operations and {:.3e} bytes a second", roof.flops, roof.bytes);
    }
    let cost = Cost::of(&model, &crystal(&cell, 1000)?)?;
    println!("an atom takes {:.3e} operations and {:.0} bytes a step", cost.flops, cost.bytes);
    let visit = Visit { device, model, cell, cost, roof, largest };
    visit.one_system()?;
    visit.batches()
}

/// A device, and what is asked of it.
struct Visit {
    device: Arc<Device>,
    model: Arc<NeuralModel>,
    /// What is repeated.
    cell: System,
    cost: Cost,
    roof: Option<Roof>,
    /// The most atoms.
    largest: usize,
}

/// What a step takes for one atom: the count of docs/gpu.md.
#[derive(Debug, Clone, Copy)]
struct Cost {
    flops: f64,
    bytes: f64,
}

/// How far lists reach beyond the cutoff, Å.
const SKIN: f64 = 1.0;

impl Cost {
    /// For a potential of moments, by what its first element has.
    fn of(model: &NeuralModel, system: &System) -> Result<Self> {
        let DescriptorSet::Moments(moments) = model.descriptor_in_angstrom() else {
            return Err(mlmd::Error::invalid("the count is for moments"));
        };
        let neighbors = |cutoff| -> Result<f64> {
            let list = NeighborList::build(&system.cell, &system.positions, cutoff)?;
            Ok(list.pairs().len() as f64 / system.len() as f64)
        };
        let mut operations = 0.0;
        if let Some(angular) = &moments.centers[0].angular {
            let functions = angular.functions.channels.functions(moments.elements.len()) as f64;
            let harmonics = (angular.degree as f64 + 1.0).powi(2);
            operations = 12.0 * neighbors(angular.functions.cutoff.radius)? * functions * harmonics;
        }
        let layers = model.members()[0][0].network.layers();
        let weights: usize = layers.iter().map(|layer| layer.weights.len()).sum();
        let listed = neighbors(model.cutoff() + SKIN)?;
        Ok(Self { flops: operations + 4.0 * weights as f64, bytes: 52.0 * listed + 240.0 })
    }

    /// Columns: operations and bytes a second at so many atom-steps a second, and the share of what the device can do.
    fn columns(self, rate: f64, roof: Option<Roof>) -> String {
        let share = roof
            .map_or(String::new(), |roof| format!("{:.1}", 100.0 * rate * roof.time(self.flops, self.bytes)));
        format!("{:>10.2}{:>9.2}{share:>11}", 1e-9 * rate * self.flops, 1e-9 * rate * self.bytes)
    }
}

const COLUMNS: [&str; 3] = ["GFLOP/s", "GB/s", "of roof %"];

impl Visit {
    fn potential(&self) -> Result<GpuPotential> {
        GpuPotential::new(Arc::clone(&self.device), Arc::clone(&self.model))
    }

    /// Systems of growing size.
    fn one_system(&self) -> Result<()> {
        let [flops, bytes, share] = COLUMNS;
        println!(
            "\n{:>9}{:>8}{:>14}{:>14}{:>10}{flops:>10}{bytes:>9}{share:>11}{:>20}{:>14}",
            "atoms", "steps", "µs/atom/step", "atom-steps/s", "ns/day", "forces fetched µs", "CPU mixed µs"
        );
        for atoms in [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000] {
            if atoms > self.largest {
                break;
            }
            let system = crystal(&self.cell, atoms)?;
            let potential = self.potential()?;
            // A device that is too small says so; what was measured stands.
            let (steps, time) = match resident(&potential, &[&system]) {
                Ok(measured) => measured,
                Err(reason) => {
                    println!("{:>9}  {reason}", system.len());
                    break;
                }
            };
            let each = time.as_secs_f64() / steps as f64;
            let us = each * 1e6 / system.len() as f64;
            let fetched = forces(Box::new(potential), &system)?;
            let cpu = if atoms > 100_000 {
                String::new()
            } else {
                format!("{:.3}", forces(self.model.potential(Precision::Mixed)?, &system)?)
            };
            println!(
                "{:>9}{steps:>8}{us:>14.4}{:>14.3e}{:>10.2}{}{fetched:>20.4}{cpu:>14}",
                system.len(),
                1e6 / us,
                86_400.0 / each * 1e-6,
                self.cost.columns(1e6 / us, self.roof),
            );
        }
        Ok(())
    }

    /// Many small systems at once.
    fn batches(&self) -> Result<()> {
        let system = crystal(&self.cell, 500)?;
        let [flops, bytes, share] = COLUMNS;
        println!(
            "\n{:>9}{:>10}{:>8}{:>14}{:>14}{:>16}{flops:>10}{bytes:>9}{share:>11}",
            "replicas", "of atoms", "steps", "µs/atom/step", "atom-steps/s", "ns/day of each"
        );
        for replicas in [1, 2, 4, 8, 16, 32, 64, 128, 256] {
            if replicas * system.len() > self.largest {
                break;
            }
            let potential = self.potential()?;
            let (steps, time) = resident(&potential, &vec![&system; replicas])?;
            let each = time.as_secs_f64() / steps as f64;
            let us = each * 1e6 / (replicas * system.len()) as f64;
            println!(
                "{replicas:>9}{:>10}{steps:>8}{us:>14.4}{:>14.3e}{:>16.2}{}",
                system.len(),
                1e6 / us,
                86_400.0 / each * 1e-6,
                self.cost.columns(1e6 / us, self.roof),
            );
        }
        Ok(())
    }
}

/// Steps that replicas take on the device, and how long.
fn resident(potential: &GpuPotential, systems: &[&System]) -> Result<(usize, Duration)> {
    let settings = Settings { timestep: 1.0, skin: SKIN, drive: Drive::Langevin, fixed: Vec::new() };
    let starts: Vec<_> = systems.iter().map(|system| Start { system, saved: &[], chain: &[] }).collect();
    let mut dynamics = Dynamics::new(potential, &starts, settings)?;
    let mut step = 0;
    let mut advance = |steps: usize| {
        let records: Vec<Record> = (0..steps)
            .flat_map(|k| (0..systems.len()).map(move |replica| record(step + k as u64, replica as u64)))
            .collect();
        step += steps as u64;
        dynamics.advance(steps, &records).map(|_| ())
    };
    // Kernels are compiled and memory is touched.
    advance(2)?;
    let (begin, mut steps, mut next) = (Instant::now(), 0, 4);
    while steps < 10 || begin.elapsed() < MEASURE {
        let clock = Instant::now();
        advance(next)?;
        steps += next;
        let each = clock.elapsed().as_secs_f64() / next as f64;
        next = ((0.2 / each) as usize).clamp(1, LONGEST);
    }
    Ok((steps, begin.elapsed()))
}

/// Friction and noise of a step: see `kernels/langevin.wgsl`.
fn record(step: u64, seed: u64) -> Record {
    let c = (-FRICTION).exp();
    let noise = ((1_u64 << 31) as f64 * (1.0 - c * c) * BOLTZMANN * TEMPERATURE).sqrt();
    let place = step | (Purpose::Thermostat as u64) << 56;
    let [c, noise] = [c - 1.0, noise].map(|x| (x as f32).to_bits());
    [c, noise, 0, 0, seed as u32, 0, place as u32, (place >> 32) as u32]
}

/// µs per atom and step where positions are sent and forces are fetched.
fn forces(potential: Box<dyn Potential>, system: &System) -> Result<f64> {
    let mut engine = Engine::new(potential, Options::default())?;
    let steps = if system.len() > 100_000 { 5 } else { 20 };
    Ok(bench::run(&mut engine, system, steps, &mut |_| {})?.us_per_atom_step())
}

/// At least so many atoms of a crystal, warm.
fn crystal(cell: &System, atoms: usize) -> Result<System> {
    let mut times = [1_u32; 3];
    while cell.len() * times.iter().map(|k| *k as usize).product::<usize>() < atoms {
        let shortest = (0..3).min_by_key(|k| times[*k]).unwrap_or(0);
        times[shortest] += 1;
    }
    let mut system = cell.repeated(times)?;
    system.set_temperature(TEMPERATURE, 1)?;
    Ok(system)
}
