//! The comment line: pairs of keys and values with every way of quoting that occurs.

use crate::error::Diagnostic;
use crate::io::Value;
use crate::text::Line;
use std::borrow::Cow;

/// A key with its value; a key alone stands for "true".
#[derive(Debug, Clone)]
pub(super) struct Pair<'a> {
    /// The key without quotes.
    pub key: Cow<'a, str>,
    /// The value without quotes.
    pub value: Option<Cow<'a, str>>,
    /// Where the value stands (the key, if there is none), quotes included.
    pub place: &'a str,
}

/// Splits a comment line into pairs: `a=1 b="x y" 'c d'={1 2} e=[[1, 2], [3, 4]] f`.
///
/// Quotes are `"` and `'`; `{}` and `[]` group; a backslash takes the next character as it is.
pub(super) fn pairs(line: &Line) -> Result<Vec<Pair<'_>>, Diagnostic> {
    let mut cursor = Cursor { line, rest: &line.text };
    let mut pairs = Vec::new();
    loop {
        cursor.skip_space();
        if cursor.rest.is_empty() {
            return Ok(pairs);
        }
        let (key, key_place) = cursor.word(true)?;
        let before = cursor.rest;
        cursor.skip_space();
        if let Some(rest) = cursor.rest.strip_prefix('=') {
            cursor.rest = rest;
            if key.is_empty() {
                return Err(line.token(&before[..1]).error("a key is missing before `=`"));
            }
            cursor.skip_space();
            let (value, place) = cursor.word(false)?;
            let place = if place.is_empty() { key_place } else { place };
            pairs.push(Pair { key, value: Some(value), place });
        } else {
            cursor.rest = before;
            pairs.push(Pair { key, value: None, place: key_place });
        }
    }
}

struct Cursor<'a> {
    line: &'a Line,
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// A key (ends at `=`) or a value, with its quotes taken off, and the place where it stands.
    fn word(&mut self, is_key: bool) -> Result<(Cow<'a, str>, &'a str), Diagnostic> {
        let start = self.rest;
        let opening = start.chars().next();
        let closing = match opening {
            Some('"') => Some('"'),
            Some('\'') => Some('\''),
            Some('{') => Some('}'),
            Some('[') => Some(']'),
            _ => None,
        };
        let Some(closing) = closing else {
            let end = bare_end(start, is_key);
            let (word, rest) = start.split_at(end);
            self.rest = rest;
            return Ok((unescape(word), word));
        };
        let Some(inner) = quoted_end(&start[1..], opening.unwrap_or('"'), closing) else {
            let place = &start[..1];
            return Err(self
                .line
                .token(place)
                .error(format!("`{place}` is never closed"))
                .with_help(format!("expected `{closing}` before the end of the line")));
        };
        let word = &start[1..=inner];
        let place = &start[..inner + 2];
        self.rest = &start[inner + 2..];
        if !(self.rest.is_empty() || self.rest.starts_with(char::is_whitespace) || self.rest.starts_with('='))
        {
            let next = self.rest.chars().next().map_or(0, char::len_utf8);
            return Err(self
                .line
                .token(&self.rest[..next])
                .error(format!("expected a space after the closing `{closing}`")));
        }
        Ok((unescape(word), place))
    }
}

/// Where an unquoted word ends, in bytes.
fn bare_end(text: &str, is_key: bool) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c.is_whitespace() || (is_key && c == '=') {
            return at;
        }
    }
    text.len()
}

/// Where the closing character stands, in bytes; brackets nest, quotes do not.
fn quoted_end(text: &str, opening: char, closing: char) -> Option<usize> {
    let (mut escaped, mut depth) = (false, 0_usize);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == closing {
            if depth == 0 {
                return Some(at);
            }
            depth -= 1;
        } else if c == opening {
            depth += 1;
        }
    }
    None
}

fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        plain.push(if c == '\\' { characters.next().unwrap_or('\\') } else { c });
    }
    Cow::Owned(plain)
}

/// The elements of an array: separated by white space or commas, brackets looked through.
pub(super) fn elements(text: &str) -> impl Iterator<Item = &str> {
    let array = text.strip_prefix("_JSON ").unwrap_or(text);
    array.split(|c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']')).filter(|word| !word.is_empty())
}

/// True or false in the spellings of ASE, NumPy and JSON.
pub(super) fn flag(word: &str) -> Option<bool> {
    match word {
        "T" | "True" | "true" | "TRUE" | "1" => Some(true),
        "F" | "False" | "false" | "FALSE" | "0" => Some(false),
        _ => None,
    }
}

/// What a value is by its looks: whole numbers, reals, true or false, or text.
pub(super) fn value(text: &str) -> Value {
    // Arrays in arrays keep their shape as they stand.
    if text.starts_with("_JSON ") && text.matches('[').nth(1).is_some() {
        return Value::Text(text.to_string());
    }
    let words = || elements(text);
    let count = words().count();
    if count == 0 {
        return Value::Text(text.to_string());
    }
    if let Some(integers) = words().map(|word| word.parse().ok()).collect::<Option<Vec<i64>>>() {
        return if count == 1 { Value::Integer(integers[0]) } else { Value::Integers(integers) };
    }
    // Words such as `nan` and `infinity` are names here, not numbers.
    let real = |word: &str| word.parse::<f64>().ok().filter(|x| x.is_finite());
    if let Some(reals) = words().map(real).collect::<Option<Vec<f64>>>() {
        return if count == 1 { Value::Real(reals[0]) } else { Value::Reals(reals) };
    }
    match (count, flag(text)) {
        (1, Some(flag)) => Value::Flag(flag),
        _ => Value::Text(text.to_string()),
    }
}

/// The text of a value, quoted where it has to be.
pub(super) fn quoted(text: &str) -> String {
    let special = |c: char| c.is_whitespace() || "\"'{}[]=\\,".contains(c);
    if !text.is_empty() && !text.contains(special) {
        return text.to_string();
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            // A line break would end the comment line.
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Lines;

    fn parse(text: &str) -> Result<Vec<(String, Option<String>)>, String> {
        let line = Lines::from_text("f", text).next_line().unwrap().unwrap();
        pairs(&line)
            .map(|pairs| {
                pairs
                    .into_iter()
                    .map(|pair| (pair.key.into_owned(), pair.value.map(Cow::into_owned)))
                    .collect()
            })
            .map_err(|error| error.to_string())
    }

    fn one(text: &str) -> Option<String> {
        let mut pairs = parse(text).unwrap();
        assert_eq!(pairs.len(), 1, "{text}");
        pairs.remove(0).1
    }

    #[test]
    fn every_way_of_quoting_is_understood() {
        assert_eq!(one("a=1.5"), Some("1.5".into()));
        assert_eq!(one("a = 1.5"), Some("1.5".into()));
        assert_eq!(one("a"), None);
        assert_eq!(one("a=\"x y\""), Some("x y".into()));
        assert_eq!(one("a='x \"y\"'"), Some("x \"y\"".into()));
        assert_eq!(one("a={1 2 3}"), Some("1 2 3".into()));
        assert_eq!(one("a=[[1, 2], [3, 4]]"), Some("[1, 2], [3, 4]".into()));
        assert_eq!(one(r#"a="say \"hi\" \\""#), Some(r#"say "hi" \"#.into()));
        assert_eq!(one(r#"a="_JSON {\"k\": [1, 2]}""#), Some(r#"_JSON {"k": [1, 2]}"#.into()));
        assert_eq!(one("a=b=c"), Some("b=c".into()));
        assert_eq!(one("a="), Some(String::new()));
        assert_eq!(one("\"a b\"=3"), Some("3".into()));
        assert_eq!(one(r"a=x\ y"), Some("x y".into()));
        assert_eq!(parse("a=1 b c='d'").unwrap().len(), 3);
    }

    #[test]
    fn broken_quotes_are_located() {
        let message = parse("a=1 b=\"x y").unwrap_err();
        assert!(message.starts_with("f:1:7: `\"` is never closed"), "{message}");
        let message = parse("a=\"x\"y").unwrap_err();
        assert!(message.starts_with("f:1:6: expected a space"), "{message}");
        let message = parse("  =3").unwrap_err();
        assert!(message.starts_with("f:1:3: a key is missing"), "{message}");
    }

    #[test]
    fn values_are_typed_by_their_looks() {
        assert_eq!(value("3"), Value::Integer(3));
        assert_eq!(value("1 2, 3"), Value::Integers(vec![1, 2, 3]));
        assert_eq!(value("3.0"), Value::Real(3.0));
        assert_eq!(value("1 2.5"), Value::Reals(vec![1.0, 2.5]));
        assert_eq!(value("_JSON [1.5, 2]"), Value::Reals(vec![1.5, 2.0]));
        assert_eq!(value("_JSON [[1.5, 2], [3, 4]]"), Value::Text("_JSON [[1.5, 2], [3, 4]]".into()));
        assert_eq!(value("T"), Value::Flag(true));
        assert_eq!(value("T F"), Value::Text("T F".into()));
        assert_eq!(value("nan"), Value::Text("nan".into()));
        assert_eq!(value("Li-3 N"), Value::Text("Li-3 N".into()));
    }

    #[test]
    fn quoting_is_undone_by_reading() {
        for text in ["plain", "two words", "", "a=b", "say \"hi\"", "back\\slash", "{x}", "it's", "α"] {
            assert_eq!(one(&format!("k={}", quoted(text))).unwrap(), text, "{text}");
        }
    }
}
