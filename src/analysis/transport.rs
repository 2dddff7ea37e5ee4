//! Everything about transport at one temperature.

use super::charge::{Charge, Ions, LEFT_OUT, nernst_einstein};
use super::estimate::{Estimate, Refusal};
use super::motion::Moved;
use super::msd::Msd;
use super::tracer::{Choice, Run, Tracer};
use crate::error::{Error, Result};
use crate::system::Element;

/// One temperature: from one run, or from replicas of the same system.
#[derive(Debug, Clone)]
pub struct Transport {
    /// K; `None` if nobody knows.
    pub temperature: Option<f64>,
    /// Mean volume, Å³.
    pub volume: Option<f64>,
    /// The runs.
    pub runs: Vec<Moved>,
    /// Mean squared displacements of each element, all runs that count together.
    pub msd: Vec<Msd>,
    /// What is to be known of the runs: which were left out, and how they differ.
    pub notes: Vec<String>,
    /// Tracer diffusivities of the mobile elements.
    pub tracers: Vec<(Element, Result<Tracer, Refusal>)>,
    /// σ by Nernst–Einstein, S/cm.
    pub nernst_einstein: Result<Estimate, Refusal>,
    /// σ by Einstein–Helfand, and the rest of charge transport.
    pub charge: Result<Charge, Refusal>,
}

/// A run much shorter than the longest would shorten every window.
const SHORTEST_PART: f64 = 0.25;

impl Transport {
    /// From runs of the same atoms with the same interval.
    pub fn of(
        runs: Vec<Moved>,
        temperature: Option<f64>,
        charges: &[(Element, f64)],
        choice: &Choice,
    ) -> Result<Self> {
        let longest = runs.iter().map(|run| run.frames).max().unwrap_or(0);
        let Some(first) = runs.first() else { return Err(Error::invalid("there is no trajectory")) };
        for run in &runs {
            if run.species != first.species || (run.interval / first.interval - 1.0).abs() > 1e-3 {
                return Err(Error::invalid(
                    "runs that are taken together must have the same atoms and the same time between frames",
                ));
            }
        }
        let temperature = temperature.or_else(|| mean_temperature(&runs));
        let volumes: Option<Vec<f64>> = runs.iter().map(|run| run.volume).collect();
        let volume = volumes.map(|v| v.iter().sum::<f64>() / v.len() as f64);
        let used: Vec<&Moved> =
            runs.iter().filter(|run| run.frames as f64 >= SHORTEST_PART * longest as f64).collect();
        let notes = notes(&runs, longest);
        let mut tracers = Vec::new();
        for (s, species) in first.species.iter().enumerate().filter(|(_, species)| species.mobile) {
            let of: Vec<Run<'_>> = used.iter().map(|run| (&run.msd[s], run.interval, run.frames)).collect();
            tracers.push((species.element, Tracer::estimate(&of, choice)));
        }
        let charge_of = |element: Element| charges.iter().find(|(e, _)| *e == element).map_or(0.0, |c| c.1);
        let z: Vec<f64> = first.species.iter().map(|species| charge_of(species.element)).collect();
        let found: Vec<(usize, &Tracer)> = first
            .species
            .iter()
            .enumerate()
            .filter(|(_, species)| species.mobile)
            .zip(&tracers)
            .filter_map(|((s, _), (_, tracer))| tracer.as_ref().ok().map(|tracer| (s, tracer)))
            .collect();
        let missing = match (temperature, volume) {
            _ if charges.is_empty() => Some("the charges of the ions were not given"),
            (None, _) => Some("the temperature is not known"),
            (_, None) => Some("the cell is not periodic in three dimensions"),
            _ => None,
        };
        let first_refusal = tracers.iter().find_map(|(_, tracer)| tracer.as_ref().err().cloned());
        let refusal = missing
            .map(|reason| Refusal { reason: reason.into(), more_time: None })
            .or(if found.is_empty() { first_refusal } else { None });
        let (nernst, charge) = if let Some(refusal) = refusal {
            (Err(refusal.clone()), Err(refusal))
        } else {
            let (temperature, volume) = (temperature.unwrap_or(f64::NAN), volume.unwrap_or(f64::NAN));
            let ions: Vec<_> = found
                .iter()
                .map(|(s, tracer)| (z[*s], first.species[*s].count, &tracer.diffusivity))
                .collect();
            let ions_of = Ions { runs: &used, charges: &z, tracers: &found, volume, temperature };
            let mut sigma = nernst_einstein(&ions, volume, temperature);
            if found.len() < tracers.len() {
                sigma.flags.push(LEFT_OUT.into());
            }
            (Ok(sigma), ions_of.charge())
        };
        let together = |s: usize| {
            let of: Vec<_> = used.iter().map(|run| (&run.msd[s], run.duration())).collect();
            Msd::pooled(&of)
        };
        let msd = (0..first.species.len()).map(together).collect();
        drop(used);
        Ok(Self { msd, temperature, volume, notes, tracers, nernst_einstein: nernst, charge, runs })
    }
}

/// The mean kinetic temperature of runs, each counting with its length, K; `None` if one has no velocities.
pub fn mean_temperature(runs: &[Moved]) -> Option<f64> {
    let frames: usize = runs.iter().map(|run| run.frames).sum();
    let sum: Option<f64> = runs.iter().map(|run| Some(run.temperature? * run.frames as f64)).sum();
    Some(sum? / frames as f64)
}

/// What is to be known of runs that are taken together.
fn notes(runs: &[Moved], longest: usize) -> Vec<String> {
    let mut notes = Vec::new();
    for (k, run) in runs.iter().enumerate() {
        if (run.frames as f64) < SHORTEST_PART * longest as f64 {
            notes.push(format!(
                "run {} of {} is shorter than a quarter of the longest and is left out",
                k + 1,
                runs.len()
            ));
        }
    }
    let volumes = || runs.iter().filter_map(|run| run.volume);
    let (least, most) = volumes().fold((f64::INFINITY, 0.0_f64), |(a, b), v| (a.min(v), b.max(v)));
    if most > 1.02 * least {
        notes.push(format!("volumes of the runs differ: {least:.0} to {most:.0} Å³"));
    }
    notes
}
