//! From a plan to its tasks, one for each temperature.

use super::{Judge, Task};
use crate::error::Result;
use crate::input::kind::Course;
use crate::input::{self, Plan};
use crate::md::{Barostat, Compressibility, Ensemble, Ramp, Thermostat};
use crate::observe::{CellLimits, Limits, Policy, Tolerance};
use crate::random::derived_seed;

/// Steps between two looks of a committee, which takes longer than a step, unless somebody has said.
const JUDGE_EVERY: u64 = 100;

/// The tasks of a plan, checked: every ensemble can be built.
pub fn tasks(plan: &Plan) -> Result<Vec<Task>> {
    let Some(dynamics) = &plan.dynamics else { return Ok(Vec::new()) };
    let (equilibration, production) = (dynamics.equilibration_steps(), dynamics.production_steps());
    let ramp = |course: &Course| Ramp {
        from: course.from,
        to: course.to,
        begin: equilibration,
        end: equilibration + production,
    };
    dynamics
        .temperature
        .iter()
        .enumerate()
        .map(|(index, course)| {
            let ensemble = Ensemble {
                timestep: dynamics.timestep,
                temperature: ramp(course),
                thermostat: dynamics.thermostat.as_ref().map(thermostat),
                barostat: dynamics.barostat.as_ref().map(|b| barostat(b, ramp)),
                seed: seed(plan.seed, index),
            };
            ensemble.integrator()?;
            let name = if course.is_constant() {
                format!("T{:04}K", course.from)
            } else {
                format!("T{:04}K-T{:04}K", course.from, course.to)
            };
            Ok(Task {
                folder: plan.output.directory.join(&name),
                name,
                ensemble,
                equilibration,
                production,
                end: equilibration + production,
                thermo_every: dynamics.steps_in(plan.output.thermo.every),
                trajectory_every: dynamics.steps_in(plan.output.trajectory.every),
                checkpoint_every: dynamics.steps_in(plan.output.checkpoint.every),
                formats: plan.output.trajectory.formats.clone(),
                masses: dynamics.masses.clone(),
                velocities: dynamics.velocities,
                fixed: dynamics.fixed.clone().unwrap_or_default(),
                guard_every: plan.guards.every.map(|every| dynamics.steps_in(every)),
                limits: limits(&plan.guards, course, dynamics.timestep),
                judge: plan.guards.disagreement.as_ref().map(|guard| Judge {
                    guard: guard.clone(),
                    potential: plan.potential.clone(),
                    tolerance: Tolerance {
                        most: guard.most.unwrap_or(f64::INFINITY),
                        every: guard.every.map_or(JUDGE_EVERY, |every| dynamics.steps_in(every)),
                        force: guard.force,
                        policy: guard.policy,
                        spacing: spacing(&plan.guards, dynamics.timestep),
                    },
                }),
            })
        })
        .collect()
}

/// The seed of a task, by its place in the list of temperatures: the first has that of the input.
fn seed(seed: u64, index: usize) -> u64 {
    if index == 0 { seed } else { derived_seed(seed, &index.to_string()) }
}

/// What a run at a temperature is watched for.
fn limits(guards: &input::Guards, target: &Course, timestep: f64) -> Limits {
    // Far above anything meant, far below what an explosion gives within a few steps.
    let hottest = 10.0 * target.from.max(target.to) + 2000.0;
    // Who gives the lowest alone has not said what to do about an explosion.
    let temperature =
        guards.temperature.as_ref().map_or([(0.0, Policy::Stop), (hottest, Policy::Stop)], |table| {
            let highest = table.highest.map_or((hottest, Policy::Stop), |highest| (highest, table.policy));
            [(table.lowest.unwrap_or(0.0), table.policy), highest]
        });
    let cell = guards.cell.as_ref().map_or_else(CellLimits::default, |table| CellLimits {
        volume: table.volume,
        height: table.height,
        policy: table.policy,
    });
    let extrapolation =
        guards.extrapolation.as_ref().map_or((0.0, Policy::Warn), |table| (table.share, table.policy));
    Limits {
        temperature,
        cell,
        distance: guards.distance.as_ref().map(|table| (table.closest, table.policy)),
        extrapolation: Some(extrapolation),
        spacing: spacing(guards, timestep),
    }
}

/// Steps between two frames that a guard keeps.
fn spacing(guards: &input::Guards, timestep: f64) -> u64 {
    (guards.spacing / timestep).round() as u64
}

fn thermostat(table: &input::Thermostat) -> Thermostat {
    match table {
        input::Thermostat::Langevin(table) => Thermostat::Langevin { friction: table.friction },
        input::Thermostat::NoseHoover(table) => {
            Thermostat::NoseHoover { time: table.time, chain: table.chain }
        }
        input::Thermostat::Csvr(table) => Thermostat::Csvr { time: table.time },
    }
}

fn barostat(table: &input::Barostat, ramp: impl Fn(&Course) -> Ramp) -> Barostat {
    match table {
        input::Barostat::CRescale(table) => Barostat::CellRescaling {
            pressure: ramp(&table.pressure),
            time: table.time,
            every: table.every,
            mode: table.mode,
            compressibility: Compressibility::default(),
        },
        input::Barostat::Mtk(table) => Barostat::Mtk {
            pressure: ramp(&table.pressure),
            time: table.time,
            chain: table.chain,
            mode: table.mode,
            compressibility: Compressibility::default(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn of(text: &str) -> Vec<Task> {
        let text = format!(
            "[structure]\nfile = \"argon.xyz\"\n[potential.lennard-jones]\nepsilon = \"0.01 eV\"\nsigma = \"3.4 angstrom\"\n\
             cutoff = \"8.5 angstrom\"\n[dynamics]\ntemperature = [\"30 K\", \"60 K\", \"90 K\"]\ntimestep = \"2 fs\"\n\
             produce = \"1 ps\"\n{text}"
        );
        tasks(&Plan::read_text("in.toml", &text, Path::new("tests/cases"), &[]).unwrap()).unwrap()
    }

    /// Who bounds the temperature from below, to be told of it, has not asked to be only told of an explosion.
    #[test]
    fn an_explosion_stops_unless_its_bound_is_given() {
        let limits = |guard: &str| of(&format!("[guards.temperature]\n{guard}")).remove(0).limits.temperature;
        let warned = limits("lowest = \"10 K\"\npolicy = \"warn\"\n");
        assert_eq!(warned, [(10.0, Policy::Warn), (2300.0, Policy::Stop)]);
        let warned = limits("highest = \"100 K\"\npolicy = \"warn\"\n");
        assert_eq!(warned, [(0.0, Policy::Warn), (100.0, Policy::Warn)]);
        assert_eq!(of("").remove(0).limits.temperature, [(0.0, Policy::Stop), (2300.0, Policy::Stop)]);
    }

    /// Lists of temperatures that overlap are no copies of each other, and a single run has the seed of its input.
    #[test]
    fn lists_with_neighbouring_seeds_share_no_run() {
        let seeds = |input: u64| (0..3).map(|index| seed(input, index)).collect::<Vec<_>>();
        let all: Vec<_> = (0..20).map(seeds).collect();
        assert_eq!(all.concat().into_iter().collect::<BTreeSet<_>>().len(), 60);
        assert!(all.iter().zip(0..).all(|(seeds, first)| seeds[0] == first));
        // printf 1/1 | sha256sum
        assert_eq!(of("")[1].ensemble.seed, seeds(1)[1]);
        assert_eq!(seeds(1)[1], 0x253d_950f_11eb_dbeb);
    }
}
