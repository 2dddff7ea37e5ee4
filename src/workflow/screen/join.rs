//! Tables of sweeps beside the table of a person: a line for each candidate that is in any of them.

use crate::error::{Error, Result, nearest};
use crate::input::{Place, ScreenPlan};
use crate::io::Spreadsheet;
use crate::random::Philox;

/// All tables, by candidate.
#[derive(Debug)]
pub struct Joined {
    /// The candidates, in the order in which they first appear.
    pub names: Vec<String>,
    tables: Vec<Spreadsheet>,
    /// How many of them, the first, are of sweeps.
    sweeps: usize,
    /// For each table the row of each candidate.
    rows: Vec<Vec<Option<usize>>>,
}

/// A value, with the standard deviation that its interval tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The value, or its common logarithm.
    pub value: f64,
    /// Zero where there is no interval.
    pub deviation: f64,
}

impl Measured {
    /// A value that could as well have been found.
    pub(super) fn draw(&self, noise: &mut Philox) -> f64 {
        // The number is drawn in any case, so that a value with an interval does not shift the noise of others.
        self.value + self.deviation * noise.normal()
    }
}

/// Half of a 95 % interval in standard deviations.
const HALF_WIDTH: f64 = 1.959_963_984_540_054;

impl Joined {
    /// Reads all tables of a plan: those of sweeps first, so that what was computed goes before what was written by hand.
    pub(super) fn read(plan: &ScreenPlan) -> Result<Self> {
        let paths = plan.candidates.iter().chain(&plan.table);
        let tables = paths.map(|path| Spreadsheet::read(path)).collect::<Result<Vec<_>>>()?;
        let mut names: Vec<String> = Vec::new();
        let mut keys = Vec::new();
        for table in &tables {
            let column = table.column(&plan.key).ok_or_else(|| {
                Error::invalid(format!(
                    "{}: there is no column `{}`, which names the candidates\n   it has: {}\n   expected this column, \
                     or another `key` in the plan",
                    table.path.display(),
                    plan.key,
                    table.columns.join(", ")
                ))
            })?;
            let own: Vec<&String> = table.rows.iter().map(|row| &row[column]).collect();
            for (k, name) in own.iter().enumerate() {
                if own[..k].contains(name) {
                    return Err(Error::invalid(format!(
                        "{}:{}: `{name}` is there twice",
                        table.path.display(),
                        table.line(k)
                    )));
                }
                if !names.contains(name) {
                    names.push((*name).clone());
                }
            }
            keys.push(own);
        }
        let find =
            |own: &Vec<&String>| names.iter().map(|name| own.iter().position(|o| *o == name)).collect();
        let rows = keys.iter().map(find).collect();
        if names.is_empty() {
            return Err(Error::invalid("there is no candidate in these tables"));
        }
        Ok(Self { names, tables, sweeps: plan.candidates.len(), rows })
    }

    /// Is there such a column?
    pub fn has(&self, column: &str) -> bool {
        self.tables.iter().any(|table| table.column(column).is_some())
    }

    /// Refuses a column that no table has.
    pub(super) fn demand(&self, column: &str, place: &Place) -> Result<()> {
        if self.has(column) {
            return Ok(());
        }
        let all: Vec<&str> =
            self.tables.iter().flat_map(|table| &table.columns).map(String::as_str).collect();
        let message = format!("there is no column `{column}`");
        let help = match nearest(column, all.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there is: {}", all.join(", ")),
        };
        Err(match place {
            // On the command line.
            Place::Nowhere => Error::invalid(format!("{message}\n   {help}")),
            _ => place.error(message).with_help(help).into(),
        })
    }

    /// A cell as text: of the first table that has something there.
    pub fn text(&self, candidate: usize, column: &str) -> Option<&str> {
        self.tables.iter().zip(&self.rows).find_map(|(table, rows)| {
            let text = &table.rows[rows[candidate]?][table.column(column)?];
            (!text.is_empty()).then_some(text.as_str())
        })
    }

    /// Why a candidate has no value in a column, as far as the tables tell.
    pub(super) fn lacking(&self, candidate: usize, column: &str) -> Option<&str> {
        if let Some(reason) = self.text(candidate, "reason") {
            return Some(reason);
        }
        if !self.tables[..self.sweeps].iter().any(|table| table.column(column).is_some()) {
            return None;
        }
        match self.text(candidate, "state") {
            Some("complete") => Some("its simulation supports no number, and its report says why"),
            None if self.rows[..self.sweeps].iter().all(|rows| rows[candidate].is_none()) => {
                Some("not simulated")
            }
            state => state,
        }
    }

    /// A cell as a number.
    pub fn number(&self, candidate: usize, column: &str) -> Result<Option<f64>> {
        for (table, rows) in self.tables.iter().zip(&self.rows) {
            if let (Some(row), Some(column)) = (rows[candidate], table.column(column))
                && let Some(value) = table.number(row, column)?
            {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// A number with what `COLUMN_low` and `COLUMN_high` say of it; with `log` the logarithm, of positive values only.
    pub fn measured(&self, candidate: usize, column: &str, log: bool) -> Result<Option<Measured>> {
        let of = |name: &str| -> Result<Option<f64>> {
            let value = self.number(candidate, name)?;
            Ok(if log { value.filter(|x| *x > 0.0).map(f64::log10) } else { value })
        };
        let Some(value) = of(column)? else { return Ok(None) };
        let (low, high) = (of(&format!("{column}_low"))?, of(&format!("{column}_high"))?);
        let deviation = low.zip(high).map_or(0.0, |(low, high)| (high - low).abs() / (2.0 * HALF_WIDTH));
        Ok(Some(Measured { value, deviation }))
    }
}
