//! Predictions for candidates that were not simulated, and the next batch.

use super::join::{Joined, Measured};
use super::model::{Kind, Known, Model};
use super::score::mean_and_deviation;
use super::validation::Validation;
use crate::analysis::special::gamma_p;
use crate::error::{Error, Result};
use crate::input::{Acquisition, Predictor, Surrogate};
use std::f64::consts::TAU;

/// Everything the surrogate says. Values are logarithms where the plan asks for these.
#[derive(Debug, Clone)]
pub struct Forecast {
    /// The column that is predicted.
    pub target: String,
    /// Are values common logarithms?
    pub log: bool,
    /// The candidates it learnt from.
    pub known: Vec<usize>,
    /// Candidates that lack a feature, and the feature.
    pub unknown: Vec<(String, String)>,
    /// The column of what a simulation costs, and candidates that would be proposed if this were known of them.
    pub unpriced: Option<(String, Vec<String>)>,
    /// Whom to simulate next, in this order.
    pub batch: Vec<Proposal>,
    /// How well the kinds of models predict whom they have not seen. Less is better there if it is what the plan looks for.
    pub validation: Validation,
    /// The kind that proposes.
    pub kind: Kind,
    /// Did the plan leave the kind to the validation?
    pub chosen: bool,
    /// 1 where the plan looks for high values, −1 for low ones: values of the validation are multiplied with it.
    pub sign: f64,
}

/// A candidate that is worth its simulation.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// Which candidate.
    pub candidate: usize,
    /// Mean and standard deviation of the prediction, with what the features do not explain, before any of the batch
    /// is known.
    pub prediction: [f64; 2],
    /// The acquisition, after those before it, divided by the cost.
    pub acquisition: f64,
    /// What its simulation costs, where a column says so.
    pub cost: Option<f64>,
}

/// Whom the surrogate learns from, and among whom it chooses.
#[derive(Default)]
struct Field {
    candidates: Vec<usize>,
    known: Known,
    /// Do those known pass the filters? Those that do not are learnt from, and are no bar for others.
    passes: Vec<bool>,
    /// Those not simulated, with their features.
    open: Vec<usize>,
    features: Vec<Vec<f64>>,
    costs: Vec<Option<f64>>,
    unknown: Vec<(String, String)>,
    unpriced: Vec<String>,
}

/// Learns from those that were simulated, and proposes among those that were not.
pub(super) fn forecast(
    table: &Surrogate,
    family: Option<&str>,
    joined: &Joined,
    excluded: &[Option<String>],
    seed: u64,
) -> Result<Forecast> {
    for column in table.features.iter().chain([&table.target]).chain(&table.cost) {
        joined.demand(column, &table.place)?;
    }
    let field = Field::of(table, joined, excluded)?;
    let families = family.map(|column| {
        let label = |k: &usize| joined.text(*k, column).unwrap_or(&joined.names[*k]).to_string();
        (column, field.candidates.iter().map(label).collect())
    });
    let validation = Validation::of(&field.known, families, seed);
    let kind = match table.model {
        Predictor::GaussianProcess => Kind::Gaussian,
        Predictor::RandomForest => Kind::Forest,
        // Its uncertainty grows away from what is known, that of a forest does not: in doubt it is the better guide.
        Predictor::Best => {
            let clear = validation.verdict().filter(|verdict| verdict.clear);
            clear.map_or(Kind::Gaussian, |verdict| verdict.better)
        }
    };
    let model = Model::learn(kind, &field.known, seed).ok_or_else(|| {
        Error::invalid(format!(
            "[surrogate]: {} candidates have {} and all features\n   expected three at least, with different values",
            field.candidates.len(),
            table.target
        ))
    })?;
    Ok(Forecast {
        target: table.target.clone(),
        log: table.log,
        batch: propose(table, &model, &field),
        known: field.candidates,
        unknown: field.unknown,
        unpriced: table.cost.clone().map(|column| (column, field.unpriced)),
        validation,
        kind,
        chosen: table.model == Predictor::Best,
        sign: sign(table),
    })
}

impl Field {
    fn of(table: &Surrogate, joined: &Joined, excluded: &[Option<String>]) -> Result<Self> {
        let mut field = Self::default();
        for candidate in 0..joined.names.len() {
            let features =
                table.features.iter().map(|f| joined.number(candidate, f)).collect::<Result<Vec<_>>>()?;
            if let Some(k) = features.iter().position(Option::is_none) {
                field.unknown.push((joined.names[candidate].clone(), table.features[k].clone()));
                continue;
            }
            let features: Vec<f64> = features.into_iter().flatten().collect();
            match joined.measured(candidate, &table.target, table.log)? {
                Some(Measured { value, deviation }) => {
                    field.candidates.push(candidate);
                    field.known.features.push(features);
                    // Inside, more is always better.
                    field.known.values.push(sign(table) * value);
                    field.known.variances.push(deviation.powi(2));
                    field.passes.push(excluded[candidate].is_none());
                }
                // What was tried and has no value is not proposed again.
                None if excluded[candidate].is_none() && !tried(joined, candidate)? => {
                    let cost = table.cost.as_ref().map(|column| joined.positive(candidate, column));
                    // Whatever was assumed of a cost that is not known would decide.
                    let Some(cost) = cost.transpose()?.map_or(Some(None), |known| known.map(Some)) else {
                        field.unpriced.push(joined.names[candidate].clone());
                        continue;
                    };
                    field.open.push(candidate);
                    field.features.push(features);
                    field.costs.push(cost);
                }
                None => {}
            }
        }
        field.standardise(table.features.len());
        Ok(field)
    }

    /// Features of all have mean 0 and deviation 1.
    fn standardise(&mut self, count: usize) {
        for k in 0..count {
            let all = self.known.features.iter().chain(&self.features).map(|features| features[k]);
            let [mean, deviation] = mean_and_deviation(all);
            for features in self.known.features.iter_mut().chain(&mut self.features) {
                features[k] = if deviation > 0.0 { (features[k] - mean) / deviation } else { 0.0 };
            }
        }
    }

    /// The worst value there is.
    fn lowest(&self) -> f64 {
        self.known.values.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The best as a model sees it: a lucky value is not a bar.
    fn best(&self, model: &Model) -> f64 {
        let told = model.at(&self.known.features);
        let valid = told.iter().zip(&self.passes).filter(|(_, passes)| **passes);
        valid.map(|([mean, _], _)| *mean).fold(self.lowest(), f64::max)
    }
}

/// Has a sweep done what it can with this candidate? All its tasks are done or cannot be finished.
fn tried(joined: &Joined, candidate: usize) -> Result<bool> {
    if matches!(joined.text(candidate, "state"), Some("broken" | "failed" | "complete")) {
        return Ok(true);
    }
    let count = |column: &str| joined.number(candidate, column);
    Ok(match [count("tasks")?, count("tasks_done")?, count("tasks_failed")?] {
        [Some(tasks), Some(done), Some(failed)] => done + failed >= tasks,
        _ => false,
    })
}

fn sign(table: &Surrogate) -> f64 {
    if table.highest { 1.0 } else { -1.0 }
}

/// One after another the candidate with the largest acquisition, each time as if the ones before had turned out as
/// predicted (the Kriging believer of Ginsbourger, Le Riche and Carraro, doi:10.1007/978-3-642-10701-6_6): a batch spreads.
fn propose(table: &Surrogate, model: &Model, field: &Field) -> Vec<Proposal> {
    let (best, lowest, first) = (field.best(model), field.lowest(), model.at(&field.features));
    let (mut current, mut told) = (model.clone(), first.clone());
    let mut left: Vec<usize> = (0..field.open.len()).collect();
    let mut batch = Vec::new();
    while batch.len() < table.batch && !left.is_empty() {
        let worth = |k: usize| {
            let [mean, deviation] = told[k];
            let gain = match table.acquisition {
                Acquisition::ExpectedImprovement => expected_improvement(mean, deviation, best),
                // Above the worst of everything known, so that it can be divided by a cost.
                Acquisition::UpperConfidenceBound => (mean + table.kappa * deviation - lowest).max(0.0),
            };
            gain / field.costs[k].unwrap_or(1.0)
        };
        // Of equals the first of the table.
        let Some((place, acquisition)) =
            left.iter().map(|k| worth(*k)).enumerate().rev().max_by(|a, b| a.1.total_cmp(&b.1))
        else {
            break;
        };
        let k = left.remove(place);
        let [mean, deviation] = first[k];
        let prediction = [sign(table) * mean, deviation.hypot(model.noise())];
        batch.push(Proposal { candidate: field.open[k], prediction, acquisition, cost: field.costs[k] });
        if batch.len() < table.batch {
            current = current.believing(&field.features[k]);
            told = current.at(&field.features);
        }
    }
    batch
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
