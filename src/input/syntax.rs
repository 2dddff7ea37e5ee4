//! What is wrong with text that is not TOML, in words for someone who does not know TOML.

use super::source::{Place, Source, position};
use super::tree::{Entry, Item, Node};
use crate::error::Diagnostic;
use std::sync::Arc;

/// Turns an error of the TOML parser into a complaint at its place; `root` is what could be read.
pub(super) fn explain(source: &Arc<Source>, root: &Item, error: &toml::de::Error) -> Diagnostic {
    let span = error.span().unwrap_or(0..0);
    if error.message() == "duplicate key" {
        let key = &source.text[span.clone()];
        let diagnostic = Place::new(source, span.clone()).error(format!("`{key}` is given twice"));
        return match first_given(root, source, span.start, key) {
            Some(line) => diagnostic.with_help(format!("it was first given in line {line}")),
            None => diagnostic,
        };
    }
    explain_at(source, 0, error)
}

/// The same for a value that begins at byte `shift` of the source.
pub(super) fn explain_at(source: &Arc<Source>, shift: usize, error: &toml::de::Error) -> Diagnostic {
    let span = error.span().unwrap_or(0..0);
    let span = span.start + shift..span.end + shift;
    let place = Place::new(source, span.clone());
    let found = source.text.get(span.clone()).unwrap_or("").trim();
    let (_, _, line) = position(&source.text, span.start);
    let (what, expected) = error.message().split_once(", expected ").unwrap_or((error.message(), ""));

    let quotes = |found: &str| {
        place
            .error(format!("`{found}` is not a value"))
            .with_help(format!("text, and numbers with units, stand in quotes: \"{found}\""))
    };
    match what {
        "string values must be quoted" if found.is_empty() => {
            place.error("the value is missing").with_help("expected `key = value`")
        }
        "string values must be quoted" => quotes(found),
        "invalid boolean" => match found.to_lowercase().as_str() {
            lower @ ("true" | "false") => {
                place.error(format!("`{found}` is not a value")).with_help(format!("did you mean `{lower}`?"))
            }
            _ => quotes(found),
        },
        "invalid mantissa" | "invalid fraction" if !is_number(value_at(source, span.start)) => {
            quotes(value_at(source, span.start))
        }
        "missing comma between array elements" if line.contains('=') => {
            let open = source.text[..span.start].rfind('[').unwrap_or(span.start);
            Place::new(source, open..open + 1).error("this list is not closed").with_help("expected `]`")
        }
        "invalid mantissa" | "invalid fraction" => place
            .error("a decimal point needs a digit on either side")
            .with_help("expected a number such as 0.5 or 5.0"),
        "invalid basic string" | "invalid literal string" => place
            .error("the closing quote is missing")
            .with_help(format!("expected {expected} at the end of the string")),
        "unexpected key or value" => place
            .error("unexpected text after the value")
            .with_help("expected the end of the line; text, and numbers with units, stand in quotes"),
        "invalid unquoted key" | "key with no value" if colon_for_equals(line) => {
            place.error("`:` does not separate a key from its value").with_help("expected `key = value`")
        }
        "key with no value" => place.error("a key without a value").with_help("expected `key = value`"),
        _ if expected.is_empty() => place.error(what),
        _ => place.error(what).with_help(format!("expected {expected}")),
    }
}

/// The value that stands around a byte, up to what separates it from others.
fn value_at(source: &Source, byte: usize) -> &str {
    let (before, behind) = source.text.split_at(byte);
    let start = before.rfind(['=', '[', ',', '\n']).map_or(0, |at| at + 1);
    let end = behind.find([']', ',', '}', '#', '\n']).map_or(source.text.len(), |at| byte + at);
    source.text[start..end].trim()
}

fn is_number(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '+' | '-' | 'e' | 'E' | '_'))
}

/// Is this line `key: value`?
fn colon_for_equals(line: &str) -> bool {
    let key = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '"');
    line.split_once(':').is_some_and(|(before, _)| !before.trim().is_empty() && before.chars().all(key))
}

/// The line in which a key that is repeated at `byte` was given first.
fn first_given(root: &Item, source: &Arc<Source>, byte: usize, key: &str) -> Option<usize> {
    let (line, _, text) = position(&source.text, byte);
    if text.trim_start().starts_with('[') {
        let same = source.text.lines().position(|other| other.trim() == text.trim())?;
        return (same + 1 < line).then_some(same + 1);
    }
    // The table of the key is the one with the nearest header above.
    let header = source.text[..byte].lines().rev().map(str::trim).find(|line| line.starts_with('['));
    let mut table = root;
    for name in header.iter().flat_map(|header| header.trim_matches(['[', ']', ' ']).split('.')) {
        table = &find(table, name.trim())?.item;
    }
    let first = find(table, key.trim_matches(['"', '\'']))?.place.line();
    (first < line).then_some(first)
}

fn find<'a>(table: &'a Item, key: &str) -> Option<&'a Entry> {
    let entries = match &table.node {
        Node::Table(entries) => entries,
        Node::List(items) => items.last()?.entries()?,
        _ => return None,
    };
    entries.iter().find(|entry| entry.key == key)
}

#[cfg(test)]
mod tests {
    use super::super::tree::parse;
    use super::*;

    fn complaint(text: &str) -> String {
        let source = Source::new("f", text, "");
        parse(&source).unwrap_err().to_string()
    }

    /// (text, place and message, help)
    const CASES: &[(&str, &str, &str)] = &[
        ("a = 300 K", "f:1:5: `300 K` is not a value", "stand in quotes: \"300 K\""),
        ("a = fs", "f:1:5: `fs` is not a value", "stand in quotes: \"fs\""),
        ("a = True", "f:1:5: `True` is not a value", "did you mean `true`?"),
        ("a = ", "f:1:5: the value is missing", "expected `key = value`"),
        ("a = ../x.cif", "f:1:5: `../x.cif` is not a value", "stand in quotes: \"../x.cif\""),
        ("a = [1\nb = 2", "f:1:5: this list is not closed", "expected `]`"),
        ("a = .5", "f:1:5: a decimal point needs a digit on either side", "0.5"),
        ("a = \"x\nb = 1", "f:1:7: the closing quote is missing", "expected `\"`"),
        ("a = \"300\" K", "f:1:11: unexpected text after the value", "in quotes"),
        ("a: 3", "f:1:2: `:` does not separate a key from its value", "expected `key = value`"),
        ("a", "f:1:2: a key without a value", "expected `key = value`"),
        ("a = 1\n\na = 2", "f:3:1: `a` is given twice", "first given in line 1"),
        ("[t]\na = 1\n[u]\na = 1\na = 2", "f:5:1: `a` is given twice", "first given in line 4"),
        ("[t]\na = 1\n[t]\nb = 2", "f:3:2: `t` is given twice", "first given in line 1"),
        ("[t.u]\na = 1\n[t.u]\nb = 2", "f:3:4: `u` is given twice", "first given in line 1"),
        ("a = [1, 2", "f:1:10: unclosed array", "expected `]`"),
    ];

    #[test]
    fn syntax_errors_are_told_in_words() {
        for (text, place, help) in CASES {
            let got = complaint(text);
            assert!(got.starts_with(place), "{text:?} gave\n{got}");
            assert!(got.lines().last().unwrap().contains(help), "{text:?} gave\n{got}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in "[a-c=\\[\\]{}\"'.,0-9 :#\n\\\\é]{0,60}") {
            let _ = parse(&Source::new("f", text, "")).map_err(|error| error.to_string());
        }
    }
}
