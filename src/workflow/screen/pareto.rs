//! The Pareto front: candidates that no other beats in one objective without losing in another.

use super::join::{Joined, Measured};
use super::population::of_columns;
use super::ranks::common;
use super::score::Scores;
use crate::error::Result;
use crate::input::{Objective, ScoreTerm, ScreenPlan};
use crate::random::{Philox, Purpose};

/// The objectives and who is on the front.
#[derive(Debug, Clone, Default)]
pub(super) struct Front {
    /// Names of the objectives, whether more is better, and whether values are common logarithms.
    pub objectives: Vec<(String, bool, bool)>,
    /// By the place in the ranking: values of the objectives, whether it is on the front, and how likely.
    pub members: Vec<Option<Member>>,
}

/// A candidate that has all objectives.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// Its values.
    pub values: Vec<Measured>,
    /// Does no other beat it?
    pub on_front: bool,
    /// How likely none does.
    pub probability: f64,
}

const REPEATS: usize = 1000;

/// The front of those that are ranked.
pub(super) fn front(
    plan: &ScreenPlan,
    terms: &[ScoreTerm],
    joined: &Joined,
    scores: &Scores,
) -> Result<Front> {
    let of_term = |term: &ScoreTerm| Objective {
        column: term.column.clone(),
        highest: term.weight >= 0.0,
        place: term.place.clone(),
    };
    let objectives: Vec<Objective> = if plan.objectives.is_empty() {
        terms.iter().map(of_term).collect()
    } else {
        plan.objectives.clone()
    };
    for objective in &plan.objectives {
        joined.demand(&objective.column, &objective.place)?;
    }
    // Intervals of what spans decades are those of its logarithm.
    let log = |column: &str| terms.iter().any(|term| term.log && term.column == column);
    let values = |candidate: usize| -> Result<Option<Vec<Measured>>> {
        objectives.iter().map(|o| joined.measured(candidate, &o.column, log(&o.column))).collect()
    };
    let rows = scores.scored.iter().map(|scored| values(scored.candidate)).collect::<Result<Vec<_>>>()?;
    let signs: Vec<f64> = objectives.iter().map(|o| if o.highest { 1.0 } else { -1.0 }).collect();
    let whole: Vec<usize> = (0..rows.len()).filter(|k| rows[*k].is_some()).collect();
    let at = |k: usize| rows[k].as_deref().unwrap_or_default();
    let signed = |k: usize| at(k).iter().zip(&signs).map(|(m, s)| s * m.value).collect::<Vec<f64>>();
    let best = undominated(&whole.iter().map(|k| signed(*k)).collect::<Vec<_>>());
    let mut hits = vec![0_u32; whole.len()];
    let populations = of_columns(&whole.iter().map(|k| at(*k)).collect::<Vec<_>>());
    for repeat in 0..REPEATS {
        // Another stream than that of the ranks: their repetitions end before 2²⁰.
        let repeat = (1 << 20) + repeat as u64;
        let others = common(&populations, plan.seed, repeat);
        let drawn: Vec<Vec<f64>> = whole
            .iter()
            .map(|k| {
                let mut noise = Philox::new(plan.seed, Purpose::Sampling, repeat, *k as u32);
                let values = at(*k).iter().zip(&others).zip(&signs);
                values.map(|((m, others), s)| s * m.draw(*others, &mut noise)[1]).collect()
            })
            .collect();
        for (hit, on) in hits.iter_mut().zip(undominated(&drawn)) {
            *hit += u32::from(on);
        }
    }
    let mut members = vec![None; rows.len()];
    for ((k, on_front), hit) in whole.iter().zip(best).zip(hits) {
        let probability = f64::from(hit) / REPEATS as f64;
        members[*k] = Some(Member { values: at(*k).to_vec(), on_front, probability });
    }
    let objectives = objectives.into_iter().map(|o| {
        let log = log(&o.column);
        (o.column, o.highest, log)
    });
    Ok(Front { objectives: objectives.collect(), members })
}

/// Which points no other is at least as good as everywhere, and better somewhere; more is better.
fn undominated(points: &[Vec<f64>]) -> Vec<bool> {
    let beats =
        |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(x, y)| x >= y) && a.iter().zip(b).any(|(x, y)| x > y);
    points.iter().map(|own| !points.iter().any(|other| beats(other, own))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_beaten_in_everything_is_off_the_front() {
        let points = [[3.0, 1.0], [2.0, 2.0], [1.0, 3.0], [1.0, 2.0], [2.0, 2.0]].map(Vec::from);
        assert_eq!(undominated(&points), [true, true, true, false, true]);
    }
}
