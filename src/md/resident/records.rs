//! What a device has to be told of a thermostat for one step, and what it says it did.

use super::isobaric::is_seldom;
use crate::compute::gpu::dynamics::{Drive, Record};
use crate::md::csvr::Draw;
use crate::md::{Ensemble, State, Thermostat};
use crate::random::Purpose;
use std::f64::consts::TAU;

/// Units of velocity in 1 Å/fs: see `kernels/motion.wgsl`.
const UNITS: f64 = (1_u64 << 30) as f64;

/// How a device keeps the temperature of an ensemble; nothing if it cannot.
pub(super) fn drive(ensemble: &Ensemble) -> Option<Drive> {
    match (ensemble.barostat, ensemble.thermostat) {
        (Some(_), _) if !is_seldom(ensemble) => None,
        (_, Some(Thermostat::NoseHoover { chain, .. })) => Some(Drive::NoseHoover { links: chain.max(1) }),
        (_, None) => Some(Drive::Constant),
        (_, Some(Thermostat::Csvr { .. })) => Some(Drive::Csvr),
        (_, Some(Thermostat::Langevin { .. })) => Some(Drive::Langevin),
    }
}

/// The record of the step after `step`.
pub(super) fn record(ensemble: &Ensemble, step: u64, freedom: usize) -> Record {
    let timestep = ensemble.timestep;
    match ensemble.thermostat {
        Some(Thermostat::Csvr { time }) if freedom > 0 => {
            // The thermostat acts at the end of the step.
            let half = 0.5 * State::thermal_energy(ensemble.temperature.at(step + 1));
            let Draw { xi, others } = Draw::new(ensemble.seed, step + 1, freedom);
            let c = (-timestep / time).exp();
            let numbers = [
                c - 1.0,
                (1.0 - c) * half * (xi * xi + others),
                2.0 * xi * (c * (1.0 - c) * half).sqrt(),
                xi * ((1.0 - c) * half / c).sqrt(),
            ];
            let [a, b, d, e] = numbers.map(|x| (x as f32).to_bits());
            [a, b, d, e, 0, 0, 0, 0]
        }
        Some(Thermostat::Langevin { friction }) => {
            let c = (-friction * timestep).exp();
            let thermal = State::thermal_energy(ensemble.temperature.at(step));
            // √((1 − c²) k_B T/m) is this times the root of the kick Δt/(2 m), both in units of velocity.
            let noise = (UNITS * (1.0 - c * c) * thermal * 2.0 / timestep).sqrt();
            let place = (step & ((1 << 56) - 1)) | (Purpose::Thermostat as u64) << 56;
            let [seed, place] = [ensemble.seed, place].map(|x| [x as u32, (x >> 32) as u32]);
            let [c, noise] = [c - 1.0, noise].map(|x| (x as f32).to_bits());
            [c, noise, 0, 0, seed[0], seed[1], place[0], place[1]]
        }
        Some(Thermostat::NoseHoover { time, .. }) => {
            let thermal = |step| State::thermal_energy(ensemble.temperature.at(step));
            let numbers = [thermal(step), thermal(step + 1), 0.5 * timestep, (time / TAU).powi(2)];
            let [begin, end, half, square] = numbers.map(|x| (x as f32).to_bits());
            [begin, end, half, square, (freedom as f32).to_bits(), 0, 0, 0]
        }
        _ => [0; 8],
    }
}

/// The energy that a thermostat has taken from the atoms in the step after `step`, eV, from what the device has noted; of a
/// chain, what the change of its target in that step adds to it, with the other sign.
pub(super) fn taken(ensemble: &Ensemble, step: u64, [first, second]: [f64; 2]) -> f64 {
    match ensemble.thermostat {
        // Kinetic energy and the change of the velocities: what was rounded is what was done.
        Some(Thermostat::Csvr { .. }) => -first * second * (2.0 + second),
        Some(Thermostat::Langevin { .. }) => first - second,
        // Kinetic energy and places of the chain, by k_B T.
        Some(Thermostat::NoseHoover { .. }) => {
            let [begin, end] =
                [step, step + 1].map(|step| State::thermal_energy(ensemble.temperature.at(step)));
            (first + second) * (begin - end)
        }
        None => 0.0,
    }
}
