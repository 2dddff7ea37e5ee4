//! Tables of sweeps beside the table of a person: a line for each candidate that is in any of them.

use crate::error::{Diagnostic, Error, Result, nearest};
use crate::input::{Place, ScreenPlan};
use crate::io::Spreadsheet;
use std::collections::HashMap;

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

/// Half of a 95 % interval in standard deviations.
const HALF_WIDTH: f64 = 1.959_963_984_540_054;

impl Joined {
    /// Reads all tables of a plan: those of sweeps first, so that what was computed goes before what was written by hand.
    pub(super) fn read(plan: &ScreenPlan) -> Result<Self> {
        let paths = plan.candidates.iter().chain(&plan.table);
        let tables = paths.map(|path| Spreadsheet::read(path)).collect::<Result<Vec<_>>>()?;
        let sweeps = plan.candidates.len();
        let mut names: Vec<String> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut rows: Vec<Vec<Option<usize>>> = Vec::new();
        for (k, table) in tables.iter().enumerate() {
            let column = table.column(&plan.key).ok_or_else(|| {
                Error::invalid(format!(
                    "{}: there is no column `{}`, which names the candidates\n   it has: {}\n   expected this column, \
                     or another `key` in the plan",
                    table.path.display(),
                    plan.key,
                    table.columns.join(", ")
                ))
            })?;
            let mut own: Vec<Option<usize>> = vec![None; names.len()];
            for (row, name) in table.rows.iter().map(|row| &row[column]).enumerate() {
                let place = *places.entry(name.clone()).or_insert_with(|| {
                    names.push(name.clone());
                    names.len() - 1
                });
                own.resize(names.len(), None);
                if own[place].replace(row).is_some() {
                    return Err(Error::invalid(format!(
                        "{}:{}: `{name}` is there twice",
                        table.path.display(),
                        table.line(row)
                    )));
                }
                // Numbers of two sweeps must not become one candidate.
                let other = rows[..k.min(sweeps)]
                    .iter()
                    .position(|rows| rows.get(place).is_some_and(Option::is_some));
                if let Some(other) = other.filter(|_| k < sweeps) {
                    let line = rows[other][place].map_or(0, |row| tables[other].line(row));
                    let message =
                        format!("`{name}` is in another sweep, too: {}:{line}", tables[other].path.display());
                    return Err(Diagnostic::new(&table.path, table.line(row), 1, message)
                        .with_help("expected a name of its own for each candidate of all sweeps: another file name in one of them")
                        .into());
                }
            }
            rows.push(own);
        }
        for own in &mut rows {
            own.resize(names.len(), None);
        }
        if names.is_empty() {
            return Err(Error::invalid("there is no candidate in these tables"));
        }
        Ok(Self { names, tables, sweeps, rows })
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
        let all: Vec<&str> = self.columns().collect();
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

    /// The columns of all tables.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().flat_map(|table| &table.columns).map(String::as_str)
    }

    /// A cell as a number.
    pub fn number(&self, candidate: usize, column: &str) -> Result<Option<f64>> {
        Ok(self.found(candidate, column)?.map(|(value, ..)| value))
    }

    /// A number, with the table and the row where it stands.
    fn found(&self, candidate: usize, column: &str) -> Result<Option<(f64, &Spreadsheet, usize)>> {
        for (table, rows) in self.tables.iter().zip(&self.rows) {
            if let (Some(row), Some(column)) = (rows[candidate], table.column(column))
                && let Some(value) = table.number(row, column)?
            {
                return Ok(Some((value, table, row)));
            }
        }
        Ok(None)
    }

    /// A number that has to be positive.
    pub(super) fn positive(&self, candidate: usize, column: &str) -> Result<Option<f64>> {
        match self.found(candidate, column)? {
            Some((value, table, row)) if value <= 0.0 => {
                let message = format!("{column} = {value}, and a cost is positive");
                Err(Diagnostic::new(&table.path, table.line(row), 1, message)
                    .with_help("expected a number above 0, or nothing where it is not known")
                    .into())
            }
            found => Ok(found.map(|(value, ..)| value)),
        }
    }

    /// A number with what `COLUMN_low` and `COLUMN_high` beside it say; with `log` the logarithm, of positive values
    /// only.
    ///
    /// With z = 1.96 the standard deviation is (high − low)/2z, also of logarithms. Where there is none of the low end,
    /// which is zero or less, the upper half tells: log(high/value)/z.
    ///
    /// # Errors
    /// [`Error::Text`] for an interval that has one end, or does not hold its value.
    pub fn measured(&self, candidate: usize, column: &str, log: bool) -> Result<Option<Measured>> {
        let Some((value, table, row)) = self.found(candidate, column)? else { return Ok(None) };
        if log && value <= 0.0 {
            return Ok(None);
        }
        let end = |name: &str| -> Result<Option<f64>> {
            table.column(&format!("{column}_{name}")).map_or(Ok(None), |column| table.number(row, column))
        };
        let complain = |message: String| {
            Diagnostic::new(&table.path, table.line(row), 1, message).with_help(format!(
                "expected both ends of its 95 % interval, {column}_low and {column}_high, or neither"
            ))
        };
        let [low, high] = match (end("low")?, end("high")?) {
            (None, None) => [value, value],
            (Some(low), Some(high)) if low <= value && value <= high => [low, high],
            (Some(low), Some(high)) => {
                let message = format!("{column} = {value} is not within its interval, {low} to {high}");
                return Err(complain(message).into());
            }
            (low, _) => {
                let missing = if low.is_none() { "low" } else { "high" };
                return Err(complain(format!("{column} = {value} has no {column}_{missing}")).into());
            }
        };
        let deviation = match log {
            false => (high - low) / (2.0 * HALF_WIDTH),
            true if low > 0.0 => (high / low).log10() / (2.0 * HALF_WIDTH),
            true => (high / value).log10() / HALF_WIDTH,
        };
        Ok(Some(Measured { value: if log { value.log10() } else { value }, deviation }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Two tables of sweeps and one of a person.
    fn joined(sweeps: [&str; 2], table: &str) -> Result<Joined> {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let candidates = vec![write("one.csv", sweeps[0]), write("two.csv", sweeps[1])];
        Joined::read(&ScreenPlan {
            title: None,
            seed: 1,
            table: Some(write("own.csv", table)),
            candidates,
            key: "candidate".into(),
            family: None,
            filters: Vec::new(),
            score: Vec::new(),
            objectives: Vec::new(),
            surrogate: None,
            directory: "screen".into(),
        })
    }

    fn of(row: &str) -> Result<Joined> {
        joined([&format!("candidate,x,x_low,x_high\n{row}\n"), "candidate,y\n"], "candidate,x_low,z\na,7,1\n")
    }

    #[test]
    fn intervals_are_deviations() {
        let at = |row: &str, log: bool| of(row).unwrap().measured(0, "x", log).unwrap();
        let deviation = |row: &str, log: bool| at(row, log).unwrap().deviation * HALF_WIDTH;
        assert!((deviation("a,2,1,3", false) - 1.0).abs() < 1e-12);
        assert!((deviation("a,1e-3,1e-4,1e-2", true) - 1.0).abs() < 1e-12);
        // An error as large as the value is no certainty: the upper half of the interval counts.
        assert!((deviation("a,1e-3,-8e-3,1e-2", true) - 1.0).abs() < 1e-12);
        assert!((deviation("a,1e-3,0,1e-2", true) - 1.0).abs() < 1e-12);
        assert_eq!(deviation("a,1e-3,,", true), 0.0);
        assert_eq!(at("a,-1,,", true), None);
        assert_eq!(at("a,,,", false), None);
    }

    /// The ends are those beside the value, not those of another table.
    #[test]
    fn half_an_interval_is_refused_where_it_stands() {
        for (row, expected) in [
            ("a,1e-3,,2e-3", "one.csv:2:1: x = 0.001 has no x_low"),
            ("a,1e-3,1e-4,", "one.csv:2:1: x = 0.001 has no x_high"),
            ("a,1e-3,2e-3,3e-3", "one.csv:2:1: x = 0.001 is not within its interval, 0.002 to 0.003"),
            ("a,1e-3,1e-4,2e-4", "is not within its interval"),
        ] {
            for log in [true, false] {
                let message = of(row).unwrap().measured(0, "x", log).unwrap_err().to_string();
                assert!(message.contains(expected), "{row}: {message}");
            }
        }
    }

    #[test]
    fn a_name_in_two_sweeps_is_refused_and_told_with_both_lines() {
        let message = joined(["candidate,x\nb,1\na,1\n", "candidate,x\na,2\n"], "candidate,z\na,1\n");
        let message = message.unwrap_err().to_string();
        assert!(message.contains("two.csv:2:1: `a` is in another sweep, too: "), "{message}");
        assert!(message.contains("one.csv:3\n"), "{message}");
        let fine = joined(["candidate,x\nb,1\n", "candidate,x\na,2\n"], "candidate,z\nc,0\na,1\n").unwrap();
        assert_eq!(fine.names, ["b", "a", "c"]);
        assert_eq!(fine.number(1, "z").unwrap(), Some(1.0));
        assert_eq!((fine.number(1, "x").unwrap(), fine.number(0, "z").unwrap()), (Some(2.0), None));
        assert!(fine.positive(2, "z").unwrap_err().to_string().contains("own.csv:2:1: z = 0"));
        let twice = joined(["candidate,x\nb,1\nb,1\n", "candidate\n"], "candidate,z\n");
        assert!(twice.unwrap_err().to_string().contains("one.csv:3: `b` is there twice"));
    }
}
