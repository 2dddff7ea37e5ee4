//! A small judge of JSON Schema: as much of draft 2020-12 as docs/result.schema.json uses, and no word more.

use serde_json::Value;

const KNOWN: [&str; 16] = [
    "$schema",
    "$id",
    "$defs",
    "title",
    "description",
    "$ref",
    "anyOf",
    "const",
    "enum",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "minItems",
    "maxItems",
];

/// What is wrong with a value, with the place of each complaint.
pub(crate) fn complaints(value: &Value, schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    judge(value, schema, schema, "result", &mut found);
    found
}

fn judge(value: &Value, schema: &Value, root: &Value, place: &str, found: &mut Vec<String>) {
    let Some(rules) = schema.as_object() else { return };
    for word in rules.keys() {
        assert!(KNOWN.contains(&word.as_str()), "the judge does not know `{word}`");
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).expect("a definition");
        judge(value, target, root, place, found);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let tries: Vec<Vec<String>> = choices
            .iter()
            .map(|choice| {
                let mut own = Vec::new();
                judge(value, choice, root, place, &mut own);
                own
            })
            .collect();
        if tries.iter().all(|own| !own.is_empty()) {
            found.extend(tries.into_iter().min_by_key(Vec::len).unwrap());
        }
    }
    let is = |kind: &Value| match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the judge does not know the type {other}"),
    };
    let right = match &schema["type"] {
        Value::Null => true,
        Value::Array(kinds) => kinds.iter().any(is),
        kind => is(kind),
    };
    let named = rules.get("const").is_none_or(|one| one == value)
        && rules.get("enum").is_none_or(|all| all.as_array().unwrap().contains(value));
    if !right || !named {
        found.push(format!("{place}: {value} is not {schema}"));
        return;
    }
    if let Some(object) = value.as_object() {
        for key in schema["required"].as_array().into_iter().flatten() {
            if !object.contains_key(key.as_str().unwrap()) {
                found.push(format!("{place}: {key} is missing"));
            }
        }
        for (key, value) in object {
            let place = format!("{place}.{key}");
            match (&schema["properties"][key], &schema["additionalProperties"]) {
                (Value::Null, Value::Bool(false)) => found.push(format!("{place} is not in the schema")),
                (Value::Null, others) => judge(value, others, root, &place, found),
                (own, _) => judge(value, own, root, &place, found),
            }
        }
    }
    if let Some(list) = value.as_array() {
        let length = list.len() as u64;
        if schema["minItems"].as_u64().is_some_and(|least| length < least)
            || schema["maxItems"].as_u64().is_some_and(|most| length > most)
        {
            found.push(format!("{place} has {length} entries"));
        }
        for (k, value) in list.iter().enumerate() {
            judge(value, &schema["items"], root, &format!("{place}[{k}]"), found);
        }
    }
}

#[test]
fn the_judge_complains() {
    let schema = serde_json::json!({
        "type": "object",
        "properties": { "a": { "anyOf": [{ "type": "integer" }, { "type": "null" }] }, "b": { "$ref": "#/$defs/b" } },
        "required": ["a"],
        "additionalProperties": false,
        "$defs": { "b": { "type": "array", "items": { "enum": ["x", "y"] }, "minItems": 2 } },
    });
    let wrong = |text: &str| complaints(&serde_json::from_str(text).unwrap(), &schema).len();
    assert_eq!(wrong(r#"{ "a": 1, "b": ["x", "y"] }"#), 0);
    assert_eq!(wrong(r#"{ "a": null }"#), 0);
    assert_eq!(wrong(r#"{ "a": 1.5, "b": ["x", "z"] }"#), 2);
    assert_eq!(wrong(r#"{ "b": ["x"], "c": 1 }"#), 3);
    assert_eq!(wrong("[]"), 1);
}
