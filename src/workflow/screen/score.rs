//! The score: a weighted sum of standardised columns, S = Σ w (x − mean)/deviation.

use super::join::{Joined, Measured};
use super::ranks::Ranks;
use crate::error::{Error, Result};
use crate::input::{Place, ScoreTerm, ScreenPlan};
use std::cmp::Ordering;

/// Column, weight and whether its logarithm counts, where the plan names none, besides the conductivity:
/// S = σ + ΔV_ESW − Ea − σ_e, each standardised.
const STANDARD: [(&str, f64, bool); 3] =
    [("dV_ESW", 1.0, false), ("Ea_eV", -1.0, false), ("sigma_e_S_cm", -1.0, true)];

/// A candidate that has a score.
#[derive(Debug, Clone)]
pub(super) struct Scored {
    /// Which candidate.
    pub candidate: usize,
    /// The score.
    pub score: f64,
    /// The terms: values before they are standardised.
    pub values: Vec<Measured>,
    /// How likely its ranks are.
    pub ranks: Ranks,
}

/// All scores, the best first, and how they were made.
#[derive(Debug, Clone, Default)]
pub(super) struct Scores {
    /// Candidates that have one.
    pub scored: Vec<Scored>,
    /// Candidates that have none, with the column they lack.
    pub missing: Vec<(usize, String)>,
    /// Mean and standard deviation of each term.
    pub scales: Vec<[f64; 2]>,
    /// How likely each is better than each other, by their places.
    pub pairs: Vec<Vec<f64>>,
}

/// The terms of a plan, or the standard ones that are there.
pub(super) fn terms(plan: &ScreenPlan, joined: &Joined) -> Result<Vec<ScoreTerm>> {
    for term in &plan.score {
        joined.demand(&term.column, &term.place)?;
    }
    if !plan.score.is_empty() {
        return Ok(plan.score.clone());
    }
    let term = |column: &str, weight: f64, log: bool| ScoreTerm {
        column: column.to_string(),
        weight,
        log,
        place: Place::Nowhere,
    };
    let conductivity = conductivity(joined).ok_or_else(|| {
        Error::invalid(
            "there is no conductivity to rank by, such as a column `sigma_300K_S_cm`\n   expected one, or [[score]] tables \
             in a plan",
        )
    })?;
    let others = STANDARD.into_iter().filter(|(column, ..)| joined.has(column));
    let others = others.map(|(column, weight, log)| term(column, weight, log));
    Ok([term(conductivity, 1.0, true)].into_iter().chain(others).collect())
}

/// The column of a conductivity that is nearest to 300 K: `sigma_T K_S_cm` of a sweep.
pub(super) fn conductivity(joined: &Joined) -> Option<&str> {
    let temperature = |column: &str| -> Option<f64> {
        column.strip_prefix("sigma_")?.strip_suffix("K_S_cm")?.parse().ok().filter(|t: &f64| t.is_finite())
    };
    let found = joined.columns().filter_map(|column| Some((temperature(column)?, column)));
    // Of two that are as near the colder.
    let far = |t: f64| ((t - 300.0).abs(), t);
    found.min_by(|a, b| far(a.0).partial_cmp(&far(b.0)).unwrap_or(Ordering::Equal)).map(|(_, column)| column)
}

/// Scores those that pass the filters and have every column.
pub(super) fn scores(
    terms: &[ScoreTerm],
    joined: &Joined,
    excluded: &[Option<String>],
    seed: u64,
) -> Result<Scores> {
    let (mut rows, mut missing) = (Vec::new(), Vec::new());
    for candidate in (0..joined.names.len()).filter(|k| excluded[*k].is_none()) {
        let (mut values, mut lacking) = (Vec::new(), None);
        for term in terms {
            match joined.measured(candidate, &term.column, term.log)? {
                Some(value) => values.push(value),
                None => lacking = lacking.or(Some(term.column.clone())),
            }
        }
        match lacking {
            None => rows.push((candidate, values)),
            Some(column) => missing.push((candidate, column)),
        }
    }
    let scales: Vec<[f64; 2]> =
        (0..terms.len()).map(|k| mean_and_deviation(rows.iter().map(|(_, v)| v[k].value))).collect();
    // What does not differ cannot decide.
    let part = |k: usize, x: f64| {
        let [mean, deviation] = scales[k];
        if deviation > 0.0 { terms[k].weight * (x - mean) / deviation } else { 0.0 }
    };
    let score = |values: &[f64]| values.iter().enumerate().map(|(k, x)| part(k, *x)).sum::<f64>();
    let best = |values: &[Measured]| score(&values.iter().map(|m| m.value).collect::<Vec<_>>());
    rows.sort_by(|a, b| best(&b.1).total_cmp(&best(&a.1)));
    let measured: Vec<&[Measured]> = rows.iter().map(|(_, values)| values.as_slice()).collect();
    let (ranks, pairs) = Ranks::sample(&measured, &score, seed);
    let scored = rows
        .iter()
        .zip(ranks)
        .map(|((candidate, values), ranks)| Scored {
            candidate: *candidate,
            score: best(values),
            values: values.clone(),
            ranks,
        })
        .collect();
    Ok(Scores { scored, missing, scales, pairs })
}

/// Mean and standard deviation of a sample; a deviation of rounding errors is none.
pub(super) fn mean_and_deviation(values: impl Iterator<Item = f64> + Clone) -> [f64; 2] {
    let n = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / n;
    let variance = values.map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    let deviation = variance.sqrt();
    [mean, if deviation > 1e-12 * mean.abs() { deviation } else { 0.0 }]
}
