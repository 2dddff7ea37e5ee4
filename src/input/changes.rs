//! What may change in an input when results of it are there already: what decides none of their bits, a longer
//! production, more temperatures.

use super::kind::{Kind, time};
use super::source::Source;
use super::tree::{Item, Node};
use super::{set, tree};
use crate::error::Result;
use crate::units::quantity;
use std::collections::BTreeMap;
use std::path::Path;

/// Tables and keys that decide no bit of what a run records.
const FREE: [&str; 11] = [
    "title",
    "analysis",
    "run",
    "device.threads",
    "device.adapters",
    "guards.spacing",
    "guards.temperature",
    "guards.cell",
    "guards.distance",
    "guards.extrapolation",
    "output.directory",
];
const TEMPERATURE: &str = "dynamics.temperature";
const PRODUCTION: &str = "dynamics.produce";

/// An input as somebody wrote it.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// The text of the file.
    pub text: &'a str,
    /// `--set` arguments.
    pub sets: &'a [String],
}

impl Written<'_> {
    /// Its values by the dotted names of their keys.
    fn values(&self) -> Result<BTreeMap<String, Item>> {
        let mut root = tree::parse(&Source::new("input", self.text, Path::new("")))?;
        for argument in self.sets {
            set::apply(&mut root, argument)?;
        }
        let mut values = BTreeMap::new();
        flatten("", root, &mut values);
        Ok(values)
    }
}

/// The values of an input, a line for each, without those under the keys of `free`: what decides the result.
///
/// # Errors
/// If it is not TOML.
pub fn deciding(input: Written<'_>, free: &[&str]) -> Result<Vec<String>> {
    let values = input.values()?;
    let kept = values.iter().filter(|(key, _)| !is_among(free, key));
    Ok(kept.map(|(key, item)| format!("{key} = {}", written(item))).collect())
}

/// Is the key, or a table around it, one of these?
fn is_among(names: &[&str], key: &str) -> bool {
    names
        .iter()
        .any(|name| key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

/// What keeps results of one input from being gone on with by another, a line for each value: `- key = before`,
/// `+ key = now`. None: the other goes on where the one ended.
///
/// # Errors
/// If one of them is not TOML.
pub fn decisive(before: Written<'_>, now: Written<'_>) -> Result<Vec<String>> {
    let [before, now] = [before.values()?, now.values()?];
    let ramps = [&before, &now].iter().any(|values| values.iter().any(|(key, item)| is_ramp(key, item)));
    let same = |key: &str| match (before.get(key), now.get(key)) {
        (Some(before), Some(now)) if alike(before, now) => true,
        (Some(before), Some(now)) if key == TEMPERATURE => {
            begins_with(now, before) || begins_with(before, now)
        }
        (Some(before), Some(now)) if key == PRODUCTION && !ramps => is_longer(now, before),
        _ => is_among(&FREE, key),
    };
    let line = |sign: char, values: &BTreeMap<String, Item>| {
        let of = |(key, item): (&String, &Item)| format!("{sign} {key} = {}", written(item));
        values.iter().filter(|(key, _)| !same(key)).map(of).collect::<Vec<_>>()
    };
    Ok([line('-', &before), line('+', &now)].concat())
}

fn flatten(name: &str, item: Item, values: &mut BTreeMap<String, Item>) {
    let Node::Table(entries) = item.node else {
        values.insert(name.to_string(), item);
        return;
    };
    // A table without keys may mean something: `[dynamics.thermostat.csvr]`.
    if entries.is_empty() && !name.is_empty() {
        values.insert(name.to_string(), Item { node: Node::Table(entries), ..item });
        return;
    }
    for entry in entries {
        let key = if entry.key.contains(['.', ' ', '"']) { format!("{:?}", entry.key) } else { entry.key };
        let name = if name.is_empty() { key } else { format!("{name}.{key}") };
        flatten(&name, entry.item, values);
    }
}

/// A value as it may stand in a file.
fn written(item: &Item) -> String {
    match &item.node {
        Node::Text(text) => format!("{text:?}"),
        Node::Integer(number) => number.map_or_else(|| "?".to_string(), |number| number.to_string()),
        Node::Real(number) => format!("{number:?}"),
        Node::Flag(flag) => flag.to_string(),
        Node::Date => "a date".to_string(),
        Node::List(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Node::Table(entries) => {
            let all: Vec<_> = entries.iter().map(|e| format!("{} = {}", e.key, written(&e.item))).collect();
            if all.is_empty() { "{}".to_string() } else { format!("{{ {} }}", all.join(", ")) }
        }
    }
}

/// Do two values say the same, perhaps in other words: `"1 ps"` and `"1000 fs"`, 2 and 2.0?
fn alike(a: &Item, b: &Item) -> bool {
    match (&a.node, &b.node) {
        (Node::Text(one), Node::Text(other)) if one != other => {
            quantity(one).is_some_and(|one| quantity(other) == Some(one))
        }
        (Node::Integer(Some(whole)), Node::Real(real)) | (Node::Real(real), Node::Integer(Some(whole))) => {
            *whole as f64 == *real
        }
        (Node::List(ones), Node::List(others)) => {
            ones.len() == others.len() && ones.iter().zip(others).all(|(one, other)| alike(one, other))
        }
        _ => written(a) == written(b),
    }
}

/// A single value counts as a list of one.
fn list(item: &Item) -> Vec<String> {
    if let Node::List(items) = &item.node { items.iter().map(written).collect() } else { vec![written(item)] }
}

fn begins_with(longer: &Item, shorter: &Item) -> bool {
    list(longer).starts_with(&list(shorter))
}

/// A longer production stretches what changes from its beginning to its end.
fn is_ramp(key: &str, item: &Item) -> bool {
    let listed = || matches!(&item.node, Node::List(items) if items.iter().any(|i| i.entries().is_some()));
    let mut names = key.split('.');
    names.next() == Some("dynamics")
        && (names.next_back() == Some("from") || (key == TEMPERATURE && listed()))
}

fn is_longer(now: &Item, before: &Item) -> bool {
    matches!((time().read(now), time().read(before)), (Ok(now), Ok(before)) if now >= before)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: &str = r#"
title = "before"
[structure]
file = "a.cif"
[dynamics]
temperature = ["300 K", "400 K"]
produce = "10 ps"
thermostat.csvr = {}
[device]
threads = 4
"#;

    fn difference(now: &str, sets: &[&str]) -> Vec<String> {
        let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
        decisive(Written { text: INPUT, sets: &[] }, Written { text: now, sets: &sets }).unwrap()
    }

    #[test]
    fn what_decides_nothing_may_change() {
        let nothing: [&str; 0] = [];
        assert_eq!(difference(INPUT, &[]), nothing);
        assert_eq!(difference(&INPUT.replace("[dynamics]", "# remarks\n\n[dynamics] # here"), &[]), nothing);
        let sets = ["title=\"now\"", "device.threads=1", "run.wall_time=2 h", "analysis.mobile=Li"];
        assert_eq!(difference(INPUT, &sets), nothing);
        assert_eq!(difference(INPUT, &["guards.distance.closest=1 angstrom"]), nothing);
    }

    #[test]
    fn the_same_value_may_be_written_in_another_way() {
        let nothing: [&str; 0] = [];
        for (before, now) in
            [("\"5 fs\"", "\"5.0 fs\""), ("\"1 ps\"", "\"1000 fs\""), ("2", "2.0"), ("[1, 2]", "[1.0, 2]")]
        {
            let of = |value: &str| format!("[dynamics]\ntimestep = {value}\n");
            let [before, now] = [of(before), of(now)];
            let [before, now] = [&before, &now].map(|text| Written { text, sets: &[] });
            assert_eq!(decisive(before, now).unwrap(), nothing);
        }
        assert_eq!(difference(INPUT, &["dynamics.temperature=[\"300 K\", \"401 K\"]"]).len(), 2);
    }

    #[test]
    fn productions_grow_and_temperatures_are_added_at_the_end() {
        let nothing: [&str; 0] = [];
        for fine in ["20 ps", "0.01 ns", "1 ns"] {
            assert_eq!(difference(INPUT, &[&format!("dynamics.produce={fine}")]), nothing);
        }
        let shorter = difference(INPUT, &["dynamics.produce=9 ps"]);
        assert_eq!(shorter, ["- dynamics.produce = \"10 ps\"", "+ dynamics.produce = \"9 ps\""]);
        for fine in [r#"["300 K", "400 K", "500 K"]"#, r#"["300 K"]"#, "300 K"] {
            assert_eq!(difference(INPUT, &[&format!("dynamics.temperature={fine}")]), nothing);
        }
        // The seed of a run follows from its place in the list.
        assert_eq!(difference(INPUT, &[r#"dynamics.temperature=["200 K", "300 K"]"#]).len(), 2);
        // What rises to the end of the production would rise at another rate.
        let ramp = INPUT.replace(r#"["300 K", "400 K"]"#, r#"{ from = "300 K", to = "400 K" }"#);
        let sets = ["dynamics.produce=20 ps".to_string()];
        let [before, now] = [&[][..], &sets].map(|sets| Written { text: &ramp, sets });
        assert_eq!(decisive(before, now).unwrap().len(), 2);
    }

    #[test]
    fn everything_else_is_told() {
        let told = difference(INPUT, &["dynamics.thermostat={ langevin = { friction = \"1/ps\" } }"]);
        assert_eq!(
            told,
            ["- dynamics.thermostat.csvr = {}", "+ dynamics.thermostat.langevin.friction = \"1/ps\""]
        );
        for (key, value) in [("precision", "mixed"), ("kind", "gpu")] {
            let told = difference(INPUT, &[&format!("device.{key}={value}")]);
            assert_eq!(told, [format!("+ device.{key} = \"{value}\"")]);
        }
    }
}
