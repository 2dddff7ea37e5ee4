//! How well does a run at constant energy conserve it?
//!
//!     cargo run --release --example conservation -- INPUT.toml TIME_PS TIMESTEP_FS...
//!
//! Takes the atoms, the potential and the first temperature of an input, brings them to that temperature for 2 ps, and
//! from there runs at constant energy with each timestep. The tables it prints are those of docs/ensembles.md: the root
//! mean square of the total energy about its mean, per atom; the same over Δt², which should not change; the drift of a
//! straight line through the means of twenty blocks, with its standard error; and how far atoms are from where they
//! began after going forwards for 1 ps, turning round, and coming back.

use mlmd::compute::Engine;
use mlmd::input::Plan;
use mlmd::md::{Ensemble, Integrator, Ramp, State, Thermostat};
use mlmd::workflow::run::Setup;
use mlmd::{Error, Result};

/// eV/fs in meV/ns.
const EV_PER_FS: f64 = 1e9;

/// fs of preparation, with a timestep of 1 fs.
const PREPARATION: u64 = 2000;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, picoseconds, timesteps @ ..] = &arguments[..] else {
        return Err(Error::invalid("expected INPUT.toml TIME_PS TIMESTEP_FS..."));
    };
    let number = |text: &String| text.parse::<f64>().map_err(|e| Error::invalid(format!("{text}: {e}")));
    let time = 1000.0 * number(picoseconds)?;
    let timesteps = timesteps.iter().map(number).collect::<Result<Vec<_>>>()?;
    let setup = Setup::new(Plan::read_file(input, &[])?)?;
    let dynamics = setup.plan.dynamics.ok_or_else(|| Error::invalid("the input has no [dynamics]"))?;
    let temperature = dynamics.temperature[0].from;
    let (mut engine, mut system) = (setup.engine, setup.system);
    let pool = engine.pool();
    pool.install(|| {
        // The crystal takes half of it.
        system.set_temperature(2.0 * temperature, setup.plan.seed)?;
        let mut start = State::new(system, dynamics.fixed.unwrap_or_default(), &mut engine)?;
        let thermostat = Some(Thermostat::Csvr { time: 100.0 });
        let mut prepare = ensemble(1.0, temperature, thermostat).integrator()?;
        for _ in 0..PREPARATION {
            prepare.step(&mut start, &mut engine)?;
        }
        println!("{input}: {} atoms at {temperature} K, {picoseconds} ps each\n", start.system.len());
        println!("| Δt, fs | fluctuation, eV/atom | over Δt², eV/atom/fs² | drift, meV/atom/ns | back after 1 ps, Å |");
        println!("|---|---|---|---|---|");
        for timestep in timesteps {
            let (fluctuation, drift, error) = conservation(&start, timestep, time, &mut engine)?;
            let back = reversal(&start, timestep, &mut engine)?;
            println!(
                "| {timestep} | {fluctuation:.2e} | {:.2e} | {:.1e} ± {:.1e} | {back:.0e} |",
                fluctuation / timestep.powi(2),
                EV_PER_FS * drift,
                EV_PER_FS * error
            );
        }
        Ok(())
    })
}

fn ensemble(timestep: f64, temperature: f64, thermostat: Option<Thermostat>) -> Ensemble {
    let temperature = Ramp::constant(temperature);
    Ensemble { timestep, temperature, thermostat, barostat: None, seed: 1 }
}

fn verlet(timestep: f64) -> Result<Box<dyn Integrator>> {
    ensemble(timestep, 0.0, None).integrator()
}

/// Fluctuation per atom, eV; drift and its standard error per atom and fs, eV.
fn conservation(start: &State, timestep: f64, time: f64, engine: &mut Engine) -> Result<(f64, f64, f64)> {
    let (mut state, mut integrator) = (start.clone(), verlet(timestep)?);
    let steps = (time / timestep).round() as usize;
    let mut energies = Vec::with_capacity(steps);
    for _ in 0..steps {
        integrator.step(&mut state, engine)?;
        energies.push((state.energy + state.kinetic_energy()) / state.system.len() as f64);
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let level = mean(&energies);
    let square = energies.iter().map(|e| (e - level).powi(2)).sum::<f64>() / steps as f64;
    let blocks: Vec<f64> = energies.chunks_exact((steps / 20).max(1)).map(mean).collect();
    let (middle, level) = (0.5 * (blocks.len() - 1) as f64, mean(&blocks));
    let along = |k: usize| k as f64 - middle;
    let spread: f64 = (0..blocks.len()).map(|k| along(k).powi(2)).sum();
    let slope = blocks.iter().enumerate().map(|(k, e)| along(k) * (e - level)).sum::<f64>() / spread;
    let rest: f64 = blocks.iter().enumerate().map(|(k, e)| (e - level - slope * along(k)).powi(2)).sum();
    let error = (rest / (blocks.len() - 2) as f64 / spread).sqrt();
    let per_time = blocks.len() as f64 / time;
    Ok((square.sqrt(), slope * per_time, error * per_time))
}

/// The largest distance from its start of any atom after 1 ps forwards and as much backwards, Å.
fn reversal(start: &State, timestep: f64, engine: &mut Engine) -> Result<f64> {
    let (mut state, mut integrator) = (start.clone(), verlet(timestep)?);
    for _ in 0..2 {
        for _ in 0..(1000.0 / timestep).round() as usize {
            integrator.step(&mut state, engine)?;
        }
        state.system.velocities.iter_mut().for_each(|v| *v = -*v);
    }
    let off = |i: usize| (state.system.unwrapped(i) - start.system.unwrapped(i)).norm();
    Ok((0..start.system.len()).map(off).fold(0.0, f64::max))
}
