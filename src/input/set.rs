//! `--set table.key=value`: changes to an input from the command line.

use super::source::{Place, Source};
use super::tree::{Entry, Item, Node, parse_value};
use crate::error::{Result, nearest};
use std::sync::Arc;

/// Applies `table.key=value` to the root table of an input.
///
/// The value is TOML; where it is not, it is taken as text, so that the shell need not be told about
/// quotes: `dynamics.temperature=400 K`. Complaints about it point into the argument, whose name in
/// messages is `--set`. Relative paths start from the working directory.
pub(super) fn apply(root: &mut Item, argument: &str) -> Result<()> {
    let source = Source::new("--set", argument, "");
    let Some(equals) = argument.find('=') else {
        let place = Place::new(&source, 0..argument.len());
        return Err(place.error("`=` is missing").with_help("expected --set table.key=value").into());
    };
    let keys = split_keys(&source, equals)?;
    let value = read_value(&source, equals + 1)?;
    insert(root, &keys, value)
}

/// The parts of a dotted key, each with its place.
fn split_keys(source: &Arc<Source>, end: usize) -> Result<Vec<(String, Place)>> {
    let mut keys = Vec::new();
    let mut start = 0;
    for part in source.text[..end].split('.') {
        let name = part.trim();
        let at = start + (part.len() - part.trim_start().len());
        let place = Place::new(source, at..at + name.len().max(1));
        if name.is_empty() {
            return Err(place.error("a key is missing").with_help("expected --set table.key=value").into());
        }
        keys.push((name.trim_matches('"').to_string(), place));
        start += part.len() + 1;
    }
    Ok(keys)
}

fn read_value(source: &Arc<Source>, start: usize) -> Result<Item> {
    let rest = &source.text[start..];
    let text = rest.trim();
    let start = start + (rest.len() - rest.trim_start().len());
    let span = start..start + text.len();
    let place = Place::new(source, span.clone());
    if text.is_empty() {
        return Err(place.error("the value is missing").with_help("expected --set table.key=value").into());
    }
    match parse_value(source, span) {
        Ok(item) => Ok(item),
        // Whoever writes brackets or quotes means TOML; everything else is text.
        Err(error) if text.starts_with(['[', '{', '"', '\'']) => Err(error),
        Err(_) => Ok(Item::text(text, place)),
    }
}

fn insert(table: &mut Item, keys: &[(String, Place)], value: Item) -> Result<()> {
    let Some(((key, place), rest)) = keys.split_first() else {
        *table = value;
        return Ok(());
    };
    let kind = table.kind();
    let Node::Table(entries) = &mut table.node else {
        let message = format!("the input holds {kind} here, which has no key `{key}`");
        return Err(place.error(message).into());
    };
    if let Some(entry) = entries.iter_mut().find(|entry| entry.key == *key) {
        return insert(&mut entry.item, rest, value);
    }
    // A table that is not in the file: made, unless its name is an obvious slip for one that is.
    if !rest.is_empty()
        && let Some(near) = nearest(key, entries.iter().map(|entry| entry.key.as_str()))
    {
        let message = format!("there is no `{key}` in the input");
        return Err(place.error(message).with_help(format!("did you mean `{near}`?")).into());
    }
    let mut item = Item { place: place.clone(), node: Node::Table(Vec::new()) };
    insert(&mut item, rest, value)?;
    entries.push(Entry { key: key.clone(), place: place.clone(), item });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tree::parse;
    use super::*;

    fn root() -> Item {
        let text = "title = \"x\"\n[dynamics]\ntemperature = \"300 K\"\n";
        parse(&Source::new("in.toml", text, "/data")).unwrap()
    }

    fn find<'a>(item: &'a Item, key: &str) -> &'a Item {
        &item.entries().unwrap().iter().find(|entry| entry.key == key).unwrap().item
    }

    #[test]
    fn a_value_is_replaced_or_added() {
        let mut root = root();
        apply(&mut root, "dynamics.temperature=400 K").unwrap();
        apply(&mut root, "device.threads = 4").unwrap();
        let temperature = find(find(&root, "dynamics"), "temperature");
        assert!(matches!(&temperature.node, Node::Text(text) if text == "400 K"));
        assert!(matches!(find(find(&root, "device"), "threads").node, Node::Integer(Some(4))));
        let message = temperature.place.inside("400 K", 4, 1).error("m").to_string();
        assert!(message.starts_with("--set:1:26: m\n 1 | dynamics.temperature=400 K"), "{message}");
    }

    #[test]
    fn slips_are_told() {
        for (argument, expected) in [
            ("dynamics.temperature", "--set:1:1: `=` is missing"),
            ("dynamics.=1", "--set:1:10: a key is missing"),
            ("dynamics.timestep=", "--set:1:19: the value is missing"),
            ("dinamics.timestep=1 fs", "--set:1:1: there is no `dinamics`"),
            ("title.x=1", "--set:1:7: the input holds a string here"),
            ("dynamics.temperature=[300 K]", "--set:1:23: `300 K` is not a value"),
        ] {
            let message = apply(&mut root(), argument).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{argument} gave\n{message}");
        }
    }
}
