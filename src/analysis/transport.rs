//! Everything about transport at one temperature.

use super::charge::{Charge, Ions, nernst_einstein};
use super::estimate::{Estimate, Refusal};
use super::motion::Moved;
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
            if run.species != first.species || (run.interval / first.interval - 1.0).abs() > 1e-6 {
                return Err(Error::invalid(
                    "runs that are taken together must have the same atoms and the same time between frames",
                ));
            }
        }
        let temperature = temperature.or(first.temperature);
        let volumes: Option<Vec<f64>> = runs.iter().map(|run| run.volume).collect();
        let volume = volumes.map(|v| v.iter().sum::<f64>() / v.len() as f64);
        let used: Vec<&Moved> =
            runs.iter().filter(|run| run.frames as f64 >= SHORTEST_PART * longest as f64).collect();
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
            (Ok(nernst_einstein(&ions, volume, temperature)), ions_of.charge())
        };
        drop(used);
        Ok(Self { temperature, volume, tracers, nernst_einstein: nernst, charge, runs })
    }
}
