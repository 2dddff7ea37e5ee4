//! Who is left out, and why.

use super::join::Joined;
use crate::error::Result;
use crate::input::ScreenPlan;

/// For each candidate the reason why it is not ranked, if there is one.
pub(super) fn excluded(plan: &ScreenPlan, joined: &Joined) -> Result<Vec<Option<String>>> {
    let mut reasons = vec![None; joined.names.len()];
    for filter in &plan.filters {
        joined.demand(&filter.column, &filter.place)?;
        for (candidate, reason) in reasons.iter_mut().enumerate().filter(|(_, reason)| reason.is_none()) {
            let column = &filter.column;
            *reason = match joined.number(candidate, column)? {
                None => Some(format!("{column} is not known")),
                Some(value) if filter.below.is_some_and(|bound| value >= bound) => {
                    Some(format!("{column} = {value}, not below {}", filter.below.unwrap_or_default()))
                }
                Some(value) if filter.above.is_some_and(|bound| value <= bound) => {
                    Some(format!("{column} = {value}, not above {}", filter.above.unwrap_or_default()))
                }
                Some(_) => None,
            };
        }
    }
    Ok(reasons)
}
