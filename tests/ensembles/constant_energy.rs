//! Constant energy: fluctuation, drift and time reversal of velocity Verlet.

use crate::statistics::mean;
use crate::support::{crystal, neighbours, plain};
use mlmd::md::State;

/// Root mean square of the total energy about its mean, and its drift per ps with its standard error, per atom in eV, of
/// 20 ps of an anharmonic crystal at 40 K.
fn measure(timestep: f64) -> (f64, f64, f64) {
    let mut engine = neighbours();
    let mut system = crystal(5.5, [2; 3]);
    system.set_temperature(80.0, 5).unwrap();
    let mut state = State::new(system, vec![], &mut engine).unwrap();
    let mut integrator = plain(40.0, timestep).integrator().unwrap();
    let steps = (20_000.0 / timestep) as usize;
    let energies: Vec<f64> = (0..steps)
        .map(|_| {
            integrator.step(&mut state, &mut engine).unwrap();
            (state.energy + state.kinetic_energy()) / state.system.len() as f64
        })
        .collect();
    let average = mean(&energies);
    let fluctuation = (energies.iter().map(|e| (e - average).powi(2)).sum::<f64>() / steps as f64).sqrt();
    // A straight line through the means of twenty blocks of 1 ps, which is several periods of the slowest vibration.
    let blocks: Vec<f64> = energies.chunks_exact(steps / 20).map(mean).collect();
    let (centre, level) = (9.5, mean(&blocks));
    let spread: f64 = (0..20).map(|k| (f64::from(k) - centre).powi(2)).sum();
    let along = |k: usize| k as f64 - centre;
    let drift = blocks.iter().enumerate().map(|(k, e)| along(k) * (e - level)).sum::<f64>() / spread;
    let rest = blocks.iter().enumerate().map(|(k, e)| (e - level - drift * along(k)).powi(2)).sum::<f64>();
    (fluctuation, drift, (rest / 18.0 / spread).sqrt())
}

/// The energy of velocity Verlet swings by terms of second order in the timestep, and does not drift: what it
/// conserves is a shadow of the energy. From one timestep to the next trajectories part, so fluctuations are compared
/// as averages over some 50 periods of vibration, each good to a tenth.
#[test]
fn the_energy_fluctuates_with_the_square_of_the_timestep_and_does_not_drift() {
    let found = [2.0, 4.0, 8.0].map(|timestep| {
        let (fluctuation, drift, error) = measure(timestep);
        let name = format!(
            "{timestep} fs: fluctuation {fluctuation:e} eV, drift {drift:e} ± {error:e} eV/ps per atom"
        );
        eprintln!("{name}");
        assert!(drift.abs() < 4.0 * error, "{name}");
        // A drift that would show within a run of 1 ns, 1 % of k_B T at 40 K, would be seen.
        assert!(error < 0.01 * 0.00345 / 1000.0 * (timestep / 2.0).powi(2), "{name}");
        fluctuation
    });
    for pair in found.windows(2) {
        let ratio = pair[1] / pair[0];
        assert!((3.4..4.6).contains(&ratio), "{found:?}");
    }
}

/// Forwards, turned round, and back, with the neighbour lists of both ways built at different moments: to the start
/// within what round-off grows to. 500 steps round off at 10⁻¹⁵ Å each; a crystal at 40 K forgets slowly (a Lyapunov
/// exponent of about 1/ps over 2 ps each way), a tenfold margin.
#[test]
fn time_turned_round_leads_back_to_the_start() {
    let mut engine = neighbours();
    let mut system = crystal(5.5, [2; 3]);
    system.set_temperature(80.0, 5).unwrap();
    let mut state = State::new(system, vec![], &mut engine).unwrap();
    let start = state.system.clone();
    let mut integrator = plain(40.0, 4.0).integrator().unwrap();
    let mut farthest = 0.0_f64;
    for _ in 0..2 {
        for _ in 0..500 {
            integrator.step(&mut state, &mut engine).unwrap();
            let moved = (0..start.len()).map(|i| (state.system.unwrapped(i) - start.unwrapped(i)).norm());
            farthest = moved.fold(farthest, f64::max);
        }
        state.system.velocities.iter_mut().for_each(|v| *v = -*v);
    }
    assert!(farthest > 0.3, "the atoms hardly moved: {farthest} Å");
    for i in 0..start.len() {
        let off = (state.system.unwrapped(i) - start.unwrapped(i)).norm();
        assert!(off < 1e-10, "{off} Å");
        let turned = (state.system.velocities[i] - start.velocities[i]).norm();
        assert!(turned < 1e-12, "{turned} Å/fs");
    }
}
