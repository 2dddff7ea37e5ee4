//! Predictions for candidates that were not simulated, how good such predictions are, and the next batch.

use super::gaussian::Gaussian;
use super::join::{Joined, Measured};
use super::score::mean_and_deviation;
use crate::analysis::special::gamma_p;
use crate::error::{Error, Result};
use crate::input::{Acquisition, Surrogate};
use std::f64::consts::TAU;

/// Everything the surrogate says. Values are logarithms where the plan asks for these.
#[derive(Debug, Clone)]
pub struct Forecast {
    /// The column that is predicted.
    pub target: String,
    /// Are values common logarithms?
    pub log: bool,
    /// How many candidates it learnt from.
    pub known: usize,
    /// Candidates that lack a feature, and the feature.
    pub unknown: Vec<(String, String)>,
    /// Whom to simulate next, in this order.
    pub batch: Vec<Proposal>,
    /// How well it predicts whom it has not seen.
    pub validation: Validation,
    /// The deviation that no feature explains.
    pub noise: f64,
    /// The length over which the prediction changes, in standard deviations of the features.
    pub length: f64,
}

/// A candidate that is worth its simulation.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// Which candidate.
    pub candidate: usize,
    /// Mean and standard deviation of the prediction, before any of the batch is known.
    pub prediction: [f64; 2],
    /// The acquisition, after those before it, divided by the cost.
    pub acquisition: f64,
    /// What its simulation costs, where a column says so.
    pub cost: Option<f64>,
}

/// Predictions for groups that were left out, one at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Validation {
    /// What was left out: `family`, or `candidate` one by one.
    pub groups: String,
    /// How many groups.
    pub count: usize,
    /// Root mean square error.
    pub rmse: f64,
    /// That of the mean of the others: what knowing nothing gives.
    pub trivial: f64,
    /// The part of values within the 95 % interval of their prediction.
    pub coverage: f64,
}

/// What is known of candidates.
#[derive(Default)]
struct Known {
    candidates: Vec<usize>,
    features: Vec<Vec<f64>>,
    values: Vec<Measured>,
    /// Do they pass the filters? Those that do not are learnt from, and are no bar for others.
    passes: Vec<bool>,
}

/// Learns from those that were simulated, and proposes among those that were not.
pub(super) fn forecast(
    table: &Surrogate,
    family: Option<&str>,
    joined: &Joined,
    excluded: &[Option<String>],
) -> Result<Forecast> {
    for column in table.features.iter().chain([&table.target]).chain(&table.cost) {
        joined.demand(column, &table.place)?;
    }
    let (mut known, mut open, mut unknown) = (Known::default(), Vec::new(), Vec::new());
    for candidate in 0..joined.names.len() {
        let features =
            table.features.iter().map(|f| joined.number(candidate, f)).collect::<Result<Vec<_>>>()?;
        if let Some(k) = features.iter().position(Option::is_none) {
            unknown.push((joined.names[candidate].clone(), table.features[k].clone()));
            continue;
        }
        let features: Vec<f64> = features.into_iter().flatten().collect();
        match joined.measured(candidate, &table.target, table.log)? {
            Some(value) => {
                // Inside, more is always better.
                let value = Measured { value: sign(table) * value.value, ..value };
                known.candidates.push(candidate);
                known.features.push(features);
                known.values.push(value);
                known.passes.push(excluded[candidate].is_none());
            }
            // What was tried and cannot be run is not proposed again.
            None if excluded[candidate].is_none() && !tried(joined, candidate) => {
                open.push((candidate, features));
            }
            None => {}
        }
    }
    let scales: Vec<[f64; 2]> = (0..table.features.len())
        .map(|k| mean_and_deviation(known.features.iter().chain(open.iter().map(|o| &o.1)).map(|f| f[k])))
        .collect();
    let standard = |features: &[f64]| -> Vec<f64> {
        let one = |(x, [mean, deviation]): (&f64, &[f64; 2])| {
            if *deviation > 0.0 { (x - mean) / deviation } else { 0.0 }
        };
        features.iter().zip(&scales).map(one).collect()
    };
    known.features = known.features.iter().map(|f| standard(f)).collect();
    let open: Vec<(usize, Vec<f64>)> = open.iter().map(|(k, f)| (*k, standard(f))).collect();
    let all: Vec<usize> = (0..known.values.len()).collect();
    let model = learn(&known, &all).ok_or_else(|| {
        Error::invalid(format!(
            "[surrogate]: {} candidates have {} and all features\n   expected three at least, with different values",
            known.values.len(),
            table.target
        ))
    })?;
    let costs = open
        .iter()
        .map(|(candidate, _)| {
            table.cost.as_ref().map_or(Ok(None), |column| joined.number(*candidate, column))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Forecast {
        target: table.target.clone(),
        log: table.log,
        known: known.values.len(),
        unknown,
        batch: propose(table, &model, &known, &open, &costs),
        validation: validate(&known, family, joined),
        noise: model.noise(),
        length: model.length(),
    })
}

/// Has a sweep tried this candidate in vain?
fn tried(joined: &Joined, candidate: usize) -> bool {
    matches!(joined.text(candidate, "state"), Some("broken" | "failed"))
}

fn sign(table: &Surrogate) -> f64 {
    if table.highest { 1.0 } else { -1.0 }
}

fn learn(known: &Known, which: &[usize]) -> Option<Gaussian> {
    let points: Vec<Vec<f64>> = which.iter().map(|k| known.features[*k].clone()).collect();
    let values: Vec<f64> = which.iter().map(|k| known.values[*k].value).collect();
    let variances: Vec<f64> = which.iter().map(|k| known.values[*k].deviation.powi(2)).collect();
    Gaussian::fit(&points, &values, &variances)
}

/// One after another the candidate with the largest acquisition, each time as if the ones before had turned out as
/// predicted (the Kriging believer of Ginsbourger, Le Riche and Carraro, doi:10.1007/978-3-642-10701-6_6): a batch spreads.
fn propose(
    table: &Surrogate,
    model: &Gaussian,
    known: &Known,
    open: &[(usize, Vec<f64>)],
    costs: &[Option<f64>],
) -> Vec<Proposal> {
    // The best as the model sees it: a lucky value is not a bar.
    let valid = known.features.iter().zip(&known.passes).filter(|(_, passes)| **passes);
    let best = valid.map(|(f, _)| model.at(f)[0]).fold(lowest(known), f64::max);
    let (mut current, mut left) = (model.clone(), (0..open.len()).collect::<Vec<_>>());
    let mut batch = Vec::new();
    while batch.len() < table.batch && !left.is_empty() {
        let worth = |k: usize| {
            let [mean, deviation] = current.at(&open[k].1);
            let gain = match table.acquisition {
                Acquisition::ExpectedImprovement => expected_improvement(mean, deviation, best),
                // Above the mean of everything known, so that it can be divided by a cost.
                Acquisition::UpperConfidenceBound => {
                    (mean + table.kappa * deviation - lowest(known)).max(0.0)
                }
            };
            gain / costs[k].filter(|cost| *cost > 0.0).unwrap_or(1.0)
        };
        let Some((place, acquisition)) =
            left.iter().map(|k| worth(*k)).enumerate().max_by(|a, b| a.1.total_cmp(&b.1))
        else {
            break;
        };
        let k = left.remove(place);
        let [mean, deviation] = model.at(&open[k].1);
        let prediction = [sign(table) * mean, deviation];
        batch.push(Proposal { candidate: open[k].0, prediction, acquisition, cost: costs[k] });
        current = current.believing(&open[k].1);
    }
    batch
}

/// The worst value there is.
fn lowest(known: &Known) -> f64 {
    known.values.iter().map(|value| value.value).fold(f64::INFINITY, f64::min)
}

/// ⟨max(f − best, 0)⟩ of a normal f.
fn expected_improvement(mean: f64, deviation: f64, best: f64) -> f64 {
    if deviation <= 0.0 {
        return (mean - best).max(0.0);
    }
    let z = (mean - best) / deviation;
    let tail = 0.5 * gamma_p(0.5, 0.5 * z * z);
    let below = if z >= 0.0 { 0.5 + tail } else { 0.5 - tail };
    (mean - best) * below + deviation * (-0.5 * z * z).exp() / TAU.sqrt()
}

/// Leaves out one family at a time, or one candidate where there are no families.
fn validate(known: &Known, family: Option<&str>, joined: &Joined) -> Validation {
    let group = |k: usize| match family.and_then(|column| joined.text(known.candidates[k], column)) {
        Some(name) => name.to_string(),
        None => joined.names[known.candidates[k]].clone(),
    };
    let groups: Vec<String> = (0..known.values.len()).map(group).collect();
    let mut names = groups.clone();
    names.sort();
    names.dedup();
    let (mut squares, mut trivial, mut inside, mut count) = (0.0, 0.0, 0.0, 0.0);
    for name in &names {
        let others: Vec<usize> = (0..groups.len()).filter(|k| groups[*k] != *name).collect();
        let Some(model) = learn(known, &others) else { continue };
        let mean = others.iter().map(|k| known.values[*k].value).sum::<f64>() / others.len() as f64;
        for k in (0..groups.len()).filter(|k| groups[*k] == *name) {
            let [predicted, deviation] = model.at(&known.features[k]);
            let own = known.values[k];
            let whole = (deviation.powi(2) + model.noise().powi(2) + own.deviation.powi(2)).sqrt();
            squares += (own.value - predicted).powi(2);
            trivial += (own.value - mean).powi(2);
            inside += f64::from(u8::from((own.value - predicted).abs() <= 1.96 * whole));
            count += 1.0;
        }
    }
    let root = |sum: f64| (sum / count).sqrt();
    Validation {
        groups: family.unwrap_or("candidate").to_string(),
        count: names.len(),
        rmse: root(squares),
        trivial: root(trivial),
        coverage: inside / count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the closed form at z = 0, deviation/√(2π), and against numbers of scipy for z = ±1.
    #[test]
    fn expected_improvements() {
        assert!((expected_improvement(1.0, 2.0, 1.0) - 2.0 / TAU.sqrt()).abs() < 1e-12);
        assert!((expected_improvement(1.0, 1.0, 0.0) - 1.083_315_470_587_687_3).abs() < 1e-9);
        assert!((expected_improvement(0.0, 1.0, 1.0) - 0.083_315_470_587_687_3).abs() < 1e-9);
        assert_eq!(expected_improvement(3.0, 0.0, 1.0), 2.0);
    }
}
