//! Energy, forces and virial on a graphics processor: one table for a short visit to a machine that has one.
//!
//! `cargo bench --no-default-features --features gpu --bench gpu [-- LARGEST]` builds nothing but mlmd and `wgpu`. The
//! potential is made up: moments of four elements (134 numbers), networks 40-40, cutoffs of 6 and 4 Å, as shipped
//! potentials have. Sizes go from 10³ to LARGEST (10⁶) atoms; above 10⁵ the CPU is not asked.

use mlmd::compute::gpu::{Device, GpuPotential};
use mlmd::compute::{Engine, Options};
use mlmd::descriptors::{Moments, MomentsSize, Scaling, ScalingKind, Statistics};
use mlmd::potential::{
    Activation, AtomicNetwork, DescriptorSet, Layer, Network, NeuralModel, NeuralPotential, Output,
    Potential, Precision,
};
use mlmd::random::{Philox, Purpose};
use mlmd::units::FileUnits;
use mlmd::workflow::{bench, sample};
use std::sync::Arc;

fn main() -> mlmd::Result<()> {
    let largest = std::env::args().skip(1).find_map(|word| word.parse::<usize>().ok()).unwrap_or(1_000_000);
    let Some(device) = Device::open()? else {
        println!("skipped: there is no graphics processor");
        return Ok(());
    };
    println!("{}", device.description());
    let model = Arc::new(model()?);
    println!(
        "{:>9}{:>12}{:>14}{:>14}{:>14}",
        "atoms", "neighbours", "µs/atom/step", "atom-steps/s", "CPU mixed µs"
    );
    for atoms in [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000] {
        if atoms > largest {
            break;
        }
        let potential = GpuPotential::new(Arc::clone(&device), Arc::clone(&model))?;
        let system = sample::crystal(&potential, atoms)?;
        let steps = if atoms > 100_000 { 5 } else { 20 };
        let gpu = match time(Box::new(potential), &system, steps) {
            Ok(timing) => timing,
            // A device that is too small says so; what was measured stands.
            Err(reason) => {
                println!("{atoms:>9}  {reason}");
                break;
            }
        };
        let cpu = if atoms > 100_000 {
            String::new()
        } else {
            let potential = NeuralPotential::new(Arc::clone(&model), Precision::Mixed);
            format!("{:.3}", time(Box::new(potential), &system, 5)?.us_per_atom_step())
        };
        let us = gpu.us_per_atom_step();
        println!("{:>9}{:>12.1}{us:>14.4}{:>14.3e}{cpu:>14}", gpu.atoms, gpu.neighbors, 1e6 / us);
    }
    Ok(())
}

/// Steps of atoms that move as in a warm crystal.
fn time(potential: Box<dyn Potential>, system: &mlmd::System, steps: u64) -> mlmd::Result<bench::Timing> {
    let mut engine = Engine::new(potential, Options::default())?;
    let timing = bench::run(&mut engine, system, steps, &mut |_| {})?;
    Ok(timing)
}

/// The potential of the measurement.
fn model() -> mlmd::Result<NeuralModel> {
    let elements = ["Li", "P", "S", "Cl"].map(str::parse).into_iter().collect::<Result<_, _>>()?;
    let moments = Moments::standard(elements, 6.0, 4.0, MomentsSize::Medium)?;
    let descriptor = DescriptorSet::Moments(moments);
    let statistics = Statistics { min: -1e3, max: 1e3, mean: 0.0, spread: 30.0 };
    let atoms = (0..4)
        .map(|center| {
            let inputs = descriptor.len(center);
            let mut random = Philox::new(1, Purpose::General, 0, center as u32);
            let mut layer = |inputs: usize, outputs: usize, activation| Layer {
                weights: (0..inputs * outputs).map(|_| random.normal() / (inputs as f64).sqrt()).collect(),
                biases: vec![0.0; outputs],
                activation,
            };
            let layers = vec![
                layer(inputs, 40, Activation::Tanh),
                layer(40, 40, Activation::Tanh),
                layer(40, 1, Activation::Linear),
            ];
            Ok(AtomicNetwork {
                scaling: Scaling::new(ScalingKind::Sigma, [0.0, 1.0], vec![statistics; inputs])?,
                network: Network::new(inputs, layers, false)?,
                output: Output::default(),
            })
        })
        .collect::<mlmd::Result<Vec<_>>>()?;
    NeuralModel::new(FileUnits { energy: 1.0, length: 1.0 }, descriptor, vec![atoms])
}
