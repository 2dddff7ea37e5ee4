//! `mlmd screen`: which candidates are good, how sure that is, and which to simulate next.
//!
//! | file | what it holds |
//! |---|---|
//! | `join` | tables of sweeps beside the table of a person |
//! | `filter` | who is left out, and why |
//! | `score` | the weighted sum of standardised columns |
//! | `population` | what all candidates say of each |
//! | `ranks` | how likely each rank is, from the intervals |
//! | `pareto` | candidates that no other beats in everything |
//! | `gaussian` | a Gaussian process |
//! | `forest` | a random forest with the calibrated spread of its trees |
//! | `model` | either of them |
//! | `validation` | how well they predict families that were left out, and which does better |
//! | `surrogate` | predictions for those not yet simulated, and the next batch |
//! | `predictions` | what the surrogate found, as text, tables and a plot |
//! | `outcome` | all of it, as a table and as a page |

mod filter;
mod forest;
mod gaussian;
mod join;
mod model;
mod outcome;
mod pareto;
mod population;
mod predictions;
mod ranks;
mod score;
mod surrogate;
mod validation;

pub use forest::Forest;
pub use gaussian::Gaussian;
pub use join::{Joined, Measured};
pub use model::Kind;
pub use outcome::{Outcome, Ranked};
pub use ranks::Ranks;
pub use surrogate::{Forecast, Proposal};
pub use validation::{Check, Groups, LeftOut, Validation, Verdict};

use crate::error::Result;
use crate::input::{Place, ScreenPlan};

/// Does what a plan asks; nothing is written.
pub fn screen(plan: &ScreenPlan) -> Result<Outcome> {
    let joined = Joined::read(plan)?;
    if let Some(family) = &plan.family {
        joined.demand(family, &Place::Nowhere)?;
    }
    let excluded = filter::excluded(plan, &joined)?;
    let terms = score::terms(plan, &joined)?;
    let target = plan.surrogate.as_ref().map(|table| (&table.target, &table.place));
    for (column, place) in terms.iter().map(|term| (&term.column, &term.place)).chain(target) {
        if outcome::RESERVED.contains(&column.as_str()) {
            let help = "expected another name of this column in your table";
            return Err(place
                .error(format!("the results have a column `{column}` of their own"))
                .with_help(help)
                .into());
        }
    }
    let scores = score::scores(&terms, &joined, &excluded, plan.seed)?;
    let front = pareto::front(plan, &terms, &joined, &scores)?;
    let forecast = match &plan.surrogate {
        Some(table) => {
            let mut table = table.clone();
            // Without a plan the conductivity that there is.
            if let (Place::Nowhere, Some(column)) = (&table.place, score::conductivity(&joined))
                && !joined.has(&table.target)
            {
                table.target = column.to_string();
            }
            Some(surrogate::forecast(&table, plan.family.as_deref(), &joined, &excluded, plan.seed)?)
        }
        None => None,
    };
    Ok(Outcome::new(plan, &joined, excluded, &terms, scores, front, forecast))
}
