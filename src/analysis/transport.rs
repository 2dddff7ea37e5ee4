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
            // Who has no charge takes no part in what follows.
            .filter(|((s, _), _)| z[*s] != 0.0)
            .filter_map(|((s, _), (_, tracer))| tracer.as_ref().ok().map(|tracer| (s, tracer)))
            .collect();
        let charged = |s: &usize| first.species[*s].mobile && z[*s] != 0.0;
        let charged: Vec<usize> = (0..z.len()).filter(charged).collect();
        let missing = match (temperature, volume) {
            _ if charges.is_empty() => Some("the charges of the ions were not given"),
            _ if charged.is_empty() => Some("the mobile ions have no charge"),
            (None, _) => Some("the temperature is not known"),
            (_, None) => Some("the cell is not periodic in three dimensions"),
            _ => None,
        };
        let own = |element: &Element| charged.iter().any(|s| first.species[*s].element == *element);
        let of_charged = tracers.iter().filter(|(element, _)| own(element));
        let first_refusal = of_charged.into_iter().find_map(|(_, tracer)| tracer.as_ref().err().cloned());
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
            if found.len() < charged.len() {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::synthetic::{Kind, Synthetic};

    /// Mobile ions without a charge carry no current: a reason, and no number that is zero give or take nothing.
    #[test]
    fn ions_without_charge_have_no_conductivity() {
        let moved = Synthetic::of(Kind::Walks).watch(0).unwrap();
        let [li, o] = ["Li", "O"].map(|s| Element::from_symbol(s).unwrap());
        let of = |z: f64| {
            let charges = [(li, z), (o, -2.0)];
            Transport::of(vec![moved.clone()], Some(600.0), &charges, &Choice::default()).unwrap()
        };
        assert!(of(1.0).nernst_einstein.is_ok() && of(1.0).charge.is_ok());
        let bare = of(0.0);
        let reason = |refusal: &Refusal| refusal.reason.contains("have no charge");
        assert!(reason(bare.nernst_einstein.as_ref().unwrap_err()));
        assert!(reason(bare.charge.as_ref().err().unwrap()) && bare.tracers[0].1.is_ok());
    }

    /// Ions at rest have two lags in a window like others, and no slope.
    #[test]
    fn ions_at_rest_have_a_window() {
        let mut moved = Synthetic::of(Kind::Walks).watch(0).unwrap();
        let rest = &mut moved.msd[0];
        rest.mean.iter_mut().chain(rest.per_atom.iter_mut().flatten()).for_each(|own| own.fill(0.0));
        let reason = |window| {
            let choice = Choice { window: Some(window), ..Choice::default() };
            let found = Transport::of(vec![moved.clone()], None, &[], &choice).unwrap();
            found.tracers[0].1.as_ref().err().unwrap().reason.clone()
        };
        assert!(reason([500.0, 5000.0]).contains("ions do not move"));
        assert!(reason([510.0, 520.0]).contains("fewer than two lags"));
    }

    /// One ion alone has no others to scatter with: the elements of its tensor have the error of a walk along one direction, √3
    /// times that of all three together where these are alike, and D_xy, which is zero, has 1/√2 of that.
    #[test]
    fn one_ion_has_a_tensor_with_errors() {
        let system = Synthetic { ions: 4, ..Synthetic::of(Kind::Walks) };
        let mut moved = system.watch(1).unwrap();
        let mut all = moved.msd.remove(0);
        for own in &mut all.per_atom {
            own.truncate(1);
        }
        all.atoms = 1;
        for (mean, own) in all.mean.iter_mut().zip(&all.per_atom) {
            *mean = own[0];
        }
        moved.msd.insert(0, all);
        moved.species[0].count = 1;
        let found = Transport::of(
            vec![moved],
            None,
            &[],
            &Choice { window: Some([100.0, 1000.0]), ..Choice::default() },
        );
        let found = found.unwrap();
        let tracer = found.tracers[0].1.as_ref().unwrap();
        let squares: f64 = tracer.tensor[..3].iter().map(|d| d.std_error.powi(2)).sum();
        assert!((squares.sqrt() / 3.0 / tracer.diffusivity.std_error - 1.0).abs() < 1e-9);
        assert!(tracer.tensor.iter().all(|d| d.std_error > 0.0), "{:?}", tracer.tensor);
    }
}
